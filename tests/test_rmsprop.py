"""RMSprop: its first steps, momentum, the centred form, what it refuses."""

import numpy as np
import pytest
from helpers import descend, leaf

from optim import RMSprop


@pytest.mark.parametrize("options, message", [
    ({"alpha": -0.1}, r"alpha must be in \[0, 1\), not -0\.1"),
    ({"alpha": 1.0}, r"alpha must be in \[0, 1\), not 1\.0"),
    ({"momentum": 1.0}, r"momentum must be in \[0, 1\), not 1\.0"),
    ({"momentum": -0.5}, r"momentum must be in \[0, 1\), not -0\.5"),
    ({"eps": 0.0}, r"eps must be positive.*0"),
    ({"centered": True, "alpha": 0.0}, r"centered=True needs alpha > 0"),
    ({"eps": float("nan")}, r"eps must be positive.*nan"),
], ids=str)
def test_rmsprop_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        RMSprop([leaf([1.0])], **options)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6], ids=str)
@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.99], ids=str)
def test_the_first_step_has_the_same_length_however_large_the_gradient(size, alpha):
    (w,) = descend(RMSprop([leaf([0.0, 0.0])], lr=0.1, alpha=alpha), [[size, -size]])
    expected = 0.1 / (1.0 - alpha) ** 0.5
    np.testing.assert_allclose(w, [-expected, expected], rtol=2e-4)  # eps beside 1e-4 at least


def test_two_steps_are_those_worked_on_paper():
    """lr = 1, alpha = 3/4, eps = 1; the gradients are 4, then -2.

    t = 1: v = 4, step 4 / (2 + 1)
    t = 2: v = 3 + 1 = 4, step -2 / (2 + 1)
    """
    path = descend(RMSprop([leaf([0.0])], lr=1.0, alpha=0.75, eps=1.0), [[4.0], [-2.0]])
    np.testing.assert_allclose(np.ravel(path), [-4 / 3, -2 / 3], rtol=1e-14)


def test_eps_stands_outside_the_root():
    (w,) = descend(RMSprop([leaf([0.0])], lr=1.0, alpha=0.0, eps=1.0), [[3.0]])
    np.testing.assert_allclose(w, [-3.0 / (3.0 + 1.0)], rtol=1e-14)  # inside: 3 / sqrt(10)


def test_centered_divides_by_the_deviation_and_not_by_the_size():
    """A gradient that never changes has no deviation: the steps grow until eps stops them."""
    plain, centered = (
        descend(RMSprop([leaf([0.0])], lr=0.01, alpha=0.5, eps=0.1, centered=c), [[1.0]] * 60)
        for c in (False, True))
    np.testing.assert_allclose(plain[-2] - plain[-1], 0.01 / 1.1, rtol=1e-9)
    np.testing.assert_allclose(centered[-2] - centered[-1], 0.01 / 0.1, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e-6, 1 / 3, 0.1, 1e6], ids=str)
def test_rounding_gives_the_centred_form_no_negative_variance(size, dtype):
    """v - m^2 of a constant gradient is 0 but for rounding; its root must not be nan."""
    optimizer = RMSprop([leaf([0.0], dtype)], lr=1e-9, alpha=0.9, centered=True, eps=1.0)
    path = descend(optimizer, [[size]] * 400)
    assert np.isfinite(path).all()


def test_momentum_collects_the_divided_gradients():
    path = descend(RMSprop([leaf([0.0])], lr=1.0, alpha=0.0, momentum=0.5), [[7.0], [9.0], [-1.0]])
    # each divided gradient is its sign: b = 1, 1.5, -0.25
    np.testing.assert_allclose(np.ravel(path), [-1.0, -2.5, -2.25], rtol=1e-7)


def test_memory_is_kept_only_for_what_is_used():
    kept = {(m, c): RMSprop([leaf([1.0])], momentum=m, centered=c).memory
            for m in (0.0, 0.9) for c in (False, True)}
    assert kept == {(0.0, False): ("v",), (0.0, True): ("v", "m"), (0.9, False): ("v", "b"),
                    (0.9, True): ("v", "m", "b")}
