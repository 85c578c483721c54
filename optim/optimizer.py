"""What all optimisers share: the parameters, the checks before a step, the memory of past steps."""

import copy
import math
import warnings
from numbers import Real

import numpy as np

from minigrad import Tensor


SCHEDULE = "; a schedule sets it before each step: optimizer.lr = schedule(optimizer.steps)"


class Optimizer:
    """Base of all optimisers. A subclass writes `update`, which reads as its formula.

    `update(w, g, state)` is given the array of a parameter, its gradient and that parameter's own
    memory: `state["t"]`, which says how many steps it has taken, this one included, and arrays by
    name. It returns what is to be subtracted from w. Parameters are told apart by their position.

    The options are read when an optimiser is made, and the rate alone may change afterwards: for
    another momentum make another optimiser.

    >>> class SignDescent(Optimizer):
    ...     def update(self, w, g, state):
    ...         return self.lr * np.sign(g)
    >>> w = Tensor([1.0, -1.0], requires_grad=True)
    >>> np.sum(np.array([3.0, -0.1]) * w).backward()
    >>> SignDescent([w], lr=0.25).step()
    >>> w.data  # each weight moves by lr, however steep it is
    array([ 0.75, -0.75])
    """

    # With these names alone a misspelt one, optimizer.learning_rate = 0.1, is an AttributeError.
    __slots__ = ("params", "steps", "state", "_lr", "_past", "_warned")
    memory: tuple[str, ...] = ()  # names of the arrays kept per parameter; they begin as zeros

    def __init__(self, params, lr: float):
        self.params = leaves(params)
        self.lr = positive("the learning rate lr", lr)
        self.steps = 0
        self.state = [{"t": 0} | {name: np.zeros_like(p.data) for name in self.memory}
                      for p in self.params]
        self._past = ()  # of the last step: the gradients, and their squares
        self._warned = False

    @property
    def lr(self) -> float:
        """The learning rate. A schedule sets it before a step: opt.lr = schedule(opt.steps)."""
        return self._lr

    @lr.setter
    def lr(self, lr):
        self._lr = in_range("the learning rate lr", lr, 0.0)  # a schedule may come down to 0

    def zero_grad(self) -> None:
        """Forget all gradients. Without it the next backward pass adds to the old ones.

        By hand, write p.grad = None: zeros put into the old array, p.grad[:] = 0, cannot be told
        from a forgotten zero_grad, and are warned of.
        """
        for p in self.params:
            p.grad = None
        self._past = ()

    def step(self) -> None:
        """Change every parameter that has a gradient.

        Raises
        ------
        RuntimeError
            If no parameter has a gradient.
        FloatingPointError, ValueError
            If a gradient holds nan or inf, or has another shape. No parameter has changed then.
        """
        self._check()
        for p, state in zip(self.params, self.state, strict=True):
            if p.grad is not None:
                state["t"] += 1
                p.data -= self.update(p.data, p.grad, state)
        self.steps += 1

    def update(self, w, g, state):
        raise NotImplementedError(f"{type(self).__name__} has no update(self, w, g, state): write "
                                  f"one that returns what is to be subtracted from w")

    def state_dict(self) -> dict:
        """A snapshot, in copies, from which `load_state_dict` goes on exactly.

        It holds the rate, the counters and the memory, not the other options (betas, momentum ...):
        the optimiser that goes on is made with the same ones.
        """
        return {"kind": type(self).__name__, "lr": self.lr, "steps": self.steps,
                "state": copy.deepcopy(self.state)}

    def load_state_dict(self, snapshot: dict) -> None:
        """Go on from a snapshot of the same kind of optimiser over parameters of equal shapes.

        ValueError if it does not fit; nothing has changed then.
        """
        if missing := [key for key in ("kind", "lr", "steps", "state") if key not in snapshot]:
            raise ValueError(f"this is no snapshot of an optimiser: it lacks {missing}")
        if snapshot["kind"] != type(self).__name__:
            raise ValueError(f"this snapshot is of {snapshot['kind']}, not {type(self).__name__}")
        shapes, given = ([{name: np.shape(value) for name, value in s.items()} for s in state]
                         for state in (self.state, snapshot["state"]))
        if shapes != given:
            raise ValueError(f"the snapshot does not fit: this optimiser keeps {shapes}, the "
                             f"snapshot holds {given}")
        state = [{"t": int(kept["t"])} | {name: np.array(kept[name], p.dtype)
                                          for name in self.memory}
                 for p, kept in zip(self.params, snapshot["state"], strict=True)]
        # from left to right: the rate is the last that may be refused
        self.lr, self.steps, self.state = snapshot["lr"], int(snapshot["steps"]), state

    def _check(self):
        """Refuse a step without gradients or with a broken one; warn of a stale one."""
        gradients = [p.grad for p in self.params]
        for i, (p, g) in enumerate(zip(self.params, gradients, strict=True)):
            if g is not None and np.shape(g) != p.shape:
                raise ValueError(f"the gradient of parameter {i} has shape {np.shape(g)}, the "
                                 f"parameter {p.shape}: no parameter was changed")
        squares = [0.0 if g is None else float(np.vdot(g, g)) for g in gradients]
        if all(g is None for g in gradients):
            raise RuntimeError("no parameter has a gradient: call loss.backward() before step(), "
                               "and zero_grad() not between the two; if the model was made anew, "
                               "so must its optimiser be")
        if not math.isfinite(sum(squares)):  # one number that any nan or inf spoils
            for i, g in enumerate(gradients):
                if g is not None and not np.isfinite(g).all():
                    raise FloatingPointError(
                        f"the gradient of parameter {i}, of shape {g.shape}, holds nan or inf: no "
                        f"parameter was changed. minigrad.detect_anomaly() finds the operation")
        if self._past and not self._warned:
            pairs = zip(gradients, squares, *self._past, strict=True)
            self._warned = any(g is old and now != before for g, now, old, before in pairs)
            if self._warned:  # backward adds in place: without zero_grad g is still the old array
                warnings.warn("a gradient that was already applied has been added to: call "
                              "zero_grad() before each backward pass, or the gradients of old "
                              "batches stay in", stacklevel=3)
        self._past = gradients, squares


def leaves(params) -> list[Tensor]:
    """The parameters as a list; refused if there are none, or one is no leaf or there twice."""
    if isinstance(params, Tensor | set | frozenset) or not np.iterable(params):
        raise ValueError(f"parameters come in a list: pass model.parameters() or [w], not "
                         f"{type(params).__name__}")
    params = list(params)
    if not params:
        raise ValueError("there are no parameters: pass model.parameters()")
    for p in params:
        if not isinstance(p, Tensor) or p.op:
            kind = f"the result of {p.op}" if getattr(p, "op", None) else type(p).__name__
            raise ValueError(f"parameters are leaves, Tensors made with requires_grad=True, "
                             f"not {kind}; pass model.parameters()")
        if not p.requires_grad:
            raise ValueError("a parameter is a constant, or frozen: it has requires_grad=False; "
                             "pass [p for p in model.parameters() if p.requires_grad]")
    if len({id(p) for p in params}) < len(params):
        raise ValueError("a parameter is in the list twice: it would be changed twice")
    return params


def in_range(name, value, low, high=math.inf):
    """`value` as a float, if low <= value < high; otherwise an error that names what is allowed.

    A Python float never widens float32; the np.float64 that a schedule computes would.
    """
    if not isinstance(value, Real) or not low <= value < high:
        allowed = f"at least {low:g} and finite" if high == math.inf else f"in [{low:g}, {high:g})"
        raise ValueError(f"{name} must be {allowed}, not {value!r}{SCHEDULE * callable(value)}")
    return float(value)


def positive(name, value):
    """`value` as a float, if it is positive and finite."""
    if not isinstance(value, Real) or not 0.0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, not {value!r}"
                         f"{SCHEDULE * callable(value)}")
    return float(value)
