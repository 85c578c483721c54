"""draw: a table of contents that says where every picture is, and has each of them."""

import ast
import re
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from minigrad import draw, palette


def contents():
    """Pairs (file, name) of the table in the docstring; a line without a file continues one."""
    file, found = None, []
    for line in draw.__doc__.splitlines():
        if entry := re.match(r"    (?:(\w+)\.py)?\s+(\w+)\(", line):
            file = entry[1] or file
            found.append((file, entry[2]))
    return found


def pictures():
    """All public functions of minigrad that hold their argument to be Axes: pairs (file, name)."""
    for path in sorted(Path(draw.__file__).parent.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if "require_axes(" in "".join(map(ast.unparse, node.body)):
                    yield path.stem, node.name


def first_argument(name):
    return next(iter(signature(getattr(draw, name)).parameters))


@pytest.mark.parametrize("file, name", contents())
def test_what_the_table_promises_is_there(file, name):
    assert getattr(draw, name) is getattr(import_module(f"minigrad.{file}"), name)
    assert name in draw.__all__


def test_every_picture_stands_in_the_table():
    assert ("graph", "draw_graph") in contents() and ("trace", "explain") in contents()
    missing = set(pictures()) - set(contents())
    assert not missing, f"draw.py says nothing of {missing}"


@pytest.mark.parametrize("name", [name for _, name in contents() if first_argument(name) == "ax"])
def test_a_picture_refuses_what_is_no_axes_before_it_looks_at_the_rest(name):
    needed = [p for p in signature(getattr(draw, name)).parameters.values() if p.default is p.empty]
    keywords = {p.name: None for p in needed if p.kind is p.KEYWORD_ONLY}
    others = [None] * (len(needed) - len(keywords) - 1)
    with pytest.raises(TypeError, match="told first where to draw, and was given list"):
        getattr(draw, name)([], *others, **keywords)


def test_all_names_what_the_table_has_and_the_palette_and_nothing_twice():
    shared = {name for name in draw.__all__ if name in vars(palette)}
    assert {"STYLE", "LINES", "MARKERS", "BLUE", "GREY", "require_axes"} <= shared
    assert all(getattr(draw, name) is getattr(palette, name) for name in shared)
    assert set(draw.__all__) == {name for _, name in contents()} | shared
    assert len(draw.__all__) == len(set(draw.__all__))
