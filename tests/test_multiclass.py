"""Losses for C classes: values, gradients and Hessians against their closed forms."""

import numpy as np
import pytest
from loss_cases import (
    CERTAIN,
    both_dtypes,
    closed_form,
    compare,
    each,
    every,
    every_variant,
    refused,
    sample,
    special,
)

import losses
from minigrad import Tensor, grad, gradcheck, log_softmax, one_hot, softmax

every_loss = every(family="multiclass")
cross_entropy = losses.softmax_cross_entropy
categorical = losses.categorical_cross_entropy
kl = losses.kl_divergence
ENTRY = {entry.name: entry for entry in losses.catalog()}


@every_variant("multiclass")
@both_dtypes
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loss_gradient_and_hessian_are_the_closed_forms(entry, options, dtype, seed):
    data = sample(entry.pred, n=50, seed=seed)
    compare(each(entry, **options), *data, dtype, closed_form(entry, **options))


@every_variant("multiclass")
@both_dtypes
def test_they_are_also_where_classes_tie_are_certain_or_would_overflow(entry, options, dtype):
    compare(each(entry, **options), *special(entry), dtype, closed_form(entry, **options))


@every_variant("multiclass")
def test_finite_differences_agree_to_second_order(entry, options):
    pred, target = sample(entry.pred)
    loss = each(entry, **options)
    assert gradcheck(lambda p: loss(p, target), Tensor(pred, requires_grad=True), order=2)


@every_loss
def test_classes_stand_on_the_last_axis_of_any_shape(entry):
    pred, target = sample(entry.pred, n=12)
    flat = entry.loss(pred, target, reduction="none")
    for shape in [(3, 4), (2, 2, 3), (12, 1), (1, 12)]:
        points = Tensor(pred.reshape(*shape, 5), requires_grad=True)
        each = entry.loss(points, target.reshape(*shape, *target.shape[1:]), reduction="none")
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

LOG2 = np.log(2.0)
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
    (categorical, [0.25, 0.75], 0, 2 * LOG2, [-4, 0]),
    (categorical, [0.25, 0.75], 1, np.log(4 / 3), [0, -4 / 3]),
    (categorical, [0.25, 0.75], [0.5, 0.5], LOG2 + np.log(4 / 3) / 2, [-2, -2 / 3]),
    # 1/4 log(1/2) + 3/4 log(3/2); the other direction 1/2 log 2 + 1/2 log(2/3)
    (kl, [0.5, 0.5], [0.25, 0.75], 0.130812, [-0.5, -1.5]),
    (kl, [0.25, 0.75], [0.5, 0.5], 0.143841, [-2, -2 / 3]),
    (kl, [0.5, 0.5], [1.0, 0.0], LOG2, [-2, 0]),
    (kl, [0.25, 0.75], [0.25, 0.75], 0.0, [-1, -1]),
]


@pytest.mark.parametrize("loss, row, target, value, slopes", BY_HAND)
def test_losses_worked_by_hand(loss, row, target, value, slopes):
    pred = Tensor([row], requires_grad=True)
    each = loss(pred, np.array([target]), reduction="none")
    rtol = 1e-5 if loss is kl else 1e-11  # six digits by hand
    np.testing.assert_allclose(each.data, [value], rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(grad(each.sum(), pred), [slopes], rtol=1e-11, atol=1e-12)


# -- softmax cross-entropy: labels and distributions -----------------------------------------------


@both_dtypes
def test_a_label_is_its_one_hot_row(dtype):
    for loss, kind in [(cross_entropy, "logits"), (categorical, "probabilities"),
                       (lambda *args, **options: cross_entropy(
                           *args, label_smoothing=0.25, **options), "logits")]:
        pred, labels = sample(kind)
        hold_rows_against_labels(loss, pred.astype(dtype), labels, dtype)


def hold_rows_against_labels(loss, pred, labels, dtype):
    for rows in (one_hot(labels, 5).astype(dtype), one_hot(labels, 5).astype(int)):
        sparse, dense = (Tensor(pred, requires_grad=True) for _ in range(2))
        by_label = loss(sparse, labels, reduction="none")
        by_row = loss(dense, rows, reduction="none")
        assert by_row.dtype == dtype
        np.testing.assert_allclose(by_row.data, by_label.data, rtol=1e-5 if dtype == np.float32
                                   else 1e-14)
        np.testing.assert_allclose(grad(by_row.sum(), dense), grad(by_label.sum(), sparse),
                                   rtol=1e-6, atol=1e-6 if dtype == np.float32 else 1e-14)


@both_dtypes
def test_rows_of_probabilities_have_the_closed_form(dtype):
    rng = np.random.default_rng(5)
    target = softmax(rng.normal(size=(8, 4))).astype(dtype)
    for options in ({}, {"label_smoothing": 0.25}):
        entry = ENTRY["softmax_cross_entropy"]
        compare(each(entry, **options), rng.normal(size=(8, 4)), target, dtype,
                closed_form(entry, **options))
    entry, pred = ENTRY["categorical_cross_entropy"], softmax(rng.normal(size=(8, 4)))
    compare(each(entry), pred, target, dtype, closed_form(entry))


@pytest.mark.parametrize("kind, name", [("probabilities", "categorical_cross_entropy"),
                                        ("logits", "softmax_cross_entropy")])
@both_dtypes
def test_rows_have_the_closed_form_also_at_the_special_points(kind, name, dtype):
    entry = ENTRY[name]
    rows = np.array(CERTAIN[:5])  # those that sum to 1 exactly
    pred = np.unique(special(entry)[0], axis=0)
    pairs = np.repeat(pred, len(rows), axis=0), np.tile(rows, (len(pred), 1))
    compare(each(entry), *pairs, dtype, closed_form(entry))


@both_dtypes
def test_large_logits_keep_their_digits(dtype):
    """log(1 + e^-1) far from 0: a logsumexp of 10000, rounded, less 10000 has lost digits."""
    pred = np.array([[1e4, 1e4 - 1], [-1e4, -1e4 - 1]], dtype)
    for target in (np.array([0, 0]), np.array([[1, 0], [1, 0]])):
        each = cross_entropy(pred, target, reduction="none")
        np.testing.assert_allclose(each, np.full(2, 0.3132616875182229),
                                   rtol=4 * np.finfo(dtype).eps)


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


# -- probabilities ---------------------------------------------------------------------------------


@both_dtypes
@pytest.mark.parametrize("loss, rows", [(categorical, False), (categorical, True), (kl, True)],
                         ids=["categorical, labels", "categorical, rows", "kl"])
def test_a_sure_answer_costs_nothing_if_right_and_27_point_6_if_wrong(loss, rows, dtype):
    pred = Tensor(np.array([[1, 0, 0], [1, 0, 0]], dtype), requires_grad=True)
    target = np.array([[1, 0, 0], [0, 1, 0]], dtype) if rows else np.array([0, 1])
    each = loss(pred, target, reduction="none")
    assert each.data[0] == 0.0, "a perfect prediction costs exactly 0"
    np.testing.assert_allclose(each.data[1], 27.631021, rtol=1e-7)
    slopes = grad(each.sum(), pred)
    np.testing.assert_allclose(slopes, [[-1, 0, 0], [0, -1e12, 0]], rtol=1e-6,
                               err_msg="the gradient of the worst prediction must not die")


def test_probabilities_and_logits_give_the_same_loss_and_gradient():
    logits, labels = sample("logits")
    through, direct = (Tensor(logits, requires_grad=True) for _ in range(2))
    by_probability = categorical(softmax(through), labels)
    by_logit = cross_entropy(direct, labels)
    np.testing.assert_allclose(by_probability.item(), by_logit.item(), rtol=1e-9)
    np.testing.assert_allclose(grad(by_probability, through), grad(by_logit, direct), atol=1e-10)


def test_two_classes_in_rows_are_the_binary_cross_entropy():
    p, t = np.linspace(0.0, 1.0, 21), np.tile([0.0, 1.0, 0.25], 7)
    rows, targets = (np.stack([x, 1.0 - x], axis=-1) for x in (p, t))
    np.testing.assert_allclose(categorical(rows, targets, reduction="none"),
                               losses.binary_cross_entropy(p, t, reduction="none"))


# -- Kullback and Leibler --------------------------------------------------------------------------

FIFTY, QUARTER = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])


def test_the_divergence_goes_from_the_target_to_the_prediction():
    """Trap 24. KL((1/4, 3/4) || (1/2, 1/2)) = 1/4 log(1/2) + 3/4 log(3/2) = 0.1308."""
    by_hand = 0.25 * np.log(0.25 / 0.5) + 0.75 * np.log(0.75 / 0.5)
    assert kl(FIFTY, QUARTER) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(0.130812, abs=5e-7)
    other = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert kl(QUARTER, FIFTY) == pytest.approx(other)
    assert other == pytest.approx(0.143841, abs=5e-7)
    assert kl([[1.0, 0.0]], FIFTY) > 13.0, "a class that the prediction lacks is expensive"
    assert kl(FIFTY, [[1.0, 0.0]]) == pytest.approx(LOG2), "one that only it has is cheap"


def test_the_mean_of_the_divergence_is_one_value_per_example_and_not_per_class():
    pred, target = np.tile(FIFTY, (3, 1)), np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
    by_hand = np.array([0.130812, 0.0, LOG2])
    np.testing.assert_allclose(kl(pred, target, reduction="none"), by_hand, atol=5e-7)
    assert kl(pred, target) == pytest.approx(by_hand.sum() / 3, abs=5e-7)
    assert kl(pred, target, reduction="sum") == pytest.approx(by_hand.sum(), abs=5e-7)


def test_the_divergence_is_cross_entropy_less_the_entropy_of_the_target():
    pred, target = sample("distribution")
    np.testing.assert_allclose(
        kl(pred, target, reduction="none"),
        categorical(pred, target, reduction="none") - categorical(target, target, reduction="none"))
    points = [Tensor(pred, requires_grad=True) for _ in range(2)]
    np.testing.assert_allclose(grad(kl(points[0], target), points[0]),
                               grad(categorical(points[1], target), points[1]), rtol=1e-12)


def test_the_divergence_is_0_where_both_agree_and_positive_elsewhere():
    pred, target = sample("distribution", n=50)
    np.testing.assert_array_equal(kl(target, target, reduction="none"), np.zeros(50))
    certain = special(ENTRY["kl_divergence"])[1]
    np.testing.assert_array_equal(kl(certain, certain, reduction="none"), np.zeros(len(certain)))
    assert (kl(pred, target, reduction="none") > 0.0).all()


def test_labels_in_place_of_rows_are_refused_and_the_message_says_what_to_write():
    """The sparse form is cross-entropy's; for a single right class the divergence is the same."""
    pred, labels = sample("probabilities")
    refused(kl, pred, labels, ValueError, r"\(6, 5\)", r"\(6,\)",
            "categorical_cross_entropy|one_hot|rows")


def test_rows_of_one_class_are_no_distribution():
    refused(kl, np.ones((3, 1)), np.ones((3, 1)), ValueError, "two classes", r"\(3, 1\)")


# -- label smoothing -------------------------------------------------------------------------------


def test_with_label_smoothing_the_target_is_mixed_with_equal_shares():
    """C = 2, s = 1/2: the target (0, 1) becomes (1/4, 3/4), which is softmax(0, log 3)."""
    logits = Tensor([[0.0, np.log(3.0)]], requires_grad=True)
    for target in (np.array([1]), np.array([[0.0, 1.0]])):
        cost = cross_entropy(logits, target, label_smoothing=0.5)
        assert cost.item() == pytest.approx(0.562335, abs=5e-7), "the entropy of (1/4, 3/4)"
        np.testing.assert_allclose(grad(cost, logits), [[0.0, 0.0]], atol=1e-16)
    away = Tensor([[0.0, 0.0]], requires_grad=True)
    cost = cross_entropy(away, [1], label_smoothing=0.5)
    np.testing.assert_allclose(grad(cost, away), [[0.25, -0.25]])


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.5])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_figure_20_with_label_smoothing_the_best_logits_are_finite(smoothing, classes):
    """The lead of the right class is then log((1 - s + s/C) / (s/C)); without, it grows for ever.

    Beyond the optimum the right class is pushed down again.
    """
    right, wrong = 1 - smoothing + smoothing / classes, smoothing / classes
    lead = np.log(right / wrong)

    def slope(gap, s):
        logits = Tensor(np.eye(classes)[:1] * gap, requires_grad=True)
        return grad(cross_entropy(logits, [0], label_smoothing=s), logits)

    np.testing.assert_allclose(slope(lead, smoothing), np.zeros((1, classes)), atol=1e-15)
    assert slope(lead - 1, smoothing)[0, 0] < 0.0 < slope(lead + 1, smoothing)[0, 0]
    assert slope(lead + 1, 0.0)[0, 0] < 0.0
    best = cross_entropy(np.eye(classes)[:1] * lead, [0], label_smoothing=smoothing)
    entropy = -right * np.log(right) - (classes - 1) * wrong * np.log(wrong)
    assert best == pytest.approx(entropy), "what remains is the entropy of the smoothed target"


@both_dtypes
def test_label_smoothing_is_finite_for_logits_of_ten_thousand(dtype):
    logits = Tensor(np.array([[1e4, -1e4], [-1e4, 1e4]], dtype), requires_grad=True)
    each = cross_entropy(logits, [0, 0], label_smoothing=0.5, reduction="none")
    np.testing.assert_allclose(each.data, [5e3, 15e3])
    np.testing.assert_allclose(grad(each.sum(), logits), [[0.25, -0.25], [-0.75, 0.75]])


# -- facts of the figures --------------------------------------------------------------------------


def test_figure_18_the_gradient_is_prediction_minus_target_and_sums_to_0():
    logits, labels = sample("logits")
    points = Tensor(logits, requires_grad=True)
    slopes = grad(cross_entropy(points, labels, reduction="sum"), points)
    np.testing.assert_allclose(slopes, softmax(logits) - one_hot(labels, 5), atol=1e-15)
    np.testing.assert_allclose(slopes.sum(axis=-1), 0.0, atol=1e-15)


@pytest.mark.parametrize("temperature, norm", [(0.5, 0.356), (1, 0.424), (2, 0.305), (10, 0.078)])
def test_figure_19_how_temperature_shapes_the_gradient(temperature, norm):
    logits = Tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    slopes = grad(cross_entropy(logits / temperature, [0]), logits)
    assert np.linalg.norm(slopes) == pytest.approx(norm, abs=5e-4)


@pytest.mark.parametrize("classes, floor", [(10, 1.461), (3, 0.551)])
def test_figure_22_probabilities_in_place_of_logits_leave_a_floor_under_the_loss(classes, floor):
    """Trap 11: softmax twice. No prediction costs less than log(e + C - 1) - 1."""
    perfect = np.eye(classes)
    cost = cross_entropy(perfect, np.arange(classes))
    assert cost == pytest.approx(floor, abs=5e-4)
    assert cost == pytest.approx(np.log(np.e + classes - 1) - 1)
    sure = softmax(1e4 * perfect)
    assert cross_entropy(sure, np.arange(classes)) == pytest.approx(cost)
    rng = np.random.default_rng(0)
    others = softmax(10.0 * rng.normal(size=(1000, classes)))
    assert (cross_entropy(others, np.zeros(1000, int), reduction="none") >= cost).all()
