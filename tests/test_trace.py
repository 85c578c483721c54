"""trace: the backward pass in words, true to the engine's numbers and to the table's words."""

import ast
import linecache
from pathlib import Path

import numpy as np
import pytest
from graphs import GRAPHS, everything_reached, parabola
from helpers import leaf

from minigrad import Tensor, derivatives, grad, primitive, trace
from minigrad.graph import draw_graph
from minigrad.primitive import Primitive
from minigrad.tensor import TABLE
from minigrad.trace import explain, source_of

LOOKS = pytest.mark.parametrize("look", [explain, draw_graph])  # both begin with results_behind


# -- explain ---------------------------------------------------------------------------------------


def test_explain_tells_a_product_word_for_word():
    x, y = leaf(3.0), leaf([1.0, -2.0])
    assert explain((x * y).sum(), names={"x": x, "y": y}) == """\
The backward pass from step 1: 2 steps, youngest operation first.

step 1: sum(step 2)    (2,) -> ()
    x = [3, -6]   y = -3
    g = 1 arrives
    to step 2, which is x:
        lambda g, y, x, axis=None, *, keepdims=False:    # (Σx)' = 1
        spread(g, x, axis, keepdims)
        = [1, 1]

step 2: multiply(x, y)    (), (2,) -> (2,)
    x = 3   y = [1, -2]   z = [3, -6]
    g = [1, 1] arrives
    to x, which is x:
        lambda g, z, x, y: g * y    # d(xy)/dx = y
        = [1, -2]
        summed over axis 0, because () was stretched to (2,):
        = -1
    to y, which is y:
        lambda g, z, x, y: g * x    # d(xy)/dy = x
        = [3, 3]

gradients of the leaves
    x (): -1
    y (2,): [3, 3]"""


def test_explain_tells_where_contributions_meet():
    loss, w = parabola()
    text = explain(loss)
    assert text.count("= [1, 2]\n") == 2
    assert "sums to [2, 4], with the [1, 2] from before" in text
    assert text.endswith("leaf 1 (2,): [2, 4]")


def test_explain_tells_the_axis_of_a_stretched_bias():
    x, b = leaf(np.ones((4, 3))), leaf([1.0, 2.0, 3.0])
    text = explain((x + b).sum(), names={"b": b})
    assert "summed over axis 0, because (3,) was stretched to (4, 3):\n        = [4, 4, 4]" in text


@pytest.mark.parametrize("shape, axes", [
    ((), "axes 0 and 1"), ((1, 3), "axis 0"), ((4, 1), "axis 1"), ((1, 1), "axes 0 and 1"),
    ((1,), "axes 0 and 1")])
def test_explain_names_exactly_the_stretched_axes(shape, axes):
    text = explain((leaf(np.ones((4, 3))) + leaf(np.ones(shape))).sum())
    assert f"summed over {axes}, because {shape} was stretched to (4, 3)" in text


def test_explain_sums_nothing_where_nothing_was_stretched():
    assert "summed" not in explain((leaf(np.ones((4, 3))) * leaf(np.ones((4, 3)))).sum())


@GRAPHS
def test_explain_takes_the_engines_steps_and_ends_with_its_gradients(make):
    loss, names = make()
    leaves = {name: x for name, x in names.items() if isinstance(x, Tensor) and x.op is None}
    text = explain(loss, names=names)
    assert text.count("\nstep ") == everything_reached(loss)[1]
    last = text.split("gradients of the leaves\n")[1].splitlines()
    assert len(last) == len(leaves)
    for name, x in leaves.items():
        assert f"    {name} {x.shape}: {trace._values(grad(loss, x, retain_graph=True))}" in last


def test_explain_begins_with_the_gradient_it_is_given():
    w = leaf([1.0, 2.0])
    text = explain(w * 3.0, gradient=[1.0, 10.0])
    assert "g = [1, 10] arrives" in text and text.endswith("leaf 1 (2,): [3, 30]")
    with pytest.raises(ValueError, match="gradient="):
        explain(w * 3.0)


def test_explain_gives_large_arrays_by_shape_and_norm():
    text = explain(leaf(np.ones((4, 4))).sum())
    assert text.endswith("leaf 1 (4, 4): (4, 4), norm 4")


@pytest.mark.parametrize("values, text", [
    (-0.0, "0"), (1 / 3, "0.3333"), ([True, False], "[True, False]"), ([], "[]"),
    (np.zeros((0, 3)), "[]"), (np.arange(4).reshape(2, 2), "[[0, 1], [2, 3]]"),
    (np.arange(4).reshape(2, 1, 2), "[[[0, 1]], [[2, 3]]]"), ([np.nan, np.inf], "[nan, inf]"),
    (np.full(7, 2.0), "(7,), norm 5.292")])
def test_numbers_are_written_short_and_on_one_line(values, text):
    assert trace._values(np.asarray(values)) == text


def test_explain_shows_options_and_constants():
    text = explain((leaf(np.ones((2, 3))).sum(axis=1) * 2.0 * np.ones(2)).sum())
    assert "sum(leaf 1, axis=1)    (2, 3) -> (2,)" in text
    assert "step 3: multiply(step 4, 2)    (2,), () -> (2,)" in text
    assert "step 2: multiply(step 3, constant)" in text


def test_explain_tells_a_concatenation_with_its_one_rule_for_all():
    a, b = leaf([1.0]), leaf([2.0, 3.0])
    text = explain((np.concatenate([a, b]) ** 2).sum(), names={"a": a, "b": b})
    assert "to a, which is xs[0]:" in text and "to b, which is xs[1]:" in text
    assert text.endswith("a (1,): [2]\n    b (2,): [4, 6]")


@LOOKS
def test_what_has_no_graph_is_refused(look):
    with pytest.raises(RuntimeError, match="no graph"):
        look(leaf(1.0))
    with pytest.raises(RuntimeError, match="no graph"):
        look(Tensor(1.0) * 2.0)
    with pytest.raises(TypeError, match="belongs to a Tensor, not to float"):
        look(1.0)


@LOOKS
def test_a_released_graph_is_refused_and_a_retained_one_is_not(look):
    loss, _ = parabola()
    loss.backward(retain_graph=True)
    assert look(loss)
    loss.backward()
    with pytest.raises(RuntimeError, match="'sum' was released .* retain_graph=True"):
        look(loss)
    w = leaf(2.0)
    shared = w * w
    (shared + 1.0).backward()
    with pytest.raises(RuntimeError, match="'multiply' was released"):
        look(shared + 2.0)


@LOOKS
def test_data_that_changed_after_use_is_refused(look):
    loss, w = parabola()
    w.data -= 1.0
    with pytest.raises(RuntimeError, match="'multiply', of shape .2,., got new .data"):
        look(loss)


@LOOKS
def test_names_the_wrong_way_round_are_refused(look):
    loss, w = parabola()
    with pytest.raises(TypeError, match='names are given as {"w": w}'):
        look(loss, names={w: "w"})


@LOOKS
@pytest.mark.parametrize("names, kind", [(["w"], "list"), ("w", "str"), (leaf(1.0), "Tensor"),
                                         (np.ones(2), "ndarray"), ([], "list"), (("w",), "tuple")])
def test_names_that_are_no_dict_are_refused(look, names, kind):
    loss, _ = parabola()
    with pytest.raises(TypeError, match=f'names are given as a dict, {{"w": w}}, not {kind}: of a '
                                        r'model, dict.model.named_parameters'):
        look(loss, names=names)


# -- the rules as they are written -----------------------------------------------------------------


def table_entries():
    """Triples (entry of TABLE, number of the rule, lambda's node) read from derivatives.py."""
    text = Path(derivatives.__file__).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "derivative":
            key = eval(ast.unparse(node.args[0]), {"np": np})
            for i, rule in enumerate(node.args[1:]):
                if isinstance(rule, ast.Lambda):
                    yield TABLE[key], i, rule


def test_the_text_of_every_rule_is_that_of_the_table():
    entries = list(table_entries())
    rules = [rule for op in {id(op): op for op in TABLE.values() if isinstance(op, Primitive)
                             if op.rules[-1].__module__ == "minigrad.derivatives"}.values()
             for rule in op.rules if rule is not None]
    assert len(entries) == len(rules) > 70
    for op, i, node in entries:
        text, _ = source_of(op.rules[i])
        assert text, f"{op} has no text for rule {i}"
        assert ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node), op


def test_the_comment_of_every_rule_stands_at_its_right_in_the_table():
    lines = Path(derivatives.__file__).read_text(encoding="utf-8").splitlines()
    for op, i, node in table_entries():
        text, comment = source_of(op.rules[i])
        own = lines[node.lineno - 1:node.end_lineno]
        assert text.split("\n")[0] in own[0]
        assert any(line.endswith(comment) for line in own)
        assert comment.count("#") == sum("#" in line for line in own)


def test_a_users_own_primitive_is_explained_by_its_own_rule():
    cube = primitive(lambda x: x ** 3, lambda g, y, x: g * 3.0 * x * x)  # (x³)' = 3x²
    text = explain(cube(leaf(2.0)))
    assert "lambda g, y, x: g * 3.0 * x * x    # (x³)' = 3x²\n        = 12" in text


def test_two_rules_on_one_line_are_told_apart():
    area = primitive(np.multiply, lambda g, z, x, y: g * y, lambda g, z, x, y: (g * x))
    texts = [source_of(rule)[0] for rule in area.rules]
    assert texts == ["lambda g, z, x, y: g * y", "lambda g, z, x, y: (g * x)"]
    same = primitive(np.add, lambda g, z, x, y: g, lambda g, z, x, y: g)
    assert {source_of(rule)[0] for rule in same.rules} == {"lambda g, z, x, y: g"}


def test_rules_with_branches_defaults_or_lambdas_within_are_found():
    rules = [lambda g, y, x, k=2: g if k > 1 else -g, lambda g, y, x: (lambda h: h * x)(g)]
    assert source_of(rules[0])[0] == "lambda g, y, x, k=2: g if k > 1 else -g"
    assert source_of(rules[1])[0] == "lambda g, y, x: (lambda h: h * x)(g)"


def test_a_rule_of_several_lines_keeps_them():
    cube = primitive(
        lambda x: x ** 3,
        lambda g, y, x:  # the power rule
            g * 3.0 * x
            * x)
    assert source_of(cube.rules[0]) == (
        "lambda g, y, x:\n    g * 3.0 * x\n    * x", "# the power rule")


def test_a_rule_with_a_def_shows_the_def():
    def slope(g, y, x):
        return g * 2.0 * x  # the power rule

    text = explain(primitive(np.square, slope)(leaf(3.0)))
    assert "        def slope(g, y, x):\n            return g * 2.0 * x  # the power rule\n" in text


def test_a_rule_from_a_notebook_cell_is_found():
    cell = "from minigrad import primitive\nhalf = primitive(lambda x: x / 2,\n" \
           "                 lambda g, y, x: g * 0.5)  # (x/2)' = 1/2\n"
    name, space = "/tmp/ipykernel_1/123.py", {}
    linecache.cache[name] = len(cell), None, cell.splitlines(keepends=True), name
    try:
        exec(compile(cell, name, "exec"), space)
        assert "lambda g, y, x: g * 0.5    # (x/2)' = 1/2" in explain(space["half"](leaf(1.0)))
    finally:
        del linecache.cache[name]


@pytest.mark.parametrize("program", ["lambda g, y, x: g * 3.0", "import functools as f\n"
                                     "def rule(g, y, x): return g * 3.0"])
def test_a_rule_without_a_file_is_said_to_have_none(program):
    space = {}
    exec(compile(f"made = {program}" if program[0] == "l" else program + "\nmade = rule",
                 "<typed>", "exec"), space)
    text = explain(primitive(lambda x: x * 3.0, space["made"])(leaf(1.0)))
    assert "source text was not found" in text and text.endswith("leaf 1 (): 3")
