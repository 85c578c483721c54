"""The ground floor: a tensor, which knows what it was computed from, and the walk back.

Reverse-mode automatic differentiation is three ideas:

1. *Recording* (`primitive.py`). An operation on Tensors runs NumPy, and its result keeps three
   things: which operation it was, its inputs (themselves, not copies), and a creation number.
2. *The rules* (`derivatives.py`). Each operation has, for each of its inputs, one line of calculus:
   given the gradient that arrives at the output, which gradient goes on to that input.
3. *The walk back* (`_sweep`, below). A tensor can only be made from tensors that exist already, so
   its number is larger than those of all its ancestors. Of all tensors that wait, the youngest is
   therefore complete: nothing more can arrive for it. Take it, apply its operation's rules, hand
   the contributions to its inputs, and add up what meets there.

The words used throughout:

    g           the gradient that arrives: d loss / d (the output of an operation)
    leaf        a tensor that the user made (a weight, a batch); no operation made it
    result      a tensor that an operation made
    the graph   the results and leaves that a tensor reaches through the inputs of operations
    active      the positions of those inputs of an operation that required a gradient
    broadcast   NumPy's stretching of axes of length 1, and of missing ones, to fit the other array
    adjoint     of a linear map: the map by which the gradient goes back through it
    released    said of a result whose inputs were let go after its gradient had passed
"""

import threading
from contextlib import contextmanager, nullcontext
from functools import partial
from heapq import heappop, heappush
from itertools import count

import numpy as np

TABLE = {}  # NumPy's function, or a name -> what runs when a Tensor is among its arguments
FLOATS = (np.dtype(np.float64), np.dtype(np.float32))

numbers = count()  # the creation numbers: 0, 1, 2, ...
_observer = None  # the slot that `detect_anomaly` fills


class _Thread(threading.local):
    recording = True  # each thread has its own


thread = _Thread()


def _method(function):
    """A method that is one entry of the table."""
    def method(self, *args, **options): return TABLE[function](self, *args, **options)
    method.__doc__ = f"np.{function.__name__}, with this tensor as its first argument."
    return method


def _operators(function):
    """The two methods of an operator: with this tensor at its left; at its right, as in 2 - t."""
    def left(self, other): return TABLE[function](self, other)
    def right(self, other): return TABLE[function](other, self)
    return left, right


def _comparison(ufunc):
    """An operator that compares values and returns a plain array of booleans."""
    def method(self, other): return ufunc(self._array, array_of(other))
    return method


def _refusal(operator, instead):
    """An operator that would change a tensor in place: it says what to write."""
    def method(self, *_):
        raise TypeError(f"`t {operator}` would change a Tensor in place and falsify its gradients. "
                        f"Write `{instead}` for a new tensor; outside the graph, change `t.data`")
    return method


class Tensor:
    """An array of floats, its gradient, and the way back to what it was computed from.

    Parameters
    ----------
    data : array-like, any shape
        Copied. Lists, integers and booleans become float64; float32 and float64 keep their dtype.
    requires_grad : bool
        Whether `backward` shall find the gradient with respect to this tensor. It is read when an
        operation is recorded.

    Attributes
    ----------
    data : ndarray
        The values. Assigning copies, keeps shape and dtype, and is noticed by `backward`.
    grad : ndarray or None
        The gradient, in the shape and dtype of `data`. In a leaf each backward pass adds to it.

    Raises
    ------
    TypeError
        If `data` is a Tensor already, or holds anything but real numbers.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w * w).sum()
    >>> loss.backward()
    >>> w.grad
    array([2., 4.])
    """

    __slots__ = ("_array", "grad", "requires_grad", "_number",  # every tensor
                 "_op", "_inputs", "_active", "_options",  # how a result was made
                 "__weakref__")

    def __init__(self, data, requires_grad: bool = False):
        if isinstance(data, Tensor):
            raise TypeError("Tensor(tensor) would cut the graph in silence: write tensor.detach()")
        self._array = floats(data)
        self.grad = None
        self.requires_grad = bool(requires_grad)
        self._number = next(numbers)
        self._op = self._inputs = self._active = self._options = None

    # -- values --------------------------------------------------------------------------------

    @property
    def data(self) -> np.ndarray:
        return self._array

    @data.setter
    def data(self, values):
        if self._inputs is not None:
            if values is self._array:  # `t.data -= step` has done it: the graph is not to be used
                self._inputs = self._active = self._options = None
            raise RuntimeError(f"this is the result of {self.op!r} and its graph is alive: new "
                               f"data falsify the gradients. Compute it anew; change leaves only")
        if values is not self._array:  # after `w.data -= step` it is: the array itself was changed
            if isinstance(values, Tensor):
                raise TypeError("`.data` takes an array, not a Tensor: write `t.data = other.data`")
            values = floats(values)
            if values.shape != self.shape:
                raise ValueError(f".data has shape {self.shape} and was given {values.shape}: the "
                                 f"shape stays; make a new Tensor for another one")
            self._array = values.astype(self.dtype, copy=False)
        self._number = next(numbers)  # younger now than all that was computed from the old values

    shape = property(lambda self: self._array.shape, doc="The length of each axis.")
    ndim = property(lambda self: self._array.ndim, doc="The number of axes.")
    size = property(lambda self: self._array.size, doc="The number of values.")
    dtype = property(lambda self: self._array.dtype, doc="float64 or float32.")
    op = property(lambda self: self._op and self._op.name, doc="Name of the operation, or None.")
    parents = property(lambda self: self._inputs or (), doc="The operation's inputs, while alive.")

    def detach(self) -> "Tensor":
        """A new leaf with a copy of the values; no gradient flows back through it."""
        return Tensor(self._array)

    def item(self) -> float:
        """The one value, as a Python float. ValueError if there is not exactly one."""
        if self.size != 1:
            raise ValueError(f"item() needs a tensor of one value; this one has shape {self.shape}")
        return self._array.item()

    # -- gradients -----------------------------------------------------------------------------

    def backward(self, gradient=None, retain_graph: bool = False) -> None:
        """Add d self / d leaf to the `.grad` of every leaf that required a gradient.

        A result that you still hold shows in `.grad` the gradient of the last call.

        Parameters
        ----------
        gradient : array-like, the shape of this tensor, optional
            The gradient that arrives here. A tensor of one value needs none: it is 1.
        retain_graph : bool
            Keep the graph for another pass. By default it is released while it is walked, so
            that the memory of a training step falls as the step goes on.

        Raises
        ------
        RuntimeError
            If nothing required a gradient, if an earlier pass released the graph, or if data was
            changed after an operation had used it. No leaf's `.grad` has changed then.
        ValueError
            If `gradient` is missing though there are several values, or has another shape; or if
            a leaf's `.grad` was set by hand to something of another shape.
        """
        if not self.requires_grad:
            raise RuntimeError("backward() found nothing that requires a gradient: make weights by "
                               "Tensor(..., requires_grad=True); .data, .detach(), no_grad() cut")
        leaves = []
        for tensor, g in _sweep(self, _seed(self, gradient), retain_graph):
            if tensor._op is None:
                leaves.append((tensor, g))
            else:
                tensor.grad = np.asarray(g)
        for leaf, g in leaves:
            if leaf.grad is not None and leaf.grad.shape != g.shape:
                raise ValueError(f"a leaf of shape {g.shape} was given a .grad of shape "
                                 f"{leaf.grad.shape}: set it to None")
        for leaf, g in leaves:  # last, so that an error on the way leaves every leaf as it was
            if leaf.grad is None:
                leaf.grad = np.asarray(g)
            else:
                leaf.grad += g

    # -- NumPy is the vocabulary ---------------------------------------------------------------

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return _look_up(ufunc, "" if method == "__call__" else f".{method}")(*inputs, **options)

    def __array_function__(self, function, types, args, options):
        return _look_up(function)(*args, **options)

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise TypeError("making an array of a Tensor would cut the graph in silence: use "
                            "np.stack to join tensors, t.data for the values alone")
        return np.array(self._array, dtype=dtype)

    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __pow__, __rpow__ = _operators(np.power)
    __matmul__, __rmatmul__ = _operators(np.matmul)
    __neg__, __pos__, __abs__ = _method(np.negative), _method(np.positive), _method(np.absolute)
    exp, log, sqrt, square = map(_method, (np.exp, np.log, np.sqrt, np.square))
    sin, cos, tanh, abs = map(_method, (np.sin, np.cos, np.tanh, np.absolute))
    sum, mean, var, std = map(_method, (np.sum, np.mean, np.var, np.std))
    max, min, prod, cumsum = map(_method, (np.max, np.min, np.prod, np.cumsum))
    clip, ravel, squeeze, swapaxes = map(_method, (np.clip, np.ravel, np.squeeze, np.swapaxes))
    argmax, argmin, argsort, round = map(_method, (np.argmax, np.argmin, np.argsort, np.round))
    T = property(_method(np.transpose), doc="The axes in reverse order.")

    def reshape(self, *shape) -> "Tensor":
        """The values in another shape: t.reshape(2, 3) or t.reshape((2, 3))."""
        return TABLE[np.reshape](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes) -> "Tensor":
        """The axes in another order: t.transpose(1, 0); without arguments, reversed."""
        return TABLE[np.transpose](self, axes=axes[0] if len(axes) == 1 else axes or None)

    def astype(self, dtype) -> "Tensor":
        """The values as float32 or float64; the gradient comes back in the old dtype."""
        return TABLE["astype"](self, dtype=dtype)

    def __getitem__(self, key) -> "Tensor":
        return TABLE["getitem"](self, key=key)

    __lt__, __le__ = _comparison(np.less), _comparison(np.less_equal)
    __gt__, __ge__ = _comparison(np.greater), _comparison(np.greater_equal)
    __eq__, __ne__ = _comparison(np.equal), _comparison(np.not_equal)
    __hash__ = object.__hash__  # by identity: tensors of equal values are different tensors

    __iadd__, __isub__ = _refusal("+= x", "t = t + x"), _refusal("-= x", "t = t - x")
    __imul__, __itruediv__ = _refusal("*= x", "t = t * x"), _refusal("/= x", "t = t / x")
    __ipow__, __imatmul__ = _refusal("**= x", "t = t ** x"), _refusal("@= x", "t = t @ x")
    __setitem__ = _refusal("[i] = v", "np.where(mask, v, t)")

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a tensor without axes is one number: no length, nothing to iterate")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __float__(self):
        if self.requires_grad:
            raise TypeError("float(t) and math.exp(t) would cut the graph in silence: write "
                            "t.item() for the number, np.exp(t) for the function")
        return self.item()

    def __int__(self): return int(float(self))
    def __bool__(self): return bool(self._array)
    def __format__(self, spec): return format(self.item(), spec) if spec else str(self)

    def __repr__(self):
        values = np.array2string(self._array, separator=", ", prefix="Tensor(")
        origin = f", op={self.op}" if self.op else ", requires_grad=True" * self.requires_grad
        return f"Tensor({values}{origin})"

    def __reduce__(self):  # for pickle and copy
        if self._op is not None:
            raise TypeError(f"a result (here of {self.op!r}) cannot be copied with its graph: "
                            f"copy t.detach()")
        return _rebuild, (self._array, self.requires_grad, self.grad)


def _rebuild(data, requires_grad, gradient):
    tensor = Tensor(data, requires_grad)
    tensor.grad = None if gradient is None else np.array(gradient)
    return tensor


def _sweep(output, g, retain_graph, create_graph=False):
    """Walk back from `output`, at which `g` arrives; yield each tensor with its whole gradient.

    For loss = (w * w).sum() with w = [3, 4], numbered w 0, w * w 1, loss 2:

        waiting {2: 1}        take 2: the rule of sum spreads        -> waiting {1: [1, 1]}
        waiting {1: [1, 1]}   take 1: multiply has a rule for each w -> leaves {0: [3, 4] + [3, 4]}
        nothing waits         the leaves are complete                -> w gets [6, 8]

    The rules run on plain arrays, or with `create_graph` on the Tensors themselves, so that what
    they compute is recorded in its turn.
    """
    waiting, leaves = {output._number: (output, g)}, {}
    youngest_first = [-output._number]  # a heap of the numbers in `waiting`
    while youngest_first:
        number = -heappop(youngest_first)
        tensor, g = waiting.pop(number)
        yield tensor, g
        op, inputs, options = tensor._op, tensor._inputs, tensor._options
        if op is None:  # the output is a leaf itself
            break
        if inputs is None:
            raise RuntimeError(f"the graph behind this result of {op.name!r} was released by an "
                               f"earlier backward pass: pass retain_graph=True to that one")
        values = []
        for x in inputs:
            if isinstance(x, Tensor):
                if x._number > number:
                    raise RuntimeError(f"an input of {op.name!r}, of shape {x.shape}, got new .data"
                                       f" after it was used: call backward() first, then update")
                x = x if create_graph else x._array
            values.append(x)
        y = tensor if create_graph else tensor._array
        for i in tensor._active:
            x, data = inputs[i], inputs[i]._array
            rule = partial(op.rules[0], argument=i) if op.variadic else op.rules[i]  # one for all
            if rule is None:
                raise TypeError(f"{op.name!r} has no rule for its argument {i}: pass t.data there")
            contribution = rule(g, y, *values, **options)
            if contribution.shape != data.shape:
                contribution = _unbroadcast(contribution, data.shape, op)
            if contribution.dtype is not data.dtype:
                contribution = contribution.astype(data.dtype)
            arrived = leaves if x._op is None else waiting
            if _observer is not None:
                _observer.backward(tensor, i, g, contribution, arrived.get(x._number, (x, None))[1])
            if x._number in arrived:
                contribution = arrived[x._number][1] + contribution
            elif arrived is waiting:
                heappush(youngest_first, -x._number)
            elif not create_graph and (contribution is g or contribution.base is not None):
                contribution = contribution.copy()  # a leaf's gradient shares its memory with none
            arrived[x._number] = x, contribution
        if not retain_graph:
            tensor._inputs = tensor._active = tensor._options = None
    yield from leaves.values()


def _unbroadcast(g, shape, op):
    """The adjoint of broadcasting: sum over every axis along which `shape` was stretched."""
    if g.ndim == 2 and g.shape[1:] == shape:  # a bias, for speed: a row of ones sums the rows
        return np.dot(np.ones(len(g), g.dtype), g)
    new = g.ndim - len(shape)  # axes that broadcasting put in front
    if new < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[new:], strict=True)):
        raise ValueError(f"a rule of {op.name!r} returned a gradient of shape {g.shape} for an "
                         f"input of shape {shape}: it needs that shape, or one broadcast from it")
    stretched = (i for i in range(new, g.ndim) if shape[i - new] == 1)
    return np.sum(g, axis=(*range(new), *stretched)).reshape(shape)


def _seed(output, gradient):
    """The gradient with which a backward pass begins."""
    if gradient is None and output.size != 1:
        raise ValueError(f"a gradient begins at one number and this tensor has shape "
                         f"{output.shape}: take its mean() or sum(), or pass gradient=")
    gradient = np.ones(output.shape) if gradient is None else floats(array_of(gradient))
    if gradient.shape != output.shape:
        raise ValueError(f"the tensor has shape {output.shape}, the gradient {gradient.shape}: "
                         f"they must be the same")
    return gradient.astype(output.dtype, copy=False)


def grad(output: Tensor, inputs, create_graph: bool = False, retain_graph: bool | None = None,
         unconnected: str = "raise"):
    """The gradient of `output` with respect to `inputs`; no `.grad` is touched.

    Parameters
    ----------
    output : Tensor of one value
    inputs : Tensor, or a list of Tensors
    create_graph : bool
        Return Tensors that can be differentiated again, to any order, instead of plain arrays.
    retain_graph : bool, optional
        Keep the graph of `output` for another pass; follows `create_graph` unless given.
    unconnected : "raise" or "zero"
        What an input means that `output` does not depend on: a mistake, or a gradient of zeros.

    Returns
    -------
    One gradient of the input's shape for one Tensor, a list of them for a list.

    Raises
    ------
    RuntimeError
        As `backward`, or if an input is unconnected.
    ValueError, TypeError
        If `output` has several values, or an argument is not of its kind.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> slope = grad(x ** 3, x, create_graph=True)  # 3 x^2
    >>> grad(slope, x)  # 6 x
    array(18.)
    """
    if unconnected not in ("raise", "zero"):
        raise ValueError(f'unconnected is "raise" or "zero", not {unconnected!r}')
    wanted = list(inputs) if np.iterable(inputs) and not isinstance(inputs, Tensor) else [inputs]
    if not all(isinstance(t, Tensor) for t in (output, *wanted)):
        raise TypeError("grad(output, inputs) takes a Tensor and a Tensor or a list of Tensors")
    retain_graph = create_graph if retain_graph is None else retain_graph
    wrapped = Tensor if create_graph else np.asarray
    seed, missing, found = wrapped(_seed(output, None)), {t._number for t in wanted}, {}
    with _recording(True) if create_graph else nullcontext():
        steps = _sweep(output, seed, retain_graph, create_graph) if output.requires_grad else ()
        for tensor, g in steps:
            if tensor._number in missing:
                missing.remove(tensor._number)
                found[tensor._number] = g
            if not missing:
                break
    if missing and unconnected == "raise":
        raise RuntimeError("grad() found no path from the output to one of the inputs: does it "
                           'require a gradient, was the graph cut? unconnected="zero" gives zeros')
    for t in wanted:
        if t._number in missing:
            found[t._number] = wrapped(np.zeros(t.shape, t.dtype))
    results = [found[t._number] if create_graph else np.array(found[t._number]) for t in wanted]
    return results[0] if isinstance(inputs, Tensor) else results


def no_grad(function=None):
    """Compute without recording: `with no_grad():`, or `@no_grad` before a function."""
    if getattr(function, "__code__", no_grad.__code__).co_flags & 0x2A0:  # generator, coroutine
        raise TypeError("a generator or coroutine runs later: put `with no_grad():` inside it")
    return _recording(False)(function) if function else _recording(False)


@contextmanager
def _recording(on):
    before, thread.recording = thread.recording, on
    try:
        yield
    finally:
        thread.recording = before


def array_of(x):
    """The plain array in a Tensor; anything else as it is."""
    return x._array if isinstance(x, Tensor) else x


def floats(values):
    """A copy of `values` as an array of float64 or float32."""
    array = np.array(values)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
        raise TypeError(f"a Tensor holds real numbers as float32 or float64, not {array.dtype}: "
                        f"convert first, for instance with np.asarray(values, dtype=float)")
    return array.astype(f"f{array.dtype.itemsize}", copy=False)  # in this machine's byte order


def _look_up(function, method=""):
    """The table's entry for a NumPy function that was called on a Tensor."""
    if method or function not in TABLE:
        name = f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}{method}"
        raise TypeError(f"{name} has no derivative rule here. Compose it of functions that have one"
                        f", give it a rule with minigrad.primitive, or call it on t.data")
    return TABLE[function]
