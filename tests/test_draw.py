"""draw: the backward pass in words, as a picture and as a film, all true and nothing touched."""

import ast
import linecache
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from losses import softmax_cross_entropy
from minigrad import Tensor, derivatives, draw, grad, nn, primitive
from minigrad.draw import animate_backward, draw_graph, explain
from minigrad.primitive import Primitive
from minigrad.tensor import TABLE

NOT_COMPUTED = "not computed"


def leaf(values):
    return Tensor(values, requires_grad=True)


def parabola():
    w = leaf([1.0, 2.0])
    return (w * w).sum(), w


def doubled_twice():
    a = leaf(3.0)
    b = a + a
    return b + b, {"a": a, "b": b}


def two_layers():
    model = nn.MLP([2, 3, 2], rng=0)
    x = np.random.default_rng(0).normal(size=(4, 2))
    loss = softmax_cross_entropy(model(x), [0, 1, 1, 0])
    return loss, {"x": x, "loss": loss, **dict(model.named_parameters())}


def broadcasting():
    m, v, s = leaf(np.ones((4, 3))), leaf([1.0, 0.0, -1.0]), leaf(2.0)
    return ((m + v) * s * 2.0 - v).mean(), {"m": m, "v": v, "s": s}


GRAPHS = pytest.mark.parametrize("make", [doubled_twice, two_layers, broadcasting])


def everything_reached(tensor):
    """All tensors and constants behind a tensor, and the number of its operations, found anew."""
    tensors, constants, waiting, operations = {tensor}, 0, [tensor], 0
    arrays = set()
    while waiting:
        result = waiting.pop()
        operations += bool(result.parents)
        for x in result.parents:
            if isinstance(x, Tensor):
                waiting += [x] * (x not in tensors)
                tensors.add(x)
            elif isinstance(x, np.ndarray):
                arrays.add(id(x))
            else:
                constants += 1
    return len(tensors) + len(arrays) + constants, operations


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
        assert f"    {name} {x.shape}: {draw._values(grad(loss, x, retain_graph=True))}" in last


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
    assert draw._values(np.asarray(values)) == text


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


@pytest.mark.parametrize("look", [explain, draw_graph])
def test_what_has_no_graph_is_refused(look):
    with pytest.raises(RuntimeError, match="no graph"):
        look(leaf(1.0))
    with pytest.raises(RuntimeError, match="no graph"):
        look(Tensor(1.0) * 2.0)
    with pytest.raises(TypeError, match="belongs to a Tensor, not to float"):
        look(1.0)


@pytest.mark.parametrize("look", [explain, draw_graph])
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


@pytest.mark.parametrize("look", [explain, draw_graph])
def test_data_that_changed_after_use_is_refused(look):
    loss, w = parabola()
    w.data -= 1.0
    with pytest.raises(RuntimeError, match="'multiply', of shape .2,., got new .data"):
        look(loss)


@pytest.mark.parametrize("look", [explain, draw_graph])
def test_names_the_wrong_way_round_are_refused(look):
    loss, w = parabola()
    with pytest.raises(TypeError, match='names are given as {"w": w}'):
        look(loss, names={w: "w"})


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
        text, _ = draw._rule_source(op.rules[i])
        assert text, f"{op} has no text for rule {i}"
        assert ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node), op


def test_the_comment_of_every_rule_stands_at_its_right_in_the_table():
    lines = Path(derivatives.__file__).read_text(encoding="utf-8").splitlines()
    for op, i, node in table_entries():
        text, comment = draw._rule_source(op.rules[i])
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
    texts = [draw._rule_source(rule)[0] for rule in area.rules]
    assert texts == ["lambda g, z, x, y: g * y", "lambda g, z, x, y: (g * x)"]
    same = primitive(np.add, lambda g, z, x, y: g, lambda g, z, x, y: g)
    assert {draw._rule_source(rule)[0] for rule in same.rules} == {"lambda g, z, x, y: g"}


def test_rules_with_branches_defaults_or_lambdas_within_are_found():
    rules = [lambda g, y, x, k=2: g if k > 1 else -g, lambda g, y, x: (lambda h: h * x)(g)]
    assert draw._rule_source(rules[0])[0] == "lambda g, y, x, k=2: g if k > 1 else -g"
    assert draw._rule_source(rules[1])[0] == "lambda g, y, x: (lambda h: h * x)(g)"


def test_a_rule_of_several_lines_keeps_them():
    cube = primitive(
        lambda x: x ** 3,
        lambda g, y, x:  # the power rule
            g * 3.0 * x
            * x)
    assert draw._rule_source(cube.rules[0]) == (
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


# -- draw_graph ------------------------------------------------------------------------------------


def drawn(figure, kind):
    """The patches of one kind: "leaf", "constant", "result", "operation" or "line"."""
    (ax,) = figure.axes
    return [patch for patch in ax.patches if (patch.get_gid() or "").startswith(kind + " ")]


def cards(figure):
    return [patch for kind in ("leaf", "constant", "result") for patch in drawn(figure, kind)]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@GRAPHS
def test_every_operation_and_tensor_is_drawn_exactly_once(make):
    loss, names = make()
    nodes, operations = everything_reached(loss)
    figure = draw_graph(loss, names)
    assert len(cards(figure)) == nodes
    assert len(drawn(figure, "operation")) == len(drawn(figure, "result")) == operations
    gids = [card.get_gid() for card in cards(figure)]
    for name in names:
        assert sum(gid.split(" ", 1)[1] == name for gid in gids) == 1


@GRAPHS
def test_every_gradient_is_not_computed_before_backward_and_there_afterwards(make):
    loss, names = make()
    active = len(drawn(draw_graph(loss, names), "leaf")) + everything_reached(loss)[1]
    assert texts(draw_graph(loss, names)).count(NOT_COMPUTED) == active
    loss.backward(retain_graph=True)
    after = texts(draw_graph(loss, names))
    assert NOT_COMPUTED not in after and after.count("gradient") == active


def test_the_picture_shows_the_numbers_before_and_after():
    c, names = doubled_twice()
    before = texts(draw_graph(c, names))
    assert all(number in before for number in ("3", "6", "12")) and "0" not in before
    c.backward(retain_graph=True)
    after = texts(draw_graph(c, names))
    assert [after[after.index("gradient", after.index(name)) + 1]
            for name in ("a ()", "b ()", "step 1 ()")] == ["4", "2", "1"]


def test_two_lines_between_the_same_cards_are_two():
    c, names = doubled_twice()
    figure = draw_graph(c, names)
    gids = sorted(line.get_gid() for line in drawn(figure, "line"))
    assert gids == ["line a to b as 0", "line a to b as 1",
                    "line b to step 1 as 0", "line b to step 1 as 1"]
    heights = [line.get_path().get_extents().y0 for line in drawn(figure, "line")]
    assert abs(heights[0] - heights[1]) > 0.1 and abs(heights[2] - heights[3]) > 0.1


@GRAPHS
@pytest.mark.parametrize("after", [False, True])
def test_no_two_cards_overlap_and_every_text_is_inside_its_card(make, after):
    loss, names = make()
    if after:
        loss.backward(retain_graph=True)
    figure = draw_graph(loss, names)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [card.get_window_extent(renderer) for card in cards(figure)]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    written = [t for t in figure.axes[0].texts if t.get_ha() != "center"]
    for text in written:
        extent = text.get_window_extent(renderer)
        assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 <= extent.y0
                   and extent.y1 <= box.y1 for box in boxes), text.get_text()
    page = figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 and b.y1 <= page.y1
               for b in [*boxes, figure.axes[0].title.get_window_extent(renderer)])


@GRAPHS
def test_no_line_runs_through_a_card_and_none_crosses_another(make):
    loss, names = make()
    found, lines = draw._cards_and_lines(loss, names)
    picture = draw._picture(found, lines, {card: [draw._gradient_lines(card)] for card in found})
    assert draw._crossings(picture.columns) == 0
    for column in picture.columns:
        for a, b in zip(column, column[1:], strict=False):
            assert b.y - a.y >= (a.height + b.height) / 2 + draw.ROW_GAP - 1e-9
    for line in lines:
        assert [stop.column for stop in line.stops] == list(
            range(line.stops[0].column, line.stops[-1].column + 1))


def test_the_order_of_a_column_is_changed_until_nothing_crosses():
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    p, q, r = np.sin(a), np.sin(b), np.sin(c)
    s, t, u = np.exp(r), np.exp(q), np.exp(p)  # made in the opposite order
    found, lines = draw._cards_and_lines(s + t + u, {})
    picture = draw._picture(found, lines, {card: [draw._gradient_lines(card)] for card in found})
    assert draw._crossings(picture.columns) == 0


def test_place_gives_every_wish_that_order_and_room_allow():
    column = [draw.Card(None, "bend", wish=wish) for wish in (0.0, 5.0, 5.0, 9.0)]
    draw._place(column)
    gap = draw.ROW_GAP
    np.testing.assert_allclose([c.y for c in column], [0.0, 5.0 - gap / 2, 5.0 + gap / 2, 9.0])


def test_the_title_tells_before_from_after():
    loss, names = two_layers()
    assert draw_graph(loss, names).axes[0].get_title().startswith("loss comes from ")
    loss.backward(retain_graph=True)
    title = draw_graph(loss, names).axes[0].get_title()
    assert title == "After backward: each gradient is the slope of loss"
    loss, _ = parabola()
    assert draw_graph(loss).axes[0].get_title() == (
        "this sum comes from 2 operations; no backward pass yet")


def test_draw_graph_draws_on_the_axes_it_is_given():
    figure = Figure(figsize=(12, 4))
    left, right = figure.subplots(1, 2)
    loss, names = two_layers()
    assert draw_graph(loss, names, ax=right) is right
    assert not left.patches and right.patches
    sizes = {text.get_fontsize() for text in right.texts}
    assert max(sizes) < draw.SIZE


def test_no_pyplot_is_loaded_and_no_style_changed(tmp_path):
    code = """
import sys
import matplotlib as m
def style(): return {key: dict.__getitem__(m.rcParams, key) for key in m.rcParams}
before = style()
from minigrad import Tensor
from minigrad.draw import animate_backward, draw_graph
t = Tensor(2.0, requires_grad=True) ** 2
draw_graph(t)._repr_png_()
animate_backward(t, sys.argv[1])
print("matplotlib.pyplot" in sys.modules, style() == before)
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "film.gif")],
                         cwd=Path(draw.__file__).parent.parent, capture_output=True, text=True)
    assert run.stdout.strip() == "False True", run.stdout + run.stderr


def test_a_notebook_can_show_the_figure():
    png = draw_graph(parabola()[0])._repr_png_()
    assert png.startswith(b"\x89PNG")


def test_a_graph_too_large_for_a_picture_is_refused_with_its_size():
    t = leaf(1.0)
    for _ in range(40):
        t = t * 1.5
    with pytest.raises(ValueError, match="has 81 tensors and constants.*more than 60.*explain"):
        draw_graph(t)
    t = leaf(1.0)
    for _ in range(draw.MOST - 1):
        t = np.sin(t)
    assert len(cards(draw_graph(t))) == draw.MOST


def test_constants_are_drawn_without_a_gradient():
    w, x = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    figure = draw_graph((w * x * x).sum() * 2.0, {"x": x})
    assert len(drawn(figure, "constant")) == 2 and len(drawn(figure, "leaf")) == 1
    assert texts(figure).count("gradient") == 1 + 4


# -- animate_backward ------------------------------------------------------------------------------


def film(tensor, path, **options):
    assert animate_backward(tensor, path, **options) == path
    with Image.open(path) as image:
        assert image.format == "GIF"
        return [(frame.size, frame.info["duration"]) for frame in ImageSequence.Iterator(image)]


@GRAPHS
def test_the_film_has_a_frame_for_each_step_and_two_more_and_is_small(make, tmp_path):
    loss, names = make()
    path = tmp_path / "film.gif"
    frames = film(loss, path, names=names)
    assert len(frames) == everything_reached(loss)[1] + 2
    assert {duration for _, duration in frames} == {1200}
    assert len({size for size, _ in frames}) == 1
    assert path.stat().st_size < 1_000_000


def frames_of(tensor, names):
    found, lines = draw._cards_and_lines(tensor, names)
    frames = draw._frames(found, lines, *draw._backward_pass(tensor))
    return frames, {card.name: card for card in found}


def test_the_films_frames_tell_how_the_gradients_come_about():
    c, names = doubled_twice()
    frames, card = frames_of(c, names)
    feet = [[frame.feet[card[name]] for name in ("a", "b", "step 1")] for frame in frames]
    nothing = ["gradient", NOT_COMPUTED]
    assert feet == [
        [nothing, nothing, nothing],
        [nothing, ["gradient", "1", "+ 1"], ["gradient", "1"]],
        [["gradient", "2", "+ 2"], ["gradient", "2"], ["gradient", "1"]],
        [["gradient", "4"], ["gradient", "2"], ["gradient", "1"]]]
    assert [[card.name for card in frame.active] for frame in frames] == [
        [], ["step 1"], ["b"], ["a"]]
    assert [len(frame.lit) for frame in frames] == [0, 2, 2, 0]
    assert frames[2].caption == ["to a   lambda g, z, x, y: g   # d(x + y)/dx = 1",
                                 "to a   lambda g, z, x, y: g   # d(x + y)/dy = 1"]


def test_a_gradient_that_waits_for_more_says_how_many_parts_have_come():
    loss, names = broadcasting()
    frames, card = frames_of(loss, names)
    labels = [frame.feet[card["v"]][0] for frame in frames]
    assert labels == ["gradient", "gradient", *["1 of 2 parts"] * 3, "gradient", "gradient"]
    assert frames[2].caption[1] == (
        "to v        lambda g, z, x, y: -g   # d(x - y)/dy = -1  summed over axis 0")
    assert frames[-1].feet[card["v"]] == ["gradient", "[1, 1, 1]"]


def test_parts_that_meet_are_shown_as_a_sum_and_then_as_one_number():
    w = leaf(1.0)
    frames, card = frames_of(w * 2.0 + w * 3.0, {"w": w})
    assert [frame.feet[card["w"]] for frame in frames[2:]] == [
        ["1 of 2 parts", "3"], ["gradient", "3", "+ 2"], ["gradient", "5"]]
    oldest = np.sin(leaf(0.0))
    frames, card = frames_of((w * w) * oldest + w * w, {"w": w})  # sin comes last: 0 + 0 + 1 + 1
    assert frames[-2].title == "Step 5 of 5: sin sends its gradient on"
    assert frames[-2].feet[card["w"]] == ["gradient", "2"]


def test_in_the_film_a_gradient_travels_against_the_arrows():
    c, names = doubled_twice()
    found, lines = draw._cards_and_lines(c, names)
    frames = draw._frames(found, lines, *draw._backward_pass(c))
    picture = draw._picture(found, lines, {card: [f.feet[card] for f in frames] for card in found})
    axes = draw._new_axes(picture)
    draw._draw(axes, picture, frames[1].feet, "Step 1", frames[1].active, frames[1].lit)
    heads = {(line.get_gid(), line.get_arrowstyle().arrow) for line in drawn(axes.figure, "line")}
    assert heads == {("line b to step 1 as 0", "<|-"), ("line b to step 1 as 1", "<|-"),
                     ("line a to b as 0", "-|>"), ("line a to b as 1", "-|>")}


def test_every_sign_in_the_tables_calculus_can_be_drawn():
    figure = Figure()
    FigureCanvasAgg(figure)
    comments = [draw._rule_source(op.rules[i])[1] for op, i, _ in table_entries()]
    draw._draw_caption(figure, comments, 20.0)
    figure.canvas.draw()  # a missing sign is a warning, and warnings are errors here
    assert len(figure.texts) == len(comments)


def test_long_captions_are_cut_and_say_so():
    t = np.stack([leaf(float(i)) for i in range(7)]).sum()
    frames, _ = frames_of(t, {})
    assert [frame.caption[-1] for frame in frames[2:3]] == ["and to 3 more"]


def test_the_film_takes_other_speeds_and_gradients(tmp_path):
    frames = film(leaf([1.0, 2.0]) * 3.0, tmp_path / "film.gif", seconds_per_step=0.5,
                  gradient=[1.0, 0.0])
    assert [duration for _, duration in frames] == [500] * 3
    with pytest.raises(ValueError, match="seconds_per_step is 0.02 or more, not 0"):
        animate_backward(leaf(1.0) * 2.0, tmp_path / "none.gif", seconds_per_step=0)
    with pytest.raises(RuntimeError, match="no graph"):
        animate_backward(leaf(1.0), tmp_path / "none.gif")
    assert not (tmp_path / "none.gif").exists()


@pytest.mark.parametrize("before", [False, True])
def test_looking_touches_neither_the_graph_nor_any_gradient(before, tmp_path):
    loss, names = broadcasting()
    if before:
        loss.backward(retain_graph=True)
    tensors = [x for x in names.values()] + [loss, *loss.parents, *loss.parents[0].parents]
    state = [(t, t.grad, None if t.grad is None else t.grad.copy(), t._number, t.parents)
             for t in tensors]
    explain(loss)
    draw_graph(loss)
    animate_backward(loss, tmp_path / "film.gif")
    for t, gradient, copy, number, parents in state:
        assert t.grad is gradient and t._number == number and t.parents is parents
        assert gradient is None or np.array_equal(gradient, copy)
    loss.backward()  # and it still can
