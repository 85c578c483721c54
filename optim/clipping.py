"""Gradient clipping: a step that would lead far astray is shortened, its direction kept."""

import math

import numpy as np

from .optimizer import leaves, positive


def clip_grad_norm(params, max_norm: float) -> float:
    """Shorten all gradients together to length `max_norm`, if they are longer; call before step().

    Formula
    -------
        norm  =  sqrt(sum of the squares of all numbers in all gradients)
        g  <-  g max_norm / norm                if norm > max_norm

    Every gradient is multiplied by the same factor, in place, so that their direction stays.

    Returns
    -------
    float
        The norm before clipping: worth recording, its jumps tell of steep places.

    Errors
    ------
    ValueError if max_norm <= 0 or not finite, or the parameter list is empty or wrong. RuntimeError
    if no parameter has a gradient. FloatingPointError if one holds nan or inf: nothing is changed.

    Source
    ------
    Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks,
    arXiv:1211.5063, algorithm 1, over all parameters as one vector. PyTorch divides by
    norm + 1e-6 instead.

    >>> from minigrad import Tensor
    >>> w = Tensor([3.0, -2.0], requires_grad=True)
    >>> (0.5 * np.sum(w * w)).backward()
    >>> w.grad = np.array([3.0, -4.0])
    >>> clip_grad_norm([w], max_norm=1.0)
    5.0
    >>> w.grad
    array([ 0.6, -0.8])
    """
    max_norm = positive("max_norm", max_norm)
    owners = [p for p in leaves(params) if p.grad is not None]
    if not owners:
        raise RuntimeError("no parameter has a gradient: call loss.backward() first")
    largest = float(np.max([np.abs(p.grad).max(initial=0.0) for p in owners]))
    if not math.isfinite(largest):
        raise FloatingPointError("a gradient holds nan or inf: nothing was clipped. "
                                 "minigrad.detect_anomaly() finds the operation")
    unit = [p.grad / (largest or 1.0) for p in owners]  # squares of 1e200 are no floats
    norm = largest * math.sqrt(sum(float(np.vdot(g, g)) for g in unit))
    if norm > max_norm:
        for p in owners:
            p.grad *= max_norm / norm
    return norm
