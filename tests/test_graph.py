"""graph: picture and film show everything once, with the right numbers, and touch nothing."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from graphs import GRAPHS, broadcasting, doubled_twice, everything_reached, parabola, two_layers
from helpers import leaf, refused
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from minigrad import Tensor, graph
from minigrad.graph import animate_backward, draw_graph
from minigrad.layout import ROW_GAP, crossings
from minigrad.palette import STYLE
from minigrad.primitive import Primitive
from minigrad.tensor import TABLE
from minigrad.trace import backward_pass, explain, source_of

NOT_COMPUTED = "not computed"


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
    found, lines = graph._cards_and_lines(loss, names)
    picture = graph._picture(found, lines, {card: [graph._gradient_lines(card)] for card in found})
    assert crossings(picture.columns) == 0
    for column in picture.columns:
        for a, b in zip(column, column[1:], strict=False):
            assert b.y - a.y >= (a.height + b.height) / 2 + ROW_GAP - 1e-9
    for line in lines:
        assert [stop.column for stop in line.stops] == list(
            range(line.stops[0].column, line.stops[-1].column + 1))


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
    assert max(sizes) < graph.SIZE


def test_what_is_no_axes_is_refused_before_anything_is_drawn():
    loss, names = two_layers()
    several = Figure().subplots(1, 2)
    for wrong, word in ((several, "axes[0]"), (Figure(), "Figure"), ([], "list"), (0, "int")):
        with refused(TypeError, "fig, ax = plt.subplots()", word):
            draw_graph(loss, names, ax=wrong)
    assert not any(ax.patches or ax.texts for ax in several)


def test_axes_that_count_as_false_are_drawn_on():
    class Empty(Axes):
        def __bool__(self):
            return False
    ax = Figure(figsize=(12, 4)).add_subplot(axes_class=Empty)
    assert draw_graph(two_layers()[0], ax=ax) is ax and ax.patches


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
                         cwd=Path(graph.__file__).parent.parent, capture_output=True, text=True)
    assert run.stdout.strip() == "False True", run.stdout + run.stderr


def test_under_the_houses_style_the_picture_is_the_same_and_nothing_is_warned_of(tmp_path):
    loss, names = two_layers()
    pictures = []
    for style in ({}, STYLE):
        with matplotlib.rc_context(style):
            canvas = FigureCanvasAgg(draw_graph(loss, names))
            canvas.draw()
            pictures.append(np.array(canvas.buffer_rgba()))
            film(loss, tmp_path / "film.gif")
    np.testing.assert_array_equal(*pictures)


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
    for _ in range(graph.MOST - 1):
        t = np.sin(t)
    assert len(cards(draw_graph(t))) == graph.MOST


def test_constants_are_drawn_without_a_gradient():
    w, x = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    figure = draw_graph((w * x * x).sum() * 2.0, {"x": x})
    assert len(drawn(figure, "constant")) == 2 and len(drawn(figure, "leaf")) == 1
    assert texts(figure).count("gradient") == 1 + 4


# -- animate_backward ------------------------------------------------------------------------------


def film(tensor, path, kind="GIF", **options):
    assert animate_backward(tensor, path, **options) == path
    with Image.open(path) as image:
        assert image.format == kind
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
    found, lines = graph._cards_and_lines(tensor, names)
    frames = graph._frames(found, lines, *backward_pass(tensor))
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
    found, lines = graph._cards_and_lines(c, names)
    frames = graph._frames(found, lines, *backward_pass(c))
    picture = graph._picture(found, lines, {card: [f.feet[card] for f in frames] for card in found})
    axes = graph._new_axes(picture)
    graph._draw(axes, picture, frames[1].feet, "Step 1", frames[1].active, frames[1].lit)
    heads = {(line.get_gid(), line.get_arrowstyle().arrow) for line in drawn(axes.figure, "line")}
    assert heads == {("line b to step 1 as 0", "<|-"), ("line b to step 1 as 1", "<|-"),
                     ("line a to b as 0", "-|>"), ("line a to b as 1", "-|>")}


def test_every_sign_in_the_tables_calculus_can_be_drawn():
    figure = Figure()
    FigureCanvasAgg(figure)
    operations = {op for op in TABLE.values() if isinstance(op, Primitive)}
    comments = [source_of(rule)[1] for op in operations for rule in op.rules if rule]
    graph._draw_caption(figure, comments, 20.0)
    figure.canvas.draw()  # a missing sign is a warning, and warnings are errors here
    assert len(figure.texts) == len(comments) > 70


def test_long_captions_are_cut_and_say_so():
    t = np.stack([leaf(float(i)) for i in range(7)]).sum()
    frames, _ = frames_of(t, {})
    assert [frame.caption[-1] for frame in frames[2:3]] == ["and to 3 more"]


def test_a_film_whose_name_ends_in_png_is_an_animated_png(tmp_path):
    frames = film(leaf(2.0) * 3.0, tmp_path / "film.png", kind="PNG")
    assert [duration for _, duration in frames] == [1200] * 3


def test_the_film_takes_other_speeds_and_gradients(tmp_path):
    frames = film(leaf([1.0, 2.0]) * 3.0, tmp_path / "film.gif", seconds_per_step=0.5,
                  gradient=[1.0, 0.0])
    assert [duration for _, duration in frames] == [500] * 3
    for wrong in (0, 0.01, 601, np.inf, np.nan):
        with pytest.raises(ValueError, match=f"seconds_per_step is 0.02 to 600, not {wrong}"):
            animate_backward(leaf(1.0) * 2.0, tmp_path / "none.gif", seconds_per_step=wrong)
    with pytest.raises(RuntimeError, match="no graph"):
        animate_backward(leaf(1.0), tmp_path / "none.gif")
    with refused(TypeError, "a dict", "list"):
        animate_backward(leaf(1.0) * 2.0, tmp_path / "none.gif", names=["w"])
    assert not (tmp_path / "none.gif").exists()


@pytest.mark.parametrize("name", ["film.mp4", "film.jpg", "film", "gif"])
def test_a_film_of_another_kind_is_refused_before_it_is_made(tmp_path, name):
    with refused(ValueError, ".gif or a .png", name):
        animate_backward(leaf(2.0) * 3.0, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["gif", "png"])
def test_a_frame_may_stand_as_short_or_as_long_as_is_said(kind, tmp_path):
    for seconds in (0.02, 600.0):
        frames = film(leaf(2.0) * 3.0, tmp_path / f"film.{kind}", kind.upper(),
                      seconds_per_step=seconds)
        assert [duration for _, duration in frames] == [1000.0 * seconds] * 3


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
