"""Adam and AdamW: a learning rate for every single weight."""

import numpy as np

from .optimizer import Optimizer, in_range, positive


class Adam(Optimizer):
    """Adam: running means of the gradient and of its square give every weight its own step.

    Formula
    -------
        g  <-  g + weight_decay w
        m  <-  beta1 m + (1 - beta1) g          m = 0 at first
        v  <-  beta2 v + (1 - beta2) g^2        v = 0 at first
        w  <-  w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)     t = 1, 2, ...

    The divisors make up for the zeros at the start: the first step is lr in each weight, whatever
    the size of its gradient, unless that is as small as eps.
    t counts the steps of each parameter on its own: one without a gradient waits.

    Errors
    ------
    ValueError if lr <= 0 or not finite, a beta is outside [0, 1), eps <= 0, weight_decay < 0, or
    the parameter list is empty or wrong.

    Source
    ------
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, algorithm 1;
    weight_decay is, as in PyTorch's Adam, a term of the gradient (L2), not AdamW's.

    >>> from minigrad import Tensor
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> np.sum(1000.0 * w * w).backward()
    >>> optimizer.step()
    >>> w.data.round(6)  # however large the gradient, the first step is lr
    array([ 0.9, -0.9])
    """

    __slots__ = ("betas", "eps", "weight_decay")
    memory = ("m", "v")

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0):
        if np.shape(betas) != (2,):
            raise ValueError(f"betas are two numbers, for the mean and the square, not {betas!r}")
        self.betas = tuple(in_range("betas", beta, 0.0, 1.0) for beta in betas)
        self.eps = positive("eps", eps)
        self.weight_decay = in_range("weight_decay", weight_decay, 0.0)
        super().__init__(params, lr)

    def update(self, w, g, state):
        if self.weight_decay:
            g = g + self.weight_decay * w
        return self.lr * self.direction(g, state)

    def direction(self, g, state):
        """The mean of the gradients over the root of the mean of their squares."""
        (beta1, beta2), t, m, v = self.betas, state["t"], state["m"], state["v"]
        m *= beta1
        m += (1.0 - beta1) * g
        v *= beta2
        v += (1.0 - beta2) * (g * g)
        m_hat = m / (1.0 - beta1**t)
        v_hat = v / (1.0 - beta2**t)
        return m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam with weight decay beside it, not in it: every weight shrinks at the same rate.

    Formula
    -------
        m, v     as in Adam, of the gradient alone
        w  <-  w - lr weight_decay w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Adam divides whatever it is given by its usual size, a decay that was added to the gradient too:
    weights with large gradients would hardly decay. Here the decay stays out of the division.

    Errors
    ------
    As Adam.

    Source
    ------
    Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101, algorithm
    2; in PyTorch's variant, where the decay is multiplied by lr.

    >>> from minigrad import Tensor
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> np.sum(1000.0 * w * w).backward()
    >>> optimizer.step()
    >>> w.data.round(6)  # 1 - 0.1 * 0.5 - 0.1
    array([ 0.85, -0.85])
    """

    __slots__ = ()

    def __init__(self, params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, w, g, state):
        return self.lr * (self.weight_decay * w + self.direction(g, state))
