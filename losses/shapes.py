"""The shape of a loss, as numbers and as pictures: its value, its gradient, its curvature.

The derivatives are the engine's: a grid of predictions is one Tensor, and because each prediction
has a loss of its own, the gradient of the sum holds the derivative at every point of the grid.

Any function loss(pred, target, reduction="none") can be drawn, your own as well. The options of one
loss are written behind it: shape(huber, delta=2.0). Where several losses are given, each carries
its own: draw_losses([huber, functools.partial(huber, delta=2.0)]).
"""

import textwrap
from functools import partial
from itertools import cycle
from typing import NamedTuple

import numpy as np

from losses import Entry, catalog
from minigrad import Tensor, grad, palette
from minigrad.nn import Linear
from minigrad.palette import BLUE, LINES, ORANGE

# -- numbers ---------------------------------------------------------------------------------------


class Axis(NamedTuple):
    """What a loss is drawn over: a range, a target, a label, and a few points for a table."""

    low: float
    high: float
    target: float | tuple  # the target of every point; a row, where the targets are rows
    label: str
    points: tuple = (-2.0, -0.5, 0.0, 0.5, 2.0)


CHANCES = (0.01, 0.1, 0.5, 0.9, 0.99)
AXES = {  # an amount is drawn at target 3, so that it goes from nothing to the double
    "value": Axis(-3.0, 3.0, 0.0, "residual  e = prediction − target"),
    "amount": Axis(-3.0, 3.0, 3.0, "residual  e = prediction − target, target 3"),
    "probability": Axis(0.02, 1.0, 1.0, "predicted probability p of the right class", CHANCES),
    "logit": Axis(-3.0, 3.0, 1.0, "logit z, target 1"),
    "score": Axis(-3.0, 3.0, 1.0, "margin  t·s  (for target 1 the logit)"),
    "probabilities": Axis(0.02, 1.0, 0, "predicted probability p of the right one of two classes",
                          CHANCES),
    "logits": Axis(-3.0, 3.0, 0, "lead of the right class over the only other"),
    "scores": Axis(-3.0, 3.0, 0, "lead of the right class over the only other"),
    "distribution": Axis(0.02, 1.0, (1.0, 0.0), "predicted probability p of the class that is sure",
                         CHANCES),
}


class Shape(NamedTuple):
    """A loss along a line of predictions; four arrays of one length."""

    x: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray


def kind_of(loss) -> str:
    """The kind of prediction that a loss takes: the catalogue knows; one's own take a value.

    >>> from losses import hinge, huber
    >>> kind_of(hinge), kind_of(partial(huber, delta=2.0)), kind_of(lambda pred, target: 0.0)
    ('score', 'value', 'value')
    """
    entry = entry_of(loss)
    return entry.pred if entry else "value"


def entry_of(loss) -> Entry | None:
    """A loss's line of the catalogue, whatever options it carries; None for one's own."""
    loss = without_options(loss)
    return next((entry for entry in catalog() if entry.loss is loss), None)


def without_options(loss):
    """The function itself, taken out of functools.partial."""
    return without_options(loss.func) if isinstance(loss, partial) else loss


def name_of(loss) -> str:
    """A loss's name for a legend, with the options it carries: "huber(delta=2.0)"."""
    options = {}
    while isinstance(loss, partial):
        loss, options = loss.func, loss.keywords | options
    name = getattr(loss, "__name__", type(loss).__name__)
    written = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{name}({written})" if written else name


def shape(loss, x=None, *, pred: str | None = None, target=None, **options) -> Shape:
    """The loss, its gradient and its curvature at each point of x, by the engine.

    Parameters
    ----------
    loss : function (pred, target, reduction="none") of the losses package, or one like them
    x : array (n,), optional
        The points; by default 601 over the range that suits the kind of prediction.
    pred : str, optional
        The kind of prediction, a key of AXES; by default the catalogue's, and "value" for a loss of
        your own. For "value" and "amount" x is the residual, for "probability", "logit" and "score"
        the prediction itself. For the kinds that take rows there are two classes: for "logits" and
        "scores" x is the lead of the right one, for "probabilities" and "distribution" its
        probability, and the other class has the rest, 1 - x.
    target : number, optional
        By default 0 for values, 3 for amounts, 1 for probabilities, logits and scores, class 0 for
        rows. A row for "distribution".
    options
        Of the loss: shape(huber, delta=2.0).

    Raises
    ------
    ValueError
        If `pred` is not a key of AXES, as "batch" of `rmse`, if x is not one row of points, or if
        the loss does not return one value for each of them.

    >>> from losses import huber, mse
    >>> shape(mse, [-1.0, 0.0, 3.0]).gradient  # 2 e
    array([-2.,  0.,  6.])
    >>> shape(huber, [-1.0, 0.0, 3.0], delta=2.0).gradient  # e, but not beyond delta
    array([-1.,  0.,  2.])
    """
    pred = drawable(loss, pred)
    axis = AXES[pred]
    x = np.linspace(axis.low, axis.high, 601) if x is None else np.asarray(x, dtype=float)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"x is one row of points, and has shape {x.shape}")
    target = axis.target if target is None else target
    points = Tensor(x, requires_grad=True)
    values = each_loss(loss, predictions(pred, points, target), repeated(target, len(x)), options)
    if values.shape != x.shape:
        raise ValueError(f"the loss is to return one value for each point, shape {x.shape}, when "
                         f'called with reduction="none", and returned {values.shape}')
    slope = grad(values.sum(), points, create_graph=True, unconnected="zero")
    bend = grad(slope.sum(), points, unconnected="zero")
    return Shape(x, values.data, slope.data, bend)


def drawable(loss, pred=None) -> str:
    """The kind of prediction along which a loss is drawn; refused if there is no such line."""
    pred = kind_of(loss) if pred is None else pred
    if pred == "batch":
        raise ValueError(f"{name_of(loss)} is one number of a whole batch: a single prediction has "
                         "no loss of its own, so there is no curve to draw (mse has one)")
    if pred not in AXES:
        raise ValueError(f"pred is one of {', '.join(AXES)}, not {pred!r}")
    return pred


def predictions(pred, points, target):
    """What the loss is given at each point: the number itself, or a row for two classes."""
    if pred in ("value", "amount"):
        return points + target
    if pred in ("logits", "scores"):
        return np.stack([points, np.zeros(len(points))], axis=-1)
    if pred in ("probabilities", "distribution"):
        return np.stack([points, 1.0 - points], axis=-1)
    return points


def repeated(target, n):
    """The same target n times: (n,) for a number, (n, C) for a row."""
    return np.full((n, *np.shape(target)), target)


def each_loss(loss, pred, target, options) -> Tensor:
    """The loss of each example; refused if it is their mean, or cut off from the prediction.

    A mean would divide every gradient by the number of examples, and nobody would notice. So the
    values must have the shape of the prediction, or of its first axes where a row has one loss.
    """
    if kind_of(loss) == "batch":
        raise ValueError(f"{name_of(loss)} is one number of a whole batch, no example has a loss "
                         "of its own (under mse each has)")
    values = loss(pred, target, reduction="none", **options)
    if not isinstance(values, Tensor):
        raise ValueError(f"{name_of(loss)} returned no Tensor, but {type(values).__name__}: its "
                         "gradient was cut off on the way; compute with the Tensor, not its .data")
    one_number = values.ndim == 0 and np.ndim(target) > 0
    if one_number or values.shape != pred.shape[:values.ndim]:
        raise ValueError(f'called with reduction="none", {name_of(loss)} is to return one value '
                         f"per example, and returned shape {values.shape} for predictions of shape "
                         f"{pred.shape}")
    return values


def per_example_gradient(loss, pred, target, **options) -> np.ndarray:
    """d(loss of example i) / d(prediction i) for all examples: an array of pred's shape.

    Raises ValueError if the loss does not return one value per example.

    >>> from losses import huber
    >>> per_example_gradient(huber, [0.5, 9.0], [0.0, 0.0])
    array([0.5, 1. ])
    """
    pred = Tensor(pred.data if isinstance(pred, Tensor) else pred, requires_grad=True)
    return grad(each_loss(loss, pred, target, options).sum(), pred)


def lengths(rows) -> np.ndarray:
    """The length of each row of an array (n, k): (n,). A row of 1e-200s or 1e200s has one too.

    Their squares are no longer floats, so each row is first divided by its largest entry.
    """
    largest = np.abs(rows).max(axis=1, keepdims=True)
    largest[largest == 0.0] = 1.0
    return largest[:, 0] * np.linalg.norm(rows / largest, axis=1)


def last_layer_gradient(model, loss, x, target, **options) -> np.ndarray:
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
    g = per_example_gradient(loss, last(h), target, **options)
    bias = 0.0 if last.bias is None else 1.0
    return lengths(g) * np.sqrt((h * h).sum(axis=-1) + bias)


def gradient_share(gradients) -> np.ndarray:
    """Each example's part in the total length of all gradients: (n,), adding up to 1.

    `gradients` holds one gradient per row: (n,) or (n, ...). All zeros, if there is no gradient.
    Raises ValueError if there are no examples, or a gradient is not finite.

    >>> gradient_share([1.0, -1.0, 0.0, 2.0])
    array([0.25, 0.25, 0.  , 0.5 ])
    """
    gradients = np.asarray(gradients, dtype=float)
    if gradients.ndim == 0 or not gradients.size:
        raise ValueError(f"there are no examples: the gradients have shape {gradients.shape}, and "
                         "one row per example is needed")
    rows = gradients.reshape(len(gradients), -1)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if wrong.size:
        raise ValueError(f"a share needs finite gradients, and that of example {wrong[0]} holds "
                         f"nan or inf ({wrong.size} of {len(rows)} examples)")
    largest = np.abs(rows).max()
    if largest == 0.0:
        return np.zeros(len(rows))
    sizes = lengths(rows / largest)
    return sizes / sizes.sum()


def worst_share(shares, fraction: float = 0.01) -> float:
    """The part of the gradient that the worst `fraction` of the examples carries.

    It counts one example at least. Raises ValueError if there are no shares, or `fraction` is not
    above 0 and at most 1.

    >>> worst_share([0.7, 0.1, 0.1, 0.1], fraction=0.25)
    0.7
    """
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"fraction must be above 0 and at most 1, not {fraction}")
    if not len(shares):
        raise ValueError("there are no shares")
    count = max(1, round(fraction * len(shares)))
    return float(np.sort(shares)[::-1][:count].sum())


def best_constant(loss, target, **options) -> float:
    """The constant prediction that has the least total loss over the targets (n,).

    It is found on the engine's gradient alone: where the pulls on the constant add up to a push
    upwards it is too small, so the interval between the smallest and the largest target is halved
    until nothing is left of it. If a whole stretch is best, as under `mae` between the middle two
    of an even number of targets, the answer is its middle: the median.

    The loss may have one valley only; the answer is looked for between the targets.

    >>> from losses import mae, mse
    >>> [round(best_constant(loss, [1, 2, 3, 4, 100]), 6) for loss in (mse, mae)]  # mean, median
    [22.0, 3.0]
    """
    target = np.asarray(target, dtype=float)

    def push(constant):
        """The sum of all pulls, as a part of their total length: from -1, upwards, to 1."""
        pulls = per_example_gradient(loss, np.full(target.shape, constant), target, **options)
        total = np.abs(pulls).sum()
        return pulls.sum() / total if total else 0.0

    def end_of(stretch):
        """Up to where, from the left, `stretch` holds of the push."""
        low, high = target.min(), target.max()
        for _ in range(100):
            middle = 0.5 * low + 0.5 * high
            low, high = (middle, high) if stretch(push(middle)) else (low, middle)
        return high

    level = 1e-12  # a push this weak is rounding
    left, right = end_of(lambda p: p < -level), end_of(lambda p: p <= level)
    return float(0.5 * left + 0.5 * right)


class Field(NamedTuple):
    """A loss over a plane of predictions: x (m,), y (n,), loss (n, m), gradient (n, m, 2)."""

    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray


def field(loss, target, x, y, rest=(), **options) -> Field:
    """The loss and its gradient at all predictions (x, y, *rest): two numbers vary, the others not.

    Parameters
    ----------
    loss : function (pred, target, reduction="none")
        Called with predictions of shape (n, 2 + len(rest)). If it returns a loss for each number,
        as the losses of a regression do, an example's loss is their sum.
    target : class label, or a row of as many numbers as a prediction has
    x, y : arrays (m,) and (n,)
        The first and the second number of the prediction.
    rest : numbers
        All further ones, for example the logit of the third class.

    >>> from losses import mse
    >>> field(mse, [0.0, 0.0], x=[1.0], y=[0.0, 3.0]).gradient[:, 0]  # 2 e, for both numbers
    array([[2., 0.],
           [2., 6.]])
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    plane = [points.ravel() for points in np.meshgrid(x, y)]
    rows = np.stack([*plane, *(np.full(plane[0].shape, value) for value in rest)], axis=-1)
    rows = Tensor(rows, requires_grad=True)
    values = each_loss(loss, rows, repeated(target, len(rows)), options)
    values = values.sum(axis=-1) if values.ndim == 2 else values
    gradient = grad(values.sum(), rows)[:, :2]
    return Field(x, y, values.data.reshape(len(y), len(x)), gradient.reshape(len(y), len(x), 2))


# -- pictures: matplotlib is imported only when one is drawn ---------------------------------------


def new_figure(width, height, show=False):
    """An empty figure; only with `show` one that has a window."""
    if not show:
        return palette.new_figure(width, height)
    from matplotlib import pyplot
    return pyplot.figure(figsize=(width, height))


def settle(figure) -> None:
    """Lay a figure out once before it is saved.

    Which ticks an axis has depends on its size, and its size on how wide their labels are: in a
    single pass a label may end up outside the picture.
    """
    figure.draw_without_rendering()


def draw_family(axes, losses, pred: str, below: bool = False):
    """Draw several losses of one kind, one below the other: loss, gradient and curvature.

    Losses whose curves coincide share a line, and the legend names them all: "mse = l2".

    Parameters
    ----------
    axes : one to three matplotlib Axes that share their x axis
        For the loss, the gradient and the curvature, as far as they go.
    losses : dict from the name in the legend to a loss function
        Or to a pair (loss, pred), where the kind of prediction differs from that of the axis.
    pred : str
        A key of AXES: what the x axis shows.
    below : bool
        Put the legend under the last of the axes: many names would cover the lines.

    Returns the axes.
    """
    curves = together(losses, pred)
    for (name, curve), (colour, dashes) in zip(curves.items(), cycle(LINES), strict=False):
        for ax, values in zip(axes, curve[1:], strict=False):
            ax.plot(curve.x, values, color=colour, linestyle=dashes, label=name)
    for ax, label in zip(axes, ("loss", "gradient", "curvature"), strict=False):
        ax.set_ylabel(label)
        ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
        ax.margins(x=0.0)
    if below and len(losses) > 1:
        axes[-1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), fontsize=12,
                        ncols=1 if max(map(len, curves)) > 28 else 2)
    elif len(losses) > 1:
        axes[0].legend(loc="upper center", fontsize=12)
    axes[-1].set_xlabel(AXES[pred].label)
    return axes


def together(losses, pred) -> dict[str, Shape]:
    """The shape of each loss; those that coincide in all three curves under one joint name."""
    found = {}
    for name, loss in losses.items():
        loss, kind = loss if isinstance(loss, tuple) else (loss, pred)
        curves = shape(loss, pred=kind)
        twin = next((other for other, known in found.items() if same(known, curves)), None)
        if twin is None:
            found[name] = curves
        else:  # rebuilt, so that the order in the legend stays
            found = {f"{key} = {name}" if key == twin else key: known
                     for key, known in found.items()}
    return found


def same(first: Shape, second: Shape) -> bool:
    """Whether two shapes cannot be told apart in a picture."""
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9)
               for a, b in zip(first, second, strict=True))


def draw_losses(losses, show: bool = False):
    """Draw losses side by side, those of one kind in one column: loss, gradient, curvature.

    `losses` is a list of loss functions, or a dict from the name in the legend to a loss or a pair
    (loss, pred). Returns the Figure.
    """
    if not isinstance(losses, dict):
        losses = {name_of(loss): loss for loss in losses}
    columns = {}
    for name, loss in losses.items():
        loss, pred = loss if isinstance(loss, tuple) else (loss, None)
        columns.setdefault(drawable(loss, pred), {})[name] = loss
    if not columns:
        raise ValueError("there is no loss to draw")
    figure = new_figure(8.0 if len(columns) == 1 else 6.2 * len(columns), 9.5, show)
    grid = figure.subplots(3, len(columns), sharex="col", squeeze=False)
    for axes, (pred, family) in zip(grid.T, columns.items(), strict=True):
        draw_family(axes, family, pred, below=True)
        axes[0].set_title(list_of(family), fontsize=13)
        fit_curvature(axes[-1])
        figure.align_ylabels(axes)
    figure.suptitle("What a loss charges, how hard it pulls, how fast the pull changes")
    settle(figure)
    return figure


def list_of(names, width=52) -> str:
    """Names as one would say them, on lines that fit a column: "mse, mae and huber"."""
    *others, last = names
    said = f"{', '.join(others)} and {last}" if others else last
    return textwrap.fill(said, width, break_long_words=False)


def fit_curvature(ax) -> None:
    """Scale the chart of the curvature, which may run through powers of 10, or be 0 throughout."""
    values = np.concatenate([line.get_ydata() for line in ax.get_lines()
                             if not line.get_label().startswith("_")])
    if values.min() > 0.0 and values.max() > 1e3 * values.min():
        ax.set_yscale("log")
    if not values.any():
        ax.set_ylim(-1.0, 1.0)


def draw_loss(loss, *, pred: str | None = None, show: bool = False, **options):
    """Draw one loss: value, gradient and curvature above each other. Returns the Figure.

    `pred` is the kind of prediction, by default that of the catalogue, and "value" for a loss of
    your own; `options` are the loss's, for example delta=2.0.
    """
    chosen = partial(loss, **options) if options else loss
    name = name_of(chosen)
    figure = draw_losses({name: (chosen, drawable(loss, pred))}, show)
    figure.axes[0].set_title("")
    entry = entry_of(loss)
    message = (without_options(loss).__doc__ or "").strip().partition("\n")[0]
    figure.suptitle("\n".join([f"{name}:  {entry.formula}" if entry else name,
                               textwrap.fill(message, 64)]).strip())
    settle(figure)
    return figure


def draw_field(ax, loss, target, *, span: float = 3.0, rest=(), arrows: int = 13, **options):
    """Draw the gradient field of a loss: where each prediction of a plane is pulled, how hard.

    Two numbers of the prediction run from -span to span. The arrows show minus the gradient, the
    direction of descent, in lengths that can be compared; the grey lines are those of equal loss.

    `target`, `rest` and `options` are those of `field`, for example
    draw_field(ax, softmax_cross_entropy, target=0, rest=[0.0]). Returns ax.
    """
    fine, coarse = np.linspace(-span, span, 121), np.linspace(-0.93 * span, 0.93 * span, arrows)
    height = field(loss, target, fine, fine, rest, **options)
    levels = np.linspace(height.loss.min(), height.loss.max(), 12)[1:-1]
    ax.contour(fine, fine, height.loss, levels=levels, colors="0.75", linewidths=1.0)
    pull = field(loss, target, coarse, coarse, rest, **options)
    down = -pull.gradient
    longest = np.linalg.norm(down, axis=-1).max() or 1.0
    ax.quiver(coarse, coarse, down[..., 0], down[..., 1], color=BLUE, angles="xy", pivot="tail",
              scale_units="xy", scale=longest / (1.3 * (coarse[1] - coarse[0])), width=0.005)
    if np.ndim(target):
        ax.plot(*np.asarray(target)[:2], marker="*", color=ORANGE, markersize=18, linestyle="")
    ax.set(xlim=(-span, span), ylim=(-span, span), aspect="equal",
           xlabel="first number of the prediction", ylabel="second number")
    return ax
