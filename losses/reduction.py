"""What happens before and after a loss's formula: checks of the arguments, and the reduction.

The checks refuse what would otherwise go wrong in silence. The most frequent mistake of all: with a
prediction of shape (n, 1) and a target of shape (n,), `pred - target` is an (n, n) table.
"""

import numpy as np

from minigrad import Tensor

REDUCTIONS = ("mean", "sum", "none")


def reduced(values, reduction):
    """The loss of each example as it is, their sum, or their mean, which is called the cost."""
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(f"reduction is one of {', '.join(REDUCTIONS)}, not {reduction!r}")


def plain(x) -> np.ndarray:
    """The plain array of a Tensor, an array, a list or a number."""
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def numbers(x, like=None):
    """`x` as a Tensor or an array of floats; whole numbers take the dtype of `like`."""
    if isinstance(x, Tensor):
        return x
    x = np.asarray(x)
    if x.dtype.kind in "iub":
        return x.astype(np.float64 if like is None else like.dtype)
    if x.dtype.kind != "f":
        raise TypeError(f"a loss compares real numbers, not {x.dtype}")
    return x


def same_shape(pred, target):
    """`pred` and `target` as numbers of one and the same shape, at least one of them."""
    pred = numbers(pred)
    target = numbers(target, like=pred)
    if pred.shape != target.shape:
        hint = ""
        if pred.size == target.size:
            hint = f"; the sizes agree, so perhaps write target.reshape{pred.shape}"
        raise ValueError(f"pred has shape {pred.shape}, target has shape {target.shape}: they must "
                         f"be equal, or NumPy would pair every value with every other{hint}")
    if not pred.size:
        raise ValueError(f"there are no examples: pred and target have shape {pred.shape}")
    return pred, target


def probabilities(x, name):
    """Refuse values outside [0, 1]."""
    values = plain(x)
    if not (values.min() >= 0.0 and values.max() <= 1.0):
        hint = ("these look like logits: use sigmoid_cross_entropy or softmax_cross_entropy"
                if name == "pred" else "targets are probabilities, or labels 0 and 1")
        raise ValueError(f"{name} must lie in [0, 1] and goes from {values.min():.4g} to "
                         f"{values.max():.4g}: {hint}")


def signs(target):
    """Refuse labels other than -1 and +1."""
    values = plain(target)
    if np.count_nonzero(values * values != 1.0):
        hint = "for labels 0 and 1 write 2 * target - 1" if set(np.unique(values)) <= {0, 1} else ""
        wrong = values[values * values != 1.0].flat[0]
        raise ValueError(f"target must be -1 or +1, and holds {wrong:.4g}; {hint}".rstrip("; "))


def class_labels(scores, target):
    """`target` as an array of class numbers, one for each row of scores (..., C)."""
    labels = plain(target)
    classes = scores.shape[-1] if scores.ndim else 0
    if classes < 2:
        raise ValueError(f"pred needs the scores of at least two classes on its last axis, and has "
                         f"shape {scores.shape}")
    if labels.shape != scores.shape[:-1]:
        hint = ""
        if labels.shape == (*scores.shape[:-1], 1):
            hint = "; write target[..., 0]"
        elif labels.ndim == scores.ndim:
            hint = f"; one-hot rows would be {classes} wide"
        raise ValueError(f"pred has shape {scores.shape}, so class labels have shape "
                         f"{scores.shape[:-1]}, and target has shape {labels.shape}{hint}")
    if not labels.size:
        raise ValueError(f"there are no examples: target has shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"class labels are whole numbers, not {labels.dtype}: write "
                        f"target.astype(int) if they are")
    if not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"class labels go from 0 to {classes - 1}, as pred has {classes} columns; "
                         f"target goes from {labels.min()} to {labels.max()}")
    return labels


def labels_or_distribution(scores, target):
    """`target` as class labels (...,), or as rows (..., C) of probabilities that sum to 1."""
    target = target if isinstance(target, Tensor) else np.asarray(target)
    if target.shape != scores.shape:
        return class_labels(scores, target)
    target = numbers(target, like=scores)
    if not target.size or target.ndim == 0:
        raise ValueError(f"there are no examples: pred and target have shape {target.shape}")
    distribution(target, "target")
    return target


def distribution(x, name):
    """Refuse rows, along the last axis, that are no probabilities or do not sum to 1."""
    probabilities(x, name)
    sums = plain(x).sum(axis=-1)
    worst = np.abs(sums - 1.0).max()
    if not worst <= 1e-4:
        raise ValueError(f"the rows of {name}, of shape {x.shape}, must sum to 1 along the last "
                         f"axis; they go from {sums.min():.6g} to {sums.max():.6g}")


def at_label(scores, labels):
    """Of each row of scores (..., C) the entry that its label names: shape (...,)."""
    if labels.ndim == 1:
        return scores[np.arange(len(labels)), labels]
    return np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
