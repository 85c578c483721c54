"""Lesson 7, multiclass losses: softmax, cross-entropy and its gradient, smoothing, divergence."""

import numpy as np

from minigrad import Tensor, log_softmax, one_hot, softmax

from .checking import Case, Mistake, Task, fixed
from .questions import differences, value_and_gradient

# -- 7.1 softmax -----------------------------------------------------------------------------------


def softmax_like(power=np.exp, shift=lambda z: z.max(axis=1, keepdims=True),
                 total=lambda e: e.sum(axis=1, keepdims=True)):
    """The softmax of rows, or what comes out with another power, shift or total."""
    def answer(z):
        e = power(z - shift(z))
        return e / total(e)
    return answer


def softmax_row_by_row(z):
    rows = [np.exp(row - max(row)) for row in z]
    return np.array([row / sum(row) for row in rows])


def softmax_by_logarithms(z):
    z = z - np.max(z, axis=-1)[:, None]
    return np.exp(z - np.log(np.sum(np.exp(z), axis=-1))[:, None])


def softmax_turned(z):
    e = np.exp(z.T - z.max(axis=1))
    return (e / e.sum(axis=0)).T


def softmax_case(says, logits):
    logits = fixed(logits)
    return Case(says, lambda answer: answer(logits))


SOFTMAX = Task(
    title="the softmax of rows",
    cases=[softmax_case("two rows of three logits", [[2.0, 1.0, 0.0], [-1.0, 0.5, 3.0]]),
           softmax_case("three rows of three", [[1.0, 2.0, 4.0], [0.0, -1.0, 0.5], [3.0, 3.0, 1]]),
           softmax_case("a single row", [[0.0, -2.0, 1.0, 0.5]]),
           softmax_case("logits near 1000 and near -1000",
                        [[1000.0, 1001.0, 1002.0], [-999.0, -1000.0, -1002.0]]),
           softmax_case("0, 0 and 2000 in one row", [[0.0, 0.0, 2000.0]])],
    solution=softmax_like(),
    others=[softmax_row_by_row, softmax_by_logarithms, softmax_turned],
    mistakes=[Mistake(softmax_like(shift=lambda z: 0.0),
                      "right for small logits only: e^1000 is inf, and inf / inf is nan. Subtract "
                      "the largest logit of each row before exp."),
              Mistake(softmax_like(shift=np.max),
                      "the largest of the whole batch is subtracted: a row far below it underflows "
                      "to 0 / 0. Each row needs its own: max(axis=1, keepdims=True)."),
              Mistake(softmax_like(shift=lambda z: z.min(axis=1, keepdims=True)),
                      "what is subtracted is not the largest of the row: with 0 and 2000 in one "
                      "row, the exponent is still far above 0."),
              Mistake(softmax_like(shift=lambda z: z.max(axis=0)),
                      "the shift differs within a row, as it is the largest of each column: only a "
                      "constant for the whole row cancels. Use axis=1."),
              Mistake(softmax_like(shift=lambda z: z.max(axis=1)),
                      "keepdims is missing at the max: the largest of the rows, shape (n,), are "
                      "laid along the columns. With three rows of three nobody complains."),
              Mistake(softmax_like(total=lambda e: e.sum(axis=1)),
                      "keepdims is missing at the sum: the sums of the rows, shape (n,), are "
                      "laid along the columns. With three rows of three nobody complains."),
              Mistake(softmax_like(shift=lambda z: z.max(axis=1), total=lambda e: e.sum(axis=1)),
                      "keepdims is missing twice, at the max and at the sum: shape (n,) is laid "
                      "along the columns."),
              Mistake(softmax_like(total=np.sum),
                      "all rows together add up to 1: sum each row by itself, axis=1, keepdims."),
              Mistake(softmax_like(total=lambda e: e.sum(axis=0)),
                      "the columns add up to 1, the rows do not: sum over axis 1, the classes."),
              Mistake(softmax_like(shift=lambda z: z.max(axis=0), total=lambda e: e.sum(axis=0)),
                      "this is the softmax of the columns: the classes lie on axis 1, for the max "
                      "and for the sum."),
              Mistake(softmax_like(total=lambda e: e.mean(axis=1, keepdims=True)),
                      "divided by the mean of the row: divide by its sum, so that it adds up to "
                      "1."),
              Mistake(lambda z: np.eye(z.shape[1])[z.argmax(axis=1)],
                      "the largest takes all: this is argmax as a one-hot row. The shares are "
                      "e^z over their sum."),
              Mistake(lambda z: softmax_like()(z / z.max(axis=1, keepdims=True)),
                      "divided by the largest: subtract it. Only what is subtracted cancels."),
              Mistake(softmax_like(total=lambda e: 1.0),
                      "the largest of every row is 1: the powers are still to be divided by the "
                      "sum of their row."),
              Mistake(softmax_like(shift=lambda z: 0.0, total=lambda e: 1.0),
                      "these are the powers e^z: subtract the largest of the row before exp, and "
                      "divide by the sum of the row after it."),
              Mistake(lambda z: 1.0 / (1.0 + np.exp(-z)),
                      "this is the sigmoid of each logit by itself, and no row adds up to 1: the "
                      "classes of a row share."),
              Mistake(softmax_like(power=lambda behind: np.exp(-behind)),
                      "the sign in the exponent is flipped: z - max, not max - z, or the largest "
                      "logit gets the smallest share."),
              Mistake(softmax_like(power=lambda z: z, shift=lambda z: 0.0),
                      "exp is missing: logits may be negative, and a share must not be."),
              Mistake(lambda z: softmax_like(shift=lambda z: 0.0)(np.clip(z, -700.0, 700.0)),
                      "the clip cuts the differences off, and all logits above 700 are alike: "
                      "subtract the largest instead, which keeps them."),
              Mistake(log_softmax,
                      "these are the logarithms of the probabilities: one exp is still to come.")],
    hints=("Make all numbers of a row positive, then divide by the sum of the row. A constant that "
           "is subtracted from the whole row cancels.",
           "p_k = e^(z_k - c) / Σ_j e^(z_j - c),   with c the largest logit of the row",
           "e = np.exp(z - z.max(axis=1, keepdims=True))\nreturn e / ...   # the sum of each row, "
           "as a column"))

# -- 7.2 cross-entropy from logits -----------------------------------------------------------------

LOGITS = fixed([[2.0, 1.0, -1.0], [0.5, -0.5, 3.0], [-2.0, 0.0, 0.3], [1.0, 1.5, 0.2]])
LABELS = fixed([0, 1, 2, 1], int)


def rows(labels):
    return np.arange(len(labels))


def own_log_softmax(z, shift=lambda z: z.max(axis=1, keepdims=True)):
    z = z - shift(z)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def entropy_like(log_p=own_log_softmax, pick=lambda log_p, y: -log_p[rows(y), y], reduce=np.mean):
    """Cross-entropy, or what comes out with another logarithm, choice or reduction."""
    return lambda z, y: reduce(pick(log_p(z), y))


def cross_entropy(z, y):
    top = z.data.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
    return (log_sum - z[rows(y), y]).mean()


def cross_entropy_by_one_hot(z, y):
    return -np.sum(np.eye(z.shape[1])[y] * own_log_softmax(z)) / len(y)


def cross_entropy_by_rivals(z, y):
    behind = z - z[rows(y), y].reshape(-1, 1)  # what each class leads the right one by
    top = np.max(behind, axis=1)
    return np.mean(top + np.log(np.sum(np.exp(behind - top.reshape(-1, 1)), axis=1)))


def cross_entropy_row_by_row(z, y):
    costs = []
    for row, label in zip(z, y, strict=True):
        top = row.data.max()
        costs.append(top + np.log(np.sum(np.exp(row - top))) - row[label])
    return np.mean(np.stack(costs))


def entropy_case(says, logits, labels, key=None):
    logits, labels = fixed(logits), fixed(labels, int)

    def run(answer):
        found = value_and_gradient(answer, logits, labels)
        return found[key] if key else found

    return Case(says, run, factors=FACTORS,
                measured=(lambda: differences(lambda z: cross_entropy(Tensor(z), labels).data,
                                              logits)) if key == "gradient" else None)


NATURAL = ((1.0 / np.log(2.0), "take the natural logarithm, np.log."),
           (np.log(10.0), "take the natural logarithm, np.log."))
FACTORS = ((4.0, "the cost is the mean of the rows, is yours their sum?"),
           (3.0, "divide by the number of rows, not by all entries of the table."),
           (12.0, "divide by the number of rows only, and once."),
           *NATURAL)

CROSS_ENTROPY = Task(
    title="cross-entropy from the logits",
    cases=[entropy_case("the cost of four rows", LOGITS, LABELS, "value"),
           entropy_case("its gradient in the logits", LOGITS, LABELS, "gradient"),
           entropy_case("a batch of one", [[0.5, -1.0, 2.0]], [1]),
           entropy_case("two rows of two", [[0.0, 1.0], [2.0, -1.0]], [1, 1]),
           entropy_case("a row near 1000 and one near -1000",
                        [[1000.0, 1001.0, 1002.0], [-999.0, -1000.0, -1001.0]], [0, 1]),
           entropy_case("the gradient of two rows that are surely wrong, by 1000",
                        [[1000.0, 0.0, 3.0], [0.0, 5.0, 1000.0]], [1, 0], "gradient")],
    solution=cross_entropy,
    others=[cross_entropy_by_one_hot, cross_entropy_by_rivals, cross_entropy_row_by_row],
    mistakes=[Mistake(entropy_like(reduce=np.sum),
                      "it is the sum of the rows: the cost is their mean."),
              Mistake(entropy_like(reduce=lambda losses: losses),
                      "one loss for each row: the cost is their mean, one number."),
              Mistake(entropy_like(log_p=lambda z: log_softmax(z, axis=0)),
                      "the softmax runs down the columns: the classes lie on axis 1."),
              Mistake(lambda z, y: -np.mean(np.eye(z.shape[1])[y] * own_log_softmax(z)),
                      "too small by the number of classes: the mean runs over the whole table, "
                      "zeros too. Sum each row first, or pick one entry of each."),
              Mistake(entropy_like(pick=lambda log_p, y: log_p[rows(y), y]),
                      "the sign is flipped: log p is negative, and the cost is -log p."),
              Mistake(entropy_like(pick=lambda log_p, y: -log_p[:, y]),
                      "log_p[:, y] picks whole columns, n of them for each row: pair each row with "
                      "its own label, log_p[np.arange(n), y]."),
              Mistake(entropy_like(pick=lambda log_p, y: -log_p[y]),
                      "log_p[y] picks whole rows: a label is a column, one for each row, "
                      "log_p[np.arange(n), y]."),
              Mistake(entropy_like(pick=lambda log_p, y: -log_p[y, rows(y)]),
                      "row and column are swapped: first the number of the row, then the label."),
              Mistake(entropy_like(pick=lambda log_p, y: -log_p),
                      "the labels are not used: all entries count, not only the right class of "
                      "each row."),
              Mistake(entropy_like(log_p=lambda z: z, pick=lambda z, y: -np.log(z[rows(y), y])),
                      "the logarithm of a logit: what you are given are no probabilities, and a "
                      "logit may be negative. First the softmax."),
              Mistake(entropy_like(log_p=lambda z: z),
                      "this is -z_y, the second half of the formula: log Σ e^z is missing."),
              Mistake(entropy_like(log_p=softmax),
                      "the logarithm is missing: this is minus the probability."),
              Mistake(entropy_like(log_p=lambda z: own_log_softmax(softmax(z))),
                      "two softmaxes: the logits become probabilities, and these are taken for "
                      "logits. The cost cannot come near 0."),
              Mistake(entropy_like(log_p=lambda z: z - np.log(np.sum(np.exp(z), axis=1,
                                                                     keepdims=True))),
                      "right for small logits only: e^1000 is inf. Subtract the largest logit of "
                      "each row before exp."),
              Mistake(entropy_like(log_p=lambda z: own_log_softmax(z, lambda z: z.data.max())),
                      "the largest of the whole batch is subtracted: in a row far below it all "
                      "powers are 0, and log 0 is -inf. Each row needs its own largest."),
              Mistake(entropy_like(log_p=lambda z: np.log(softmax(z))),
                      "log(softmax(z)): a p that is surely wrong has been rounded to 0, and its "
                      "slope is nan. Do not form p: log Σ e^z - z_y."),
              Mistake(entropy_like(log_p=lambda z: np.log(np.clip(softmax(z), 1e-7, 1.0))),
                      "something holds p away from 0, a clip or a tiny summand: who is surely "
                      "wrong gets the gradient 0. Do not form p: log Σ e^z - z_y."),
              Mistake(lambda z, y: cross_entropy(z, z.data.argmax(axis=1)),
                      "the network's own answer stands in the place of the label: z_y, the logit "
                      "of the label y."),
              Mistake(lambda z, y: cross_entropy(z, y) + np.mean(z[rows(y), y]),
                      "this is log Σ e^z alone: z_y is still to be subtracted."),
              Mistake(lambda z, y: cross_entropy(z, y) + 2.0 * np.mean(z[rows(y), y]),
                      "z_y is added: subtract it."),
              Mistake(lambda z, y: np.mean(np.sum((softmax(z) - one_hot(y, z.shape[1])) ** 2,
                                                  axis=1)),
                      "these are squared errors of the probabilities: cross-entropy is "
                      "log Σ e^z - z_y."),
              Mistake(lambda z, y: cross_entropy(z, y) + np.mean(z.data.max(axis=1)),
                      "the shift comes back twice: if it is added after the log, then z_y is the "
                      "unshifted one."),
              Mistake(lambda z, y: cross_entropy(z, y) * len(y) / z.shape[1],
                      "the sum of the rows is divided by the number of classes: divide by that of "
                      "the rows."),
              Mistake(entropy_like(reduce=np.max),
                      "this is the loss of the worst row: the cost is the mean of all."),
              Mistake(lambda z, y: -np.log(np.mean(softmax(z)[rows(y), y])),
                      "the logarithm of the mean is not the mean of the logarithms: log first."),
              Mistake(lambda z, y: np.mean(np.log(np.exp(z - z.data.max(axis=1, keepdims=True))
                                                  .sum(axis=1)) - z[rows(y), y]),
                      "the shift is subtracted before exp and not added again after log: "
                      "log Σ e^z = c + log Σ e^(z - c)."),
              Mistake(lambda z, y: cross_entropy(Tensor(z.data), y).data,
                      "the number is right and no Tensor: .data, float() or item() cuts the graph, "
                      "and backward() has nothing to walk back on.")],
    hints=("Minus the logarithm of what the right class got; and this logarithm is a difference of "
           "two terms, in which no probability occurs.",
           "L = log Σ_j e^(z_j) - z_y,   log Σ_j e^(z_j) = c + log Σ_j e^(z_j - c),   "
           "c the largest of the row",
           "z = z - z.max(axis=1, keepdims=True)\nlog_sum = np.log(...)   # one for each row\n"
           "right = z[np.arange(len(y)), y]\nreturn ...   # the mean of what?"))

# -- 7.3 the gradient by hand ----------------------------------------------------------------------


def by_hand(z, y):
    return by_hand_with(softmax(z), y)


def by_hand_with(p, y):
    return (p - one_hot(y, p.shape[1])) / len(y)


def by_hand_in_place(z, y):
    p = softmax(z)
    p[rows(y), y] -= 1.0
    p /= len(p)
    return p


def by_hand_by_comparing(z, y):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    target = np.arange(z.shape[1]) == y.reshape(-1, 1)
    return (e / e.sum(axis=1, keepdims=True) - target) / z.shape[0]


def by_hand_in_loops(z, y):
    p = softmax(z)
    return [[(p[i, k] - (k == y[i])) / len(y) for k in range(len(p[i]))] for i in range(len(y))]


def pull_like(pull):
    """A gradient of another kind: pull(p, t, z)."""
    return lambda z, y: pull(softmax(z), one_hot(y, z.shape[1]), z)


def divided_too_soon(z, y):
    p = softmax(z) / len(y)
    p[rows(y), y] -= 1.0
    return p


def rows_less_one(z, y):
    p = softmax(z)
    p[y] -= 1.0
    return p / len(y)


def columns_less_one(z, y):
    p = softmax(z)
    p[:, y] -= 1.0
    return p / len(y)


def by_hand_case(says, logits, labels):
    logits, labels = fixed(logits), fixed(labels, int)
    return Case(says, lambda answer: answer(logits, labels), factors=FACTORS,
                measured=lambda: differences(lambda z: cross_entropy(Tensor(z), labels).data,
                                             logits))


BY_HAND = Task(
    title="prediction minus target",
    cases=[by_hand_case("four rows of three", LOGITS, LABELS),
           by_hand_case("a batch of one", [[0.5, -1.0, 2.0]], [1]),
           by_hand_case("three rows of three", [[1.0, 2.0, 4.0], [0.0, -1.0, 0.5],
                                                [3.0, 3.0, 1.0]], [2, 2, 0]),
           by_hand_case("logits from -1000 to 1000",
                        [[1000.0, 999.0, -1000.0], [-1000.0, -999.0, -1001.0]], [1, 2])],
    solution=by_hand,
    others=[by_hand_in_place, by_hand_by_comparing, by_hand_in_loops],
    mistakes=[Mistake(pull_like(lambda p, t, z: (t - p) / len(p)),
                      "the sign is flipped: prediction minus target. Yours is the way down, minus "
                      "the gradient."),
              Mistake(pull_like(lambda p, t, z: p - t),
                      "this is the gradient of the sum: the cost is a mean, so divide by the "
                      "number of rows."),
              Mistake(pull_like(lambda p, t, z: t - p),
                      "the sign is flipped, and the division by the number of rows is missing."),
              Mistake(pull_like(lambda p, t, z: (p - t) / p.size),
                      "divided by all entries of the table: the mean is over rows, so divide by "
                      "their number."),
              Mistake(pull_like(lambda p, t, z: (p - t) / p.shape[1]),
                      "divided by the number of classes: the mean is over rows."),
              Mistake(pull_like(lambda p, t, z: p / len(p)),
                      "the target is missing: subtract 1 at the right class of each row. The "
                      "pulls of a row must add up to 0."),
              Mistake(lambda z, y: by_hand(z, z.argmax(axis=1)),
                      "the network's own answer is taken for the target: the label y says what is "
                      "right."),
              Mistake(lambda z, y: (softmax(z) - y[:, None]) / len(y),
                      "the label is subtracted as a number: make a one-hot row of it, 1 for the "
                      "right class and 0 for the others."),
              Mistake(pull_like(lambda p, t, z: (p - 1.0) / len(p)),
                      "1 is subtracted from all classes: from the right class of each row only."),
              Mistake(pull_like(lambda p, t, z: (p + t) / len(p)),
                      "1 is added to the right class: subtract it."),
              Mistake(pull_like(lambda p, t, z: (p - t) ** 2 / len(p)),
                      "squared: the gradient is p - t itself."),
              Mistake(pull_like(lambda p, t, z: np.abs(p - t) / len(p)),
                      "the signs are gone: the right class is pulled up, so its entry is "
                      "negative."),
              Mistake(pull_like(lambda p, t, z: np.sum((p - t) * t, axis=1) / len(p)),
                      "only the entry of the right class is there: the others are pushed down. "
                      "Return an array (n, C)."),
              Mistake(pull_like(lambda p, t, z: np.mean(-np.sum(t * log_softmax(z), axis=1))),
                      "this is the cost: its gradient is asked, a slope for each logit."),
              Mistake(lambda z, y: (1.0 / (1.0 + np.exp(-z)) - one_hot(y, z.shape[1])) / len(y),
                      "the sigmoid of each logit by itself: the classes of a row share, softmax."),
              Mistake(pull_like(lambda p, t, z: p),
                      "these are the probabilities: subtract the target, and divide by the number "
                      "of rows."),
              Mistake(columns_less_one,
                      "p[:, y] -= 1 changes whole columns: pair each row with its label, "
                      "p[np.arange(n), y] -= 1."),
              Mistake(rows_less_one,
                      "p[y] -= 1 changes whole rows, those whose number is a label: pair each row "
                      "with its label, p[np.arange(n), y] -= 1."),
              Mistake(divided_too_soon,
                      "only p is divided by the number of rows: first subtract the target, then "
                      "divide the difference."),
              Mistake(pull_like(lambda p, t, z: (p - t).mean(axis=0)),
                      "the rows are averaged away: every logit of every row has a slope of its "
                      "own, in the shape of z."),
              Mistake(lambda z, y: by_hand_with(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
                                                y),
                      "the formula is right, your softmax overflows: subtract the largest of each "
                      "row before exp, as in task 7.1."),
              Mistake(pull_like(lambda p, t, z: (p - t) * t / len(p)),
                      "only the right class is pulled: the wrong ones are pushed down, each by its "
                      "own probability."),
              Mistake(pull_like(lambda p, t, z: (z - t) / len(p)),
                      "logits minus target: first the softmax, then the difference."),
              Mistake(pull_like(lambda p, t, z: (p - t) * p * (1.0 - p) / len(p)),
                      "p (1 - p) is too much: in the derivative of the cross-entropy it has "
                      "cancelled. Follow the three lines of the notebook."),
              Mistake(pull_like(lambda p, t, z: -t / p / len(p)),
                      "this is the gradient in the probabilities, -t / p: asked is the one in the "
                      "logits."),
              Mistake(pull_like(lambda p, t, z: 2.0 * (p - t) / len(p)),
                      "twice too large: the 2 belongs to the square of an error, and there is none "
                      "in the cross-entropy."),
              Mistake(lambda z, y: (softmax(z, axis=0) - one_hot(y, z.shape[1])) / len(y),
                      "the softmax runs down the columns: the classes lie on axis 1.")],
    hints=("For every class of every row: what the model says minus what is right. And the cost is "
           "a mean.",
           "∂C/∂z_ik = (p_ik - t_ik) / n,   t_ik = 1 for the right class of row i, else 0",
           "p = softmax(z)\np[np.arange(n), y] -= ...\nreturn p / ...   # how many rows?"))

# -- 7.4 label smoothing ---------------------------------------------------------------------------


def smooth_like(target):
    """Targets of another kind: target(the one-hot rows, s, classes)."""
    return lambda labels, classes, s: target(one_hot(labels, classes), s, classes)


def smooth(labels, classes, s):
    return (1.0 - s) * one_hot(labels, classes) + s / classes


def smooth_by_filling(labels, classes, s):
    target = np.full((len(labels), classes), s / classes)
    target[np.arange(len(labels)), labels] += 1.0 - s
    return target


def smooth_by_where(labels, classes, s):
    is_right = np.arange(classes) == np.asarray(labels)[:, None]
    return np.where(is_right, 1.0 - s + s / classes, s / classes)


def smooth_in_loops(labels, classes, s):
    target = []
    for label in labels:
        row = [s / classes] * classes
        row[label] = 1 - (classes - 1) * s / classes
        target.append(row)
    return target


def whole_columns(labels, classes, s):
    target = np.full((len(labels), classes), s / classes)
    target[:, labels] += 1.0 - s
    return target


def smooth_case(says, labels, classes, s):
    labels = fixed(labels, int)
    return Case(says, lambda answer: answer(labels, classes, s))


SMOOTH = Task(
    title="smoothed targets",
    cases=[smooth_case("four labels, three classes, s = 0.1", [0, 2, 1, 2], 3, 0.1),
           smooth_case("two labels, ten classes, s = 0.2", [7, 0], 10, 0.2),
           smooth_case("s = 0: the one-hot rows", [1, 0, 1], 4, 0.0),
           smooth_case("one label, two classes, s = 0.5", [1], 2, 0.5)],
    solution=smooth,
    others=[smooth_by_filling, smooth_by_where, smooth_in_loops],
    mistakes=[Mistake(smooth_like(lambda t, s, C: np.where(t == 1.0, 1.0 - s, s / C)),
                      "the right class has 1 - s only, and the rows add up to less than 1: it gets "
                      "its own part of the handout back, 1 - s + s/C."),
              Mistake(smooth_like(lambda t, s, C: np.where(t == 1.0, 1.0 - s, s / (C - 1))),
                      "s is handed out to the wrong classes only, s/(C - 1) to each: here it goes "
                      "to all C alike, the right one too."),
              Mistake(smooth_like(lambda t, s, C: t + s / C),
                      "the factor 1 - s is missing: what is handed out must first be taken from "
                      "the one-hot row, or it adds up to 1 + s."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t + s / (C - 1)),
                      "s/(C - 1) is added to all C classes, so the rows add up to more than 1: it "
                      "is s/C."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t + s),
                      "every class gets all of s: share it, s/C to each."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t),
                      "s is taken away and given to nobody: add s/C to every class."),
              Mistake(smooth_like(lambda t, s, C: s * t + (1.0 - s) / C),
                      "s and 1 - s are swapped: s is what is taken away, and it is small."),
              Mistake(smooth_like(lambda t, s, C: np.where(t == 1.0, s, (1.0 - s) / (C - 1))),
                      "the right class has s and the others share the rest: s is what is taken "
                      "from the right one."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * (t + s / C)),
                      "brackets: 1 - s multiplies the one-hot row only, not s/C."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t + s * (1.0 - t)),
                      "every wrong class gets all of s: s/C for each class, the right one too."),
              Mistake(smooth_like(lambda t, s, C: t - s + s / C),
                      "s is taken from every class: it is taken from the one-hot row, "
                      "(1 - s) · onehot."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s / C) * t + s / C),
                      "only s/C is taken from the right class: it gives away all of s, and gets "
                      "s/C back."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t + 1.0 / C),
                      "1/C is handed out to each: s/C."),
              Mistake(smooth_like(lambda t, s, C: ((1.0 - s) * t + s / C).astype(int)),
                      "an array of whole numbers cuts off what comes after the point: np.zeros and "
                      "np.full without int."),
              Mistake(whole_columns,
                      "t[:, labels] changes whole columns: pair each row with its label, "
                      "t[np.arange(n), labels]."),
              Mistake(smooth_like(lambda t, s, C: t),
                      "s is not used: these are the one-hot rows."),
              Mistake(smooth_like(lambda t, s, C: (1.0 - s) * t + s / len(t)),
                      "s is divided by the number of labels: divide by the number of classes."),
              Mistake(smooth_like(lambda t, s, C: ((1.0 - s) * t + s / C).T),
                      "the classes are on the wrong axis: one row for each label, one column for "
                      "each class."),
              Mistake(smooth_like(lambda t, s, C: ((1.0 - s) * t + s / C).max(axis=1)),
                      "one number for each label: every label needs a row, with a number for every "
                      "class.")],
    hints=("Take a share s away from the one-hot row, and hand it out to all classes alike, the "
           "right one included.",
           "t = (1 - s) · onehot + s / C;   each row adds up to 1",
           "onehot = np.eye(classes)[labels]\nreturn ... * onehot + ..."))

# -- 7.5 the divergence ----------------------------------------------------------------------------

P = fixed([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
Q = fixed([[0.3, 0.3, 0.4], [0.6, 0.3, 0.1]])
SOME_0 = fixed([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.2, 0.3, 0.5]])
EVEN = fixed([[0.25, 0.25, 0.5], [0.4, 0.2, 0.4], [0.3, 0.3, 0.4]])


def kl_like(term, reduce=lambda terms: terms.sum(axis=1)):
    """A divergence of another kind: the term of each class, and how the terms become one."""
    return lambda p, q: reduce(term(p, q))


def with_zeros(p, q):
    return np.where(p > 0.0, p * np.log(np.where(p > 0.0, p, 1.0) / q), 0.0)


def kl(p, q):
    return np.sum(with_zeros(p, q), axis=1)


def kl_of_some(p, q):
    found = []
    for a, b in zip(p, q, strict=True):
        some = a > 0
        found.append(np.sum(a[some] * np.log(a[some] / b[some])))
    return found


def kl_by_a_tiny_summand(p, q):
    tiny = 1e-12
    return (p * (np.log(p + tiny) - np.log(q + tiny))).sum(axis=-1)


def kl_by_nan_to_num(p, q):
    return np.nan_to_num(p * np.log(p / q)).sum(1)


def kl_by_entropies(p, q):
    own = np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
    return own - np.sum(p * np.log(q), axis=1)


def kl_case(says, p, q):
    return Case(says, lambda answer: answer(p, q),
                factors=((3.0, "sum over the classes: is yours their mean?"), *NATURAL))


KL = Task(
    title="the divergence, one way and the other",
    cases=[kl_case("KL(p ‖ q) of two rows", P, Q),
           kl_case("the other way, KL(q ‖ p)", Q, P),
           kl_case("rows that hold a 0", SOME_0, EVEN),
           kl_case("a single row", P[:1], EVEN[:1]),
           kl_case("p = q", P, P)],
    solution=kl,
    others=[kl_of_some, kl_by_a_tiny_summand, kl_by_nan_to_num, kl_by_entropies],
    mistakes=[Mistake(kl_like(lambda p, q: with_zeros(q, p)),
                      "this is KL(q ‖ p): in KL(p ‖ q) each class counts by the mass of p, the "
                      "first one."),
              Mistake(kl_like(lambda p, q: -with_zeros(p, q)),
                      "the ratio is upside down: log(p/q), not log(q/p). A divergence is never "
                      "negative."),
              Mistake(kl_like(lambda p, q: q * np.log(p / q)),
                      "the ratio is right, and its weight is not: the mass of p stands before the "
                      "logarithm. Yours is negative, a divergence never is."),
              Mistake(kl_like(lambda p, q: p * np.log(p / q)),
                      "right without zeros: 0 · log 0 is 0 · (-inf), and that is nan. It is to "
                      "count as 0: choose with np.where."),
              Mistake(kl_like(with_zeros, lambda terms: terms.mean(axis=1)),
                      "it is the mean over the classes: add their terms up."),
              Mistake(kl_like(lambda p, q: p * np.log(p / q), lambda terms: terms.mean(axis=1)),
                      "it is the mean over the classes where they should be added up; and a 0 in "
                      "p makes nan."),
              Mistake(kl_like(with_zeros, np.sum),
                      "all rows are added up to one number: each row has its own divergence, "
                      "axis=1."),
              Mistake(kl_like(lambda p, q: p * np.log(p / q), np.sum),
                      "all rows are added up to one number: each row has its own divergence, "
                      "axis=1. And a 0 in p makes nan."),
              Mistake(kl_like(with_zeros, lambda terms: terms.sum() / len(terms)),
                      "the mean over the rows, one number: return the divergence of each row, an "
                      "array (n,)."),
              Mistake(kl_like(with_zeros, np.mean),
                      "one mean over everything: add up the classes of each row, axis=1."),
              Mistake(kl_like(with_zeros, lambda terms: terms.sum(axis=0)),
                      "the sum runs down the columns: the classes of a row lie on axis 1."),
              Mistake(kl_like(lambda p, q: -p * np.log(q)),
                      "this is the cross-entropy: it is not 0 where p = q. The entropy of p is "
                      "still to be subtracted."),
              Mistake(kl_like(lambda p, q: -np.where(p > 0.0, p * np.log(np.where(p > 0.0, p, 1.0)),
                                                     0.0)),
                      "this is the entropy of p: q does not occur in it."),
              Mistake(kl_like(lambda p, q: np.log(p / q)),
                      "the weight is missing: the mass p stands before each logarithm."),
              Mistake(kl_like(lambda p, q: np.where(p > 0.0, np.log(np.where(p > 0.0, p, 1.0) / q),
                                                    0.0)),
                      "the weight is missing, though the zeros are looked after: the mass p stands "
                      "before each logarithm."),
              Mistake(kl_like(lambda p, q: 0.5 * (with_zeros(p, q) + with_zeros(q, p))),
                      "the mean of both directions: asked is the one from p to q."),
              Mistake(kl_like(lambda p, q: with_zeros(p, q) + with_zeros(q, p)),
                      "both directions added up: asked is the one from p to q."),
              Mistake(kl_like(lambda p, q: np.abs(with_zeros(p, q))),
                      "|...| around each term: terms below 0 belong to the sum, which never is."),
              Mistake(kl_like(with_zeros, lambda terms: terms.max(axis=1)),
                      "the largest term alone: add up all classes."),
              Mistake(kl_like(lambda p, q: (p - q) ** 2),
                      "this is the squared distance of p and q: there is no logarithm in it."),
              Mistake(kl_like(lambda p, q: p * np.log(p) / q),
                      "brackets: the logarithm of the ratio, np.log(p / q); yours divides the "
                      "logarithm of p by q."),
              Mistake(kl_like(lambda p, q: p * np.log((p + 1e-3) / (q + 1e-3))),
                      "the summand against log 0 is so large that it shifts the result: 1e-12 is "
                      "enough, or choose with np.where.")],
    hints=("How surprised is somebody who believes q, while p is true, beyond the surprise that "
           "cannot be avoided? The mass of p decides which class counts how much.",
           "KL(p ‖ q) = Σ_k p_k log(p_k / q_k),   0 log 0 = 0",
           "terms = np.where(p > 0, p * np.log(...), 0.0)\nreturn ...   # one for each row"))

TASKS = {"7.1": SOFTMAX, "7.2": CROSS_ENTROPY, "7.3": BY_HAND, "7.4": SMOOTH, "7.5": KL}
