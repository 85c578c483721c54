"""Losses for C classes. The classes lie on the last axis, and each row gives one loss.

A target is either the number of the right class for each row, 0 to C - 1 (the "sparse" form), or a
whole distribution over the classes, such as a one-hot row.
"""

import numpy as np

from minigrad import log_softmax, logsumexp, one_hot, relu

from .reduction import at_label, class_labels, labels_or_distribution, numbers, plain, reduced


def softmax_cross_entropy(pred, target, *, reduction="mean"):
    """Cross-entropy of softmax(logits), computed from the logits; all classes pull, and sum to 0.

    Formula
    -------
    L = log sum_j exp(z_j) - sum_j t_j z_j; for a class label y the last sum is z_y.

    Gradient
    --------
    dL/dz = softmax(z) - t: prediction minus target. Curvature p_j (1 - p_j) in each logit.

    Shapes
    ------
    pred (..., C) logits; target (...,) integer labels, or (..., C) rows that sum to 1;
    reduction="none" returns (...,).

    Errors
    ------
    ValueError if shapes do not fit, a label is outside 0 ... C - 1, rows do not sum to 1, there are
    no examples, or the reduction is unknown; TypeError if class labels are not whole numbers.

    Source
    ------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.3.

    >>> softmax_cross_entropy([[0.0, 0.0], [0.0, 40.0]], [0, 0], reduction="none").round(4)
    array([ 0.6931, 40.    ])
    """
    pred = numbers(pred)
    target = labels_or_distribution(pred, target)
    if target.ndim == pred.ndim:
        return reduced(-(log_softmax(pred) * target).sum(axis=-1), reduction)
    z = pred - plain(pred).max(axis=-1, keepdims=True)  # the same loss; large logits keep digits
    return reduced(logsumexp(z) - at_label(z, target), reduction)


def multiclass_hinge(pred, target, *, reduction="mean"):
    """Crammer and Singer's hinge: the right class is to lead the best wrong one by 1.

    Formula
    -------
    L = max(0, 1 + max_{j != y} s_j - s_y)

    Gradient
    --------
    Where L > 0: -1 for the right class, +1 for the best wrong one (shared if several tie); 0 for
    the rest, and 0 everywhere else. Curvature 0.

    Shapes
    ------
    pred (..., C) scores; target (...,) integer labels; reduction="none" returns (...,).

    Errors
    ------
    ValueError if shapes do not fit, a label is outside 0 ... C - 1, there are no examples, or the
    reduction is unknown; TypeError if class labels are not whole numbers.

    Source
    ------
    Crammer and Singer (2001), On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines, Journal of Machine Learning Research 2.

    >>> multiclass_hinge([[3.0, 1.0, 0.0], [3.0, 2.5, 0.0]], [0, 0], reduction="none")
    array([0. , 0.5])
    """
    pred = numbers(pred)
    labels = class_labels(pred, target)
    right = one_hot(labels, pred.shape[-1]) == 1.0
    best_wrong = np.max(np.where(right, -np.inf, pred), axis=-1)
    return reduced(relu(1.0 + best_wrong - at_label(pred, labels)), reduction)
