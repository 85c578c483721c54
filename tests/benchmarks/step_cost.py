"""What a training step costs: minigrad, hand-written NumPy backprop, and PyTorch where installed.

    python tests/benchmarks/step_cost.py [--rounds 200]

A step is forward, loss, zero_grad, backward and the SGD update. Before anything is timed, the three
take the same ten steps from the same weights, and their losses must be equal. Then they take turns,
a few steps each, round after round, in one thread; the table shows medians and their ratios. Only
ratios within one run mean anything.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse  # noqa: E402
import time  # noqa: E402
from statistics import median  # noqa: E402

import numpy as np  # noqa: E402

import losses  # noqa: E402
import optim  # noqa: E402
from minigrad.nn import MLP  # noqa: E402

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None

LR = 0.01
CASES = {
    # name: sizes, batch, loss, dtype, target for minigrad / NumPy, target for PyTorch / minigrad
    "2-16-16-1, hinge": ([2, 16, 16, 1], 100, "hinge", np.float64, 1.4, 2.6),
    "64-128-10, cross-entropy": ([64, 128, 10], 64, "cross-entropy", np.float64, 1.2, 1.7),
    "64-(6 x 64)-10, cross-entropy": ([64, *[64] * 6, 10], 128, "cross-entropy", np.float64,
                                      1.05, 1.45),
    "784-512-512-10, float32": ([784, 512, 512, 10], 128, "cross-entropy", np.float32, 0.97, 1.3),
}


def data(sizes, batch, loss, dtype):
    """A batch and its labels: -1 and +1 for the hinge, else class numbers."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, sizes[0])).astype(dtype)
    if loss == "hinge":
        return x, rng.choice([-1.0, 1.0], size=(batch, 1)).astype(dtype)
    return x, rng.integers(0, sizes[-1], batch)


def with_minigrad(model, x, y, loss):
    """A function that takes one step and returns the loss before it."""
    optimizer = optim.SGD(model.parameters(), lr=LR)
    criterion = losses.hinge if loss == "hinge" else losses.softmax_cross_entropy

    def step():
        cost = criterion(model(x), y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost.item()

    return step


def with_numpy(model, x, y, loss):
    """The same step, with every derivative worked out by hand."""
    weights = [layer.weight.data.copy() for layer in model.layers[::2]]
    biases = [layer.bias.data.copy() for layer in model.layers[::2]]
    rows, last = np.arange(len(x)), len(weights) - 1

    def step():
        h, inputs = x, []
        for i in range(last + 1):
            inputs.append(h)
            h = h @ weights[i] + biases[i]
            if i < last:
                h = np.maximum(h, 0.0)
        if loss == "hinge":
            slack = 1.0 - y * h
            cost = np.maximum(slack, 0.0).mean()
            g = -y * (slack > 0.0) / len(x)
        else:
            top = h.max(axis=1, keepdims=True)
            g = np.exp(h - top)
            total = g.sum(axis=1, keepdims=True)
            cost = (np.log(total) + top).mean() - h[rows, y].mean()
            g /= total
            g[rows, y] -= 1.0
            g /= len(x)
        for i in range(last, -1, -1):
            dw, db = inputs[i].T @ g, g.sum(axis=0)
            if i:
                g = g @ weights[i].T * (inputs[i] > 0.0)
            weights[i] -= LR * dw
            biases[i] -= LR * db
        return float(cost)

    return step


def with_torch(model, x, y, loss):
    """The same step in eager PyTorch."""
    layers = []
    for layer in model.layers[::2]:
        linear = torch.nn.Linear(*layer.weight.shape)
        linear.weight = torch.nn.Parameter(torch.tensor(layer.weight.data.T.copy()))
        linear.bias = torch.nn.Parameter(torch.tensor(layer.bias.data))
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=LR)
    x, y = torch.tensor(x), torch.tensor(y)

    def criterion(pred):
        if loss == "hinge":
            return torch.relu(1.0 - y * pred).mean()
        return torch.nn.functional.cross_entropy(pred, y)

    def step():
        cost = criterion(network(x))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost.item()

    return step


def measure(sizes, batch, loss, dtype, rounds):
    """Median seconds of a step for each contestant, after their losses were found equal."""
    contestants = {"numpy": with_numpy, "minigrad": with_minigrad}
    if torch:
        contestants["torch"] = with_torch
    x, y = data(sizes, batch, loss, dtype)
    steps = {name: make(MLP(sizes, rng=0, dtype=dtype), x, y, loss)
             for name, make in contestants.items()}
    history = {name: [step() for _ in range(10)] for name, step in steps.items()}
    for name, values in history.items():
        tolerance = 1e-10 if dtype == np.float64 else 1e-4
        np.testing.assert_allclose(values, history["numpy"], rtol=tolerance, err_msg=name)

    in_a_row = 10 if sizes[0] < 100 else 2
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(in_a_row):
                step()
            times[name].append((time.perf_counter() - start) / in_a_row)
    return {name: median(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    print("microseconds a step" + " " * 16 + "NumPy  minigrad   PyTorch"
          "   minigrad/NumPy (aim)   PyTorch/minigrad (aim)")
    for name, (*case, aim_numpy, aim_torch) in CASES.items():
        t = measure(*case, rounds)
        beside = f"{1e6 * t['torch']:9.1f}" if torch else "        -"
        ratio = f"{t['torch'] / t['minigrad']:12.2f} ({aim_torch})" if torch else "           -"
        print(f"{name:<30} {1e6 * t['numpy']:9.1f} {1e6 * t['minigrad']:9.1f} {beside}   "
              f"{t['minigrad'] / t['numpy']:12.2f} ({aim_numpy}) {ratio:>22}", flush=True)


if __name__ == "__main__":
    main()
