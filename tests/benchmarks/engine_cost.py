"""What the engine itself costs: an operation, a long graph, the memory of a step, the import.

    python tests/benchmarks/engine_cost.py

Every figure is a ratio of two things measured side by side in this run.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from statistics import median  # noqa: E402

import numpy as np  # noqa: E402

import losses  # noqa: E402
import optim  # noqa: E402
from minigrad import Tensor  # noqa: E402
from minigrad.nn import MLP  # noqa: E402

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None


def chain(a, b, length):
    """a * b * b * ...: every operation waits for the one before."""
    y = a
    for _ in range(length):
        y = y * b
    return y


def fan(a, b, length):
    """a * b, many times over, added up in pairs: a tree with one leaf under every branch."""
    level = [a * b for _ in range(length // 2)]
    while len(level) > 1:
        level = [p + q for p, q in zip(level[::2], level[1::2], strict=False)] + (
            [level[-1]] if len(level) % 2 else [])
    return level[0]


def seconds(build, a, b, gradient, length):
    """Seconds per operation, forward and backward, of one graph of `length` operations."""
    start = time.perf_counter()
    build(a, b, length).backward(gradient)
    return (time.perf_counter() - start) / length


def operation():
    """Forward and backward of a product of 8 numbers, beside PyTorch."""
    values = 1.0 + 1e-7 * np.arange(8)
    ours = Tensor(values, requires_grad=True), Tensor(values, requires_grad=True), np.ones(8)
    times, theirs = {"minigrad": [], "PyTorch": []}, None
    if torch:
        theirs = (torch.tensor(values, requires_grad=True),
                  torch.tensor(values, requires_grad=True), torch.ones(8, dtype=torch.float64))
    for _ in range(60):
        times["minigrad"].append(seconds(chain, *ours, 1000))
        if torch:
            times["PyTorch"].append(seconds(chain, *theirs, 1000))
    t = 1e6 * median(times["minigrad"])
    beside = "  PyTorch is not installed"
    if torch:
        t_torch = 1e6 * median(times["PyTorch"])
        beside = f"  PyTorch {t_torch:5.2f}  ratio {t / t_torch:.2f} (aim 0.75)"
    print(f"an operation on 8 numbers, forward + backward, in us:  minigrad {t:5.2f}{beside}")


def long_graphs():
    """Microseconds per operation from a thousand to a million operations."""
    a, b = (Tensor(1.0 + 1e-7 * np.arange(8), requires_grad=True) for _ in range(2))
    for build in (chain, fan):
        row = {}
        for length in (1_000, 10_000, 100_000, 1_000_000):
            repeats = max(3, 20_000 // length)
            row[length] = 1e6 * median(seconds(build, a, b, np.ones(8), length)
                                       for _ in range(repeats))
        cells = "  ".join(f"{length:,}: {t:5.2f}" for length, t in row.items())
        print(f"us an operation, {build.__name__:<5}  {cells}  largest / smallest "
              f"{max(row.values()) / min(row.values()):.2f} (aim 2)")


def step_by_hand(weights, x, y, lr=0.01):
    """One step of hand-written backprop for an MLP with relu and squared error."""
    h, inputs, last = x, [], len(weights) - 1
    for i, (w, b) in enumerate(weights):
        inputs.append(h)
        h = h @ w + b
        if i < last:
            h = np.maximum(h, 0.0)
    g = 2.0 * (h - y) / h.size
    for i in range(last, -1, -1):
        w, b = weights[i]
        dw, db = inputs[i].T @ g, g.sum(axis=0)
        if i:
            g = g @ w.T * (inputs[i] > 0.0)
        w -= lr * dw
        b -= lr * db


def peak(step):
    """The largest number of bytes allocated while `step` runs, beyond what was there before."""
    step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    step()
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return most


def memory():
    """Peak memory of a step: 8 hidden layers of 256, a batch of 2,048."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2048, 256)), rng.normal(size=(2048, 1))
    model = MLP([256] * 9 + [1], rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    weights = [(p.weight.data.copy(), p.bias.data.copy()) for p in model.layers[::2]]

    def step():
        cost = losses.mse(model(x), y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()

    by_hand, ours = peak(lambda: step_by_hand(weights, x, y)), peak(step)
    print(f"peak memory of a step, MB:  by hand {by_hand / 1e6:.1f}  minigrad {ours / 1e6:.1f}  "
          f"ratio {ours / by_hand:.2f} (aim 1.75)")


def imports():
    """Milliseconds that `import minigrad` adds to `import numpy`, in fresh processes."""
    times = {"numpy": [], "minigrad": []}
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    for _ in range(21):
        for name in times:
            run = subprocess.run([sys.executable, "-c", code.format(name)], env=environment,
                                 capture_output=True, text=True, check=True)
            times[name].append(float(run.stdout))
    alone, both = (1e3 * median(times[name]) for name in ("numpy", "minigrad"))
    print(f"import, ms:  numpy {alone:.1f}  minigrad (numpy included) {both:.1f}  "
          f"added {both - alone:.1f} (aim 15)")


def main():
    operation()
    long_graphs()
    memory()
    imports()


if __name__ == "__main__":
    main()
