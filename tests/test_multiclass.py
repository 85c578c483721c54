"""Losses for C classes: values, gradients and Hessians against their closed forms."""

import numpy as np
import pytest
from loss_cases import both_dtypes, closed_form, compare, every, refused, sample, special

import losses
from minigrad import Tensor, grad, gradcheck, log_softmax, one_hot, softmax

every_loss = every(family="multiclass")
cross_entropy = losses.softmax_cross_entropy


@every_loss
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_hessian_are_the_closed_forms(entry, dtype, seed):
    compare(entry.loss, *sample(entry.pred, n=50, seed=seed), dtype, closed_form(entry))


@every_loss
@both_dtypes
def test_they_are_also_where_classes_tie_or_an_exponential_would_overflow(entry, dtype):
    compare(entry.loss, *special(entry), dtype, closed_form(entry))


@every_loss
def test_finite_differences_agree_to_second_order(entry):
    pred, target = sample(entry.pred)
    assert gradcheck(lambda p: entry.loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_loss
def test_classes_stand_on_the_last_axis_of_any_shape(entry):
    pred, target = sample(entry.pred, n=12)
    flat = entry.loss(pred, target, reduction="none")
    for shape in [(3, 4), (2, 2, 3), (12, 1), (1, 12)]:
        points = Tensor(pred.reshape(*shape, 5), requires_grad=True)
        each = entry.loss(points, target.reshape(shape), reduction="none")
        np.testing.assert_array_equal(each.data, flat.reshape(shape))
        slopes = grad(each.sum(), points).reshape(12, 5)
        np.testing.assert_allclose(slopes, closed_form(entry).gradient(pred, target), rtol=1e-12)


@every_loss
def test_one_row_of_classes_is_one_example(entry):
    pred, target = sample(entry.pred)
    alone = entry.loss(pred[0], target[0], reduction="none")
    assert alone.shape == ()
    assert alone == pytest.approx(entry.loss(pred, target, reduction="none")[0])


@every(family="multiclass", pred=("logits", "scores"))
def test_adding_a_constant_to_all_classes_changes_nothing(entry):
    pred, target = sample(entry.pred)
    np.testing.assert_allclose(entry.loss(pred + 1e3, target, reduction="none"),
                               entry.loss(pred, target, reduction="none"), rtol=1e-10, atol=1e-12)
    points = Tensor(pred, requires_grad=True)
    slopes = grad(entry.loss(points, target), points)
    np.testing.assert_allclose(slopes.sum(axis=-1), 0.0, atol=1e-15,
                               err_msg="the pulls of the classes sum to 0")


# -- numbers worked by hand ------------------------------------------------------------------------

LOG2 = 0.6931471805599453
BY_HAND = [  # loss, row, target, loss, gradient
    (cross_entropy, [0.0, 0.0], 1, LOG2, [0.5, -0.5]),
    (cross_entropy, [0.0, 0.0, 0.0, 0.0], 2, 2 * LOG2, [0.25, 0.25, -0.75, 0.25]),
    (cross_entropy, [0.0, LOG2], 0, np.log(3.0), [-2 / 3, 2 / 3]),
    (cross_entropy, [0.0, 40.0], 0, 40.0, [-1.0, 1.0]),
    (cross_entropy, [0.0, LOG2], [0.5, 0.5], np.log(3.0) - LOG2 / 2, [-1 / 6, 1 / 6]),
    (losses.multiclass_hinge, [3.0, 1.0, 0.0], 0, 0.0, [0, 0, 0]),
    (losses.multiclass_hinge, [3.0, 2.0, 0.0], 0, 0.0, [0, 0, 0]),
    (losses.multiclass_hinge, [3.0, 2.5, 0.0], 0, 0.5, [-1, 1, 0]),
    (losses.multiclass_hinge, [1.0, 1.0, 1.0], 0, 1.0, [-1, 0.5, 0.5]),
    (losses.multiclass_hinge, [1.0, 4.0, 2.0], 2, 3.0, [0, 1, -1]),
]


@pytest.mark.parametrize("loss, row, target, value, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, row, target, value, slopes):
    pred = Tensor([row], requires_grad=True)
    each = loss(pred, np.array([target]), reduction="none")
    np.testing.assert_allclose(each.data, [value], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(grad(each.sum(), pred), [slopes], rtol=1e-12, atol=1e-12)


# -- softmax cross-entropy: labels and distributions -----------------------------------------------


@both_dtypes
def test_a_label_is_its_one_hot_row(dtype):
    pred, labels = sample("logits")
    pred = pred.astype(dtype)
    for rows in (one_hot(labels, 5).astype(dtype), one_hot(labels, 5).astype(int)):
        sparse, dense = (Tensor(pred, requires_grad=True) for _ in range(2))
        by_label = cross_entropy(sparse, labels, reduction="none")
        by_row = cross_entropy(dense, rows, reduction="none")
        assert by_row.dtype == dtype
        np.testing.assert_allclose(by_row.data, by_label.data, rtol=1e-5 if dtype == np.float32
                                   else 1e-14)
        np.testing.assert_allclose(grad(by_row.sum(), dense), grad(by_label.sum(), sparse),
                                   atol=1e-6 if dtype == np.float32 else 1e-14)


@both_dtypes
def test_rows_of_probabilities_have_the_closed_form(dtype):
    rng = np.random.default_rng(5)
    target = softmax(rng.normal(size=(8, 4))).astype(dtype)
    entry = next(e for e in losses.catalog() if e.loss is cross_entropy)
    compare(cross_entropy, rng.normal(size=(8, 4)), target, dtype, closed_form(entry))


def test_a_distribution_that_requires_a_gradient_gets_it():
    rng = np.random.default_rng(6)
    target = Tensor(softmax(rng.normal(size=(4, 3))), requires_grad=True)
    logits = Tensor(rng.normal(size=(4, 3)), requires_grad=True)
    assert gradcheck(lambda z, t: cross_entropy(z, t, reduction="none"), logits, target, order=2)


def test_the_pull_at_a_distribution_is_minus_the_logits_up_to_a_constant_of_the_row():
    """Rows that sum to 1 move only where the changes sum to 0: there a constant is not felt."""
    rng = np.random.default_rng(6)
    target = Tensor(softmax(rng.normal(size=(4, 3))), requires_grad=True)
    logits = rng.normal(size=(4, 3))
    slopes = grad(cross_entropy(logits, target, reduction="sum"), target)
    rest = slopes + logits
    np.testing.assert_allclose(rest, rest[:, :1] * np.ones(3), atol=1e-14)


@both_dtypes
def test_rows_may_miss_the_sum_of_1_by_rounding(dtype):
    rows = (np.ones((2, 3)) / 3).astype(dtype)
    cross_entropy(np.zeros((2, 3), dtype), rows + dtype(3e-5))


ROWS = [  # what is wrong, the target for logits (2, 3), words of the message
    ("too little", np.full((2, 3), 0.3), [r"\(2, 3\)", "sum to 1", "0.9"]),
    ("too much", np.full((2, 3), 0.5), [r"\(2, 3\)", "sum to 1", "1.5"]),
    ("all zero", np.zeros((2, 3)), ["sum to 1", "0"]),
    ("several ones", np.array([[1, 1, 0], [1, 0, 0]]), ["sum to 1", "2"]),
    ("by a little", np.array([[0.5, 0.5, 2e-4], [1, 0, 0]]), ["sum to 1", "1.0002"]),
    ("logits", np.array([[3.0, -2.0, 0.0], [1, 0, 0]]), [r"\[0, 1\]", "-2", "3"]),
    ("a nan", np.array([[np.nan, 0.5, 0.5], [1, 0, 0]]), ["nan"]),
]


@pytest.mark.parametrize("target, words", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_rows_that_are_no_distribution_are_refused(target, words):
    refused(cross_entropy, np.zeros((2, 3)), target, ValueError, *words)


def test_no_rows_at_all_are_refused():
    refused(cross_entropy, np.zeros((0, 3)), np.zeros((0, 3)), ValueError, "no examples",
            r"\(0, 3\)")


def test_multiclass_hinge_takes_no_distributions():
    refused(losses.multiclass_hinge, np.zeros((2, 3)), np.eye(3)[:2], ValueError, r"\(2, 3\)",
            r"\(2,\)")


# -- what the two are, said in other ways ----------------------------------------------------------


def test_cross_entropy_is_the_negative_logarithm_of_the_softmax_at_the_label():
    pred, labels = sample("logits")
    expected = -log_softmax(pred)[np.arange(len(labels)), labels]
    np.testing.assert_allclose(cross_entropy(pred, labels, reduction="none"), expected)


def test_the_right_class_never_rivals_itself_however_low_its_score():
    assert losses.multiclass_hinge([[-1e12, -3e12, -2e12]], [0]) == 0.0
    assert losses.multiclass_hinge([[-1e12, -3e12, -2e12]], [2]) == 1e12 + 1.0


def test_with_two_classes_both_are_the_binary_losses_of_the_lead():
    lead = np.linspace(-3.0, 3.0, 13)
    two = np.stack([lead, np.zeros(13)], axis=-1)
    label = np.zeros(13, dtype=int)
    for multi, binary in [(cross_entropy, losses.sigmoid_cross_entropy),
                          (losses.multiclass_hinge, losses.hinge)]:
        np.testing.assert_allclose(multi(two, label, reduction="none"),
                                   binary(lead, np.ones(13), reduction="none"), atol=1e-15)


def test_probabilities_in_place_of_logits_leave_a_floor_under_the_loss():
    """Trap 11: softmax twice. For 10 classes no prediction costs less than 1.461."""
    perfect = np.eye(10)
    assert cross_entropy(perfect, np.arange(10)) == pytest.approx(1.4611501717)
