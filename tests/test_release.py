"""release.py: what a student gets of a teacher's notebook, and what it refuses."""

import ast
import json
import sys
from pathlib import Path

import pytest
from exercises import release

MARKDOWN = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [
    "# Exercise 03\n", "\n", "## Task 3.1: doubling \"it\"\n"]}
ANSWER = {"cell_type": "code", "id": "b", "metadata": {"nbgrader": {"solution": True}}, "outputs": [
    {"output_type": "stream"}], "execution_count": 7, "source": [
    "def f(x):\n", "    ### BEGIN SOLUTION\n", "    y = 2 * x\n", "\n", "    return y\n",
    "    ### END SOLUTION\n"]}
CHECK = {"cell_type": "code", "id": "c", "metadata": {}, "outputs": [], "execution_count": None,
         "source": ["check('3.1', f)\n", "### BEGIN HIDDEN TESTS\n", "assert f(2) == 4\n",
                    "### END HIDDEN TESTS"]}
HIDDEN = CHECK | {"id": "d", "source": CHECK["source"][1:]}
NOTEBOOK = {"cells": [MARKDOWN, ANSWER, CHECK, HIDDEN], "metadata": {}, "nbformat": 4,
            "nbformat_minor": 5}


def test_a_solution_becomes_an_error_that_names_its_task():
    cells = release.released(NOTEBOOK)["cells"]
    assert "".join(cells[1]["source"]) == (
        'def f(x):\n    raise NotImplementedError("Exercise 3.1: doubling \\"it\\"")')
    assert cells[1]["outputs"] == [] and cells[1]["execution_count"] is None
    assert cells[1]["metadata"] == ANSWER["metadata"], "nbgrader needs it"


def test_hidden_tests_go_and_so_does_a_cell_that_held_nothing_else():
    cells = release.released(NOTEBOOK)["cells"]
    assert "".join(cells[2]["source"]) == "check('3.1', f)" and len(cells) == 3


def test_the_teachers_notebook_itself_is_left_alone():
    before = json.dumps(NOTEBOOK)
    release.released(NOTEBOOK)
    assert json.dumps(NOTEBOOK) == before


@pytest.mark.parametrize("lines, words", [
    (["### BEGIN SOLUTION"], "without an END"),
    (["### END SOLUTION"], "without a BEGIN"),
    (["### BEGIN SOLUTION", "### BEGIN SOLUTION", "### END SOLUTION"], "twice"),
    (["### BEGIN HIDDEN TESTS"], "without an END"),
])
def test_a_region_that_is_not_closed_is_an_error_and_not_a_leak(lines, words):
    cell = ANSWER | {"source": [line + "\n" for line in lines]}
    with pytest.raises(ValueError, match=words):
        release.released(NOTEBOOK | {"cells": [MARKDOWN, cell]})


@pytest.mark.parametrize("cell, lines", [
    (MARKDOWN, ["### BEGIN SOLUTION", "42", "### END SOLUTION"]),
    (ANSWER, ["## BEGIN SOLUTION", "y = 42", "## END SOLUTION"]),
    (ANSWER, ["### begin solution", "y = 42", "### end solution"]),
    (CHECK, ["### BEGIN HIDDEN TEST", "assert f(2) == 4"]),
    (CHECK, ["### BEGIN SOLUTON", "y = 42", "### END SOLUTON"]),
    (CHECK, ["### BEGINN SOLUTION", "y = 42", "### ENDE SOLUTION"]),
    (CHECK, ["### BEGIN-SOLUTION", "y = 42", "### END-SOLUTION"]),
    (CHECK, ["### BEGIN\tSOLUTION", "y = 42", "### END\tSOLUTION"]),
    (CHECK, ["    ###BEGIN_SOLUTION", "    y = 42", "    ###END_SOLUTION"]),
    (CHECK, ["### BEGN SOLUTION", "y = 42", "### EDN SOLUTION"]),
    (CHECK, ["### BEGIN HIDEN TESTS", "assert f(2) == 4", "### END HIDEN TESTS"]),
    (CHECK, ["### BEGIN TESTS", "assert f(2) == 4", "### END TESTS"]),
    (CHECK, ["# - Begin hidden tests", "assert f(2) == 4"]),
    (CHECK, ["### BEGIN MARK SCHEME", "one point", "### END MARK SCHEME"]),
    (ANSWER, ["### BEGIN SOLUTION", "y = 42", "### EDN SOLUTION"]),
    (MARKDOWN, ["### BEGIN MARK SCHEME", "one point", "### END MARK SCHEME"]),
], ids=["markdown", "two-signs", "small-letters", "singular", "soluton", "beginn", "hyphen", "tab",
        "underscore", "begn", "hiden", "tests", "comment", "mark-scheme", "edn", "markdown-scheme"])
def test_a_marker_that_hides_nothing_is_an_error_and_not_a_leak(cell, lines):
    cell = cell | {"source": [line + "\n" for line in lines]}
    with pytest.raises(ValueError, match="hides nothing|without an END"):
        release.released(NOTEBOOK | {"cells": [MARKDOWN, cell]})


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_a_cell_for_a_solution_in_which_nothing_is_hidden_is_an_error(kind):
    cell = ANSWER | {"cell_type": kind, "source": ["def f(x):\n", "    return 2 * x"]}
    with pytest.raises(ValueError, match="nothing in it is hidden"):
        release.released(NOTEBOOK | {"cells": [MARKDOWN, cell]})


def test_headings_and_comments_that_only_resemble_a_marker_stay():
    cells = [MARKDOWN | {"source": ["### The end of it, and what begins"]},
             CHECK | {"source": ["# at the end\n", "f(2)  # begins at 2, ends at 4"]}]
    kept = release.released(NOTEBOOK | {"cells": cells})["cells"]
    assert [cell["source"] for cell in kept] == [cell["source"] for cell in cells]


def test_a_solution_without_a_task_is_refused():
    with pytest.raises(ValueError, match="no heading '## Task 3.2"):
        release.released(NOTEBOOK | {"cells": [ANSWER, MARKDOWN]})


def test_a_raw_cell_stays_as_it_is():
    raw = {"cell_type": "raw", "id": "r", "metadata": {}, "source": ["---"]}
    assert release.released(NOTEBOOK | {"cells": [raw]})["cells"] == [raw]


def test_a_misspelt_option_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release, "HERE", tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "03_x.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    assert release.main(["--chek"]) == 2 and not (tmp_path / "03_x.ipynb").exists()
    assert "not --chek" in capsys.readouterr().out


def test_releasing_writes_once_and_checking_writes_never(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release, "HERE", tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "03_x.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    target = tmp_path / "03_x.ipynb"
    assert release.main(["--check"]) == 1 and not target.exists()
    assert "is not what 03_x.ipynb gives: run release.py" in capsys.readouterr().out
    assert release.main([]) == 0 and capsys.readouterr().out == "03_x.ipynb written\n"
    assert release.main([]) == 0 and capsys.readouterr().out == "03_x.ipynb is current\n"
    assert release.main(["--check"]) == 0
    target.write_text(target.read_text(encoding="utf-8").replace("doubling", "halving"),
                      encoding="utf-8")
    assert release.main(["--check"]) == 1


def test_it_needs_the_standard_library_alone():
    tree = ast.parse(Path(release.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
