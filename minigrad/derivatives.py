"""THE TABLE: every primitive, and for each of its arguments one line of calculus.

How to read a line. In a rule, `g` is the gradient that arrives at the output. The output comes next
and is called `y` where there is one input, x; it is called `z` where there are two, x and y. (The y
of `lambda g, y, x` is the output, that of `lambda g, z, x, y` the second input.) The rule returns
the gradient that goes on to its argument. It may forget about broadcasting: the engine sums over
every axis along which an input was stretched.

The same line serves in an ordinary backward pass, where everything in it is a plain array, and for
higher derivatives, where everything is a Tensor and the rule is recorded like any computation.

Where a function has a kink or an edge, a choice was made; here are all of them:

    where                                  derivative used
    relu at 0 (so hinge at margin 1)       0
    abs at 0                               0
    maximum, minimum of equal arguments    1/2 each
    max, min over tied entries             equal shares that add up to 1
    clip                                   1 inside and on the bounds, 0 outside
    where                                  g to the chosen branch, exactly 0 to the other *
    sqrt at 0, log at 0, x**p, p < 1 at 0  inf, as NumPy's division has it
    x**0 at x = 0, 0**y                    0 where the limit is 0; never nan from 0 * log 0
    hypot at (0, 0)                        0
    x[key] with a position named twice     contributions add up
    softplus at 0                          1/2: its rule knows nothing of the max and abs inside
    prod with zeros among the factors      exact: the product of the others

    * An infinite derivative behind the other branch still makes 0 * inf = nan: in
      where(x > 0, log(x), 0) the inner x needs a where of its own.

Functions that are constant wherever they have a derivative (sign, floor, argmax ...) return plain
arrays. Any other NumPy function raises TypeError when it is given a Tensor.
"""

# fmt: off
# ruff: noqa: I001
from math import log

import numpy as np

from . import forward
from .adjoints import (beats, inside, kept, left, less_one, or_one, others, piece, put_back,
                       right, spread, undone, winners)
from .primitive import derivative, flat

# -- arithmetic ------------------------------------------------------------------------------------
derivative(np.add,         lambda g, z, x, y: g,                                # d(x + y)/dx = 1
                           lambda g, z, x, y: g)                                # d(x + y)/dy = 1
derivative(np.subtract,    lambda g, z, x, y: g,                                # d(x - y)/dx = 1
                           lambda g, z, x, y: -g)                               # d(x - y)/dy = -1
derivative(np.multiply,    lambda g, z, x, y: g * y,                            # d(xy)/dx = y
                           lambda g, z, x, y: g * x)                            # d(xy)/dy = x
derivative(np.divide,      lambda g, z, x, y: g / y,                            # d(x/y)/dx = 1/y
                           lambda g, z, x, y: -g * z / y)                       # d(x/y)/dy = -x/y²
power = \
derivative(np.power,       lambda g, z, x, y: g * y * power(x, less_one(y, x)), # dxʸ/dx = y xʸ⁻¹
                           lambda g, z, x, y: g * z * np.log(or_one(x)),        # dxʸ/dy = xʸ log x
                           forward=forward.power)
derivative(np.negative,    lambda g, y, x: -g)                                  # (-x)' = -1
derivative(np.positive,    lambda g, y, x: g)                                   # (+x)' = 1
derivative(np.absolute,    lambda g, y, x: g * np.sign(x))                      # |x|' = sign x
derivative(np.square,      lambda g, y, x: g * 2.0 * x)                         # (x²)' = 2x
derivative(np.sqrt,        lambda g, y, x: g * 0.5 / y)                         # (√x)' = 1/(2√x)
derivative(np.reciprocal,  lambda g, y, x: -g * y * y)                          # (1/x)' = -1/x²
derivative(np.hypot,       lambda g, z, x, y: g * x / or_one(z),                # d√(x²+y²)/dx = x/z
                           lambda g, z, x, y: g * y / or_one(z))                # y/z

# -- exponentials and logarithms -------------------------------------------------------------------
derivative(np.exp,         lambda g, y, x: g * y)                               # (eˣ)' = eˣ
derivative(np.expm1,       lambda g, y, x: g * np.exp(x))                       # (eˣ - 1)' = eˣ
derivative(np.log,         lambda g, y, x: g / x)                               # (log x)' = 1/x
derivative(np.log1p,       lambda g, y, x: g / (1.0 + x))                       # = 1/(1+x)
derivative(np.log2,        lambda g, y, x: g / (x * log(2.0)))                  # = 1/(x log 2)
derivative(np.log10,       lambda g, y, x: g / (x * log(10.0)))                 # = 1/(x log 10)
derivative(np.logaddexp,   lambda g, z, x, y: g * np.exp(x - z),                # = eˣ/(eˣ + eʸ)
                           lambda g, z, x, y: g * np.exp(y - z))                # = eʸ/(eˣ + eʸ)

# -- circular and hyperbolic functions -------------------------------------------------------------
derivative(np.sin,         lambda g, y, x: g * np.cos(x))                       # sin' = cos
derivative(np.cos,         lambda g, y, x: -g * np.sin(x))                      # cos' = -sin
derivative(np.tan,         lambda g, y, x: g * (1.0 + y * y))                   # tan' = 1 + tan²
derivative(np.arcsin,      lambda g, y, x: g / np.sqrt(1.0 - x * x))            # = 1/√(1 - x²)
derivative(np.arccos,      lambda g, y, x: -g / np.sqrt(1.0 - x * x))           # = -1/√(1 - x²)
derivative(np.arctan,      lambda g, y, x: g / (1.0 + x * x))                   # = 1/(1 + x²)
derivative(np.sinh,        lambda g, y, x: g * np.cosh(x))                      # sinh' = cosh
derivative(np.cosh,        lambda g, y, x: g * np.sinh(x))                      # cosh' = sinh
derivative(np.tanh,        lambda g, y, x: g * (1.0 - y * y))                   # tanh' = 1 - tanh²

# -- choices ---------------------------------------------------------------------------------------
derivative(np.maximum,     lambda g, z, x, y: g * beats(x, y),                  # 1 where x > y
                           lambda g, z, x, y: g * beats(y, x))                  # 1 where y > x
derivative(np.minimum,     lambda g, z, x, y: g * beats(y, x),                  # 1 where x < y
                           lambda g, z, x, y: g * beats(x, y))                  # 1 where y < x
derivative(np.where,       None,                                                # it is not a number
                           lambda g, z, c, x, y: np.where(c, g, 0.0),           # 1 where c
                           lambda g, z, c, x, y: np.where(c, 0.0, g),           # 1 where not c
                           forward=forward.where)
derivative("clip",         lambda g, y, x, low=None, high=None:                 # 1 within bounds
                           g * inside(x, low, high),
                           forward=lambda x, low=None, high=None: np.clip(x, low, high))

# -- reductions ------------------------------------------------------------------------------------
derivative(np.sum,         lambda g, y, x, axis=None, *, keepdims=False:        # (Σx)' = 1
                           spread(g, x, axis, keepdims),
                           forward=forward.total)
derivative(np.mean,        lambda g, y, x, axis=None, *, keepdims=False:        # (Σx/n)' = 1/n
                           spread(g * (y.size / (x.size or 1)), x, axis, keepdims),
                           forward=forward.mean)
derivative(np.max,         lambda g, y, x, axis=None, *, keepdims=False:        # 1 at the maximum
                           spread(g, x, axis, keepdims) * winners(y, x, axis, keepdims))
derivative(np.min,         lambda g, y, x, axis=None, *, keepdims=False:        # 1 at the minimum
                           spread(g, x, axis, keepdims) * winners(y, x, axis, keepdims))
derivative(np.prod,        lambda g, y, x, axis=None, *, keepdims=False:        # (Πx)' = Π others
                           spread(g, x, axis, keepdims) * others(y, x, axis, keepdims))
derivative(np.cumsum,      lambda g, y, x, axis=None:                           # turn, sum, turn
                           np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), x.shape))

# -- products --------------------------------------------------------------------------------------
derivative(np.matmul,      lambda g, z, x, y: left(g, x, y),                    # g yᵀ
                           lambda g, z, x, y: right(g, x, y),                   # xᵀ g
                           forward=forward.matmul)
derivative(np.dot,         lambda g, z, x, y: left(g, x, y),                    # g yᵀ
                           lambda g, z, x, y: right(g, x, y),                   # xᵀ g
                           forward=forward.dot)
linear = \
derivative("linear",       lambda g, z, x, w, b: left(g, x, w),                 # z = x w + b: g wᵀ
                           lambda g, z, x, w, b: right(g, x, w),                # xᵀ g
                           lambda g, z, x, w, b: g,                             # 1
                           forward=forward.linear)

# -- neurons, written so that nothing overflows ----------------------------------------------------
relu = \
derivative("relu",         lambda g, y, x: g * (y > 0.0),                       # 1 where x > 0
                           forward=forward.relu)
sigmoid = \
derivative("sigmoid",      lambda g, y, x: g * y * (1.0 - y),                   # σ' = σ (1 - σ)
                           forward=forward.sigmoid)
softplus = \
derivative("softplus",     lambda g, y, x: g * sigmoid(x),                      # log(1+eˣ)' = σ(x)
                           forward=forward.softplus)
logsumexp = \
derivative("logsumexp",    lambda g, y, x, axis=-1, keepdims=False:             # = softmax(x)
                           kept(g, x, axis, keepdims) * np.exp(x - kept(y, x, axis, keepdims)),
                           forward=forward.logsumexp)
log_softmax = \
derivative("log_softmax",  lambda g, y, x, axis=-1:                             # 1 - softmax(x)
                           g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
                           forward=forward.log_softmax)

# -- positions: the gradient goes where the value came from ----------------------------------------
derivative(np.reshape,     lambda g, y, x, shape: np.reshape(g, x.shape),
                           forward=lambda x, shape: np.reshape(x, shape))
derivative(np.ravel,       lambda g, y, x: np.reshape(g, x.shape))
derivative(np.squeeze,     lambda g, y, x, axis=None: np.reshape(g, x.shape))
derivative(np.expand_dims, lambda g, y, x, axis: np.reshape(g, x.shape))
derivative(np.transpose,   lambda g, y, x, axes=None: np.transpose(g, undone(axes)))
derivative(np.swapaxes,    lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
derivative(np.moveaxis,    lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
derivative(np.flip,        lambda g, y, x, axis=None: np.flip(g, axis))
derivative("concatenate",  lambda g, y, *xs, argument, axis=0: piece(g, xs, argument, axis),
                           forward=lambda *xs, axis=0: np.concatenate(xs, axis))
derivative("getitem",      lambda g, y, x, key: scatter(g, shape=x.shape, key=key),
                           forward=lambda x, key: x[key])
scatter = \
derivative("scatter",      lambda g, y, x, shape, key: g[key],                  # undoes getitem
                           forward=put_back)

# -- what the engine itself undoes: it sums over stretched axes and returns to the input's dtype ---
derivative(np.broadcast_to, lambda g, y, x, shape: g, forward=forward.broadcast_to)
derivative("astype",        lambda g, y, x, dtype: g, forward=lambda x, dtype: x.astype(dtype))

# -- constant between its jumps: the derivative is 0, the value a plain array ----------------------
flat(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.isnan, np.isinf, np.isfinite,
     np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isclose,
     np.allclose, np.array_equal, np.all, np.any, np.count_nonzero, np.logical_not, np.logical_and,
     np.logical_or, np.logical_xor, np.argmax, np.argmin, np.argsort, np.searchsorted, np.nonzero,
     np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.signbit)
