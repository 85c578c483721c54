"""`python -m losses compare`: one network, trained on your own CSV file under several losses.

The file is read and checked; its columns become numbers; a part of its rows is held out for the
test. Then the same network, from the same first weights and with the same batches, is trained under
each loss. What differs at the end is the doing of the loss alone: how well it predicts, and which
rows of the file the gradient listens to.

    from losses.compare import compare
    compare("data.csv", "price", losses=["mse", "mae"]).report
"""

import argparse
import csv
import difflib
import html
import io
import itertools
import os
import re
import shlex
import textwrap
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import numpy as np

from losses import Entry, catalog, page, shapes, sigmoid_cross_entropy, softmax_cross_entropy
from losses.tour import Picture, aligned
from minigrad import no_grad, palette
from minigrad.nn import MLP
from optim import Adam

TEST = 0.25  # the part of the rows that is held out
FEWEST_ROWS, MOST_CLASSES, ROWS_PER_CLASS = 10, 10, 5
BATCH, RATE = 32, 3e-3
STEPS, FEWEST_EPOCHS = 400, 40  # what --epochs is chosen by
WORST = 5  # rows that are named for each loss
DEFAULT_LOSSES = {"regression": ["mse", "mae", "huber"],
                  "classification": ["softmax_cross_entropy", "multiclass_hinge"]}
RULE = (f"text, or at most {MOST_CLASSES} different whole numbers with {ROWS_PER_CLASS} rows each "
        "on average, are classes; all other numbers are values to predict")


class InputError(ValueError):
    """Something about the file or the options that its owner can put right; one line of text."""


class Table(NamedTuple):
    """A CSV file as text."""

    columns: dict[str, list[str]]  # name -> one cell per row
    lines: list[int]  # where each row begins in the file
    separator: str


class Problem(NamedTuple):
    """A file turned into numbers, one row per row of the file: what to learn, and from what."""

    task: str  # "regression" or "classification"
    target: str  # the name of its column
    x: np.ndarray  # (n, inputs)
    y: np.ndarray  # (n,) values in the target's own units, or class numbers
    classes: list[str]  # their names; empty for regression
    lines: np.ndarray  # (n,) where each row begins in the file
    test: np.ndarray  # (n,) True for the rows that are held out
    facts: list[str]  # what was recognised, one sentence each


class Rival(NamedTuple):
    """A loss that takes part."""

    name: str
    loss: Callable
    pred: str  # the kind of prediction that it compares, as in the catalogue


class Run(NamedTuple):
    """What training under one loss left behind; curves begin before the first epoch."""

    name: str
    pred: str  # the kind of prediction that the loss compares
    cost: list[float]  # the mean loss of the training rows
    score: list[float]  # of the test rows: mean absolute error, or accuracy
    output: np.ndarray  # (n, outputs) what the network says at the end, of all rows
    predicted: np.ndarray  # (n,) the same as values in the target's units, or class numbers
    loss: np.ndarray  # (n,) the loss of each row at the end
    share: np.ndarray  # (n,) each training row's part in the last layer's gradient; nan for a test


class Comparison(NamedTuple):
    """The result of `compare`; the three tables are lists of rows of text, the header first."""

    problem: Problem
    runs: list[Run]
    report: list[list[str]]  # the metrics of each loss
    worst: list[list[str]]  # the training rows with the largest losses
    missed: list[list[str]]  # and the test rows


def tell(text: str) -> None:
    """Print at once: progress is to be seen also where the output goes to a file or a pipe."""
    print(text, flush=True)


def compare(file: str | os.PathLike, target: str, losses: Iterable | None = None,
            hidden: Sequence[int] = (32, 32), task: str | None = None,
            drop: Iterable[str] = (), out: str | os.PathLike | None = None, seed: int = 0,
            epochs: int | None = None, say: Callable[[str], object] = tell) -> Comparison:
    """Train the same network under each loss on a CSV file, and report what each made of it.

    Parameters
    ----------
    file : path
        UTF-8 text with a header line; columns separated by commas, semicolons or tabs.
    target : str
        The column to predict.
    losses : list of names, catalogue entries or functions, or a dict from names to functions
        Your own function is given values in a regression, (n, 1) like its target, and else logits
        (n, C) with class numbers (n,). By default mse, mae and huber, or softmax_cross_entropy
        and multiclass_hinge.
    hidden : list of int
        Units of the hidden layers; an empty list makes a linear model.
    task : "regression" or "classification", optional
        By default recognised from the target.
    drop : list of str
        Columns to leave out.
    out : path, optional
        The folder for the pictures and index.html. By default nothing is written.
    seed : int
        Of the split, the first weights and the order of the batches.
    epochs : int, optional
        By default as many as make 400 steps, but at least 40.
    say : function of one text
        What is told on the way goes there.

    Raises
    ------
    InputError
        If the file or an argument cannot be used; nothing has been written then.
    """
    start = time.perf_counter()
    check_numbers(hidden, seed, epochs)
    drop = as_list(drop)
    problem = problem_from(read(file), file, target, task, drop, seed)
    losses = losses or DEFAULT_LOSSES[problem.task]
    rivals = chosen(losses if isinstance(losses, Mapping) else as_list(losses), problem)
    folder = None if out is None else writable(out)
    epochs = epochs or default_epochs(problem)
    facts = [*problem.facts, network_fact(problem, hidden, epochs, rivals)]
    say("\n".join(facts))
    runs = [train(rival, problem, hidden, epochs, seed, say) for rival in rivals]
    result = Comparison(problem, runs, report(problem, runs),
                        worst_rows(problem, runs, ~problem.test),
                        worst_rows(problem, runs, problem.test))
    for (heading, _), rows in zip(headings(problem), result[2:], strict=True):
        say("\n".join(["", heading, *("  ".join(row) for row in aligned(rows))]))
    if folder:
        command = ["python", "-m", "losses", "compare", str(file), "--target", target,
                   "--losses", *(run.name for run in runs), "--hidden", *map(str, hidden),
                   *(["--drop", *drop] if drop else []), "--task", problem.task,
                   "--seed", str(seed), "--epochs", str(epochs)]
        count = write(folder, result, facts, shlex.join(command))
        say(f"\n{count} pictures and index.html are in {folder}/ "
            f"({time.perf_counter() - start:.0f} s)")
    return result


def as_list(names) -> list:
    """A single name or function counts as a list of one."""
    return [names] if isinstance(names, (str, Entry)) or callable(names) else list(names)


def check_numbers(hidden, seed, epochs) -> None:
    """Refuse sizes and counts that no network can have."""
    for size in hidden:
        if not isinstance(size, Integral) or size < 1:
            raise InputError(f"--hidden takes whole numbers from 1 up, not {size}")
    if not isinstance(seed, Integral) or seed < 0:
        raise InputError(f"--seed must be 0 or more, not {seed}")
    if epochs is not None and (not isinstance(epochs, Integral) or epochs < 1):
        raise InputError(f"--epochs must be 1 or more, not {epochs}")


def writable(folder) -> Path:
    """The folder, made if it is not there; refused before any work is done if it cannot be used."""
    if not str(folder):
        raise InputError("--out needs the name of a folder; . is the one you are in")
    try:
        return page.writable(folder)
    except ValueError as error:
        raise InputError(str(error)) from None


# -- the file, as text -----------------------------------------------------------------------------


def read(file) -> Table:
    """The cells of a CSV file, by column; InputError if it is not one table without holes in it."""
    text = text_of(Path(file))
    try:
        return table_of(text)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def text_of(file: Path) -> str:
    """The content of a file, without the mark (BOM) with which some programs begin UTF-8."""
    if file.is_dir():
        raise InputError(f"{file} is a folder; give the name of a CSV file in it")
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {file}: {reason}") from None
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode("utf-8")
        wrong = text.find("\0")
        before = text[:wrong].encode()
    except UnicodeDecodeError as error:
        wrong, before = error.start, raw[:error.start]
    if wrong >= 0:
        line = len((before + b"x").splitlines())
        raise InputError(f"{file}: line {line} is not UTF-8 text; save the table as CSV in UTF-8")
    return text


def table_of(text: str) -> Table:
    """The table that the text holds."""
    separator = max(",;\t", key=partial(fit, text))
    records = records_of(text, separator)
    names = next(records, (1, []))[1]
    if not names:
        raise InputError("the file is empty")
    check_header(names)
    rows, lines = [], []
    for line, cells in records:
        if len(cells) != len(names):
            hint = ("; is there a decimal comma, or a comma in a text without quotation marks?"
                    if len(cells) > len(names) and separator == "," else "")
            raise InputError(f"line {line} has {counted(len(cells), 'value')}, "
                             f"the header has {counted(len(names), 'column')}{hint}")
        rows.append(cells)
        lines.append(line)
    if not rows:
        raise InputError("there is a header and no row below it")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return Table(columns, lines, separator)


def records_of(text, separator):
    """Pairs (line on which it begins, cells) of all records that are not blank.

    A quoted cell may hold line ends, so records are not lines: the reader counts the lines.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True,
                        strict=True)
    line = 1
    while True:
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            reason = ("a quotation mark is opened and never closed" if "end of data" in str(error)
                      else error)
            raise InputError(f"line {line}: {reason}") from None
        if cells not in ([], [""]):
            yield line, cells
        line = reader.line_num + 1


def fit(text, separator) -> tuple[float, int]:
    """How well a separator suits: the part of the first rows as wide as the header; the width."""
    try:
        widths = [len(cells) for _, cells in itertools.islice(records_of(text, separator), 50)]
    except InputError:
        return 0.0, 0
    if not widths or widths[0] == 1:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def check_header(names) -> None:
    """Every column needs a name, and one of its own."""
    if "" in names:
        raise InputError(f"column {names.index('') + 1} has no name in the header; name it, or "
                         f"write the file without it")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"the header names {quoted(twice[0])} {names.count(twice[0])} times; "
                         f"every column needs a name of its own")


# -- the table, as numbers -------------------------------------------------------------------------


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMMA = re.compile(r"[+-]?[\d.]*,[\d.,]*", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
MISSING = {"", "?", "na", "n/a", "nan", "null"}  # in small or capital letters
LARGEST = 1e100  # beyond it, squares would overflow


def problem_from(table: Table, file, target: str, task: str | None, drop, seed: int) -> Problem:
    """The table as a problem to learn; InputError, with line numbers, if it cannot be one."""
    columns = dict(table.columns)
    for name in drop:
        column_exists(name, columns, file)
        del columns[name]
    column_exists(target, columns, file)
    try:
        complete(columns, table.lines)
        if len(table.lines) < FEWEST_ROWS:
            raise InputError(f"{counted(len(table.lines), 'row')} below the header; at least "
                             f"{FEWEST_ROWS} are needed")
        task, y, classes, reason = recognise(columns.pop(target), target, table.lines, task)
        test = split(y if classes else np.zeros(len(y), int), seed)
        x, facts = encode(columns, table.lines, test)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    separator = {",": "commas", ";": "semicolons", "\t": "tabs"}[table.separator]
    facts = [f"{file}: {counted(len(y), 'row')}, {counted(len(table.columns), 'column')} separated "
             f"by {separator}",
             f"Target {quoted(target)}: {reason}",
             *facts,
             split_fact(test, y, classes)]
    return Problem(task, target, x, y, classes, np.array(table.lines), test, facts)


def column_exists(name, columns, file) -> None:
    """Refuse a name that is not a column's, and suggest the nearest."""
    if name not in columns:
        folded = {column.casefold(): column for column in columns}
        near = difflib.get_close_matches(name.casefold(), folded, n=1)
        guess = f" (did you mean {quoted(folded[near[0]])}?)" if near else ""
        raise InputError(f"{file} has no column {quoted(name)}{guess}; it has {listed(columns)}")


def complete(columns, lines) -> None:
    """Refuse missing values: to guess them is the business of their owner."""
    holes = [(line, name, cell) for name, cells in columns.items()
             for line, cell in zip(lines, cells, strict=True) if cell.lower() in MISSING]
    if holes:
        line, name, cell = min(holes, key=lambda hole: hole[0])
        what = f" ({quoted(cell)})" if cell else ""
        more = f", as are {len(holes) - 1} more" if len(holes) > 1 else ""
        raise InputError(f"line {line}, column {quoted(name)}: the value is missing{what}{more}; "
                         f"complete or remove such rows, or leave a column out with --drop")


def numeric(cells, name, lines) -> np.ndarray | None:
    """A column as numbers, or None if it holds text.

    A few odd cells among numbers, one in ten at most, are no text column but a mistake.
    """
    odd = [cell for cell in cells if not NUMBER.fullmatch(cell)]
    meant = all(COMMA.fullmatch(cell) or INFINITE.fullmatch(cell) for cell in odd)
    if not meant and len(odd) > 0.1 * len(cells):
        return None
    values = np.array([float(cell) if NUMBER.fullmatch(cell) else np.inf for cell in cells])
    wrong = np.flatnonzero(np.abs(values) > LARGEST)
    if not len(wrong):
        return values
    cell = cells[wrong[0]]
    if COMMA.fullmatch(cell):
        reason = "has a comma in a number; write 3.5 for 3,5 and 1000 for 1,000"
    elif NUMBER.fullmatch(cell) or INFINITE.fullmatch(cell):
        reason = f"is not a number to compute with: it must be finite, and below {LARGEST:g}"
    else:
        reason = f"is not a number, and {len(cells) - len(odd)} of the column's {len(cells)} are"
    raise InputError(f"line {lines[wrong[0]]}, column {quoted(name)}: {quoted(cell)} {reason}")


def recognise(cells, name, lines, task):
    """The target as (task, y, names of the classes, the reason in words)."""
    values = numeric(cells, name, lines)
    distinct, y, counts = np.unique(cells if values is None else values, return_inverse=True,
                                    return_counts=True)
    if len(distinct) == 1:
        raise InputError(f"the target {quoted(name)} is {quoted(cells[0])} in every row; there is "
                         f"nothing to learn")
    whole = values is not None and not np.any(values % 1.0)
    sort = "texts" if values is None else "whole numbers" if whole else "numbers"
    reason = f"{len(distinct)} different {sort}, " + (f"and --task says {task}" if task else "so ")
    if not task:
        few = len(distinct) <= min(MOST_CLASSES, len(cells) / ROWS_PER_CLASS)
        task = "classification" if values is None or (whole and few) else "regression"
        reason += f"{task} (--task to differ)"
    if task == "regression":
        if values is None:
            raise InputError(f"line {lines[0]}: the target {quoted(name)} is text, "
                             f"{quoted(cells[0])}; regression needs numbers")
        return task, values, [], f"{reason}; from {values.min():g} to {values.max():g}"
    if task != "classification":
        raise InputError(f"--task is regression or classification, not {task}")
    classes = [str(c) if values is None else f"{c:.12g}" for c in distinct]
    alone = int(counts.argmin())
    if counts[alone] < 2:
        hint = " (--task regression predicts numbers)" if values is not None else ""
        raise InputError(f"class {quoted(classes[alone])} of the target {quoted(name)} has one row "
                         f"only, line {lines[list(y).index(alone)]}; each needs two, one to learn "
                         f"from and one for the test{hint}")
    return task, y, classes, reason


def split(groups: np.ndarray, seed: int) -> np.ndarray:
    """True for the rows held out for the test: a quarter of each group, but at least one of it."""
    rng = np.random.default_rng(seed)
    test = np.zeros(len(groups), bool)
    for group in np.unique(groups):
        rows = rng.permutation(np.flatnonzero(groups == group))
        test[rows[:max(1, round(TEST * len(rows)))]] = True
    return test


def encode(columns, lines, test):
    """The columns as inputs of a network, (n, inputs), and what was done, in words.

    Numbers are standardised, texts become one input for each text (one-hot). What counts is the
    training rows: of the test rows nothing is known before the test.
    """
    inputs, numbers, texts, notes = [], [], [], []
    for name, cells in columns.items():
        values = numeric(cells, name, lines)
        known = sorted({cell for cell, held_out in zip(cells, test, strict=True) if not held_out})
        if values is None and len(set(cells)) == len(cells):
            raise InputError(f"column {quoted(name)} holds a different text in every row, such as "
                             f"{quoted(cells[0])}: an identifier, from which nothing can be "
                             f"learned; leave it out with --drop {shlex.quote(name)}")
        if len(known if values is None else np.unique(values[~test])) == 1:
            where = "every row" if len(set(cells)) == 1 else "every training row"
            notes.append(f"Note: column {quoted(name)} is {quoted(cells[int(test.argmin())])} in "
                         f"{where}: left out")
        elif values is None:
            inputs += [np.array([cell == text for cell in cells], float) for text in known]
            texts.append(f"{quoted(name)} ({len(known)})")
            notes += text_notes(name, cells, known)
        else:
            inputs.append(standardised(values, values[~test]))
            numbers.append(quoted(name))
            if len(cells) > 1 and np.all(np.diff(values) == 1.0):
                notes.append(f"Note: column {quoted(name)} counts the rows; if that is all it "
                             f"does, leave it out with --drop {shlex.quote(name)}")
    if not inputs:
        raise InputError("besides the target there is no column to learn from")
    facts = [f"Inputs of the network: {len(inputs)}"]
    if numbers:
        facts.append(f"  from {counted(len(numbers), 'numeric column')}, standardised: "
                     f"{listed(numbers, quote=False)}")
    if texts:
        facts.append(f"  from {counted(len(texts), 'text column')}, one input for each text: "
                     f"{listed(texts, quote=False)}")
    return np.stack(inputs, axis=1), facts + notes


def text_notes(name, cells, known) -> list[str]:
    """What the owner of a text column should know."""
    notes = []
    if new := sorted(set(cells) - set(known)):
        notes.append(f"Note: column {quoted(name)}: no training row has {listed(new)}, so the "
                     f"network cannot know it")
    if 2 * len(set(cells)) > len(cells):
        notes.append(f"Note: column {quoted(name)} holds {len(set(cells))} different texts in "
                     f"{len(cells)} rows; is it a name or an identifier?")
    return notes


def standardised(values, training):
    """Values so shifted and scaled that the training rows have mean 0 and standard deviation 1."""
    return (values - training.mean()) / (training.std() or 1.0)


def split_fact(test, y, classes) -> str:
    """How the rows were split, in words."""
    fact = f"Test: {counted(int(test.sum()), 'row')} drawn at random, training: {(~test).sum()}"
    if classes:
        sizes = [f"{shown(name)} {(y[test] == k).sum()} + {(y[~test] == k).sum()}"
                 for k, name in enumerate(classes)]
        fact += f"; of each class a quarter ({listed(sizes, quote=False)})"
    return fact


# -- the losses that fit ---------------------------------------------------------------------------


SIGNS = np.array([[-3.0], [3.0]])
PROBES = {  # predictions and targets that every loss of a kind must be able to compare, row by row
    "value": (SIGNS, -SIGNS),
    "logit": (SIGNS, np.array([[0.0], [1.0]])),
    "score": (SIGNS, np.array([[-1.0], [1.0]])),
    "logits": (np.hstack([SIGNS, -SIGNS]), np.array([0, 1])),
    "scores": (np.hstack([SIGNS, -SIGNS]), np.array([0, 1])),
}


def fitting(task: str, classes: int = 0) -> dict[str, Entry]:
    """The losses of the catalogue that suit the task, by name.

    >>> "huber" in fitting("regression"), "hinge" in fitting("regression")
    (True, False)
    """
    return {entry.name: entry for entry in catalog()
            if entry.pred in kinds(task, classes) and row_by_row(entry)}


def kinds(task, classes) -> list[str]:
    """The kinds of prediction that suit the task."""
    if task == "regression":
        return ["value"]
    return ["logits", "scores"] + (["logit", "score"] if classes == 2 else [])


def row_by_row(entry) -> bool:
    """Can the loss be given any prediction, and does it give each row a loss of its own?"""
    pred, target = PROBES[entry.pred]
    try:
        with np.errstate(all="ignore"):
            values = entry.loss(pred, target, reduction="none")
    except (TypeError, ValueError):
        return False
    return np.size(values) == len(pred) and bool(np.all(np.isfinite(values)))


def chosen(losses, problem: Problem) -> list[Rival]:
    """The losses asked for: names, catalogue entries and functions, or a dict of functions."""
    fit = ", ".join(fitting(problem.task, len(problem.classes)))
    allowed = kinds(problem.task, len(problem.classes))
    pairs = losses.items() if isinstance(losses, Mapping) else [(None, loss) for loss in losses]
    rivals = {}
    for name, loss in pairs:
        rival = rival_of(name, loss, problem)
        if rival.pred not in allowed:
            raise InputError(f"{rival.name} compares predictions of the kind {rival.pred}, "
                             f"{described(problem)} makes {' or '.join(allowed)}; here fit {fit}")
        if not row_by_row(rival):
            raise InputError(f'{rival.name} cannot be compared: with reduction="none" it is to '
                             f"give each row a finite loss of its own; here fit {fit}")
        if rivals.setdefault(rival.name, rival).loss is not rival.loss:
            raise InputError(f"two losses have the name {rival.name}; name them in a dict")
    return list(rivals.values())


def rival_of(name, loss, problem) -> Rival:
    """A loss from its name, its entry in the catalogue, or a function; None as name: its own."""
    entries = {entry.name: entry for entry in catalog()}
    if isinstance(loss, str):
        loss = entries.get(loss) or no_such(loss, problem)
    elif not isinstance(loss, Entry):
        own = kinds(problem.task, 0)[0]
        pred = next((entry.pred for entry in entries.values() if entry.loss is loss), own)
        return Rival(name or getattr(loss, "__name__", repr(loss)), loss, pred)
    return Rival(name or loss.name, loss.loss, loss.pred)


def no_such(name, problem):
    """Refuse a name that is not in the catalogue, and suggest the nearest."""
    fit = fitting(problem.task, len(problem.classes))
    near = difflib.get_close_matches(name, fit, n=1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise InputError(f"there is no loss {quoted(name)}{guess}; for {described(problem)} fit "
                     f"{', '.join(fit)}")


def described(problem) -> str:
    """The task in words."""
    if problem.task == "regression":
        return "regression"
    return f"classification with {len(problem.classes)} classes"


# -- training --------------------------------------------------------------------------------------


def coded(pred: str, problem: Problem) -> np.ndarray:
    """The target as losses of this kind want it; with one output, shape (n, 1) like the output."""
    if pred == "value":
        return standardised(problem.y, problem.y[~problem.test])[:, None]
    if pred == "logit":
        return problem.y[:, None].astype(float)
    if pred == "score":
        return 2.0 * problem.y[:, None] - 1.0
    return problem.y


def decoded(pred: str, problem: Problem, output: np.ndarray) -> np.ndarray:
    """What the network says, (n, outputs), as values in the target's own units or class numbers."""
    if pred == "value":
        training = problem.y[~problem.test]
        return output[:, 0] * (training.std() or 1.0) + training.mean()
    if pred in ("logit", "score"):
        return (output[:, 0] > 0.0).astype(int)
    return output.argmax(axis=1)


def default_epochs(problem) -> int:
    """As many as make STEPS steps, but at least FEWEST_EPOCHS."""
    return max(FEWEST_EPOCHS, STEPS // batches_in((~problem.test).sum()))


def batches_in(rows) -> int:
    """How many batches an epoch has."""
    return max(1, int(rows) // BATCH)


def first_network(rival, problem, hidden, seed) -> MLP:
    """The network before training: the same for every loss with as many outputs."""
    return MLP([problem.x.shape[1], *hidden, outputs_of(rival, problem)], rng=seed)


def outputs_of(rival, problem) -> int:
    """How many numbers the network gives for a row."""
    return len(problem.classes) if rival.pred in ("logits", "scores") else 1


def network_fact(problem, hidden, epochs, rivals) -> str:
    """What is about to be trained, in words."""
    outputs = sorted({outputs_of(rival, problem) for rival in rivals})
    sizes = "-".join(map(str, [problem.x.shape[1], *hidden, "/".join(map(str, outputs))]))
    return (f"Network: MLP {sizes}, {counted(epochs, 'epoch')} of Adam; under each loss the same "
            f"first weights and the same batches")


@np.errstate(over="ignore", invalid="ignore")  # a steep loss may be inf for a hopeless row
def train(rival, problem, hidden, epochs, seed, say) -> Run:
    """One run. The order of the batches, too, is the same for every loss."""
    target, training = coded(rival.pred, problem), np.flatnonzero(~problem.test)
    model = first_network(rival, problem, hidden, seed)
    optimizer = Adam(model.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    cost, scores = [], []
    for epoch in range(epochs + 1):
        if epoch:
            order = rng.permutation(training)
            batches = np.array_split(order, batches_in(len(order)))
            one_epoch(rival, model, optimizer, problem.x, target, batches, epoch)
        with no_grad():
            output = model(problem.x).data
            cost.append(float(rival.loss(output[training], target[training], reduction="mean")))
        predicted = decoded(rival.pred, problem, output)
        scores.append(score(problem, predicted))
        if epoch in {round(quarter * epochs / 4) for quarter in range(5)}:
            say(f"  {rival.name:<22} epoch {epoch:>3} of {epochs}   cost {cost[-1]:9.5f}   "
                f"test {SCORE[problem.task]} {in_words(SCORE[problem.task], scores[-1])}")
    share = np.full(len(target), np.nan)
    share[training] = shapes.gradient_share(shapes.last_layer_gradient(
        model, rival.loss, problem.x[training], target[training]))
    loss = np.reshape(rival.loss(output, target, reduction="none"), len(target))
    return Run(rival.name, rival.pred, cost, scores, output, predicted, loss, share)


def one_epoch(rival, model, optimizer, x, target, batches, epoch) -> None:
    """A step for each batch. A loss that grows too fast may overflow: that is said plainly."""
    try:
        for rows in batches:
            optimizer.zero_grad()
            rival.loss(model(x[rows]), target[rows], reduction="mean").backward()
            optimizer.step()
    except FloatingPointError as error:
        raise InputError(f"under {rival.name} the training went out of bounds in epoch {epoch} "
                         f"({error}); leave this loss out") from None


# -- what came of it -------------------------------------------------------------------------------


SCORE = {"regression": "MAE", "classification": "accuracy"}  # what the learning curves show


def score(problem, predicted) -> float:
    """The mean absolute error, or the accuracy, of the test rows."""
    y, predicted = problem.y[problem.test], predicted[problem.test]
    if problem.task == "regression":
        return float(np.abs(predicted - y).mean())
    return float((predicted == y).mean())


def regression_metrics(y, predicted) -> dict[str, float]:
    """Errors in the units of y, and the part of its variance that is explained.

    R² compares with the mean of y: 1 is perfect, 0 as good as the mean; nan if y is constant.

    >>> regression_metrics(np.array([0.0, 2.0, 4.0]), np.array([0.0, 2.0, 1.0]))["MAE"]
    1.0
    """
    e, spread = predicted - y, y - y.mean()
    total = float(spread @ spread)
    return {"MAE": float(np.abs(e).mean()), "RMSE": float(np.sqrt((e * e).mean())),
            "median error": float(np.median(np.abs(e))),
            "R²": 1.0 - float(e @ e) / total if total else float("nan")}


def classification_metrics(y, predicted) -> dict[str, float]:
    """The part of the rows that is right; and the mean of that part over the classes.

    >>> classification_metrics(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))["balanced accuracy"]
    0.5
    """
    right = predicted == y
    return {"accuracy": float(right.mean()),
            "balanced accuracy": float(np.mean([right[y == k].mean() for k in np.unique(y)]))}


def log_loss(problem, run) -> float:
    """The mean cross-entropy of the test rows in nats; nan for scores, which are no logits."""
    output, y = run.output[problem.test], problem.y[problem.test]
    if run.pred == "logits":
        return float(softmax_cross_entropy(output, y))
    if run.pred == "logit":
        return float(sigmoid_cross_entropy(output[:, 0], y))
    return float("nan")


def metrics(problem, run) -> dict[str, float]:
    """All metrics of the test rows, by name."""
    y, predicted = problem.y[problem.test], run.predicted[problem.test]
    if problem.task == "regression":
        return regression_metrics(y, predicted)
    return classification_metrics(y, predicted) | {"log loss": log_loss(problem, run)}


def without_network(problem) -> dict[str, float]:
    """The metrics of saying always the same: the training rows' median, or most frequent class."""
    y, training = problem.y[problem.test], problem.y[~problem.test]
    if problem.task == "regression":
        return regression_metrics(y, np.full(len(y), np.median(training)))
    return classification_metrics(y, np.full(len(y), np.bincount(training).argmax()))


def report(problem: Problem, runs: list[Run]) -> list[list[str]]:
    """A header, a row for each loss, and one for saying always the same."""
    names = list(metrics(problem, runs[0]))
    rows = [["trained under", *names, "worst 1 % carry", "zero gradient"]]
    for run in runs:
        share = run.share[~problem.test]
        rows.append([run.name, *itertools.starmap(in_words, metrics(problem, run).items()),
                     f"{shapes.worst_share(share):.1%}",
                     f"{np.count_nonzero(share == 0.0)} of {len(share)}"])
    constant = without_network(problem)
    always = "always the median" if problem.task == "regression" else "always the commonest"
    rows.append([always, *(in_words(n, constant.get(n, np.nan)) for n in names), "–", "–"])
    return rows


def worst_rows(problem: Problem, runs: list[Run], among: np.ndarray) -> list[list[str]]:
    """A header, and the rows `among` all with the largest losses, under each loss."""
    rows = [["trained under", "line", "target", "prediction"]]
    training = not np.any(among & problem.test)
    if training:
        rows[0].append("gradient share")
    for run in runs:
        for i in worst(run, among):
            rows.append([run.name, str(problem.lines[i]), said(problem, problem.y[i]),
                         said(problem, run.predicted[i])])
            if training:
                rows[-1].append(f"{run.share[i]:.1%}")
    return rows


def worst(run: Run, among=True) -> np.ndarray:
    """The rows `among` all with the largest losses, those first; none whose loss is zero."""
    loss = np.where(among, run.loss, 0.0)
    rows = np.argsort(-loss, kind="stable")[:WORST]
    return rows[loss[rows] > 0.0]


def headings(problem) -> list[tuple[str, str]]:
    """For each of the three tables a heading, and a text that explains its columns."""
    count = max(1, round(0.01 * (~problem.test).sum()))
    units = ("Errors are in the target's own units. " if problem.task == "regression" else
             "Log loss, in nats, asks how sure the network was; scores, as the hinge losses "
             "give them, are no logits and have none. ")
    return [
        ("What each loss achieved on the test rows, and whom it listened to",
         f"{units}Of the gradient in the last layer at the end of training: the share of the worst "
         f"1 % of the training rows ({counted(count, 'row')}), and how many of them contribute "
         "exactly nothing."),
        ("The training rows with the largest losses, by their line in the file",
         "Look at these lines: typing errors are often among them. If all rows carried the same "
         f"share of the gradient, it would be {1 / (~problem.test).sum():.1%}."),
        ("The test rows with the largest losses, by their line in the file",
         "The network has never seen them, so they carry no share of the gradient."),
    ]


# -- words -----------------------------------------------------------------------------------------


def said(problem, value) -> str:
    """A value of the target, or the name of its class."""
    return shown(problem.classes[int(value)]) if problem.classes else number(value)


def number(value) -> str:
    """Four digits; a dash where there is no number."""
    return "–" if np.isnan(value) else f"{value:.4g}"


def in_words(metric, value) -> str:
    """The value of a metric: an accuracy in per cent, a part of the variance, or a number."""
    if np.isnan(value) or metric not in ("accuracy", "balanced accuracy", "R²"):
        return number(value)
    return f"{value:.3f}" if metric == "R²" else f"{value:.1%}"


def counted(count, noun) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shown(text, width=24) -> str:
    """A text of the file on one line, and not too long."""
    text = " ".join(str(text).split())
    return text if len(text) <= width else text[:width - 1] + "…"


def quoted(text) -> str:
    """A text of the file between quotation marks."""
    return f"'{shown(text, 40)}'"


def listed(names, quote=True, most=20) -> str:
    """Names with commas between; of very many only the first."""
    names = [quoted(name) if quote else name for name in names]
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join(names[:most] + more)


# -- pictures --------------------------------------------------------------------------------------


def write(folder: Path, result: Comparison, facts, command) -> int:
    """Draw the pictures, and write them and index.html; the number of pictures."""
    import matplotlib
    with matplotlib.rc_context(palette.STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is a box
        pictures = draw(result.problem, result.runs)
        for picture in pictures:
            picture.figure.savefig(folder / picture.file)
    tables = [(*words, rows) for words, rows in
              zip(headings(result.problem), result[2:], strict=True)]
    names = " and ".join(filter(None, [", ".join(run.name for run in result.runs[:-1]),
                                       result.runs[-1].name]))
    text = page_of(f"{shown(result.problem.target, 60)}, trained under {names}", facts, pictures,
                   tables, command)
    (folder / "index.html").write_text(text, encoding="utf-8")
    return len(pictures)


def draw(problem: Problem, runs: list[Run]) -> list[Picture]:
    """The three pictures: learning curves, predictions, shares of the gradient."""
    predictions = draw_values if problem.task == "regression" else draw_confusion
    return [draw_curves(problem, runs), predictions(problem, runs), draw_shares(problem, runs)]


def panels(count, height=4.6, **options):
    """A figure with a panel for each loss, four in a row at most: (figure, panels)."""
    rows = -(-count // 4)
    columns = -(-count // rows)
    figure = shapes.new_figure(max(9.5, 4.2 * columns), height * rows + 0.6)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for ax in axes[count:]:
        ax.set_axis_off()
    for ax in axes[count - columns:count]:  # those with no panel below them
        ax.tick_params(labelbottom=True)
    return figure, axes[:count]


def set_title(figure, text) -> None:
    """The message of a picture, broken into lines that fit."""
    width = int(6.8 * figure.get_figwidth())
    figure.suptitle(textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False))


def literal(text, width=24) -> str:
    """A text of the file as matplotlib is to write it: a dollar sign begins no formula."""
    return shown(text, width).replace("$", r"\$")


def draw_curves(problem, runs) -> Picture:
    """How the cost fell, and what it was worth on the test rows."""
    from matplotlib.ticker import LogLocator
    figure = shapes.new_figure(11, 5)
    left, right = figure.subplots(1, 2)
    percent = 1.0 if problem.task == "regression" else 100.0
    for (names, cost, scores), style in zip(distinct_curves(runs), styles(), strict=False):
        left.plot(cost, label=names, **style)
        right.plot(percent * scores, label=names, **style)
    left.set_yscale("log", nonpositive="mask")
    wide = left.get_ylim()[0] < 0.01
    left.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter("")
    left.set(xlabel="epoch", ylabel="training cost / its first value",
             title="How far each cost fell")
    unit = f"in units of {literal(problem.target)}" if problem.task == "regression" else "%"
    right.set(xlabel="epoch", ylabel=f"test {SCORE[problem.task]}, {unit}",
              title=f"What it was worth on {counted(int(problem.test.sum()), 'test row')}")
    right.legend()
    set_title(figure, curves_title(problem, runs))
    return Picture(figure, "learning_curves.png",
                   "Left: training cost relative to its start under each loss. Right: "
                   f"{SCORE[problem.task]} on the test rows.",
                   "The same network from the same first weights under each loss. The costs "
                   "themselves cannot be compared, each being measured in units of its own; the "
                   f"test can. {caution(problem)}")


def distinct_curves(runs):
    """Triples (names, relative cost, score): losses whose curves coincide share one."""
    curves = []
    for run in runs:
        both = np.array([np.array(run.cost) / (run.cost[0] or 1.0), run.score])
        twin = [names for names, other in curves if np.allclose(both, other, rtol=1e-6)]
        if twin:
            twin[0].append(run.name)
        else:
            curves.append(([run.name], both))
    return [(" = ".join(names), *both) for names, both in curves]


def styles():
    """Colour and dashes of one line after the other; more than six differ in their dashes."""
    for turn in itertools.count():
        for i, (colour, _) in enumerate(palette.LINES):
            yield {"color": colour, "linestyle": palette.LINES[(i + turn) % 4][1]}


def caution(problem) -> str:
    """How much a difference on the test rows has to be, to mean anything."""
    count = int(problem.test.sum())
    if problem.classes:
        return (f"One of the {count} test rows is {100 / count:.1f} points of accuracy: "
                "differences of that size mean nothing.")
    return (f"They are {count} rows: another --seed draws others, and shows how much of a "
            "difference is chance.")


def curves_title(problem, runs) -> str:
    """The message: which loss ends best on the test rows, and how far apart they are."""
    what = SCORE[problem.task]
    ranked = sorted(runs, key=lambda run: run.score[-1], reverse=bool(problem.classes))
    best, last = (in_words(what, run.score[-1]) for run in (ranked[0], ranked[-1]))
    if best == last:
        names = f"Under {runs[0].name}" if len(runs) == 1 else "Under every loss"
        return f"{names} the test {what} ends at {best}"
    return (f"The test {what} ends best under {ranked[0].name}, at {best}; "
            f"under {ranked[-1].name} at {last}")


def draw_values(problem, runs) -> Picture:
    """Predicted over true values, one panel for each loss."""
    figure, axes = panels(len(runs), sharex=True, sharey=True)
    for ax, run, style in zip(axes, runs, styles(), strict=False):
        training = ~problem.test
        ax.axline((problem.y[0], problem.y[0]), slope=1.0, color="0.5", linewidth=1.0, zorder=0)
        ax.plot(problem.y[training], run.predicted[training], "o", color="0.55", markersize=4,
                markerfacecolor="none", label="training")
        ax.plot(problem.y[problem.test], run.predicted[problem.test], "o", color=style["color"],
                markersize=6, alpha=0.8, label="test")
        error = metrics(problem, run)["median error"]
        ax.set(title=f"{run.name}\nmedian test error {error:.3g}",
               xlabel=f"true {literal(problem.target)}")
    for ax, run in zip(axes, runs, strict=True):  # only now their common range is known
        label_rows(ax, problem, problem.y, run.predicted, worst(run))
    axes[0].set_ylabel(f"predicted {literal(problem.target)}")
    axes[0].legend(fontsize=11, handletextpad=0.1)
    set_title(figure, values_title(problem, runs))
    return Picture(figure, "predictions.png",
                   "One chart for each loss: predicted over true values of test and training rows.",
                   "On the grey line prediction and truth agree. Numbers are lines of the file: "
                   "the rows with the largest losses.")


def values_title(problem, runs) -> str:
    """The message: the error of the typical test row."""
    errors = {run.name: metrics(problem, run)["median error"] for run in runs}
    ranked = sorted(errors, key=errors.get)
    best, last = (f"{errors[name]:.3g} under {name}" for name in (ranked[0], ranked[-1]))
    return f"The typical test row is missed by {best}" + (f", by {last}" if len(runs) > 1 else "")


def label_rows(ax, problem, x, y, rows) -> None:
    """Write their line numbers beside the points (x, y) of the rows; neighbours share a label."""
    ax.get_xlim(), ax.get_ylim()  # has matplotlib settle the ranges of the axes
    labels = []  # pairs: a place on the axes, from 0 to 1; the rows that are there
    for i in rows:
        place = ax.transAxes.inverted().transform(ax.transData.transform((x[i], y[i])))
        near = [group for other, group in labels if (np.abs(place - other) < (0.2, 0.06)).all()]
        if near:
            near[0].append(i)
        else:
            labels.append((place, [i]))
    for place, group in labels:
        where = ({"xytext": (6, 5), "ha": "left"} if place[0] < 0.8 else
                 {"xytext": (-6, -5), "ha": "right", "va": "top"})
        ax.annotate(", ".join(str(problem.lines[i]) for i in group), (x[group[0]], y[group[0]]),
                    fontsize=11, textcoords="offset points", **where)


def draw_confusion(problem, runs) -> Picture:
    """The test rows by true and predicted class, one panel for each loss."""
    count = len(problem.classes)
    names = [literal(name, 12) for name in problem.classes]
    tables = [confusion(problem, run) for run in runs]
    figure, axes = panels(len(runs), sharey=True)
    for ax, run, table in zip(axes, runs, tables, strict=True):
        part = table / table.sum(axis=1, keepdims=True)
        ax.imshow(part, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        ax.grid(False)
        if count <= 12:
            for (i, j), cell in np.ndenumerate(table):
                ax.text(j, i, str(cell), ha="center", va="center",
                        color="white" if part[i, j] > 0.5 else "black" if cell else "0.6")
        if count <= 25:
            ax.set_xticks(range(count), names, rotation=30, ha="right", rotation_mode="anchor")
            ax.set_yticks(range(count), names)
        wrong = table.sum() - np.trace(table)
        ax.set(title=f"{run.name}\n{wrong} of {table.sum()} wrong", xlabel="predicted class")
    axes[0].set_ylabel("true class")
    set_title(figure, confusion_title(problem, sum(tables)))
    return Picture(figure, "confusion.png",
                   "One table for each loss: test rows by true class (down) and predicted class "
                   "(across).",
                   "Numbers are test rows; the colour is their part of the true class. On the "
                   "diagonal the network is right.")


def confusion(problem, run) -> np.ndarray:
    """How many test rows of class i (row) were predicted as class j (column)."""
    table = np.zeros((len(problem.classes),) * 2, int)
    np.add.at(table, (problem.y[problem.test], run.predicted[problem.test]), 1)
    return table


def confusion_title(problem, table) -> str:
    """The message: the most frequent mistake."""
    mistakes = table * (1 - np.eye(len(table), dtype=int))
    if not mistakes.any():
        return "Every test row is right"
    i, j = np.unravel_index(mistakes.argmax(), mistakes.shape)
    names = [literal(problem.classes[k]) for k in (i, j)]
    return f"The most frequent mistake: {names[0]} taken for {names[1]}"


def draw_shares(problem, runs) -> Picture:
    """Each training row's share of the gradient, the loudest first, one panel for each loss."""
    figure, axes = panels(len(runs), sharex=True, sharey=True)
    count = int((~problem.test).sum())
    for ax, run, style in zip(axes, runs, styles(), strict=False):
        ax.plot(np.arange(1, count + 1), np.sort(100.0 * run.share[~problem.test])[::-1],
                color=style["color"])
        ax.axhline(100.0 / count, color="0.5", linewidth=1.0, zorder=0, label="if all were alike")
        ax.set(xscale="log", xlabel="training row, the loudest first",
               title=f"{run.name}\n{np.count_nonzero(run.share > 0.0)} of {count} are heard")
        ax.xaxis.set_major_formatter("{x:.0f}")
        ax.xaxis.set_minor_formatter("")
    for ax, run, style in zip(axes, runs, styles(), strict=False):
        rank = ranks(run.share)
        named = worst(run, ~problem.test)
        ax.plot(rank[named], 100.0 * run.share[named], "o", color=style["color"])
        label_rows(ax, problem, rank, 100.0 * run.share, named)
    axes[0].legend(loc="upper right", fontsize=11)
    axes[0].set_ylabel("% of the last layer's gradient")
    set_title(figure, shares_title(problem, runs))
    return Picture(figure, "gradient_share.png",
                   "One chart for each loss: the share of the last layer's gradient that each "
                   "training row carries at the end, in falling order.",
                   "Who teaches the last layer at the end of training? On the grey line all would "
                   "carry the same. The numbers are lines of the file: the training rows with "
                   "the largest losses.")


def shares_title(problem, runs) -> str:
    """The message: how much the loudest row carries, where most and where least."""
    ranked = sorted(runs, key=lambda run: -np.nanmax(run.share))
    most, least = (np.nanmax(run.share) for run in (ranked[0], ranked[-1]))
    if not most:
        return "No training row teaches the last layer any more"
    text = f"The loudest training row carries {most:.1%} of the gradient under {ranked[0].name}"
    if len(runs) == 1:
        return text
    if not least:
        return f"{text}; under {ranked[-1].name} no row teaches any more"
    return f"{text}, {least:.1%} under {ranked[-1].name}"


def ranks(share) -> np.ndarray:
    """1 for the largest share, 2 for the next ...; nan for test rows, which have none."""
    rank = np.full(len(share), np.nan)
    training = np.flatnonzero(~np.isnan(share))
    rank[training[np.argsort(-share[training], kind="stable")]] = 1 + np.arange(len(training))
    return rank


# -- the page --------------------------------------------------------------------------------------


def page_of(title, facts, pictures, tables, command) -> str:
    """index.html: what was done, the tables (heading, text, rows), the pictures with captions."""
    escape = html.escape
    done = "<br>\n".join(escape(fact) for fact in facts)
    results = "\n".join(
        f"<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>\n{page.html_table(rows)}"
        for heading, text, rows in tables)
    return page.document(title, f"""<p>Made by <code>{escape(command)}</code></p>
<p>{done}</p>
{results}
{page.html_figures(pictures)}""")


# -- the command line ------------------------------------------------------------------------------


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `python -m losses compare` to its parser."""
    parser.description = ("Train the same network on your own CSV file under several losses: a "
                          "table of test metrics, the rows that matter most, and pictures.")
    parser.epilog = """examples:
  python -m losses compare houses.csv --target price
  python -m losses compare flowers.csv --target species --losses softmax_cross_entropy
  python -m losses compare houses.csv --target price --losses mse mae --hidden 64 --out houses

The file is UTF-8 text with a header line, its columns separated by commas, semicolons or tabs.
Numeric columns are standardised by the training rows, text columns become one-hot; a quarter of
the rows, of each class if there are classes, is drawn at random for the test."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", metavar="data.csv", help="the table to learn from")
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    parser.add_argument("--losses", nargs="+", metavar="LOSS",
                        help="names that `python -m losses list` shows (default: "
                             f"{' '.join(DEFAULT_LOSSES['regression'])} for regression, "
                             f"{' '.join(DEFAULT_LOSSES['classification'])} for classification)")
    parser.add_argument("--hidden", nargs="*", type=int, default=[32, 32], metavar="UNITS",
                        help="units of each hidden layer (default: 32 32; none: a linear model)")
    parser.add_argument("--task", choices=["regression", "classification"],
                        help=f"by default recognised from the target: {RULE}")
    parser.add_argument("--drop", nargs="+", default=[], metavar="COLUMN",
                        help="columns to leave out, identifiers for example")
    parser.add_argument("--out", default="comparison", metavar="FOLDER",
                        help="where the pictures and index.html go (default: comparison)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the first weights and "
                        "the order of the batches (default: 0)")
    parser.add_argument("--epochs", type=int, metavar="N",
                        help=f"passes over the training rows (default: as many as make {STEPS} "
                             f"steps, but at least {FEWEST_EPOCHS})")


def main(options: argparse.Namespace) -> None:
    """What the command does with its options; InputError if they, or the file, cannot be used."""
    compare(options.file, options.target, options.losses, options.hidden, options.task,
            options.drop, options.out, options.seed, options.epochs)
