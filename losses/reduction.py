"""What happens before and after a loss's formula: checks of the arguments, and the reduction.

The checks refuse what would otherwise go wrong in silence. The most frequent mistake of all: with a
prediction of shape (n, 1) and a target of shape (n,), `pred - target` is an (n, n) table.
"""

import math
from numbers import Real

import numpy as np

from minigrad import Tensor


def reduced(values, reduction):
    """The loss of each example as it is, their sum, or their mean, which is called the cost."""
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction != "none":
        raise ValueError(f'reduction is "mean", "sum" or "none", not {reduction!r}')
    return values


# -- arguments that are arrays ---------------------------------------------------------------------


def plain(x) -> np.ndarray:
    """The plain array of a Tensor, an array, a list or a number."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError("a loss knows no masks and would count the masked values too: choose the "
                        "rows of pred and target first")
    return x.data if isinstance(x, Tensor) else np.asarray(x)


def numbers(x, like=None):
    """`x` as a Tensor or an array of floats; whole numbers take the dtype of `like`."""
    if isinstance(x, Tensor):
        return x
    x = plain(x)
    if x.dtype.kind in "iub":
        return x.astype(np.float64 if like is None else like.dtype)
    if x.dtype.kind != "f":
        raise TypeError(f"a loss compares real numbers, not {x.dtype}")
    return x


def same_shape(pred, target, otherwise=""):
    """`pred` and `target` as numbers of one and the same shape, at least one of them."""
    pred = numbers(pred)
    target = numbers(target, like=pred)
    if pred.shape != target.shape:
        alike = [n for n in pred.shape if n > 1] == [n for n in target.shape if n > 1]
        hint = f"; write target.reshape({pred.shape})" if alike else otherwise
        raise ValueError(f"pred has shape {pred.shape}, target has shape {target.shape}: they must "
                         f"be equal, or NumPy would pair every value with every other{hint}")
    refuse_empty(target)
    return pred, target


def refuse_empty(target):
    """Refuse a batch of no examples."""
    if not target.size:
        raise ValueError(f"there are no examples: target has shape {target.shape}")


def probabilities(x, name):
    """Refuse values outside [0, 1]."""
    low, high = plain(x).min(), plain(x).max()
    if not 0.0 <= low <= high <= 1.0:
        hint = ("these look like logits: use sigmoid_cross_entropy or softmax_cross_entropy"
                if name == "pred" else "targets are probabilities, or labels 0 and 1")
        raise ValueError(f"{name} must lie in [0, 1] and holds nan" if np.isnan(low) else
                         f"{name} must lie in [0, 1] and goes from {low} to {high}: {hint}")


def distribution(x, name):
    """Refuse rows, along the last axis, that are no probabilities or do not sum to 1."""
    probabilities(x, name)
    sums = plain(x).dot(np.ones(x.shape[-1]))  # sooner done than a sum over a short axis
    if np.abs(sums - 1.0).max() > 1e-4:
        raise ValueError(f"the rows of {name}, of shape {x.shape}, must sum to 1 along the last "
                         f"axis; they go from {sums.min():.6g} to {sums.max():.6g}")


def binary_labels(target, low):
    """Refuse labels other than `low`, which is 0 or -1, and 1."""
    values = plain(target)
    wrong = (values != low) & (values != 1)
    if values.dtype == bool and low:  # True is 1, but False would be -1 in nobody's code
        wrong = values == values
    if np.count_nonzero(wrong):
        other = "2 * target - 1" if low else "(target + 1) / 2"
        fits = set(np.unique(values)) <= {-1 - low, 1}
        raise ValueError(f"target must be {low} or +1, and holds {values[wrong].flat[0]}"
                         + f"; for labels {-1 - low} and 1 write {other}" * fits)


# -- classes on the last axis ----------------------------------------------------------------------


def class_count(scores):
    """C for scores (..., C), refused below two: one class is always right."""
    if scores.ndim == 0 or scores.shape[-1] < 2:
        raise ValueError(f"pred needs the scores of at least two classes on its last axis, and has "
                         f"shape {scores.shape}")
    return scores.shape[-1]


def class_labels(scores, target):
    """`target` as an array of class numbers, one for each row of scores (..., C)."""
    labels, classes = plain(target), class_count(scores)
    if labels.shape != scores.shape[:-1]:
        hint = f"; one-hot rows would be {classes} wide" if labels.ndim == scores.ndim else ""
        if labels.shape == (*scores.shape[:-1], 1):
            hint = "; write target[..., 0]"
        raise ValueError(f"pred has shape {scores.shape}, so class labels have shape "
                         f"{scores.shape[:-1]}, and target has shape {labels.shape}{hint}")
    refuse_empty(labels)
    if labels.dtype.kind not in "iu":
        hint = ("a Tensor holds floats, so give them as an array" if isinstance(target, Tensor)
                else "write target.astype(int) if they are")
        raise TypeError(f"class labels are whole numbers, not {labels.dtype}: {hint}")
    if not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"class labels go from 0 to {classes - 1}, as pred has {classes} columns; "
                         f"target goes from {labels.min()} to {labels.max()}")
    return labels


def labels_or_distribution(scores, target):
    """`target` as class labels (...,), or as rows (..., C) of probabilities that sum to 1."""
    class_count(scores)
    target = target if isinstance(target, Tensor) else plain(target)
    if target.shape != scores.shape:
        return class_labels(scores, target)
    target = numbers(target, like=scores)
    refuse_empty(target)
    distribution(target, "target")
    return target


def at_label(scores, labels):
    """Of each row of scores (..., C) the entry that its label names: shape (...,)."""
    if labels.ndim == 1:
        return scores[np.arange(len(labels)), labels]
    return np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]


# -- arguments that are one number -----------------------------------------------------------------


def positive(x, name):
    """`x` as a Python float, which widens no float32; refused unless it is one number above 0."""
    if not isinstance(x, Real):
        raise TypeError(f"{name} is one number, not {x!r}")
    if not 0 < x < math.inf:
        raise ValueError(f"{name} must be positive and finite, not {x}")
    return float(x)


def zero_or(check, x, name):
    """0, or what `check` lets pass."""
    return 0.0 if isinstance(x, Real) and x == 0 else check(x, name)


def fraction(x, name):
    """The same for a number between 0 and 1."""
    if not positive(x, name) < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, not {x}")
    return float(x)
