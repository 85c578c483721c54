"""Records fifty steps of PyTorch's optimisers in torch_steps.json, to compare ours with.

Not run by the tests. To record again, with PyTorch 2.13 installed:

    python tests/data/make_torch_steps.py

The test takes `loss` and `uses` from this file, so that both libraries walk the same landscape.
"""

import inspect
import json
from pathlib import Path

STEPS = 50
START = {"w": [1.5, -0.7], "b": 0.4}

CASES = {
    "SGD, plain": ("SGD", {"lr": 0.02}),
    "SGD, momentum": ("SGD", {"lr": 0.01, "momentum": 0.9}),
    "SGD, nesterov": ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    "SGD, weight decay": ("SGD", {"lr": 0.02, "weight_decay": 0.1}),
    "SGD, all at once": ("SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True,
                                 "weight_decay": 0.05}),
    "SGD, momentum, gradients now and then": ("SGD", {"lr": 0.01, "momentum": 0.9}),
    "Adam, defaults": ("Adam", {}),
    "Adam, lr": ("Adam", {"lr": 0.05}),
    "Adam, betas": ("Adam", {"lr": 0.05, "betas": [0.7, 0.9]}),
    "Adam, betas 0": ("Adam", {"lr": 0.05, "betas": [0.0, 0.0]}),
    "Adam, eps": ("Adam", {"lr": 0.05, "eps": 0.1}),
    "Adam, weight decay": ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
    "Adam, gradients now and then": ("Adam", {"lr": 0.05}),
    "AdamW, defaults": ("AdamW", {}),
    "AdamW, lr": ("AdamW", {"lr": 0.05, "weight_decay": 0.3}),
    "AdamW, without decay": ("AdamW", {"lr": 0.05, "betas": [0.7, 0.9], "weight_decay": 0.0}),
    "AdamW, gradients now and then": ("AdamW", {"lr": 0.05}),
    "RMSprop, defaults": ("RMSprop", {}),
    "RMSprop, alpha and eps": ("RMSprop", {"lr": 0.02, "alpha": 0.8, "eps": 0.1}),
    "RMSprop, momentum": ("RMSprop", {"lr": 0.005, "momentum": 0.9}),
    "RMSprop, centered": ("RMSprop", {"lr": 0.005, "alpha": 0.9, "centered": True, "eps": 1e-3}),
    "RMSprop, all at once": ("RMSprop", {"lr": 0.005, "alpha": 0.9, "weight_decay": 0.1,
                                         "momentum": 0.5, "centered": True, "eps": 1e-3}),
    "RMSprop, gradients now and then": ("RMSprop", {"lr": 0.02}),
    "Adagrad, defaults": ("Adagrad", {}),
    "Adagrad, lr_decay": ("Adagrad", {"lr": 0.3, "lr_decay": 0.1}),
    "Adagrad, start and eps": ("Adagrad", {"lr": 0.3, "initial_accumulator_value": 0.5,
                                           "eps": 0.1}),
    "Adagrad, weight decay": ("Adagrad", {"lr": 0.3, "weight_decay": 0.1}),
    "Adagrad, gradients now and then": ("Adagrad", {"lr": 0.3, "lr_decay": 0.1}),
}


def loss(w, b):
    """A curved valley, in operators that a Tensor of either library understands."""
    x = (w * w).sum()
    return (x - 1.0) ** 2 + 3.0 * (w.sum() + b - 0.5 * x) ** 2 + 0.1 * b**4


def uses(name, step):
    """Whether the loss of this step depends on w, and on b: a part that is left out is constant."""
    if not name.endswith("now and then"):
        return True, True
    return not 20 <= step < 30, step >= 10


def main():
    import torch

    recorded = {}
    for name, (kind, options) in CASES.items():
        w, b = (torch.tensor(START[k], dtype=torch.float64, requires_grad=True) for k in "wb")
        optimizer = getattr(torch.optim, kind)([w, b], **options)
        path = []
        for step in range(STEPS):
            with_w, with_b = uses(name, step)
            optimizer.zero_grad()
            loss(w if with_w else w.detach(), b if with_b else b.detach()).backward()
            optimizer.step()
            path.append([*w.tolist(), b.item()])
        recorded[name] = path
    defaults = {}
    for kind in sorted({kind for kind, _ in CASES.values()}):
        parameters = inspect.signature(getattr(torch.optim, kind)).parameters
        defaults[kind] = {p.name: p.default for p in parameters.values() if p.name != "params"}
    lines = [json.dumps({"torch": torch.__version__, "defaults": defaults})[:-1] + ', "paths": {']
    for name, path in recorded.items():
        rows = ",\n".join(json.dumps(row) for row in path)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n]{',' if name != [*recorded][-1] else ''}")
    text = "\n".join([*lines, "}}\n"])
    Path(__file__).with_name("torch_steps.json").write_text(text)


if __name__ == "__main__":
    main()
