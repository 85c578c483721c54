"""Points in the plane: where a classifier draws its line, and which points still teach it.

    decision_boundary(ax, model, x, y)    what the model decides, everywhere, and where it is wrong
    gradient_sizes(ax, x, gradients, y)   how hard each point pulls at the model

A model is any callable that maps an array (n, 2) to a Tensor or an array. It is only asked: nothing
is recorded and no `.grad` is touched.
"""

import warnings

import numpy as np

from .functional import softmax
from .palette import (AMBER, BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, legend_beside,
                      require_axes, require_whole)
from .tensor import Tensor, no_grad

# A class has a colour and a marker of its own. Ten are as many as an eye can keep apart.
CLASSES = [(BLUE, "o"), (AMBER, "s"), (GREEN, "^"), (PURPLE, "D"), (ORANGE, "v"), (SKY, "P"),
           (BLACK, "X"), ("#882255", "<"), ("#999933", ">"), (GREY, "*")]
ROWS = 8192  # of the grid, given to the model at once: a wide model needs memory for each
FAR = 15  # quartile distances from the median: points beyond would shrink all others to a dot


def decision_boundary(ax, model, x, y, *, names=None, resolution: int = 200):
    """Draw what a model decides at every place of the plane, and the points it was made for.

    The ground has the colour of the class that is decided there, the stronger the surer the model
    is; the line runs where the decision changes. A black ring marks a point on the wrong side.
    Points so far out that they would shrink all others to a dot are drawn at the edge.

    Parameters
    ----------
    ax : matplotlib Axes
    model : callable, (n, 2) -> (n, C), (n, 1) or (n,)
        Several columns: the largest decides, and the softmax says how sure (rows that are
        probabilities already are taken as such). One column, or none: a score, whose sign decides
        and whose sigmoid says how sure. It is given arrays of the dtype of x.
    x : array (n, 2)
    y : array (n,) or (n, 1)
        Labels 0 ... C - 1, or -1 and +1.
    names : list of str, optional
        Of the classes, for the legend; an empty list means no legend.
    resolution : int
        How many places are asked along each axis.

    Returns
    -------
    ax, with the share of points that are right as its title.

    Raises
    ------
    ValueError, TypeError
        If x or y has another shape, or values that are no numbers or no labels of this model; if
        the model returns another shape, or nan.

    The line x1 = x2, and three points of which one is on the wrong side:

    >>> from matplotlib.figure import Figure
    >>> points = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0]])
    >>> ax = Figure().subplots()
    >>> decision_boundary(ax, lambda x: x[:, 0] - x[:, 1], points, [0, 1, 0]).get_title()
    '66 % right (2 of 3)'
    """
    require_axes(ax)
    if not callable(model):
        raise TypeError(f"the model is asked everywhere, so it is to be a function of places "
                        f"(n, 2), not {type(model).__name__}")
    x = _points(x)
    labels = _labels(y, len(x))
    require_whole(2, resolution=resolution)
    outputs = _columns(_outputs(model, x))
    labels, names = _classes(labels, outputs.shape[1], names)
    wrong = outputs.argmax(axis=1) != labels

    view = _view(x)
    _draw_ground(ax, model, *(np.linspace(*ends, resolution, dtype=x.dtype) for ends in view))
    _frame(ax, view)
    places, note = _to_the_edge(x, view)
    _draw_classes(ax, places, labels, wrong, names)
    n, right = len(x), int(len(x) - wrong.sum())
    ax.set_title(f"{100 * right // n} % right ({right:,} of {n:,}){note}")  # 100 % only if all are
    return ax


def gradient_sizes(ax, x, gradients, y=None, *, names=None):
    """Draw each point as large as its own gradient is long: which points still teach the model.

    The area of a ringed point grows in proportion to the length of its gradient, beginning at that
    of a small dot. A point whose gradient is exactly 0 has no say any more: it is small and hollow.

    Parameters
    ----------
    ax : matplotlib Axes
    x : array (n, 2)
    gradients : array (n,) or (n, k)
        For each example its own gradient (a row), or that gradient's length.
    y : array (n,) or (n, 1), optional
        Labels 0 ... C - 1, or -1 and +1, for the colours.
    names : list of str, optional
        Of the classes, for the legend; an empty list means no legend.

    Returns
    -------
    ax, with the number of points that still teach as its title.

    Raises
    ------
    ValueError, TypeError
        If a shape does not fit, a gradient is nan or inf, or y holds no labels.

    >>> from matplotlib.figure import Figure
    >>> points = [[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]]
    >>> print(gradient_sizes(Figure().subplots(), points, [0.0, -3.0, 1.0, 1.0]).get_title())
    3 of 4 points still teach,
    half of the pull comes from 1
    """
    require_axes(ax)
    x = _points(x)
    lengths = _lengths(gradients, len(x))
    if y is None:
        labels = np.zeros(len(x), dtype=int)
        names = ["its own gradient"] if names is None else list(names)
        if len(names) > 1:
            raise ValueError(f"names are those of the classes in y, which is missing: {names}")
    else:
        labels = _labels(y, len(x))
        named = 0 if names is None else len(names)
        labels, names = _classes(labels, named or max(2, labels.max() + 1), names)
    view = _view(x)
    _frame(ax, view)
    places, note = _to_the_edge(x, view)
    largest = lengths.max() or 1.0
    colours = np.array([colour for colour, _ in CLASSES])[labels]
    areas = 6.0 + np.clip(8e4 / len(x), 40, 400) * (lengths / largest)
    # One marker for all: areas can be compared only between equal shapes. Small ones lie on top.
    order = np.argsort(-lengths, kind="stable")
    pulling, silent = order[lengths[order] > 0.0], order[lengths[order] == 0.0]
    small = np.clip(200 / np.sqrt(len(x)), 4, 14)
    ax.scatter(*places[silent].T, s=small, facecolor="none", edgecolor=colours[silent],
               linewidth=small / 15, clip_on=False, zorder=2)
    ax.scatter(*places[pulling].T, s=areas[pulling], color=colours[pulling], edgecolor="black",
               alpha=0.75, linewidth=0.9, clip_on=False, zorder=3)
    if names:
        for c, name in enumerate(names):
            ax.scatter([], [], s=90, color=CLASSES[c][0], edgecolor="black", label=name)
        if silent.size:
            ax.scatter([], [], s=14, facecolor="none", edgecolor="black",
                       label=f"exactly 0: {silent.size:,}")
        legend_beside(ax)
    ax.set_title(_who_teaches(lengths) + note)
    return ax


def _who_teaches(lengths):
    n, still = len(lengths), int((lengths > 0.0).sum())
    if still == 0:
        return f"None of {n:,} points teaches any more"
    if still == 1:
        return f"1 of {n:,} points still teaches"
    pull = np.cumsum(np.sort(lengths / lengths.max())[::-1])
    half = int(np.searchsorted(pull, pull[-1] / 2)) + 1
    who = f"All {n:,} points" if still == n else f"{still:,} of {n:,} points"
    return f"{who} still teach,\nhalf of the pull comes from {half:,}"


# -- what is asked of the arguments ----------------------------------------------------------------


def _points(x):
    x = np.asarray(x.data if isinstance(x, Tensor) else x)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"a picture has two axes: x is to have shape (n, 2), and has {x.shape}. "
                         f"Choose two columns, as in x[:, [0, 1]], and a model of these two")
    if not len(x):
        raise ValueError("there are no points: x has shape (0, 2)")
    if x.dtype.kind not in "biuf":
        raise TypeError(f"the points are to be numbers, and x holds {x.dtype}")
    if not np.isfinite(x).all():
        row = np.flatnonzero(~np.isfinite(x).all(axis=1))[0]
        raise ValueError(f"x[{row}] is {x[row]}: a point needs a place to be drawn at")
    return x if x.dtype == np.float32 else x.astype(np.float64)


def _labels(y, n):
    y = np.asarray(y.data if isinstance(y, Tensor) else y)
    if y.shape not in ((n,), (n, 1)):
        hint = ": from rows of one 1 take y.argmax(axis=1)" if y.ndim == 2 else ""
        raise ValueError(f"x holds {n} points and y has shape {y.shape}; it needs one label for "
                         f"each point, shape ({n},){hint}")
    if y.dtype.kind not in "biuf" or not np.array_equal(y, np.floor(y)):
        raise ValueError(f"labels are whole numbers, 0 ... C - 1 or -1 and +1, and y holds "
                         f"{y.dtype}: {np.unique(y)[:5]}")
    return y.reshape(n).astype(np.int64)


def _classes(labels, classes, names):
    """The labels as 0 ... C - 1, and the names of the classes."""
    if classes > len(CLASSES):
        raise ValueError(f"one picture keeps {len(CLASSES)} classes apart, not {classes}")
    found = np.unique(labels)
    signs = classes == 2 and found[0] == -1 and set(found) <= {-1, 1}
    if not signs and not 0 <= found[0] <= found[-1] < classes:
        what = ("two classes, one score or two columns of the model, have the labels 0 and 1, or "
                "-1 and +1" if classes == 2 else f"{classes} classes have the labels 0 ... "
                f"{classes - 1}, one for each column of the model")
        raise ValueError(f"{what}; and y holds {found}")
    if names is None:
        names = ["−1", "+1"] if signs else [f"class {c}" for c in range(classes)]
    if isinstance(names, str) or len(names) not in (0, classes):
        raise ValueError(f"there are {classes} classes, and names is {names!r}")
    return (labels + 1) // 2 if signs else labels, list(names)


def _outputs(model, x):
    """What the model says of each row: (n, C), or (n, 1) for a score."""
    parts = []
    with no_grad():
        for start in range(0, len(x), ROWS):
            rows = x[start:start + ROWS]
            out = model(rows)
            out = np.asarray(out.data if isinstance(out, Tensor) else out)
            if out.ndim not in (1, 2) or len(out) != len(rows) or not out.size:
                raise ValueError(f"the model was given {rows.shape} and returned {out.shape}: it "
                                 f"is to return ({len(rows)}, C) for C classes, or "
                                 f"({len(rows)}, 1) or ({len(rows)},) for a score")
            parts.append(out.reshape(len(rows), -1))
    outputs = np.concatenate(parts)
    if not np.isfinite(outputs).all():
        raise ValueError(f"the model returned nan or inf for {(~np.isfinite(outputs)).any(1).sum()}"
                         f" of {len(x)} places: it is broken, and decides nothing there. "
                         f"detect_anomaly() finds the operation")
    return outputs


def _columns(outputs):
    """A column for each class: (n, C). A score s is (0, s)."""
    return np.pad(outputs, [(0, 0), (1, 0)]) if outputs.shape[1] == 1 else outputs


def _warn_of_a_probability(outputs):
    """A sigmoid at the end of a model never changes its sign: all would be class 1."""
    if outputs.shape[1] == 1 and 0.0 <= outputs.min() and 0.0 < outputs.max() <= 1.0:
        warnings.warn("every score lies between 0 and 1, and the sign of a score decides: if it is "
                      "a probability, pass lambda x: model(x) - 0.5, or the model without its "
                      "sigmoid", stacklevel=4)


def _lengths(gradients, n):
    """The length of each row; only a row of exact zeros has length 0."""
    gradients = np.asarray(gradients.data if isinstance(gradients, Tensor) else gradients)
    if gradients.ndim == 0 or len(gradients) != n or not gradients.size:
        raise ValueError(f"x holds {n} points and the gradients have shape {gradients.shape}: each "
                         f"point needs its own, ({n},) or ({n}, k), as by reduction=\"none\"")
    rows = np.abs(gradients.reshape(n, -1).astype(np.float64))
    if not np.isfinite(rows).all():
        row = np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]
        raise ValueError(f"the gradient of point {row} holds nan or inf")
    largest = rows.max(axis=1, keepdims=True)  # divided by it, no square is too small or too large
    return largest[:, 0] * np.linalg.norm(rows / np.where(largest > 0.0, largest, 1.0), axis=1)


# -- how it is drawn -------------------------------------------------------------------------------


def _view(x):
    """The limits of both axes: all points but the far ones, and a little room."""
    lower, middle, upper = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    spread = np.where(upper > lower, upper - lower, np.inf)
    near = x[(np.abs(x - middle) <= FAR * spread).all(axis=1)]
    low, high = near.min(axis=0), near.max(axis=0)
    room = np.where(high > low, 0.1 * (high - low), 1.0)
    return np.stack([low - room, high + room], axis=1)


def _to_the_edge(x, view):
    """The places where the points are drawn, and what the title has to say about that."""
    places = np.clip(x, view[:, 0], view[:, 1])
    outside = int((places != x).any(axis=1).sum())
    return places, f"\n({outside:,} far outside, drawn at the edge)" if outside else ""


def _frame(ax, view):
    """Limits, names for the axes unless they have some, no grid."""
    ax.set(xlim=view[0], ylim=view[1], xlabel=ax.get_xlabel() or "x₁",
           ylabel=ax.get_ylabel() or "x₂")
    ax.grid(False)


def _draw_ground(ax, model, across, up):
    """What the model decides at each crossing of the columns `across` with the rows `up`."""
    crossings = np.stack([values.ravel() for values in np.meshgrid(across, up)], axis=1)
    outputs = _outputs(model, crossings)
    _warn_of_a_probability(outputs)
    outputs = _columns(outputs).reshape(len(up), len(across), -1)
    ax.imshow(_colours(outputs), extent=(across[0], across[-1], up[0], up[-1]), origin="lower",
              aspect=ax.get_aspect(), interpolation="bilinear", zorder=0)
    for c in range(outputs.shape[-1] - 1):  # the last class's borders are the others' as well
        lead = outputs[..., c] - np.delete(outputs, c, axis=-1).max(axis=-1)
        if lead.min() < 0.0 < lead.max():
            ax.contour(across, up, lead, levels=[0.0], colors="0.25", linewidths=1.6, zorder=1)


def _colours(outputs):
    """The colour of each place, (height, width, 3): the class's, paler where it is less sure."""
    classes = outputs.shape[-1]
    given = (outputs >= 0.0).all() and np.allclose(outputs.sum(axis=-1), 1.0, atol=1e-4)
    chances = outputs if given else softmax(outputs)
    sure = (chances.max(axis=-1, keepdims=True) - 1 / classes) / (1 - 1 / classes)
    colours = np.array([[int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]  # "#0072B2"
                        for colour, _ in CLASSES])
    return 1.0 - (0.08 + 0.27 * sure) * (1.0 - colours[outputs.argmax(axis=-1)])


def _draw_classes(ax, places, labels, wrong, names):
    """Points in the colour and with the marker of their class, the wrong ones rimmed in black."""
    area = np.clip(600 / np.sqrt(len(places)), 8, 90)
    black = {"s": 1.4 * area, "edgecolor": "black", "linewidth": np.clip(area / 30, 0.5, 1.6)}
    white = {"s": area, "edgecolor": "white", "linewidth": 0.5}
    for c, (colour, marker) in enumerate(CLASSES[:max(labels.max() + 1, len(names))]):
        for mask, rim, above in ((~wrong, white, 0), (wrong, black, 1)):
            ax.scatter(*places[mask & (labels == c)].T, color=colour, marker=marker, **rim,
                       clip_on=False, zorder=3 + above)
        if names:
            ax.scatter([], [], color=colour, marker=marker, **white, label=names[c])
    if wrong.any():
        ax.scatter([], [], facecolor="none", **black, label=f"wrong: {wrong.sum():,}")
    if names:
        legend_beside(ax)
