"""Proof that the tests of the losses can fail: each loss is falsified, and the checks must notice.

The source of every loss is taken apart, and each operator, number, function, branch, option and
check in it is changed in turn: plus for minus, a factor of 2, a term left out, mean for sum, `<=`
for `<`, a refusal removed, prediction and target swapped. What must notice is a quick extract of
the generic tests: the closed forms at ordinary and at special points, the reductions, shapes,
lists, and refusals. A mutant that it cannot notice is listed, with the reason.

`pytest -s tests/test_loss_mutations.py` shows how many were made and caught.
"""

import ast
import copy
import inspect
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from loss_cases import CERTAIN, OPTIONS, closed_form, compare, each, sample, special

import losses
import minigrad
from losses import reduction as checks_of_arguments
from losses.multiclass import labels_or_distribution
from minigrad import Tensor, grad

ENTRY = {entry.name: entry for entry in losses.catalog()}
FAMILIES = [sys.modules[f"losses.{name}"] for name in ("regression", "binary", "multiclass")]
ROWS_OR_LABELS = {entry.name for entry in losses.catalog()
                  if "labels_or_distribution" in inspect.getsource(entry.loss)}
assert callable(labels_or_distribution), "renamed? Then the line above finds nothing"

# -- the checks ------------------------------------------------------------------------------------


def has_its_closed_form(entry, loss):
    for options in [{}, *OPTIONS.get(entry.name, [])]:
        closed, f = closed_form(entry, **options), each(entry, loss, **options)
        compare(f, *sample(entry.pred), np.float64, closed)
        compare(f, *special(entry), np.float64, closed)
        compare(f, *special(entry), np.float32, closed)
        if entry.name in ROWS_OR_LABELS:
            pred, rows = np.repeat(special(entry)[0], 5, axis=0), np.array(CERTAIN[:5])
            target = np.tile(rows, (len(pred) // 5, 1))
            compare(f, pred, target, np.float64, closed)
            compare(f, pred, target, np.float32, closed)


def keeps_the_digits_of_large_logits(entry, loss):
    if entry.pred == "logits":
        pred = np.array([[1e4, 1e4 - 1]], np.float32)
        for target in (np.array([0]), np.array([[1, 0]])):
            assert abs(loss(pred, target) - 0.3132616875182229) < 1e-6, "digits are lost at 10000"


def reduces_as_it_says(entry, loss):
    if entry.pred == "batch":
        return
    pred, target = sample(entry.pred)
    values = loss(pred, target, reduction="none")
    expected = {"none": values, "mean": np.mean(values), "sum": np.sum(values)}
    default = "sum" if entry.name in ("l1", "l2") else "mean"
    for options in [{}, *({"reduction": name} for name in expected)]:
        found = loss(pred, target, **options)
        assert np.allclose(found, expected[options.get("reduction", default)], rtol=1e-12), options


def takes_any_shape_and_lists_and_tensors(entry, loss):
    pred, target = sample(entry.pred)
    targets = [target, *([np.eye(5)[target]] if entry.name in ROWS_OR_LABELS else [])]
    for options in [{}, *OPTIONS.get(entry.name, [])]:
        f = each(entry, loss, **options)
        for t in targets:
            expected = f(pred, t)
            assert np.shape(expected) == (() if entry.pred == "batch" else (6,)), "one per example"
            assert np.array_equal(f(pred.tolist(), t.tolist()), expected), "lists"
            assert np.array_equal(f(Tensor(pred), t).data, expected), "Tensors"
            folded = f(pred.reshape(2, 3, *pred.shape[1:]), t.reshape(2, 3, *t.shape[1:]))
            assert np.allclose(np.ravel(folded), expected), "shape (2, 3)"
            if entry.pred != "batch":
                assert np.allclose(f(pred[0], t[0]), expected[0]), "one example"
            if t.dtype.kind == "f":
                points = Tensor(t, requires_grad=True)
                found = f(pred, points)
                assert isinstance(found, Tensor) and found.requires_grad, "the target gets nothing"


def is_0_with_slope_0_at_a_perfect_fit(entry, loss):
    if entry.family == "regression":
        pred = Tensor([0.0, 1.0, 1e4], requires_grad=True)
        cost = loss(pred, pred.data)
        assert cost.item() == 0.0, "a perfect fit costs nothing"
        assert not grad(cost, pred).any(), "a perfect fit has slope 0"


def wrong_calls(entry):
    """Calls that must be refused: pred, target, options, a word of the message."""
    pred, target = sample(entry.pred)
    labelled = target.dtype.kind in "iu"
    yield pred[:0], target[:0], {}, "no examples"
    yield pred, target[:5], {}, "has shape"
    if not labelled:
        yield pred, target[:, None], {}, "has shape"
    if entry.pred != "batch":
        yield pred, target, {"reduction": "average"}, "average"
    bounded = {"probability", "probabilities", "distribution"}
    if entry.pred in bounded:
        yield 3.0 * pred - 1.0, target, {}, "pred must lie"
    if entry.pred in {"logit", "score", *bounded} and not labelled:
        yield pred, 3.0 * target - 1.5, {}, "target must"
    if entry.pred in {"probabilities", "distribution"}:
        yield 0.9 * pred, target, {}, "rows of pred"
        one = np.concatenate([pred[:-1], 0.9 * pred[-1:]])
        yield one, target, {}, "rows of pred"
    if entry.pred == "distribution":
        yield pred, 0.9 * target, {}, "rows of target"
        yield np.ones((3, 1)), np.ones((3, 1)), {}, "two classes"
    if entry.pred == "amount":
        yield pred - 5.0, target, {}, "pred must be above"
        yield pred, target - 5.0, {}, "target must be above"
        edge = np.array([1.0, -1.0])
        yield edge, edge + 1.0, {}, "pred must be above"
    if entry.name in ROWS_OR_LABELS:
        yield pred, 0.9 * np.eye(5)[target], {}, "rows of target"
    if labelled:
        yield pred, np.where(target == target.max(), 5, target), {}, "labels go from 0 to 4"
        yield pred, np.where(target == target.max(), -1, target), {}, "labels go from 0 to 4"
        yield pred, target.astype(float), {}, "whole numbers"
        yield np.ones((3, 1)), np.zeros(3, int), {}, "two classes"
    for option, values in {"delta": (0, -1.0, "1"), "q": (0, 1, -1, "1"), "gamma": (-1, "1"),
                           "alpha": (0, 1, "1"), "label_smoothing": (-0.5, 1, "1")}.items():
        if option in inspect.signature(entry.loss).parameters:
            for value in values:
                yield pred, target, {option: value}, option


def refuses_what_is_wrong(entry, loss):
    for pred, target, options, word in wrong_calls(entry):
        try:
            loss(pred, target, **options)
        except (ValueError, TypeError) as error:
            assert word in str(error), f"{error!r} does not say {word!r}"
        else:
            raise AssertionError(f"accepted: {options}, where the message was to say {word!r}")


CHECKS = [takes_any_shape_and_lists_and_tensors, reduces_as_it_says, has_its_closed_form,
          is_0_with_slope_0_at_a_perfect_fit, keeps_the_digits_of_large_logits,
          refuses_what_is_wrong]


def complaint(entry, loss):
    """What the quick checks say of a loss; None if all seems right."""
    with np.errstate(all="ignore"):  # a mutant is to be known by its values, not by a warning
        for check in CHECKS:
            try:
                check(entry, loss)
            except NameError:  # a fault of this file: a mutant uses what its module does not import
                raise
            except Exception as error:  # a mutant that breaks down is noticed as well
                return f"{check.__name__}: {type(error).__name__}: {error}"
    return None


# -- the mutants -----------------------------------------------------------------------------------

INSTEAD = {  # of a function another one
    "np.square": "np.abs", "np.abs": "np.square", "np.sqrt": "np.square", "np.exp": "np.expm1",
    "np.log": "np.log1p", "np.log1p": "np.log", "np.maximum": "np.minimum", "np.max": "np.min",
    "softplus": "relu", "relu": "softplus", "logsumexp": "np.sum", "log_softmax": "softmax",
    "fraction": "positive", "hinge": "squared_hinge",
}
METHODS = {"mean": "sum", "sum": "mean", "max": "min", "min": "max"}
CHECKED = {"positive", "fraction", "numbers"}  # these give back their argument
EXTRA = {"softplus": minigrad.softplus, "relu": minigrad.relu, "softmax": minigrad.softmax,
         "numbers": checks_of_arguments.numbers, "plain": checks_of_arguments.plain,
         "positive": checks_of_arguments.positive}


def parsed(text):
    return ast.parse(text, mode="eval").body


def changes(node, defaults):
    """What may stand in the place of a node of the source, all of it wrong (or equivalent)."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return [ast.BinOp(left, ast.Sub(), right), left, right]
        case ast.BinOp(left, ast.Sub(), right):
            return [ast.BinOp(left, ast.Add(), right), ast.BinOp(right, ast.Sub(), left), left]
        case ast.BinOp(left, ast.Mult(), right):
            return [ast.BinOp(left, ast.Div(), right), left, right]
        case ast.BinOp(left, ast.Div(), right):
            return [ast.BinOp(left, ast.Mult(), right), ast.BinOp(right, ast.Div(), left), left]
        case ast.UnaryOp(ast.USub(), operand):
            return [operand]
        case ast.Compare(left, [op], [right]):
            others = {ast.Gt: (ast.GtE, ast.Lt), ast.Lt: (ast.LtE, ast.Gt), ast.Eq: (ast.NotEq,),
                      ast.GtE: (ast.Gt, ast.Lt), ast.LtE: (ast.Lt, ast.Gt), ast.IsNot: (ast.Is,),
                      ast.NotEq: (ast.Eq,)}[type(op)]
            return [ast.Compare(left, [other()], [right]) for other in others]
        case ast.Constant("mean" | "none"):
            return [ast.Constant("sum")]
        case ast.Constant("sum"):
            return [ast.Constant("mean")]
        case ast.Constant(float(value)):
            return [ast.Constant(value or 1.0) if not value else ast.Constant(factor * value)
                    for factor in ((2.0, 1.01, -1.0) if value else (1.0,))]
        case ast.Constant(int(value)) if not isinstance(value, bool):
            return [ast.Constant(value + 1)]
        case ast.IfExp(test, body, orelse):
            return [ast.IfExp(test, orelse, body)]
        case ast.If(test, body, orelse):
            return [ast.If(ast.UnaryOp(ast.Not(), test), body, orelse),
                    ast.If(ast.Constant(False), body, orelse)]
        case ast.For():
            return [ast.Pass()]
        case ast.Tuple([first, second], ast.Load()):
            return [ast.Tuple([first, first], ast.Load()), ast.Tuple([second, second], ast.Load())]
        case ast.Name(name, ast.Load()) if name == "reduction":
            return [ast.Constant("mean"), ast.Constant("sum")]
        case ast.Name(name, ast.Load()) if name in defaults:
            return [copy.deepcopy(defaults[name])]
        case ast.Expr(ast.Call(ast.Name())):  # a check of the arguments
            return [ast.Pass()]
        case ast.Call(ast.Name("same_shape"), arguments):
            return [ast.Tuple([ast.Call(ast.Name("numbers", ast.Load()), [x], [])
                               for x in arguments], ast.Load())]
        case ast.Call(ast.Name("class_labels" | "labels_or_distribution"), [_, target]):
            return [ast.Call(ast.Name("plain", ast.Load()), [target], [])]
        case ast.Call(function, arguments, keywords):
            name, found = ast.unparse(function), []
            if name in INSTEAD:
                found.append(ast.Call(parsed(INSTEAD[name]), arguments, keywords))
            if name in CHECKED or name in ("np.square", "np.abs", "np.sqrt", "np.log1p", "relu",
                                           "softplus", "np.exp"):
                found.append(arguments[0])
            if isinstance(function, ast.Attribute) and function.attr in METHODS:
                if name not in INSTEAD:
                    other = ast.Attribute(function.value, METHODS[function.attr], ast.Load())
                    found.append(ast.Call(other, arguments, keywords))
            if name in ("np.clip", "np.where"):
                first, second, third = arguments
                found.append(ast.Call(function, [first, third, second], keywords))
            if name == "surprise":
                found.append(parsed(f"-np.log({ast.unparse(arguments[0])})"))
            return found
    return []


def nodes(tree):
    """All nodes that a mutation may change: not what is said, only what is done."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.JoinedStr):
            skipped.update(map(id, ast.walk(node)))
    return [node for node in ast.walk(tree) if id(node) not in skipped]


class Replacement(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def shown(node):
    """The source of a node on one line, without what depends on it."""
    match node:
        case ast.If(test):
            return f"if {ast.unparse(test)}"
        case ast.For(target):
            return f"for {ast.unparse(target)}"
    return ast.unparse(node)


def swapped(function):
    """The same function with prediction and target swapped behind the checks."""
    other = "labels" if any(isinstance(node, ast.Name) and node.id == "labels"
                            for node in ast.walk(function)) else "target"
    function = copy.deepcopy(function)
    calls = r"\b(same_shape|numbers|\w+_labels|class_\w+|labels_\w+|probabilities|distribution)\("
    last = max((i for i, line in enumerate(function.body)
                if isinstance(line, ast.Assign | ast.Expr) and re.search(calls, ast.unparse(line))
                or any(isinstance(node, ast.Raise) for node in ast.walk(line))), default=-1)
    function.body.insert(last + 1, ast.parse(f"pred, {other} = {other}, pred").body[0])
    return function


def mutants(function):
    """Pairs of what was changed and the changed definition, for a definition or an assignment."""
    defaults = {}
    if isinstance(function, ast.FunctionDef):
        defaults = {argument.arg: default for argument, default in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True)}
        if "target" in [argument.arg for argument in function.args.args]:
            yield "pred and target swapped", swapped(function)
    seen = Counter()
    for i, node in enumerate(nodes(function)):
        for j in range(len(changes(node, defaults))):
            changed = copy.deepcopy(function)
            old = nodes(changed)[i]
            new = changes(old, defaults)[j]
            what = f"{shown(old)} → {shown(new)}"
            seen[what] += 1
            yield (what if seen[what] == 1 else f"{what} ({seen[what]})",
                   Replacement(old, new).visit(changed))


def without_docstring(node):
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
        node.body = node.body[1:]
    return node


def names_of(module, tree, old=None, new=None):
    """The names that the module defines, with one definition replaced by another."""
    body = [new if node is old else node for node in tree.body]
    code = ast.fix_missing_locations(ast.Module(body, []))
    names = {"__name__": module.__name__, "__package__": "losses"}
    exec(compile(code, f"mutant of {module.__name__}", "exec"), names)
    return names


def parts():
    """Every definition of the family files: module, its tree, the definition, its name."""
    for module in FAMILIES:
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        extra = ast.parse("\n".join(f"from {value.__module__} import {name}" for name, value in
                                    EXTRA.items() if name not in vars(module)))
        tree.body = [*extra.body, *map(without_docstring, tree.body)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                yield module, tree, node, node.name
            elif isinstance(node, ast.Assign):
                yield module, tree, node, ast.unparse(node.targets[0])


def noticed(entry, *mutation):
    try:
        loss = names_of(*mutation)[entry.name]
    except ValueError as error:  # math.log(-2.0), say: the module cannot even be imported
        return str(error)
    return complaint(entry, loss)


SERVES = {"surprise": "binary_cross_entropy", "EPSILON": "binary_cross_entropy",
          "LOG_2": "log_cosh"}  # what is no loss itself, and a loss that shows whether it is right

# Mutants that no check can notice, because they are no mistakes. (definition, mutation): reason.
EQUIVALENT = {}
SWAPPED = "pred and target swapped"
EVEN = "the loss is even in the residual: f(p - t) = f(t - p), gradients to both included"
ONE_OVER_ONE = "a label is -1 or +1, and so its own reciprocal"
for reason, rows in (
        (EVEN, [(name, SWAPPED) for name in ("mse", "l2", "rmse", "msle", "mae", "l1", "huber",
                                             "pseudo_huber", "log_cosh")]),
        (EVEN, [(name, "pred - target → target - pred") for name in (
            "mse", "mae", "huber", "pseudo_huber", "log_cosh")]),
        (EVEN, [("msle", "np.log1p(pred) - np.log1p(target) → np.log1p(target) - np.log1p(pred)")]),
        ("only the product of score and label enters, and it is the same",
         [(name, SWAPPED) for name in ("logistic", "hinge", "exponential")]),
        (ONE_OVER_ONE, [("logistic", "-pred * labels → -pred / labels"),
                        ("hinge", "pred * labels → pred / labels"),
                        ("exponential", "-pred * labels → -pred / labels")]),
        (ONE_OVER_ONE + " (here made of 0 and 1)",
         [("focal", "pred * (2.0 * labels - 1.0) → pred / (2.0 * labels - 1.0)")])):
    EQUIVALENT.update(dict.fromkeys(rows, reason))


def test_without_a_mutation_the_checks_find_nothing_wrong():
    for module, tree, _, name in parts():
        entry = ENTRY[SERVES.get(name, name)]
        assert complaint(entry, entry.loss) is None
        again = names_of(module, tree)[entry.name]
        assert again is not entry.loss and complaint(entry, again) is None


def test_every_mutated_loss_is_noticed():
    made, caught, broken = Counter(), 0, 0
    equivalent, survived = [], []
    wrongly_listed = set(EQUIVALENT)
    for module, tree, definition, name in parts():
        entry = ENTRY[SERVES.get(name, name)]
        for what, mutant in mutants(definition):
            made[name] += 1
            problem = noticed(entry, module, tree, definition, mutant)
            if problem:
                caught += 1
                broken += "AssertionError" not in problem
            elif (name, what) in EQUIVALENT:
                equivalent.append((name, what))
                wrongly_listed.discard((name, what))
            else:
                survived.append(f"{name}: {what}")
    print(f"\n{made.total()} mutants of {len(made)} definitions: {caught} caught ({broken} of them "
          f"broke down), {len(equivalent)} equivalent, {len(survived)} survived")
    few = {name for name in ENTRY if made[name] < 4}
    assert not few, f"too few mutants are made of {few}: the machine misses what is in them"
    assert not survived, "no check notices these mutants:\n" + "\n".join(survived)
    assert not wrongly_listed, (
        "listed as equivalent, and now caught or never made; take them from the table:\n"
        + "\n".join(map(str, sorted(wrongly_listed))))


# -- mistakes that are made in earnest -------------------------------------------------------------


def log_ratio(p, epsilon=1e-12):
    return np.log((1.0 + epsilon) / (p + epsilon))


def mixed(t, s):
    return (1.0 - s) * t + s / (t.shape[-1] - 1) * (1.0 - t)


def rows(z, t):
    return minigrad.one_hot(t, z.shape[-1]).astype(z.dtype) if t.dtype.kind in "iu" else t


def wrong_only(z, t, lowest):
    return np.where(rows(z, t) == 1.0, lowest, z)


def at(z, t):
    return (z * rows(z, t)).sum(axis=-1)


IN_EARNEST = [  # the loss, what is wrong, and the formula, as it has been written somewhere
    ("binary_cross_entropy", "a clip inside the logarithm kills the gradient", lambda p, t:
     -t * np.log(np.clip(p, 1e-12, 1.0)) - (1.0 - t) * np.log(np.clip(1.0 - p, 1e-12, 1.0))),
    ("binary_cross_entropy", "eps not divided out: a perfect prediction costs less than 0",
     lambda p, t: -t * np.log(p + 1e-12) - (1.0 - t) * np.log(1.0 - p + 1e-12)),
    ("binary_cross_entropy", "no eps at all", lambda p, t:
     -t * np.log(p) - (1.0 - t) * np.log(1.0 - p)),
    ("binary_cross_entropy", "minus lost", lambda p, t:
     -t * log_ratio(p) - (1.0 - t) * log_ratio(1.0 - p)),
    ("log_cosh", "cosh overflows", lambda p, t: np.log(np.cosh(p - t))),
    ("log_cosh", "built on abs(e): its curvature at 0 is another", lambda p, t:
     np.abs(p - t) + minigrad.softplus(-2.0 * np.abs(p - t)) - float(np.log(2.0))),
    ("huber", "< for <=", lambda p, t, delta=1.0: np.where(
        np.abs(p - t) < delta, 0.5 * np.square(p - t), delta * (np.abs(p - t) - 0.5 * delta))),
    ("huber", "a jump: half of delta forgotten", lambda p, t, delta=1.0: np.where(
        np.abs(p - t) <= delta, 0.5 * np.square(p - t), delta * np.abs(p - t))),
    ("huber", "twice Huber, as some books have it", lambda p, t, delta=1.0: np.where(
        np.abs(p - t) <= delta, np.square(p - t), delta * (2.0 * np.abs(p - t) - delta))),
    ("pseudo_huber", "without the outer delta squared", lambda p, t, delta=1.0:
     np.sqrt(1.0 + np.square((p - t) / delta)) - 1.0),
    ("quantile", "a tie goes to one side", lambda p, t, q=0.5:
     np.where(t - p >= 0.0, q * (t - p), (q - 1.0) * (t - p))),
    ("quantile", "q serves the wrong side", lambda p, t, q=0.5:
     np.maximum(q * (p - t), (q - 1.0) * (p - t))),
    ("msle", "log in place of log(1 + x)", lambda p, t: np.square(np.log(p) - np.log(t))),
    ("sigmoid_cross_entropy", "through the probability: the gradient saturates", lambda z, t:
     t * log_ratio(minigrad.sigmoid(z)) + (1.0 - t) * log_ratio(1.0 - minigrad.sigmoid(z))),
    ("sigmoid_cross_entropy", "softplus as relu + log1p(exp(-abs)): no slope at logit 0",
     lambda z, t: minigrad.relu(z) + np.log1p(np.exp(-np.abs(z))) - z * t),
    ("logistic", "softplus as log(1 + exp): it overflows", lambda s, t: np.log1p(np.exp(-t * s))),
    ("focal", "by a power of 1 - p: infinite slopes for gamma below 1",
     lambda z, t, gamma=2.0, alpha=None: np.power(
         1.0 - minigrad.sigmoid((2.0 * t - 1.0) * z), gamma) * minigrad.softplus(
         (1.0 - 2.0 * t) * z) * (1.0 if alpha is None else alpha * t + (1.0 - alpha) * (1.0 - t))),
    ("focal", "alpha for both labels", lambda z, t, gamma=2.0, alpha=None: np.exp(
        -gamma * minigrad.softplus((2.0 * t - 1.0) * z)) * minigrad.softplus(
        (1.0 - 2.0 * t) * z) * (1.0 if alpha is None else alpha)),
    ("hinge", "as abs", lambda s, t: np.abs(1.0 - t * s)),
    ("hinge", "as a maximum: at margin 1 half a slope", lambda s, t: np.maximum(1.0 - t * s, 0.0)),
    ("hinge", "the perceptron: no margin", lambda s, t: minigrad.relu(-t * s)),
    ("squared_hinge", "half of it", lambda s, t: 0.5 * np.square(minigrad.relu(1.0 - t * s))),
    ("softmax_cross_entropy", "softmax, and then its logarithm",
     lambda z, t, label_smoothing=0.0: -at(np.log(minigrad.softmax(z)), t)),
    ("softmax_cross_entropy", "smoothing over the wrong classes only",
     lambda z, t, label_smoothing=0.0: -(minigrad.log_softmax(z) * mixed(
         rows(z, t), label_smoothing)).sum(axis=-1)),
    ("multiclass_hinge", "the right class rivals itself", lambda s, t:
     minigrad.relu(1.0 + np.max(s, axis=-1) - at(s, t))),
    ("multiclass_hinge", "all wrong classes counted, not the best: Weston and Watkins", lambda s, t:
     (minigrad.relu(1.0 + s - at(s, t)[..., None]) * (1.0 - rows(s, t))).sum(axis=-1)),
    ("multiclass_hinge", "a 0 among the rivals", lambda s, t:
     minigrad.relu(1.0 + np.max(wrong_only(s, t, 0.0), axis=-1) - at(s, t))),
    ("categorical_cross_entropy", "the mean over the classes", lambda p, t:
     (rows(p, t) * log_ratio(p)).mean(axis=-1)),
    ("kl_divergence", "the other direction", lambda p, t:
     (p * (log_ratio(t) - log_ratio(p))).sum(axis=-1)),
    ("kl_divergence", "without the entropy", lambda p, t: (t * log_ratio(p)).sum(axis=-1)),
    ("kl_divergence", "divided by the classes", lambda p, t:
     (t * (log_ratio(p) - log_ratio(t))).mean(axis=-1)),
]


@pytest.mark.parametrize("name, what, formula", IN_EARNEST, ids=[
    f"{name}, {what}" for name, what, _ in IN_EARNEST])
def test_a_mistake_made_in_earnest_is_noticed(name, what, formula):
    entry = ENTRY[name]

    def mistaken(pred, target, *, reduction="mean", **options):
        entry.loss(pred, target, reduction=reduction, **options)  # which refuses what is wrong
        pred = checks_of_arguments.numbers(pred)
        target = target if isinstance(target, Tensor) else np.asarray(target)
        target = target if target.dtype.kind in "iu" else target.astype(pred.dtype)
        return checks_of_arguments.reduced(formula(pred, target, **options), reduction)

    problem = complaint(entry, mistaken)
    assert problem, "no check notices this mistake"
    assert "AssertionError" in problem, f"not the values were noticed, but an accident: {problem}"


IN_REDUCTION = {  # what is wrong: words in losses/reduction.py, what stands there instead
    "the mean is a sum": ("return values.mean()", "return values.sum()"),
    "the sum is a mean": ("return values.sum()", "return values.mean()"),
    "any reduction is taken for none": ('if reduction != "none":', "if False:"),
    "shapes may differ": ("if pred.shape != target.shape:", "if False:"),
    "sizes must be equal, not shapes": ("if pred.shape != target.shape:",
                                        "if pred.size != target.size:"),
    "empty batches pass": ("if not target.size:", "if False:"),
    "probabilities below 0 pass": ("0.0 <= low <= high <= 1.0", "low <= high <= 1.0"),
    "probabilities above 1 pass": ("0.0 <= low <= high <= 1.0", "0.0 <= low <= high"),
    "sums are not looked at": ("> 1e-4:", "> 1e4:"),
    "only sums that are too large are seen": ("np.abs(sums - 1.0).max()", "(sums - 1.0).max()"),
    "only the first sum is seen": ("np.abs(sums - 1.0).max()", "np.abs(sums - 1.0).flat[0]"),
    "labels may be anything": ("if np.count_nonzero(wrong):", "if False:"),
    "one class passes": ("scores.shape[-1] < 2", "scores.shape[-1] < 1"),
    "class C passes": ("labels.max() < classes", "labels.max() <= classes"),
    "class -1 passes": ("labels.min() >= 0 and ", ""),
    "floats pass as classes": ('if labels.dtype.kind not in "iu":', "if False:"),
    "always class 0": ("scores[np.arange(len(labels)), labels]",
                       "scores[np.arange(len(labels)), 0 * labels]"),
    "always the first row": ("scores[np.arange(len(labels)), labels]", "scores[0, labels]"),
    "deeper labels on the wrong axis": ("np.take_along_axis(scores, labels[..., None], axis=-1)"
                                        "[..., 0]", "scores[..., 0]"),
    "0 is positive": ("if not 0 < x < math.inf:", "if not 0 <= x < math.inf:"),
    "any text is a number": ("if not isinstance(x, Real):", "if False:"),
    "a number above 1 lies between 0 and 1": ("if not positive(x, name) < 1.0:",
                                              "if not positive(x, name):"),
    "1 lies between 0 and 1": ("if not positive(x, name) < 1.0:",
                               "if not positive(x, name) <= 1.0:"),
}


@pytest.mark.parametrize("old, new", IN_REDUCTION.values(), ids=IN_REDUCTION)
def test_a_mistake_in_the_checks_and_reductions_is_noticed(old, new, monkeypatch):
    source = Path(checks_of_arguments.__file__).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"no line says `{old}` once: update the table IN_REDUCTION"
    names = {"__name__": "losses.reduction", "__package__": "losses"}
    exec(compile(source.replace(old, new), "a mutant", "exec"), names)
    for module in FAMILIES:
        for name in set(names) & set(vars(module)):
            if getattr(vars(module)[name], "__module__", "") == "losses.reduction":
                monkeypatch.setattr(module, name, names[name])
    assert any(complaint(entry, entry.loss) for entry in ENTRY.values()), (
        "no check notices this mistake")


def test_afterwards_the_losses_are_whole_again():
    assert not any(complaint(entry, entry.loss) for entry in ENTRY.values())
