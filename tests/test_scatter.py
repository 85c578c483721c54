"""scatter: ground, line, points and numbers are those of the model, and nothing is touched."""

import re
import warnings

import matplotlib
import numpy as np
import pytest
from helpers import cases, equal, refused
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from minigrad import Tensor, draw, nn, scatter, softmax
from minigrad.palette import AMBER, BLUE, GREEN, STYLE
from minigrad.scatter import CLASSES, decision_boundary, gradient_sizes

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])


@pytest.fixture(autouse=True)
def pyplot_untouched():
    """No picture may open a figure of its own, or leave a changed style behind."""
    before, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == before and dict(matplotlib.rcParams) == style


def axes(**options):
    with matplotlib.rc_context(STYLE):
        figure = Figure(layout="constrained", **options)
        FigureCanvasAgg(figure)
        return figure.subplots()


def cloud(n=60, rng=0):
    return np.random.default_rng(rng).normal(size=(n, 2))


def rightwards(x):
    """A score: positive right of x1 = 0.3."""
    return x[:, 0] - 0.3


def three_sectors(x):
    """Three classes that meet at the origin, at angles of 120 degrees."""
    angles = 2 * np.pi * np.arange(3) / 3
    return x @ np.stack([np.cos(angles), np.sin(angles)])


def line_of(ax):
    """The places where the decision changes: (k, 2)."""
    contours = [c for c in ax.collections if type(c).__name__ == "QuadContourSet"]
    vertices = [path.vertices for c in contours for path in c.get_paths()]
    return np.concatenate(vertices) if vertices else np.zeros((0, 2))


def ground(ax):
    """The colours, (height, width, 3), from the bottom upwards."""
    image, = ax.get_images()
    assert image.origin == "lower"
    return image.get_array()


def drawn(ax, rim=None):
    """The points of the picture by colour: only those with that colour of rim."""
    found = {}
    for points in ax.collections:
        if type(points).__name__ != "PathCollection" or not len(points.get_offsets()):
            continue
        face, edge = points.get_facecolor(), points.get_edgecolor()
        if len(face) and (rim is None or to_hex(edge[0]) == to_hex(rim)):
            found.setdefault(to_hex(face[0]).upper(), []).append(np.asarray(points.get_offsets()))
    return {colour: np.concatenate(parts) for colour, parts in found.items()}


def texts(ax):
    legend = ax.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else None


# -- what is decided -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", cases(
    ("score (n,)", rightwards),
    ("score (n, 1)", lambda x: rightwards(x)[:, None]),
    ("Tensor", lambda x: Tensor(rightwards(x))),
    ("two logits", lambda x: np.stack([-rightwards(x), rightwards(x)], axis=1) / 2),
    ("two probabilities", lambda x: softmax(np.stack([0 * x[:, 0], rightwards(x)], axis=1))),
))
def test_ground_line_and_points_are_those_of_the_model(model):
    x = cloud()
    y = (x[:, 0] > 0.0).astype(int)  # those between 0 and 0.3 are on the wrong side
    ax = decision_boundary(axes(), model, x, y, resolution=50)
    wrong = (x[:, 0] > 0.0) & (x[:, 0] < 0.3)
    assert 3 < wrong.sum() < 10
    assert ax.get_title() == f"{100 * (60 - wrong.sum()) // 60} % right ({60 - wrong.sum()} of 60)"
    assert texts(ax) == ["class 0", "class 1", f"wrong: {wrong.sum()}"]

    np.testing.assert_allclose(line_of(ax)[:, 0], 0.3, atol=2e-3)
    assert np.ptp(line_of(ax)[:, 1]) == pytest.approx(np.ptp(ax.get_ylim()))
    colours = ground(ax)
    centres = np.linspace(*ax.get_xlim(), 50)
    sure = abs(np.tanh((centres - 0.3) / 2))  # 2 sigmoid - 1: 0 on the line, 1 far from it
    for side, colour in ((centres < 0.3, BLUE), (centres > 0.3, AMBER)):
        expected = 1 - (0.08 + 0.27 * sure[side, None]) * (1 - np.array(to_rgb(colour)))
        np.testing.assert_allclose(colours[7, side], expected, atol=1e-3)

    points = drawn(ax)
    equal(np.sort(points[BLUE], axis=0), np.sort(x[y == 0], axis=0))
    equal(np.sort(points[AMBER], axis=0), np.sort(x[y == 1], axis=0))
    black = drawn(ax, rim="black")
    assert list(black) == [AMBER]
    equal(np.sort(black[AMBER], axis=0), np.sort(x[wrong], axis=0))


def test_of_three_classes_every_border_is_drawn():
    x = cloud(300)
    ax = decision_boundary(axes(), three_sectors, x, three_sectors(x).argmax(axis=1))
    assert ax.get_title() == "100 % right (300 of 300)"
    line = line_of(ax)
    scores = np.sort(three_sectors(line), axis=1)
    assert (scores[:, 2] - scores[:, 1]).max() < 0.02, "on a border two classes are level"
    angle = np.round(np.degrees(np.arctan2(*line[np.hypot(*line.T) > 0.2].T[::-1])))
    assert set(angle) == {60.0, 180.0, -60.0} or set(angle) == {60.0, -180.0, -60.0, 180.0}
    colours = ground(ax)
    assert np.argmax(to_rgb(GREEN)) == 1 and colours[2, 100].argmax() == 1, "below: class 2, green"


def test_sure_places_are_stronger_than_unsure_ones():
    colours = ground(decision_boundary(axes(), rightwards, cloud(), np.ones(60), resolution=80))
    assert (colours[5, 0] < colours[5, 20] - 0.01).any(), "far left is surer than near the line"


def test_hundred_percent_means_all():
    x = cloud(1001)
    y = (x[:, 0] > 0.3).astype(int)
    y[0] = 1 - y[0]
    assert decision_boundary(axes(), rightwards, x, y, resolution=5).get_title() == (
        "99 % right (1,000 of 1,001)")


def test_a_score_of_exactly_zero_decides_for_class_0_and_draws_no_line():
    ax = decision_boundary(axes(), lambda x: np.zeros(len(x)), SQUARE, XOR)
    assert ax.get_title() == "50 % right (2 of 4)" and not len(line_of(ax))


@pytest.mark.parametrize("y, first", cases(
    ("0 and 1", [0, 1, 1, 0], "class 0"),
    ("-1 and +1", [-1, 1, 1, -1], "−1"),
    ("floats", [0.0, 1.0, 1.0, 0.0], "class 0"),
    ("float signs in a column", np.array([[-1.0], [1.0], [1.0], [-1.0]]), "−1"),
    ("bools", [False, True, True, False], "class 0"),
    ("Tensor", Tensor([0, 1, 1, 0]), "class 0"),
))
def test_labels_in_every_usual_code(y, first):
    def xor(x):
        return 0.25 - (x[:, 0] - 0.5) * (x[:, 1] - 0.5) * 4 - 0.25
    ax = decision_boundary(axes(), xor, SQUARE, y)
    assert ax.get_title() == "100 % right (4 of 4)" and texts(ax)[0] == first


@pytest.mark.parametrize("label, right", [(-1, 0), (1, 2), (0, 0)])
def test_labels_of_one_class_alone(label, right):
    ax = decision_boundary(axes(), lambda x: x[:, 0] + 2.0, SQUARE[:2], [label, label])
    assert ax.get_title() == f"{50 * right} % right ({right} of 2)"


# -- the picture -----------------------------------------------------------------------------------


def test_ten_classes_have_ten_colours_and_ten_markers():
    assert len({colour for colour, _ in CLASSES}) == len({marker for _, marker in CLASSES}) == 10
    x = cloud(50)
    weights = np.random.default_rng(1).normal(size=(2, 10))
    ax = decision_boundary(axes(), lambda x: x @ weights, x, np.arange(50) % 10, resolution=20)
    assert texts(ax)[:10] == [f"class {c}" for c in range(10)]
    assert len(drawn(ax)) == 10


def test_names_stand_in_the_legend_and_an_empty_list_means_none():
    y = [-1, 1, 1, 1]
    names = np.array(["left", "right"])
    ax = decision_boundary(axes(), rightwards, SQUARE, y, names=names, resolution=5)
    assert texts(ax) == ["left", "right", "wrong: 1"]
    assert texts(decision_boundary(axes(), rightwards, SQUARE, y, names=[], resolution=5)) is None


def test_what_the_caller_has_set_stays():
    ax = axes()
    ax.set(xlabel="petal length (cm)", aspect="equal")
    decision_boundary(ax, rightwards, SQUARE, XOR, resolution=5)
    assert ax.get_xlabel() == "petal length (cm)" and ax.get_ylabel() == "x₂"
    assert ax.get_aspect() == 1.0


@pytest.mark.parametrize("x", cases(("one point", [[3.0, 4.0]]), ("one place", [[1.0, 1.0]] * 5),
                                    ("on a line", [[0.0, 2.0], [1.0, 2.0]]),
                                    ("whole numbers", [[0, 0], [3, 1]])))
def test_few_points_have_room_around_them(x):
    ax = decision_boundary(axes(), lambda x: x[:, 0], x, np.zeros(len(x)), resolution=5)
    for (low, high), values in zip((ax.get_xlim(), ax.get_ylim()), np.transpose(x), strict=True):
        assert low < values.min() and values.max() < high


def test_far_points_do_not_shrink_the_picture_and_are_told_of():
    x = cloud(200)
    x[0], x[1] = [1000.0, 0.5], [-3.0, -800.0]
    ax = decision_boundary(axes(), rightwards, x, np.ones(200), resolution=5)
    assert np.ptp(ax.get_xlim()) < 10.0 and np.ptp(ax.get_ylim()) < 10.0
    assert ax.get_title().endswith("\n(2 far outside, drawn at the edge)")
    places = np.concatenate(list(drawn(ax).values()))
    assert len(places) == 200
    assert [ax.get_xlim()[1], 0.5] in places.tolist() and -3.0 in places[:, 0]


def test_a_small_class_that_lies_apart_is_no_outlier():
    x = cloud(500)
    x[:5] += 12.0  # 1 %, twelve deviations away in each direction
    ax = decision_boundary(axes(), rightwards, x, np.ones(500), resolution=5)
    assert ax.get_xlim()[1] > x[:, 0].max() and "outside" not in ax.get_title()


def test_a_rare_value_of_a_feature_that_takes_two_is_no_outlier():
    x = cloud(100)
    x[:, 0] = np.arange(100) >= 90  # three quarters of the points are level
    ax = decision_boundary(axes(), rightwards, x, np.ones(100), resolution=5)
    assert ax.get_xlim()[1] > 1.0 and "outside" not in ax.get_title()


def test_many_points_are_small_and_few_are_large():
    def area(n):
        ax = decision_boundary(axes(), rightwards, cloud(n), np.ones(n), resolution=5)
        return min(c.get_sizes()[0] for c in ax.collections if len(c.get_offsets()) > 1)
    assert area(5000) < 10 < 30 < area(200) < 60 < area(4)


@pytest.mark.parametrize("n", [4, 5000])
@pytest.mark.parametrize("picture", ["decision_boundary", "gradient_sizes"])
def test_nothing_is_cut_off(picture, n):
    x, y = cloud(n), np.arange(n) % 3
    with matplotlib.rc_context(STYLE):
        ax = axes(figsize=(7, 4.2))
        if picture == "decision_boundary":
            names = ["setosa", "versicolor", "virginica"]
            decision_boundary(ax, three_sectors, x, y, names=names, resolution=20)
        else:
            gradient_sizes(ax, x, np.arange(n), y)
        assert not any(line.get_visible() for line in ax.get_xgridlines())
        ax.figure.draw_without_rendering()
    canvas = ax.figure.bbox
    for artist in (ax.title, ax.get_legend(), ax.xaxis.label, ax.yaxis.label):
        box = artist.get_window_extent()
        assert canvas.x0 <= box.x0 and box.x1 <= canvas.x1, artist
        assert canvas.y0 <= box.y0 and box.y1 <= canvas.y1, artist
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    assert min(text.get_fontsize() for text in (ax.title, *ax.get_legend().get_texts())) >= 12


def test_without_a_layout_that_makes_room_the_legend_is_inside():
    ax = decision_boundary(Figure().subplots(), rightwards, SQUARE, XOR, resolution=5)
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x1 < ax.get_window_extent().x1


# -- nothing is touched ----------------------------------------------------------------------------


def test_nothing_is_recorded_no_gradient_is_touched_and_the_arrays_stay():
    model = nn.MLP([2, 4, 2], rng=0)
    outputs, x, y = [], cloud(), np.arange(60) % 2
    model(x).sum().backward()
    before = [(p.data.copy(), p.grad, p.grad.copy()) for p in model.parameters()]
    copies = x.copy(), y.copy()

    def spy(rows):
        outputs.append(model(rows))
        return outputs[-1]
    loss = model(x).sum()
    ax = axes()
    assert decision_boundary(ax, spy, x, y, resolution=5) is ax
    assert outputs and not any(out.requires_grad or out.parents for out in outputs)
    for p, (data, grad, values) in zip(model.parameters(), before, strict=True):
        equal(p.data, data)
        assert p.grad is grad
        equal(grad, values)
    equal(x, copies[0])
    equal(y, copies[1])
    loss.backward()  # a graph that was alive still is


@pytest.mark.parametrize("dtype, given", [("float32", "float32"), ("float64", "float64"),
                                          ("int64", "float64"), ("float16", "float64")])
def test_the_model_is_given_the_dtype_of_x(dtype, given):
    seen = []

    def model(rows):
        seen.append(rows.dtype)
        return rows[:, 0] - rows.dtype.type(0.5)
    decision_boundary(axes(), model, SQUARE.astype(dtype), XOR, resolution=5)
    assert set(seen) == {np.dtype(given)}


def test_a_float32_model_stays_float32():
    model = nn.MLP([2, 4, 3], rng=0, dtype=np.float32)
    seen = []
    decision_boundary(axes(), lambda x: seen.append(model(x).dtype) or model(x),
                      SQUARE.astype(np.float32), XOR, resolution=5)
    assert set(seen) == {np.dtype(np.float32)}


def test_the_grid_is_asked_piece_by_piece(monkeypatch):
    sizes = []

    def model(rows):
        sizes.append(len(rows))
        return three_sectors(rows)
    whole = ground(decision_boundary(axes(), model, SQUARE, XOR, resolution=30))
    assert sizes == [4, 900]
    monkeypatch.setattr(scatter, "ROWS", 128)
    sizes.clear()
    pieces = ground(decision_boundary(axes(), model, SQUARE, XOR, resolution=30))
    assert sizes == [4] + 7 * [128] + [4]
    np.testing.assert_allclose(pieces, whole)


# -- refused ---------------------------------------------------------------------------------------


def boundary(model=rightwards, x=SQUARE, y=XOR, ax=None, **options):
    return decision_boundary(axes() if ax is None else ax, model, x, y, **options)


@pytest.mark.parametrize("call, error, words", cases(
    ("no axes", lambda: boundary(ax=rightwards), TypeError, ["plt.subplots()"]),
    ("four columns", lambda: boundary(x=np.ones((4, 4))), ValueError, ["(4, 4)", "x[:, [0, 1]]"]),
    ("a row", lambda: boundary(x=[1.0, 2.0]), ValueError, ["(2,)", "(n, 2)"]),
    ("no points", lambda: boundary(x=np.ones((0, 2)), y=[]), ValueError, ["no points"]),
    ("nan point", lambda: boundary(x=[[0, 0], [0, np.nan]], y=[0, 1]), ValueError, ["x[1]", "nan"]),
    ("text", lambda: boundary(x=[["a", "b"]], y=[0]), TypeError, ["numbers"]),
    ("too few labels", lambda: boundary(y=[0, 1]), ValueError, ["4 points", "(2,)", "(4,)"]),
    ("one-hot", lambda: boundary(y=np.eye(4)), ValueError, ["(4, 4)", "y.argmax(axis=1)"]),
    ("half a label", lambda: boundary(y=[0, 0.5, 1, 1]), ValueError, ["whole numbers", "0.5"]),
    ("nan label", lambda: boundary(y=[0, np.nan, 1, 1]), ValueError, ["whole numbers"]),
    ("names as labels", lambda: boundary(y=["a", "b", "b", "a"]), ValueError, ["whole numbers"]),
    ("label 2 of a score", lambda: boundary(y=[0, 1, 2, 0]), ValueError,
     ["one score", "0 and 1", "[0 1 2]"]),
    ("three codes", lambda: boundary(y=[-1, 0, 1, 0]), ValueError, ["-1 and +1", "[-1  0  1]"]),
    ("label 3 of three", lambda: boundary(three_sectors, y=[0, 1, 2, 3]), ValueError,
     ["3 classes", "0 ... 2", "[0 1 2 3]"]),
    ("-1 of three", lambda: boundary(three_sectors, y=[-1, 1, 1, 1]), ValueError, ["0 ... 2"]),
    ("eleven", lambda: boundary(lambda x: np.ones((len(x), 11))), ValueError, ["10", "not 11"]),
    ("three names", lambda: boundary(names=["a", "b", "c"]), ValueError, ["2 classes", "'c'"]),
    ("a name", lambda: boundary(names="ab"), ValueError, ["2 classes", "'ab'"]),
    ("resolution", lambda: boundary(resolution=1), ValueError, ["resolution", "not 1"]),
    ("outputs for a model", lambda: boundary(Tensor(SQUARE)), TypeError, ["function", "Tensor"]),
    ("resolution 20.0", lambda: boundary(resolution=20.0), ValueError, ["whole number", "20.0"]),
    ("one number", lambda: boundary(lambda x: x.sum()), ValueError, ["(4, 2)", "()", "(4, C)"]),
    ("other rows", lambda: boundary(lambda x: x[:2]), ValueError, ["(4, 2)", "(2, 2)", "(4, 1)"]),
    ("three axes", lambda: boundary(lambda x: x[:, :, None]), ValueError, ["(4, 2, 1)"]),
    ("no columns", lambda: boundary(lambda x: x[:, :0]), ValueError, ["(4, 0)"]),
    ("nan from the model", lambda: boundary(lambda x: np.where(x[:, 0] > 0.5, np.nan, 1.0)),
     ValueError, ["nan", "2 of 4", "detect_anomaly"]),
))
def test_the_boundary_refuses_what_it_cannot_draw(call, error, words):
    with refused(error, *words):
        call()


def test_a_refusal_draws_nothing():
    ax = axes()
    with pytest.raises(ValueError):
        boundary(three_sectors, y=[0, 1, 2, 3], ax=ax)
    assert not ax.has_data() and not ax.get_title()


def test_scores_that_look_like_probabilities_are_warned_of():
    with pytest.warns(UserWarning, match=re.escape("model(x) - 0.5")) as caught:
        boundary(lambda x: 1 / (1 + np.exp(-rightwards(x))), resolution=5)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boundary(lambda x: np.zeros(len(x)), resolution=5)
        boundary(lambda x: 1 / (1 + np.exp(-rightwards(x))) - 0.5, resolution=5)
        boundary(lambda x: softmax(three_sectors(x)), resolution=5)


def test_two_columns_are_no_score_whatever_the_first_one_holds():
    def model(x):
        return np.stack([np.zeros(len(x)), 1 / (1 + np.exp(-rightwards(x)))], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boundary(model, resolution=5)
    with pytest.warns(UserWarning, match="every score"):
        boundary(lambda x: model(x)[:, 1:], resolution=5)


# -- gradient_sizes --------------------------------------------------------------------------------


def circles(ax):
    """The points that pull, by place: their area; and the set of the places that are silent."""
    pulling, silent = {}, set()
    for points in ax.collections:
        sizes = np.broadcast_to(points.get_sizes(), len(points.get_offsets()))
        for place, size in zip(points.get_offsets().tolist(), sizes, strict=True):
            if len(points.get_facecolor()):
                pulling[tuple(place)] = size
            else:
                silent.add(tuple(place))
    return pulling, silent


@pytest.mark.parametrize("gradients", cases(
    ("lengths", [0.0, 1.0, 2.0, 4.0]),
    ("signed", [0.0, -1.0, 2.0, -4.0]),
    ("a column", np.array([[0.0], [1.0], [-2.0], [4.0]])),
    ("rows", [[0.0, 0.0], [0.6, -0.8], [2.0, 0.0], [0.0, -4.0]]),
    ("matrices", np.array([0, 1, 2, 4])[:, None, None] * np.full((4, 2, 2), 0.5)),
    ("float32", np.array([0, 1, 2, 4], dtype=np.float32)),
    ("Tensor", Tensor([0.0, 1.0, 2.0, 4.0])),
    ("tiny", np.array([[0, 0], [0.6, 0.8], [2, 0], [4, 0]]) * 1e-300),
    ("huge", np.array([[0, 0], [0.6, 0.8], [2, 0], [4, 0]]) * 4e307),
))
def test_the_area_grows_with_the_gradient_and_exactly_0_is_hollow(gradients):
    ax = axes()
    assert gradient_sizes(ax, SQUARE, gradients) is ax
    pulling, silent = circles(ax)
    assert silent == {(0.0, 0.0)} and set(pulling) == {(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)}
    above = np.array([pulling[place] for place in [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]]) - 6.0
    np.testing.assert_allclose(above / above[2], [0.25, 0.5, 1.0])
    assert ax.get_title() == "3 of 4 points still teach,\nhalf of the pull comes from 1"
    assert texts(ax) == ["its own gradient", "exactly 0: 1"]


def test_what_is_merely_small_is_not_hollow():
    pulling, silent = circles(gradient_sizes(axes(), SQUARE, [1.0, 1e-9, 1e-200, 5e-324]))
    assert not silent and len(pulling) == 4


@pytest.mark.parametrize("gradients, title", cases(
    ("all", [1.0, 1.0, 1.0, 1.0], "All 4 points still teach,\nhalf of the pull comes from 2"),
    ("none", [0.0, 0.0, 0.0, 0.0], "None of 4 points teaches any more"),
    ("one", [0.0, 0.0, 0.0, 7.0], "1 of 4 points still teaches"),
))
def test_the_title_says_how_many_still_teach(gradients, title):
    assert gradient_sizes(axes(), SQUARE, gradients).get_title() == title


@pytest.mark.parametrize("y, names, legend", cases(
    ("0 and 1", [0, 1, 1, 1], None, ["class 0", "class 1"]),
    ("signs", [[-1], [1], [1], [1]], None, ["−1", "+1"]),
    ("three classes", [0, 1, 2, 1], ["a", "b", "c"], ["a", "b", "c"]),
    ("a class without points", [0, 1, 1, 1], ["a", "b", "c"], ["a", "b", "c"]),
))
def test_classes_have_colours_and_names(y, names, legend):
    ax = gradient_sizes(axes(), SQUARE, [1, 2, 3, 4], y, names=names)
    assert texts(ax) == legend
    points = next(c for c in ax.collections if len(c.get_offsets()) == 4)
    places = points.get_offsets().tolist()
    colours = {tuple(p): to_hex(c).upper() for p, c in zip(places, points.get_facecolor(),
                                                           strict=True)}
    assert colours[(0.0, 0.0)] == BLUE and colours[(0.0, 1.0)] == AMBER
    assert (colours[(1.0, 0.0)] == GREEN) == (names is not None and 2 in y)
    assert places[0] == [1.0, 1.0], "the largest lies at the bottom"


def test_no_legend_is_drawn_for_an_empty_list():
    assert texts(gradient_sizes(axes(), SQUARE, [1, 2, 3, 4], names=[])) is None
    assert texts(gradient_sizes(axes(), SQUARE, [1, 2, 3, 4], XOR, names=[])) is None


def test_a_far_point_keeps_its_size_at_the_edge_and_nothing_is_changed():
    x, gradients = cloud(100), np.ones(100)
    x[0], gradients[0] = [500.0, 0.0], 30.0
    copies = x.copy(), gradients.copy()
    ax = gradient_sizes(axes(), x, gradients)
    pulling, _ = circles(ax)
    place = (ax.get_xlim()[1], 0.0)
    assert pulling[place] == max(pulling.values()) and place[0] < 5.0
    assert ax.get_title().endswith("\n(1 far outside, drawn at the edge)")
    equal(x, copies[0])
    equal(gradients, copies[1])


@pytest.mark.parametrize("arguments, error, words", cases(
    ("no axes", (None, SQUARE, [1, 2, 3, 4]), TypeError, ["plt.subplots()"]),
    ("too few", (0, SQUARE, [1, 2]), ValueError, ["4 points", "(2,)", 'reduction="none"']),
    ("a mean", (0, SQUARE, 1.0), ValueError, ["4 points", "()"]),
    ("no columns", (0, SQUARE, np.ones((4, 0))), ValueError, ["(4, 0)"]),
    ("nan", (0, SQUARE, [1, 2, np.nan, 4]), ValueError, ["point 2", "nan"]),
    ("inf", (0, SQUARE, [1, np.inf, 3, 4]), ValueError, ["point 1", "inf"]),
    ("labels", (0, SQUARE, [1, 2, 3, 4], [0.5, 1, 1, 1]), ValueError, ["whole numbers"]),
    ("too many", (0, SQUARE, [1, 2, 3, 4], [0, 1, 1, 10]), ValueError, ["10", "not 11"]),
    ("three columns", (0, np.ones((4, 3)), [1, 2, 3, 4]), ValueError, ["(4, 3)"]),
))
def test_gradient_sizes_refuses_what_it_cannot_draw(arguments, error, words):
    ax, *others = arguments
    with refused(error, *words):
        gradient_sizes(axes() if ax == 0 else ax, *others)


def test_names_without_labels_are_refused():
    with refused(ValueError, "'a'", "y"):
        gradient_sizes(axes(), SQUARE, [1, 2, 3, 4], names=["a", "b"])


def test_both_can_be_had_from_draw():
    assert draw.decision_boundary is decision_boundary and draw.gradient_sizes is gradient_sizes
