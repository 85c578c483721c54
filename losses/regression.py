"""Losses for numbers. Each is a function of the residual e = pred - target.

Where the losses differ is what the gradient makes of a large residual: under `mse` it pulls in
proportion to its size, under `mae` all pull alike, `huber` and its smooth relatives are the one
near zero and the other far away, `quantile` pulls harder to one side, and `msle` sees ratios.
"""

import math

import numpy as np

from minigrad import softplus

from .reduction import fraction, plain, positive, reduced, same_shape

LOG_2 = math.log(2.0)


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
    Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix;
    Gauss (1809), Theoria motus: the method of least squares.

    >>> float(mse(np.array([3.0, 5.0]), np.array([1.0, 4.0])))  # (2^2 + 1^2) / 2
    2.5
    """
    pred, target = same_shape(pred, target)
    return reduced(np.square(pred - target), reduction)


def l2(pred, target, *, reduction="sum"):
    """Least squares: the squared error, summed.

    Formula
    -------
    L = e^2 with e = pred - target, as in `mse`; the total by default, not the mean.

    Gradient
    --------
    dL/dpred = 2 e, curvature 2: summed over n examples n times that of the mean, which is why the
    learning rate must be chosen anew when the reduction changes.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, or if the reduction is unknown.

    Source
    ------
    Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix;
    Gauss (1809), Theoria motus: the method of least squares.

    >>> float(l2(np.array([3.0, 5.0]), np.array([1.0, 4.0])))  # 2^2 + 1^2
    5.0
    """
    return mse(pred, target, reduction=reduction)


def rmse(pred, target):
    """Root of the mean squared error: one number, in the units of the target.

    Formula
    -------
    L = sqrt(mean e^2) with e = pred - target, over all values of the batch.

    Gradient
    --------
    dL/dpred_i = e_i / (n L): that of `mse` with its length divided out, so that the pull of the
    batch does not fade as the fit gets better. At a perfect fit, where the root has no slope, 0.

    Shapes
    ------
    pred and target of one shape; returns one number. There is no loss of a single example.

    Errors
    ------
    ValueError if the shapes differ or if there are no values.

    Source
    ------
    Keras's documentation of the RootMeanSquaredError metric.

    >>> float(rmse(np.array([3.0, 5.0]), np.array([2.0, 12.0])))  # sqrt((1^2 + 7^2) / 2)
    5.0
    """
    squares = mse(pred, target)
    return np.sqrt(squares) if plain(squares) > 0.0 else squares  # at a perfect fit 0, with slope 0


def msle(pred, target, *, reduction="mean"):
    """Squared error of the logarithms: what counts is the ratio, and too little costs more.

    Formula
    -------
    L = (log(1 + p) - log(1 + t))^2; the best constant is, but for the 1, the geometric mean.

    Gradient
    --------
    With d = log(1 + p) - log(1 + t): dL/dp = 2 d / (1 + p), curvature 2 (1 - d) / (1 + p)^2. The
    loss is not convex: beyond d = 1 it bends down, and a far too large prediction is pulled weakly.

    Shapes
    ------
    pred and target of one shape, both above -1; reduction="none" returns that shape.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if pred or target is not above -1, or
    if the reduction is unknown.

    Source
    ------
    scikit-learn's user guide, mean squared logarithmic error.

    >>> msle([1.0, 3.0], [2.0, 2.0], reduction="none").round(4)  # log(2/3)^2, log(4/3)^2
    array([0.1644, 0.0828])
    """
    pred, target = same_shape(pred, target)
    for values, name in ((plain(pred), "pred"), (plain(target), "target")):
        if not values.min() > -1.0:
            raise ValueError(f"msle takes log(1 + {name}), so {name} must be above -1, and it goes "
                             f"down to {values.min()}: for signed values use mse or huber")
    return reduced(np.square(np.log1p(pred) - np.log1p(target)), reduction)


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
    Boscovich (1757, 1760), after Farebrother in the Encyclopedia of Mathematics: a method nearly
    half a century older than least squares.

    >>> float(mae(np.array([3.0, 5.0]), np.array([1.0, 6.0])))  # (2 + 1) / 2
    1.5
    """
    pred, target = same_shape(pred, target)
    return reduced(np.abs(pred - target), reduction)


def l1(pred, target, *, reduction="sum"):
    """Least absolute deviations: the absolute error, summed.

    Formula
    -------
    L = |e| with e = pred - target, as in `mae`; the total by default, not the mean.

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
    Boscovich (1757, 1760), after Farebrother in the Encyclopedia of Mathematics.

    >>> float(l1(np.array([3.0, 5.0]), np.array([1.0, 6.0])))  # 2 + 1
    3.0
    """
    return mae(pred, target, reduction=reduction)


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
    Huber (1964), Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35,
    in the scale of scipy.special.huber; some books print twice as much.

    >>> huber([0.5, -3.0], [0.0, 0.0], reduction="none")  # 0.5^2 / 2, and 1 (3 - 1/2)
    array([0.125, 2.5  ])
    """
    delta = positive(delta, "delta")
    pred, target = same_shape(pred, target)
    e = pred - target
    c = np.clip(e, -delta, delta)
    return reduced(c * (e - 0.5 * c), reduction)


def pseudo_huber(pred, target, *, delta=1.0, reduction="mean"):
    """Huber's loss without a seam: smooth everywhere, parabola inside, straight lines far out.

    Formula
    -------
    L = delta^2 (sqrt(1 + (e / delta)^2) - 1) with e = pred - target. It is computed as
    delta e^2 / (sqrt(delta^2 + e^2) + delta), which is the same and keeps its digits near 0.

    Gradient
    --------
    With s = sqrt(1 + (e / delta)^2): dL/dpred = e / s, never beyond delta; curvature 1 / s^3, 1 at
    e = 0.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if delta <= 0, or if the reduction is
    unknown; TypeError if delta is not a number.

    Source
    ------
    Charbonnier et al. (1997), Deterministic edge-preserving regularization in computed imaging,
    IEEE Transactions on Image Processing 6, after scipy.special.pseudo_huber, whose formula it is.

    >>> pseudo_huber([0.75, 0.0], [0.0, 0.0], reduction="none")  # sqrt(1 + 0.75^2) - 1
    array([0.25, 0.  ])
    """
    delta = positive(delta, "delta")
    pred, target = same_shape(pred, target)
    squares = np.square(pred - target)
    return reduced(squares * (delta / (np.sqrt(squares + delta * delta) + delta)), reduction)


def log_cosh(pred, target, *, reduction="mean"):
    """log cosh: like e^2 / 2 near zero, like |e| - log 2 far away, and smooth between.

    Formula
    -------
    L = log cosh e with e = pred - target. It is computed as e + softplus(-2 e) - log 2, in which
    nothing overflows.

    Gradient
    --------
    dL/dpred = tanh e, between -1 and 1; curvature 1 - tanh^2 e, 1 at e = 0.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, or if the reduction is unknown.

    Source
    ------
    Keras's documentation of the LogCosh loss.

    >>> log_cosh([0.0, 1000.0], [0.0, 0.0], reduction="none").round(4)  # 0, and 1000 - log 2
    array([  0.    , 999.3069])
    """
    pred, target = same_shape(pred, target)
    e = pred - target
    return reduced(e + softplus(-2.0 * e) - LOG_2, reduction)


def quantile(pred, target, *, q=0.5, reduction="mean"):
    """Pinball loss: too low costs q, too high 1 - q, so the best constant is the q-th quantile.

    Formula
    -------
    L = max(q (t - p), (q - 1) (t - p))

    Gradient
    --------
    dL/dp = -q where p < t, 1 - q where p > t, and at a tie their mean 1/2 - q; curvature 0.

    Shapes
    ------
    pred and target of one shape; reduction="none" returns that shape, else one number.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if q is not between 0 and 1, or if the
    reduction is unknown; TypeError if q is not a number.

    Source
    ------
    Koenker and Bassett (1978), Regression Quantiles, Econometrica 46; in the form of the
    documentation of TensorFlow Addons' pinball_loss.

    >>> quantile([0.0, 2.0], [1.0, 1.0], q=0.9, reduction="none")  # 1 too low, 1 too high
    array([0.9, 0.1])
    """
    q = fraction(q, "q")
    pred, target = same_shape(pred, target)
    missing = target - pred
    return reduced(np.maximum(q * missing, (q - 1.0) * missing), reduction)
