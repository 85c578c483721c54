"""Numerical truth: the rules against finite differences.

The central difference (f(x + h) - f(x - h)) / 2h is wrong by about h^2 |f'''| / 6, because the
function bends, and by about eps |f| / h, because numbers are rounded. The first error grows with
h, the second shrinks; near h = eps^(1/3) both are small and about ten digits of float64 are right.
float32 would leave four, too few to tell a wrong rule from a rounded right one: it is refused.
"""

import numpy as np

from .tensor import Tensor, grad

STEP = np.finfo(np.float64).eps ** (1 / 3)  # about 6e-6


def gradcheck(f, *tensors: Tensor, order: int = 1, rtol: float = 1e-6, atol: float = 1e-8) -> bool:
    """Whether the gradients of `f` at `tensors` agree with finite differences.

    Parameters
    ----------
    f : function of Tensors that returns one Tensor, of any shape
        It is called many times and must give the same values each time.
    tensors : Tensors of float64
        Those that require a gradient are checked. Stay away from kinks: there the differences from
        the left and the right disagree, and no rule can match both.
    order : 1 or 2
        With 2, the derivative of the gradient is checked as well.
    rtol, atol : float
        The error allowed in an element: atol + rtol * (the largest derivative of that tensor).

    Returns
    -------
    True; it never returns anything else.

    Raises
    ------
    AssertionError
        Naming the tensor and the element that are most wrong, with both values.
    TypeError
        If a tensor is float32, is not a Tensor, or none requires a gradient.

    >>> x = Tensor([0.5, -1.0], requires_grad=True)
    >>> gradcheck(np.tanh, x, order=2)
    True
    """
    for t in tensors:
        if not isinstance(t, Tensor):
            raise TypeError(f"gradcheck takes Tensors and was given {type(t).__name__}")
        if t.dtype != np.float64:
            raise TypeError("gradcheck needs float64: rounding in float32 hides a wrong rule. "
                            "Use t.astype(np.float64).detach()")
    inputs = [Tensor(t.data, requires_grad=t.requires_grad) for t in tensors]  # the user's stay
    if not any(t.requires_grad for t in inputs):
        raise TypeError("gradcheck: none of the tensors requires a gradient")
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order!r}")

    # One random combination of the outputs tests every one of them at once.
    weights = np.random.default_rng(0).uniform(0.5, 1.5, f(*inputs).shape)

    def combined(*xs):
        return np.sum(f(*xs) * weights)

    _compare(combined, inputs, rtol, atol, "gradient")
    if order == 2:
        active = [t for t in inputs if t.requires_grad]
        mix = [np.random.default_rng(1).uniform(0.5, 1.5, t.shape) for t in active]

        def slope(*xs):
            *xs, scale = xs
            gradients = grad(combined(*xs) * scale, [x for x in xs if x.requires_grad],
                             create_graph=True, unconnected="zero")
            return sum(np.sum(g * m) for g, m in zip(gradients, mix, strict=True))

        inputs.append(Tensor(1.0, requires_grad=True))  # so that the arriving gradient varies too
        _compare(slope, inputs, rtol, atol, "second derivative")
    return True


def _compare(f, inputs, rtol, atol, what):
    """Raise AssertionError if the engine's gradient of the scalar f is not the numerical one."""
    active = [t for t in inputs if t.requires_grad]
    exact = grad(f(*inputs), active, unconnected="zero")
    for t, g in zip(active, exact, strict=True):
        truth = _difference(f, inputs, t)
        error = np.nan_to_num(np.abs(g - truth), nan=np.inf)
        size = np.max(np.abs(truth), initial=0.0, where=np.isfinite(truth))
        if np.any(error > atol + rtol * size):
            worst = np.unravel_index(np.argmax(error), error.shape)
            which = next(i for i, x in enumerate(inputs) if x is t)
            raise AssertionError(
                f"{what} with respect to argument {which}, of shape {t.shape}, is most wrong at "
                f"element {tuple(map(int, worst))}: the rules give {g[worst]:.10g}, finite "
                f"differences {truth[worst]:.10g}, apart by {error[worst]:.2g}")


def _difference(f, inputs, t):
    """The central differences of the scalar f by each element of t."""
    slopes, point = np.empty(t.shape), t.data.copy()

    def value(i, x):
        moved = point.copy()
        moved[i] = x
        t.data = moved
        return f(*inputs).item()

    for i in np.ndindex(t.shape):
        h = STEP * max(1.0, abs(point[i]))
        left, right = point[i] - h, point[i] + h  # rounded: the step that is really taken
        slopes[i] = (value(i, right) - value(i, left)) / (right - left)
    t.data = point
    return slopes
