"""The shape of a loss: the numbers against closed forms, the pictures against the numbers."""

from functools import partial

import matplotlib
import numpy as np
import pytest
from loss_cases import closed_form, every, sample
from matplotlib import pyplot

import losses
from losses import catalog
from losses.shapes import (
    AXES,
    best_constant,
    draw_family,
    draw_field,
    draw_loss,
    draw_losses,
    field,
    gradient_share,
    last_layer_gradient,
    new_figure,
    per_example_gradient,
    shape,
    worst_share,
)
from minigrad import Tensor, nn, one_hot, palette

every_loss = every(pred=AXES)  # all but rmse, which has no loss of a single example


@pytest.fixture(autouse=True)
def pyplot_untouched():
    """No test may leave a global figure or a changed style behind."""
    figures, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == figures, "a global figure was left open"
    assert dict(matplotlib.rcParams) == style, "matplotlib's style was changed for good"


def expected_shape(entry, x):
    """Loss, gradient and curvature over x, from the closed form of tests/loss_cases.py.

    Where the prediction is a row, x moves along a line in its plane: u is the line's direction, and
    the chain rule gives the slope u g and the curvature u H u.
    """
    axis, closed = AXES[entry.pred], closed_form(entry)
    target = np.full((len(x), *np.shape(axis.target)), axis.target)
    if entry.pred in ("value", "amount"):
        return [formula(x + axis.target, target) for formula in closed]
    if entry.pred in ("probability", "logit", "score"):
        return [formula(x, target) for formula in closed]
    scores = entry.pred in ("logits", "scores")
    rows = np.stack([x, np.zeros(len(x)) if scores else 1.0 - x], axis=-1)
    u = np.array([1.0, 0.0 if scores else -1.0])
    value, gradient, hessian = (formula(rows, target) for formula in closed)
    return [value, gradient @ u, u @ (hessian @ u).T]


# -- numbers ---------------------------------------------------------------------------------------


@every_loss
def test_loss_gradient_and_curvature_are_the_closed_forms(entry):
    curves = shape(entry.loss, pred=entry.pred)
    names = ("loss", "gradient", "curvature")
    for name, found, expected in zip(names, curves[1:], expected_shape(entry, curves.x),
                                     strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=name)


@every_loss
def test_without_points_the_range_of_the_kind_is_covered(entry):
    x, *curves = shape(entry.loss, pred=entry.pred)
    assert (x[0], x[-1]) == (AXES[entry.pred].low, AXES[entry.pred].high)
    assert len(x) >= 100 and (np.diff(x) > 0).all()
    for values in curves:
        assert type(values) is np.ndarray and values.shape == x.shape
        assert np.isfinite(values).all()


@every_loss
def test_points_of_ones_own_are_used_as_they_are(entry):
    points = [0.25, 0.5, 0.75]
    curves = shape(entry.loss, points, pred=entry.pred)
    np.testing.assert_array_equal(curves.x, points)
    for found, expected in zip(curves[1:], expected_shape(entry, np.array(points)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_the_default_kind_is_a_value_and_x_its_residual():
    for target in (0.0, 5.0, -2.5):
        curves = shape(losses.mse, [-1.0, 0.0, 3.0], target=target)
        np.testing.assert_allclose(curves.loss, [1.0, 0.0, 9.0])
        np.testing.assert_allclose(curves.gradient, [-2.0, 0.0, 6.0])


def test_another_target_turns_the_curve_round():
    x = np.linspace(-3.0, 3.0, 7)
    for loss, pred, other in [(losses.sigmoid_cross_entropy, "logit", 0), (losses.hinge, "score",
                                                                           -1)]:
        right, wrong = shape(loss, x, pred=pred), shape(loss, x, pred=pred, target=other)
        np.testing.assert_allclose(wrong.loss, right.loss[::-1])
        np.testing.assert_allclose(wrong.gradient, -right.gradient[::-1])


def test_a_loss_of_ones_own_has_a_shape():
    def fourth_power(pred, target, reduction="mean"):
        return ((pred - target) ** 4) if reduction == "none" else ((pred - target) ** 4).mean()

    x = np.array([-1.0, 0.0, 2.0])
    curves = shape(fourth_power, x)
    np.testing.assert_allclose(curves.loss, x**4)
    np.testing.assert_allclose(curves.gradient, 4 * x**3)
    np.testing.assert_allclose(curves.curvature, 12 * x**2)


def test_options_of_a_loss_are_given_by_name_or_carried_by_the_loss():
    for curves in (shape(losses.huber, [1.5, 3.0], delta=2.0),
                   shape(partial(losses.huber, delta=2.0), [1.5, 3.0]),
                   shape(lambda p, t, reduction: losses.huber(p, t, delta=2.0, reduction=reduction),
                         [1.5, 3.0])):
        np.testing.assert_allclose(curves.gradient, [1.5, 2.0])
        np.testing.assert_allclose(curves.curvature, [1.0, 0.0])
    with pytest.raises(ValueError, match="delta.*positive"):
        shape(losses.huber, delta=-1.0)


@every_loss
def test_the_catalogue_knows_what_a_loss_is_drawn_over(entry):
    for loss in (entry.loss, partial(entry.loss, reduction="none")):
        for known, found in zip(shape(entry.loss, pred=entry.pred), shape(loss), strict=True):
            np.testing.assert_array_equal(found, known)


@pytest.mark.parametrize("use", [shape, draw_loss, lambda loss: draw_losses([losses.mse, loss]),
                                 lambda loss: per_example_gradient(loss, [1.0], [0.0])])
def test_what_is_one_number_of_a_batch_has_no_shape_and_it_says_why(use):
    with pytest.raises(ValueError, match="rmse.*whole batch.*no .*loss of its own.*mse"):
        use(losses.rmse)


def test_an_amount_is_drawn_from_nothing_to_the_double_of_its_target():
    curves = shape(losses.msle, [-3.0, 0.0, 3.0])
    np.testing.assert_allclose(curves.loss, np.log([4.0, 1.0, 7.0 / 4.0])**2)
    assert curves.gradient[0] / curves.gradient[2] == pytest.approx(-17.3, abs=0.1)


def test_rows_of_two_classes_take_labels_or_distributions_as_target():
    even = shape(losses.softmax_cross_entropy, [0.0], target=(0.5, 0.5))
    assert even.gradient[0] == pytest.approx(0.0)
    other = shape(losses.categorical_cross_entropy, [0.25], target=1)
    assert other.gradient[0] == pytest.approx(1.0 / 0.75)
    believed = shape(losses.kl_divergence, [0.25], target=(0.25, 0.75))
    assert abs(believed.loss[0]) < 1e-9 and abs(believed.gradient[0]) < 1e-9


@pytest.mark.parametrize("x", [2.0, [], [[1.0, 2.0]]], ids=["a number", "nothing", "a table"])
def test_points_that_are_no_row_are_refused(x):
    with pytest.raises(ValueError, match="one row of points.*shape"):
        shape(losses.mse, x)


def test_a_loss_that_leaves_the_graph_is_refused():
    with pytest.raises(ValueError, match="mine.*no Tensor.*ndarray.*cut off"):
        def mine(pred, target, reduction="mean"):
            return (pred.data - target) ** 2
        shape(mine)


def test_a_loss_that_returns_one_number_is_refused():
    """A mean over the points would divide every derivative by their number, in silence."""
    with pytest.raises(ValueError, match="none|each"):
        shape(lambda p, t, reduction: ((p - t) ** 2).mean(), [1.0, 2.0])


def test_an_unknown_kind_of_prediction_is_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match="value.*probability.*logit.*score.*not 'margin'"):
        shape(losses.mse, pred="margin")


# -- gradients of examples -------------------------------------------------------------------------


@every_loss
def test_the_gradient_of_each_example_is_its_own(entry):
    pred, target = sample(entry.pred)
    expected = closed_form(entry).gradient(pred, target)
    for given in (pred, pred.tolist(), Tensor(pred), Tensor(pred, requires_grad=True)):
        found = per_example_gradient(entry.loss, given, target)
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def mean_square(pred, target, reduction="mean"):
    """A loss of one's own that forgets about reduction="none"."""
    return ((pred - target) ** 2).mean()


MEANS = {"values": ([1.0, 2.0], [0.0, 0.0]), "one value": ([1.0], [0.0]),
         "a column": ([[1.0], [2.0]], [[0.0], [0.0]]), "rows": (np.ones((3, 2)), np.zeros((3, 2))),
         "a Tensor as target": ([1.0, 2.0], Tensor([0.0, 0.0]))}


@pytest.mark.parametrize("pred, target", MEANS.values(), ids=MEANS.keys())
def test_a_mean_in_place_of_a_loss_per_example_is_refused(pred, target):
    """It would divide every gradient by the number of examples, in silence."""
    with pytest.raises(ValueError, match=r'reduction="none".*mean_square.*one value per example'):
        per_example_gradient(mean_square, pred, target)


def test_a_mean_over_the_wrong_axis_is_refused():
    with pytest.raises(ValueError, match=r"one value per example.*\(2,\).*\(3, 2\)"):
        per_example_gradient(lambda p, t, reduction: ((p - t) ** 2).mean(axis=0), np.ones((3, 2)),
                             np.zeros((3, 2)))


def test_one_value_per_row_is_one_value_per_example():
    def of_rows(pred, target, reduction="mean"):
        return ((pred - target) ** 2).sum(axis=-1)

    np.testing.assert_allclose(per_example_gradient(of_rows, np.ones((3, 2)), np.zeros((3, 2))),
                               np.full((3, 2), 2.0))
    alone = per_example_gradient(losses.softmax_cross_entropy, [0.0, 0.0], 0)
    np.testing.assert_allclose(alone, [-0.5, 0.5])


def test_options_reach_the_loss_whose_gradients_are_asked_for():
    np.testing.assert_allclose(
        per_example_gradient(losses.huber, [0.5, 9.0], [0.0, 0.0], delta=2.0), [0.5, 2.0])
    model = nn.MLP([3, 1], rng=0)
    x, y = np.ones((2, 3)), np.full((2, 1), 100.0)
    once, twice = (last_layer_gradient(model, losses.huber, x, y, delta=d) for d in (1.0, 2.0))
    np.testing.assert_allclose(twice, 2.0 * once)


def test_asking_for_gradients_leaves_none_behind():
    pred = Tensor([1.0, 2.0], requires_grad=True)
    per_example_gradient(losses.mse, pred, [0.0, 0.0])
    assert pred.grad is None
    model = nn.MLP([3, 4, 2], rng=0)
    last_layer_gradient(model, losses.multiclass_hinge, np.ones((5, 3)), np.zeros(5, int))
    assert all(p.grad is None for p in model.parameters())


MODELS = {  # sizes of the network, the loss, a target for five examples
    "one hidden layer": ([3, 4, 2], losses.softmax_cross_entropy, np.array([0, 1, 1, 0, 1])),
    "two hidden layers": ([3, 4, 4, 2], losses.multiclass_hinge, np.array([0, 1, 1, 0, 1])),
    "no hidden layer": ([3, 2], losses.softmax_cross_entropy, np.array([0, 1, 1, 0, 1])),
    "regression": ([3, 4, 1], losses.mse, np.arange(5.0)[:, None]),
    "several outputs": ([3, 4, 2], losses.mse, one_hot([0, 1, 1, 0, 1], 2)),
}


@pytest.mark.parametrize("sizes, loss, target", MODELS.values(), ids=MODELS.keys())
def test_the_last_layers_gradients_are_those_of_one_backward_pass_per_example(sizes, loss, target):
    model = nn.MLP(sizes, activation="tanh", rng=3)
    x = np.random.default_rng(1).normal(size=(5, 3))
    expected = []
    for i in range(5):
        model.zero_grad()
        loss(model(x[i:i + 1]), target[i:i + 1], reduction="sum").backward()
        *_, weight, bias = model.parameters()
        expected.append(np.linalg.norm(np.concatenate([weight.grad.ravel(), bias.grad])))
    found = last_layer_gradient(model, loss, x, target)
    assert found.shape == (5,)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_last_layer_without_bias_has_no_bias_gradient():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), np.tanh, nn.Linear(4, 2, bias=False, rng=1))
    x, y = np.random.default_rng(1).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    expected = []
    for i in range(5):
        model.zero_grad()
        losses.softmax_cross_entropy(model(x[i:i + 1]), y[i:i + 1]).backward()
        expected.append(np.linalg.norm(model.parameters()[-1].grad))
    np.testing.assert_allclose(
        last_layer_gradient(model, losses.softmax_cross_entropy, x, y), expected, rtol=1e-12)


def test_a_model_that_does_not_end_in_a_linear_layer_is_refused():
    model = nn.Sequential(nn.Linear(3, 2, rng=0), np.tanh)
    with pytest.raises((TypeError, ValueError), match="[Ll]inear"):
        last_layer_gradient(model, losses.mse, np.ones((5, 3)), np.ones((5, 2)))


# -- shares ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gradients", [
    [1.0, -3.0, 0.0, 4.0], np.arange(12.0).reshape(4, 3), np.ones((4, 2, 3)),
    np.array([1, 2, 3]), np.array([0.0, 1e-150, 0.0]),
], ids=lambda g: str(np.shape(g)))
def test_shares_are_lengths_over_their_sum_and_add_up_to_1(gradients):
    shares = gradient_share(gradients)
    sizes = [np.sqrt(np.sum(np.square(row))) for row in gradients]
    assert shares.shape == (len(gradients),)
    np.testing.assert_allclose(shares, np.divide(sizes, np.sum(sizes)), rtol=1e-14)
    assert shares.sum() == pytest.approx(1.0, abs=1e-14) and (shares >= 0.0).all()


def test_the_scale_of_all_gradients_does_not_matter():
    gradients = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(gradient_share(1e6 * gradients), gradient_share(gradients))


@pytest.mark.parametrize("scale", [1e-200, 1e200, 5e-324, 1e308])
def test_gradients_whose_squares_are_no_floats_have_shares(scale):
    np.testing.assert_allclose(gradient_share(scale * np.array([1.0, 0.0, -1.0])), [0.5, 0.0, 0.5])
    np.testing.assert_allclose(gradient_share(scale * np.ones((4, 3))), np.full(4, 0.25))


def test_a_gradient_far_smaller_than_the_largest_is_not_taken_for_zero():
    shares = gradient_share([[1.0, 1.0], [1e-200, 1e-200], [0.0, 0.0]])
    assert shares[1] == pytest.approx(1e-200) and shares[2] == 0.0


def test_the_last_layer_hears_gradients_whose_squares_are_no_floats():
    tiny = partial(lambda p, t, reduction, loss: 1e-200 * loss(p, t, reduction=reduction),
                   loss=losses.mse)
    model, x, y = nn.MLP([3, 2], rng=0), np.ones((2, 3)), np.zeros((2, 2))
    found = last_layer_gradient(model, tiny, x, y)
    np.testing.assert_allclose(found / 1e-200, last_layer_gradient(model, losses.mse, x, y))


@pytest.mark.parametrize("gradients, message", [
    ([], "no examples"), (np.zeros((0, 3)), "no examples"), (np.zeros((3, 0)), "no examples"),
    (2.0, "no examples"), ([1.0, np.nan], "finite.*example 1.*nan"),
    ([[1.0, -np.inf], [1.0, 2.0]], "finite.*example 0.*1 of 2"),
], ids=["nothing", "no rows", "no columns", "a number", "nan", "inf"])
def test_gradients_without_a_share_are_refused(gradients, message):
    with pytest.raises(ValueError, match=message):
        gradient_share(gradients)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, np.nan, np.inf])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction must be above 0 and at most 1"):
        worst_share([0.5, 0.5], fraction)


def test_the_worst_of_nobody_is_refused():
    with pytest.raises(ValueError, match="no shares"):
        worst_share([])


def test_no_gradient_at_all_gives_zeros_and_no_nan():
    for gradients in (np.zeros(3), np.zeros((3, 2))):
        np.testing.assert_array_equal(gradient_share(gradients), np.zeros(3))


SHARES = [0.05, 0.5, 0.15, 0.3]


@pytest.mark.parametrize("fraction, expected", [(0.25, 0.5), (0.5, 0.8), (0.75, 0.95), (1.0, 1.0),
                                                (0.01, 0.5)])
def test_the_worst_share_counts_the_largest_and_at_least_one(fraction, expected):
    assert worst_share(SHARES, fraction) == pytest.approx(expected)
    assert worst_share(np.array(SHARES), fraction) == pytest.approx(expected)


def test_the_worst_share_is_a_hundredth_unless_told_otherwise():
    shares = np.full(200, 0.5 / 198)
    shares[[17, 150]] = 0.25
    assert worst_share(shares) == pytest.approx(0.5)
    assert SHARES == [0.05, 0.5, 0.15, 0.3], "the caller's list was sorted"


# -- the best constant -----------------------------------------------------------------------------

FIVE = [1.0, 2.0, 3.0, 4.0, 100.0]


@pytest.mark.parametrize("loss, options, target, best", [
    (losses.mse, {}, FIVE, 22.0), (losses.l2, {}, FIVE, 22.0), (losses.mae, {}, FIVE, 3.0),
    (losses.huber, {}, FIVE, 3.0), (losses.msle, {}, FIVE, 12120**0.2 - 1.0),
    (losses.quantile, {"q": 0.9}, FIVE, 100.0), (losses.quantile, {"q": 0.5}, FIVE, 3.0),
    (losses.mae, {}, [1.0, 2.0, 3.0, 4.0], 2.5), (losses.mae, {}, [-8.0, 7.0], -0.5),
    (losses.quantile, {"q": 0.2}, [1.0, 2.0, 3.0, 4.0, 5.0], 1.5),
    (losses.mse, {}, [7.0, 7.0], 7.0), (losses.mae, {}, [7.0], 7.0),
    (losses.mse, {}, [1e100, 3e100], 2e100),
    (losses.binary_cross_entropy, {}, [0.0, 0.0, 1.0, 0.0], 0.25),
    (partial(losses.huber, delta=1e6), {}, FIVE, 22.0),
])
def test_the_best_constant_is_found_on_the_gradient(loss, options, target, best):
    assert best_constant(loss, target, **options) == pytest.approx(best, rel=1e-9)


def test_the_best_constant_of_a_smooth_loss_has_no_slope():
    for loss in (losses.log_cosh, losses.pseudo_huber):
        constant = best_constant(loss, FIVE)
        assert abs(per_example_gradient(loss, np.full(5, constant), FIVE).sum()) < 1e-9


def test_the_best_constant_needs_one_loss_per_example():
    with pytest.raises(ValueError, match="one value per example"):
        best_constant(mean_square, FIVE)
    with pytest.raises(ValueError, match="rmse.*whole batch"):
        best_constant(losses.rmse, FIVE)


# -- the field -------------------------------------------------------------------------------------


def test_a_field_holds_loss_and_gradient_over_a_plane_of_predictions():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([-1.0, 4.0])
    plane = field(losses.mse, [1.0, 3.0], x, y)
    assert plane.loss.shape == (2, 3) and plane.gradient.shape == (2, 3, 2)
    np.testing.assert_allclose(plane.loss, (x - 1.0) ** 2 + (y[:, None] - 3.0) ** 2)
    np.testing.assert_allclose(plane.gradient[..., 0], np.tile(2.0 * (x - 1.0), (2, 1)))
    np.testing.assert_allclose(plane.gradient[..., 1], np.tile(2.0 * (y - 3.0), (3, 1)).T)


def test_a_field_over_two_of_three_logits_is_prediction_minus_target():
    plane = field(losses.softmax_cross_entropy, 0, [0.5, 2.0], [1.0], rest=[-1.0])
    for i, z in enumerate([[0.5, 1.0, -1.0], [2.0, 1.0, -1.0]]):
        p = np.exp(z) / np.exp(z).sum()
        np.testing.assert_allclose(plane.gradient[0, i], [p[0] - 1.0, p[1]])
        assert plane.loss[0, i] == pytest.approx(-np.log(p[0]))


def test_a_field_takes_options_and_refuses_a_mean():
    steep = field(losses.huber, [0.0, 0.0], [9.0], [9.0], delta=3.0).gradient
    np.testing.assert_allclose(steep, [[[3.0, 3.0]]])
    with pytest.raises(ValueError, match="one value per example"):
        field(mean_square, [0.0, 0.0], [1.0], [1.0])


def test_a_drawn_field_points_downhill_from_where_the_gradient_was_taken():
    ax = new_figure(5, 5).subplots()
    assert draw_field(ax, losses.mse, [1.0, 0.0], arrows=5) is ax
    arrows = next(c for c in ax.collections if type(c).__name__ == "Quiver")
    assert arrows.N == 25
    np.testing.assert_allclose(arrows.U, -2.0 * (arrows.X - 1.0))
    np.testing.assert_allclose(arrows.V, -2.0 * arrows.Y)
    assert ax.get_xlabel() and ax.get_ylabel()


# -- pictures --------------------------------------------------------------------------------------

KINDS = sorted({entry.pred for entry in catalog()} & set(AXES))


def family(kind):
    return {entry.name: entry.loss for entry in catalog() if entry.pred == kind}


def curves_of(ax):
    """The labelled lines of one chart: name -> (x, y)."""
    return {line.get_label(): line.get_data() for line in ax.get_lines()
            if not line.get_label().startswith("_")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_are_the_numbers_of_the_engine(kind):
    axes = draw_family(new_figure(8, 9).subplots(3, 1, sharex=True), family(kind), kind)
    assert len(axes) == 3
    for i, ax in enumerate(axes, start=1):
        drawn = curves_of(ax)
        assert sorted(" = ".join(drawn).split(" = ")) == sorted(family(kind))
        for names, (x, y) in drawn.items():
            for name in names.split(" = "):
                numbers = shape(family(kind)[name], pred=kind)
                np.testing.assert_array_equal(x, numbers.x)
                np.testing.assert_allclose(y, numbers[i], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_axes_say_what_they_show(kind):
    for below in (False, True):
        axes = draw_family(new_figure(8, 9).subplots(3, 1, sharex=True), family(kind), kind, below)
        assert [ax.get_ylabel() for ax in axes] == ["loss", "gradient", "curvature"]
        assert axes[-1].get_xlabel() == AXES[kind].label
        if len(family(kind)) > 1:
            legend = axes[-1 if below else 0].get_legend()
            assert [text.get_text() for text in legend.get_texts()] == list(curves_of(axes[0]))


def test_losses_that_coincide_share_a_line_and_the_legend_names_them_all():
    some = {name: getattr(losses, name) for name in ("mse", "mae", "l2", "huber", "l1")}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), some, "value")
    assert list(curves_of(axes[0])) == ["mse = l2", "mae = l1", "huber"]
    apart = {"mse": losses.mse, "mse at target 1": partial(losses.mse, reduction="none"),
             "twice": lambda p, t, reduction: 2.0 * losses.mse(p, t, reduction=reduction)}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), apart, "value")
    assert list(curves_of(axes[0])) == ["mse = mse at target 1", "twice"]


def test_lines_differ_in_colour_and_neighbours_in_dashes():
    """Whoever sees no colours, or prints in grey, tells neighbours apart by the dashes."""
    axes = draw_family(new_figure(8, 9).subplots(3, 1), family("value"), "value")
    lines = [line for line in axes[0].get_lines() if not line.get_label().startswith("_")]
    assert len({line.get_color() for line in lines}) == len(lines) >= 6
    for line, following in zip(lines, lines[1:], strict=False):
        assert line.get_linestyle() != following.get_linestyle()
    assert len(set(palette.LINES)) == len(palette.LINES) >= 7


def test_losses_of_another_kind_may_share_the_axis():
    both = {"hinge": losses.hinge, "softmax": (losses.softmax_cross_entropy, "logits")}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), both, "score")
    drawn = curves_of(axes[0])["softmax"][1]
    np.testing.assert_array_equal(drawn, shape(losses.softmax_cross_entropy, pred="logits").loss)


def test_more_losses_than_there_are_styles_are_all_drawn():
    many = {f"huber {i}": partial(losses.huber, delta=0.5 + i)
            for i in range(len(palette.LINES) + 2)}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), many, "value")
    assert [name for names in curves_of(axes[0]) for name in names.split(" = ")] == list(many), (
        "losses were left out in silence")


@every_loss
def test_one_loss_is_drawn_as_value_gradient_and_curvature(entry):
    figure = draw_loss(entry.loss)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "gradient", "curvature"]
    assert figure.get_suptitle().startswith(f"{entry.name}:  {entry.formula}\n")
    assert figure.axes[-1].get_xlabel() == AXES[entry.pred].label
    for ax, values in zip(figure.axes, shape(entry.loss)[1:], strict=True):
        np.testing.assert_array_equal(curves_of(ax)[entry.name][1], values)


def test_one_loss_is_drawn_with_its_options_and_a_loss_of_ones_own_with_its_docstring():
    figure = draw_loss(losses.huber, delta=2.0)
    assert figure.get_suptitle().startswith("huber(delta=2.0):  ")
    numbers = shape(losses.huber, delta=2.0).gradient
    np.testing.assert_array_equal(curves_of(figure.axes[1])["huber(delta=2.0)"][1], numbers)

    def fourth_power(pred, target, *, reduction="mean"):
        """Outliers rule absolutely."""
        return (pred - target) ** 4

    assert draw_loss(fourth_power).get_suptitle() == "fourth_power\nOutliers rule absolutely."
    over_margin = draw_loss(fourth_power, pred="score")
    assert over_margin.axes[-1].get_xlabel() == AXES["score"].label
    assert draw_loss(lambda p, t, reduction: (p - t) ** 2).get_suptitle() == "<lambda>"


def test_losses_of_one_kind_share_a_column_and_kinds_stand_side_by_side():
    figure = draw_losses([losses.huber, losses.hinge, losses.mse, losses.kl_divergence])
    grid = np.array(figure.axes).reshape(3, 3)
    assert [ax.get_xlabel() for ax in grid[2]] == [AXES[kind].label for kind in
                                                   ("value", "score", "distribution")]
    assert [list(curves_of(ax)) for ax in grid[0]] == [["huber", "mse"], ["hinge"],
                                                       ["kl_divergence"]]
    assert [ax.get_title() for ax in grid[0]] == ["huber and mse", "hinge", "kl_divergence"]


def test_losses_of_ones_own_are_drawn_beside_those_of_the_catalogue():
    def mine(pred, target, *, reduction="mean"):
        return np.abs(pred - target) ** 3

    figure = draw_losses([losses.mse, mine, partial(losses.quantile, q=0.9)])
    assert list(curves_of(figure.axes[0])) == ["mse", "mine", "quantile(q=0.9)"]
    figure = draw_losses({"mine, of a margin": (mine, "score"), "hinge": losses.hinge})
    assert list(curves_of(figure.axes[0])) == ["mine, of a margin", "hinge"]
    with pytest.raises(ValueError, match="no loss to draw"):
        draw_losses([])


def test_a_curvature_through_powers_of_ten_is_drawn_on_a_logarithmic_axis():
    scales = {loss: draw_loss(loss).axes[2].get_yscale()
              for loss in (losses.binary_cross_entropy, losses.mse, losses.hinge, losses.focal)}
    assert list(scales.values()) == ["log", "linear", "linear", "linear"]


def test_a_notebook_can_show_a_figure_that_pyplot_does_not_know():
    assert draw_loss(losses.mse)._repr_png_().startswith(b"\x89PNG")
