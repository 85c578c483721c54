"""The shape of a loss, as numbers and as pictures: its value, its gradient, its curvature.

The derivatives are the engine's: a grid of predictions is one Tensor, and because each prediction
has a loss of its own, the gradient of the sum holds the derivative at every point of the grid.
Any function loss(pred, target, reduction="none") can be drawn, your own as well.
"""

from itertools import cycle
from typing import NamedTuple

import numpy as np

from minigrad import Tensor, grad
from minigrad.nn import Linear

BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9",
                                           "#000000")  # Okabe and Ito: told apart by every eye
LINES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (SKY, "-"), (BLACK, "--")]
STYLE = {
    "font.size": 13, "axes.titlesize": 14, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.alpha": 0.25, "lines.linewidth": 2.6, "legend.frameon": False,
    "figure.constrained_layout.use": True, "savefig.dpi": 110, "figure.titlesize": 16,
}


class Axis(NamedTuple):
    """What a loss is drawn over: for each kind of prediction, the range, the target and a label."""

    low: float
    high: float
    target: float
    label: str


AXES = {
    "value": Axis(-3.0, 3.0, 0.0, "residual  e = prediction − target"),
    "probability": Axis(0.02, 1.0, 1.0, "predicted probability p of the right class"),
    "logit": Axis(-3.0, 3.0, 1.0, "logit z, target 1"),
    "score": Axis(-3.0, 3.0, 1.0, "margin  t·s  (for target 1 the logit)"),
    "logits": Axis(-3.0, 3.0, 0, "lead of the right class over the only other"),
    "scores": Axis(-3.0, 3.0, 0, "lead of the right class over the only other"),
}


class Shape(NamedTuple):
    """A loss along a line of predictions; four arrays of one length."""

    x: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray


def shape(loss, x=None, *, pred: str = "value", target=None) -> Shape:
    """The loss, its gradient and its curvature at each point of x, by the engine.

    Parameters
    ----------
    loss : function (pred, target, reduction="none") of the losses package, or one like them
    x : array (n,), optional
        The points; by default 601 over the range that suits the kind of prediction.
    pred : str
        The kind of prediction, a key of AXES. For "value" x is the residual, for "logit" and
        "score" the prediction itself, for "logits" and "scores" the lead of the right one of two
        classes.
    target : number, optional
        By default 0 for values, 1 for probabilities, logits and scores.

    Raises
    ------
    ValueError
        If `pred` is not a key of AXES.

    >>> from losses import mse
    >>> shape(mse, [-1.0, 0.0, 3.0]).gradient  # 2 e
    array([-2.,  0.,  6.])
    """
    if pred not in AXES:
        raise ValueError(f"pred is one of {', '.join(AXES)}, not {pred!r}")
    axis = AXES[pred]
    x = np.linspace(axis.low, axis.high, 601) if x is None else np.asarray(x, dtype=float)
    target = axis.target if target is None else target
    points = Tensor(x, requires_grad=True)
    prediction = points + target if pred == "value" else points
    if pred in ("logits", "scores"):
        prediction = np.stack([points, np.zeros(len(x))], axis=-1)
    values = loss(prediction, np.full(len(x), target), reduction="none")
    if values.shape != x.shape:
        raise ValueError(f"the loss is to return one value for each point, shape {x.shape}, when "
                         f'called with reduction="none", and returned {values.shape}')
    slope = grad(values.sum(), points, create_graph=True, unconnected="zero")
    bend = grad(slope.sum(), points, unconnected="zero")
    return Shape(x, values.data, slope.data, bend)


def per_example_gradient(loss, pred, target) -> np.ndarray:
    """d(loss of example i) / d(prediction i) for all examples: an array of pred's shape.

    >>> from losses import huber
    >>> per_example_gradient(huber, [0.5, 9.0], [0.0, 0.0])
    array([0.5, 1. ])
    """
    pred = Tensor(pred.data if isinstance(pred, Tensor) else pred, requires_grad=True)
    return grad(loss(pred, target, reduction="none").sum(), pred)


def last_layer_gradient(model, loss, x, target) -> np.ndarray:
    """The length of each example's own gradient in the last linear layer of a Sequential: (n,).

    An example with input h to that layer and gradient g at its output contributes the matrix h g^T
    to the weight's gradient and g to the bias's; their joint length is |g| sqrt(|h|^2 + 1).
    """
    *body, last = model.layers
    if not isinstance(last, Linear):
        raise TypeError(f"the last layer is to be a Linear, and is {last}")
    h = x
    for layer in body:
        h = layer(h)
    h = h.data if isinstance(h, Tensor) else np.asarray(h)
    g = per_example_gradient(loss, last(h), target)
    bias = 0.0 if last.bias is None else 1.0
    return np.linalg.norm(g, axis=-1) * np.sqrt((h * h).sum(axis=-1) + bias)


def gradient_share(gradients) -> np.ndarray:
    """Each example's part in the total length of all gradients: (n,), adding up to 1.

    `gradients` holds one gradient per row: (n,) or (n, ...). All zeros, if there is no gradient.

    >>> gradient_share([1.0, -1.0, 0.0, 2.0])
    array([0.25, 0.25, 0.  , 0.5 ])
    """
    gradients = np.asarray(gradients, dtype=float)
    sizes = np.linalg.norm(gradients.reshape(len(gradients), -1), axis=1)
    return sizes / sizes.sum() if sizes.any() else sizes


def worst_share(shares, fraction: float = 0.01) -> float:
    """The part of the gradient that the worst `fraction` of the examples carries.

    >>> worst_share([0.7, 0.1, 0.1, 0.1], fraction=0.25)
    0.7
    """
    count = max(1, round(fraction * len(shares)))
    return float(np.sort(shares)[::-1][:count].sum())


# -- pictures: matplotlib is imported only when one is drawn ---------------------------------------


def new_figure(width, height, show=False):
    """An empty figure; only with `show` one that has a window."""
    if show:
        from matplotlib import pyplot
        return pyplot.figure(figsize=(width, height))
    from matplotlib.figure import Figure
    return Figure(figsize=(width, height))


def draw_family(axes, losses, pred: str):
    """Draw several losses of one kind, one below the other: loss, gradient and curvature.

    Parameters
    ----------
    axes : one to three matplotlib Axes that share their x axis
        For the loss, the gradient and the curvature, as far as they go.
    losses : dict from the name in the legend to a loss function
        Or to a pair (loss, pred), where the kind of prediction differs from that of the axis.
    pred : str
        A key of AXES: what the x axis shows.

    Returns the axes.
    """
    for (name, loss), (colour, dashes) in zip(losses.items(), cycle(LINES), strict=False):
        loss, kind = loss if isinstance(loss, tuple) else (loss, pred)
        curves = shape(loss, pred=kind)
        for ax, values in zip(axes, curves[1:], strict=False):
            ax.plot(curves.x, values, color=colour, linestyle=dashes, label=name)
    for ax, label in zip(axes, ("loss", "gradient", "curvature"), strict=False):
        ax.set_ylabel(label)
        ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
        ax.margins(x=0.0)
    if len(losses) > 1:
        axes[0].legend(loc="upper center", fontsize=12)
    axes[-1].set_xlabel(AXES[pred].label)
    return axes
