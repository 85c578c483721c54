"""labels: names that are moved apart, and sizes said in short."""

import numpy as np
import pytest
from panels import axes

from minigrad.labels import (apart, compared, counted, fitted, is_drawable, listed, part_of,
                             percent, ratio_of, short)


@pytest.mark.parametrize("levels", [[0.5], [0.1, 0.9], [0.5, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0],
                                    [0.2, 0.21, 0.22, 0.8], [0.98, 0.99, 1.0]])
def test_names_are_moved_apart_as_little_as_possible(levels):
    gap = 0.06
    moved = apart(np.array(levels), gap)
    assert (np.diff(moved) >= gap - 1e-12).all()
    assert moved[0] >= gap / 2 - 1e-12 and moved[-1] <= 1.0 - gap / 2 + 1e-12
    free = [0.1 < level < 0.9 for level in levels]
    if all(free) and len(levels) > 1 and np.ptp(levels) == 0.0:
        assert np.mean(moved) == pytest.approx(levels[0])
    if np.min(np.diff(levels), initial=1.0) >= gap and all(free):
        np.testing.assert_allclose(moved, levels)


@pytest.mark.parametrize("share, said", [
    (0.0, "0 %"), (0.001, "< 1 %"), (0.01, "1 %"), (0.29, "29 %"), (0.999, "99 %"), (1.0, "100 %")])
def test_a_share_in_percent(share, said):
    assert percent(share) == said


@pytest.mark.parametrize("value, said", [
    (0.0, "0"), (-1.5, "−1.5"), (1234.6, "1,235"), (123.456, "123"), (1e7, "1e+07"),
    (0.00012345, "0.000123"), (999.4, "999"), (999.5, "1,000"), (-999.6, "−1,000"),
    (999_499.6, "999,500"), (999_600.0, "1e+06"), (0.9996, "1"), (np.nan, "nan"),
    (-np.inf, "−inf")])
def test_a_number_in_short(value, said):
    assert short(value) == said


@pytest.mark.parametrize("value, said", [
    (0.123, "0.12"), (9.96, "10"), (99.4, "99"), (99.6, "100"), (123.4, "123"), (1234.6, "1,235")])
def test_a_number_in_two_digits(value, said):
    assert short(value, 2) == said


@pytest.mark.parametrize("ratio, said, comparison", [
    (1 / 400, "1/400", "1/400 as large"), (1 / 2_700_000, "1/2,700,000", "1/2,700,000 as large"),
    (0.5, "0.5", "0.5 times as large"), (1.0, "1", "about as large"),
    (7.0, "7", "7 times as large"), (1e-12, "1/1e12", "1/1e12 as large")])
def test_a_ratio_as_one_says_it(ratio, said, comparison):
    assert part_of(ratio) == said and compared(ratio, "large") == comparison


def test_a_ratio_of_sizes_that_are_nearly_no_floats():
    assert ratio_of(1e-300, 1e-302) == pytest.approx(100.0)
    assert ratio_of(1e-300, 1e300) == pytest.approx(1e-150)
    assert ratio_of(1e300, 1e-300) == pytest.approx(1e150)


def test_counts_and_lists():
    assert [counted(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert [counted(n, "row") for n in np.arange(3)] == ["0 rows", "1 row", "2 rows"]
    assert listed(["a", "b"], "abcde") == "a, b"
    assert listed(["a", "b", "c", "d"], "abcde") == "4 of 5 layers"


def test_what_cannot_be_drawn():
    values = np.array([0.0, -1.0, np.nan, np.inf, -1e200, 1e149])
    assert is_drawable(values).tolist() == [True, True, False, False, False, True]


def test_a_title_breaks_into_even_lines_that_fit():
    ax = axes(4.0, 3.0)
    text = "A title of some twenty words would run out of a picture as narrow as this one is"
    lines = fitted(ax, ax.title, text).split("\n")
    assert " ".join(lines) == text and len(lines) > 1
    assert max(map(len, lines)) < 1.4 * min(map(len, lines[:-1]))
    assert fitted(ax, ax.title, "Short") == "Short"


def test_no_word_and_no_number_is_broken_however_narrow_the_picture():
    ax = axes(1.5, 3.0)
    text = "By step 2: validation loss 0.5421 → 0.3654, well-being 12,345.678901234567890123 → 1"
    assert fitted(ax, ax.title, text).split() == text.split()
