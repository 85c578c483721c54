"""Lesson 3, inside minigrad: a rule, predictions, changed data, a kink, and a Newton step."""

import numpy as np

from minigrad import Tensor, grad, primitive

from .checking import Case, Mistake, Task, fixed

POINTS = fixed([0.5, -1.0, 2.0])


def central(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


# -- 3.1 a rule of your own ------------------------------------------------------------------------


def bump_forward(x):
    return np.exp(-x * x)


def bump_rule(g, y, x):
    return g * -2.0 * x * y


def bump_of(rule):
    return primitive(bump_forward, lambda g, y, x: rule(g, y, x), name="bump")


def bump_case(says, formula, order, x):
    """The first or second derivative of a formula in which the bump stands, by the answer."""
    def run(answer):
        if answer(1.0, bump_forward(x), x) is None:
            return None
        x_, bump = Tensor(x, requires_grad=True), bump_of(answer)
        found = np.sum(formula(bump, x_))
        if order == 2:
            found = np.sum(grad(found, x_, create_graph=True))
        return grad(found, x_)

    def measured():
        def plain(x):
            return formula(bump_forward, x)
        return central(plain if order == 1 else lambda x: central(plain, x, 1e-4), x, 1e-4)

    return Case(says, run, measured=measured,
                factors=((2.0, "the derivative of x² is 2 x."),))


def in_place(g, y, x):
    g *= -2.0 * x * y
    return g


BUMP = Task(
    title="a rule of your own",
    cases=[bump_case("slope of bump(x) at 0.5, -1, 2", lambda bump, x: bump(x), 1, POINTS),
           bump_case("slope of 3 bump(x), so that g is 3", lambda bump, x: 3.0 * bump(x), 1,
                     POINTS),
           bump_case("slope of bump(x)², so that g is 2 bump(x)",
                     lambda bump, x: bump(x) * bump(x), 1, POINTS),
           bump_case("slope of bump(x) at 0 and 1", lambda bump, x: bump(x), 1,
                     fixed([0.0, 1.0])),
           bump_case("second derivative of bump(x)", lambda bump, x: bump(x), 2, POINTS),
           bump_case("second derivative of sin(3 bump(x))",
                     lambda bump, x: np.sin(3.0 * bump(x)), 2, POINTS)],
    solution=bump_rule,
    others=[lambda g, y, x: -2.0 * x * np.exp(-x * x) * g,
            lambda g, y, x: np.negative(g * y * (x + x)),
            lambda g, y, x: g * (-2 * x) / np.exp(x**2)],
    mistakes=[
        Mistake(lambda g, y, x: -2.0 * x * y,
                "g is not used: what arrives at the output has to be passed on, g * slope."),
        Mistake(lambda g, y, x: g * -2.0 * y * np.exp(-y * y),
                "the slope is taken at the output y: x is the input, y is what came out."),
        Mistake(lambda g, y, x: g * 2.0 * x * y,
                "the sign is flipped: the derivative of -x² is -2 x."),
        Mistake(lambda g, y, x: g * y,
                "the inner derivative is missing: exp stands around -x², so times (-x²)'."),
        Mistake(lambda g, y, x: g * -2.0 * x,
                "the outer derivative is missing: (e^u)' = e^u, and e^u is the output y."),
        Mistake(lambda g, y, x: -g * x * y,
                "the 2 is missing: (x²)' = 2 x."),
        Mistake(lambda g, y, x: g * -2.0 * x * np.exp(x * x),
                "inside the exponential the minus is lost: e^(-x²), which is the output y."),
        Mistake(lambda g, y, x: g * -2.0 * y,
                "the x of the inner derivative is missing: (-x²)' = -2 x."),
        Mistake(lambda g, y, x: -g * x**2 * y,
                "the exponent itself, -x², stands where its derivative belongs: -2 x."),
        Mistake(lambda g, y, x: y,
                "this is the output, not its slope times g."),
        Mistake(lambda g, y, x: g + -2.0 * x * y,
                "g is added: along a path the chain rule multiplies."),
        Mistake(in_place,
                "right for plain arrays; but for a second derivative the rule is given Tensors. "
                "Use operators and NumPy functions of the table: nothing in place, no np.array.")
    ],
    hints=("A rule is the chain rule for one input: what arrives, times the local slope.",
           "y = e^u with u = -x²:   dy/dx = e^u · u' = y · u'",
           "return g * y * ...   # the derivative of -x²"))

# -- 3.2 what the engine does next -----------------------------------------------------------------


def run_again():
    x = Tensor(2.0, requires_grad=True)
    cost = x * x * x
    cost.backward(retain_graph=True)
    cost.backward()
    return x.grad


def run_refused():
    x = Tensor(2.0, requires_grad=True)
    cost = x * x * x
    cost.backward()
    try:
        cost.backward()
    except RuntimeError:
        return x.grad


def run_late():
    x = Tensor(2.0, requires_grad=True)
    cost = x * x * x
    x.data = 1.0
    try:
        cost.backward()
    except RuntimeError:
        return x.grad


def run_in_time():
    x = Tensor(2.0, requires_grad=True)
    cost = x * x * x
    cost.backward()
    x.data = 1.0
    cost = x * x * x
    cost.backward()
    return x.grad


PROGRAMS = {"again": run_again, "refused": run_refused, "late": run_late, "in time": run_in_time}
RIGHT = {"again": 24.0, "refused": 12.0, "late": None, "in time": 15.0}
WRONG = {  # for each program what is often predicted, and what to say then; "" is any other number
    "again": {12.0: "the second call is allowed, too, and backward() adds to x.grad.",
              "": "two walks are allowed here. What does each bring to x.grad?"},
    "refused": {24.0: "the graph was let go by the first call: the second raises and adds nothing.",
                None: "the second call raises, but it does not undo what the first one did.",
                "": "one walk is allowed here, the other is not. What has the first one brought?"},
    "late": {12.0: "the engine keeps x itself, not a copy of its 2; it sees that x is new, and "
                   "refuses.",
             3.0: "a new x makes no new cost; the engine sees that the cost is of the old one, and "
                  "refuses.",
             0.0: "no walk was allowed: x.grad is what it is before any backward().",
             "": "is the walk allowed here? What is x.grad before any walk?"},
    "in time": {3.0: "nobody cleared x.grad, so the second walk adds to it.",
                12.0: "there is a new cost with a graph of its own: the second walk is allowed.",
                "": "two walks are allowed here, one at x = 2 and one at x = 1."}}


def verdict(name, found):
    """What a prediction is worth, in words that do not give the right one away."""
    if name not in found:
        return f"no prediction: the names are {', '.join(RIGHT)}"
    mine = found[name]
    if mine is not None and (isinstance(mine, str) or np.size(mine) != 1):
        return "neither a number nor None"
    mine = mine if mine is None else float(np.squeeze(mine))
    if mine == RIGHT[name]:
        return "what happens"
    return f"{mine}, which does not happen" if mine in WRONG[name] else "another number"


def predicted(name):
    """A case for one program; it is looked at only when those before are predicted rightly."""
    before = list(RIGHT)[:list(RIGHT).index(name)]

    def run(answer):
        found = answer()
        if not isinstance(found, dict):
            return None if found is None else "no dict"
        if any(verdict(earlier, found) != "what happens" for earlier in before):
            return "later"
        return verdict(name, found)

    return Case(f'x.grad at the end of "{name}"', run)


def wrong_predictions():
    for name, wrong in WRONG.items():
        for value, text in wrong.items():
            values = RIGHT | {name: -1.0 if value == "" else value}
            yield Mistake(lambda values=values: values, f'"{name}": {text}')
        yield Mistake(lambda name=name: RIGHT | {name: "None"},
                      f'"{name}": a number, or None without quotation marks. What an error says is '
                      "not asked, only x.grad.")
        yield Mistake(lambda name=name: {other: RIGHT[other] for other in RIGHT if other != name},
                      f'"{name}" is missing in your dict, or spelt otherwise.')
    yield Mistake(lambda: list(RIGHT.values()),
                  "return a dict, so that each prediction has the name of its program.")


PREDICT = Task(
    title="what the engine does next",
    cases=[predicted(name) for name in RIGHT],
    solution=lambda: {name: program() for name, program in PROGRAMS.items()},
    others=[lambda: dict(RIGHT),
            lambda: {"in time": 3 * 2**2 + 3 * 1**2, "late": None, "refused": 12, "again": 24}],
    mistakes=list(wrong_predictions()),
    hints=("Ask of each call: is there a graph to walk, and is it still what it was? If so, it "
           "adds to x.grad.",
           "C'(x) = 3 x², so a walk brings 12 at x = 2 and 3 at x = 1. A refused call brings "
           "nothing and takes nothing away.",
           'return {"again": 12 + ..., "refused": ..., "late": ..., "in time": ... + 3}\n'
           "# before any backward() has worked, x.grad is None"))

# -- 3.3 what the guard prevents -------------------------------------------------------------------


def unguarded(old, new):
    w = Tensor(old, requires_grad=True)
    y = np.exp(w)
    cost = y * w
    w.data[()] = new  # not an assignment of .data: the creation number does not see it
    cost.backward()
    return w.grad


def unguarded_case(says, old, new):
    return Case(says, lambda answer: answer(old, new))


UNGUARDED = Task(
    title="what the guard prevents",
    cases=[unguarded_case("w from -1 to 3", -1.0, 3.0), unguarded_case("w from 0 to 1", 0.0, 1.0),
           unguarded_case("w from 1 to 0", 1.0, 0.0),
           unguarded_case("w from 0.5 to 0.5: nothing has changed", 0.5, 0.5)],
    solution=unguarded,
    others=[lambda old, new: np.exp(old) * (1 + new),
            lambda old, new: np.exp(old) + new * np.exp(old)],
    mistakes=[
        Mistake(lambda old, new: np.exp(old) * (1 + old),
                "this is the slope at the old w. But the rule of multiply is given w as it is now: "
                "no copy was kept."),
        Mistake(lambda old, new: np.exp(new) * (1 + new),
                "this is the slope at the new w. But y was computed from the old one, and is kept "
                "as it came out."),
        Mistake(lambda old, new: np.exp(old) + new * np.exp(new),
                "the rule of exp uses its output, which is old: it does not compute e^w again."),
        Mistake(lambda old, new: np.exp(new) + new * np.exp(old),
                "the rule of multiply sends y to w, and y is old: nobody computed it again."),
        Mistake(lambda old, new: np.exp(old) + old * np.exp(new),
                "the roles are swapped: y is kept as it came out, w is read as it is now."),
        Mistake(lambda old, new: np.exp(new) * (1 + old),
                "old and new are swapped: y is the old output, w is read as it is now."),
        Mistake(lambda old, new: new * np.exp(old),
                "one path only: w is a factor of the product itself, too."),
        Mistake(lambda old, new: np.exp(old),
                "one path only: w also reaches the cost through y.")],
    hints=("Two paths lead back to w. Write both with g, the outputs and the inputs, as in the "
           "table. Then ask of each: is this the old value or the new one?",
           "multiply sends w to y and y to w;  exp sends g y on to w.  So the sum is  y + w y.",
           "y = np.exp(...)   # computed before the change\nreturn y + ... * y"))

# -- 3.4 two inputs and a kink ---------------------------------------------------------------------


def leaky_forward(x, a):
    return np.where(x > 0.0, x, a * x)


def slope_at_x(x, a):
    return np.where(x > 0.0, 1.0, a) * (x != 0.0) + 0.5 * (1.0 + a) * (x == 0.0)


def to_x(g, z, x, a):
    return g * slope_at_x(x, a)


def to_a(g, z, x, a):
    return g * x * (x < 0.0)


def leaky():
    return primitive(leaky_forward, to_x, to_a, name="leaky")


def leaky_by_where():
    return primitive(
        leaky_forward,
        lambda g, z, x, a: np.where(x == 0, g * (1 + a) / 2, np.where(x > 0, g, g * a)),
        lambda g, z, x, a: np.where(x < 0, g * x, 0.0))


def leaky_by_sign():
    return primitive(leaky_forward,
                     lambda g, z, x, a: g * ((1 + a) / 2 + (1 - a) / 2 * np.sign(x)),
                     lambda g, z, x, a: g * np.minimum(x, 0))


def leaky_with(x_rule=to_x, a_rule=to_a):
    return lambda: primitive(leaky_forward, x_rule, a_rule)


def leaky_by_maximum():
    return lambda x, a: np.maximum(x, a * x)


def leaky_by_abs():
    return lambda x, a: 0.5 * (1.0 + a) * x + 0.5 * (1.0 - a) * np.abs(x)


def leaky_case(says, x, a, which, scale=1.0):
    """The gradient of `scale` times the sum of squares by x or a, argument `which`."""
    def cost(operation, x, a):
        z = operation(x, a)
        return scale * np.sum(z * (z + 4.0))

    def run(answer):
        operation = answer()
        if not callable(operation):
            return operation
        at = [Tensor(x, requires_grad=True), Tensor(a, requires_grad=True)]
        return grad(cost(operation, *at), at[which])

    def measured():
        at, slopes = [x, a], np.empty(np.shape((x, a)[which]))
        for i in np.ndindex(slopes.shape):
            nudge = np.zeros(slopes.shape)
            nudge[i] = 1e-6
            ends = [cost(leaky_forward, *(v + s * nudge if k == which else v
                                          for k, v in enumerate(at))) for s in (1, -1)]
            slopes[i] = (ends[0] - ends[1]) / 2e-6
        return slopes

    return Case(says, run, measured=measured)


def one_step_case(says, x, a):
    """From what the operation gives, how many steps of the graph lead back to x and a?"""
    def run(answer):
        operation = answer()
        if not callable(operation):
            return operation
        at = Tensor(x, requires_grad=True), Tensor(a, requires_grad=True)
        z = operation(*at)
        if not isinstance(z, Tensor):
            return "no Tensor"
        return "one step" if {id(t) for t in z.parents} == set(map(id, at)) else "several steps"
    return Case(says, run)


def mixed_case(says, x, a):
    def run(answer):
        operation = answer()
        if not callable(operation):
            return operation
        x_, a_ = Tensor(x, requires_grad=True), Tensor(a, requires_grad=True)
        slope = np.sum(grad(np.sum(operation(x_, a_)), x_, create_graph=True))
        return grad(slope, a_)

    return Case(says, run, measured=lambda: central(
        lambda a: np.sum(np.where(x > 0.0, 1.0, a)), a))


X23 = fixed([[1.0, -2.0, 3.0], [-0.5, 0.25, -4.0]])
A3 = fixed([0.1, 0.5, -0.2])

LEAKY = Task(
    title="two inputs and a kink",
    cases=[leaky_case("to x, no x is 0", X23[0], fixed(0.1), 0),
           leaky_case("to a", X23[0], fixed(0.1), 1),
           leaky_case("to x, where x is 0", fixed([0.0, 2.0, -1.0]), fixed(0.1), 0),
           leaky_case("to x, where x is 0, with a = -3", fixed([-2.0, 0.0]), fixed(-3.0), 0, 0.5),
           leaky_case("to a, with an a for each column", X23, A3, 1),
           leaky_case("to x, with an a for each column", X23, A3, 0),
           mixed_case("by x and then by a, a second derivative", X23[0], fixed(0.1)),
           leaky_case("to x, with a = 1.5", X23[0], fixed(1.5), 0),
           one_step_case("one step of the graph from z back to x and a", X23[0], fixed(0.1))],
    solution=leaky,
    others=[leaky_by_where, leaky_by_sign],
    mistakes=[
        Mistake(leaky_with(lambda g, z, x, a: g * np.where(x > 0.0, 1.0, a)),
                "at x = 0 this takes the slope of the left side, a: the middle of both is asked "
                "for."),
        Mistake(leaky_with(lambda g, z, x, a: g * np.where(x >= 0.0, 1.0, a)),
                "at x = 0 this takes the slope of the right side, 1: the middle of both is asked "
                "for."),
        Mistake(leaky_with(lambda g, z, x, a: g * np.where(x > 0.0, 1.0, a) * (x != 0.0)),
                "at x = 0 the slope is 0 here: the middle of the slopes 1 and a is asked for."),
        Mistake(leaky_with(lambda g, z, x, a: g * np.where(x > 0.0, 1.0, a * (x < 0.0))
                           + 0.5 * g * (x == 0.0)),
                "at x = 0 the slope is 1/2 here, as for the maximum of x and 0: but the left slope "
                "is a, not 0."),
        Mistake(leaky_with(lambda g, z, x, a: g * np.where(x > 0.0, 1.0, a) * (x != 0.0)
                           + 0.5 * g * (1.0 - a) * (x == 0.0)),
                "at x = 0 this is half the difference of the slopes: the middle of 1 and a is half "
                "their sum."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: g * z * (x < 0.0)),
                "to a, the output z = a x is passed on: its slope by a is x."),
        Mistake(leaky_with(lambda g, z, x, a: slope_at_x(x, a)),
                "the rule for x does not use g."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: x * (x < 0.0)),
                "the rule for a does not use g."),
        Mistake(leaky_with(lambda g, z, x, a: slope_at_x(x, a), lambda g, z, x, a: x * (x < 0.0)),
                "neither rule uses g: each passes on what arrives, times a slope."),
        Mistake(leaky_with(lambda g, z, x, a: g * slope_at_x(-x, a)),
                "to x, the sides are swapped: right of 0 the slope is 1, left of it a."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: g * (x < 0.0)),
                "to a, the slope of a * x by a is x, not 1."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: g * x),
                "to a, a positive x sends something too: but there z = x, in which no a occurs."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: g * a * (x < 0.0)),
                "to a, the slope of a * x by a is x; a is its slope by x."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: np.sum(g * x * (x < 0.0))),
                "the rule for a sums by itself, over everything: wrong when a has an entry for "
                "each column. Return one number for each x; the engine sums what was stretched."),
        Mistake(leaky_with(a_rule=lambda g, z, x, a: np.mean(g * x * (x < 0.0))),
                "the rule for a takes a mean: what comes back from many uses adds up. Leave that "
                "to the engine, and return one number for each x."),
        Mistake(leaky_with(to_a, to_x),
                "the rules are swapped: first the one for x, then the one for a."),
        Mistake(leaky_by_maximum,
                "max(x, a x) is the leaky relu only while a is at most 1: here the larger one is "
                "a x where x > 0. Make the operation with primitive(...), and give it two rules."),
        Mistake(leaky_by_abs,
                "right, but made of operations that have rules already: the task asks for one of "
                "your own, primitive(...) with a rule for x and a rule for a.")],
    hints=("Each input has a rule of its own: hold the other input still. Right of 0 the output is "
           "x, left of it a x.",
           "dz/dx: 1 where x > 0, a where x < 0, (1 + a)/2 at 0.    dz/da: x where x < 0, else 0.",
           "return primitive(leaky_forward,\n    lambda g, z, x, a: g * np.where(x == 0, ..., "
           "np.where(x > 0, 1.0, a)),\n    lambda g, z, x, a: g * np.where(x < 0, ..., 0.0))"))

# -- 3.5 a Newton step -----------------------------------------------------------------------------


def newton(cost, w):
    t = Tensor(w, requires_grad=True)
    slope = grad(cost(t), t, create_graph=True)
    return w - slope.item() / grad(slope, t).item()


def newton_by_backward(cost, w):
    t = Tensor(w, requires_grad=True)
    slope = grad(cost(t), t, create_graph=True)
    slope.backward()
    return w - slope.data / t.grad


def newton_all_tensors(cost, w):
    w = Tensor(w, requires_grad=True)
    slope = grad(cost(w), w, create_graph=True)
    return w - slope / grad(slope, w, create_graph=True)


def derivatives(cost, w, highest=2):
    """Cost, slope, curvature ... at w, as numbers."""
    w = Tensor(w, requires_grad=True)
    found = [cost(w)]
    for _ in range(highest):
        found.append(grad(found[-1], w, create_graph=True))
    return [t.item() for t in found]


def newton_with(step):
    """A step of another kind: step(cost, slope, curvature) is subtracted from w."""
    return lambda cost, w: w - step(*derivatives(cost, w))


def newton_without_graph(cost, w):
    t = Tensor(w, requires_grad=True)
    slope = grad(cost(t), t)
    return w - slope / grad(slope, t)


def newton_by_two_backwards(cost, w):
    t = Tensor(w, requires_grad=True)
    cost(t).backward()
    slope = t.grad
    grad(cost(t), t, create_graph=True).backward()
    return w - slope / t.grad


def newton_by_sums(cost, w):
    t = Tensor(w, requires_grad=True)
    cost(t).backward()
    slope = t.grad.item()
    grad(cost(t), t, create_graph=True).backward()
    return w - slope / t.grad.item()


def many_steps(cost, w):
    for _ in range(10):
        w = newton(cost, w)
    return w


def newton_case(says, cost, w):
    def measured(h=1e-4):
        below, here, above = (float(cost(np.array(w + s))) for s in (-h, 0.0, h))
        return w - (above - below) / 2 * h / (above - 2 * here + below)

    return Case(says, lambda answer: answer(cost, w), measured=measured)


NEWTON = Task(
    title="a Newton step",
    cases=[newton_case("2 w² - 8.08 w at 0: a parabola, one step is enough",
                       lambda w: 2.0 * w * w - 8.08 * w, 0.0),
           newton_case("e^w - 3 w at 0", lambda w: np.exp(w) - 3.0 * w, 0.0),
           newton_case("e^w - 3 w at 2", lambda w: np.exp(w) - 3.0 * w, 2.0),
           newton_case("w⁴ at -2", lambda w: w * w * w * w, -2.0),
           newton_case("cos w at 0.5, where the curvature is negative", np.cos, 0.5),
           Case("e^w - 3 w + 100,000,000: the offset moves nothing, but drowns differences",
                lambda answer: {f"at {w}": answer(lambda w: np.exp(w) - 3.0 * w + 1e8, w)
                                for w in (0.0, 1.0)})],
    solution=newton,
    others=[newton_by_backward, newton_all_tensors],
    mistakes=[
        Mistake(newton_with(lambda cost, slope, curvature: -slope / curvature),
                "the sign is flipped: w minus slope over curvature."),
        Mistake(newton_with(lambda cost, slope, curvature: slope / abs(curvature)),
                "the size of the curvature is used, not its sign: right in a valley. On a hill "
                "Newton climbs, and the formula says so."),
        Mistake(newton_with(lambda cost, slope, curvature: curvature / slope if slope else 0.0),
                "upside down: slope over curvature."),
        Mistake(newton_with(lambda cost, slope, curvature: slope),
                "this is w minus the slope. Divide the slope by the curvature; or has that come "
                "out as 1, the slope of a fresh Tensor by itself?"),
        Mistake(newton_with(lambda cost, slope, curvature: 0.5 * slope / curvature),
                "half the step: slope over curvature, without a 2."),
        Mistake(newton_with(lambda cost, slope, curvature: 2.0 * slope / curvature),
                "twice the step: slope over curvature, without a 2."),
        Mistake(newton_with(lambda cost, slope, curvature: slope * curvature),
                "multiplied by the curvature: where the cost bends much the step is short, so "
                "divide."),
        Mistake(newton_with(lambda cost, slope, curvature: cost / slope),
                "cost over slope looks for a place where the cost is 0. Here the slope shall be 0: "
                "slope over curvature."),
        Mistake(newton_with(lambda cost, slope, curvature: slope / slope**2),
                "the slope was squared: the curvature is the slope of the slope."),
        Mistake(lambda cost, w: w - newton(cost, w),
                "this is slope over curvature alone: subtract it from w."),
        Mistake(many_steps,
                "these are many steps: one is asked."),
        Mistake(lambda cost, w: newton(cost, w) - w,
                "this is the step, not where it lands: add it to w."),
        Mistake(newton_by_two_backwards,
                "slope and curvature came out equal: w.grad is one array, and the second "
                "backward() added into it. Use grad(), which touches no .grad."),
        Mistake(newton_by_sums,
                "the curvature has the slope in it: backward() adds to w.grad. Clear it between, "
                "or use grad(), which touches no .grad."),
        Mistake(newton_without_graph,
                "if the complaint is grad's: cost(t) is a Tensor, and so is a slope that was made "
                "with create_graph=True; without it, a slope is a plain array.")],
    hints=("The curvature is the slope of the slope. For that, the slope must remember how it was "
           "computed.",
           "w  ←  w - C'(w) / C''(w);   slope = grad(cost, w, create_graph=True)",
           "t = Tensor(w, requires_grad=True)\nslope = grad(cost(t), t, create_graph=True)\n"
           "curvature = grad(..., t)\nreturn w - ..."))

TASKS = {"3.1": BUMP, "3.2": PREDICT, "3.3": UNGUARDED, "3.4": LEAKY, "3.5": NEWTON}
