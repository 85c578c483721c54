"""How an answer is checked: run the cases, find the first wrong one, say what it looks like.

A task has an answer of its own (the reference). Every case runs the student's answer and the
reference and compares what they give. If they differ, the answer is compared with the task's known
mistakes: one that does the same in all cases is the diagnosis; one that does the same up to the
first wrong case is a part of it. Otherwise the numbers themselves are looked at: a flipped sign, a
constant factor, a shape, a zero.
"""

import functools
import importlib
import numbers
import re
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import losses
import minigrad
import optim
from minigrad import Tensor

try:
    from ctypes import c_ulong, py_object, pythonapi
except ImportError:  # a Python without it: nothing is ended, as if there were no limit
    pythonapi = None

HERE = Path(__file__).resolve().parent
LIBRARIES = {Path(package.__file__).resolve().parent for package in (minigrad, losses, optim)}
LIMIT = 5.0  # seconds for one run of an answer; a right one needs less than one
ENDLESS = ("Diagnosis: does the loop end? Something that its condition looks at has to change in "
           "it. (A right answer takes less than a second.)")


class Case(NamedTuple):
    """One question to an answer."""

    says: str  # in words: "at w = 3"
    run: Callable  # run(answer) is what is compared: numbers, arrays, Tensors, or dicts of them
    measured: Callable | None = None  # measured() is the finite-difference value, if there is one
    factors: tuple = ()  # pairs (n, "mean or sum?"): factors by which an answer may be off, and why


class Mistake(NamedTuple):
    """A wrong answer that somebody gives sooner or later, and what to say then."""

    answer: Callable
    diagnosis: str


class Task(NamedTuple):
    """One task of an exercise."""

    title: str
    cases: list[Case]
    solution: Any  # the reference
    others: list  # right answers that are written differently: the check must accept them, too
    mistakes: list[Mistake]
    hints: tuple[str, str, str]  # concept, formula, nearly code
    rtol: float = 1e-6


class NotYet(AssertionError):
    """An answer that is not right yet. Jupyter shows its message, without a traceback."""

    def _render_traceback_(self):
        return str(self).split("\n")


class Failed(NamedTuple):
    """What a case gives if the answer raises."""

    error: BaseException


class NeverEnds(BaseException):
    """An answer that ran for LIMIT seconds. No `except Exception` in a loop of its own hides it."""


# -- what a student calls --------------------------------------------------------------------------


def check(name: str, answer) -> None:
    """Say what was checked; or raise NotYet with the first wrong place and a diagnosis.

    >>> check("1.1", lambda w, x, y: 2.0 * np.mean((w * x - y) * x))
    1.1 is right. Checked: the mean of three readings at w = 1; ...
    """
    task = _task(name)
    if callable(task.solution) and not callable(answer):
        raise TypeError(f'check("{name}", ...) is given the function itself, its name without '
                        f"brackets behind it, not {shown(answer)}")
    expected = [outcome(case, task.solution) for case in task.cases]
    got = []
    for case in task.cases:
        got.append(outcome(case, answer, LIMIT))
        if endless(got[-1]):
            raise not_yet(name, task, case, got[-1], None, ENDLESS)
    wrong = [i for i, pair in enumerate(zip(got, expected, strict=True)) if not same(*pair, task)]
    if not wrong:
        print(f"{name} is right. Checked: {'; '.join(case.says for case in task.cases)}.")
        return
    first, cause = wrong[0], diagnosis(task, got, expected, wrong)
    raise not_yet(name, task, task.cases[first], got[first], expected[first], cause)


_asked: dict[str, int] = {}


def hint(name: str) -> None:
    """Print the next of three hints: the concept, the formula, nearly the code."""
    task, kinds = _task(name), ("concept", "formula", "nearly the code")
    k = _asked.get(name, 0)
    _asked[name] = (k + 1) % 3
    print(f"Hint {k + 1} of 3 for {name}, {kinds[k]}:\n\n{task.hints[k]}")


def reference(name: str):
    """A working answer to a task, and a line that says it is not yours."""
    task = _task(name)
    print(f"This is the reference for {name}, not your answer: come back to it later.")
    return task.solution


def working(name: str, answer):
    """`answer` if its check passes, else the reference: so that a picture can always be drawn.

    If it gives Tensors where plain numbers are expected, the numbers are taken out for the picture.
    """
    task, as_tensors = _task(name), False
    for case in task.cases:
        got, expected = outcome(case, answer, LIMIT), outcome(case, task.solution)
        if not same(got, expected, task):
            break
        as_tensors |= any(isinstance(g, Tensor) and not isinstance(e, Tensor)
                          for g, e in leaves(got, expected))
    else:
        return in_numbers(answer) if as_tensors else answer
    print(f"Your {name} is not right yet, so the reference stands in for it here.")
    return task.solution


def in_numbers(answer):
    """`answer`, with plain numbers for the Tensors that it gives, unless it is given Tensors."""
    @functools.wraps(answer)
    def plain_answer(*args, **options):
        found = answer(*args, **options)
        given = [*args, *options.values()]
        return found if any(isinstance(each, Tensor) for each in given) else plain(found)
    return plain_answer


def plain(value):
    """A result without Tensors: their arrays, numbers for those of shape ()."""
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value.data[()] if isinstance(value, Tensor) else value


def tasks() -> dict[str, Task]:
    """All tasks by name, "1.1", "1.2", ..."""
    found = {}
    for path in sorted(HERE.glob("lesson_*.py")):
        lesson = importlib.import_module(f"{__package__}.{path.stem}")
        found |= lesson.TASKS
    return found


def _task(name) -> Task:
    if not isinstance(name, str):
        raise TypeError(f'a task is named by a string, as in check("1.1", answer), not {name!r}')
    found = tasks()
    if name not in found:
        raise ValueError(f"there is no task {name!r}: the tasks are {', '.join(found)}")
    return found[name]


# -- running and comparing -------------------------------------------------------------------------


def outcome(case, answer, limit=None):
    """What a case gives for an answer; an exception is an outcome, too.

    A run that has not ended after `limit` seconds is one of them: NeverEnds.
    """
    def run():
        with np.errstate(all="ignore"):
            return case.run(answer)

    try:
        return run() if limit is None else within(limit, run)
    except (Exception, NeverEnds) as error:
        return Failed(error)


def within(seconds, run):
    """What run() gives; if it has not ended after some seconds, NeverEnds is raised inside it.

    A second thread waits, and asks the interpreter to raise the error in this one: once at most,
    and not when this function is over, for which there is a lock; a request that was not heard in
    time is taken back. Signals are left alone, so that Ctrl-C and "interrupt the kernel" stop a
    loop as always.
    """
    here, me = sys._getframe(), threading.get_ident()
    lock, over = threading.Lock(), False

    def stop():
        with lock:
            frames = set(frames_of(me))
            if not over and here in frames and not any(map(of_a_debugger, frames)):
                pythonapi.PyThreadState_SetAsyncExc(c_ulong(me), py_object(NeverEnds))

    if pythonapi is None:
        return run()
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    try:
        timer.start()
        return run()
    finally:
        with lock:
            over = True
        pythonapi.PyThreadState_SetAsyncExc(c_ulong(me), None)  # what was not heard is taken back
        timer.cancel()
        here = None  # a frame that knows itself would stay in memory


def frames_of(thread):
    """The frames of a thread, from the innermost one on."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        yield frame
        frame = frame.f_back


def of_a_debugger(frame) -> bool:
    """Whether somebody is reading along: then there is no hurry."""
    return frame.f_globals.get("__name__", "").partition(".")[0] in ("bdb", "pydevd", "debugpy")


def endless(outcome) -> bool:
    """Whether a run had to be stopped."""
    return isinstance(outcome, Failed) and isinstance(outcome.error, NeverEnds)


def same(got, expected, task, least=0.0) -> bool:
    """Whether two outcomes are the same for the purposes of a task.

    Differences up to `least` are no difference: rounding, where two wrong answers are compared.
    """
    if isinstance(got, Failed) or isinstance(expected, Failed):
        return (isinstance(got, Failed) and isinstance(expected, Failed)
                and complaint(got.error) == complaint(expected.error))
    if isinstance(expected, dict):
        return (isinstance(got, dict) and got.keys() == expected.keys()
                and all(same(got[key], expected[key], task, least) for key in expected))
    if isinstance(expected, list | tuple) and not _numeric(expected):
        return (isinstance(got, list | tuple) and len(got) == len(expected)
                and all(same(g, e, task, least) for g, e in zip(got, expected, strict=True)))
    if not _numeric(expected):
        return type(got) is type(expected) and bool(np.array_equal(got, expected))
    if not _numeric(got) or (isinstance(expected, Tensor) and not isinstance(got, Tensor)):
        return False
    got, expected = array(got), array(expected)
    if got.shape != expected.shape:
        return False
    scale = np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)
    return np.allclose(got, expected, rtol=task.rtol, equal_nan=True,
                       atol=max(task.rtol * scale or 1e-12, least))


def complaint(error) -> tuple:
    """An error's type and message, without the names and numbers that differ from case to case."""
    return type(error), re.sub(r"""'[^']*'|"[^"]*"|`[^`]*`|\(.*?\)|\d+""", "", str(error))


def fixed(values, dtype=float) -> np.ndarray:
    """An array for the cases, which no answer can change."""
    values = np.array(values, dtype)
    values.flags.writeable = False
    return values


def array(value) -> np.ndarray:
    """The numbers of an outcome."""
    return np.asarray(value.data if isinstance(value, Tensor) else value, dtype=float)


def _numeric(value):
    if isinstance(value, Tensor | numbers.Real):
        return True
    try:
        return np.asarray(value).dtype.kind in "iubf" and np.asarray(value).size > 0
    except (TypeError, ValueError):
        return False


# -- what is said ----------------------------------------------------------------------------------


def not_yet(name, task, case, got, expected, cause) -> NotYet:
    """What a student is told of a wrong answer: the case, what came out there, and the cause."""
    return NotYet("\n".join([
        f"{name}, {task.title}: not yet.", "", f"  case      {case.says}",
        *described(got, expected, case, task), "", f"  {cause}", "",
        f'  hint("{name}") helps on; after that, reference("{name}") lends you an answer.']))


def described(got, expected, case, task) -> list[str]:
    """Got, expected, their shapes where these differ, and the finite-difference value."""
    if isinstance(got, Failed):
        lines = [f"  it had not ended after {LIMIT:g} seconds" if endless(got) else
                 f"  it raised {type(got.error).__name__}: {got.error}"]
        if place := students_line(got.error):
            lines.append(f"  here      {place}")
        return lines
    key = wrong_key(got, expected, task)
    if key is not None:
        got, expected = got.get(key), expected[key]
    of = f" ({key})" if key is not None else ""
    digits = next((n for n in (5, 8, 12) if shown(got, n) != shown(expected, n)), 17)
    lines = [f"  got       {shown(got, digits)}{of}", f"  expected  {shown(expected, digits)}{of}"]
    if _numeric(got) and _numeric(expected) and array(got).shape != array(expected).shape:
        lines.append(f"  shapes    {array(got).shape} and {array(expected).shape}")
    if case.measured is not None:
        measured = case.measured()
        if isinstance(measured, dict) and key is not None:
            measured = measured.get(key)
        if measured is not None:
            lines.append(f"  measured  {shown(measured)} by finite differences")
    return lines


def wrong_key(got, expected, task):
    """Of two dicts, the first key under which they differ; None if they are no dicts."""
    if not isinstance(expected, dict) or not isinstance(got, dict):
        return None
    return next((key for key in expected if key not in got
                 or not same(got[key], expected[key], task)), None)


def shown(value, digits=5) -> str:
    """A value as short text: numbers to five digits, long arrays by their first entries."""
    if isinstance(value, Tensor):
        return f"Tensor {shown(value.data, digits)}"
    if not _numeric(value) or isinstance(value, bool):
        text = repr(value)
        return text if len(text) <= 70 else text[:67] + "..."
    values = np.asarray(value)
    if values.ndim == 0:
        return f"{values[()]:.{digits}g}"
    text = np.array2string(values, precision=digits, threshold=12, edgeitems=3, separator=", ")
    return text.replace("\n", "\n            ")


def students_line(error) -> str:
    """The student's own line at which an exception arose: "line 3 of slope: return x / n".

    Without its text if that is nowhere to be read, as for what is typed into a terminal.
    """
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if theirs(frame.filename)]
    return "".join(f"line {frame.lineno} of {frame.name}{f': {frame.line}' if frame.line else ''}"
                   for frame in own[-1:])


def theirs(filename) -> bool:
    """Whether a file of code may be a student's: no library's, and no module of the exercises'."""
    if filename.startswith("<"):  # "<stdin>", and not what Python and NumPy make for themselves
        return not filename.startswith(("<frozen ", "<__array_function__"))
    path = Path(filename).resolve()
    if path.parent == HERE:
        return path.stem not in ("__init__", "checking", "questions", "release") and (
            not re.fullmatch(r"lesson_\d\d", path.stem))
    return "site-packages" not in path.parts and path.parent not in LIBRARIES


def diagnosis(task, got, expected, wrong) -> str:
    """The likely cause: a known mistake that does the same, or what the numbers look like.

    A mistake that does the same up to the first wrong case, but not in all, is a part of the truth:
    two mistakes at once are common.
    """
    first, part, most = wrong[0], None, 0
    least = [1e-12 * size(each) or 1e-12 for each in expected]
    for mistake in task.mistakes:
        made = [outcome(case, mistake.answer) for case in task.cases]
        alike = [same(mine, other, task, rounding)
                 for mine, other, rounding in zip(got, made, least, strict=True)]
        if all(alike):
            return f"Diagnosis: {mistake.diagnosis}"
        if all(alike[:first + 1]) and sum(alike) > most:
            part, most = mistake, sum(alike)
    if part and not isinstance(got[first], Failed):
        return (f"In this case alone it looks like this: {part.diagnosis}\n"
                "  The other cases do not fit it.")
    found = from_the_numbers(task, got, expected, wrong)
    if found:
        return f"Diagnosis: {found}"
    if not isinstance(got[first], Failed):
        return "No known mistake looks like this."
    where = ", and the line above where" if students_line(got[first].error) else ""
    return f"The error says what happened{where}."


def size(outcome) -> float:
    """The largest finite number in an outcome, without its sign; 0 if there is none."""
    numbers = [array(g) for g, _ in leaves(outcome, outcome) if _numeric(g)]
    return max((np.max(np.abs(n[np.isfinite(n)]), initial=0.0) for n in numbers), default=0.0)


def from_the_numbers(task, got, expected, wrong) -> str:
    """What the wrong results have in common, without knowing how they were computed."""
    first, right = got[wrong[0]], expected[wrong[0]]
    if isinstance(first, Failed):
        if isinstance(first.error, NotImplementedError):
            return "the task is still open: write your answer in place of the raise."
        if "read-only" in str(first.error):
            return "it changes what it was given, in place: compute a new array instead."
        if "truth value of an array" in str(first.error):
            return ("`if`, `and` and max() decide once, and here each entry needs a decision of "
                    "its own: np.where, np.maximum.")
        if "memoryview" in str(first.error):
            return ("`.data` of a plain array is raw memory: only a Tensor has its numbers there. "
                    "Use the array itself.")
        return ""
    key = wrong_key(first, right, task)
    mine, due = (first, right) if key is None else (first.get(key, ()), right[key])
    if mine is None:
        return "it returned nothing (None): is a `return` missing?"
    if isinstance(mine, tuple) and mine and same(mine[0], due, task):
        return ("the right result stands in a tuple: return it alone, without a comma behind it "
                "and without anything else.")
    pairs = [pair for i in wrong for pair in leaves(got[i], expected[i])]
    if any(isinstance(e, Tensor) and not isinstance(g, Tensor) and _numeric(g) for g, e in pairs):
        return ("a plain number came out, not a Tensor: was the graph cut by `.data`, float() or "
                "item()?")
    if any(isinstance(e, Tensor) and isinstance(g, list) and g
           and all(isinstance(each, Tensor) for each in g) for g, e in pairs):
        return "a list of Tensors came out, not one Tensor: np.stack joins them."
    pairs = [(array(g), array(e)) for g, e in pairs if _numeric(g) and _numeric(e)]
    pairs = [(g, e) for g, e in pairs if g.shape != e.shape or not np.allclose(g, e, rtol=task.rtol,
                                                                               atol=1e-12)]
    if not pairs:
        return some_are_right(task, got, wrong)
    said = [about_shapes(g, e) for g, e in pairs if g.shape != e.shape]
    shown_ones = [(array(g), array(e)) for g, e in leaves(first, right)
                  if _numeric(g) and _numeric(e)]
    if said and any(g.shape != e.shape for g, e in shown_ones):
        if len({text.split(":")[0] for text in said}) == 1 or "right" not in said[0]:
            return said[0]  # that numbers are right must hold for all of them
        g, e = next((g, e) for g, e in pairs if g.shape != e.shape)
        return f"the shape is {g.shape} and should be {e.shape}."
    pairs = [(g, e) for g, e in pairs if g.shape == e.shape]
    if not all(np.isfinite(g).all() for g, _ in shown_ones):
        return "nan or inf: look for a division by 0, a log of 0, or an exp that overflows."
    pairs = [(g, e) for g, e in pairs if np.isfinite(g).all()]  # what is seen in later cases waits
    if not pairs:
        return some_are_right(task, got, wrong)
    if all(not g.any() for g, _ in pairs):
        return "zero: is something never added, or was the graph cut by `.data`?"
    several = sum(np.sum(~np.isclose(g, e, rtol=task.rtol)) for g, e in pairs) > 1
    factor = common_factor(pairs)
    if all(np.allclose(g, e, rtol=1e-3, atol=0.0) for g, e in pairs):
        return ("near, and not near enough: is something rounded, a tiny number added, a step too "
                "few made, a slope measured by differences?")
    if factor is not None and (several or len(got) == 1 or known_factor(factor, task, wrong)):
        return about_factor(factor, task.cases[wrong[0]])
    return some_are_right(task, got, wrong)


def some_are_right(task, got, wrong) -> str:
    """Which cases are right and which are not, if some are."""
    if len(wrong) == len(got):
        return ""
    fine = [case.says for i, case in enumerate(task.cases) if i not in wrong]
    bad = [task.cases[i].says for i in wrong]
    return f"right for {'; '.join(fine)}. Wrong for {'; '.join(bad)}. What is different there?"


def leaves(got, expected):
    """Pairs of what was got and expected, out of dicts and lists."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in expected:
            yield from leaves(got.get(key), expected[key])
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple) and (
            not _numeric(expected)) and len(got) == len(expected):
        for g, e in zip(got, expected, strict=True):
            yield from leaves(g, e)
    else:
        yield got, expected


def about_shapes(got, expected) -> str:
    """Why an array may have come out in another shape."""
    if got.size > 1 and expected.ndim == 0 and np.allclose(got, expected):
        return "the number is right, and stands there several times: return it once."
    for name, total in (("sum", np.sum), ("mean", np.mean)):
        if got.size == 1 and expected.size > 1 and got.any() and np.allclose(got, total(expected)):
            return f"this is the {name} of all: one number for each is asked."
        if got.size > 1 and expected.ndim == 0 and np.allclose(total(got), expected):
            return f"this is one number for each: their {name} is asked."
    if got.size > expected.size and got.ndim >= expected.ndim:
        summed = got.sum(axis=tuple(range(got.ndim - expected.ndim)))
        axes = tuple(i for i, n in enumerate(expected.shape) if n == 1 and summed.shape[i] != 1)
        summed = summed.sum(axis=axes, keepdims=True)
        if summed.shape == expected.shape and np.allclose(summed, expected):
            return ("the gradient has the broadcast shape: sum it back over the axes that were "
                    "stretched.")
    if got.size == expected.size and np.allclose(got.ravel(), expected.ravel()):
        return f"the numbers are right and their shape is not: reshape to {expected.shape}."
    if got.ndim == 2 and got.T.shape == expected.shape and np.allclose(got.T, expected):
        return "it is the transpose of what is asked."
    if got.ndim == expected.ndim == 1 and abs(got.size - expected.size) == 1:
        longer, shorter = (got, expected) if got.size > expected.size else (expected, got)
        said = "one too many stands" if longer is got else "one is missing"
        for where, part in (("at the end", longer[:-1]), ("at the start", longer[1:])):
            if shorter.size and np.allclose(shorter, part):
                return f"{said} {where}: all others are right."
    return f"the shape is {got.shape} and should be {expected.shape}."


def common_factor(pairs):
    """The one number by which all results differ from the right ones, if there is one."""
    g, e = (np.concatenate([np.ravel(pair[k]) for pair in pairs]) for k in (0, 1))
    at = np.abs(e).argmax()
    if e[at] == 0.0:
        return None
    factor = g[at] / e[at]
    return factor if np.allclose(g, factor * e, rtol=1e-6, atol=1e-9 * np.abs(g).max()) else None


def known_factor(factor, task, wrong) -> bool:
    """Whether one number that is off is off by its sign or by a factor that the case names."""
    factors = [1.0, *(n for n, _ in task.cases[wrong[0]].factors)]
    return any(np.isclose(abs(factor), value) for n in factors for value in (n, 1.0 / n))


def about_factor(factor, case) -> str:
    """What a constant factor says."""
    for n, name in case.factors:
        for value, where in ((n, "too large"), (1.0 / n, "too small")):
            if np.isclose(abs(factor), value) and n != 1:
                flipped = " and the sign is flipped" if factor < 0 else ""
                return f"off by a factor of {n:g} ({where}){flipped}: {name}"
    if np.isclose(factor, -1.0):
        return "the sign is flipped."
    return f"all results are {factor:.4g} times what they should be: is a constant factor missing?"
