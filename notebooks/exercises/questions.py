"""Questions that several lessons ask of a loss: its value, its gradient, and finite differences."""

import numpy as np

from minigrad import Tensor, grad


def value_and_gradient(loss, pred, *others, **options) -> dict:
    """What a loss gives for a Tensor, and the engine's gradient of its sum in the prediction."""
    pred = Tensor(pred, requires_grad=True)
    value = loss(pred, *others, **options)
    if not isinstance(value, Tensor):
        return {"value": value, "gradient": None}
    return {"value": value, "gradient": grad(value.sum(), pred, unconnected="zero")}


def differences(loss, pred, *others, h=1e-5, **options) -> np.ndarray:
    """The slope of a loss, or of the sum of its values, in each entry of pred: from -h to +h."""
    slopes = np.zeros(pred.shape)
    for at in np.ndindex(*pred.shape):
        step = np.zeros(pred.shape)
        step[at] = h
        rise = (np.sum(loss(pred + step, *others, **options))
                - np.sum(loss(pred - step, *others, **options)))
        slopes[at] = rise / (2.0 * h)
    return slopes
