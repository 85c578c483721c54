"""Forward functions on plain arrays, where NumPy's own would be slower, or less careful.

Nothing here knows of Tensors or of derivatives.
"""

from functools import reduce

import numpy as np


def matmul(x, y):
    """x @ y, through `dot` where both are matrices: it starts sooner."""
    try:
        return x.dot(y) if x.ndim == y.ndim == 2 else np.matmul(x, y)
    except (ValueError, AttributeError):  # a plain number has no ndim
        if not np.ndim(x) or not np.ndim(y):
            raise ValueError(f"{np.shape(x)} @ {np.shape(y)}: one is a number, write *") from None
        inner = y.shape[max(y.ndim - 2, 0)]
        if x.shape[-1] == inner:
            raise
        raise ValueError(f"{x.shape} @ {y.shape}: the inner sizes {x.shape[-1]} and {inner} "
                         f"differ") from None


def dot(x, y):
    """np.dot, as far as it is the same as x @ y."""
    if np.ndim(y) > 2:
        raise ValueError(f"np.dot of shapes {np.shape(x)} and {np.shape(y)} is not x @ y: write @")
    return matmul(x, y)


def linear(x, weight, bias):
    """x @ weight + bias in one operation: the sum needs no memory of its own."""
    z = matmul(x, weight)
    if z.dtype != bias.dtype or z.shape[-1:] != bias.shape:
        if np.broadcast_shapes(z.shape, bias.shape) != z.shape:
            raise ValueError(f"a bias of shape {bias.shape} does not fit a product of shape "
                             f"{z.shape}: it has one number for each column")
        return z + bias
    z += bias
    return z


def power(x, y):
    """x ** y; small whole powers by multiplying, which is up to a hundred times faster."""
    if isinstance(y, (int, float)) and y in (2, 3, 4):
        return reduce(np.multiply, [x] * int(y))
    return np.power(x, y)


def where(condition, x, y):
    """np.where, for a condition of truth values."""
    if np.asarray(condition).dtype != bool:
        raise TypeError("np.where chooses by a condition of booleans: compare, as in t > 0")
    return np.where(condition, x, y)


def relu(x):
    """max(x, 0): x where it is positive, else 0."""
    return np.maximum(x, 0.0)


def sigmoid(x):
    """1 / (1 + e^-x), written so that no exponential overflows."""
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x)))  # below 0: e^x / (1 + e^x)


def softplus(x):
    """log(1 + e^x), written so that no exponential overflows."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def logsumexp(x, axis=-1, keepdims=False):
    """log sum e^x along `axis`: the largest x is taken out first, so that nothing overflows."""
    largest = np.maximum.reduce(x, axis=axis, keepdims=True)
    y = np.log(np.add.reduce(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return y if keepdims else y.squeeze(axis)


def log_softmax(x, axis=-1):
    """x - logsumexp(x), from differences to the largest x, so that large scores lose no digits.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    y = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    y -= np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True))
    return y


def total(x, axis=None, *, keepdims=False):
    """np.sum, without the calls that NumPy makes before it comes to add.reduce."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def mean(x, axis=None, *, keepdims=False):
    """np.mean, likewise."""
    y = np.add.reduce(x, axis=axis, keepdims=keepdims)
    return y / (x.size / (y.size or 1))


def broadcast_to(x, shape):
    """`x` stretched to `shape` in memory of its own; for small arrays NumPy's view takes longer."""
    y = np.empty(shape, x.dtype)
    if x.ndim > y.ndim:
        raise ValueError(f"shape {x.shape} has more axes than {shape}")
    y[...] = x
    return y
