"""Lesson 5, regression losses: Huber, pinball, who owns the gradient, where the pulls balance."""

from functools import partial

import numpy as np

from losses import huber, mae, mse, quantile, shapes
from losses.reduction import reduced
from minigrad import Tensor, grad

from .checking import Case, Mistake, Task, fixed
from .questions import differences, value_and_gradient

# -- 5.1 Huber's loss ------------------------------------------------------------------------------

RESIDUALS = np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 1.75])
PRED, TARGET = fixed(4.0 + RESIDUALS), fixed(np.full(6, 4.0))
HUBER_FACTORS = ((6.0, '"mean" divides by the number of examples, "sum" does not.'),
                 (2.0, "mind the ½ in front of e²."))


def huber_like(near=lambda e, d: 0.5 * e * e, far=lambda e, d: d * (np.abs(e) - 0.5 * d),
               is_near=lambda e, d: np.abs(e) <= d, reduce=reduced):
    """Huber's loss, or one with another formula near the target, far from it, or at the end."""
    def answer(pred, target, delta=1.0, reduction="mean"):
        e = pred - target
        loss = np.where(is_near(e, delta), near(e, delta), far(e, delta))
        return reduce(loss, reduction)
    return answer


def huber_by_a_clip(pred, target, delta=1.0, reduction="mean"):
    e = pred - target
    c = np.clip(e, -delta, delta)
    loss = c * (e - 0.5 * c)
    return {"none": loss, "mean": np.mean(loss), "sum": np.sum(loss)}[reduction]


def huber_by_a_minimum(pred, target, delta=1.0, reduction="mean"):
    size = np.abs(target - pred)
    small = np.minimum(size, delta)
    loss = 0.5 * small**2 + delta * (size - small)
    if reduction == "none":
        return loss
    return loss.sum() / (len(pred) if reduction == "mean" else 1)


def huber_by_masks(pred, target, delta=1.0, reduction="mean"):
    e = target - pred
    far = np.abs(e) > delta
    loss = (1 - far) * e**2 / 2 + far * delta * (np.abs(e) - delta / 2)
    return loss if reduction == "none" else getattr(loss, reduction)()


def huber_of_data(pred, target, delta=1.0, reduction="mean"):
    return huber_by_a_clip(pred.data, target, delta, reduction)


def huber_value_case(says, some):
    pred, target = fixed(PRED[some]), fixed(TARGET[some])
    return Case(says, lambda answer: answer(Tensor(pred, requires_grad=True), target, delta=1.0,
                                            reduction="none"), factors=HUBER_FACTORS)


def huber_case(says, **options):
    return Case(says, lambda answer: value_and_gradient(answer, PRED, TARGET, **options),
                measured=lambda: {"gradient": differences(huber, PRED, TARGET, **options)},
                factors=HUBER_FACTORS)


HUBER = Task(
    title="Huber's loss",
    cases=[huber_value_case("the loss of each example, residuals -1, -½, 0, ¼, δ = 1",
                            np.abs(RESIDUALS) <= 1.0),
           huber_value_case("residuals -3 and 1.75, δ = 1", np.abs(RESIDUALS) > 1.0),
           Case("the slopes of all six by the engine",
                lambda answer: value_and_gradient(answer, PRED, TARGET, delta=1.0,
                                                  reduction="none")["gradient"],
                measured=lambda: differences(huber, PRED, TARGET, reduction="none"),
                factors=HUBER_FACTORS),
           huber_case("all six with δ = 2", delta=2.0, reduction="none"),
           huber_case("the mean of the six, δ = 2", delta=2.0, reduction="mean"),
           huber_case("their sum, δ = ½", delta=0.5, reduction="sum"),
           huber_case("δ and the reduction not given: 1, the mean")],
    solution=huber_like(),
    others=[huber_by_a_clip, huber_by_a_minimum, huber_by_masks],
    mistakes=[Mistake(huber_like(reduce=lambda v, how: v if how == "none" else v.sum()),
                      'the mean is a sum: "mean" divides it by the number of examples.'),
              Mistake(huber_like(reduce=lambda v, how: v if how == "none" else v.mean()),
                      'the sum is a mean: "sum" adds up and does not divide.'),
              Mistake(huber_like(reduce=lambda v, how: v.mean()),
                      "it is always the mean: `reduction` says what to return."),
              Mistake(huber_like(reduce=lambda v, how: v),
                      "it is always the loss of each example: `reduction` says what to return."),
              Mistake(huber_like(far=lambda e, d: d * np.abs(e)),
                      "the slopes are right, the loss jumps at δ: in the far part - ½δ is missing, "
                      "which makes both parts meet."),
              Mistake(huber_like(far=lambda e, d: d * (np.abs(e) - d)),
                      "the slopes are right, the loss jumps at δ: in the far part ½δ is taken off, "
                      "not δ."),
              Mistake(huber_like(far=lambda e, d: d * (e - 0.5 * d)),
                      "wrong for residuals far below 0: in the far part, too, the size |e| "
                      "counts."),
              Mistake(huber_like(near=lambda e, d: e * e),
                      "twice too large where |e| <= δ: near the target the loss is ½ e²."),
              Mistake(huber_like(near=lambda e, d: e * e, far=lambda e, d: d * (2 * np.abs(e) - d)),
                      "twice Huber's loss, as some books print it: here it is ½ e² near the "
                      "target."),
              Mistake(huber_like(is_near=lambda e, d: e <= d),
                      "wrong for negative residuals: what is compared with δ is |e|, not e."),
              Mistake(huber_like(is_near=lambda e, d: e * e <= d),
                      "e² is compared with δ: compare |e|. For δ = 1 it makes no difference."),
              Mistake(huber_like(far=lambda e, d: d * np.abs(e) - 0.5 * d),
                      "right for δ = 1 only: in the far part δ multiplies the whole bracket, so "
                      "½δ² goes off."),
              Mistake(huber_like(lambda e, d: 0.5 * e * e / d, lambda e, d: np.abs(e) - 0.5 * d),
                      "right for δ = 1 only: everything is divided by δ, as in the smooth L1 of "
                      "other libraries."),
              Mistake(huber_like(lambda e, d: 0.5 * e * e, lambda e, d: np.abs(e) - 0.5,
                                 lambda e, d: np.abs(e) <= 1.0),
                      "right for δ = 1 only: δ is not used."),
              Mistake(lambda pred, target, delta=1.0, reduction="mean": reduced(
                          delta**2 * (np.sqrt(1.0 + ((pred - target) / delta) ** 2) - 1.0),
                          reduction),
                      "this is the smooth cousin, δ² (√(1 + e²/δ²) - 1): here there are two "
                      "parts."),
              Mistake(huber_like(reduce=lambda v, how: v.mean() if how == "mean" else v.sum()),
                      '"none" gives the sum: it is to give the loss of each example.'),
              Mistake(huber_like(is_near=lambda e, d: np.abs(e) > d),
                      "the two parts have changed places: ½ e² is for |e| <= δ."),
              Mistake(huber_like(far=lambda e, d: np.abs(e) - 0.5),
                      "right for δ = 1 only: δ stands three times in the formula, also in front "
                      "of the bracket."),
              Mistake(lambda pred, target, delta=1.0, reduction="mean": reduced(
                          0.5 * np.clip(pred - target, -delta, delta) ** 2, reduction),
                      "½ (clipped e)²: beyond δ the loss is flat and the slope 0. Huber clips the "
                      "slope, not the residual."),
              Mistake(huber_like(far=lambda e, d: 0.5 * e * e),
                      "½ e² everywhere: residuals larger than δ are not treated differently."),
              Mistake(huber_like(near=lambda e, d: d * (np.abs(e) - 0.5 * d)),
                      "the far formula everywhere: a perfect prediction costs less than 0."),
              Mistake(huber_like(far=lambda e, d: d * (np.sqrt(e * e) - 0.5 * d)),
                      "the loss is right, the slope at residual 0 is nan: √ has an infinite slope "
                      "there, and `where` cannot hide it (0 · inf). Write np.abs(e)."),
              Mistake(huber_of_data,
                      "pred.data is a plain array: compute with the Tensor, or the graph is cut.")],
    hints=("Two formulas, and a choice for each example: a parabola near the target, a straight "
           "line far away. They meet at |e| = δ.",
           "e = p - t;   ½ e²  where |e| <= δ,   δ (|e| - ½ δ)  elsewhere;   np.where chooses",
           "e = pred - target\nloss = np.where(np.abs(e) <= delta, ..., ...)\n"
           "if reduction == \"none\":\n    return loss\n"
           "...   # loss.mean(), loss.sum()"))

# -- 5.2 the pinball loss --------------------------------------------------------------------------

Q_TARGET = fixed([2.0, 2.0, 2.0, 2.0])
Q_PRED = fixed([1.0, 1.5, 2.5, 5.0])


def pinball(pred, target, q):
    missing = target - pred
    return np.maximum(q * missing, (q - 1.0) * missing)


def pinball_by_where(pred, target, q):
    return np.where(pred < target, q * (target - pred), (1 - q) * (pred - target))


def pinball_by_weights(pred, target, q):
    e = pred - target
    return np.abs(e) * np.where(e < 0, q, 1 - q)


def pinball_by_hand(pred, target, q):
    costs = [q * (t - p) if t > p else (1 - q) * (p - t)
             for p, t in zip(pred, target, strict=True)]
    return np.stack(costs)


def pinball_value_case(says, pred, q):
    pred, target = fixed(pred), fixed(np.full(len(pred), 2.0))
    return Case(says, lambda answer: answer(Tensor(pred, requires_grad=True), target, q))


def pinball_case(says, q):
    return Case(says, lambda answer: value_and_gradient(answer, Q_PRED, Q_TARGET, q),
                measured=lambda: {"gradient": differences(pinball, Q_PRED, Q_TARGET, q)})


PINBALL = Task(
    title="the pinball loss",
    cases=[pinball_value_case("two predictions that are too low, q = 0.9", [1.0, 1.5], 0.9),
           pinball_value_case("two that are too high, q = 0.9", [2.5, 5.0], 0.9),
           Case("the slopes of all four by the engine",
                lambda answer: value_and_gradient(answer, Q_PRED, Q_TARGET, 0.9)["gradient"],
                measured=lambda: differences(pinball, Q_PRED, Q_TARGET, 0.9)),
           pinball_case("all four with q = 0.5", 0.5),
           pinball_case("all four with q = 0.2", 0.2),
           pinball_value_case("a perfect prediction, which costs 0", [2.0], 0.2)],
    solution=pinball,
    others=[pinball_by_where, pinball_by_weights, pinball_by_hand],
    mistakes=[Mistake(lambda pred, target, q: pinball(pred, target, 1.0 - q),
                      "q and 1 - q have changed places, perhaps by p - t for t - p: too low "
                      "(p < t) costs q, too high 1 - q."),
              Mistake(lambda pred, target, q: np.minimum(q * (target - pred),
                                                         (q - 1.0) * (target - pred)),
                      "every loss is negative: of the two lines the larger counts, and it is never "
                      "below 0."),
              Mistake(lambda pred, target, q: np.maximum(q * (target - pred),
                                                         (1.0 - q) * (target - pred)),
                      "too high has a negative loss: t - p is negative there, so its factor is "
                      "q - 1, not 1 - q."),
              Mistake(lambda pred, target, q: 2.0 * pinball(pred, target, q),
                      "twice too large: at q = ½ it is half of MAE."),
              Mistake(lambda pred, target, q: q * np.abs(target - pred),
                      "both sides cost q: too high costs 1 - q."),
              Mistake(lambda pred, target, q: (1.0 - q) * np.abs(target - pred),
                      "both sides cost 1 - q: too low costs q."),
              Mistake(lambda pred, target, q: q * (target - pred) + (1.0 - q) * (pred - target),
                      "both lines are added everywhere: only one of them counts for an example, "
                      "the larger one."),
              Mistake(lambda pred, target, q: -pinball(pred, target, q),
                      "the sign is flipped on both sides: a loss is never below 0."),
              Mistake(lambda pred, target, q: np.max(q * (target - pred),
                                                     (q - 1) * (target - pred)),
                      "np.max looks for the largest within one array: np.maximum compares two."),
              Mistake(lambda pred, target, q: q * np.maximum(target - pred, 0.0),
                      "too high is free: it costs 1 - q for each unit."),
              Mistake(lambda pred, target, q: 0.5 * np.abs(target - pred),
                      "q is not used: this is the loss of the median, whatever q is."),
              Mistake(lambda pred, target, q: pinball(pred, target, q) * np.abs(target - pred),
                      "the residual is squared: then the pull grows with the distance, and no "
                      "quantile comes out."),
              Mistake(lambda pred, target, q: np.where(pred < target, q * (target - pred),
                                                       pred - target),
                      "too high costs 1 for each unit: it is 1 - q."),
              Mistake(lambda pred, target, q: np.where(pred < target, -q, 1.0 - q),
                      "this is the slope: return the loss, the engine finds its slope."),
              Mistake(lambda pred, target, q: pinball(pred, target, q).mean(),
                      "it is the mean of all: return the loss of each example."),
              Mistake(lambda pred, target, q: pinball(pred.data, target, q),
                      "pred.data is a plain array: compute with the Tensor, or the graph is cut.")],
    hints=("Two voices: one price for each unit that is too low, another for each that is too "
           "high.",
           "L = max( q (t - p), (q - 1) (t - p) ):   too low costs q, too high 1 - q",
           "missing = target - pred\nreturn np.maximum(q * missing, ...)"))

# -- 5.3 shares of the gradient --------------------------------------------------------------------


def shares(loss, pred, target):
    pred = Tensor(pred, requires_grad=True)
    loss(pred, target, reduction="sum").backward()
    size = np.abs(pred.grad)
    return size / size.sum()


def shares_of_the_mean(loss, pred, target):
    pred = Tensor(pred, requires_grad=True)
    pulls = grad(loss(pred, target), pred)
    return np.abs(pulls) / np.linalg.norm(pulls, 1)


def shares_one_by_one(loss, pred, target):
    pulls = []
    for p, t in zip(pred, target, strict=True):
        p = Tensor(p, requires_grad=True)
        loss(p, t).backward()
        pulls.append(abs(p.grad))
    return [pull / sum(pulls) for pull in pulls]


def shares_by_shapes(loss, pred, target):
    return shapes.gradient_share(shapes.per_example_gradient(loss, pred, target))


def shares_like(share):
    """Shares of another kind: share(pulls, losses, residuals)."""
    def answer(loss, pred, target):
        found = value_and_gradient(loss, pred, target, reduction="none")
        return share(found["gradient"], found["value"].data, pred - target)
    return answer


def share_case(says, loss, residuals):
    target = fixed(np.arange(1.0, 1.0 + len(residuals)))
    pred = fixed(target + np.array(residuals))
    return Case(says, lambda answer: answer(loss, pred, target),
                factors=((100.0, "a share goes from 0 to 1, it is no percentage."),))


SHARES = Task(
    title="each point's share of the gradient",
    cases=[share_case("mse, residuals 1, -1, 2, -6", mse, [1.0, -1.0, 2.0, -6.0]),
           share_case("huber, the same residuals", huber, [1.0, -1.0, 2.0, -6.0]),
           share_case("quantile with q = 0.8, the same residuals", partial(quantile, q=0.8),
                      [1.0, -1.0, 2.0, -6.0]),
           share_case("mae, pulls that balance: residuals -3, 5, 0", mae, [-3.0, 5.0, 0.0]),
           share_case("a single point", mse, [-0.5])],
    solution=shares,
    others=[shares_of_the_mean, shares_one_by_one, shares_by_shapes],
    mistakes=[Mistake(shares_like(lambda g, v, e: v / v.sum()),
                      "these are shares of the loss: a weight hears the slope only."),
              Mistake(shares_like(lambda g, v, e: np.abs(e) / np.abs(e).sum()),
                      "these are shares of the residuals, right for mse alone: ask the engine for "
                      "the slope of the loss that you are given."),
              Mistake(shares_like(lambda g, v, e: g / np.abs(g).sum()),
                      "a share is never negative: take the size of each pull, np.abs."),
              Mistake(shares_like(lambda g, v, e: g / g.sum()),
                      "pulls up and pulls down cancel in your sum: take the sizes first, then add "
                      "them."),
              Mistake(shares_like(lambda g, v, e: np.abs(g) / np.abs(g.sum())),
                      "below the line up and down cancel: the sum of the sizes, not the size of "
                      "the sum."),
              Mistake(shares_like(lambda g, v, e: g * g / (g * g).sum()),
                      "these are shares of the squares: the length of a pull is |g|."),
              Mistake(shares_like(lambda g, v, e: np.abs(g)),
                      "these are the sizes of the pulls: divide by their sum, so that the shares "
                      "add up to 1."),
              Mistake(shares_like(lambda g, v, e: np.abs(g) / np.abs(g).max()),
                      "divided by the largest pull: divide by the sum of all, so that the shares "
                      "add up to 1."),
              Mistake(shares_like(lambda g, v, e: np.abs(g) / np.abs(g).mean()),
                      "divided by the mean of the sizes: divide by their sum, so that the shares "
                      "add up to 1."),
              Mistake(shares_like(lambda g, v, e: np.abs(g) / len(g)),
                      "divided by the number of points: divide by the sum of the sizes, so that "
                      "the shares add up to 1."),
              Mistake(shares_like(lambda g, v, e: np.abs(g) / np.linalg.norm(g)),
                      "divided by the root of the sum of squares: divide by the sum of the sizes, "
                      "so that the shares add up to 1."),
              Mistake(shares_like(lambda g, v, e: np.full(len(g), 1.0 / len(g))),
                      "everybody has the same share: that holds under mae only.")],
    hints=("The pull of a point is the slope of its loss in its own prediction; up or down does "
           "not matter here, only how hard.",
           "share_i = |g_i| / Σ |g_j|,   where g is the gradient in the predictions",
           "p = Tensor(pred, requires_grad=True)\nloss(p, target, reduction=\"sum\").backward()\n"
           "size = ...   # from p.grad\nreturn ..."))

# -- 5.4 the best constant -------------------------------------------------------------------------

FIVE, OTHERS = fixed([4.0, 1.0, 100.0, 2.0, 3.0]), fixed([-2.71828, -8.0, 0.5])


def best_constant(loss, target):
    low, high = target.min(), target.max()
    for _ in range(60):
        c = 0.5 * (low + high)
        if push(loss, c, target) < 0:
            low = c
        else:
            high = c
    return c


def push(loss, c, target):
    """The sum of all pulls on the prediction c."""
    return shapes.per_example_gradient(loss, np.full(len(target), c), target).sum()


def best_by_one_weight(loss, target):
    low, high, ones = min(target), max(target), np.ones(len(target))
    while high - low > 1e-9:
        c = Tensor((low + high) / 2, requires_grad=True)
        loss(c * ones, target).backward()
        low, high = (low, c.item()) if c.grad > 0 else (c.item(), high)
    return (low + high) / 2


def best_by_smaller_steps(loss, target):
    c, step = float(np.mean(target)), float(np.ptp(target))
    for _ in range(100):
        c -= step * np.sign(push(loss, c, target))
        step *= 0.7
    return c


def best_by_shapes(loss, target):
    return shapes.best_constant(loss, target)


def best_of(candidates):
    """The one of some candidates that costs least."""
    def answer(loss, target):
        cost = {float(c): loss(np.full(len(target), c), target) for c in candidates(target)}
        return min(cost, key=cost.get)
    return answer


def halved(times=60, up=lambda pulls: pulls.sum() < 0, start=lambda target: target.min()):
    """Halving that goes up by another rule, begins elsewhere, or ends sooner."""
    def answer(loss, target):
        low, high = start(target), target.max()
        for _ in range(times):
            c = 0.5 * (low + high)
            pulls = shapes.per_example_gradient(loss, np.full(len(target), c), target)
            low, high = (c, high) if up(pulls) else (low, c)
        return c
    return answer


def from_first_to_last(loss, target):
    low, high = target[0], target[-1]
    for _ in range(60):
        c = 0.5 * (low + high)
        low, high = (c, high) if push(loss, c, target) < 0 else (low, c)
    return c


def best_case(says, loss, target):
    return Case(says, lambda answer: answer(loss, target))


BEST = Task(
    title="the best constant",
    cases=[best_case("mse on 1, 2, 3, 4, 100", mse, FIVE),
           best_case("mae on the same five", mae, FIVE),
           best_case("quantile with q = 0.7 on the same five", partial(quantile, q=0.7), FIVE),
           best_case("huber with δ = 11 on the same five", partial(huber, delta=11.0), FIVE),
           best_case("mse on -2.71828, -8, ½", mse, OTHERS),
           best_case("mae on these three", mae, OTHERS),
           best_case("quantile with q = 0.6 on these three", partial(quantile, q=0.6), OTHERS),
           best_case("huber on a single value, 7", huber, fixed([7.0]))],
    solution=best_constant,
    others=[best_by_one_weight, best_by_smaller_steps, best_by_shapes],
    mistakes=[Mistake(halved(up=lambda pulls: pulls.sum() > 0),
                      "it runs to the wrong end: a negative sum of pulls says that c is too low, "
                      "so c must go up."),
              Mistake(lambda loss, target: float(np.mean(target)),
                      "this is the mean, the answer of mse: each loss has its own."),
              Mistake(lambda loss, target: float(np.median(target)),
                      "this is the median, the answer of mae: each loss has its own."),
              Mistake(lambda loss, target: 0.5 * (target.min() + target.max()),
                      "this is the middle between the smallest and the largest: go on halving, "
                      "always the half in which the pulls change their sign."),
              Mistake(halved(start=lambda target: 0.0),
                      "the search begins at 0: begin at the smallest target, which may be negative "
                      "or far away."),
              Mistake(halved(up=lambda pulls: False),
                      "it always ends at the smallest target: does the test look at the cost, or "
                      "at a size? These are never negative. The sum of the pulls has a sign."),
              Mistake(from_first_to_last,
                      "the search goes from the first target to the last one as they come: take "
                      "the smallest and the largest."),
              Mistake(halved(up=lambda pulls: pulls[0] < 0),
                      "it ends where the first example is content: add up the pulls of all."),
              *[Mistake(halved(times), f"{times} halvings come near, and not to six digits: go on, "
                                       "40 are plenty.") for times in (10, 11, 20, 21)],
              Mistake(best_of(lambda target: target),
                      "only the targets themselves are tried: the best constant may lie between "
                      "them, as the mean does."),
              Mistake(best_of(lambda target: np.arange(target.min(), target.max() + 1)),
                      "only steps of 1 are tried: the best constant need not fall on them.")],
    hints=("Below the best constant the pulls add up to less than 0, above it to more: look in the "
           "middle, keep the half where the sign changes, and again.",
           "Σ L'(c - t_i) < 0: c is too low;   > 0: too high;   the engine gives the sum",
           "low, high = target.min(), target.max()\nfor _ in range(60):\n    c = (low + high) / 2\n"
           "    p = Tensor(np.full(len(target), c), requires_grad=True)\n"
           "    pull = ...   # the sum of p.grad\n    if pull < 0:\n        ..."))

TASKS = {"5.1": HUBER, "5.2": PINBALL, "5.3": SHARES, "5.4": BEST}
