"""What happens before and after a loss's formula: checks of the arguments, and the reduction.

The checks refuse what would otherwise go wrong in silence. The most frequent mistake of all: with a
prediction of shape (n, 1) and a target of shape (n,), `pred - target` is an (n, n) table.
"""

from numbers import Real

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


def same_shape(pred, target):
    """`pred` and `target` as numbers of one and the same shape, at least one of them."""
    pred = numbers(pred)
    target = numbers(target, like=pred)
    if pred.shape != target.shape:
        hint = ""
        if [n for n in pred.shape if n > 1] == [n for n in target.shape if n > 1]:
            hint = f"; write target.reshape({pred.shape})"
        raise ValueError(f"pred has shape {pred.shape}, target has shape {target.shape}: they must "
                         f"be equal, or NumPy would pair every value with every other{hint}")
    if not pred.size:
        raise ValueError(f"there are no examples: pred and target have shape {pred.shape}")
    return pred, target


def probabilities(x, name):
    """Refuse values outside [0, 1]."""
    low, high = plain(x).min(), plain(x).max()
    if np.isnan(low):
        raise ValueError(f"{name} must lie in [0, 1] and holds nan")
    if not 0.0 <= low <= high <= 1.0:
        hint = ("these look like logits: use sigmoid_cross_entropy or softmax_cross_entropy"
                if name == "pred" else "targets are probabilities, or labels 0 and 1")
        raise ValueError(f"{name} must lie in [0, 1] and goes from {low} to {high}: {hint}")


def signs(target):
    """Refuse labels other than -1 and +1."""
    values = plain(target)
    wrong = np.abs(values) != 1 if values.dtype != bool else ~values | values
    if np.count_nonzero(wrong):
        zero_one = set(np.unique(values)) <= {0, 1}
        hint = "; for labels 0 and 1 write 2 * target - 1" if zero_one else ""
        raise ValueError(f"target must be -1 or +1, and holds {values[wrong].flat[0]}{hint}")


def positive(x, name):
    """`x` as a Python float, which widens no float32; refused unless it is one number above 0."""
    if not isinstance(x, Real):
        raise TypeError(f"{name} is one number, not {x!r}")
    if not x > 0:
        raise ValueError(f"{name} must be positive, not {x}")
    return float(x)


def class_count(scores):
    """C for scores (..., C), refused below two: one class is always right."""
    classes = scores.shape[-1] if scores.ndim else 0
    if classes < 2:
        raise ValueError(f"pred needs the scores of at least two classes on its last axis, and has "
                         f"shape {scores.shape}")
    return classes


def class_labels(scores, target):
    """`target` as an array of class numbers, one for each row of scores (..., C)."""
    labels, classes = plain(target), class_count(scores)
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
    if not target.size:
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
