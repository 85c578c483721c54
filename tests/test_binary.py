"""Losses for two classes: values, gradients and curvatures against their closed forms."""

import numpy as np
import pytest
from loss_cases import both_dtypes, closed_form, compare, every, sample, special

import losses
from losses.binary import EPSILON, log_of
from minigrad import Tensor, grad, gradcheck, sigmoid

every_loss = every(family="binary")


@every_loss
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_curvature_are_the_closed_forms(entry, dtype, seed):
    compare(entry.loss, *sample(entry.pred, n=50, seed=seed), dtype, closed_form(entry))


@every_loss
@both_dtypes
def test_they_are_also_where_a_loss_bends_saturates_or_would_overflow(entry, dtype):
    compare(entry.loss, *special(entry), dtype, closed_form(entry))


@every_loss
def test_finite_differences_agree_to_second_order(entry):
    pred, target = sample(entry.pred)
    assert gradcheck(lambda p: entry.loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_loss
def test_being_more_right_never_costs_more(entry):
    """The prediction rises from wrong to right: the loss falls or stays, for both labels."""
    low, high = {"probability": (0.0, 1.0)}.get(entry.pred, (-50.0, 50.0))
    pred = np.linspace(low, high, 201)
    negative = -1.0 if entry.pred == "score" else 0.0
    rising = entry.loss(pred, np.full(201, negative), reduction="none")
    falling = entry.loss(pred, np.full(201, 1.0), reduction="none")
    assert (np.diff(falling) <= 1e-13).all() and (np.diff(rising) >= -1e-13).all()
    np.testing.assert_allclose(falling, rising[::-1], rtol=1e-12, atol=1e-12,
                               err_msg="the two classes are not treated alike")


# -- numbers worked by hand ------------------------------------------------------------------------

LOG2 = 0.6931471805599453
BY_HAND = [  # loss, predictions, targets, losses, gradients
    (losses.binary_cross_entropy, [0.5, 0.25, 0.5], [1, 0, 0.5],
     [LOG2, -np.log(0.75), LOG2], [-2, 4 / 3, 0]),
    (losses.sigmoid_cross_entropy, [0.0, 0.0, 0.0], [1, 0, 0.5], [LOG2] * 3, [-0.5, 0.5, 0.0]),
    (losses.sigmoid_cross_entropy, [-40.0, 40.0, -40.0], [1, 0, 0], [40, 40, 0], [-1, 1, 0]),
    (losses.hinge, [2.0, 0.5, -1.0], [1, 1, 1], [0, 0.5, 2], [0, -1, -1]),
    (losses.hinge, [1.0, -1.0, 0.0], [1, -1, -1], [0, 0, 1], [0, 0, 1]),
]


@pytest.mark.parametrize("loss, pred, target, values, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, pred, target, values, slopes):
    pred = Tensor(pred, requires_grad=True)
    each = loss(pred, target, reduction="none")
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


def test_log_of_is_the_logarithm_where_it_can_be():
    p = np.array([1e-3, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(log_of(p), np.log(p), rtol=1e-8)
    assert log_of(1.0) == 0.0
    assert log_of(0.0) == pytest.approx(np.log(EPSILON))


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


@both_dtypes
def test_half_and_a_quarter_at_logit_zero(dtype):
    logit = Tensor(np.zeros(2, dtype), requires_grad=True)
    cost = losses.sigmoid_cross_entropy(logit, [0, 1], reduction="sum")
    slope = grad(cost, logit, create_graph=True)
    np.testing.assert_array_equal(slope.data, [0.5, -0.5])
    np.testing.assert_array_equal(grad(slope.sum(), logit), [0.25, 0.25])


def test_truth_values_are_labels_0_and_1():
    pred = np.array([0.3, 0.6])
    for loss in (losses.binary_cross_entropy, losses.sigmoid_cross_entropy):
        assert loss(pred, np.array([True, False])) == loss(pred, [1.0, 0.0])


def test_labels_0_and_1_become_those_of_the_hinge_by_the_formula_its_message_names():
    labels = np.array([1, 0, 1])
    with pytest.raises(ValueError) as caught:
        losses.hinge([0.5, -2.0, 3.0], labels)
    advice = str(caught.value).rpartition("write ")[2]
    repaired = eval(advice, {"target": labels})
    np.testing.assert_array_equal(losses.hinge([0.5, -2.0, 3.0], repaired, reduction="none"),
                                  [0.5, 0.0, 0.0])


@both_dtypes
def test_scores_right_by_exactly_1_are_left_in_peace(dtype):
    score = Tensor(np.array([1.0, -1.0], dtype), requires_grad=True)
    each = losses.hinge(score, [1, -1], reduction="none")
    np.testing.assert_array_equal(each.data, [0.0, 0.0])
    np.testing.assert_array_equal(grad(each.sum(), score), [0.0, 0.0])
