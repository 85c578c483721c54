"""detect_anomaly: where did the first nan come from?

A nan that shows in the loss was made many operations earlier. Inside `with detect_anomaly():` every
operation is watched, forward and backward. The first one to make nan or inf out of finite numbers
raises, and names itself, its shapes and the line of your program it was called from. So does one
whose array was changed in place between forward and backward (`w.data[0] = 5`), which the creation
numbers cannot see. Watching costs several times the computing itself: switch it on to search.
"""

import linecache
import sys
import threading
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

    >>> x = engine.Tensor([0.0, 1.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     np.sqrt(x).sum().backward()
    Traceback (most recent call last):
    FloatingPointError: the gradient of sqrt for its input 0, of shape (2,), holds inf...
    """
    before = engine._observer
    engine._observer = _Watch()
    try:
        with np.errstate(all="ignore"):  # NumPy's own warnings would come first and say less
            yield
    finally:
        engine._observer = before


class _Watch:
    """The observer that the engine calls after each operation and after each rule."""

    def __init__(self):
        self.thread = threading.get_ident()
        self.records = {}  # number of a result -> where it was made, fingerprints of its arrays

    def forward(self, result, op, inputs):
        """Called with each new result, its operation and that operation's inputs."""
        if self.thread != threading.get_ident():
            return
        arrays = [array_of(x) for x in inputs]
        where = _users_line()
        if not _finite(result.data) and all(map(_finite, arrays)):
            raise FloatingPointError(
                f"{op.name} of shape {' and '.join(str(np.shape(a)) for a in arrays)} gave "
                f"{_broken(result.data)} out of finite numbers; {where}")
        if result.op is not None:
            self.records[result._number] = where, [*map(_fingerprint, arrays),
                                                   _fingerprint(result.data)]

    def backward(self, result, i, g, contribution):
        """Called with each contribution that a rule sends from a result to its input i."""
        if self.thread != threading.get_ident():
            return
        where, old = self.records.get(result._number, ("it was recorded before the block", None))
        arrays = [array_of(x) for x in (*result.parents, result)]
        if old:
            for k, (array, fingerprint) in enumerate(zip(arrays, old, strict=True)):
                if _fingerprint(array) != fingerprint:
                    which = "the result" if k == len(old) - 1 else f"input {k}"
                    raise RuntimeError(
                        f"{which} of {result.op}, of shape {np.shape(array)}, was changed in place "
                        f"between forward and backward; {where}. Change data after backward(), or "
                        f"give the operation a copy")
        g, contribution = array_of(g), array_of(contribution)
        if not _finite(contribution) and _finite(g):
            already = "" if all(map(_finite, arrays)) else " (its values did so already)"
            raise FloatingPointError(
                f"the gradient of {result.op} for its input {i}, of shape {contribution.shape}, "
                f"holds {_broken(contribution)}{already} though finite numbers arrived; {where}")


def _users_line():
    """The file, line and text of the innermost call that is not this project's own."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in OURS:
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"called from {file}, line {line}: {linecache.getline(file, line).strip()}"


def _finite(x):
    return x is None or bool(np.isfinite(x).all())


def _broken(x):
    """What is wrong with an array that is not finite, and how often."""
    kinds = {"nan": np.isnan(x).sum(), "inf": np.isinf(x).sum()}
    return " and ".join(f"{kind} ({n} of {np.size(x)})" for kind, n in kinds.items() if n)


def _fingerprint(x):
    """A number that changes when the values of an array change."""
    return crc32(np.ascontiguousarray(x)) if isinstance(x, np.ndarray) else None
