"""Losses for two classes.

Three kinds of prediction, which are not to be confused: a *probability* lies in [0, 1]; a *logit*
is any number z, and sigmoid(z) the probability; a *score* s is any number of which the sign
decides. Labels are 0 and 1 beside a probability or a logit, -1 and +1 beside a score, where the
margin t s is positive exactly when the decision is right.
"""

import numpy as np

from minigrad import relu, softplus

from .reduction import probabilities, reduced, same_shape, signs

EPSILON = 1e-12


def log_of(p):
    """log p, but finite at 0: log((p + eps) / (1 + eps)), exactly 0 at p = 1.

    At p = 0 it is -27.6, and its slope there is 1e12. A clipped p would have slope 0: the worst
    prediction would be the one from which nothing is learned.
    """
    return np.log((p + EPSILON) / (1.0 + EPSILON))


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
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.2.

    >>> binary_cross_entropy([0.5, 1.0], [1, 1], reduction="none").round(4)  # log 2, and 0
    array([0.6931, 0.    ])
    """
    pred, target = same_shape(pred, target)
    probabilities(pred, "pred")
    probabilities(target, "target")
    return reduced(-target * log_of(pred) - (1.0 - target) * log_of(1.0 - pred), reduction)


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
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.2.

    >>> sigmoid_cross_entropy([0.0, -40.0], [1, 1], reduction="none").round(4)  # log 2, and 40
    array([ 0.6931, 40.    ])
    """
    pred, target = same_shape(pred, target)
    probabilities(target, "target")
    return reduced(softplus(pred) - pred * target, reduction)


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
    Cortes and Vapnik (1995), Support-Vector Networks, Machine Learning 20: the slack of a margin.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    """
    pred, labels = same_shape(pred, target)
    signs(target)
    return reduced(relu(1.0 - pred * labels), reduction)
