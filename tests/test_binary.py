"""Losses for two classes: values, gradients and curvatures against their closed forms."""

import numpy as np
import pytest
from loss_cases import both_dtypes, compare, each, every, every_variant, sample, special
from loss_cases import closed_form as closed_form_of

import losses
from losses.binary import EPSILON, surprise
from minigrad import Tensor, grad, gradcheck, sigmoid, softplus

every_loss = every(family="binary")


@every_variant("binary")
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_curvature_are_the_closed_forms(entry, options, dtype, seed):
    data = sample(entry.pred, n=50, seed=seed)
    compare(each(entry, **options), *data, dtype, closed_form_of(entry, **options))


@every_variant("binary")
@both_dtypes
def test_they_are_also_where_a_loss_bends_saturates_or_would_overflow(entry, options, dtype):
    compare(each(entry, **options), *special(entry), dtype, closed_form_of(entry, **options))


@every_variant("binary")
def test_finite_differences_agree_to_second_order(entry, options):
    pred, target = sample(entry.pred)
    loss = each(entry, **options)
    assert gradcheck(lambda p: loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_variant("binary")
def test_being_more_right_never_costs_more(entry, options):
    """The prediction rises from wrong to right: the loss falls or stays, for both labels."""
    low, high = {"probability": (0.0, 1.0)}.get(entry.pred, (-50.0, 50.0))
    pred, loss = np.linspace(low, high, 201), each(entry, **options)
    negative = -1.0 if entry.pred == "score" else 0.0
    rising = loss(pred, np.full(201, negative))
    falling = loss(pred, np.full(201, 1.0))
    assert (np.diff(falling) <= 1e-13).all() and (np.diff(rising) >= -1e-13).all()
    if options.get("alpha"):
        falling, rising = falling / options["alpha"], rising / (1 - options["alpha"])
    np.testing.assert_allclose(falling, rising[::-1], rtol=1e-12, atol=1e-12,
                               err_msg="the two classes are not treated alike")


# -- numbers worked by hand ------------------------------------------------------------------------

LOG2, LOG3 = np.log([2.0, 3.0])
BY_HAND = [  # loss, options, predictions, targets, losses, gradients
    (losses.binary_cross_entropy, {}, [0.5, 0.25, 0.5], [1, 0, 0.5],
     [LOG2, -np.log(0.75), LOG2], [-2, 4 / 3, 0]),
    (losses.sigmoid_cross_entropy, {}, [0.0, 0.0, 0.0], [1, 0, 0.5], [LOG2] * 3, [-0.5, 0.5, 0.0]),
    (losses.sigmoid_cross_entropy, {}, [-40.0, 40.0, -40.0], [1, 0, 0], [40, 40, 0], [-1, 1, 0]),
    # p = 3/4 at log 3: (1/4)^2 log(4/3), slope (1/4)^2 (2 * 3/4 log(3/4) - 1/4)
    (losses.focal, {}, [LOG3, -LOG3, -LOG3], [1, 0, 1],
     [np.log(4 / 3) / 16, np.log(4 / 3) / 16, 9 / 16 * np.log(4)],
     [(1.5 * np.log(0.75) - 0.25) / 16, -(1.5 * np.log(0.75) - 0.25) / 16,
      9 / 16 * (0.5 * np.log(0.25) - 0.75)]),
    (losses.focal, {"gamma": 1, "alpha": 0.75}, [0.0, 0.0], [1, 0],
     [0.375 * LOG2, 0.125 * LOG2], [-0.1875 * (LOG2 + 1), 0.0625 * (LOG2 + 1)]),
    (losses.focal, {"gamma": 0}, [0.0, LOG3], [1, 0], [LOG2, np.log(4)], [-0.5, 0.75]),
    (losses.logistic, {}, [0.0, LOG3, LOG3, -40.0], [1, -1, 1, 1],
     [LOG2, np.log(4), np.log(4 / 3), 40], [-0.5, 0.75, -0.25, -1]),
    (losses.hinge, {}, [2.0, 0.5, -1.0], [1, 1, 1], [0, 0.5, 2], [0, -1, -1]),
    (losses.hinge, {}, [1.0, -1.0, 0.0], [1, -1, -1], [0, 0, 1], [0, 0, 1]),
    (losses.squared_hinge, {}, [2.0, 0.5, -1.0, 1.0, 1.0], [1, 1, 1, 1, -1],
     [0, 0.25, 4, 0, 4], [0, -1, -4, 0, 4]),
    (losses.exponential, {}, [0.0, LOG2, LOG2, -2.0], [1, 1, -1, 1],
     [1, 0.5, 2, np.e**2], [-1, -0.5, 2, -np.e**2]),
]


@pytest.mark.parametrize("loss, options, pred, target, values, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, options, pred, target, values, slopes):
    pred = Tensor(pred, requires_grad=True)
    each = loss(pred, target, reduction="none", **options)
    np.testing.assert_allclose(each.data, values, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(grad(each.sum(), pred), slopes, rtol=1e-11, atol=1e-15)


# -- probabilities ---------------------------------------------------------------------------------


@both_dtypes
def test_a_sure_answer_costs_nothing_if_right_and_27_point_6_if_wrong(dtype):
    pred = Tensor(np.array([0, 1, 0, 1], dtype=dtype), requires_grad=True)
    each = losses.binary_cross_entropy(pred, [0, 1, 1, 0], reduction="none")
    assert (each.data[:2] == 0.0).all(), "a perfect prediction costs exactly 0"
    np.testing.assert_allclose(each.data[2:], 27.631021, rtol=1e-7)
    slopes = grad(each.sum(), pred)
    np.testing.assert_allclose(slopes, [1, -1, -1e12, 1e12], rtol=1e-6,
                               err_msg="the gradient of the worst prediction must not die")


def test_surprise_is_minus_the_logarithm_where_it_can_be():
    p = np.array([1e-3, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(surprise(p), -np.log(p), rtol=1e-8)
    assert surprise(1.0) == 0.0
    assert surprise(0.0) == pytest.approx(-np.log(EPSILON))
    assert surprise(0.0) == pytest.approx(27.631, abs=1e-3)


def test_probability_and_logit_give_the_same_loss_and_gradient():
    logits = np.array([-6.0, -1.0, 0.0, 2.0, 6.0])
    target = np.array([1.0, 0.0, 1.0, 0.25, 1.0])
    through, direct = (Tensor(logits, requires_grad=True) for _ in range(2))
    by_probability = losses.binary_cross_entropy(sigmoid(through), target)
    by_logit = losses.sigmoid_cross_entropy(direct, target)
    np.testing.assert_allclose(by_probability.item(), by_logit.item(), rtol=1e-9)
    np.testing.assert_allclose(grad(by_probability, through), grad(by_logit, direct), rtol=1e-7)


def test_the_gradient_dies_behind_a_sigmoid_and_lives_at_the_logit():
    """Trap 12: at logit -40 and target 1 the pull is to be -1."""
    logit = Tensor([-40.0], requires_grad=True)
    assert grad(losses.sigmoid_cross_entropy(logit, [1]), logit) == pytest.approx(-1.0)
    behind = Tensor([-40.0], requires_grad=True)
    assert abs(grad(losses.binary_cross_entropy(sigmoid(behind), [1]), behind)) < 1e-5


def test_the_least_cross_entropy_is_at_the_target_itself():
    p = np.linspace(0.01, 0.99, 99)
    costs = losses.binary_cross_entropy(p, np.full(99, 0.3), reduction="none")
    assert p[np.argmin(costs)] == pytest.approx(0.3)


# -- logits and scores -----------------------------------------------------------------------------


@pytest.mark.parametrize("loss, negative", [(losses.sigmoid_cross_entropy, 0),
                                            (losses.logistic, -1)])
@both_dtypes
def test_slope_a_half_and_curvature_a_quarter_at_zero(loss, negative, dtype):
    logit = Tensor(np.zeros(2, dtype), requires_grad=True)
    slope = grad(loss(logit, [negative, 1], reduction="sum"), logit, create_graph=True)
    np.testing.assert_array_equal(slope.data, [0.5, -0.5])
    np.testing.assert_array_equal(grad(slope.sum(), logit), [0.25, 0.25])


@pytest.mark.parametrize("loss, negative", [
    (losses.sigmoid_cross_entropy, 0), (losses.focal, 0), (losses.logistic, -1)])
@both_dtypes
def test_a_mistake_of_ten_thousand_costs_that_much_and_still_pulls(loss, negative, dtype):
    logit = Tensor(np.array([1e4, -1e4, 1e4, -1e4], dtype), requires_grad=True)
    each = loss(logit, [negative, 1, 1, negative], reduction="none")
    np.testing.assert_array_equal(each.data, [1e4, 1e4, 0, 0])
    slope = grad(each.sum(), logit, create_graph=True)
    np.testing.assert_array_equal(slope.data, [1, -1, 0, 0])
    np.testing.assert_array_equal(grad(slope.sum(), logit), np.zeros(4))


def test_truth_values_are_labels_0_and_1():
    pred = np.array([0.3, 0.6])
    for loss in (losses.binary_cross_entropy, losses.sigmoid_cross_entropy, losses.focal):
        assert loss(pred, np.array([True, False])) == loss(pred, [1.0, 0.0])


def test_the_logistic_loss_is_the_cross_entropy_with_labels_of_the_other_convention():
    z, bits = np.linspace(-50.0, 50.0, 101), np.arange(101) % 2
    np.testing.assert_allclose(losses.logistic(z, 2 * bits - 1, reduction="none"),
                               losses.sigmoid_cross_entropy(z, bits, reduction="none"), atol=1e-14)


@pytest.mark.parametrize("loss, curvature", [(losses.hinge, 0.0), (losses.squared_hinge, 2.0)])
@both_dtypes
def test_scores_right_by_exactly_1_are_left_in_peace(loss, curvature, dtype):
    score = Tensor(np.array([1.0, -1.0, 1 - 2.0**-20, 2.0**-20 - 1], dtype), requires_grad=True)
    each = loss(score, [1, -1, 1, -1], reduction="none")
    np.testing.assert_array_equal(each.data[:2], [0.0, 0.0])
    assert (each.data[2:] > 0.0).all()
    slope = grad(each.sum(), score, create_graph=True)
    np.testing.assert_array_equal(slope.data[:2], [0.0, 0.0])
    np.testing.assert_array_equal(np.sign(slope.data[2:]), [-1.0, 1.0])
    np.testing.assert_array_equal(grad(slope.sum(), score, unconnected="zero"),
                                  [0.0, 0.0, curvature, curvature])


@pytest.mark.parametrize("dtype, last", [(np.float64, 709.0), (np.float32, 88.0)])
def test_the_exponential_loss_is_finite_as_far_as_its_docstring_says_and_then_inf(dtype, last):
    edge = np.array([-last, last, -last, last], dtype)
    target = np.array([1, -1, -1, 1])
    pred = Tensor(edge, requires_grad=True)
    each = losses.exponential(pred, target, reduction="none")
    slopes = grad(each.sum(), pred)
    assert np.isfinite(each.data).all() and np.isfinite(slopes).all()
    np.testing.assert_array_equal(slopes, -target * each.data)
    with np.errstate(over="ignore"):
        pred = Tensor(edge * dtype(1.01), requires_grad=True)
        each = losses.exponential(pred, target, reduction="none")
        slopes = grad(each.sum(), pred)
    np.testing.assert_array_equal(each.data[:2], [np.inf, np.inf])
    np.testing.assert_array_equal(slopes[:2], [-np.inf, np.inf], "inf, and not nan")
    assert (each.data[2:] >= 0.0).all() and np.isfinite(slopes[2:]).all()


# -- focal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0, 0.0, np.float64(0.0)], ids=repr)
def test_the_focal_loss_with_gamma_0_is_cross_entropy(gamma):
    z, t = special(next(e for e in losses.catalog() if e.loss is losses.focal))
    focal, plain = Tensor(z, requires_grad=True), Tensor(z, requires_grad=True)
    by_focal = losses.focal(focal, t, gamma=gamma, reduction="none")
    by_entropy = losses.sigmoid_cross_entropy(plain, t, reduction="none")
    np.testing.assert_allclose(by_focal.data, by_entropy.data, atol=1e-14)
    np.testing.assert_allclose(grad(by_focal.sum(), focal), grad(by_entropy.sum(), plain),
                               atol=1e-15)


def test_alpha_weighs_target_1_and_the_rest_of_1_weighs_target_0():
    z, t = sample("logit")
    each = losses.focal(z, t, alpha=0.75, reduction="none")
    expected = np.where(t == 1, 0.75, 0.25) * losses.focal(z, t, reduction="none")
    np.testing.assert_allclose(each, expected)


@pytest.mark.parametrize("gamma", [0.125, 0.5, 0.9, 1.0])
@both_dtypes
def test_the_focal_loss_is_finite_to_second_order_also_for_a_small_gamma(gamma, dtype):
    """(1 - p)^gamma has an infinite slope where 1 - p is rounded to 0."""
    z = Tensor(np.array([0, 20, 100, 1e4, -20, -100, -1e4], dtype), requires_grad=True)
    for label in (0, 1):
        cost = losses.focal(z, np.full(7, label), gamma=gamma, reduction="sum")
        slope = grad(cost, z, create_graph=True)
        bend = grad(slope.sum(), z)
        assert np.isfinite(slope.data).all() and np.isfinite(bend).all()
        right = z.data[1:4] if label else z.data[4:]
        assert losses.focal(right, np.full(3, label), gamma=gamma) < 1e-8


def test_a_large_gamma_leaves_the_gradient_finite_or_is_refused():
    pred = Tensor([-800.0, 0.0, 800.0], requires_grad=True)
    for gamma in (1e3, 1e300, np.inf):
        try:
            cost = losses.focal(pred, [1, 1, 1], gamma=gamma)
        except ValueError as error:
            assert "gamma" in str(error)
        else:
            assert np.isfinite(grad(cost, pred)).all()


# -- facts of the figures --------------------------------------------------------------------------


def slope_at(loss, z, *, order=1):
    """First or second derivative of loss(z) in each logit, by the engine."""
    z = Tensor(z, requires_grad=True)
    slope = grad(loss(z).sum(), z, create_graph=True)
    return slope.data if order == 1 else grad(slope.sum(), z)


def squares(target):
    return lambda z: losses.mse(sigmoid(z), np.full(z.shape, float(target)), reduction="none")


def absolutes(target):
    return lambda z: losses.mae(sigmoid(z), np.full(z.shape, float(target)), reduction="none")


def entropies(target):
    return lambda z: losses.sigmoid_cross_entropy(z, np.full(z.shape, float(target)),
                                                  reduction="none")


def test_figure_3_a_wrong_logit_is_pulled_203_times_as_hard_by_cross_entropy():
    by_squares, by_entropy = (slope_at(loss(1), [-6.0])[0] for loss in (squares, entropies))
    assert by_squares == pytest.approx(-0.0049, abs=5e-5)
    assert by_entropy == pytest.approx(-0.998, abs=5e-4)
    assert by_entropy / by_squares == pytest.approx(203, abs=0.5)


def test_figure_5_squared_error_after_sigmoid_is_concave_where_it_is_wrong():
    """Where p < 1/3, that is z < -log 2: below -0.695 everywhere. Cross-entropy is convex."""
    z = np.linspace(-20.0, -0.695, 500)
    assert (slope_at(squares(1), z, order=2) < 0.0).all()
    assert (slope_at(squares(1), np.linspace(-0.691, 20.0, 500), order=2) > 0.0).all()
    low, high = -2.0, 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = ((low, middle) if slope_at(squares(1), [middle], order=2) > 0
                     else (middle, high))
    assert low == pytest.approx(-LOG2, abs=1e-9)
    assert (slope_at(entropies(1), np.linspace(-30.0, 30.0, 500), order=2) > 0.0).all()


def test_figure_16_how_hard_a_flipped_point_at_logit_4_pulls():
    pulls = [slope_at(loss(0), [4.0])[0] for loss in (entropies, squares, absolutes)]
    np.testing.assert_allclose(pulls, [0.982, 0.035, 0.018], atol=5e-4)


def test_figure_17_one_percent_of_positives_pulls_the_bias_down_to_minus_4_point_6():
    target = np.zeros(200)
    target[:2] = 1.0

    def slope(b):
        bias = Tensor(b, requires_grad=True)
        return float(grad(losses.sigmoid_cross_entropy(bias * np.ones(200), target), bias))

    assert slope(0.0) == pytest.approx(0.49)
    low, high = -20.0, 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    assert low == pytest.approx(np.log(0.01 / 0.99))
    assert low == pytest.approx(-4.60, abs=5e-3)


def test_figure_23_signs_make_cross_entropy_bottomless():
    """softplus(z) - t z with t = -1 falls for ever, so the loss refuses the label."""
    z = np.array([-1e4, -100.0, 0.0, 100.0])

    def unchecked(z):
        return softplus(z) + z

    np.testing.assert_allclose(unchecked(z), [-1e4, -100.0, LOG2, 200.0])
    assert (slope_at(unchecked, z) >= 1.0).all(), "downhill is always to the left, without an end"
    with pytest.raises(ValueError, match="labels 0 and 1"):
        losses.sigmoid_cross_entropy(z, np.array([-1, 1, -1, 1]))


def test_figure_23_bits_make_the_logistic_loss_deaf_for_the_zeros():
    """softplus(-t s) with t = 0 is log 2 whatever the score, so the loss refuses the label."""
    target, score = np.array([0.0, 1.0, 0.0, 1.0]), np.array([-30.0, 0.5, 30.0, 2.0])

    def unchecked(s):
        return softplus(-s * target)

    np.testing.assert_allclose(unchecked(score)[[0, 2]], LOG2)
    slopes = slope_at(unchecked, score)
    assert (slopes[[0, 2]] == 0.0).all() and (slopes[[1, 3]] < 0.0).all()
    with pytest.raises(ValueError, match="2 [*] target - 1"):
        losses.logistic(score, target)


@both_dtypes
def test_figure_24_the_line_is_right_from_minus_1000_to_1000(dtype):
    """No band of nan, and none where the gradient is dead."""
    z = np.linspace(-1000.0, 1000.0, 401).astype(dtype)
    logits = Tensor(z, requires_grad=True)
    each = losses.sigmoid_cross_entropy(logits, np.ones(401, dtype), reduction="none")
    np.testing.assert_allclose(each.data, np.logaddexp(0.0, -z.astype(float)),
                               atol=1e3 * np.finfo(dtype).eps)
    slopes = grad(each.sum(), logits)
    assert (slopes[z < -20.0] <= -0.999).all()


def test_figure_31_a_newton_step_from_minus_3():
    """The squares are concave there: the step goes the wrong way; cross-entropy overshoots."""
    steps = [-slope_at(loss(1), [-3.0])[0] / slope_at(loss(1), [-3.0], order=2)[0]
             for loss in (squares, entropies)]
    assert steps[0] == pytest.approx(-1.17, abs=5e-3)
    assert steps[1] == pytest.approx(21.1, abs=5e-2)
