"""What the hidden units say to a batch: alive, dead or saturated.

    activation_histograms(ax, model, x)
"""

from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np

from .labels import capital, compared, counted, fitted, is_drawable, name_ends, percent, short
from .palette import BLUE, GREY, ORANGE, require_axes
from .tensor import Tensor, array_of

MAPS = {"linear", "matmul", "dot"}
RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
SATURATED = {"tanh": lambda y: 1.0 - y * y < 0.1, "sigmoid": lambda y: 4.0 * y * (1.0 - y) < 0.1}
BATCH, OTHERS, BOTH = 1, 2, 3  # what a result was computed from: bits


class Hidden(NamedTuple):
    """What the units of one hidden layer say to a batch."""

    op: str  # the operation that made it: "relu", "tanh" ...
    values: np.ndarray  # (rows, units)


def activation_histograms(ax, model, x):
    """Draw a histogram of each hidden layer's values, the first layer on top.

    A hidden layer is what a linear map (`linear`, `@`) takes and another has computed, with weights
    that are Tensors: plain arrays belong to the input. They are found in the graph of one forward
    pass; no `.grad` is touched. Exact zeros are not part of the histogram: a black bar shows their
    share, as high as the histogram if all values are 0. A unit is *dead* if it is 0 for every row
    of x. A value of tanh or sigmoid is *saturated*, and red, if the slope there is below a tenth of
    the steepest. A layer *varies* by the root mean square of its units' deviations from row to row.

    Parameters
    ----------
    ax : matplotlib Axes
    model : callable, (n, features) -> Tensor
        The units are on the last axis of what a layer says; in `weight @ h` on the last but one.
    x : array (n, features)

    Returns
    -------
    ax; its title says how many units are dead, how much is saturated, how the last layer varies
    compared with the first.

    Raises
    ------
    TypeError, ValueError
        If x is empty, the model returns no Tensor, or its graph holds no hidden layer.

    >>> from matplotlib.figure import Figure
    >>> from minigrad import nn
    >>> model = nn.MLP([1, 2, 1], rng=0)
    >>> model.layers[0].weight.data = [[1.0, -1.0]]  # on positive x the second unit is dead
    >>> activation_histograms(Figure().subplots(), model, [[1.0], [2.0]]).get_title()
    '1 of 2 hidden units is dead (0 in every row)'
    """
    require_axes(ax)
    layers = _hidden_layers(model, x)
    low, high = _value_range(layers)
    edges = np.linspace(low, high, 1 + int(np.clip(np.sqrt(layers[0].values.size), 10, 60)))
    ends, zeros, red = [], [np.mean(values == 0.0) for _, values in layers], False
    for i, (op, values) in enumerate(layers):
        base = len(layers) - 1.0 - i
        living = values[is_drawable(values) & (values != 0.0)]
        flat = living[SATURATED[op](living)] if op in SATURATED else living[:0]
        red = red or flat.size > 0
        count = np.histogram(living, edges)[0]
        scale = 0.8 / max(1, count.max())
        ax.stairs(base + scale * count, edges, baseline=base, fill=True, color=BLUE, alpha=0.8)
        ax.stairs(base + scale * np.histogram(flat, edges)[0], edges, baseline=base, fill=True,
                  color=ORANGE)
        ax.plot([low, high], [base, base], color=GREY, linewidth=0.8)
        ax.plot([0.0, 0.0], [base, base + 0.8 * zeros[i]], color="black", linewidth=4,
                solid_capstyle="butt")
        ends.append((_said(op, values), (high, base + 0.3), "none"))

    notes = {"black: share of zeros": max(zeros) > 0.0, "red: saturated": red}
    note = f"   ({', '.join(text for text in notes if notes[text])})" if any(notes.values()) else ""
    rows = counted(len(layers[0].values), "row")
    ax.set_xlabel(fitted(ax, ax.xaxis.label, f"value, {rows}{note}"))
    ax.set_ylim(-0.1, len(layers))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_yticks(np.arange(len(layers)) + 0.3, [f"hidden {n}" for n in range(len(layers), 0, -1)])
    name_ends(ax, ends, low, high)
    ax.set_title(fitted(ax, ax.title, _hidden_message(layers)))
    return ax


def _hidden_layers(model, x) -> list[Hidden]:
    """The hidden layers of a model, in the order in which they are computed."""
    batch = Tensor(array_of(x), requires_grad=True)  # so that frozen layers are recorded as well
    if not batch.size:
        raise ValueError(f"there are no rows: x has shape {batch.shape}")
    try:
        output, leaf = model(batch), OTHERS
    except (TypeError, AttributeError):  # it takes arrays alone: who knows where the batch went
        output, leaf = model(batch.data), BOTH
    if not isinstance(output, Tensor):
        raise TypeError(f"the model returned {type(output).__name__}, not a Tensor, and its layers "
                        f"cannot be seen: compute with Tensors, not with their .data")
    if output.op is None:
        raise ValueError("the model's output does not know how it was computed: draw outside "
                         "no_grad(), and return no .detach()")
    sources, found = _sources(output, {batch: BATCH}, leaf), {}
    maps = [result for result in sources if result.op in MAPS]
    for result in maps:
        for side, tensor in enumerate(result.parents[:2]):
            if isinstance(tensor, Tensor) and tensor.op and sources[tensor] == BOTH:
                values = np.atleast_2d(tensor.data.astype(float))
                values = values if side == 0 else np.swapaxes(values, -1, -2)
                found[tensor] = Hidden(tensor.op, values.reshape(-1, values.shape[-1]))
    if not found:
        raise ValueError(f"there is no hidden layer: of {counted(len(maps), 'linear map')} in the "
                         f"model none takes what was computed from x and a Tensor. If the weights "
                         f"are plain arrays, make them Tensors")
    return list(found.values())


def _sources(output, sources, leaf):
    """For all that is behind `output`, in the order of computing, what it was computed from.

    BATCH alone (a standardised input), OTHERS alone (a weight, transposed) or BOTH. `sources` holds
    what is known; a leaf that is not in it gets `leaf`.
    """
    waiting = [output]
    while waiting:
        tensor = waiting[-1]
        parents = [parent for parent in tensor.parents if isinstance(parent, Tensor)]
        unknown = [parent for parent in parents if parent not in sources]
        if unknown:
            waiting += unknown
        else:
            known = (sources[parent] for parent in parents)
            sources.setdefault(waiting.pop(), reduce(or_, known, 0) or leaf)
    return sources


def _value_range(layers):
    """From where to where the values of all layers go; 0 lies between."""
    low, high = 0.0, 0.0
    for op, values in layers:
        ends = RANGES.get(op, (0.0, 0.0))
        values = values[is_drawable(values)]
        low = min(low, ends[0], values.min(initial=0.0))
        high = max(high, ends[1], values.max(initial=0.0))
    return (low, high) if low < high else (-1.0, 1.0)


def _dead(values):
    """How many units are 0 in every row."""
    return int((values == 0.0).all(axis=0).sum())


def _variation(values):
    """How much the units vary from row to row: the root mean square of their deviations."""
    deviation = np.sqrt(values.var(axis=0).mean())
    return deviation if deviation > 1e-14 * np.abs(values).max() else 0.0  # else it is rounding


def _said(op, values):
    """What is to be said of a layer: what is broken, saturated, dead, zero, else how it varies."""
    finite, zeros, units = is_drawable(values).mean(), np.mean(values == 0.0), values.shape[1]
    if finite < 1.0:
        return f"{percent(1.0 - finite)} not finite"
    if op in SATURATED and SATURATED[op](values).mean() >= 0.01:
        return f"{percent(SATURATED[op](values).mean())} saturated"
    if dead := _dead(values):
        return f"{percent(zeros)} zeros, {dead} of {units} dead"
    if zeros >= 0.01:
        return f"{percent(zeros)} zeros"
    return f"varies by {short(_variation(values), 2)}" if len(values) > 1 else ""


def _hidden_message(layers):
    """What all layers show together."""
    broken = [n for n, (_, values) in enumerate(layers, 1) if not is_drawable(values).all()]
    if broken:
        return f"Not every value is finite, from hidden {broken[0]} on"
    units = sum(values.shape[1] for _, values in layers)
    dead = sum(_dead(values) for _, values in layers)
    flat = [SATURATED[op](values).ravel() for op, values in layers if op in SATURATED]
    share = np.concatenate(flat).mean() if flat else 0.0
    first, last = _variation(layers[0].values), _variation(layers[-1].values)
    said = []
    if dead:
        said.append(f"{dead:,} of {units:,} hidden units {'is' if dead == 1 else 'are'} dead (0 in "
                    f"{'every' if len(layers[0].values) > 1 else 'the one'} row)")
    if share >= 0.01:
        said.append(f"{percent(share)} of the hidden values are saturated")
    if first > 0.0 == last:
        said.append(f"hidden {len(layers)} is the same in every row")
    elif first > 0.0 and not 1.0 / 3.0 < last / first < 3.0:
        said.append(f"from row to row, hidden {len(layers)} varies "
                    f"{compared(last / first, 'much')} as hidden 1")
    return capital("; ".join(said[:2]) or "no hidden unit is dead")
