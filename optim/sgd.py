"""Stochastic gradient descent."""

from .optimizer import Optimizer, in_range


class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient, if you like with momentum.

    Formula
    -------
        g  <-  g + weight_decay w
        v  <-  momentum v + g                   v = 0 at first
        w  <-  w - lr v                         without momentum v is g
        w  <-  w - lr (g + momentum v)          with nesterov=True

    Errors
    ------
    ValueError if lr <= 0 or not finite, momentum outside [0, 1), weight_decay < 0, nesterov without
    momentum, or the parameter list is empty or wrong.

    Source
    ------
    Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum in
    deep learning, section 2; in PyTorch's variant, where lr multiplies the whole of v and not each
    g within it, and Nesterov's step looks ahead from where w is.

    >>> import numpy as np
    >>> from minigrad import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1)
    >>> np.sum(w * w).backward()
    >>> optimizer.step()
    >>> w.data  # 1 - 0.1 * 2
    array([0.8])
    """

    __slots__ = ("momentum", "weight_decay", "nesterov", "memory")

    def __init__(self, params, lr: float, momentum: float = 0.0, *, nesterov: bool = False,
                 weight_decay: float = 0.0):
        self.momentum = in_range("momentum", momentum, 0.0, 1.0)
        self.weight_decay = in_range("weight_decay", weight_decay, 0.0)
        if nesterov and not momentum:
            raise ValueError("nesterov=True looks ahead along the momentum: give momentum > 0")
        self.nesterov = nesterov
        self.memory = ("velocity",) if momentum else ()
        super().__init__(params, lr)

    def update(self, w, g, state):
        if self.weight_decay:
            g = g + self.weight_decay * w
        if self.momentum:
            v = state["velocity"]
            v *= self.momentum
            v += g
            g = g + self.momentum * v if self.nesterov else v
        return self.lr * g
