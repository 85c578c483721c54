"""landscape: curvature against eigenvalues, slices against polynomials, and all is put back."""

import math
import warnings

import matplotlib
import numpy as np
import pytest
from helpers import cases, equal, leaf, refused
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from losses import mae, softmax_cross_entropy
from minigrad import Tensor, detect_anomaly, draw, grad, landscape, nn
from minigrad.datasets import moons
from minigrad.landscape import (hessian_vector, loss_along, loss_contour, loss_slice,
                                top_curvature)
from minigrad.palette import BLUE, GREEN, PURPLE, STYLE


@pytest.fixture(autouse=True)
def pyplot_untouched():
    """No picture may open a figure of its own, or leave a changed style behind."""
    before, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == before and dict(matplotlib.rcParams) == style


def axes(**options):
    figure = Figure(layout="constrained", **options)
    FigureCanvasAgg(figure)
    return figure.subplots()


def network(activation="tanh", dtype=np.float64, sizes=(2, 4, 3, 2)):
    """A small model, its cost on 20 points, its parameters."""
    model = nn.MLP(list(sizes), activation=activation, rng=3, dtype=dtype)
    x, y = moons(20, rng=1)
    x = x.astype(dtype)
    return (lambda: softmax_cross_entropy(model(x), y)), model.parameters()


def quadratic(*eigenvalues, rng=0):
    """w . A w / 2 with a matrix A of these eigenvalues, turned at random; at a random place."""
    rng = np.random.default_rng(rng)
    turn, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))
    matrix = turn @ np.diag(eigenvalues) @ turn.T
    w = leaf(rng.normal(size=len(eigenvalues)))
    return (lambda: 0.5 * (w * (matrix @ w)).sum()), [w], matrix


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def split(vector, params):
    ends = np.cumsum([p.size for p in params])
    return [part.reshape(p.shape) for part, p in
            zip(np.split(vector, ends[:-1]), params, strict=True)]


def hessian_by_differences(cost, params, h=1e-5):
    """All second derivatives, from gradients at neighbouring places: nothing of the landscape."""
    place = flat([p.data for p in params])

    def gradient(vector):
        for p, values in zip(params, split(vector, params), strict=True):
            p.data = values
        return flat(grad(cost(), params))
    rows = [(gradient(place + h * e) - gradient(place - h * e)) / (2 * h)
            for e in np.eye(len(place))]
    gradient(place)
    return np.array(rows)


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# -- hessian_vector --------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "softplus", "gelu", "sigmoid"])
def test_the_product_is_that_with_the_whole_hessian(activation):
    cost, params = network(activation)
    hessian = hessian_by_differences(cost, params)
    v = np.random.default_rng(0).normal(size=len(hessian))
    product = hessian_vector(cost, params, split(v, params))
    assert [h.shape for h in product] == [p.shape for p in params]
    assert all(type(h) is np.ndarray for h in product)
    np.testing.assert_allclose(flat(product), hessian @ v, atol=1e-8)


def test_a_product_worked_by_hand():
    a, b = leaf(3.0), leaf([5.0, 1.0])  # a^2 (b0 + 2 b1): H = [[2 b0 + 4 b1, 2a, 4a], ...]
    product = hessian_vector(lambda: a * a * (b * [1.0, 2.0]).sum(), [a, b], [1.0, [0.5, -1.0]])
    equal(product[0], 14.0 + 0.5 * 6.0 - 12.0)
    equal(product[1], [6.0, 12.0])


@pytest.mark.parametrize("cost", cases(
    ("constant slope", lambda w: (w * 3.0).sum()),
    ("mae", lambda w: mae(w, [0.0, 0.0])),
    ("one linear parameter", lambda w: w[0] * 2.0 + w[1]),
))
def test_where_there_is_no_second_derivative_the_product_is_zero(cost):
    w = leaf([1.0, -2.0])
    equal(hessian_vector(lambda: cost(w), [w], [[1.0, 1.0]])[0], [0.0, 0.0])


def test_a_parameter_that_is_linear_beside_one_that_is_not():
    a, b = leaf(2.0), leaf(5.0)
    equal(flat(hessian_vector(lambda: a**3 + 4.0 * b, [a, b], [1.0, 1.0])), [12.0, 0.0])


def test_float32_stays_float32():
    cost, params = network(dtype=np.float32)
    exact_cost, exact_params = network()
    for p, q in zip(exact_params, params, strict=True):
        p.data = q.data
    v = split(np.random.default_rng(0).normal(size=sum(p.size for p in params)), params)
    product = hessian_vector(cost, params, v)
    assert {h.dtype for h in product} == {np.dtype(np.float32)}
    np.testing.assert_allclose(flat(product), flat(hessian_vector(exact_cost, exact_params, v)),
                               atol=1e-5)
    value, direction = top_curvature(cost, params)
    assert type(value) is float and {d.dtype for d in direction} == {np.dtype(np.float32)}
    assert value == pytest.approx(top_curvature(exact_cost, exact_params)[0], rel=1e-3)


def test_float32_settles_at_once_where_all_directions_are_equal():
    w = leaf([1.0, 2.0, 3.0], np.float32)
    assert top_curvature(lambda: (w * w).sum(), [w])[0] == pytest.approx(2.0)


# -- top_curvature ---------------------------------------------------------------------------------


def test_the_top_curvature_is_the_largest_eigenvalue():
    for activation in ("tanh", "softplus"):
        cost, params = network(activation)
        values, vectors = np.linalg.eigh(hessian_by_differences(cost, params))
        top = np.abs(values).argmax()
        value, direction = top_curvature(cost, params)
        assert value == pytest.approx(values[top], rel=1e-4)
        assert [d.shape for d in direction] == [p.shape for p in params]
        assert abs(flat(direction) @ vectors[:, top]) == pytest.approx(1.0, abs=1e-5)
        assert np.linalg.norm(flat(direction)) == pytest.approx(1.0)


@pytest.mark.parametrize("eigenvalues, top", cases(
    ("positive", (5.0, 1.0, 0.1), [5.0]),
    ("negative", (-5.0, 1.0, 0.1), [-5.0]),
    ("negative beside a smaller positive", (-3.0, 2.9, 1.0), [-3.0]),
    ("equal and opposite", (4.0, -4.0, 1.0), [4.0, -4.0]),
    ("nearly opposite", (4.0, -3.999, 1.0), [4.0]),
    ("equal", (4.0, 4.0, 1.0), [4.0]),
    ("all equal", (2.0, 2.0, 2.0), [2.0]),
    ("one", (7.0,), [7.0]),
    ("one negative", (-7.0,), [-7.0]),
    ("tiny", (1e-12, 1e-13), [1e-12]),
    ("huge", (1e12, -1e11), [1e12]),
    ("of rank 1", (0.0, 0.0, 3.0), [3.0]),
    ("a crowd below nearly opposite ones", (3.1, -3.0, *np.linspace(-2.0, 2.0, 40)), [3.1]),
    ("a crowd below nearly opposite others", (3.0, -3.1, *np.linspace(-2.0, 2.0, 40)), [-3.1]),
))
@pytest.mark.parametrize("rng", range(3))
def test_known_eigenvalues(eigenvalues, top, rng):
    cost, params, matrix = quadratic(*eigenvalues, rng=rng)
    value, (direction,) = top_curvature(cost, params, rng=rng, tolerance=1e-6)
    assert min(abs(value - t) / abs(t) for t in top) < 1e-5
    np.testing.assert_allclose(matrix @ direction, value * direction, atol=2e-6 * abs(value))


@pytest.mark.parametrize("cost", [lambda w: (w * 3.0).sum(), lambda w: mae(w, np.zeros(3))])
def test_without_curvature_it_is_0(cost):
    w = leaf([1.0, 2.0, 3.0])
    value, (direction,) = top_curvature(lambda: cost(w), [w])
    assert value == 0.0 and type(value) is float
    assert np.linalg.norm(direction) == pytest.approx(1.0)


def test_a_seed_makes_it_reproducible_and_the_global_state_is_left_alone():
    cost, params, _ = quadratic(3.0, 2.0, 1.0)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = top_curvature(cost, params, rng=5), top_curvature(cost, params, rng=5)
    assert first[0] == again[0]
    equal(first[1][0], again[1][0])
    equal(np.random.get_state()[1], state)  # noqa: NPY002
    generator = np.random.default_rng(5)
    equal(top_curvature(cost, params, rng=generator)[1][0], first[1][0])
    assert generator.normal() != np.random.default_rng(5).normal(), "a generator moves on"


def test_it_warns_if_it_has_not_settled_and_says_how_far_it_may_be_off():
    cost, params, _ = quadratic(1.0, 0.99, 0.98)
    with pytest.warns(RuntimeWarning, match="not settled after 3 .* give or take .* most=") as said:
        value, _ = top_curvature(cost, params, most=3)
    off = float(str(said[0].message).split("give or take ")[1].split(". ")[0])
    assert min(abs(value - t) for t in (1.0, 0.99, 0.98)) <= 1.05 * off
    assert said[0].filename == __file__


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_more_products_are_computed_than_most(most, monkeypatch):
    cost, params, _ = quadratic(1.0, 0.99, 0.98)
    calls, product = [], landscape._product
    monkeypatch.setattr(landscape, "_product", lambda *args: calls.append(1) or product(*args))
    with pytest.warns(RuntimeWarning, match=f"after {most} product{'s' * (most > 1)} with H"):
        value, (direction,) = top_curvature(cost, params, most=np.int64(most))
    assert len(calls) == most and 0.98 <= value <= 1.0
    assert np.linalg.norm(direction) == pytest.approx(1.0)


def test_in_one_dimension_one_product_is_enough():
    w = leaf(2.0)
    value, (direction,) = top_curvature(lambda: w**3, [w], most=1)  # 6 w
    assert value == 12.0 and abs(direction) == 1.0


def test_the_cost_is_computed_once():
    calls = []
    w = leaf([1.0, 2.0])

    def cost():
        calls.append(1)
        return (w * w * [1.0, 3.0]).sum()
    top_curvature(cost, [w])
    assert len(calls) == 1


# -- nothing is touched ----------------------------------------------------------------------------


def asked(name, cost, params):
    """Each function of the file, called on the same cost."""
    direction = [np.ones(p.shape) for p in params]
    return {"hessian_vector": lambda: hessian_vector(cost, params, direction),
            "top_curvature": lambda: top_curvature(cost, params),
            "loss_along": lambda: loss_along(cost, params, direction, [-1.0, 0.3]),
            "loss_slice": lambda: loss_slice(axes(), cost, params, points=5),
            "sharpest": lambda: loss_slice(axes(), cost, params, "sharpest", points=5),
            "given": lambda: loss_slice(axes(), cost, params, direction, points=5)}[name]


EACH = pytest.mark.parametrize("name", ["hessian_vector", "top_curvature", "loss_along",
                                        "loss_slice", "sharpest", "given"])


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_gradients_stay_and_a_graph_that_was_alive_stays_valid(name, dtype):
    cost, params = network(dtype=dtype)
    cost().backward()
    alive = cost()
    before = [(p.data, p.data.tobytes(), p.grad, p.grad.tobytes()) for p in params]
    asked(name, cost, params)()
    for p, (data, values, gradient, slopes) in zip(params, before, strict=True):
        assert p.data is data and p.data.tobytes() == values
        assert p.grad is gradient and p.grad.tobytes() == slopes
    alive.backward()
    for p, (*_, slopes) in zip(params, before, strict=True):
        np.testing.assert_allclose(p.grad, 2.0 * np.frombuffer(slopes, dtype).reshape(p.shape))


@EACH
def test_no_gradient_appears_where_there_was_none(name):
    cost, params = network()
    asked(name, cost, params)()
    assert all(p.grad is None for p in params)


@pytest.mark.parametrize("accident", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("when", [0, 1, 3])
def test_the_parameters_are_put_back_whatever_happens(accident, when):
    w = leaf([0.1, -0.0, np.nextafter(1.0, 2.0), 1e300])
    values, calls = w.data.tobytes(), []

    def cost():
        calls.append(w.data.copy())
        if len(calls) == when + 1:
            raise accident("while the parameters are elsewhere")
        return (w * 1e-200).sum()
    with pytest.raises(accident):
        loss_along(cost, [w], [[1.0, 2.0, 3.0, 4.0]], [0.5, 1.0, 1.5, 2.0])
    assert len(calls) == when + 1 and w.data.tobytes() == values
    assert calls[-1][0] == 0.1 + 0.5 * (when + 1), "it was elsewhere"
    assert (w * 2.0).requires_grad, "recording is on again"


def test_it_may_be_asked_under_detect_anomaly():
    cost, params = network()
    with detect_anomaly():
        alive = cost()
        loss_slice(axes(), cost, params, "sharpest", points=5)
        alive.backward()


# -- loss_along ------------------------------------------------------------------------------------


def test_the_cost_along_a_line_is_the_polynomial_that_it_is():
    a, b = leaf([1.0, 2.0]), leaf(3.0)
    t = np.linspace(-2.0, 2.0, 9)
    costs = loss_along(lambda: (a * a).sum() * b, [a, b], [[1.0, -1.0], 2.0], t)
    np.testing.assert_allclose(costs, ((1 + t) ** 2 + (2 - t) ** 2) * (3 + 2 * t), rtol=1e-14)
    assert costs.dtype == np.float64


def test_along_minus_the_gradient_the_distance_is_a_learning_rate():
    w = leaf([3.0, 4.0])
    step = [-g for g in grad((w * w).sum(), [w])]
    np.testing.assert_allclose(loss_along(lambda: (w * w).sum(), [w], step, [0.5, 1.0]), [0, 25])


def test_nothing_is_recorded_a_plain_number_will_do_and_nan_is_kept():
    w = leaf([1.0])
    seen = []

    def cost():
        value = (w * 2.0).sum()
        seen.append(value.requires_grad)
        return value.item() if w.data[0] < 2.5 else math.nan
    equal(loss_along(cost, [w], [[1.0]], [0.0, 1.0, 2.0]), [2.0, 4.0, np.nan])
    assert seen == [False] * 3
    assert loss_along(cost, [w], [[1.0]], []).shape == (0,)


def test_the_direction_is_left_as_it_was_and_may_be_tensors():
    w, direction = leaf([1.0]), [Tensor([2.0])]
    equal(loss_along(lambda: w.sum(), [w], direction, (1, 2)), [3.0, 5.0])
    equal(direction[0], [2.0])


# -- loss_slice ------------------------------------------------------------------------------------


def bowl():
    """w0^2 + 3 w1^2 - w2^2 / 2 at (1, 1, 1): gradient (2, 6, -1), curvatures 2, 6, -1."""
    w = leaf([1.0, 1.0, 1.0])
    return (lambda: (w * w * [1.0, 3.0, -0.5]).sum()), [w]


def test_the_parabola_of_a_parabola_is_the_cost():
    cost, params = bowl()
    ax = axes()
    assert loss_slice(ax, cost, params, span=0.5, points=21) is ax
    t, costs = lines(ax)["cost"].get_data()
    equal(t, np.linspace(-0.5, 0.5, 21))
    length = np.sqrt(41.0)
    k = (2.0 * 4.0 + 6.0 * 36.0 - 1.0) / 41.0
    np.testing.assert_allclose(costs, 3.5 - length * t + 0.5 * k * t * t)
    parabola = lines(ax)["parabola"].get_ydata()
    drawn = np.isfinite(parabola)
    assert drawn.sum() >= 19
    np.testing.assert_allclose(parabola[drawn], costs[drawn])
    assert ax.get_title() == (f"Straight downhill: curvature k = {k:.3g},\n"
                              f"lr above 2/k = {2.0 / k:.3g} climbs")
    touch, tangent = lines(ax)[f"slope −{length:.3g}"].get_data()
    np.testing.assert_allclose(tangent, 3.5 - length * touch)
    assert touch[1] == 0.0


def test_the_sharpest_direction_is_the_eigenvector_turned_downhill():
    for place in ([1.0, 1.0, 1.0], [1.0, -1.0, 1.0]):
        cost, (w,) = bowl()
        w.data = place
        ax = loss_slice(axes(), cost, [w], "sharpest")
        assert ax.get_title() == ("Sharpest direction: curvature λ = 6,\n"
                                  "lr above 2/λ = 0.333 climbs")
        t, costs = lines(ax)["cost"].get_data()
        np.testing.assert_allclose(costs, 3.5 - 6.0 * t + 3.0 * t * t, atol=1e-3)
        assert "slope −6" in texts(ax)


def test_a_step_overshoots_above_one_over_lambda_and_climbs_above_two():
    cost, (w,) = bowl()  # along w1 the curvature is 6, and the bottom at 0
    slope = grad(cost(), w).data[1]
    for lr, overshoots, climbs in ((0.16, False, False), (0.17, True, False), (0.33, True, False),
                                   (0.34, True, True)):
        after = loss_along(cost, [w], [[0.0, -slope, 0.0]], [lr])[0]
        assert (w.data[1] - lr * slope < 0.0) == overshoots
        assert (after > cost().item()) == climbs


def test_numbers_in_titles_are_written_as_in_every_picture():
    w = leaf([1.0, 1.0])
    steep = loss_slice(axes(), lambda: 617.25 * (w * w * [1.0, 0.0]).sum(), [w], "sharpest")
    assert steep.get_title().startswith("Sharpest direction: curvature λ = 1,234,\n")
    assert "slope −1,234" in texts(steep)
    path = np.linspace([1.0, 1.0], [0.0, 0.0], 1201)
    ax = loss_contour(axes(), lambda w: 999.6 * (w * w).mean(), path, xlim=(-1, 1), ylim=(-1, 1))
    assert ax.get_title() == "1,200 steps, from cost 1,000 to 0"


def test_a_direction_of_length_1_keeps_its_shapes_and_dtypes_and_finds_the_length_of_tiny_ones():
    given = [np.array(3.0, np.float32), np.array([[4.0, 0.0]], np.float64)]
    unit = landscape._of_length_1(given)
    equal(unit[0], np.float32(0.6))
    equal(unit[1], [[0.8, 0.0]])
    assert [d.dtype for d in unit] == [np.float32, np.float64]
    tiny = landscape._of_length_1([np.array([3e-40, -4e-40], np.float32)])
    np.testing.assert_allclose(tiny[0], [0.6, -0.8], rtol=1e-4)
    assert tiny[0].dtype == np.float32


@pytest.mark.parametrize("direction, title", cases(
    ("up", [[0.0, 2.0, 0.0]], "This direction: curvature k = 6,\nthe cost bends up"),
    ("down", [[0.0, 0.0, -5.0]], "This direction: curvature k = −1,\nthe cost bends down"),
    ("array", np.array([[0.0, 0.0, -5.0]]),
     "This direction: curvature k = −1,\nthe cost bends down"),
))
def test_a_given_direction_is_brought_to_length_1(direction, title):
    cost, params = bowl()
    ax = loss_slice(axes(), cost, params, direction, span=2.0, points=5)
    assert ax.get_title() == title
    t, costs = lines(ax)["cost"].get_data()
    unit = np.ravel(direction[0]) / np.linalg.norm(direction[0])
    expected = [((1 + s * unit) ** 2 * [1.0, 3.0, -0.5]).sum() for s in t]
    np.testing.assert_allclose(costs, expected)


def test_a_cost_that_bends_down_or_not_at_all_promises_no_learning_rate():
    w = leaf([1.0, 1.0])
    down = loss_slice(axes(), lambda: -2.0 * (w * w).sum(), [w], "sharpest", points=5)
    assert down.get_title() == "Sharpest direction: curvature λ = −4,\nthe cost bends down"
    flat_one = loss_slice(axes(), lambda: (w * 2.0).sum(), [w], "gradient", points=5)
    assert flat_one.get_title() == "Straight downhill: curvature k = 0,\nthe cost does not bend"


def test_places_without_a_number_are_left_out_and_counted():
    w = leaf(1.0)
    with np.errstate(all="ignore"):
        ax = loss_slice(axes(), lambda: np.log(w) ** 2 + w, [w], span=2.0, points=9)
        assert ax.get_title().endswith("\n(no number at 3 of 9 places)")  # t = 1, 1.5, 2: log 0
    assert np.isfinite(ax.get_ylim()).all()


def test_a_wild_slice_stays_in_the_picture():
    w = leaf(0.0)
    ax = loss_slice(axes(), lambda: 1e6 * w * w + w, [w], span=1.0, points=2)  # misses t = 0
    low, high = ax.get_ylim()
    assert low < 0.0 and 1e6 < high < 2e6
    sharp = loss_slice(axes(), lambda: np.sqrt(w * w + 1e-12) + 0.1 * w, [w], points=10)
    assert sharp.get_ylim()[1] < 2.0, "the parabola's curvature is 1e6"


def test_where_the_parabola_dips_below_the_cost_the_picture_goes_with_it():
    w = leaf(2.0)
    ax = loss_slice(axes(), lambda: np.log(np.cosh(w)), [w], span=3.0)
    assert ax.get_ylim()[0] < np.nanmin(lines(ax)["parabola"].get_ydata()) < -0.5


def test_what_the_caller_has_set_stays_and_the_legend_covers_no_line():
    cost, params = network()
    with matplotlib.rc_context(STYLE):
        for width in (7.0, 4.2):
            ax = axes(figsize=(width, 4.0))
            ax.set(xlabel="along the gradient")
            loss_slice(ax, cost, params, span=3.0)
            assert ax.get_xlabel() == "along the gradient" and ax.get_ylabel() == "cost"
            ax.figure.draw_without_rendering()
            legend = ax.get_legend().get_window_extent()
            for line in ax.get_lines():
                data = line.get_xydata()
                highest = ax.transData.transform(data[np.isfinite(data).all(axis=1)])[:, 1].max()
                assert highest < legend.y0, line.get_label()
            canvas = ax.figure.bbox
            for artist in (ax.title, ax.xaxis.label, ax.yaxis.label, ax.get_legend()):
                box = artist.get_window_extent()
                assert canvas.x0 <= box.x0 and box.x1 <= canvas.x1 and box.y1 <= canvas.y1
            assert min(t.get_fontsize() for t in (ax.title, *ax.get_legend().get_texts())) >= 12


# -- loss_contour ----------------------------------------------------------------------------------


VIEW = {"xlim": (-3.0, 3.0), "ylim": (-2.0, 2.0)}


def square(w):
    return (w * w).sum()


def valley(w):
    return 0.5 * (w[0] ** 2 + 100.0 * w[1] ** 2)


def contour_lines(ax):
    return next(c for c in ax.collections
                if type(c).__name__ == "QuadContourSet" and not c.filled)


@pytest.mark.parametrize("cost", cases(
    ("Tensor", lambda w: w[0] ** 2 + 3.0 * w[1] ** 2),
    ("number", lambda w: float(w.data**2 @ [1.0, 3.0])),
    ("shape (1,)", lambda w: (w * w * [1.0, 3.0]).sum().reshape(1)),
))
def test_on_a_line_the_cost_is_equal(cost):
    ax = axes()
    assert loss_contour(ax, cost, **VIEW) is ax
    found = contour_lines(ax)
    paths = found.get_paths()
    assert len(paths) == len(found.levels) == 13 and found.levels[-1] < 9.0 + 3.0 * 4.0
    for level, path in zip(found.levels, paths, strict=True):
        inside = path.vertices[(np.abs(path.vertices) < [2.9, 1.9]).all(axis=1)]
        if len(inside):
            np.testing.assert_allclose(inside**2 @ [1.0, 3.0], level, atol=0.03)
    assert ax.get_xlim() == VIEW["xlim"] and ax.get_ylim() == VIEW["ylim"]
    assert ax.get_title() == "Lines of equal cost" and ax.get_legend() is None


@pytest.mark.parametrize("cost", [square, lambda w: np.sqrt((w * w).sum())])
def test_the_lines_of_a_bowl_and_of_a_cone_are_evenly_spaced(cost):
    ax = loss_contour(axes(), cost, xlim=(-1, 1), ylim=(-1, 1))
    crossings = np.sqrt(contour_lines(ax).levels) if cost is square else contour_lines(ax).levels
    gaps = np.diff(crossings)
    assert gaps.max() < 1.5 * gaps.min()


def test_in_a_valley_the_lines_go_down_to_its_floor():
    def rosenbrock(w):
        return (1.0 - w[0]) ** 2 + 100.0 * (w[1] - w[0] ** 2) ** 2
    narrow = contour_lines(loss_contour(axes(), rosenbrock, xlim=(-2, 2), ylim=(-1, 3))).levels
    np.testing.assert_allclose(narrow[1:] / narrow[:-1], narrow[1] / narrow[0])
    assert narrow[0] < 2.0 and narrow[-1] > 1000.0
    floor = contour_lines(loss_contour(axes(), valley, xlim=(-1.5, 1.5), ylim=(-1, 1))).levels[0]
    assert floor < 0.5 * 1.5**2, "a line closes around the minimum along the valley, too"


def test_steep_walls_around_one_pit_have_lines_as_well():
    def pit(w):  # 0.8 % of the picture
        return 1.0 if (w.data @ w.data) > 0.25**2 else 1e-6 * (w.data @ w.data)
    levels = contour_lines(loss_contour(axes(), pit, **VIEW)).levels
    assert (np.diff(levels) > 0.0).all() and levels[-1] < 1.0


def test_a_plain_has_no_lines_and_no_warning():
    ax = loss_contour(axes(), lambda w: 3.0, [[0.0, 0.0], [1.0, 1.0]], **VIEW)
    assert not ax.collections and ax.get_title() == "1 step, from cost 3 to 3"


def test_where_the_cost_is_no_number_the_ground_is_hatched():
    ax = loss_contour(axes(), lambda w: np.log(w[0]) ** 2 + w[1] ** 2, **VIEW)  # no warning
    assert any(c.hatches == ["///"] for c in ax.collections if hasattr(c, "hatches"))
    assert np.isfinite(contour_lines(ax).levels).all()


def test_a_path_shows_its_steps_its_start_and_its_end():
    path = np.array([[2.0, 1.5], [1.0, 0.5], [0.5, -0.25], [0.25, 0.0]])
    copy = path.copy()
    ax = loss_contour(axes(), square, path, **VIEW)
    equal(path, copy)
    equal(lines(ax)["path"].get_xydata(), path)
    assert lines(ax)["path"].get_marker() == "o" and lines(ax)["path"].get_markersize() >= 5.0
    equal(lines(ax)["start"].get_xydata(), path[:1])
    large = [line.get_xydata().tolist() for line in ax.get_lines() if line.get_markersize() == 11]
    assert large == [[[0.25, 0.0]], [[2.0, 1.5]], []], "end, start, and the legend's end"
    assert texts(ax) == ["path", "start", "end"]
    assert ax.get_title() == "3 steps, from cost 6.25 to 0.0625"


def test_several_paths_have_colours_markers_and_names():
    paths = {"SGD": [[2.0, 1.0], [1.0, 1.0]], "momentum": [[2.0, 1.0], [0.0, 0.5]],
             0.1: [[-2.0, 1.0], [0.0, 1.0], [-1.0, 1.0]]}
    ax = loss_contour(axes(), square, paths, **VIEW)
    assert texts(ax) == ["SGD", "momentum", "0.1", "start", "end"]
    found = lines(ax)
    drawn = [found[name] for name in ("SGD", "momentum", "0.1")]
    assert [to_hex(line.get_color()).upper() for line in drawn] == [BLUE, GREEN, PURPLE]
    assert len({line.get_marker() for line in drawn}) == 3
    equal(found["start"].get_xydata(), [[-2.0, 1.0], [2.0, 1.0]])
    assert ax.get_title() == "momentum comes lowest: cost 0.25"


def test_many_steps_have_small_markers_and_more_paths_than_colours_are_drawn():
    many = np.linspace([2.0, 2.0], [0.0, 0.0], 500)
    ax = loss_contour(axes(), square, {str(k): many + k / 100 for k in range(9)}, **VIEW)
    assert len(texts(ax)) == 11 and lines(ax)["0"].get_markersize() < 3.0
    ends = [line for line in ax.get_lines() if len(line.get_xdata()) == 500]
    assert len({(line.get_color(), line.get_marker()) for line in ends}) == 9, "two look alike"


@pytest.mark.parametrize("path, label", cases(
    ("leaves", [[1, 1], [9, 1], [1, -1]], "path\n(1 of 3 outside)"),
    ("nan", [[1, 1], [1, 0], [np.nan, 0], [1, np.inf]], "path\n(no number at step 2)"),
    ("both", [[1, 1], [1, 7], [np.nan, np.nan]],
     "path\n(1 of 3 outside)\n(no number at step 2)"),
    ("runs away", [[1, 1], [-1e30, 1e30], [1e200, -1e200], [1e308, 1e308]],
     "path\n(3 of 4 outside)"),
))
def test_paths_that_leave_or_break_off_are_told_of(path, label):
    ax = loss_contour(axes(), square, path, **VIEW)
    assert texts(ax)[0] == label
    broken = ~np.isfinite(path).all(axis=1)
    equal(lines(ax)[label].get_xydata(), np.where(broken[:, None], np.nan, path))
    assert ax.get_xlim() == VIEW["xlim"] and ax.get_ylim() == VIEW["ylim"]
    ax.figure.canvas.draw()


def test_the_segment_that_leaves_for_far_away_is_drawn():
    def ink(path):
        ax = loss_contour(axes(figsize=(4, 3)), lambda w: 0.0, {"": path}, **VIEW)
        ax.get_legend().remove()
        ax.figure.canvas.draw()
        image = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].astype(int)
        return (image[..., 2] - image[..., 0] > 60).sum()  # blue
    assert ink([[-2, -1], [1e12, 1e12]]) > ink([[-2, -1], [-2, -1]]) + 200


def test_a_path_to_nowhere_has_a_title_too():
    nowhere = [[1.0, 1.0], [np.nan, np.nan]]
    assert loss_contour(axes(), square, nowhere, **VIEW).get_title() == "1 step, from cost 2 to nan"
    both = loss_contour(axes(), square, {"a": nowhere, "b": nowhere}, **VIEW)
    assert both.get_title() == "No path ends at a cost that is a number"
    one = loss_contour(axes(), square, {"a": nowhere, "b": [[1.0, 1.0]]}, **VIEW)
    assert one.get_title() == "b comes lowest: cost 2"


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_path_of_one_array_that_moved_on_is_refused(kind):
    w, kept, copies = leaf([1.0, 1.0]), [], []
    for _ in range(3):
        kept.append(w.data)
        copies.append(w.data.copy())
        w.data -= 0.1
    with refused(ValueError, "all places of 'SGD' are one array", "w.data.copy(), not w.data"):
        loss_contour(axes(), square, {"momentum": copies, "SGD": kind(kept)}, **VIEW)
    with refused(ValueError, "all places of 'path' are one array"):
        loss_contour(axes(), square, kind(kept), **VIEW)
    ax = loss_contour(axes(), square, kind(copies), **VIEW)
    equal(lines(ax)["path"].get_xydata(), copies)


@pytest.mark.parametrize("path", cases(
    ("one place", [np.ones(2)]), ("arrays that are equal", [np.ones(2), np.ones(2)]),
    ("pairs, which cannot move", [(1.0, 1.0)] * 2), ("an array", np.ones((2, 2)))))
def test_a_path_may_stand_still(path):
    ax = loss_contour(axes(), square, path, **VIEW)
    equal(lines(ax)["path"].get_xydata(), path)


def test_the_aspect_is_the_callers_and_nothing_is_cut_off():
    with matplotlib.rc_context(STYLE):
        ax = axes(figsize=(7, 4.2))
        assert any(line.get_visible() for line in ax.get_xgridlines())
        ax.set(aspect="equal", xlabel="slope")
        paths = {"momentum 0.9": [[2, 1], [9, 9]], "SGD": [[2, 1], [0, 0]]}
        loss_contour(ax, valley, paths, **VIEW)
        ax.figure.draw_without_rendering()
        assert ax.get_aspect() == 1.0 and ax.get_xlabel() == "slope" and ax.get_ylabel() == "w[1]"
        assert not any(line.get_visible() for line in ax.get_xgridlines())
        canvas = ax.figure.bbox
        for artist in (ax.title, ax.xaxis.label, ax.yaxis.label, ax.get_legend()):
            box = artist.get_window_extent()
            assert canvas.x0 <= box.x0 and box.x1 <= canvas.x1 and box.y1 <= canvas.y1
        assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_the_cost_of_a_contour_is_given_tensors_and_records_nothing():
    seen = []

    def cost(w):
        seen.append((type(w), w.shape, (w * 2.0).requires_grad))
        return (w * w).mean()
    loss_contour(axes(), cost, resolution=4, **VIEW)
    assert set(seen) == {(Tensor, (2,), False)} and len(seen) == 16


# -- refused ---------------------------------------------------------------------------------------

W = leaf([1.0, 2.0])
V = leaf(3.0)


def cost_of_w():
    return (W * W).sum()


@pytest.mark.parametrize("call, error, words", cases(
    ("a tensor as cost", lambda: hessian_vector(cost_of_w(), [W], [[1, 1]]), TypeError,
     ["function", "lambda: mse(model(x), y)", "Tensor"]),
    ("a cost of numbers", lambda: hessian_vector(lambda: 1.0, [W], [[1, 1]]), TypeError,
     ["Tensor", "float", "cut off"]),
    ("a cost of two", lambda: top_curvature(lambda: W * W, [W]), ValueError, ["(2,)", "mean()"]),
    ("a tensor for a list", lambda: hessian_vector(cost_of_w, W, [[1, 1]]), TypeError, ["[w]"]),
    ("no parameters", lambda: top_curvature(cost_of_w, []), ValueError, ["model.parameters()"]),
    ("a constant", lambda: top_curvature(cost_of_w, [W, Tensor([1.0])]), TypeError, ["leaves"]),
    ("a result", lambda: top_curvature(cost_of_w, [W * 2.0]), TypeError, ["leaves", "multiply"]),
    ("an array", lambda: top_curvature(cost_of_w, [np.ones(2)]), TypeError, ["leaves"]),
    ("a set", lambda: hessian_vector(cost_of_w, {W}, [[1, 1]]), TypeError, ["in a list", "set"]),
    ("twice", lambda: loss_along(cost_of_w, [W, W], [[1, 1], [1, 1]], [0]), ValueError, ["twice"]),
    ("unconnected", lambda: hessian_vector(cost_of_w, [W, V], [[1, 1], 1]), RuntimeError,
     ["no path"]),
    ("other shapes", lambda: hessian_vector(cost_of_w, [W], [[1, 1, 1]]), ValueError,
     ["[(3,)]", "[(2,)]"]),
    ("too few", lambda: hessian_vector(lambda: cost_of_w() * V, [W, V], [[1, 1]]), ValueError,
     ["[(2,)]", "[(2,), ()]"]),
    ("no list", lambda: loss_along(cost_of_w, [W], 1.0, [0]), TypeError, ["list", "1.0"]),
    ("a name", lambda: loss_along(cost_of_w, [W], "gradient", [0]), TypeError, ["'gradient'"]),
    ("a table of distances", lambda: loss_along(cost_of_w, [W], [[1, 1]], [[0]]), ValueError,
     ["(1, 1)"]),
    ("a cost of two, along", lambda: loss_along(lambda: W * W, [W], [[1, 1]], [0]), ValueError,
     ["(2,)", "mean"]),
    ("no return", lambda: loss_along(lambda: None, [W], [[1, 1]], [0]), TypeError,
     ["returned None", "end with return"]),
    ("a word as tolerance", lambda: top_curvature(cost_of_w, [W], tolerance="small"), ValueError,
     ["tolerance", "'small'"]),
    ("tolerance", lambda: top_curvature(cost_of_w, [W], tolerance=0.0), ValueError, ["tolerance"]),
    ("most", lambda: top_curvature(cost_of_w, [W], most=0), ValueError, ["most", "0"]),
    ("half a product", lambda: top_curvature(cost_of_w, [W], most=1.5), ValueError,
     ["most", "whole number", "1.5"]),
    ("products without end", lambda: top_curvature(cost_of_w, [W], most=math.inf), ValueError,
     ["most", "whole number", "inf"]),
    ("no axes", lambda: loss_slice(cost_of_w, [W], "gradient"), TypeError, ["plt.subplots()"]),
    ("an unknown direction", lambda: loss_slice(axes(), cost_of_w, [W], "sideways"), ValueError,
     ['"sharpest"', "'sideways'"]),
    ("no direction", lambda: loss_slice(axes(), cost_of_w, [W], [[0.0, 0.0]]), ValueError,
     ["length 0"]),
    ("nan", lambda: loss_slice(axes(), cost_of_w, [W], [[0, np.nan]]), ValueError, ["length nan"]),
    ("at a minimum", lambda: loss_slice(axes(), lambda: ((W - W.data) ** 2).sum(), [W]), ValueError,
     ["length 0", "minimum"]),
    ("span", lambda: loss_slice(axes(), cost_of_w, [W], span=0.0), ValueError, ["span", "0.0"]),
    ("a word as span", lambda: loss_slice(axes(), cost_of_w, [W], span="wide"), ValueError,
     ["span", "'wide'"]),
    ("points that are halves", lambda: loss_slice(axes(), cost_of_w, [W], points=10.0), ValueError,
     ["points", "whole number", "10.0"]),
    ("points", lambda: loss_slice(axes(), cost_of_w, [W], points=1), ValueError, ["points", "1"]),
    ("nan where we stand", lambda: loss_slice(axes(), lambda: cost_of_w() * np.nan, [W]),
     ValueError, ["nan where we stand"]),
    ("contour: no axes", lambda: loss_contour(square, **VIEW, cost=square), TypeError,
     ["plt.subplots()"]),
    ("contour: no function", lambda: loss_contour(axes(), W, **VIEW), TypeError,
     ["function", "w[0]"]),
    ("contour: limits", lambda: loss_contour(axes(), square, xlim=(1, 1), ylim=(0, 1)), ValueError,
     ["xlim", "(1, 1)"]),
    ("contour: a limit", lambda: loss_contour(axes(), square, xlim=(0, 1), ylim=3), ValueError,
     ["ylim", "3"]),
    ("contour: resolution", lambda: loss_contour(axes(), square, resolution=1, **VIEW), ValueError,
     ["resolution", "1"]),
    ("contour: a float", lambda: loss_contour(axes(), square, resolution=9.0, **VIEW), ValueError,
     ["resolution", "whole number", "9.0"]),
    ("contour: halves of levels", lambda: loss_contour(axes(), square, levels=3.5, **VIEW),
     ValueError, ["levels", "whole number", "3.5"]),
    ("contour: no return", lambda: loss_contour(axes(), lambda w: None, **VIEW), TypeError,
     ["returned None", "end with return"]),
    ("contour: levels", lambda: loss_contour(axes(), square, levels=1, **VIEW), ValueError,
     ["levels", "1"]),
    ("contour: a path of three", lambda: loss_contour(axes(), square, np.ones((4, 3)), **VIEW),
     ValueError, ["(k, 2)", "(4, 3)"]),
    ("contour: a list of paths", lambda: loss_contour(axes(), square, np.ones((2, 4, 2)), **VIEW),
     ValueError, ["(2, 4, 2)", "dict"]),
    ("contour: no rows", lambda: loss_contour(axes(), square, {"SGD": np.ones((0, 2))}, **VIEW),
     ValueError, ["'SGD'", "(0, 2)"]),
    ("contour: nowhere a number", lambda: loss_contour(axes(), lambda w: np.nan, **VIEW),
     ValueError, ["nan", "everywhere"]),
    ("contour: a row", lambda: loss_contour(axes(), lambda w: w, **VIEW), ValueError, ["(2,)"]),
))
def test_what_makes_no_sense_is_refused(call, error, words):
    with warnings.catch_warnings(), refused(error, *words):
        call()


def test_a_broken_hessian_is_refused():
    w = leaf([0.0, 1.0])
    with np.errstate(all="ignore"), refused(FloatingPointError, "detect_anomaly"):
        top_curvature(lambda: (w**1.5).sum(), [w])  # the second derivative at 0 is inf


def test_all_can_be_had_from_draw():
    for function in (hessian_vector, top_curvature, loss_along, loss_slice, loss_contour):
        assert getattr(draw, function.__name__) is function
