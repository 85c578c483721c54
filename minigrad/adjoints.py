"""What the table's rules need in order to undo a reduction, an index, a product.

The adjoint of a linear map y = A x is the map that its gradient goes back through:
dL/dx = A^T dL/dy. To sum is to multiply by a row of ones, so the adjoint of a sum spreads; to pick
entries is to multiply by rows of the identity, so the adjoint of an index puts them back.

As in the table, `g` arrives, `y` or `z` is the output, `x` (and `y`) are the inputs. Each function
works on arrays and, for the sake of higher derivatives, on Tensors.
"""

from math import prod

import numpy as np

from . import forward
from .tensor import Tensor

# -- reductions: sum, mean, max, min, prod, logsumexp ----------------------------------------------


def kept(y, x, axis, keepdims):
    """`y`, a reduction of `x`, in the shape that keepdims=True would have given it."""
    if keepdims or y.ndim == x.ndim:
        return y
    shape = list(x.shape)
    for a in range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,):
        shape[a] = 1
    return y.reshape(shape)


def spread(g, x, axis, keepdims):
    """The adjoint of a sum: every entry gets the gradient of the sum that it went into."""
    g = g if axis is None else kept(g, x, axis, keepdims)  # one number needs no axes to spread
    stretch = np.broadcast_to if isinstance(g, Tensor) else forward.broadcast_to
    return stretch(g, x.shape)


def winners(y, x, axis, keepdims):
    """1 where `x` attains its extremum `y`, 0 elsewhere; where several tie, they share the 1."""
    won = x == kept(y, x, axis, keepdims)
    return won / np.sum(won, axis=axis, keepdims=True)


def others(y, x, axis, keepdims):
    """For every entry of `x` the product of all the others, `y` being the product of all."""
    if np.all((y != 0.0) & np.isfinite(y)):
        return kept(y, x, axis, keepdims) / x
    axes = _axes(x, axis)  # otherwise: n products of n - 1 factors each
    last = tuple(range(-len(axes), 0))
    rows = np.moveaxis(x, axes, last)
    flat = np.reshape(rows, (*rows.shape[:x.ndim - len(axes)], -1))
    itself = np.eye(flat.shape[-1], dtype=bool)
    products = np.prod(np.where(itself, 1.0, flat[..., None, :]), axis=-1)
    return np.moveaxis(np.reshape(products, rows.shape), last, axes)


def _axes(x, axis):
    """`axis` as a tuple of numbers from 0 up; None means every axis."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % x.ndim for a in axes)


# -- positions: indexing, concatenate, transpose ---------------------------------------------------


BASIC = (int, np.integer, slice, type(None), type(Ellipsis))  # keys that name no entry twice


def put_back(g, shape, key):
    """The adjoint of x[key]: zeros in the shape of x, with `g` added where x was read."""
    x = np.zeros(shape, g.dtype)
    keys = key if isinstance(key, tuple) else (key,)
    if any(not isinstance(k, BASIC) and np.asarray(k).dtype != bool for k in keys):
        np.add.at(x, key, g)  # an array of positions may name one twice: contributions add up
    else:
        x[key] = g
    return x


def along_axis(indices, axis, shape):
    """The key with which x[key], for x of that shape, is np.take_along_axis(x, indices, axis)."""
    if np.ndim(indices) != len(shape):
        raise ValueError(f"take_along_axis from shape {shape} takes indices of as many axes, not "
                         f"{np.shape(indices)}: insert one, as in labels[:, None]")
    key = list(np.ogrid[tuple(slice(n) for n in shape)])
    key[axis] = indices
    return tuple(key)


def piece(g, xs, argument, axis):
    """The adjoint of a concatenation: that part of `g` where xs[argument] was put."""
    start = sum(x.shape[axis] for x in xs[:argument])
    here = slice(start, start + xs[argument].shape[axis])
    return g[(slice(None),) * (axis % g.ndim) + (here,)]


def undone(axes):
    """The permutation that puts transposed axes back; None stands for their reversal."""
    return axes if axes is None else tuple(np.argsort([a % len(axes) for a in axes]))  # inverse


# -- products --------------------------------------------------------------------------------------


def left(g, x, y):
    """dL/dx for z = x @ y, which is g y^T; a vector y stands for a column, a vector x for a row."""
    if y.ndim == 1:
        return g[..., None] * y
    if x.ndim == 1:
        return (y @ g[..., None])[..., 0]
    return np.dot(g, y.T) if y.ndim == 2 else g @ np.swapaxes(y, -1, -2)


def right(g, x, y):
    """dL/dy for z = x @ y, which is x^T g."""
    if x.ndim == 1:
        return g[..., None] * x if y.ndim == 1 else x[:, None] * g[..., None, :]
    if y.ndim == 1:
        return (np.swapaxes(x, -1, -2) @ g[..., None])[..., 0]
    if y.ndim > 2:
        return np.swapaxes(x, -1, -2) @ g
    if x.ndim > 2:  # a stack of matrices times one matrix is one tall matrix times it
        rows = prod(g.shape[:-1])
        x, g = np.reshape(x, (rows, x.shape[-1])), np.reshape(g, (rows, g.shape[-1]))
    return np.dot(x.T, g)


# -- kinks and edges -------------------------------------------------------------------------------


def beats(x, y):
    """d max(x, y) / dx: 1 where x is larger, 0 where y is, 1/2 where they are equal."""
    return (x > y) + 0.5 * (x == y)


def inside(x, low, high):
    """True where `x` is not below `low` and not above `high`; None is no bound."""
    above = True if low is None else x >= low
    return above if high is None else above & (x <= high)


def less_one(y, x):
    """The exponent y - 1 of the derivative y x^(y-1); 1 at x = y = 0, lest 0 * 0^-1 be nan."""
    if isinstance(y, (int, float)):
        return y - 1 if y else 1
    return np.where((x == 0.0) & (y == 0.0), 1.0, y - 1.0)


def or_one(x):
    """`x`, with 1 in place of zeros: for a log or a divisor whose factor is 0 there."""
    return np.where(x == 0.0, 1.0, x)
