"""The compositions: activations, the softmax family, one_hot."""

import math

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, functional, grad, gradcheck
from minigrad.functional import (
    gelu,
    identity,
    leaky_relu,
    log_softmax,
    logsumexp,
    one_hot,
    relu,
    sigmoid,
    softmax,
    softplus,
    tanh,
)

X = np.array([-2.0, -0.7, 0.3, 1.0, 2.5])

# name: function, its values, slope at 0, slopes far below and far above 0
ACTIVATIONS = {
    "relu": (relu, lambda x: max(x, 0.0), 0.0, 0.0, 1.0),
    "leaky_relu": (leaky_relu, lambda x: x if x > 0 else 0.01 * x, 0.01, 0.01, 1.0),
    "gelu": (gelu, lambda x: 0.5 * x * (1 + math.tanh(
        math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))), 0.5, 0.0, 1.0),
    "sigmoid": (sigmoid, lambda x: 1 / (1 + math.exp(-x)), 0.25, 0.0, 0.0),
    "tanh": (tanh, math.tanh, 1.0, 0.0, 0.0),
    "softplus": (softplus, lambda x: math.log(1 + math.exp(x)), 0.5, 0.0, 1.0),
    "identity": (identity, lambda x: x, 1.0, 1.0, 1.0),
}
every_activation = pytest.mark.parametrize("f, formula, at_0, below, above", ACTIVATIONS.values(),
                                           ids=ACTIVATIONS)


@every_activation
def test_an_activation_is_its_formula_on_arrays_and_tensors(f, formula, at_0, below, above):
    expected = [formula(x) for x in X]
    np.testing.assert_allclose(f(X), expected, rtol=1e-14)
    assert isinstance(f(X), np.ndarray)
    result = f(Tensor(X, requires_grad=True))
    assert isinstance(result, Tensor) and result.requires_grad
    np.testing.assert_allclose(result.data, expected, rtol=1e-14)


@every_activation
def test_the_derivatives_of_an_activation_of_both_orders(f, formula, at_0, below, above):
    for shape in ((5,), (5, 1), ()):
        x = Tensor(X.reshape(shape) if shape else X[2], requires_grad=True)
        assert gradcheck(f, x, order=2)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_at_0_and_far_out(f, formula, at_0, below, above, dtype):
    for x, slope in ((0.0, at_0), (-0.0, at_0), (-1e4, below), (1e4, above),
                     (-30.0, below), (30.0, above)):
        t = Tensor(np.array([x], dtype), requires_grad=True)
        y = f(t)
        y.backward()
        assert y.dtype == t.grad.dtype == dtype
        assert np.isfinite(y.item())
        assert t.grad[0] == pytest.approx(slope, abs=1e-12), f"slope at {x}"


@every_activation
def test_an_activation_keeps_shape_and_dtype(f, formula, at_0, below, above):
    for shape in ((), (0,), (3,), (2, 0), (2, 3, 4)):
        for dtype in (np.float32, np.float64):
            assert f(Tensor(np.ones(shape, dtype))).shape == shape
            assert f(np.ones(shape, dtype)).dtype == dtype


@every_activation
def test_the_second_derivative_is_finite_everywhere(f, formula, at_0, below, above):
    t = Tensor([0.0, -0.0, 1e4, -1e4, 50.0, -50.0], requires_grad=True)
    slope = grad(np.sum(f(t) * t), t, create_graph=True)
    assert np.all(np.isfinite(grad(np.sum(slope), t)))


def test_the_second_derivatives_at_0():
    for f, expected in ((sigmoid, 0.0), (softplus, 0.25), (tanh, 0.0), (relu, 0.0),
                        (leaky_relu, 0.0), (gelu, math.sqrt(2 / math.pi))):
        t = Tensor(0.0, requires_grad=True)
        slope = grad(f(t), t, create_graph=True)
        curvature = grad(slope, t, unconnected="zero")
        assert curvature == pytest.approx(expected, rel=1e-14, abs=1e-15)


def test_leaky_relu_with_another_slope():
    t = Tensor([-1.0, 2.0], requires_grad=True)
    y = leaky_relu(t, slope=0.2)
    np.testing.assert_allclose(y.data, [-0.2, 2.0])
    np.sum(y).backward()
    np.testing.assert_allclose(t.grad, [0.2, 1.0])


# -- scores to probabilities -----------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, -2, -3])
def test_the_softmax_family_along_any_axis(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    e = np.exp(x)
    total = e.sum(axis, keepdims=True)
    np.testing.assert_allclose(softmax(x, axis), e / total, rtol=1e-14)
    np.testing.assert_allclose(log_softmax(x, axis), np.log(e / total), rtol=1e-13)
    np.testing.assert_allclose(logsumexp(x, axis), np.log(total).squeeze(axis), rtol=1e-14)
    np.testing.assert_allclose(logsumexp(x, axis=axis, keepdims=True), np.log(total), rtol=1e-14)
    np.testing.assert_allclose(softmax(Tensor(x), axis=axis).data, e / total, rtol=1e-14)


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp])
@pytest.mark.parametrize("shape, axis", [((4,), -1), ((2, 3), -1), ((2, 3), 0), ((2, 1, 3), 1)])
def test_the_softmax_family_has_right_derivatives_of_both_orders(f, shape, axis):
    x = Tensor(np.random.default_rng(1).normal(size=shape), requires_grad=True)
    assert gradcheck(lambda t: f(t, axis=axis), x, order=2)


def test_the_jacobian_of_softmax_is_diag_p_minus_p_p():
    x = Tensor([0.2, -1.0, 0.7], requires_grad=True)
    p = softmax(x)
    rows = []
    for i in range(3):
        rows.append(grad(p[i], x, retain_graph=True))
    np.testing.assert_allclose(rows, np.diag(p.data) - np.outer(p.data, p.data), atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", [[1e4, 0.0, -1e4], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4],
                                 [0.0, 0.0, 0.0], [1e4, 9999.0, 0.0]])
def test_the_softmax_family_is_stable_far_out(dtype, row):
    """Right to the rounding of the largest score: of a float32 near 10,000 that is 0.0006."""
    x = Tensor(np.array(row, dtype), requires_grad=True)
    e = np.exp(np.array(row) - max(row))
    p = e / e.sum()
    eps = float(np.finfo(dtype).eps)
    rounding = eps * (1.0 + max(map(abs, row)))
    np.testing.assert_allclose(softmax(x).data, p, rtol=rounding, atol=1e-40)
    np.testing.assert_allclose(log_softmax(x).data, np.array(row) - max(row) - np.log(e.sum()),
                               rtol=eps, atol=rounding)
    total = logsumexp(x)
    assert total.dtype == dtype
    assert total.item() == pytest.approx(max(row) + math.log(e.sum()), rel=eps)
    total.backward()
    np.testing.assert_allclose(x.grad, p, rtol=rounding, atol=1e-40)
    assert x.grad.dtype == dtype


def test_softmax_does_not_change_when_all_scores_are_shifted():
    x = np.random.default_rng(2).normal(size=(3, 4))
    np.testing.assert_allclose(softmax(x + 100.0), softmax(x), rtol=1e-13)
    np.testing.assert_allclose(np.sum(softmax(x), axis=-1), 1.0, rtol=1e-15)


def test_a_class_that_is_masked_by_minus_infinity_gets_nothing():
    x = Tensor([0.0, -np.inf, 0.0], requires_grad=True)
    np.testing.assert_array_equal(softmax(x).data, [0.5, 0.0, 0.5])
    logsumexp(x).backward()
    np.testing.assert_allclose(x.grad, [0.5, 0.0, 0.5], rtol=1e-15)


# -- one_hot ---------------------------------------------------------------------------------------


def test_one_hot_of_labels_of_any_shape():
    np.testing.assert_array_equal(one_hot([0, 2], 3), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(one_hot(1, 3), [0, 1, 0])
    np.testing.assert_array_equal(one_hot(np.array([[0], [1]], np.uint8), 2),
                                  [[[1, 0]], [[0, 1]]])
    assert one_hot(np.zeros(0, int), 3).shape == (0, 3)
    assert one_hot([0, 1], 2).dtype == np.float64


@pytest.mark.parametrize("labels, classes", [
    ([0, 3], 3), ([-1, 0], 3), ([0.0, 1.0], 3), ([True, False], 2), (["a"], 2), ([1j], 2),
    ([0.5], 2), (5, 5), ([], 3)],
    ids=["C", "-1", "floats", "booleans", "strings", "complex", "a half", "a number", "none"])
def test_one_hot_refuses_what_is_no_label(labels, classes):
    with pytest.raises(ValueError, match=f"0 to {classes - 1}"):
        one_hot(labels, classes)


def test_one_hot_refuses_a_tensor():
    with pytest.raises((TypeError, ValueError)):
        one_hot(Tensor([0.0, 1.0], requires_grad=True), 2)


# -- the room --------------------------------------------------------------------------------------


def test_every_public_name_is_there_and_at_the_front_door():
    for name in functional.__all__:
        assert getattr(functional, name) is getattr(minigrad, name)
        assert getattr(functional, name).__doc__ or name in ("relu", "sigmoid", "softplus",
                                                             "logsumexp")


def test_a_cross_entropy_composed_by_hand_is_right_to_second_order():
    rng = np.random.default_rng(4)
    labels = np.array([0, 2, 1, 2])
    z = Tensor(rng.normal(size=(4, 3)), requires_grad=True)

    def loss(z):
        return -np.mean(log_softmax(z)[np.arange(4), labels])

    assert gradcheck(loss, z, order=2)
    loss(z).backward()
    np.testing.assert_allclose(z.grad, (softmax(z.data) - one_hot(labels, 3)) / 4, atol=1e-16)


def test_standardising_a_batch_is_right_to_second_order():
    x = Tensor(np.random.default_rng(5).normal(size=(6, 3)), requires_grad=True)

    def standardised(x):
        return (x - np.mean(x, axis=0)) / np.std(x, axis=0, ddof=1)

    assert gradcheck(standardised, x, order=2)
