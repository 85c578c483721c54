"""Where the boxes of a graph stand: in columns from left to right, with few lines that cross.

    lay_out(boxes, lines)     gives every box its place, and every line its bends
    ascending(values)         the nearest row of numbers that does not go down

The method is that of Sugiyama, Tagawa and Toda (1981), in three steps:

1. A box stands one column to the right of its rightmost source; a box without a source directly to
   the left of what uses it first.
2. A line that crosses a column gets a *bend* there, which needs room like a box.
3. From left to right and back, again and again, every column is sorted by the mean height of its
   neighbours (the barycentre), and its boxes are moved as near to that height as their order lets
   them.

A line is a list of boxes: its source and its target, and when it is laid out the bends between
them. Nothing here knows what a box shows. Lengths are inches, from the left and from the top.
"""

from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

COLUMN_GAP, ROW_GAP, MARGIN = 0.75, 0.28, 0.25


@dataclass(eq=False, kw_only=True)
class Box:
    """What has a size and wants a place; one that has no size is a bend."""

    width: float = 0.0
    height: float = 0.0
    column: int = 0
    x: float = 0.0  # the middle
    y: float = 0.0
    left: list = field(default_factory=list)  # neighbours in the column before
    right: list = field(default_factory=list)  # ... and in the next
    wish: float = 0.0  # the height at which it would stand best


def lay_out(boxes, lines):
    """Give every box its place; return the columns and the width and height of it all.

    `lines` are pairs [source, target], in an order in which every source that is a target too has
    been one before. Every box is at an end of some line. A bend is put into a line for each column
    that it passes.

    >>> a, b, c = (Box(width=1.0, height=0.5) for _ in "abc")
    >>> lines = [[a, b], [b, c], [a, c]]
    >>> columns, width, height = lay_out([a, b, c], lines)
    >>> [box.x for box in (a, b, c)]  # each is one width and one COLUMN_GAP behind the last
    [0.75, 2.5, 4.25]
    >>> len(lines[2])  # it passes the column of b, by a bend
    3
    """
    columns = _columns(boxes, lines)
    _arrange(columns)
    right = MARGIN
    for column in columns:
        width = max(box.width for box in column)
        for box in column:
            box.x = right + width / 2
            box.width = box.width or width  # a bend goes straight across its column
        right += width + COLUMN_GAP
    everything = [box for column in columns for box in column]
    top = min(box.y - box.height / 2 for box in everything) - MARGIN
    for box in everything:
        box.y -= top
    bottom = max(box.y + box.height / 2 for box in everything)
    return columns, right - COLUMN_GAP + MARGIN, bottom + MARGIN


def _columns(boxes, lines):
    """Steps 1 and 2: the boxes by column, with a bend in each column that a line passes."""
    for source, target in lines:
        target.column = max(target.column, source.column + 1)
    for box in boxes:
        if box.column == 0:  # it has no source
            box.column = min(target.column for source, target in lines if source is box) - 1
    columns = [[] for _ in range(1 + max(box.column for box in boxes))]
    for box in boxes:
        columns[box.column].append(box)
    for line in lines:
        source, target = line
        line[1:1] = [Box(column=c) for c in range(source.column + 1, target.column)]
        for bend in line[1:-1]:
            columns[bend.column].append(bend)
        for a, b in pairwise(line):
            a.right.append(b)
            b.left.append(a)
    return columns


def _arrange(columns, sweeps=24):
    """Step 3: sort and place each column by the barycentres; keep the order that crosses least."""
    for column in columns:
        place(column)
    best = crossings(columns), [list(column) for column in columns]
    for sweep in range(sweeps):
        rightward = sweep % 2 == 0
        for column in columns if rightward else reversed(columns):
            for box in column:
                near = box.left if rightward else box.right
                box.wish = np.mean([other.y for other in near]) if near else box.y
            column.sort(key=lambda box: box.wish)
            place(column)
        if (now := crossings(columns)) < best[0]:
            best = now, [list(column) for column in columns]
    columns[:] = best[1]
    for column in columns * sweeps:  # the order is settled; now straighten the lines
        for box in column:
            box.wish = np.mean([other.y for other in box.left + box.right])
        place(column)


def place(column):
    """Move the boxes of a column as near to their wishes as their order and their sizes allow.

    With the room that the boxes above take subtracted, the wishes only have to ascend.

    >>> column = [Box(height=1.0, wish=0.0), Box(height=1.0, wish=5.0), Box(height=1.0, wish=5.0)]
    >>> place(column)
    >>> [round(box.y, 2) for box in column]  # the last two part by 1 + ROW_GAP, around 5
    [0.0, 4.36, 5.64]
    """
    offsets = [0.0]
    for a, b in pairwise(column):
        offsets.append(offsets[-1] + (a.height + b.height) / 2 + ROW_GAP)
    wishes = [box.wish - offset for box, offset in zip(column, offsets, strict=True)]
    for box, wish, offset in zip(column, ascending(wishes), offsets, strict=True):
        box.y = wish + offset


def ascending(values):
    """The row that never goes down and is nearest to `values`, by the sum of the squares.

    Neighbours that go down are put together at their mean, until none does: the "pool adjacent
    violators" algorithm of isotonic regression.

    >>> ascending([1.0, 5.0, 3.0, 7.0])
    [1.0, 4.0, 4.0, 7.0]
    """
    blocks = []  # [the mean, of how many]
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, n = blocks.pop()
            before, m = blocks[-1]
            blocks[-1] = [(before * m + mean * n) / (m + n), m + n]
    return [mean for mean, n in blocks for _ in range(n)]


def crossings(columns):
    """How many pairs of lines cross between neighbouring columns."""
    total = 0
    for column in columns:
        pairs = [(a.y, b.y) for a in column for b in a.right]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(pairs, 2))
    return total
