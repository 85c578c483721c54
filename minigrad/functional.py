"""Compositions: functions that need no rule of their own, because their parts have one.

All work on Tensors and, without recording, on plain arrays. The last section gives some NumPy
functions to the table: np.stack(tensors) runs the `stack` below.
"""

import numpy as np

from .adjoints import along_axis
from .derivatives import log_softmax, logsumexp, relu, sigmoid, softplus
from .tensor import TABLE

__all__ = ["relu", "leaky_relu", "gelu", "sigmoid", "tanh", "softplus", "identity",
           "logsumexp", "log_softmax", "softmax", "one_hot"]

# -- activations: any shape in, the same shape out -------------------------------------------------


def tanh(x):
    """(e^x - e^-x) / (e^x + e^-x), between -1 and 1."""
    return np.tanh(x)


def identity(x):
    """x itself: the activation of a linear layer."""
    return x


def leaky_relu(x, slope: float = 0.01):
    """x where x > 0, else slope * x: a relu whose gradient never dies."""
    return np.where(x > 0.0, x, slope * x)


def gelu(x):
    """x Phi(x), Phi being the normal distribution function, in the tanh approximation.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415, section 2.
    """
    inner = 0.7978845608028654 * (x + 0.044715 * x * x * x)  # sqrt(2 / pi) = 0.79788...
    return 0.5 * x * (1.0 + np.tanh(inner))


# -- scores to probabilities, along one axis -------------------------------------------------------


def softmax(x, axis: int = -1):
    """e^x / sum e^x: positive numbers that add up to 1 along `axis`, in the shape of x.

    >>> softmax(np.array([0.0, 0.0, 0.0, 0.0]))
    array([0.25, 0.25, 0.25, 0.25])
    """
    return np.exp(log_softmax(x, axis=axis))


def one_hot(labels, classes: int) -> np.ndarray:
    """Labels 0 ... classes - 1 of any shape (...) as rows (..., classes) of zeros with a single 1.

    Raises ValueError if a label is not a whole number of that range.

    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or (labels.size and not
                                         0 <= labels.min() <= labels.max() < classes):
        raise ValueError(f"one_hot needs integer labels from 0 to {classes - 1}, and was given "
                         f"{labels.dtype}: {labels}")
    return np.eye(classes)[labels]


# -- NumPy functions that are composed -------------------------------------------------------------


def var(x, axis=None, *, ddof=0, keepdims=False):
    """The mean squared distance from the mean, the divisor lessened by `ddof`."""
    distance = x - np.mean(x, axis=axis, keepdims=True)
    total = np.sum(np.square(distance), axis=axis, keepdims=keepdims)
    return total / (x.size / (total.size or 1) - ddof)


def std(x, axis=None, *, ddof=0, keepdims=False):
    """The square root of the variance. Where that is 0 there is no derivative: inf * 0 = nan."""
    return np.sqrt(var(x, axis, ddof=ddof, keepdims=keepdims))


def clip(x, a_min=None, a_max=None, *, min=None, max=None):
    """x, kept between two bounds; NumPy has two names for each."""
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("clip: give each bound once, not as a_min and min")
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    return TABLE["clip"](x, low=low, high=high)


def concatenate(tensors, axis=0):
    """Tensors one after the other along an axis that they have."""
    if axis is None:
        tensors, axis = [np.ravel(t) for t in tensors], 0
    return TABLE["concatenate"](*tensors, axis=axis)


def stack(tensors, axis=0):
    """Tensors of equal shape one after the other along a new axis."""
    return concatenate([np.expand_dims(t, axis) for t in tensors], axis)


def vstack(tensors):
    """Tensors below one another; a vector is a row."""
    return concatenate([t if np.ndim(t) > 1 else np.reshape(t, (1, -1)) for t in tensors], 0)


def hstack(tensors):
    """Tensors beside one another: along the second axis, vectors along their only one."""
    tensors = [t if np.ndim(t) else np.reshape(t, (1,)) for t in tensors]
    return concatenate(tensors, 0 if np.ndim(tensors[0]) == 1 else 1)


def take_along_axis(x, indices, axis=-1):
    """Entries of x along `axis`, at the positions in `indices`."""
    return np.ravel(x)[indices] if axis is None else x[along_axis(indices, axis, x.shape)]


for composition in (var, std, clip, concatenate, stack, vstack, hstack, take_along_axis):
    TABLE[getattr(np, composition.__name__)] = composition
TABLE[np.amax], TABLE[np.amin] = TABLE[np.max], TABLE[np.min]
