"""Losses for two classes.

Three kinds of prediction, which are not to be confused: a *probability* lies in [0, 1]; a *logit*
is any number z, and sigmoid(z) the probability; a *score* s is any number of which the sign
decides. Labels are 0 and 1 beside a probability or a logit, -1 and +1 beside a score, where the
margin t s is positive exactly when the decision is right.
"""

import numpy as np

from minigrad import relu, softplus

from .reduction import (binary_labels, fraction, positive, probabilities, reduced, same_shape,
                        zero_or)

EPSILON = 1e-12


def surprise(p):
    """-log p, but finite at 0: log((1 + eps) / (p + eps)), exactly 0 at p = 1.

    At p = 0 it is 27.6, with the slope -1e12. A clipped p would have slope 0 there: the worst
    prediction would be the one from which nothing is learned.
    """
    return np.log((1.0 + EPSILON) / (p + EPSILON))


def binary_cross_entropy(pred, target, *, reduction="mean"):
    """Cross-entropy of a probability: the surprise at the label, in natural units (nats).

    Better give the logit to `sigmoid_cross_entropy`, which is exact also where p is tiny.

    Formula
    -------
    L = -t log p - (1 - t) log(1 - p), with log((p + eps) / (1 + eps)) for log p, eps = 1e-12.

    Gradient
    --------
    dL/dp = (1 - t) / (1 - p + eps) - t / (p + eps),
    curvature (1 - t) / (1 - p + eps)^2 + t / (p + eps)^2.

    Shapes
    ------
    pred and target of one shape, both in [0, 1]; reduction="none" returns that shape.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if pred or target leaves [0, 1], or if
    the reduction is unknown.

    Source
    ------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 10.5.

    >>> binary_cross_entropy([0.5, 1.0], [1, 1], reduction="none").round(4)  # log 2, and 0
    array([0.6931, 0.    ])
    """
    pred, target = same_shape(pred, target)
    probabilities(pred, "pred")
    probabilities(target, "target")
    return reduced(target * surprise(pred) + (1.0 - target) * surprise(1.0 - pred), reduction)


def sigmoid_cross_entropy(pred, target, *, reduction="mean"):
    """Cross-entropy of sigmoid(logit), computed from the logit: the pull never saturates.

    Formula
    -------
    L = softplus(z) - t z, which is -t log p - (1 - t) log(1 - p) for p = sigmoid(z).

    Gradient
    --------
    dL/dz = sigmoid(z) - t: prediction minus target. Curvature p (1 - p), 1/4 at z = 0.

    Shapes
    ------
    pred (logits, any numbers) and target (in [0, 1]) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target leaves [0, 1], or if the
    reduction is unknown.

    Source
    ------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.2, equation 6.26.

    >>> sigmoid_cross_entropy([0.0, -40.0], [1, 1], reduction="none").round(4)  # log 2, and 40
    array([ 0.6931, 40.    ])
    """
    pred, target = same_shape(pred, target)
    probabilities(target, "target")
    return reduced(softplus(pred) - pred * target, reduction)


def focal(pred, target, *, gamma=2.0, alpha=None, reduction="mean"):
    """Focal loss: cross-entropy in which those who are right already are heard less.

    Formula
    -------
    L = (1 - p_t)^gamma (-log p_t), where p_t is the probability given to the right label,
    sigmoid(z) for target 1 and 1 - sigmoid(z) for target 0. With alpha, times alpha for target 1
    and 1 - alpha for target 0. With s = (2 t - 1) z it is exp(-gamma softplus(s)) softplus(-s).

    Gradient
    --------
    With p = sigmoid(s) and c = alpha, 1 - alpha or 1:
    dL/dz = c (2 t - 1) (1 - p)^gamma (gamma p log p - (1 - p)). For gamma = 0, alpha = None this is
    sigmoid(z) - t, that of `sigmoid_cross_entropy`.

    Shapes
    ------
    pred (logits, any numbers) and target (0 or 1) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target is not 0 or 1, if gamma < 0,
    if alpha is not between 0 and 1, or if the reduction is unknown; TypeError if gamma or alpha is
    not a number.

    Source
    ------
    Lin, Goyal, Girshick, He and Dollar (2017), Focal Loss for Dense Object Detection,
    arXiv:1708.02002, equation 5.

    >>> focal([0.0, 0.0], [1, 0], gamma=1, alpha=0.75, reduction="none").round(4)
    array([0.2599, 0.0866])
    """
    gamma = zero_or(positive, gamma, "gamma")
    pred, labels = same_shape(pred, target)
    binary_labels(target, 0)
    s = pred * (2.0 * labels - 1.0)
    loss = np.exp(-gamma * softplus(s)) * softplus(-s)
    if alpha is not None:
        loss = loss * (1.0 - labels + (2.0 * labels - 1.0) * fraction(alpha, "alpha"))
    return reduced(loss, reduction)


def logistic(pred, target, *, reduction="mean"):
    """Logistic loss: cross-entropy of a score for labels -1 and +1; nobody is ever quite right.

    Formula
    -------
    L = softplus(-t s) = log(1 + exp(-t s)): `sigmoid_cross_entropy` with labels (t + 1) / 2.

    Gradient
    --------
    dL/ds = -t sigmoid(-t s). Curvature p (1 - p) with p = sigmoid(s), 1/4 at s = 0.

    Shapes
    ------
    pred (scores, any numbers) and target (-1 or +1) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target is not -1 or +1, or if the
    reduction is unknown.

    Source
    ------
    scikit-learn's user guide, stochastic gradient descent: log loss.

    >>> logistic([0.0, -40.0], [1, 1], reduction="none").round(4)  # log 2, and 40
    array([ 0.6931, 40.    ])
    """
    pred, labels = same_shape(pred, target)
    binary_labels(target, -1)
    return reduced(softplus(-pred * labels), reduction)


def hinge(pred, target, *, reduction="mean"):
    """Hinge loss: whoever is right by a margin of 1 is left in peace, all others pull alike.

    Formula
    -------
    L = max(0, 1 - t s)

    Gradient
    --------
    dL/ds = -t where t s < 1, else 0; curvature 0.

    Shapes
    ------
    pred (scores, any numbers) and target (-1 or +1) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target is not -1 or +1, or if the
    reduction is unknown.

    Source
    ------
    Cortes and Vapnik (1995), Support-Vector Networks, Machine Learning 20, section 3: the slack of
    a margin.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    """
    pred, labels = same_shape(pred, target)
    binary_labels(target, -1)
    return reduced(relu(1.0 - pred * labels), reduction)


def squared_hinge(pred, target, *, reduction="mean"):
    """Squared hinge: silent beyond a margin of 1, and the pull fades as the margin comes near.

    Formula
    -------
    L = max(0, 1 - t s)^2

    Gradient
    --------
    dL/ds = -2 t max(0, 1 - t s); curvature 2 where t s < 1, else 0.

    Shapes
    ------
    pred (scores, any numbers) and target (-1 or +1) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target is not -1 or +1, or if the
    reduction is unknown.

    Source
    ------
    Fan, Chang, Hsieh, Wang and Lin (2008), LIBLINEAR, Journal of Machine Learning Research 9: the
    L2-loss support vector machine.

    >>> squared_hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0.  , 0.25, 4.  ])
    """
    return reduced(np.square(hinge(pred, target, reduction="none")), reduction)


def exponential(pred, target, *, reduction="mean"):
    """Exponential loss, that of AdaBoost: the worst mistake drowns out all others.

    Formula
    -------
    L = exp(-t s). Beyond a margin of -709 (-88 in float32) it is too large for a float: inf.

    Gradient
    --------
    dL/ds = -t exp(-t s); curvature exp(-t s).

    Shapes
    ------
    pred (scores, any numbers) and target (-1 or +1) of one shape; reduction="none" returns it.

    Errors
    ------
    ValueError if the shapes differ, if there are no values, if target is not -1 or +1, or if the
    reduction is unknown.

    Source
    ------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 10.4.

    >>> exponential([0.0, -2.0], [1, 1], reduction="none").round(4)  # 1, and e^2
    array([1.    , 7.3891])
    """
    pred, labels = same_shape(pred, target)
    binary_labels(target, -1)
    return reduced(np.exp(-pred * labels), reduction)
