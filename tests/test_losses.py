"""The losses package: its table of contents, its docstrings, and what it may import."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from loss_cases import closed_form, every

import losses
import minigrad
from losses import shapes

ROOT = Path(losses.__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "losses").glob("*.py"))
every_loss = every()
every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)


# -- the table of contents -------------------------------------------------------------------------


def test_the_catalogue_and_all_name_the_same_losses_in_the_same_order():
    names = [entry.name for entry in losses.catalog()]
    assert losses.__all__ == ["catalog", "Entry", *names]
    assert len(set(names)) == len(names)


DESIGN_5 = """mse l2 rmse msle mae l1 huber pseudo_huber log_cosh quantile binary_cross_entropy
    sigmoid_cross_entropy focal logistic hinge squared_hinge exponential categorical_cross_entropy
    softmax_cross_entropy multiclass_hinge kl_divergence"""


def test_every_loss_of_the_design_is_there():
    missing = set(DESIGN_5.split()) - {entry.name for entry in losses.catalog()}
    assert not missing, f"losses.catalog() lacks {missing}"


DEFAULTS = {"huber": {"delta": 1.0}, "pseudo_huber": {"delta": 1.0}, "quantile": {"q": 0.5},
            "focal": {"gamma": 2.0, "alpha": None}, "softmax_cross_entropy": {"label_smoothing": 0}}


@every_loss
def test_options_and_their_defaults_are_those_of_the_design(entry):
    parameters = inspect.signature(entry.loss).parameters
    options = {name: option.default for name, option in parameters.items()
               if name not in ("pred", "target", "reduction")}
    if entry.name in DESIGN_5.split():
        assert options == DEFAULTS.get(entry.name, {})


def test_every_public_function_of_the_family_files_is_in_the_catalogue():
    listed = {entry.loss for entry in losses.catalog()}
    for family in ("regression", "binary", "multiclass"):
        module = getattr(losses, family)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and "pred" in inspect.signature(
                    function).parameters:
                assert function in listed, f"losses.{family}.{name} is missing in the catalogue"


@every_loss
def test_an_entry_is_found_by_its_name_and_lives_in_the_file_of_its_family(entry):
    assert getattr(losses, entry.name) is entry.loss
    assert entry.loss.__module__ == f"losses.{entry.family}"


@every_loss
def test_an_entry_says_what_it_takes_and_what_it_computes(entry):
    drawn = entry.pred in shapes.AXES or entry.pred == "batch"  # which has no loss of one example
    assert drawn, f"shapes.py cannot draw a prediction of kind {entry.pred!r}"
    assert entry.formula.strip() and "\n" not in entry.formula


@every_loss
def test_every_loss_of_the_catalogue_is_tested_against_its_closed_form(entry):
    assert all(map(callable, closed_form(entry)))


def test_the_catalogue_is_a_new_list_each_time():
    losses.catalog().clear()
    assert losses.catalog(), "whoever changes the list must not change the table"


@every_loss
def test_a_loss_is_called_with_pred_and_target_and_options_by_name(entry):
    first, second, *options = inspect.signature(entry.loss).parameters.values()
    assert (first.name, second.name) == ("pred", "target")
    assert all(option.kind is option.KEYWORD_ONLY for option in options)
    reducible = entry.pred != "batch"  # of the batch there is one number already
    assert ("reduction" in [option.name for option in options]) == reducible


# -- docstrings ------------------------------------------------------------------------------------

SECTIONS = ["Formula", "Gradient", "Shapes", "Errors", "Source"]


@every_loss
def test_a_docstring_has_one_line_the_five_sections_and_an_example(entry):
    doc = inspect.getdoc(entry.loss)
    first, second, *_ = doc.splitlines()
    assert first.endswith(".") and second == "", "the first line is a sentence of its own"
    found = re.findall(r"^(\w+)\n-+$", doc, flags=re.MULTILINE)
    assert found == SECTIONS
    for title in SECTIONS:
        body = re.search(rf"^{title}\n(-+)\n(.+)", doc, flags=re.MULTILINE)
        assert body and len(body[1]) == len(title), f"{title} is empty or its line too long"
    assert f">>> {entry.name}(" in doc or f">>> float({entry.name}(" in doc, "it shows a number"


LONG_CURVATURE = {"rmse", "focal"}  # a matrix, and five terms: figures, not docstrings, show them


@every_loss
def test_a_docstring_gives_loss_gradient_curvature_errors_and_a_dated_source(entry):
    doc = inspect.getdoc(entry.loss)
    sections = dict(zip(SECTIONS, re.split(r"^\w+\n-+\n", doc, flags=re.MULTILINE)[1:],
                        strict=True))
    assert sections["Formula"].startswith("L = ")
    assert re.search(r"dL/d|shared", sections["Gradient"])
    if entry.name not in LONG_CURVATURE:
        assert "urvature" in sections["Gradient"]
    assert "ValueError" in sections["Errors"]
    if entry.pred == "batch":
        assert "one number" in sections["Shapes"]
    else:
        assert "reduction" in sections["Shapes"] and "reduction" in sections["Errors"]
    assert re.search(r"\d{4}\)|documentation of|user guide", sections["Source"]), (
        "a source has a year, or it is a page of a library's documentation")
    for option in inspect.signature(entry.loss).parameters:
        if option not in ("pred", "target", "reduction"):
            assert option.replace("_", " ") in sections["Errors"].replace("\n", " ").replace(
                "_", " "), f"Errors does not say which values of {option} are refused"


# -- what is imported ------------------------------------------------------------------------------


def test_importing_the_packages_loads_no_matplotlib():
    code = ("import sys, minigrad, losses, optim, losses.shapes, losses.tour, losses.__main__; "
            "sys.exit('matplotlib' in sys.modules)")
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=False)
    assert run.returncode == 0, "matplotlib is to be imported when a picture is drawn, not before"


def imports(tree):
    """Every import as (module, name or None, whether it stands at the top of the file)."""
    top = set(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, node in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = "losses" + ("." + module if module else "")
            yield from ((module, alias.name, node in top) for alias in node.names)


@every_source
def test_only_minigrad_numpy_and_the_standard_library_are_imported(path):
    for module, _, top in imports(ast.parse(path.read_text(encoding="utf-8"))):
        package = module.partition(".")[0]
        allowed = {"minigrad", "numpy", "losses", *sys.stdlib_module_names}
        if path.name in ("tour.py", "compare.py"):  # they train networks
            allowed.add("optim")
        if not top:
            allowed.add("matplotlib")
        assert package in allowed, f"{path.name} imports {module}"


@every_source
def test_nothing_hidden_is_reached(path):
    """No name with an underscore, and of minigrad only what it exports or a public file of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for module, name, _ in imports(tree):
        parts = [*module.split("."), *([name] if name else [])]
        hidden = [part for part in parts if part.startswith("_")]
        assert not hidden, f"{path.name} imports {'.'.join(parts)}"
        if module == "minigrad" and name:
            public = name in minigrad.__all__ or (ROOT / "minigrad" / f"{name}.py").exists()
            assert public, f"{path.name} imports {name}, which minigrad does not export"
        assert not module.startswith("minigrad.") or parts[1] in ("nn", "datasets", "palette"), (
            f"{path.name} imports from {module}: losses are composed of what minigrad exports")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            assert re.fullmatch("__[a-z]+__", node.attr), f"{path.name} reaches .{node.attr}"


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass"])
def test_no_derivative_is_written_by_hand(name):
    """A loss is composed of operations: it neither makes primitives nor calls the engine."""
    tree = ast.parse((ROOT / "losses" / f"{name}.py").read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"primitive", "derivative", "grad", "Tensor"}
