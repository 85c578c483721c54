"""Colours and style that all pictures share: told apart by every eye, legible from the last row.

The colours are those of Okabe and Ito (2008), Color Universal Design, without their yellow, and a
grey: also who sees no red or no green tells them apart. What they call orange is AMBER here; ORANGE
is their vermilion. On a black and white printer, lines that follow one another in LINES or CURVES
differ in their dashes, of which there are four, and each of MARKERS is another.

In a notebook:

    plt.rcParams.update(draw.STYLE)
"""

import io
from numbers import Integral

# fmt: off
BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, BLACK, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#666666")
LINES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (SKY, "-"), (BLACK, "--"),
         (AMBER, "-.")]
CURVES = LINES[:1] + LINES[2:] + LINES[1:2]  # orange last: in a notebook it is the reader's guess
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
STYLE = {
    "font.size": 13, "axes.titlesize": 14, "figure.titlesize": 16, "figure.labelsize": 13,
    "legend.fontsize": 12, "legend.frameon": False, "lines.linewidth": 2.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
    "figure.figsize": (7, 4.2), "figure.constrained_layout.use": True,
    "figure.dpi": 100, "savefig.dpi": 110,
}
# fmt: on


def require_axes(ax) -> None:
    """Refuse what is no matplotlib Axes, as a picture's first argument: TypeError."""
    if not hasattr(ax, "plot") or not hasattr(ax, "set_title"):
        one = "; of several axes pass one, axes[0]" if hasattr(ax, "__len__") else ""
        raise TypeError(f"a picture is told first where to draw, and was given "
                        f"{type(ax).__name__}: write  fig, ax = plt.subplots()  and pass ax first"
                        f"{one}")


def require_whole(least: int, **numbers) -> None:
    """Refuse what is no whole number from `least` on, by its name: ValueError."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
            raise ValueError(f"{name} is a whole number, {least} or more, not {number!r}")


def legend_beside(ax):
    """A legend at the right of the picture, or, where no layout makes room for it, inside."""
    if ax.figure.get_layout_engine() is None:
        legend = ax.legend(loc="upper right", frameon=True, framealpha=0.85)
    else:
        legend = ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):  # of points that are small in the picture
            handle.set_sizes([min(max(handle.get_sizes()[0], 50), 90)])
    return legend


def new_figure(width: float, height: float):
    """An empty figure, in inches, that a notebook shows although pyplot has not heard of it."""
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_png_(self):  # a notebook asks for this
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Shown(figsize=(width, height))
