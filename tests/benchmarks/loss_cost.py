"""What a loss composed of primitives costs: forward and backward of 200,000 values, beside its
closed form, value and gradient worked out by hand in NumPy.

    python tests/benchmarks/loss_cost.py [--rounds 15]

Both must give the same cost and the same gradient before anything is timed; then they take turns in
one thread. Checks of the arguments count for the loss, the closed form has none.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse  # noqa: E402
import time  # noqa: E402
from statistics import median  # noqa: E402

import numpy as np  # noqa: E402

import losses  # noqa: E402
from minigrad import Tensor  # noqa: E402

N, CLASSES, EPS = 200_000, 10, 1e-12
ROWS = np.arange(N // CLASSES)


def sigmoid(x):
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x)))


def softplus(x):
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


# Each closed form takes (p, t) and returns the loss of each example and its gradient.

def square(p, t):
    e = p - t
    return e * e, 2.0 * e


def absolute(p, t):
    e = p - t
    return np.abs(e), np.sign(e)


def root(p, t):
    e = p - t
    value = np.sqrt(np.mean(e * e))
    return value, e / (e.size * value)


def squared_log(p, t):
    d = np.log1p(p) - np.log1p(t)
    return d * d, 2.0 * d / (1.0 + p)


def huber(p, t):
    e = p - t
    c = np.clip(e, -1.0, 1.0)
    return c * (e - 0.5 * c), c


def pseudo_huber(p, t):
    e = p - t
    s = np.sqrt(1.0 + e * e)
    return s - 1.0, e / s


def log_cosh(p, t):
    e = p - t
    return np.abs(e) + np.log1p(np.exp(-2.0 * np.abs(e))) - np.log(2.0), np.tanh(e)


def pinball(p, t):
    d = t - p
    return np.maximum(0.5 * d, -0.5 * d), -0.5 * np.sign(d)


def of_probability(p, t):
    a, b = p + EPS, 1.0 - p + EPS
    return -t * np.log(a) - (1.0 - t) * np.log(b), (1.0 - t) / b - t / a


def of_logit(z, t):
    return softplus(z) - t * z, sigmoid(z) - t


def focal(z, t):
    sign = 2.0 * t - 1.0
    s = sign * z
    p = sigmoid(s)
    q = 1.0 - p
    surprise = softplus(-s)
    return q * q * surprise, -sign * q * q * (2.0 * p * surprise + q)


def logistic(s, t):
    margin = t * s
    return softplus(-margin), -t * sigmoid(-margin)


def hinge(s, t):
    slack = 1.0 - t * s
    return np.maximum(slack, 0.0), -t * (slack > 0.0)


def squared_hinge(s, t):
    slack = np.maximum(1.0 - t * s, 0.0)
    return slack * slack, -2.0 * t * slack


def exponential(s, t):
    value = np.exp(-t * s)
    return value, -t * value


def of_probabilities(p, y):
    gradient = np.zeros(p.shape)
    right = p[ROWS, y] + EPS
    gradient[ROWS, y] = -1.0 / right
    return -np.log(right), gradient


def of_logits(z, y):
    top = z.max(axis=1, keepdims=True)
    gradient = np.exp(z - top)
    total = gradient.sum(axis=1, keepdims=True)
    value = (np.log(total) + top)[:, 0] - z[ROWS, y]
    gradient /= total
    gradient[ROWS, y] -= 1.0
    return value, gradient


def crammer_singer(s, y):
    others = s.copy()
    others[ROWS, y] = -np.inf
    rival = others.argmax(axis=1)
    slack = 1.0 + s[ROWS, rival] - s[ROWS, y]
    gradient = np.zeros(s.shape)
    gradient[ROWS, rival] = slack > 0.0
    gradient[ROWS, y] = -1.0 * (slack > 0.0)
    return np.maximum(slack, 0.0), gradient


def divergence(p, t):
    return (t * (np.log(t + EPS) - np.log(p + EPS))).sum(axis=1), -t / (p + EPS)


CLOSED_FORM = {
    "mse": square, "l2": square, "rmse": root, "msle": squared_log, "mae": absolute,
    "l1": absolute, "huber": huber, "pseudo_huber": pseudo_huber, "log_cosh": log_cosh,
    "quantile": pinball, "binary_cross_entropy": of_probability,
    "sigmoid_cross_entropy": of_logit, "focal": focal, "logistic": logistic, "hinge": hinge,
    "squared_hinge": squared_hinge, "exponential": exponential,
    "categorical_cross_entropy": of_probabilities, "softmax_cross_entropy": of_logits,
    "multiclass_hinge": crammer_singer, "kl_divergence": divergence,
}


def data(kind):
    """Predictions and targets of the kind that a loss takes."""
    rng = np.random.default_rng(0)
    if kind in ("value", "batch"):
        return rng.normal(0.0, 2.0, N), rng.normal(0.0, 2.0, N)
    if kind == "amount":
        return rng.uniform(0.0, 5.0, N), rng.uniform(0.0, 5.0, N)
    if kind == "probability":
        return rng.uniform(0.01, 0.99, N), rng.integers(0, 2, N).astype(float)
    if kind == "logit":
        return rng.normal(0.0, 3.0, N), rng.integers(0, 2, N).astype(float)
    if kind == "score":
        return rng.normal(0.0, 2.0, N), rng.choice([-1.0, 1.0], N)
    scores = rng.normal(0.0, 2.0, (N // CLASSES, CLASSES))
    labels = rng.integers(0, CLASSES, len(scores))
    if kind in ("logits", "scores"):
        return scores, labels
    rows = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return rows, (rows[::-1].copy() if kind == "distribution" else labels)


def contestants(entry):
    """Two functions without arguments that return cost and gradient."""
    pred, target = data(entry.pred)
    leaf = Tensor(pred, requires_grad=True)
    closed = CLOSED_FORM[entry.name]
    summed = entry.name in ("l1", "l2")

    def composed():
        leaf.grad = None
        cost = entry.loss(leaf, target)
        cost.backward()
        return cost.item(), leaf.grad

    def by_hand():
        value, gradient = closed(pred, target)
        if entry.name == "rmse":
            return float(value), gradient
        return (float(value.sum()), gradient) if summed else (
            float(value.mean()), gradient * (1.0 / value.size))

    return composed, by_hand


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main(rounds=15):
    print(f"forward + backward of {N:,} values, in ms{'by hand':>16}  composed  ratio (aim 2.5)")
    np.empty(2**24, np.uint8)  # freed at once; from now on malloc keeps what is freed, so that the
    worst = 0.0  # arithmetic is timed and not the operating system's zeroing of pages
    for entry in losses.catalog():
        composed, by_hand = contestants(entry)
        for mine, theirs in zip(composed(), by_hand(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-12, err_msg=entry.name)
        times = [(seconds(by_hand), seconds(composed)) for _ in range(rounds)]
        hand, ours = (1e3 * median(column) for column in zip(*times, strict=True))
        worst = max(worst, ours / hand)
        print(f"{entry.name:<40} {hand:16.2f} {ours:9.2f}  {ours / hand:5.2f}", flush=True)
    print(f"the worst: {worst:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The cost of each loss beside its closed form.")
    parser.add_argument("--rounds", type=int, default=15)
    main(parser.parse_args().rounds)
