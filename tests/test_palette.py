"""palette: colours that every eye tells apart, a style matplotlib takes, a first argument held."""

from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pytest
from helpers import refused
from matplotlib import pyplot
from matplotlib.figure import Figure

from minigrad import nn, palette
from minigrad.palette import (CURVES, LINES, MARKERS, STYLE, new_figure, require_axes,
                              require_whole)

COLOURS = {name: value for name, value in vars(palette).items()
           if isinstance(value, str) and value.startswith("#")}


# -- colours ---------------------------------------------------------------------------------------

# What is left of light (linear red, green, blue) without the cones for red, or for green: Machado,
# Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation of Color Vision
# Deficiency, IEEE TVCG 15(6), the authors' tables for severity 1.0.
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868],
                            [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968],
                              [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805],  # sRGB, as IEC 61966-2-1 has it
                   [0.2126, 0.7152, 0.0722],
                   [0.0193, 0.1192, 0.9505]])


def light(colour):
    """The light of a colour such as "#0072B2": linear red, green and blue in 0 ... 1."""
    coded = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE 1976 L*, a*, b* of linear light; white is (100, 0, 0)."""
    t = TO_XYZ @ rgb / TO_XYZ.sum(axis=1)
    root = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def distance(a, b, eye):
    """How far two colours are apart for an eye, in CIE 1976 units: 2.3 can just be noticed."""
    first, second = (lab(np.clip(EYES[eye] @ light(colour), 0.0, 1.0)) for colour in (a, b))
    return np.linalg.norm(first - second)


def test_the_ruler_knows_white_black_and_grey():
    np.testing.assert_allclose(lab(light("#FFFFFF")), [100.0, 0.0, 0.0], atol=0.05)
    assert distance("#000000", "#FFFFFF", "all cones") == pytest.approx(100.0, abs=0.05)
    for eye in EYES:  # who sees no red or green sees grey as it is
        np.testing.assert_allclose(lab(EYES[eye] @ light("#808080")), [53.6, 0.0, 0.0], atol=0.05)


def test_the_ruler_notices_what_a_missing_cone_takes_away():
    red, green = "#D62728", "#2CA02C"  # those of matplotlib's own cycle
    assert distance(red, green, "all cones") > 100 and distance(red, green, "deuteranopia") < 10


@pytest.mark.parametrize("eye", EYES)
def test_every_two_colours_are_told_apart_by_every_eye(eye):
    assert len(COLOURS) == 8
    for a, b in combinations(COLOURS, 2):
        least = 10 if "GREY" in (a, b) else 15  # grey is for what stands behind
        assert distance(COLOURS[a], COLOURS[b], eye) > least, f"{a} and {b}, under {eye}"


def test_seven_colours_are_those_of_okabe_and_ito():
    theirs = {"BLACK": (0, 0, 0), "AMBER": (230, 159, 0), "SKY": (86, 180, 233),
              "GREEN": (0, 158, 115), "BLUE": (0, 114, 178), "ORANGE": (213, 94, 0),
              "PURPLE": (204, 121, 167)}  # theirs: black, orange, sky blue, bluish green, blue,
    assert {name: "#{:02X}{:02X}{:02X}".format(*rgb) for name, rgb in theirs.items()} == {
        name: colour for name, colour in COLOURS.items() if name != "GREY"}  # vermilion, purple


def test_lines_differ_in_colour_and_neighbours_in_dashes_and_every_class_has_a_marker():
    assert len({colour for colour, _ in LINES}) == len(LINES) == len(MARKERS) == len(set(MARKERS))
    assert {colour for colour, _ in LINES} == set(COLOURS.values()) - {palette.GREY}
    for order in (LINES, CURVES):
        assert all(dash != following for (_, dash), (_, following) in pairwise([*order, order[0]]))
    assert sorted(CURVES) == sorted(LINES) and len({dash for _, dash in LINES}) == 4
    ax = Figure().subplots()
    for (colour, dash), marker in zip(LINES, MARKERS, strict=True):
        ax.plot([0, 1], color=colour, linestyle=dash, marker=marker)  # refuses what it cannot draw


# -- style -----------------------------------------------------------------------------------------


def test_matplotlib_takes_the_style():
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context(STYLE):
        for key, value in STYLE.items():
            taken = matplotlib.rcParams[key]
            assert taken == value or list(taken) == list(value)
    assert dict(matplotlib.rcParams) == before


def test_no_text_is_smaller_than_the_last_row_can_read():
    with matplotlib.rc_context(STYLE):
        figure = Figure()
        ax = figure.subplots()
        ax.plot([0, 1], label="a line")
        ax.set(title="title", xlabel="x", ylabel="y")
        figure.suptitle("above")
        ax.legend()
        figure.draw_without_rendering()
        sizes = [text.get_fontsize() for text in figure.findobj(matplotlib.text.Text)
                 if text.get_text()]
    assert len(sizes) > 10 and min(sizes) >= 12


# -- where to draw ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"projection": "polar"}, {"projection": "3d"}])
def test_axes_of_all_kinds_are_accepted(options):
    assert require_axes(Figure().add_subplot(**options)) is None


@pytest.mark.parametrize("name, wrong", [
    ("Figure", Figure()), ("NoneType", None), ("ndarray", Figure().subplots(1, 2)),
    ("MLP", nn.MLP([2, 3, 2], rng=0)), ("ndarray", np.zeros((4, 2))), ("str", "picture.png"),
    ("module", pyplot)])
def test_what_is_no_axes_is_refused_with_what_to_write(name, wrong):
    with pytest.raises(TypeError, match=rf"was given {name}: write  fig, ax = plt\.subplots\(\)"):
        require_axes(wrong)


@pytest.mark.parametrize("wrong", [1, -2, 2.0, True, "2", None, float("nan")], ids=repr)
def test_what_is_no_whole_number_is_refused_by_its_name(wrong):
    require_whole(2, points=2, levels=np.int64(7))
    with refused(ValueError, "levels is a whole number, 2 or more, not ", repr(wrong)):
        require_whole(2, points=2, levels=wrong)


def test_a_new_figure_has_its_size_and_is_shown_without_pyplot():
    known = pyplot.get_fignums()
    figure = new_figure(3.0, 2.0)
    assert tuple(figure.get_size_inches()) == (3.0, 2.0) and pyplot.get_fignums() == known
    assert not figure.axes and figure._repr_png_().startswith(b"\x89PNG")
