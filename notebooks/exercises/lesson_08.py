"""Lesson 8, numerical traps: overflow, 0 log 0, cancellation and masks, broadcasting, a root."""

import warnings
from functools import reduce

import numpy as np

import optim
from minigrad import Tensor, grad, nn, relu, softplus

from .checking import Case, Mistake, Task, array, fixed
from .lesson_07 import NATURAL
from .questions import differences, value_and_gradient

# -- 8.1 log(e^x + e^y) ----------------------------------------------------------------------------


def log_add_like(larger=np.maximum, rest=lambda x, y: np.log1p(np.exp(-np.abs(x - y)))):
    """The larger of two numbers, and what the smaller one adds."""
    return lambda x, y: larger(x, y) + rest(x, y)


def log_add_by_a_minimum(x, y):
    high, low = np.maximum(x, y), np.minimum(x, y)
    return high + np.log1p(np.exp(low - high))


def log_add_by_halves(x, y):
    distance = np.abs(x - y)
    return 0.5 * (x + y + distance) + np.log1p(np.exp(-distance))


def log_add_by_if(x, y):
    if x > y:
        return x + np.log1p(np.exp(y - x))
    return y + np.log1p(np.exp(x - y))


def shifted(high=np.maximum):
    """c + log(e^(x - c) + e^(y - c)), the way of the softmax, with c = high(x, y)."""
    def answer(x, y):
        c = high(x, y)
        return c + np.log(np.exp(x - c) + np.exp(y - c))
    return answer


def both(x, y):
    """The gradients in x and in y."""
    x, y = fixed(x), fixed(y)

    def run(answer):
        a, b = Tensor(x, requires_grad=True), Tensor(y, requires_grad=True)
        value = answer(a, b)
        if not isinstance(value, Tensor):
            return value
        slopes = grad(value.sum(), [a, b], unconnected="zero")
        return {"value": value, "gradient in x": slopes[0], "gradient in y": slopes[1]}
    return run


def log_1p_exp(z, key=None):
    """log(1 + e^z): the answer at x = 0."""
    z = fixed(z)

    def run(answer):
        found = value_and_gradient(lambda z: answer(0.0, z), z)
        return found[key] if key else found
    return run


ROW = fixed([1000.0, 1001.0, -1000.0, 1001.5])
SLOPES = fixed([-2.0, 0.5, 3.0])

LOG_ADD = Task(
    title="log(e^x + e^y)",
    cases=[Case("log(1 + e^z) at z = -2, 0.5, 3: x = 0, y = z", log_1p_exp(SLOPES, "value")),
           Case("its slopes", log_1p_exp(SLOPES, "gradient"),
                measured=lambda: differences(softplus, SLOPES)),
           Case("its slope at z = 0", log_1p_exp([0.0], "gradient"),
                measured=lambda: differences(softplus, fixed([0.0]))),
           Case("x = 3, 1, 2, -5 and y = 1, 2, 2, -5", both([3.0, 1.0, 2.0, -5.0],
                                                            [1.0, 2.0, 2.0, -5.0])),
           Case("log(1 + e^z) at z = -1000 and 1000", log_1p_exp([-1000.0, 1000.0])),
           Case("x and y near 1000 and near -1000", both([1000.0, -1000.0], [1001.0, -1002.0])),
           Case("the row 1000, 1001, -1000, 1001.5, two at a time",
                lambda answer: value_and_gradient(
                    lambda z: reduce(answer, [z[k] for k in range(4)]), ROW)),
           Case("log(1 + e^-40), which is 4.2e-18", log_1p_exp([-40.0], "value"))],
    solution=log_add_like(),
    others=[np.logaddexp, log_add_by_a_minimum, log_add_by_halves,
            lambda x, y: x + softplus(y - x)],
    mistakes=[Mistake(lambda x, y: np.log(np.exp(x) + np.exp(y)),
                      "right for small numbers only: e^1000 is inf, and e^-1000 is 0. Take the "
                      "larger of both out before exp."),
              Mistake(shifted(),
                      "one thing is left: next to 1, 4.2e-18 is rounded away. The larger of both "
                      "gives exactly e^0 = 1; np.log1p(u), with the other power, never forms "
                      "1 + u."),
              Mistake(lambda x, y: x + np.log1p(np.exp(y - x)),
                      "x is always taken out: where y is much larger, e^(y - x) overflows. Take "
                      "the larger one out."),
              Mistake(lambda x, y: y + np.log1p(np.exp(x - y)),
                      "y is always taken out: where x is much larger, e^(x - y) overflows. Take "
                      "the larger one out."),
              Mistake(log_add_like(lambda x, y: np.where(x > y, x, y)),
                      "all is right but the slopes at a tie, x = y: np.where gives everything to "
                      "y, and |x - y| adds 0 there. np.maximum halves it, 1/2 and 1/2."),
              Mistake(log_add_like(lambda x, y: x + relu(y - x)),
                      "all is right but the slopes at a tie, x = y: everything goes to x, since "
                      "np.where must choose one, and relu has the slope 0 there. np.maximum halves "
                      "it, 1/2 and 1/2."),
              Mistake(lambda x, y: np.where(x > y, x + np.log1p(np.exp(y - x)),
                                            y + np.log1p(np.exp(x - y))),
                      "the values are right, some slopes are nan: np.where computes both branches, "
                      "and the one not taken overflows. Write -|x - y|, which is safe everywhere."),
              Mistake(log_add_by_if,
                      "`if x > y` decides once, and x and y may be arrays: np.maximum decides for "
                      "every entry."),
              Mistake(log_add_like(np.max),
                      "np.max looks for the largest within one array: np.maximum compares two."),
              Mistake(lambda x, y: np.maximum(x, y) + np.log1p(np.exp(np.minimum(x, y))),
                      "the smaller one stands in the exponent by itself: less the larger one, "
                      "which has been taken out of both."),
              Mistake(log_add_like(rest=lambda x, y: -np.log1p(np.exp(-np.abs(x - y)))),
                      "what the smaller one adds is subtracted: +."),
              Mistake(log_add_like(rest=lambda x, y: np.log1p(np.exp(-np.abs(x + y)))),
                      "in the exponent stands |x + y|: it is the distance, |x - y|. At x = 0 both "
                      "are alike."),
              Mistake(log_add_like(max),
                      "Python's max(x, y) takes one of two whole arrays: np.maximum decides for "
                      "every entry."),
              Mistake(lambda x, y: softplus(y),
                      "x is not used: this is log(1 + e^y), right for x = 0 only."),
              Mistake(log_add_like(rest=lambda x, y: np.log1p(np.exp(np.abs(x - y)))),
                      "the minus is missing in front of |x - y|: the smaller one, less the larger, "
                      "stands in the exponent."),
              Mistake(log_add_like(rest=lambda x, y: np.log1p(np.exp(x - y))),
                      "the exponent is x - y, which is positive where x is larger: it is "
                      "-|x - y|, the smaller less the larger."),
              Mistake(log_add_like(rest=lambda x, y: np.log1p(np.exp(y - x))),
                      "the exponent is y - x, which is positive where y is larger: it is "
                      "-|x - y|, the smaller less the larger."),
              Mistake(log_add_like(larger=lambda x, y: 0.0),
                      "the larger one was taken out and not added again."),
              Mistake(log_add_like(np.minimum),
                      "the smaller one stands in front: e^(larger - smaller) would then be left."),
              Mistake(log_add_like(rest=lambda x, y: 0.0),
                      "this is the larger of both: what the smaller one adds is missing."),
              Mistake(lambda x, y: x + y,
                      "log(e^x · e^y) is x + y; the logarithm of a sum is not the sum of the "
                      "logarithms."),
              Mistake(lambda x, y: np.log(np.exp(np.clip(x, -700.0, 700.0))
                                          + np.exp(np.clip(y, -700.0, 700.0))),
                      "the clip keeps exp from overflowing, but beyond ±700 the value stands still "
                      "and the slope is 0. Take the larger one out instead."),
              Mistake(log_add_like(lambda x, y: np.maximum(array(x), array(y))),
                      "the values are right, the slopes are not: the larger one is a plain array, "
                      "cut from the graph. Compute it with the Tensors.")],
    hints=("Take the larger of the two out of the bracket: what is left is 1 and a power that is "
           "at most 1.",
           "log(e^x + e^y) = max(x, y) + log(1 + e^(-|x - y|)),   and log(1 + u) is np.log1p(u)",
           "larger = np.maximum(x, y)\nreturn larger + np.log1p(np.exp(...))   # never above 0"))

# -- 8.2 entropy -----------------------------------------------------------------------------------

FULL = fixed([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
WITH_0 = fixed([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
NEARLY_0 = fixed([[1e-20, 0.25, 0.75]])
TINY = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 2.0**-52, 1e-16, 1e-20)


def entropy(p):
    safe = np.where(p > 0.0, p, 1.0)
    return -np.sum(np.where(p > 0.0, p * np.log(safe), 0.0), axis=1)


def entropy_by_one_where(p):
    return -(p * np.log(np.where(p == 0, 1.0, p))).sum(axis=-1)


def entropy_by_adding_the_mask(p):
    return np.sum(p * -np.log(p + (p.data == 0)), axis=1)


def entropy_of_chosen(p):
    found = []
    for row in p:
        some = row[row > 0]
        found.append(-(some * np.log(some)).sum())
    return np.stack(found)


def entropy_like(p_log_p=lambda p: p * np.log(np.where(p > 0.0, p, 1.0)),
                 total=lambda terms: -np.sum(terms, axis=1)):
    return lambda p: total(p_log_p(p))


def entropy_case(says, p, key):
    return Case(says, lambda answer: value_and_gradient(answer, p)[key],
                factors=((3.0, "add up the classes: is yours their mean?"), *NATURAL),
                measured=(lambda: differences(
                    lambda p: entropy(Tensor(p)).data, p)) if says == "its gradient" else None)


ENTROPY = Task(
    title="the entropy, with zeros",
    cases=[entropy_case("two rows without a 0", FULL, "value"),
           entropy_case("its gradient", FULL, "gradient"),
           entropy_case("rows with zeros: (1, 0, 0) and (0.5, 0.5, 0)", WITH_0, "value"),
           entropy_case("the gradient there, 0 for every p = 0", WITH_0, "gradient"),
           entropy_case("a batch of one with p = 1e-20: the gradient", NEARLY_0, "gradient")],
    solution=entropy,
    others=[entropy_by_one_where, entropy_by_adding_the_mask, entropy_of_chosen],
    mistakes=[Mistake(entropy_like(lambda p: p * np.log(p)),
                      "0 · log 0 is 0 · (-inf), which is nan; to multiply by a mask of 0 and 1 "
                      "does not help. Give log a 1 where p is 0, np.where(p > 0, p, 1.0)."),
              Mistake(entropy_like(lambda p: np.where(p > 0.0, p * np.log(p), 0.0)),
                      "the value is right, the gradient nan: the where chooses after log has been "
                      "at 0, and on the way back 0 meets 1/0. The p inside log needs its own "
                      "where."),
              *[Mistake(entropy_like(lambda p, tiny=tiny: p * np.log(p + tiny)),
                        f"the gradient at p = 0 is made by your {tiny:g}, a summand or a bound, "
                        f"whose logarithm is {np.log(tiny):.1f}; and p = 1e-20 is drowned in it. "
                        "Use where: log 1 is 0.") for tiny in TINY],
              *[Mistake(entropy_like(lambda p, tiny=tiny: p * np.log(np.clip(p, tiny, 1.0))),
                        f"the gradient at p = 0 is made by your bound of {tiny:g}, whose logarithm "
                        f"is {np.log(tiny):.1f}; and p = 1e-20 is drowned in it. Use where: log 1 "
                        "is 0.") for tiny in TINY if tiny > 5e-7],
              *[Mistake(entropy_like(lambda p, tiny=tiny: p * np.log(np.where(p > 0, p, tiny))),
                        f"in place of 0 the logarithm is given {tiny:g}, and its value "
                        f"{np.log(tiny):.1f} is the slope at p = 0: put a 1 there, whose logarithm "
                        "is 0.") for tiny in TINY],
              *[Mistake(entropy_like(lambda p, tiny=tiny: np.clip(p, tiny, 1.0)
                                     * np.log(np.clip(p, tiny, 1.0))),
                        "the clip kills: p = 1e-20 lies below its bound and gets the gradient 0, "
                        f"where it should get 45.1.{more} Change only what is exactly 0.")
                for tiny, more in ((1e-6, " And 1e-06 for 0 is seen in the value."),
                                   (1e-7, " And 1e-07 for 0 is seen in the value."), (1e-12, ""))],
              Mistake(entropy_like(total=lambda terms: np.sum(terms, axis=1)),
                      "the sign is flipped: log p is negative, an entropy is not."),
              Mistake(entropy_like(total=lambda terms: -np.sum(terms)),
                      "all rows are added up: every row has an entropy of its own, axis=1."),
              Mistake(entropy_like(total=lambda terms: -np.mean(terms, axis=1)),
                      "it is the mean over the classes: add them up."),
              Mistake(entropy_like(total=lambda terms: -np.sum(terms, axis=0)),
                      "the sum runs down the columns: the classes of a row lie on axis 1."),
              Mistake(entropy_like(total=lambda terms: -np.mean(np.sum(terms, axis=1))),
                      "the mean of the rows, one number: every row has an entropy of its own."),
              Mistake(entropy_like(lambda p: p * np.log(p + 1.0)),
                      "1 is added to every p: only where p is 0 the logarithm is given a 1."),
              Mistake(entropy_like(lambda p: np.log(np.where(p > 0.0, p, 1.0))),
                      "the factor p in front of log p is missing."),
              Mistake(lambda p: -np.sum(p * np.log(np.where(p.data > 0.0, p.data, 1.0)), axis=1),
                      "the logarithm is a constant here, as .data cuts it from the graph: p occurs "
                      "twice in p log p, and both have a share in the slope."),
              Mistake(lambda p: entropy(Tensor(p.data)),
                      "the values are right, and the gradient is 0 everywhere: the graph was cut "
                      "by `.data` and a new Tensor."),
              Mistake(lambda p: entropy(p.data),
                      "the number is right and no Tensor: .data, float() or item() cuts the graph, "
                      "and backward() has nothing to walk back on.")],
    hints=("`where` chooses between results and keeps neither branch from being computed. So first "
           "make the argument of log harmless, and then compute.",
           "safe = p where p > 0, else 1;   H = -Σ p log(safe)",
           "safe = np.where(p > 0, p, ...)   # a number whose logarithm is 0\n"
           "return -np.sum(p * np.log(...), axis=1)"))

# -- 8.3 mean and variance of what is real ---------------------------------------------------------

VALUES = fixed([2.0, -7.0, 4.0, 9.0, 50.0])
REAL = fixed([True, False, True, True, False], bool)
CLOCK = fixed([10001.0, 10002.0, 10003.0, 0.0], np.float32)
NAN = fixed([1.0, np.nan, 4.0, np.inf])
TWO_OF_FOUR = fixed([True, False, True, False], bool)


def statistics(x, real):
    n = max(real.sum(), 1)
    mean = np.sum(np.where(real, x, 0.0)) / n
    return mean, np.sum(np.where(real, x - mean, 0.0) ** 2) / n


def statistics_of_chosen(x, real):
    chosen = x[real]
    n = max(1, len(chosen))
    mean = chosen.sum() / n
    return mean, ((chosen - mean) ** 2).sum() / n


def statistics_with_a_way_out(x, real):
    if not np.any(real):
        nothing = np.sum(np.where(real, x, 0.0))
        return nothing, nothing
    return x[real].mean(), np.var(x[real])


def statistics_by_index(x, real):
    at = np.flatnonzero(real)
    mean = np.sum(x[at]) / (len(at) or 1)
    away = x[at] - mean
    return mean, np.sum(away * away) / (len(at) or 1)


def statistics_like(mean=lambda x, n: np.sum(x) / n,
                    variance=lambda x, mean, n: np.sum((x - mean) ** 2) / n,
                    count=lambda real: max(int(real.sum()), 1)):
    """Of the real values x, n of them."""
    def answer(x, real):
        chosen, n = x[real], count(real)
        m = mean(chosen, n)
        return m, variance(chosen, m, n)
    return answer


def broken_statistics(x, real):
    mean = np.mean(x * real)
    return mean, np.mean(x * x * real) - mean * mean


def if_empty(nothing):
    return lambda x, real: statistics_of_chosen(x, real) if real.any() else (nothing, nothing)


def masked_by_product(x, real):
    n = max(real.sum(), 1)
    mean = np.sum(x * real) / n
    return mean, np.sum(((x - mean) * real) ** 2) / n


def padding_in_the_variance(x, real):
    n = max(real.sum(), 1)
    x = np.where(real, x, 0.0)
    mean = np.sum(x) / n
    return mean, np.sum((x - mean) ** 2) / n


def all_places(x, real):
    x = np.where(real, x, 0.0)
    return np.mean(x), np.mean(np.where(real, x - np.mean(x), 0.0) ** 2)


def statistics_case(says, x, real, key):
    real = fixed(real, bool)

    def run(answer):
        values = Tensor(x, requires_grad=True)
        found = answer(values, real)
        if found is None or isinstance(found, Tensor):
            return found  # not two of them
        mean, variance = found
        if key == "both":
            return {"mean": mean, "variance": variance}
        return grad((mean if key == "slopes of the mean" else variance).sum(), values)
    measured = (lambda: differences(lambda x: statistics(Tensor(x), real)[1].data, x)) if (
        key == "slopes of the variance" and np.isfinite(x).all()) else None
    return Case(says, run, measured)


STATISTICS = Task(
    title="mean and variance of the real values",
    cases=[statistics_case("three real values of five", VALUES, REAL, "both"),
           statistics_case("the slopes of their variance", VALUES, REAL, "slopes of the variance"),
           statistics_case("a clock in float32, 10001, 10002, 10003", CLOCK, CLOCK > 0, "both"),
           statistics_case("padding of nan and inf", NAN, TWO_OF_FOUR, "both"),
           statistics_case("the slopes of the variance there", NAN, TWO_OF_FOUR,
                           "slopes of the variance"),
           statistics_case("a single real value", VALUES, VALUES == 4.0, "both"),
           statistics_case("nothing real", VALUES, VALUES > 99.0, "both"),
           statistics_case("the slopes of the mean if nothing is real", VALUES, VALUES > 99.0,
                           "slopes of the mean")],
    solution=statistics,
    others=[statistics_of_chosen, statistics_with_a_way_out, statistics_by_index],
    mistakes=[Mistake(statistics_like(count=lambda real: real.sum()),
                      "if nothing is real, 0 is divided by 0, nan: x[real].mean() does so, too. "
                      "Divide the sum by max(n, 1)."),
              Mistake(broken_statistics,
                      "this is still the function as it was given: begin with what the mean is "
                      "divided by."),
              Mistake(if_empty(Tensor(0.0)),
                      "all numbers are right. But if nothing is real, this new Tensor is not "
                      "connected with x: backward() raises, or leaves x.grad at None, where it is "
                      "to be 0. Return a sum of nothing, such as x[real].sum()."),
              Mistake(if_empty(0.0),
                      "all numbers are right. But if nothing is real, a plain 0.0 comes out, and a "
                      "training calls backward() on it: return a Tensor there too, such as a sum "
                      "of nothing."),
              Mistake(lambda x, real: (np.where(real, x, 0.0).sum() / max(real.sum(), 1),
                                       np.where(real, x * x, 0.0).sum() / max(real.sum(), 1)
                                       - (np.where(real, x, 0.0).sum() / max(real.sum(), 1)) ** 2),
                      "mean of squares less squared mean, well masked: on the clock, in float32, "
                      "only rounding is left. Subtract the mean first, then square."),
              Mistake(masked_by_product,
                      "the padding is multiplied by 0, and 0 · nan is nan: choose with np.where or "
                      "with x[real], and do not multiply."),
              Mistake(padding_in_the_variance,
                      "the mean is right. In the variance the padding, set to 0, counts with its "
                      "distance from the mean: mask after the subtraction, too."),
              Mistake(all_places,
                      "divided by all places: only the real ones count, real.sum()."),
              Mistake(statistics_like(variance=lambda x, mean, n: np.sum(x * x) / n - mean * mean),
                      "mean of squares less squared mean: on the clock, in float32, only rounding "
                      "is left. Subtract the mean first, then square."),
              Mistake(statistics_like(lambda x, n: x.mean(),
                                      lambda x, mean, n: np.mean(x * x) - mean * mean),
                      "mean of squares less squared mean: on the clock, in float32, only rounding "
                      "is left. Subtract first, then square. And no real value at all gives nan."),
              Mistake(statistics_like(variance=lambda x, mean, n: np.sum((x - mean) ** 2)
                                      / max(n - 1, 1)),
                      "divided by n - 1: here the variance is the mean of the squares, n."),
              Mistake(statistics_like(variance=lambda x, mean, n: np.sum((x - mean) ** 2)),
                      "the squares are added up and not divided by n."),
              Mistake(statistics_like(variance=lambda x, mean, n: np.sqrt(np.sum((x - mean) ** 2)
                                                                          / n)),
                      "this is the standard deviation: leave the root away. (Its slope at a single "
                      "value would be nan.)"),
              Mistake(statistics_like(variance=lambda x, mean, n: np.sum(np.abs(x - mean)) / n),
                      "these are absolute distances: square them."),
              Mistake(lambda x, real: (np.mean(x), np.var(x)),
                      "the mask is not used: the padding counts as well."),
              Mistake(lambda x, real: statistics_of_chosen(x, ~real),
                      "the mask is turned round: True is real."),
              Mistake(lambda x, real: statistics_of_chosen(x, real)[::-1],
                      "mean and variance are swapped: return the mean first."),
              Mistake(lambda x, real: statistics_of_chosen(x, real)[0],
                      "only one thing is returned: `return mean, variance`.")],
    hints=("Choose, then count, then divide, and let the count be at least 1. For the variance "
           "subtract the mean before you square.",
           "n = max(number of real ones, 1);   mean = Σ x / n;   variance = Σ (x - mean)² / n,   "
           "sums over the real ones only",
           "chosen = x[real]   # may be empty: then its sum is 0\nn = max(len(chosen), 1)\n"
           "mean = ...\nreturn mean, ..."),
    rtol=1e-5)

# -- 8.4 a training step ---------------------------------------------------------------------------

X1, X2 = fixed([[-1.0], [0.0], [1.0], [3.0]]), fixed([[1.0, 2.0], [-1.0, 0.5], [0.0, 1.5]])
Y1, Y2 = fixed([-2.0, 1.0, 2.0, 8.0]), fixed([3.0, -1.0, 2.0])


def step_like(error=lambda pred, y: pred - y.reshape(pred.shape), cost=lambda e: np.mean(e ** 2),
              forget=(), give=lambda cost: cost.item()):
    """One step of training, with another error or cost, or without one of its lines."""
    def answer(model, optimizer, x, y):
        value = cost(error(model(x), y))
        if "zero_grad" not in forget:
            optimizer.zero_grad()
        if "backward" not in forget:
            value.backward()
        if "step" not in forget:
            optimizer.step()
        return give(value)
    return answer


def step_by_ravel(model, optimizer, x, y):
    optimizer.zero_grad()
    error = np.ravel(model(x)) - np.ravel(y)
    cost = np.dot(error, error) / len(error)
    cost.backward()
    optimizer.step()
    return cost


def step_on_a_column(model, optimizer, x, y):
    if y.ndim == 1:
        y = y[:, None]
    cost = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return float(cost.data)


def cost_after_the_step(model, optimizer, x, y):
    step_like()(model, optimizer, x, y)
    return np.mean((model(x) - y.reshape(-1, 1)) ** 2).item()


def step_case(says, x, y, steps, key):
    def run(answer):
        model = nn.Linear(x.shape[1], 1, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the optimiser's own, about zero_grad
            found = [answer(model, optimizer, x, y) for _ in range(steps)]
        if key == "cost":
            return found[-1] if any(cost is None for cost in found) else list(map(array, found))
        return {name: p.data.copy() for name, p in model.named_parameters()}
    return Case(says, run, factors=((4.0, "the cost is a mean, is yours a sum?"),
                                    (2.0, "the error is squared, and nothing is halved.")))


STEP = Task(
    title="a training step, repaired",
    cases=[step_case("the cost of four examples, y of shape (4,)", X1, Y1, 1, "cost"),
           step_case("the model after this step", X1, Y1, 1, "model"),
           step_case("the same with y of shape (4, 1)", X1, fixed(Y1[:, None]), 1, "model"),
           step_case("a single example, y of shape (1,)", X1[3:], Y1[3:], 1, "model"),
           step_case("the costs of three steps, two columns in x", X2, Y2, 3, "cost"),
           step_case("the model after them", X2, Y2, 3, "model")],
    solution=step_like(),
    others=[step_by_ravel, step_on_a_column, step_like(lambda pred, y: pred[:, 0] - y.ravel()),
            step_like(lambda pred, y: np.squeeze(pred) - np.squeeze(y))],
    mistakes=[Mistake(step_like(lambda pred, y: pred - y),
                      "a column less a row, all predictions against all targets: bring y into the "
                      "shape of the prediction."),
              Mistake(step_like(lambda pred, y: pred - y[:, None]),
                      "right for y of shape (n,) only: a y of shape (n, 1) broadcasts, against a "
                      "flat prediction, or since y[:, None] makes it (n, 1, 1). "
                      "y.reshape(pred.shape) suits both."),
              Mistake(step_like(lambda pred, y: pred - y.ravel()),
                      "it broadcasts always: your y is a row, of shape (n,) or (1, n), and the "
                      "prediction a column. A transpose makes no column of (n,): reshape."),
              Mistake(step_like(lambda pred, y: pred - np.mean(y)),
                      "the mean of y has the right shape and is not what each example should be "
                      "drawn to."),
              Mistake(step_like(cost=lambda e: np.sum(e ** 2)),
                      "the shapes are right, and the cost is now a sum: it was a mean."),
              Mistake(step_like(cost=lambda e: np.mean(np.abs(e))),
                      "the shapes are right, and the cost is now the mean of |e|: it was that of "
                      "the squares."),
              Mistake(step_like(cost=lambda e: np.sqrt(np.mean(e ** 2))),
                      "the shapes are right, and the cost is now the root of the mean: it was the "
                      "mean."),
              Mistake(step_like(cost=lambda e: np.mean(e) ** 2),
                      "brackets: first the mean is taken, then the square. It was the mean of the "
                      "squares."),
              Mistake(step_like(cost=lambda e: 0.5 * np.mean(e ** 2)),
                      "the shapes are right, and the cost is now half: it was the mean of the "
                      "squares, without a ½."),
              Mistake(step_like(forget=("zero_grad",)),
                      "the first step is right, later ones are not: optimizer.zero_grad() is "
                      "missing, and the gradients add up."),
              Mistake(step_like(forget=("step",)),
                      "the model does not change: optimizer.step() is missing."),
              Mistake(step_like(forget=("backward",)),
                      "no parameter has a gradient when step() comes: cost.backward() belongs "
                      "between zero_grad() and step()."),
              Mistake(step_like(lambda pred, y: pred.data - y.reshape(pred.shape),
                                give=lambda cost: cost),
                      "pred.data is a plain array, and so is the cost: it has no backward()."),
              Mistake(cost_after_the_step,
                      "the model is right, the cost is that of the model after the step: return "
                      "the one from which the gradient came.")],
    hints=("Print pred.shape, y.shape and (pred - y).shape. Which of the three is not (n, 1)?",
           "cost = mean over i of (pred_i - y_i)²: both of one shape, whichever shape y came in",
           "pred = model(x)\ny = y.reshape(...)   # whose shape?\n...   # the rest as it was"))

# -- 8.5 a loss with a bug -------------------------------------------------------------------------

POINTS = fixed([[3.0, 4.0], [0.0, 1.0], [-1.0, 2.0]])
TARGETS = fixed([[0.0, 0.0], [0.0, 3.0], [-2.0, 1.0]])
HIT = fixed([[3.0, 4.0], [0.0, 3.0], [-2.0, 2.0]])  # the second one is perfect
CLOSER = fixed([[3e-90, 4e-90], [0.0, 3.0], [-2.0, 1.0]])
CLOSE = fixed([[3e-9, 4e-9], [0.0, 3.0], [-2.0, 1.0]])


def distance_like(square=lambda e: np.sum(e ** 2, axis=1), root=np.sqrt, reduce=np.mean):
    return lambda pred, target: reduce(root(square(pred - target)))


def root_of(safe, otherwise=None):
    """The root of safe(square), or `otherwise` where the square is 0."""
    def root(square):
        found = np.sqrt(safe(square))
        return found if otherwise is None else np.where(square > 0.0, found, otherwise)
    return root


def distance(pred, target):
    square = np.sum((pred - target) ** 2, axis=1)
    off = square > 0.0
    return np.mean(np.where(off, np.sqrt(np.where(off, square, 1.0)), 0.0))


def distance_by_hypot(pred, target):
    e = pred - target
    return np.hypot(e[:, 0], e[:, 1]).mean()


def distance_of_those_off(pred, target):
    square = ((pred - target) ** 2).sum(axis=1)
    return np.sum(np.sqrt(square[square > 0])) / len(pred)


def distance_by_adding_the_mask(pred, target):
    square = np.sum(np.square(pred - target), axis=-1)
    hit = (square.data == 0).astype(float)
    return np.mean(np.sqrt(square + hit) - hit)


def distance_case(says, pred, key):
    return Case(says, lambda answer: value_and_gradient(answer, pred, TARGETS[:len(pred)])[key],
                measured=(lambda: differences(lambda p: distance(Tensor(p), TARGETS).data, pred))
                if says == "its gradient" else None,
                factors=((3.0, "the cost is the mean of the distances, is yours their sum?"),))


DISTANCE = Task(
    title="a loss with a bug",
    cases=[distance_case("three points off their targets", POINTS, "value"),
           distance_case("its gradient", POINTS, "gradient"),
           distance_case("one of three is perfect", HIT, "value"),
           distance_case("the gradient there, 0 for the perfect one", HIT, "gradient"),
           distance_case("a single perfect point: the gradient", TARGETS[:1], "gradient"),
           distance_case("5e-9 off: the gradient is as long as ever", CLOSE, "gradient"),
           distance_case("5e-90 off", CLOSER, "gradient")],
    solution=distance,
    others=[distance_by_hypot, distance_of_those_off, distance_by_adding_the_mask],
    mistakes=[Mistake(distance_like(),
                      "a perfect prediction still has the gradient nan: the slope of the root at 0 "
                      "is inf, and a where around it sends back a 0, which makes 0 · inf. What the "
                      "root is given needs a where too."),
              Mistake(distance_like(root=root_of(lambda s: np.where(s > 0.0, s, 1.0))),
                      "the nan is gone, and a perfect prediction now costs 1, the root of what you "
                      "put in its place: choose 0 there with a second where."),
              *[Mistake(distance_like(root=root_of(lambda s, tiny=tiny: s + tiny)),
                        f"the {tiny:g} under the root keeps nan away and kills small pulls: who is "
                        f"less than {np.sqrt(tiny):.0e} off is hardly pulled any more. Change only "
                        "what is exactly 0, with where.") for tiny in TINY],
              *[Mistake(distance_like(root=root_of(lambda s, tiny=tiny: np.maximum(s, tiny))),
                        "below its bound the square stands still and the slope is 0: who is nearly "
                        f"perfect is not pulled any more.{more} Change only what is exactly 0, "
                        "with where.") for tiny, more in
                ((1e-12, ""), *((tiny, f" And the root of {tiny:g} is seen in the cost.")
                                for tiny in TINY if tiny > 2e-10))],
              Mistake(lambda pred, target: np.mean(np.sqrt(np.sum((pred - target) ** 2, axis=1)[
                          np.any((pred - target).data != 0.0, axis=1)])),
                      "the perfect ones are left out of the mean, too: divide by all points. And "
                      "if all are perfect, it is a mean of nothing, nan."),
              Mistake(distance_like(root=lambda s: np.where(s > 1e-20, np.sqrt(np.where(
                          s > 1e-20, s, 1.0)), 0.0)),
                      "below a threshold everybody counts as perfect: however small it is, change "
                      "only what is exactly 0."),
              Mistake(distance_like(lambda e: np.abs(e), lambda s: s),
                      "this is the mean of |a| and |b|, over all coordinates: the mean of the "
                      "distances √(a² + b²) is asked."),
              Mistake(distance_like(root=lambda s: s),
                      "without the root it is another loss, the squared distance: then the pull "
                      "grows with the distance."),
              Mistake(distance_like(lambda e: np.abs(e), lambda s: np.sum(s, axis=1)),
                      "|a| + |b| has no nan, but it is another distance: √(a² + b²) was asked."),
              Mistake(distance_like(lambda e: np.sum(e ** 2)),
                      "one root for all points together: each has its own distance, axis=1."),
              Mistake(distance_like(root=root_of(lambda s: np.where(s > 0.0, s, 1.0), 0.0),
                                    reduce=np.sum),
                      "the mean has become a sum: divide by the number of points."),
              Mistake(distance_like(root=root_of(lambda s: np.where(s > 0.0, s, 1.0), 0.0),
                                    reduce=lambda d: d),
                      "one distance for each point: return their mean, one number."),
              Mistake(lambda pred, target: distance(Tensor(pred.data), target),
                      "the graph was cut by `.data` and a new Tensor: the gradient is 0 "
                      "everywhere."),
              Mistake(lambda pred, target: distance(pred.data, target),
                      "the number is right and no Tensor: .data, float() or item() cuts the graph, "
                      "and backward() has nothing to walk back on.")],
    hints=("Ask detect_anomaly who made the nan, with cost and backward inside of "
           "`with detect_anomaly():`. At which prediction does it happen?",
           "safe = s where s > 0, else 1;   distance = √safe where s > 0, else 0",
           "square = np.sum((pred - target) ** 2, axis=1)\nsafe = np.where(square > 0, square, 1.0)"
           "\nroot = np.where(square > 0, ..., ...)\nreturn np.mean(root)"))

TASKS = {"8.1": LOG_ADD, "8.2": ENTROPY, "8.3": STATISTICS, "8.4": STEP, "8.5": DISTANCE}
