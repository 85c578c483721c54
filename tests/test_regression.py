"""Losses of a residual: values, gradients and curvatures against their closed forms."""

import numpy as np
import pytest
from loss_cases import both_dtypes, closed_form, compare, every, huber, sample, special

import losses
from minigrad import Tensor, grad, gradcheck

every_loss = every(family="regression")


@every_loss
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_curvature_are_the_closed_forms(entry, dtype, seed):
    compare(entry.loss, *sample(entry.pred, n=50, seed=seed), dtype, closed_form(entry))


@every_loss
@both_dtypes
def test_they_are_also_where_the_residual_is_zero_delta_or_huge(entry, dtype):
    compare(entry.loss, *special(entry), dtype, closed_form(entry))


@every_loss
def test_finite_differences_agree_to_second_order(entry):
    pred, target = sample(entry.pred)
    assert gradcheck(lambda p: entry.loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_loss
def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere(entry):
    target = np.array([0.0, -1.5, 3.0, 1e4])
    pred = Tensor(target, requires_grad=True)
    cost = entry.loss(pred, target)
    assert cost.item() == 0.0
    np.testing.assert_array_equal(grad(cost, pred), np.zeros(4))


@every_loss
def test_the_gradient_at_the_target_is_that_at_the_prediction_with_the_sign_turned(entry):
    pred, target = (Tensor(x, requires_grad=True) for x in special(entry))
    to_pred, to_target = grad(entry.loss(pred, target), [pred, target])
    np.testing.assert_array_equal(to_target, -to_pred)


# -- numbers worked by hand ------------------------------------------------------------------------

BY_HAND = [  # loss, options, residuals, losses, gradients
    (losses.mse, {}, [2.0, -3.0, 0.0], [4.0, 9.0, 0.0], [4.0, -6.0, 0.0]),
    (losses.mae, {}, [2.0, -3.0, 0.0], [2.0, 3.0, 0.0], [1.0, -1.0, 0.0]),
    (losses.huber, {}, [0.5, -3.0, 0.0], [0.125, 2.5, 0.0], [0.5, -1.0, 0.0]),
    (losses.huber, {"delta": 2.0}, [0.5, -3.0, 2.0], [0.125, 4.0, 2.0], [0.5, -2.0, 2.0]),
]


@pytest.mark.parametrize("loss, options, e, values, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, options, e, values, slopes):
    pred = Tensor(np.array(e) + 0.25, requires_grad=True)
    each = loss(pred, np.full(3, 0.25), reduction="none", **options)
    np.testing.assert_array_equal(each.data, values)
    np.testing.assert_array_equal(grad(each.sum(), pred), slopes)


@pytest.mark.parametrize("loss, best", [(losses.mse, np.mean), (losses.mae, np.median)])
def test_the_best_constant_is_the_mean_of_squares_and_the_median_of_absolutes(loss, best):
    target = np.array([0.0, 1.0, 2.0, 7.0, 90.0])
    costs = {c: loss(np.full(5, c), target) for c in np.arange(0.0, 91.0)}
    assert min(costs, key=costs.get) == best(target)


# -- huber's delta ---------------------------------------------------------------------------------

every_delta = pytest.mark.parametrize("delta", [0.25, 1, 1.0, 2.5, 100.0])


@both_dtypes
@every_delta
def test_huber_has_its_closed_form_for_every_delta(dtype, delta):
    e = delta * np.array([0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 1e3, -1e3])

    def loss(pred, target, reduction):
        return losses.huber(pred, target, delta=delta, reduction=reduction)

    compare(loss, e, np.zeros(9), dtype, huber(delta))


@pytest.mark.parametrize("delta", [1e-9, 1e9])
def test_huber_is_between_absolute_and_squared_error(delta):
    pred, target = sample("value")
    if delta < 1:
        expected = losses.mae(pred, target)
        np.testing.assert_allclose(losses.huber(pred, target, delta=delta) / delta, expected, 1e-8)
    else:
        expected = losses.mse(pred, target) / 2
        np.testing.assert_allclose(losses.huber(pred, target, delta=delta), expected, 1e-14)


@pytest.mark.parametrize("delta", [np.float64(0.5), np.float32(0.5)], ids=["float64", "float32"])
def test_a_delta_from_numpy_does_not_widen_float32(delta):
    pred = np.array([0.25, 3.0], dtype=np.float32)
    for p in (pred, Tensor(pred, requires_grad=True)):
        each = losses.huber(p, [0, 0], delta=delta, reduction="none")
        assert each.dtype == np.float32
        np.testing.assert_array_equal(np.asarray(each if p is pred else each.data),
                                      [0.03125, 1.375])


@pytest.mark.parametrize("delta", [0, 0.0, -1.0, -np.inf, np.nan], ids=str)
def test_a_delta_that_is_not_positive_is_refused(delta):
    with pytest.raises(ValueError, match="delta.*positive") as caught:
        losses.huber([1.0], [0.0], delta=delta)
    assert str(delta) in str(caught.value)


@pytest.mark.parametrize("delta", ["1", None, [1.0, 2.0], np.ones(2), Tensor(1.0), 1j],
                         ids=lambda d: type(d).__name__)
def test_a_delta_that_is_not_one_number_is_refused_by_name(delta):
    with pytest.raises((TypeError, ValueError), match="delta"):
        losses.huber([1.0, 2.0], [0.0, 0.0], delta=delta)
