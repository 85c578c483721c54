"""Lesson 2, build the engine: a quotient, an order, the walk back, un-broadcasting, a product."""

from itertools import pairwise

import numpy as np

from .checking import Case, Mistake, Task, fixed

# -- 2.1 the pairs of a quotient -------------------------------------------------------------------


def quotient(x, y):
    return [1.0 / y, -x / (y * y)]


def quotient_case(says, x, y, h=1e-5):
    return Case(says, lambda answer: answer(x, y),
                measured=lambda: [((x + h) / y - (x - h) / y) / (2 * h),
                                  (x / (y + h) - x / (y - h)) / (2 * h)])


QUOTIENT = Task(
    title="the local derivatives of a quotient",
    cases=[quotient_case("x = 6, y = 2", 6.0, 2.0),
           quotient_case("x = -1, y = 0.5", -1.0, 0.5),
           quotient_case("x = 3, y = -4", 3.0, -4.0),
           quotient_case("x = 0, y = 5", 0.0, 5.0)],
    solution=quotient,
    others=[lambda x, y: (y**-1.0, -(x / y) / y),
            lambda x, y: np.array([y, -x]) / y**2],
    mistakes=[Mistake(lambda x, y: [1 / y, x / y**2],
                      "the second sign is flipped: when y grows, a positive x / y falls."),
              Mistake(lambda x, y: [1 / y, -x / y],
                      "a y is missing in the second: (1/y)' = -1/y²."),
              Mistake(lambda x, y: [1 / y, -1 / y**2],
                      "the x is missing in the second: x / y is x times 1/y."),
              Mistake(lambda x, y: [1 / y, x / y],
                      "in the second, (1/y)' = -1/y²: a minus and a y are missing."),
              Mistake(lambda x, y: [1 / y, -y / x**2],
                      "in the second, x and y have changed places: it is y that is nudged."),
              Mistake(lambda x, y: [-x / y**2, 1 / y],
                      "the two are swapped: first the derivative by x, then the one by y."),
              Mistake(lambda x, y: [y, x],
                      "these are the local derivatives of x * y."),
              Mistake(lambda x, y: [x / y, x / y],
                      "this is the quotient itself: how does it answer to a nudge of x, of y?"),
              Mistake(lambda x, y: 1 / y - x / y**2,
                      "the two are added: return a pair, one number for each input."),
              Mistake(lambda x, y: 1 / y,
                      "one number: return a pair, the derivative by x and the one by y."),
              Mistake(lambda x, y: [1 / y**2, -x / y**2],
                      "the first is too small by a y: by x, z = x / y is a line of slope 1 / y."),
              Mistake(lambda x, y: [1 / x if x else 0.0, -x / y**2],
                      "the first is 1 / x, the slope of log x: z = x / y is a line in x."),
              Mistake(lambda x, y: [1 // y, -x // y**2],
                      "// rounds down: / divides."),
              Mistake(lambda x, y: [1 / y, 1 / y**2],
                      "in the second a minus and the x are missing: x (1/y)' = -x/y².")],
    hints=("Nudge one input and hold the other still: two questions, two numbers.",
           "∂(x/y)/∂x = 1/y        ∂(x/y)/∂y = x · (1/y)'",
           "return [1 / y, ... / y**2]   # which sign, and what stands above?"))

# -- 2.2 an order for the walk back ----------------------------------------------------------------


class TooManyVisits(RuntimeError):
    """Every path was walked where every value should have been visited once."""


class Graph(dict):
    """name -> names of its inputs; it counts how often it is asked for them."""

    asked = 0

    def __getitem__(self, name):
        self.asked += 1
        if self.asked > 50_000:
            raise TooManyVisits(f"the graph has {len(self)} values and was asked for inputs more "
                                f"than {self.asked - 1:,} times")
        return list(super().__getitem__(name))

    def get(self, name, default=None):
        return self[name] if name in self else default


def depth_first(output, inputs):
    order, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for parent in inputs[value]:
                visit(parent)
            order.append(value)

    visit(output)
    return order[::-1]


def needed_by(output, inputs):
    """The output and all that it was computed from."""
    needed = [output]
    for value in needed:  # the list grows meanwhile
        needed += [parent for parent in dict.fromkeys(inputs[value]) if parent not in needed]
    return needed


def once_all_have_come(output, inputs, among):
    """Whoever has heard from all its users, as counted among some values, is next."""
    users = {value: sum(inputs[u].count(value) for u in among) for value in among}
    order = [output]
    for value in order:
        for parent in inputs[value]:
            users[parent] -= 1
            order += [parent] * (users[parent] == 0)
    return order


def count_users(output, inputs):
    return once_all_have_come(output, inputs, needed_by(output, inputs))


def again_and_again(output, inputs):
    waiting, order = needed_by(output, inputs), []
    while waiting:
        used = {parent for value in waiting for parent in inputs[value]}
        order += [value for value in waiting if value not in used]
        waiting = [value for value in waiting if value in used]
    return order


def preorder(output, inputs):
    order = []

    def visit(value):
        if value not in order:
            order.append(value)
            for parent in inputs[value]:
                visit(parent)

    visit(output)
    return order


def from_a_stack(output, inputs):
    order, stack = [], [output]
    while stack:
        value = stack.pop()
        if value not in order:
            order.append(value)
            stack += inputs[value]
    return order


def every_path(output, inputs):
    return [output] + [v for parent in inputs[output] for v in every_path(parent, inputs)]


def every_path_in_lists(output, inputs):
    return [output] + [every_path_in_lists(parent, inputs) for parent in inputs[output]]


def every_path_then_first(output, inputs):
    return list(dict.fromkeys(every_path(output, inputs)))


def every_path_then_last(output, inputs):
    return list(dict.fromkeys(reversed(every_path(output, inputs))))[::-1]


def count_users_once(output, inputs):
    needed = needed_by(output, inputs)
    users = {value: sum(inputs[u].count(value) for u in needed) for value in needed}
    order = [output]
    for value in order:
        for parent in set(inputs[value]):
            users[parent] -= 1
            order += [parent] * (users[parent] == 0)
    return order


def moved_to_the_end(output, inputs):
    order, seen = [output], set()
    for _ in range(len(inputs)):
        for value in [v for v in order if v not in seen]:
            seen.add(value)
            for parent in inputs[value]:
                if parent in order:
                    order.remove(parent)
                order.append(parent)
    return order


def users_of_all(output, inputs):
    return once_all_have_come(output, inputs, inputs)


def order_of_all(output, inputs):
    order = []
    for value in inputs:
        order += [v for v in depth_first(value, inputs)[::-1] if v not in order]
    return order[::-1]


def flaws(found, output, inputs):
    """What is wrong with an order: lists, which are empty if nothing is."""
    if isinstance(found, set):
        return "a set, which has no order"
    if not np.iterable(found):
        return found
    found, needed = list(found), needed_by(output, inputs)
    others = sorted({type(v).__name__ for v in found if not isinstance(v, str)})
    found = [v for v in found if isinstance(v, str)] if not others else needed
    twice = sorted({v for v in found if found.count(v) > 1})
    early = [f"{parent} before {user}" for user in needed for parent in dict.fromkeys(inputs[user])
             if parent in found and user in found and found.index(parent) < found.index(user)]
    return {"in the list, but no name": others,
            "missing": sorted(v for v in needed if v not in found),
            "not needed": sorted(v for v in found if v not in needed),
            "more than once": twice,
            "an input before its user": [] if twice or others else sorted(early)}


def order_case(says, output, inputs):
    def run(answer):
        graph = Graph({value: list(parents) for value, parents in inputs.items()})  # anew each time
        return flaws(answer(output, graph), output, inputs)

    return Case(says, run)


def diamonds(n):
    """v0, v1 = v0 + v0, v2 = v1 + v1, ...: two arrows lead to each but the first."""
    return {"v0": []} | {b: [a, a] for a, b in pairwise([f"v{k}" for k in range(n + 1)])}


ORDER = Task(
    title="an order for the walk back",
    cases=[order_case("c = b + b, b = a + a", "c", {"a": [], "c": ["b", "b"], "b": ["a", "a"]}),
           order_case("loss = m k, k = tanh j, j = exp m, m = sin z", "loss",
                      {"z": [], "j": ["m"], "loss": ["m", "k"], "m": ["z"], "k": ["j"]}),
           order_case("the same with loss = k m", "loss",
                      {"z": [], "j": ["m"], "loss": ["k", "m"], "m": ["z"], "k": ["j"]}),
           order_case("b = a w, c = b b, and an e = b a that c does not need", "c",
                      {"e": ["b", "a"], "b": ["a", "w"], "c": ["b", "b"], "a": [], "w": []}),
           order_case("a leaf alone", "a", {"a": []}),
           order_case("20 diamonds in a row", "v20", diamonds(20))],
    solution=depth_first,
    others=[count_users, again_and_again],
    mistakes=[
        Mistake(lambda output, inputs: depth_first(output, inputs)[::-1],
                "inputs come before what uses them: that is the way forward. Turn it round."),
        Mistake(needed_by,
                "breadth first: a value comes as soon as one user was seen, though a later one may "
                "need it too. Wait until all its users are in the list."),
        Mistake(preorder,
                "a value is listed on the way down, at its first user. List it when the recursion "
                "leaves it, after its inputs, and turn the list round at the end."),
        Mistake(from_a_stack,
                "a stack visits a value after its first user only. All its users must be in the "
                "list before it."),
        Mistake(every_path,
                "every path is walked anew: a value that is used twice is listed twice. Remember "
                "which values you have seen."),
        Mistake(every_path_in_lists,
                "the list of each call stands as a list inside the caller's: join them, with + or "
                "extend. And a value that is used twice is walked twice."),
        Mistake(every_path_then_first,
                "every path is walked, and of each value the first place is kept: before its other "
                "users. All its users must come first."),
        Mistake(every_path_then_last,
                "the order is right, but every path is walked: 20 diamonds have 2**20 of them. "
                "Remember which values you have seen."),
        Mistake(count_users_once,
                "b + b uses b twice: you count both uses, but take off one, so b never comes."),
        Mistake(moved_to_the_end,
                "a value that turns up again is moved to the end, but what it was made from stays "
                "where it is, and so comes before it."),
        Mistake(lambda output, inputs: depth_first(output, inputs)[1:],
                "the output itself is missing: it comes first."),
        Mistake(lambda output, inputs: [v for v in depth_first(output, inputs) if inputs[v]],
                "the leaves are missing: a value without inputs belongs to the order, too."),
        Mistake(lambda output, inputs: set(depth_first(output, inputs)),
                "a set knows what is in it and keeps no order: return a list."),
        Mistake(lambda output, inputs: [output, *dict.fromkeys(inputs[output])],
                "only the output and its inputs: these have inputs, too."),
        Mistake(users_of_all, "the value that the output does not need is counted as a user, and "
                              "it never comes: count those that the output needs."),
        Mistake(order_of_all, "everything in the dict is listed: begin at the output, and take "
                              "what is met on the way."),
        Mistake(lambda output, inputs: list(inputs)[::-1],
                "the order in which the dict lists the values says nothing: begin at the output "
                "and ask for inputs.")],
    hints=("A value may come when all that use it have come. Follow the inputs from the output, "
           "and visit each value once.",
           "visit(v): unless v was seen, visit all inputs of v, then append v.  Every value now "
           "stands after its inputs; reversed, after its users.",
           "order, seen = [], set()\ndef visit(value):\n    if value not in seen:\n"
           "        seen.add(value)\n        for parent in inputs[value]:\n            ...\n"
           "        order.append(value)\nvisit(output)\nreturn ...   # which way round?"))

# -- 2.3 the walk back -----------------------------------------------------------------------------


def backward(order, pairs):
    grads = {value: 0.0 for value in order}
    grads[order[0]] = 1.0
    for value in order:
        for parent, slope in pairs[value]:
            grads[parent] += grads[value] * slope
    return grads


def backward_by_asking(order, pairs):
    grads = {order[0]: 1.0}
    for value in order[1:]:
        grads[value] = sum(grads[user] * slope for user in grads
                           for parent, slope in pairs[user] if parent == value)
    return grads


def backward_by_paths(order, pairs):
    def walk(value, g):
        grads[value] = grads.get(value, 0.0) + g
        for parent, slope in pairs[value]:
            walk(parent, g * slope)

    grads = {}
    walk(order[0], 1.0)
    return grads


def without_zeros(order, pairs):
    grads = {order[0]: 1.0}
    for value in order:
        for parent, slope in pairs[value]:
            grads[parent] += grads[value] * slope
    return grads


def nothing_to_begin_with(order, pairs):
    grads = {}
    for value in order:
        for parent, slope in pairs[value]:
            grads[parent] += grads[value] * slope
    return grads


def backward_with(arrive, first=1.0, others=0.0, turned=False, each=lambda pairs: pairs):
    """A walk of another kind: arrive(what the parent has, what the value has, the slope)."""
    def answer(order, pairs):
        grads = {value: others for value in order} | {order[0]: first}
        for value in order[::-1] if turned else order:
            for parent, slope in each(pairs[value]):
                grads[parent] = arrive(grads[parent], grads[value], slope)
        return grads
    return answer


def impatient(order, pairs):
    def walk(value, g):
        grads[value] += g
        for parent, slope in pairs[value]:
            walk(parent, grads[value] * slope)

    grads = {value: 0.0 for value in order}
    walk(order[0], 1.0)
    return grads


def walk_case(says, order, pairs, f=None, at=None, h=1e-5):
    """`f` at the leaves `at` is the formula whose graph `pairs` is."""
    def run(answer):
        return answer(list(order), {value: list(pairs.get(value, [])) for value in order})

    def measured():
        return {name: round((f(**at | {name: x + h}) - f(**at | {name: x - h})) / (2 * h), 5)
                for name, x in at.items()}

    return Case(says, run, measured=measured if f else None)


WALK = Task(
    title="the walk back",
    cases=[walk_case("z = x y + x at x = 2, y = 5", ["z", "xy", "x", "y"],
                     {"z": [("xy", 1.0), ("x", 1.0)], "xy": [("x", 5.0), ("y", 2.0)]},
                     lambda x, y: x * y + x, {"x": 2.0, "y": 5.0}),
           walk_case("c = b + b, b = a + a", ["c", "b", "a"],
                     {"c": [("b", 1.0), ("b", 1.0)], "b": [("a", 1.0), ("a", 1.0)]},
                     lambda a: 4 * a, {"a": 3.0}),
           walk_case("q = s s, s = 3 u - v at u = 1, v = 5", ["q", "s", "3u", "u", "v"],
                     {"q": [("s", -2.0), ("s", -2.0)], "s": [("3u", 1.0), ("v", -1.0)],
                      "3u": [("u", 3.0)]},
                     lambda u, v: (3 * u - v) ** 2, {"u": 1.0, "v": 5.0}),
           walk_case("c = a b, b = a² at a = 4", ["c", "b", "a"],
                     {"c": [("a", 16.0), ("b", 4.0)], "b": [("a", 8.0)]},
                     lambda a: a**3, {"a": 4.0}),
           walk_case("a leaf alone", ["a"], {})],
    solution=backward,
    others=[backward_by_asking, backward_by_paths],
    mistakes=[
        Mistake(backward_with(lambda old, g, slope: g * slope),
                "with = the later path overwrites the earlier one: what arrives adds up, so +=."),
        Mistake(backward_with(lambda old, g, slope: old or g * slope),
                "only what arrives first counts: what arrives later is added to it."),
        Mistake(backward_with(lambda old, g, slope: old + g * slope, others=1.0),
                "every gradient begins at 1: only that of the output does, the others begin at 0."),
        Mistake(without_zeros,
                "a parent has no entry yet to which anything could be added: give every value in "
                "the order a 0.0 at the start."),
        Mistake(backward_with(lambda old, g, slope: old + g * slope,
                              each=lambda pairs: dict(pairs).items()),
                "of a value that is used twice in one place, only one use counts: a dict keeps one "
                "pair for each name. Go through the list of pairs."),
        Mistake(backward_with(lambda old, g, slope: old + g),
                "the local derivatives are not used: pass on the gradient times the slope."),
        Mistake(backward_with(lambda old, g, slope: old + slope),
                "what arrived is not passed on: multiply the slope by the gradient of the value."),
        Mistake(backward_with(lambda old, g, slope: old + g + slope),
                "along a path the chain rule multiplies: gradient times slope, not plus."),
        Mistake(backward_with(lambda old, g, slope: old * g * slope, others=1.0),
                "where paths meet, what they bring is added; only along a path it is multiplied."),
        Mistake(backward_with(lambda old, g, slope: old + g * slope, first=0.0),
                "all is zero because nothing was put in: the gradient of the output by itself is "
                "1."),
        Mistake(backward_with(lambda old, g, slope: old + g * slope, turned=True),
                "only the output has passed on. Either the `return` stands inside the loop, or "
                "the order is walked from its end, and each value passes on before anything has "
                "arrived."),
        Mistake(lambda order, pairs: backward(order, pairs) | backward_with(
                    lambda old, g, slope: 0.0)(order, pairs),
                "the gradients are all 0 but the output's: is its 1 there before the loop "
                "begins?"),
        Mistake(backward_with(lambda old, g, slope: old + g * slope, each=lambda pairs: pairs[:1]),
                "only the first pair of each value is used: go through all of them."),
        Mistake(nothing_to_begin_with,
                "there is no entry to which anything could be added: give every value in the "
                "order a 0.0 at the start, and the output a 1.0."),
        Mistake(lambda order, pairs: list(backward(order, pairs).values()),
                "a list of numbers: return the dict, so that each has its name."),
        Mistake(impatient,
                "impatient: each time something arrives, all that the value holds is sent on, so "
                "the first part is sent twice. Pass on once, when everything has arrived."),
        Mistake(lambda order, pairs: {v: g for v, g in backward(order, pairs).items()
                                      if v != order[0]},
                "the output itself is missing: its gradient is 1."),
        Mistake(lambda order, pairs: {v: g for v, g in backward(order, pairs).items()
                                      if not pairs[v]},
                "only the leaves are there: return the gradient of every value in the order.")],
    hints=("Keep a gradient for each value, all 0 but the output's. Each value in turn passes its "
           "own on to its inputs; there it adds up.",
           "for every pair (parent, slope) of a value:   ∂out/∂parent  +=  ∂out/∂value · slope",
           "grads = {value: 0.0 for value in order}\ngrads[order[0]] = 1.0\nfor value in order:\n"
           "    for parent, slope in pairs[value]:\n        grads[parent] ... \nreturn grads"))

# -- 2.4 un-broadcasting ---------------------------------------------------------------------------


def unbroadcast(g, shape):
    g = np.sum(g, axis=tuple(range(np.ndim(g) - len(shape))))
    ones = tuple(i for i, length in enumerate(shape) if length == 1)
    return np.sum(g, axis=ones, keepdims=True)


def unbroadcast_by_entries(g, shape):
    total = np.zeros(shape)
    where = np.broadcast_to(np.arange(total.size).reshape(shape), g.shape)
    for i in np.ndindex(g.shape):
        total.flat[where[i]] += g[i]
    return total


def unbroadcast_step_by_step(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def unbroadcast_in_one_sum(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i in range(g.ndim) if padded[i] == 1)
    return g.sum(axis=axes).reshape(shape)


def only_in_front(g, shape):
    return np.sum(g, axis=tuple(range(np.ndim(g) - len(shape))))


def without_keepdims(g, shape):
    g = only_in_front(g, shape)
    return np.sum(g, axis=tuple(i for i, length in enumerate(shape) if length == 1))


def only_ones(g, shape):
    return np.sum(g, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def with_means(g, shape):
    g = np.mean(g, axis=tuple(range(np.ndim(g) - len(shape))))
    return np.mean(g, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def from_behind(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return np.sum(g, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def first_entries(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(0, n) for n in shape)]


def only_where_lengths_differ(g, shape):
    front = only_in_front(g, shape)
    axes = tuple(i for i, n in enumerate(shape) if n != front.shape[i])
    return front.sum(axis=axes[:1], keepdims=True) if axes else front


def back_case(says, g, shape, h=0.5):
    def measured():  # exact: the sum of g * z is linear in x
        nudges = np.eye(int(np.prod(shape))).reshape(-1, *shape)
        return np.reshape([np.sum(g * h * nudge) / h for nudge in nudges], shape)

    return Case(says, lambda answer: answer(g, shape), measured=measured,
                factors=((g.size / np.prod(shape), "each use sends its part: a sum, not a mean."),))


G = fixed([[1.0, 2.0, 0.0, 1.0], [0.0, 3.0, 1.0, 2.0], [2.0, 0.0, 0.0, 1.0]])
SQUARE = fixed([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0], [64.0, 128.0, 256.0]])
BLOCK = fixed(np.arange(24.0).reshape(2, 3, 4) ** 1.5)

UNBROADCAST = Task(
    title="the gradient of a broadcast",
    cases=[back_case("g of shape (3, 4), back to (4,)", G, (4,)),
           back_case("g of shape (3, 4), back to (3, 1)", G, (3, 1)),
           back_case("g of shape (3, 3), back to (1, 3)", SQUARE, (1, 3)),
           back_case("g of shape (3, 3), back to (3, 1)", SQUARE, (3, 1)),
           back_case("g of shape (2, 3, 4), back to (3, 1)", BLOCK, (3, 1)),
           back_case("g of shape (2, 3, 4), back to (1, 3, 1)", BLOCK, (1, 3, 1)),
           back_case("g of shape (3, 4), nothing was stretched", G, (3, 4)),
           back_case("g of shape (1, 4), nothing was stretched", G[:1], (1, 4)),
           back_case("g of shape (3, 4), back to one number, ()", G, ())],
    solution=unbroadcast,
    others=[unbroadcast_by_entries, unbroadcast_step_by_step, unbroadcast_in_one_sum],
    mistakes=[
        Mistake(lambda g, shape: g,
                "g comes back as it came: what goes on must have the shape of the input."),
        Mistake(lambda g, shape: np.sum(g),
                "everything is summed into one number: sum only along the axes that were "
                "stretched."),
        Mistake(lambda g, shape: np.full(shape, np.sum(g)),
                "every entry gets the sum of the whole g: an entry gets only what came from the "
                "places where it was used."),
        Mistake(only_in_front,
                "the axes put in front are summed, but those of length 1 were stretched as well."),
        Mistake(only_ones,
                "the axes of length 1 are summed, but axes that broadcasting put in front are "
                "still there. Sum those first, then the numbering of the axes fits."),
        Mistake(without_keepdims,
                "the numbers are right, but a summed axis of length 1 is gone: keepdims=True."),
        Mistake(lambda g, shape: np.sum(g, axis=0),
                "axis 0 is summed, whatever the shape: `shape` says which axes were stretched."),
        Mistake(lambda g, shape: np.mean(g, axis=tuple(range(g.ndim - len(shape)))),
                "a mean over the axes put in front: parts add up, so a sum; and the axes of length "
                "1 were stretched as well."),
        Mistake(with_means,
                "a mean where a sum is needed: each use sends its part, and the parts add up."),
        Mistake(lambda g, shape: only_ones(g, (1,) * (g.ndim - len(shape)) + tuple(shape)),
                "the numbers are right, but the axes put in front are still there, of length 1: "
                "sum those without keepdims."),
        Mistake(from_behind,
                "axes are taken away at the end: broadcasting puts them in front."),
        Mistake(only_where_lengths_differ,
                "only one of the stretched axes of length 1 is summed: there may be several."),
        Mistake(first_entries,
                "the first use is picked out and the others are lost: all uses send their part."),
        Mistake(lambda g, shape: np.resize(g, shape),
                "the first numbers of g are put into the shape, and the others are lost: sum."),
        Mistake(lambda g, shape: np.reshape(g, shape),
                "g has more numbers than the shape has places. Neither reshape nor broadcast_to "
                "mends that: sum along the axes that were stretched.")],
    hints=("Broadcasting is use in many places, and what comes back from many uses adds up.",
           "Sum over (1) the axes that broadcasting put in front: g.ndim - len(shape) of them;  "
           "(2) every axis whose length in `shape` is 1, and keep that axis.",
           "front = tuple(range(np.ndim(g) - len(shape)))\ng = np.sum(g, axis=front)\n"
           "ones = tuple(i for i, length in enumerate(shape) if ...)\n"
           "return np.sum(g, axis=ones, keepdims=...)"))

# -- 2.5 the two rules of a matrix product ---------------------------------------------------------


def product(g, x, w):
    return g @ w.T, x.T @ g


def product_by_indices(g, x, w):
    return np.einsum("ij,kj->ik", g, w), np.einsum("ik,ij->kj", x, g)


def product_row_by_row(g, x, w):
    to_x, to_w = np.zeros(x.shape), np.zeros(w.shape)
    for i in range(len(x)):
        to_x[i] = w @ g[i]
        to_w += np.outer(x[i], g[i])
    return [to_x, to_w]


def product_cases(says, g, x, w):
    """One case for what goes on to x, one for what goes on to w."""
    def part(k):
        def run(answer):
            found = answer(g, x, w)
            return found[k] if isinstance(found, list | tuple) and len(found) == 2 else found

        def measured():  # exact: the product is linear in each
            at, slopes = (x, w)[k], np.empty((x, w)[k].shape)
            for i in np.ndindex(at.shape):
                nudge = np.zeros(at.shape)
                nudge[i] = 1.0
                slopes[i] = np.sum(g * (nudge @ w if k == 0 else x @ nudge))
            return slopes

        return Case(f"{says}, to {'xw'[k]}", run, measured=measured,
                    factors=((len(x), "all rows use the same w: their parts add up, no mean."),))
    return [part(0), part(1)]


TALL = fixed([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0], [2.0, 0.0, 1.0], [-3.0, 1.5, 2.0]])
W = fixed([[2.0, -1.0], [0.5, 3.0], [-4.0, 1.0]])
G42 = fixed([[1.0, 0.0], [-2.0, 3.0], [0.5, 1.0], [4.0, -1.0]])

PRODUCT = Task(
    title="the two rules of a matrix product",
    cases=[*product_cases("x (4, 3), w (3, 2)", G42, TALL, W),
           *product_cases("a batch of one row", G42[1:2], TALL[:1], W),
           *product_cases("all square, where shapes betray nothing", G42[:2], TALL[1:3, :2],
                          W[:2]),
           *product_cases("one output, w (3, 1)", G42[:, 1:], TALL, W[:, :1])],
    solution=product,
    others=[product_by_indices, product_row_by_row],
    mistakes=[
        Mistake(lambda g, x, w: (x.T @ g, g @ w.T),
                "the two are swapped: first what goes on to x, then what goes on to w."),
        Mistake(lambda g, x, w: (g @ w, x @ g),
                "the transposes are missing: inner lengths that fit by chance prove nothing. Look "
                "at the indices."),
        Mistake(lambda g, x, w: (g @ w, x.T @ g),
                "to x, w must be transposed: dL/dx_ik is the sum over j of g_ij w_kj."),
        Mistake(lambda g, x, w: (g @ w.T, x @ g),
                "to w, x must be transposed: dL/dw_kj is the sum over i of x_ik g_ij."),
        Mistake(lambda g, x, w: (g @ w.T, g.T @ x),
                "what goes on to w is transposed: it is x.T @ g, of the shape of w."),
        Mistake(lambda g, x, w: (w @ g.T, x.T @ g),
                "what goes on to x is transposed: it is g @ w.T, of the shape of x."),
        Mistake(lambda g, x, w: (g @ w.T, x.T @ g / len(x)),
                "to w, the rows' parts are averaged: all rows use the same w, so they add up."),
        Mistake(lambda g, x, w: (g @ w.T / len(x), x.T @ g / len(x)),
                "both are divided by the number of rows: a product has no mean in it."),
        Mistake(lambda g, x, w: (g @ w.T, x @ g.T),
                "to w, the wrong factor is transposed: the sum runs over the rows, x.T @ g."),
        Mistake(lambda g, x, w: g @ w.T,
                "only what goes on to x is returned: return two arrays, the second for w."),
        Mistake(lambda g, x, w: (w.T @ g, g @ x.T),
                "the order of the factors is turned round: w stands right of x in x @ w, and stays "
                "at the right of g."),
        Mistake(lambda g, x, w: (w.T, x.T),
                "these are the other factors alone: g has to be in both."),
        Mistake(lambda g, x, w: (g @ w.T, x.T),
                "to w, g is missing: what arrives is passed on, times the other factor."),
        Mistake(lambda g, x, w: (g * w, g * x),
                "that is the rule of x * w, entry by entry: here every entry is used in many "
                "places.")],
    hints=("Write down the shapes: g is (n, m), x is (n, k), w is (k, m). What goes on to an input "
           "has the shape of that input.",
           "(n, m)(m, k) → (n, k)  goes to x,    (k, n)(n, m) → (k, m)  goes to w",
           "return g @ ..., ... @ g   # one of the others in each, transposed"))

TASKS = {"2.1": QUOTIENT, "2.2": ORDER, "2.3": WALK, "2.4": UNBROADCAST, "2.5": PRODUCT}
