"""Every tutorial notebook, executed in a fresh kernel and held to what a reader relies on.

What a notebook promises, and these tests hold:

- it runs from top to bottom, offline, in a minute of computing, and prints what it printed when it
  was saved;
- it was saved after one such run: counts 1, 2, 3, ..., no errors, no cell without a purpose;
- every picture has a line `*Alt text:* ...` in the markdown cell before or after it;
- it is small, and nothing in it tells of the machine it was written on;
- a code cell has at most 8 lines of code (blank lines and comments are not counted), or 25 if it is
  tagged "figure": it draws a picture then, and trains nothing;
- a guess, written into a variable in a cell tagged "predict", comes back in a picture;
- no function stands in two notebooks: what two of them need belongs to the package;
- its first cell says what the reader will be "able to" do, what one "needs" (or "You need"), and
  how many "minutes" it takes; its line "**New names:**" lists what it introduces of the project;
- it uses no name of minigrad, losses or optim that neither it nor an earlier one introduces
  (constants such as draw.BLUE, and methods, are not counted);
- its last cell has a heading "Three questions to take away", three numbered questions, and, in
  01 to 10, the name of the exercise that goes with it, `exercises/NN_name`.

Pictures are not compared: their pixels change with every version of matplotlib.
"""

import ast
import difflib
import re

import nbformat
import notebook_tools
import pytest
from notebook_tools import (NOTEBOOKS, ROOT, code_cells, executed, introduced, is_image, plain,
                            read, text_of, used)

TRAINS = {"step", "take_step", "train", "fit"}
FOLDER = re.compile(r"(?<![\w.])/(work|home|root|Users|tmp)\b.{0,60}|\b[A-Z]:\\.{0,60}")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# Reading notebooks


def strings(value):
    """All texts in a notebook, or in a part of it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def lines_of_code(cell):
    lines = (line.strip() for line in cell.source.splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def alt_texts(cell):
    """How many pictures a markdown cell describes; a description has 40 characters or more."""
    return len(re.findall(r"^\*Alt text:\*\s+\S.{39,}", cell.source, flags=re.MULTILINE))


def read_in(cell):
    """The names of variables that the code of a cell reads."""
    return {node.id for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def made_in(cell):
    """The names of the variables and functions that a cell makes."""
    nodes = list(ast.walk(ast.parse(cell.source)))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)} | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def is_shown(name, cells):
    """Whether a picture in these cells is made with that variable, or with what comes of it."""
    names = {name}
    for cell in cells:
        if names & read_in(cell):
            if any(map(is_image, cell.outputs)):
                return True
            names |= made_in(cell)
    return False


def called_in(cell):
    """The last names of what a cell calls: `step` for `optimizer.step()`."""
    called = [node.func for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return {getattr(function, "attr", getattr(function, "id", "")) for function in called}


def functions(notebook):
    """The functions that a notebook defines, by what they do: whatever their names are."""
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                yield ast.dump(node.args) + "".join(map(ast.dump, body)), node.name


# The tests


def test_there_are_notebooks_and_their_names_are_numbered_without_repetition():
    names = [path.name for path in NOTEBOOKS]
    assert names, "no notebooks were found, so every other test here would pass without looking"
    for name in names:
        assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", name), f"{name} is not named NN_name.ipynb"
    numbers = [name[:2] for name in names]
    assert len(set(numbers)) == len(numbers), f"two notebooks have the same number: {names}"


@every_notebook
def test_a_fresh_run_prints_what_was_saved(path, tmp_path, font_cache):
    saved, new = code_cells(read(path)), code_cells(executed(path, tmp_path))
    for number, (before, after) in enumerate(zip(saved, new, strict=True), start=1):
        was, now = text_of(before), text_of(after)
        changes = "\n".join(difflib.ndiff(was.splitlines(), now.splitlines()))
        assert was == now, (
            f"{path.name}: code cell {number} prints something else than when it was saved. If the "
            f"new text is right, run the notebook and save it.\n\nThe cell:\n{before.source}\n\n"
            f"Saved:\n{was or '(nothing)'}\n\nNew:\n{now or '(nothing)'}\n\n"
            f"Line by line (- saved, + new):\n{changes}")
        pictures = [sum(map(is_image, cell.outputs)) for cell in (before, after)]
        assert pictures[0] == pictures[1], (
            f"{path.name}: code cell {number} draws {pictures[1]} pictures and was saved with "
            f"{pictures[0]}: run the notebook and save it")


@every_notebook
def test_it_was_saved_after_one_run_from_top_to_bottom(path):
    notebook = read(path)
    nbformat.validate(notebook)
    for place, cell in enumerate(notebook.cells, start=1):
        assert cell.source.strip(), f"{path.name}: cell {place} is empty: delete it"
        idle = cell.cell_type == "code" and all(
            isinstance(line, ast.Pass) for line in ast.parse(cell.source).body)
        assert not idle, f"{path.name}: cell {place} does nothing: {cell.source!r}"
    for number, cell in enumerate(code_cells(notebook), start=1):
        assert cell.execution_count == number, (
            f"{path.name}: code cell {number} has the execution count {cell.execution_count}. "
            f"Restart the kernel, run all cells, save.\n\n{cell.source}")
        for output in cell.outputs:
            said = plain(output.get("text", output.get("evalue", "")))
            assert output.output_type != "error", f"{path.name}: code cell {number} failed: {said}"
            assert output.get("name") != "stderr", f"{path.name}: code cell {number} warns: {said}"


@every_notebook
def test_every_picture_is_described_in_a_neighbouring_cell(path):
    cells = read(path).cells
    free = [alt_texts(cell) if cell.cell_type == "markdown" else 0 for cell in cells]
    for place, cell in enumerate(cells):
        for _ in filter(is_image, cell.get("outputs", [])):
            neighbours = [n for n in (place - 1, place + 1) if 0 <= n < len(cells) and free[n]]
            assert neighbours, (
                f"{path.name}: a picture without words. Write a line '*Alt text:* ...', of 40 "
                f"characters or more, into the markdown cell before or after this one:\n\n"
                f"{cell.source}")
            free[neighbours[0]] -= 1  # a description serves one picture


@every_notebook
def test_it_is_small_and_tells_nothing_of_the_machine_it_was_written_on(path):
    size = path.stat().st_size
    assert size < 1_000_000, (f"{path.name} has {size:,} bytes and may have 1,000,000: draw fewer "
                              f"pictures, or with less figure.dpi")
    notebook = read(path)
    assert notebook.metadata.get("kernelspec", {}).get("name") == "python3", (
        f'{path.name}: the kernelspec must have the name "python3", which every Jupyter knows')
    surplus = set(notebook.metadata) - {"kernelspec", "language_info"}
    assert not surplus, f"{path.name}: the notebook's metadata keeps {surplus}: delete that"
    for cell in notebook.cells:
        surplus = set(cell.metadata) - {"tags"}
        assert not surplus, f"{path.name}: a cell's metadata keeps {surplus}: delete that"
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert not any("widget" in kind for kind in data), f"{path.name} keeps a widget's state"
            for kind in [kind for kind in data if kind.startswith("image/")]:
                del data[kind]  # in 100,000 letters and digits any path occurs by chance
    found = FOLDER.search("\n".join(strings(notebook)))
    assert not found, f"{path.name} names a folder of the machine it was written on: {found[0]}"


@every_notebook
def test_code_cells_are_short_enough_to_be_taken_in(path):
    for number, cell in enumerate(code_cells(read(path)), start=1):
        figure = "figure" in cell.metadata.get("tags", [])
        lines, limit = lines_of_code(cell), 25 if figure else 8
        advice = "draw less" if figure else 'divide it, or tag it "figure" if it only draws'
        assert lines <= limit, (f"{path.name}: code cell {number} has {lines} lines of code, the "
                                f"limit is {limit}: {advice}\n\n{cell.source}")


@every_notebook
def test_a_cell_tagged_figure_draws_and_trains_nothing(path):
    for number, cell in enumerate(code_cells(read(path)), start=1):
        if "figure" in cell.metadata.get("tags", []):
            assert any(map(is_image, cell.outputs)), (
                f"{path.name}: code cell {number} is tagged figure and has no picture")
            training = called_in(cell) & TRAINS
            assert not training, (f"{path.name}: code cell {number} is tagged figure and calls "
                                  f"{training}: train in a cell before it")


@every_notebook
def test_every_guess_comes_back_in_a_picture(path):
    cells, guesses = code_cells(read(path)), 0
    for number, cell in enumerate(cells, start=1):
        if "predict" in cell.metadata.get("tags", []):
            mine = {name for name in made_in(cell) if name.startswith("my_")}
            assert mine, f"{path.name}: code cell {number} is tagged predict and has no my_..."
            for name in mine:
                assert is_shown(name, cells[number:]) or path.name > "11", (
                    f"{path.name}: no picture shows the guess {name}")
            guesses += len(mine)
    assert guesses >= 3, f"{path.name} asks for {guesses} guesses: let the reader predict more"


def test_no_function_stands_in_two_notebooks():
    found = {}
    for path in NOTEBOOKS:
        for does, name in functions(read(path)):
            other = found.setdefault(does, (path.stem, name))
            assert other[0] == path.stem, (f"{path.stem} defines {name} as {other[0]} defines "
                                           f"{other[1]}: put it into the package, or write it out")


@every_notebook
def test_it_opens_with_aim_needs_and_minutes(path):
    opening = read(path).cells[0]
    assert opening.cell_type == "markdown", f"{path.name} must open with a markdown cell"
    for wanted, what in [(r"\A# \S", "a title, '# ...'"),
                         (r"\bable to\b", "what the reader will be 'able to' do"),
                         (r"\b(you need|needs)\b", "what the reader needs, after 'You need'"),
                         (r"\b\d+ minutes\b", "how many 'minutes' it takes, as a number")]:
        assert re.search(wanted, opening.source, re.IGNORECASE), (
            f"{path.name}: the first cell must say {what}. It says:\n\n{opening.source}")


@every_notebook
def test_it_closes_with_three_questions_and_the_exercise(path):
    closing = read(path).cells[-1]
    assert closing.cell_type == "markdown" and re.search(
        r"^#+ Three questions to take away\s*$", closing.source, re.MULTILINE), (
        f"{path.name}: the last cell must be markdown with the heading 'Three questions to take "
        f"away'. It is:\n\n{closing.source}")
    numbers = re.findall(r"^(\d+)\. \S", closing.source, re.MULTILINE)
    assert numbers == ["1", "2", "3"], (
        f"{path.name}: the last cell must have three questions, '1. ...' to '3. ...', and has the "
        f"numbers {numbers}")
    if int(path.name[:2]) <= 10:  # 11 leads onward and has no exercise
        exercise = f"exercises/{path.stem}"
        assert exercise in closing.source, f"{path.name}: the last cell must name {exercise}"


@every_notebook
def test_it_uses_only_names_that_it_or_an_earlier_one_introduces(path):
    earlier = {name: other.stem for other in NOTEBOOKS if other.name < path.name
               for name in introduced(read(other)) or []}
    notebook = read(path)
    new, needed = introduced(notebook), used(notebook)
    assert new is not None, f"{path.name}: the first cell needs a line '**New names:** `a`, `b`'"
    again = {name: earlier[name] for name in new if name in earlier}
    assert not again, f"{path.name} calls names new that an earlier notebook introduced: {again}"
    assert len(set(new)) == len(new), f"{path.name} lists a new name twice: {new}"
    unknown = needed - set(new) - set(earlier)
    assert not unknown, (f"{path.name} uses {sorted(unknown)}, which no notebook up to this one "
                         f"introduces: explain them and add them to its New names")
    idle = set(new) - needed
    assert not idle, f"{path.name} promises {sorted(idle)} as new names and does not use them"


@pytest.mark.parametrize("source, limit, words", [
    ("import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)", 60, "works offline"),
    ("x = sum(range(10_000))", 0, "seconds of computing, and may take 0"),
], ids=["asks another machine", "computes too long"])
def test_a_notebook_that_is_not_offline_or_not_quick_is_found_out(tmp_path, monkeypatch, source,
                                                                  limit, words):
    path = tmp_path / "bad.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, path)
    monkeypatch.setattr(notebook_tools, "SECONDS", limit)
    with pytest.raises(pytest.fail.Exception, match=words):
        executed(path, tmp_path / "profile")


def test_the_courses_table_has_every_notebook_with_its_minutes():
    table = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[.*?\]\((\w+)\.ipynb\) \|[^|]*\| (\d+) \|", table, re.MULTILINE))
    minutes = {path.stem: re.search(r"\b(\d+) minutes\b", read(path).cells[0].source)[1]
               for path in NOTEBOOKS}
    assert rows == minutes, "notebooks/README.md and the notebooks' opening cells differ"


def test_names_are_found_however_they_are_imported():
    cells = ["import losses\nimport numpy as np\nfrom minigrad import Tensor, nn as net, draw",
             "import minigrad\nmodel = net.MLP([1, 1])\nlosses.mse(Tensor(1.0), np.ones(()))",
             "minigrad.nn.Linear(1, 1)\nminigrad.grad\nfrom losses.shapes import shape as s",
             "draw.STYLE, np.sum, model.parameters, losses.shapes.draw_losses, losses"]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    assert used(notebook) == {"Tensor", "MLP", "mse", "Linear", "grad", "shape", "draw_losses"}


def test_new_names_are_read_from_the_opening_cell():
    opening = "# 01\n\n**New names:** `Tensor`, `nn.MLP`,\n`grad`\n\n`no`"
    for text, names in ((opening, ["Tensor", "MLP", "grad"]), ("# 01", None)):
        cell = nbformat.v4.new_markdown_cell(text)
        assert introduced(nbformat.v4.new_notebook(cells=[cell])) == names
