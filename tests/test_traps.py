"""Thirty silent traps: section 8 of the design, one test for each row, named after its row.

Each is a mistake that in other frameworks, or in a careless one, gives a wrong number without a
word. Here it gives the right number, or an error that says what to write instead.
"""

import math
import re
import threading

import numpy as np
import pytest

import losses
import minigrad
from losses import (
    binary_cross_entropy,
    hinge,
    huber,
    mae,
    mse,
    multiclass_hinge,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from minigrad import Tensor, detect_anomaly, grad, gradcheck, no_grad, relu, softmax, softplus
from optim import SGD


def leaf(values, dtype=float):
    return Tensor(np.array(values, dtype), requires_grad=True)


def refused(error, *words):
    """A block that must raise `error` with a message that says all these words, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, words)))


def slope(f, at):
    """f'(at), from the engine."""
    x = leaf(at)
    return float(grad(f(x), x))


def close(actual, expected, tolerance=1e-12):
    actual = actual.data if isinstance(actual, Tensor) else actual
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_every_trap_has_exactly_one_test():
    here = [name for name in globals() if name.startswith("test_trap_")]
    numbers = [int(name.split("_")[2]) for name in here]
    assert sorted(numbers) == list(range(1, 31)), (
        f"missing: {set(range(1, 31)) - set(numbers)}, "
        f"there twice: {sorted(n for n in set(numbers) if numbers.count(n) > 1)}")


@pytest.mark.parametrize("loss, target", [
    (mse, [1, 2, 3]), (mae, [1, 2, 3]), (huber, [1, 2, 3]),
    (binary_cross_entropy, [0, 1, 1]), (sigmoid_cross_entropy, [0, 1, 1]), (hinge, [-1, 1, 1]),
], ids=lambda x: getattr(x, "__name__", ""))
def test_trap_01_a_column_prediction_against_a_flat_target(loss, target):
    """pred - target would be a 3 by 3 table of all pairs; its mean looks like a loss."""
    flat, column = np.array(target), np.array(target)[:, None]
    for pred, target in ((leaf(np.full((3, 1), 0.5)), flat), (leaf([0.5, 0.5, 0.5]), column)):
        with refused(ValueError, str(pred.shape), str(target.shape), "target.reshape") as caught:
            loss(pred, target)
        advice = re.search(r"target\.reshape\(.*\)", str(caught.value))[0]
        assert loss(pred, eval(advice)).shape == (), "what the message says to type must work"


@pytest.mark.parametrize("values", [[3, -1], np.array([3, -1]), np.array([3, -1], np.int8)],
                         ids=["list", "int64", "int8"])
def test_trap_02_an_integer_leaf_becomes_float64(values):
    w = Tensor(values, requires_grad=True)
    assert w.dtype == np.float64
    np.sum(w * w).backward()
    w.data -= 0.25 * w.grad  # on integers, a step of 1.5 would be cut to 1 or raise
    close(w, [1.5, -0.5])


@pytest.mark.parametrize("loss", [softmax_cross_entropy, multiclass_hinge],
                         ids=lambda loss: loss.__name__)
def test_trap_03_float_class_labels_and_labels_outside_the_classes(loss):
    scores = leaf([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    with refused(TypeError, "whole numbers", "float64", "target.astype(int)"):
        loss(scores, np.array([0.0, 2.0]))
    with refused(ValueError, "from 0 to 2", "goes from -1 to 1"):
        loss(scores, np.array([-1, 1]))  # NumPy would read the last column
    with refused(ValueError, "from 0 to 2", "goes from 1 to 3"):
        loss(scores, np.array([1, 3]))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, multiclass_hinge],
                         ids=lambda loss: loss.__name__)
def test_trap_04_a_column_or_one_hot_rows_of_the_wrong_width_as_labels(loss):
    scores = leaf(np.zeros((4, 3)))
    with refused(ValueError, "(4, 3)", "(4,)", "(4, 1)", "write target[..., 0]"):
        loss(scores, np.zeros((4, 1), int))
    with refused(ValueError, "(4, 3)", "(4, 2)", "one-hot rows would be 3 wide"):
        loss(scores, np.eye(2)[[0, 1, 0, 1]])
    with refused(ValueError, "(4, 3)", "(4, 10)", "one-hot rows would be 3 wide"):
        loss(scores, np.eye(10)[[0, 1, 0, 1]])


def test_trap_05_data_changed_between_forward_and_backward():
    w = leaf([1.0, 2.0])
    loss = np.sum(w * w)
    w.data -= 0.5
    with refused(RuntimeError, "'multiply'", "(2,)", "new .data", "backward() first"):
        loss.backward()
    assert w.grad is None, "an error on the way must leave the leaf as it was"

    w = leaf([1.0, 2.0])
    with refused(RuntimeError, "input 0 of multiply", "changed in place"), detect_anomaly():
        loss = np.sum(w * w)
        w.data[0] = 5.0  # a change that only detect_anomaly sees
        loss.backward()


def test_trap_06_an_outside_alias_or_a_plain_number_made_of_a_tensor():
    array = np.array([1.0, 2.0])
    w = Tensor(array, requires_grad=True)
    loss = np.sum(w * w)
    array[0] = 100.0
    loss.backward()
    assert w.grad.tolist() == [2.0, 4.0], "the tensor must hold a copy of the array it was given"
    with refused(TypeError, "math.exp(t)", "np.exp(t)"):
        math.exp(leaf(1.0))
    with refused(TypeError, "float(t)", "t.item()"):
        float(leaf(1.0))
    assert leaf(1.5).item() == 1.5


def test_trap_07_zero_grad_forgotten():
    w = leaf([1.0])
    optimizer = SGD([w], lr=0.1)
    (3.0 * w).sum().backward()
    optimizer.step()
    (3.0 * w).sum().backward()
    assert w.grad.tolist() == [6.0], "gradients accumulate: the old one is still in it"
    with pytest.warns(UserWarning, match="(?s)added to.*zero_grad") as caught:
        optimizer.step()
        (3.0 * w).sum().backward()
        optimizer.step()
    assert len(caught) == 1, "the optimiser warns once, not at every step"


def test_trap_08_backward_twice():
    x = leaf(3.0)
    loss = 2.0 * x * x
    loss.backward(retain_graph=True)
    assert x.grad == 12.0
    loss.backward()
    assert x.grad == 24.0
    with refused(RuntimeError, "released", "retain_graph=True"):
        loss.backward()
    assert x.grad == 24.0


def test_trap_09_two_losses_share_a_subgraph():
    x = leaf(2.0)
    shared = x * x
    (3.0 * shared).backward(retain_graph=True)  # 3 * 2x
    (shared * shared).backward()  # 4x^3
    assert x.grad == 12.0 + 32.0
    x.grad = None
    shared = x * x
    (3.0 * shared + shared * shared).backward()
    assert x.grad == 12.0 + 32.0


def test_trap_10_logits_passed_as_probabilities():
    logits = leaf([-2.0, 0.5, 3.0])
    with refused(ValueError, "pred must lie in [0, 1]", "-2", "3", "look like logits",
                 "sigmoid_cross_entropy"):
        binary_cross_entropy(logits, [0, 1, 1])


@pytest.mark.parametrize("classes, floor", [(10, 1.461), (3, 0.551)])
def test_trap_11_probabilities_passed_as_logits(classes, floor):
    """Softmax twice: certainty is at most 1 above the others, so the loss cannot fall below
    log(e + C - 1) - 1, however perfect the prediction."""
    perfect = softmax(Tensor([[1e4] + [0.0] * (classes - 1)]))
    assert perfect.data[0, 0] == 1.0
    twice = softmax_cross_entropy(perfect, [0]).item()
    close(twice, math.log(math.e + classes - 1) - 1.0)
    assert round(twice, 3) == floor
    assert softmax_cross_entropy(Tensor([[1e4] + [0.0] * (classes - 1)]), [0]).item() == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trap_12_clipping_inside_the_log_kills_the_gradient(dtype):
    """A confident mistake: clipped, nothing is learned from it; from the logit, the most."""
    z = leaf(-40.0)
    p = np.clip(minigrad.sigmoid(z), 1e-12, 1.0)
    assert grad(-np.log(p), z) == 0.0, "this is the trap: the clip has slope 0"

    z = leaf(-40.0, dtype)
    slope = grad(sigmoid_cross_entropy(z, 1), z)
    assert slope.dtype == dtype
    close(slope, -1.0, tolerance=1e-15)


def test_trap_13_log_0_in_a_probability_loss():
    worst, perfect = leaf([0.0, 1.0]), leaf([1.0, 0.0])
    cost = binary_cross_entropy(worst, [1, 0], reduction="none")
    assert np.round(cost.data, 1).tolist() == [27.6, 27.6]
    close(cost, [12.0 * math.log(10.0)] * 2, tolerance=1e-6)
    close(grad(cost.sum(), worst) / 1e12, [-1.0, 1.0], tolerance=1e-6)

    cost = binary_cross_entropy(perfect, [1, 0], reduction="none")
    assert cost.data.tolist() == [0.0, 0.0], "a perfect prediction costs exactly 0"
    close(grad(cost.sum(), perfect), [-1.0, 1.0], tolerance=1e-9)


def test_trap_14_softplus_at_logit_exactly_0():
    """Written with relu and abs, the slope at 0 would be 0 and the curvature 0."""
    assert slope(softplus, 0.0) == 0.5
    for target, expected in ((0, 0.5), (1, -0.5)):
        z = leaf(0.0)
        first = grad(sigmoid_cross_entropy(z, target), z, create_graph=True)
        assert first.item() == expected
        assert grad(first, z) == 0.25


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trap_15_exp_overflow(dtype):
    z = leaf([-1e4, 1e4, -1e4, 1e4], dtype)
    cost = sigmoid_cross_entropy(z, [0, 1, 1, 0], reduction="none")
    assert cost.dtype == dtype and cost.data.tolist() == [0.0, 0.0, 1e4, 1e4]
    assert grad(cost.sum(), z).tolist() == [0.0, 0.0, -1.0, 1.0]

    z = leaf([[-1e4, 1e4, 0.0], [1e4, 1e4, -1e4]], dtype)
    cost = softmax_cross_entropy(z, [0, 0], reduction="none")
    assert cost.dtype == dtype
    rounding = np.spacing(dtype(1e4))  # of the logits themselves: 0.001 in float32
    close(cost, [2e4, math.log(2.0)], tolerance=rounding)
    close(grad(cost.sum(), z), [[-1.0, 1.0, 0.0], [-0.5, 0.5, 0.0]], tolerance=rounding)
    assert softmax(z).data[0].tolist() == [0.0, 1.0, 0.0]


# fmt: off
KINKS = {  # of the table in minigrad/derivatives.py: a function, where, the derivative used there
    "relu at 0":             (relu,                                      0.0,          0.0),
    "abs at 0":              (np.abs,                                    0.0,          0.0),
    "maximum of equals":     (lambda x: np.maximum(x, 2.0),              2.0,          0.5),
    "minimum of equals":     (lambda x: np.minimum(2.0, x),              2.0,          0.5),
    "max over ties":         (np.max,                   [4.0, 4.0, 1.0], [0.5, 0.5, 0.0]),
    "min over ties":         (np.min,                   [1.0, 1.0, 1.0], [1/3, 1/3, 1/3]),
    "clip":                  (lambda x: np.clip(x, -1.0, 1.0),
                              [-2.0, -1.0, 0.0, 1.0, 2.0],               [0.0, 1.0, 1.0, 1.0, 0.0]),
    "where":                 (lambda x: np.where(x > 0, 3.0 * x, 5.0),   [1.0, -1.0],  [3.0, 0.0]),
    "sqrt at 0":             (np.sqrt,                                   0.0,          np.inf),
    "log at 0":              (np.log,                                    0.0,          np.inf),
    "power below 1 at 0":    (lambda x: x ** 0.5,                        0.0,          np.inf),
    "x ** 0 at 0":           (lambda x: x ** 0,                          0.0,          0.0),
    "x ** 0.0 at 0":         (lambda x: x ** np.array(0.0),              0.0,          0.0),
    "x ** 1 at 0":           (lambda x: x ** 1.0,                        0.0,          1.0),
    "0 ** y":                (lambda y: 0.0 ** y,                        [2.0, 0.5],   [0.0, 0.0]),
    "hypot at (0, 0)":       (lambda x: np.hypot(x, 0.0),                0.0,          0.0),
    "a position read twice": (lambda x: x[[0, 0, 1]],                    [7.0, 8.0],   [2.0, 1.0]),
    "softplus at 0":         (softplus,                                  0.0,          0.5),
    "prod with one zero":    (np.prod,                  [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    "prod with two zeros":   (np.prod,                  [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "hinge at margin 1":     (lambda s: hinge(s, 1),                     1.0,          0.0),
}
# fmt: on


@pytest.mark.parametrize("kink", KINKS)
def test_trap_16_kinks(kink):
    f, at, expected = KINKS[kink]
    x = leaf(at)
    with np.errstate(divide="ignore"):  # log 0, and the three infinite derivatives
        y = np.sum(f(x))
        plain = grad(y, x, retain_graph=True)
        recorded = grad(y, x, create_graph=True)
    assert not np.isnan(plain).any(), f"{kink}: nan"
    close(plain, expected)
    close(recorded, expected)


def test_trap_17_where_does_not_protect_the_branch_it_does_not_choose():
    """0 * inf is nan: the gradient 0 that goes into the wrong branch meets 1/0 inside it."""
    x = leaf([0.0, 2.0])
    with np.errstate(all="ignore"):
        broken = grad(np.where(x > 0, np.log(x), 0.0).sum(), x)
    assert np.isnan(broken[0]) and broken[1] == 0.5

    with refused(FloatingPointError, "log"), detect_anomaly():
        np.where(x > 0, np.log(x), 0.0).sum().backward()

    inner = np.where(x > 0, x, 1.0)  # the double where: log never sees a 0
    with detect_anomaly():
        right = grad(np.where(x > 0, np.log(inner), 0.0).sum(), x)
    assert right.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("f, name", [
    (np.sqrt, "sqrt"), (lambda x: np.sqrt(np.sum(x * x)), "sqrt"), (lambda x: x ** 0.5, "power"),
    (np.std, "sqrt"),
], ids=["sqrt", "norm", "power one half", "std of equals"])
def test_trap_18_sqrt_or_norm_at_0(f, name):
    x = leaf([0.0, 0.0])
    with np.errstate(all="ignore"):
        assert not np.isfinite(grad(np.sum(f(x)), x)).any()
    with refused(FloatingPointError, f"the gradient of {name}", "inf"), detect_anomaly():
        np.sum(f(x)).backward()
    assert x.grad is None


def test_trap_19_repeated_fancy_indices_add_up():
    """zeros[key] += g, the obvious adjoint, writes a repeated position once."""
    x = leaf([10.0, 20.0, 30.0])
    (x[[0, 2, 0, 0]] * np.array([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [8.0, 0.0, 2.0]
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    np.take_along_axis(x, np.array([[1, 1, 1], [0, 1, 0]]), axis=1).sum().backward()
    assert x.grad.tolist() == [[0.0, 3.0], [2.0, 1.0]]


def test_trap_20_a_severed_graph():
    w = leaf([1.0, 2.0])
    with no_grad():
        unrecorded = np.sum(w * w)
    for severed in (unrecorded, np.sum(Tensor(w.data) * 2.0), np.sum(w.detach() * 2.0)):
        with refused(RuntimeError, "nothing that requires a gradient", "requires_grad=True",
                     "detach", "no_grad"):
            severed.backward()
        with refused(RuntimeError, "no path", 'unconnected="zero"'):
            grad(severed, w)
    with refused(TypeError, "cut the graph", "detach"):
        Tensor(w)
    with refused(TypeError, "cut the graph", "np.stack", "t.data"):
        np.array([w, w])
    assert w.grad is None


@pytest.mark.parametrize("name, call", [
    ("numpy.linalg.norm", np.linalg.norm), ("numpy.median", np.median),
    ("numpy.nan_to_num", np.nan_to_num), ("numpy.arctan2", lambda t: np.arctan2(t, 1.0)),
    ("numpy.add.reduce", np.add.reduce),
], ids=lambda x: x if isinstance(x, str) else "")
def test_trap_21_a_numpy_function_outside_the_table(name, call):
    with refused(TypeError, name, "no derivative rule", "minigrad.primitive", "t.data"):
        call(leaf([3.0, 4.0]))


def test_trap_22_an_array_or_a_scalar_on_the_left_of_a_tensor():
    """NumPy would make an array of objects, one Tensor for each element."""
    t, a = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    for result, value in ((a + t, [4, 6]), (a - t, [2, 2]), (a * t, [3, 8]), (a / t, [3, 2]),
                          (2 * t, [2, 4]), (np.float64(2) * t, [2, 4]), (2 ** t, [2, 4]),
                          (np.eye(2) @ t, [1, 2]), (a @ t, 11), (np.float32(1) - t, [0, -1])):
        assert type(result) is Tensor and result.data.dtype == np.float64
        assert result.requires_grad
        close(result, value)
    (a @ t).backward()
    assert t.grad.tolist() == [3.0, 4.0]


def test_trap_23_a_label_code_of_the_wrong_convention():
    with refused(ValueError, "-1 or +1", "2 * target - 1"):
        hinge(leaf([0.5, -0.5]), [0, 1])  # max(0, 1 - 0 s) would be 1, with no gradient at all
    with refused(ValueError, "-1 or +1", "3"):
        hinge(leaf([0.5, -0.5]), [1, 3])
    for loss in (sigmoid_cross_entropy, binary_cross_entropy):
        with refused(ValueError, "target must lie in [0, 1]", "-1", "labels 0 and 1"):
            loss(leaf([0.5, 0.25]), [-1, 1])
    with refused(ValueError, "class labels go from 0 to 2", "goes from 1 to 3"):
        softmax_cross_entropy(leaf(np.zeros((3, 3))), [1, 2, 3])  # classes counted from 1


def test_trap_24_the_argument_order_and_the_mean_of_kl():
    """KL(target || softmax(pred)) is the cross-entropy less the target's own entropy.

    By hand, for target (1/2, 1/2) and softmax (1/4, 3/4): 1/2 log 2 + 1/2 log 2/3 = 0.143841; the
    other order would give 1/4 log 1/2 + 3/4 log 3/2 = 0.130812. The mean is over examples, not
    over examples and classes.
    """
    target = np.array([[0.5, 0.5]])
    logits = leaf([[0.0, math.log(3.0)]])
    entropy = math.log(2.0)
    kl = softmax_cross_entropy(logits, target) - entropy
    assert round(kl.item(), 6) == 0.143841
    assert round(losses.kl_divergence([[0.25, 0.75]], target).item(), 6) == 0.143841
    assert round(losses.kl_divergence(target, [[0.25, 0.75]]).item(), 6) == 0.130812
    assert round(losses.kl_divergence([[0.25, 0.75]] * 4, [[0.5, 0.5]] * 4).item(), 6) == 0.143841
    close(kl, 0.5 * math.log(2.0) + 0.5 * math.log(2.0 / 3.0))
    close(grad(kl, logits), [[-0.25, 0.25]])  # softmax - target

    batch = softmax_cross_entropy(leaf([[0.0, math.log(3.0)]] * 4), np.repeat(target, 4, 0))
    close(batch - entropy, kl.item())


EMPTY = {
    "regression": ((0,), (0,)), "binary": ((0,), (0,)), "multiclass": ((0, 3), (0,)),
}


@pytest.mark.parametrize("entry", losses.catalog(), ids=lambda entry: entry.name)
def test_trap_25_every_example_masked_or_an_empty_batch(entry):
    """The mean of no numbers is 0/0: nan, with a warning at best."""
    pred, target = EMPTY[entry.family]
    if entry.pred == "distribution":  # rows against rows
        target = pred
    with refused(ValueError, "there are no examples", str(target)):
        entry.loss(leaf(np.zeros(pred)), np.zeros(target, int))

    full = leaf(np.full((2, *pred[1:]), 0.5))
    nobody = np.array([False, False])
    with refused(ValueError, "there are no examples"):
        entry.loss(full[nobody], np.ones((2, *target[1:]), int)[nobody])


def test_trap_26_finite_differences_in_float32():
    """Four digits are left of a float32 difference: a wrong rule could hide in the rounding."""
    with refused(TypeError, "float64", "t.astype(np.float64)"):
        gradcheck(np.tanh, leaf([0.5], np.float32))
    single = leaf([0.5], np.float32)
    advised = Tensor(single.astype(np.float64).data, requires_grad=True)
    assert gradcheck(np.tanh, advised)


DIVISORS = {  # by family: prediction, target, how many numbers "none" returns
    "regression": ((3, 2), (3, 2), 6), "binary": ((3, 2), (3, 2), 6),
    "multiclass": ((3, 4), (3,), 3),
}


@pytest.mark.parametrize("entry", [e for e in losses.catalog() if e.pred != "batch"],
                         ids=lambda entry: entry.name)  # rmse is one number of a batch
def test_trap_27_what_mean_divides_by(entry):
    """The mean of what "none" returns: of all values, and for classes of all rows."""
    pred, target, count = DIVISORS[entry.family]
    pred = np.random.default_rng(0).uniform(0.1, 0.9, pred)
    if entry.family == "multiclass":
        pred /= pred.sum(axis=-1, keepdims=True)  # scores, and probabilities too
    target = np.ones(target, int) if entry.pred != "distribution" else pred[::-1]
    none, mean, total = (entry.loss(Tensor(pred), target, reduction=r).data
                         for r in ("none", "mean", "sum"))
    assert none.size == count and mean.shape == total.shape == ()
    close(mean, none.mean())
    close(total, none.sum())
    close(mean * count, total)
    close(entry.loss(Tensor(pred), target), total if entry.name in ("l1", "l2") else mean)


def test_trap_28_requires_grad_false_is_honoured():
    frozen, free = Tensor([1.0, 2.0], requires_grad=False), leaf([3.0, 4.0])
    loss = np.sum(frozen * free)
    loss.backward()
    assert frozen.grad is None
    assert free.grad.tolist() == [1.0, 2.0]
    with refused(RuntimeError, "no path"):
        grad(np.sum(frozen * free), frozen)
    assert not (frozen * 2.0).requires_grad


@pytest.mark.parametrize("loss", [mse, mae, huber], ids=lambda loss: loss.__name__)
def test_trap_29_swapped_target_and_prediction(loss):
    """An even function of pred - target: the gradient reaches whichever Tensor requires one."""
    model, data = leaf([1.0, 5.0]), np.array([2.0, 3.5])
    expected = grad(loss(model, data), model)
    assert expected.any()
    close(grad(loss(data, model), model), expected)
    close(grad(loss(Tensor(data), model), model), expected)

    both = leaf(data)
    there, back = grad(loss(model, both), [model, both])
    close(there, expected)
    close(back, -expected)


def test_trap_30_an_exception_inside_no_grad_or_detect_anomaly():
    w = leaf([1.0])
    for block in (no_grad, detect_anomaly, no_grad):
        with pytest.raises(KeyError), block(), block():
            raise KeyError("the student's own mistake")
        assert (w * 2.0).requires_grad, f"{block.__name__} stayed in force after the exception"

    settings = np.geterr()
    with refused(FloatingPointError, "log"), detect_anomaly():
        np.log(leaf([0.0]))
    with np.errstate(divide="ignore"):
        assert np.log(leaf([0.0])).data == -np.inf, "watching must end with the block"
    assert np.geterr() == settings, "NumPy's warnings must be back as they were"
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(leaf([0.0]))

    seen = []
    thread = threading.Thread(target=lambda: seen.append((w * 2.0).requires_grad))
    thread.start()
    thread.join()
    assert seen == [True]
