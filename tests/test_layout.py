"""layout: columns from left to right, bends where a line passes one, order and room in each."""

import numpy as np
import pytest

from minigrad import layout
from minigrad.layout import (COLUMN_GAP, MARGIN, ROW_GAP, Box, ascending, crossings, lay_out,
                             place)


def boxes(n, width=1.0, height=0.5):
    return [Box(width=width, height=height) for _ in range(n)]


def tangle(seed, n=14):
    """Boxes of many sizes, of which each but the first few is computed from one to three others."""
    rng = np.random.default_rng(seed)
    found = [Box(width=w, height=h) for w, h in rng.uniform(0.3, 2.0, (n, 2))]
    lines = [[found[s], found[t]] for t in range(3, n)
             for s in rng.choice(t, size=rng.integers(1, 4), replace=False)]
    return [box for box in found if any(box in line for line in lines)], lines


TANGLES = pytest.mark.parametrize("seed", range(8))


# -- columns and bends -----------------------------------------------------------------------------


def test_what_has_a_source_stands_behind_the_rightmost_one_and_what_has_none_before_its_first_use():
    a, b, c, d, late, early = found = boxes(6)
    columns, *_ = lay_out(found, [[a, b], [early, b], [b, c], [c, d], [late, d], [early, d]])
    assert [box.column for box in found] == [0, 1, 2, 3, 2, 0]
    assert [set(column) & set(found) for column in columns] == [{a, early}, {b}, {c, late}, {d}]


def test_a_line_has_a_bend_in_each_column_that_it_passes_and_no_other_has_any():
    a, b, c, d = found = boxes(4)
    lines = [[a, b], [b, c], [c, d], [a, d]]
    columns, *_ = lay_out(found, lines)
    assert lines[:3] == [[a, b], [b, c], [c, d]]
    start, *bends, end = lines[3]
    assert (start, end) == (a, d) and [bend.column for bend in bends] == [1, 2]
    assert bends[0] in columns[1] and bends[1] in columns[2]
    assert sum(map(len, columns)) == 6


def test_neighbours_are_those_in_the_next_columns_bends_included():
    a, b, c = found = boxes(3)
    lines = [[a, b], [b, c], [a, c], [b, c]]
    lay_out(found, lines)
    bend = lines[2][1]
    assert a.right == [b, bend] and c.left == [b, bend, b] and bend.left == [a]
    assert a.left == c.right == []


# -- order and height ------------------------------------------------------------------------------


def test_place_gives_every_wish_that_order_and_room_allow():
    column = [Box(wish=wish) for wish in (0.0, 5.0, 5.0, 9.0)]
    place(column)
    np.testing.assert_allclose([box.y for box in column],
                               [0.0, 5.0 - ROW_GAP / 2, 5.0 + ROW_GAP / 2, 9.0])


def test_place_keeps_the_order_even_against_the_wishes():
    first, second = column = [Box(height=1.0, wish=4.0), Box(height=3.0, wish=0.0)]
    place(column)
    apart = (1.0 + 3.0) / 2 + ROW_GAP
    np.testing.assert_allclose([first.y, second.y], [2.0 - apart / 2, 2.0 + apart / 2])


@TANGLES
def test_no_other_places_would_be_nearer_to_the_wishes(seed):
    rng = np.random.default_rng(seed)
    column = [Box(height=height, wish=wish) for height, wish in rng.uniform(0.0, 4.0, (6, 2))]
    place(column)
    heights, wishes = (np.array([getattr(box, name) for box in column])
                       for name in ("height", "wish"))
    y = np.array([box.y for box in column])
    room = (heights[:-1] + heights[1:]) / 2 + ROW_GAP
    assert (np.diff(y) >= room - 1e-12).all()
    for _ in range(200):
        other = y + rng.normal(scale=rng.choice([0.01, 0.1, 1.0]), size=6)
        for k in range(5):  # make room, from the top down
            other[k + 1] = max(other[k + 1], other[k] + room[k])
        assert ((y - wishes) ** 2).sum() <= ((other - wishes) ** 2).sum() + 1e-12


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_row_that_ascends_is_that_of_the_means_of_means(seed):
    """Its i-th number is the largest, over starts up to i, of the smallest mean up to an end."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rng.integers(1, 12)).round(1)
    n = len(values)
    expected = [max(min(values[start:end + 1].mean() for end in range(i, n))
                    for start in range(i + 1)) for i in range(n)]
    np.testing.assert_allclose(ascending(values), expected, atol=1e-12)


def test_a_row_that_ascends_stays_bit_for_bit():
    assert ascending([0.1, 0.1, 0.3]) == [0.1, 0.1, 0.3] and ascending([]) == []


def test_crossings_are_counted_in_pairs_of_lines():
    left, right = boxes(3), boxes(3)
    for k in range(3):
        left[k].y, right[k].y = k, -k
        left[k].right.append(right[k])
    assert crossings([left, right]) == 3  # all upside down: each pair once
    right[1].y = 1.0  # now the first two run side by side, and both cross the last
    left[1].right.append(right[1])  # a second line beside the middle one
    assert crossings([left, right]) == 3


def test_the_order_of_a_column_is_changed_until_nothing_crosses():
    a, b, c, p, q, r, s, t, u, end = found = boxes(10)
    lines = [[a, p], [b, q], [c, r], [r, s], [q, t], [p, u], [s, end], [t, end], [u, end]]
    columns, *_ = lay_out(found, lines)
    assert crossings(columns) == 0


def test_a_chain_stands_at_one_height_and_a_pair_around_its_child():
    found = boxes(4)
    lay_out(found, [[found[0], found[1]], [found[1], found[2]], [found[2], found[3]]])
    np.testing.assert_allclose([box.y for box in found], MARGIN + 0.25)
    a, b, c = found = boxes(3)
    lay_out(found, [[a, c], [b, c]])
    np.testing.assert_allclose(c.y, (a.y + b.y) / 2)
    np.testing.assert_allclose(abs(a.y - b.y), 0.5 + ROW_GAP)


# -- the whole -------------------------------------------------------------------------------------


@TANGLES
def test_nothing_overlaps_and_all_is_inside_the_margins(seed):
    found, lines = tangle(seed)
    columns, width, height = lay_out(found, lines)
    assert {box for column in columns for box in column} >= set(found)
    for column in columns:
        for a, b in zip(column, column[1:], strict=False):
            assert b.y - a.y >= (a.height + b.height) / 2 + ROW_GAP - 1e-9
        assert len({box.x for box in column}) == 1
    edges = [(min(box.x - box.width / 2 for box in column),
              max(box.x + box.width / 2 for box in column)) for column in columns]
    assert np.isclose(edges[0][0], MARGIN) and np.isclose(edges[-1][1], width - MARGIN)
    for (_, end), (start, _) in zip(edges, edges[1:], strict=False):
        assert np.isclose(start - end, COLUMN_GAP)
    everything = [box for column in columns for box in column]
    assert np.isclose(min(box.y - box.height / 2 for box in everything), MARGIN)
    assert np.isclose(max(box.y + box.height / 2 for box in everything), height - MARGIN)
    for line in lines:
        assert [box.column for box in line] == list(range(line[0].column, line[-1].column + 1))


@TANGLES
def test_sorting_takes_away_more_than_half_of_the_crossings(seed):
    before = layout._columns(*tangle(seed))
    for column in before:
        place(column)
    after, *_ = lay_out(*tangle(seed))
    assert 2 * crossings(after) < crossings(before)


def test_a_bend_is_as_wide_as_its_column_so_that_its_line_goes_straight_across():
    a, wide, c = found = [Box(width=width, height=0.5) for width in (1.0, 3.0, 1.0)]
    lines = [[a, wide], [wide, c], [a, c]]
    lay_out(found, lines)
    bend = lines[2][1]
    assert (bend.x, bend.width, bend.height) == (wide.x, 3.0, 0.0)
    assert abs(bend.y - wide.y) >= 0.25 + ROW_GAP - 1e-9


@TANGLES
def test_the_same_graph_is_laid_out_the_same_way_again(seed):
    places = []
    for _ in range(2):
        found, lines = tangle(seed)
        lay_out(found, lines)
        places.append([(box.x, box.y, box.width, box.height) for box in found])
    assert places[0] == places[1]
