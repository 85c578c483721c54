"""RMSprop: divide the gradient by its usual size."""

import numpy as np

from .optimizer import Optimizer, in_range, positive


class RMSprop(Optimizer):
    """RMSprop: a running mean of the squared gradient gives every weight its own step.

    Formula
    -------
        g  <-  g + weight_decay w
        v  <-  alpha v + (1 - alpha) g^2        v = 0 at first
        m  <-  alpha m + (1 - alpha) g          m = 0 at first; only with centered=True, else m is 0
        b  <-  momentum b + g / (sqrt(v - m^2) + eps)      b = 0 at first
        w  <-  w - lr b

    Nothing makes up for the zero that v begins with (Adam does that): the first step is
    lr / sqrt(1 - alpha), at the default alpha ten times lr, in each weight (centered, it is that
    over sqrt(alpha)).

    Errors
    ------
    ValueError if lr <= 0 or not finite, alpha or momentum outside [0, 1), eps <= 0,
    weight_decay < 0, centered with alpha = 0 (one gradient has no deviation), or the parameter list
    is empty or wrong.

    Source
    ------
    Hinton, Neural Networks for Machine Learning, lecture 6 (2012), where there is neither eps nor
    momentum; centered, as PyTorch's documentation says, first in Graves (2013), arXiv:1308.0850. In
    PyTorch's variant: eps stands outside the root, and lr multiplies the whole of b.

    >>> from minigrad import Tensor
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.01)
    >>> np.sum(1000.0 * w * w).backward()
    >>> optimizer.step()
    >>> w.data.round(6)  # 1 - 0.01 / sqrt(0.01)
    array([ 0.9, -0.9])
    """

    __slots__ = ("alpha", "eps", "weight_decay", "momentum", "memory")

    def __init__(self, params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, *,
                 weight_decay: float = 0.0, momentum: float = 0.0, centered: bool = False):
        self.alpha = in_range("alpha", alpha, 0.0, 1.0)
        self.eps = positive("eps", eps)
        self.weight_decay = in_range("weight_decay", weight_decay, 0.0)
        self.momentum = in_range("momentum", momentum, 0.0, 1.0)
        if centered and not alpha:
            raise ValueError("centered=True needs alpha > 0: one gradient alone has no deviation")
        self.memory = ("v", *["m"] * bool(centered), *["b"] * bool(momentum))
        super().__init__(params, lr)

    def update(self, w, g, state):
        v, m, b = state["v"], state.get("m"), state.get("b")
        if self.weight_decay:
            g = g + self.weight_decay * w
        v *= self.alpha
        v += (1.0 - self.alpha) * (g * g)
        variance = v
        if m is not None:
            m *= self.alpha
            m += (1.0 - self.alpha) * g
            variance = np.maximum(v - m * m, 0.0)  # below 0 only by rounding
        scaled = g / (np.sqrt(variance) + self.eps)
        if b is not None:
            b *= self.momentum
            b += scaled
            scaled = b
        return self.lr * scaled
