"""training: what a history records, and that its pictures show it, dead and broken runs too."""

import re
import tracemalloc
import warnings

import matplotlib
import numpy as np
import pytest
from helpers import cases, equal, leaf, refused
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from panels import Weights, axes, is_clean, labels, line, marks, recorded, title, trained

from losses import softmax_cross_entropy
from minigrad import Tensor, nn, training
from minigrad.datasets import moons
from minigrad.draw import History, activation_histograms, gradient_flow, learning_curves
from minigrad.palette import STYLE
from optim import SGD, Adam

pytestmark = pytest.mark.usefixtures("pyplot_untouched")

X = np.random.default_rng(3).normal(size=(50, 2))


# -- History: numbers ------------------------------------------------------------------------------


def test_the_loop_of_the_docstring_records_every_loss_under_its_step():
    _, history = trained(steps=5)
    assert history["loss"].shape == (5,) and history["loss"][-1] < history["loss"][0]
    equal(history.steps("loss"), [1, 2, 3, 4, 5])
    assert history.step == 5 and list(history) == ["loss"]
    assert history.parameters == [f"layers.{i}.{p}" for i in (0, 2, 4) for p in ("weight", "bias")]
    assert repr(history) == "History of 5 steps: loss; 6 parameters"


@pytest.mark.parametrize("value", [2.5, np.float32(2.5), np.array(2.5), np.array([[2.5]]),
                                   Tensor(2.5), leaf([2.5]), leaf(2.5) * 1])
def test_one_number_may_come_in_any_dress(value):
    history = History()
    history.record(loss=value)
    equal(history["loss"], [2.5])


def test_true_and_whole_numbers_are_numbers():
    history = History()
    history.record(right=True, count=3)
    assert (history["right"], history["count"]) == (1.0, 3.0)


@pytest.mark.parametrize("value, error, words", cases(
    ("the loss of each example", leaf([1.0, 2.0, 3.0]), ValueError, ["loss", "(3,)", "()", "mean"]),
    ("an array", np.ones((2, 2)), ValueError, ["(2, 2)", "()"]),
    ("nothing in it", np.zeros(0), ValueError, ["(0,)"]),
    ("a text", "0.5", TypeError, ["loss", "'0.5'"]),
    ("None", None, TypeError, ["loss", "None"]),
    ("complex", 1j, TypeError, ["loss", "1j"])))
def test_what_is_not_one_number_is_refused_and_nothing_is_recorded(value, error, words):
    model = Weights(w=[[1.0]])
    history = History(model)
    model.learn(w=[[1.0]])
    with refused(error, *words):
        history.record(accuracy=0.5, loss=value)
    assert list(history) == [] and history.step == 0 and history.parameters == []
    history.record(loss=1.0)
    equal(history.spread("w", "update").median, [1.0])  # as if the first call had never been


def test_a_number_needs_a_name_and_a_history_of_numbers_needs_a_number():
    with refused(TypeError, "history.record(loss=loss)"):
        History().record(0.5)
    with refused(ValueError, "nothing to record"):
        History().record()


def test_nan_and_inf_are_recorded_as_they_are():
    history = History()
    for value in (1.0, np.nan, np.inf, -np.inf):
        history.record(loss=value)
    equal(history["loss"], [1.0, np.nan, np.inf, -np.inf])


def test_any_name_will_do():
    history = History()
    history.record(self=1.0, name=2.0, **{"test loss": 3.0})
    assert list(history) == ["self", "name", "test loss"] and history["self"] == 1.0


def test_a_step_ends_when_a_name_comes_again():
    history = History()
    for step in range(1, 7):
        history.record(loss=1.0 / step)
        if step % 3 == 0:
            history.record(test=2.0)
    equal(history.steps("loss"), [1, 2, 3, 4, 5, 6])
    equal(history.steps("test"), [3, 6])


def test_a_step_ends_when_the_weights_have_moved():
    model = Weights(w=[[1.0]])
    history = History(model)
    history.record(test=0.0)  # before the first gradient: step 0
    for i in (1.0, 2.0):
        model.learn(w=[[i]])
        history.record(train=i)
        model.w.grad = None
        history.record(test=i)  # neither moved nor named before: still this step, gradient or not
    equal(history.steps("train"), [1, 2])
    equal(history.steps("test"), [0, 1, 2])
    equal(history.spread("w").median, [1.0, 2.0])
    model.learn(w=[[3.0]])
    history.record(other=1.0)  # a name that step 2 does not have, but the weights have moved
    equal(history.steps("other"), [3])
    equal(history.spread("w").median, [1.0, 2.0, 3.0])


def test_without_a_name_or_a_move_a_step_begins_as_well():
    model = Weights(w=[[1.0]])
    history = History(model)
    model.learn(w=[[0.0]])
    for _ in range(3):
        history.record()
    equal(history.spread("w").steps, [1, 2, 3])
    assert repr(history) == "History of 3 steps: no numbers; 1 parameter"


def test_a_model_that_stands_still_still_makes_steps():
    model = Weights(w=[[1.0]])
    history = History(model)
    for _ in range(3):
        model.learn(w=[[1.0]], lr=0.0)
        history.record(loss=1.0)
    equal(history.steps("loss"), [1, 2, 3])
    equal(history.spread("w", "update").zeros, [np.nan, 1.0, 1.0])


def test_numbers_alone_are_recorded_of_a_model_that_never_learns():
    history = History(Weights(w=[[1.0]]))
    for value in (1.0, 2.0):
        history.record(loss=value)
    equal(history["loss"], [1.0, 2.0])
    assert history.parameters == []


def test_recording_after_zero_grad_is_refused():
    model, history = trained(steps=2)
    x, y = moons(40)
    softmax_cross_entropy(model(x), y).backward()
    SGD(model.parameters(), lr=0.1).step()
    model.zero_grad()
    with refused(RuntimeError, "after optimizer.step() and before zero_grad()", "History()"):
        history.record(loss=1.0)
    assert history.step == 2 and len(history["loss"]) == 2


@pytest.mark.parametrize("model, word", cases(
    ("its parameters", [leaf(1.0)], "[Tensor"), ("the class", nn.MLP, "MLP"), ("a number", 3, "3"),
    ("a function", np.tanh, "tanh")))
def test_what_has_no_named_parameters_is_refused(model, word):
    with refused(TypeError, "named_parameters()", word, "the model itself"):
        History(model)


def test_an_unknown_name_is_answered_with_the_known_ones():
    _, history = trained(steps=1)
    with refused(KeyError, "accuracy", "loss"):
        history["accuracy"]
    with refused(KeyError, "accuracy", "loss"):
        history.steps("accuracy")
    with refused(KeyError, "weight", "layers.0.weight"):
        history.spread("weight")
    with refused(ValueError, "speed", "gradient, update, ratio"):
        history.spread("layers.0.weight", "speed")


def test_what_a_history_gives_is_a_copy():
    _, history = trained(steps=3)
    for values in (history["loss"], history.steps("loss"), history.sizes("layers.0.weight"),
                   *history.spread("layers.0.weight")):
        values[:] = -1
    assert (history["loss"] > 0).all() and (history.steps("loss") > 0).all()
    assert (history.sizes("layers.0.weight") > 0).all()
    assert (history.spread("layers.0.weight").median > 0).all()


def test_recording_changes_nothing_and_keeps_no_gradient():
    model = nn.MLP([2, 4, 2], rng=0)
    history = History(model)
    softmax_cross_entropy(model(moons(40)[0]), moons(40)[1]).backward()
    before = [(p.data.copy(), p.grad, p.grad.copy()) for p in model.parameters()]
    history.record(loss=1.0)
    for p, (data, gradient, values) in zip(model.parameters(), before, strict=True):
        equal(p.data, data)
        assert p.grad is gradient
        equal(p.grad, values)
    median = history.spread("layers.0.weight").median
    model.parameters()[0].grad *= 7.0
    equal(history.spread("layers.0.weight").median, median)


# -- History: how parameters learn -----------------------------------------------------------------


def test_a_spread_by_hand():
    history = recorded({"w": [[0.0, -1.0, 2.0], [3.0, -4.0, 5.0]]}, w=np.full((2, 3), 3.0), lr=0.1)
    spread = history.spread("w")  # of 1, 2, 3, 4, 5
    np.testing.assert_allclose([spread.low, spread.median, spread.high], [[1.4], [3.0], [4.6]])
    np.testing.assert_allclose(spread.zeros, [1 / 6])
    equal(spread.steps, [1])
    assert spread.steps.dtype.kind == "i"
    update = history.spread("w", "update")
    np.testing.assert_allclose([update.low, update.median, update.high], [[0.14], [0.3], [0.46]])
    size = np.sqrt((3.0**2 + 3.1**2 + 2.8**2 + 2.7**2 + 3.4**2 + 2.5**2) / 6)
    np.testing.assert_allclose(history.sizes("w"), [size])
    np.testing.assert_allclose(history.spread("w", "ratio").median, 0.3 / size)
    np.testing.assert_allclose(history.spread("w", "ratio").zeros, [1 / 6])


@pytest.mark.parametrize("n", [1, 2, 3, 10, 11, 1000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_quantiles_are_numpys(n, dtype):
    values = np.random.default_rng(n).normal(size=n).astype(dtype)
    before = values.copy()
    *quantiles, zeros = training._quantiles(np.append(values, [0.0, 0.0]).astype(dtype))
    rtol = 1e-12 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(quantiles, np.quantile(np.abs(values), [0.1, 0.5, 0.9]), rtol=rtol)
    assert zeros == pytest.approx(2 / (n + 2))
    equal(values, before)


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_the_update_is_the_way_of_the_optimiser(optimizer):
    x, y = moons(40)
    model = nn.MLP([2, 8, 2], rng=0)
    history, steps = History(model), optimizer(model.parameters(), lr=0.1)
    for _ in range(3):
        before = model.layers[0].weight.data.copy()
        steps.zero_grad()
        softmax_cross_entropy(model(x), y).backward()
        steps.step()
        history.record()
    way = np.abs(model.layers[0].weight.data - before)
    spread = history.spread("layers.0.weight", "update")
    assert spread.median[-1] == pytest.approx(np.median(way))
    assert spread.high[-1] == pytest.approx(np.quantile(way, 0.9))


def test_who_records_seldom_finds_the_way_since_the_last_record():
    model = Weights(w=[[0.0]])
    history = History(model)
    for step in range(1, 7):
        model.learn(w=[[1.0]])
        if step % 3 == 0:
            history.record()
    equal(history.spread("w", "update").median, [3.0, 3.0])


def test_before_the_first_move_no_update_is_known():
    model = Weights(w=[[1.0]])
    history = History(model)
    for _ in range(2):  # recorded before step()
        model.w.grad = np.array([[2.0]])
        history.record(loss=0.0)
        model.w.data -= 0.1 * model.w.grad
    equal(history.spread("w").median, [2.0, 2.0])
    np.testing.assert_allclose(history.spread("w", "update").median, [np.nan, 0.2])


def test_a_frozen_parameter_has_no_gradient_and_an_update_of_zero():
    history = recorded(*[{"v": [[1.0]]}] * 2, w=[[1.0]], v=[[5.0]])
    spread = history.spread("w")
    assert np.isnan([*spread.median, *spread.zeros]).all()
    equal(history.spread("w", "update").median, [0.0, 0.0])
    equal(history.spread("w", "update").zeros, [1.0, 1.0])


def test_a_dead_parameter_has_a_gradient_of_zero():
    spread = recorded({"w": [[0.0, 0.0]]}, w=[[1.0, 2.0]]).spread("w")
    equal(np.stack(spread[1:]), [[0.0], [0.0], [0.0], [1.0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_broken_gradient_has_a_spread_of_nan(bad):
    spread = recorded({"w": [[bad, 0.0, 1.0, 1.0]]}, w=np.ones((1, 4))).spread("w")
    equal(np.stack(spread[1:]), [[np.nan], [np.nan], [np.nan], [0.25]])


def test_the_ratio_of_weights_of_zero_that_do_not_move_is_zero():
    history = recorded(*[{"v": [[1.0]]}] * 2, w=np.zeros((2, 2)), v=[[1.0]])
    equal(history.spread("w", "ratio").median, [0.0, 0.0])
    equal(history.sizes("w"), [0.0, 0.0])


def test_weights_that_explode_are_recorded_without_a_warning():
    model = Weights(w=[[1.0]])
    history = History(model)
    for value in (1e200, -1e308, 1e308, np.inf, np.inf, np.nan):
        model.w.data, model.w.grad = [[value]], np.array([[value]])
        history.record()
    equal(history.spread("w").median, [1e200, 1e308, 1e308, np.nan, np.nan, np.nan])
    equal(history.spread("w", "update").median, [1e200, 1e308, np.nan, np.nan, np.nan, np.nan])
    assert history.sizes("w")[0] == np.inf  # its square is no float


def test_parameters_that_come_and_go():
    model = Weights(w=[[1.0]])
    history = History(model)
    model.learn(w=[[1.0]])
    history.record()
    model.late = leaf([[1.0]])
    for _ in range(2):
        model.learn(w=[[1.0]], late=[[3.0]])
        history.record()
    del model.w
    model.learn(late=[[3.0]])
    history.record()
    assert history.parameters == ["w", "late"]
    equal(history.spread("w").steps, [1, 2, 3])
    equal(history.spread("late").steps, [2, 3, 4])
    equal(history.spread("late", "update").median, [np.nan, 3.0, 3.0])


def test_a_parameter_of_another_shape_has_no_update_yet():
    model = Weights(w=[[1.0]])
    history = History(model)
    model.w = leaf([[1.0, 2.0]])
    model.learn(w=[[3.0, 3.0]])
    history.record()
    assert np.isnan(history.spread("w", "update").median)


def test_of_a_model_that_is_a_function_its_tensors_are_recorded():
    weights = {"w": leaf([[1.0, 2.0]]), "b": leaf(0.5)}
    history = History(weights)
    for _ in range(2):
        (weights["w"].sum() + weights["b"]).backward()
        weights["w"].data -= 0.25
        history.record()
    equal(history.spread("w", "update").median, [0.25, 0.25])
    assert history.parameters == ["w", "b"] and gradient_flow(axes(), history)
    with refused(TypeError, "a dict of its Tensors by name"):
        History({"w": np.ones(3)})


def test_any_object_with_named_parameters_is_a_model():
    class Parameter:
        data, grad = [[1.0, 2.0]], [[3.0, 5.0]]  # lists, or arrays of another library

    class Model:
        def named_parameters(self):
            yield "w", Parameter
            yield "nothing", Tensor(np.zeros((0, 3)))

    Parameter.data = np.array(Parameter.data)
    history = History(Model())
    Parameter.data = Parameter.data + 1.0
    history.record()
    equal(history.spread("w").median, [4.0])
    equal(history.spread("w", "update").median, [1.0])
    assert history.parameters == ["w"]


def test_a_history_is_small():
    model = nn.MLP([8, 64, 8], rng=0)
    for p in model.parameters():
        p.grad = np.ones(p.shape)
    history = History(model)
    tracemalloc.start()
    try:
        for _ in range(500):
            history.record(loss=1.0)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 500 * 4 * 80 * 1.3 + 30_000


# -- learning_curves -------------------------------------------------------------------------------


def test_a_curve_is_what_was_recorded():
    _, history = trained(steps=20)
    history.record(accuracy=0.5)
    ax = axes()
    assert learning_curves(ax, history) is ax
    equal(line(ax, "loss").get_xdata(), history.steps("loss"))
    equal(line(ax, "loss").get_ydata(), history["loss"])
    equal(line(ax, "accuracy").get_xydata(), [[20.0, 0.5]])
    assert sorted(labels(ax)) == ["accuracy", "loss"] and is_clean(ax, 20)
    assert ax.get_xlabel() == "step" and ax.get_ylabel() == "value"
    assert title(ax).startswith("By step 20: loss ") and title(ax).endswith(", accuracy 0.5")


def test_curves_may_have_steps_of_their_own():
    ax = learning_curves(axes(), {"a": ([10, 20, 40], (3.0, 2.0, 1.0)), "b": leaf([5.0, 4.0]),
                                  "c": [leaf(1.0), Tensor(2.0)], "d": (leaf(7.0), leaf(8.0))})
    equal(line(ax, "a").get_xydata(), [[10, 3], [20, 2], [40, 1]])
    equal(line(ax, "b").get_xydata(), [[1, 5], [2, 4]])
    equal(line(ax, "c").get_xydata(), [[1, 1], [2, 2]])
    equal(line(ax, "d").get_xydata(), [[1, 7], [2, 8]])  # two values, no pair
    assert title(ax) == "By step 40: 4 curves"


@pytest.mark.parametrize("values, said", cases(
    ("falling", [2.0, 1.0], "By step 2: loss 2 → 1"),
    ("alone", [2.0], "By step 1: loss 2"),
    ("turning", [1.0, 0.25, 0.75], "By step 3: loss 1 → 0.25 (step 2) → 0.75"),
    ("over the top", [1.0, 3.0, 0.5], "By step 3: loss 1 → 3 (step 2) → 0.5"),
    ("hardly turning", [1.0, 0.48, 0.5], "By step 3: loss 1 → 0.5"),
    ("level", [1.0, 1.0, 1.0], "By step 3: loss 1 → 1"),
    ("large and negative", [-12345.6, -0.00012], "By step 2: loss −12,346 → −0.00012")))
def test_the_title_says_where_a_curve_begins_turns_and_ends(values, said):
    assert title(learning_curves(axes(), {"loss": values})) == said


@pytest.mark.parametrize("values, said, label, lost", cases(
    ("to the end", [3.0, 2.0, np.nan, np.nan], "nan from step 3 on", "loss: nan", [[2, 2]]),
    ("in between", [3.0, np.nan, 1.0], "nan at 1 of 3 steps", "loss", [[1, 3]]),
    ("at the start", [np.nan, 2.0, 1.0], "nan at 1 of 3 steps", "loss", []),
    ("inf", [3.0, np.inf], "inf from step 2 on", "loss: inf", [[1, 3]]),
    ("minus inf", [3.0, -np.inf], "−inf from step 2 on", "loss: −inf", [[1, 3]]),
    ("both", [3.0, np.inf, np.nan], "not finite from step 2 on", "loss: not finite", [[1, 3]]),
    ("never", [np.nan, np.nan], "nan from step 1 on", "loss: nan", []),
    ("immense", [1.0, 1e308], "immense from step 2 on", "loss: immense", [[1, 1]])))
@pytest.mark.parametrize("log", [False, True])
def test_where_a_curve_leaves_the_finite_numbers_is_marked_and_said(values, said, label, lost, log):
    ax = learning_curves(axes(), {"loss": values}, log=log)
    assert title(ax) == f"loss is {said}" and labels(ax) == [label]
    equal(marks(ax, "X"), np.reshape(lost, (-1, 2)))
    assert is_clean(ax, len(values))
    leaders = [text.arrow_patch.get_linestyle() for text in ax.texts if text.arrow_patch]
    ends_early = label != "loss"
    assert all(style == (":" if ends_early else "-") for style in leaders)


def test_zero_has_no_place_on_a_logarithmic_axis_and_that_is_said():
    ax = learning_curves(axes(), {"loss": [1.0, 0.1, 0.0, -1.0]}, log=True)
    assert ax.get_yscale() == "log" and title(ax) == "loss is 0 or less from step 3 on"
    equal(marks(ax, "X"), [[2.0, 0.1]])
    assert title(learning_curves(axes(), {"loss": [1.0, 0.0]})) == "By step 2: loss 1 → 0"


def test_two_lost_curves_are_both_named():
    ax = learning_curves(axes(), {"a": [1.0, np.nan], "b": [np.inf, 1.0], "c": [1.0, 2.0]})
    assert title(ax) == "a is nan from step 2 on; b is inf at 1 of 2 steps"


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan, 2.0, np.nan, 3.0], [np.nan, 1.0]])
def test_a_value_that_stands_alone_is_seen(values):
    ax = learning_curves(axes(), {"loss": values})
    seen = np.concatenate([marks(ax, "X"), marks(ax, "o")])[:, 1]
    assert sorted(seen) == [value for value in values if value == value]


def test_smoothing_is_the_mean_around_each_value_and_skips_gaps():
    values = [1.0, 2.0, 6.0, np.nan, 4.0, 0.0]
    ax = learning_curves(axes(), {"loss": values}, smooth=3)
    equal(line(ax, "loss").get_ydata(), [1.5, 3.0, 4.0, np.nan, 2.0, 2.0])
    equal(ax.get_lines()[0].get_ydata(), values)
    assert ax.get_lines()[0].get_alpha() < 0.5 and "mean of 3 values" in ax.get_xlabel()
    ax = learning_curves(axes(), {"loss": [1.0, 2.0, 6.0]}, smooth=100)
    equal(line(ax, "loss").get_ydata(), [1.5, 3.0, 4.0])


def test_a_spike_does_not_blur_the_rest_of_a_smoothed_curve():
    ax = learning_curves(axes(), {"loss": [1e140, 1.0, 1.0, 1.0, 2.0, 3.0]}, smooth=3)
    equal(line(ax, "loss").get_ydata()[-3:], [4 / 3, 2.0, 2.5])


def test_many_curves_keep_their_names_apart():
    curves = {f"lr {k}": np.linspace(1.0, 0.01 * k, 50) for k in range(12)}
    ax = learning_curves(axes(), curves)
    assert len({(each.get_color(), each.get_linestyle()) for each in ax.get_lines()}) == 12
    assert labels(ax) == list(curves) and is_clean(ax, 50)


def test_curves_are_only_read():
    steps, values = np.array([1.0, 2.0]), np.array([1.0, np.nan])
    curves = {"loss": (steps, values)}
    learning_curves(axes(), curves, smooth=2, log=True)
    equal(steps, [1.0, 2.0])
    equal(values, [1.0, np.nan])
    assert curves["loss"][1] is values


@pytest.mark.parametrize("curves, error, words", cases(
    ("an empty history", History(), ValueError, ["no curves"]),
    ("an empty dict", {}, ValueError, ["no curves"]),
    ("a list", [1.0, 2.0], TypeError, ['{"loss": values}', "list"]),
    ("no values", {"loss": []}, ValueError, ["'loss'", "(0,)"]),
    ("a table", {"loss": np.ones((3, 2))}, ValueError, ["'loss'", "(3, 2)", "(k,)"]),
    ("losses of every example", {"loss": [leaf([1.0, 2.0])] * 3}, ValueError, ["(3, 2)", "(k,)"]),
    ("a number", {"loss": 3.0}, ValueError, ["'loss'", "()"]),
    ("steps of another length", {"loss": ([1, 2, 3], [1.0, 2.0])}, ValueError, ["(3,)", "(2,)"]),
    ("steps that are no numbers", {"loss": (["a", "b"], [1.0, 2.0])}, ValueError, ["a number"]),
    ("a step of nan", {"loss": ([1, np.nan], [1.0, 2.0])}, ValueError, ["a number"]),
    ("a step without end", {"loss": ([1, np.inf], [1.0, 2.0])}, ValueError, ["a number"]),
    ("steps that go back", {"loss": ([1, 5, 2], [1.0, 2.0, 3.0])}, ValueError,
     ["'loss'", "from 5 to 2", "sort"]),
    ("unsigned steps that go back", {"loss": (np.array([2, 1], np.uint8), [1.0, 2.0])}, ValueError,
     ["from 2 to 1"]),
    ("texts", {"loss": ["1.0"]}, TypeError, ["loss", "number"])))
def test_curves_that_cannot_be_drawn_are_refused(curves, error, words):
    with refused(error, *words):
        learning_curves(axes(), curves)


@pytest.mark.parametrize("smooth", [0, -1, 1.5, True, "3"])
def test_smooth_is_a_whole_number(smooth):
    with refused(ValueError, "smooth", repr(smooth)):
        learning_curves(axes(), {"loss": [1.0]}, smooth=smooth)


@pytest.mark.parametrize("call", [
    lambda: learning_curves({"loss": [1.0]}, axes()), lambda: gradient_flow(trained()[1], axes()),
    lambda: activation_histograms(trained()[0], axes(), np.ones((2, 2)))])
def test_the_axes_come_first(call):
    with refused(TypeError, "fig, ax = plt.subplots()"):
        call()


# -- gradient_flow ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["gradient", "update", "ratio"])
def test_a_line_is_the_median_and_a_band_holds_80_percent(what):
    _, history = trained(steps=30)
    ax = axes()
    assert gradient_flow(ax, history, what) is ax and ax.get_yscale() == "log"
    for number, name in enumerate(("layers.0.weight", "layers.2.weight", "layers.4.weight")):
        spread = history.spread(name, what)
        equal(line(ax, f"layer {number + 1}").get_xydata(), np.stack([spread[0], spread[2]], 1))
        band = ax.collections[number].get_paths()[0].vertices
        low, high = band[band[:, 0] == 7.0][:, 1].min(), band[band[:, 0] == 7.0][:, 1].max()
        assert (low, high) == (spread.low[6], spread.high[6])
    assert is_clean(ax, 30) and len(labels(ax)) == 3 + (what == "ratio")


def test_the_ratio_has_a_guide_at_one_in_a_thousand():
    _, history = trained(steps=3)
    ax = gradient_flow(axes(), history, "ratio")
    guides = [each for each in ax.get_lines() if set(each.get_ydata()) == {1e-3}]
    assert len(guides) == 1 and "rule of thumb" in labels(ax)
    bottom, top = ax.get_ylim()
    assert bottom < 1e-3 < top
    assert "rule of thumb" not in labels(gradient_flow(axes(), history))


@pytest.mark.parametrize("first, last, said", cases(
    ("small", 0.01, 4.0, "1/400 as large as"), ("half", 2.0, 4.0, "0.5 times as large as"),
    ("alike", 5.0, 4.0, "about as large as"), ("large", 28.0, 4.0, "7 times as large as"),
    ("huge", 48000.0, 4.0, "12,000 times as large as"),
    ("tiny", 4e-12, 4.0, "1/1e12 as large as")))
def test_the_title_compares_the_first_layer_with_the_last(first, last, said):
    history = recorded({"a": [[first]], "b": [[1.0]], "c": [[last]]},
                       a=[[1.0]], b=[[1.0]], c=[[1.0]])
    assert title(gradient_flow(axes(), history)) == (
        f"The first layer's gradient is {said} the last's at step 1")
    assert title(gradient_flow(axes(), history, "update")) == (
        f"The first layer's update is {said} the last's at step 1")


def test_the_title_remembers_that_it_was_otherwise_at_the_start():
    history = recorded({"a": [[0.1]], "b": [[4.0]]}, {"a": [[4.0]], "b": [[4.0]]},
                       a=[[1.0]], b=[[1.0]])
    assert title(gradient_flow(axes(), history)) == (
        "The first layer's gradient is about as large as the last's at step 2, and was 1/40 as "
        "large at step 1")


def test_the_title_of_the_ratio():
    history = recorded({"a": [[0.5]], "b": [[-4.0]]}, a=[[1000.5]], b=[[496.0]])
    assert title(gradient_flow(axes(), history, "ratio")) == (
        "An update is 1/2,000 to 1/120 of the weights' size at step 1")


def test_the_vanishing_gradient_of_a_deep_sigmoid_net_is_seen_and_said():
    _, history = trained((2, *[16] * 10, 2), steps=1, activation="sigmoid")
    ax = gradient_flow(axes(), history)
    medians = [history.spread(name).median[0] for name in history.parameters if "weight" in name]
    said = re.fullmatch(r"The first layer's gradient is 1/([\d,]+) as large as the last's at "
                        r"step 1", title(ax))
    assert float(said[1].replace(",", "")) == pytest.approx(medians[-1] / medians[0], rel=0.05)
    assert medians[0] < 1e-4 * medians[-1] and is_clean(ax, 1)


def foot(ax):
    """The span of the grey ground at the foot, or None."""
    spans = [patch for patch in ax.patches if patch.get_alpha() == 0.15]
    return (spans[0].get_y(), spans[0].get_y() + spans[0].get_height()) if spans else None


def test_a_layer_that_dies_falls_to_the_foot():
    dying = [{"a": [[1.0]], "b": [[2.0]]}] * 5 + [{"a": [[0.0]], "b": [[1.0]]}] * 5
    ax = gradient_flow(axes(), recorded(*dying, a=[[1.0]], b=[[1.0]]))
    bottom, top = foot(ax)
    height = line(ax, "a").get_ydata()
    equal(height[:5], np.ones(5))
    assert ((bottom < height[5:]) & (height[5:] < top)).all() and bottom == ax.get_ylim()[0]
    assert min(line(ax, "b").get_ydata()) > top
    assert [tick.get_text() for tick in ax.get_yticklabels()][-1] == "0"
    assert labels(ax) == ["a: all 0", "b"] and is_clean(ax, 10)
    assert title(ax) == "A: every weight's gradient is exactly 0 at step 10"


def test_without_a_zero_there_is_no_foot():
    assert foot(gradient_flow(axes(), recorded({"a": [[1.0]]}, a=[[1.0]]))) is None


@pytest.mark.parametrize("what", ["gradient", "update", "ratio"])
@pytest.mark.parametrize("steps", [1, 2, 300])
def test_a_network_that_is_dead_everywhere_is_drawn(what, steps):
    dead = [{"a": [[0.0]], "b": [[0.0, 0.0]]}] * (steps + 1)
    ax = gradient_flow(axes(), recorded(*dead, a=[[1.0]], b=[[1.0, 1.0]]), what)
    noun = "gradient" if what == "gradient" else "update"
    assert title(ax) == f"Every weight's {noun} is exactly 0 at step {steps + 1}"
    assert set(labels(ax)) >= {"a: all 0", "b: all 0"} and is_clean(ax, steps + 1)
    assert line(ax, "a").get_ydata()[-1] > line(ax, "b").get_ydata()[-1]  # one below the other
    if what != "ratio":
        assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "0"]


def test_weights_without_a_gradient_do_not_hide_a_bias_that_learns():
    history = recorded({"w": [[0.0]], "b": [1.0]}, w=[[1.0]], b=[1.0])
    ax = gradient_flow(axes(), history)
    assert title(ax) == "Every weight's gradient is exactly 0 at step 1"  # not: nothing learns


def test_many_dead_layers_are_counted():
    names = [f"w{i}" for i in range(12)]
    history = recorded({name: [[float(i > 7)]] for i, name in enumerate(names)},
                       **{name: [[1.0]] for name in names})
    ax = gradient_flow(axes(), history)
    assert title(ax) == "8 of 12 layers: every weight's gradient is exactly 0 at step 1"
    assert is_clean(ax, 1) and sum(label.endswith("all 0") for label in labels(ax)) == 8
    bottom, top = np.log10(ax.get_ylim())
    assert np.log10(foot(ax)[1]) == pytest.approx((bottom + top) / 2)  # at most half the axis


def test_the_share_of_zeros_is_told():
    history = recorded({"a": [[1.0, 0.0, 0.0]], "b": np.ones((1, 3))},
                       a=np.ones((1, 3)), b=np.ones((1, 3)))
    ax = gradient_flow(axes(), history)
    assert sorted(labels(ax)) == ["a, 66 % are 0", "b"]
    equal(line(ax, "a").get_ydata(), [1.0])


def test_a_frozen_layer_is_named_and_not_drawn():
    history = recorded(*[{"b": [[1.0]], "c": [[2.0]]}] * 3, a=[[1.0]], b=[[9.0]], c=[[9.0]])
    ax = gradient_flow(axes(), history)
    assert np.isnan(line(ax, "a").get_ydata()).all() and "a: none" in labels(ax)
    assert title(ax) == "B's gradient is 0.5 times as large as c's at step 3"
    assert title(gradient_flow(axes(), history, "update")) == (
        "A: every weight's update is exactly 0 at step 3")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_said(bad):
    history = recorded({"a": [[1.0]], "b": [[1.0]]}, {"a": [[bad]], "b": [[1.0]]},
                       a=[[1.0]], b=[[1.0]])
    ax = gradient_flow(axes(), history)
    assert title(ax) == "A: the gradient is not finite at step 2"
    assert "a: not finite" in labels(ax) and is_clean(ax, 2)
    everywhere = recorded({"a": [[bad]]}, a=[[1.0]])
    assert title(gradient_flow(axes(), everywhere)) == "A: the gradient is not finite at step 1"


def test_one_layer_is_compared_with_its_own_past():
    history = recorded({"w": [[8.0]]}, {"w": [[0.5]]}, w=[[1.0]])
    assert title(gradient_flow(axes(), history)) == (
        "The gradient of w is 0.5 at step 2, and was 8 at step 1")


def test_a_layer_that_is_gone_is_not_compared():
    model = Weights(a=[[1.0]], b=[[1.0]], c=[[1.0]])
    history = History(model)
    model.learn(a=[[1.0]], b=[[1.0]], c=[[4.0]])
    history.record()
    del model.a
    model.learn(b=[[1.0]], c=[[4.0]])
    history.record()
    ax = gradient_flow(axes(), history)
    assert title(ax) == "B's gradient is 1/4 as large as c's at step 2"
    assert len(labels(ax)) == 3 and is_clean(ax, 2)


def test_no_layer_with_a_gradient_at_the_end():
    history = recorded({"a": [[1.0]], "bias": [1.0]}, {"a": None, "bias": [1.0]},
                       a=[[1.0]], bias=[0.0])
    assert title(gradient_flow(axes(), history)) == "No layer has a known gradient at step 2"


@pytest.mark.parametrize("model, expected", cases(
    ("an MLP", nn.MLP([1, 1, 1, 1]), ["layer 1", "layer 2", "layer 3"]),
    ("one layer", nn.Linear(2, 2), ["weight"]),
    ("own names", Weights(encoder=[[1.0]], decoder=[[1.0]], bias=[1.0]), ["encoder", "decoder"]),
    ("no matrix", Weights(slope=1.0, shift=1.0), ["slope", "shift"]),
    ("long", Weights(**{"a" * 30: [[1.0]], "b" * 30: [[1.0]]}), ["…" + "a" * 22, "…" + "b" * 22]),
    ("long and alike", Weights(**{"a" + "c" * 30: [[1.0]], "b" + "c" * 30: [[1.0]]}),
     ["a" + "c" * 30, "b" + "c" * 30])))
def test_the_layers_are_called_as_the_model_calls_them(model, expected):
    for p in model.parameters():
        p.grad = np.ones(p.shape)
    history = History(model)
    history.record()
    names = [each.get_label() for each in gradient_flow(axes(), history).get_lines()]
    assert names == expected


def luminance(colour):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                for c in to_rgb(colour)]
    return np.dot(channels, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("depth", [2, 5, 13])
def test_the_layers_go_from_dark_to_light_and_none_is_pale(depth):
    _, history = trained((2, *[4] * (depth - 1), 2), steps=2)
    ax = gradient_flow(axes(), history)
    shades = [luminance(line(ax, f"layer {k}").get_color()) for k in range(1, depth + 1)]
    assert (np.diff(shades) > 0).all()
    assert 1.05 / (shades[-1] + 0.05) > 2.0  # contrast with white


def test_a_deep_network_is_not_crowded():
    _, history = trained((2, *[8] * 12, 2), steps=30, lr=0.05)
    ax = gradient_flow(axes(), history)
    assert len(ax.collections) == 2  # the bands of the first and the last
    assert sorted(labels(ax)) == sorted(f"layer {k}" for k in range(1, 14)) and is_clean(ax, 30)


def test_of_more_layers_than_fit_some_are_named_the_first_and_the_last_among_them():
    _, history = trained((2, *[3] * 40, 2), steps=3)
    ax = gradient_flow(axes(), history)
    names = labels(ax)
    assert 8 < len(names) < 20 and is_clean(ax, 3)
    assert {name.split(":")[0] for name in names} >= {"layer 1", "layer 41"}


def test_a_single_step_has_a_band_as_well():
    history = recorded({"w": [[1.0, 2.0, 3.0]]}, w=np.ones((1, 3)))
    ax, spread = gradient_flow(axes(), history), history.spread("w")
    bars = [c.get_segments()[0] for c in ax.collections if isinstance(c, LineCollection)]
    equal(bars, [[[1.0, spread.low[0]], [1.0, spread.high[0]]]])
    equal(marks(ax, "o"), [[1.0, 2.0]])


def test_a_long_history_is_drawn_in_medians():
    rng = np.random.default_rng(0)
    gradients = rng.uniform(1.0, 2.0, 1001)
    history = recorded(*({"w": [[g]]} for g in gradients), w=[[1.0]])
    x, y = line(gradient_flow(axes(), history), "w").get_xydata().T
    assert len(x) == 167 and x[-1] == 1001  # 1001 / 200 rounded up is 6 steps a point
    equal(x[:3], [6, 12, 18])
    np.testing.assert_allclose(y[0], np.median(gradients[:6]))
    np.testing.assert_allclose(y[-1], np.median(gradients[996:]))


def test_200_steps_are_drawn_as_they_are():
    history = recorded(*[{"w": [[1.0]]}] * 200, w=[[1.0]])
    equal(line(gradient_flow(axes(), history), "w").get_xdata(), np.arange(1.0, 201.0))


def test_a_far_outlier_of_a_band_does_not_flatten_the_lines():
    tail = np.array([[1e-140, 1e-140, *[1.0] * 6, 1e140, 1e140]])
    ax = gradient_flow(axes(), recorded({"a": tail, "b": 3 * np.ones((1, 10))},
                                        a=np.ones((1, 10)), b=np.ones((1, 10))))
    bottom, top = ax.get_ylim()
    assert bottom > 1e-5 and top < 1e5


def test_equal_gradients_have_an_axis_of_a_decade_or_more():
    ax = gradient_flow(axes(), recorded({"w": [[1.0]]}, w=[[1.0]]))
    bottom, top = ax.get_ylim()
    assert 8 < top / bottom < 20 and 1.0 in ax.get_yticks()


def test_gradients_at_the_ends_of_the_floats():
    for size in (1e-320, 1e307):
        ax = gradient_flow(axes(), recorded({"a": [[size]], "b": [[1.0]]}, a=[[1.0]], b=[[1.0]]))
        assert is_clean(ax, 1)


@pytest.mark.parametrize("history, what, error, words", cases(
    ("a dict", {"loss": [1.0]}, "gradient", TypeError, ["History", "dict"]),
    ("numbers alone", History(), "gradient", ValueError, ["no gradients", "History(model)"]),
    ("not yet", History(nn.MLP([1, 1])), "gradient", ValueError, ["no gradients", "record"]),
    ("not moved yet", "unmoved", "update", ValueError, ["no layer has a known update"]),
    ("all frozen", "frozen", "gradient", ValueError, ["no layer has a known gradient"]),
    ("a wrong word", "unmoved", "gradients", ValueError, ["gradient, update, ratio"])))
def test_what_cannot_be_drawn_is_refused(history, what, error, words):
    if isinstance(history, str):
        model = Weights(w=[[1.0]], bias=[1.0])
        learner = model.w if history == "unmoved" else model.bias
        history = History(model)
        learner.grad = np.ones(learner.shape)
        history.record()
    with refused(error, *words):
        gradient_flow(axes(), history, what)


@pytest.mark.parametrize("width, height", [(7.0, 4.2), (12.0, 4.0), (5.0, 3.5), (9.0, 2.8)])
def test_the_pictures_fit_other_sizes(width, height):
    model, history = trained(steps=10)
    for draw_it in (lambda ax: learning_curves(ax, history),
                    lambda ax: gradient_flow(ax, history, "ratio")):
        assert is_clean(draw_it(axes(width, height)), 10)
    ax = activation_histograms(axes(width, height), model, X)
    assert is_clean(ax, ax.get_xticks()[-1])


def test_no_empty_line_spoils_the_layout_of_several_pictures():
    model, history = trained(steps=10)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 8), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(2, 2).ravel()
    learning_curves(grid[0], history)
    gradient_flow(grid[1], history)
    gradient_flow(grid[2], history, "ratio")
    activation_histograms(grid[3], model, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()
    assert all(ax.get_position().width > 0.35 for ax in grid)
