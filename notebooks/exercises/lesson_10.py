"""Lesson 10, digits: a leak, a confusion matrix, wrong labels, calibration, a temperature."""

from numbers import Real

import numpy as np

from losses import shapes, softmax_cross_entropy
from minigrad import Tensor, grad, log_softmax, one_hot, sigmoid, softmax

from .checking import Case, Mistake, Task, fixed
from .lesson_07 import rows

# -- 10.1 the nearest neighbour of another hand ----------------------------------------------------


def squared(x):
    """The squared distance of every row to every row."""
    return np.sum((x[:, None] - x) ** 2, axis=-1)


def read_like(distance=squared, allowed=lambda x, y, form: form[:, None] != form,
              choose=lambda far, mask: np.where(mask, far, np.inf).argmin(axis=1),
              give=lambda y, k: y[k]):
    """Read by neighbours: who is far from whom, who may be asked, who is chosen, what is given."""
    return lambda x, y, form: give(y, choose(distance(x), allowed(x, y, form)))


def read_row_by_row(x, y, form):
    found = []
    for row, hand in zip(x, form, strict=True):
        others = np.flatnonzero(form != hand)
        found.append(y[others[np.argmin(np.sum((x[others] - row) ** 2, axis=1))]])
    return found


def read_hand_by_hand(x, y, form):
    found = np.empty_like(y)
    for hand in np.unique(form):
        out = form == hand
        a, b = x[out], x[~out]
        far = np.sum(a * a, axis=1)[:, None] - 2 * a @ b.T + np.sum(b * b, axis=1)
        found[out] = y[~out][far.argmin(axis=1)]
    return found


def read_by_lengths(x, y, form):
    far = np.linalg.norm(x[None] - x[:, None], axis=2)
    far[form[:, None] == form] = 1e9
    return y[np.argsort(far, axis=1)[:, 0]]


def numbered_among_the_rest(x, y, form):
    far = squared(x)
    return np.array([y[far[i][form != form[i]].argmin()] for i in rows(y)])


def means_of_other_hands(x, y, form):
    found = []
    for row, hand in zip(x, form, strict=True):
        kinds = np.unique(y[form != hand])
        means = np.stack([x[(form != hand) & (y == kind)].mean(axis=0) for kind in kinds])
        found.append(kinds[np.argmin(np.sum((means - row) ** 2, axis=1))])
    return np.array(found)


def itself(x, y, form):
    return ~np.eye(len(y), dtype=bool)


def everyone(x, y, form):
    return np.ones((len(y), len(y)), dtype=bool)


def dot_products(x):
    return x @ x.T


def read_case(says, x, y, form):
    x, y, form = fixed(x), fixed(y, int), fixed(form, int)
    return Case(says, lambda answer: answer(x, y, form))


POINTS = [[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [2.1, 2.4], [3.8, 0.2], [5.0, 3.0], [2.0, 6.0]]

NEIGHBOUR = Task(
    title="the nearest neighbour of another hand",
    cases=[read_case("seven rows of three hands", POINTS, [5, 3, 7, 8, 9, 4, 6],
                     [0, 0, 1, 0, 2, 1, 2]),
           read_case("the same rows, each by a hand of its own", POINTS, [5, 3, 7, 8, 9, 4, 6],
                     [0, 1, 2, 3, 4, 5, 6]),
           read_case("hands 7, 2, 7, 9, 2, 9, in no order, and labels that repeat",
                     [[2.0, 4.0], [8.0, 0.5], [1.0, 2.5], [1.0, 0.0], [7.0, 3.5], [0.0, 0.0]],
                     [8, 4, 6, 4, 6, 4], [7, 2, 7, 9, 2, 9]),
           read_case("four rows of four pixels",
                     [[0.9, 0.1, 0.0, 0.2], [0.8, 0.3, 0.1, 0.0], [0.1, 0.9, 0.8, 0.3],
                      [0.0, 0.7, 1.0, 0.6]], [1, 2, 5, 6], [0, 1, 0, 1]),
           read_case("faint and dark rows",
                     [[0.2, 0.1], [0.3, 0.3], [2.0, 1.9], [9.0, 8.0], [7.0, 9.0], [0.1, 0.6]],
                     [2, 4, 6, 8, 9, 5], [1, 2, 3, 1, 2, 3])],
    solution=read_like(),
    others=[read_row_by_row, read_hand_by_hand, read_by_lengths],
    mistakes=[Mistake(read_like(allowed=everyone),
                      "every row finds itself, at distance 0, and is always right. The distance is "
                      "to be np.inf where the forms are equal (and not where they differ)."),
              Mistake(read_like(allowed=itself),
                      "a row no longer finds itself, but still the same hand, and that is the "
                      "leak: shut out the whole form, form[:, None] == form."),
              Mistake(read_like(allowed=lambda x, y, form: (form[:, None] == form)
                                & itself(x, y, form)),
                      "the mask is turned round: only the row itself and the other forms are shut "
                      "out, and the same form is asked."),
              Mistake(read_like(allowed=lambda x, y, form: y[:, None] != y),
                      "rows with the same label are shut out, so hardly an answer can be right: "
                      "the mask compares forms, not labels."),
              Mistake(read_like(choose=lambda far, mask: np.where(mask, far, 0.0).argmin(axis=1)),
                      "the first row of its own form is found: who is shut out has the distance 0, "
                      "the nearest of all (or np.inf, and argmax picks it). np.inf and argmin."),
              Mistake(read_like(choose=lambda far, mask: np.where(mask, far, -1.0).argmax(axis=1)),
                      "argmax finds the farthest row of another form: argmin."),
              Mistake(read_like(give=lambda y, k: k),
                      "these are the numbers of the neighbours' rows: look up their labels, "
                      "y[...]."),
              Mistake(lambda x, y, form: read_like()(x, form, form),
                      "these are the forms of the neighbours: look up their labels, y[...]."),
              Mistake(lambda x, y, form: np.full(len(y), y[0]),
                      "every row gets the label of row 0, as if all distances were equal: is the "
                      "mask a table? form == form compares each form with itself, "
                      "form[:, None] == form each with each."),
              Mistake(numbered_among_the_rest,
                      "argmin counted within the rows that were left, and y counts all rows: look "
                      "up the label among the rows that were left, y[others][k]."),
              Mistake(read_like(choose=lambda far, mask: np.where(mask, far, np.inf).min(axis=1),
                                give=lambda y, far: far),
                      "these are the distances to the neighbours: argmin says which row it is, y "
                      "its label."),
              Mistake(lambda x, y, form: np.mean(read_like()(x, y, form) == y),
                      "this is the share that is read right: return the label that each row "
                      "gets."),
              Mistake(read_like(choose=lambda far, mask: np.where(mask, far, np.inf).argmin()),
                      "without an axis argmin counts through the whole table, and finds one place: "
                      "axis=1 finds one for each row."),
              Mistake(read_like(choose=lambda far, mask: np.where(mask, far, np.inf),
                                give=lambda y, far: far),
                      "this is the table of the distances: argmin of each row, then y of it."),
              Mistake(lambda x, y, form: y[np.where(form == form[0], np.inf, squared(x)).argmin(
                          axis=1)],
                      "for all rows the form of row 0 is shut out: each row has its own, "
                      "form[:, None] == form."),
              Mistake(read_like(lambda x: np.sum(x[:, None] - x, axis=-1)),
                      "differences above and below 0 cancel: square them before you add them up."),
              Mistake(read_like(lambda x: np.sum(x[:, None] - x, axis=-1) ** 2),
                      "differences above and below 0 cancel: square each of them, then add up, "
                      "not the other way round."),
              Mistake(read_like(lambda x: np.sum(np.abs(x[:, None] - x), axis=-1)),
                      "this adds up |a - b|, another distance: here it is to be the squares."),
              Mistake(read_like(lambda x: np.max(np.abs(x[:, None] - x), axis=-1)),
                      "this takes the largest difference alone: add up the squares of all "
                      "pixels."),
              Mistake(read_like(lambda x: np.sum((x[:, None] - x) ** 2, axis=1)),
                      "the sum runs over rows, axis 1 of (n, n, pixels): add up the pixels, the "
                      "last axis. Only with as many rows as pixels does nobody complain."),
              Mistake(read_like(lambda x: -dot_products(x)),
                      "the largest product a · b is not the smallest distance: |b|² is missing, "
                      "and without it dark rows seem near. |a|² - 2 a · b + |b|²."),
              Mistake(read_like(dot_products),
                      "the smallest product a · b belongs to the rows that share the least ink: "
                      "|a|² - 2 a · b + |b|²."),
              Mistake(read_like(lambda x: np.sum(x * x, axis=1) - 2 * dot_products(x)
                                + np.sum(x * x, axis=1)),
                      "beside a · b, |b|² counts twice as much as it should: is the 2 of 2 a · b "
                      "there, and is one of the two squares a column, [:, None]?"),
              Mistake(read_like(lambda x: np.sum(x * x, axis=1)[:, None] + 2 * dot_products(x)
                                + np.sum(x * x, axis=1)),
                      "+ 2 a · b is |a + b|²: the sign in the middle is a minus."),
              Mistake(means_of_other_hands,
                      "this is the nearest mean image: compare with each row by itself.")],
    hints=("A distance to every row; then nobody of your own hand may be asked; then the nearest, "
           "and its label.",
           "|a - b|² = |a|² - 2 a·b + |b|², and ∞ where form_a = form_b",
           "far = ...   # (n, n)\nfar = np.where(form[:, None] == form, np.inf, far)\n"
           "return y[...]   # the nearest of each row"))

# -- 10.2 the confusion matrix ---------------------------------------------------------------------


def counted(y, said, classes):
    table = np.zeros((classes, classes))
    np.add.at(table, (y, said), 1)
    return table


def assigned(y, said, classes):
    table = np.zeros((classes, classes))
    table[y, said] += 1
    return table


def at_least_1(counts):
    return np.maximum(counts, 1)


def confusion_like(table=counted, recall=lambda t: np.diag(t) / at_least_1(t.sum(axis=1)),
                   precision=lambda t: np.diag(t) / at_least_1(t.sum(axis=0)),
                   give=lambda t: t):
    """The three results, or what comes out of another table, recall or precision."""
    def answer(y, said, classes):
        t = table(y, said, classes)
        return give(t), recall(t), precision(t)
    return answer


def confusion_by_bincount(y, said, classes):
    table = np.bincount(classes * y + said, minlength=classes**2).reshape(classes, classes)
    right, labels, reads = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    recall = np.divide(right, labels, out=np.zeros(classes), where=labels > 0)
    return table, recall, np.divide(right, reads, out=np.zeros(classes), where=reads > 0)


def confusion_in_a_loop(y, said, classes):
    table = [[0] * classes for _ in range(classes)]
    for label, word in zip(y, said, strict=True):
        table[label][word] += 1
    recall = [row[c] / max(sum(row), 1) for c, row in enumerate(table)]
    columns = zip(*table, strict=True)
    return [table, recall, [column[c] / max(sum(column), 1) for c, column in enumerate(columns)]]


def confusion_by_products(y, said, classes):
    labels, reads = np.eye(classes)[y], np.eye(classes)[said]
    table = labels.T @ reads
    with np.errstate(all="ignore"):
        return (table, np.nan_to_num(table.diagonal() / labels.sum(axis=0)),
                np.nan_to_num(table.diagonal() / reads.sum(axis=0)))


def of_those_that_occur(y, said, classes):
    return counted(y, said, max(y.max(), said.max()) + 1)


def of_the_labels(y, said, classes):
    return counted(y, said, len(np.unique(y)))


def share_of(axis):
    return lambda t: np.diag(t) / at_least_1(t.sum(axis=axis))


def of_the_wrong(axis):
    return lambda t: np.diag(t) / at_least_1(t.sum(axis=axis) - np.diag(t))


def confusion_case(says, y, said, classes):
    y, said = fixed(y, int), fixed(said, int)

    def run(answer):
        found = answer(y, said, classes)
        if isinstance(found, dict):
            return "a dict, not three arrays"
        if not isinstance(found, tuple | list) or len(found) != 3:
            return found
        return dict(zip(("table", "recall", "precision"), found, strict=True))

    return Case(says, run)


CONFUSION = Task(
    title="the confusion matrix, recall and precision",
    cases=[confusion_case("four answers, all different", [0, 0, 1, 2], [0, 2, 1, 1], 3),
           confusion_case("nine answers, some of them alike", [0, 0, 0, 1, 1, 2, 2, 2, 2],
                          [0, 0, 1, 1, 2, 2, 2, 0, 0], 3),
           confusion_case("five classes: no row has the label 3 or 4, and nobody reads 0 or 4",
                          [0, 0, 1, 2, 2, 2], [1, 3, 1, 2, 3, 3], 5),
           confusion_case("a single answer, and it is wrong", [1], [0], 2),
           confusion_case("five answers, all right", [1, 1, 0, 1, 2], [1, 1, 0, 1, 2], 3)],
    solution=confusion_like(),
    others=[confusion_by_bincount, confusion_in_a_loop, confusion_by_products],
    mistakes=[Mistake(confusion_like(assigned),
                      "table[y, said] += 1 counts a pair that comes several times only once: NumPy "
                      "reads all the old values before it writes. np.add.at(table, (y, said), 1)."),
              Mistake(confusion_like(lambda y, said, classes: counted(said, y, classes)),
                      "rows and columns have changed places, and with them recall and precision: "
                      "the row is the label, the column what is read."),
              Mistake(confusion_like(give=lambda t: t.T),
                      "the table is transposed: the row is the label, the column what is read. "
                      "Recall and precision are right."),
              Mistake(confusion_like(lambda y, said, classes: assigned(said, y, classes)),
                      "rows and columns have changed places; and += 1 counts a pair that comes "
                      "several times only once: np.add.at."),
              Mistake(confusion_like(recall=share_of(0), precision=share_of(1)),
                      "the table is right; recall and precision have changed places: recall "
                      "divides by the rows with that label, precision by all that are read so."),
              Mistake(confusion_like(precision=share_of(1)),
                      "the precision is the recall once more: it divides by the sum of its "
                      "column, all that are read so."),
              Mistake(confusion_like(recall=share_of(0)),
                      "the recall is the precision once more: it divides by the sum of its row, "
                      "all that have the label."),
              Mistake(confusion_like(give=lambda t: t / at_least_1(t.sum(axis=1, keepdims=True))),
                      "the rows of the table are divided by their sum: asked are the counts."),
              Mistake(confusion_like(give=lambda t: t / at_least_1(t.sum(axis=0))),
                      "the columns of the table are divided by their sum: asked are the counts."),
              Mistake(confusion_like(give=lambda t: t / t.sum()),
                      "the table is divided by the number of answers: asked are the counts."),
              Mistake(confusion_like(give=lambda t: t * (1 - np.eye(len(t)))),
                      "the diagonal is left out: the right answers are counted there."),
              Mistake(confusion_like(of_those_that_occur),
                      "a class that does not occur has no row and no column: the table is "
                      "(classes, classes), whatever occurs."),
              Mistake(confusion_like(of_the_labels),
                      "the size of the table is the number of labels that occur: it is classes, "
                      "or whoever is read and never occurs has no column."),
              Mistake(confusion_like(recall=lambda t: np.diag(t) / t.sum(axis=1),
                                     precision=lambda t: np.diag(t) / t.sum(axis=0)),
                      "0 / 0 is nan: a class without rows, or that nobody reads, is to get 0. "
                      "Divide by np.maximum(count, 1)."),
              Mistake(confusion_like(recall=lambda t: np.diag(t) / (t.sum(axis=1) + 1),
                                     precision=lambda t: np.diag(t) / (t.sum(axis=0) + 1)),
                      "one too many below the line, everywhere: np.maximum(count, 1), not "
                      "count + 1."),
              Mistake(confusion_like(lambda y, said, classes: np.histogram2d(y, said, classes)[0]),
                      "np.histogram2d lays its bins from the smallest to the largest value that "
                      "occurs: pass the borders, bins=np.arange(classes + 1)."),
              Mistake(confusion_like(recall=lambda t: np.diag(t) / t.sum(),
                                     precision=lambda t: np.diag(t) / t.sum()),
                      "both are divided by all answers: recall by those with the label, precision "
                      "by those that are read so."),
              Mistake(confusion_like(recall=lambda t: np.trace(t) / t.sum(),
                                     precision=lambda t: np.trace(t) / t.sum()),
                      "this is the share right over all: recall and precision belong to each "
                      "class."),
              Mistake(confusion_like(recall=lambda t: share_of(1)(t).mean(),
                                     precision=lambda t: share_of(0)(t).mean()),
                      "the classes are averaged: return one recall and one precision for each "
                      "class."),
              Mistake(confusion_like(recall=lambda t: 1 - share_of(1)(t),
                                     precision=lambda t: 1 - share_of(0)(t)),
                      "these are the shares that are wrong: the diagonal is what is right."),
              Mistake(lambda y, said, classes: dict(zip("trp", confusion_like()(y, said, classes),
                                                        strict=True)),
                      "a dict: return the three arrays, table, recall, precision."),
              Mistake(confusion_like(recall=np.diag, precision=np.diag),
                      "these are the numbers of right answers: divide them, by the sum of the row "
                      "and by that of the column."),
              Mistake(confusion_like(recall=of_the_wrong(1), precision=of_the_wrong(0)),
                      "divided by the wrong ones alone: by all of the row or column, the right "
                      "ones too."),
              Mistake(confusion_like(recall=lambda t: np.where(t.sum(axis=1), share_of(1)(t), 1.0),
                                     precision=lambda t: np.where(t.sum(axis=0), share_of(0)(t),
                                                                  1.0)),
                      "where there is nothing to divide by, it is to be 0, and not 1."),
              Mistake(counted,
                      "this is the table alone: return table, recall, precision.")],
    hints=("Each answer is a pair, label and reading; count the pairs. A row of the table is what "
           "became of one label, a column who was taken for it.",
           "recall_c = table_cc / Σ_j table_cj,   precision_c = table_cc / Σ_i table_ic",
           "table = np.zeros((classes, classes))\nnp.add.at(table, (y, said), 1)\n"
           "right = np.diag(table)\nrecall = right / np.maximum(..., 1)\nprecision = ..."))

# -- 10.3 the wrong labels -------------------------------------------------------------------------


def length(p, t, axis=1):
    return np.sqrt(np.sum((p - t) ** 2, axis=axis))


def suspects_like(size=length, pick=lambda size, k: np.argsort(-size)[:k]):
    """The rows with the longest p - t, or what another size or another choice gives."""
    return lambda z, y, k: pick(size(softmax(z), one_hot(y, z.shape[1])), k)


def suspects_by_the_engine(z, y, k):
    z = Tensor(z, requires_grad=True)
    gradient = grad(softmax_cross_entropy(z, y, reduction="sum"), z)
    return np.argsort(np.linalg.norm(gradient, axis=1))[::-1][:k]


def suspects_by_shapes(z, y, k):
    pull = shapes.per_example_gradient(softmax_cross_entropy, z, y)
    return list(np.argsort(shapes.gradient_share(pull)))[: -k - 1: -1]


def suspects_by_sorting(z, y, k):
    sizes = []
    for row, label in zip(z, y, strict=True):
        p = np.exp(row - row.max())
        p /= p.sum()
        p[label] -= 1
        sizes.append(np.hypot.reduce(p))
    return sorted(range(len(y)), key=sizes.__getitem__, reverse=True)[:k]


def suspects_by_axis_0(z, y, k):
    return np.argsort(-length(softmax(z, axis=0), one_hot(y, z.shape[1])))[:k]


def own_answer(p, t):
    return length(p, one_hot(p.argmax(axis=1), p.shape[1]))


def misread(z, y, k):
    return np.flatnonzero(z.argmax(axis=1) != y)[:k]


def naive(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


Z = fixed([[3.0, 0.0, 0.5], [0.0, 2.2, 2.0], [1.0, -1.0, 4.0], [5.6, 6.1, 6.0], [-3.0, -2.3, -5.0],
           [0.5, 2.5, 0.3], [1.3, 0.0, -6.0], [0.2, 0.1, 5.0]])
CLAIMED = fixed([0, 0, 2, 1, 0, 0, 1, 1], int)


def suspects_case(says, z, y, k):
    z, y = fixed(z), fixed(y, int)

    def run(answer):
        found = answer(z, y, k)
        return found if np.size(found) else "no row at all"

    return Case(says, run)


SUSPECTS = Task(
    title="the wrong labels",
    cases=[suspects_case("the loudest five of eight rows, the loudest first", Z, CLAIMED, 5),
           suspects_case("the loudest row alone", Z, CLAIMED, 1),
           suspects_case("four rows of two classes, all of them in order",
                         [[0.0, 1.0], [3.0, 1.0], [2.5, 3.0], [-1.0, 3.0]], [0, 0, 1, 0], 4),
           suspects_case("logits of 1000: two of four rows",
                         [[0.0, 1000.0, 0.0], [0.0, 0.0, 0.0], [1000.0, 0.0, 0.0],
                          [999.0, 1000.0, 0.0]], [1, 2, 1, 1], 2)],
    solution=suspects_like(),
    others=[suspects_by_the_engine, suspects_by_shapes, suspects_by_sorting],
    mistakes=[Mistake(suspects_like(pick=lambda size, k: np.argsort(size)[:k]),
                      "these are the quietest rows: argsort sorts upwards, so sort -size, or take "
                      "the last ones."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(size)[-k:]),
                      "the right rows, the loudest last: turn them round, [::-1]."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(-size)),
                      "all rows are returned: only the first k are asked for."),
              Mistake(suspects_like(pick=lambda size, k: np.sort(size)[::-1][:k]),
                      "these are the lengths: which rows have them? np.argsort."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(np.argsort(-size))[:k]),
                      "argsort twice gives each row its rank: once gives the rows in order."),
              Mistake(suspects_like(pick=lambda size, k: size >= np.sort(size)[-k]),
                      "this is a mask, True for the loudest: return the numbers of the rows, the "
                      "loudest first."),
              Mistake(suspects_like(pick=lambda size, k: np.sort(np.argsort(-size)[:k])),
                      "the right rows in the order of their numbers: the loudest comes first."),
              Mistake(lambda z, y, k: y[suspects_like()(z, y, k)],
                      "these are the labels of the loudest rows: return the numbers of the rows."),
              Mistake(suspects_like(lambda p, t: 1 - np.sum(t * p, axis=1)),
                      "sorted by how unlikely the label is: -log p, 1 - p, the largest |p - t| and "
                      "Σ |p - t| all do that. The length √Σ (p - t)² is also longer the surer the "
                      "network is of one rival."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(-size)[:k] + 1),
                      "each number is too large by 1: the first row is row 0."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(size)[:k][::-1]),
                      "the quietest rows, turned round: first turn round, then take k, "
                      "[::-1][:k]."),
              Mistake(suspects_like(pick=lambda size, k: np.argmax(size)),
                      "the loudest row alone: k of them are asked."),
              Mistake(lambda z, y, k: np.argsort(-length(softmax(z), y[:, None]))[:k],
                      "the label is subtracted as a number: t is a one-hot row, 1 for the label "
                      "and 0 for the others."),
              Mistake(suspects_like(own_answer),
                      "the loss of the wrong class: you measure p against what the network itself "
                      "says, and get the rows it is least sure of. The target is the label y."),
              Mistake(suspects_like(lambda p, t: p.max(axis=1)),
                      "the labels are not used: these are the rows that the network is surest of. "
                      "Subtract the one-hot row of the label from p."),
              Mistake(suspects_like(lambda p, t: -np.sum(p * np.log(p + 1e-300), axis=1)),
                      "the labels are not used: these are the rows that the network is least sure "
                      "of. A wrong label contradicts a network that is sure."),
              Mistake(suspects_like(lambda p, t: (p - t).max(axis=1)),
                      "this is the largest entry of p - t, what the best wrong class has: the "
                      "length takes all of them, √Σ (p - t)²."),
              Mistake(suspects_like(pick=lambda size, k: np.argsort(size)[:-k:-1]),
                      "one row too few: [:-k:-1] stops before the k-th from the end. "
                      "[::-1][:k]."),
              Mistake(lambda z, y, k: np.argsort(-length(sigmoid(z), one_hot(y, z.shape[1])))[:k],
                      "the sigmoid of each logit by itself: under cross-entropy the classes share, "
                      "softmax."),
              Mistake(misread,
                      "these are the first rows that are misread: sort by the length of the "
                      "gradient."),
              Mistake(lambda z, y, k: np.argsort(-length(z, one_hot(y, z.shape[1])))[:k],
                      "logits minus target: first the softmax, then the difference."),
              Mistake(suspects_by_axis_0,
                      "the softmax runs down the columns: the classes lie on axis 1."),
              Mistake(suspects_like(lambda p, t: length(p, t, axis=0)),
                      "the length is taken down the columns, one for each class: one for each row, "
                      "axis=1."),
              Mistake(lambda z, y, k: np.argsort(-length(naive(z), one_hot(y, z.shape[1])))[:k],
                      "right for small logits only: your softmax overflows. Use the ready-made "
                      "one.")],
    hints=("A label that contradicts a sure network pulls as hard as anything can. Measure each "
           "row's pull and sort.",
           "∂L/∂z = p - t,   length = √Σ_j (p_j - t_j)²,   at most √2",
           "pull = softmax(z) - np.eye(z.shape[1])[y]\nlength = ...   # one for each row\n"
           "return np.argsort(...)[:k]   # argsort sorts upwards"))

# -- 10.4 the calibration error --------------------------------------------------------------------


def equal_bins(sure, hit, bins):
    return np.minimum((bins * sure).astype(int), bins - 1)


def gaps(sure, hit, bins, place=equal_bins):
    """For each bin that is not empty: share right minus mean confidence, and the rows in it."""
    at = place(sure, hit, bins)
    full = np.unique(at)
    return (np.array([hit[at == b].mean() - sure[at == b].mean() for b in full]),
            np.array([np.sum(at == b) for b in full]))


def calibration_like(total=lambda gap, n: np.sum(n * np.abs(gap)) / np.sum(n), place=equal_bins):
    """A calibration error of another kind: how the bins are made, how their gaps become one."""
    return lambda sure, hit, bins: total(*gaps(sure, hit, bins, place))


def calibration_by_bincount(sure, hit, bins):
    at = np.clip(np.floor(bins * sure), 0, bins - 1).astype(int)
    return np.abs(np.bincount(at, weights=hit - sure)).sum() / len(sure)


def calibration_in_a_loop(sure, hit, bins):
    error = 0.0
    for b in range(bins):
        inside = (sure >= b / bins) & (sure < (b + 1) / bins)
        if b == bins - 1:
            inside |= sure == 1
        if inside.any():
            error += inside.mean() * abs(hit[inside].mean() - sure[inside].mean())
    return error


def calibration_from_below(sure, hit, bins):
    at = np.digitize(sure, np.linspace(0, 1, bins + 1), right=True)
    return sum(abs(hit[at == b].sum() - sure[at == b].sum()) for b in set(at)) / sure.size


def without_the_sure(sure, hit, bins):
    inside = sure < 1
    gap, n = gaps(sure[inside], hit[inside], bins)
    return np.sum(n * np.abs(gap)) / len(sure)


def gap_to_the_middle(sure, hit, bins, middle=0.5):
    at = equal_bins(sure, hit, bins)
    return sum(np.sum(at == b) * abs(hit[at == b].mean() - (b + middle) / bins)
               for b in np.unique(at)) / len(sure)


def gap_to_the_end(sure, hit, bins):
    return gap_to_the_middle(sure, hit, bins, middle=1.0)


def with_empty_bins(sure, hit, bins):
    at = equal_bins(sure, hit, bins)
    total = 0.0
    for b in range(bins):
        inside = at == b
        mean = np.divide(np.sum(sure[inside]), np.sum(inside))
        total += np.mean(inside) * np.abs(np.divide(np.sum(hit[inside]), np.sum(inside)) - mean)
    return total


def by_rank(sure, hit, bins):
    at = np.empty(len(sure), int)
    at[np.argsort(sure)] = np.arange(len(sure)) * bins // len(sure)
    return at


def by_share(sure, hit, bins):
    at = np.empty(len(sure), int)
    for b, shared in enumerate(np.array_split(np.argsort(sure, kind="stable"), bins)):
        at[shared] = b
    return at


def calibration_case(says, sure, hit, bins):
    sure, hit = fixed(sure), fixed(hit, bool)
    return Case(says, lambda answer: answer(sure, hit, bins), factors=(
        (len(sure), "divide by the number of answers, once."),
        (100.0, "a share, not per cent.")))


CALIBRATION = Task(
    title="the calibration error",
    cases=[calibration_case("five answers in a bin, 0.95 sure and four of them right",
                            [0.95, 0.95, 0.95, 0.95, 0.95], [1, 1, 1, 0, 1], 10),
           calibration_case("ten answers in four bins of different size",
                            [0.55, 0.52, 0.58, 0.65, 0.75, 0.78, 0.92, 0.94, 0.96, 0.98],
                            [1, 1, 1, 0, 1, 0, 1, 1, 0, 1], 10),
           calibration_case("too modest below, too sure above",
                            [0.41, 0.43, 0.45, 0.91, 0.93, 0.97], [1, 1, 0, 1, 0, 0], 10),
           calibration_case("five bins", [0.35, 0.45, 0.55, 0.7, 0.77, 0.85, 0.9],
                            [0, 1, 1, 0, 1, 1, 0], 5),
           calibration_case("answers with a confidence of exactly 1", [1.0, 1.0, 0.96, 0.94, 0.5],
                            [0, 1, 1, 1, 1], 10),
           calibration_case("a single answer", [0.72], [1], 10)],
    solution=calibration_like(),
    others=[calibration_by_bincount, calibration_in_a_loop, calibration_from_below],
    mistakes=[Mistake(calibration_like(lambda gap, n: np.mean(np.abs(gap))),
                      "the bins count alike: weight each by its rows, n_b / n, or a bin of one "
                      "answer speaks as loudly as one of a thousand."),
              Mistake(lambda sure, hit, bins: np.sum(np.abs(gaps(sure, hit, bins)[0])) / bins,
                      "the bins count alike, empty ones too: weight each by its rows, n_b / n."),
              Mistake(calibration_like(lambda gap, n: np.sum(np.abs(gap))),
                      "the gaps are added up without weights: each counts by its share of the "
                      "rows, n_b / n."),
              Mistake(calibration_like(lambda gap, n: np.sum(n * np.abs(gap))),
                      "divide by the number of answers: the weights n_b / n add up to 1."),
              Mistake(calibration_like(lambda gap, n: np.sum(n * gap) / np.sum(n)),
                      "the gaps keep their signs, and a modest bin makes up for one that is too "
                      "sure: take |...| in each bin."),
              Mistake(calibration_like(lambda gap, n: -np.sum(n * gap) / np.sum(n)),
                      "the gaps keep their signs, confidence minus share right: take |...| in each "
                      "bin."),
              Mistake(calibration_like(lambda gap, n: np.abs(np.sum(n * gap)) / np.sum(n)),
                      "|...| comes too late, around the sum: a modest bin has then made up for one "
                      "that is too sure. Take it in each bin."),
              Mistake(calibration_like(lambda gap, n: np.max(np.abs(gap))),
                      "this is the largest gap: asked is their mean, weighted by the rows."),
              Mistake(calibration_like(lambda gap, n: np.sqrt(np.sum(n * gap**2) / np.sum(n))),
                      "the gaps are squared: asked is |...|."),
              Mistake(lambda sure, hit, bins: np.mean(np.abs(hit - sure)),
                      "the bins do not mix right and wrong answers: it is the distance of each "
                      "answer from 0 or 1, and that is not 0 for an honest network either. Bins "
                      "are made by confidence, not by right and wrong."),
              Mistake(lambda sure, hit, bins: np.mean((hit - sure) ** 2),
                      "the squared distance of each answer from 0 or 1: first the means of a bin, "
                      "then their gap."),
              Mistake(lambda sure, hit, bins: 1 - np.mean(hit),
                      "this is the share that is wrong: confidence does not occur in it."),
              Mistake(lambda sure, hit, bins: calibration_like()(sure, hit, 10),
                      "always ten bins: the number of bins is an argument."),
              Mistake(without_the_sure,
                      "a confidence of exactly 1 falls into no bin: it belongs to the last one."),
              Mistake(calibration_like(place=lambda sure, hit, bins: (bins * sure).astype(int)),
                      "a confidence of exactly 1 has a bin of its own, one too many: it belongs to "
                      "the last one."),
              Mistake(calibration_like(place=lambda sure, hit, bins: np.round(bins * sure)),
                      "rounding moves the borders by half a bin: 0.45 and 0.54 must not share one "
                      "of ten. Cut off: (bins * sure).astype(int)."),
              Mistake(calibration_like(place=lambda sure, hit, bins: np.digitize(
                          sure, np.linspace(0, 1, bins))),
                      "np.linspace(0, 1, bins) are too few borders: for so many bins there are "
                      "bins + 1."),
              Mistake(calibration_like(place=lambda sure, hit, bins: np.digitize(
                          sure, np.histogram_bin_edges(sure, bins)[:-1])),
                      "the bins run from the lowest confidence to the highest: they run from 0 to "
                      "1, whatever occurs."),
              Mistake(calibration_like(lambda gap, n: np.sum(n * gap**2) / np.sum(n)),
                      "the gaps are squared, and no root comes after: asked is |...|."),
              Mistake(lambda sure, hit, bins: calibration_like()(sure, ~hit, bins),
                      "the share of the wrong answers is compared with the confidence: the share "
                      "that is right."),
              Mistake(gap_to_the_end,
                      "compared with the upper end of the bin: the mean confidence of its answers "
                      "is asked for."),
              Mistake(gap_to_the_middle,
                      "compared with the middle of the bin: the mean confidence of its answers is "
                      "asked for."),
              Mistake(with_empty_bins,
                      "an empty bin has no mean: 0 / 0 is nan, and 0 times nan too. Leave empty "
                      "bins out."),
              Mistake(calibration_like(place=by_rank),
                      "the bins hold equally many answers: they are to be equally wide."),
              Mistake(calibration_like(place=by_share),
                      "the answers are shared out evenly, so many to a bin: a bin is an interval "
                      "of confidence, and all are equally wide.")],
    hints=("Sort the answers into bins by how sure they are. In each bin compare two means. Then "
           "the mean of the gaps, and a bin counts by its size.",
           "ECE = Σ_b n_b / n · | share right_b - mean confidence_b |",
           "at = np.minimum((bins * sure).astype(int), bins - 1)\nfor b in np.unique(at):\n"
           "    inside = at == b\n    gap = ...\n    error += ... * gap   # its share of the rows"))

# -- 10.5 the temperature --------------------------------------------------------------------------


def temperature(z, y):
    low, high = 0.05, 20.0
    while high > 1.0001 * low:
        t = Tensor(np.sqrt(low * high), requires_grad=True)
        falls = grad(softmax_cross_entropy(z / t, y), t) < 0
        low, high = (t.item(), high) if falls else (low, t.item())
    return low


def temperature_by_descent(z, y):
    log_t = Tensor(0.0, requires_grad=True)
    for _ in range(100):
        log_t.data = log_t.data - grad(softmax_cross_entropy(z / np.exp(log_t), y), log_t)
    return np.exp(log_t.item())


def temperature_by_newton(z, y, steps=8):
    b = Tensor(1.0, requires_grad=True)  # 1 / T: the cost is convex in it
    for _ in range(steps):
        slope = grad(softmax_cross_entropy(b * z, y), b, create_graph=True)
        b.data = b.data - slope.item() / grad(slope, b).item()
    return 1.0 / b.item()


def lowest(cost):
    """The temperature, of 1,001 from 0.1 to 10, with the lowest of these costs, one for each."""
    def answer(z, y):
        tried = np.geomspace(0.1, 10.0, 1001)
        return tried[np.argmin(cost(z / tried[:, None, None], y))]
    return answer


def entropy(z, y):
    return -log_softmax(z)[:, rows(y), y].mean(axis=1)


def brier(z, y):
    return np.sum((softmax(z) - one_hot(y, z.shape[-1])) ** 2, axis=(1, 2))


def smoothed(z, y):
    log_p = log_softmax(z)
    return -np.mean(0.9 * log_p[:, rows(y), y] + 0.1 * log_p.mean(axis=-1), axis=-1)


def hardest(z, y):
    return -log_softmax(z)[:, rows(y), y].min(axis=1)


def place(t, bottom):
    """In words: on which side of 1 a temperature is, and on which side of the lowest cost."""
    if isinstance(t, Tensor):
        return "a Tensor, not a number"
    if np.ndim(t) or not isinstance(t, Real | np.ndarray):
        return f"{type(t).__name__} of shape {np.shape(t)}, not a number"
    if not np.isfinite(t):
        return f"T = {t}"
    if t <= 0:
        return "T not above 0, where the order of the classes is turned round"
    where = ("at the bottom of the cost" if abs(np.log(t / bottom)) < 0.02 else
             f"but the cost falls on as T {'grows' if t < bottom else 'shrinks'}")
    return f"T {'is still' if t == 1 else 'above' if t > 1 else 'below'} 1, {where}"


def place_case(says, z, y, bottom):
    def run(answer):
        t = answer(z, y)
        return t if t is None else place(t, bottom)
    return Case(says, run)


def temperature_case(says, z, y, bottom):
    def run(answer):
        t = answer(z, y)
        return {"where it stands": place(t, bottom), "T": t}
    return Case(says, run)


SURE = fixed([[4.6, -0.3, 0.5], [3.2, 1.0, -2.0], [-1.5, 5.2, 1.1], [0.4, 2.9, 3.6],
              [1.2, -3.1, 4.8], [-2.2, 0.3, 5.9], [4.1, 1.7, 0.2], [2.3, 4.4, -0.6],
              [0.8, -1.4, 3.3], [3.9, -2.5, 2.8], [-0.7, 4.9, 0.1], [1.6, 0.9, 4.2]])
TRUTH = fixed([0, 0, 1, 1, 2, 2, 1, 1, 0, 0, 1, 2], int)
MODEST = fixed(SURE / 3.0)
FOUR = fixed([[3.0, 0.5, 1.0, 0.9], [0.0, -1.3, 0.4, 0.2], [2.8, 3.1, -1.1, 3.4],
              [3.0, 0.0, 3.6, 0.8], [-1.6, -0.8, 1.0, 0.7], [0.4, 0.8, 0.1, -0.9],
              [1.3, 1.2, -1.8, 1.1], [1.0, 1.7, 0.4, -0.2]])
FOUR_TRUTH = fixed([2, 2, 0, 2, 2, 0, 0, 0], int)

TEMPERATURE = Task(
    title="the right temperature",
    cases=[place_case("where T stands, for twelve answers that are too sure", SURE, TRUTH, 1.546),
           temperature_case("T for the same answers", SURE, TRUTH, 1.546),
           temperature_case("their logits, three times smaller: too modest", MODEST, TRUTH, 0.5154),
           temperature_case("eight answers, four classes", FOUR, FOUR_TRUTH, 1.322)],
    solution=temperature,
    others=[temperature_by_descent, temperature_by_newton, lowest(entropy)],
    # The first five are for every T on that side of the bottom: they are alike in the first case.
    mistakes=[Mistake(lambda z, y: 1.2,
                      "T lies between 1 and the bottom: the right way, and not far enough. Walk on "
                      "until the slope is 0, with more steps or a larger rate, or in finer ones. "
                      "(Or are old gradients still in .grad?)"),
              Mistake(lambda z, y: 4.0,
                      "T lies beyond the bottom: is the cost another one than the plain "
                      "cross-entropy, or does the walk jump about, since the rate is too large or "
                      "old gradients are still in .grad?"),
              Mistake(lambda z, y: 0.3,
                      "the wrong way: answers that are too sure need T above 1. Is z divided by T, "
                      "does the step go down, and is it the cross-entropy with the labels y that "
                      "falls?"),
              Mistake(lambda z, y: -1.0,
                      "T is not above 0: a step carried it across, or it started there, and "
                      "beyond 0 there is no bottom. Let a move, with T = e^a."),
              Mistake(lambda z, y: np.nan,
                      "T is nan: it walked off, to 0 or out of sight. Does the step go down, is "
                      "the rate too large, did T start at 0?"),
              Mistake(lambda z, y: 1 / temperature(z, y),
                      "this is 1/T: the logits were multiplied, and are to be divided, z / T."),
              Mistake(lambda z, y: np.log(temperature(z, y)),
                      "this is log T: the parameter may be a logarithm, what you return is e^a."),
              Mistake(lambda z, y: -np.log(temperature(z, y)),
                      "this is -log T: the logits were divided by e^-a, or multiplied by e^a; "
                      "divide by e^a, and return e^a."),
              Mistake(lambda z, y: np.exp(temperature(z, y)),
                      "this is e^T, one exp too many: what you fitted was T already."),
              Mistake(lambda z, y: Tensor(temperature(z, y)),
                      "it is still a Tensor: .item() is its number."),
              Mistake(lambda z, y: [temperature(z, y)],
                      "it is a list or an array that holds one number: return the number."),
              Mistake(lambda z, y: 1.0,
                      "T has not moved from 1. Is the step taken? The accuracy has no slope, "
                      "since no answer changes with T: it is the cross-entropy that must fall."),
              Mistake(lambda z, y: 0.1,
                      "T is 0.1 or near it: did you look for the best accuracy, or is the label "
                      "the network's own answer? It must be the cross-entropy with the labels y "
                      "that falls."),
              Mistake(lambda z, y: temperature_by_newton(z, y, steps=1),
                      "one step of Newton's is not yet the bottom: repeat it until the slope is "
                      "0."),
              Mistake(lowest(brier),
                      "this T has the least squared error of p: it is the cross-entropy that must "
                      "be lowest."),
              Mistake(lowest(smoothed),
                      "this T is best for smoothed targets, which ask for doubt: the plain "
                      "cross-entropy, without label_smoothing."),
              Mistake(lowest(hardest),
                      "this T is best for the hardest row alone: the cost is the mean of all "
                      "rows."),
              Mistake(lambda z, y: temperature(softmax(z), y),
                      "the probabilities are divided by T and go through a second softmax: divide "
                      "the logits."),
              Mistake(lambda z, y: np.full(z.shape[1], temperature(z, y)),
                      "one T for each class: there is one for all, or some answers would change."),
              Mistake(lambda z, y: np.full((len(z), 1), temperature(z, y)),
                      "one T for each row: there is one for all of them.")],
    hints=("One parameter, and the cost that you know: go down until the slope is 0. A parameter "
           "that must stay positive is best the exponential of another.",
           "C(a) = mean cross-entropy of z / e^a,   a ← a - rate · dC/da,   T = e^a",
           "a = Tensor(0.0, requires_grad=True)\nfor _ in range(200):\n"
           "    cost = softmax_cross_entropy(z / np.exp(a), y)\n    a.data = a.data - ...\n"
           "return ...   # T, not a"),
    rtol=0.01)

TASKS = {"10.1": NEIGHBOUR, "10.2": CONFUSION, "10.3": SUSPECTS, "10.4": CALIBRATION,
         "10.5": TEMPERATURE}
