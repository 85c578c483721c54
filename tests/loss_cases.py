"""What the loss tests share: for every loss of the catalogue, data that fit and its closed form.

The data depend only on the kind of prediction (`entry.pred`), so a loss that is added to the
catalogue is tested without a line here, but for one: its closed form, value, gradient and curvature
in plain NumPy, written from the mathematics and not from the code in `losses/`.
"""

import re
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

from losses import catalog
from minigrad import Tensor, grad

# -- data: predictions and targets that fit, by the kind of prediction -----------------------------


def sample(kind, n=6, seed=0):
    """Predictions (n,) or (n, C) in float64, away from every kink, and targets that fit."""
    rng = np.random.default_rng(seed)
    if kind in ("value", "batch"):  # positive; residuals on both sides of 1, none near 0 or 1
        target = rng.uniform(3.0, 4.0, n)
        return target + rng.choice([-2.0, -0.5, 0.3, 1.7], n) + rng.uniform(-0.1, 0.1, n), target
    if kind == "amount":
        return rng.uniform(-0.5, 5.0, n), rng.uniform(-0.5, 5.0, n)
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
    if kind == "distribution":
        pred, target = rng.uniform(0.1, 1.0, (2, n, 5))
        return tuple(rows / rows.sum(axis=-1, keepdims=True) for rows in (pred, target))
    raise AssertionError(f"tests/loss_cases.py has no sample for the kind of prediction {kind!r}")


def pairs(points, targets):
    """Every point with every target, as two columns of equal length."""
    grid = np.meshgrid(np.asarray(points, float), np.asarray(targets, float), indexing="ij")
    return tuple(column.ravel() for column in grid)


ROWS = [[0, 0, 0], [1, 0, -1], [1, 0, 0], [2, 1, 1], [40, -40, 0], [-40, 40, 40],
        [1e4, -1e4, 0], [-1e4, 1e4, 1e4], [1e4, 1e4, 1e4], [0.5, -0.25, 0.25]]
CERTAIN = [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5], [2.0**-20, 1 - 2.0**-20, 0],
           [2.0**-40, 1, 0]]
RESIDUALS = [0, *(sign * e for e in (0.25, 0.5, 1, 1.5, 2, 2.5, 40, 1e4) for sign in (1, -1))]
AMOUNTS = [0, 1, -0.5, 2.0**-20, -1 + 2.0**-10, 7, 40, 1e4]
LOGITS = [0, *(sign * z for z in (2.0**-20, 1, 10, 40, 1e4) for sign in (1, -1))]
SCORES = [0, *(sign * s for s in (0.5, 1, 1 - 2.0**-20, 1 + 2.0**-20, 40) for sign in (1, -1))]


def with_labels(rows):
    """Every row with every label."""
    return np.repeat(np.array(rows, float), 3, axis=0), np.tile([0, 1, 2], len(rows))


def with_rows(rows, targets):
    """Every row with every target row."""
    return (np.repeat(np.array(rows, float), len(targets), axis=0),
            np.tile(np.array(targets, float), (len(rows), 1)))


SPECIAL = {  # where kinks, ties, saturation and overflow are; all exact in float32
    "value": pairs(RESIDUALS, [0, 1, -2]),
    "batch": pairs(RESIDUALS, [0, 1, -2]),
    "amount": pairs(AMOUNTS, AMOUNTS),
    "probability": pairs([0, 1, 0.5, 0.25, 2.0**-40, 2.0**-20, 1 - 2.0**-20], [0, 1, 0.25]),
    "logit": pairs(LOGITS, [0, 1, 0.25]),
    "score": pairs([*SCORES, 1e4, -1e4], [-1, 1]),
    "logits": with_labels(ROWS),
    "scores": with_labels(ROWS),
    "probabilities": with_labels(CERTAIN),
    "distribution": with_rows(CERTAIN, CERTAIN),
}
SPECIAL_FOR = {  # a loss's own special points, where those of its kind do not fit
    "focal": pairs(LOGITS, [0, 1]),
    "exponential": pairs([*SCORES, 80, -80], [-1, 1]),  # beyond 88 e^-ts is no float32
}
HARD_LABELS = {"focal"}  # of a logit, and yet no targets between 0 and 1


def special(entry):
    """Predictions at the points where a loss may go wrong, and targets."""
    if entry.name in SPECIAL_FOR:
        return SPECIAL_FOR[entry.name]
    assert entry.pred in SPECIAL, f"no special points in tests/loss_cases.py for {entry.pred!r}"
    return SPECIAL[entry.pred]


# -- closed forms: plain NumPy on float64, one result per element (or per row of classes) ----------


class Closed(NamedTuple):
    value: object  # (p, t) -> the loss of each example
    gradient: object  # (p, t) -> the derivative of each example's loss, in the shape of p
    curvature: object  # (p, t) -> the same for the second; (..., C, C) for C classes


FLAT = np.zeros_like  # the curvature of what is made of straight lines

squared = Closed(lambda p, t: (p - t) ** 2,
                 lambda p, t: 2 * (p - t),
                 lambda p, t: np.full(p.shape, 2.0))
absolute = Closed(lambda p, t: np.where(p > t, p - t, t - p),
                  lambda p, t: np.where(p > t, 1.0, np.where(p < t, -1.0, 0.0)),
                  lambda p, t: FLAT(p))


def root_mean_square(p, t):
    return np.sqrt(np.mean((p - t) ** 2))


def rmse_gradient(p, t):
    length = root_mean_square(p, t)
    return (p - t) / (p.size * length) if length else np.zeros(p.shape)


def rmse_hessian(p, t):
    slope = rmse_gradient(p, t)
    return (np.eye(p.size) / p.size - np.outer(slope, slope)) / root_mean_square(p, t)


def log_ratio(p, t):
    return np.log(1 + p) - np.log(1 + t)


def huber(delta=1.0):
    return Closed(
        lambda p, t: np.where(abs(p - t) <= delta, (p - t) ** 2 / 2,
                              delta * (abs(p - t) - delta / 2)),
        lambda p, t: np.where(abs(p - t) <= delta, p - t, delta * np.sign(p - t)),
        lambda p, t: np.where(abs(p - t) <= delta, 1.0, 0.0))


def pseudo_huber(delta=1.0):
    return Closed(lambda p, t: delta**2 * (np.hypot(1, (p - t) / delta) - 1),
                  lambda p, t: (p - t) / np.hypot(1, (p - t) / delta),
                  lambda p, t: np.hypot(1, (p - t) / delta) ** -3)


def quantile(q=0.5):
    return Closed(lambda p, t: np.where(p < t, q * (t - p), (1 - q) * (p - t)),
                  lambda p, t: np.where(p < t, -q, np.where(p > t, 1 - q, 0.5 - q)),
                  lambda p, t: FLAT(p))


def surprise(p):
    return np.log(1 + 1e-12) - np.log(p + 1e-12)


def sigma(z):
    return np.exp(-np.logaddexp(0, -z))


def focal(gamma=2.0, alpha=None):
    def parts(z, t):  # the sign and the weight of each label; log p, p and 1 - p of the right one
        sign = 2 * t - 1
        weight = 1.0 if alpha is None else np.where(t == 1, alpha, 1 - alpha)
        return sign, weight, -np.logaddexp(0, -sign * z), sigma(sign * z), sigma(-sign * z)

    def value(z, t):
        _, weight, log_p, _, rest = parts(z, t)
        return weight * rest**gamma * -log_p

    def gradient(z, t):
        sign, weight, log_p, p, rest = parts(z, t)
        return weight * sign * rest**gamma * (gamma * p * log_p - rest)

    def curvature(z, t):
        _, weight, log_p, p, rest = parts(z, t)
        return weight * rest**gamma * p * ((gamma + 1) * rest + gamma * (
            rest * log_p + rest - gamma * p * log_p))

    return Closed(value, gradient, curvature)


def softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))


def one_hot(labels, classes):
    """Labels as rows; a distribution stays as it is."""
    return np.eye(classes)[labels] if labels.dtype.kind in "iu" else labels


def cross_entropy(label_smoothing=0.0):
    def rows(z, t):
        classes = z.shape[-1]
        return (1 - label_smoothing) * one_hot(t, classes) + label_smoothing / classes

    def value(z, t):
        z = z - z.max(axis=-1, keepdims=True)
        return np.logaddexp.reduce(z, axis=-1) - np.sum(rows(z, t) * z, axis=-1)

    return Closed(value, lambda z, t: softmax(z) - rows(z, t),
                  lambda z, t: (np.eye(z.shape[-1]) * softmax(z)[..., None]
                                - softmax(z)[..., None] * softmax(z)[..., None, :]))


def on_the_diagonal(rows):
    return np.eye(rows.shape[-1]) * rows[..., None]


categorical = Closed(
    lambda p, t: np.sum(one_hot(t, p.shape[-1]) * surprise(p), axis=-1),
    lambda p, t: -one_hot(t, p.shape[-1]) / (p + 1e-12),
    lambda p, t: on_the_diagonal(one_hot(t, p.shape[-1]) / (p + 1e-12) ** 2))


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


CLOSED_FORM = {  # a closed form, or a function that makes one of the options of the loss
    "mse": squared,
    "l2": squared,
    "rmse": Closed(root_mean_square, rmse_gradient, rmse_hessian),
    "msle": Closed(lambda p, t: log_ratio(p, t) ** 2,
                   lambda p, t: 2 * log_ratio(p, t) / (1 + p),
                   lambda p, t: 2 * (1 - log_ratio(p, t)) / (1 + p) ** 2),
    "mae": absolute,
    "l1": absolute,
    "huber": huber,
    "pseudo_huber": pseudo_huber,
    "log_cosh": Closed(lambda p, t: np.logaddexp(p - t, t - p) - np.log(2),
                       lambda p, t: np.tanh(p - t),
                       lambda p, t: 4 * sigma(2 * (p - t)) * sigma(2 * (t - p))),
    "quantile": quantile,
    "binary_cross_entropy": Closed(
        lambda p, t: t * surprise(p) + (1 - t) * surprise(1 - p),
        lambda p, t: (1 - t) / (1 - p + 1e-12) - t / (p + 1e-12),
        lambda p, t: (1 - t) / (1 - p + 1e-12) ** 2 + t / (p + 1e-12) ** 2),
    "sigmoid_cross_entropy": Closed(
        lambda z, t: t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z),
        lambda z, t: sigma(z) - t,
        lambda z, t: sigma(z) * sigma(-z)),
    "focal": focal,
    "logistic": Closed(lambda s, t: np.logaddexp(0, -t * s),
                       lambda s, t: -t * sigma(-t * s),
                       lambda s, t: sigma(s) * sigma(-s)),
    "hinge": Closed(lambda s, t: np.where(t * s < 1, 1 - t * s, 0.0),
                    lambda s, t: np.where(t * s < 1, -t, 0.0),
                    lambda s, t: FLAT(s)),
    "squared_hinge": Closed(lambda s, t: np.where(t * s < 1, (1 - t * s) ** 2, 0.0),
                            lambda s, t: np.where(t * s < 1, -2 * t * (1 - t * s), 0.0),
                            lambda s, t: np.where(t * s < 1, 2.0, 0.0)),
    "exponential": Closed(lambda s, t: np.exp(-t * s),
                          lambda s, t: -t * np.exp(-t * s),
                          lambda s, t: np.exp(-t * s)),
    "categorical_cross_entropy": categorical,
    "softmax_cross_entropy": cross_entropy,
    "multiclass_hinge": Closed(crammer_singer, crammer_singer_gradient,
                               lambda s, t: np.zeros((*s.shape, s.shape[-1]))),
    "kl_divergence": Closed(lambda p, t: np.sum(t * (surprise(p) - surprise(t)), axis=-1),
                            categorical.gradient, categorical.curvature),
}

OPTIONS = {  # what else than the defaults is held against the closed form
    "huber": [{"delta": 0.25}, {"delta": 2.5}],
    "pseudo_huber": [{"delta": 0.25}, {"delta": 2.5}],
    "quantile": [{"q": 0.125}, {"q": 0.9}],
    "focal": [{"gamma": 0}, {"gamma": 0.5}, {"gamma": 1, "alpha": 0.25},
              {"gamma": 0.0, "alpha": 0.75}, {"gamma": 5.0}],
    "softmax_cross_entropy": [{"label_smoothing": 0.125}, {"label_smoothing": 0.9}],
}


def closed_form(entry, **options) -> Closed:
    assert entry.name in CLOSED_FORM, (
        f"{entry.name} is in losses.catalog() and has no closed form in tests/loss_cases.py: add "
        f"its value, gradient and curvature")
    form = CLOSED_FORM[entry.name]
    return form if isinstance(form, Closed) else form(**options)


# -- parametrizations ------------------------------------------------------------------------------


def every(*, family=None, pred=None):
    """Run a test with each entry of the catalogue, of one family or of certain kinds."""
    chosen = [entry for entry in catalog()
              if family in (None, entry.family) and (pred is None or entry.pred in pred)]
    return pytest.mark.parametrize("entry", chosen, ids=lambda entry: entry.name)


def every_variant(family):
    """The same for one family, with the defaults and with the options of the table above."""
    rows = [(entry, options) for entry in catalog() if entry.family == family
            for options in [{}, *OPTIONS.get(entry.name, [])]]
    names = ["-".join([entry.name, *(f"{k}={v}" for k, v in options.items())])
             for entry, options in rows]
    return pytest.mark.parametrize("entry, options", rows, ids=names)


both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda d: d.__name__)


# -- the engine's answers, and the comparison ------------------------------------------------------


def each(entry, loss=None, **options):
    """The loss of each example, as a function of pred and target; for rmse that of the batch.

    Another function may stand in for the loss of the entry: a mutant.
    """
    if entry.pred != "batch":
        options["reduction"] = "none"
    return partial(loss or entry.loss, **options)


def derivatives(f, pred, target):
    """Loss, gradient and curvature of each example, by the engine; of several numbers the Hessian.

    f is a function of pred and target that gives one loss for each example, as `each` makes it.
    """
    points = Tensor(pred, requires_grad=True)
    values = f(points, target)
    slope = grad(values.sum(), points, create_graph=True)
    if values.ndim == points.ndim:
        bend = grad(slope.sum(), points, unconnected="zero")
    else:
        bend = np.stack([grad(slope[..., j].sum(), points, unconnected="zero", retain_graph=True)
                         for j in range(points.shape[-1])], axis=-2)
    return values.data, slope.data, bend


def compare(f, pred, target, dtype, closed):
    """Hold value, gradient and curvature at all points against the closed form."""
    pred = pred.astype(dtype)
    target = target if target.dtype.kind in "iu" else target.astype(dtype)
    exact_pred = pred.astype(np.float64)
    exact_target = target if target.dtype.kind in "iu" else target.astype(np.float64)
    found = derivatives(f, pred, target)
    for what, got, formula in zip(("loss", "gradient", "curvature"), found, closed, strict=True):
        expected = formula(exact_pred, exact_target)
        assert got.dtype == dtype, f"the {what} of a {pred.dtype} prediction is {got.dtype}"
        assert got.shape == np.shape(expected), f"the {what} has shape {got.shape}"
        scale = 1.0  # rounding in a loss grows with a number predicted; in its derivatives it
        if what == "loss" and got.shape == pred.shape:  # ... does not, nor with large logits
            scale = np.maximum(np.abs(exact_pred), 1.0)
        allowed = 8 * np.finfo(dtype).eps * (np.abs(expected) + scale)
        bad = ~(np.abs(got - expected) <= allowed)
        if bad.any():
            at = tuple(map(int, np.argwhere(bad)[0]))
            where = (pred[at[0]], target[at[0]]) if got.ndim else (pred, target)
            raise AssertionError(
                f"{what} at prediction {where[0]}, target {where[1]}: the engine gives "
                f"{got[at]!r}, the closed form {np.asarray(expected)[at]!r}")


def refused(loss, pred, target, error, *words, **options):
    """The call is refused, the message holds all the words, and nothing was changed by it.

    It is made with arrays (or lists), then with the prediction as a Tensor.
    """
    given = [pred]
    if np.asarray(pred).dtype.kind in "iubf":
        given.append(Tensor(pred, requires_grad=True))
    for p in given:
        before = np.array(values(p)), np.array(values(target))
        with pytest.raises(error) as caught:
            loss(p, target, **options)
        message = str(caught.value)
        for word in words:
            assert re.search(word, message), f"the message lacks {word!r}: {message}"
        for old, new in zip(before, (values(p), values(target)), strict=True):
            np.testing.assert_array_equal(new, old, "the refused call changed its arguments")
    assert getattr(p, "grad", None) is None, "the refused call left a gradient"


def values(x):
    """What a Tensor holds; an array or a list as it is."""
    return x.data if isinstance(x, Tensor) else x
