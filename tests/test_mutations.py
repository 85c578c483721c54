"""Proof that the tests can fail: the engine is falsified, and the checks have to notice.

Every rule of the table is falsified in turn: its sign, its size, its arguments, its record for the
second derivative. So are the helpers behind the kinks, the sum that undoes broadcasting, and the
place where contributions add up. The check that must notice is built from the cases of
`test_derivatives.py`; a mutant that it cannot notice is listed, with the reason.

`pytest -s tests/test_mutations.py` shows how many were made and caught.
"""

import inspect
from collections import defaultdict
from contextlib import contextmanager

import numpy as np
import pytest
from cases import CASES, KINKS, complaint, kink_complaint

import minigrad.tensor as engine
from minigrad import Tensor, adjoints, derivatives
from minigrad.primitive import Primitive
from minigrad.tensor import TABLE, array_of

# -- the checks ------------------------------------------------------------------------------------

CASES_OF = defaultdict(list)
for case in CASES:
    CASES_OF[TABLE[case.key]].append(case)


def first_complaint(cases, second=False):
    """What the quick check says of the first case that it finds wrong; None if all seem right."""
    for case in cases:
        try:
            problem = complaint(case.f, case.inputs, second=second)
        except Exception as error:  # a mutant that breaks down is noticed as well
            problem = f"{type(error).__name__}: {error}"
        if problem:
            return f"{case}: {problem}"
    return None


def first_kink_complaint(rows=KINKS):
    for row, f, inputs, expected in rows:
        try:
            problem = kink_complaint(f, inputs, expected)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            return f"{row}: {problem}"
    return None


BROADCASTS = [case for case in CASES if case.key in (np.add, np.multiply, np.where)]
SHARED = [case for case in CASES if "twice" in case.what or "x ** x" in case.what
          or "one tensor three times" in case.what or "x @ x" in case.what]

# -- the rules -------------------------------------------------------------------------------------

PRIMITIVES = {}  # each primitive once, though several names may lead to it
for key, entry in TABLE.items():
    if isinstance(entry, Primitive) and entry not in PRIMITIVES.values():
        PRIMITIVES[key if isinstance(key, str) else key.__name__] = entry


def detached(value):
    return value.detach() if isinstance(value, Tensor) else value


def then(change):
    """A mutation that changes what a rule returns; the options of the rule go through."""
    return lambda rule: lambda *args, **options: change(rule(*args, **options))


FIRST_ORDER = {
    "sign flipped": then(lambda r: -r),
    "factor 1.01": then(lambda r: 1.01 * r),
    "factor 2": then(lambda r: 2.0 * r),
    "term dropped": then(lambda r: 0.0 * r),
}
SECOND_ORDER = {  # the first derivative stays right
    "result detached": then(detached),
    "arriving gradient detached":
        lambda rule: lambda g, *args, **options: rule(detached(g), *args, **options),
    "inputs detached": lambda rule: lambda g, *args, **options: rule(
        g, *(detached(a) for a in args), **options),
}

# Mutants that no check can notice, because they are no mistakes. (primitive, mutation): reason.
EQUIVALENT = {
    ("add", "rules 0 and 1 swapped"): "x + y is symmetrical: both rules are g",
}
LINEAR = "the function is linear: its rule looks at the shapes of the inputs, not at their values"
PIECES = "the function is linear on either side of its kinks: its second derivative is 0 there"
for reason, rules in (
        (LINEAR, {"add": (0, 1), "subtract": (0, 1), "linear": (2,)}),
        (LINEAR, dict.fromkeys(("negative", "positive", "sum", "mean", "cumsum", "reshape", "ravel",
                                "squeeze", "expand_dims", "transpose", "swapaxes", "moveaxis",
                                "flip", "concatenate", "getitem", "scatter", "broadcast_to",
                                "astype"), (0,))),
        (PIECES, {"maximum": (0, 1), "minimum": (0, 1), "where": (1, 2)}),
        (PIECES, dict.fromkeys(("absolute", "clip", "relu", "max", "min"), (0,)))):
    for name, positions in rules.items():
        for i in positions:
            EQUIVALENT[name, f"rule {i}: inputs detached"] = reason


def mutants(name, primitive):
    """What a mutation is called, the rules with it, and whether the second order must show it."""
    rules = primitive.rules
    real = [i for i, rule in enumerate(rules) if rule is not None]
    for second, mutations in ((False, FIRST_ORDER), (True, SECOND_ORDER)):
        for what, mutate in mutations.items():
            for i in real:
                changed = tuple(mutate(r) if j == i else r for j, r in enumerate(rules))
                yield f"rule {i}: {what}", changed, second
    for i in real:
        for j in real:
            if i < j:
                changed = list(rules)
                changed[i], changed[j] = rules[j], rules[i]
                yield f"rules {i} and {j} swapped", tuple(changed), False


@contextmanager
def rules_of(primitive, rules):
    before, primitive.rules = primitive.rules, rules
    try:
        yield
    finally:
        primitive.rules = before


def test_without_a_mutation_the_checks_find_nothing_wrong():
    for second in (False, True):
        problems = [f"{case}: {problem}" for case in CASES
                    if (problem := first_complaint([case], second))]
        assert not problems, "\n".join(problems)
    assert first_kink_complaint() is None


def test_every_mutated_rule_is_noticed():
    made = caught = 0
    equivalent, survived = [], []
    wrongly_listed = set(EQUIVALENT)
    for name, primitive in PRIMITIVES.items():
        cases = CASES_OF[primitive]
        for what, rules, second in mutants(name, primitive):
            made += 1
            with rules_of(primitive, rules):
                noticed = first_complaint(cases, second)
            if noticed:
                caught += 1
            elif (name, what) in EQUIVALENT:
                equivalent.append((name, what))
                wrongly_listed.discard((name, what))
            else:
                survived.append(f"{name}, {what}")
    print(f"\n{made} mutated rules of {len(PRIMITIVES)} primitives: {caught} caught, "
          f"{len(equivalent)} equivalent, {len(survived)} survived")
    assert not survived, "no case notices these mutants:\n" + "\n".join(survived)
    assert not wrongly_listed, f"listed as equivalent, and caught or never made: {wrongly_listed}"


# -- the helpers behind the rules ------------------------------------------------------------------


def first_winner(y, x, axis, keepdims):
    w = adjoints.winners(y, x, axis, keepdims)
    return w * (np.cumsum(w > 0, axis=axis).reshape(w.shape) == 1)


HELPERS = {  # name in derivatives.py, what is wrong, the mutant
    "beats: a tie counts nothing": ("beats", lambda x, y: 1.0 * (x > y)),
    "beats: a tie counts twice": ("beats", lambda x, y: 1.0 * (x >= y)),
    "beats: the loser": ("beats", lambda x, y: adjoints.beats(y, x)),
    "inside: bounds excluded": ("inside", lambda x, low, high: (
        (x > (-np.inf if low is None else low)) & (x < (np.inf if high is None else high)))),
    "inside: the lower bound forgotten": ("inside", lambda x, low, high:
                                          adjoints.inside(x, None, high)),
    "inside: the upper bound forgotten": ("inside", lambda x, low, high:
                                          adjoints.inside(x, low, None)),
    "winners: ties not shared": ("winners", lambda y, x, axis, keepdims: 1.0 * (
        x == adjoints.kept(y, x, axis, keepdims))),
    "winners: the first takes all": ("winners", first_winner),
    "winners: shared over the whole array": ("winners", lambda y, x, axis, keepdims: (
        (w := x == adjoints.kept(y, x, axis, keepdims)) / np.sum(w))),
    "others: by division alone": ("others", lambda y, x, axis, keepdims: (
        adjoints.kept(y, x, axis, keepdims) / x)),
    "others: the product of all": ("others", lambda y, x, axis, keepdims: (
        adjoints.kept(y, x, axis, keepdims) + 0.0 * x)),
    "less_one: always y - 1": ("less_one", lambda y, x: y - 1.0),
    "less_one: the exponent itself": ("less_one", lambda y, x: y),
    "or_one: log 0": ("or_one", lambda x: x),
    "spread: the axis forgotten": ("spread", lambda g, x, axis, keepdims: np.broadcast_to(
        np.reshape(g, g.shape + (1,) * (x.ndim - g.ndim)), x.shape)),
    "kept: keepdims ignored": ("kept", lambda y, x, axis, keepdims: y),
    "scatter: the last one wins": ("scatter", None),
    "undone: the same axes again": ("undone", lambda axes: axes),
    "undone: reversed": ("undone", lambda axes: None),
    "piece: always from the beginning": ("piece", lambda g, xs, argument, axis: adjoints.piece(
        g, xs[argument:], 0, axis)),
    "left: not transposed": ("left", lambda g, x, y: np.matmul(g, y)),
    "left and right swapped": ("left", adjoints.right),
    "right: x and g swapped": ("right", lambda g, x, y: adjoints.right(x, g, y)),
    "right: a stack not summed": ("right", lambda g, x, y: adjoints.right(g, x, y) / (
        len(x) if x.ndim > 2 else 1)),
}


def last_wins(g, shape, key):
    x = np.zeros(shape, g.dtype)
    x[key] = g
    return x


def test_every_mutated_helper_is_noticed(monkeypatch):
    caught = {}
    for what, (name, mutant) in HELPERS.items():
        with monkeypatch.context() as patch:
            if name == "scatter":
                patch.setattr(derivatives.scatter, "forward", last_wins)
            else:
                assert hasattr(derivatives, name), f"derivatives.py has no {name} any more"
                patch.setattr(derivatives, name, mutant)
            caught[what] = first_kink_complaint() or first_complaint(CASES)
    print(f"\n{len(caught)} mutated helpers: {sum(map(bool, caught.values()))} caught")
    survived = [what for what, noticed in caught.items() if not noticed]
    assert not survived, f"no case notices these mutants: {survived}"


# -- the machine itself ----------------------------------------------------------------------------


def wrong_axes(g, shape, op):
    """Sums over the last axes where it should be the first, and the other way about."""
    axes = tuple(range(g.ndim))[len(shape):] if g.ndim > len(shape) else ()
    g = np.sum(g, axis=axes) if axes else g
    for a, n in enumerate(shape[::-1]):
        if n == 1 and a < g.ndim:
            g = np.sum(g, axis=a, keepdims=True)
    return np.broadcast_to(np.resize(array_of(g), shape), shape)


def with_mean(g, shape, op):
    total = engine_unbroadcast(g, shape, op)
    return total * (total.size / g.size)


engine_unbroadcast = engine._unbroadcast
UNBROADCASTS = {
    "returns g unsummed": lambda g, shape, op: g,
    "sums the wrong axes": wrong_axes,
    "a mean in place of the sum": with_mean,
    "takes the first in place of the sum": lambda g, shape, op: array_of(g)[
        (0,) * (g.ndim - len(shape))][tuple(slice(n) for n in shape)],
    "new axes only": lambda g, shape, op: np.sum(g, axis=tuple(range(g.ndim - len(shape)))),
    "stretched axes only": lambda g, shape, op: np.sum(
        g, axis=tuple(a for a, n in enumerate(shape, g.ndim - len(shape)) if n == 1),
        keepdims=True),
}


@pytest.mark.parametrize("mutant", UNBROADCASTS.values(), ids=UNBROADCASTS)
def test_a_mistake_in_undoing_the_broadcast_is_noticed(mutant, monkeypatch):
    assert first_complaint(BROADCASTS) is None
    monkeypatch.setattr(engine, "_unbroadcast", mutant)
    assert first_complaint(BROADCASTS), "no broadcasting case notices this mutant"


SOURCE = {  # what goes wrong, the words in _sweep, what stands there instead
    "the last contribution wins": (
        "contribution = arrived[x._number][1] + contribution", "pass"),
    "the first contribution wins": (
        "contribution = arrived[x._number][1] + contribution",
        "contribution = arrived[x._number][1]"),
    "contributions are averaged": (
        "contribution = arrived[x._number][1] + contribution",
        "contribution = (arrived[x._number][1] + contribution) / 2"),
    "the oldest goes first": ("heappush(youngest_first, -x._number)",
                              "heappush(youngest_first, x._number)"),
    "the output in place of the inputs": ("rule(g, y, *values, **options)",
                                          "rule(g, y, *(y for _ in values), **options)"),
}


@pytest.mark.parametrize("old, new", SOURCE.values(), ids=SOURCE)
def test_a_mistake_in_the_walk_back_is_noticed(old, new, monkeypatch):
    source = inspect.getsource(engine._sweep)
    assert source.count(old) == 1, f"_sweep no longer says `{old}` once: update the table SOURCE"
    names = {}
    exec(compile(source.replace(old, new), "mutated _sweep", "exec"), vars(engine), names)
    assert first_complaint(SHARED) is None
    monkeypatch.setattr(engine, "_sweep", names["_sweep"])
    assert first_complaint(SHARED), "no case with a shared input notices this mutant"


def test_afterwards_the_engine_is_whole_again():
    assert first_complaint(CASES[::5]) is None and first_complaint(CASES[::5], second=True) is None
    assert first_kink_complaint() is None
