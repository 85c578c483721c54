"""All optimisers in one table: they go downhill, as PyTorch's do, and refuse what cannot be right.

What is peculiar to one of them stands in its own file (test_sgd.py, test_adam.py).
"""

import ast
import copy
import inspect
import json
import pickle
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

import minigrad
import optim
from minigrad import Tensor, nn
from optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, cosine

DATA = Path(__file__).parent / "data"
TORCH = json.loads((DATA / "torch_steps.json").read_text())
SCRIPT = runpy.run_path(str(DATA / "make_torch_steps.py"))

# Every optimiser with options that use all its parts, and a rate at which it learns quickly.
TABLE = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD, momentum": (SGD, {"lr": 0.03, "momentum": 0.9}),
    "SGD, nesterov": (SGD, {"lr": 0.03, "momentum": 0.9, "nesterov": True}),
    "Adam": (Adam, {"lr": 0.1}),
    "Adam, betas": (Adam, {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6}),
    "AdamW": (AdamW, {"lr": 0.1, "weight_decay": 0.0}),
    "RMSprop": (RMSprop, {"lr": 0.05, "alpha": 0.9}),
    "RMSprop, centered": (RMSprop, {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "centered": True,
                                    "eps": 1e-3}),
    "Adagrad": (Adagrad, {"lr": 2.0}),
    "Adagrad, start": (Adagrad, {"lr": 2.0, "initial_accumulator_value": 0.1, "lr_decay": 1e-3}),
}
KINDS = {kind.__name__: kind for kind, _ in TABLE.values()}

every_entry = pytest.mark.parametrize("kind, options", TABLE.values(), ids=TABLE)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
keeps_memory = pytest.mark.parametrize(
    "kind, options", [entry for name, entry in TABLE.items() if name != "SGD"],
    ids=[name for name in TABLE if name != "SGD"])


def weights(values=(1.0, -2.0), dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def push(w, g):
    """Add g to the gradient of w, by a backward pass."""
    np.sum(w * np.asarray(g, w.dtype)).backward()


def photograph(optimizer):
    """Everything a step may change."""
    return copy.deepcopy(([p.data for p in optimizer.params], optimizer.state_dict()))


def equal(one, other):
    """Whether two nested structures hold the same arrays, of the same dtypes."""
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, (np.ndarray, np.generic)):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


def test_the_table_holds_every_optimiser():
    offered = {name for name in optim.__all__ if inspect.isclass(getattr(optim, name))}
    assert offered - {"Optimizer"} == set(KINDS), "add the new optimiser to TABLE above"


# -- going downhill --------------------------------------------------------------------------------


@every_entry
@pytest.mark.parametrize("start", [(8.0, -3.0), (3.1, 1.0), (-5.0, -5.0)], ids=str)
def test_the_bottom_of_a_bowl_is_found(kind, options, start):
    w = weights(start)
    optimizer = kind([w], **options)
    rate = cosine(optimizer.lr, 1000)  # at a constant rate Adam and RMSprop hover about the bottom
    for _ in range(1000):
        optimizer.zero_grad()
        np.sum((w - np.array([3.0, 1.0])) ** 2).backward()
        optimizer.lr = rate(optimizer.steps)
        optimizer.step()
    atol = 1e-9 if kind in (SGD, Adagrad) else 1e-4
    assert np.allclose(w.data, [3.0, 1.0], rtol=0, atol=atol), f"it ended at {w.data}"


def height_after(kind, options, steps, steepness=100.0):
    """Where this many steps lead in a valley much steeper across than along."""
    w = weights((10.0, 1.0))
    optimizer, curvature = kind([w], **options), np.array([1.0, steepness])
    for _ in range(steps):
        optimizer.zero_grad()
        loss = 0.5 * np.sum(curvature * w * w)
        loss.backward()
        optimizer.step()
    return loss.item()


# How far below plain descent an optimiser is after how many steps; RMSprop begins to hover then.
VALLEY = {
    "momentum": (SGD, {"lr": 0.01, "momentum": 0.9}, 200, 1e-3),
    "nesterov": (SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}, 200, 1e-3),
    "Adam": (Adam, {"lr": 0.3}, 200, 1e-3),
    "AdamW": (AdamW, {"lr": 0.3, "weight_decay": 0.0}, 200, 1e-3),
    "Adagrad": (Adagrad, {"lr": 3.0}, 200, 1e-3),
    "RMSprop": (RMSprop, {"lr": 0.1, "alpha": 0.9}, 90, 0.2),
}


@pytest.mark.parametrize("kind, options, steps, part", VALLEY.values(), ids=VALLEY)
def test_in_a_narrow_valley_momentum_and_own_steps_leave_plain_descent_far_behind(
        kind, options, steps, part):
    plain = height_after(SGD, {"lr": 0.01}, steps)
    assert height_after(kind, options, steps) < part * plain
    assert plain < 20.0, "plain descent is slow here, but it does go down"


def test_rmsprop_hovers_at_the_length_of_its_steps():
    rmsprop = (RMSprop, {"lr": 0.1, "alpha": 0.9})
    assert 0.01 < height_after(*rmsprop, 200) < 0.5 * 100.0 * 0.1**2
    assert 0.01 < height_after(*rmsprop, 2000) < 0.5 * 100.0 * 0.1**2, "a smaller rate would help"


def test_in_a_narrow_valley_too_large_a_rate_diverges():
    assert height_after(SGD, {"lr": 0.021}, 100) > 1e3  # 2 / 100 is the limit


# A first and a second step, worked by hand. The gradient is (2, -1) both times, w begins at (1, 1).
BY_HAND = {
    "SGD: w - lr g": (SGD, {"lr": 0.1}, (0.8, 1.1), (0.6, 1.2)),
    "momentum: v = g, then 0.5 g + g": (
        SGD, {"lr": 0.1, "momentum": 0.5}, (0.8, 1.1), (0.5, 1.25)),
    "nesterov: g + 0.5 v": (
        SGD, {"lr": 0.1, "momentum": 0.5, "nesterov": True}, (0.7, 1.15), (0.35, 1.325)),
    "weight decay: g + 0.5 w": (
        SGD, {"lr": 0.1, "weight_decay": 0.5}, (0.75, 1.05), (0.5125, 1.0975)),
    "Adam: a constant gradient makes steps of lr": (Adam, {"lr": 0.1}, (0.9, 1.1), (0.8, 1.2)),
    "Adam, eps = 1: lr g / (|g| + 1)": (
        Adam, {"lr": 0.3, "eps": 1.0}, (0.8, 1.15), (0.6, 1.3)),
    "Adam, weight decay enters g, whose size does not matter": (
        Adam, {"lr": 0.1, "weight_decay": 0.5, "betas": (0.0, 0.0)}, (0.9, 1.1), (0.8, 1.2)),
    "AdamW: weight decay stays out of g, and takes 5 % of w": (
        AdamW, {"lr": 0.1, "weight_decay": 0.5}, (0.85, 1.05), (0.7075, 1.0975)),
    "RMSprop: v = 0.75 g^2, then 0.9375 g^2": (
        RMSprop, {"lr": 0.1, "alpha": 0.25}, (1 - 0.1 / 0.75**0.5, 1 + 0.1 / 0.75**0.5),
        (1 - 0.1 / 0.75**0.5 - 0.1 / 0.9375**0.5, 1 + 0.1 / 0.75**0.5 + 0.1 / 0.9375**0.5)),
    "RMSprop, centered: v - m^2 = (0.75 - 0.75^2) g^2, then (0.9375 - 0.9375^2) g^2": (
        RMSprop, {"lr": 0.1, "alpha": 0.25, "centered": True, "eps": 1e-12},
        (1 - 0.1 / 0.1875**0.5, 1 + 0.1 / 0.1875**0.5),
        (1 - 0.1 / 0.1875**0.5 - 0.1 / 0.05859375**0.5,
         1 + 0.1 / 0.1875**0.5 + 0.1 / 0.05859375**0.5)),
    "RMSprop, momentum: b = 2, then 0.5 * 2 + 1 / sqrt(0.4375)": (
        RMSprop, {"lr": 0.1, "alpha": 0.75, "momentum": 0.5}, (0.8, 1.2),
        (0.7 - 0.1 / 0.4375**0.5, 1.3 + 0.1 / 0.4375**0.5)),
    "Adagrad: lr, then lr / sqrt(2)": (
        Adagrad, {"lr": 0.1}, (0.9, 1.1), (0.9 - 0.1 / 2**0.5, 1.1 + 0.1 / 2**0.5)),
    "Adagrad, lr_decay = 1: the second step at half the rate": (
        Adagrad, {"lr": 0.1, "lr_decay": 1.0}, (0.9, 1.1),
        (0.9 - 0.05 / 2**0.5, 1.1 + 0.05 / 2**0.5)),
    "Adagrad, start 5: 2 / 3 and 1 / sqrt(6), then 2 / sqrt(13) and 1 / sqrt(7)": (
        Adagrad, {"lr": 0.1, "initial_accumulator_value": 5.0},
        (1 - 0.2 / 3, 1 + 0.1 / 6**0.5),
        (1 - 0.2 / 3 - 0.2 / 13**0.5, 1 + 0.1 / 6**0.5 + 0.1 / 7**0.5)),
}


@pytest.mark.parametrize("kind, options, first, second", BY_HAND.values(), ids=BY_HAND)
def test_the_first_two_steps_are_those_worked_by_hand(kind, options, first, second):
    w = weights((1.0, 1.0))
    optimizer = kind([w], **options)
    for expected in (first, second):
        optimizer.zero_grad()
        push(w, (2.0, -1.0))
        optimizer.step()
        np.testing.assert_allclose(w.data, expected, rtol=0, atol=2e-8)  # Adam's eps is 1e-8


# -- the same as PyTorch ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", TORCH["paths"])
def test_fifty_steps_are_those_of_pytorch(name):
    kind, options = SCRIPT["CASES"][name]
    w, b = (Tensor(SCRIPT["START"][k], requires_grad=True) for k in "wb")
    optimizer = KINDS[kind]([w, b], **options)
    path = []
    for step in range(SCRIPT["STEPS"]):
        with_w, with_b = SCRIPT["uses"](name, step)
        optimizer.zero_grad()
        SCRIPT["loss"](w if with_w else w.detach(), b if with_b else b.detach()).backward()
        optimizer.step()
        path.append([*w.data, b.item()])
    error = np.abs(np.array(path) - np.array(TORCH["paths"][name])).max(axis=1)
    first = int(np.argmax(error > 1e-12))
    assert (error <= 1e-12).all(), (
        f"step {first + 1} leads to {np.array(path[first])}, PyTorch's to "
        f"{np.array(TORCH['paths'][name][first])}")


def test_the_recorded_steps_are_those_of_the_script_beside_them():
    assert list(TORCH["paths"]) == list(SCRIPT["CASES"]), "run make_torch_steps.py again"
    assert all(len(path) == SCRIPT["STEPS"] for path in TORCH["paths"].values())
    assert {kind for kind, _ in SCRIPT["CASES"].values()} == set(KINDS), "record the new optimiser"
    for table in (VALLEY, BY_HAND):
        assert {entry[0] for entry in table.values()} == set(KINDS.values()), "add it to all tables"


@every_kind
def test_names_and_defaults_of_the_options_are_those_of_pytorch(kind):
    theirs = TORCH["defaults"][kind.__name__]
    for name, option in list(inspect.signature(kind).parameters.items())[1:]:
        assert name in theirs, f"PyTorch's {kind.__name__} has no {name}"
        if option.default is not inspect.Parameter.empty:
            default = theirs[name]
            assert option.default == (tuple(default) if isinstance(default, list) else default)


# -- what an optimiser accepts ---------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("gather", [
    list, tuple, iter, lambda params: (p for p in params), lambda params: {p: 1 for p in params},
], ids=["list", "tuple", "iterator", "generator", "keys"])
def test_parameters_may_come_in_any_row(kind, gather):
    params = [weights(), weights((3.0,))]
    optimizer = kind(gather(params), lr=0.1, weight_decay=0.0)
    for p in params:
        push(p, np.ones(p.shape))
    optimizer.step()
    step = 1.0 if kind is RMSprop else 0.1  # lr / sqrt(1 - alpha), alpha being 0.99
    np.testing.assert_allclose(np.concatenate([p.data for p in params]),
                               np.array([1.0, -2.0, 3.0]) - step, rtol=0, atol=1e-6)


RESULT = weights() * 2.0
TWICE = weights()
WRONG_LISTS = {
    "empty": ([], r"no parameters.*model\.parameters\(\)"),
    "empty-generator": ((p for p in ()), r"no parameters"),
    "arrays": ([np.ones(2)], r"Tensors.*, not ndarray"),
    "names": (["w"], r"Tensors.*, not str"),
    "named-parameters": (nn.Linear(1, 1, rng=0).named_parameters(), r"Tensors.*, not tuple"),
    "state-dict": (nn.Linear(1, 1, rng=0).state_dict(), r"Tensors.*, not str"),
    "set": ({weights(), weights()}, r"in a list.*not set"),  # its order is another in each run
    "frozenset": (frozenset([weights()]), r"in a list.*not frozenset"),
    "one-wrong": ([weights(), None], r"Tensors.*, not NoneType"),
    "result": ([weights(), RESULT], r"leaves.*result of multiply"),
    "constant": ([weights(), Tensor([1.0])], r"constant, or frozen.*requires_grad\]"),
    "twice": ([TWICE, weights(), TWICE], r"twice"),
}


@every_kind
@pytest.mark.parametrize("params, message", WRONG_LISTS.values(), ids=WRONG_LISTS)
def test_a_wrong_list_of_parameters_is_refused(kind, params, message):
    with pytest.raises(ValueError, match=message):
        kind(params, lr=0.1)


@every_kind
@pytest.mark.parametrize("params, written", [
    (nn.Linear(1, 1, rng=0), r"\.parameters\(\)"), (nn.Linear(1, 1, rng=0).parameters, r"\(\)"),
    (weights(), r"\["), (weights(1.0), r"\["),
], ids=["model", "forgotten-call", "vector", "number"])
def test_what_is_no_list_at_all_is_refused_with_the_thing_to_write(kind, params, written):
    with pytest.raises((TypeError, ValueError), match=written):
        kind(params, lr=0.1)


@every_kind
@pytest.mark.parametrize("lr", [0, 0.0, -0.1, float("nan"), float("inf"), -float("inf"),
                                np.float32("nan")], ids=str)
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(kind, lr):
    with pytest.raises(ValueError, match=r"learning rate lr must be positive"):
        kind([weights()], lr=lr)


@every_kind
@pytest.mark.parametrize("lr", ["0.1", None, [0.1], np.array([0.1, 0.2])], ids=str)
def test_a_learning_rate_that_is_no_number_is_refused_by_name(kind, lr):
    with pytest.raises((TypeError, ValueError), match=r"\blr\b"):
        kind([weights()], lr=lr)


@every_kind
@pytest.mark.parametrize("value", [-1e-9, -1, float("nan"), float("inf")], ids=str)
def test_a_weight_decay_that_is_negative_or_not_finite_is_refused(kind, value):
    with pytest.raises(ValueError, match=r"weight_decay must be"):
        kind([weights()], lr=0.1, weight_decay=value)


def test_a_weight_decay_cannot_slip_into_the_place_of_a_flag():
    with pytest.raises(TypeError, match="positional"):
        SGD([weights()], 0.1, 0.9, 5e-4)


@every_kind
def test_a_schedule_in_the_place_of_a_rate_is_told_where_it_belongs(kind):
    schedule = cosine(0.1, 10)
    with pytest.raises(ValueError, match=r"optimizer\.lr = schedule\(optimizer\.steps\)"):
        kind([weights()], lr=schedule)
    optimizer = kind([weights()], lr=0.1)
    with pytest.raises(ValueError, match=r"optimizer\.lr = schedule\(optimizer\.steps\)"):
        optimizer.lr = schedule


@every_kind
def test_a_misspelt_option_is_refused(kind):
    with pytest.raises(TypeError, match="learning_rate"):
        kind([weights()], learning_rate=0.1)


@every_entry
@pytest.mark.parametrize("name", ["learning_rate", "momentun", "beta", "_lr_"])
def test_a_misspelt_attribute_is_refused_when_it_is_set_as_well(kind, options, name):
    optimizer = kind([weights()], **options)
    with pytest.raises(AttributeError, match=name):
        setattr(optimizer, name, 0.1)


@every_entry
def test_every_option_is_an_attribute(kind, options):
    optimizer = kind([weights()], **options)
    for name in set(inspect.signature(kind).parameters) - {
            "params", "centered", "initial_accumulator_value"}:  # these two shape the memory
        expected = options.get(name, inspect.signature(kind).parameters[name].default)
        assert getattr(optimizer, name) == expected


def test_the_base_class_has_no_update_of_its_own():
    optimizer = Optimizer([weights()], lr=0.1)
    push(optimizer.params[0], (1.0, 1.0))
    with pytest.raises(NotImplementedError):
        optimizer.step()


def test_an_optimiser_of_ones_own_is_its_formula():
    class SignDescent(Optimizer):
        def update(self, w, g, state):
            return self.lr * np.sign(g)

    w = weights()
    optimizer = SignDescent([w], lr=0.5)
    push(w, (100.0, -0.001))
    optimizer.step()
    assert np.array_equal(w.data, [0.5, -1.5])


def test_an_optimiser_of_ones_own_may_have_options_and_memory_of_its_own():
    class Lion(Optimizer):
        memory = ("m",)

        def __init__(self, params, lr, beta):
            super().__init__(params, lr)
            self.beta = beta

        def update(self, w, g, state):
            state["m"] *= self.beta
            state["m"] += (1.0 - self.beta) * g
            return self.lr * np.sign(state["m"])

    w = weights()
    optimizer = copy.deepcopy(Lion([w], lr=0.5, beta=0.75))
    w, = optimizer.params
    for g in ((4.0, -4.0), (-2.0, 2.0)):
        optimizer.zero_grad()
        push(w, g)
        optimizer.step()
    assert np.array_equal(optimizer.state[0]["m"], [0.25, -0.25])
    assert np.array_equal(w.data, [0.0, -1.0])


# -- the learning rate -----------------------------------------------------------------------------


@every_entry
def test_a_new_learning_rate_holds_from_the_next_step_on(kind, options):
    w = weights()
    optimizer = kind([w], **options)
    push(w, (1.0, 1.0))
    optimizer.lr = 0.0  # as at the beginning of a warm-up: nothing moves
    optimizer.step()
    assert optimizer.lr == 0.0 and np.array_equal(w.data, [1.0, -2.0])
    optimizer.lr = 0.25
    optimizer.step()
    assert optimizer.lr == 0.25 and (w.data < [1.0, -2.0]).all()


@every_kind
@pytest.mark.parametrize("lr", [-0.1, float("nan"), float("inf")], ids=str)
def test_a_wrong_new_learning_rate_is_refused_and_the_old_one_stays(kind, lr):
    optimizer = kind([weights()], lr=0.5)
    with pytest.raises(ValueError, match=r"learning rate lr"):
        optimizer.lr = lr
    assert optimizer.lr == 0.5


# -- gradients that are missing or broken ----------------------------------------------------------


@every_entry
def test_a_step_without_any_gradient_raises_and_changes_nothing(kind, options):
    optimizer = kind([weights(), weights()], **options)
    before = photograph(optimizer)
    with pytest.raises(RuntimeError, match=r"no parameter has a gradient.*backward\(\)"):
        optimizer.step()
    assert equal(photograph(optimizer), before)
    push(optimizer.params[0], (1.0, 1.0))
    optimizer.step()
    optimizer.zero_grad()
    before = photograph(optimizer)
    with pytest.raises(RuntimeError, match=r"backward\(\)"):
        optimizer.step()
    assert equal(photograph(optimizer), before)


@every_entry
@pytest.mark.parametrize("company", [0, 1], ids=["alone", "beside-one-without"])
def test_a_gradient_of_zeros_is_a_gradient(kind, options, company):
    w = weights()
    optimizer = kind([w] + [weights()] * company, **options)
    push(w, (0.0, 0.0))
    optimizer.step()  # it does not raise
    assert np.array_equal(w.data, [1.0, -2.0])


@every_entry
def test_a_parameter_without_a_gradient_is_skipped_and_the_others_move(kind, options):
    first, idle, last = weights(), weights(), weights()
    optimizer = kind([first, idle, last], **options)
    before = copy.deepcopy(optimizer.state_dict()["state"][1])
    push(first, (1.0, 1.0))
    push(last, (1.0, 1.0))
    optimizer.step()
    assert np.array_equal(idle.data, [1.0, -2.0])
    assert equal(optimizer.state_dict()["state"][1], before)
    assert np.array_equal(first.data, last.data) and (first.data < [1.0, -2.0]).all()


@every_entry
def test_a_parameter_that_joins_late_begins_as_if_it_were_the_first_step(kind, options):
    early, late, fresh = weights(), weights(), weights()
    optimizer, alone = kind([early, late], **options), kind([fresh], **options)
    for _ in range(10):
        optimizer.zero_grad()
        push(early, (1.0, 1.0))
        optimizer.step()
    for p in (late, fresh):
        push(p, (3.0, -4.0))
    optimizer.step()
    alone.step()
    np.testing.assert_allclose(late.data, fresh.data, rtol=1e-12)


@every_entry
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient_that_is_not_finite_raises_before_anything_changes(kind, options, bad, dtype):
    good, broken = weights(dtype=dtype), weights(((1.0, 2.0), (3.0, 4.0)), dtype)
    optimizer = kind([good, broken], **options)
    for p in (good, broken):
        push(p, np.ones(p.shape))
    optimizer.step()
    before = photograph(optimizer)
    broken.grad[1, 0] = bad
    for _ in range(2):  # trying again does not help
        with pytest.raises(FloatingPointError, match=r"parameter 1.*\(2, 2\).*nan or inf"):
            optimizer.step()
        assert equal(photograph(optimizer), before), "parameters, state or step count changed"
    broken.grad[1, 0] = 1.0
    optimizer.step()


def test_infinities_of_both_signs_do_not_cancel():
    w = weights()
    optimizer = SGD([w], lr=0.1)
    w.grad = np.array([np.inf, -np.inf])
    with pytest.raises(FloatingPointError, match="nan or inf"):
        optimizer.step()


@pytest.mark.parametrize("size, dtype", [
    (1e-30, np.float32), (1.7e19, np.float32), (1e30, np.float32), (1e37, np.float32),
    (1e-200, np.float64), (1.3e154, np.float64), (1e160, np.float64), (1e300, np.float64),
], ids=str)
def test_a_very_large_or_small_gradient_is_not_mistaken_for_inf_or_nothing(size, dtype):
    """Its square, or the sum of two squares, is beyond the dtype; the gradient is not."""
    params = [weights((1.0,), dtype), weights((1.0,), dtype), weights((1.0, 1.0), dtype)]
    optimizer = SGD(params, lr=0.5 / size)
    for p in params:
        push(p, [size] * p.size)
    optimizer.step()
    for p in params:
        np.testing.assert_allclose(p.data, 0.5, rtol=1e-6)


@every_entry
@pytest.mark.parametrize("wrong", [np.ones(2), np.ones((3, 2)), np.ones(()), np.ones((1, 2, 3))],
                         ids=lambda g: str(g.shape))
def test_a_gradient_of_another_shape_raises_before_anything_changes(kind, options, wrong):
    first, second = weights(), weights(np.ones((2, 3)))
    optimizer = kind([first, second], **options)
    before = photograph(optimizer)
    first.grad, second.grad = np.ones(2), wrong
    with pytest.raises(ValueError, match=r"parameter 1 has shape .*, the parameter \(2, 3\)"):
        optimizer.step()
    assert equal(photograph(optimizer), before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind, options", [
    (Adam, {"betas": (0.0, 0.0)}), (AdamW, {"betas": (0.0, 0.0), "weight_decay": 0.0}),
    (RMSprop, {"alpha": 0.0}),
], ids=["Adam", "AdamW", "RMSprop"])
def test_without_memory_a_small_gradient_after_a_large_one_is_a_step_of_lr(kind, options, dtype):
    """v + (g^2 - v) would forget a g^2 that is lost in the rounding of v."""
    w = weights((1.0,), dtype)
    optimizer = kind([w], lr=0.1, **options)
    for g, expected in ((1e6, 0.9), (1e-3, 0.8)):
        optimizer.zero_grad()
        push(w, [g])
        optimizer.step()
        np.testing.assert_allclose(w.data, [expected], rtol=1e-4)


def test_the_steps_are_not_counted_if_an_update_fails():
    class Forgetful(Optimizer):
        def update(self, w, g, state):
            pass  # nothing is returned

    optimizer = Forgetful([weights()], lr=0.1)
    push(optimizer.params[0], (1.0, 1.0))
    with pytest.raises(TypeError):
        optimizer.step()
    assert optimizer.steps == 0


# -- zero_grad, and forgetting it ------------------------------------------------------------------


@every_kind
def test_zero_grad_forgets_the_gradients(kind):
    params = [weights(), weights()]
    optimizer = kind(params, lr=0.1)
    push(params[0], (1.0, 1.0))
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)


@pytest.fixture
def classroom():
    """A model, its optimiser, and a function that makes one backward pass."""
    model = nn.MLP([2, 3, 1], activation="tanh", rng=0)
    rng = np.random.default_rng(1)

    def backward():
        np.mean(model(rng.normal(size=(4, 2))) ** 2).backward()

    return model, SGD(model.parameters(), lr=0.01), backward


def test_a_forgotten_zero_grad_is_told_exactly_once_and_where(classroom):
    _, optimizer, backward = classroom
    backward()
    optimizer.step()
    backward()
    with pytest.warns(UserWarning, match=r"call zero_grad\(\) before each backward") as told:
        optimizer.step()
    assert len(told) == 1, "one forgotten zero_grad, one warning, however many parameters"
    assert told[0].filename == __file__, "the warning must point at the student's own line"
    for _ in range(3):
        backward()
        optimizer.step()  # once is enough: from now on silent (a warning would be an error here)


def test_a_forgotten_zero_grad_is_seen_if_only_one_parameter_is_concerned():
    one, other = weights(), weights()
    optimizer = SGD([one, other], lr=0.01)
    push(other, (1.0, 2.0))
    optimizer.step()
    push(one, (1.0, 1.0))
    push(other, (0.5, 0.5))
    with pytest.warns(UserWarning, match="zero_grad"):
        optimizer.step()


def test_a_forgotten_zero_grad_is_seen_if_the_sum_is_smaller_than_what_was_applied():
    w = weights()
    optimizer = SGD([w], lr=0.01)
    push(w, (2.0, 2.0))
    optimizer.step()
    push(w, (-1.0, -1.5))
    with pytest.warns(UserWarning, match="zero_grad"):
        optimizer.step()


def test_two_optimisers_warn_each_for_itself(classroom):
    _, optimizer, backward = classroom
    w = weights()
    second = SGD([w], lr=0.1)
    for each, again in ((optimizer, backward), (second, lambda: push(w, (1.0, 2.0)))):
        again()
        each.step()
        again()
        with pytest.warns(UserWarning, match="zero_grad"):
            each.step()


def by_optimizer(model, optimizer):
    optimizer.zero_grad()


def by_model(model, optimizer):
    model.zero_grad()


def by_hand(model, optimizer):
    for p in model.parameters():
        p.grad = None


def by_zeros(model, optimizer):
    for p in model.parameters():
        p.grad = np.zeros(p.shape)


every_way = pytest.mark.parametrize("forget", [by_optimizer, by_model, by_hand, by_zeros])


@every_way
@pytest.mark.parametrize("before_backward", [True, False], ids=["before-backward", "after-step"])
def test_forgetting_old_gradients_in_any_way_is_silent(classroom, forget, before_backward):
    model, optimizer, backward = classroom
    for _ in range(5):  # a warning would be an error here
        if before_backward:
            forget(model, optimizer)
        backward()
        optimizer.step()
        if not before_backward:
            forget(model, optimizer)


@every_way
def test_several_backward_passes_before_one_step_are_silent(classroom, forget):
    model, optimizer, backward = classroom
    for _ in range(3):
        forget(model, optimizer)
        for _ in range(4):
            backward()
        optimizer.step()


def test_several_backward_passes_add_up_to_the_step_of_their_sum():
    one, other = weights(), weights()
    for g in ((1.0, 2.0), (3.0, 4.0)):
        push(one, g)
    push(other, (4.0, 6.0))
    SGD([one], lr=0.1).step()
    SGD([other], lr=0.1).step()
    assert np.array_equal(one.data, other.data)


def test_stepping_again_without_a_backward_pass_is_silent(classroom):
    _, optimizer, backward = classroom
    backward()
    for _ in range(3):
        optimizer.step()


def test_old_gradients_are_noticed_after_a_second_step_without_a_backward_pass(classroom):
    _, optimizer, backward = classroom
    backward()
    optimizer.step()
    optimizer.step()
    backward()
    with pytest.warns(UserWarning, match="zero_grad"):
        optimizer.step()


def test_a_warning_made_an_error_comes_before_any_change(classroom):
    _, optimizer, backward = classroom
    backward()
    optimizer.step()
    backward()
    before = photograph(optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="zero_grad"):
            optimizer.step()
    assert equal(photograph(optimizer), before)


# -- snapshots -------------------------------------------------------------------------------------


def walk(optimizer, steps, seed):
    """Some steps with gradients that depend on where the parameters are."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        for p in optimizer.params:
            push(p, p.data + rng.normal(size=p.shape))
        optimizer.step()


def prepared(kind, options, dtype=np.float64):
    return kind([weights(dtype=dtype), weights(((1.0,), (2.0,)), dtype), weights(0.5, dtype)],
                **options)


@every_entry
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_run_resumed_from_a_snapshot_goes_on_exactly(kind, options, dtype):
    straight = prepared(kind, options, dtype)
    walk(straight, 7, seed=1)
    values, snapshot = photograph(straight)
    walk(straight, 5, seed=2)

    resumed = prepared(kind, options | {"lr": 0.7}, dtype)  # the snapshot brings its own rate
    resumed.load_state_dict(snapshot)
    for p, value in zip(resumed.params, values, strict=True):
        p.data = value
    walk(resumed, 5, seed=2)
    assert equal(photograph(resumed), photograph(straight))
    assert resumed.steps == 12 and resumed.lr == options["lr"]


@keeps_memory
def test_the_snapshot_is_needed_to_go_on_exactly(kind, options):
    straight = prepared(kind, options)
    walk(straight, 7, seed=1)
    fresh = kind([Tensor(p.data, requires_grad=True) for p in straight.params], **options)
    walk(straight, 1, seed=2)
    walk(fresh, 1, seed=2)
    assert not np.array_equal(straight.params[0].data, fresh.params[0].data)


@every_entry
def test_a_snapshot_is_a_copy_in_both_directions(kind, options):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    snapshot = optimizer.state_dict()
    kept = copy.deepcopy(snapshot)
    walk(optimizer, 3, seed=2)
    assert equal(snapshot, kept), "going on changed an old snapshot"
    optimizer.load_state_dict(snapshot)
    walk(optimizer, 3, seed=3)
    assert equal(snapshot, kept), "going on changed a snapshot that was loaded"
    optimizer.load_state_dict(snapshot)
    for state in snapshot["state"]:
        for name in optimizer.memory:
            if np.ndim(state[name]):
                state[name][...] = 99.0
    assert equal(optimizer.state_dict(), kept), "changing the snapshot changed the optimiser"


@every_entry
def test_a_snapshot_survives_pickling(kind, options):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    snapshot = optimizer.state_dict()
    assert equal(pickle.loads(pickle.dumps(snapshot)), snapshot)


def lists(value):
    """The same snapshot as it comes out of a JSON file."""
    if isinstance(value, dict):
        return {k: lists(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [lists(v) for v in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


@keeps_memory
def test_a_snapshot_of_plain_lists_as_json_keeps_it_goes_on_as_well(kind, options):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    snapshot = optimizer.state_dict()
    other = prepared(kind, options)
    other.load_state_dict(json.loads(json.dumps(lists(snapshot))))
    assert lists(other.state_dict()) == lists(snapshot)
    walk(other, 1, seed=2)


def without(key):
    return lambda snapshot: {k: v for k, v in snapshot.items() if k != key}


def other_shape(snapshot):
    return snapshot | {"state": [{k: np.zeros((5, 5)) for k in s} for s in snapshot["state"]]}


WRONG_SNAPSHOTS = {
    "of-a-model": lambda snapshot: nn.Linear(2, 1, rng=0).state_dict(),
    "empty": lambda snapshot: {},
    "no-state": without("state"),
    "no-kind": without("kind"),
    "no-rate": without("lr"),
    "no-steps": without("steps"),
    "one-parameter-less": lambda snapshot: snapshot | {"state": snapshot["state"][:-1]},
    "one-parameter-more": lambda snapshot: snapshot | {"state": snapshot["state"] * 2},
    "nameless": lambda snapshot: snapshot | {"state": [{} for _ in snapshot["state"]]},
    "misnamed": lambda snapshot: snapshot | {"state": [{k.upper(): a for k, a in s.items()}
                                                       for s in snapshot["state"]]},
    "other-shape": other_shape,
    "bad-rate": lambda snapshot: snapshot | {"lr": float("nan")},
}


@keeps_memory
@pytest.mark.parametrize("change", WRONG_SNAPSHOTS.values(), ids=WRONG_SNAPSHOTS)
def test_a_snapshot_that_does_not_fit_is_refused_and_nothing_changes(kind, options, change):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    wrong = change(optimizer.state_dict())
    walk(optimizer, 1, seed=2)
    before = photograph(optimizer)
    with pytest.raises(ValueError):
        optimizer.load_state_dict(wrong)
    assert equal(photograph(optimizer), before)


@keeps_memory
def test_a_snapshot_that_went_through_a_file_of_arrays_goes_on_and_stays_as_it_is(kind, options):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    snapshot = optimizer.state_dict()
    filed = snapshot | {"steps": np.array(3), "state": [
        {name: np.asarray(value) for name, value in s.items()} for s in snapshot["state"]]}
    before = copy.deepcopy(filed)
    other = prepared(kind, options)
    other.load_state_dict(filed)
    walk(other, 2, seed=2)
    assert equal(filed, before), "the snapshot is the caller's"
    assert other.steps == 5 and other.state[0]["t"] == 5


@keeps_memory
@pytest.mark.parametrize("spoil", [
    lambda s: s["state"][-1].update({name: np.full(np.shape(a), "x") for name, a in
                                     s["state"][-1].items()}),
    lambda s: s.update(steps="many"), lambda s: s["state"][0].update(t="many"),
], ids=["memory", "steps", "t"])
def test_a_snapshot_of_the_right_shape_with_no_numbers_changes_nothing(kind, options, spoil):
    optimizer = prepared(kind, options)
    walk(optimizer, 3, seed=1)
    wrong = optimizer.state_dict()
    spoil(wrong)
    walk(optimizer, 1, seed=2)
    before = photograph(optimizer)
    with pytest.raises(ValueError):
        optimizer.load_state_dict(wrong)
    assert equal(photograph(optimizer), before)


def test_a_snapshot_of_another_kind_of_optimiser_is_refused():
    optimizers = {name: prepared(*entry) for name, entry in TABLE.items() if "," not in name}
    optimizers["momentum"] = prepared(*TABLE["SGD, momentum"])
    for name, optimizer in optimizers.items():
        for other, source in optimizers.items():
            if name != other:
                with pytest.raises(ValueError, match="snapshot"):
                    optimizer.load_state_dict(source.state_dict())


@every_entry
def test_a_model_and_its_optimiser_copied_together_stay_together(kind, options):
    model = nn.MLP([2, 3, 1], activation=np.tanh, rng=0)
    optimizer = kind(model.parameters(), **options)
    walk(optimizer, 2, seed=1)
    twin, its_optimizer = copy.deepcopy((model, optimizer))
    assert all(p is q for p, q in zip(twin.parameters(), its_optimizer.params, strict=True))
    walk(optimizer, 2, seed=2)
    walk(its_optimizer, 2, seed=2)
    assert equal(photograph(its_optimizer), photograph(optimizer))


# -- dtypes and shapes -----------------------------------------------------------------------------

WIDE = {
    "SGD": (SGD, {"lr": np.float64(0.1), "weight_decay": np.float64(0.01)}),
    "SGD, momentum": (SGD, {"lr": np.float64(0.1), "momentum": np.float64(0.9)}),
    "SGD, nesterov": (SGD, {"lr": np.float64(0.1), "momentum": np.float64(0.9), "nesterov": True,
                            "weight_decay": np.float64(0.01)}),
    "Adam": (Adam, {"lr": np.float64(0.1), "betas": (np.float64(0.9), np.float64(0.99)),
                    "eps": np.float64(1e-6), "weight_decay": np.float64(0.01)}),
    "AdamW": (AdamW, {"lr": np.float64(0.1), "weight_decay": np.float64(0.01)}),
    "RMSprop": (RMSprop, {"lr": np.float64(0.1), "alpha": np.float64(0.9), "centered": True,
                          "momentum": np.float64(0.9), "eps": np.float64(1e-6),
                          "weight_decay": np.float64(0.01)}),
    "Adagrad": (Adagrad, {"lr": np.float64(0.1), "lr_decay": np.float64(0.1),
                          "initial_accumulator_value": np.float64(0.1), "eps": np.float64(1e-6),
                          "weight_decay": np.float64(0.01)}),
}
WIDE |= {f"{name}, plain numbers": entry for name, entry in TABLE.items()}


@pytest.mark.parametrize("kind, options", WIDE.values(), ids=WIDE)
def test_float32_parameters_keep_float32_in_themselves_and_in_memory(kind, options):
    optimizer = prepared(kind, options, np.float32)
    walk(optimizer, 2, seed=1)
    optimizer.lr = np.float64(0.05)  # as a schedule gives it
    walk(optimizer, 2, seed=2)
    assert [p.dtype for p in optimizer.params] == [np.float32] * 3
    for state in optimizer.state_dict()["state"]:
        for name in optimizer.memory:
            assert state[name].dtype == np.float32, f"{name} became {state[name].dtype}"


@keeps_memory
def test_a_wide_snapshot_does_not_widen_float32(kind, options):
    narrow, wide = prepared(kind, options, np.float32), prepared(kind, options)
    walk(wide, 2, seed=1)
    narrow.load_state_dict(wide.state_dict())
    walk(narrow, 1, seed=2)
    for state in narrow.state:
        for name in narrow.memory:
            assert state[name].dtype == np.float32, f"{name} became {state[name].dtype}"


@every_entry
def test_the_memory_of_a_parameter_without_axes_is_an_array(kind, options):
    optimizer = kind([weights(0.5)], **options)
    walk(optimizer, 2, seed=1)
    for state in (optimizer.state[0], optimizer.state_dict()["state"][0]):
        for name in optimizer.memory:
            assert isinstance(state[name], np.ndarray), f"{name} became {type(state[name])}"
            assert state[name].shape == ()


@every_entry
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 1), (2, 3, 4)], ids=str)
def test_parameters_of_any_shape_keep_it(kind, options, shape):
    w, steady = weights(np.ones(shape)), weights()
    optimizer = kind([w, steady], **options)
    for p in (w, steady):
        push(p, np.ones(p.shape))
    optimizer.step()
    assert w.shape == shape and (w.data < 1.0).all()


@every_entry
def test_a_step_leaves_the_gradients_as_they_were(kind, options):
    optimizer = kind([weights()], **(options | {"weight_decay": 0.1}))
    w, = optimizer.params
    push(w, (1.0, 2.0))
    optimizer.step()
    assert np.array_equal(w.grad, [1.0, 2.0]), "the gradient is the user's to look at"


@every_entry
def test_a_parameter_changed_between_forward_and_backward_is_caught(kind, options):
    w = weights()
    optimizer = kind([w], **options)
    push(w, (1.0, 1.0))
    loss = np.sum(w * w)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"got new .*data"):
        loss.backward()


# -- the floors of the house -----------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(Path(optim.__file__).parent.glob("*.py")),
                         ids=lambda file: file.name)
def test_optimisers_know_nothing_of_minigrad_but_its_public_names(file):
    """What else begins with an underscore, test_house.py looks after."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "minigrad":
            assert node.module == "minigrad", f"line {node.lineno} reaches into {node.module}"
            for alias in node.names:
                assert alias.name in minigrad.__all__, f"line {node.lineno} imports {alias.name}"
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("minigrad."), f"line {node.lineno}: {alias.name}"
