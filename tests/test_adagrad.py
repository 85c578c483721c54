"""Adagrad: its steps grow smaller, each weight's at its own pace; what it refuses."""

import numpy as np
import pytest
from helpers import descend, leaf

from optim import Adagrad


@pytest.mark.parametrize("options, message", [
    ({"lr_decay": -0.1}, r"lr_decay must be at least 0 and finite, not -0\.1"),
    ({"lr_decay": float("inf")}, r"lr_decay must be at least 0 and finite, not inf"),
    ({"initial_accumulator_value": -1.0}, r"initial_accumulator_value must be at least 0"),
    ({"initial_accumulator_value": float("nan")}, r"initial_accumulator_value must be at least 0"),
    ({"eps": 0.0}, r"eps must be positive.*0"),
    ({"eps": -1.0}, r"eps must be positive.*-1"),
], ids=str)
def test_adagrad_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        Adagrad([leaf([1.0])], **options)


def test_a_constant_gradient_makes_steps_like_one_over_the_root_of_t():
    path = np.ravel(descend(Adagrad([leaf([0.0])], lr=1.0), [[5.0]] * 100))
    steps = -np.diff(path, prepend=0.0)
    np.testing.assert_allclose(steps, 1.0 / np.sqrt(np.arange(1, 101)), rtol=1e-9)


def test_a_weight_that_is_seldom_asked_keeps_its_large_steps():
    rare = [[1.0, 1.0 if t % 10 == 9 else 0.0] for t in range(100)]
    path = descend(Adagrad([leaf([0.0, 0.0])], lr=1.0), rare)
    often, seldom = path[-2] - path[-1]
    np.testing.assert_allclose([often, seldom], [100**-0.5, 10**-0.5], rtol=1e-9)


def test_an_initial_sum_shortens_the_first_step():
    optimizer = Adagrad([leaf([0.0])], lr=1.0, initial_accumulator_value=9.0, eps=1.0)
    assert np.array_equal(optimizer.state[0]["s"], [9.0])
    (w,) = descend(optimizer, [[4.0]])
    np.testing.assert_allclose(w, [-4.0 / (5.0 + 1.0)], rtol=1e-14)  # sqrt(9 + 16) = 5


def test_lr_decay_divides_the_rate_by_one_plus_the_steps_before():
    path = np.ravel(descend(Adagrad([leaf([0.0])], lr=1.0, lr_decay=0.5), [[2.0]] * 4))
    steps = -np.diff(path, prepend=0.0)
    expected = 1.0 / np.array([1.0, 1.5, 2.0, 2.5]) / np.sqrt([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(steps, expected, rtol=1e-9)
