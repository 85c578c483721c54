"""What the loss tests share: for every loss of the catalogue, data that fit and its closed form.

The data depend only on the kind of prediction (`entry.pred`), so a loss that is added to the
catalogue is tested without a line here, but for one: its closed form, value, gradient and curvature
in plain NumPy, written from the mathematics and not from the code in `losses/`.
"""

import re
from typing import NamedTuple

import numpy as np
import pytest

from losses import catalog
from minigrad import Tensor, grad

# -- data: predictions and targets that fit, by the kind of prediction -----------------------------


def sample(kind, n=6, seed=0):
    """Predictions (n,) or (n, C) in float64, away from every kink, and targets that fit."""
    rng = np.random.default_rng(seed)
    if kind == "value":  # positive, and residuals on both sides of delta = 1, none near 0 or 1
        target = rng.uniform(3.0, 4.0, n)
        return target + rng.choice([-2.0, -0.5, 0.3, 1.7], n) + rng.uniform(-0.1, 0.1, n), target
    if kind == "probability":
        return rng.uniform(0.1, 0.9, n), rng.integers(0, 2, n).astype(float)
    if kind == "logit":
        return rng.uniform(-3.0, 3.0, n), rng.integers(0, 2, n).astype(float)
    if kind == "score":  # margins on both sides of 1, none near it
        target = rng.choice([-1.0, 1.0], n)
        return target * (rng.choice([-1.0, 0.5, 2.0], n) + rng.uniform(-0.2, 0.2, n)), target
    if kind in ("logits", "scores"):  # labels; distinct multiples of 0.3: no tie, no lead of 1
        pred = 0.3 * np.array([rng.permutation(5) for _ in range(n)]) + 0.01
        return pred, rng.integers(0, 5, n)
    if kind == "probabilities":
        pred = rng.uniform(0.1, 1.0, (n, 5))
        return pred / pred.sum(axis=-1, keepdims=True), rng.integers(0, 5, n)
    raise AssertionError(f"tests/loss_cases.py has no sample for the kind of prediction {kind!r}")


def pairs(points, targets):
    """Every point with every target, as two columns of equal length."""
    grid = np.meshgrid(np.asarray(points, float), np.asarray(targets, float), indexing="ij")
    return tuple(column.ravel() for column in grid)


ROWS = [[0, 0, 0], [1, 0, -1], [1, 0, 0], [2, 1, 1], [40, -40, 0], [-40, 40, 40],
        [1e4, -1e4, 0], [-1e4, 1e4, 1e4], [1e4, 1e4, 1e4], [0.5, -0.25, 0.25]]

SPECIAL = {  # where kinks, ties, saturation and overflow are; all exact in float32
    "value": pairs([0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2, -2, 40, -40, 1e4, -1e4], [0, 1, -2]),
    "probability": pairs([0, 1, 0.5, 0.25, 2.0**-40, 2.0**-20, 1 - 2.0**-20], [0, 1, 0.25]),
    "logit": pairs([0, 1, -1, 10, -10, 40, -40, 1e4, -1e4], [0, 1, 0.25]),
    "score": pairs([0, 1, -1, 0.5, -0.5, 40, -40, 1e4, -1e4], [-1, 1]),
    "logits": (np.repeat(np.array(ROWS, float), 3, axis=0), np.tile([0, 1, 2], len(ROWS))),
    "scores": (np.repeat(np.array(ROWS, float), 3, axis=0), np.tile([0, 1, 2], len(ROWS))),
}


def special(entry):
    """Predictions at the points where a loss may go wrong, and targets."""
    if entry.name in SPECIAL_FOR:
        return SPECIAL_FOR[entry.name]
    assert entry.pred in SPECIAL, f"no special points in tests/loss_cases.py for {entry.pred!r}"
    return SPECIAL[entry.pred]


SPECIAL_FOR = {}  # a loss's own special points, where those of its kind do not fit


# -- closed forms: plain NumPy on float64, one result per element (or per row of classes) ----------


class Closed(NamedTuple):
    value: object  # (p, t) -> the loss of each example
    gradient: object  # (p, t) -> the derivative of each example's loss, in the shape of p
    curvature: object  # (p, t) -> the same for the second; (..., C, C) for C classes


def huber(delta):
    return Closed(
        lambda p, t: np.where(abs(p - t) <= delta, (p - t) ** 2 / 2,
                              delta * (abs(p - t) - delta / 2)),
        lambda p, t: np.where(abs(p - t) <= delta, p - t, delta * np.sign(p - t)),
        lambda p, t: np.where(abs(p - t) <= delta, 1.0, 0.0))


def logarithm(p):
    return np.log(p + 1e-12) - np.log(1 + 1e-12)


def sigma(z):
    return 0.5 * (1 + np.tanh(z / 2))


def softmax(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))


def one_hot(labels, classes):
    """Labels as rows; a distribution stays as it is."""
    return np.eye(classes)[labels] if labels.dtype.kind in "iu" else labels


def crammer_singer(p, t):
    return np.array([max(0.0, 1 + max(np.delete(s, y)) - s[y]) for s, y in zip(p, t, strict=True)])


def crammer_singer_gradient(p, t):
    slopes = np.zeros(p.shape)
    for s, y, row in zip(p, t, slopes, strict=True):
        wrong = [j for j in range(len(s)) if j != y]
        best = [j for j in wrong if s[j] == max(s[wrong])]
        if 1 + s[best[0]] - s[y] > 0:
            row[best] = 1 / len(best)
            row[y] = -1
    return slopes


CLOSED_FORM = {
    "mse": Closed(lambda p, t: (p - t) ** 2,
                  lambda p, t: 2 * (p - t),
                  lambda p, t: np.full(p.shape, 2.0)),
    "mae": Closed(lambda p, t: np.where(p > t, p - t, t - p),
                  lambda p, t: np.where(p > t, 1.0, np.where(p < t, -1.0, 0.0)),
                  lambda p, t: np.zeros(p.shape)),
    "huber": huber(1.0),
    "binary_cross_entropy": Closed(
        lambda p, t: -t * logarithm(p) - (1 - t) * logarithm(1 - p),
        lambda p, t: (1 - t) / (1 - p + 1e-12) - t / (p + 1e-12),
        lambda p, t: (1 - t) / (1 - p + 1e-12) ** 2 + t / (p + 1e-12) ** 2),
    "sigmoid_cross_entropy": Closed(
        lambda z, t: t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z),
        lambda z, t: sigma(z) - t,
        lambda z, t: sigma(z) * sigma(-z)),
    "hinge": Closed(lambda s, t: np.where(t * s < 1, 1 - t * s, 0.0),
                    lambda s, t: np.where(t * s < 1, -t, 0.0),
                    lambda s, t: np.zeros(s.shape)),
    "softmax_cross_entropy": Closed(
        lambda z, t: (np.logaddexp.reduce(z, axis=-1)
                      - np.sum(one_hot(t, z.shape[-1]) * z, axis=-1)),
        lambda z, t: softmax(z) - one_hot(t, z.shape[-1]),
        lambda z, t: (np.eye(z.shape[-1]) * softmax(z)[..., None]
                      - softmax(z)[..., None] * softmax(z)[..., None, :])),
    "multiclass_hinge": Closed(crammer_singer, crammer_singer_gradient,
                               lambda s, t: np.zeros((*s.shape, s.shape[-1]))),
}


def closed_form(entry) -> Closed:
    assert entry.name in CLOSED_FORM, (
        f"{entry.name} is in losses.catalog() and has no closed form in tests/loss_cases.py: add "
        f"its value, gradient and curvature")
    return CLOSED_FORM[entry.name]


# -- parametrizations ------------------------------------------------------------------------------


def every(*, family=None, pred=None):
    """Run a test with each entry of the catalogue, of one family or of certain kinds."""
    chosen = [entry for entry in catalog()
              if family in (None, entry.family) and (pred is None or entry.pred in pred)]
    return pytest.mark.parametrize("entry", chosen, ids=lambda entry: entry.name)


both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda d: d.__name__)


# -- the engine's answers, and the comparison ------------------------------------------------------


def derivatives(loss, pred, target):
    """Loss, gradient and curvature of each example, by the engine; for classes the Hessian."""
    points = Tensor(pred, requires_grad=True)
    values = loss(points, target, reduction="none")
    slope = grad(values.sum(), points, create_graph=True)
    if values.ndim == points.ndim:
        bend = grad(slope.sum(), points, unconnected="zero")
    else:
        bend = np.stack([grad(slope[..., j].sum(), points, unconnected="zero", retain_graph=True)
                         for j in range(points.shape[-1])], axis=-2)
    return values.data, slope.data, bend


def compare(loss, pred, target, dtype, closed):
    """Hold value, gradient and curvature at all points against the closed form."""
    pred = pred.astype(dtype)
    target = target if target.dtype.kind in "iu" else target.astype(dtype)
    exact_pred = pred.astype(np.float64)
    exact_target = target if target.dtype.kind in "iu" else target.astype(np.float64)
    eps = np.finfo(dtype).eps
    size = np.maximum(np.abs(exact_pred), 1.0)  # rounding in a loss grows with the prediction
    if size.ndim > 1:
        size = size.max(axis=-1)
    found = derivatives(loss, pred, target)
    for what, got, formula in zip(("loss", "gradient", "curvature"), found, closed, strict=True):
        expected = formula(exact_pred, exact_target)
        assert got.dtype == dtype, f"the {what} of a {pred.dtype} prediction is {got.dtype}"
        assert got.shape == expected.shape, f"the {what} has shape {got.shape}"
        if what == "loss" or pred.ndim > 1:  # ... and in a softmax, which is e^(z - logsumexp)
            scale = size.reshape(size.shape + (1,) * (expected.ndim - size.ndim))
        else:
            scale = 1.0
        allowed = 8 * eps * (np.abs(expected) + scale)
        bad = ~(np.abs(got - expected) <= allowed)
        if bad.any():
            at = tuple(map(int, np.argwhere(bad)[0]))
            raise AssertionError(
                f"{what} at prediction {pred[at[0]]}, target {target[at[0]]}: the engine gives "
                f"{got[at]!r}, the closed form {expected[at]!r}")


def refused(loss, pred, target, error, *words, **options):
    """The call is refused, the message holds all the words, and nothing was changed by it.

    It is made with arrays (or lists), then with the prediction as a Tensor.
    """
    given = [pred]
    if np.asarray(pred).dtype.kind in "iubf":
        given.append(Tensor(pred, requires_grad=True))
    for p in given:
        before = np.array(values(p)), np.array(target)
        with pytest.raises(error) as caught:
            loss(p, target, **options)
        message = str(caught.value)
        for word in words:
            assert re.search(word, message), f"the message lacks {word!r}: {message}"
        for old, new in zip(before, (values(p), target), strict=True):
            np.testing.assert_array_equal(new, old, "the refused call changed its arguments")
    assert getattr(p, "grad", None) is None, "the refused call left a gradient"


def values(x):
    """What a Tensor holds; an array or a list as it is."""
    return x.data if isinstance(x, Tensor) else x
