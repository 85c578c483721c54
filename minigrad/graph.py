"""Pictures of the graph, and the backward pass in words.

    explain(loss)                       the backward pass as text, step by step
    draw_graph(loss)                    the graph: tensors, operations, values, gradients
    animate_backward(loss, "pass.gif")  the backward pass as a film over the same picture

All three only look: no graph is released, no `.grad` is touched. A leaf is called by the name you
give it, else "leaf 1", "leaf 2" ..., oldest first; a result by the number of the step in which the
backward pass comes to it: the youngest is step 1.

The picture is laid out as Sugiyama, Tagawa and Toda (1981) do it. (1) A result stands one column to
the right of its rightmost input; a leaf directly to the left of what uses it first. (2) A line that
crosses a column gets a *bend* there, which needs room like a card. (3) From left to right and back,
again and again, every column is sorted by the mean height of its neighbours (the barycentre) and
its cards are moved as near to that height as their order allows.
"""

import ast
import inspect
import io
import linecache
import textwrap
import tokenize
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from .tensor import Tensor, _seed, _sweep, _unbroadcast, array_of

# -- the backward pass, written down ---------------------------------------------------------------


class Part(NamedTuple):
    """What one step sends to one input of its operation."""

    i: int  # which input it is
    x: Tensor
    raw: np.ndarray  # what the rule returned
    contribution: np.ndarray  # the same in the shape of x: a broadcast is undone
    before: np.ndarray | None  # what had arrived at x until then
    total: np.ndarray


class Step(NamedTuple):
    """One operation in the backward pass: `g` arrives at its result, parts go on to its inputs."""

    result: Tensor
    g: np.ndarray
    parts: list[Part]


def _backward_pass(tensor, gradient=None):
    """All steps, in the order of the engine's sweep, and the pairs (leaf, its gradient)."""
    _results(tensor)  # refuses what has no graph
    steps, leaves, arrived = [], [], {}
    for result, g in _sweep(tensor, _seed(tensor, gradient), retain_graph=True):
        if result._op is None:
            leaves.append((result, g))
            continue
        parts = []
        for i in (i for i in result._active if _rule(result._op, i)):  # else the sweep complains
            x, raw = result._inputs[i], _apply_rule(result, i, g)
            contribution = raw if raw.shape == x.shape else _unbroadcast(raw, x.shape, result._op)
            before = arrived.get(x)
            total = contribution if before is None else before + contribution
            arrived[x] = total
            parts.append(Part(i, x, raw, contribution, before, total))
        steps.append(Step(result, g, parts))
    return steps, leaves


def _results(tensor):
    """All results that `tensor` was computed from, itself included, youngest first."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"a graph belongs to a Tensor, not to {type(tensor).__name__}")
    if tensor._op is None:
        raise RuntimeError("this tensor has no graph: no operation on a tensor that requires a "
                           "gradient made it. Pass the result of a computation, a loss say")
    found, waiting = {tensor}, [tensor]
    while waiting:
        result = waiting.pop()
        if result._inputs is None:
            raise RuntimeError(f"the graph behind this result of {result.op!r} was released by a "
                               f"backward pass: look before it, or pass retain_graph=True to it")
        for x in result._inputs:
            if isinstance(x, Tensor) and x._number > result._number:
                raise RuntimeError(f"an input of {result.op!r}, of shape {x.shape}, got new .data "
                                   f"after it was used: compute the result again, then look")
        new = {result._inputs[i] for i in result._active} - found
        waiting += [x for x in new if x._op is not None]
        found |= new
    return sorted((x for x in found if x._op is not None), key=lambda x: -x._number)


def _rule(op, i):
    return op.rules[0] if op.variadic else op.rules[i]


def _code(rule):
    """The code of a rule as it was written, also where the engine has wrapped it."""
    return inspect.unwrap(rule).__code__


def _apply_rule(result, i, g):
    op, values = result._op, map(array_of, result._inputs)
    rule = partial(_rule(op, i), argument=i) if op.variadic else _rule(op, i)
    return rule(g, result.data, *values, **result._options)


# -- the rules as they are written -----------------------------------------------------------------


def _rule_source(rule):
    """The text of a rule, as it stands in its file or notebook cell, and the comment at its right.

    Two empty strings if the text cannot be found, as for a rule typed at Python's own prompt.
    """
    code = _code(rule)
    if code.co_name != "<lambda>":
        try:
            return textwrap.dedent(inspect.getsource(code)).rstrip(), ""
        except (OSError, TypeError):
            return "", ""
    bare, comments, lambdas = _read("".join(linecache.getlines(code.co_filename)))
    found = [node for node in lambdas if node.lineno == code.co_firstlineno]
    if len(found) > 1:  # several on one line: it is the innermost one that spans all its code
        found = [node for node in found if _spans(node.body, code)][-1:]
    if not found:
        return "", ""
    node = found[0]
    text = textwrap.dedent(" " * node.col_offset + ast.get_source_segment(bare, node))
    lines = range(node.lineno, node.end_lineno + 1)
    return text.lstrip(), " ".join(comments[n] for n in lines if n in comments)


@lru_cache(maxsize=8)
def _read(text):
    """A program without its comments, the comments by line, and its lambdas, outer ones first."""
    lines, comments = text.split("\n"), {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                lines[line - 1] = lines[line - 1][:column].rstrip()
                comments[line] = token.string
        tree = ast.parse(text)
    except (SyntaxError, tokenize.TokenError):
        return "", {}, []
    return "\n".join(lines), comments, [n for n in ast.walk(tree) if isinstance(n, ast.Lambda)]


def _spans(body, code):
    """Whether all instructions of a code object were written inside the expression `body`."""
    start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    places = [((line, column), (end_line, end_column))
              for line, end_line, column, end_column in code.co_positions() if column is not None]
    places = [place for place in places if place[0] != place[1]]  # the first one has no extent
    return bool(places) and all(start <= first and last <= end for first, last in places)


# -- names and numbers -----------------------------------------------------------------------------


def _name_all(results, names):
    """What to call each tensor, by its identity: the reader's own name, or a number."""
    names = dict(names or {})
    called = {}
    for name, value in names.items():
        if not isinstance(name, str) or not isinstance(value, (Tensor, np.ndarray)):
            raise TypeError('names are given as {"w": w}: a string, and the tensor or array that '
                            f'it means; here {type(name).__name__}: {type(value).__name__}')
        called[id(value)] = name
    for number, result in enumerate(results, 1):
        called.setdefault(id(result), f"step {number}")
    active = {result._inputs[i] for result in results for i in result._active}
    leaves = sorted((x for x in active if x._op is None), key=lambda x: x._number)
    for number, leaf in enumerate(leaves, 1):
        called.setdefault(id(leaf), f"leaf {number}")
    return called


def _letters(op, count):
    """The names that an operation's rules give to its inputs: x, y, ..."""
    code = _code(next(rule for rule in op.rules if rule is not None))
    if op.variadic:
        return [f"xs[{i}]" for i in range(count)]
    return code.co_varnames[2:2 + count]


def _options(result, longest=30):
    """The options of a call, such as axis=0; an ellipsis for long ones."""
    texts = {k: repr(v) for k, v in result._options.items() if v is not None}
    return [f"{k}={v if len(v) <= longest and 'array' not in v else '…'}" for k, v in texts.items()]


def _number(value, digits):
    return f"{value + 0.0:.{digits}g}" if not isinstance(value, (bool, np.bool_)) else str(value)


def _rows(array, digits):
    """The values of an array as text; one line for each row of a matrix."""
    array = np.asarray(array)
    if array.ndim == 0:
        return [_number(array[()], digits)]
    if array.ndim == 1:
        return [f"[{', '.join(_number(value, digits) for value in array)}]"]
    rows = [row for part in array for row in _rows(part, digits)] or [""]
    rows = ["[" + rows[0], *(" " + row for row in rows[1:])]
    last = len(rows) // max(len(array), 1)
    return [row + ("]" if k == len(rows) else "," if k % last == 0 else "")
            for k, row in enumerate(rows, 1)]


def _norm(array, digits=4):
    return f"norm {_number(np.linalg.norm(np.ravel(array)), digits)}"


def _values(array):
    """The numbers of a small array on one line, the shape and the norm of a larger one."""
    if np.size(array) > 6:
        return f"{np.shape(array)}, {_norm(array)}"
    return " ".join(row.strip() for row in _rows(array, 4))


# -- explain ---------------------------------------------------------------------------------------


def explain(tensor: Tensor, gradient=None, names: dict | None = None) -> str:
    """The backward pass from `tensor` as text: every operation, its rules, its numbers.

    Each step names the operation with its inputs and their shapes; the values that its rules call
    x, y, z; the gradient g that arrives; and for each input that requires a gradient the rule, word
    for word as the table has it, with what it gives. Arrays of more than six values are told by
    shape and norm. At the end stand the leaves with their gradients.

    Parameters
    ----------
    tensor : Tensor of one value; of any shape if `gradient` is given
    gradient : array-like, the shape of `tensor`, optional
        The gradient that arrives at `tensor`, as for `backward`; 1 by default.
    names : dict from your own names to tensors or arrays, optional
        For a model: dict(model.named_parameters()).

    Raises
    ------
    RuntimeError
        If `tensor` has no graph, if a backward pass released it, or if an input's data was changed.
    ValueError, TypeError
        If `gradient` is missing or of another shape, or an argument is not of its kind.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w * w).sum()
    >>> print(explain(loss, names={"w": w, "loss": loss}))
    The backward pass from loss: 2 steps, youngest operation first.
    <BLANKLINE>
    step 1: loss = sum(step 2)    (2,) -> ()
        x = [1, 4]   y = 5
        g = 1 arrives
        to step 2, which is x:
            lambda g, y, x, axis=None, *, keepdims=False:    # (Σx)' = 1
            spread(g, x, axis, keepdims)
            = [1, 1]
    <BLANKLINE>
    step 2: multiply(w, w)    (2,), (2,) -> (2,)
        x = [1, 2]   y = [1, 2]   z = [1, 4]
        g = [1, 1] arrives
        to w, which is x:
            lambda g, z, x, y: g * y    # d(xy)/dx = y
            = [1, 2]
        to w, which is y:
            lambda g, z, x, y: g * x    # d(xy)/dy = x
            = [1, 2]
            sums to [2, 4], with the [1, 2] from before
    <BLANKLINE>
    gradients of the leaves
        w (2,): [2, 4]
    """
    called = _name_all(_results(tensor), names)
    steps, leaves = _backward_pass(tensor, gradient)
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps, youngest operation first"
    blocks = [f"The backward pass from {called[id(tensor)]}: {count}."]
    for number, step in enumerate(steps, 1):
        blocks.append("\n".join([f"step {number}: {_call(step.result, called)}",
                                 *_indented(_step_lines(step, called))]))
    rows = [f"{called[id(x)]} {x.shape}: {_values(g)}" for x, g in leaves]
    blocks.append("\n".join(["gradients of the leaves", *_indented(rows)]))
    return "\n\n".join(blocks)


def _indented(lines):
    return [f"    {line}" for line in lines]


def _call(result, called):
    """An operation as one would write it, with the shapes: loss = sum(step 2)    (2,) -> ()."""
    inputs = [called.get(id(x)) or (_values(x) if np.ndim(x) == 0 else "constant")
              for x in result._inputs]
    name = called[id(result)]
    name = "" if name.startswith("step ") else f"{name} = "
    shapes = ", ".join(str(np.shape(x)) for x in result._inputs)
    return (f"{name}{result.op}({', '.join([*inputs, *_options(result)])})"
            f"    {shapes} -> {result.shape}")


def _step_lines(step, called):
    """The body of a step: the letters, what arrives, and what goes to whom by which rule."""
    result, letters = step.result, _letters(step.result._op, len(step.result._inputs))
    rule = _rule(result._op, result._active[0])
    named = [*zip(letters, result._inputs, strict=True), (_code(rule).co_varnames[1], result)]
    values = [f"{letter} = {_values(array_of(x))}" for letter, x in named]
    lines = ["   ".join(values)] if sum(map(len, values)) < 80 else values
    lines.append(f"g = {_values(step.g)} arrives")
    for part in step.parts:
        lines += [f"to {called[id(part.x)]}, which is {letters[part.i]}:",
                  *_indented(_rule_lines(_rule(result._op, part.i))),
                  *_indented(_part_lines(part))]
    return lines


def _rule_lines(rule):
    text, comment = _rule_source(rule)
    if not text:
        return ["(a rule whose source text was not found: it was typed where no file keeps it)"]
    first, *rest = text.split("\n")
    return [f"{first.rstrip()}    {comment}".rstrip(), *rest]


def _part_lines(part):
    """What a rule gave, what undid the broadcast, and the sum with what was there already."""
    lines = [f"= {_values(part.raw)}"]
    if part.raw.shape != part.x.shape:
        lines += [f"summed over {_stretched(part)}, because {part.x.shape} was stretched to "
                  f"{part.raw.shape}:", f"= {_values(part.contribution)}"]
    if part.before is not None:
        lines.append(f"sums to {_values(part.total)}, with the {_values(part.before)} from before")
    return lines


def _stretched(part):
    """The axes that broadcasting made out of an input's shape: new ones, and those of length 1."""
    shape, wide = part.x.shape, part.raw.shape
    new = len(wide) - len(shape)
    axes = [str(i) for i, n in enumerate(wide) if i < new or shape[i - new] != n]
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(axes)}"


# -- the picture's content: cards and lines --------------------------------------------------------

BLUE, ORANGE, BLACK, GREY = "#0072B2", "#D55E00", "#222222", "#666666"  # Okabe and Ito's, and grey
FILLS = {"leaf": "#DCEBF7", "constant": "#E8E8E8", "result": "#FFFFFF"}
BORDERS = {"leaf": BLUE, "constant": GREY, "result": BLACK}
SIZE, FONT = 14, "DejaVu Sans Mono"  # points; comes with matplotlib, each letter equally wide
LETTER, LINE = 0.615 * SIZE / 72, 1.35 * SIZE / 72  # width and height in inches
SMALL = 0.8  # a label's size, as a part of SIZE
PAD, COLUMN_GAP, STUB, ROW_GAP, MARGIN = 0.11, 0.75, 0.3, 0.28, 0.25  # inches
LEGEND, TITLE = 0.55, 0.65  # inches kept free for them, below and above
BAND = LINE + PAD  # the dark band of an operation
MOST = 60  # cards in one picture


@dataclass(eq=False)
class Card:
    """A tensor or constant in the picture, with the operation that made it; or a line's bend."""

    value: object
    kind: str  # "leaf", "constant", "result" or "bend"
    name: str = ""
    op: str = ""
    column: int = 0
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0  # the middle, in inches, from the left
    y: float = 0.0  # ... and from the top
    left: list = field(default_factory=list)  # neighbours in the column before
    right: list = field(default_factory=list)  # ... and in the next
    wish: float = 0.0


@dataclass(eq=False)
class Line:
    """The way from a card to a card that was computed from it, as the input number `i`."""

    i: int
    letter: str
    stops: list[Card]  # the source, a bend in each column between, the target


def _cards_and_lines(tensor, names):
    results = _results(tensor)
    called, cards, lines = _name_all(results, names), {}, []
    for result in reversed(results):
        options = [text for text in _options(result, longest=8) if not text.endswith("…")]
        op = " ".join([result.op, *options])
        card = cards[id(result)] = Card(result, "result", called[id(result)], op)
        letters = _letters(result._op, len(result._inputs))
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
    rows = _rows(array, 3) if np.size(array) <= most else []
    if np.ndim(array) == 1 and np.size(array) <= 3 and len(rows[0]) > widest:
        rows = rows[0].replace(", ", ",\n ").split("\n")  # a vector of long numbers: upright
    fits = 0 < len(rows) <= 3 and max(map(len, rows)) <= widest
    return rows if fits else [_norm(array, 3)]


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


# -- the picture's layout --------------------------------------------------------------------------


def _lay_out(cards, lines, feet):
    """Give every card its size and place; return the columns and the width and height of it all.

    `feet` holds for each card all the texts that its foot will have to show.
    """
    for card in cards:
        texts = [card.op, *_head(card), *(line for foot in feet[card] for line in foot)]
        rows = len(_head(card)) + max(map(len, feet[card]))
        card.width = max(len(text) * _letter_size(text) for text in texts) * LETTER + 2 * PAD
        card.height = rows * LINE + 2 * PAD + BAND * (card.op != "")
    columns = _columns(cards, lines)
    _arrange(columns)
    right = MARGIN
    for column in columns:
        width = max(card.width for card in column)
        for card in column:
            card.x = right + width / 2
            card.width = card.width or width  # a bend goes straight across its column
        right += width + COLUMN_GAP
    everything = [card for column in columns for card in column]
    top = min(card.y - card.height / 2 for card in everything) - MARGIN
    for card in everything:
        card.y -= top
    bottom = max(card.y + card.height / 2 for card in everything)
    return columns, right - COLUMN_GAP + MARGIN, bottom + MARGIN


def _columns(cards, lines):
    """Steps 1 and 2 of the layout: the cards by column, with a bend in each column that is passed.

    `lines` are in the order of creation, so that a line's source has its column already.
    """
    for line in lines:
        source, target = line.stops
        target.column = max(target.column, source.column + 1)
    for card in cards:
        if card.kind != "result":
            card.column = min(t.column for s, t in (line.stops for line in lines) if s is card) - 1
    columns = [[] for _ in range(1 + max(card.column for card in cards))]
    for card in cards:
        columns[card.column].append(card)
    for line in lines:
        source, target = line.stops
        bends = [Card(None, "bend", column=c) for c in range(source.column + 1, target.column)]
        for bend in bends:
            columns[bend.column].append(bend)
        line.stops = [source, *bends, target]
        for a, b in pairwise(line.stops):
            a.right.append(b)
            b.left.append(a)
    return columns


def _arrange(columns, sweeps=24):
    """Step 3: sort and place each column by the barycentres; keep the order that crosses least."""
    for column in columns:
        _place(column)
    best = _crossings(columns), [list(column) for column in columns]
    for sweep in range(sweeps):
        rightward = sweep % 2 == 0
        for column in columns if rightward else reversed(columns):
            for card in column:
                near = card.left if rightward else card.right
                card.wish = np.mean([other.y for other in near]) if near else card.y
            column.sort(key=lambda card: card.wish)
            _place(column)
        if (now := _crossings(columns)) < best[0]:
            best = now, [list(column) for column in columns]
    columns[:] = best[1]
    for column in columns * sweeps:  # the order is settled; now straighten the lines
        for card in column:
            card.wish = np.mean([other.y for other in card.left + card.right])
        _place(column)


def _place(column):
    """Move the cards of a column as near to their wishes as their order and their sizes allow.

    Cards that would overlap form a block, which moves to the mean of its members' wishes: the
    least-squares answer (the "pool adjacent violators" algorithm of isotonic regression).
    """
    offsets, blocks = [0.0], []  # a block: [mean of wishes less offsets, number of cards]
    for a, b in pairwise(column):
        offsets.append(offsets[-1] + (a.height + b.height) / 2 + ROW_GAP)
    for card, offset in zip(column, offsets, strict=True):
        blocks.append([card.wish - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, n = blocks.pop()
            before, m = blocks[-1]
            blocks[-1] = [(before * m + mean * n) / (m + n), m + n]
    places = [mean for mean, n in blocks for _ in range(n)]
    for card, place, offset in zip(column, places, offsets, strict=True):
        card.y = place + offset


def _crossings(columns):
    """How many pairs of lines cross between neighbouring columns."""
    total = 0
    for column in columns:
        pairs = [(a.y, b.y) for a in column for b in a.right]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(pairs, 2))
    return total


# -- the picture, drawn ----------------------------------------------------------------------------


class Picture(NamedTuple):
    """A laid-out graph: what stays the same in all frames of a film."""

    cards: list[Card]
    lines: list[Line]
    columns: list[list[Card]]
    width: float
    height: float


def _picture(cards, lines, feet):
    return Picture(cards, lines, *_lay_out(cards, lines, feet))


def _new_axes(picture, foot=0.0):
    """Axes in a figure of their own, one unit to the inch, with room above for the title."""
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_png_(self):  # a notebook asks for this if no pyplot has told it of figures
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    width, height = max(picture.width, 9.0), picture.height + LEGEND + foot
    figure = Shown(figsize=(width, height + TITLE), facecolor="white")
    return figure.add_axes((0.0, foot / (height + TITLE), 1.0, (height - foot) / (height + TITLE)))


def _draw(ax, picture, feet, title, active=(), lit=()):
    """Draw all cards and lines; those of `active` and `lit` in orange, as the gradient is."""
    height = picture.height + LEGEND
    ax.set(xlim=(0.0, picture.width), ylim=(height, 0.0), aspect="equal")
    ax.set_axis_off()
    box = ax.get_window_extent()
    scale = min(1.0, box.width / ax.figure.dpi / picture.width,
                box.height / ax.figure.dpi / height)
    widest = box.width / ax.figure.dpi * 72 / (0.72 * len(title))  # points, in bold
    ax.set_title(title, fontsize=min(18 * max(scale, 0.7), widest), fontweight="bold", color=BLACK)
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
        facecolor=FILLS[card.kind], edgecolor=ORANGE if active else BORDERS[card.kind],
        linewidth=(5.0 if active else 1.6) * scale, zorder=3, gid=f"{card.kind} {card.name}"))
    y = top + PAD + LINE / 2
    style = {"family": FONT, "va": "center_baseline", "zorder": 5}
    if card.op:
        band = ax.add_patch(Rectangle((left, top), card.width, BAND, zorder=4, linewidth=0,
                                      facecolor=ORANGE if active else BLACK,
                                      gid=f"operation {card.op}"))
        band.set_clip_path(box)
        ax.text(card.x, top + BAND / 2, card.op, color="white", ha="center", weight="bold",
                fontsize=SIZE * scale, **style)
        y += BAND
    head = _head(card)
    for k, text in enumerate([*head, *foot]):
        pale = k >= len(head) and foot == NOT_COMPUTED
        ax.text(left + PAD, y, text, color=GREY if pale else BLACK if k < len(head) else ORANGE,
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
    colour = ORANGE if lit else GREY
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
              labelcolor=BLACK)


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
    """
    cards, lines = _cards_and_lines(tensor, names)
    feet = {card: _gradient_lines(card) for card in cards}
    picture = _picture(cards, lines, {card: [foot] for card, foot in feet.items()})
    root = next(card for card in cards if card.value is tensor)
    operations = sum(card.kind == "result" for card in cards)
    if tensor.grad is None:
        made = _many(operations, "operation")
        title = f"{_subject(root)} comes from {made}; no backward pass yet"
    else:
        title = f"After backward: each gradient is the slope of {_subject(root)}"
    axes = ax or _new_axes(picture)
    _draw(axes, picture, feet, title)
    return ax or axes.figure


def _subject(card):
    """What to call the tensor that was drawn: its own name, or the operation that made it."""
    return f"this {card.value.op}" if card.name == "step 1" else card.name


def _many(n, noun):
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


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
    """A GIF of the backward pass: each step sends a gradient on, and what meets adds up.

    It begins with all gradients "not computed", shows one frame for each operation, youngest first,
    with the rules that are applied below, and ends with all gradients in their places. They are
    computed for the film alone: whatever `.grad` holds before, it holds after.

    Parameters
    ----------
    tensor : Tensor of one value; of any shape if `gradient` is given
    path : str or path of the file to write
    names : dict from your own names to tensors or arrays, optional
    seconds_per_step : float
        How long a frame stands, at least 0.02: GIF viewers show nothing faster.
    gradient : array-like, the shape of `tensor`, optional
        The gradient that arrives at `tensor`, as for `backward`; 1 by default.

    Returns
    -------
    `path`

    Raises
    ------
    RuntimeError, ValueError
        As `draw_graph` and `explain`, and if `seconds_per_step` is below 0.02.
    """
    if not seconds_per_step >= 0.02:
        raise ValueError(f"seconds_per_step is 0.02 or more, not {seconds_per_step!r}")
    from matplotlib.animation import PillowWriter
    cards, lines = _cards_and_lines(tensor, names)
    frames = _frames(cards, lines, *_backward_pass(tensor, gradient))
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
        text, comment = _rule_source(_rule(step.result._op, part.i))
        rule = " ".join(text.split()) or "(a rule whose source text was not found)"
        note = f"  summed over {_stretched(part)}" if part.raw.shape != part.x.shape else ""
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
                    family=FONT, color=ORANGE)
