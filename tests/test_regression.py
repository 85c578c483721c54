"""Losses of a residual: values, gradients and curvatures against their closed forms."""

import numpy as np
import pytest
from loss_cases import both_dtypes, closed_form, compare, each, every, every_variant, huber, special
from loss_cases import sample as sample_of

import losses
from minigrad import Tensor, grad, gradcheck

every_loss = every(family="regression")
of_the_difference = every(family="regression", pred=("value", "batch"))  # not msle: of the ratio


def sample(entry, **options):
    return sample_of(entry.pred, **options)


@every_variant("regression")
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_curvature_are_the_closed_forms(entry, options, dtype, seed):
    data = sample(entry, n=50, seed=seed)
    compare(each(entry, **options), *data, dtype, closed_form(entry, **options))


@every_variant("regression")
@both_dtypes
def test_they_are_also_where_the_residual_is_zero_delta_or_huge(entry, options, dtype):
    compare(each(entry, **options), *special(entry), dtype, closed_form(entry, **options))


@every_variant("regression")
def test_finite_differences_agree_to_second_order(entry, options):
    pred, target = sample(entry)
    loss = each(entry, **options)
    assert gradcheck(lambda p: loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_loss
@both_dtypes
def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere(entry, dtype):
    target = np.array([0.0, -0.5 if entry.pred == "amount" else -1.5, 3.0, 1e4], dtype)
    pred = Tensor(target, requires_grad=True)
    cost = entry.loss(pred, target)
    assert cost.item() == 0.0
    np.testing.assert_array_equal(grad(cost, pred), np.zeros(4))


@of_the_difference
def test_the_gradient_at_the_target_is_that_at_the_prediction_with_the_sign_turned(entry):
    pred, target = (Tensor(x, requires_grad=True) for x in special(entry))
    to_pred, to_target = grad(entry.loss(pred, target), [pred, target])
    np.testing.assert_array_equal(to_target, -to_pred)


@of_the_difference
def test_only_the_difference_counts(entry):
    pred, target = sample(entry)
    loss = each(entry)
    np.testing.assert_allclose(loss(pred + 64.0, target + 64.0), loss(pred, target), rtol=1e-12)


@every_variant("regression")
@both_dtypes
def test_no_loss_is_negative(entry, options, dtype):
    """But for the rounding of log 2, which log_cosh adds and takes away again: one eps of it."""
    tiny = 10.0 ** np.linspace(-12.0, -1.0, 111)
    e = np.concatenate([np.linspace(-0.9, 3.0, 400), tiny, -tiny, [0.0]]).astype(dtype)
    least = -np.finfo(dtype).eps / 2 if entry.loss is losses.log_cosh else 0.0
    assert (np.asarray(each(entry, **options)(e, np.zeros_like(e))) >= least).all()


# -- numbers worked by hand ------------------------------------------------------------------------

LOG2 = np.log(2.0)
BY_HAND = [  # loss, options, residuals, losses, gradients
    (losses.mse, {}, [2.0, -3.0, 0.0], [4.0, 9.0, 0.0], [4.0, -6.0, 0.0]),
    (losses.l2, {}, [2.0, -3.0, 0.0], [4.0, 9.0, 0.0], [4.0, -6.0, 0.0]),
    (losses.mae, {}, [2.0, -3.0, 0.0], [2.0, 3.0, 0.0], [1.0, -1.0, 0.0]),
    (losses.l1, {}, [2.0, -3.0, 0.0], [2.0, 3.0, 0.0], [1.0, -1.0, 0.0]),
    (losses.huber, {}, [0.5, -3.0, 0.0], [0.125, 2.5, 0.0], [0.5, -1.0, 0.0]),
    (losses.huber, {"delta": 2.0}, [0.5, -3.0, 2.0], [0.125, 4.0, 2.0], [0.5, -2.0, 2.0]),
    # sqrt(1 + (3/4)^2) = 5/4, sqrt(1 + (4/3)^2) = 5/3
    (losses.pseudo_huber, {}, [0.75, -4 / 3, 0.0], [0.25, 2 / 3, 0.0], [0.6, -0.8, 0.0]),
    (losses.pseudo_huber, {"delta": 2.0}, [1.5, -8 / 3, 0.0], [1.0, 8 / 3, 0.0], [1.2, -1.6, 0.0]),
    # cosh(log 2) = (2 + 1/2) / 2 = 5/4, tanh(log 2) = (2 - 1/2) / (2 + 1/2) = 3/5
    (losses.log_cosh, {}, [LOG2, -LOG2, 1e3], [np.log(1.25), np.log(1.25), 1e3 - LOG2],
     [0.6, -0.6, 1.0]),
    (losses.quantile, {}, [2.0, -3.0, 0.0], [1.0, 1.5, 0.0], [0.5, -0.5, 0.0]),
    (losses.quantile, {"q": 0.9}, [1.0, -1.0, 0.0], [0.1, 0.9, 0.0], [0.1, -0.9, -0.4]),
]


@pytest.mark.parametrize("loss, options, e, values, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, options, e, values, slopes):
    pred = Tensor(np.array(e) + 0.25, requires_grad=True)
    each = loss(pred, np.full(3, 0.25), reduction="none", **options)
    np.testing.assert_allclose(each.data, values, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(grad(each.sum(), pred), slopes, rtol=1e-14, atol=1e-16)


def test_rmse_worked_by_hand():
    """Residuals 1 and -7: sqrt((1 + 49) / 2) = 5, and e / (n L) is 1/10 and -7/10."""
    pred = Tensor([3.0, 5.0], requires_grad=True)
    cost = losses.rmse(pred, [2.0, 12.0])
    assert cost.item() == 5.0
    np.testing.assert_allclose(grad(cost, pred), [0.1, -0.7])


def test_msle_worked_by_hand():
    """1 where 3 was right, 3 where 1 was: both log(4 / 2)^2, but the slope is 2 d / (1 + p)."""
    pred = Tensor([1.0, 3.0], requires_grad=True)
    each = losses.msle(pred, [3.0, 1.0], reduction="none")
    np.testing.assert_allclose(each.data, [LOG2**2, LOG2**2])
    np.testing.assert_allclose(grad(each.sum(), pred), [-LOG2, LOG2 / 2])


def test_least_squares_and_least_absolutes_are_sums_of_the_same():
    """Residuals 2 and -1."""
    pred, target = np.array([3.0, 5.0]), np.array([1.0, 6.0])
    assert losses.l2(pred, target) == 5.0 == 2 * losses.mse(pred, target)
    assert losses.l1(pred, target) == 3.0 == 2 * losses.mae(pred, target)
    points = Tensor(pred, requires_grad=True)
    np.testing.assert_array_equal(grad(losses.l2(points, target), points), [4.0, -2.0])
    np.testing.assert_array_equal(grad(losses.l1(points, target), points), [1.0, -1.0])
    for total, mean in [(losses.l2, losses.mse), (losses.l1, losses.mae)]:
        for reduction in ("mean", "sum", "none"):
            np.testing.assert_array_equal(total(pred, target, reduction=reduction),
                                          mean(pred, target, reduction=reduction))


# -- the special points ----------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [losses.huber, losses.pseudo_huber, losses.log_cosh])
@both_dtypes
def test_the_curvature_at_residual_zero_is_1(loss, dtype):
    """A form built on |e|, whose derivative at 0 is set to 0, would give 0 here."""
    pred = Tensor(np.zeros(3, dtype), requires_grad=True)
    slope = grad(loss(pred, np.zeros(3, dtype), reduction="sum"), pred, create_graph=True)
    np.testing.assert_array_equal(slope.data, np.zeros(3))
    np.testing.assert_array_equal(grad(slope.sum(), pred), np.ones(3))


@both_dtypes
def test_log_cosh_is_finite_and_straight_where_cosh_overflows(dtype):
    pred = Tensor(np.array([1e4, -1e4, 1e6, -1e6], dtype), requires_grad=True)
    each = losses.log_cosh(pred, np.zeros(4, dtype), reduction="none")
    np.testing.assert_allclose(each.data, np.abs(pred.data) - LOG2, rtol=2e-7)
    slope = grad(each.sum(), pred, create_graph=True)
    np.testing.assert_array_equal(slope.data, [1, -1, 1, -1])
    np.testing.assert_array_equal(grad(slope.sum(), pred), np.zeros(4))


@pytest.mark.parametrize("q", [0.1, 0.25, 0.5, 0.9])
@both_dtypes
def test_the_slope_of_the_quantile_loss_at_a_tie_is_the_mean_of_both_sides(q, dtype):
    pred = Tensor(np.array([0.0, 3.0, -1e4], dtype), requires_grad=True)
    slopes = grad(losses.quantile(pred, pred.data, q=q, reduction="sum"), pred)
    np.testing.assert_allclose(slopes, np.full(3, 0.5 - q), atol=np.finfo(dtype).eps)


def test_the_middle_quantile_is_half_the_absolute_error():
    pred, target = sample_of("value")
    np.testing.assert_allclose(losses.quantile(pred, target), losses.mae(pred, target) / 2)


@both_dtypes
def test_rmse_at_a_perfect_fit_has_no_slope_in_place_of_nan(dtype):
    """The square root has an infinite derivative at 0, and inf * 0 would be nan."""
    for shape in [(), (1,), (4,), (2, 3)]:
        pred = Tensor(np.full(shape, 0.1, dtype), requires_grad=True)
        cost = losses.rmse(pred, pred.data)
        assert cost.item() == 0.0 and cost.dtype == dtype
        np.testing.assert_array_equal(grad(cost, pred), np.zeros(shape))
    assert losses.rmse([1.0, 2.0], [1.0, 2.0]) == 0.0


def test_rmse_near_a_perfect_fit_has_the_slope_of_a_unit_pull():
    pred = Tensor(np.array([1e-100, -1e-100]), requires_grad=True)
    np.testing.assert_allclose(grad(losses.rmse(pred, np.zeros(2)), pred), [0.5, -0.5])


@both_dtypes
def test_pseudo_huber_keeps_its_digits_near_zero(dtype):
    """sqrt(1 + e^2) - 1, computed as it is written, is 0 for a small e."""
    e = np.array([1e-3, 1e-6, -1e-9], dtype)
    np.testing.assert_allclose(losses.pseudo_huber(e, np.zeros(3, dtype), reduction="none"),
                               np.square(e.astype(np.float64)) / 2, rtol=1e-6)


def test_msle_sees_ratios():
    """Twice too much costs the same for 1 and for 1000 (but for the 1 that is added)."""
    small = losses.msle(2.0 * 1e3 + 1, 1e3)  # 1 + p is twice 1 + t
    large = losses.msle(2.0 * 1e6 + 1, 1e6)
    np.testing.assert_allclose([small, large], LOG2**2)


# -- huber's delta ---------------------------------------------------------------------------------

every_delta = pytest.mark.parametrize("delta", [0.25, 1, 1.0, 2.5, 100.0])


@both_dtypes
@every_delta
def test_huber_has_its_closed_form_for_every_delta(dtype, delta):
    e = delta * np.array([0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 1e3, -1e3])

    def loss(pred, target):
        return losses.huber(pred, target, delta=delta, reduction="none")

    compare(loss, e, np.zeros(9), dtype, huber(delta))


@pytest.mark.parametrize("loss", [losses.huber, losses.pseudo_huber])
@pytest.mark.parametrize("delta", [1e-9, 1e9])
def test_huber_is_between_absolute_and_squared_error(loss, delta):
    pred, target = sample_of("value")
    if delta < 1:
        expected = losses.mae(pred, target)
        np.testing.assert_allclose(loss(pred, target, delta=delta) / delta, expected, 1e-8)
    else:
        expected = losses.mse(pred, target) / 2
        np.testing.assert_allclose(loss(pred, target, delta=delta), expected, 1e-14)


@pytest.mark.parametrize("loss", [losses.huber, losses.pseudo_huber])
def test_an_infinite_delta_is_half_the_square_or_it_is_refused_and_never_nan(loss):
    try:
        cost = loss([3.0, -1.0], [0.0, 0.0], delta=np.inf)
    except ValueError as error:
        assert "delta" in str(error)
    else:
        assert cost == 2.5


@every_delta
def test_pseudo_huber_lies_below_huber_and_pulls_less(delta):
    e = np.linspace(-5.0, 5.0, 101) * delta
    soft, hard = Tensor(e, requires_grad=True), Tensor(e, requires_grad=True)
    below = losses.pseudo_huber(soft, np.zeros(101), delta=delta, reduction="none")
    above = losses.huber(hard, np.zeros(101), delta=delta, reduction="none")
    assert (below.data <= above.data * (1 + 1e-14)).all()
    pull, most = grad(below.sum(), soft), grad(above.sum(), hard)
    assert (np.abs(pull) <= np.abs(most) * (1 + 1e-14)).all()


# -- facts of the figures --------------------------------------------------------------------------


def slope_at(loss, points, **options):
    """The derivative of the cost of one constant prediction c for all the points, by c."""
    def slope(c):
        constant = Tensor(c, requires_grad=True)
        return float(grad(loss(constant * np.ones(len(points)), points, **options), constant))
    return slope


def root(slope, low, high):
    """Where a slope turns from negative to positive, by bisection."""
    while high - low > 1e-9 * max(1.0, abs(high)):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return high


@pytest.mark.parametrize("loss, options, best, rtol", [
    (losses.mse, {}, 22.0, 1e-8), (losses.l2, {}, 22.0, 1e-8), (losses.rmse, {}, 22.0, 1e-8),
    (losses.mae, {}, 3.0, 1e-8), (losses.l1, {}, 3.0, 1e-8), (losses.huber, {}, 3.0, 1e-8),
    (losses.msle, {}, 12120 ** 0.2 - 1, 1e-8), (losses.msle, {}, 5.56, 1e-3),
    (losses.quantile, {}, 3.0, 1e-8), (losses.quantile, {"q": 0.9}, 100.0, 1e-8),
    (losses.quantile, {"q": 0.1}, 1.0, 1e-8),
], ids=lambda x: getattr(x, "__name__", str(x)))
def test_figure_8_the_best_constant_for_1_2_3_4_100(loss, options, best, rtol):
    """The mean, the median, Huber's compromise, the geometric mean of 1 + x less 1, quantiles."""
    found = root(slope_at(loss, np.array([1.0, 2.0, 3.0, 4.0, 100.0]), **options), 0.0, 200.0)
    assert found == pytest.approx(best, rel=rtol)


@pytest.mark.parametrize("loss", [losses.pseudo_huber, losses.log_cosh])
def test_figure_8_the_smooth_relatives_of_huber_are_not_moved_by_the_outlier_either(loss):
    found = root(slope_at(loss, np.array([1.0, 2.0, 3.0, 4.0, 100.0])), 0.0, 200.0)
    assert 2.5 < found < 3.5


def test_figure_8_descent_on_the_squares_goes_to_22():
    points, c = np.array([1.0, 2.0, 3.0, 4.0, 100.0]), 0.0
    for _ in range(100):
        c -= 0.25 * slope_at(losses.mse, points)(c)
    assert c == pytest.approx(22.0)


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
def test_figure_11_the_gradient_of_huber_is_the_clipped_gradient_of_half_the_square(delta):
    pred = Tensor(np.linspace(-4.0, 4.0, 81), requires_grad=True)
    slopes = grad(losses.huber(pred, np.zeros(81), delta=delta, reduction="sum"), pred)
    straight = grad(0.5 * losses.mse(pred, np.zeros(81), reduction="sum"), pred)
    np.testing.assert_array_equal(slopes, np.clip(straight, -delta, delta))


def test_figure_12_rmse_pulls_alike_at_every_scale_and_not_at_all_at_a_perfect_fit():
    e = np.array([3.0, -4.0, 0.0, 12.0])
    norms = {losses.mse: [], losses.rmse: []}
    scales = np.array([1e-6, 1e-3, 1.0, 1e3])
    for loss, found in norms.items():
        for scale in scales:
            pred = Tensor(scale * e, requires_grad=True)
            found.append(np.linalg.norm(grad(loss(pred, np.zeros(4)), pred)))
    np.testing.assert_allclose(norms[losses.mse], 2 / 4 * 13.0 * scales,
                               err_msg="the gradient of mse shrinks with the residuals")
    np.testing.assert_allclose(norms[losses.rmse], 1 / np.sqrt(4),
                               err_msg="that of rmse has the length 1 / sqrt(n) at every scale")
    pred = Tensor(np.zeros(4), requires_grad=True)
    np.testing.assert_array_equal(grad(losses.rmse(pred, np.zeros(4)), pred), np.zeros(4))


def test_figure_13_msle_is_relative_and_asymmetric_where_mse_is_neither():
    target = np.array([1e3, 1e5])
    pulls = {}
    for loss in (losses.mse, losses.msle):
        for factor in (0.5, 1.5):
            pred = Tensor(factor * target, requires_grad=True)
            pulls[loss, factor] = grad(loss(pred, target, reduction="sum"), pred) * target
    low, high = pulls[losses.msle, 0.5], pulls[losses.msle, 1.5]
    assert (np.abs(low) > 4 * np.abs(high)).all(), "50 % too low pulls harder than 50 % too high"
    assert low[0] / low[1] == pytest.approx(1.0, rel=0.01), "alike, measured in percent"
    low, high = pulls[losses.mse, 0.5], pulls[losses.mse, 1.5]
    np.testing.assert_array_equal(low, -high)
    assert low[1] / low[0] == pytest.approx(1e4)
