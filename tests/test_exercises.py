"""The classroom exercises: every check accepts what is right and knows what is wrong.

What holds for each lesson: its tasks (notebooks/exercises/lesson_NN.py), the teacher's notebook
(source/NN_name.ipynb) and the one that is released (NN_name.ipynb).
"""

import re
import warnings

import exercises
import nbformat
import numpy as np
import pytest
from exercises import NotYet, check, release, tasks
from matplotlib import pyplot
from notebook_tools import (NOTEBOOKS, ROOT, code_cells, executed, introduced, plain, read, text_of,
                            used)

from minigrad import Tensor

FOLDER = ROOT / "notebooks" / "exercises"
SOURCES = sorted((FOLDER / "source").glob("*.ipynb"))
TASKS = tasks()
RIGHT = [pytest.param(name, answer, id=f"{name}-{k}") for name, task in TASKS.items()
         for k, answer in enumerate([task.solution, *task.others])]
WRONG = [pytest.param(name, mistake, id=f"{name}-{k}") for name, task in TASKS.items()
         for k, mistake in enumerate(task.mistakes)]

every_task = pytest.mark.parametrize("name", TASKS)
every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def of_lesson(path):
    """The names of the tasks of a lesson's notebook."""
    return [name for name in TASKS if int(name.split(".")[0]) == int(path.stem[:2])]


def grade_ids(notebook, kind):
    """The tasks whose cells of a kind, "answer" or "check", a notebook has, in order."""
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in code_cells(notebook)]
    return [".".join(i.split("-")[1:]) for i in ids if i.startswith(kind)]


# -- the checks, by mutation -----------------------------------------------------------------------


@pytest.mark.parametrize("name, answer", RIGHT)
def test_a_right_answer_is_accepted_however_it_is_written(name, answer, capsys):
    check(name, answer)
    assert capsys.readouterr().out.startswith(f"{name} is right. Checked: ")


@pytest.mark.parametrize("name, mistake", WRONG)
def test_a_known_mistake_is_rejected_with_its_diagnosis(name, mistake):
    with pytest.raises(NotYet) as caught:
        check(name, mistake.answer)
    said = str(caught.value)
    assert f"Diagnosis: {mistake.diagnosis}" in said
    got, _, rest = said.partition("\n  got ")[2].partition("\n  expected ")
    expected = re.split(r"\n  (?:shapes|measured) |\n\n", rest)[0]
    assert not got or got.split() != expected.split(), "a difference that is not to be seen"


@every_task
def test_a_task_has_mistakes_right_answers_and_hints_enough(name):
    task = TASKS[name]
    assert len(task.mistakes) >= 3, "at least three known wrong answers"
    assert len(task.others) >= 2, "at least two right answers beside the reference"
    assert len({mistake.diagnosis for mistake in task.mistakes}) == len(task.mistakes)
    assert len(set(task.hints)) == 3 and all(len(hint) > 20 for hint in task.hints)
    assert len(task.cases) >= 3 and len({case.says for case in task.cases}) == len(task.cases)


@every_task
def test_an_open_task_is_told_apart_from_a_wrong_one(name):
    def unanswered(*args, **options):
        raise NotImplementedError(f"Exercise {name}")

    with pytest.raises(NotYet, match="the task is still open"):
        check(name, unanswered)


@every_task
def test_hints_and_reference_are_for_everyone(name, capsys):
    for k in (1, 2, 3, 1):
        exercises.hint(name)
        assert capsys.readouterr().out.startswith(f"Hint {k} of 3 for {name}")
    exercises.checking._asked.clear()
    check(name, exercises.reference(name))
    assert "not your answer" in capsys.readouterr().out
    assert exercises.working(name, lambda *args: None) is TASKS[name].solution


# -- the notebooks ---------------------------------------------------------------------------------


def test_every_tutorial_up_to_ten_has_its_exercise_and_nothing_is_left_over():
    tutorials = {path.stem for path in NOTEBOOKS if int(path.stem[:2]) <= 10}
    assert {path.stem for path in SOURCES} == tutorials
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == tutorials
    assert {path.stem for path in FOLDER.glob("lesson_*.py")} == {
        f"lesson_{stem[:2]}" for stem in tutorials}


def test_the_released_notebooks_are_current(capsys):
    assert release.main(["--check"]) == 0, capsys.readouterr().out


@every_source
def test_every_task_is_asked_answered_and_checked_once_in_order(path):
    notebook, names = read(path), of_lesson(path)
    assert 3 <= len(names) <= 5
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [number for number, _ in release.HEADING.findall(text)] == names
    assert grade_ids(notebook, "answer") == names and grade_ids(notebook, "check") == names
    for cell in code_cells(notebook):
        kind = cell.metadata.get("nbgrader", {}).get("grade_id", "").partition("-")[0]
        assert ("### BEGIN SOLUTION" in cell.source) == (kind == "answer"), cell.source
        assert ("### BEGIN HIDDEN TESTS" in cell.source) == (kind == "check"), cell.source
        solution = re.search(r"### BEGIN SOLUTION\n(.*)### END", cell.source, flags=re.DOTALL)
        if solution:
            assert len(solution[1].strip().splitlines()) <= 10, f"too long a task:\n{cell.source}"


@every_source
def test_no_solution_and_no_hidden_test_is_released(path):
    student = "\n".join(cell.source for cell in code_cells(read(FOLDER / path.name)))
    for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN"):
        assert word not in student
    for cell in code_cells(read(path)):
        for kind in ("SOLUTION", "HIDDEN TESTS"):
            for secret in re.findall(rf"### BEGIN {kind}\n(.*?)### END", cell.source, re.DOTALL):
                for line in filter(lambda line: len(line) > 12, map(str.strip, secret.split("\n"))):
                    assert line not in student, f"released: {line}"
    for name in of_lesson(path):
        assert f'raise NotImplementedError("Exercise {name}: ' in student


@every_source
def test_an_exercise_uses_only_names_that_its_tutorial_or_an_earlier_one_introduces(path):
    known = {name for other in NOTEBOOKS if other.name <= path.name
             for name in introduced(read(other)) or []}
    unknown = used(read(path)) - known
    assert not unknown, f"{path.name} uses {sorted(unknown)}, which no tutorial has introduced"


@every_source
def test_the_teachers_notebook_passes_from_top_to_bottom(path, tmp_path, font_cache):
    notebook = executed(path, tmp_path)
    said = "\n".join(map(text_of, code_cells(notebook)))
    for name in of_lesson(path):
        assert f"{name} is right" in said
    assert "the reference stands in" not in said


@every_source
def test_the_released_notebook_fails_only_at_its_open_tasks(path, tmp_path, font_cache):
    notebook = executed(FOLDER / path.name, tmp_path, allow_errors=True)
    failed = []
    for cell in code_cells(notebook):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors:
            failed.append(cell.metadata.get("nbgrader", {}).get("grade_id"))
            assert "the task is still open" in plain(errors[0]["evalue"]), (
                f"{cell.source}\n{plain(errors[0]['evalue'])}")
    assert failed == [f"check-{name.replace('.', '-')}" for name in of_lesson(path)]


@pytest.mark.parametrize("form", ["lists", "Tensors", "Tensors that require a gradient"])
@every_source
def test_what_is_accepted_reaches_the_pictures_in_every_form(path, form, monkeypatch,
                                                             pyplot_untouched):
    monkeypatch.setattr(pyplot, "show", lambda: None)
    notebook, scope = read(FOLDER / path.name), {}
    with pyplot.rc_context(), np.errstate():
        for cell in code_cells(notebook):
            kind, _, number = cell.metadata.get("nbgrader", {}).get("grade_id", "").partition("-")
            if kind == "check":
                name = number.replace("-", ".")
                scope[re.search(r", (\w+)\)", cell.source)[1]] = in_form(form, name)
            elif kind == "answer":  # what stands around the answer belongs to the pictures
                exec(cell.source, scope)
            else:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    exec(cell.source, scope)
        pyplot.close("all")


def in_form(form, name):
    """The reference's results as plain lists, or as Tensors, if the check accepts that."""
    solution = TASKS[name].solution

    def formed(value):
        if isinstance(value, tuple | list):
            return [formed(each) for each in value]
        if form == "lists":
            return value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(value, np.ndarray | float) and np.asarray(value).dtype.kind == "f":
            return Tensor(value, requires_grad=form != "Tensors")
        return value

    def answer(*args, **options):
        return formed(solution(*args, **options))

    try:
        check(name, answer)
    except NotYet:
        return solution
    return answer


@every_source
def test_the_teachers_page_quotes_what_the_checks_say(path):
    page = (FOLDER / "teachers" / f"{path.stem}.md").read_text(encoding="utf-8")
    said = "\n".join(mistake.diagnosis for name in of_lesson(path)
                     for mistake in TASKS[name].mistakes)
    rows = page.partition("| shows in |")[2].partition("\n## ")[0].splitlines()
    quotes = [quote for row in rows for quote in re.findall(r'"([^"]+)"', row.rsplit(" | ", 1)[-1])]
    assert quotes
    assert [quote for quote in quotes if quote not in said] == []


@every_source
def test_the_plans_of_a_teachers_page_fill_90_and_45_minutes(path):
    page = (FOLDER / "teachers" / f"{path.stem}.md").read_text(encoding="utf-8")
    long = page.partition("## 90 minutes\n")[2].partition("\n## ")[0]
    ends = [(int(begin), int(end)) for begin, end in re.findall(r"^\| (\d+)–(\d+) \|", long, re.M)]
    assert [0, *(end for _, end in ends)] == [*(begin for begin, _ in ends), 90]
    short = page.partition("## 45 minutes\n")[2].partition("\n## ")[0]
    assert sum(map(int, re.findall(r"\((\d+)(?: minutes)?\)", short))) == 45


@every_source
def test_source_and_release_are_valid_notebooks_without_outputs(path):
    for notebook in (read(path), read(FOLDER / path.name)):
        nbformat.validate(notebook)
        assert all(not cell.outputs and cell.execution_count is None
                   for cell in code_cells(notebook))
        assert notebook.metadata.kernelspec.name == "python3"
        ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells
               if "nbgrader" in cell.metadata]
        assert len(set(ids)) == len(ids)
