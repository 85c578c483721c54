"""detect_anomaly: where did the first nan come from?

A nan that shows in the loss was made many operations earlier. Inside `with detect_anomaly():` every
operation is watched, forward and backward. The first to make nan or inf where its inputs held none
raises, and names itself, its shapes and the line of your program it was called from. So does one
whose array was changed in place between forward and backward (`w.data[0] = 5`), which the creation
numbers cannot see. Watching costs up to several times the computing: switch it on to search.
"""

import linecache
import sys
import threading
import weakref
from contextlib import contextmanager
from zlib import crc32

import numpy as np

from . import tensor as engine
from .tensor import array_of

OURS = {"minigrad", "losses", "optim", "numpy", "contextlib"}  # whose lines are not the user's


@contextmanager
def detect_anomaly():
    """Watch all operations and backward passes of this thread inside the block.

    Raises
    ------
    FloatingPointError
        At the first operation whose result holds nan or inf though its inputs did not, or whose
        rule makes such a gradient from a finite one.
    RuntimeError
        If a backward pass comes to an array that was changed in place after it was used.

    >>> from minigrad import Tensor
    >>> x = Tensor([0.0, 1.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     np.sqrt(x).sum().backward()
    Traceback (most recent call last):
    FloatingPointError: the gradient of sqrt for its input 0, of shape (2,), holds inf...
    """
    me = threading.get_ident()
    with _lock:
        outermost = me not in _watches
        watch = _watches.setdefault(me, _Watch())  # nested blocks share one memory
        engine._observer = _Switchboard
    try:
        with np.errstate(all="ignore"):  # NumPy's own warnings would come first and say less
            yield
    finally:
        with _lock:
            if outermost:
                del _watches[me]
                watch.records.clear()
            engine._observer = _Switchboard if _watches else None


_watches = {}  # thread -> the watch of its block: threads neither see nor end each other's
_lock = threading.Lock()


class _Switchboard:
    """The observer that the engine calls: it passes the call on to the watch of this thread."""

    @staticmethod
    def forward(*made):
        if watch := _watches.get(threading.get_ident()):
            watch.forward(*made)

    @staticmethod
    def backward(*sent):
        if watch := _watches.get(threading.get_ident()):
            watch.backward(*sent)


class _Watch:
    """What one thread has seen in its block. It is told of each operation and of each rule."""

    def __init__(self):
        self.records = {}  # number of a result -> where it was made, fingerprints of its arrays

    def forward(self, result, op, inputs):
        """Called with each new result, its operation and that operation's inputs."""
        arrays = [array_of(x) for x in inputs]
        where, in_rule = _users_line()
        if not in_rule and _made(result.data, arrays):
            raise FloatingPointError(
                f"{op.name} of shape {' and '.join(str(np.shape(a)) for a in arrays)} gave "
                f"{_broken(result.data)}, which its inputs did not hold; {where}")
        if result.op is not None:
            number, records = result._number, self.records
            gone = weakref.ref(result, lambda _: records.pop(number, None))
            records[number] = where, [_fingerprint(x) for _, x in _used(result)], gone

    def backward(self, result, i, g, contribution, earlier):
        """Called with each contribution that a rule sends from a result to its input i.

        `earlier` is the sum of the contributions that came to this input before, or None.
        """
        where, old, _ = self.records.get(result._number, (BEFORE, None, None))
        arrays = [array_of(x) for x in (*result.parents, result)]
        if old:
            for (which, x), fingerprint in zip(_used(result), old, strict=True):
                if _fingerprint(x) != fingerprint:
                    shape = f", of shape {x.shape}," if isinstance(x, np.ndarray) else ""
                    raise RuntimeError(
                        f"{which} of {result.op}{shape} was changed in place between forward and "
                        f"backward; {where}. Change data after backward(), or give the operation "
                        f"a copy")
        g, contribution = array_of(g), array_of(contribution)
        if not _finite(contribution) and _finite(g):
            already = "" if all(map(_finite, arrays)) else " (its values did so already)"
            raise FloatingPointError(
                f"the gradient of {result.op} for its input {i}, of shape {contribution.shape}, "
                f"holds {_broken(contribution)}{already} though finite numbers arrived; {where}")
        if earlier is not None and all(map(_finite, (contribution, array_of(earlier)))):
            total = array_of(earlier) + contribution
            if not _finite(total):
                raise FloatingPointError(
                    f"gradients meet at input {i} of {result.op}, of shape {contribution.shape}, "
                    f"and their sum holds {_broken(total)}, though each is finite; {where}")


BEFORE = "it was recorded before the block"


def _used(result):
    """Pairs (name, value) of what the derivative of a result is computed from."""
    yield from ((f"input {i}", array_of(x)) for i, x in enumerate(result._inputs))
    yield from result._options.items()  # the key of an index, the bounds of a clip
    yield "the result", result.data


def _users_line():
    """The innermost call that is not this project's own, and whether a rule runs below it."""
    frame, in_rule = sys._getframe(2), False
    while frame.f_back and str(frame.f_globals.get("__name__")).split(".")[0] in OURS:
        in_rule = in_rule or frame.f_code is engine._sweep.__code__
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, line).strip()
    return f"called from {file}, line {line}" + f": {text}" * bool(text), in_rule


def _made(y, xs):
    """Whether `y` holds nan and no x did, or inf and all xs were finite: -inf may be a mask."""
    if all(map(_finite, xs)):
        return not _finite(y)
    return np.isnan(y).any() and not any(np.isnan(x).any() for x in xs if np.ndim(x))


def _finite(x):  # NumPy cannot judge an int of more than 64 bits
    return bool(np.isfinite(x if isinstance(x, np.ndarray) else float(x)).all())


def _broken(x):
    """What is wrong with an array that is not finite, and how often."""
    kinds = {"nan": np.isnan(x).sum(), "inf": np.isinf(x).sum()}
    return " and ".join(f"{kind} ({n} of {np.size(x)})" for kind, n in kinds.items() if n)


def _fingerprint(x):
    """A value that changes when an array changes, or a list, or what they hold."""
    if isinstance(x, np.ndarray):
        return x.shape, x.dtype, crc32(np.ascontiguousarray(x))
    return [*map(_fingerprint, x)] if isinstance(x, (tuple, list)) else repr(x)
