"""optim: how to go downhill. Optimisers work on the parameters' `.data` and `.grad`, nothing else.

    SGD     w - lr g, optionally with momentum
    Adam    a step of its own for every weight

The names, defaults and update rules are PyTorch's.
"""

from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
