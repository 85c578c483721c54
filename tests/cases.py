"""The cases: on what every entry of the table of derivatives is tried.

A case is a function of arrays and the arrays to call it with. All of these become Tensors that
require a gradient; constants stand inside the function. The same case serves four times: its value
is compared with NumPy's, its gradient with finite differences to first and to second order, its
float32 gradient with its float64 one, and it has to notice when the rule behind it is falsified
(`test_mutations.py`).
"""

# fmt: off
import operator
from dataclasses import dataclass

import numpy as np

from minigrad import Tensor, grad
from minigrad.derivatives import linear, log_softmax, logsumexp, relu, scatter, sigmoid, softplus
from minigrad.tensor import TABLE

DRAW = np.random.default_rng(0)  # all arrays below come from here, in order


def draw(shape, low=-2.0, high=2.0):
    return DRAW.uniform(low, high, shape)


@dataclass
class Case:
    key: object  # the entry of TABLE that is tried: a NumPy function or a name
    what: str  # in a few words
    f: callable  # called with arrays and with Tensors
    inputs: tuple  # arrays of float64
    numpy: callable  # plain NumPy: what f shall give on arrays
    also: tuple  # other spellings of f on Tensors: methods, operators

    def __str__(self):
        name = self.key if isinstance(self.key, str) else self.key.__name__
        return f"{name}: {self.what}"

    def tensors(self, dtype=np.float64):
        return [Tensor(x.astype(dtype), requires_grad=True) for x in self.inputs]


CASES = []


def case(key, what, f, *inputs, numpy=None, also=()):
    arrays = tuple(np.asarray(x, dtype=float) for x in inputs)
    also = also if isinstance(also, tuple) else (also,)
    CASES.append(Case(key, what, f, arrays, numpy or f, also))


# -- one argument ----------------------------------------------------------------------------------
#    function       between      other spellings
UNARY = [
    (np.negative,   -2.0, 2.0,   (lambda x: -x,)),
    (np.positive,   -2.0, 2.0,   (lambda x: +x,)),
    (np.absolute,   -2.0, 2.0,   (abs, lambda x: x.abs())),
    (np.square,     -2.0, 2.0,   (lambda x: x.square(),)),
    (np.sqrt,        0.2, 2.0,   (lambda x: x.sqrt(),)),
    (np.reciprocal,  0.5, 2.0,   ()),
    (np.exp,        -2.0, 2.0,   (lambda x: x.exp(),)),
    (np.expm1,      -2.0, 2.0,   ()),
    (np.log,         0.2, 2.0,   (lambda x: x.log(),)),
    (np.log1p,      -0.7, 2.0,   ()),
    (np.log2,        0.2, 2.0,   ()),
    (np.log10,       0.2, 2.0,   ()),
    (np.sin,        -2.0, 2.0,   (lambda x: x.sin(),)),
    (np.cos,        -2.0, 2.0,   (lambda x: x.cos(),)),
    (np.tan,        -1.0, 1.0,   ()),
    (np.arcsin,     -0.8, 0.8,   ()),
    (np.arccos,     -0.8, 0.8,   ()),
    (np.arctan,     -2.0, 2.0,   ()),
    (np.sinh,       -2.0, 2.0,   ()),
    (np.cosh,       -2.0, 2.0,   ()),
    (np.tanh,       -2.0, 2.0,   (lambda x: x.tanh(),)),
]
OWN_UNARY = [  # minigrad's own, and what they are in NumPy
    ("relu",     relu,     lambda x: np.where(x > 0, x, 0.0)),
    ("sigmoid",  sigmoid,  lambda x: 1 / (1 + np.exp(-x))),
    ("softplus", softplus, lambda x: np.log(1 + np.exp(x))),
]
for shape in ((), (3,), (2, 3)):
    for function, low, high, also in UNARY:
        case(function, f"shape {shape}", function, draw(shape, low, high), also=also)
    for name, function, reference in OWN_UNARY:
        case(name, f"shape {shape}", function, draw(shape), numpy=reference)

# -- two arguments ---------------------------------------------------------------------------------
#    function       x between    y between   operator
BINARY = [
    (np.add,        -2.0, 2.0,   -2.0, 2.0,  operator.add),
    (np.subtract,   -2.0, 2.0,   -2.0, 2.0,  operator.sub),
    (np.multiply,   -2.0, 2.0,   -2.0, 2.0,  operator.mul),
    (np.divide,     -2.0, 2.0,    0.5, 2.0,  operator.truediv),
    (np.power,       0.5, 2.0,   -2.0, 2.0,  operator.pow),
    (np.hypot,      -2.0, 2.0,   -2.0, 2.0,  None),
    (np.logaddexp,  -2.0, 2.0,   -2.0, 2.0,  None),
    (np.maximum,    -2.0, 2.0,   -2.0, 2.0,  None),
    (np.minimum,    -2.0, 2.0,   -2.0, 2.0,  None),
]
PAIRS = [((), ()), ((3,), (3,)), ((2, 3), (2, 3)),  # no broadcasting
         ((), (3,)), ((2, 3), ()), ((1,), (3,)),  # a number
         ((4,), (3, 4)), ((3, 4), (4,)), ((3,), (3, 3)), ((3, 3), (3,)),  # a row under a batch
         ((3, 1), (1, 4)), ((3, 1), (3, 4)), ((1, 4), (3, 1)), ((3, 3), (3, 1)),  # a column
         ((2, 1, 3), (4, 1)), ((3,), (2, 2, 3)), ((2, 2, 1), (1, 2, 3))]  # three axes
for function, low, high, low2, high2, op in BINARY:
    also = () if op is None else op
    for s, t in PAIRS:
        case(function, f"shapes {s} and {t}", function, draw(s, low, high), draw(t, low2, high2),
             also=also)
    row = draw(3, 0.6, 1.9).astype(np.float32)  # a plain array; it lets float32 be float32
    for c, kind in ((1.5, "float"), (3, "int"), (row, "array")):
        case(function, f"x, constant {kind}", lambda x, c=c, f=function: f(x, c),
             draw((2, 3), low, high), also=op and (lambda x, c=c, op=op: op(x, c),) or ())
        case(function, f"constant {kind}, y", lambda y, c=c, f=function: f(c, y),
             draw((2, 3), low2, high2), also=op and (lambda y, c=c, op=op: op(c, y),) or ())
    case(function, "the same tensor twice", lambda x, f=function: f(x, x + 0.5),
         draw(3, 0.5, 2.0))

for p in (0, 1, 2, 3, 4, 5, -1, -2, 0.5, 1.0, 2.0, 2.5, -0.5):
    case(np.power, f"x ** {p}", lambda x, p=p: x ** p, draw(3, 0.4, 2.0),
         also=lambda x, p=p: np.power(x, p))
for p in (1, 2, 3, 4, 5, -1):
    case(np.power, f"x ** {p} with x < 0", lambda x, p=p: x ** p, draw(3, -2.0, -0.5))
for base in (2, 2.0, 0.5, 1):
    case(np.power, f"{base!r} ** y", lambda y, b=base: b ** y, draw(3),
         also=lambda y, b=base: np.power(b, y))
case(np.power, "x ** an array of ints", lambda x: x ** np.array([0, 1, 2, 3], np.int8), draw(4))
case(np.power, "x ** x", lambda x: x ** x, draw(3, 0.4, 2.0))

# -- choices ---------------------------------------------------------------------------------------
mask, column = np.array([[True, False, True], [False, True, True]]), np.array([[True], [False]])
for c, s, t in ((mask, (2, 3), (2, 3)), (mask, (3,), (2, 1)), (mask, (), (2, 3)),
                (column, (3,), (3,)), (mask[0], (2, 1), (2, 3)), (True, (3,), (3,)),
                (np.bool_(False), (3,), (2, 3))):
    case(np.where, f"a condition {np.shape(c)}, shapes {s} and {t}",
         lambda x, y, c=c: np.where(c, x, y), draw(s), draw(t))
case(np.where, "0.0 in place of y", lambda x: np.where(mask, x, 0.0), draw((2, 3)))
case(np.where, "an int in place of x", lambda y: np.where(mask, 1, y), draw((2, 3)))
case(np.where, "a condition on the tensor", lambda x: np.where(x > 0, x, x * x), draw((2, 3)))
low, high = np.array([-1.0, -0.5, 0.0], np.float32), np.array([[0.5], [1.0]], np.float32)
for label, f in {
        "two bounds": lambda x: np.clip(x, -1.0, 1.0),
        "a lower bound": lambda x: np.clip(x, -1.0, None),
        "an upper bound": lambda x: np.clip(x, None, 1.0),
        "a_min= and a_max=": lambda x: np.clip(x, a_min=-1.0, a_max=0.5),
        "min= and max=": lambda x: x.clip(min=-1.0, max=0.5),
        "max= alone": lambda x: x.clip(max=0.5),
        "int bounds": lambda x: np.clip(x, 0, 1),
        "arrays as bounds": lambda x: np.clip(x, low, high),
        "bounds that stretch x": lambda x: np.clip(x[0], low, high)}.items():
    case(np.clip, label, f, draw((2, 3)))
case(np.clip, "the method", lambda x: np.clip(x, -1.0, 1.0), draw((2, 3)),
     also=(lambda x: x.clip(-1.0, 1.0), lambda x: x.clip(min=-1.0, max=1.0)))
case("clip", "both bounds", lambda x: TABLE["clip"](x, low=-1.0, high=1.0), draw((2, 3)),
     numpy=lambda x: np.clip(x, -1.0, 1.0))

# -- reductions ------------------------------------------------------------------------------------
AXES = (None, 0, 1, -1, (0, 2), (-1, 0), (1, 2, 0))
REDUCTIONS = [
    (np.sum,  lambda x, **o: x.sum(**o)),  (np.mean, lambda x, **o: x.mean(**o)),
    (np.max,  lambda x, **o: x.max(**o)),  (np.min,  lambda x, **o: x.min(**o)),
    (np.prod, lambda x, **o: x.prod(**o)), (np.var,  lambda x, **o: x.var(**o)),
    (np.std,  lambda x, **o: x.std(**o)),  (np.amax, lambda x, **o: x.max(**o)),
    (np.amin, lambda x, **o: x.min(**o)),
]
for function, method in REDUCTIONS:
    def bound(f, **options): return lambda x: f(x, **options)
    for axis in AXES:
        for keepdims in (False, True):
            case(function, f"axis={axis}, keepdims={keepdims}",
                 bound(function, axis=axis, keepdims=keepdims), draw((2, 3, 2), 0.5, 2.0),
                 also=bound(method, axis=axis, keepdims=keepdims))
    case(function, "no options, 1-d", function, draw(4), also=method)
    case(function, "the axis by position", lambda x, f=function: f(x, 1), draw((2, 3)))
    if function not in (np.std, np.var):  # of one number both are 0, and no rule can be seen
        case(function, "a number", function, draw(()), also=method)
        case(function, "axis=()", bound(function, axis=()), draw((2, 3)))
for function in (np.var, np.std):
    for ddof, axis, keepdims in ((1, None, False), (1, 0, True), (2, -1, False), (1, (0, 1), True)):
        case(function, f"ddof={ddof}, axis={axis}, keepdims={keepdims}",
             bound(function, ddof=ddof, axis=axis, keepdims=keepdims), draw((3, 4)))
case(np.var, "a number", lambda x: np.var(x) + x, draw(()))
for label, x in {"one zero": [0.0, 2.0, 3.0], "two zeros": [0.0, 2.0, 0.0],
                 "three zeros": [0.0, 0.0, 0.0], "a lone zero": [0.0]}.items():
    case(np.prod, label, np.prod, x)
for axis in (0, 1, -1, (0, 1), (1, 0), (2, 0), (-1, 1), ()):
    x = draw((2, 3, 2), 0.5, 2.0)
    x[0, 1, 1] = x[1, 1, 1] = x[1, 0, 0] = 0.0
    case(np.prod, f"zeros, axis={axis}", bound(np.prod, axis=axis), x)
    case(np.prod, f"zeros, axis={axis}, keepdims", bound(np.prod, axis=axis, keepdims=True), x)
for axis in (None, 0, 1, -1):
    case(np.cumsum, f"axis={axis}", bound(np.cumsum, axis=axis), draw((3, 4)),
         also=bound(lambda x, axis: x.cumsum(axis=axis), axis=axis))
case(np.cumsum, "1-d", np.cumsum, draw(4), also=lambda x: x.cumsum())
case(np.cumsum, "a number", np.cumsum, draw(()))
for axis in AXES:
    for keepdims in (False, True):
        case("logsumexp", f"axis={axis}, keepdims={keepdims}",
             bound(logsumexp, axis=axis, keepdims=keepdims), draw((2, 3, 2)),
             numpy=lambda x, a=axis, k=keepdims: np.log(np.sum(np.exp(x), axis=a, keepdims=k)))
case("logsumexp", "the last axis by default", logsumexp, draw((2, 3)),
     numpy=lambda x: np.log(np.exp(x).sum(-1)))
for axis in (0, -1, 1):
    case("log_softmax", f"axis={axis}", bound(log_softmax, axis=axis), draw((2, 3)),
         numpy=lambda x, axis=axis: x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True)))
case("log_softmax", "the last axis by default", log_softmax, draw((2, 2, 3)),
     numpy=lambda x: x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True)))
case("logsumexp", "a number", logsumexp, draw(()), numpy=np.positive)

# -- products --------------------------------------------------------------------------------------
for s, t in (((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((3, 3), (3, 3)),
             ((1, 3), (3, 1)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((4, 2, 3), (3, 2)),
             ((2, 3), (4, 3, 2)), ((2, 2, 3), (2, 3, 2)), ((1, 2, 3), (2, 3, 2)),
             ((2, 2, 3), (1, 3, 2)), ((2, 1, 2, 3), (2, 3, 2)), ((2, 1, 1, 3), (3, 3, 2)),
             ((3,), (2, 1, 3, 2)), ((2, 1, 2, 3), (3,)), ((2, 1, 2, 3), (3, 2)),
             ((1, 2), (2, 2, 1))):
    case(np.matmul, f"{s} @ {t}", np.matmul, draw(s), draw(t), also=operator.matmul)
    if len(t) < 3:
        case(np.dot, f"{s} with {t}", np.dot, draw(s), draw(t))
matrix = draw((3, 3)).astype(np.float32)
case(np.matmul, "tensor @ array", lambda x: x @ matrix, draw((2, 3)))
case(np.matmul, "array @ tensor", lambda y: matrix @ y, draw((3, 2)))
case(np.matmul, "array @ vector", lambda y: matrix @ y, draw(3))
case(np.matmul, "x @ x", lambda x: x @ x, draw((3, 3)))
case(np.dot, "array, tensor", lambda y: np.dot(matrix, y), draw(3))
for s, w, b in (((3,), (3, 2), (2,)), ((4, 3), (3, 2), (2,)), ((2, 2, 3), (3, 2), (2,)),
                ((2, 2), (2, 2), (2,)), ((4, 3), (3,), ()), ((3,), (3,), ()), ((4, 3), (3, 2), ()),
                ((4, 3), (3, 2), (1,)), ((4, 3), (3, 2), (4, 1))):
    case("linear", f"{s} @ {w} + {b}", linear, draw(s), draw(w), draw(b),
         numpy=lambda x, w, b: x @ w + b)

# -- positions -------------------------------------------------------------------------------------
SHAPES = [  # what, the function, the shape it is tried on, other spellings
    (np.reshape, "to (2, 3)", lambda x: np.reshape(x, (2, 3)), (6,),
     (lambda x: x.reshape(2, 3), lambda x: x.reshape((2, 3)), lambda x: x.reshape([2, 3]))),
    (np.reshape, "with -1", lambda x: np.reshape(x, (-1, 2)), (2, 3),
     (lambda x: x.reshape(-1, 2), lambda x: x.reshape((-1, 2)))),
    (np.reshape, "flat", lambda x: np.reshape(x, -1), (2, 3), (lambda x: x.reshape(-1),)),
    (np.reshape, "one number", lambda x: np.reshape(x, ()), (1, 1), (lambda x: x.reshape(()),)),
    (np.ravel, "2-d", np.ravel, (2, 3), (lambda x: x.ravel(),)),
    (np.ravel, "a number", np.ravel, (), (lambda x: x.ravel(),)),
    (np.ravel, "of a transpose", lambda x: np.ravel(np.transpose(x)), (2, 3),
     (lambda x: x.T.ravel(),)),
    (np.squeeze, "all", np.squeeze, (1, 3, 1), (lambda x: x.squeeze(),)),
    (np.squeeze, "axis=0", lambda x: np.squeeze(x, axis=0), (1, 3, 1), (lambda x: x.squeeze(0),)),
    (np.squeeze, "axis=(-1, 0)", lambda x: np.squeeze(x, axis=(-1, 0)), (1, 3, 1), ()),
    (np.expand_dims, "axis=0", lambda x: np.expand_dims(x, 0), (2, 3), (lambda x: x[None],)),
    (np.expand_dims, "axis=-1", lambda x: np.expand_dims(x, -1), (2, 3),
     (lambda x: x[..., None],)),
    (np.expand_dims, "two axes", lambda x: np.expand_dims(x, axis=(0, 2)), (2, 3), ()),
    (np.transpose, "a matrix", np.transpose, (2, 3), (lambda x: x.T, lambda x: x.transpose())),
    (np.transpose, "a vector", np.transpose, (3,), (lambda x: x.T,)),
    (np.transpose, "three axes, cyclic", lambda x: np.transpose(x, (1, 2, 0)), (2, 3, 2),
     (lambda x: x.transpose(1, 2, 0), lambda x: x.transpose((1, 2, 0)))),
    (np.transpose, "negative axes", lambda x: np.transpose(x, axes=[-1, 0, 1]), (2, 3, 4), ()),
    (np.swapaxes, "0, 2", lambda x: np.swapaxes(x, 0, 2), (2, 3, 4),
     (lambda x: x.swapaxes(0, 2),)),
    (np.swapaxes, "-1, 0", lambda x: np.swapaxes(x, -1, 0), (2, 3), ()),
    (np.moveaxis, "first to last", lambda x: np.moveaxis(x, 0, -1), (2, 3, 4), ()),
    (np.moveaxis, "two at a time", lambda x: np.moveaxis(x, (0, 1), (-1, 0)), (2, 3, 4), ()),
    (np.flip, "every axis", np.flip, (2, 3), (lambda x: x[::-1, ::-1],)),
    (np.flip, "axis=-1", lambda x: np.flip(x, -1), (2, 3), (lambda x: x[:, ::-1],)),
    (np.flip, "axis=(0, 2)", lambda x: np.flip(x, axis=(0, 2)), (2, 3, 2), ()),
    (np.broadcast_to, "a new axis", lambda x: np.broadcast_to(x, (2, 3)), (3,), ()),
    (np.broadcast_to, "a column", lambda x: np.broadcast_to(x, (2, 3)), (2, 1), ()),
    (np.broadcast_to, "a number", lambda x: np.broadcast_to(x, (2, 3)), (), ()),
    (np.broadcast_to, "an int as shape", lambda x: np.broadcast_to(x, 3), (1,), ()),
    (np.broadcast_to, "nothing to do", lambda x: np.broadcast_to(x, (3,)), (3,), ()),
]
for key, what, f, shape, also in SHAPES:
    case(key, what, f, draw(shape), also=also)
case("astype", "to its own dtype", lambda x: x.astype(x.dtype), draw((2, 3)))

INDICES = {  # on an array of shape (4, 3)
    "an int": 1, "a negative int": -1, "np.int64": np.int64(2), "two ints": (1, 2),
    "a slice": slice(1, 3), "a step": slice(None, None, 2), "step -1": slice(None, None, -1),
    "two slices": (slice(1, None), slice(None, None, -2)), "an empty slice": slice(2, 2),
    "int and slice": (2, slice(0, 2)), "Ellipsis": ..., "Ellipsis, int": (..., 1),
    "None": None, "None between": (slice(None), None, slice(None)), "Ellipsis, None": (..., None),
    "a mask": np.arange(12).reshape(4, 3) % 3 > 0, "a mask of rows": np.arange(4) > 1,
    "a mask that keeps nothing": np.zeros((4, 3), bool), "a list of bools": [True] * 3 + [False],
    "int and mask": (1, np.array([True, False, True])), "True": True, "False": False,
    "an array": np.array([3, 0]), "an array, repeated": np.array([1, 1, 3, 1]),
    "a list, repeated": [0, 0, 2], "negative, repeated": [-1, 3, -1], "an empty list": [],
    "an array of 2 axes": np.array([[0, 1], [1, 1]]), "a 0-d array": np.array(2),
    "nested lists": [[0, 3], [3, 3]],
    "two arrays": (np.array([0, 1, 3]), np.array([2, 0, 1])),
    "two arrays, repeated": (np.array([1, 1, 0]), np.array([2, 2, 2])),
    "two lists, repeated": ([1, 1], [2, 2]),
    "a column and a row": (np.array([[0], [0]]), np.array([1, 2])),
    "slice and array": (slice(1, 3), np.array([0, 0, 2])),
    "array and slice": (np.array([2, 2]), slice(None, None, -1)),
    "array and Ellipsis": (np.array([2, 2]), ...), "array and None": (np.array([2, 2]), None),
    "array and int": (np.array([2, 2]), 1), "mask and array": (np.arange(4) > 1, np.array([1, 1])),
    "np.ix_": np.ix_([0, 0, 3], [1, 1]),
    "a tuple in a tuple, repeated": ((1, 1, 3),), "two tuples, repeated": ((1, 1), (2, 2)),
    "tuple and slice, repeated": ((1, 1), slice(None)),
    "a range": range(2), "uint8, repeated": np.array([1, 1], np.uint8),
}
for what, key in INDICES.items():
    case("getitem", what, lambda x, key=key: x[key], draw((4, 3)))
    case("scatter", what, lambda g, key=key: scatter(g, shape=(4, 3), key=key),
         draw(np.empty((4, 3))[key].shape),
         numpy=lambda g, key=key: np.array([  # position by position, from the definition
             np.sum(np.where(np.arange(12).reshape(4, 3)[key] == n, g, 0.0))
             for n in range(12)]).reshape(4, 3))
case("getitem", "of three axes", lambda x: x[:, [0, 0], 1:], draw((2, 3, 2)))
case("getitem", "arrays apart", lambda x: x[[0, 1, 1], :, [1, 0, 0]], draw((2, 3, 2)))
case("getitem", "a number", lambda x: x[()], draw(()))
case("getitem", "a number, None", lambda x: x[None, ...], draw(()))
case("getitem", "by iterating", lambda x: sum(row * i for i, row in enumerate(x)), draw((3, 2)))

for axis, s, t in ((0, (2, 3), (1, 3)), (1, (2, 3), (2, 1)), (-1, (2, 3), (2, 2)),
                   (-2, (2, 3), (2, 3)), (None, (2, 3), (4,)), (0, (3,), (2,)),
                   (1, (2, 2, 2), (2, 1, 2)), (-3, (1, 2, 2), (2, 2, 2)), (None, (), (2,))):
    case(np.concatenate, f"{s} and {t}, axis={axis}",
         lambda x, y, axis=axis: np.concatenate([x, y], axis=axis), draw(s), draw(t))
    case("concatenate", f"{s} and {t}, axis={axis}", lambda x, y, axis=axis: (
            TABLE["concatenate"](x, y, axis=axis) if axis is not None
            else TABLE["concatenate"](np.ravel(x), np.ravel(y), axis=0)), draw(s), draw(t),
         numpy=lambda x, y, axis=axis: np.concatenate([x, y], axis=axis))
case(np.concatenate, "three, one of them plain",
     lambda x, y: np.concatenate((x, matrix[:, :2], y)), draw((1, 2)), draw((2, 2)))
case(np.concatenate, "one tensor three times", lambda x: np.concatenate([x, x * x, x]), draw(2))
case(np.concatenate, "the rows of a tensor", np.concatenate, draw((3, 2)))
for axis in (0, 1, -1, -2):
    case(np.stack, f"axis={axis}", lambda x, y, axis=axis: np.stack([x, y], axis=axis),
         draw(3), draw(3))
case(np.stack, "numbers", lambda x, y: np.stack([x, y]), draw(()), draw(()))
case(np.stack, "numbers, axis=-1", lambda x, y: np.stack((x, y), axis=-1), draw(()), draw(()))
case(np.stack, "matrices, axis=1", lambda x, y: np.stack([x, y], 1), draw((2, 3)), draw((2, 3)))
case(np.stack, "with a plain array", lambda x: np.stack([x, matrix[0]]), draw(3))
case(np.stack, "the rows of a tensor", np.stack, draw((2, 3)))
for function in (np.vstack, np.hstack):
    for s, t in (((), ()), ((3,), (3,)), ((2, 2), (2, 2)), ((2, 1, 2), (2, 1, 2))):
        case(function, f"{s} and {t}", lambda x, y, f=function: f([x, y]), draw(s), draw(t))
case(np.vstack, "a vector over a matrix", lambda x, y: np.vstack([x, y]), draw(3), draw((2, 3)))
case(np.hstack, "a number beside a vector", lambda x, y: np.hstack([x, y]), draw(()), draw(3))
case(np.hstack, "a column beside a matrix", lambda x, y: np.hstack((x, y)), draw((2, 1)),
     draw((2, 3)))

for what, indices, axis, shape in (
        ("one from each row", [[2], [0]], 1, (2, 3)), ("axis -1", [[2, 2], [0, 1]], -1, (2, 3)),
        ("axis 0", [[1, 0, 1]], 0, (2, 3)), ("negative positions", [[-1], [-3]], 1, (2, 3)),
        ("1-d", [2, 2, 0], 0, (3,)), ("axis None", [5, 0, 5], None, (2, 3)),
        ("axis None, negative", [-1, 0, 5], None, (2, 3)),
        ("three axes", [[[1], [0]], [[0], [0]]], 2, (2, 2, 2)),
        ("broadcast positions", [[1, 0]], 1, (2, 3))):
    case(np.take_along_axis, what, lambda x, i=indices, a=axis: (
        np.take_along_axis(x, np.array(i), axis=a)), draw(shape))

# -- the derivative is 0: what these give on Tensors are plain arrays ------------------------------
values, others = draw((2, 3)), draw(3)
gaps = np.array([[np.nan, 1.0, np.inf], [0.0, -np.inf, -2.5]])
FLAT = [  # function, its arguments (those that are arrays become Tensors), its options
    *((f, (values,), {}) for f in (np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round,
                                   np.signbit, np.argmax, np.argmin, np.argsort, np.shape, np.ndim,
                                   np.size, np.zeros_like, np.ones_like)),
    *((f, (gaps,), {}) for f in (np.isnan, np.isinf, np.isfinite, np.logical_not, np.all, np.any,
                                 np.count_nonzero, np.nonzero)),
    *((f, (values, others), {}) for f in (np.less, np.less_equal, np.greater, np.greater_equal,
                                          np.equal, np.not_equal, np.isclose, np.logical_and,
                                          np.logical_or, np.logical_xor, np.array_equal)),
    (np.allclose, (values, values + 1e-12), {}), (np.array_equal, (values, values), {}),
    (np.searchsorted, (np.sort(others), values), {}),
    (np.round, (values, 1), {}), (np.argmax, (values,), {"axis": 1, "keepdims": True}),
    (np.argsort, (values,), {"axis": 0}), (np.all, (values,), {"axis": 0}),
    (np.equal, (values, values.copy()), {}), (np.greater, (values, 0.0), {}),
]


# -- a quick check, by a single random direction ---------------------------------------------------


def complaint(f, inputs, seed=0, second=False):
    """None if the engine's slope of `f` along a random direction is the numerical one, else why.

    With `second` the function is the slope itself, along another direction: this goes through every
    rule once more, recorded. The arriving gradient is made to depend on a variable, so that a rule
    that loses the way back through `g` is seen too.
    """
    rng = np.random.default_rng(seed)
    inputs = [np.asarray(1.3), *inputs]
    directions = [rng.uniform(0.5, 1.5, x.shape) * rng.choice((-1, 1), x.shape) for x in inputs]
    others = [rng.uniform(0.5, 1.5, x.shape) for x in inputs]
    weights = None

    def value(tensors):
        nonlocal weights
        y = f(*tensors[1:])
        if weights is None:
            weights = rng.uniform(0.5, 1.5, y.shape)
        return np.sum(tensors[0] * y * weights)

    def slope(tensors):
        parts = grad(value(tensors), tensors, create_graph=True, unconnected="zero")
        return sum(np.sum(p * v) for p, v in zip(parts, others, strict=True))

    g = slope if second else value

    def at(step):
        return [Tensor(x + step * v, requires_grad=True)
                for x, v in zip(inputs, directions, strict=True)]

    tensors = at(0.0)
    gradients = grad(g(tensors), tensors, unconnected="zero")
    exact = size = 0.0
    for x, d, v in zip(inputs, gradients, directions, strict=True):
        if d.shape != x.shape:
            return f"a gradient of shape {d.shape} for an input of shape {x.shape}"
        exact, size = exact + np.sum(d * v), size + np.sum(np.abs(d * v))
    h = 1e-5
    truth = (g(at(h)).item() - g(at(-h)).item()) / (2 * h)
    if not abs(exact - truth) <= 1e-6 * (size + abs(truth)) + 1e-9:
        return f"the rules give the slope {exact:.10g}, finite differences {truth:.10g}"
    return None


# -- kinks and edges: the rows of the table in the docstring of derivatives.py ---------------------
#    row                                      function, inputs, the gradient of each input
inf = np.inf
KINKS = [
    ("relu at 0 (so hinge at margin 1)",
     relu, [[0.0, -0.0, 1.0, -1.0]], [[0, 0, 1, 0]]),
    ("relu at 0 (so hinge at margin 1)",
     lambda s: relu(1.0 - s), [[1.0, 0.0, 2.0]], [[0, -1, 0]]),
    ("abs at 0", np.absolute, [[0.0, -0.0, 2.0, -2.0]], [[0, 0, 1, -1]]),
    ("maximum, minimum of equal arguments",
     np.maximum, [[1.0, 2.0, 0.0], [1.0, 0.0, 2.0]], [[0.5, 1, 0], [0.5, 0, 1]]),
    ("maximum, minimum of equal arguments",
     np.minimum, [[1.0, 2.0, 0.0], [1.0, 0.0, 2.0]], [[0.5, 0, 1], [0.5, 1, 0]]),
    ("maximum, minimum of equal arguments", lambda x: np.maximum(x, 0.0), [[0.0]], [[0.5]]),
    ("maximum, minimum of equal arguments", lambda x: np.minimum(0, x), [[0.0]], [[0.5]]),
    ("maximum, minimum of equal arguments", lambda x: np.maximum(x, x), [[3.0]], [[1.0]]),
    ("max, min over tied entries", np.max, [[2.0, 1.0, 2.0]], [[0.5, 0, 0.5]]),
    ("max, min over tied entries", np.min, [[1.0, 1.0, 2.0, 1.0]], [[1 / 3, 1 / 3, 0, 1 / 3]]),
    ("max, min over tied entries", lambda x: np.max(x, axis=1),
     [[[1.0, 1.0], [3.0, 2.0]]], [[[0.5, 0.5], [1, 0]]]),
    ("max, min over tied entries", lambda x: np.min(x, axis=0, keepdims=True),
     [[[1.0, 1.0], [1.0, 2.0]]], [[[0.5, 1], [0.5, 0]]]),
    ("clip", lambda x: np.clip(x, -1.0, 1.0), [[-2.0, -1.0, 0.0, 1.0, 2.0]], [[0, 1, 1, 1, 0]]),
    ("clip", lambda x: np.clip(x, None, 1.0), [[-2.0, 1.0, 2.0]], [[1, 1, 0]]),
    ("where", lambda x, y: np.where([True, False], x, y), [[1.0, 2.0], [3.0, 4.0]],
     [[1, 0], [0, 1]]),
    ("where", lambda x: np.where(x > 0, x, 0.0), [[0.0, 1.0]], [[0, 1]]),
    ("where", lambda x: np.where(x > 0, np.log(x), 0.0), [[0.0, 2.0]], [[np.nan, 0.5]]),
    ("where", lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0),
     [[0.0, 2.0]], [[0, 0.5]]),
    ("sqrt at 0, log at 0, x**p, p < 1 at 0", np.sqrt, [[0.0]], [[inf]]),
    ("sqrt at 0, log at 0, x**p, p < 1 at 0", np.log, [[0.0]], [[inf]]),
    ("sqrt at 0, log at 0, x**p, p < 1 at 0", lambda x: x ** 0.5, [[0.0]], [[inf]]),
    ("sqrt at 0, log at 0, x**p, p < 1 at 0", lambda x: x ** np.array([0.25]), [[0.0]], [[inf]]),
    ("x**0 at x = 0, 0**y", lambda x: x ** 0, [[0.0, 2.0]], [[0, 0]]),
    ("x**0 at x = 0, 0**y", lambda x: x ** 0.0, [[0.0]], [[0]]),
    ("x**0 at x = 0, 0**y", lambda x: x ** 1, [[0.0]], [[1]]),
    ("x**0 at x = 0, 0**y", lambda x: x ** 2, [[0.0]], [[0]]),
    ("x**0 at x = 0, 0**y", lambda x: x ** np.array([0, 1, 2]), [[0.0, 0.0, 0.0]], [[0, 1, 0]]),
    ("x**0 at x = 0, 0**y", lambda y: 0.0 ** y, [[0.0, 1.0, 2.5]], [[0, 0, 0]]),
    ("x**0 at x = 0, 0**y", lambda y: 0 ** y, [[2.0]], [[0]]),
    ("x**0 at x = 0, 0**y", np.power, [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]], [[0, 1, 0], [0, 0, 0]]),
    ("hypot at (0, 0)", np.hypot, [[0.0, 3.0, 0.0], [0.0, 4.0, -2.0]], [[0, 0.6, 0], [0, 0.8, -1]]),
    ("x[key] with a position named twice", lambda x: x[[0, 0, 2, 0]], [[1.0, 2.0, 3.0]],
     [[3, 0, 1]]),
    ("x[key] with a position named twice", lambda x: x[np.array([1, 1]), np.array([0, 0])],
     [[[1.0, 2.0], [3.0, 4.0]]], [[[0, 0], [2, 0]]]),
    ("x[key] with a position named twice", lambda x: x[(0, 0, 1),], [[1.0, 2.0]], [[2, 1]]),
    ("softplus at 0", softplus, [[0.0, -0.0]], [[0.5, 0.5]]),
    ("prod with zeros among the factors", np.prod, [[0.0, 2.0, 3.0]], [[6, 0, 0]]),
    ("prod with zeros among the factors", np.prod, [[0.0, 2.0, 0.0]], [[0, 0, 0]]),
    ("prod with zeros among the factors", lambda x: np.prod(x, axis=1),
     [[[0.0, 5.0], [2.0, 3.0]]], [[[5, 0], [3, 2]]]),
]


def kink_complaint(f, inputs, expected):
    """None if the gradients of `f` are exactly the published ones, else what they are."""
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    with np.errstate(divide="ignore", invalid="ignore"):
        np.sum(f(*tensors)).backward()
    for i, (t, e) in enumerate(zip(tensors, expected, strict=True)):
        if not np.allclose(t.grad, e, rtol=1e-15, atol=0.0, equal_nan=True):
            return f"argument {i} gets the gradient {t.grad.tolist()}, the table says {e}"
    return None

