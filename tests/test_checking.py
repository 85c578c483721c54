"""The check engine of the exercises: what it says to answers that no list of mistakes foresaw."""

import doctest
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from exercises import NotYet, check, checking, hint, reference, tasks, working
from exercises.checking import Case, Mistake, Task, fixed
from notebook_tools import ROOT

from minigrad import Tensor

X = fixed([1.0, -2.0, 3.0])


def doubled(x):
    return 2.0 * x


def doubling(mistakes):
    """A task whose answer doubles an array."""
    cases = [Case("three numbers", lambda answer: answer(X), factors=((3, "sum?"),)),
             Case("one number", lambda answer: answer(fixed([5.0])))]
    return Task("doubling", cases, doubled, [], mistakes, ("first", "second", "third"))


@pytest.fixture
def says(monkeypatch):
    """says(answer): what the check of a small task says; None if it accepts."""
    def ask(answer, task=None, mistakes=()):
        monkeypatch.setattr(checking, "tasks", lambda: {"9.9": task or doubling(list(mistakes))})
        try:
            check("9.9", answer)
        except NotYet as error:
            return str(error)
    return ask


def test_a_right_answer_is_told_what_was_checked(says, capsys):
    assert says(lambda x: x + x) is None
    assert capsys.readouterr().out == "9.9 is right. Checked: three numbers; one number.\n"


def test_a_wrong_answer_is_shown_where_what_and_what_was_expected(says):
    said = says(lambda x: 2.0 * x + (x > 2))
    for line in ("9.9, doubling: not yet.", "  case      three numbers",
                 "  got       [ 2., -4.,  7.]", "  expected  [ 2., -4.,  6.]", 'hint("9.9")'):
        assert line in said
    assert "shapes" not in said, "the shapes are equal and say nothing"


@pytest.mark.parametrize("answer, words", [
    (lambda x: None, "None): is a `return` missing?"),
    (lambda x: -2.0 * x, "the sign is flipped"),
    (lambda x: 6.0 * x, "off by a factor of 3 (too large): sum?"),
    (lambda x: 2.0 * x / 3.0, "off by a factor of 3 (too small): sum?"),
    (lambda x: -6.0 * x, "off by a factor of 3 (too large) and the sign is flipped: sum?"),
    (lambda x: 5.0 * x, "all results are 2.5 times what they should be"),
    (lambda x: 0.0 * x, "zero: is something never added, or was the graph cut"),
    (lambda x: x / 0.0, "nan or inf"),
    (lambda x: 2.0 * x[:, None], "the numbers are right and their shape is not: reshape to (3,)"),
    (lambda x: np.ones((2, 3)) * x, "the gradient has the broadcast shape: sum it back"),
    (lambda x: x[:1], "the shape is (1,) and should be (3,)"),
    (lambda x: 2.0 * x.sum(), "this is the sum of all: one number for each is asked"),
    (lambda x: 2.0 * x.mean(), "this is the mean of all: one number for each is asked"),
    (lambda x: [*(2.0 * x), 7.0], "one too many stands at the end: all others are right"),
    (lambda x: [7.0, *(2.0 * x)], "one too many stands at the start: all others are right"),
    (lambda x: (2.0 * x)[1:] if len(x) > 1 else x, "one is missing at the start"),
    (lambda x: (2.0 * x)[:-1] if len(x) > 1 else x, "one is missing at the end"),
    (lambda x: (2.0 * x,), "the right result stands in a tuple: return it alone"),
    (lambda x: (2.0 * x, x), "the right result stands in a tuple: return it alone"),
    (lambda x: 2.0001 * x, "near, and not near enough"),
    (lambda x: 2.0 * x.data, "`.data` of a plain array is raw memory"),
    (lambda x: (len(x) > 1 or 5) * 2.0 * x[None], "the shape is (1, 3) and should be (3,)"),
    (lambda x: 2.0 * np.abs(x), "right for one number. Wrong for three numbers"),
    (lambda x: "2 x", "No known mistake looks like this"),
    (lambda x: 2.0 * x if x > 0.0 else x, "each entry needs a decision of its own: np.where"),
], ids=["none", "sign", "sum", "mean", "both", "factor", "zero", "inf", "column", "broadcast",
        "short", "sum of all", "mean of all", "end", "start", "no start", "no end", "comma", "two",
        "near", "memory", "right in one case only", "some", "text", "if"])
def test_the_numbers_themselves_give_a_diagnosis(says, answer, words):
    assert words in says(answer)


def one_number(says, answer):
    """What is said of an answer to "add up, and halve"."""
    return says(answer, Task("half the sum", [Case("x", lambda answer: answer(X))],
                             lambda x: 0.5 * x.sum(), [], [], ("a", "b", "c")))


@pytest.mark.parametrize("answer, words", [
    (lambda x: 0.5 * x, "this is one number for each: their sum is asked"),
    (lambda x: 1.5 * x, "this is one number for each: their mean is asked"),
    (lambda x: np.full(4, 0.5 * x.sum()), "the number is right, and stands there several times"),
    (lambda x: 5.0 * x, "the shape is (3,) and should be ()"),
], ids=["sum", "mean", "several times", "neither"])
def test_an_array_in_the_place_of_a_number_is_told_what_is_missing(says, answer, words):
    assert words in one_number(says, answer)


def test_nothing_under_a_name_is_a_missing_return_and_a_missing_name_is_not(says):
    task = Task("both", [Case("x", lambda answer: {"one": 1.0, **answer(X)})],
                lambda x: {"two": 2.0}, [], [], ("a", "b", "c"))
    assert "in a tuple: return it alone" in says(lambda x: {"two": (2.0, x)}, task)
    assert "is a `return` missing?" in says(lambda x: {"two": None}, task)
    assert "is a `return` missing?" not in says(lambda x: {"three": None}, task)


def test_rounding_does_not_hide_a_known_mistake(says):
    """What should be 0 comes out as 1e-17, or as 2e-17 if it is written otherwise."""
    cases = [Case(f"x = {x}", lambda answer, x=x: answer(x)) for x in (1.0, 0.0)]
    task = Task("a number", cases, lambda x: 2.0 * x, [],
                [Mistake(lambda x: 7.0 * x + 1e-17, "seven times")], ("a", "b", "c"))
    assert "Diagnosis: seven times" in says(lambda x: 7.0 * x + 2e-17, task)
    assert says(lambda x: 2.0 * x + 2e-17, task) is None


def test_a_known_mistake_is_told_by_what_it_does_not_by_how_it_is_written(says):
    mistakes = [Mistake(lambda x: x * x, "squared, not doubled"),
                Mistake(lambda x: x + 2, "added 2")]
    assert "Diagnosis: squared, not doubled" in says(lambda x: np.power(x, 2), mistakes=mistakes)
    assert "Diagnosis: added 2" in says(lambda x: [v + 2.0 for v in x], mistakes=mistakes)


def test_an_exception_is_shown_with_its_line_and_not_swallowed(says):
    def answer(x):
        total = x.sum()
        return total / undefined  # noqa: F821

    said = says(answer)
    assert "it raised NameError: name 'undefined' is not defined" in said
    assert "of answer: return total / undefined" in said


def test_an_exception_deep_in_numpy_is_shown_at_the_students_own_line(says):
    def answer(x):
        return np.linalg.inv(x)

    assert "of answer: return np.linalg.inv(x)" in says(answer)


def test_a_mistake_that_raises_is_known_by_its_kind_of_error(says):
    mistakes = [Mistake(lambda x: x["a"], "an array has no names")]
    assert "an array has no names" in says(lambda x: x["b"], mistakes=mistakes)


def test_errors_of_one_kind_with_other_messages_are_other_mistakes(says):
    mistakes = [Mistake(lambda x: x + None, "None cannot be added")]
    assert "None cannot be added" in says(lambda x: x + None, mistakes=mistakes)
    assert "None cannot be added" not in says(lambda x, y: x, mistakes=mistakes)


def test_one_wrong_number_is_not_called_a_factor_unless_it_is_a_known_one(says):
    task = Task("a number", [Case(f"x = {x}", lambda answer, x=x: answer(x), factors=((4, "why"),))
                             for x in (1.0, 2.0)], doubled, [], [], ("a", "b", "c"))
    assert "times what they should be" not in says(lambda x: x + 1.0 if x == 2.0 else 3.3, task)
    assert "off by a factor of 4 (too large): why" in says(lambda x: 8.0 if x == 1.0 else 4.0, task)
    assert "the sign is flipped" in says(lambda x: 2.0 if x == 1.0 else -4.0, task)


def test_a_list_of_tensors_is_told_to_be_stacked(says):
    task = Task("a Tensor", [Case("x", lambda answer: answer(Tensor(X, requires_grad=True)))],
                doubled, [], [], ("first", "second", "third"))
    assert "np.stack joins them" in says(lambda x: [2.0 * x[i] for i in range(3)], task)


def test_a_measured_value_is_shown_for_the_part_that_is_wrong(says):
    case = Case("x", lambda answer: answer(X), measured=lambda: {"gradient": 2.0})
    task = Task("both", [case], lambda x: {"value": 1.0, "gradient": 2.0}, [], [], ("a", "b", "c"))
    assert "measured  2 by finite" in says(lambda x: {"value": 1.0, "gradient": 3.0}, task)
    assert "measured" not in says(lambda x: {"value": 3.0, "gradient": 2.0}, task)


def test_an_answer_cannot_change_the_cases(says):
    def answer(x):
        x *= 2.0
        return x

    assert "it changes what it was given, in place" in says(answer)
    assert np.array_equal(X, [1.0, -2.0, 3.0])


def test_a_graph_that_was_cut_is_noticed(says):
    task = Task("a Tensor", [Case("x", lambda answer: answer(Tensor(X, requires_grad=True)))],
                doubled, [], [], ("first", "second", "third"))
    assert says(lambda x: x + x, task) is None
    assert "was the graph cut by `.data`" in says(lambda x: 2.0 * x.data, task)


def test_of_several_results_the_first_wrong_one_is_shown(says):
    task = Task("both", [Case("x", lambda answer: answer(X))],
                lambda x: {"value": x.sum(), "gradient": 2.0 * x}, [], [], ("a", "b", "c"))
    said = says(lambda x: {"value": x.sum(), "gradient": -2.0 * x}, task)
    assert "got       [-2.,  4., -6.] (gradient)" in said and "the sign is flipped" in said
    assert says(lambda x: {"value": x.sum()}, task) is not None
    assert "expected" in says(lambda x: x.sum(), task)


def test_tolerance_is_relative_to_the_size_of_the_result(says):
    task = Task("tiny", [Case("x", lambda answer: answer())], lambda: 1e-9, [], [], ("a", "b", "c"))
    assert says(lambda: 1e-9 * (1 + 1e-8), task) is None
    assert says(lambda: 1.001e-9, task) is not None


@pytest.mark.parametrize("name", ["0.1", "1.99", "one", ""])
def test_a_task_that_does_not_exist_is_refused_with_those_that_do(name):
    for function in (hint, reference, lambda name: check(name, 1), lambda name: working(name, 1)):
        with pytest.raises(ValueError, match=f"there is no task '{name}': the tasks are 1.1, 1.2"):
            function(name)


def test_a_number_in_place_of_a_name_is_refused():
    with pytest.raises(TypeError, match=r'as in check\("1.1", answer\), not 1.1'):
        check(1.1, abs)


@pytest.mark.parametrize("answer, said", [(None, "not None"), (3.0, "not 3"), ("f", "not 'f'")])
def test_the_result_of_a_function_in_its_place_is_refused(answer, said):
    with pytest.raises(TypeError, match=rf"the function itself, its name without .*{said}$"):
        check("1.1", answer)


def test_jupyter_shows_the_message_alone():
    assert NotYet("first\nsecond")._render_traceback_() == ["first", "second"]


def test_it_works_from_any_folder_in_a_plain_terminal(tmp_path):
    code = ("from exercises import check, hint; hint('1.1')\n"
            "check('1.1', lambda w, x, y: 2 * ((w * x - y) * x).mean())\n"
            "check('1.1', lambda w, x, y: w)")
    path = os.pathsep.join(map(str, [ROOT, ROOT / "notebooks"]))
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
                         encoding="utf-8")
    assert run.stdout.startswith("Hint 1 of 3 for 1.1, concept:") and "1.1 is right" in run.stdout
    assert "1.1, the slope of the cost: not yet." in run.stderr and run.returncode == 1


def test_the_examples_in_the_docstrings_are_true():
    result = doctest.testmod(checking, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0


def test_two_empty_results_are_equal(says):
    case = Case("x", lambda answer: answer(X))
    task = Task("none", [case], lambda x: x[:0], [], [], ("", "", ""))
    assert says(lambda x: x[3:], task) is None
    assert "expected  array([]" in says(lambda x: x, task)


# -- answers that do not end -----------------------------------------------------------------------


def endless(x):
    while x.size:
        np.sum(x)
    return x


def test_a_loop_without_end_is_stopped_and_shown(says, monkeypatch):
    monkeypatch.setattr(checking, "LIMIT", 0.2)
    begin = time.perf_counter()
    said = says(endless)
    assert time.perf_counter() - begin < 2.0, "the first run that does not end is the last one"
    assert "it had not ended after 0.2 seconds" in said and "does the loop end?" in said
    assert " of endless: " in said and "case      three numbers" in said
    assert said.endswith('reference("9.9") lends you an answer.')


def test_a_loop_that_hides_its_errors_is_stopped_as_well(says, monkeypatch):
    def answer(x):
        while True:
            try:
                x["a"]
            except Exception:
                pass

    monkeypatch.setattr(checking, "LIMIT", 0.2)
    assert "does the loop end?" in says(answer)


def test_what_never_ends_does_not_keep_a_picture_waiting(monkeypatch, capsys):
    monkeypatch.setattr(checking, "LIMIT", 0.2)
    monkeypatch.setattr(checking, "tasks", lambda: {"9.9": doubling([])})
    assert working("9.9", endless) is doubled
    assert "so the reference stands in" in capsys.readouterr().out


def test_ctrl_c_still_stops_an_answer(says):
    def answer(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        says(answer)


@pytest.fixture
def quick_switches():
    """Threads take turns every 10 µs, so that the timer is not late."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def test_no_stop_arrives_after_the_answer_has_ended(quick_switches):
    """Runs that end just when they would be stopped: all of it is heard inside, or never."""
    def busy(seconds):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass

    for k in range(300):
        try:
            checking.within(0.002, lambda k=k: busy(0.0019 + 1e-6 * k))
        except checking.NeverEnds:
            pass
        busy(2e-4)  # here a late one would be heard
    busy(0.02)


def test_in_another_thread_the_limit_holds_there_and_not_here():
    heard = []

    def run():
        try:
            checking.within(0.1, lambda: endless(X))
        except checking.NeverEnds as error:
            heard.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5.0)
    assert len(heard) == 1


def test_whoever_reads_along_in_a_debugger_is_not_hurried(says, monkeypatch):
    scope = {"__name__": "bdb", "time": time}
    exec("def wait():\n    until = time.perf_counter() + 0.3\n"
         "    while time.perf_counter() < until:\n        pass", scope)

    def answer(x):
        scope["wait"]()
        return 2.0 * x

    monkeypatch.setattr(checking, "LIMIT", 0.1)
    assert says(answer) is None


def test_without_ctypes_there_is_no_limit_and_no_error(says, monkeypatch):
    monkeypatch.setattr(checking, "pythonapi", None)
    assert says(doubled) is None


# -- the student's line, the digits, the numbers for the pictures ----------------------------------


def line_in(tmp_path, *arguments, code):
    path = os.pathsep.join(map(str, [ROOT, ROOT / "notebooks"]))
    run = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
                         encoding="utf-8", input=code)
    return run.stderr


ASKED = """from exercises import check
def slope(w, x, y):
    n = len(x)
    return missing / n

check("1.1", slope)
"""


def test_code_without_a_file_is_shown_by_its_number(tmp_path):
    assert "here      line 4 of slope" in line_in(tmp_path, "-c", ASKED, code="")
    assert "here      line 3 of slope" in line_in(tmp_path, "-i", code=ASKED)


def test_a_file_beside_the_exercises_is_a_students():
    folder = checking.HERE
    for name in ("mine.py", "lesson_1.py", "my_lesson_01.py", "01_one_weight.py"):
        assert checking.theirs(str(folder / name)), name
    for name in ("checking.py", "questions.py", "release.py", "__init__.py", "lesson_01.py"):
        assert not checking.theirs(str(folder / name)), name
    for module in (np, np.linalg.linalg if hasattr(np.linalg, "linalg") else np.linalg, checking):
        assert not checking.theirs(module.__file__)
    assert checking.theirs("<stdin>") and checking.theirs("<string>")
    assert not checking.theirs("<frozen importlib._bootstrap>")


def test_numbers_that_differ_late_are_shown_with_more_digits(says):
    said = says(lambda x: 2.0 * x + 1e-5)
    assert "got       [ 2.00001, -3.99999,  6.00001]" in said
    said = one_number(says, lambda x: 1.00001)
    assert "got       1.00001" in said and "expected  1\n" in said


def in_tensors(x):
    return Tensor(2.0 * x, requires_grad=True)


def test_a_picture_gets_numbers_for_tensors_where_numbers_are_asked(monkeypatch):
    monkeypatch.setattr(checking, "tasks", lambda: {"9.9": doubling([])})
    found = working("9.9", in_tensors)(X)
    assert type(found) is np.ndarray and np.array_equal(found, 2.0 * X)
    assert working("9.9", doubled) is doubled
    x = Tensor(X, requires_grad=True)
    assert isinstance(working("9.9", lambda x: Tensor(2.0) * x)(x), Tensor), "its graph is kept"
    assert type(checking.plain((Tensor(2.0), {"a": [Tensor([1.0])]}))[0]) is np.float64


def test_a_diagnosis_that_fits_one_case_does_not_speak_for_the_others(says):
    said = says(lambda x: x * x if len(x) > 1 else 0.0 * x,
                mistakes=[Mistake(lambda x: x * x, "squared, not doubled")])
    assert "In this case alone it looks like this: squared, not doubled" in said
    assert "The other cases do not fit it." in said


# -- what an answer is given is its own ------------------------------------------------------------


def destroyed(value):
    """Empties what can be emptied, and overwrites what can be overwritten."""
    if isinstance(value, tuple | list):
        for each in list(value):
            destroyed(each)
        if isinstance(value, list):
            value.clear()
    elif isinstance(value, dict):
        for each in list(value.values()):
            destroyed(each)
        value.clear()
    elif isinstance(value, Tensor):
        destroyed(value.data)
    elif isinstance(value, np.ndarray) and value.flags.writeable:
        value[...] = 0


@pytest.mark.parametrize("name", tasks())
def test_an_answer_that_destroys_what_it_is_given_leaves_the_cases_as_they_were(name):
    def answer(*args, **options):
        destroyed(args)
        destroyed(options)

    task = tasks()[name]
    before = [checking.outcome(case, task.solution) for case in task.cases]
    for case in task.cases:
        checking.outcome(case, answer)
    after = [checking.outcome(case, task.solution) for case in task.cases]
    assert all(checking.same(*pair, task) for pair in zip(after, before, strict=True))
