"""Schedules: their curves at places worked by hand, their ends, and what they refuse."""

import math

import numpy as np
import pytest
from helpers import leaf

from optim import SGD, constant, cosine, step_decay, warm_up

ALL = {"constant": constant(0.5), "step_decay": step_decay(0.5, every=3, factor=0.5),
       "cosine": cosine(0.5, steps=10, low=0.1),
       "warm_up": warm_up(cosine(0.5, steps=10), steps=5)}
every_schedule = pytest.mark.parametrize("schedule", ALL.values(), ids=ALL)


def rates(schedule, steps):
    return [schedule(t) for t in range(steps)]


@every_schedule
def test_a_schedule_drives_an_optimiser_and_stays_a_plain_float(schedule):
    w = leaf([1.0, 2.0], np.float32)
    optimizer = SGD([w], lr=1.0)
    for t in range(20):
        before = w.data.copy()
        w.grad = np.ones(2, np.float32)
        optimizer.lr = schedule(optimizer.steps)
        optimizer.step()
        assert type(schedule(t)) is float and w.dtype == np.float32
        np.testing.assert_allclose(before - w.data, schedule(t), rtol=0, atol=1e-6)


@every_schedule
def test_a_rate_is_never_negative_and_never_above_the_first_full_one(schedule):
    assert all(0.0 <= rate <= 0.5 for rate in rates(schedule, 100))


def test_constant_is_constant():
    assert set(rates(constant(0.3), 50)) == {0.3}


def test_the_staircase_falls_at_every_multiple():
    assert rates(step_decay(1.0, every=3, factor=0.5), 10) == [1, 1, 1, .5, .5, .5, .25, .25, .25,
                                                              .125]
    assert rates(step_decay(1.0, every=1), 3) == pytest.approx([1.0, 0.1, 0.01])
    assert set(rates(step_decay(0.2, every=5, factor=1.0), 20)) == {0.2}


def test_cosine_goes_from_the_top_to_the_bottom_and_stays_there():
    rate = cosine(0.9, steps=8, low=0.1)
    assert rate(0) == 0.9 and rate(4) == pytest.approx(0.5)
    assert rate(2) == pytest.approx(0.5 + 0.4 * math.sqrt(0.5))
    assert rate(8) == rate(9) == rate(10**9) == 0.1
    falls = -np.diff(rates(rate, 9))
    assert (falls > 0).all() and falls.argmax() in (3, 4), "steepest in the middle"
    np.testing.assert_allclose(falls, falls[::-1], rtol=1e-12)  # and symmetric


def test_warm_up_climbs_in_equal_steps_and_then_begins_the_schedule_from_its_start():
    rate = warm_up(step_decay(1.0, every=2, factor=0.5), steps=4)
    assert rates(rate, 9) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    assert rates(warm_up(constant(0.4), steps=1), 3) == [0.4, 0.4, 0.4]


def test_a_function_of_ones_own_can_be_warmed_up():
    rate = warm_up(lambda step: 1.0 / (1.0 + step), steps=2)
    assert rates(rate, 5) == pytest.approx([0.5, 1.0, 1.0, 0.5, 1 / 3])


@pytest.mark.parametrize("make, message", [
    (lambda: constant(0.0), "lr must be positive and finite, not 0.0"),
    (lambda: constant(-1), "lr must be positive and finite, not -1"),
    (lambda: constant("0.1"), "lr must be positive and finite, not '0.1'"),
    (lambda: step_decay(float("nan"), every=1), "lr must be positive and finite, not nan"),
    (lambda: step_decay(0.1, every=0), "every must be a whole number from 1 up, not 0"),
    (lambda: step_decay(0.1, every=2.0), "every must be a whole number from 1 up, not 2.0"),
    (lambda: step_decay(0.1, every=True), "every must be a whole number from 1 up, not True"),
    (lambda: step_decay(0.1, every=1, factor=0.0), "factor must be positive and finite, not 0.0"),
    (lambda: step_decay(0.1, every=1, factor=1.5), "factor is at most 1.*not 1.5"),
    (lambda: cosine(float("inf"), steps=10), "lr must be positive and finite, not inf"),
    (lambda: cosine(0.1, steps=-3), "steps must be a whole number from 1 up, not -3"),
    (lambda: cosine(0.1, steps=10, low=-0.1), "low must be at least 0 and finite, not -0.1"),
    (lambda: cosine(0.1, steps=10, low=0.2), r"low is at most lr = 0\.1, not 0\.2"),
    (lambda: warm_up(0.1, steps=10), r"warm_up\(constant\(0\.1\), steps=100\), not to 0\.1"),
    (lambda: warm_up(constant(0.1), steps=0), "steps must be a whole number from 1 up, not 0"),
])
def test_what_makes_no_schedule_is_refused_when_it_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numpys_whole_numbers_are_whole_numbers():
    assert cosine(0.1, steps=np.int64(4))(4) == 0.0
