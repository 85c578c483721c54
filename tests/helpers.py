"""What the tests share: leaves, refusals in plain words, tables of cases, a walk of gradients."""

import math
from contextlib import contextmanager

import numpy as np
import pytest

import minigrad
from minigrad import Tensor

REFUSALS = (TypeError, ValueError)  # an error in plain words, as opposed to an accident


def leaf(values, dtype=None):
    return Tensor(np.array(values, dtype=dtype or float), requires_grad=True)


@contextmanager
def refused(error, *words):
    """The block raises `error`, and its message says all these words."""
    with pytest.raises(error) as caught:
        yield caught
    for word in words:
        assert word in str(caught.value), f"the message does not say {word!r}: {caught.value}"


def equal(actual, expected):
    """Equal values, in the same shape; a Tensor counts by its values."""
    actual = actual.data if isinstance(actual, Tensor) else actual
    np.testing.assert_array_equal(actual, expected)
    assert np.shape(actual) == np.shape(expected)


def table(**rows):
    """Parameters for a test, each with its name in plain English."""
    return [pytest.param(row, id=name.replace("_", " ")) for name, row in rows.items()]


def cases(*rows):
    """Parameters for a test from tuples that begin with the name of the case."""
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def descend(optimizer, gradients):
    """The values of an optimiser's only parameter after each of these gradients: (n, ...)."""
    w, = optimizer.params
    path = []
    for g in gradients:
        w.grad = np.array(g, w.dtype)
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


def run(code, **names):
    """The value of an expression; written as text, it names its own test."""
    return eval(code, {"np": np, "math": math, "minigrad": minigrad, "Tensor": Tensor, **names})
