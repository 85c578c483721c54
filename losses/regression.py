"""Losses for numbers. Each is a function of the residual e = pred - target.

Where the losses differ is what the gradient makes of a large residual: `mse` lets it pull in
proportion, `mae` lets all pull alike, `huber` is the one near zero and the other far away.
"""

import numpy as np

from .reduction import positive, reduced, same_shape


def mse(pred, target, *, reduction="mean"):
    """Squared error: a residual twice as large pulls twice as hard, so outliers rule.

    Formula
    -------
    L = e^2 with e = pred - target; the best constant prediction is the mean.

    Gradient
    --------
    dL/dpred = 2 e, curvature 2.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, or if the reduction is unknown.

    Source
    ------
    Gauss (1809), Theoria motus: the method of least squares.

    >>> float(mse(np.array([3.0, 5.0]), np.array([1.0, 4.0])))  # (2^2 + 1^2) / 2
    2.5
    """
    pred, target = same_shape(pred, target)
    return reduced(np.square(pred - target), reduction)


def mae(pred, target, *, reduction="mean"):
    """Absolute error: every residual pulls alike, however large, so an outlier has one vote.

    Formula
    -------
    L = |e| with e = pred - target; the best constant prediction is the median.

    Gradient
    --------
    dL/dpred = sign(e), 0 at e = 0; curvature 0.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, or if the reduction is unknown.

    Source
    ------
    Boscovich (1757), after "Least Absolute Deviation Regression" in The Concise Encyclopedia of
    Statistics (Springer 2008): a method half a century older than least squares.

    >>> float(mae(np.array([3.0, 5.0]), np.array([1.0, 6.0])))  # (2 + 1) / 2
    1.5
    """
    pred, target = same_shape(pred, target)
    return reduced(np.abs(pred - target), reduction)


def huber(pred, target, *, delta=1.0, reduction="mean"):
    """Huber's loss: squared error near zero, absolute error beyond delta; its pull is bounded.

    Formula
    -------
    L = e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), with e = pred - target. With
    c = e clipped to [-delta, delta], both are c (e - c / 2).

    Gradient
    --------
    dL/dpred = c: that of e^2 / 2, clipped. Curvature 1 where |e| <= delta, else 0.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if delta <= 0, or if the reduction is
    unknown; TypeError if delta is not a number.

    Source
    ------
    Huber (1964), Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35.

    >>> huber([0.5, -3.0], [0.0, 0.0], reduction="none")  # 0.5^2 / 2, and 1 (3 - 1/2)
    array([0.125, 2.5  ])
    """
    delta = positive(delta, "delta")
    pred, target = same_shape(pred, target)
    e = pred - target
    c = np.clip(e, -delta, delta)
    return reduced(c * (e - 0.5 * c), reduction)
