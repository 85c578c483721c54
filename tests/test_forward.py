"""The forward functions on plain arrays: their values against NumPy's, their last digits."""

import numpy as np
import pytest

from minigrad import Tensor, forward, relu, sigmoid, softplus

RNG = np.random.default_rng(0)


def draw(shape):
    return RNG.normal(size=shape)


# -- products --------------------------------------------------------------------------------------

PRODUCTS = [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)),
            ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 3), (4, 3, 2)), ((2, 2, 3), (2, 3, 2)),
            ((1, 2, 3), (4, 3, 2)), ((2, 1, 2, 3), (3, 3, 2))]


@pytest.mark.parametrize("s, t", PRODUCTS, ids=repr)
def test_matmul_and_linear_are_those_of_numpy(s, t):
    x, y = draw(s), draw(t)
    np.testing.assert_allclose(forward.matmul(x, y), x @ y, rtol=1e-14)
    b = draw(np.shape(x @ y)[-1:])
    np.testing.assert_allclose(forward.linear(x, y, b), x @ y + b, rtol=1e-14)
    if y.ndim <= 2:
        np.testing.assert_allclose(forward.dot(x, y), np.dot(x, y), rtol=1e-14)


def test_linear_leaves_its_inputs_alone():
    x, w, b = np.eye(3), draw((3, 2)), draw(2)
    kept_x, kept_w, kept_b = x.copy(), w.copy(), b.copy()
    forward.linear(x, w, b)
    for now, before in ((x, kept_x), (w, kept_w), (b, kept_b)):
        np.testing.assert_array_equal(now, before)


def test_linear_with_a_wider_bias_widens():
    z = forward.linear(np.ones((2, 3), np.float32), np.ones((3, 2), np.float32), np.ones(2))
    assert z.dtype == np.float64


def test_np_dot_of_stacks_is_refused_because_it_is_not_a_matmul():
    with pytest.raises(ValueError, match="@"):
        forward.dot(draw((2, 3)), draw((2, 3, 4)))


# -- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0, 1, 2, 3, 4, 5, -1, 0.5, 2.0, 3.0, 2.5])
def test_power_is_that_of_numpy(p):
    x = np.array([0.3, 1.0, 2.0])
    np.testing.assert_allclose(forward.power(x, p), np.power(x, p), rtol=1e-15)


def test_power_leaves_its_base_alone():
    x = np.array([2.0, 3.0])
    for p in (1, 2, 3, 4):
        assert not np.shares_memory(forward.power(x, p), x)
        np.testing.assert_array_equal(x, [2.0, 3.0])


# -- neurons: accuracy against a longer number format ----------------------------------------------


def exact_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def exact_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def exact_logsumexp(x):
    return np.log(np.sum(np.exp(x)))


longer = pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18,
                            reason="this machine has no longer number format")


@longer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f, exact", [(forward.sigmoid, exact_sigmoid),
                                      (forward.softplus, exact_softplus)],
                         ids=["sigmoid", "softplus"])
def test_sigmoid_and_softplus_to_the_last_digits(f, exact, dtype):
    x = np.concatenate([np.linspace(-80, 80, 1001), np.linspace(-1, 1, 101),
                        [0.0, -0.0, 1e-10, -1e-10]]).astype(dtype)
    error = np.abs(f(x) / exact(x.astype(np.longdouble)) - 1)
    worst = np.argmax(error)
    assert error[worst] <= 4 * np.finfo(dtype).eps, f"at {x[worst]}: wrong by {error[worst]}"
    assert f(x).dtype == dtype


@longer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logsumexp_to_the_last_digits(dtype):
    for scale in (1e-3, 1.0, 30.0):
        for _ in range(50):
            x = (scale * RNG.normal(size=7)).astype(dtype)
            truth = exact_logsumexp(x.astype(np.longdouble))
            size = np.max(np.abs(x)) + 2.0
            assert abs(forward.logsumexp(x) - truth) <= 4 * np.finfo(dtype).eps * size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_neurons_far_out_and_at_0(dtype):
    x = np.array([-1e4, 0.0, 1e4], dtype)
    np.testing.assert_array_equal(forward.sigmoid(x), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(forward.softplus(x), np.array([0.0, np.log(2.0), 1e4], dtype))
    np.testing.assert_array_equal(forward.relu(x), [0.0, 0.0, 1e4])
    assert forward.logsumexp(x) == 1e4
    assert forward.logsumexp(np.array([-1e4, -1e4], dtype)) == dtype(np.log(2.0) - 1e4)
    for f, slopes in ((sigmoid, [0.0, 0.25, 0.0]), (softplus, [0.0, 0.5, 1.0]),
                      (relu, [0.0, 0.0, 1.0])):
        t = Tensor(x, requires_grad=True)
        f(t).backward(np.ones(3))
        assert t.grad.dtype == dtype
        np.testing.assert_array_equal(t.grad, slopes)


def test_softplus_and_sigmoid_far_below_0_keep_their_relative_accuracy():
    for x in (-30.0, -100.0, -700.0):
        t = Tensor(x, requires_grad=True)
        y = softplus(t)
        y.backward()
        assert y.item() == pytest.approx(np.exp(x), rel=1e-12)
        assert t.grad == pytest.approx(np.exp(x), rel=1e-12)


@pytest.mark.parametrize("axis, keepdims", [(None, False), (0, True), (-1, False), ((0, 2), True),
                                            ((0, 1, 2), False)])
def test_the_forward_functions_are_those_of_numpy(axis, keepdims):
    x = draw((2, 3, 4))
    options = {"axis": axis, "keepdims": keepdims}
    np.testing.assert_allclose(forward.total(x, **options), np.sum(x, **options), rtol=1e-14)
    np.testing.assert_allclose(forward.mean(x, **options), np.mean(x, **options), rtol=1e-13)
    np.testing.assert_allclose(forward.logsumexp(x, **options),
                               np.log(np.sum(np.exp(x), **options)), rtol=1e-13, atol=1e-14)


def test_broadcast_to_has_memory_of_its_own():
    x = draw((1, 3))
    y = forward.broadcast_to(x, (2, 3))
    np.testing.assert_array_equal(y, np.broadcast_to(x, (2, 3)))
    y += 1.0
    assert not np.shares_memory(x, y)


