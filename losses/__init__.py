"""losses: composed of what minigrad exports, so that every gradient here comes from the engine.

Every loss but `rmse` is called as loss(pred, target, reduction="mean"). With "none" it returns the
loss of each example, with "mean" their mean (which is called the cost), with "sum" their sum, which
is the default of `l1` and `l2`. This file is the table of contents; `catalog()` returns it as data.
"""

from collections.abc import Callable
from typing import NamedTuple

from .binary import (binary_cross_entropy, exponential, focal, hinge, logistic,
                     sigmoid_cross_entropy, squared_hinge)
from .multiclass import (categorical_cross_entropy, kl_divergence, multiclass_hinge,
                         softmax_cross_entropy)
from .regression import huber, l1, l2, log_cosh, mae, mse, msle, pseudo_huber, quantile, rmse


class Entry(NamedTuple):
    """One line of the table of contents."""

    family: str  # "regression", "binary" or "multiclass"
    loss: Callable
    pred: str  # what the prediction is
    formula: str  # the loss of one example; e is pred - target, t and y are the target

    @property
    def name(self) -> str:
        return self.loss.__name__


# fmt: off
_FAMILIES = {
    #    loss                       prediction       formula for one example
    "regression": (
        (mse,                       "value",         "e²"),
        (l2,                        "value",         "e², summed"),
        (rmse,                      "batch",         "√ mean e²"),
        (msle,                      "amount",        "(log(1 + p) − log(1 + t))²"),
        (mae,                       "value",         "|e|"),
        (l1,                        "value",         "|e|, summed"),
        (huber,                     "value",         "½e² if |e| ≤ δ, else δ(|e| − ½δ)"),
        (pseudo_huber,              "value",         "δ²(√(1 + (e/δ)²) − 1)"),
        (log_cosh,                  "value",         "log cosh e"),
        (quantile,                  "value",         "max(−q e, (1 − q) e)"),
    ),
    "binary": (
        (binary_cross_entropy,      "probability",   "−t log p − (1 − t) log(1 − p)"),
        (sigmoid_cross_entropy,     "logit",         "softplus(z) − t z"),
        (focal,                     "logit",         "(1 − pₜ)^γ (−log pₜ)"),
        (logistic,                  "score",         "softplus(−t s)"),
        (hinge,                     "score",         "max(0, 1 − t s)"),
        (squared_hinge,             "score",         "max(0, 1 − t s)²"),
        (exponential,               "score",         "exp(−t s)"),
    ),
    "multiclass": (
        (categorical_cross_entropy, "probabilities", "−Σ t log p"),
        (softmax_cross_entropy,     "logits",        "log Σ exp z − Σ t z"),
        (multiclass_hinge,          "scores",        "max(0, 1 + max_{j≠y} s_j − s_y)"),
        (kl_divergence,             "distribution",  "Σ t log(t / p)"),
    ),
}
# fmt: on


def catalog() -> list[Entry]:
    """All losses, in order, as entries (family, loss, pred, formula) with a `name`."""
    return [Entry(family, *row) for family, rows in _FAMILIES.items() for row in rows]


__all__ = ["catalog", "Entry", *(entry.name for entry in catalog())]  # noqa: PLE0604
