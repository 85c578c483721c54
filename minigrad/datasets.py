"""Small data sets to learn on, and what is done to a data set before a model is trained.

Drawn by a formula:

    moons                two half circles, two classes
    spirals              spiral arms, two classes or more
    circles              a ring inside a ring, two classes
    blobs                round clouds, two classes or more
    line_with_outliers   a straight line to fit, with a few wrong readings
    sine                 a curve to fit, under noise that may grow

Measured:

    iris                 150 flowers, 4 measurements, 3 species
    digits               1,797 handwritten digits of 8 x 8 pixels

Made of any data set:

    flip_labels          a share of the labels is wrong
    imbalance            one class is rare
    train_test_split     rows to train on, and rows to test on
    standardise          columns of mean 0 and deviation 1
    batches              the rows of an epoch, a few at a time

A data set is `x, y`, fresh NumPy arrays: a row of `x` is one example, the same row of `y` its
answer (an int64 class number, or a float64 value to predict). What is made of a data set is fresh
too, and the arrays it was made of stay as they were.

The drawn ones share these arguments, and `rng` is the same everywhere:

    n       how many rows
    noise   the standard deviation of the Gaussian noise, in the units of the axes
    rng     a seed, or a `np.random.Generator` to draw from. The same seed gives the same data,
            a generator moves on, and NumPy's global random state is left alone.

From a data set to the steps of training, in the order in which nothing leaks:

    >>> x, y = iris()
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test=0.2, stratify=True)
    >>> x_train, x_test = standardise(x_train, x_test)
    >>> rng = np.random.default_rng(0)          # made once, before the epochs
    >>> for epoch in range(3):
    ...     for x_batch, y_batch in batches(x_train, y_train, size=32, rng=rng):
    ...         pass                            # forward, backward, step
    >>> len(x_train), len(x_batch)              # 120 rows: three batches of 32, and the rest
    (120, 24)

This module needs NumPy and nothing else of minigrad.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

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


def circles(
    n: int = 200, factor: float = 0.5, noise: float = 0.05, rng: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A ring inside a ring, around the same centre.

    The best straight line gets two thirds right: beside the inner ring it cuts off a third of the
    outer one. A network of layers 2-8-2 learns them all, and so does one linear layer that is given
    the squares of x: their sum is 1 on the outer ring and factor^2 on the inner one. With t from
    0 to 2 pi, before the noise:

        class 0, the outer ring   (cos t, sin t)
        class 1, the inner ring   factor * (cos t, sin t)

    The default rings are 0.5 apart, ten times the default noise: the nearest neighbour of a point
    is always of its own class.

    Shapes: x (n, 2), y (n,), labels 0 and 1. If n is odd, class 0 has one more. The rows are
        shuffled, so that any split is fair.
    Errors: ValueError if n is not a whole number >= 2, factor not a number from 0 up to but not
        including 1, or noise not a finite number >= 0.
    Source: the curves of `sklearn.datasets.make_circles`, there by default with a factor of 0.8,
        without noise, and, if n is odd, with one more point in class 1.

    >>> x, y = circles(n=8, noise=0)      # four points on each ring
    >>> np.hypot(*x[y == 0].T), np.hypot(*x[y == 1].T)
    (array([1., 1., 1., 1.]), array([0.5, 0.5, 0.5, 0.5]))
    """
    _require(_is_whole(n) and n >= 2, "n", n, "a whole number, 2 or more: a point for each ring")
    _require(_is_number(factor) and 0 <= factor < 1, "factor", factor,
             "a number from 0 up to but not including 1: the radius of the inner ring")
    _require(_is_number(noise) and noise >= 0, "noise", noise, "a finite number, 0 or more")
    rings = []
    for radius, size in zip((1.0, factor), _class_sizes(n, 2), strict=True):
        t = np.linspace(0, 2 * np.pi, size, endpoint=False)
        rings.append(radius * np.stack([np.cos(t), np.sin(t)], axis=1))
    return _blur_and_shuffle(rings, noise, np.random.default_rng(rng))


def blobs(
    n: int = 300,
    classes: int = 3,
    noise: float = 0.25,
    features: int = 2,
    rng: int | np.random.Generator = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Round clouds, one for each class: what a model without a hidden layer can learn.

    Neighbouring centres are 2 apart, however many there are, so that the border between them is
    1 away from either, and `noise` alone says how hard the task is. By default 1 is four
    deviations, which one point in 30,000 exceeds; from noise 0.4 on the clouds overlap. Centre k is

        1 feature     on a line, at 2 k - (classes - 1)
        2 features    on a circle of radius 1 / sin(pi / classes), at the angle
                      pi - 2 pi k / classes: the first on the left, the others clockwise
        more          the same in the first two columns, 0 in all others, which are noise alone
                      and say nothing of the class

    For two classes the truth is known. The log odds of class 1 are 2 x1 / noise^2, which is what
    logistic regression looks for, and no model gets more right than the share of a Gaussian that
    lies below 1 / noise deviations: 84 % for noise 1. With few rows and many features even a
    linear layer learns the noise by heart: all 20 rows of `blobs(20, 2, 1.0, 100)`, and far fewer
    than 84 % of others.

    Shapes: x (n, features), y (n,), labels 0 to classes - 1. Each class has n // classes points,
        the first n % classes of them one more. The rows are shuffled, so that any split is fair.
    Errors: ValueError if classes is not a whole number >= 2, n not a whole number >= classes,
        features not a whole number >= 1, or noise not a finite number >= 0.

    >>> x, y = blobs(n=2, classes=2, noise=0)                # the two centres
    >>> x[y == 0].round(2), x[y == 1].round(2)
    (array([[-1.,  0.]]), array([[1., 0.]]))
    >>> x, y = blobs(n=10_000, classes=2, noise=1)           # the border is 1 deviation away
    >>> print(f"{((x[:, 0] > 0) == (y == 1)).mean():.0%}")
    84%
    """
    _require(_is_whole(classes) and classes >= 2, "classes", classes, "a whole number, 2 or more")
    _require(_is_whole(n) and n >= classes, "n", n,
             f"a whole number, {classes} or more: a point for each of {classes} classes")
    _require(_is_whole(features) and features >= 1, "features", features,
             "a whole number, 1 or more")
    _require(_is_number(noise) and noise >= 0, "noise", noise, "a finite number, 0 or more")
    k = np.arange(classes)
    centres = np.zeros((classes, features))
    if features == 1:
        centres[:, 0] = 2 * k - (classes - 1)
    else:
        radius, angle = 1 / np.sin(np.pi / classes), np.pi - 2 * np.pi * k / classes
        centres[:, 0], centres[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    sizes = _class_sizes(n, classes)
    clouds = [np.tile(centre, (size, 1)) for centre, size in zip(centres, sizes, strict=True)]
    return _blur_and_shuffle(clouds, noise, np.random.default_rng(rng))


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


def sine(
    n: int = 100,
    noise: float | tuple[float, float] = 0.2,
    rng: int | np.random.Generator = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """One period of the sine under Gaussian noise: a curve to fit, and quantiles to find.

    At n evenly spaced x from -pi to pi, with z drawn from the standard normal distribution:

        y = sin x + spread(x) z

    The spread is `noise`. If that is a pair, it goes evenly from the first number at the left end
    to the second at the right end: `sine(noise=(0.05, 0.5))` opens like a fan. Either way the mean
    and the median of y at x are sin x, and its quantiles are known:

        q = 0.1    sin x - 1.2816 spread(x)
        q = 0.9    sin x + 1.2816 spread(x)

    The x lie around 0 for the sake of `nn.MLP`, whose biases begin at 0: from 0 to 2 pi, about
    half of its relu units would be 0 for every x, and would never learn.

    Shapes: x (n, 1), y (n, 1). The rows are in order of x, ready to be drawn as a line. Not
        shuffled: `train_test_split` does that.
    Errors: ValueError if n is not a whole number >= 2, or noise not a finite number >= 0 or a pair
        of them.

    >>> x, y = sine(n=5, noise=0)             # at -pi, -pi / 2, 0, pi / 2, pi
    >>> x[1:4, 0].round(2), y[1:4, 0].round(2)
    (array([-1.57,  0.  ,  1.57]), array([-1.,  0.,  1.]))
    >>> x, y = sine(n=10_000, noise=(0.05, 0.5))
    >>> spread = 0.05 + 0.45 * (x + np.pi) / (2 * np.pi)
    >>> print(f"{(y < np.sin(x) + 1.2816 * spread).mean():.0%} lie below the 0.9-quantile")
    90% lie below the 0.9-quantile
    """
    _require(_is_whole(n) and n >= 2, "n", n, "a whole number, 2 or more: the two ends")
    left, right = noise if np.shape(noise) == (2,) else (noise, noise)
    _require(all(_is_number(end) and end >= 0 for end in (left, right)), "noise", noise,
             "a finite number, 0 or more, or a pair of them: for the left and the right end")
    x = np.linspace(-np.pi, np.pi, n)[:, None]
    spread = np.linspace(left, right, n)[:, None]
    return x, np.sin(x) + np.random.default_rng(rng).normal(0, spread)


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


# Made of any data set


def flip_labels(
    y: ArrayLike,
    share: float,
    rng: int | np.random.Generator = 0,
    classes: int | ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Label noise: wrong labels in a share of the rows, and a mask that tells which.

    Exactly round(share * n) labels are changed (round is Python's: a half goes to the even
    number). Each becomes one of the other classes, all equally likely; with two classes, such as
    0 and 1 or -1 and +1, the opposite. With the same seed, a larger share changes the same labels
    in the same way, and more.

    `classes` are the labels that exist, if y might not hold them all: a number C for 0 to C - 1,
    or a list such as [-1, 1]. Flip the labels of the training rows alone: a test against wrong
    labels says little.

    Shapes: y (n,) or (n, 1), whole numbers -> labels of the same shape, int64, or float if y is;
        mask (n,), True where the label is wrong, so that `x[mask]` are the flipped rows.
    Errors: ValueError if share is not a number from 0 to 1, y is empty, of another shape, or holds
        fractions or a label that is not in `classes`, or if there is no other class to flip to;
        TypeError if labels are not numbers.

    >>> _, y = digits()
    >>> noisy, wrong = flip_labels(y, share=0.1)           # 10 % of 1,797 are 179.7
    >>> print(wrong.sum(), (noisy != y).sum(), (noisy[wrong] == y[wrong]).sum())
    180 180 0
    >>> flip_labels([-1, -1, 1, 1], share=1)
    (array([ 1,  1, -1, -1]), array([ True,  True,  True,  True]))
    """
    y = np.asarray(y)
    labels = _labels(y)
    _require(_is_number(share) and 0 <= share <= 1, "share", share,
             "a number from 0 to 1: 0.1 for one row in ten")
    if _is_whole(classes):
        _require(classes >= 2, "classes", classes, "a whole number, 2 or more, or a list of labels")
        classes = np.arange(classes)
    known = np.unique(labels if classes is None else _labels(classes))
    if strangers := sorted(set(labels.tolist()) - set(known.tolist())):
        raise ValueError(f"y holds {strangers[0]}, and the classes are {known.tolist()}")
    rng = np.random.default_rng(rng)
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    if len(chosen) and len(known) < 2:
        raise ValueError(f"every label is {known[0]}, so there is no other class to flip to: pass "
                         f"classes, as in classes=10 or classes=[-1, 1]")
    # 1 to C - 1 places further on in the circle of C classes: never back to the same one
    places = np.searchsorted(known, labels[chosen])
    places += rng.integers(1, max(len(known), 2), size=len(chosen))
    noisy, mask = labels.copy(), np.zeros(len(labels), dtype=bool)
    noisy[chosen], mask[chosen] = known[places % len(known)], True
    return noisy.reshape(y.shape), mask


def imbalance(
    x: ArrayLike,
    y: ArrayLike,
    share: float,
    label: int = 1,
    rng: int | np.random.Generator = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Throw rows away at random until `label` is the given share of all that are left.

    No more rows go than must. Of a rows with the label and b others, all others stay and
    round(b share / (1 - share)) with the label; where there are not so many, all a of them stay
    and round(a (1 - share) / share) others.

    A model that never says `label` is then right on 1 - share of the rows: see what it finds of
    the rare class (its recall), not how often it is right.

    Shapes: x (n, ...), y (n,) or (n, 1), whole numbers -> the same with fewer rows, in their order.
    Errors: ValueError if share is not a number between 0 and 1, y does not hold the label, no row
        of either kind would be left, x and y differ in length or are empty, or y holds fractions;
        TypeError if labels are not numbers.

    >>> x, y = moons(n=1980)                     # 990 of each class
    >>> x, y = imbalance(x, y, share=0.01)       # 10 of 1,000 are left in class 1
    >>> x.shape, np.bincount(y)
    ((1000, 2), array([990,  10]))
    """
    x, y = _paired(x, y)
    _require(_is_number(share) and 0 < share < 1, "share", share,
             "a number between 0 and 1: 0.01 for one row in a hundred")
    _require(np.ndim(label) == 0, "label", label, "one label")
    has_label = _labels(y) == label
    rare, common = np.flatnonzero(has_label), np.flatnonzero(~has_label)
    if not len(rare):
        raise ValueError(f"no row has the label {label!r}: y holds {np.unique(y).tolist()}")
    a, b = len(rare), len(common)
    stay, others = round(b * share / (1 - share)), b
    if stay > a:
        stay, others = a, round(a * (1 - share) / share)
    if not (stay and others):
        raise ValueError(f"{a} rows have the label {label} and {b} have not: for a share of "
                         f"{share}, {stay} and {others} of them would be left; give more rows")
    rng = np.random.default_rng(rng)
    kept = [rng.permutation(rare)[:stay], rng.permutation(common)[:others]]
    rows = np.sort(np.concatenate(kept))
    return x[rows], y[rows]


def train_test_split(
    x: ArrayLike,
    y: ArrayLike,
    test: float | int = 0.2,
    rng: int | np.random.Generator = 0,
    stratify: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shuffle the rows and split them: x_train, x_test, y_train, y_test, in this order.

    Every row is on exactly one side. `test` is a share, for round(test * n) rows but at least one
    on either side, or a whole number of rows.

    With `stratify=True` every class has the same share in both parts, to within one row: of iris,
    30 test rows are 10 of each species, where chance alone makes 5 to 15 of them (seeds 0 to 9).
    With or without it, each row is as likely to be tested as any other. It is for classes: values
    to predict have none.

    Shapes: x (n, ...), y (n, ...), stratified (n,) or (n, 1) -> (n - m, ...), (m, ...) of each,
        with m rows to test on.
    Errors: ValueError if x and y differ in length or have fewer than two rows, test is neither a
        number between 0 and 1 nor a whole number from 1 to n - 1, or stratify not True or False.
        Stratified also if y holds fractions, or a class is too small to be sure of a row on either
        side, and TypeError if labels are not numbers.
    Source: the order of `sklearn.model_selection.train_test_split`, which rounds the number of
        test rows up, and takes y again for `stratify`.

    >>> x, y = iris()
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test=30, stratify=True)
    >>> np.bincount(y_train), np.bincount(y_test)
    (array([40, 40, 40]), array([10, 10, 10]))
    """
    x, y = _paired(x, y)
    n = len(x)
    if n < 2:
        raise ValueError(f"one row cannot be split: x has shape {x.shape}")
    _require((_is_whole(test) and 1 <= test < n) or
             (_is_number(test) and not _is_whole(test) and 0 < test < 1), "test", test,
             f"a share between 0 and 1, as 0.2, or a whole number of rows from 1 to {n - 1}")
    if not isinstance(stratify, bool | np.bool_):
        raise ValueError(f"stratify must be True or False, and goes by the classes in y; got "
                         f"{type(stratify).__name__}")
    m = test if _is_whole(test) else min(max(round(test * n), 1), n - 1)
    rng = np.random.default_rng(rng)
    order = rng.permutation(n)
    chosen = _evenly(order, _labels(y), m, rng) if stratify else order[:m]
    tested = np.zeros(n, dtype=bool)
    tested[chosen] = True
    train_rows, test_rows = order[~tested[order]], order[tested[order]]
    return x[train_rows], x[test_rows], y[train_rows], y[test_rows]


def standardise(x_train: ArrayLike, *others: ArrayLike) -> np.ndarray | tuple[np.ndarray, ...]:
    """Subtract each column's mean and divide by its standard deviation: those of x_train, for all.

        (x - mean of x_train) / standard deviation of x_train

    Columns in different units then count alike, and one learning rate fits all weights. The test
    rows are measured with the training rows' mean and deviation, so theirs are only about 0 and 1.
    To take the mean of all rows, before the split, is the classic leak: the model has then seen
    something of the rows it is tested on.

    A column that is constant in x_train becomes 0 there: it is divided by 1. One that is nearly
    constant becomes very large where it is not: leave `digits`, whose pixels have one unit, as it
    is, or a pixel that is inked in one image alone stands 40 deviations out. The deviation divides
    by n, not by n - 1.

    Shapes: x_train (n, ...), the others (any, ...) with the same columns -> arrays of the same
        shapes, in a tuple if there are several. float32 stays float32, all else becomes float64.
    Errors: ValueError if the columns differ, an array has no rows, or one holds nan or inf;
        TypeError if one does not hold real numbers.
    Source: scikit-learn's user guide, Common pitfalls, section Data leakage,
        https://scikit-learn.org/stable/common_pitfalls.html#data-leakage

    >>> train, test = standardise([[1, 7], [3, 7]], [[5, 8]])      # mean 2 and 7, deviation 1 and 0
    >>> train, test
    (array([[-1.,  0.],
           [ 1.,  0.]]), array([[3., 1.]]))
    """
    arrays = [_measured(x) for x in (x_train, *others)]
    for x in arrays[1:]:
        if x.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(f"x_train has shape {arrays[0].shape}, another array has shape "
                             f"{x.shape}: all but the number of rows must be equal")
    first = arrays[0].astype(np.float64)
    steps = first - first[0]  # from the first row: exactly 0 where a column is constant
    mean, deviation = first[0] + steps.mean(axis=0), steps.std(axis=0)
    deviation = np.where(deviation == 0, 1.0, deviation)
    scaled = tuple(((x - mean) / deviation).astype(x.dtype) for x in arrays)
    return scaled if others else scaled[0]


def batches(
    x: ArrayLike, y: ArrayLike, size: int, rng: int | np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows of one epoch in a new random order, `size` at a time: pairs (x, y), as copies.

    Every row comes once. The last batch may be smaller; if n < size there is only that one.

    Make the generator once, before the loop over the epochs, so that each epoch has an order of
    its own: a seed deals the rows out in the same order every time. The order is drawn when
    `batches` is called.

    Shapes: x (n, ...), y (n, ...) -> pairs of (size, ...), (size, ...).
    Errors: ValueError, at the call and not in the loop, if size is not a whole number >= 1, or x
        and y differ in length or have no rows.

    >>> x, y = np.arange(10).reshape(5, 2), np.arange(5)
    >>> pairs = list(batches(x, y, size=2, rng=0))
    >>> [len(x_batch) for x_batch, _ in pairs]
    [2, 2, 1]
    >>> np.sort(np.concatenate([y_batch for _, y_batch in pairs]))      # every row once
    array([0, 1, 2, 3, 4])
    """
    x, y = _paired(x, y)
    _require(_is_whole(size) and size >= 1, "size", size, "a whole number, 1 or more")
    order = np.random.default_rng(rng).permutation(len(x))
    parts = np.split(order, range(size, len(x), size))
    return ((x[rows], y[rows]) for rows in parts)  # not `yield`: that would check at the first turn


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


def _evenly(order, labels, m, rng):
    # m rows at equal distances in the rows sorted by class, from a random start: so each class
    # gets its share, to within one row, and each row has the same chance, m / n
    n = len(order)
    values, counts = np.unique(labels, return_counts=True)
    smallest = counts.argmin()
    if counts[smallest] * min(m, n - m) < n:
        raise ValueError(f"class {values[smallest]} has {counts[smallest]} of {n} rows: with "
                         f"{n - m} to train and {m} to test, it may get none on one side; change "
                         f"test, or leave stratify out")
    by_class = order[np.argsort(labels[order], kind="stable")]
    return by_class[(n * np.arange(m) + rng.integers(n)) // m]


def _paired(x, y):
    # as arrays with a row of y for each row of x, and at least one
    x, y = np.asarray(x), np.asarray(y)
    if not (x.ndim and y.ndim) or len(x) != len(y):
        raise ValueError(f"x has shape {x.shape}, y has shape {y.shape}: each row of x needs its "
                         f"row of y")
    if not len(x):
        raise ValueError(f"there are no rows: x has shape {x.shape}")
    return x, y


def _labels(y):
    # class numbers, (n,) or (n, 1), as a flat array: int64, or floats that are whole
    y = np.asarray(y)
    if not y.ndim or not len(y) or y.shape[1:] not in ((), (1,)):
        hint = "; of one-hot rows take y.argmax(axis=1)" if y.ndim == 2 and y.size else ""
        raise ValueError(f"labels have shape (n,) or (n, 1), with n >= 1; got {y.shape}{hint}")
    if y.dtype.kind not in "biuf":
        raise TypeError(f"labels are whole numbers, not {y.dtype}: write "
                        f"names, y = np.unique(y, return_inverse=True)")
    if y.dtype.kind != "f":
        return y.ravel().astype(np.int64)
    if len(fractions := y[~(np.isfinite(y) & (y == np.round(y)))]):
        raise ValueError(f"labels are whole numbers, and y holds {fractions[0]}")
    return y.ravel()


def _measured(x):
    # real, finite numbers in at least one row, as floats
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"only real numbers can be standardised, not {x.dtype}")
    if not x.ndim or not len(x):
        raise ValueError(f"there are no rows: an array has shape {x.shape}")
    if len(rows := np.argwhere(~np.isfinite(x))):
        raise ValueError(f"row {rows[0][0]} of an array of shape {x.shape} holds nan or inf, and "
                         f"so would its whole column: leave such rows out")
    return x if x.dtype == np.float32 else x.astype(np.float64)


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
