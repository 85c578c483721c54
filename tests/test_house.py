"""The rules of the house: who imports whom, how large a file may grow, what every file owes."""

import ast
import inspect
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("minigrad", "losses", "optim")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# The engine's floors: a file may import from those named beside it. Leaves may look at any floor,
# and nothing in the engine imports a leaf.
FLOORS = {
    "tensor": set(),
    "forward": set(),
    "primitive": {"tensor"},
    "adjoints": {"tensor", "forward"},
    "derivatives": {"tensor", "forward", "primitive", "adjoints"},
    "functional": {"tensor", "adjoints", "derivatives"},
    "nn": {"tensor", "functional", "derivatives"},
}
LEAVES = {"gradcheck", "anomaly", "datasets", "draw", "palette", "trace", "layout", "graph",
          "training", "hidden", "landscape", "scatter", "labels"}
BUDGET = {"minigrad/tensor.py": 280, "minigrad/derivatives.py": 120, "minigrad/adjoints.py": 100}
PICTURES = {"losses/shapes.py", "losses/figures.py", "losses/tour.py", "losses/compare.py",
            "losses/page.py", "losses/__main__.py", *(f"minigrad/{name}.py" for name in (
                "palette", "graph", "training", "hidden", "landscape", "scatter", "labels"))}
NOT_COUNTED = PICTURES | {f"minigrad/{leaf}.py" for leaf in LEAVES} | {
    f"{package}/__init__.py" for package in PACKAGES}  # leaves, and tables of contents
WHOLE_BUDGET = 1320  # engine, layers and losses 1,060; five optimisers, clipping, schedules 250


def named(path):
    return path.relative_to(ROOT).as_posix()


def imports(path, top_level_only=False):
    """Pairs (module, name or None) that a file imports; relative imports in absolute form."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = f"{path.parent.name}.{module}".rstrip(".")
            yield from ((module, alias.name) for alias in node.names)


def code_lines(path):
    """How many lines hold code: no blank lines, no comments, no docstrings."""
    text = path.read_text(encoding="utf-8")
    lines = set()
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENCODING, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if documented and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_ruff_finds_nothing():
    run = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT,
                         capture_output=True, text=True)
    assert run.returncode == 0, f"ruff complains:\n{run.stdout}{run.stderr}"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_package_imports_only_what_it_may(path):
    allowed = set(sys.stdlib_module_names) | {"numpy", path.parent.name}
    if path.parent.name != "minigrad":
        allowed.add("minigrad")
    if named(path) in PICTURES:
        allowed |= {"matplotlib", "losses", "optim"} if path.parent.name == "losses" else {
            "matplotlib"}
    strangers = {module.split(".")[0] for module, _ in imports(path)} - allowed
    assert not strangers, f"{named(path)} may not import {strangers}"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_matplotlib_is_imported_only_where_a_picture_is_drawn(path):
    top = {module.split(".")[0] for module, _ in imports(path, top_level_only=True)}
    assert "matplotlib" not in top, f"{named(path)} imports matplotlib at the top of the file"


@pytest.mark.parametrize("floor", FLOORS)
def test_the_engine_is_built_in_floors(floor):
    path = ROOT / "minigrad" / f"{floor}.py"
    below = {m.removeprefix("minigrad.") if m != "minigrad" else name
             for m, name in imports(path) if m.split(".")[0] == "minigrad"}
    assert below <= FLOORS[floor], f"{floor}.py imports {below - FLOORS[floor]}"


def test_every_file_of_the_engine_has_a_floor_or_is_a_leaf():
    files = {path.stem for path in (ROOT / "minigrad").glob("*.py")} - {"__init__"}
    assert files <= set(FLOORS) | LEAVES, f"no place was given to {files - set(FLOORS) - LEAVES}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parent.name != "minigrad"], ids=named)
def test_losses_and_optim_reach_nothing_private_of_the_engine(path):
    private = [name for module, name in imports(path) if module.split(".")[0] == "minigrad"
               for name in (*module.split("."), name or "") if name.startswith("_")]
    assert not private, f"{named(path)} reaches into {private}"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            assert own or node.attr.startswith("__"), (
                f"{named(path)}, line {node.lineno}: reaches for {node.attr}")


def test_importing_the_packages_loads_no_matplotlib():
    code = "import minigrad, losses, optim, sys; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stdout + run.stderr


@pytest.mark.parametrize("file", BUDGET)
def test_a_file_of_the_engine_stays_within_its_size(file):
    lines = code_lines(ROOT / file)
    assert lines <= BUDGET[file], f"{file} has {lines} lines of code; it may have {BUDGET[file]}"


def test_engine_layers_losses_and_optimisers_together_stay_small():
    sizes = {named(p): code_lines(p) for p in SOURCES if named(p) not in NOT_COUNTED}
    assert sum(sizes.values()) <= WHOLE_BUDGET, f"{sum(sizes.values())} lines: {sizes}"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_lines_are_short_and_hold_one_statement(path):
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        assert len(line) <= 100, f"{named(path)}, line {number} is {len(line)} columns wide"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        assert not (token.type == tokenize.OP and token.string == ";"), (
            f"{named(path)}, line {token.start[0]}: two statements on one line")


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_no_test_is_shadowed_by_a_later_one_of_the_same_name(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for scope in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))]:
        names = [n.name for n in scope.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"{named(path)} defines {twice} twice: only the last one runs"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.stem != "__init__"], ids=named)
def test_every_source_file_has_a_test_file(path):
    stem = path.stem.strip("_")
    assert (ROOT / "tests" / f"test_{stem}.py").exists(), f"tests/test_{stem}.py is missing"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_every_public_function_and_class_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{named(path)} does not say what it is for"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            if node.name not in ("main", "arguments", "Parser"):
                assert ast.get_docstring(node), f"{named(path)}: {node.name} has no docstring"


def test_every_loss_says_formula_gradient_shapes_errors_source_and_shows_a_number():
    import losses
    for entry in losses.catalog():
        doc = inspect.getdoc(entry.loss) or ""  # without the indentation, which 3.13 takes away
        missing = [section for section in ("Formula", "Gradient", "Shapes", "Errors", "Source")
                   if f"\n{section}\n{'-' * len(section)}\n" not in doc]
        assert not missing, f"the docstring of {entry.name} lacks {missing}"
        assert ">>>" in doc, f"the docstring of {entry.name} shows no number to check by hand"


def test_ci_runs_readmes_test_command_and_nothing_else():
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert command.endswith("-m pytest")


def test_committed_files_stay_small():
    limits = {"notebooks/**/*.ipynb": 1_000_000, "notebooks/pictures/*": 200_000,
              "minigrad/data/*": 200_000, "tests/data/*": 200_000}
    for pattern, limit in limits.items():
        for path in ROOT.glob(pattern):
            assert path.stat().st_size < limit, f"{named(path)} is larger than {limit:,} bytes"
