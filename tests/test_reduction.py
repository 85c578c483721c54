"""What every loss has in common: reductions, kinds of argument, dtypes, and what is refused."""

import re

import numpy as np
import pytest
from loss_cases import both_dtypes, every, refused, sample

from losses import catalog
from losses.reduction import REDUCTIONS, reduced
from minigrad import Tensor, grad, gradcheck, no_grad

every_loss = every()
ELEMENTWISE = ("value", "probability", "logit", "score")
LABELLED = ("logits", "scores", "probabilities")
every_elementwise = every(pred=ELEMENTWISE)
every_labelled = every(pred=LABELLED)


def shaped(entry, shape):
    """Data for a loss in which the examples have this shape."""
    pred, target = sample(entry.pred, n=int(np.prod(shape)))
    return pred.reshape((*shape, *pred.shape[1:])), target.reshape(shape)


# -- reductions ------------------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("shape", [(6,), (6, 1), (2, 3), (2, 1, 3), (1,), ()], ids=str)
@pytest.mark.parametrize("kind", [np.asarray, Tensor])
def test_mean_is_the_mean_and_sum_the_sum_of_what_none_returns(entry, shape, kind):
    pred, target = shaped(entry, shape)
    pred = kind(pred)
    each = entry.loss(pred, target, reduction="none")
    assert each.shape == shape, "one loss for each example"
    values = np.asarray(each)
    for name, expected in [("mean", values.mean()), ("sum", values.sum())]:
        cost = entry.loss(pred, target, reduction=name)
        assert cost.shape == (), f"reduction={name!r} gives one number"
        np.testing.assert_allclose(np.asarray(cost), expected, rtol=1e-14)
    assert entry.loss(pred, target).item() == entry.loss(pred, target, reduction="mean").item(), \
        "the default is the mean"


@every_loss
def test_the_gradient_of_the_mean_is_that_of_the_sum_over_the_number_of_examples(entry):
    pred, target = shaped(entry, (2, 3))
    pred = Tensor(pred, requires_grad=True)
    mean = grad(entry.loss(pred, target, reduction="mean"), pred)
    total = grad(entry.loss(pred, target, reduction="sum"), pred)
    np.testing.assert_allclose(mean, total / 6, rtol=1e-14)


@every_loss
def test_an_example_has_the_loss_it_has_alone(entry):
    pred, target = sample(entry.pred)
    together = entry.loss(pred, target, reduction="none")
    alone = [float(entry.loss(pred[i:i + 1], target[i:i + 1])) for i in range(len(pred))]
    np.testing.assert_allclose(together, alone, rtol=1e-14)


def test_reduced_names_what_is_allowed():
    assert REDUCTIONS == ("mean", "sum", "none")
    with pytest.raises(ValueError, match="mean, sum, none, not 'average'"):
        reduced(np.ones(3), "average")


# -- kinds of argument -----------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_arrays_lists_and_tensors_give_equal_values(entry, reduction):
    pred, target = sample(entry.pred)
    expected = entry.loss(pred, target, reduction=reduction)
    targets = [target, target.tolist(), tuple(target.tolist())]
    if entry.pred in ELEMENTWISE:
        targets.append(Tensor(target))
    for p in (pred, pred.tolist(), Tensor(pred), Tensor(pred, requires_grad=True)):
        for t in targets:
            found = entry.loss(p, t, reduction=reduction)
            tensors = isinstance(p, Tensor) or isinstance(t, Tensor)
            assert isinstance(found, Tensor) == tensors, (
                f"pred {type(p).__name__}, target {type(t).__name__} gave {type(found).__name__}: "
                f"plain arrays give plain results, a Tensor gives a Tensor")
            np.testing.assert_array_equal(found.data if tensors else found, expected)


@every_loss
def test_arguments_are_left_as_they_were(entry):
    pred, target = sample(entry.pred)
    old = pred.copy(), target.copy()
    entry.loss(pred, target)
    tensor = Tensor(pred, requires_grad=True)
    entry.loss(tensor, target).backward()
    for now, before in zip((pred, target, tensor.data), (*old, old[0]), strict=True):
        np.testing.assert_array_equal(now, before)


@every_loss
def test_a_prediction_that_requires_no_gradient_records_nothing(entry):
    pred, target = sample(entry.pred)
    assert not entry.loss(Tensor(pred), target).requires_grad
    with no_grad():
        assert not entry.loss(Tensor(pred, requires_grad=True), target).requires_grad


@every(pred=("value", "probability", "logit"))
def test_a_target_that_requires_a_gradient_gets_it(entry):
    pred, target = sample(entry.pred)
    if entry.pred != "value":
        target = np.clip(target, 0.1, 0.9)  # inside, so that finite differences fit
    tensors = Tensor(pred, requires_grad=True), Tensor(target, requires_grad=True)
    assert gradcheck(lambda p, t: entry.loss(p, t, reduction="none"), *tensors, order=2)
    assert gradcheck(lambda p, t: entry.loss(p, t, reduction="none"), Tensor(pred), tensors[1])


@every(pred=("score",))
def test_a_label_that_requires_a_gradient_gets_it(entry):
    pred, target = sample(entry.pred)
    pred, target = Tensor(pred, requires_grad=True), Tensor(target, requires_grad=True)
    to_pred, to_target = grad(entry.loss(pred, target), [pred, target])
    # the loss is a function f of t s, so dL/ds = f' t and dL/dt = f' s
    np.testing.assert_allclose(to_target, to_pred / target.data * pred.data, rtol=1e-14)


@every_elementwise
def test_swapped_arguments_still_have_a_gradient_where_both_fit(entry):
    both = np.array([1.0, 1.0]) if entry.pred == "score" else np.array([0.25, 0.75])
    pred, target = both[::-1].copy(), Tensor(both, requires_grad=True)
    entry.loss(pred, target).backward()
    assert target.grad.shape == target.shape


# -- dtypes ----------------------------------------------------------------------------------------


@every_loss
@both_dtypes
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", ["array", "Tensor"])
def test_a_loss_keeps_the_dtype_of_the_prediction_also_with_whole_labels(
        entry, dtype, reduction, kind):
    pred, target = sample(entry.pred)
    pred = pred.astype(dtype)
    targets = [target.astype(int), target.astype(int).tolist()]
    if entry.pred in ELEMENTWISE:
        targets += [target.astype(dtype), target.astype(np.int8)]
    else:
        targets += [target.astype(np.uint8), target.astype(np.int32), target.astype(np.uint64)]
    for t in targets:
        if kind == "array":
            assert entry.loss(pred, t, reduction=reduction).dtype == dtype
            continue
        points = Tensor(pred, requires_grad=True)
        cost = entry.loss(points, t, reduction=reduction)
        assert cost.dtype == dtype
        assert grad(cost.sum(), points).dtype == dtype


@every_elementwise
def test_whole_numbers_are_numbers_also_small_unsigned_ones(entry):
    """255 - 0 is 255 and 0 - 255 is -255, not 1 as in the arithmetic of uint8."""
    ones = np.ones(2, dtype=np.uint8)
    expected = entry.loss(np.ones(2), np.ones(2), reduction="none")
    np.testing.assert_array_equal(entry.loss(ones, ones, reduction="none"), expected)
    if entry.pred == "value":
        p, t = np.array([0, 255], dtype=np.uint8), np.array([255, 0], dtype=np.uint8)
        expected = entry.loss(p.astype(float), t.astype(float), reduction="none")
        np.testing.assert_array_equal(entry.loss(p, t, reduction="none"), expected)


# -- refusals --------------------------------------------------------------------------------------


DIFFERENT = [  # shapes of pred and target, and whether a reshape of the target may be the cure
    ((6,), (6, 1), True), ((6, 1), (6,), True), ((6,), (1, 6), True), ((2, 3), (2, 3, 1), True),
    ((1,), (), True), ((), (1,), True), ((6,), (1,), False), ((1,), (6,), False),
    ((6,), (), False), ((), (6,), False), ((2, 3), (3,), False), ((2, 3), (3, 2), False),
]


@every_elementwise
@pytest.mark.parametrize("to, of, curable", DIFFERENT, ids=str)
def test_shapes_that_differ_are_refused_and_both_are_shown(entry, to, of, curable):
    """(n,) against (n, 1) above all: NumPy would make an (n, n) table of it."""
    pred, target = shaped(entry, to)[0], shaped(entry, of)[1]
    words = [f"pred has shape {re.escape(str(to))}", f"target has shape {re.escape(str(of))}"]
    refused(entry.loss, pred, target, ValueError, *words)
    with pytest.raises(ValueError) as caught:
        entry.loss(pred, target)
    advised = "reshape" in str(caught.value)
    if curable:
        assert advised, "axes of length 1 are all that differs: the message names the reshape"
        advice = "target" + str(caught.value).rpartition("write target")[2]
        repaired = eval(advice, {"target": target})
        assert entry.loss(pred, repaired) == entry.loss(*shaped(entry, to))
    else:
        assert not advised, (
            f"a reshape from {of} to {to} fails or puts the values in the wrong places: "
            f"{caught.value}")


@every_loss
@pytest.mark.parametrize("reduction", ["average", "Mean", "", None, 1, True, []], ids=repr)
def test_an_unknown_reduction_is_refused(entry, reduction):
    refused(entry.loss, *sample(entry.pred), ValueError, "mean, sum, none", reduction=reduction)


@every_loss
def test_the_reduction_is_given_by_name(entry):
    with pytest.raises(TypeError, match="positional"):
        entry.loss(*sample(entry.pred), "sum")


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_examples_at_all_are_refused(entry, reduction):
    pred, target = sample(entry.pred)
    refused(entry.loss, pred[:0], target[:0], ValueError, "no examples", r"\(0,",
            reduction=reduction)


@every_loss
@pytest.mark.parametrize("values", [[1j, 1j], ["a", "b"], [None, None]], ids=str)
def test_anything_but_real_numbers_is_refused(entry, values):
    pred, target = sample(entry.pred, n=2)
    with pytest.raises(TypeError, match="numbers"):
        entry.loss(np.array(values), target)
    with pytest.raises(TypeError, match="numbers"):
        entry.loss(pred, np.array(values))


@every_loss
def test_a_list_of_tensors_is_refused_in_place_of_a_cut_graph(entry):
    pred, target = sample(entry.pred)
    with pytest.raises(TypeError, match="np.stack"):
        entry.loss([Tensor(row, requires_grad=True) for row in pred], target)


@every_loss
def test_masked_values_are_not_counted_in_silence(entry):
    """np.asarray drops a mask: the values behind it would be counted as if they were real."""
    pred, target = sample(entry.pred)
    hidden = np.ma.array(pred, mask=np.arange(pred.size).reshape(pred.shape) == 0)
    with pytest.raises(TypeError, match="mask"):
        entry.loss(hidden, target)


@every(pred=("probability", "logit", "probabilities"))
@pytest.mark.parametrize("wrong, shown", [(-1.0, "-1"), (2.0, "2"), (-1e-9, "-1e-09")])
def test_targets_outside_0_to_1_are_refused(entry, wrong, shown):
    pred, target = sample(entry.pred)
    if entry.pred == "probabilities":
        target = np.eye(5)[target]
    target = np.array(target)
    target.flat[0] = wrong
    refused(entry.loss, pred, target, ValueError, r"target must lie in \[0, 1\]", shown)


@every(pred=("probability", "logit"))
def test_targets_that_are_not_numbers_are_refused_as_such(entry):
    pred, target = sample(entry.pred)
    target[1] = np.nan
    refused(entry.loss, pred, target, ValueError, r"target must lie in \[0, 1\]", "nan")


@every(pred=("probability", "probabilities"))
@pytest.mark.parametrize("wrong", [-3.0, 5.0, 1.5, np.inf, -np.inf])
def test_logits_in_place_of_probabilities_are_refused(entry, wrong):
    pred, target = sample(entry.pred)
    pred.flat[1] = wrong
    refused(entry.loss, pred, target, ValueError, r"pred must lie in \[0, 1\]",
            "look like logits", "_cross_entropy", f"{wrong:g}")


@every(pred=("probability", "probabilities"))
def test_a_probability_that_is_nan_is_not_called_a_logit(entry):
    pred, target = sample(entry.pred)
    pred.flat[1] = np.nan
    with pytest.raises(ValueError, match="nan") as caught:
        entry.loss(pred, target)
    assert "logits" not in str(caught.value), (
        f"nan is no logit; the message sends the student the wrong way: {caught.value}")


@every(pred=("probability",))
def test_the_message_shows_that_a_value_is_outside_also_where_it_is_so_by_a_hair(entry):
    with pytest.raises(ValueError) as caught:
        entry.loss([np.nextafter(1.0, 2.0)], [1])
    assert "to 1:" not in str(caught.value), (
        f"'[0, 1] and goes from 1 to 1' explains nothing: {caught.value}")


@every(pred=("score",))
@pytest.mark.parametrize("target, hint", [
    ([1, 0, 1], "2 * target - 1"), ([0, 0, 0], "2 * target - 1"), ([True, False, True], "2 *"),
    ([1, 2, 1], ""), ([1.0, 0.5, -1.0], ""), ([1.0, np.nan, -1.0], "nan"), ([1, -1, -2], "-2"),
], ids=str)
def test_labels_other_than_minus_one_and_one_are_refused(entry, target, hint):
    pred = np.array([0.5, -0.5, 2.0])
    refused(entry.loss, pred, np.array(target), ValueError, "target must be -1 or [+]1",
            hint.replace("*", r"\*"))
    if not hint:
        with pytest.raises(ValueError) as caught:
            entry.loss(pred, target)
        assert "2 * target - 1" not in str(caught.value), "bad advice for labels beyond 0 and 1"


@every(pred=("score",))
def test_truth_values_are_refused_as_labels_also_where_all_are_true(entry):
    """A batch of [True, True] is a batch of labels 0 and 1 in which no 0 occurred."""
    with pytest.raises(ValueError, match="-1 or"):
        entry.loss([0.5, 2.0], np.array([True, True]))


CLASS_LABELS = [  # what is given for six rows, the error, and words of the message
    ("-1", [0, 1, 2, 3, 4, -1], ValueError, ["from 0 to 4", "from -1 to 4"]),
    ("C", [0, 1, 2, 3, 4, 5], ValueError, ["from 0 to 4", "5 columns", "from 0 to 5"]),
    ("floats", [0.0, 1.0, 2.0, 3.0, 4.0, 0.0], TypeError, ["whole numbers", "float64", "astype"]),
    ("nan", [0.0, 1.0, 2.0, 3.0, 4.0, np.nan], TypeError, ["whole numbers", "float64"]),
    ("truth values", [True] * 6, TypeError, ["whole numbers", "bool"]),
    ("a column", [[0], [1], [2], [3], [4], [0]], ValueError,
     [r"\(6, 5\)", r"\(6, 1\)", r"target\[\.\.\., 0\]"]),
    ("a row", [[0, 1, 2, 3, 4, 0]], ValueError, [r"\(6, 5\)", r"\(1, 6\)"]),
    ("one-hot, too narrow", np.eye(4)[[0, 1, 2, 3, 0, 1]], ValueError,
     [r"\(6, 5\)", r"\(6, 4\)", "5 wide"]),
    ("one-hot, too wide", np.eye(6), ValueError, [r"\(6, 5\)", r"\(6, 6\)", "5 wide"]),
    ("too few", [0, 1], ValueError, [r"\(6, 5\)", r"\(2,\)"]),
    ("one for all", 1, ValueError, [r"\(6, 5\)", r"\(6,\)", r"\(\)"]),
    ("none", [], ValueError, [r"\(6, 5\)", r"\(0,\)"]),
]


@every_labelled
@pytest.mark.parametrize("target, error, words", [row[1:] for row in CLASS_LABELS],
                         ids=[row[0] for row in CLASS_LABELS])
def test_class_labels_that_do_not_fit_are_refused(entry, target, error, words):
    pred, _ = sample(entry.pred)
    refused(entry.loss, pred, np.array(target), error, *words)


@every_labelled
def test_labels_in_a_tensor_are_refused_with_advice_that_works(entry):
    """A Tensor holds floats only, so target.astype(int) would raise in its turn."""
    pred, labels = sample(entry.pred)
    with pytest.raises(TypeError, match="whole numbers") as caught:
        entry.loss(pred, Tensor(labels))
    assert "target.astype" not in str(caught.value), (
        f"Tensor.astype(int) raises, so this advice leads nowhere: {caught.value}")
    assert ".data" in str(caught.value) or "array" in str(caught.value)


@every_labelled
@pytest.mark.parametrize("target", [[0, 0, 0], [[1.0], [1.0], [1.0]]], ids=["labels", "rows"])
def test_one_class_is_refused_because_it_is_always_right(entry, target):
    """A network with one output and softmax has loss 0 and gradient 0 whatever it says."""
    with pytest.raises(ValueError, match="two classes|labels"):
        entry.loss(np.full((3, 1), 0.5), np.array(target))


@every_labelled
def test_a_prediction_without_classes_is_refused(entry):
    for pred, target in [(0.5, 0), (np.zeros((3, 0)), [0, 0, 0])]:
        with pytest.raises(ValueError, match="classes"):
            entry.loss(pred, target)


@every_labelled
def test_labels_and_scores_in_the_wrong_order_are_refused(entry):
    pred, target = sample(entry.pred)
    refused(entry.loss, target, pred, ValueError, r"\(6,\)", r"\(6, 5\)")


def test_the_catalogue_has_losses_of_both_kinds():
    kinds = {entry.pred for entry in catalog()}
    assert kinds & set(ELEMENTWISE) and kinds & set(LABELLED), "or the tests above run on nothing"
    assert kinds <= set(ELEMENTWISE) | set(LABELLED), "a new kind of prediction: put it above"
