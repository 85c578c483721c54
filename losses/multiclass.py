"""Losses for C classes. The classes lie on the last axis, and each row gives one loss.

A target is either the number of the right class for each row, 0 to C - 1 (the "sparse" form), or a
whole distribution over the classes, such as a one-hot row.
"""

import numpy as np

from minigrad import log_softmax, relu

from .binary import surprise
from .reduction import (at_label, class_count, class_labels, distribution, fraction,
                        labels_or_distribution, numbers, reduced, same_shape, zero_or)


def categorical_cross_entropy(pred, target, *, reduction="mean"):
    """Cross-entropy of probabilities: the surprise at the right class, in natural units (nats).

    Better give the logits to `softmax_cross_entropy`, which is exact also where p is tiny.

    Formula
    -------
    L = -sum_j t_j log p_j, for a class label y -log p_y; with log((p + eps) / (1 + eps)) for log p,
    eps = 1e-12, so that a perfect prediction costs 0 and the worst 27.6.

    Gradient
    --------
    dL/dp_j = -t_j / (p_j + eps), curvature t_j / (p_j + eps)^2 in each probability.

    Shapes
    ------
    pred (..., C) probabilities; target (...,) integer labels (the "sparse" form), or (..., C) rows
    that sum to 1; reduction="none" returns (...,).

    Errors
    ------
    ValueError if shapes do not fit, pred or target leaves [0, 1], rows do not sum to 1 within 1e-4,
    a label is outside 0 ... C - 1, there are no examples, or the reduction is unknown; TypeError if
    class labels are not whole numbers.

    Source
    ------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.3.

    >>> categorical_cross_entropy([[0.25, 0.75], [0.0, 1.0]], [0, 1], reduction="none").round(4)
    array([1.3863, 0.    ])
    """
    pred = numbers(pred)
    target = labels_or_distribution(pred, target)
    distribution(pred, "pred")
    if target.ndim < pred.ndim:
        return reduced(surprise(at_label(pred, target)), reduction)
    return reduced((surprise(pred) * target).sum(axis=-1), reduction)


def softmax_cross_entropy(pred, target, *, label_smoothing=0.0, reduction="mean"):
    """Cross-entropy of softmax(logits), computed from the logits; all classes pull, and sum to 0.

    Formula
    -------
    L = log sum_j exp(z_j) - sum_j t_j z_j; for a class label y the last sum is z_y. With label
    smoothing s the target becomes (1 - s) t + s / C: then the best logits are finite, while without
    it a right answer can always be made surer.

    Gradient
    --------
    dL/dz = softmax(z) - t: prediction minus (smoothed) target. Curvature p_j (1 - p_j) in each
    logit.

    Shapes
    ------
    pred (..., C) logits; target (...,) integer labels, or (..., C) rows that sum to 1;
    reduction="none" returns (...,).

    Errors
    ------
    ValueError if shapes do not fit, a label is outside 0 ... C - 1, rows do not sum to 1, label
    smoothing is not in [0, 1), there are no examples, or the reduction is unknown; TypeError if
    class labels are not whole numbers.

    Source
    ------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.3, equation 6.30; label
    smoothing: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception
    Architecture for Computer Vision, arXiv:1512.00567, section 7.

    >>> softmax_cross_entropy([[0.0, 0.0], [0.0, 40.0]], [0, 0], reduction="none").round(4)
    array([ 0.6931, 40.    ])
    """
    pred = numbers(pred)
    target = labels_or_distribution(pred, target)
    s = zero_or(fraction, label_smoothing, "label_smoothing")
    log_p = log_softmax(pred)
    if target.ndim == pred.ndim:
        return reduced(-(log_p * ((1.0 - s) * target + s / pred.shape[-1])).sum(axis=-1), reduction)
    chosen = at_label(log_p, target)
    if s:
        chosen = (1.0 - s) * chosen + s * log_p.mean(axis=-1)
    return reduced(-chosen, reduction)


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
    barred = np.where(np.eye(pred.shape[-1]), -np.inf, 0.0)[labels]  # the right class cannot win
    best_wrong = np.max(pred + barred.astype(pred.dtype), axis=-1)
    return reduced(relu(1.0 + best_wrong - at_label(pred, labels)), reduction)


def kl_divergence(pred, target, *, reduction="mean"):
    """Kullback-Leibler divergence KL(target || pred): what it costs to believe pred.

    It is the cross-entropy less the target's own entropy, so it is 0 exactly where both agree. The
    two arguments do not commute: a class that the target has and pred lacks is expensive, the
    converse is cheap.

    Formula
    -------
    L = sum_j t_j (log t_j - log p_j), 0 log 0 being 0; with log((x + eps) / (1 + eps)) for log x,
    eps = 1e-12.

    Gradient
    --------
    dL/dp_j = -t_j / (p_j + eps), that of cross-entropy; curvature t_j / (p_j + eps)^2.

    Shapes
    ------
    pred and target (..., C), rows of probabilities; reduction="none" returns (...,), and "mean" is
    the mean of these: one value per example, not one per class.

    Errors
    ------
    ValueError if the shapes differ, pred or target leaves [0, 1], rows do not sum to 1 within 1e-4,
    there are no examples, or the reduction is unknown.

    Source
    ------
    Kullback and Leibler (1951), On Information and Sufficiency, Annals of Mathematical Statistics
    22. PyTorch's kl_div computes the same sum from log p; our mean is its "batchmean".

    >>> float(kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(6))  # log 2 - entropy 0.562335
    0.130812
    """
    pred, target = same_shape(pred, target, "; for class labels use categorical_cross_entropy")
    class_count(pred)
    distribution(pred, "pred")
    distribution(target, "target")
    return reduced((target * (surprise(pred) - surprise(target))).sum(axis=-1), reduction)
