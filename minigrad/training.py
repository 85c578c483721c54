"""What happens while a network learns: a history of the run, and pictures of it.

    history = History(model)
    for step in range(300):
        loss = softmax_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.record(loss=loss)

    learning_curves(ax, history)          the recorded numbers over the steps
    gradient_flow(ax, history)            how large each layer's gradient is, over the steps
    gradient_flow(ax, history, "update")  how far its weights move
    gradient_flow(ax, history, "ratio")   the same, as a part of the weights' own size

A *step* of a history ends when a name comes again, or when the model's weights have moved. So
whatever is recorded between two optimiser steps is one step, in one call of `record` or in several.
"""

import re
from array import array
from typing import NamedTuple

import numpy as np

from .labels import (HUGE, NO_BREAK, capital, compared, counted, fitted, is_drawable, listed,
                     name_ends, part_of, percent, ratio_of, short)
from .palette import CURVES, GREY, require_axes, require_whole
from .tensor import array_of

QUANTILES = np.array([0.1, 0.5, 0.9])
UNKNOWN = (np.nan,) * 4  # in place of three quantiles and the share of zeros
POINTS = 200  # of a line over the steps: more would be a smear

# -- numbers ---------------------------------------------------------------------------------------


class Spread(NamedTuple):
    """How large the entries of an array are, whatever their signs, at each of k steps.

    Entries that are exactly 0 are counted apart, so that dead units do not hide how the others
    learn. Where all are 0, so are `low`, `median` and `high`; where one is nan or inf, these are
    nan; where there was no array at all, so is `zeros`.
    """

    steps: np.ndarray  # (k,) their numbers
    low: np.ndarray  # (k,) 10 % of the entries that are not 0 are smaller
    median: np.ndarray  # (k,)
    high: np.ndarray  # (k,) 10 % are larger
    zeros: np.ndarray  # (k,) the share of entries that are exactly 0


class History:
    """What was recorded of a run: numbers by name, and how each parameter has learnt.

    Parameters
    ----------
    model : anything with named_parameters(), or a dict, optional
        An `nn.Module`; of a model that is a function the Tensors that it learns, by name. Without
        it numbers alone are recorded.

    Attributes
    ----------
    step : int
        The number of the last step. Whoever records after each optimiser step finds the state
        after k of them at step k; 0 is what was recorded before the first gradient.
    parameters : list of str
        The names of the parameters recorded, such as "layers.0.weight".

    `history["loss"]` is an array of all numbers of that name, `history.steps("loss")` of their
    steps; `list(history)` are the names. A step takes 80 bytes for each parameter, however large
    it is, and the time of two or three training steps of a small network: record a large one
    every tenth step.

    Raises
    ------
    TypeError
        If the model has no named_parameters() and is no dict of Tensors.

    The gradient of sum(x w) in w is x = (3, -4); with a learning rate of 0.1 the update is x / 10:

    >>> from minigrad import nn
    >>> model = nn.Linear(2, 1, bias=False, rng=0)
    >>> history = History(model)
    >>> loss = model(np.array([[3.0, -4.0]])).sum()
    >>> loss.backward()
    >>> model.weight.data -= 0.1 * model.weight.grad
    >>> history.record(loss=loss)
    >>> history
    History of 1 step: loss; 1 parameter
    >>> history.spread("weight").median, history.spread("weight", "update").median.round(6)
    (array([3.5]), array([0.35]))
    """

    def __init__(self, model=None):
        tensors = isinstance(model, dict) and all(hasattr(p, "grad") for p in model.values())
        named = model.items if tensors else getattr(model, "named_parameters", None)
        if model is not None and (named is None or isinstance(model, type)):
            raise TypeError(f"History(model) asks a model for its named_parameters() and was given "
                            f"{model!r:.60}: pass the model itself, for a function a dict of its "
                            f"Tensors by name, or nothing for numbers alone")
        self.step = 0
        self._named = named  # gives pairs of a name and a Tensor; None: numbers alone are recorded
        self._curves = {}  # name -> its steps, its numbers
        self._rows = {}  # parameter -> a row per step: step, gradient (4), update (4), size
        self._names = set()  # of the numbers that this step has already
        self._values = {name: values for name, values, _ in self._parameters()}

    def record(self, /, *unnamed, **numbers) -> None:
        """Record numbers by name and, once in a step, how the parameters learn.

        Call it after `optimizer.step()` and before the next `zero_grad()`: the gradients are then
        those of this step, and the update is the way that it went. To be exact, the update is the
        difference to the values in the step before, or when the history was made: whoever records
        once an epoch finds the way of a whole epoch.

        Parameters
        ----------
        numbers : Tensors of one value, or plain numbers
            nan and inf are recorded as they are. The names may differ from call to call.

        Raises
        ------
        TypeError, ValueError
            If a value has no name, or is not one number. Nothing is recorded then.
        RuntimeError
            If the weights have moved but there are no gradients any more.
        """
        if unnamed:
            raise TypeError("a number is recorded by name: write history.record(loss=loss)")
        if not numbers and self._named is None:
            raise ValueError("there is nothing to record: write history.record(loss=loss)")
        numbers = {name: _number(name, value) for name, value in numbers.items()}
        parameters = self._parameters()
        learning = any(gradient is not None for _, _, gradient in parameters)
        moved = any(not np.array_equal(values, self._values.get(name))
                    for name, values, _ in parameters)
        if moved and not learning:
            raise RuntimeError("the weights have moved and no parameter has a gradient: record "
                               "after optimizer.step() and before zero_grad(). For numbers alone "
                               "make it History(), without the model")
        begun = self.step if self._named is None else self._rows or not learning
        if moved or not begun or not numbers or numbers.keys() & self._names:
            self._next_step(parameters if learning else [], moved)
        self._names |= numbers.keys()
        for name, number in numbers.items():
            steps, values = self._curves.setdefault(name, (array("q"), array("d")))
            steps.append(self.step)
            values.append(number)

    def __getitem__(self, name) -> np.ndarray:
        """All numbers recorded under a name: (k,). KeyError, with the names there are."""
        return np.array(_look_up(self._curves, name, "number")[1])

    def steps(self, name) -> np.ndarray:
        """The steps at which numbers were recorded under a name: (k,)."""
        return np.array(_look_up(self._curves, name, "number")[0])

    def __iter__(self):
        return iter(self._curves)

    @property
    def parameters(self) -> list[str]:
        return list(self._rows)

    def spread(self, parameter: str, what: str = "gradient") -> Spread:
        """How large the entries of a parameter's gradient or update are, step by step.

        Parameters
        ----------
        parameter : str
            One of `parameters`. KeyError, with those there are, if it is none.
        what : "gradient", "update" or "ratio"
            The ratio is the update divided by the parameter's size (see `sizes`).
        """
        if what not in AXIS:
            raise ValueError(f"what is one of {', '.join(AXIS)}, not {what!r}")
        rows = self._table(parameter)
        low, median, high, zeros = rows[:, 1:5].T if what == "gradient" else rows[:, 5:9].T
        if what == "ratio":
            size = np.where(rows[:, 9] > 0.0, rows[:, 9], 1.0)  # if all is 0, so is the update
            low, median, high = low / size, median / size, high / size
        return Spread(rows[:, 0].astype(int), low, median, high, zeros)

    def sizes(self, parameter: str) -> np.ndarray:
        """How large a parameter is after each step, the root mean square of its entries: (k,)."""
        return self._table(parameter)[:, 9]

    def __repr__(self):
        numbers = ", ".join(self._curves) or "no numbers"
        learnt = f"; {counted(len(self._rows), 'parameter')}" if self._named is not None else ""
        return f"History of {counted(self.step, 'step')}: {numbers}{learnt}"

    def _next_step(self, parameters, moved):
        """Begin a step, with a row for each parameter."""
        first = not self._rows
        self.step += 1
        self._names = set()
        for name, values, gradient in parameters:
            before = self._values.get(name)
            known = before is not None and before.shape == values.shape and (moved or not first)
            with np.errstate(all="ignore"):  # of a run that explodes, too
                row = (self.step, *(UNKNOWN if gradient is None else _quantiles(gradient)),
                       *(_quantiles(values - before) if known else UNKNOWN),
                       np.sqrt(np.mean(np.square(values))))
            self._rows.setdefault(name, array("d")).extend(row)
            self._values[name] = values

    def _parameters(self):
        """Triples: a parameter's name, a copy of its values, its gradient or None."""
        if self._named is None:
            return []
        return [(name, np.asarray(p.data).copy(), None if p.grad is None else np.asarray(p.grad))
                for name, p in self._named() if 0 not in p.data.shape]

    def _table(self, parameter):
        return np.array(_look_up(self._rows, parameter, "parameter")).reshape(-1, 10)


def _look_up(recorded, name, what):
    if name not in recorded:
        raise KeyError(f"no {what} {name!r} was recorded; there are {list(recorded)}")
    return recorded[name]


def _number(name, value) -> float:
    """One number, out of a Tensor or an array of one value."""
    values = np.asarray(array_of(value))
    if values.dtype.kind not in "iubf":
        raise TypeError(f"{name} must be a number, not {value!r:.60}")
    if values.size != 1:
        raise ValueError(f"{name} has shape {values.shape}, and one number has shape (): record "
                         f"its mean()")
    return float(values.item())


def _quantiles(values):
    """The 10, 50 and 90 % quantiles of |values| that are not 0, and the share of zeros."""
    sizes = np.abs(values).ravel()
    living = sizes[sizes != 0.0]
    zeros = 1.0 - living.size / sizes.size
    if not living.size:
        return 0.0, 0.0, 0.0, zeros
    if not np.isfinite(living.max()):
        return np.nan, np.nan, np.nan, zeros
    place = QUANTILES * (living.size - 1)
    below = place.astype(int)
    above = np.minimum(below + 1, living.size - 1)
    living.partition([*below, *above])  # sorts these places only; np.quantile is slower
    return *(living[below] + (place - below) * (living[above] - living[below])), zeros


# -- curves ----------------------------------------------------------------------------------------


def learning_curves(ax, curves, *, smooth: int = 1, log: bool = False):
    """Draw recorded numbers over the steps; where a curve ceases to be finite, it says so.

    Parameters
    ----------
    ax : matplotlib Axes
    curves : History, or dict from a name to values (k,) or to a pair (steps, values)
        Without steps, the values are those of steps 1 ... k.
    smooth : int
        Draw the mean of the `smooth` values around each, and the values pale behind it.
    log : bool
        A logarithmic axis, on which exponential progress is a straight line. What is 0 or less has
        no place on it and is treated like a nan.

    Returns
    -------
    ax; its title says where the curves begin, turn and end, or what is not finite.

    Raises
    ------
    ValueError, TypeError
        If there is nothing to draw, steps and values differ in length, steps go back, or a value
        is no number.

    >>> from matplotlib.figure import Figure
    >>> learning_curves(Figure().subplots(), {"loss": [2.0, 1.0, 0.5]}).get_title()
    'By step 3: loss 2 → 0.5'
    >>> learning_curves(Figure().subplots(), {"loss": [2.0, 1.0, np.nan, np.nan]}).get_title()
    'loss is nan from step 3 on'
    """
    require_axes(ax)
    curves = _curves(curves)
    require_whole(1, smooth=smooth)
    if log:
        ax.set_yscale("log")
    ends, ways, gaps = [], [], []
    for number, (name, (steps, values)) in enumerate(curves.items()):
        again, number = divmod(number, len(CURVES))  # used up, the colours get other dashes
        colour, dash = CURVES[number][0], CURVES[(number + again) % len(CURVES)][1]
        shown = is_drawable(values) & ((values > 0.0) | (not log))
        each = np.where(shown, values, np.nan)
        line = _running_mean(each, smooth)
        if smooth > 1:
            ax.plot(steps, each, color=colour, linewidth=1.0, alpha=0.35)
        ax.plot(steps, line, color=colour, linestyle=dash, label=name)
        _mark_gaps(ax, steps, line, colour)
        kind, where = _gaps(steps, values, shown)
        if kind:
            gaps.append(f"{name} is {kind} {where}")
        if shown.any():
            ways.append(_way(name, steps[shown], line[shown]))
        end = (steps[shown][-1], line[shown][-1]) if shown.any() else None
        ends.append((name if shown[-1] else f"{name}: {kind}", end, colour))

    every = np.concatenate([steps for steps, _ in curves.values()])
    note = f"   (bold: the mean of {smooth} values)" if smooth > 1 else ""
    ax.set_xlabel(fitted(ax, ax.xaxis.label, f"step{note}"))
    ax.set_ylabel(next(iter(curves)) if len(curves) == 1 else "value")
    name_ends(ax, ends, every.min(), every.max())
    ways = ", ".join(ways) if len(ways) < 4 else f"{len(ways)} curves"
    ax.set_title(fitted(ax, ax.title, "; ".join(gaps[:2]) or f"By step {every.max():,g}: {ways}"))
    return ax


def _curves(curves):
    """A dict from each name to its steps and its values, two arrays of one length."""
    if isinstance(curves, History):
        curves = {name: (curves.steps(name), curves[name]) for name in curves}
    if not isinstance(curves, dict):
        raise TypeError(f'curves are a History or a dict such as {{"loss": values}}, not '
                        f"{type(curves).__name__}")
    if not curves:
        raise ValueError("there are no curves: no number has been recorded")
    found = {}
    for name, values in curves.items():
        steps = None
        if isinstance(values, tuple) and len(values) == 2 and np.iterable(values[0]):
            steps, values = values
        row = isinstance(values, list | tuple)
        values = [array_of(value) for value in values] if row else array_of(values)
        shape = np.shape(values)
        if len(shape) != 1 or not shape[0]:
            raise ValueError(f"the curve {name!r} has shape {shape}: give it one row of values, "
                             f"shape (k,), or a pair (steps, values)")
        values = np.array([_number(name, value) for value in values])
        steps = np.arange(1, len(values) + 1) if steps is None else np.asarray(steps)
        finite = steps.dtype.kind in "iuf" and np.isfinite(steps).all()
        if steps.shape != values.shape or not finite:
            raise ValueError(f"the curve {name!r} has steps of shape {steps.shape} and values of "
                             f"shape {values.shape}: each value has a step, a number")
        steps = steps.astype(float)
        back = np.flatnonzero(np.diff(steps) < 0.0)
        if back.size:
            raise ValueError(f"the steps of the curve {name!r} go back, from {steps[back[0]]:g} to "
                             f"{steps[back[0] + 1]:g}: sort them, and the values with them")
        found[str(name)] = steps, values
    return found


def _running_mean(values, width):
    """The mean of the `width` values around each; nan are left out, and stay nan."""
    known, window = np.isfinite(values), np.ones(min(width, len(values)))
    sums = np.convolve(np.where(known, values, 0.0), window, "same")
    counts = np.convolve(known, window, "same")
    return np.where(known, sums / np.maximum(counts, 1.0), np.nan)


def _mark_gaps(ax, steps, line, colour):
    """A cross where a line is lost, a dot where a value stands alone and would not be seen."""
    known = np.isfinite(line)
    before, after = np.append(False, known[:-1]), np.append(known[1:], False)
    lost = known & ~after & (np.arange(len(line)) < len(line) - 1)
    alone = known & ~before & ~after & ~lost
    for places, marker in ((lost, "X"), (alone, "o")):
        if places.any():  # a line of no points would stretch the layout to the figure's corner
            ax.plot(steps[places], line[places], linestyle="none", marker=marker, markersize=10,
                    color=colour, markeredgecolor="white", clip_on=False, zorder=4)


def _gaps(steps, values, shown):
    """What the values that are not shown are, and where; two empty texts if all are shown."""
    gone = np.flatnonzero(~shown)
    if not gone.size:
        return "", ""
    kinds = {_kind(value) for value in values[gone]}
    kind = kinds.pop() if len(kinds) == 1 else "not finite"
    if gone.size == len(values) - gone[0]:
        return kind, f"from step {steps[gone[0]]:,g} on"
    return kind, f"at {gone.size:,} of {len(values):,} steps"


def _kind(value):
    """What sort of number cannot be drawn."""
    if np.isfinite(value):
        return "0 or less" if value <= 0.0 and abs(value) < HUGE else "immense"
    return "nan" if np.isnan(value) else "inf" if value > 0.0 else "−inf"


def _way(name, steps, line):
    """Where a curve begins and ends and, if it went well beyond both, where it turned."""
    first, last = line[0], line[-1]
    beyond = np.maximum(line - max(first, last), min(first, last) - line)
    turn = beyond.argmax()
    over = f" → {short(line[turn])} (step {steps[turn]:,g})"
    over = over if beyond[turn] > 0.1 * np.ptp(line) else ""
    way = f"{name} {short(first)}{over}" + f" → {short(last)}" * (len(line) > 1)
    return way.replace(" ", NO_BREAK)


# -- the gradients of the layers -------------------------------------------------------------------

AXIS = {"gradient": "size of a weight's gradient", "update": "how far a weight moves",
        "ratio": "move of a weight / size of weights"}
GUIDE = 1e-3  # its source is given below


def gradient_flow(ax, history: History, what: str = "gradient"):
    """Draw how large each layer's gradient is over the steps, on a logarithmic axis.

    A layer is a parameter of two axes or more (if there is none, any parameter); the first is dark,
    the last light. The line is the median of its entries that are not 0. The band holds 80 % of
    them, from the 10 to the 90 % quantile; of more than four layers only the first and the last
    have one. A layer whose entries all are exactly 0 stands on the grey ground at the foot. In a
    long history a point is the median over several steps.

    Parameters
    ----------
    ax : matplotlib Axes
    history : History of a model
    what : "gradient", "update" or "ratio"
        The ratio, of the update to the size of the layer's weights, has a guide at 1/1,000.

    Returns
    -------
    ax; its title compares the first layer with the last, or names those that do not learn.

    Raises
    ------
    ValueError, TypeError
        If `history` holds no gradients, or `what` is none of the three.

    Source
    ------
    Of the guide: Karpathy, notes to Stanford's CS231n, "Ratio of weights:updates", a "rough
    heuristic": if it is lower than about 1e-3, the learning rate might be too low, if higher, it is
    likely too high. https://cs231n.github.io/neural-networks-3/#ratio. It compares the update of
    one optimiser step: record after each.

    The gradients of the two weights are 0.1 and 4, each the other weight times the input:

    >>> from matplotlib.figure import Figure
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> model.layers[0].weight.data, model.layers[1].weight.data = [[4.0]], [[0.1]]
    >>> history = History(model)
    >>> model(np.array([[1.0]])).sum().backward()
    >>> history.record()
    >>> print(gradient_flow(Figure().subplots(), history).get_title())
    The first layer's gradient is 1/40
    as large as the last's at step 1
    """
    from matplotlib import colormaps
    require_axes(ax)
    layers = _layers(history, what)
    few = len(layers) < 5
    steps = np.concatenate([spread.steps for spread in layers.values()])
    lines = [_thinned(spread) for spread in layers.values()]
    zeros = _log_axis(ax, lines, [GUIDE] if what == "ratio" else [])
    colours = colormaps["viridis"](np.linspace(0.0, 0.75, len(layers)))
    ends = []
    for i, (name, spread) in enumerate(layers.items()):
        line, colour = lines[i], colours[i]
        height = np.where(line.median == 0.0, zeros[i], line.median)
        if few or i in (0, len(layers) - 1):
            ax.fill_between(line.steps, line.low, line.high, where=line.low > 0.0, color=colour,
                            alpha=0.18, linewidth=0.0)
        alone = len(line.steps) == 1
        ax.plot(line.steps, height, color=colour, linewidth=2.2, label=name,
                marker="o" if alone else None, markersize=8)
        if alone:  # the band is as narrow as the line is short
            ax.vlines(line.steps, line.low, line.high, color=colour, linewidth=6, alpha=0.3)
        known = np.flatnonzero(np.isfinite(height))
        end = (line.steps[known[-1]], height[known[-1]]) if known.size else None
        ends.append((name + _state(spread, few), end, colour))
    if what == "ratio":
        ax.plot([steps.min(), steps.max()], [GUIDE, GUIDE], "--", color=GREY, linewidth=1.5)
        ends.append(("rule of thumb", (steps.max(), GUIDE), GREY))

    ax.set_xlabel(fitted(ax, ax.xaxis.label, "step   (line: median of a layer, band: 10 to 90 %)"))
    ax.set_ylabel(fitted(ax, ax.yaxis.label, AXIS[what], side=1))
    name_ends(ax, ends, steps.min(), steps.max())
    ax.set_title(fitted(ax, ax.title, _flow_message(layers, what)))
    return ax


def _layers(history, what):
    """A dict from the name of each layer to the spread of its weight; refused if there is none."""
    if not isinstance(history, History):
        raise TypeError(f"gradient_flow draws a History, not {type(history).__name__}: write "
                        f"history = History(model), and record in each step")
    if not history.parameters:
        raise ValueError("this history holds no gradients: make it History(model), and record "
                         "after each optimizer.step()")
    names = history.parameters
    names = [name for name in names if history._values[name].ndim > 1] or names
    whole = [name.removesuffix(".weight") for name in names]
    if all(re.fullmatch(r"(.*\.)?layers\.\d+", name) for name in whole):  # the model only numbers
        whole = [f"layer {number}" for number in range(1, len(names) + 1)]
    cut = [name if len(name) < 24 else f"…{name[-22:]}" for name in whole]
    labels = cut if len(set(cut)) == len(cut) else whole
    layers = {label: history.spread(name, what) for label, name in zip(labels, names, strict=True)}
    if all(np.isnan(spread.zeros).all() for spread in layers.values()):
        raise ValueError(f"no layer has a known {what} yet: record after optimizer.step()")
    return layers


def _thinned(spread):
    """A spread of at most POINTS steps: the medians over stretches that end at these steps."""
    rows = np.stack(spread)
    length = -(-rows.shape[1] // POINTS)
    stretches = [rows[:, i:i + length] for i in range(0, rows.shape[1], length)]
    medians = np.transpose([np.median(stretch, axis=1) for stretch in stretches])
    return Spread(*medians)._replace(steps=np.array([stretch[0, -1] for stretch in stretches]))


def _log_axis(ax, lines, also):
    """A logarithmic axis with a grey foot for what is exactly 0; returns each line's height there.

    The lines that are 0 anywhere stand in the foot one below the other. A band may go three decades
    beyond the lines; what is further out does not shrink them.
    """
    sizes = np.concatenate([*(line[1:4] for line in lines), np.tile(also, (3, 1))], axis=1)
    sizes = np.log10(np.clip(sizes[:, sizes[0] > 0.0], 1.0 / HUGE, HUGE))
    bottom, top = -1.0, 0.0
    if sizes.size:
        low, middle, high = sizes
        bottom = max(low.min(), middle.min() - 3.0)
        top = min(high.max(), middle.max() + 3.0)
    margin = max(0.06 * (top - bottom), 0.5 * (1.1 - top + bottom))  # there is a decade at least
    bottom, top = bottom - margin, top + margin
    zero = np.array([(line.median == 0.0).any() for line in lines])
    foot = min(0.5, 0.08 * zero.sum())  # its part of the axis
    floor = top - (top - bottom) / (1.0 - foot)
    row = (bottom - floor) / max(1, zero.sum())
    heights = 10.0 ** (bottom - row * (np.cumsum(zero) - 0.5))
    decades = np.arange(np.ceil(bottom), top)[::int((top - bottom) / 6.0) + 1]
    decades = decades if sizes.size else decades[:0]
    ax.set_yscale("log")
    ax.set_ylim(10.0**floor, 10.0**top)
    ax.set_yticks([*10.0**decades, *heights[zero]],
                  [*(f"$10^{{{d:.0f}}}$" for d in decades), *["0"] * zero.sum()])
    ax.minorticks_off()
    if zero.any():
        ax.axhspan(10.0**floor, 10.0**bottom, color=GREY, alpha=0.15, linewidth=0.0, zorder=0)
    return heights


def _state(spread, few):
    """What is to be said of a layer beside the end of its line; of many layers only the worst."""
    median, zeros = spread.median[-1], spread.zeros[-1]
    if np.isnan(zeros):
        return ": none"
    if np.isnan(median):
        return ": not finite"
    if median == 0.0:
        return ": all 0"
    return f", {percent(zeros)} are 0" if few and zeros >= 0.1 else ""


def _flow_message(layers, what):
    """What the last step shows: the layers that do not learn, or the first against the last."""
    noun = "gradient" if what == "gradient" else "update"
    end = max(spread.steps[-1] for spread in layers.values())
    now = {name: spread.median[-1] for name, spread in layers.items()
           if spread.steps[-1] == end and not np.isnan(spread.zeros[-1])}
    broken = [name for name, size in now.items() if np.isnan(size)]
    dead = [name for name, size in now.items() if size == 0.0]
    if not now:
        return f"No layer has a known {noun} at step {end:,}"
    if broken:
        return capital(f"{listed(broken, layers)}: the {noun} is not finite at step {end:,}")
    if len(dead) == len(now):
        return f"Every weight's {noun} is exactly 0 at step {end:,}"  # a bias may still learn
    if dead:
        return capital(f"{listed(dead, layers)}: every weight's {noun} is exactly 0 at step "
                       f"{end:,}")
    if what == "ratio":
        least, most = part_of(min(now.values())), part_of(max(now.values()))
        parts = least if least == most else f"{least} to {most}"
        return f"An update is {parts} of the weights' size at step {end:,}"
    names = list(now)
    first, last = layers[names[0]], layers[names[-1]]
    if len(now) == 1:
        return (f"The {noun} of {names[0]} is {short(first.median[-1])} at step {end:,}, and was "
                f"{short(first.median[0])} at step {first.steps[0]:,}")
    one, other = ("The first layer's", "the last's") if len(now) == len(layers) else (
        f"{names[0]}'s", f"{names[-1]}'s")
    ratio = ratio_of(first.median[-1], last.median[-1])
    message = f"{one} {noun} is {compared(ratio, 'large')} as {other} at step {end:,}"
    start = max(first.steps[0], last.steps[0])
    then = [spread.median[spread.steps == start] for spread in (first, last)]
    if all(size.size and size[0] > 0.0 for size in then):
        before = ratio_of(then[0][0], then[1][0])
        if not 1.0 / 3.0 < before / ratio < 3.0:
            message += f", and was {compared(before, 'large')} at step {start:,}"
    return capital(message)
