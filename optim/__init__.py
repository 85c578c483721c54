"""optim: how to go downhill. Optimisers work on the parameters' `.data` and `.grad`, nothing else.

    SGD         w - lr g, optionally with momentum
    Adagrad     a step of its own for every weight: over the root of the sum of all g^2
    RMSprop     ... over the root of a running mean of g^2
    Adam        ... with a running mean of g besides, both freed of their start at zero
    AdamW       ... with weight decay that is not divided

    clip_grad_norm                              shortens gradients that are too long
    constant, step_decay, cosine, warm_up       the learning rate as a function of the step

The names, defaults and update rules are PyTorch's; only SGD wants its rate, which has no good
default. Left out are dampening, maximize, amsgrad, and groups of parameters with options of their
own. What follows SGD's momentum and RMSprop's eps is given by name.
"""

from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clipping import clip_grad_norm
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .schedules import constant, cosine, step_decay, warm_up
from .sgd import SGD

__all__ = ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Optimizer", "clip_grad_norm", "constant",
           "step_decay", "cosine", "warm_up"]
