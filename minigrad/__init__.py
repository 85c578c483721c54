"""minigrad: reverse-mode automatic differentiation for teaching, small enough to be read.

    >>> import numpy as np
    >>> from minigrad import Tensor
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> loss = np.sum(x**2)
    >>> loss.backward()
    >>> x.grad
    array([2., 4., 6.])

Read the source in this order: tensor.py (a tensor, and the walk back), primitive.py (recording),
derivatives.py (the table of rules), adjoints.py and forward.py (what the rules need), functional.py
(compositions), nn.py (networks); then gradcheck.py (finite differences) and anomaly.py (where a nan
came from).
"""

from . import functional, nn
from .anomaly import detect_anomaly
from .functional import *  # noqa: F403  (its __all__: relu, softmax, log_softmax ...)
from .gradcheck import gradcheck
from .primitive import derivative, primitive
from .tensor import Tensor, grad, no_grad

__version__ = "0.1.0"
__all__ = ["Tensor", "grad", "no_grad", "primitive", "derivative", "gradcheck", "detect_anomaly",
           "nn", "functional"] + functional.__all__
