# ruff: noqa: NPY002 -- the legacy generator is looked at only to show that nobody touched it
"""The data sets: shapes, seeds, curves, refusals, what is made of them, the files' bytes."""

import gzip
import hashlib
import random
from fractions import Fraction
from math import erf, sqrt

import numpy as np
import pytest

import losses
import optim
from minigrad import Tensor, datasets, nn

DRAWN = [datasets.moons, datasets.spirals, datasets.circles, datasets.blobs,
         datasets.line_with_outliers, datasets.sine]
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
        (datasets.circles, (200, 2), (200,), np.int64),
        (datasets.blobs, (300, 2), (300,), np.int64),
        (datasets.line_with_outliers, (50, 1), (50, 1), np.float64),
        (datasets.sine, (100, 1), (100, 1), np.float64),
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


@pytest.mark.parametrize("function", [datasets.moons, datasets.circles], ids=called)
@pytest.mark.parametrize("n", [2, 3, 7, 10, 199, 200])
def test_two_classes_have_equal_halves_or_one_more_in_class_0(function, n):
    _, y = function(n=n)
    assert np.bincount(y).tolist() == [n - n // 2, n // 2]


@pytest.mark.parametrize("function", [datasets.spirals, datasets.blobs], ids=called)
@pytest.mark.parametrize("n, classes", [(2, 2), (5, 5), (11, 4), (300, 3), (301, 3), (302, 3)])
def test_many_classes_have_equal_parts_or_one_more(function, n, classes):
    _, y = function(n=n, classes=classes)
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


@pytest.mark.parametrize("factor", [0, 0.25, 0.5, 0.9])
def test_circles_without_noise_are_evenly_spaced_on_their_rings(factor):
    x, y = datasets.circles(n=25, factor=factor, noise=0)
    outer, inner = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*outer.T), 1, rtol=1e-14)
    np.testing.assert_allclose(np.hypot(*inner.T), factor, rtol=1e-14, atol=0)
    for ring in (outer, inner)[: 2 if factor else 1]:
        turns = np.sort(np.arctan2(*ring.T[::-1]) / (2 * np.pi) % 1)
        turns[turns > 1 - 1e-12] = 0  # the first point, an ulp below the axis
        np.testing.assert_allclose(np.sort(turns), np.arange(len(ring)) / len(ring), atol=1e-14)


@pytest.mark.parametrize("classes", [2, 3, 4, 7, 10])
def test_centres_of_blobs_are_2_apart_on_a_circle_clockwise_from_the_left(classes):
    x, y = datasets.blobs(n=classes, classes=classes, noise=0)
    centres = x[np.argsort(y)]
    np.testing.assert_allclose(np.hypot(*(centres - np.roll(centres, 1, axis=0)).T), 2, rtol=1e-13)
    np.testing.assert_allclose(np.hypot(*centres.T), 1 / np.sin(np.pi / classes), rtol=1e-13)
    assert centres[0, 0] < -0.99 and abs(centres[0, 1]) < 1e-14
    if classes > 2:
        assert centres[1, 1] > 0.5  # from the left end clockwise is upwards


def test_centres_of_blobs_of_one_feature_are_2_apart_around_0():
    x, y = datasets.blobs(n=4, classes=4, features=1, noise=0)
    assert x.shape == (4, 1) and x[np.argsort(y), 0].tolist() == [-3, -1, 1, 3]


def test_further_features_of_blobs_are_noise_and_nothing_else():
    x, y = datasets.blobs(n=9000, features=5, noise=0.5)
    assert x.shape == (9000, 5)
    for k in range(3):
        np.testing.assert_allclose(x[y == k, 2:].mean(axis=0), 0, atol=0.05)
        np.testing.assert_allclose(x[y == k].std(axis=0), 0.5, rtol=0.05)
    few, _ = datasets.blobs(n=30, features=5, noise=0)
    assert few[:, 2:].tolist() == [[0, 0, 0]] * 30


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


def test_a_sine_without_noise_is_one_period_around_0_in_order():
    x, y = datasets.sine(n=33, noise=0)
    np.testing.assert_array_equal(x[:, 0], np.linspace(-np.pi, np.pi, 33))
    np.testing.assert_array_equal(y, np.sin(x))
    assert x[16, 0] == 0 and y.max() == 1


def test_from_0_to_2_pi_half_of_a_fresh_relu_layer_would_be_dead_and_of_a_sine_nothing_is():
    x, _ = datasets.sine()
    layer = nn.Linear(1, 1000, rng=0)
    assert (layer(x).data > 0).any(axis=0).all()
    assert (layer(x + np.pi).data > 0).any(axis=0).mean() == pytest.approx(0.5, abs=0.1)


def test_the_noise_of_a_sine_has_the_same_spread_everywhere_or_grows_evenly():
    x, y = datasets.sine(n=8000, noise=0.3)
    z = (y - np.sin(x)).reshape(4, -1)
    np.testing.assert_allclose(z.std(axis=1), 0.3, rtol=0.05)
    x, y = datasets.sine(n=8000, noise=(0.1, 0.9))
    z = (y - np.sin(x)).reshape(4, -1)
    np.testing.assert_allclose(z.std(axis=1), [0.2, 0.4, 0.6, 0.8], rtol=0.08)


@pytest.mark.parametrize("ends", [(0.2, 0.2), [0.2, 0.2], np.array([0.2, 0.2])], ids=repr)
def test_equal_spreads_at_both_ends_of_a_sine_are_one_spread(ends):
    assert same(datasets.sine(noise=ends), datasets.sine(noise=0.2))


@pytest.mark.parametrize("noise", [0.2, (0.05, 0.5), (0.5, 0)], ids=str)
@pytest.mark.parametrize("q, z", [(0.1, -1.2816), (0.5, 0), (0.9, 1.2816)])
def test_the_quantiles_of_a_sine_are_the_documented_ones(noise, q, z):
    x, y = datasets.sine(n=8000, noise=noise)
    left, right = noise if isinstance(noise, tuple) else (noise, noise)
    spread = left + (right - left) * (x + np.pi) / (2 * np.pi)
    below = y < np.sin(x) + z * spread
    np.testing.assert_allclose(below.reshape(4, -1).mean(axis=1), q, atol=0.03)


@pytest.mark.parametrize(
    "blurred, sharp",
    [
        # the same seed shuffles alike, so the rows of both can be subtracted
        (datasets.moons(n=4000, noise=0.25), datasets.moons(n=4000, noise=0)),
        (datasets.spirals(n=4000, noise=0.25), datasets.spirals(n=4000, noise=0)),
        (datasets.circles(n=4000, noise=0.25), datasets.circles(n=4000, noise=0)),
        (datasets.blobs(n=4000, noise=0.25), datasets.blobs(n=4000, noise=0)),
    ],
    ids=["moons", "spirals", "circles", "blobs"],
)
def test_noise_is_the_standard_deviation_along_each_axis(blurred, sharp):
    assert np.array_equal(blurred[1], sharp[1])
    residual = blurred[0] - sharp[0]
    np.testing.assert_allclose(residual.std(axis=0), 0.25, rtol=0.05)
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=0.02)


def test_noise_of_the_line_is_the_standard_deviation_of_y():
    x, y = datasets.line_with_outliers(n=4000, outliers=0, noise=0.25)
    assert (y - 2 * x - 1).std() == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("function", [datasets.moons, datasets.spirals, datasets.circles,
                                      datasets.blobs], ids=called)
def test_rows_are_shuffled_so_that_a_head_and_tail_split_is_fair(function):
    for seed in range(5):
        x, y = function(rng=seed)
        classes = y.max() + 1
        tail = np.bincount(y[-len(y) // 3:], minlength=classes) / (len(y) / 3)
        assert (abs(tail - 1 / classes) < 0.15).all()
        assert abs(x[: len(x) // 2].mean() - x[len(x) // 2:].mean()) < 0.3


def right_by_neighbour(x, y):
    distance = ((x[:, None] - x) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    return (y[distance.argmin(axis=1)] == y).mean()


def right_by_lines(x, y):
    columns = np.column_stack([x, np.ones(len(x))])  # least squares on the one-hot labels
    weights, *_ = np.linalg.lstsq(columns, np.eye(y.max() + 1)[y], rcond=None)
    return ((columns @ weights).argmax(axis=1) == y).mean()


def right_by_the_best_line(x, y):
    best = 0
    for angle in np.linspace(0, np.pi, 90, endpoint=False):  # of the line's normal
        ones = y[np.argsort(x @ [np.cos(angle), np.sin(angle)])]
        wrong = np.append(0, np.cumsum(2 * ones - 1)) + (1 - ones).sum()  # 1 to the right of it
        best = max(best, 1 - wrong.min() / len(y), wrong.max() / len(y))
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_default_spirals_are_separable_but_not_by_straight_lines(seed):
    x, y = datasets.spirals(rng=seed)
    assert right_by_neighbour(x, y) >= 0.97
    assert right_by_lines(x, y) < 0.75


@pytest.mark.parametrize("seed", range(5))
def test_of_the_default_circles_a_straight_line_gets_two_thirds_right(seed):
    x, y = datasets.circles(rng=seed)
    assert right_by_neighbour(x, y) == 1
    assert right_by_the_best_line(x, y) == pytest.approx(2 / 3, abs=0.02)
    assert right_by_lines(x**2, y) >= 0.98  # given the squares, a line is enough


@pytest.mark.parametrize("seed", range(3))
def test_a_network_of_layers_2_8_2_learns_the_default_circles(seed):
    x, y = datasets.circles(rng=seed)
    model = nn.MLP([2, 8, 2], rng=seed)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        losses.softmax_cross_entropy(model(x), y).backward()
        optimizer.step()
    fresh, labels = datasets.circles(n=1000, rng=seed + 10)
    assert (model(fresh).argmax(axis=1) == labels).mean() >= 0.99


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_default_blobs_are_separated_by_straight_lines(classes):
    for seed in range(5):
        x, y = datasets.blobs(classes=classes, rng=seed)
        assert right_by_neighbour(x, y) >= 0.99
        assert right_by_lines(x, y) >= 0.99


@pytest.mark.parametrize("features", [1, 2, 3])
@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_two_blobs_can_be_told_apart_as_often_as_the_docstring_says(noise, features):
    x, y = datasets.blobs(n=20_000, classes=2, noise=noise, features=features)
    below = (1 + erf(1 / noise / sqrt(2))) / 2  # the share of a Gaussian below 1 / noise deviations
    assert ((x[:, 0] > 0) == (y == 1)).mean() == pytest.approx(below, abs=0.01)
    bins = np.digitize(x[:, 0] / noise**2, [-0.75, -0.25, 0.25, 0.75])
    for place, log_odds in ((1, -1), (2, 0), (3, 1)):  # at x1 = -noise^2 / 2, 0, noise^2 / 2
        share = y[bins == place].mean()
        assert np.log(share / (1 - share)) == pytest.approx(log_odds, abs=0.4)


def test_few_blobs_of_many_features_are_learned_by_heart():
    x, y = datasets.blobs(20, 2, 1.0, 100)
    weights, *_ = np.linalg.lstsq(x, 2.0 * y - 1, rcond=None)
    assert ((x @ weights > 0) == (y == 1)).all()
    x, y = datasets.blobs(2000, 2, 1.0, 100, rng=1)
    assert ((x @ weights > 0) == (y == 1)).mean() < 0.75


# Refusals: what was given, what is allowed


WHOLE = "a whole number, 2 or more"
ONE_UP = "a whole number, 1 or more"
SPREAD = "a finite number, 0 or more"
SPREADS = "a finite number, 0 or more, or a pair of them: for the left and the right end"
INSIDE = "a number from 0 up to but not including 1"
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
        (datasets.circles, "n", 1, WHOLE),
        (datasets.circles, "n", 9.0, WHOLE),
        (datasets.circles, "factor", 1, INSIDE),
        (datasets.circles, "factor", -0.5, INSIDE),
        (datasets.circles, "factor", np.nan, INSIDE),
        (datasets.circles, "factor", "0.5", INSIDE),
        (datasets.circles, "noise", -0.1, SPREAD),
        (datasets.blobs, "n", 2, "a whole number, 3 or more: a point for each of 3 classes"),
        (datasets.blobs, "classes", 1, WHOLE),
        (datasets.blobs, "classes", 2.0, WHOLE),
        (datasets.blobs, "features", 0, ONE_UP),
        (datasets.blobs, "features", 2.0, ONE_UP),
        (datasets.blobs, "features", True, ONE_UP),
        (datasets.blobs, "noise", np.inf, SPREAD),
        (datasets.sine, "n", 1, WHOLE),
        (datasets.sine, "n", 2.5, WHOLE),
        (datasets.sine, "noise", -0.2, SPREADS),
        (datasets.sine, "noise", None, SPREADS),
        (datasets.sine, "noise", (0.1, -0.1), SPREADS),
        (datasets.sine, "noise", (np.nan, 0.1), SPREADS),
        (datasets.sine, "noise", (0.1, 0.2, 0.3), SPREADS),
        (datasets.sine, "noise", (0.1,), SPREADS),
        (datasets.sine, "noise", ("0.1", "0.2"), SPREADS),
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


# Made of any data set: what holds for all five


def rows(n):
    """x of shape (n, 2), in which row i holds 2 i and 2 i + 1, and labels 0 1 2 0 1 2 ..."""
    return np.arange(2.0 * n).reshape(n, 2), np.arange(n) % 3


MADE = {
    "flip_labels": lambda x, y, **options: datasets.flip_labels(y, 0.5, **options),
    "imbalance": lambda x, y, **options: datasets.imbalance(x, y, 0.1, **options),
    "train_test_split": lambda x, y, **options: datasets.train_test_split(x, y, **options),
    "stratified": lambda x, y, **options: datasets.train_test_split(x, y, stratify=True, **options),
    "batches": lambda x, y, rng=0: [part for pair in datasets.batches(x, y, 7, rng)
                                    for part in pair],
}
EVERY = MADE | {"standardise": lambda x, y: datasets.standardise(x, x[:4])}
PAIRED = {name: make for name, make in MADE.items() if name != "flip_labels"}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_seed_makes_the_same_again_another_seed_does_not_and_a_generator_moves_on(make):
    x, y = rows(60)
    assert same(make(x, y, rng=7), make(x, y, rng=7))
    assert not all(map(np.array_equal, make(x, y, rng=7), make(x, y, rng=8)))
    rng = np.random.default_rng(7)
    assert same(make(x, y, rng=rng), make(x, y, rng=7))
    assert not all(map(np.array_equal, make(x, y, rng=rng), make(x, y, rng=7)))


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_what_it_was_made_of_stays_as_it_was_and_shares_no_memory(make):
    x, y = rows(60)
    before, numpys = (x.copy(), y.copy()), np.random.get_state()[1].copy()
    for part in make(x, y):
        assert not np.shares_memory(part, x) and not np.shares_memory(part, y)
        part[...] = 1
    assert same((x, y), before)
    assert np.array_equal(np.random.get_state()[1], numpys)


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_lists_and_tensors_of_data_are_taken_like_arrays(make):
    x, y = rows(60)
    assert same(make(x.tolist(), y.tolist()), make(x, y))
    assert same(make(Tensor(x), Tensor(y)), make(x, y))


@pytest.mark.parametrize("make", PAIRED.values(), ids=PAIRED)
def test_rows_of_x_keep_their_rows_of_y_whatever_their_shape(make):
    x, y = rows(60)
    for x_shape, y_shape in (((60, 2), (60,)), ((60, 2), (60, 1)), ((60, 1, 2), (60,))):
        parts = list(make(x.reshape(x_shape), y.reshape(y_shape)))
        if len(parts) == 4 and len(parts[0]) > len(parts[1]) == len(parts[3]):  # a split
            parts[1], parts[2] = parts[2], parts[1]
        for some_x, some_y in zip(parts[::2], parts[1::2], strict=True):
            assert some_x.shape == (len(some_y), *x_shape[1:])
            assert some_y.shape == (len(some_x), *y_shape[1:])
            assert np.array_equal(some_x.reshape(-1, 2)[:, 0] // 2 % 3, some_y.ravel())


@pytest.mark.parametrize("make", PAIRED.values(), ids=PAIRED)
@pytest.mark.parametrize("x, y", [
    (np.ones((5, 2)), np.ones(4)),
    (np.ones((1, 5)), np.ones(5)),
    (np.ones(()), np.ones(())),
], ids=["5 and 4", "1 and 5", "numbers"])
def test_x_and_y_of_different_lengths_are_refused_with_both_shapes(make, x, y):
    with pytest.raises(ValueError) as caught:
        make(x, y)
    assert str(caught.value) == (f"x has shape {x.shape}, y has shape {y.shape}: each row of x "
                                 f"needs its row of y")


@pytest.mark.parametrize("make", PAIRED.values(), ids=PAIRED)
def test_a_data_set_without_rows_is_refused(make):
    with pytest.raises(ValueError, match=r"there are no rows: x has shape \(0, 2\)"):
        make(np.ones((0, 2)), np.ones(0))


@pytest.mark.parametrize("name", ["flip_labels", "imbalance", "stratified"])
@pytest.mark.parametrize("y, error, message", [
    ([0, 1, 0.37], ValueError, "labels are whole numbers, and y holds 0.37"),
    ([0, 1, np.nan], ValueError, "labels are whole numbers, and y holds nan"),
    ([0, 1, np.inf], ValueError, "labels are whole numbers, and y holds inf"),
    (["a", "b", "a"], TypeError, "labels are whole numbers, not <U1: write names, y = np.unique(y, "
                                 "return_inverse=True)"),
    (np.eye(3), ValueError, "labels have shape (n,) or (n, 1), with n >= 1; got (3, 3); of one-hot "
                            "rows take y.argmax(axis=1)"),
    (np.ones((3, 1, 1)), ValueError, "labels have shape (n,) or (n, 1), with n >= 1; got "
                                     "(3, 1, 1)"),
], ids=["fraction", "nan", "inf", "names", "one-hot", "three axes"])
def test_what_are_no_labels_is_refused(name, y, error, message):
    with pytest.raises(error) as caught:
        MADE[name](np.ones((3, 2)), y)
    assert str(caught.value) == message


# flip_labels


LABELS = {
    "ten classes": np.arange(50) % 10,
    "-1 and +1": 2 * (np.arange(50) % 2) - 1,
    "gaps": np.array([-7, 3, 40])[np.arange(50) % 3],
    "floats": np.array([-1.0, 1.0], dtype=np.float32)[np.arange(50) % 2],
    "columns": (np.arange(50) % 3)[:, None],
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("share, count", [(0, 0), (0.1, 5), (0.33, 16), (0.5, 25), (1, 50)])
def test_exactly_a_share_of_the_labels_is_flipped_and_the_mask_tells_which(y, share, count):
    noisy, mask = datasets.flip_labels(y, share)
    assert noisy.shape == y.shape and noisy.dtype == y.dtype
    assert mask.shape == (50,) and mask.dtype == bool and mask.sum() == count
    assert np.array_equal((noisy != y).ravel(), mask)
    assert set(noisy.ravel()) <= set(y.ravel())


@pytest.mark.parametrize("n, count", [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4)])
def test_half_a_label_is_rounded_as_python_rounds(n, count):
    assert datasets.flip_labels([0, 1] * n, 0.5)[1].sum() == n
    assert datasets.flip_labels(np.arange(n), 0.5, classes=9)[1].sum() == count


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (5, 3)])
def test_of_two_classes_each_becomes_the_opposite(low, high):
    y = np.array([low, high, high, low])
    noisy, mask = datasets.flip_labels(y, 1)
    assert noisy.tolist() == [high, low, low, high] and mask.all()


def test_each_other_class_is_equally_likely_and_each_row():
    y = np.arange(12_000) % 4
    noisy, mask = datasets.flip_labels(y, 0.5)
    table = np.array([[np.sum(mask & (y == a) & (noisy == b)) for b in range(4)]
                      for a in range(4)])
    assert np.array_equal(np.diag(table), np.zeros(4))
    assert (abs(table[~np.eye(4, dtype=bool)] - 500) < 100).all()
    assert (abs(mask.reshape(4, -1).mean(axis=1) - 0.5) < 0.05).all()


def test_a_larger_share_flips_the_same_labels_in_the_same_way_and_more():
    y = np.arange(300) % 10
    fewer, few = datasets.flip_labels(y, 0.1)
    noisy, many = datasets.flip_labels(y, 0.4)
    assert many[few].all() and np.array_equal(noisy[few], fewer[few])


@pytest.mark.parametrize("classes", [10, np.int64(10), range(10), list(range(10))], ids=repr)
def test_classes_name_the_labels_that_y_does_not_hold(classes):
    noisy, _ = datasets.flip_labels(np.full(500, 3), 1, classes=classes)
    assert sorted(set(noisy)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_classes_may_be_any_list_of_labels():
    assert datasets.flip_labels([1, 1, 1], 1, classes=[1, -1, 1])[0].tolist() == [-1, -1, -1]
    assert datasets.flip_labels(np.ones(3), 1, classes=[-1, 1])[0].tolist() == [-1, -1, -1]


@pytest.mark.parametrize("y", [np.array([True, False] * 3), np.array([1, 0] * 3, dtype=np.uint8)],
                         ids=["bool", "uint8"])
def test_small_kinds_of_numbers_become_int64_so_that_every_label_fits(y):
    noisy, _ = datasets.flip_labels(y, 1, classes=[-1, 0, 1, 1000])
    assert noisy.dtype == np.int64 and (noisy != y).all()
    assert datasets.flip_labels(y, 1)[0].tolist() == [0, 1] * 3


def test_one_class_alone_can_be_left_as_it_is():
    noisy, mask = datasets.flip_labels([3, 3], 0)
    assert noisy.tolist() == [3, 3] and mask.tolist() == [False, False]


@pytest.mark.parametrize("options, message", [
    ({"share": 1.5}, "share must be a number from 0 to 1: 0.1 for one row in ten; got 1.5"),
    ({"share": -0.1}, "share must be a number from 0 to 1: 0.1 for one row in ten; got -0.1"),
    ({"share": np.nan}, "share must be a number from 0 to 1: 0.1 for one row in ten; got nan"),
    ({"share": "all"}, "share must be a number from 0 to 1: 0.1 for one row in ten; got 'all'"),
    ({"share": 1}, "every label is 3, so there is no other class to flip to: pass classes, as in "
                   "classes=10 or classes=[-1, 1]"),
    ({"share": 1, "classes": 1}, "classes must be a whole number, 2 or more, or a list of labels; "
                                 "got 1"),
    ({"share": 0, "classes": 3}, "y holds 3, and the classes are [0, 1, 2]"),
    ({"share": 1, "classes": [3]}, "every label is 3, so there is no other class to flip to: pass "
                                   "classes, as in classes=10 or classes=[-1, 1]"),
], ids=str)
def test_flips_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError) as caught:
        datasets.flip_labels([3, 3, 3], **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("y", [[], np.ones((0, 1)), 3], ids=["(0,)", "(0, 1)", "()"])
def test_no_labels_are_refused(y):  # nor is a single one without an axis a list of labels
    with pytest.raises(ValueError, match=r"labels have shape \(n,\) or \(n, 1\), with n >= 1; got"):
        datasets.flip_labels(y, 0.5)


# imbalance


@pytest.mark.parametrize("share, label, counts", [
    (0.01, 1, [990, 10]),  # 10 of 1,000
    (0.01, 0, [10, 990]),
    (0.1, 1, [990, 110]),
    (0.5, 1, [990, 990]),  # as it was
    (0.9, 1, [110, 990]),  # then the others become rare
    (0.02, 1, [990, 20]),  # 20.2
    (0.995, 1, [5, 990]),  # 4.97
], ids=str)
def test_the_label_becomes_the_share_of_all_rows_and_no_more_go_than_must(share, label, counts):
    x, y = datasets.imbalance(*datasets.moons(n=1980), share, label=label)
    assert np.bincount(y).tolist() == counts


def test_one_row_of_the_label_too_few_and_the_others_become_fewer():
    y = [0, 0, 1, 0, 0, 0]  # 25 % of the label beside 5 others would be 1.67 rows
    assert datasets.imbalance(y, y, 0.25)[1].tolist().count(0) == 3


def test_rows_that_stay_keep_their_order_and_the_others_of_a_kind_are_thrown_away_at_random():
    x, y = rows(3000)
    thin, labels = datasets.imbalance(x, y, 0.05, label=2)
    assert np.bincount(labels).tolist() == [1000, 1000, 105]
    assert (np.diff(thin[:, 0]) > 0).all()
    stays = np.isin(x[y == 2, 0], thin[:, 0]).reshape(4, -1).sum(axis=1)
    assert (stays > 10).all()  # of 105 about 26 in each quarter
    thick, labels = datasets.imbalance(x, y, 0.8, label=2)
    assert len(labels) == 1250 and np.bincount(labels)[2] == 1000
    assert (np.bincount(labels)[:2] > 90).all()  # of 250 about 125 of each other class
    stays = np.isin(x[y != 2, 0], thick[:, 0]).reshape(4, -1).sum(axis=1)
    assert (stays > 40).all()  # of 250 about 62 in each quarter
    assert (np.diff(thick[:, 0]) > 0).all()


def test_imbalance_knows_labels_of_minus_1_and_plus_1_also_as_floats():
    x, y = np.arange(40), np.array([-1.0, 1.0] * 20)
    x, y = datasets.imbalance(x, y, 0.2)
    assert y.dtype == np.float64 and np.sum(y == 1) == 5 and np.sum(y == -1) == 20
    assert np.array_equal(x % 2, y == 1)


@pytest.mark.parametrize("y, options, message", [
    ([0, 1], {"share": 0}, "share must be a number between 0 and 1: 0.01 for one row in a hundred; "
                           "got 0"),
    ([0, 1], {"share": 1.0}, "share must be a number between 0 and 1: 0.01 for one row in a "
                             "hundred; got 1.0"),
    ([0, 1], {"share": np.nan}, "share must be a number between 0 and 1: 0.01 for one row in a "
                                "hundred; got nan"),
    ([0, 2], {"share": 0.5}, "no row has the label 1: y holds [0, 2]"),
    ([0, 1], {"share": 0.5, "label": "1"}, "no row has the label '1': y holds [0, 1]"),
    ([0, 1, 1], {"share": 0.5, "label": [0, 1]}, "label must be one label; got [0, 1]"),
    ([1, 1], {"share": 0.5}, "2 rows have the label 1 and 0 have not: for a share of 0.5, 0 and 0 "
                             "of them would be left; give more rows"),
    ([0, 0, 1], {"share": 0.1}, "1 rows have the label 1 and 2 have not: for a share of 0.1, 0 and "
                                "2 of them would be left; give more rows"),
    ([0, 0, 1], {"share": 0.9}, "1 rows have the label 1 and 2 have not: for a share of 0.9, 1 and "
                                "0 of them would be left; give more rows"),
], ids=str)
def test_an_imbalance_that_cannot_be_is_refused(y, options, message):
    with pytest.raises(ValueError) as caught:
        datasets.imbalance(np.ones((len(y), 2)), y, **options)
    assert str(caught.value) == message


# train_test_split


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("n, test, m", [
    (60, 0.2, 12), (60, 0.25, 15), (61, 0.25, 15), (62, 0.25, 16), (60, 10, 10), (60, 50, 50),
    (60, np.float32(0.5), 30), (60, np.int64(6), 6), (100, 0.07, 7),
])
def test_a_split_has_every_row_once_and_as_many_test_rows_as_asked_for(n, test, m, stratify):
    x, y = rows(n)
    x_train, x_test, y_train, y_test = datasets.train_test_split(x, y, test, stratify=stratify)
    assert (len(x_train), len(x_test)) == (n - m, m) == (len(y_train), len(y_test))
    seen = np.concatenate([x_train, x_test])
    assert np.array_equal(seen[np.argsort(seen[:, 0])], x)
    assert np.array_equal(np.concatenate([y_train, y_test]), seen[:, 0] // 2 % 3)


@pytest.mark.parametrize("n, test, m", [(2, 0.2, 1), (2, 0.9, 1), (3, 0.01, 1), (100, 0.999, 99),
                                        (2, 1, 1)])
def test_there_is_at_least_one_row_on_either_side(n, test, m):
    x, y = rows(n)
    x_train, x_test, _, _ = datasets.train_test_split(x, y, test)
    assert (len(x_train), len(x_test)) == (n - m, m)


@pytest.mark.parametrize("stratify", [False, True])
def test_both_sides_are_shuffled_and_each_row_is_as_likely_to_be_tested(stratify):
    x, y = np.arange(20), np.arange(20) // 5  # stratified, 1 or 2 of the 5 in each class
    tested, first, last, together = np.zeros(20), set(), set(), set()
    for seed in range(800):
        train, test, _, _ = datasets.train_test_split(x, y, 6, rng=seed, stratify=stratify)
        tested[test] += 1
        first.add(int(test[0]))
        last.add(int(train[-1]))
        together.add(tuple(np.sort(test)))
    np.testing.assert_allclose(tested / 800, 6 / 20, atol=0.07)
    assert first == last == set(range(20))
    assert len(together) > 700


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes, m", [((50, 50, 50), 30), ((900, 80, 20), 100), ((7, 5, 3), 6),
                                      ((2, 2), 2), ((990, 10), 200)])
def test_stratified_every_class_has_its_share_to_within_one_row(sizes, m, seed):
    y = np.repeat(np.arange(len(sizes)) * 3 - 1, sizes)[:, None]
    _, _, train, test = datasets.train_test_split(y, y, m, rng=seed, stratify=True)
    for label, size in zip(np.unique(y), sizes, strict=True):
        assert abs(np.sum(test == label) - m * size / len(y)) < 1
        assert np.sum(test == label) >= 1 and np.sum(train == label) >= 1


def test_stratified_iris_has_ten_of_each_and_by_chance_5_to_15():
    x, y = datasets.iris()
    counts = np.array([np.bincount(datasets.train_test_split(x, y, 30, rng=seed)[3], minlength=3)
                       for seed in range(10)])
    assert (counts.min(), counts.max()) == (5, 15)
    for seed in range(10):
        _, _, _, test = datasets.train_test_split(x, y, 30, rng=seed, stratify=True)
        assert np.bincount(test).tolist() == [10, 10, 10]


def test_the_same_seed_splits_another_array_of_as_many_rows_alike():
    x, y = rows(30)
    parts = datasets.train_test_split(x, y, rng=4)
    again = datasets.train_test_split(np.arange(30), y, rng=4)
    assert np.array_equal(parts[0], x[again[0]]) and np.array_equal(parts[1], x[again[1]])


NEITHER = ("test must be a share between 0 and 1, as 0.2, or a whole number of rows from 1 to 8; "
           "got ")


@pytest.mark.parametrize("options, message", [
    ({"test": 0}, NEITHER + "0"),
    ({"test": 9}, NEITHER + "9"),
    ({"test": 0.0}, NEITHER + "0.0"),
    ({"test": 1.0}, NEITHER + "1.0"),
    ({"test": -0.2}, NEITHER + "-0.2"),
    ({"test": 3.0}, NEITHER + "3.0"),
    ({"test": np.nan}, NEITHER + "nan"),
    ({"test": True}, NEITHER + "True"),
    ({"test": "0.2"}, NEITHER + "'0.2'"),
    ({"stratify": [0, 1]}, "stratify must be True or False, and goes by the classes in y; got "
                           "list"),
    ({"stratify": True, "test": 2}, "class 0 has 3 of 9 rows: with 7 to train and 2 to test, it "
                                    "may get none on one side; change test, or leave stratify out"),
    ({"stratify": True, "test": 7}, "class 0 has 3 of 9 rows: with 2 to train and 7 to test, it "
                                    "may get none on one side; change test, or leave stratify out"),
], ids=str)
def test_a_split_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError) as caught:
        datasets.train_test_split(*rows(9), **options)
    assert str(caught.value) == message


def test_one_row_is_not_split():
    with pytest.raises(ValueError, match=r"one row cannot be split: x has shape \(1, 2\)"):
        datasets.train_test_split(*rows(1))


# standardise


def test_the_first_array_has_mean_0_and_deviation_1_and_the_others_are_measured_by_it():
    x, _ = datasets.iris()
    train, test, more = datasets.standardise(x[::2], x[1::2], x[:5])
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(train.std(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(test * x[::2].std(axis=0) + x[::2].mean(axis=0), x[1::2], rtol=1e-14)
    assert (abs(test.mean(axis=0)) > 1e-3).all()  # by its own mean it would be 0
    np.testing.assert_array_equal(more[0], train[0])


def test_a_hand_worked_column():
    z = datasets.standardise([2, 4, 4, 4, 5, 5, 7, 9])  # mean 5, deviation 2 (n, not n - 1)
    assert z.tolist() == [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2] and z.dtype == np.float64


@pytest.mark.parametrize("constant", [0, 7, 0.1, 1 / 3, -1e9 / 7, 1e-300, 1e300])
@pytest.mark.parametrize("n", [1, 3, 10, 149])
def test_a_constant_column_is_exactly_0_and_elsewhere_divided_by_1(constant, n):
    train = np.column_stack([np.full(n, constant), np.arange(n)])
    z, other = datasets.standardise(train, [[constant + 1, 0.0]])
    assert z[:, 0].tolist() == [0] * n
    assert other[0, 0] == constant + 1 - constant


def test_a_column_whose_deviation_is_too_small_for_a_float_stays_finite():
    z = datasets.standardise([0, 1e-200])
    assert np.isfinite(z).all()


def test_float32_stays_float32_and_is_measured_in_float64():
    x = (1e4 + np.arange(100_000) % 2).astype(np.float32)[:, None]
    z, mixed = datasets.standardise(x, np.array([[1e4]]))
    assert z.dtype == np.float32 and mixed.dtype == np.float64
    assert np.unique(z).tolist() == [-1, 1] and mixed.tolist() == [[-1]]
    x = np.random.default_rng(0).random((300_000, 2), dtype=np.float32)
    z, exact = datasets.standardise(x), datasets.standardise(x.astype(np.float64))
    np.testing.assert_allclose(z, exact, atol=3e-7)


@pytest.mark.parametrize("dtype", [bool, np.int32, np.uint8, np.float16])
def test_other_numbers_become_float64(dtype):
    z = datasets.standardise(np.array([0, 1], dtype=dtype))
    assert z.dtype == np.float64 and z.tolist() == [-1, 1]


def test_images_are_standardised_pixel_by_pixel():
    x = np.random.default_rng(0).random((20, 3, 4))
    flat, image = datasets.standardise(x.reshape(20, 12)), datasets.standardise(x)
    assert image.shape == (20, 3, 4)
    np.testing.assert_allclose(image.reshape(20, 12), flat, rtol=1e-12)


def test_one_array_gives_an_array_and_several_give_a_tuple():
    """A tuple of one would pass for a batch: a model takes it, and returns (1, n, C) in silence."""
    assert isinstance(datasets.standardise(np.eye(3)), np.ndarray)
    for n in (2, 3):
        assert [x.shape for x in datasets.standardise(*[np.eye(3)] * n)] == [(3, 3)] * n


def test_a_rare_pixel_of_digits_would_stand_40_deviations_out():
    z = datasets.standardise(datasets.digits()[0])
    assert 40 < abs(z).max() < 43


@pytest.mark.parametrize("arrays, error, message", [
    ([np.ones((4, 2)), np.ones((4, 3))], ValueError,
     "x_train has shape (4, 2), another array has shape (4, 3): all but the number of rows must be "
     "equal"),
    ([np.ones((4, 2)), np.ones(2)], ValueError,
     "x_train has shape (4, 2), another array has shape (2,): all but the number of rows must be "
     "equal"),
    ([np.ones((0, 2))], ValueError, "there are no rows: an array has shape (0, 2)"),
    ([np.ones(2), []], ValueError, "there are no rows: an array has shape (0,)"),
    ([3.0], ValueError, "there are no rows: an array has shape ()"),
    ([[[1.0, 2.0], [np.nan, 0.0]]], ValueError,
     "row 1 of an array of shape (2, 2) holds nan or inf, and so would its whole column: leave "
     "such rows out"),
    ([[0.0, 1.0], [np.inf]], ValueError,
     "row 0 of an array of shape (1,) holds nan or inf, and so would its whole column: leave such "
     "rows out"),
    ([["a", "b"]], TypeError, "only real numbers can be standardised, not <U1"),
    ([[1j]], TypeError, "only real numbers can be standardised, not complex128"),
], ids=["columns", "axes", "no rows", "no other rows", "number", "nan", "inf", "names", "complex"])
def test_what_cannot_be_standardised_is_refused(arrays, error, message):
    with pytest.raises(error) as caught:
        datasets.standardise(*arrays)
    assert str(caught.value) == message


# batches


@pytest.mark.parametrize("n, size, sizes", [
    (10, 3, [3, 3, 3, 1]), (10, 5, [5, 5]), (10, 10, [10]), (10, 64, [10]), (3, 1, [1, 1, 1]),
    (1, 1, [1]), (10, np.int64(4), [4, 4, 2]),
])
def test_batches_have_their_size_the_last_the_rest_and_every_row_comes_once(n, size, sizes):
    x, y = rows(n)
    pairs = list(datasets.batches(x, y, size, rng=0))
    assert [len(y_batch) for _, y_batch in pairs] == sizes
    seen = np.concatenate([x_batch for x_batch, _ in pairs])
    assert np.array_equal(np.sort(seen[:, 0]), x[:, 0])


def test_an_epoch_has_an_order_of_its_own_under_a_generator_and_the_same_under_a_seed():
    x, y = rows(50)

    def epochs(rng):
        return [np.concatenate([b[:, 0] for b, _ in datasets.batches(x, y, 8, rng)])
                for _ in range(3)]

    first, second, third = epochs(np.random.default_rng(0))
    assert not (np.array_equal(first, second) or np.array_equal(second, third))
    assert not np.array_equal(first, np.sort(first))
    seeded = epochs(0)
    assert np.array_equal(seeded[0], first) and np.array_equal(seeded[1], first)


def test_batches_come_one_after_the_other_in_the_order_drawn_at_the_call():
    x, y = rows(50)
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    pairs = datasets.batches(x, y, 8, rng)
    assert iter(pairs) is pairs
    assert np.array_equal(twin.permutation(50), np.concatenate([b[:, 0] for b, _ in pairs]) // 2)
    assert rng.random() == twin.random()
    assert next(pairs, None) is None  # one epoch, then it is used up


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "8", None])
def test_bad_sizes_are_refused_at_the_call(size):
    with pytest.raises(ValueError) as caught:
        datasets.batches(*rows(5), size, 0)
    assert str(caught.value) == f"size must be a whole number, 1 or more; got {size!r}"


def test_bad_rows_and_generators_are_refused_at_the_call():
    with pytest.raises(ValueError, match="each row of x needs its row of y"):
        datasets.batches(np.ones((5, 2)), np.ones(4), 2, 0)
    with pytest.raises(TypeError):
        datasets.batches(*rows(5), 2, "seed")


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
