"""Recording: what happens when an operation is called on Tensors.

A `Primitive` is a function on arrays together with its derivative rules. Nothing is built ahead of
time: the graph is what the results remember of the calls that made them.
"""

from functools import partial, wraps

import numpy as np

from . import tensor as engine
from .tensor import FLOATS, TABLE, Tensor, array_of, numbers, thread

CONSTANTS = {np.ndarray, float, int, bool, np.float64, np.float32}  # these are recorded as they are
NO_OPTIONS = {}


class Primitive:
    """An operation: a function on arrays and, for each input, a derivative rule.

    Called on plain arrays it is the plain function. Called with a Tensor among its inputs it
    returns a Tensor, which remembers the call if one of the inputs requires a gradient.
    """

    def __init__(self, forward, rules, name=None):
        self.forward, self.rules = forward, rules
        self.name = self.__name__ = name or getattr(forward, "__name__", repr(forward))
        self.__doc__ = forward.__doc__
        codes = [rule.__code__ for rule in rules if hasattr(rule, "__code__")]
        if not codes or len(codes) < len(rules) - rules.count(None):
            raise TypeError(f"{self.name}: give a rule for each argument, a function or None")
        code = codes[0]
        self.__module__ = next(rule for rule in rules if rule is not None).__module__
        self.variadic = bool(code.co_flags & 0x04)  # the rule has *xs: any number of inputs
        self.arity = None if self.variadic else len(rules)
        first = 2 if self.variadic else 2 + len(rules)  # a rule begins (g, output, inputs ...)
        if any(each.co_argcount < first for each in codes):
            raise TypeError(f"{self.name}: a rule takes g, the output and the {len(rules)} inputs")
        self.positional = code.co_varnames[first:code.co_argcount]  # ... and ends with the options
        self.options = code.co_varnames[first:code.co_argcount + code.co_kwonlyargcount]

    def __repr__(self):
        return f"<primitive {self.name}>"

    def __reduce__(self):  # copied and pickled as functions are: by name, as the same thing
        return self.name

    def __call__(self, *inputs, **options):
        if options or len(inputs) != self.arity:
            inputs, options = self._sort(inputs, options)
        arrays, active, tensors = [], [], False
        for i, x in enumerate(inputs):
            if isinstance(x, Tensor):
                tensors = True
                arrays.append(x._array)
                if x.requires_grad:
                    active.append(i)
            elif type(x) in CONSTANTS:
                arrays.append(x)
            else:  # a list, say: once more, with an array in its place
                return self(*map(_constant, inputs), **options)
        try:
            output = self.forward(*arrays, **options) if options else self.forward(*arrays)
        except ValueError as error:
            raise _explained(error, self.name, arrays) from None
        if not tensors:
            return output
        if type(output) is not np.ndarray:  # NumPy makes scalars of arrays without axes
            output = np.asarray(output)
        if output.dtype not in FLOATS:
            raise TypeError(f"{self.name} would give {output.dtype}, and a Tensor holds float32 or "
                            f"float64: for other types compute with t.data")

        result = Tensor.__new__(Tensor)
        result._array, result._number = output, next(numbers)
        result.grad = result._op = result._inputs = result._active = result._options = None
        result.requires_grad = False
        if active and thread.recording:
            result.requires_grad = True
            result._op, result._inputs = self, inputs
            result._active, result._options = tuple(active), options or NO_OPTIONS
        elif output.base is not None:  # a view: nothing would notice a change of what it shows
            result._array = output.copy()
        if engine._observer is not None:
            engine._observer.forward(result, self, inputs)
        return result

    def _sort(self, inputs, options):
        """Arguments after the inputs become options by name; unknown options are an error."""
        if not self.variadic and len(inputs) != self.arity:
            options = dict(zip(self.positional, inputs[self.arity:], strict=False)) | options
            if not self.arity <= len(inputs) <= self.arity + len(self.positional):
                raise TypeError(f"{self.name} takes {self.arity} input(s) and the options "
                                f"{self.options}; it was given {len(inputs)} arguments")
            inputs = inputs[:self.arity]
        for name, value in options.items():
            if name not in self.options:
                raise TypeError(f"{self.name} on a Tensor takes no {name}=, only {self.options}: "
                                f"convert with t.astype, mask with np.where")
            if isinstance(value, Tensor):
                raise TypeError(f"{self.name}: no gradient flows to {name}=, write t.data there")
        return inputs, options


def derivative(function, *rules, forward=None) -> Primitive:
    """Enter `function` of NumPy into the table, with one rule for each of its array arguments.

    A rule is called as rule(g, output, *inputs, **options) and returns the gradient for its input;
    it may return it in the shape of the output, the engine undoes the broadcast. It runs on arrays,
    and with `create_graph=True` on Tensors: write it with operators and NumPy functions. A rule
    with `*xs` serves any number of inputs and is told by `argument` which one it is for.
    `forward`, if given, computes the values in place of `function`, which may then be a mere name.
    """
    name = function if isinstance(function, str) else function.__name__
    TABLE[function] = Primitive(forward or function, rules, name)
    return TABLE[function]


def primitive(forward, *rules, name: str | None = None) -> Primitive:
    """A new operation of one's own: a function on arrays, and one derivative rule per argument.

    >>> cube = primitive(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    >>> t = Tensor(2.0, requires_grad=True)
    >>> cube(t).backward()
    >>> t.grad
    array(12.)
    """
    new = Primitive(forward, rules, name)
    new.rules = [rule and _careful(rule) for rule in rules]
    return new


def _careful(rule):
    """A rule of the user's: whatever arrays it changes or returns, they are nobody else's."""
    @wraps(rule)
    def careful(g, *rest, **options):
        gradient = rule(g if isinstance(g, Tensor) else np.array(g), *rest, **options)
        return gradient if isinstance(gradient, Tensor) else np.array(gradient)
    return careful


def flat(*functions) -> None:
    """Enter into the table functions whose derivative is 0: on Tensors they give plain arrays."""
    for function in functions:
        TABLE[function] = partial(_flat, function)


def _flat(function, *args, **options):
    if "out" in options or "where" in options:
        raise TypeError(f"{function.__name__} on a Tensor takes no out=, where=: use t.data")
    return function(*map(array_of, args), **{k: array_of(x) for k, x in options.items()})


def _constant(x):
    """`x` as an operation's input: a Tensor or a plain number as it is, all else as an array."""
    if isinstance(x, Tensor) or type(x) in CONSTANTS:
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "iubf":
        raise TypeError(f"a Tensor computes with real numbers, not with {type(x).__name__} {x!r}")
    return array


def _explained(error, name, arrays):
    """NumPy's complaint about shapes, with the operation, all shapes and what to do."""
    if "broadcast together" not in str(error):
        return error
    shapes = " and ".join(str(np.shape(x)) for x in arrays)
    return ValueError(f"{name} of shapes {shapes}: counted from the right, lengths must be equal "
                      f"or 1. Insert an axis with t[:, None], or reshape")
