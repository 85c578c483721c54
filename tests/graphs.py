"""Small graphs to look at: a parabola, one that uses everything twice, two layers, broadcasting."""

import numpy as np
import pytest
from helpers import leaf

from losses import softmax_cross_entropy
from minigrad import Tensor, nn


def parabola():
    w = leaf([1.0, 2.0])
    return (w * w).sum(), w


def doubled_twice():
    a = leaf(3.0)
    b = a + a
    return b + b, {"a": a, "b": b}


def two_layers():
    model = nn.MLP([2, 3, 2], rng=0)
    x = np.random.default_rng(0).normal(size=(4, 2))
    loss = softmax_cross_entropy(model(x), [0, 1, 1, 0])
    return loss, {"x": x, "loss": loss, **dict(model.named_parameters())}


def broadcasting():
    m, v, s = leaf(np.ones((4, 3))), leaf([1.0, 0.0, -1.0]), leaf(2.0)
    return ((m + v) * s * 2.0 - v).mean(), {"m": m, "v": v, "s": s}


GRAPHS = pytest.mark.parametrize("make", [doubled_twice, two_layers, broadcasting])


def everything_reached(tensor):
    """All tensors and constants behind a tensor, and the number of its operations, found anew."""
    tensors, constants, waiting, operations = {tensor}, 0, [tensor], 0
    arrays = set()
    while waiting:
        result = waiting.pop()
        operations += bool(result.parents)
        for x in result.parents:
            if isinstance(x, Tensor):
                waiting += [x] * (x not in tensors)
                tensors.add(x)
            elif isinstance(x, np.ndarray):
                arrays.add(id(x))
            else:
                constants += 1
    return len(tensors) + len(arrays) + constants, operations
