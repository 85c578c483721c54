"""What every loss has in common: reductions, kinds of argument, dtypes, and what is refused."""

import inspect
import re

import numpy as np
import pytest
from loss_cases import HARD_LABELS, both_dtypes, each, every, refused, sample

import losses
from losses import catalog
from losses.reduction import reduced
from minigrad import Tensor, grad, gradcheck, no_grad

REDUCTIONS = ("mean", "sum", "none")
ELEMENTWISE = ("value", "amount", "probability", "logit", "score")
LABELLED = ("logits", "scores", "probabilities")
ROWS = ("distribution",)  # rows of probabilities against rows of probabilities
BATCH = ("batch",)  # one number for all examples together, so there is nothing to reduce
every_loss = every()
every_reducible = every(pred=(*ELEMENTWISE, *LABELLED, *ROWS))
every_elementwise = every(pred=ELEMENTWISE)
every_of_one_shape = every(pred=(*ELEMENTWISE, *BATCH))
every_labelled = every(pred=LABELLED)


def shaped(entry, shape):
    """Data for a loss in which the examples have this shape."""
    pred, target = sample(entry.pred, n=int(np.prod(shape)))
    return pred.reshape((*shape, *pred.shape[1:])), target.reshape((*shape, *target.shape[1:]))


def reductions(entry):
    """The options to call a loss with, one after the other."""
    return [{}] if entry.pred in BATCH else [{"reduction": name} for name in REDUCTIONS]


def default_reduction(entry):
    return inspect.signature(entry.loss).parameters["reduction"].default


# -- reductions ------------------------------------------------------------------------------------


@every_reducible
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
    by_default = entry.loss(pred, target).item()
    assert by_default == entry.loss(pred, target, reduction=default_reduction(entry)).item()


def test_the_default_is_the_mean_but_of_least_squares_and_least_absolutes_the_sum():
    sums = [entry.name for entry in catalog()
            if entry.pred not in BATCH and default_reduction(entry) != "mean"]
    assert sums == ["l2", "l1"]
    assert {default_reduction(e) for e in catalog() if e.name in sums} == {"sum"}


@every(pred=BATCH)
def test_a_loss_of_the_batch_is_one_number_whatever_the_shape(entry):
    for shape in [(6,), (6, 1), (2, 3), (1,), ()]:
        cost = entry.loss(*shaped(entry, shape))
        assert np.shape(cost) == ()
    assert entry.loss(*shaped(entry, (2, 3))) == entry.loss(*shaped(entry, (6,)))
    with pytest.raises(TypeError, match="reduction"):
        entry.loss(*sample(entry.pred), reduction="sum")


@every_reducible
def test_the_gradient_of_the_mean_is_that_of_the_sum_over_the_number_of_examples(entry):
    pred, target = shaped(entry, (2, 3))
    pred = Tensor(pred, requires_grad=True)
    mean = grad(entry.loss(pred, target, reduction="mean"), pred)
    total = grad(entry.loss(pred, target, reduction="sum"), pred)
    np.testing.assert_allclose(mean, total / 6, rtol=1e-14)


@every_reducible
def test_an_example_has_the_loss_it_has_alone(entry):
    pred, target = sample(entry.pred)
    together = entry.loss(pred, target, reduction="none")
    alone = [float(entry.loss(pred[i:i + 1], target[i:i + 1])) for i in range(len(pred))]
    np.testing.assert_allclose(together, alone, rtol=1e-14)


def test_reduced_names_what_is_allowed():
    with pytest.raises(ValueError, match='"mean", "sum" or "none", not \'average\''):
        reduced(np.ones(3), "average")


# -- kinds of argument -----------------------------------------------------------------------------


@every_loss
def test_arrays_lists_and_tensors_give_equal_values(entry):
    pred, target = sample(entry.pred)
    targets = [target, target.tolist(), tuple(target.tolist())]
    if entry.pred not in LABELLED:
        targets += [Tensor(target), Tensor(target, requires_grad=True)]
    for options in reductions(entry):
        expected = entry.loss(pred, target, **options)
        for p in (pred, pred.tolist(), Tensor(pred), Tensor(pred, requires_grad=True)):
            for t in targets:
                found = entry.loss(p, t, **options)
                tensors = isinstance(p, Tensor) or isinstance(t, Tensor)
                assert isinstance(found, Tensor) == tensors, (
                    f"pred {type(p).__name__}, target {type(t).__name__} gave "
                    f"{type(found).__name__}: plain arrays give plain results, a Tensor a Tensor")
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


SMOOTH_IN_TARGET = [entry for entry in catalog() if entry.name not in HARD_LABELS and entry.pred in
                    ("value", "batch", "amount", "probability", "logit", "distribution")]


@pytest.mark.parametrize("entry", SMOOTH_IN_TARGET, ids=lambda entry: entry.name)
def test_a_target_that_requires_a_gradient_gets_it(entry):
    pred, target = sample(entry.pred)
    if entry.pred in ("probability", "logit"):
        target = np.clip(target, 0.1, 0.9)  # inside, so that finite differences fit
    tensors = Tensor(pred, requires_grad=True), Tensor(target, requires_grad=True)
    assert gradcheck(each(entry), *tensors, order=2)
    assert gradcheck(each(entry), Tensor(pred), tensors[1])


@pytest.mark.parametrize("loss", [losses.categorical_cross_entropy, losses.softmax_cross_entropy,
                                  losses.kl_divergence], ids=lambda loss: loss.__name__)
def test_rows_of_a_distribution_that_require_a_gradient_get_it(loss):
    rows, target = (Tensor(x, requires_grad=True) for x in sample("distribution"))
    assert gradcheck(lambda p, t: loss(p, t, reduction="none"), rows, target, order=2)
    assert gradcheck(lambda p, t: loss(p, t, reduction="none"), rows.detach(), target)


@every(pred=("score",))
def test_a_label_that_requires_a_gradient_gets_it(entry):
    pred, target = sample(entry.pred)
    pred, target = Tensor(pred, requires_grad=True), Tensor(target, requires_grad=True)
    to_pred, to_target = grad(entry.loss(pred, target), [pred, target])
    # the loss is a function f of t s, so dL/ds = f' t and dL/dt = f' s
    np.testing.assert_allclose(to_target, to_pred / target.data * pred.data, rtol=1e-14)


def test_a_label_of_the_focal_loss_that_requires_a_gradient_gets_it():
    pred, target = (Tensor(x, requires_grad=True) for x in sample("logit"))
    to_pred, to_target = grad(losses.focal(pred, target), [pred, target])
    # a function f of (2 t - 1) z, so dL/dz = f' (2 t - 1) and dL/dt = f' 2 z
    np.testing.assert_allclose(to_target, to_pred / (2 * target.data - 1) * 2 * pred.data,
                               rtol=1e-14)


@every_of_one_shape
def test_swapped_arguments_still_have_a_gradient_where_both_fit(entry):
    both = np.array([0.25, 0.75])
    if entry.pred == "score" or entry.name in HARD_LABELS:
        both = np.array([1.0, 1.0])
    pred, target = both[::-1].copy(), Tensor(both, requires_grad=True)
    entry.loss(pred, target).backward()
    assert target.grad.shape == target.shape


@pytest.mark.parametrize("entry", [e for e in catalog() if e.pred not in LABELLED],
                         ids=lambda entry: entry.name)
def test_a_target_that_requires_no_gradient_gets_none(entry):
    pred, target = sample(entry.pred)
    pred, target = Tensor(pred, requires_grad=True), Tensor(target)
    entry.loss(pred, target).backward()
    assert pred.grad is not None and target.grad is None


# -- dtypes ----------------------------------------------------------------------------------------


@every_loss
@both_dtypes
@pytest.mark.parametrize("kind", ["array", "Tensor"])
def test_a_loss_keeps_the_dtype_of_the_prediction_also_with_whole_labels(entry, dtype, kind):
    pred, target = sample(entry.pred)
    pred = pred.astype(dtype)
    whole = target.astype(int)
    if entry.pred in ROWS:
        whole = (target == target.max(axis=-1, keepdims=True)).astype(int)  # one-hot rows
    targets = [whole, whole.tolist(), whole.astype(np.int8), whole.astype(np.int32)]
    if entry.pred in LABELLED:
        targets += [target.astype(np.uint8), target.astype(np.uint64)]
    else:
        targets += [target.astype(dtype), Tensor(target.astype(dtype))]
    for options in reductions(entry):
        for t in targets:
            if kind == "array" and not isinstance(t, Tensor):
                assert entry.loss(pred, t, **options).dtype == dtype
                continue
            points = Tensor(pred, requires_grad=True)
            cost = entry.loss(points, t, **options)
            assert cost.dtype == dtype
            assert grad(cost.sum(), points).dtype == dtype


NUMPY_OPTIONS = [
    (losses.huber, "delta", 0.5), (losses.pseudo_huber, "delta", 0.5), (losses.quantile, "q", 0.25),
    (losses.focal, "gamma", 2.0), (losses.focal, "gamma", 0.0), (losses.focal, "alpha", 0.25),
    (losses.softmax_cross_entropy, "label_smoothing", 0.25),
    (losses.softmax_cross_entropy, "label_smoothing", 0.0),
]


@pytest.mark.parametrize("loss, name, value", NUMPY_OPTIONS, ids=[
    f"{loss.__name__}-{name}={value}" for loss, name, value in NUMPY_OPTIONS])
def test_an_option_from_numpy_does_not_widen_float32(loss, name, value):
    """With delta = np.std(residuals), say, an np.float64, the network would become float64."""
    pred, target = sample(next(entry.pred for entry in catalog() if entry.loss is loss))
    pred, targets = pred.astype(np.float32), [target.tolist()]
    if loss is losses.softmax_cross_entropy:
        targets.append(np.eye(5, dtype=np.float32)[target])
    else:
        targets = [target.astype(np.float32)]
    for kind in [np.float64, np.float32, *([np.int64] if value == int(value) else [])]:
        for t in targets:
            expected = loss(pred, t, reduction="none", **{name: value})
            for p in (pred, Tensor(pred, requires_grad=True)):
                found = loss(p, t, reduction="none", **{name: kind(value)})
                assert found.dtype == np.float32, f"{name}={kind.__name__}({value}) widened it"
                np.testing.assert_array_equal(found if p is pred else found.data, expected)


@every_of_one_shape
def test_whole_numbers_are_numbers_also_small_unsigned_ones(entry):
    """255 - 0 is 255 and 0 - 255 is -255, not 1 as in the arithmetic of uint8."""
    loss, ones = each(entry), np.ones(2, dtype=np.uint8)
    np.testing.assert_array_equal(loss(ones, ones), loss(np.ones(2), np.ones(2)))
    if entry.pred in ("value", "amount", "batch"):
        p, t = np.array([0, 255], dtype=np.uint8), np.array([255, 0], dtype=np.uint8)
        np.testing.assert_array_equal(loss(p, t), loss(p.astype(float), t.astype(float)))


# -- refusals --------------------------------------------------------------------------------------


DIFFERENT = [  # shapes of pred and target, and whether a reshape of the target may be the cure
    ((6,), (6, 1), True), ((6, 1), (6,), True), ((6,), (1, 6), True), ((2, 3), (2, 3, 1), True),
    ((1,), (), True), ((), (1,), True), ((6,), (1,), False), ((1,), (6,), False),
    ((6,), (), False), ((), (6,), False), ((2, 3), (3,), False), ((2, 3), (3, 2), False),
]


@every_of_one_shape
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
        np.testing.assert_array_equal(entry.loss(pred, repaired), entry.loss(*shaped(entry, to)))
    else:
        assert not advised, (
            f"a reshape from {of} to {to} fails or puts the values in the wrong places: "
            f"{caught.value}")


@every_reducible
@pytest.mark.parametrize("reduction", ["average", "Mean", "", None, 1, True, []], ids=repr)
def test_an_unknown_reduction_is_refused(entry, reduction):
    refused(entry.loss, *sample(entry.pred), ValueError, '"mean", "sum" or "none"',
            re.escape(repr(reduction)), reduction=reduction)


@every_loss
def test_the_reduction_is_given_by_name(entry):
    with pytest.raises(TypeError, match="positional"):
        entry.loss(*sample(entry.pred), "sum")


@every_loss
def test_no_examples_at_all_are_refused(entry):
    pred, target = sample(entry.pred)
    for options in reductions(entry):
        refused(entry.loss, pred[:0], target[:0], ValueError, "no examples", r"\(0,", **options)


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
    for position in (0, 1):
        both = [pred, target]
        mask = np.arange(both[position].size).reshape(both[position].shape) == 0
        both[position] = np.ma.array(both[position], mask=mask)
        with pytest.raises(TypeError, match="mask"):
            entry.loss(*both)


TAKES_PROBABILITIES = pytest.mark.parametrize("entry", [
    entry for entry in catalog() if entry.name not in HARD_LABELS and entry.pred in (
        "probability", "logit", "probabilities", "logits", "distribution")],
    ids=lambda entry: entry.name)


@TAKES_PROBABILITIES
@pytest.mark.parametrize("wrong, shown", [(-1.0, "-1"), (2.0, "2"), (-1e-9, "-1e-09")])
def test_targets_outside_0_to_1_are_refused(entry, wrong, shown):
    pred, target = sample(entry.pred)
    if entry.pred in LABELLED:
        target = np.eye(5)[target]
    target = np.array(target)
    target.flat[0] = wrong
    refused(entry.loss, pred, target, ValueError, r"target must lie in \[0, 1\]", shown)


@TAKES_PROBABILITIES
def test_targets_that_are_not_numbers_are_refused_as_such(entry):
    pred, target = sample(entry.pred)
    if entry.pred in LABELLED:
        target = np.eye(5)[target]
    target[1] = np.nan
    refused(entry.loss, pred, target, ValueError, r"target must lie in \[0, 1\]", "nan")


@every(pred=("probability", "probabilities", "distribution"))
@pytest.mark.parametrize("wrong", [-3.0, 5.0, 1.5, np.inf, -np.inf])
def test_logits_in_place_of_probabilities_are_refused(entry, wrong):
    pred, target = sample(entry.pred)
    pred.flat[1] = wrong
    refused(entry.loss, pred, target, ValueError, r"pred must lie in \[0, 1\]",
            "look like logits", "_cross_entropy", f"{wrong:g}")


@every(pred=("probability", "probabilities", "distribution"))
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


@pytest.mark.parametrize("target, words", [
    ([1, -1, 1], "holds -1"), ([-1, -1, -1], "holds -1"), ([1, 2, 0], "holds 2"),
    ([1.0, 0.5, 0.0], "holds 0.5"), ([1.0, np.nan, 0.0], "holds nan"),
], ids=str)
def test_the_focal_loss_refuses_labels_other_than_0_and_1(target, words):
    refused(losses.focal, np.array([0.5, -2.0, 3.0]), np.array(target), ValueError,
            r"target must be 0 or [+]1", words)
    with pytest.raises(ValueError) as caught:
        losses.focal([0.5, -2.0, 3.0], target)
    advised = "write (target + 1) / 2" in str(caught.value)
    assert advised == (-1 in target), "advice is for labels -1 and 1, and for no others"


def test_labels_of_one_convention_become_the_other_by_the_formula_the_message_names():
    score, signs, bits = [0.5, -2.0, 3.0], np.array([1, -1, 1]), np.array([1, 0, 1])
    for loss, wrong, right in [(losses.hinge, bits, signs), (losses.logistic, bits, signs),
                               (losses.squared_hinge, bits, signs), (losses.focal, signs, bits),
                               (losses.exponential, bits, signs),
                               (losses.exponential, bits.astype(bool), signs)]:
        with pytest.raises(ValueError) as caught:
            loss(score, wrong)
        repaired = eval(str(caught.value).rpartition("write ")[2], {"target": wrong})
        np.testing.assert_array_equal(repaired, right)
        assert loss(score, repaired) == loss(score, right)


@every(pred=("score",))
def test_labels_0_and_1_are_refused_also_in_a_tensor_or_a_list(entry):
    for target in ([0, 1], (0.0, 1.0), Tensor([0, 1]), Tensor([0, 1], requires_grad=True)):
        refused(entry.loss, [0.5, 2.0], target, ValueError, r"target must be -1 or [+]1", "holds 0",
                r"2 \* target - 1")


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


# -- amounts: numbers above -1 ---------------------------------------------------------------------


@every(pred=("amount",))
@pytest.mark.parametrize("wrong", [-1.0, -1.5, -np.inf, np.nan], ids=str)
@pytest.mark.parametrize("name", ["pred", "target"])
def test_amounts_at_or_below_minus_1_have_no_logarithm_and_are_refused(entry, name, wrong):
    pred, target = sample(entry.pred)
    {"pred": pred, "target": target}[name][2] = wrong
    refused(entry.loss, pred, target, ValueError, rf"log\(1 \+ {name}\)",
            f"{name} must be above -1", str(wrong))


@every(pred=("amount",))
@both_dtypes
def test_amounts_just_above_minus_1_are_taken(entry, dtype):
    least = np.nextafter(dtype(-1.0), dtype(0.0))
    assert np.isfinite(entry.loss(np.array([least]), np.array([0.0], dtype)))


# -- options that are one number -------------------------------------------------------------------

BELOW_OR_AT_0 = [0, 0.0, -1.0, -np.inf, np.nan]
OUTSIDE_0_TO_1 = [0, 1, 1.0, -0.25, 1.5, np.inf, np.nan]
OUT_OF_RANGE = [  # loss, option, values, words of the message
    (losses.huber, "delta", BELOW_OR_AT_0, "positive"),
    (losses.pseudo_huber, "delta", BELOW_OR_AT_0, "positive"),
    (losses.quantile, "q", OUTSIDE_0_TO_1, "positive|between 0 and 1"),
    (losses.focal, "alpha", OUTSIDE_0_TO_1, "positive|between 0 and 1"),
    (losses.focal, "gamma", [-1, -0.5, -np.inf, np.nan], "positive|negative"),
    (losses.softmax_cross_entropy, "label_smoothing", [1, 1.0, -0.25, 1.5, np.inf, np.nan],
     r"positive|between 0 and 1|\[0, 1\)"),
]


@pytest.mark.parametrize("loss, name, value, words", [
    pytest.param(loss, name, value, words, id=f"{loss.__name__}-{name}={value}")
    for loss, name, values, words in OUT_OF_RANGE for value in values])
def test_an_option_out_of_range_is_refused_by_name(loss, name, value, words):
    pred, target = sample(next(entry.pred for entry in catalog() if entry.loss is loss))
    refused(loss, pred, target, ValueError, name, words, re.escape(str(value)), **{name: value})


@pytest.mark.parametrize("loss, name", [
    pytest.param(loss, name, id=f"{loss.__name__}-{name}") for loss, name, *_ in OUT_OF_RANGE])
@pytest.mark.parametrize("value", ["1", None, [0.25, 0.5], np.full(2, 0.5), np.array(0.5), 0.5j,
                                   Tensor(0.5), Tensor(0.0), Tensor([0.25, 0.5])], ids=str)
def test_an_option_that_is_not_one_number_is_refused_by_name(loss, name, value):
    """Also a Tensor: no gradient flows to an option, and none may be lost in silence."""
    pred, target = sample(next(entry.pred for entry in catalog() if entry.loss is loss))
    if name == "alpha" and value is None:
        return  # no weights: the default
    refused(loss, pred, target, (TypeError, ValueError), name, "number", **{name: value})


# -- rows that are distributions -------------------------------------------------------------------

ROW_SUMS = [  # what is wrong, rows (2, 3), words of the message
    ("too little", np.full((2, 3), 0.3), [r"\(2, 3\)", "sum to 1", "0.9"]),
    ("too much", np.full((2, 3), 0.5), [r"\(2, 3\)", "sum to 1", "1.5"]),
    ("all zero", np.zeros((2, 3)), ["sum to 1", "0"]),
    ("several ones", np.array([[1.0, 1, 0], [1, 0, 0]]), ["sum to 1", "1 to 2"]),
    ("by a little", np.array([[0.5, 0.5, 2e-4], [1, 0, 0]]), ["sum to 1", "1.0002"]),
    ("columns, not rows", np.array([[0.9, 0.8, 0.7], [0.1, 0.2, 0.3]]), ["last axis", "2.4"]),
]
every_row_sum = pytest.mark.parametrize("rows, words", [row[1:] for row in ROW_SUMS],
                                        ids=[row[0] for row in ROW_SUMS])
GOOD_ROWS = np.array([[0.25, 0.25, 0.5], [1.0, 0.0, 0.0]])


@every(pred=("probabilities", "distribution"))
@every_row_sum
def test_rows_of_the_prediction_must_sum_to_1(entry, rows, words):
    refused(entry.loss, rows, GOOD_ROWS, ValueError, "the rows of pred", *words)
    if entry.pred == "probabilities":
        refused(entry.loss, rows, np.array([0, 1]), ValueError, "the rows of pred", *words)


@every(pred=("probabilities", "logits", "distribution"))
@every_row_sum
def test_rows_of_the_target_must_sum_to_1(entry, rows, words):
    refused(entry.loss, GOOD_ROWS, rows, ValueError, "the rows of target", *words)


@every(pred=("probabilities", "logits", "distribution"))
@both_dtypes
def test_rows_may_miss_the_sum_of_1_by_rounding(entry, dtype):
    rows = (np.ones((2, 3)) / 3).astype(dtype) + dtype(3e-5)
    entry.loss(rows, rows)


def test_the_catalogue_has_losses_of_every_kind():
    kinds = {entry.pred for entry in catalog()}
    missing = {*ELEMENTWISE, *LABELLED, *ROWS, *BATCH} - kinds
    assert not missing, f"the tests above run on no loss of the kinds {missing}"
    assert kinds <= {*ELEMENTWISE, *LABELLED, *ROWS, *BATCH}, "a new kind: put it above"
