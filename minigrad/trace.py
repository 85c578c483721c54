"""The backward pass in words: every operation, its rules as they are written, its numbers.

    explain(loss)     the backward pass as text, step by step

It only looks: no graph is released, no `.grad` is touched. The steps come in the order in which the
engine takes them, the youngest operation first. A leaf is called by the name you give it, else
"leaf 1", "leaf 2" ..., oldest first; a result by the number of its step.

A rule is shown as its author wrote it, with the comment at its right: Python remembers on which
line a function's code begins, and `linecache` has the lines, those of a notebook's cell as well.
"""

import ast
import inspect
import io
import linecache
import textwrap
import tokenize
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from .tensor import Tensor, _seed, _sweep, _unbroadcast, array_of

# -- the backward pass, kept -----------------------------------------------------------------------


class Part(NamedTuple):
    """What one step sends to one input of its operation."""

    i: int  # which input it is
    x: Tensor
    raw: np.ndarray  # what the rule returned
    contribution: np.ndarray  # the same in the shape of x: a broadcast is undone
    before: np.ndarray | None  # what had arrived at x until then
    total: np.ndarray


class Step(NamedTuple):
    """One operation in the backward pass: `g` arrives at its result, parts go on to its inputs."""

    result: Tensor
    g: np.ndarray
    parts: list[Part]


def backward_pass(tensor, gradient=None):
    """All steps, in the order of the engine's sweep, and the pairs (leaf, its gradient)."""
    results_behind(tensor)  # refuses what has no graph
    steps, leaves, arrived = [], [], {}
    for result, g in _sweep(tensor, _seed(tensor, gradient), retain_graph=True):
        if result._op is None:
            leaves.append((result, g))
            continue
        parts = []
        for i in (i for i in result._active if rule_for(result._op, i)):  # else the sweep complains
            x, raw = result._inputs[i], _apply_rule(result, i, g)
            contribution = raw if raw.shape == x.shape else _unbroadcast(raw, x.shape, result._op)
            before = arrived.get(x)
            total = contribution if before is None else before + contribution
            arrived[x] = total
            parts.append(Part(i, x, raw, contribution, before, total))
        steps.append(Step(result, g, parts))
    return steps, leaves


def results_behind(tensor):
    """All results that `tensor` was computed from, itself included, youngest first."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"a graph belongs to a Tensor, not to {type(tensor).__name__}")
    if tensor._op is None:
        raise RuntimeError("this tensor has no graph: no operation on a tensor that requires a "
                           "gradient made it. Pass the result of a computation, a loss say")
    found, waiting = {tensor}, [tensor]
    while waiting:
        result = waiting.pop()
        if result._inputs is None:
            raise RuntimeError(f"the graph behind this result of {result.op!r} was released by a "
                               f"backward pass: look before it, or pass retain_graph=True to it")
        for x in result._inputs:
            if isinstance(x, Tensor) and x._number > result._number:
                raise RuntimeError(f"an input of {result.op!r}, of shape {x.shape}, got new .data "
                                   f"after it was used: compute the result again, then look")
        new = {result._inputs[i] for i in result._active} - found
        waiting += [x for x in new if x._op is not None]
        found |= new
    return sorted((x for x in found if x._op is not None), key=lambda x: -x._number)


def rule_for(op, i):
    """The rule for input number `i`; one that takes any number of inputs has one rule for all."""
    return op.rules[0] if op.variadic else op.rules[i]


def _code(rule):
    """The code of a rule as it was written, also where the engine has wrapped it."""
    return inspect.unwrap(rule).__code__


def _apply_rule(result, i, g):
    op, values = result._op, map(array_of, result._inputs)
    rule = partial(rule_for(op, i), argument=i) if op.variadic else rule_for(op, i)
    return rule(g, result.data, *values, **result._options)


# -- the rules as they are written -----------------------------------------------------------------


def source_of(rule):
    """The text of a rule, as it stands in its file or notebook cell, and the comment at its right.

    Two empty strings if the text cannot be found, as for a rule typed at Python's own prompt.
    """
    code = _code(rule)
    if code.co_name != "<lambda>":
        try:
            return textwrap.dedent(inspect.getsource(code)).rstrip(), ""
        except (OSError, TypeError):
            return "", ""
    bare, comments, lambdas = _read("".join(linecache.getlines(code.co_filename)))
    found = [node for node in lambdas if node.lineno == code.co_firstlineno]
    if len(found) > 1:  # several on one line: it is the innermost one that spans all its code
        found = [node for node in found if _spans(node.body, code)][-1:]
    if not found:
        return "", ""
    node = found[0]
    text = textwrap.dedent(" " * node.col_offset + ast.get_source_segment(bare, node))
    lines = range(node.lineno, node.end_lineno + 1)
    return text.lstrip(), " ".join(comments[n] for n in lines if n in comments)


@lru_cache(maxsize=8)
def _read(text):
    """A program without its comments, the comments by line, and its lambdas, outer ones first."""
    lines, comments = text.split("\n"), {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                lines[line - 1] = lines[line - 1][:column].rstrip()
                comments[line] = token.string
        tree = ast.parse(text)
    except (SyntaxError, tokenize.TokenError):
        return "", {}, []
    return "\n".join(lines), comments, [n for n in ast.walk(tree) if isinstance(n, ast.Lambda)]


def _spans(body, code):
    """Whether all instructions of a code object were written inside the expression `body`."""
    start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    places = [((line, column), (end_line, end_column))
              for line, end_line, column, end_column in code.co_positions() if column is not None]
    places = [place for place in places if place[0] != place[1]]  # the first one has no extent
    return bool(places) and all(start <= first and last <= end for first, last in places)


# -- names and numbers -----------------------------------------------------------------------------


def name_all(results, names):
    """What to call each tensor, by its identity: the reader's own name, or a number."""
    if names is not None and not isinstance(names, dict):
        raise TypeError(f'names are given as a dict, {{"w": w}}, not {type(names).__name__}: of a '
                        f'model, dict(model.named_parameters())')
    called = {}
    for name, value in (names or {}).items():
        if not isinstance(name, str) or not isinstance(value, (Tensor, np.ndarray)):
            raise TypeError('names are given as {"w": w}: a string, and the tensor or array that '
                            f'it means; here {type(name).__name__}: {type(value).__name__}')
        called[id(value)] = name
    for number, result in enumerate(results, 1):
        called.setdefault(id(result), f"step {number}")
    active = {result._inputs[i] for result in results for i in result._active}
    leaves = sorted((x for x in active if x._op is None), key=lambda x: x._number)
    for number, leaf in enumerate(leaves, 1):
        called.setdefault(id(leaf), f"leaf {number}")
    return called


def letters_of(op, count):
    """The names that an operation's rules give to its inputs: x, y, ..."""
    code = _code(next(rule for rule in op.rules if rule is not None))
    if op.variadic:
        return [f"xs[{i}]" for i in range(count)]
    return code.co_varnames[2:2 + count]


def options_of(result, longest=30):
    """The options of a call, such as axis=0; an ellipsis for long ones."""
    texts = {k: repr(v) for k, v in result._options.items() if v is not None}
    return [f"{k}={v if len(v) <= longest and 'array' not in v else '…'}" for k, v in texts.items()]


def _number(value, digits):
    return f"{value + 0.0:.{digits}g}" if not isinstance(value, (bool, np.bool_)) else str(value)


def rows_of(array, digits):
    """The values of an array as text; one line for each row of a matrix."""
    array = np.asarray(array)
    if array.ndim == 0:
        return [_number(array[()], digits)]
    if array.ndim == 1:
        return [f"[{', '.join(_number(value, digits) for value in array)}]"]
    rows = [row for part in array for row in rows_of(part, digits)] or [""]
    rows = ["[" + rows[0], *(" " + row for row in rows[1:])]
    last = len(rows) // max(len(array), 1)
    return [row + ("]" if k == len(rows) else "," if k % last == 0 else "")
            for k, row in enumerate(rows, 1)]


def norm_of(array, digits=4):
    """What is told of an array too large to be shown: norm 2.5, the root of its sum of squares."""
    return f"norm {_number(np.linalg.norm(np.ravel(array)), digits)}"


def _values(array):
    """The numbers of a small array on one line, the shape and the norm of a larger one."""
    if np.size(array) > 6:
        return f"{np.shape(array)}, {norm_of(array)}"
    return " ".join(row.strip() for row in rows_of(array, 4))


# -- explain ---------------------------------------------------------------------------------------


def explain(tensor: Tensor, gradient=None, names: dict | None = None) -> str:
    """The backward pass from `tensor` as text: every operation, its rules, its numbers.

    Each step names the operation with its inputs and their shapes; the values that its rules call
    x, y, z; the gradient g that arrives; and for each input that requires a gradient the rule, word
    for word as the table has it, with what it gives. Arrays of more than six values are told by
    shape and norm. At the end stand the leaves with their gradients.

    Parameters
    ----------
    tensor : Tensor of one value; of any shape if `gradient` is given
    gradient : array-like, the shape of `tensor`, optional
        The gradient that arrives at `tensor`, as for `backward`; 1 by default.
    names : dict from your own names to tensors or arrays, optional
        For a model: dict(model.named_parameters()).

    Raises
    ------
    RuntimeError
        If `tensor` has no graph, if a backward pass released it, or if an input's data was changed.
    ValueError, TypeError
        If `gradient` is missing or of another shape, or an argument is not of its kind.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w * w).sum()
    >>> print(explain(loss, names={"w": w, "loss": loss}))
    The backward pass from loss: 2 steps, youngest operation first.
    <BLANKLINE>
    step 1: loss = sum(step 2)    (2,) -> ()
        x = [1, 4]   y = 5
        g = 1 arrives
        to step 2, which is x:
            lambda g, y, x, axis=None, *, keepdims=False:    # (Σx)' = 1
            spread(g, x, axis, keepdims)
            = [1, 1]
    <BLANKLINE>
    step 2: multiply(w, w)    (2,), (2,) -> (2,)
        x = [1, 2]   y = [1, 2]   z = [1, 4]
        g = [1, 1] arrives
        to w, which is x:
            lambda g, z, x, y: g * y    # d(xy)/dx = y
            = [1, 2]
        to w, which is y:
            lambda g, z, x, y: g * x    # d(xy)/dy = x
            = [1, 2]
            sums to [2, 4], with the [1, 2] from before
    <BLANKLINE>
    gradients of the leaves
        w (2,): [2, 4]
    """
    called = name_all(results_behind(tensor), names)
    steps, leaves = backward_pass(tensor, gradient)
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps, youngest operation first"
    blocks = [f"The backward pass from {called[id(tensor)]}: {count}."]
    for number, step in enumerate(steps, 1):
        blocks.append("\n".join([f"step {number}: {_call(step.result, called)}",
                                 *_indented(_step_lines(step, called))]))
    rows = [f"{called[id(x)]} {x.shape}: {_values(g)}" for x, g in leaves]
    blocks.append("\n".join(["gradients of the leaves", *_indented(rows)]))
    return "\n\n".join(blocks)


def _indented(lines):
    return [f"    {line}" for line in lines]


def _call(result, called):
    """An operation as one would write it, with the shapes: loss = sum(step 2)    (2,) -> ()."""
    inputs = [called.get(id(x)) or (_values(x) if np.ndim(x) == 0 else "constant")
              for x in result._inputs]
    name = called[id(result)]
    name = "" if name.startswith("step ") else f"{name} = "
    shapes = ", ".join(str(np.shape(x)) for x in result._inputs)
    return (f"{name}{result.op}({', '.join([*inputs, *options_of(result)])})"
            f"    {shapes} -> {result.shape}")


def _step_lines(step, called):
    """The body of a step: the letters, what arrives, and what goes to whom by which rule."""
    result, letters = step.result, letters_of(step.result._op, len(step.result._inputs))
    rule = rule_for(result._op, result._active[0])
    named = [*zip(letters, result._inputs, strict=True), (_code(rule).co_varnames[1], result)]
    values = [f"{letter} = {_values(array_of(x))}" for letter, x in named]
    lines = ["   ".join(values)] if sum(map(len, values)) < 80 else values
    lines.append(f"g = {_values(step.g)} arrives")
    for part in step.parts:
        lines += [f"to {called[id(part.x)]}, which is {letters[part.i]}:",
                  *_indented(_rule_lines(rule_for(result._op, part.i))),
                  *_indented(_part_lines(part))]
    return lines


def _rule_lines(rule):
    text, comment = source_of(rule)
    if not text:
        return ["(a rule whose source text was not found: it was typed where no file keeps it)"]
    first, *rest = text.split("\n")
    return [f"{first.rstrip()}    {comment}".rstrip(), *rest]


def _part_lines(part):
    """What a rule gave, what undid the broadcast, and the sum with what was there already."""
    lines = [f"= {_values(part.raw)}"]
    if part.raw.shape != part.x.shape:
        lines += [f"summed over {stretched_axes(part)}, because {part.x.shape} was stretched to "
                  f"{part.raw.shape}:", f"= {_values(part.contribution)}"]
    if part.before is not None:
        lines.append(f"sums to {_values(part.total)}, with the {_values(part.before)} from before")
    return lines


def stretched_axes(part):
    """The axes that broadcasting made out of an input's shape: new ones, and those of length 1."""
    shape, wide = part.x.shape, part.raw.shape
    new = len(wide) - len(shape)
    axes = [str(i) for i, n in enumerate(wide) if i < new or shape[i - new] != n]
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(axes)}"
