"""The helpers of the table: each adjoint against its definition.

The adjoint A* of a linear map A is defined by <A x, g> = <x, A* g> for all x and g.
"""

import numpy as np
import pytest

from minigrad import Tensor, adjoints
from minigrad.adjoints import (
    along_axis,
    beats,
    inside,
    kept,
    left,
    less_one,
    or_one,
    others,
    piece,
    put_back,
    right,
    spread,
    undone,
    winners,
)

RNG = np.random.default_rng(0)


def draw(shape):
    return RNG.normal(size=shape)


def assert_adjoint(forward, x, backward):
    """<A x, g> = <x, A* g> for a random g, with A* g on arrays and on Tensors alike."""
    y = forward(x)
    g = draw(np.shape(y))
    returned = backward(g)
    one, other = np.sum(y * g), np.sum(x * returned)
    size = np.sum(np.abs(y * g)) + 1e-300
    assert abs(one - other) <= 1e-13 * size, f"<A x, g> = {one}, but <x, A* g> = {other}"
    recorded = backward(Tensor(g, requires_grad=True))
    assert isinstance(recorded, Tensor) and recorded.requires_grad
    np.testing.assert_allclose(recorded.data, returned, rtol=1e-14, atol=1e-300)


# -- reductions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0,), (0, 2), (-1, 0), (2, 0, 1), ()])
def test_spread_is_the_adjoint_of_sum(axis, keepdims):
    x = draw((2, 3, 4))
    assert_adjoint(lambda x: np.sum(x, axis=axis, keepdims=keepdims), x,
                   lambda g: spread(g, x, axis, keepdims))


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, 0), (), np.int64(1)])
def test_kept_gives_a_reduction_the_shape_of_keepdims(axis):
    x = draw((2, 3, 4))
    y = np.sum(x, axis=axis)
    expected = np.sum(x, axis=axis, keepdims=True)
    np.testing.assert_array_equal(kept(y, x, axis, False), expected)
    np.testing.assert_array_equal(kept(expected, x, axis, True), expected)
    np.testing.assert_array_equal(kept(Tensor(y), x, axis, False).data, expected)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_winners_share_one_between_them(axis):
    x = np.array([[1.0, 3.0, 3.0], [1.0, 2.0, 3.0]])
    for y in (np.max(x, axis=axis), np.min(x, axis=axis)):
        w = winners(y, x, axis, False)
        np.testing.assert_allclose(np.sum(w, axis=axis), 1.0, rtol=1e-15)
        assert np.all((w > 0) == (x == kept(y, x, axis, False)))
        tied = np.broadcast_to(np.max(w, axis=axis, keepdims=True), x.shape)
        np.testing.assert_array_equal(w[w > 0], tied[w > 0])


@pytest.mark.parametrize("zeros", [0, 1, 2, 5])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 0), (-1, 1), (1,)])
def test_others_is_the_product_of_the_others(axis, zeros):
    x = draw((2, 3, 2))
    x.flat[RNG.choice(x.size, zeros, replace=False)] = 0.0
    expected = np.empty_like(x)
    for i in np.ndindex(x.shape):
        rest = x.copy()
        rest[i] = 1.0
        expected[i] = kept(np.prod(rest, axis=axis), x, axis, False)[
            tuple(0 if a in adjoints._axes(x, axis) else n for a, n in enumerate(i))]
    y = np.prod(x, axis=axis)
    np.testing.assert_allclose(others(y, x, axis, False), expected, rtol=1e-13)
    np.testing.assert_allclose(others(Tensor(y), Tensor(x), axis, False).data, expected, rtol=1e-13)


# -- positions -------------------------------------------------------------------------------------

KEYS = {
    "int": 1, "negative": -1, "slice": slice(1, 3), "step -1": slice(None, None, -1),
    "Ellipsis": (..., 0), "None": (None, slice(2)), "mask": np.arange(12).reshape(4, 3) % 2 == 0,
    "repeated": [0, 0, 3, 0], "negative repeated": np.array([-1, 3]),
    "pairs": ([1, 1, 2], [0, 0, 1]), "slice and repeated": (slice(1, None), [2, 2]),
    "tuple of a tuple": ((0, 0, 1),), "two tuples": ((1, 1), (2, 2)), "a range": range(3),
    "int and list": (1, [0, 0]), "empty": [], "ix": np.ix_([3, 3], [0, 1]),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_put_back_is_the_adjoint_of_an_index(key):
    x = draw((4, 3))
    y = x[key]
    g = draw(y.shape)
    returned = put_back(g, shape=(4, 3), key=key)
    assert returned.shape == x.shape
    assert np.sum(y * g) == pytest.approx(np.sum(x * returned), rel=1e-13, abs=1e-14)
    assert put_back(g.astype(np.float32), shape=(4, 3), key=key).dtype == np.float32


@pytest.mark.parametrize("axis", [0, 1, -1, 2, -2, -3])
def test_along_axis_is_the_key_of_take_along_axis(axis):
    x = draw((2, 3, 4))
    indices = RNG.integers(-2, 2, (2, 3, 4))
    np.testing.assert_array_equal(x[along_axis(indices, axis, x.shape)],
                                  np.take_along_axis(x, indices, axis))


@pytest.mark.parametrize("axis", [0, 1, -1, -3])
@pytest.mark.parametrize("argument", [0, 1, 2])
def test_piece_is_the_adjoint_of_concatenate(axis, argument):
    xs = []
    for n in (1, 3, 2):
        shape = [2, 2, 2]
        shape[axis] = n
        xs.append(draw(tuple(shape)))

    def alone(x):  # the part of the result that depends on this argument
        return np.concatenate([x if i == argument else 0.0 * other
                               for i, other in enumerate(xs)], axis=axis)

    assert_adjoint(alone, xs[argument], lambda g: piece(g, xs, argument, axis))


@pytest.mark.parametrize("axes", [None, (0, 1, 2), (2, 0, 1), (1, 2, 0), (-1, 0, 1), [1, 0, 2]],
                         ids=repr)
def test_undone_puts_the_axes_back(axes):
    x = draw((2, 3, 4))
    np.testing.assert_array_equal(np.transpose(np.transpose(x, axes), undone(axes)), x)


# -- products --------------------------------------------------------------------------------------

PRODUCTS = [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)),
            ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 3), (4, 3, 2)), ((2, 2, 3), (2, 3, 2)),
            ((1, 2, 3), (4, 3, 2)), ((4, 2, 3), (1, 3, 2)), ((2, 1, 2, 3), (3, 3, 2))]


def summed_to(g, shape):
    """`g` summed over the axes along which an input of this shape was stretched."""
    g = g if isinstance(g, np.ndarray) else np.asarray(g)
    while g.ndim > len(shape):
        g = g.sum(0)
    for a, n in enumerate(shape):
        if n == 1 and g.shape[a] != 1:
            g = g.sum(a, keepdims=True)
    return g


@pytest.mark.parametrize("s, t", PRODUCTS, ids=repr)
def test_left_and_right_are_the_adjoints_of_a_product(s, t):
    x, y = draw(s), draw(t)
    z = x @ y
    g = draw(np.shape(z))
    inner, size = np.sum(z * g), np.sum(np.abs(z * g))
    for name, back, value in (("left", left, x), ("right", right, y)):
        returned = summed_to(back(g, x, y), value.shape)
        assert returned.shape == value.shape
        assert abs(np.sum(value * returned) - inner) <= 1e-13 * size, f"{name} is no adjoint"
        recorded = back(Tensor(g), Tensor(x), Tensor(y))
        np.testing.assert_allclose(summed_to(recorded.data, value.shape), returned, rtol=1e-13,
                                   atol=1e-14)


# -- kinks and edges -------------------------------------------------------------------------------


def test_beats_inside_less_one_or_one():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    np.testing.assert_array_equal(beats(x, y), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(beats(x, y) + beats(y, x), 1.0)
    np.testing.assert_array_equal(inside(x, 2.0, None), [False, True, True])
    np.testing.assert_array_equal(inside(x, None, 2.0), [True, True, False])
    np.testing.assert_array_equal(inside(x, 2.0, 2.0), [False, True, False])
    np.testing.assert_array_equal(inside(x, None, None), [True, True, True])
    assert [less_one(p, x) for p in (0, 1, 2, 0.5, -1)] == [1, 0, 1, -0.5, -2]
    np.testing.assert_array_equal(less_one(np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 0.0])),
                                  [1.0, -1.0, 1.0])
    np.testing.assert_array_equal(or_one(np.array([0.0, -0.0, 3.0])), [1.0, 1.0, 3.0])
