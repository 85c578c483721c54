"""clip_grad_norm: lengths worked by hand, one factor for all, and nothing changed by a refusal."""

import copy

import numpy as np
import pytest
from helpers import leaf

from minigrad import nn
from optim import SGD, clip_grad_norm


def with_gradients(*gradients, dtype=np.float64):
    params = []
    for g in gradients:
        p = leaf(np.zeros(np.shape(g)), dtype)
        p.grad = None if g is None else np.array(g, dtype)
        params.append(p)
    return params


def test_all_gradients_are_one_vector_and_shrink_by_one_factor():
    params = with_gradients([3.0, 0.0], [[0.0, -4.0]], 12.0)  # 9 + 16 + 144 = 13^2
    assert clip_grad_norm(params, 1.3) == pytest.approx(13.0, rel=1e-15)
    for p, expected in zip(params, ([0.3, 0.0], [[0.0, -0.4]], 1.2), strict=True):
        np.testing.assert_allclose(p.grad, expected, rtol=1e-15)
    assert clip_grad_norm(params, 100.0) == pytest.approx(1.3, rel=1e-15), "the norm afterwards"


@pytest.mark.parametrize("max_norm", [5.0, 5.1, 1e9], ids=str)
def test_a_gradient_within_the_limit_stays_bit_for_bit(max_norm):
    params = with_gradients([3.0, -4.0])
    assert clip_grad_norm(params, max_norm) == 5.0
    assert np.array_equal(params[0].grad, [3.0, -4.0])


def test_the_gradient_keeps_its_array_and_its_direction():
    params = with_gradients([3.0, -4.0])
    before = params[0].grad
    clip_grad_norm(params, 0.5)
    assert params[0].grad is before
    np.testing.assert_allclose(before, [0.3, -0.4], rtol=1e-15)


def test_parameters_without_a_gradient_are_left_out():
    params = with_gradients([3.0, 4.0], None)
    assert clip_grad_norm(params, 1.0) == 5.0
    assert params[1].grad is None


def test_a_parameter_without_entries_adds_nothing():
    params = with_gradients([3.0, 4.0], np.zeros((0, 3)))
    assert clip_grad_norm(params, 1.0) == 5.0


def test_zero_gradients_have_norm_zero_and_stay():
    params = with_gradients([0.0, 0.0], 0.0)
    assert clip_grad_norm(params, 1.0) == 0.0
    assert np.array_equal(params[0].grad, [0.0, 0.0])


@pytest.mark.parametrize("dtype, size", [
    (np.float32, 1e30), (np.float32, 1e-30), (np.float64, 1e200), (np.float64, 1e-200),
], ids=str)
def test_gradients_whose_squares_are_no_floats_have_a_norm(dtype, size):
    params = with_gradients([3.0 * size, 4.0 * size], dtype=dtype)
    assert clip_grad_norm(params, size) == pytest.approx(5.0 * size, rel=1e-6)
    np.testing.assert_allclose(params[0].grad / dtype(size), [0.6, 0.8], rtol=1e-6)
    assert params[0].grad.dtype == dtype


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_a_gradient_that_is_not_finite_is_refused_and_nothing_changes(bad):
    params = with_gradients([3.0, 4.0], [1.0, bad], [bad, 1.0])
    before = copy.deepcopy([p.grad for p in params])
    with pytest.raises(FloatingPointError, match="nan or inf: nothing was clipped"):
        clip_grad_norm(params, 1.0)
    for p, g in zip(params, before, strict=True):
        assert np.array_equal(p.grad, g, equal_nan=True)


@pytest.mark.parametrize("max_norm", [0, 0.0, -1.0, float("nan"), float("inf"), "1", None], ids=str)
def test_a_limit_that_is_not_positive_and_finite_is_refused(max_norm):
    params = with_gradients([3.0, 4.0])
    with pytest.raises(ValueError, match="max_norm must be positive and finite"):
        clip_grad_norm(params, max_norm)
    assert np.array_equal(params[0].grad, [3.0, 4.0])


def test_before_backward_there_is_nothing_to_clip():
    with pytest.raises(RuntimeError, match=r"no parameter has a gradient.*backward\(\)"):
        clip_grad_norm(nn.Linear(2, 1, rng=0).parameters(), 1.0)


@pytest.mark.parametrize("params, message", [
    ([], "no parameters"), (leaf(1.0), "in a list"), ([np.ones(2)], "ndarray"),
    (nn.Linear(2, 1, rng=0), r"model\.parameters\(\)"),
], ids=["empty", "tensor", "array", "model"])
def test_what_is_no_list_of_parameters_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        clip_grad_norm(params, 1.0)


def test_a_generator_of_parameters_is_walked_once():
    params = with_gradients([3.0], [4.0])
    assert clip_grad_norm((p for p in params), 1.0) == 5.0
    np.testing.assert_allclose([p.grad[0] for p in params], [0.6, 0.8])


def test_a_clipped_step_is_no_longer_than_lr_times_the_limit():
    w = leaf([1e4, -1e4])
    optimizer = SGD([w], lr=0.1)
    for _ in range(3):
        before = w.data.copy()
        optimizer.zero_grad()
        np.sum(w**4).backward()
        clip_grad_norm([w], max_norm=2.0)
        optimizer.step()  # and no warning that a gradient was added to
        assert np.linalg.norm(w.data - before) == pytest.approx(0.2, rel=1e-9)
