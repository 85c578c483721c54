"""The graph as a picture, and the backward pass as a film over it.

    draw_graph(loss)                    tensors, operations, values, gradients
    animate_backward(loss, "pass.gif")  each gradient on its way, one frame a step

Both only look: no graph is released, no `.grad` is touched. A leaf is called by the name you give
it, else "leaf 1", "leaf 2" ..., oldest first; a result by the number of the step in which the
backward pass comes to it: the youngest is step 1.

What is told of a step comes from trace.py, and where a card stands from layout.py.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .labels import counted
from .layout import MARGIN, Box, lay_out
from .palette import BLUE, GREY, new_figure, require_axes
from .tensor import Tensor, array_of
from .trace import (backward_pass, letters_of, name_all, norm_of, options_of, results_behind,
                    rows_of, rule_for, source_of, stretched_axes)

INK = "#222222"  # wide bands want no full black
GRADIENT = "#007A59"  # a dark green, legible when small: orange is the reader's guess
FILLS = {"leaf": "#DCEBF7", "constant": "#E8E8E8", "result": "#FFFFFF"}
BORDERS = {"leaf": BLUE, "constant": GREY, "result": INK}
SIZE, FONT = 14, "DejaVu Sans Mono"  # points; comes with matplotlib, each letter equally wide
LETTER, LINE = 0.615 * SIZE / 72, 1.35 * SIZE / 72  # width and height in inches
SMALL = 0.8  # a label's size, as a part of SIZE
PAD, STUB = 0.11, 0.3  # inches: around a card's text, and straight before a card
LEGEND, TITLE = 0.55, 0.65  # inches kept free for them, below and above
BAND = LINE + PAD  # the dark band of an operation
MOST = 60  # cards in one picture


# -- what is in the picture: cards and lines -------------------------------------------------------


@dataclass(eq=False)
class Card(Box):
    """A tensor or constant in the picture, with the operation that made it."""

    value: object
    kind: str  # "leaf", "constant" or "result"
    name: str = ""
    op: str = ""


@dataclass(eq=False)
class Line:
    """The way from a card to a card that was computed from it, as the input number `i`."""

    i: int
    letter: str
    stops: list[Box]  # the source, a bend in each column between, the target


def _cards_and_lines(tensor, names):
    results = results_behind(tensor)
    called, cards, lines = name_all(results, names), {}, []
    for result in reversed(results):
        options = [text for text in options_of(result, longest=8) if not text.endswith("…")]
        op = " ".join([result.op, *options])
        card = cards[id(result)] = Card(result, "result", called[id(result)], op)
        letters = letters_of(result._op, len(result._inputs))
        for i, x in enumerate(result._inputs):
            key = id(x) if isinstance(x, (Tensor, np.ndarray)) else (result, i)  # each 2.0 its own
            kind = "leaf" if i in result._active else "constant"
            source = cards.setdefault(key, Card(x, kind, called.get(id(x), "")))
            if kind == "leaf" and source.kind == "constant":
                source.kind = kind
            letter = letters[i] if len(result._inputs) > 1 else ""
            lines.append(Line(i, letter, [source, card]))
    if len(cards) > MOST:
        raise ValueError(f"this graph has {len(cards)} tensors and constants; a picture of more "
                         f"than {MOST} cannot be read. Draw a smaller batch of operations: one "
                         f"layer, one loss, one time step; or read explain(tensor)")
    return list(cards.values()), lines


def _summary(array):
    """The values of a small array as lines for a card, the norm of a larger one."""
    most, widest = (6, 16) if np.ndim(array) < 2 else (4, 20)
    rows = rows_of(array, 3) if np.size(array) <= most else []
    if np.ndim(array) == 1 and np.size(array) <= 3 and len(rows[0]) > widest:
        rows = rows[0].replace(", ", ",\n ").split("\n")  # a vector of long numbers: upright
    fits = 0 < len(rows) <= 3 and max(map(len, rows)) <= widest
    return rows if fits else [norm_of(array, 3)]


def _head(card):
    """The lines at the top of a card: its name and shape, and its values if they are few."""
    shape, rows = str(np.shape(card.value)), _summary(array_of(card.value))
    few = not rows[0].startswith("norm")
    if card.kind == "constant" and np.ndim(card.value) == 0:
        return [card.name, *rows] if card.name else rows
    name = card.name or "constant"
    title = [f"{name} {shape}"] if len(name + shape) < 10 else [name, shape]
    return title + (rows if few else [])


NOT_COMPUTED = ["gradient", "not computed"]


def _letter_size(text):
    """Labels are smaller than numbers and names."""
    return SMALL if text in NOT_COMPUTED or text.endswith(" parts") else 1.0


def _gradient_lines(card):
    """The lines at the foot of a card, as `.grad` is now; a constant has none."""
    if card.kind == "constant":
        return []
    return NOT_COMPUTED if card.value.grad is None else ["gradient", *_summary(card.value.grad)]


# -- the picture, drawn ----------------------------------------------------------------------------


class Picture(NamedTuple):
    """A laid-out graph: what stays the same in all frames of a film."""

    cards: list[Card]
    lines: list[Line]
    columns: list[list[Box]]
    width: float
    height: float


def _picture(cards, lines, feet):
    """Size and place for every card; `feet` holds all the texts that each one's foot will show."""
    for card in cards:
        texts = [card.op, *_head(card), *(line for foot in feet[card] for line in foot)]
        rows = len(_head(card)) + max(map(len, feet[card]))
        card.width = max(len(text) * _letter_size(text) for text in texts) * LETTER + 2 * PAD
        card.height = rows * LINE + 2 * PAD + BAND * (card.op != "")
    return Picture(cards, lines, *lay_out(cards, [line.stops for line in lines]))


def _new_axes(picture, foot=0.0):
    """Axes in a figure of their own, one unit to the inch, with room above for the title."""
    width, height = max(picture.width, 9.0), picture.height + LEGEND + foot
    figure = new_figure(width, height + TITLE)
    figure.set_facecolor("white")
    figure.set_layout_engine("none")  # the cards are laid out already
    return figure.add_axes((0.0, foot / (height + TITLE), 1.0, (height - foot) / (height + TITLE)))


def _draw(ax, picture, feet, title, active=(), lit=()):
    """Draw all cards and lines; those of `active` and `lit` in green, as the gradient is."""
    height = picture.height + LEGEND
    ax.set(xlim=(0.0, picture.width), ylim=(height, 0.0), aspect="equal")
    ax.set_axis_off()
    box = ax.get_window_extent()
    scale = min(1.0, box.width / ax.figure.dpi / picture.width,
                box.height / ax.figure.dpi / height)
    widest = box.width / ax.figure.dpi * 72 / (0.72 * len(title))  # points, in bold
    ax.set_title(title, fontsize=min(18 * max(scale, 0.7), widest), fontweight="bold", color=INK)
    for line in picture.lines:
        _draw_line(ax, line, picture, scale, line in lit)
    for card in picture.cards:
        _draw_card(ax, card, feet[card], scale, card in active)
    _draw_legend(ax, picture, scale)


def _draw_card(ax, card, foot, scale, active):
    from matplotlib.patches import FancyBboxPatch, Rectangle
    left, top = card.x - card.width / 2, card.y - card.height / 2
    box = ax.add_patch(FancyBboxPatch(
        (left, top), card.width, card.height, boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=FILLS[card.kind], edgecolor=GRADIENT if active else BORDERS[card.kind],
        linewidth=(5.0 if active else 1.6) * scale, zorder=3, gid=f"{card.kind} {card.name}"))
    y = top + PAD + LINE / 2
    style = {"family": FONT, "va": "center_baseline", "zorder": 5}
    if card.op:
        band = ax.add_patch(Rectangle((left, top), card.width, BAND, zorder=4, linewidth=0,
                                      facecolor=GRADIENT if active else INK,
                                      gid=f"operation {card.op}"))
        band.set_clip_path(box)
        ax.text(card.x, top + BAND / 2, card.op, color="white", ha="center", weight="bold",
                fontsize=SIZE * scale, **style)
        y += BAND
    head = _head(card)
    for k, text in enumerate([*head, *foot]):
        pale = k >= len(head) and foot == NOT_COMPUTED
        ax.text(left + PAD, y, text, color=GREY if pale else INK if k < len(head) else GRADIENT,
                weight="bold" if k == 0 else "normal", fontsize=SIZE * scale * _letter_size(text),
                **style)
        y += LINE


def _draw_line(ax, line, picture, scale, lit):
    """A line: straight across the columns, an S between them."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path
    source, target = line.stops[0], line.stops[-1]
    heights = [source.y + _port(source, line, picture, 0), *(bend.y for bend in line.stops[1:-1]),
               target.y + _port(target, line, picture, -1)]
    points, codes = [(source.x + source.width / 2, heights[0])], [Path.MOVETO]
    for (a, b), (y, next_y) in zip(pairwise(line.stops), pairwise(heights), strict=True):
        start, end = (max(card.x + card.width / 2 for card in picture.columns[a.column]),
                      min(card.x - card.width / 2 for card in picture.columns[b.column]))
        start += STUB / 2 if a is source else 0.0  # room for an arrow's head
        end -= STUB if b is target else 0.0
        middle = (start + end) / 2
        points += [(start, y), (middle, y), (middle, next_y), (end, next_y)]
        codes += [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    tip = (target.x - target.width / 2, heights[-1])
    colour = GRADIENT if lit else GREY
    ax.add_patch(FancyArrowPatch(
        path=Path([*points, tip], [*codes, Path.LINETO]), color=colour,
        arrowstyle="<|-" if lit else "-|>",  # a gradient travels the other way
        mutation_scale=14 * scale, linewidth=(3.2 if lit else 1.6) * scale, zorder=2,
        shrinkA=0, shrinkB=0, gid=f"line {source.name} to {target.name} as {line.i}"))
    if line.letter:
        ax.text(tip[0] - 0.2, tip[1] - 0.1, line.letter, fontsize=SMALL * SIZE * scale,
                family=FONT, color=colour, ha="center", va="center", zorder=5)


def _port(card, line, picture, end):
    """How far from the middle of a card its line begins (end 0) or arrives (end -1)."""
    own = [other for other in picture.lines if other.stops[end] is card]
    own.sort(key=lambda other: (other.stops[1 if end == 0 else -2].y, other.i))
    step = min(0.3, 0.8 * card.height / len(own))
    return (own.index(line) - (len(own) - 1) / 2) * step


def _draw_legend(ax, picture, scale):
    from matplotlib.patches import Patch
    labels = {"leaf": "leaf", "result": "operation and its result", "constant": "constant"}
    kinds = [kind for kind in labels if any(card.kind == kind for card in picture.cards)]
    ax.legend(handles=[Patch(facecolor=FILLS[kind], edgecolor=BORDERS[kind], label=labels[kind])
                       for kind in kinds],
              loc="lower center", ncols=len(kinds), frameon=False, fontsize=SIZE * scale,
              labelcolor=INK)


def draw_graph(tensor: Tensor, names: dict | None = None, ax=None):
    """Draw what `tensor` was computed from: tensors, operations, values and gradients.

    Time runs from left to right. A card with a dark band is an operation and its result; a letter
    at the end of a line tells which of the operation's inputs it is, in the words of its rules.
    Values are shown if they are few; of a larger gradient its norm. A gradient is what `.grad`
    holds: "not computed" until a backward pass has come by.

    Parameters
    ----------
    tensor : Tensor of any shape, with a graph
    names : dict from your own names to tensors or arrays, optional
    ax : matplotlib Axes, optional
        Where to draw; text is scaled to the size that it has now, and two layers want some 16 by 7
        inches. By default a figure of its own, as large as it needs.

    Returns
    -------
    The `ax` that was passed, or else the new Figure.

    Raises
    ------
    RuntimeError
        If `tensor` has no graph, if a backward pass released it (pass it retain_graph=True), or if
        an input's data was changed.
    ValueError
        If there are more than 60 tensors and constants, too many for a picture.
    TypeError
        If `tensor`, `names` or `ax` is of another kind.
    """
    if ax is not None:
        require_axes(ax)
    cards, lines = _cards_and_lines(tensor, names)
    feet = {card: _gradient_lines(card) for card in cards}
    picture = _picture(cards, lines, {card: [foot] for card, foot in feet.items()})
    root = next(card for card in cards if card.value is tensor)
    operations = sum(card.kind == "result" for card in cards)
    if tensor.grad is None:
        made = counted(operations, "operation")
        title = f"{_subject(root)} comes from {made}; no backward pass yet"
    else:
        title = f"After backward: each gradient is the slope of {_subject(root)}"
    axes = _new_axes(picture) if ax is None else ax
    _draw(axes, picture, feet, title)
    return axes.figure if ax is None else ax


def _subject(card):
    """What to call the tensor that was drawn: its own name, or the operation that made it."""
    return f"this {card.value.op}" if card.name == "step 1" else card.name


# -- the film --------------------------------------------------------------------------------------


class Frame(NamedTuple):
    """What one frame of the film shows over the picture that stays the same."""

    title: str
    feet: dict[Card, list[str]]
    caption: list[str]
    active: set[Card]
    lit: list[Line]


def animate_backward(tensor: Tensor, path, names: dict | None = None,
                     seconds_per_step: float = 1.2, gradient=None):
    """A film of the backward pass: each step sends a gradient on, and what meets adds up.

    It begins with all gradients "not computed", shows one frame for each operation, youngest first,
    with the rules that are applied below, and ends with all gradients in their places. They are
    computed for the film alone: whatever `.grad` holds before, it holds after.

    Parameters
    ----------
    tensor : Tensor of one value; of any shape if `gradient` is given
    path : str or path of the file to write
        Its ending chooses the kind: ".gif", or ".png" for an animated PNG, which a notebook keeps
        also when it is turned into a web page.
    names : dict from your own names to tensors or arrays, optional
    seconds_per_step : float
        How long a frame stands, at least 0.02: GIF viewers show nothing faster; at most 600.
    gradient : array-like, the shape of `tensor`, optional
        The gradient that arrives at `tensor`, as for `backward`; 1 by default.

    Returns
    -------
    `path`

    Raises
    ------
    RuntimeError, ValueError, TypeError
        As `draw_graph` and `explain`, and if `seconds_per_step` is not between 0.02 and 600, or
        `path` has another ending.
    """
    if Path(path).suffix.lower() not in (".gif", ".png"):
        raise ValueError(f"the film is a .gif or a .png: give its file such an ending, not {path}")
    if not 0.02 <= seconds_per_step <= 600.0:  # a frame of a GIF stands 655 s at most
        raise ValueError(f"seconds_per_step is 0.02 to 600, not {seconds_per_step!r}")
    from matplotlib.animation import PillowWriter
    cards, lines = _cards_and_lines(tensor, names)
    frames = _frames(cards, lines, *backward_pass(tensor, gradient))
    picture = _picture(cards, lines, {card: [f.feet[card] for f in frames] for card in cards})
    foot = LINE * (1.5 + max(len(frame.caption) for frame in frames))
    axes = _new_axes(picture, foot)
    writer = PillowWriter(fps=1.0 / seconds_per_step)
    with writer.saving(axes.figure, path, dpi=min(90, 1200 / axes.figure.get_figwidth())):
        for frame in frames:
            axes.clear()
            _draw(axes, picture, frame.feet, frame.title, frame.active, frame.lit)
            _draw_caption(axes.figure, frame.caption, foot)
            writer.grab_frame()
    return path


def _frames(cards, lines, steps, leaves):
    """The frames, first to last; each one's feet say how far every card's gradient has come."""
    card_of = {id(card.value): card for card in cards}
    feet = {card: [] if card.kind == "constant" else NOT_COMPUTED for card in cards}
    expected = {card: sum(part.x is card.value for step in steps for part in step.parts)
                for card in cards}
    arrived = dict.fromkeys(cards, 0)
    frames = [Frame("Before the backward pass: no gradient is computed", feet, [], set(), [])]
    for number, step in enumerate(steps, 1):
        card = card_of[id(step.result)]
        feet = feet | {card: ["gradient", *_summary(step.g)]}
        for x in {part.x: None for part in step.parts}:
            target, parts = card_of[id(x)], [part for part in step.parts if part.x is x]
            arrived[target] += len(parts)
            label = _progress(arrived[target], expected[target])
            feet = feet | {target: [label, *_sum_lines(parts)]}
        lit = [line for line in lines
               if line.stops[-1] is card and line.i in step.result._active]
        title = f"Step {number} of {len(steps)}: {step.result.op} sends its gradient on"
        frames.append(Frame(title, feet, _caption(step, card_of), {card}, lit))
        for part in step.parts:  # from the next frame on the sum stands in place of its parts
            target = card_of[id(part.x)]
            feet = feet | {target: [feet[target][0], *_summary(part.total)]}
    ends = {card_of[id(leaf)]: ["gradient", *_summary(g)] for leaf, g in leaves}
    frames.append(Frame("Done: every leaf has its gradient", feet | ends, [], set(ends), []))
    return frames


def _progress(arrived, expected):
    return "gradient" if arrived == expected else f"{arrived} of {expected} parts"


def _sum_lines(parts):
    """The parts that arrive in one step below what was there, as a sum if each is one short row."""
    terms = [] if parts[0].before is None else [_summary(parts[0].before)]
    terms += [_summary(part.contribution) for part in parts]
    short = all(len(term) == 1 and not term[0].startswith("norm") for term in terms)
    if not short or len(terms) > 3:
        return _summary(parts[-1].total)
    return [terms[0][0], *(f"+ {term[0]}" for term in terms[1:])]


def _caption(step, card_of, most=4):
    """For each input that gets a gradient, the rule that makes it; but a few if they are many."""
    lines, names = [], [card_of[id(part.x)].name for part in step.parts[:most]]
    for name, part in zip(names, step.parts, strict=False):
        text, comment = source_of(rule_for(step.result._op, part.i))
        rule = " ".join(text.split()) or "(a rule whose source text was not found)"
        note = f"  summed over {stretched_axes(part)}" if part.raw.shape != part.x.shape else ""
        lines.append(f"to {name:<{max(map(len, names))}}   {rule}   {comment}".rstrip() + note)
    return lines + [f"and to {len(step.parts) - most} more"] * (len(step.parts) > most)


def _draw_caption(figure, caption, foot):
    """Lines of text at the foot of a figure, `foot` inches high, as large as its width allows."""
    width, height = figure.get_size_inches()
    for old in list(figure.texts):
        old.remove()
    longest = max(map(len, caption), default=1)
    size = SIZE * min(1.0, (width - 2 * MARGIN) / (longest * LETTER))
    for k, line in enumerate(caption):
        figure.text(MARGIN / width, (foot - (k + 1) * LINE) / height, line, fontsize=size,
                    family=FONT, color=GRADIENT)
