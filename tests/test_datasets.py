# ruff: noqa: NPY002 -- the legacy generator is looked at only to show that nobody touched it
"""The data sets: shapes, seeds, curves, refusals, and the bytes of the files."""

import gzip
import hashlib
import random
from fractions import Fraction

import numpy as np
import pytest

from minigrad import datasets

DRAWN = [datasets.moons, datasets.spirals, datasets.line_with_outliers]
MEASURED = [datasets.iris, datasets.digits]


def called(function):
    return function.__name__


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# Every data set


@pytest.mark.parametrize(
    "function, x_shape, y_shape, y_dtype",
    [
        (datasets.moons, (200, 2), (200,), np.int64),
        (datasets.spirals, (300, 2), (300,), np.int64),
        (datasets.line_with_outliers, (50, 1), (50, 1), np.float64),
        (datasets.iris, (150, 4), (150,), np.int64),
        (datasets.digits, (1797, 64), (1797,), np.int64),
    ],
)
def test_shapes_and_dtypes_are_as_documented(function, x_shape, y_shape, y_dtype):
    x, y = function()
    assert (x.shape, x.dtype) == (x_shape, np.float64)
    assert (y.shape, y.dtype) == (y_shape, y_dtype)
    assert np.isfinite(x).all() and np.isfinite(y).all()


@pytest.mark.parametrize("function", DRAWN + MEASURED, ids=called)
def test_two_calls_share_no_memory_and_no_change(function):
    x, y = function()
    first = x.copy(), y.copy()
    again = function()
    for mine in (x, y):
        assert not any(np.shares_memory(mine, theirs) for theirs in again)
        assert mine.flags.writeable
        mine += 1
    assert same(function(), first)
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize("function", DRAWN + MEASURED, ids=called)
def test_the_global_random_states_are_left_alone(function):
    numpys, pythons = np.random.get_state()[1:], random.getstate()
    function()
    after = np.random.get_state()[1:]
    assert np.array_equal(after[0], numpys[0]) and after[1:] == numpys[1:]
    assert random.getstate() == pythons


# Drawn by a formula


@pytest.mark.parametrize("function", DRAWN, ids=called)
def test_the_same_seed_gives_the_same_data(function):
    assert same(function(rng=7), function(rng=7))
    assert same(function(), function(rng=0))


@pytest.mark.parametrize("function", DRAWN, ids=called)
def test_another_seed_gives_other_data(function):
    assert not same(function(rng=7), function(rng=8))


@pytest.mark.parametrize("function", DRAWN, ids=called)
def test_a_generator_is_accepted_and_moves_on(function):
    rng = np.random.default_rng(7)
    assert same(function(rng=rng), function(rng=7))
    assert not same(function(rng=rng), function(rng=7))


@pytest.mark.parametrize("function", DRAWN, ids=called)
def test_the_data_do_not_depend_on_the_global_seed(function):
    state = np.random.get_state()
    try:
        np.random.seed(1)
        one = function()
        np.random.seed(2)
        assert same(function(), one)
    finally:
        np.random.set_state(state)


@pytest.mark.parametrize("n", [2, 3, 7, 10, 199, 200])
def test_moons_have_equal_halves_or_one_more_in_class_0(n):
    _, y = datasets.moons(n=n)
    assert np.bincount(y).tolist() == [n - n // 2, n // 2]


@pytest.mark.parametrize("n, classes", [(2, 2), (5, 5), (11, 4), (300, 3), (301, 3), (302, 3)])
def test_spirals_have_equal_classes_or_one_more(n, classes):
    _, y = datasets.spirals(n=n, classes=classes)
    counts = np.bincount(y)
    assert len(counts) == classes and counts.sum() == n
    assert counts.tolist() == [n // classes + (k < n % classes) for k in range(classes)]


def test_moons_without_noise_lie_on_their_half_circles():
    x, y = datasets.moons(n=101, noise=0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, rtol=1e-14)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, rtol=1e-14)
    assert (upper[:, 1] >= 0).all() and (lower[:, 1] <= 0.5).all()
    assert (upper[:, 0].min(), upper[:, 0].max()) == (-1, 1)  # whole half circles, end to end
    assert (lower[:, 0].min(), lower[:, 0].max()) == (0, 2)


def test_spirals_without_noise_lie_on_their_arms():
    x, y = datasets.spirals(n=302, classes=4, noise=0)
    radius = np.hypot(*x.T)
    s = (radius - 0.4) / 1.6
    angle = 2 * np.pi * (y / 4 + 0.75 * s)
    np.testing.assert_allclose(x, np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1),
                               atol=1e-13)
    for k in range(4):
        arm = np.sort(s[y == k])
        np.testing.assert_allclose(arm, np.linspace(0, 1, len(arm)), atol=1e-13)


def test_a_line_without_noise_is_the_line_and_outliers_are_10_below_it():
    x, y = datasets.line_with_outliers(n=20, outliers=3, slope=-4.0, intercept=0.5, noise=0)
    np.testing.assert_array_equal(x[:, 0], np.linspace(-2, 2, 20))
    below = (-4.0 * x + 0.5 - y)[:, 0]
    np.testing.assert_allclose(below, [0] * 17 + [10] * 3, atol=1e-14)


@pytest.mark.parametrize("outliers", [0, 1, 50])
def test_there_are_as_many_outliers_as_asked_for_and_they_come_last(outliers):
    x, y = datasets.line_with_outliers(outliers=outliers)
    assert ((2 * x + 1 - y)[:, 0] > 5).tolist() == [False] * (50 - outliers) + [True] * outliers


@pytest.mark.parametrize("seed", range(5))
def test_outliers_tilt_least_squares_and_the_clean_rows_do_not(seed):
    x, y = datasets.line_with_outliers(rng=seed)
    clean_slope, _ = np.polyfit(x[:-5, 0], y[:-5, 0], deg=1)
    tilted_slope, _ = np.polyfit(x[:, 0], y[:, 0], deg=1)
    assert abs(clean_slope - 2) < 0.3
    assert tilted_slope < 1


@pytest.mark.parametrize(
    "blurred, sharp",
    [
        # the same seed shuffles alike, so the rows of both can be subtracted
        (datasets.moons(n=4000, noise=0.25), datasets.moons(n=4000, noise=0)),
        (datasets.spirals(n=4000, noise=0.25), datasets.spirals(n=4000, noise=0)),
    ],
    ids=["moons", "spirals"],
)
def test_noise_is_the_standard_deviation_along_each_axis(blurred, sharp):
    assert np.array_equal(blurred[1], sharp[1])
    residual = blurred[0] - sharp[0]
    np.testing.assert_allclose(residual.std(axis=0), 0.25, rtol=0.05)
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=0.02)


def test_noise_of_the_line_is_the_standard_deviation_of_y():
    x, y = datasets.line_with_outliers(n=4000, outliers=0, noise=0.25)
    assert (y - 2 * x - 1).std() == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("function", [datasets.moons, datasets.spirals], ids=called)
def test_rows_are_shuffled_so_that_a_head_and_tail_split_is_fair(function):
    for seed in range(5):
        x, y = function(rng=seed)
        classes = y.max() + 1
        tail = np.bincount(y[-len(y) // 3:], minlength=classes) / (len(y) / 3)
        assert (abs(tail - 1 / classes) < 0.15).all()
        assert abs(x[: len(x) // 2].mean() - x[len(x) // 2:].mean()) < 0.3


@pytest.mark.parametrize("seed", range(5))
def test_the_default_spirals_are_separable_but_not_by_straight_lines(seed):
    x, y = datasets.spirals(rng=seed)
    distance = ((x[:, None] - x) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (y[distance.argmin(axis=1)] == y).mean() >= 0.97  # the nearest neighbour's class

    columns = np.column_stack([x, np.ones(len(x))])  # least squares on the one-hot labels
    weights, *_ = np.linalg.lstsq(columns, np.eye(3)[y], rcond=None)
    assert ((columns @ weights).argmax(axis=1) == y).mean() < 0.75


# Refusals: what was given, what is allowed


WHOLE = "a whole number, 2 or more"
SPREAD = "a finite number, 0 or more"
UP_TO_N = "a whole number from 0 to n = 50"


@pytest.mark.parametrize(
    "function, name, given, allowed",
    [
        (datasets.moons, "n", 1, WHOLE),
        (datasets.moons, "n", -5, WHOLE),
        (datasets.moons, "n", 200.0, WHOLE),
        (datasets.moons, "n", "200", WHOLE),
        (datasets.moons, "n", None, WHOLE),
        (datasets.moons, "noise", -0.1, SPREAD),
        (datasets.moons, "noise", np.nan, SPREAD),
        (datasets.moons, "noise", np.inf, SPREAD),
        (datasets.moons, "noise", "0.1", SPREAD),
        (datasets.spirals, "n", 2, "a whole number, 3 or more: a point for each of 3 classes"),
        (datasets.spirals, "n", 300.0, "a whole number, 3 or more: a point for each of 3 classes"),
        (datasets.spirals, "classes", 1, WHOLE),
        (datasets.spirals, "classes", 3.0, WHOLE),
        (datasets.spirals, "classes", True, WHOLE),
        (datasets.spirals, "noise", -1, SPREAD),
        (datasets.line_with_outliers, "n", 1, WHOLE),
        (datasets.line_with_outliers, "n", 2.5, WHOLE),
        (datasets.line_with_outliers, "outliers", 51, UP_TO_N),
        (datasets.line_with_outliers, "outliers", -1, UP_TO_N),
        (datasets.line_with_outliers, "outliers", 1.5, UP_TO_N),
        (datasets.line_with_outliers, "outliers", True, UP_TO_N),
        (datasets.line_with_outliers, "slope", np.inf, "a finite number"),
        (datasets.line_with_outliers, "slope", Fraction(1, 2), "a finite number"),
        (datasets.line_with_outliers, "intercept", None, "a finite number"),
        (datasets.line_with_outliers, "noise", -0.3, SPREAD),
    ],
)
def test_bad_input_is_refused_with_what_was_given_and_what_is_allowed(
    function, name, given, allowed
):
    with pytest.raises(ValueError) as caught:
        function(**{name: given})
    message = str(caught.value)
    assert message.startswith(f"{name} must be {allowed}")
    assert message.endswith(f"; got {given!r}")


def test_fewer_points_than_classes_are_refused():
    with pytest.raises(ValueError, match=r"n must be a whole number, 5 or more: .*; got 4"):
        datasets.spirals(n=4, classes=5)


def test_numpys_own_numbers_are_accepted():
    one = datasets.spirals(n=np.int64(30), classes=np.int32(3), noise=np.float64(0.1))
    assert same(one, datasets.spirals(n=30))


# Measured


def test_iris_has_fifty_of_each_species_in_order():
    _, y = datasets.iris()
    assert y.tolist() == [0] * 50 + [1] * 50 + [2] * 50


def test_known_rows_of_iris():
    x, _ = datasets.iris()
    assert x[:2].tolist() == [[5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2]]
    assert x[50].tolist() == [7.0, 3.2, 4.7, 1.4]
    assert x[-1].tolist() == [5.9, 3.0, 5.1, 1.8]


def test_iris_has_fishers_values_where_ucis_file_differs():
    x, _ = datasets.iris()
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_iris_is_in_centimetres_with_the_published_ranges_and_means():
    x, _ = datasets.iris()
    assert x.min(axis=0).tolist() == [4.3, 2.0, 1.0, 0.1]
    assert x.max(axis=0).tolist() == [7.9, 4.4, 6.9, 2.5]
    np.testing.assert_allclose(x.mean(axis=0), [5.84, 3.05, 3.76, 1.20], atol=0.01)


def test_the_names_of_iris_fit_its_columns_and_labels():
    assert datasets.IRIS_FEATURES[0] == "sepal length (cm)" and len(datasets.IRIS_FEATURES) == 4
    assert datasets.IRIS_CLASSES == ("setosa", "versicolor", "virginica")
    header = (datasets.DATA / "iris.csv").read_text().splitlines()[0]
    assert header == ",".join([*datasets.IRIS_FEATURES, "species"])


def test_digits_has_the_published_count_of_each_digit():
    _, y = datasets.digits()
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_sixteenths_from_0_to_1():
    x, _ = datasets.digits()
    assert (x.min(), x.max()) == (0, 1)
    assert np.array_equal(np.unique(x), np.arange(17) / 16)


def test_known_rows_of_digits():
    x, y = datasets.digits()
    assert (16 * x[0]).reshape(8, 8).tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    assert (16 * x[-1, :8]).tolist() == [0, 0, 10, 14, 8, 1, 0, 0] and y[-1] == 8


def test_digits_keep_ucis_row_order_and_its_repeating_sequence_of_labels():
    _, y = datasets.digits()
    assert y[:32].tolist() == [*range(10)] * 3 + [0, 9]
    for begin in (0, 130, 256, 386, 516, 646, 776, 1029, 1157, 1287, 1415, 1667):
        assert y[begin : begin + 30].tolist() == [*range(10)] * 3  # where a form begins


def test_the_held_out_split_of_the_last_360_digits_has_every_digit():
    _, y = datasets.digits()
    assert np.bincount(y[-360:]).tolist() == [35, 36, 35, 37, 37, 37, 37, 36, 33, 37]


# The files


def files():
    iris = (datasets.DATA / "iris.csv").read_bytes().replace(b"\r\n", b"\n")  # git on Windows
    packed = (datasets.DATA / "digits.csv.gz").read_bytes()
    return [iris, packed, gzip.decompress(packed)]


def test_the_files_are_the_ones_that_were_checked():
    assert [hashlib.sha256(content).hexdigest() for content in files()] == [
        "b6354ddc844092af7f63edb9e8be69cbbdbda3cc3fc80760b6483102df0ab9f2",
        "0f622aac121cc3fc5d83397199887f8019d6db33381d033e73e300a2ce17c1ed",
        "592cc047d0a1cc7fdef9fd724514209dcb45a80aa147dc3ab375e3e1a9a380f4",
    ]


def test_the_readme_of_the_data_names_each_size_and_hash():
    rows = (datasets.DATA / "README.md").read_text(encoding="utf-8").splitlines()
    for content in files():
        digest = hashlib.sha256(content).hexdigest()
        assert any(f"`{digest}`" in row and f"| {len(content):,} |" in row for row in rows)


def test_the_files_are_small():
    sizes = {file.name: file.stat().st_size for file in datasets.DATA.iterdir() if file.is_file()}
    assert set(sizes) >= {"iris.csv", "digits.csv.gz", "README.md"}
    assert max(sizes.values()) < 200_000


def test_the_packed_digits_carry_no_time_and_no_file_name():
    flags_and_time = (datasets.DATA / "digits.csv.gz").read_bytes()[3:8]
    assert flags_and_time == bytes(5)
