"""Random programs: whatever is composed of the primitives, its gradient is the numerical one.

2,000 expression graphs, each made from its own seed: one to three leaves of random shapes, then
4 to 14 operations on randomly chosen earlier values, so that many values are used more than once.
The operations:

    one argument    negative, abs, square, sqrt, reciprocal, exp, expm1, log, log1p, log2, sin, cos,
                    tan, arctan, arcsin, tanh, sinh, cosh, relu, sigmoid, softplus, x ** 3,
                    x ** 1.5, 2 ** x, multiplied by and added to constants
    two arguments   +, -, *, /, **, maximum, minimum, hypot, logaddexp, where: all broadcasting
    reductions      sum, mean, max, min, prod, var, logsumexp, over None, one or several axes
    positions       int, slice, reversed, masked and repeated indices, reshape, ravel, transpose,
                    flip, cumsum, expand_dims, broadcast_to, concatenate, stack, take_along_axis
    products        matmul of vectors and matrices

An operation is only taken where its values stay moderate and away from kinks, so that finite
differences can be trusted.
"""

import numpy as np
import pytest

from minigrad import Tensor, grad, logsumexp, relu, sigmoid, softplus
from minigrad.tensor import TABLE, array_of

GRAPHS, BATCH = 2000, 100
LARGEST, KINK = 30.0, 0.02  # values stay below; kinks stay farther away than that

# -- the operations: a name, the function, where it may be used ------------------------------------


def anywhere(*xs):
    return True


def within(low, high):
    return lambda x: x.size and low < np.min(x) and np.max(x) < high


def off_zero(x):
    return x.size and np.min(np.abs(x)) > KINK


def apart(x, y):
    return np.min(np.abs(x - y), initial=1.0) > KINK


UNARY = [
    (np.negative, anywhere), (np.absolute, off_zero), (np.square, within(-4, 4)),
    (np.sqrt, within(0.1, LARGEST)), (np.reciprocal, within(0.3, LARGEST)),
    (np.exp, within(-LARGEST, 3)), (np.expm1, within(-LARGEST, 3)), (np.log, within(0.1, LARGEST)),
    (np.log1p, within(-0.8, LARGEST)), (np.log2, within(0.1, LARGEST)), (np.sin, anywhere),
    (np.cos, anywhere), (np.tan, within(-1.2, 1.2)), (np.arctan, anywhere),
    (np.arcsin, within(-0.9, 0.9)), (np.tanh, anywhere), (np.sinh, within(-3, 3)),
    (np.cosh, within(-3, 3)), (relu, off_zero), (sigmoid, anywhere), (softplus, anywhere),
    (lambda x: x ** 3, within(-3, 3)), (lambda x: x ** 1.5, within(0.1, 5)),
    (lambda x: 2.0 ** x, within(-LARGEST, 4)), (lambda x: 0.5 * x, anywhere),
    (lambda x: 1.0 - x, anywhere), (lambda x: 3.0 / (x * x + 2.0), anywhere),
]
BINARY = [
    (lambda x, y: x + y, anywhere), (lambda x, y: x - y, anywhere), (lambda x, y: x * y, anywhere),
    (lambda x, y: x / y, lambda x, y: np.min(np.abs(y), initial=1.0) > 0.3),
    (lambda x, y: x ** y, lambda x, y: within(0.3, 3)(x) and within(-3, 3)(y)),
    (np.maximum, apart), (np.minimum, apart), (np.logaddexp, anywhere),
    (np.hypot, lambda x, y: np.min(np.hypot(x, y), initial=1.0) > 0.3),
]


def untied(x, axis, sign):
    """Whether the extremum of x along `axis` is the only one, by a margin."""
    if not x.size:
        return False
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a % x.ndim for a in axes)
    rows = np.moveaxis(sign * x, axes, range(-len(axes), 0)).reshape(
        *(n for a, n in enumerate(x.shape) if a not in axes), -1)
    top = np.sort(rows, axis=-1)[..., -2:]
    return top.shape[-1] < 2 or bool(np.all(top[..., 1] - top[..., 0] > KINK))


def step(rng, values):
    """A random operation on random earlier values: (function, positions), or None if it is unfit.

    `values` are the arrays at the point where the program is made.
    """
    i, j = rng.integers(len(values), size=2)
    x, y = values[i], values[j]
    kind = rng.choice(["unary", "binary", "where", "reduction", "position", "shape", "join",
                       "product"], p=[0.3, 0.25, 0.04, 0.12, 0.1, 0.09, 0.05, 0.05])
    if kind == "unary":
        f, fit = UNARY[rng.integers(len(UNARY))]
        return (f, (i,)) if fit(x) else None
    if kind in ("binary", "where"):
        try:
            shape = np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            return None
        if kind == "where":
            mask = rng.random(shape) < 0.5
            return (lambda x, y: np.where(mask, x, y)), (i, j)
        f, fit = BINARY[rng.integers(len(BINARY))]
        return (f, (i, j)) if fit(x, y) else None
    if kind == "product":
        if not x.ndim or not y.ndim or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
            return None
        return (lambda x, y: x @ y, (i, j)) if max(x.ndim, y.ndim) < 3 else None
    if kind == "join":
        if x.shape != y.shape:
            return None
        axis = int(rng.integers(-x.ndim - 1, x.ndim + 1))
        if rng.random() < 0.5 or not x.ndim:
            return (lambda x, y: np.stack([x, y], axis=axis)), (i, j)
        axis = int(rng.integers(-x.ndim, x.ndim))
        return (lambda x, y: np.concatenate([x, y, x], axis=axis)), (i, j)
    if kind == "reduction":
        axis = None
        if x.ndim and rng.random() < 0.7:
            axis = int(rng.integers(-x.ndim, x.ndim))
            if x.ndim > 1 and rng.random() < 0.3:
                axis = tuple(int(a) for a in rng.permutation(x.ndim)[:2])
        options = {"axis": axis, "keepdims": bool(rng.random() < 0.4)}
        f = (np.sum, np.mean, np.max, np.min, np.prod, np.var, logsumexp)[rng.integers(7)]
        if f in (np.max, np.min) and not untied(x, axis, 1 if f is np.max else -1):
            return None
        return (lambda x: f(x, **options), (i,)) if x.size else None
    if not x.ndim:
        return None
    axis = int(rng.integers(-x.ndim, x.ndim))
    if kind == "position":
        n = x.shape[0]
        if not x.size:
            return None
        key = (int(rng.integers(-n, n)), slice(None, None, -1), slice(0, n, 2), (..., None),
               (None,), rng.integers(-n, n, 3), rng.random(x.shape) < 0.7, [0, 0, n - 1],
               (..., rng.integers(x.shape[-1], size=2)))[rng.integers(9)]
        if rng.random() < 0.2:
            index = rng.integers(x.shape[axis], size=x.shape)
            return (lambda x: np.take_along_axis(x, index, axis=axis)), (i,)
        return (lambda x: x[key]), (i,)
    order = tuple(int(a) for a in rng.permutation(x.ndim))
    f = (lambda x: np.reshape(x, (-1, x.shape[0])) if x.size else x, lambda x: np.ravel(x),
         lambda x: np.transpose(x, order), lambda x: np.flip(x, axis), lambda x: x.T,
         lambda x: np.cumsum(x, axis), lambda x: np.expand_dims(x, axis),
         lambda x: np.broadcast_to(x, (2, *x.shape)))[rng.integers(8)]
    return f, (i,)


def program(rng):
    """Leaves, and the steps that make one number of them."""
    dims = ((), (3,), (2, 3), (3, 1), (1, 3), (3, 3), (2, 2, 3))
    leaves = [rng.uniform(-2, 2, dims[rng.integers(len(dims))]) for _ in range(rng.integers(1, 4))]
    values, steps = list(leaves), []
    wanted = rng.integers(4, 15)
    for _ in range(200):
        if len(steps) == wanted:
            break
        drawn = step(rng, values)
        if drawn is None:
            continue
        f, positions = drawn
        with np.errstate(all="ignore"):
            value = np.asarray(f(*(values[p] for p in positions)))
        if value.size <= 60 and value.ndim < 4 and np.all(np.abs(value) < LARGEST):
            values.append(value)
            steps.append(drawn)
    return leaves, steps


def run(leaves, steps, order=None):
    """The program's result: the sum of the sines of all that was made and never used."""
    values, unused = dict(enumerate(leaves)), set(range(len(leaves)))
    for k in range(len(steps)) if order is None else order:
        f, positions = steps[k]
        values[len(leaves) + k] = f(*(values[p] for p in positions))
        unused.add(len(leaves) + k)
        unused -= set(positions)
    return sum(np.sum(np.sin(values[k])) for k in sorted(unused))


def tensors(leaves):
    return [Tensor(x, requires_grad=True) for x in leaves]


def another_order(rng, count, steps):
    """The steps in another order in which each still comes after those that it needs."""
    left, order, done = set(range(len(steps))), [], set(range(count))
    while left:
        ready = [k for k in sorted(left) if set(steps[k][1]) <= done]
        k = ready[rng.integers(len(ready))]
        left.remove(k)
        done.add(count + k)
        order.append(k)
    return order


def slope(f, leaves, directions, h=1e-4):
    """d f / d (directions), with the error of order h^4 that two step sizes leave."""
    def difference(h):
        above, below = (f([x + s * h * v for x, v in zip(leaves, directions, strict=True)])
                        for s in (1, -1))
        return (above - below) / (2 * h)
    return (4 * difference(h) - difference(2 * h)) / 3


@pytest.mark.parametrize("first", range(0, GRAPHS, BATCH))
def test_random_programs_have_the_numerical_gradient(first):
    for seed in range(first, first + BATCH):
        rng = np.random.default_rng(seed)
        leaves, steps = program(rng)
        directions = [rng.uniform(-1, 1, x.shape) for x in leaves]
        ts = tensors(leaves)
        loss = run(ts, steps)
        assert loss.item() == pytest.approx(run(leaves, steps), rel=1e-12), f"seed {seed}: value"

        loss.backward(retain_graph=True)
        once = [t.grad.copy() for t in ts]
        exact = sum(np.sum(g * v) for g, v in zip(once, directions, strict=True))
        size = sum(np.sum(np.abs(g * v)) for g, v in zip(once, directions, strict=True))
        truth = slope(lambda xs: run(xs, steps), leaves, directions)  # noqa: B023  (called here)
        assert abs(exact - truth) <= 1e-7 * size + 1e-9, \
            f"seed {seed}: the rules give the slope {exact:.12g}, finite differences {truth:.12g}"

        loss.backward(retain_graph=True)
        for t, g, x in zip(ts, once, leaves, strict=True):
            assert t.grad.shape == x.shape and t.grad.dtype == x.dtype, f"seed {seed}: shape, dtype"
            np.testing.assert_array_equal(t.grad, 2 * g, f"seed {seed}: twice is not double")
            np.testing.assert_array_equal(t.data, x, f"seed {seed}: a leaf's data has changed")
        for g, b in zip(grad(loss, ts, retain_graph=True), once, strict=True):
            np.testing.assert_array_equal(g, b, f"seed {seed}: grad() is not backward()")

        again = tensors(leaves)
        run(again, steps, another_order(rng, len(leaves), steps)).backward()
        tolerance = 1e-11 * max(np.max(np.abs(g), initial=1e-3) for g in once)
        for t, g in zip(again, once, strict=True):
            np.testing.assert_allclose(t.grad, g, rtol=1e-11, atol=tolerance,
                                       err_msg=f"seed {seed}: the order of the operations matters")


def test_random_programs_have_the_numerical_second_derivative():
    for seed in range(GRAPHS, GRAPHS + 200):
        rng = np.random.default_rng(seed)
        leaves, steps = program(rng)
        directions, mix = ([rng.uniform(-1, 1, x.shape) for x in leaves] for _ in range(2))

        def mixed(xs, create_graph=False):
            ts = tensors(xs)
            gs = grad(run(ts, steps), ts, create_graph=create_graph)  # noqa: B023
            return ts, sum(np.sum(g * m) for g, m in zip(gs, mix, strict=True))  # noqa: B023

        ts, total = mixed(leaves, create_graph=True)
        products = grad(total, ts, unconnected="zero") if isinstance(total, Tensor) else 0.0
        exact = sum(np.sum(p * v) for p, v in zip(products, directions, strict=True))
        size = sum(np.sum(np.abs(p * v)) for p, v in zip(products, directions, strict=True))
        truth = slope(lambda xs: array_of(mixed(xs)[1]), leaves, directions)  # noqa: B023
        assert abs(exact - truth) <= 1e-6 * size + 1e-7, \
            f"seed {seed}: the rules give {exact:.12g}, finite differences {truth:.12g}"


def test_the_gradient_of_a_sum_is_the_sum_of_the_gradients():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        leaves, steps = program(rng)
        ts = tensors(leaves)
        one, other = run(ts, steps), sum(np.sum(t * t) for t in ts)
        parts = [grad(loss, ts, retain_graph=True) for loss in (one, other)]
        for sums in (one + other, other + one):
            for whole, a, b in zip(grad(sums, ts, retain_graph=True), *parts, strict=True):
                np.testing.assert_allclose(whole, a + b, rtol=1e-12,
                                           atol=1e-12 * np.max(np.abs(a), initial=1.0))


@pytest.mark.parametrize("function", [np.multiply, np.sin, np.maximum, np.sum, "getitem"],
                         ids=lambda f: f if isinstance(f, str) else f.__name__)
def test_a_rule_that_is_wrong_by_a_thousandth_is_found_by_the_first_batch(function, monkeypatch):
    rules = tuple(lambda *a, rule=rule, **o: 1.001 * rule(*a, **o)
                  for rule in TABLE[function].rules)
    monkeypatch.setattr(TABLE[function], "rules", rules)
    with pytest.raises(AssertionError, match="the rules give the slope"):
        test_random_programs_have_the_numerical_gradient(0)


def test_the_programs_are_what_the_docstring_says():
    lengths, shared, kinds = [], 0, set()
    for seed in range(300):
        leaves, steps = program(np.random.default_rng(seed))
        lengths.append(len(steps))
        used = [p for _, positions in steps for p in positions]
        shared += len(used) > len(set(used))
        ts = tensors(leaves)
        waiting = [run(ts, steps)]
        while waiting:
            t = waiting.pop()
            if isinstance(t, Tensor):
                kinds.add(t.op)
                waiting += t.parents
    assert min(lengths) >= 4 and max(lengths) == 14
    assert shared > 200, "too few programs use a value twice"
    missing = {"negative", "absolute", "maximum", "where", "power", "sum", "mean", "max", "min",
               "prod", "logsumexp", "getitem", "reshape", "transpose", "concatenate", "matmul",
               "broadcast_to", "cumsum", "flip", "hypot", "relu", "softplus"} - kinds
    assert not missing, f"never drawn: {missing}"
