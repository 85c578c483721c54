"""What all optimisers share: the parameters, the checks before a step, the memory of past steps."""

import math
import operator
import warnings

import numpy as np

from minigrad import Tensor


class Optimizer:
    """Base of all optimisers. A subclass writes `update`, which reads as its formula.

    `update(w, g, state)` is given the array of a parameter, its gradient and that parameter's own
    dict of arrays from earlier steps, and returns what is to be subtracted from w. Parameters are
    told apart by their position in the list.
    """

    memory: tuple[str, ...] = ()  # names of the arrays kept per parameter; they begin as zeros

    def __init__(self, params, lr: float):
        self.params = list(params)
        if not self.params:
            raise ValueError("the optimiser was given no parameters: pass model.parameters()")
        for p in self.params:
            if not isinstance(p, Tensor):
                raise ValueError(f"parameters are Tensors, not {type(p).__name__}: pass "
                                 f"model.parameters()")
            if p.op is not None or not p.requires_grad:
                raise ValueError("parameters are leaves made with requires_grad=True; this one is "
                                 f"{p.op and 'the result of ' + p.op or 'a constant'}")
        if len({id(p) for p in self.params}) < len(self.params):
            raise ValueError("a parameter is in the list twice: it would be updated twice a step")
        if not lr > 0.0:
            raise ValueError(f"the learning rate lr must be positive, not {lr!r}")
        self.lr = lr
        self.steps = 0
        self.state = [{name: np.zeros_like(p.data) for name in self.memory} for p in self.params]
        self._applied, self._squares = [], []  # the gradient arrays of the last step, their squares
        self._warned = False

    @property
    def lr(self) -> float:
        """The learning rate. A schedule sets it before a step: opt.lr = schedule(opt.steps)."""
        return self._lr

    @lr.setter
    def lr(self, lr):
        if not (lr >= 0.0 and math.isfinite(lr)):
            raise ValueError(f"the learning rate lr must be positive and finite, not {lr!r}")
        self._lr = lr

    def zero_grad(self) -> None:
        """Forget all gradients. Without it the next backward pass adds to the old ones."""
        for p in self.params:
            p.grad = None
        self._applied = []

    def step(self) -> None:
        """Change every parameter that has a gradient.

        Raises
        ------
        RuntimeError
            If no parameter has a gradient.
        FloatingPointError
            If a gradient holds nan or inf. No parameter has changed then.
        """
        self._check()
        self.steps += 1
        for p, state in zip(self.params, self.state, strict=True):
            if p.grad is not None:
                p.data -= self.update(p.data, p.grad, state)

    def update(self, w, g, state):
        raise NotImplementedError

    def state_dict(self) -> dict:
        """A snapshot, in copies, from which `load_state_dict` goes on exactly."""
        state = [{name: array.copy() for name, array in s.items()} for s in self.state]
        return {"lr": self.lr, "steps": self.steps, "state": state}

    def load_state_dict(self, snapshot: dict) -> None:
        """Go on from a snapshot of the same kind of optimiser over parameters of equal shapes."""
        shapes = [{name: array.shape for name, array in s.items()} for s in self.state]
        given = [{name: np.shape(array) for name, array in s.items()} for s in snapshot["state"]]
        if shapes != given:
            raise ValueError(f"the snapshot does not fit: this optimiser keeps {shapes}, the "
                             f"snapshot holds {given}")
        self.lr, self.steps = snapshot["lr"], snapshot["steps"]
        self.state = [{name: array.copy() for name, array in s.items()} for s in snapshot["state"]]

    def _check(self):
        """Refuse a step without gradients or with a broken one; warn of a stale one."""
        gradients = [p.grad for p in self.params]
        squares = [0.0 if g is None else np.vdot(g, g) for g in gradients]
        total = sum(squares)  # one number that any nan or inf spoils
        if total == 0.0 and all(g is None for g in gradients):
            raise RuntimeError("no parameter has a gradient: call loss.backward() before step()")
        if not math.isfinite(total):
            for i, g in enumerate(gradients):
                if g is not None and not np.isfinite(g).all():
                    raise FloatingPointError(
                        f"the gradient of parameter {i}, of shape {g.shape}, holds nan or inf: no "
                        f"parameter was changed. minigrad.detect_anomaly() finds the operation")
        if not self._warned and any(map(operator.is_, gradients, self._applied)):
            self._warn_if_stale(gradients, squares)
        self._applied, self._squares = gradients, squares

    def _warn_if_stale(self, gradients, squares):
        """The same array as in the last step, with other values: a backward pass added to it."""
        past = zip(self._applied, self._squares, strict=True)
        for (old, old_square), g, square in zip(past, gradients, squares, strict=True):
            if g is not None and g is old and square != old_square:
                self._warned = True
                warnings.warn("a gradient that was already applied has been added to: call "
                              "zero_grad() before each backward pass, or the gradients of old "
                              "batches stay in", stacklevel=4)
                return


def in_range(name, value, low, high=math.inf):
    """`value`, if low <= value < high; otherwise a ValueError that names what is allowed."""
    if not low <= value < high:
        allowed = f"at least {low:g}" if high == math.inf else f"in [{low:g}, {high:g})"
        raise ValueError(f"{name} must be {allowed}, not {value!r}")
    return value
