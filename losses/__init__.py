"""losses: composed of what minigrad exports, so that every gradient here comes from the engine.

Every loss is called as loss(pred, target, reduction="mean"). With "none" it returns the loss of
each example, with "mean" their mean (which is called the cost), with "sum" their sum. This file is
the table of contents; `catalog()` returns it as data.
"""

from collections.abc import Callable
from typing import NamedTuple

from .binary import binary_cross_entropy, hinge, sigmoid_cross_entropy
from .multiclass import multiclass_hinge, softmax_cross_entropy
from .regression import huber, mae, mse


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
_CATALOG = (
    #     family        loss                    pred            formula
    Entry("regression", mse,                    "value",        "e²"),
    Entry("regression", mae,                    "value",        "|e|"),
    Entry("regression", huber,                  "value",        "½e² if |e| ≤ δ, else δ(|e| − ½δ)"),
    Entry("binary",     binary_cross_entropy,   "probability",  "−t log p − (1 − t) log(1 − p)"),
    Entry("binary",     sigmoid_cross_entropy,  "logit",        "softplus(z) − t z"),
    Entry("binary",     hinge,                  "score",        "max(0, 1 − t s)"),
    Entry("multiclass", softmax_cross_entropy,  "logits",       "log Σ exp z − z_y"),
    Entry("multiclass", multiclass_hinge,       "scores",       "max(0, 1 + max_{j≠y} s_j − s_y)"),
)
# fmt: on


def catalog() -> list[Entry]:
    """All losses, in order, as entries (family, loss, pred, formula) with a `name`."""
    return list(_CATALOG)


__all__ = ["catalog", "mse", "mae", "huber", "binary_cross_entropy", "sigmoid_cross_entropy",
           "hinge", "softmax_cross_entropy", "multiclass_hinge"]
