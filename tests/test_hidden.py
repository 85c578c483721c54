"""hidden: which layers are found, and what is said of dead, saturated and living units."""


import numpy as np
import pytest
from helpers import cases, equal, leaf, refused
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch
from panels import axes, is_clean, labels, title

from minigrad import Tensor, nn, no_grad
from minigrad.hidden import _hidden_layers, activation_histograms
from minigrad.palette import BLUE, ORANGE

pytestmark = pytest.mark.usefixtures("pyplot_untouched")


def hidden(model, x):
    return [layer.values for layer in _hidden_layers(model, x)]


def histograms(ax, colour):
    """The heights of the stairs of one colour, the first layer's first."""
    stairs = [p for p in ax.patches if isinstance(p, StepPatch) and
              to_hex(p.get_facecolor()) == colour.lower()]
    return [patch.get_data().values - patch.get_data().baseline for patch in stairs]


def black_bars(ax):
    """How high the bar at 0 of each layer is, as a part of the height of a histogram."""
    bars = [each.get_ydata() for each in ax.get_lines() if each.get_color() == "black"]
    return [(high - low) / 0.8 for low, high in bars]


X = np.random.default_rng(3).normal(size=(50, 2))


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_the_hidden_layers_of_an_mlp_are_found(name):
    model = nn.MLP([2, 5, 7, 3], activation=name, rng=0)
    activation = nn.ACTIVATIONS[name]
    first = activation(X @ model.layers[0].weight.data)
    found = hidden(model, X)
    np.testing.assert_allclose(found[0], first)
    assert [values.shape for values in found] == [(50, 5), (50, 7)]
    ax = axes()
    assert activation_histograms(ax, model, X) is ax and is_clean(ax, ax.get_xticks()[-1])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["hidden 2", "hidden 1"]


class OwnForward(nn.Module):
    """Weights of one's own, standardised input, columns for examples."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.first, self.second, self.third = (leaf(rng.normal(size=shape))
                                               for shape in ((5, 2), (4, 5), (1, 4)))

    def forward(self, x):
        x = (x - 1.0) / 2.0
        h = np.tanh(self.first @ x.T)
        h = np.maximum(self.second @ h, 0.0)
        return h.T @ self.third.T


def test_a_forward_of_ones_own_is_seen_through():
    model = OwnForward()
    first = np.tanh(((X - 1.0) / 2.0) @ model.first.data.T)
    found = hidden(model, X)  # neither the input nor a transposed weight is a hidden layer
    assert [values.shape for values in found] == [(50, 5), (50, 4)]
    np.testing.assert_allclose(found[0], first)
    np.testing.assert_allclose(found[1], np.maximum(first @ model.second.data.T, 0.0))


def test_frozen_layers_are_hidden_layers_too():
    model = nn.MLP([2, 5, 7, 3], rng=0)
    expected = hidden(model, X)
    for p in model.parameters():
        p.requires_grad = False
    for one, other in zip(hidden(model, X), expected, strict=True):
        equal(one, other)


def test_a_layer_that_two_maps_take_is_one_layer():
    a, b, c = nn.Linear(2, 5, rng=0), nn.Linear(5, 3, rng=1), nn.Linear(5, 3, rng=2)

    def model(x):
        h = np.tanh(a(x))
        return b(h) + c(h)
    assert [values.shape for values in hidden(model, X)] == [(50, 5)]


def test_a_model_that_takes_arrays_alone():
    body = nn.MLP([2, 5, 1], rng=0)
    for model in (lambda x: body(np.asarray(x)), lambda x: body(x.copy())):
        assert [v.shape for v in hidden(model, X)] == [(50, 5)]


def test_a_loop_of_a_thousand_layers_is_walked():
    w = leaf(np.eye(2))

    def model(x):
        for _ in range(1500):
            x = x @ w
        return x
    assert len(hidden(model, X)) == 1499


def test_weights_in_plain_arrays_become_a_layer_as_tensors():
    a, b = np.ones((2, 3)), np.ones((3, 1))
    found = hidden(lambda x: np.tanh(x @ Tensor(a)) @ Tensor(b), X)
    np.testing.assert_allclose(found[0], np.tanh(X @ a))


def test_further_axes_are_rows():
    assert [v.shape for v in hidden(nn.MLP([2, 5, 1], rng=0), X.reshape(5, 10, 2))] == [(50, 5)]
    assert [v.shape for v in hidden(nn.MLP([2, 5, 1], rng=0), X[0])] == [(1, 5)]


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_histogram_holds_every_value_but_the_zeros(activation):
    model = nn.MLP([2, 5, 7, 3], activation=activation, rng=0)
    ax, layers = activation_histograms(axes(), model, X), hidden(model, X)
    span = min(0.0, *(v.min() for v in layers)), max(v.max() for v in layers)
    for values, heights, bar in zip(layers, histograms(ax, BLUE), black_bars(ax), strict=True):
        count = np.histogram(values[values != 0.0], len(heights), span)[0]
        np.testing.assert_allclose(heights, 0.8 * count / count.max(), atol=1e-12)
        assert bar == pytest.approx(np.mean(values == 0.0))
    assert ("black: share of zeros" in ax.get_xlabel()) == (activation == "relu")
    assert "value, 50 rows" in ax.get_xlabel()


def test_zeros_and_dead_units_are_counted():
    model = nn.MLP([1, 4, 1], rng=0)
    model.layers[0].weight.data = [[1.0, -1.0, 0.0, 0.0]]
    model.layers[0].bias.data = [0.0, 0.0, 0.0, -1.0]
    ax = activation_histograms(axes(), model, [[1.0], [2.0], [-3.0], [4.0]])
    assert labels(ax) == ["75 % zeros, 2 of 4 dead"]  # 1 of 4, 3 of 4 and twice 4 of 4
    assert title(ax) == "2 of 4 hidden units are dead (0 in every row)"


def test_values_that_are_saturated_are_red_and_counted():
    model = nn.Sequential(nn.Linear(1, 2, rng=0), np.tanh, nn.Linear(2, 1, rng=0))
    model.layers[0].weight.data = [[1.0, 0.1]]
    ax = activation_histograms(axes(), model, [[-1.9], [-1.8], [0.5], [2.0]])
    flat = histograms(ax, ORANGE)[0]  # tanh' = 0.1 at 1.818: -1.9 and 2 are beyond
    assert labels(ax) == ["25 % saturated"] and "red: saturated" in ax.get_xlabel()
    assert title(ax) == "25 % of the hidden values are saturated"
    places = np.flatnonzero(flat)
    assert places[0] == 0 and places[-1] == len(flat) - 1  # at the two ends of -1 ... 1
    blue = histograms(ax, BLUE)[0]
    assert (flat <= blue).all() and flat.sum() < blue.sum()


def test_a_sigmoid_is_saturated_at_its_own_ends():
    model = nn.Sequential(nn.Linear(1, 1, rng=0), nn.ACTIVATIONS["sigmoid"], nn.Linear(1, 1, rng=0))
    model.layers[0].weight.data = [[1.0]]
    x = [[-3.7], [-3.6], [0.0], [3.6], [3.7]]  # 4 s (1 - s) = 0.1 at 3.637
    assert labels(activation_histograms(axes(), model, x)) == ["40 % saturated"]
    assert activation_histograms(axes(), model, x).get_xticks()[[0, -1]].tolist() == [0.0, 1.0]


def test_what_neither_dies_nor_saturates_varies():
    model = nn.Sequential(nn.Linear(1, 2, rng=0), nn.functional.identity, nn.Linear(2, 2, rng=0),
                          nn.functional.identity, nn.Linear(2, 1, rng=0))
    model.layers[0].weight.data = [[1.0, 7.0]]
    model.layers[2].weight.data = [[0.01, 0.0], [0.0, 0.01]]
    ax = activation_histograms(axes(), model, [[1.0], [3.0]])  # deviations 1 and 7: 5
    assert labels(ax) == ["varies by 0.05", "varies by 5"]
    assert title(ax) == "From row to row, hidden 2 varies 1/100 as much as hidden 1"


def test_a_layer_that_says_the_same_to_every_row():
    model = nn.MLP([2, 4, 4, 1], activation="tanh", rng=0)
    model.layers[2].weight.data = np.zeros((4, 4))
    model.layers[2].bias.data = 0.5 * np.ones(4)
    ax = activation_histograms(axes(), model, X)
    assert title(ax) == "Hidden 2 is the same in every row"
    assert labels(ax)[0] == "varies by 0"


def test_initialisations_differ_as_they_should():
    x = np.random.default_rng(0).normal(size=(100, 64))
    said = {}
    for init in ("he", "xavier"):
        model = nn.MLP([64] * 9 + [2], init=init, rng=1)
        said[init] = title(activation_histograms(axes(), model, x))
    assert "varies" not in said["he"] and "as much as hidden 1" in said["xavier"]


def test_a_healthy_layer():
    model = nn.MLP([1, 2, 1], rng=0)
    model.layers[0].weight.data = [[1.0, -1.0]]
    ax = activation_histograms(axes(), model, [[1.0], [-2.0]])
    assert title(ax) == "No hidden unit is dead" and labels(ax) == ["50 % zeros"]


def test_a_network_that_is_dead_everywhere_has_histograms():
    model = nn.MLP([2, 5, 5, 1], rng=0)
    for i in (0, 2):
        model.layers[i].weight.data, model.layers[i].bias.data = np.zeros((2 + 3 * (i > 0), 5)), (
            -np.ones(5))
    ax = activation_histograms(axes(), model, X)
    assert title(ax) == "10 of 10 hidden units are dead (0 in every row)"
    assert black_bars(ax) == pytest.approx([1.0, 1.0]) and max(histograms(ax, BLUE)[0]) == 0.0
    assert is_clean(ax, 1)


def test_one_row_is_enough():
    model = nn.MLP([2, 5, 5, 1], rng=0)
    ax = activation_histograms(axes(), model, X[:1])
    dead = sum((values == 0.0).sum() for values in hidden(model, X[:1]))
    assert title(ax) == f"{dead} of 10 hidden units are dead (0 in the one row)"
    assert "value, 1 row " in ax.get_xlabel()
    ax = activation_histograms(axes(), nn.MLP([2, 5, 1], activation="tanh", rng=0), X[:1] / 10)
    assert labels(ax) == [""] and title(ax) == "No hidden unit is dead"


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_values_that_are_not_finite_are_counted(bad):
    model = nn.MLP([2, 4, 4, 1], activation="identity", rng=0)
    weights = model.layers[2].weight.data.copy()
    weights[:, 0] = bad
    model.layers[2].weight.data = weights
    with np.errstate(all="ignore"):
        ax = activation_histograms(axes(), model, X)
    assert title(ax) == "Not every value is finite, from hidden 2 on"
    assert labels(ax)[0] == "25 % not finite" and is_clean(ax, ax.get_xticks()[-1])


def test_float32_and_whole_numbers():
    model = nn.MLP([2, 5, 1], rng=0, dtype=np.float32)
    for x in (X.astype(np.float32), np.arange(10).reshape(5, 2), [[1, 2], [3, 4]], Tensor(X)):
        assert hidden(model, x)[0].dtype == np.float64
        activation_histograms(axes(), model, x)


def test_a_deep_network_has_a_ridge_for_each_layer():
    model = nn.MLP([2, *[16] * 12, 2], rng=0)
    ax = activation_histograms(axes(), model, X)
    assert len(histograms(ax, BLUE)) == 12 and len(labels(ax)) == 12 and is_clean(ax, 0)


def test_no_gradient_and_no_value_is_touched():
    model = nn.MLP([2, 5, 1], rng=0)
    model(X).sum().backward()
    before = [(p.data.copy(), p.grad, p.grad.copy()) for p in model.parameters()]
    batch = Tensor(X, requires_grad=True)
    activation_histograms(axes(), model, batch)
    assert batch.grad is None and batch.requires_grad
    for p, (data, gradient, values) in zip(model.parameters(), before, strict=True):
        equal(p.data, data)
        assert p.grad is gradient and p.requires_grad
        equal(p.grad, values)


@pytest.mark.parametrize("model, x, error, words", cases(
    ("a single layer", nn.Linear(2, 3), X, ValueError, ["no hidden layer", "1 linear map "]),
    ("no layer", np.tanh, X, ValueError, ["no hidden layer", "0 linear maps"]),
    ("plain arrays for weights", lambda x: np.tanh(x @ np.ones((2, 3))) @ np.ones((3, 1)), X,
     ValueError, ["2 linear maps", "computed from x and a Tensor", "make them Tensors"]),
    ("an array", lambda x: nn.MLP([2, 3, 1])(x).data, X, TypeError, ["ndarray", ".data"]),
    ("two outputs", lambda x: (x, x), X, TypeError, ["tuple"]),
    ("cut off", lambda x: nn.MLP([2, 3, 1])(x).detach(), X, ValueError, ["detach()", "no_grad()"]),
    ("no rows", nn.MLP([2, 3, 1]), X[:0], ValueError, ["no rows", "(0, 2)"]),
    ("texts", nn.MLP([2, 3, 1]), [["a", "b"]], TypeError, ["real numbers"]),
    ("another width", nn.MLP([2, 3, 1]), X.T, ValueError, ["50", "2"])))
def test_what_has_no_hidden_layer_is_refused(model, x, error, words):
    with refused(error, *words):
        activation_histograms(axes(), model, x)


def test_under_no_grad_nothing_is_recorded():
    with no_grad(), refused(ValueError, "no_grad()"):
        activation_histograms(axes(), nn.MLP([2, 3, 1]), X)
