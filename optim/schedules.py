"""Schedules: the learning rate as a function of the step, 0 for the first one.

    schedule = warm_up(cosine(0.1, steps=900), steps=100)
    for ... in ...:
        ...
        optimizer.lr = schedule(optimizer.steps)
        optimizer.step()

A schedule is a function from a whole number to a rate, so you can plot it, [schedule(t) for t in
range(1000)], write one of your own, or give it the epoch instead of the step. All raise ValueError
if a rate is not positive and finite (`low`: not negative), a number of steps not a whole number
from 1 up, a factor not in (0, 1].
"""

import math
from collections.abc import Callable
from numbers import Integral

from .optimizer import in_range, positive

Schedule = Callable[[int], float]


def constant(lr: float) -> Schedule:
    """The same rate for ever: rate(t) = lr.

    >>> [constant(0.1)(t) for t in (0, 1, 100)]
    [0.1, 0.1, 0.1]
    """
    lr = positive("lr", lr)
    return lambda step: lr


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """A staircase: rate(t) = lr factor^floor(t / every).

    >>> rate = step_decay(0.8, every=10, factor=0.5)
    >>> [rate(t) for t in (0, 9, 10, 20)]
    [0.8, 0.8, 0.4, 0.2]
    """
    lr, every, factor = positive("lr", lr), whole("every", every), positive("factor", factor)
    if factor > 1.0:
        raise ValueError(f"factor is at most 1, or the rate would grow, not {factor!r}")
    return lambda step: lr * factor**(step // every)


def cosine(lr: float, steps: int, low: float = 0.0) -> Schedule:
    """Half a wave from lr down to low: rate(t) = low + (lr - low) (1 + cos(pi t / steps)) / 2.

    From t = steps on it stays at low.

    Source: Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts,
    arXiv:1608.03983, equation 5, without the restarts.

    >>> rate = cosine(0.4, steps=100)
    >>> [round(rate(t), 6) for t in (0, 50, 100, 200)]
    [0.4, 0.2, 0.0, 0.0]
    """
    lr, steps, low = positive("lr", lr), whole("steps", steps), in_range("low", low, 0.0)
    if low > lr:
        raise ValueError(f"low is at most lr = {lr!r}, not {low!r}")
    return lambda step: low + (lr - low) * 0.5 * (1.0 + math.cos(math.pi * min(step / steps, 1.0)))


def warm_up(schedule: Schedule, steps: int) -> Schedule:
    """First climb to the rate that a schedule begins with, then follow it from its beginning.

    rate(t) = schedule(0) (t + 1) / steps for t < steps, afterwards schedule(t - steps).

    Source: the gradual warm-up of Goyal et al. (2017), Accurate, Large Minibatch SGD,
    arXiv:1706.02677.

    >>> rate = warm_up(step_decay(0.8, every=10), steps=4)
    >>> [round(rate(t), 6) for t in (0, 1, 3, 4, 13, 14)]
    [0.2, 0.4, 0.8, 0.8, 0.8, 0.08]
    """
    if not callable(schedule):
        raise ValueError(f"warm_up climbs to another schedule: warm_up(constant(0.1), steps=100), "
                         f"not to {schedule!r}")
    steps = whole("steps", steps)
    return lambda step: (schedule(0) * (step + 1) / steps if step < steps else
                         schedule(step - steps))


def whole(name, value) -> int:
    """`value`, if it is a whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")
    return value
