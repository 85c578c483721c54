"""The words of a picture: sizes said in short, names at the ends of lines, titles that fit.

Nothing is written smaller than LETTERS, and nothing over something else.
"""

import textwrap

import numpy as np

from .layout import ascending

LETTERS = 12  # points: nothing is written smaller
HUGE = 1e150  # what is larger is not drawn: soon its square is no float
NO_BREAK = "\N{NO-BREAK SPACE}"


def counted(n, what):
    """How many there are: "1 row", "2,000 rows"."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def is_drawable(values):
    """Which values can be drawn: neither nan nor inf, nor larger than HUGE."""
    return np.isfinite(values) & (np.abs(values) < HUGE)


def capital(text):
    """The text, with a capital at its beginning."""
    return text[0].upper() + text[1:]


def listed(names, layers):
    """Up to three names of layers; of more, how many of all they are."""
    return ", ".join(names) if len(names) < 4 else f"{len(names)} of {len(layers)} layers"


def short(value, digits=3):
    """A number with a few digits, as one says it."""
    rounded = float(f"{value:.{digits}g}")  # 999.6 is as long as 1,000
    whole = 10.0**digits <= abs(rounded) < 1e6
    text = f"{value:,.0f}" if whole else f"{value:.{digits}g}"
    return text.replace("-", "−")


def percent(share):
    """A share of a whole: 100 % is all of it, 0 % is nothing."""
    return "< 1 %" if 0.0 < share < 0.01 else f"{int(100.0 * share + 1e-9)} %"


def ratio_of(x, y):
    """x / y, which might not be a float, between 1 / HUGE and HUGE."""
    return np.exp(np.clip(np.log(x) - np.log(y), -np.log(HUGE), np.log(HUGE)))


def part_of(ratio):
    """A ratio as a part of 1: "1/400"; from a third on as it is."""
    if ratio > 1.0 / 3.0:
        return f"{float(f'{ratio:.2g}'):,g}"
    inverse = float(f"{1.0 / ratio:.2g}")
    return f"1/{inverse:,.0f}" if 10.0 <= inverse < 1e9 else f"1/{inverse:g}".replace("e+", "e")


def compared(ratio, how):
    """How one size compares with another: "1/400 as large", "7 times as large"."""
    if 2.0 / 3.0 < ratio < 1.5:
        return f"about as {how}"
    return f"{part_of(ratio)} times as {how}" if ratio > 1.0 / 3.0 else f"{part_of(ratio)} as {how}"


def name_ends(ax, ends, first, last):
    """Write a name to the right of each line, level with its end (x, y) where there is room.

    Names that would overlap are moved apart, as little as possible; if there are more than fit,
    some are left out, but not the first and the last.
    """
    from matplotlib.ticker import MaxNLocator
    width, height = points_of(ax)
    span, longest = last - first or 1.0, max(len(name) for name, _, _ in ends)
    room = min(0.6, (0.54 * longest + 1.5) * LETTERS / width)
    ax.set_xlim(first - (0.02 if last > first else 0.5) * span, last + span * room / (1.0 - room))
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=first % 1 == last % 1 == 0)
    ticks = [tick for tick in ticks.tick_values(first, last) if first <= tick <= last]
    ax.set_xticks(ticks if last > first else [first])

    gap = 1.35 * LETTERS / height  # a title of two lines takes some of it later
    most = max(2, int(1.0 / gap))
    if len(ends) > most:
        ends = [ends[i] for i in np.linspace(0, len(ends) - 1, most).round().astype(int)]
    ax.get_ylim()  # brings the limits up to date
    to_axes = ax.transData + ax.transAxes.inverted()
    levels = np.array([0.0 if end is None else to_axes.transform(end)[1] for _, end, _ in ends])
    order = np.argsort(levels, kind="stable")
    for i, level in zip(order, apart(levels[order], gap), strict=True):
        name, end, colour = ends[i]
        place = (1.0 - room + LETTERS / width, level)
        dash = "-" if end is None or end[0] == last else ":"  # the line ends before the others
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 1.4, "linestyle": dash,
                  "shrinkA": 1, "shrinkB": 3, "relpos": (0.0, 0.5)}
        ax.annotate(name, end or place, place, xycoords="data" if end else "axes fraction",
                    textcoords="axes fraction", va="center", fontsize=LETTERS,
                    arrowprops=leader if end else None, annotation_clip=False)


def apart(levels, gap):
    """Ascending levels, moved as little as possible so that neighbours are `gap` apart, in [0, 1].

    With i gaps taken from the i-th, they only have to ascend.

    >>> apart(np.array([0.5, 0.5]), 0.1)
    array([0.45, 0.55])
    """
    gaps = gap * np.arange(len(levels))
    highest = max(gap / 2.0, 1.0 - (len(levels) - 0.5) * gap)
    return np.clip(ascending(levels - gaps), gap / 2.0, highest) + gaps


def fitted(ax, like, text, side=0):
    """`text` in even lines no longer than that side of ax; its letters are those of `like`."""
    most = max(20, int(points_of(ax)[side] / (0.5 * like.get_fontsize())))

    def lines(width):
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

    fewest = len(lines(most))
    even = next(width for width in range(1, most + 1) if len(lines(width)) <= fewest)
    return "\n".join(lines(even)).replace(NO_BREAK, " ")


def points_of(ax):
    """The width and the height of an axes in points, as letters are measured."""
    return ax.get_window_extent().size * 72.0 / ax.get_figure().dpi
