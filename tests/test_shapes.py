"""The shape of a loss: the numbers against closed forms, the pictures against the numbers."""

import matplotlib
import numpy as np
import pytest
from loss_cases import closed_form, every, sample
from matplotlib import pyplot

import losses
from losses import catalog, shapes
from losses.shapes import (
    AXES,
    draw_family,
    gradient_share,
    last_layer_gradient,
    new_figure,
    per_example_gradient,
    shape,
    worst_share,
)
from minigrad import Tensor, nn, one_hot

every_loss = every()


@pytest.fixture(autouse=True)
def pyplot_untouched():
    """No test may leave a global figure or a changed style behind."""
    figures, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == figures, "a global figure was left open"
    assert dict(matplotlib.rcParams) == style, "matplotlib's style was changed for good"


def expected_shape(entry, x):
    """Loss, gradient and curvature over x, from the closed form of tests/loss_cases.py."""
    closed, target = closed_form(entry), np.full(len(x), AXES[entry.pred].target)
    if entry.pred not in ("logits", "scores"):
        return [formula(x, target) for formula in closed]
    rows = np.stack([x, np.zeros(len(x))], axis=-1)
    value, gradient, hessian = (formula(rows, target) for formula in closed)
    return [value, gradient[:, 0], hessian[:, 0, 0]]


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


def test_options_of_a_loss_are_given_by_a_function_around_it():
    curves = shape(lambda p, t, reduction: losses.huber(p, t, delta=2.0, reduction=reduction),
                   [1.5, 3.0])
    np.testing.assert_allclose(curves.gradient, [1.5, 2.0])
    np.testing.assert_allclose(curves.curvature, [1.0, 0.0])


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


# -- pictures --------------------------------------------------------------------------------------

KINDS = sorted({entry.pred for entry in catalog()})


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
        assert list(drawn) == list(family(kind))
        for name, loss in family(kind).items():
            numbers = shape(loss, pred=kind)
            np.testing.assert_array_equal(drawn[name][0], numbers.x)
            np.testing.assert_array_equal(drawn[name][1], numbers[i])


@pytest.mark.parametrize("kind", KINDS)
def test_the_axes_say_what_they_show(kind):
    axes = draw_family(new_figure(8, 9).subplots(3, 1, sharex=True), family(kind), kind)
    assert [ax.get_ylabel() for ax in axes] == ["loss", "gradient", "curvature"]
    assert axes[-1].get_xlabel() == AXES[kind].label
    if len(family(kind)) > 1:
        legend = [text.get_text() for text in axes[0].get_legend().get_texts()]
        assert legend == list(family(kind))


def test_lines_differ_in_colour_and_in_dashes():
    """Whoever sees no colours, or prints in grey, tells neighbours apart by the dashes."""
    axes = draw_family(new_figure(8, 9).subplots(3, 1), family("value"), "value")
    lines = [line for line in axes[0].get_lines() if not line.get_label().startswith("_")]
    assert len({line.get_color() for line in lines}) == len(lines)
    assert len({line.get_linestyle() for line in lines}) == len(lines)
    assert len(set(shapes.LINES)) == len(shapes.LINES) >= 6


def test_losses_of_another_kind_may_share_the_axis():
    both = {"hinge": losses.hinge, "softmax": (losses.softmax_cross_entropy, "logits")}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), both, "score")
    drawn = curves_of(axes[0])["softmax"][1]
    np.testing.assert_array_equal(drawn, shape(losses.softmax_cross_entropy, pred="logits").loss)


def test_more_losses_than_there_are_styles_are_all_drawn():
    many = {f"mse {i}": losses.mse for i in range(len(shapes.LINES) + 2)}
    axes = draw_family(new_figure(8, 9).subplots(3, 1), many, "value")
    assert list(curves_of(axes[0])) == list(many), "losses were left out in silence"
