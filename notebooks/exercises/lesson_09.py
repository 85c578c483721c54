"""Lesson 9, optimisers: sum and mean, momentum, Adam, clipping, a schedule with a warm-up."""

import math
from functools import partial

import numpy as np

import optim
from minigrad import Tensor

from .checking import Case, Mistake, Task, fixed

# -- 9.1 from sum to mean --------------------------------------------------------------------------


def rate_under_mean(rate, shape, optimizer):
    if optimizer in ("SGD", "momentum"):
        return rate * math.prod(shape)
    return rate


def rate_by_counting(rate, shape, optimizer):
    divides_by_the_size = optimizer == "Adam" or optimizer == "Adagrad" or optimizer == "RMSprop"
    return rate if divides_by_the_size else rate * np.ones(shape).size


def rate_by_a_table(rate, shape, optimizer):
    power = {"SGD": 1, "momentum": 1, "Adagrad": 0, "RMSprop": 0, "Adam": 0}
    return rate * np.prod(shape) ** power[optimizer]


def rate_like(factor=math.prod, scaled=("SGD", "momentum")):
    """Another factor than the number of losses, or for other optimisers."""
    return lambda rate, shape, optimizer: rate * (factor(shape) if optimizer in scaled else 1)


def rate_case(says, rate, shape, optimizer):
    n = math.prod(shape)
    return Case(says, lambda answer: answer(rate, shape, optimizer), factors=(
        (n * n, "the other way round: the gradient of the mean is shorter."),
        (n, "how many losses does the mean divide by, and does this optimiser mind?")))


ALL = ("SGD", "momentum", "Adagrad", "RMSprop", "Adam")

RATE = Task(
    title="from sum to mean",
    cases=[rate_case("SGD at 0.01, a batch of 8 rows with 3 losses each", 0.01, (8, 3), "SGD"),
           rate_case("SGD, 8 losses", 0.01, (8,), "SGD"),
           rate_case("SGD with momentum, 50 losses", 0.002, (50,), "momentum"),
           rate_case("Adam, 8 losses", 0.01, (8,), "Adam"),
           rate_case("RMSprop, 8 losses", 0.02, (8,), "RMSprop"),
           rate_case("Adagrad, 8 rows with 3 losses each", 0.1, (8, 3), "Adagrad"),
           rate_case("SGD, a single loss", 0.5, (1,), "SGD")],
    solution=rate_under_mean,
    others=[rate_by_counting, rate_by_a_table],
    mistakes=[
        Mistake(rate_like(lambda shape: 1 / math.prod(shape)),
                "the wrong way: the gradient of the mean is n times shorter, so the rate has to be "
                "n times larger."),
        Mistake(rate_like(lambda shape: shape[0]),
                "right for one loss in each row: the mean divides by the number of all losses, "
                "rows times columns."),
        Mistake(rate_like(lambda shape: shape[-1]),
                "that is the number of columns: the mean divides by the number of all losses."),
        Mistake(rate_like(sum),
                "rows plus columns: the number of losses is rows times columns."),
        Mistake(rate_like(lambda shape: math.sqrt(math.prod(shape))),
                "√n is the law of the noise: the gradient itself is shorter by n."),
        Mistake(rate_like(len),
                "len(shape) is the number of axes: the mean divides by the number of losses."),
        Mistake(lambda rate, shape, optimizer: rate_under_mean(rate, shape, optimizer)
                * (0.1 if optimizer == "momentum" else 1.0),
                "that momentum's steps grow by 1 / (1 - μ) holds under the sum and under the mean: "
                "it cancels."),
        Mistake(rate_like(scaled=ALL),
                "right for SGD and momentum; Adagrad, RMSprop and Adam divide by the size of the "
                "gradient, and a factor n cancels."),
        Mistake(rate_like(scaled=("Adagrad", "RMSprop", "Adam")),
                "it is the other way round: these three divide by the size of the gradient, and "
                "do not mind; SGD and momentum do."),
        Mistake(rate_like(lambda shape: math.prod(shape) ** 2),
                "n times too much: the gradient of the mean is n times shorter, not n² times."),
        Mistake(rate_like(scaled=("SGD",)),
                "momentum, too: the velocity is a sum of gradients, and shrinks as they do."),
        Mistake(rate_like(scaled=("SGD", "momentum", "Adagrad", "RMSprop")),
                "not Adam alone: Adagrad and RMSprop divide by the size of the gradient as well."),
        Mistake(rate_like(scaled=("SGD", "momentum", "Adagrad")),
                "Adagrad divides by the root of a sum of squares: a factor n cancels there, too."),
        Mistake(rate_like(scaled=("SGD", "momentum", "RMSprop")),
                "RMSprop divides by the root of a mean of squares: a factor n cancels there, too."),
        Mistake(rate_like(scaled=("SGD", "momentum", "Adam")),
                "Adam divides the mean of the gradients by the root of the mean of their squares: "
                "a factor n cancels."),
        Mistake(rate_like(scaled=()),
                "the rate is left as it is: right for those that divide by the size of the "
                "gradient. SGD's steps would be n times shorter."),
        Mistake(rate_like(lambda shape: 1 / math.prod(shape), ALL),
                "the wrong way, and for all of them: the gradient of the mean is shorter, and some "
                "optimisers do not mind.")],
    hints=("Two questions: by what factor is the gradient of the mean shorter? And does the step "
           "of this optimiser shrink with the gradient?",
           "C = S / n, so C' = S' / n;   SGD: step = rate · g, momentum: rate · (sum of g's);   "
           "the other three: g over the usual size of g",
           'if optimizer in ("SGD", ...):\n    return rate * ...   # the number of all losses\n'
           "return rate"))

# -- 9.2 momentum ----------------------------------------------------------------------------------

START = fixed([1.0, -2.0])
PUSHED = fixed([4.0, -1.0])
SAME, TURNING = fixed([[1.0, 0.5]] * 4), fixed([[2.0, 1.0], [-2.0, 0.5], [2.0, -1.0], [-2.0, 3.0]])


def momentum(w, v, g, rate, mu):
    v = mu * v + g
    return w - rate * v, v


def momentum_in_place(w, v, g, rate, mu):
    v *= mu
    v += g
    w -= rate * v
    return w, v


def momentum_in_one(w, v, g, rate, mu):
    return [w - rate * g - rate * mu * v, g + mu * v]


def steps_of(answer, gradients, rates, mu, v=(0.0, 0.0)):
    """All places and velocities; every step is given what the one before returned."""
    w, v, places, velocities = START.copy(), np.array(v), [], []
    for g, rate in zip(gradients, rates, strict=True):
        found = answer(w, v, g, rate, mu)
        if not isinstance(found, tuple | list) or len(found) != 2:
            return None if found is None else "no pair of w and v"
        w, v = found
        places.append(np.array(w))
        velocities.append(np.array(v))
    return {"w": np.array(places), "v": np.array(velocities)}


def momentum_case(says, gradients, rates, mu, v=(0.0, 0.0)):
    return Case(says, partial(steps_of, gradients=gradients, rates=rates, mu=mu, v=v))


def momentum_with(velocity=lambda v, g, rate, mu: mu * v + g,
                  step=lambda v, g, rate, mu, old: rate * v,
                  kept=lambda v, old: v):
    def answer(w, v, g, rate, mu):
        new = velocity(v, g, rate, mu)
        return w - step(new, g, rate, mu, v), kept(new, v)
    return answer


MOMENTUM = Task(
    title="momentum",
    cases=[momentum_case("one step at velocity (4, -1), μ = 0.7, rate 0.1", SAME[:1], [0.1], 0.7,
                         PUSHED),
           momentum_case("four steps of the same gradient, μ = 0.9, rate 0.1", SAME, [0.1] * 4,
                         0.9),
           momentum_case("four gradients of changing sign, μ = ½, rate 1", TURNING, [1.0] * 4, 0.5),
           momentum_case("a rate that falls on the way, from 0.1 to 0.01", TURNING,
                         [0.1, 0.1, 0.01, 0.01], 0.8),
           momentum_case("μ = 0: plain descent", TURNING, [0.1] * 4, 0.0)],
    solution=momentum,
    others=[momentum_in_place, momentum_in_one],
    mistakes=[
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v + rate * g,
                              lambda v, g, rate, mu, old: v),
                "the rate is inside the velocity: the same path while the rate stays as it is. "
                "When it falls, the old velocity would go on at the old rate. Here v ← μ v + g."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v + rate * g),
                "the rate comes in twice: once in the velocity, once in the step."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v + (1 - mu) * g),
                "this is a running mean, with 1 - μ before g, as in Adam: steps are 1 - μ times as "
                "long. Here g is added whole."),
        Mistake(momentum_with(lambda v, g, rate, mu: (1 - mu) * v + mu * g),
                "μ and 1 - μ stand where the running mean has them, and the wrong way round: "
                "v ← μ v + g."),
        Mistake(momentum_with(lambda v, g, rate, mu: (1 - mu) * v + g),
                "1 - μ of the velocity is kept: μ is the share that is left, not the friction."),
        Mistake(momentum_with(lambda v, g, rate, mu: v + mu * g),
                "μ stands before the wrong one: the old velocity is braked, the gradient is not."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * (v + g)),
                "μ brakes the gradient as well: the gradient is added after the braking."),
        Mistake(momentum_with(lambda v, g, rate, mu: v + g),
                "there is no friction: μ is not used."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: -rate * v),
                "it climbs: w minus rate times v."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v - g,
                              lambda v, g, rate, mu, old: -rate * v),
                "the path is right, the sign of v another one: v ← μ v + g, and minus in the step "
                "of w."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v - g),
                "two minuses: v takes the gradient with a minus, and w takes v with another one, "
                "so it climbs. v ← μ v + g."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v - rate * g,
                              lambda v, g, rate, mu, old: -v),
                "many books write v ← μ v - rate · g and w ← w + v: the same path while the rate "
                "stays. Here v ← μ v + g, and the rate is in the step of w alone."),
        Mistake(momentum_with(kept=lambda v, old: old),
                "the velocity is not kept: return the new v, or every step begins anew."),
        Mistake(momentum_with(kept=lambda v, old: 0.0 * v),
                "v comes back as 0: return the new velocity."),
        Mistake(lambda w, v, g, rate, mu: (momentum(w, v, g, rate, mu)[0], g),
                "the gradient comes back in the place of the velocity: return the new v."),
        Mistake(lambda w, v, g, rate, mu: (momentum(w, v, g, rate, mu)[0], rate * (mu * v + g)),
                "w is right; what comes back as v is the step, rate · v: return v itself."),
        Mistake(momentum_with(lambda v, g, rate, mu: mu * v),
                "the gradient does not occur in it: v ← μ v + g."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * g + mu * old),
                "v is right; in the step the rate multiplies all of v, not g alone."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * g),
                "w moves by the gradient alone: by rate times the new velocity."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * old),
                "w moves by the old velocity: the new gradient has to be in it already."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: v),
                "the rate is not used."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * (g + mu * v)),
                "this is Nesterov's step, g + μ v: here it is v."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * (g + v)),
                "the gradient comes in twice: v has it already."),
        Mistake(momentum_with(step=lambda v, g, rate, mu, old: rate * mu * v),
                "μ brakes twice: the velocity has been braked, the step is rate times v."),
        Mistake(lambda w, v, g, rate, mu: momentum(w, v, g, rate, mu)[0],
                "return both, the new w and the new v: the next step needs the velocity."),
        Mistake(lambda w, v, g, rate, mu: momentum(w, v, g, rate, mu)[::-1],
                "first the new w, then the new v.")],
    hints=("A ball with friction: the gradient pushes it, and the share μ of its velocity is left "
           "after each step.",
           "v ← μ v + g,   then   w ← w - rate · v",
           "v = ... * v + ...\nw = w - ...\nreturn w, v"))

# -- 9.3 Adam --------------------------------------------------------------------------------------


def adam(w, slope, steps, rate, beta1, beta2, eps):
    m, v, path = 0.0, 0.0, [w]
    for t in range(1, steps + 1):
        g = slope(w)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        w = w - rate * m_hat / (np.sqrt(v_hat) + eps)
        path.append(w)
    return path


def adam_of_the_library(w, slope, steps, rate, beta1, beta2, eps):
    w = Tensor(w, requires_grad=True)
    optimizer, path = optim.Adam([w], lr=rate, betas=(beta1, beta2), eps=eps), [w.data.copy()]
    for _ in range(steps):
        w.grad = slope(w.data)
        optimizer.step()
        path.append(w.data.copy())
    return path


def adam_in_arrays(w, slope, steps, rate, beta1, beta2, eps):
    path, m, v = [w], np.zeros_like(w), np.zeros_like(w)
    power1 = power2 = 1.0
    while len(path) <= steps:
        g = slope(path[-1])
        power1, power2 = power1 * beta1, power2 * beta2
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g**2 - v)
        step = rate * (m / (1 - power1)) / ((v / (1 - power2)) ** 0.5 + eps)
        path.append(path[-1] - step)
    return np.array(path)


def adam_with(m_part=lambda beta1, t: 1 - beta1**t, v_part=lambda beta2, t: 1 - beta2**t,
              divisor=lambda v_hat, eps: np.sqrt(v_hat) + eps, square=np.square,
              weight1=lambda beta: 1 - beta, weight2=lambda beta: 1 - beta, above=lambda m, g: m,
              sign=-1.0, first=1, overwrite=False, swapped=False, at=-1, keep=slice(None)):
    """Adam with mistakes in it; `first` is the first t, `at` the place where the slope is taken."""
    def answer(w, slope, steps, rate, beta1, beta2, eps):
        if swapped:
            beta1, beta2 = beta2, beta1
        m, v, path = np.zeros(2), np.zeros(2), [w]
        for t in range(first, steps + first):
            g = slope(path[at])
            m = beta1 * m + weight1(beta1) * g
            v = beta2 * v + weight2(beta2) * square(g)
            m_hat, v_hat = m / np.float64(m_part(beta1, t)), v / np.float64(v_part(beta2, t))
            path.append(path[-1] + sign * rate * above(m_hat, g) / divisor(v_hat, eps))
            m, v = (m_hat, v_hat) if overwrite else (m, v)
        return path[keep]
    return answer


def eps_before_correction(w, slope, steps, rate, beta1, beta2, eps):
    m, v, path = 0.0, 0.0, [w]
    for t in range(1, steps + 1):
        g = slope(path[-1])
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        size = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        path.append(path[-1] - size * m / (np.sqrt(v) + eps))
    return path


def eps_beside(w, slope, steps, rate, beta1, beta2, eps):
    path = [w]
    for t in range(1, steps + 1):
        m, v = 0.0, 0.0
        for g in map(slope, path):
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        path.append(path[-1] - rate * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t)) + eps)
    return path


def eps_behind(w, slope, steps, rate, beta1, beta2, eps):
    path, m, v = [w], 0.0, 0.0
    for t in range(1, steps + 1):
        g = slope(path[-1])
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        step = m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t)) + eps
        path.append(path[-1] - rate * step)
    return path


def same_from_the_second(w, slope, steps, rate, beta1, beta2, eps):
    path = adam(w, slope, steps, rate, beta1, beta2, eps)
    return path[:1] + path[-1:] * steps


def signs(w, slope, steps, rate, beta1, beta2, eps):
    path, m = [w], 0.0
    for _ in range(steps):
        m = beta1 * m + (1 - beta1) * slope(path[-1])
        path.append(path[-1] - rate * np.sign(m))
    return path


def means_that_begin_anew(w, slope, steps, rate, beta1, beta2, eps):
    path = [w]
    for t in range(1, steps + 1):
        g = slope(path[-1])
        m, v = (1 - beta1) * g, (1 - beta2) * g * g
        step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        path.append(path[-1] - rate * step)
    return path


def shape_of(value):
    """The shape of a list of arrays; None if they have no common one."""
    try:
        return np.shape(value)
    except (TypeError, ValueError):
        return None


def adam_case(says, slope, steps=5, rate=0.1, betas=(0.9, 0.999), eps=1e-8):
    def run(answer):
        found = answer(START, slope, steps, rate, *betas, eps)
        if found is None or shape_of(found) not in [(steps, 2), (steps + 1, 2)]:
            return None if found is None else f"not {steps + 1} of the places"
        return {f"after step {t}": np.array(w) for t, w in enumerate(found)}
    return Case(says, run)


def bowl(w):
    return fixed([2.0, 0.1]) * w - fixed([1.5, 0.4])


def uncorrected(beta, t):
    return 1.0


ADAM = Task(
    title="Adam",
    cases=[adam_case("five steps in a bowl, betas 0.9 and 0.999", bowl),
           adam_case("one step, slopes 1000 and -1000, rate 0.01", lambda w: fixed([1e3, -1e3]),
                     steps=1, rate=0.01),
           adam_case("the same bowl, betas 0.5 and 0.8, rate ½", bowl, rate=0.5, betas=(0.5, 0.8)),
           adam_case("slopes as small as eps, which is 0.1", lambda w: 0.1 * w, eps=0.1),
           adam_case("one of the slopes is always 0", lambda w: fixed([1.0, 0.0]) * w, steps=2),
           adam_case("no step at all", bowl, steps=0)],
    solution=adam,
    others=[adam_of_the_library, adam_in_arrays],
    mistakes=[
        Mistake(adam_with(uncorrected, uncorrected),
                "no bias correction: both means begin at 0 and are too small at first. Divide "
                "them by 1 - β^t."),
        Mistake(adam_with(v_part=uncorrected),
                "m is corrected, v is not: v is too small at first, so the first steps are far too "
                "long."),
        Mistake(adam_with(m_part=uncorrected),
                "v is corrected, m is not: m is too small at first, so the first steps are too "
                "short."),
        Mistake(adam_with(divisor=lambda v_hat, eps: np.sqrt(v_hat + eps)),
                "eps is inside the root: √v̂ + eps."),
        Mistake(adam_with(divisor=lambda v_hat, eps: np.sqrt(v_hat)),
                "eps is missing: where the slope is 0, 0 is divided by 0."),
        Mistake(eps_before_correction,
                "eps is added before v is corrected: first v̂ = v / (1 - β₂^t), then its root, "
                "then eps."),
        Mistake(eps_beside,
                "eps is added to the weight: it belongs below the line, brackets around √v̂ + eps."),
        Mistake(adam_with(v_part=lambda beta2, t: (1 - beta2**t)**2),
                "the root of v alone is taken, and then corrected: first v̂ = v / (1 - β₂^t), then "
                "its root."),
        Mistake(adam_with(lambda beta, t: 1 / (1 - beta**t), lambda beta, t: 1 / (1 - beta**t)),
                "the means are multiplied by 1 - β^t: they are too small, so divide."),
        Mistake(adam_with(v_part=lambda beta, t: 1 - beta ** (t - 1)),
                "v is corrected with t - 1: both means have the same t, 1 in the first step."),
        Mistake(means_that_begin_anew,
                "the means begin anew in every step: set them to 0 once, before the loop."),
        Mistake(lambda *given: [adam(*given)[-1]] * len(adam(*given)),
                "all places are the same: `w -= ...` changes the array that is in the path "
                "already. Write w = w - ..."),
        Mistake(adam_with(swapped=True),
                "the betas have changed places: β₁ is for the mean of g, β₂ for that of g²."),
        Mistake(adam_with(first=0),
                "t begins at 0: 1 - β⁰ is 0, and the first correction divides by it. The first "
                "step has t = 1."),
        Mistake(adam_with(first=2),
                "t is one too large: the first step has t = 1."),
        Mistake(adam_with(lambda beta, t: 1 - beta, lambda beta, t: 1 - beta),
                "the correction of the first step is used for all of them: β to the power t, and t "
                "counts."),
        Mistake(adam_with(lambda beta, t: 1 - beta * t, lambda beta, t: 1 - beta * t),
                "β times t for β to the power t: β**t."),
        Mistake(adam_with(overwrite=True),
                "the corrected means are carried on: keep m and v as they are, and give m̂ and v̂ "
                "names of their own."),
        Mistake(adam_with(square=lambda g: g),
                "v is the mean of the squares, g * g: here it is one of g."),
        Mistake(adam_with(square=np.abs),
                "v is the mean of the squares: here it is one of the sizes."),
        Mistake(adam_with(divisor=lambda v_hat, eps: v_hat + eps),
                "the root is missing: √v̂ has the size of a gradient, v̂ that of its square."),
        Mistake(adam_with(weight1=lambda beta: 1.0),
                "m is momentum's sum: for a running mean g is multiplied by 1 - β₁."),
        Mistake(adam_with(weight2=lambda beta: 1.0),
                "v is a sum that only fades: for a running mean g * g is multiplied by 1 - β₂."),
        Mistake(adam_with(above=lambda m, g: g),
                "above the line stands the bare gradient: its running mean, m̂."),
        Mistake(adam_with(sign=1.0),
                "it climbs: w minus the step."),
        Mistake(adam_with(at=0),
                "the slope is always that of the first place: ask anew in each step."),
        Mistake(lambda w, slope, steps, *options: adam(w, slope, max(steps - 1, 0), *options),
                "one step too few: t goes from 1 to steps, range(1, steps + 1)."),
        Mistake(same_from_the_second,
                "all places but the first are the same: `w -= ...` changes the array that is in "
                "the path already. Write w = w - ..., or note a copy."),
        Mistake(adam_with(lambda beta, t: beta**t, lambda beta, t: beta**t),
                "divided by β^t: by 1 - β^t."),
        Mistake(adam_with(lambda beta, t: 1 - (1 - beta)**t, lambda beta, t: 1 - (1 - beta)**t,
                          weight1=lambda beta: 1 - beta, weight2=lambda beta: 1 - beta),
                "in the correction stands (1 - β)^t: it is 1 - β^t."),
        Mistake(lambda w, slope, steps, rate, beta1, beta2, eps: adam_with(
                    lambda beta, t: 1 - (1 - beta)**t, lambda beta, t: 1 - (1 - beta)**t)(
                    w, slope, steps, rate, 1 - beta1, 1 - beta2, eps),
                "β and 1 - β have changed places: β stands before the old mean, 1 - β before what "
                "is new."),
        Mistake(eps_behind,
                "eps is added to the quotient: it belongs below the line, brackets around "
                "√v̂ + eps."),
        Mistake(signs,
                "only the sign of m is used, so that every step is `rate` long: m̂ / (√v̂ + eps)."),
        Mistake(adam_with(keep=slice(1, None)),
                "the first place is missing: the path begins where you stand."),
        Mistake(lambda *given: adam(*given)[-1],
                "this is not the whole path: return the list of all places, the first one too.")],
    hints=("Two running means, one of g and one of g². Both begin at 0, so both are too small at "
           "first, by a factor that you know.",
           "m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²,   m̂ = m / (1 - β₁^t),   v̂ likewise,   "
           "w ← w - rate · m̂ / (√v̂ + eps)",
           "m, v, path = 0.0, 0.0, [w]\nfor t in range(1, ...):\n    g = slope(w)\n"
           "    m = ...\n    v = ...\n    m_hat, v_hat = m / (1 - beta1**t), ...\n"
           "    w = w - ...\n    path.append(w)\nreturn path"))

# -- 9.4 clipping ----------------------------------------------------------------------------------

LONG = [fixed([[3.0, 0.0], [0.0, -4.0]]), fixed([7.2, 9.6])]  # 5 and 12, together 13 long
SHORT = [fixed([0.3]), fixed([[-0.4]])]


def clipped(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g * g) for g in gradients))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in gradients], norm


def clipped_flat(gradients, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
    if norm <= max_norm:
        return gradients, norm
    return tuple(g * max_norm / norm for g in gradients), norm


def clipped_in_the_list(gradients, max_norm):
    length = np.sqrt(sum(np.sum(g * g) for g in gradients))
    if length > max_norm:
        for i in range(len(gradients)):
            gradients[i] = gradients[i] * max_norm / length
    return gradients, length


def clipped_by_norms(gradients, max_norm):
    norm = math.hypot(*[np.linalg.norm(g) for g in gradients])
    return [g * min(1, max_norm / (norm + 1e-12)) for g in gradients], norm


def clipped_by_the_library(gradients, max_norm):
    tensors = [Tensor(np.zeros(g.shape), requires_grad=True) for g in gradients]
    for t, g in zip(tensors, gradients, strict=True):
        t.grad = g.copy()
    norm = optim.clip_grad_norm(tensors, max_norm)
    return [t.grad for t in tensors], norm


def total(gradients):
    return np.sqrt(sum(np.sum(g * g) for g in gradients))


def clip_with(length=total, factor=lambda norm, c: min(1.0, c / norm) if norm else 1.0,
              reported=lambda norm, c: norm):
    """All gradients shortened by one factor, after another length, or by another factor."""
    def answer(gradients, max_norm):
        norm = length(gradients)
        return [factor(norm, max_norm) * g for g in gradients], reported(norm, max_norm)
    return answer


def clip_each(gradients, max_norm):
    return [clipped([g], max_norm)[0][0] for g in gradients], total(gradients)


def clip_values(gradients, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in gradients], total(gradients)


def clip_case(says, gradients, max_norm):
    def run(answer):
        found = answer(list(gradients), max_norm)  # a list of its own: an answer may change it
        if found is None:
            return None
        if not isinstance(found, tuple | list) or len(found) != 2:
            return "no pair of a list and a number"
        shortened, norm = found
        if not isinstance(shortened, tuple | list) or len(shortened) != len(gradients):
            return "no pair of a list and a number"
        return {"length": norm} | {f"gradient {k}": g for k, g in enumerate(shortened)}
    return Case(says, run)


CLIP = Task(
    title="clipping by the length",
    cases=[clip_case("two gradients, together 13 long, at most 6.5", LONG, 6.5),
           clip_case("the same, at most 4.5: one alone is 5 long", LONG, 4.5),
           clip_case("the same, at most 20: nothing to shorten", LONG, 20.0),
           clip_case("two short ones, together ½ long, at most 1", SHORT, 1.0),
           clip_case("exactly as long as allowed, 13", LONG, 13.0),
           clip_case("all of them 0", [fixed([0.0, 0.0]), fixed([0.0])], 1.0)],
    solution=clipped,
    others=[clipped_flat, clipped_in_the_list, clipped_by_norms, clipped_by_the_library],
    mistakes=[
        Mistake(clip_each,
                "every parameter is clipped by itself: that turns the direction. One length of all "
                "together, and one factor."),
        Mistake(clip_values,
                "the single numbers are clipped: that turns the direction. Multiply all of them by "
                "one factor."),
        Mistake(clip_with(factor=lambda norm, c: c / norm if norm else 1.0),
                "short gradients are stretched: only what is longer than max_norm is changed."),
        Mistake(clip_with(factor=lambda norm, c: max(1.0, c / norm) if norm else 1.0),
                "max for min: the factor is at most 1."),
        Mistake(clip_with(lambda gradients: np.sqrt(sum(np.linalg.norm(g) for g in gradients))),
                "np.linalg.norm has a root in it already: add the squares of these norms, and take "
                "the root."),
        Mistake(clip_with(factor=lambda norm, c: c / norm),
                "it always divides by the length: short gradients are stretched, and a length of 0 "
                "makes nan."),
        Mistake(clip_with(factor=lambda norm, c: 1.0 / norm if norm > c else 1.0),
                "what is too long becomes 1 long: max_norm long."),
        Mistake(clip_with(factor=lambda norm, c: c if norm > c else 1.0),
                "multiplied by max_norm: divide by the length, too."),
        Mistake(clip_with(factor=lambda norm, c: norm / c if norm > c else 1.0),
                "the factor is upside down: max_norm over the length."),
        Mistake(clip_with(lambda gradients: sum(np.sum(g * g) for g in gradients)),
                "this is the square of the length: the root is missing."),
        Mistake(clip_with(lambda gradients: sum(np.sqrt(np.sum(g * g)) for g in gradients)),
                "the lengths are added: add the squares of all numbers, and take one root."),
        Mistake(clip_with(lambda gradients: sum(np.sum(np.abs(g)) for g in gradients)),
                "the sizes of all numbers are added: the length is the root of the sum of their "
                "squares."),
        Mistake(clip_with(lambda gradients: max(np.max(np.abs(g)) for g in gradients)),
                "this is the largest number: the length is the root of the sum of all squares."),
        Mistake(clip_with(lambda gradients: max(np.sqrt(np.sum(g * g)) for g in gradients)),
                "this is the length of the longest gradient: all of them together are one vector."),
        Mistake(clip_with(lambda gradients: np.sqrt(np.mean(np.concatenate(
                    [g.ravel() for g in gradients]) ** 2))),
                "this is the root of the mean square: of the sum."),
        Mistake(clip_with(reported=lambda norm, c: min(norm, c)),
                "the gradients are right; return the length before clipping, not after it."),
        Mistake(lambda gradients, max_norm: (gradients, total(gradients)),
                "the length is right; nothing is shortened. (In a loop over the list, g = ... "
                "makes a new array, and the list keeps the old one.)"),
        Mistake(lambda gradients, max_norm: clipped(gradients, max_norm)[0][:1],
                "return two things in this order: the list of the gradients, as many as there "
                "were, and the length before clipping."),
        Mistake(clip_with(lambda gradients: np.linalg.norm(gradients[0])),
                "this is the length of the first gradient: all of them together are one vector."),
        Mistake(clip_with(lambda gradients: len(gradients)),
                "len(gradients) is their number: the length is the root of the sum of all "
                "squares."),
        Mistake(clip_with(factor=lambda norm, c: c / norm**2 if norm > c else 1.0),
                "divided by the length twice: max_norm / length.")],
    hints=("All gradients together are one long vector. It keeps its direction if all its numbers "
           "are multiplied by the same factor.",
           "length = √(sum of the squares of all numbers);   g ← g · min(1, max_norm / length)",
           "length = np.sqrt(sum(np.sum(g * g) for g in gradients))\n"
           "if length > max_norm:\n    gradients = [... for g in gradients]\n"
           "return gradients, length"))

# -- 9.5 a warm-up, then a cosine ------------------------------------------------------------------


def rate_at(step, peak, warm, total):
    if step < warm:
        return peak * (step + 1) / warm
    done = min(1.0, (step - warm) / (total - warm))
    return peak * (1 + math.cos(math.pi * done)) / 2


def rate_at_by_halves(step, peak, warm, total):
    if step >= total:
        return 0.0
    if step < warm:
        return (step + 1) * (peak / warm)
    return peak * np.cos(0.5 * np.pi * (step - warm) / (total - warm)) ** 2


def rate_at_by_the_library(step, peak, warm, total):
    fall = optim.cosine(peak, steps=total - warm)
    return (optim.warm_up(fall, steps=warm) if warm else fall)(step)


def rate_at_with(climb=lambda step, warm: (step + 1) / warm,
                 done=lambda step, warm, total: (step - warm) / (total - warm),
                 wave=lambda share: (1 + math.cos(math.pi * share)) / 2, most=1.0,
                 is_warm=lambda step, warm: step < warm):
    """The schedule with another climb, another wave, or another place between both."""
    def answer(step, peak, warm, total):
        if is_warm(step, warm):
            return peak * climb(step, warm)
        return peak * wave(min(most, done(step, warm, total)))
    return answer


def both_at_once(step, peak, warm, total):
    climb = min(1.0, (step + 1) / warm) if warm else 1.0
    return peak * climb * (1 + math.cos(math.pi * min(1.0, step / total))) / 2


def smaller_of_both(step, peak, warm, total):
    climb = (step + 1) / warm if warm else 1.0
    share = min(1.0, (step - warm) / (total - warm))
    return peak * min(climb, (1 + math.cos(math.pi * share)) / 2)


def without_brackets(step, peak, warm, total):
    if step < warm:
        return peak * (step + 1) / warm
    return peak * (1 + math.cos(math.pi * (step - warm) / total - warm)) / 2


def schedule_case(says, peak, warm, total, steps):
    def run(answer):
        rates = [answer(step, peak, warm, total) for step in steps]
        return {f"step {k}": rate for k, rate in zip(steps, rates, strict=True)}
    return Case(says, run)


SCHEDULE = Task(
    title="a warm-up, then a cosine",
    cases=[schedule_case("the warm-up, peak 0.2, 4 steps", 0.2, 4, 12, range(4)),
           schedule_case("the cosine after it, up to step 12", 0.2, 4, 12, range(4, 13)),
           schedule_case("after the end", 0.2, 4, 12, [13, 16, 20, 100]),
           schedule_case("no warm-up at all", 1.0, 0, 5, range(6)),
           schedule_case("a warm-up of a single step", 0.5, 1, 9, [0, 1, 2, 5, 9])],
    solution=rate_at,
    others=[rate_at_by_halves, rate_at_by_the_library],
    mistakes=[
        Mistake(rate_at_with(lambda step, warm: step / warm),
                "off by one: the first step has the rate 0 and is lost. Step 0 climbs to peak / "
                "warm, the last one of the warm-up to peak."),
        Mistake(rate_at_with(lambda step, warm: step / max(warm - 1, 1)),
                "the climb begins at 0, and goes in steps of 1 / (warm - 1): step 0 has peak / "
                "warm."),
        Mistake(rate_at_with(done=lambda step, warm, total: (step - warm) // (total - warm)),
                "// rounds down, and the cosine stays at its beginning: / divides."),
        Mistake(rate_at_with(wave=lambda share: math.cos(math.pi * share) / 2),
                "the 1 is missing: (1 + cos) / 2, which goes from 1 to 0."),
        Mistake(rate_at_with(wave=lambda share: 1 + math.cos(math.pi * share) / 2),
                "brackets: (1 + cos) / 2, both are halved."),
        Mistake(rate_at_with(wave=lambda share: max(math.cos(math.pi * share), 0.0)),
                "the part below 0 is cut off: the whole half-wave is lifted, (1 + cos) / 2."),
        Mistake(lambda step, peak, warm, total: rate_at(step, peak if step < warm else 1.0, warm,
                                                        total),
                "in the cosine the peak is not used: it begins at the peak."),
        Mistake(lambda step, peak, warm, total: rate_at(step, 1.0 if step < warm else peak, warm,
                                                        total),
                "in the warm-up the peak is not used: it is shares of the peak."),
        Mistake(rate_at_with(lambda step, warm: (step + 1) / (warm + 1)),
                "the climb is divided by warm + 1, and ends below the peak."),
        Mistake(lambda step, peak, warm, total: peak * (step + 1) // warm if step < warm else
                rate_at(step, peak, warm, total),
                "// rounds down: / divides."),
        Mistake(smaller_of_both,
                "the smaller of climb and wave is taken: before the end of the warm-up there is no "
                "wave."),
        Mistake(lambda step, peak, warm, total: rate_at(step, 1.0, warm, total),
                "the peak is not used: everything is multiplied by it."),
        Mistake(rate_at_with(done=lambda step, warm, total: step / (total - warm)),
                "the wave has the right length, and runs since step 0: count from the end of the "
                "warm-up."),
        Mistake(without_brackets,
                "brackets: (step - warm) / (total - warm)."),
        Mistake(rate_at_with(lambda step, warm: 1.0),
                "there is no climb: during the warm-up the rate rises in even steps."),
        Mistake(rate_at_with(is_warm=lambda step, warm: step <= warm and warm > 0),
                "off by one: step `warm` belongs to the cosine, < and not <=. Here it climbs "
                "beyond the peak."),
        Mistake(rate_at_with(done=lambda step, warm, total: step / total),
                "the cosine has been running since step 0, so that the rate jumps after the "
                "warm-up: count from the end of the warm-up."),
        Mistake(rate_at_with(done=lambda step, warm, total: (step - warm) / total),
                "the cosine lasts `total` steps here, and is not down at the end: it has total - "
                "warm."),
        Mistake(rate_at_with(done=lambda step, warm, total: (step - warm + 1) / (total - warm)),
                "off by one: the cosine begins at the peak, in step `warm`."),
        Mistake(rate_at_with(done=lambda step, warm, total: (step - warm) / (total - warm - 1)),
                "off by one: the rate is 0 one step too early. It reaches 0 in step `total`."),
        Mistake(rate_at_with(most=math.inf),
                "after the end the wave goes up again: hold the share of the way at 1, with min."),
        Mistake(rate_at_with(done=lambda step, warm, total: (step - warm) / (total - warm) % 1.0),
                "the cosine begins anew after the end, a restart: here it stays at 0."),
        Mistake(rate_at_with(wave=lambda share: math.cos(math.pi * share)),
                "the bare cosine goes down to -1: (1 + cos) / 2."),
        Mistake(rate_at_with(wave=lambda share: 1 + math.cos(math.pi * share)),
                "1 + cos begins at 2: half of it."),
        Mistake(rate_at_with(wave=lambda share: (1 + math.cos(2 * math.pi * share)) / 2),
                "a whole wave, down and up again: half a wave is π, not 2 π."),
        Mistake(rate_at_with(wave=lambda share: math.cos(math.pi * share / 2)),
                "a quarter of a wave: it falls most steeply at the end, where half a wave comes "
                "to rest."),
        Mistake(rate_at_with(wave=lambda share: (1 - math.cos(math.pi * share)) / 2),
                "this wave goes up: 1 + cos, which begins at the peak."),
        Mistake(rate_at_with(wave=lambda share: 1 - share),
                "the fall is a straight line: half a wave of a cosine is asked for."),
        Mistake(rate_at_with(wave=lambda share: (1 + math.cos(share)) / 2),
                "π is missing: the cosine takes an angle, and half a turn is π."),
        Mistake(rate_at_with(wave=lambda share: (1 + math.cos(180 * share)) / 2),
                "the cosine takes radians: half a turn is π, not 180."),
        Mistake(both_at_once,
                "climb and cosine are multiplied: first the one, and after it the other from its "
                "beginning.")],
    hints=("Two pieces. First a straight line up, which is at the peak in the last step of the "
           "warm-up. Then half a wave, counted from the end of the warm-up.",
           "step < warm:  peak (step + 1) / warm;   then  peak (1 + cos(π d)) / 2  with  d = (step "
           "- warm) / (total - warm),  at most 1",
           "if step < warm:\n    return peak * ...\n"
           "done = min(1, (step - warm) / ...)\nreturn peak * (1 + np.cos(...)) / 2"))

TASKS = {"9.1": RATE, "9.2": MOMENTUM, "9.3": ADAM, "9.4": CLIP, "9.5": SCHEDULE}
