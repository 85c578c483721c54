"""Adagrad: the larger a weight's gradients have been, the smaller its rate."""

import numpy as np

from .optimizer import Optimizer, in_range, positive


class Adagrad(Optimizer):
    """Adagrad: the sum of all squared gradients so far gives every weight its own step.

    Formula
    -------
        g  <-  g + weight_decay w
        s  <-  s + g^2                          s = initial_accumulator_value at first
        w  <-  w - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)      t = 1, 2, ...

    s never shrinks, so the steps do: under a constant gradient as 1, 1/sqrt(2), 1/sqrt(3) ...
    A weight whose gradient is seldom other than 0 keeps large steps for these occasions.

    Errors
    ------
    ValueError if lr <= 0 or not finite, eps <= 0, lr_decay, weight_decay or
    initial_accumulator_value < 0, or the parameter list is empty or wrong.

    Source
    ------
    Duchi, Hazan and Singer (2011), Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization, Journal of Machine Learning Research 12, with the diagonal matrix; eps, lr_decay
    and the initial value are PyTorch's.

    >>> from minigrad import Tensor
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.1)
    >>> np.sum(1000.0 * w * w).backward()
    >>> optimizer.step()
    >>> w.data.round(6)  # the first step is lr
    array([ 0.9, -0.9])
    """

    __slots__ = ("lr_decay", "weight_decay", "eps")
    memory = ("s",)

    def __init__(self, params, lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
                 initial_accumulator_value: float = 0.0, eps: float = 1e-10):
        self.lr_decay = in_range("lr_decay", lr_decay, 0.0)
        self.weight_decay = in_range("weight_decay", weight_decay, 0.0)
        self.eps = positive("eps", eps)
        start = in_range("initial_accumulator_value", initial_accumulator_value, 0.0)
        super().__init__(params, lr)
        for state in self.state:
            state["s"] += start

    def update(self, w, g, state):
        t, s = state["t"], state["s"]
        if self.weight_decay:
            g = g + self.weight_decay * w
        s += g * g
        return self.lr / (1.0 + (t - 1) * self.lr_decay) * g / (np.sqrt(s) + self.eps)
