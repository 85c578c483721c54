"""Lesson 1, one weight: the slope by hand, by differences and by the engine, and the descent."""

import numpy as np

from minigrad import Tensor, grad

from .checking import Case, Mistake, Task, fixed

X, Y = fixed([1.0, 2.0, 3.0]), fixed([2.0, 3.0, 7.0])
MORE_X, MORE_Y = fixed([-2.0, -1.0, 0.0, 1.0, 2.0]), fixed([-4.2, -1.7, 0.1, 2.3, 3.9])


def cost(w, x, y):
    return np.mean((w * x - y) ** 2)


# -- 1.1 the slope by hand -------------------------------------------------------------------------


def slope(w, x, y):
    return 2.0 * np.mean((w * x - y) * x)


def slope_case(says, w, x, y):
    h = 1e-5
    return Case(says, lambda answer: answer(w, x, y),
                measured=lambda: (cost(w + h, x, y) - cost(w - h, x, y)) / (2 * h),
                factors=((len(x), "the cost is a mean, is your slope a sum?"),
                         (2.0, "the derivative of a square has a 2: (u²)' = 2 u u'")))


SLOPE = Task(
    title="the slope of the cost",
    cases=[slope_case("the mean of three readings at w = 1", 1.0, X, Y),
           slope_case("the same readings at w = 3", 3.0, X, Y),
           slope_case("five readings at w = 0", 0.0, MORE_X, MORE_Y),
           slope_case("a single reading", 2.5, X[1:2], Y[1:2])],
    solution=slope,
    others=[lambda w, x, y: 2.0 * w * np.mean(x * x) - 2.0 * np.mean(x * y),
            lambda w, x, y: sum(2.0 * (w * a - b) * a for a, b in zip(x, y, strict=True)) / len(x),
            lambda w, x, y: 2.0 / x.size * x.dot(w * x - y)],
    mistakes=[Mistake(lambda w, x, y: 2.0 * np.sum((w * x - y) * x),
                      "off by a factor n: the cost is a mean, your slope is a sum."),
              Mistake(lambda w, x, y: 2.0 * np.mean((y - w * x) * x),
                      "the sign is flipped: the residual is prediction minus reading."),
              Mistake(lambda w, x, y: 2.0 * np.mean(w * x - y),
                      "the inner derivative is missing: d(w x)/dw = x multiplies every residual."),
              Mistake(lambda w, x, y: np.mean((w * x - y) * x),
                      "the 2 of the square is missing: (u²)' = 2 u u'."),
              Mistake(lambda w, x, y: 2.0 * np.mean(w * x - y) * np.mean(x),
                      "a product of two means is not the mean of the products."),
              Mistake(lambda w, x, y: np.sum((w * x - y) * x),
                      "two things are missing: the 2 of the square, (u²)' = 2 u u', and the 1/n of "
                      "the mean."),
              Mistake(lambda w, x, y: 2.0 * np.sum((y - w * x) * x),
                      "the sign is flipped, prediction minus reading; and it is a sum, where the "
                      "cost is a mean."),
              Mistake(lambda w, x, y: 2.0 * np.mean((w * x - y) * w),
                      "the inner derivative is not w: it is by w that you derive, and "
                      "d(w x)/dw = x."),
              Mistake(lambda w, x, y: 2.0 * np.mean(np.abs(w * x - y) * x),
                      "a residual keeps its sign here, w x - y: without |...|."),
              Mistake(lambda w, x, y: cost(w, x, y),
                      "this is the cost itself, not its slope."),
              Mistake(lambda w, x, y: 2.0 * np.sum((w * x - y) * x) / np.float64(len(x) - 1),
                      "divided by n - 1: the mean of n readings is their sum over n, and of a "
                      "single one it is the reading itself."),
              Mistake(lambda w, x, y: 2.0 * (w * x - y) * x,
                      "one slope for each reading: the mean of them is missing.")],
    hints=("Chain rule: outer derivative times inner derivative, for each reading; then the mean.",
           "C(w) = mean (w x - y)²,  so  C'(w) = mean 2 (w x - y) x",
           "residual = w * x - y\nreturn 2 * np.mean(residual * ...)   # what is d(w x)/dw?"))

# -- 1.2 the central difference --------------------------------------------------------------------


def central(f, w, h):
    return (f(w + h) - f(w - h)) / (2.0 * h)


CENTRAL = Task(
    title="the central difference",
    cases=[Case("x² at 3, h = 0.1", lambda answer: answer(lambda x: x * x, 3.0, 0.1)),
           Case("x³ at 3, h = 0.1: 27 + h²", lambda answer: answer(lambda x: x**3, 3.0, 0.1)),
           Case("e^x at 0, h = 0.01", lambda answer: answer(np.exp, 0.0, 0.01)),
           Case("a line of slope -2, h = 1", lambda answer: answer(lambda x: 5 - 2 * x, 1.0, 1.0))],
    solution=central,
    others=[lambda f, w, h: 0.5 * ((f(w + h) - f(w)) / h + (f(w) - f(w - h)) / h),
            lambda f, w, h: (f(w - h) - f(w + h)) / (w - h - (w + h))],
    mistakes=[Mistake(lambda f, w, h: (f(w + h) - f(w)) / h,
                      "this is the forward difference: it looks ahead only, from w to w + h."),
              Mistake(lambda f, w, h: (f(w) - f(w - h)) / h,
                      "this is the backward difference: it looks back only, from w - h to w."),
              Mistake(lambda f, w, h: (f(w + h) - f(w - h)) / h,
                      "from w - h to w + h the way is 2 h, not h."),
              Mistake(lambda f, w, h: (f(w - h) - f(w + h)) / (2.0 * h),
                      "the sign is flipped: the right end minus the left end."),
              Mistake(lambda f, w, h: f(w + h) - f(w - h) / (2.0 * h),
                      "brackets: the whole difference is divided by 2 h, not its last term alone."),
              Mistake(lambda f, w, h: (f(w + h) - f(w - h)) / 2.0 * h,
                      "brackets: / 2 * h divides by 2 and then multiplies by h; write / (2 * h)."),
              Mistake(lambda f, w, h: f(w + h) - f(w - h),
                      "this is the rise alone: divide by the run, 2 h."),
              Mistake(lambda f, w, h: (f(w + h) - f(w - h)) / 2.0,
                      "divided by 2, not by 2 h: the run is from w - h to w + h."),
              Mistake(lambda f, w, h: (f(w + 0.5 * h) - f(w - 0.5 * h)) / h,
                      "this goes half the way to each side: from w - h to w + h, and 2 h is the "
                      "run."),
              Mistake(lambda f, w, h: (f(w + 1e-5) - f(w - 1e-5)) / 2e-5,
                      "this has a step of its own: the step is h."),
              Mistake(lambda f, w, h: (f(w + h) + f(w - h)) / (2.0 * h),
                      "the two values are added: rise is the right one minus the left one."),
              Mistake(lambda f, w, h: (f(w + h) - 2.0 * f(w) + f(w - h)) / h**2,
                      "this is the second difference, which measures the curvature.")],
    hints=("Rise over run, with w in the middle of the run.",
           "f'(w) ≈ ( f(w + h) - f(w - h) ) / ( 2 h )",
           "rise = f(w + h) - ...\nreturn rise / (...)   # how far is it from w - h to w + h?"))


# -- 1.3 gradient descent --------------------------------------------------------------------------


def path_case(says, slope, w, rate, steps):
    def run(answer):
        found = answer(slope, w, rate, steps)
        return list(found) if isinstance(found, np.ndarray) and found.ndim else found
    return Case(says, run)


def descend(slope, w, rate, steps):
    path = [w]
    for _ in range(steps):
        w = w - rate * slope(w)
        path.append(w)
    return path


def descend_recursively(slope, w, rate, steps):
    return [w, *(descend_recursively(slope, w - rate * slope(w), rate, steps - 1) if steps else [])]


def descend_in_an_array(slope, w, rate, steps):
    path = np.full(steps + 1, float(w))
    for k in range(steps):
        path[k + 1] = path[k] - rate * slope(path[k])
    return path


def descend_with(step, keep=lambda path: path):
    """Descent with a step of another kind: step(w, slope, rate, k, the first w)."""
    def answer(slope, w, rate, steps):
        path = [w]
        for k in range(steps):
            path.append(step(path[-1], slope, rate, k, w))
        return keep(path)
    return answer


DESCEND = Task(
    title="gradient descent",
    cases=[path_case("slope 2w from w = 1 at rate 0.1, three steps", lambda w: 2.0 * w, 1.0, 0.1,
                     3),
           path_case("slope 4w - 8.08 from w = 0 at rate 0.1, five steps",
                     lambda w: 4.0 * w - 8.08, 0.0, 0.1, 5),
           path_case("slope 3w² from w = -1 at rate 0.2, two steps", lambda w: 3.0 * w * w, -1.0,
                     0.2, 2),
           path_case("no step at all", lambda w: w, 7.0, 0.1, 0)],
    solution=descend,
    others=[descend_recursively, descend_in_an_array],
    mistakes=[Mistake(descend_with(lambda w, slope, rate, k, first: w + rate * slope(w)),
                      "it climbs: go against the slope, w - rate * slope(w)."),
              Mistake(descend_with(lambda w, slope, rate, k, first: first - rate * slope(first)),
                      "every step starts from the first weight: keep the new w for the next one."),
              Mistake(descend_with(lambda w, slope, rate, k, first: w - rate * slope(first)),
                      "the slope is always that of the first weight: ask anew in each step."),
              Mistake(descend_with(lambda w, slope, rate, k, first: w - rate * slope(w),
                                   lambda path: path[1:]),
                      "the first weight is missing: the path begins where you stand."),
              Mistake(descend_with(lambda w, slope, rate, k, first: w - slope(w)),
                      "the learning rate is not used."),
              Mistake(lambda slope, w, rate, steps: [descend(slope, w, rate, steps)[-1]],
                      "only the last weight is there: return all of them, the first one too."),
              Mistake(lambda slope, w, rate, steps: descend(slope, w, rate, steps)[-1],
                      "one number, the last weight: return the list of all of them, the first one "
                      "too."),
              Mistake(lambda slope, w, rate, steps: descend(slope, w, rate, steps + 1),
                      "one step too many: the list has steps + 1 weights."),
              Mistake(lambda slope, w, rate, steps: descend(slope, w, rate, steps)[:-1],
                      "the last weight is missing: note it after the step, or take one step "
                      "more."),
              Mistake(lambda slope, w, rate, steps: descend(slope, w, rate, min(steps, 1)),
                      "there is one step only: does the return stand inside the loop?"),
              Mistake(descend_with(lambda w, slope, rate, k, first: w - rate * w),
                      "the slope is not asked: w - rate * slope(w).")],
    hints=("Again and again: ask for the slope where you stand, and step against it.",
           "w  ←  w - rate · slope(w)",
           "path = [w]\nfor _ in range(steps):\n    w = ...\n    path.append(w)\nreturn path"))


# -- 1.4 the slope by the engine -------------------------------------------------------------------


def by_engine(cost, w):
    w = Tensor(w, requires_grad=True)
    cost(w).backward()
    return w.grad


def by_grad(cost, w):
    w = Tensor(w, requires_grad=True)
    return grad(cost(w), w)


def by_item(cost, w):
    w = Tensor([w], requires_grad=True)
    cost(w).sum().backward()
    return w.grad.item()


def twice(cost, w):
    w = Tensor(w, requires_grad=True)
    cost(w).backward()
    cost(w).backward()
    return w.grad


def value(cost, w):
    w = Tensor(w, requires_grad=True)
    cost(w).backward()
    return cost(w).item()


def untracked(cost, w):
    w = Tensor(w)
    cost(w).backward()
    return w.grad


def never_backward(cost, w):
    w = Tensor(w, requires_grad=True)
    cost(w)
    return w.grad


def cut(cost, w):
    w = Tensor(w, requires_grad=True)
    cost(w.data).backward()
    return w.grad


def weight_itself(cost, w):
    return w


def slope_of_itself(cost, w):
    w = cost(Tensor(w, requires_grad=True))
    w.backward()
    return w.grad


def by_differences(cost, w):
    return central(lambda w: cost(Tensor(w)).item(), w, 1e-3)


def engine_case(says, cost, w):
    return Case(says, lambda answer: answer(cost, w), measured=lambda: central(
        lambda w: float(cost(np.array(w))), w, 1e-5))


ENGINE = Task(
    title="the slope by the engine",
    cases=[engine_case("mean (w x - y)² at w = 1", lambda w: ((w * X - Y) ** 2).mean(), 1.0),
           engine_case("w³ at -2", lambda w: w * w * w, -2.0),
           engine_case("sin w at 0.5", lambda w: np.sin(w), 0.5),
           Case("w³ + 10¹² at -2: the offset has no slope",
                lambda answer: answer(lambda w: w * w * w + 1e12, -2.0))],
    solution=by_engine,
    others=[by_grad, by_item],
    mistakes=[Mistake(twice, "twice too large: backward() adds to .grad, and it ran twice."),
              Mistake(value, "this is the value of the cost, not its slope: look at w.grad."),
              Mistake(untracked, "nothing was recorded: make the Tensor with requires_grad=True."),
              Mistake(never_backward, "None came out. Either a `return` is missing, or backward() "
                                      "is returned, which gives nothing, or w.grad is looked at "
                                      "before backward() has run."),
              Mistake(cut, "only a Tensor has a backward(): make w a Tensor, give this Tensor to "
                           "the cost, not w.data, and walk back from what cost(w) returns."),
              Mistake(weight_itself, "this is the weight itself: its slope is in w.grad."),
              Mistake(slope_of_itself, "this is the slope of the cost by itself, always 1: the "
                                       "slope by w is in w.grad."),
              Mistake(by_differences, "near, but drowned where the cost is large: these are "
                                      "differences. Let the engine find the slope: w.grad.")],
    hints=("A Tensor remembers how it was computed, if you ask it to; backward() walks back.",
           "w = Tensor(value, requires_grad=True);  cost(w).backward();  the slope is in w.grad",
           "w = Tensor(w, requires_grad=True)\n...   # the walk back from the cost\nreturn ..."))

TASKS = {"1.1": SLOPE, "1.2": CENTRAL, "1.3": DESCEND, "1.4": ENGINE}
