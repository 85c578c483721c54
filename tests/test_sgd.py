"""Stochastic gradient descent: momentum, what it refuses, and numbers worked on paper."""

import numpy as np
import pytest
from helpers import descend

from minigrad import Tensor
from optim import SGD


def weights(*values):
    return Tensor(values, requires_grad=True)


@pytest.mark.parametrize("options, message", [
    ({"momentum": -0.1}, r"momentum must be in \[0, 1\), not -0\.1"),
    ({"momentum": 1}, r"momentum must be in \[0, 1\), not 1"),
    ({"momentum": 1.5}, r"momentum must be in \[0, 1\), not 1\.5"),
    ({"momentum": float("nan")}, r"momentum must be in \[0, 1\), not nan"),
    ({"nesterov": True}, r"nesterov=True.*give momentum > 0"),
    ({"nesterov": True, "momentum": 0.0}, r"nesterov=True.*give momentum > 0"),
], ids=str)
def test_sgd_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        SGD([weights(1.0)], lr=0.1, **options)


@pytest.mark.parametrize("options, expected", [
    ({}, [9.0, 9.0, 11.0]),
    # v = 1, 0.5, -1.75
    ({"momentum": 0.5}, [9.0, 8.5, 10.25]),
    # g + v / 2 = 1.5, 0.25, -2.875
    ({"momentum": 0.5, "nesterov": True}, [8.5, 8.25, 11.125]),
    # g + w / 10 = 2, 0.8, -1.28
    ({"weight_decay": 0.1}, [8.0, 7.2, 8.48]),
    # g + w / 10 = 2, 0.8, -1.32; v = 2, 1.8, -0.42 with w = 8, 6.2
    ({"momentum": 0.5, "weight_decay": 0.1}, [8.0, 6.2, 6.68]),
], ids=str)
def test_three_steps_are_those_worked_on_paper(options, expected):
    """The gradients are 1, 0, -2, the rate is 1 and w begins at 10."""
    path = descend(SGD([weights(10.0)], lr=1.0, **options), [[1.0], [0.0], [-2.0]])
    np.testing.assert_allclose(np.ravel(path), expected, rtol=1e-14)


def test_a_constant_gradient_with_momentum_reaches_the_speed_of_g_over_one_minus_momentum():
    path = np.ravel(descend(SGD([weights(0.0)], lr=0.01, momentum=0.9), [[1.0]] * 400))
    np.testing.assert_allclose(path[-2] - path[-1], 0.01 * 1.0 / (1.0 - 0.9), rtol=1e-12)


def test_a_new_rate_acts_on_the_whole_velocity_as_in_pytorch():
    optimizer = SGD([weights(0.0)], lr=1.0, momentum=0.5)
    descend(optimizer, [[1.0]])  # v = 1
    optimizer.lr = 0.1
    (w,), = descend(optimizer, [[0.0]])  # v = 0.5; Sutskever's own form would move by 0.5
    np.testing.assert_allclose(w, -1.0 - 0.1 * 0.5, rtol=1e-14)


def test_weight_decay_alone_shrinks_every_weight_by_the_same_factor():
    (values,) = descend(SGD([weights(4.0, -2.0)], lr=0.5, weight_decay=0.1), [[0.0, 0.0]])
    np.testing.assert_allclose(values, [3.8, -1.9], rtol=1e-14)


def test_sgd_without_momentum_keeps_no_memory():
    optimizer = SGD([weights(1.0, 2.0)], lr=0.1, weight_decay=0.1)
    descend(optimizer, [[1.0, 1.0]] * 3)
    assert optimizer.memory == ()
    assert not any(isinstance(kept, np.ndarray) for kept in optimizer.state[0].values())


def test_momentum_in_one_optimiser_gives_none_to_the_next():
    SGD([weights(1.0)], lr=0.1, momentum=0.9)
    plain, heavy = SGD([weights(1.0)], lr=0.1), SGD([weights(1.0)], lr=0.1, momentum=0.9)
    assert plain.memory == () and heavy.memory == ("velocity",)
    assert descend(plain, [[1.0]] * 2)[-1] > descend(heavy, [[1.0]] * 2)[-1]


def test_every_parameter_has_a_velocity_of_its_own():
    w, b = weights(0.0), weights(0.0)
    optimizer = SGD([w, b], lr=1.0, momentum=0.5)
    for gw, gb in ((1.0, 0.0), (0.0, 1.0)):
        w.grad, b.grad = np.array([gw]), np.array([gb])
        optimizer.step()
    assert (w.item(), b.item()) == (-1.5, -1.0)
