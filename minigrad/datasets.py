"""Small data sets to learn on: three that are drawn by a formula, two that were measured.

    moons                two half circles, two classes
    spirals              spiral arms, two classes or more
    line_with_outliers   a straight line to fit, with a few wrong readings
    iris                 150 flowers, 4 measurements, 3 species
    digits               1,797 handwritten digits of 8 x 8 pixels

Every function returns `x, y` as fresh NumPy arrays: a row of `x` is one example, the same row of
`y` its answer (an int64 class number, or a float64 value to predict).

The drawn ones share these arguments:

    n       how many rows
    noise   the standard deviation of the Gaussian noise, in the units of the axes
    rng     a seed, or a `np.random.Generator` to draw from. The same seed gives the same data,
            a generator moves on, and NumPy's global random state is left alone.

This module needs NumPy and nothing else of minigrad.
"""

from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data"  # its README.md says where the files come from

IRIS_FEATURES = (
    "sepal length (cm)",
    "sepal width (cm)",
    "petal length (cm)",
    "petal width (cm)",
)
IRIS_CLASSES = ("setosa", "versicolor", "virginica")


# Drawn by a formula


def moons(
    n: int = 200, noise: float = 0.1, rng: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles of radius 1, each with one end inside the other.

    No straight line separates them, and a small network does: the first thing to try a hidden
    layer on. With t from 0 to pi, before the noise:

        class 0, the upper moon   (cos t, sin t)
        class 1, the lower moon   (1 - cos t, 1/2 - sin t)

    Shapes: x (n, 2), y (n,), labels 0 and 1. If n is odd, class 0 has one more. The rows are
        shuffled, so `x[:150]` and `x[150:]` are a fair split.
    Errors: ValueError if n is not a whole number >= 2, or noise not a finite number >= 0.
    Source: the curves of `sklearn.datasets.make_moons`.

    >>> x, y = moons()
    >>> x.shape, np.bincount(y)
    ((200, 2), array([100, 100]))
    >>> x, y = moons(n=2, noise=0)      # t = 0 on both curves: where the moons begin
    >>> x[y == 0], x[y == 1]
    (array([[1., 0.]]), array([[0. , 0.5]]))
    """
    _require(_is_whole(n) and n >= 2, "n", n, "a whole number, 2 or more: a point for each moon")
    _require(_is_number(noise) and noise >= 0, "noise", noise, "a finite number, 0 or more")
    t, u = [np.linspace(0, np.pi, size) for size in _class_sizes(n, 2)]
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(u), 0.5 - np.sin(u)], axis=1)
    return _blur_and_shuffle([upper, lower], noise, np.random.default_rng(rng))


def spirals(
    n: int = 300, classes: int = 3, noise: float = 0.1, rng: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Spiral arms wound into one another, one arm for each class.

    Harder than `moons`: a network of layers 2-64-64-3 learns the default, one without a hidden
    layer cannot. Each arm makes three quarters of a turn while it runs outwards. With s from
    0 to 1, before the noise, arm k of the `classes` arms has

        radius   0.4 + 1.6 s
        angle    2 pi (k / classes + 0.75 s)

    Neighbours among three arms are about 0.7 apart along a radius, seven times the default
    noise. Four arms or more lie closer: give them less noise.

    Shapes: x (n, 2), y (n,), labels 0 to classes - 1. Each class has n // classes points, the
        first n % classes of them one more. The rows are shuffled, so that any split is fair.
    Errors: ValueError if classes is not a whole number >= 2, n not a whole number >= classes,
        or noise not a finite number >= 0.
    Source: after the spirals of Stanford's CS231n,
        https://cs231n.github.io/neural-networks-case-study/, which start at radius 0 and blur
        the angle. Here the arms start apart and the noise is the same everywhere.

    >>> x, y = spirals(n=301)
    >>> x.shape, np.bincount(y)
    ((301, 2), array([101, 100, 100]))
    >>> x, y = spirals(n=2, classes=2, noise=0)      # where two arms begin: s = 0
    >>> x[y == 0].round(2), np.hypot(*x.T).round(2)
    (array([[0.4, 0. ]]), array([0.4, 0.4]))
    """
    _require(_is_whole(classes) and classes >= 2, "classes", classes, "a whole number, 2 or more")
    _require(_is_whole(n) and n >= classes, "n", n,
             f"a whole number, {classes} or more: a point for each of {classes} classes")
    _require(_is_number(noise) and noise >= 0, "noise", noise, "a finite number, 0 or more")
    arms = []
    for k, size in enumerate(_class_sizes(n, classes)):
        s = np.linspace(0, 1, size)
        radius = 0.4 + 1.6 * s
        angle = 2 * np.pi * (k / classes + 0.75 * s)
        arms.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return _blur_and_shuffle(arms, noise, np.random.default_rng(rng))


def line_with_outliers(
    n: int = 50,
    outliers: int = 5,
    slope: float = 2.0,
    intercept: float = 1.0,
    noise: float = 0.3,
    rng: int | np.random.Generator = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """A noisy straight line whose last readings are wrong: all of them 10 too low.

    The line is y = slope * x + intercept at n evenly spaced x from -2 to 2. The outliers sit
    together at the right end and all below, so that their pulls add up: least squares (`mse`)
    tilts far towards them, where `mae` and `huber` stay close to the line.

    Shapes: x (n, 1), y (n, 1). The rows are in order of x, and **the outliers are the last
        `outliers` rows**: `x[:n - outliers]` is the clean part. Not shuffled.
    Errors: ValueError if n is not a whole number >= 2, outliers not a whole number from 0 to n,
        slope or intercept not a finite number, or noise not a finite number >= 0.

    Least squares (slope, intercept) without and with the outliers. Five of fifty points turn a
    slope of 2 into 0.68 and lower the intercept by 10 * 5 / 50 = 1:

    >>> x, y = line_with_outliers(slope=2, intercept=3, noise=0)
    >>> np.polyfit(x[:-5, 0], y[:-5, 0], deg=1).round(2)
    array([2., 3.])
    >>> np.polyfit(x[:, 0], y[:, 0], deg=1).round(2)
    array([0.68, 2.  ])
    """
    _require(_is_whole(n) and n >= 2, "n", n, "a whole number, 2 or more: two points make a line")
    _require(_is_whole(outliers) and 0 <= outliers <= n, "outliers", outliers,
             f"a whole number from 0 to n = {n}")
    _require(_is_number(slope), "slope", slope, "a finite number")
    _require(_is_number(intercept), "intercept", intercept, "a finite number")
    _require(_is_number(noise) and noise >= 0, "noise", noise, "a finite number, 0 or more")
    x = np.linspace(-2, 2, n)[:, None]
    y = slope * x + intercept + np.random.default_rng(rng).normal(0, noise, x.shape)
    y[n - outliers:] -= 10
    return x, y


# Measured


def iris() -> tuple[np.ndarray, np.ndarray]:
    """Fisher's irises: four lengths of 150 flowers, in centimetres, and their species.

    The columns are `IRIS_FEATURES`, and label k is species `IRIS_CLASSES[k]`. A plane, so
    one linear unit, separates setosa from the others; versicolor and virginica overlap.

    Shapes: x (150, 4) in cm, y (150,), labels 0, 1 and 2. The rows are sorted by species, 50 of
        each: shuffle them before you split.
    Errors: FileNotFoundError if minigrad was installed without its data files.
    Source: R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936;
        https://archive.ics.uci.edu/dataset/53/iris, CC BY 4.0, with the two rows corrected that
        differ from Fisher's paper. More in data/README.md.

    >>> x, y = iris()
    >>> x.shape, np.bincount(y)
    ((150, 4), array([50, 50, 50]))
    >>> x[0], IRIS_CLASSES[y[0]]
    (array([5.1, 3.5, 1.4, 0.2]), 'setosa')
    """
    table = _read("iris.csv")
    return table[:, :4], table[:, 4].astype(np.int64)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 handwritten digits as images of 8 x 8 pixels, from 0 (paper) to 1 (ink).

    A pixel says how much of a 4 x 4 block of the scanned image was inked: the count, 0 to 16,
    divided by 16. `x[i].reshape(8, 8)` is the image, its top row first.

    The rows keep UCI's order, so **the last 360 rows are a fixed held-out split** that everyone
    can name: `x[:-360]` to train, `x[-360:]` to test. It is harder than a shuffled split, and
    more honest: thirteen people wrote these digits, neighbouring rows share a hand, and in the
    last 360 the hands are others than in the first rows. (UCI does not say who wrote which row.
    The labels repeat every 130 rows or so, as if form followed form; of the last three forms,
    22 rows, 1415 to 1436, fall on the training side. `x[:1415]`, `x[1415:]` cuts between forms.)

    Shapes: x (1797, 64), y (1797,), labels 0 to 9, 174 to 183 of each.
    Errors: FileNotFoundError if minigrad was installed without its data files.
    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998, the test
        set; https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits,
        CC BY 4.0. More in data/README.md.

    >>> x, y = digits()
    >>> x.shape, np.bincount(y)
    ((1797, 64), array([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]))
    >>> print((16 * x[0]).astype(int).reshape(8, 8))      # the first one is a zero
    [[ 0  0  5 13  9  1  0  0]
     [ 0  0 13 15 10 15  5  0]
     [ 0  3 15  2  0 11  8  0]
     [ 0  4 12  0  0  8  8  0]
     [ 0  5  8  0  0  9  8  0]
     [ 0  4 11  0  1 12  7  0]
     [ 0  2 14  5 10 12  0  0]
     [ 0  0  6 13 10  0  0  0]]
    """
    table = _read("digits.csv.gz")
    return table[:, :64] / 16, table[:, 64].astype(np.int64)


# What they share


def _class_sizes(n, classes):
    # as equal as can be: 301 points in 3 classes are 101, 100 and 100
    return [n // classes + (k < n % classes) for k in range(classes)]


def _blur_and_shuffle(curves, noise, rng):
    # curve k holds the points of class k; shuffled, since a split of sorted rows misses a class
    x = np.concatenate(curves)
    y = np.repeat(np.arange(len(curves), dtype=np.int64), [len(curve) for curve in curves])
    x += rng.normal(0, noise, x.shape)
    order = rng.permutation(len(x))
    return x[order], y[order]


def _read(name):
    # text with one header line, also packed (.gz); read anew each time, so the arrays are fresh
    return np.loadtxt(DATA / name, delimiter=",", skiprows=1)


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, int | float | np.integer | np.floating) and np.isfinite(value)


def _require(holds, name, given, allowed):
    if not holds:
        raise ValueError(f"{name} must be {allowed}; got {given!r}")
