"""Lesson 4, train an MLP: a layer, a training run in repair, accuracy, test rows, first weights."""

import warnings
from functools import partial
from itertools import pairwise

import numpy as np

import optim
from losses import softmax_cross_entropy
from minigrad import Tensor, datasets, nn, relu, sigmoid, softmax

from .checking import Case, Mistake, Task, fixed

# -- 4.1 a layer of your own -----------------------------------------------------------------------

SQUARE, TWO = fixed([[1.0, 2.0], [-3.0, 0.5]]), fixed([0.5, -1.0])
WIDE, THREE = fixed([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]]), fixed([0.5, -1.0, 2.0])
ROWS, CLASSES = fixed([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0], [0.0, 1.0]]), fixed([0, 2, 1, 0], int)


def leaf(values):
    return Tensor(values, requires_grad=True)


class Layer(nn.Module):
    def __init__(self, weight, bias):
        self.weight = Tensor(weight, requires_grad=True)
        self.bias = Tensor(bias, requires_grad=True)

    def forward(self, x):
        return x @ self.weight + self.bias


class LayerByCall(nn.Module):
    def __init__(self, weight, bias):
        self.bias, self.weight = leaf(bias), leaf(weight)

    def __call__(self, x):
        return np.add(self.bias, np.matmul(x, self.weight))


class LayerOfTheLibrary(nn.Linear):
    def __init__(self, weight, bias):
        super().__init__(*weight.shape)
        self.weight.data, self.bias.data = weight, bias


class LayerBySums(nn.Module):
    def __init__(self, weight, bias):
        self.bias = Tensor(bias.copy(), requires_grad=True)
        self.weight = Tensor(weight.copy(), requires_grad=True)

    def forward(self, x):
        return np.sum(x[:, :, None] * self.weight, axis=1) + self.bias


def layer_with(forward=lambda self, x: x @ self.weight + self.bias, weight=leaf, bias=leaf,
               names=("weight", "bias")):
    """A layer that computes otherwise, or keeps what it was given in another way."""
    class Other(nn.Module):
        def __init__(self, first_weight, first_bias):
            setattr(self, names[0], weight(first_weight))
            setattr(self, names[1], bias(first_bias))

    Other.forward = forward
    return Other


def made_anew(self, x):
    """Looks right at every call, and forgets what the optimiser did."""
    self.weight, self.bias = leaf(self.first[0]), leaf(self.first[1])
    return x @ self.weight + self.bias


class MadeAnew(nn.Module):
    def __init__(self, weight, bias):
        self.first = weight, bias

    forward = made_anew


class NoModule:
    __init__, forward = Layer.__init__, Layer.forward


class NoModuleButCalled(NoModule):
    def __call__(self, x):
        return self.forward(x)


NO_MODULE = "a layer that cannot be called: class Layer(nn.Module)"
NO_CLASS = "a layer, not a class"


def layer_case(says, look, measured=None):
    """What `look` finds at a layer of shape (2, 3); None if the class makes no layer."""
    def run(answer):
        if isinstance(answer, nn.Module):
            return NO_CLASS
        layer = answer(WIDE, THREE)
        if layer is None or not callable(layer):
            return None if layer is None else NO_MODULE
        return None if layer(ROWS) is None else look(layer)
    return Case(says, run, measured=measured)


def gradients(layer):
    """The cost is the sum of all squared scores; gradients by name, and "x" for what goes back."""
    x = leaf(ROWS)
    np.sum(layer(x) ** 2).backward()
    found = dict(layer.named_parameters()) | {"x": x}
    return {name: "no gradient" if t.grad is None else t.grad for name, t in found.items()}


def gradient_case(says, name):
    def measured(h=1e-6):
        at = {"weight": WIDE, "bias": THREE, "x": ROWS}
        slopes = np.empty(at[name].shape)
        for i in np.ndindex(slopes.shape):
            ends = []
            for nudge in (h, -h):
                moved = at | {name: at[name].copy()}
                moved[name][i] += nudge
                ends.append(np.sum((moved["x"] @ moved["weight"] + moved["bias"]) ** 2))
            slopes[i] = (ends[0] - ends[1]) / (2 * h)
        return slopes

    return layer_case(says, lambda layer: gradients(layer).get(name, "no such parameter"), measured)


def learning(layer):
    optimizer, costs = optim.SGD(layer.parameters(), lr=0.1), []
    for _ in range(4):
        optimizer.zero_grad()
        cost = softmax_cross_entropy(layer(ROWS), CLASSES)
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
    return costs


def scores_case(says, rows, weight, bias):
    def run(answer):
        if isinstance(answer, nn.Module):
            return NO_CLASS
        layer = answer(weight, bias)
        if layer is None or not callable(layer):
            return None if layer is None else NO_MODULE
        return layer(rows)
    return Case(says, run)


LAYER = Task(
    title="a layer of your own",
    cases=[scores_case("four rows through a weight of shape (2, 2)", ROWS, SQUARE, TWO),
           scores_case("one row through a weight of shape (2, 3)", ROWS[:1], WIDE, THREE),
           layer_case("the names of its parameters", lambda layer: sorted(layer.state_dict())),
           layer_case("their values", lambda layer: layer.state_dict()),
           gradient_case("the gradient in the weight", "weight"),
           gradient_case("the gradient in the bias", "bias"),
           gradient_case("the gradient that goes back to x", "x"),
           layer_case("the costs of four steps of SGD", learning)],
    solution=Layer,
    others=[LayerByCall, LayerOfTheLibrary, LayerBySums],
    mistakes=[
        Mistake(layer_with(lambda self, x: x @ self.weight.T + self.bias),
                "the weight is turned over: it comes as (in, out), so x @ weight, without .T."),
        Mistake(layer_with(lambda self, x: x @ self.weight.T + self.bias, weight=lambda w: leaf(
                    w.T)),
                "the scores are right, the weight is kept as (out, in): keep it as it came, "
                "(in, out), and leave out both .T."),
        Mistake(layer_with(lambda self, x: self.weight @ x + self.bias),
                "the order of the product: the rows of x are examples, so x @ weight."),
        Mistake(layer_with(lambda self, x: x * self.weight + self.bias),
                "* multiplies entry by entry: @ is the matrix product."),
        Mistake(layer_with(lambda self, x: x @ self.weight),
                "the bias is not added."),
        Mistake(layer_with(lambda self, x: x @ self.weight + 2.0 * self.bias),
                "the bias is added twice."),
        Mistake(layer_with(lambda self, x: softmax(x @ self.weight + self.bias)),
                "there is a softmax in it: scores are asked, and the loss makes probabilities of "
                "them."),
        Mistake(Layer(SQUARE, TWO),
                "the check is given a layer that is made already: give it the class, its name "
                "without brackets behind it."),
        Mistake(NoModule,
                "what comes out of the class cannot be called: a module it is by "
                "class Layer(nn.Module)."),
        Mistake(NoModuleButCalled,
                "it computes right, and is no module: class Layer(nn.Module) gives it "
                "parameters() and the rest."),
        Mistake(layer_with(lambda self, x: x @ self.weight - self.bias),
                "the bias is subtracted: add it."),
        Mistake(layer_with(weight=lambda w: leaf(np.zeros(w.shape))),
                "the weight begins at 0: begin with the values that are given."),
        Mistake(layer_with(weight=lambda w: leaf(np.zeros(w.shape)),
                           bias=lambda b: leaf(np.zeros(b.shape))),
                "weight and bias begin at 0: begin with the values that are given."),
        Mistake(layer_with(lambda self, x: relu(x @ self.weight + self.bias)),
                "there is a relu in it: here the layer alone, the activation comes after it."),
        Mistake(layer_with(weight=Tensor, bias=Tensor),
                "the parameters are constants: make them with requires_grad=True, or nothing is "
                "recorded for them."),
        Mistake(layer_with(bias=Tensor),
                "the bias is a constant: make it with requires_grad=True."),
        Mistake(layer_with(weight=Tensor),
                "the weight is a constant: make it with requires_grad=True."),
        Mistake(layer_with(lambda self, x: x @ leaf(self.weight) + leaf(self.bias), weight=np.array,
                           bias=np.array),
                "the Tensors are made in forward and thrown away: make them once, in __init__, and "
                "keep them as attributes."),
        Mistake(layer_with(weight=np.array, bias=np.array),
                "weight and bias are plain arrays: only a Tensor has a gradient and is found by "
                "parameters()."),
        Mistake(layer_with(bias=np.array),
                "the bias is a plain array: parameters() does not find it, and no step moves it."),
        Mistake(MadeAnew,
                "right at first, but it never learns: forward makes new Tensors each time, of the "
                "first values. Make them once, in __init__."),
        Mistake(layer_with(lambda self, x: Tensor(x @ self.weight.data + self.bias.data)),
                "the scores are right, but .data is a plain array: what comes out has no way back. "
                "Compute with the Tensors."),
        Mistake(layer_with(lambda self, x: x @ self.weight.data + self.bias.data),
                "a plain array comes out: `.data` cuts the graph. Compute with the Tensors."),
        Mistake(layer_with(lambda self, x: (x.detach() if isinstance(x, Tensor) else x)
                           @ self.weight + self.bias),
                "right for itself, but x is cut off: the layer before it would never learn."),
        Mistake(layer_with(bias=lambda b: leaf(b.reshape(1, -1))),
                "the scores are right, the bias is kept as (1, out): keep it as it came, (out,)."),
        Mistake(layer_with(lambda self, x: x @ self.w + self.b, names=("w", "b")),
                "it computes right; the attributes shall be called weight and bias.")],
    hints=("Two Tensors that are made once and kept; and a rule how to get from x to the scores. "
           "Module looks for the Tensors among the attributes.",
           "S = X W + b;   shapes (n, in) (in, out) + (out,)",
           "in __init__:   self.weight = Tensor(weight, requires_grad=...)\n"
           "               self.bias = ...\n"
           "in forward:    return x @ ... + ..."))

# -- 4.2 a training run in repair ------------------------------------------------------------------

TRAIN_X = fixed([[1.0, 2.0], [-1.0, 0.5], [2.0, -2.0], [0.0, 1.0], [-2.0, -1.0], [0.5, -0.5],
                 [1.5, 0.0]])
TRAIN_Y = fixed([0, 2, 1, 0, 2, 1, 1], int)


def learn(model, optimizer, x, y):
    """One step, and the cost before it."""
    optimizer.zero_grad()
    cost = softmax_cross_entropy(model(x), y)
    cost.backward()
    optimizer.step()
    return cost.item()


def train(model, optimizer, x, y, size, epochs, rng):
    costs = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for k in range(0, len(x), size):
            rows = order[k:k + size]
            costs.append(learn(model, optimizer, x[rows], y[rows]))
    return costs


def train_by_the_library(model, optimizer, x, y, size, epochs, rng):
    costs = []
    for _ in range(epochs):
        for some_x, some_y in datasets.batches(x, y, size, rng):
            cost = softmax_cross_entropy(model(some_x), some_y)
            cost.backward()
            optimizer.step()
            optimizer.zero_grad()
            costs.append(cost.item())
    return costs


def train_with(shuffle="both", clear="each", stop="end", note="each", step=True,
               loss=softmax_cross_entropy):
    """Training with mistakes in it: in shuffling, in clearing, in cutting, in taking notes."""
    stops = {"end": lambda n, size: n, "a batch early": lambda n, size: n - size,
             "whole batches": lambda n, size: n - size + 1}

    def answer(model, optimizer, x, y, size, epochs, rng):
        costs = []
        for epoch in range(epochs):
            if clear == "epoch":
                optimizer.zero_grad()
            if shuffle != "none" and not (shuffle == "once" and epoch):
                order = rng.permutation(len(x))
                x = x if shuffle == "y" else x[order]
                order = rng.permutation(len(x)) if shuffle == "apart" else order
                y = y if shuffle == "x" else y[order]
            for k in range(0, stops[stop](len(x), size), size):
                if clear == "each":
                    optimizer.zero_grad()
                cost = loss(model(x[k:k + size]), y[k:k + size])
                cost.backward()
                if step:
                    optimizer.step()
                if note in ("each", "Tensor"):
                    costs.append(cost if note == "Tensor" else cost.item())
            if note == "epoch":
                costs.append(cost.item())
        return costs
    return answer


train_in_a_new_order = train_with()


def overlapping(model, optimizer, x, y, size, epochs, rng):
    costs = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for k in range(len(x)):
            rows = order[k:k + size]
            costs.append(learn(model, optimizer, x[rows], y[rows]))
    return costs


def one_batch(model, optimizer, x, y, size, epochs, rng):
    rows = rng.permutation(len(x))[:size]
    return train_with("none")(model, optimizer, x[rows], y[rows], size, 1, rng)


def drawn_anew(model, optimizer, x, y, size, epochs, rng):
    costs = []
    for _ in range(epochs * -(-len(x) // size)):
        costs += one_batch(model, optimizer, x, y, size, 1, rng)
    return costs


def means_of_epochs(model, optimizer, x, y, size, epochs, rng):
    return [np.mean(train(model, optimizer, x, y, size, 1, rng)) for _ in range(epochs)]


def left_in():
    """What remains of the three mistakes, or of a wrong repair, and what to say then."""
    parted = {"x": "x is shuffled and y is not, so a row loses its label: one order, for both.",
              "apart": "x and y get an order each, so a row loses its label: one order, for both."}
    dragged = ("no gradient is cleared within an epoch, so each step drags the batches before it "
               "along: clear for every batch.")
    early = "rows are left out at the end of an epoch: how far must range go?"
    for shuffle in ("x", "apart", "both"):
        for clear in ("epoch", "each"):
            for stop in ("a batch early", "end"):
                texts = [text for text, wrong in (
                    (parted.get(shuffle), shuffle != "both"), (dragged, clear == "epoch"),
                    (early, stop != "end")) if wrong]
                if len(texts) == 1:
                    yield Mistake(train_with(shuffle, clear, stop),
                                  f"one mistake is left: {texts[0]}")
                elif texts:
                    other = ("follow a gradient through an epoch", "count the rows of an epoch")
                    rest = [text for text, wrong in zip(other, (clear == "epoch", stop != "end"),
                                                        strict=True) if wrong]
                    count = "two" if len(texts) == 2 else "all three"
                    yield Mistake(train_with(shuffle, clear, stop),
                                  f"{count} mistakes are left. First: {texts[0]} Then "
                                  f"{', and '.join(rest[1 - len(texts):])}.")


def train_case(says, rows, size, epochs=1, labels=TRAIN_Y, seed=3):
    """Weights and costs after training a layer that has three classes."""
    def run(answer):
        model = nn.Linear(2, 3, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of gradients that were not cleared
            costs = answer(model, optimizer, TRAIN_X[:rows], labels[:rows], size, epochs,
                           np.random.default_rng(seed))
        return {"costs": costs} | model.state_dict()
    return Case(says, run)


TRAIN = Task(
    title="a training run in repair",
    cases=[train_case("six rows in batches of two, one epoch", 6, 2),
           train_case("seven rows in batches of three: the last row is a batch by itself", 7, 3),
           train_case("four rows in one batch, one epoch", 4, 4),
           train_case("six rows of one class in one batch, three epochs", 6, 6, epochs=3,
                      labels=fixed([1] * 6, int)),
           # with this seed the first order is 0, 1, 2, 3: it makes no difference then whether the
           # second one is applied to the rows as they came or as they lie
           train_case("four rows in batches of two, two epochs: an order for each", 4, 2, epochs=2,
                      seed=1)],
    solution=train,
    others=[train_by_the_library, train_in_a_new_order],
    mistakes=[
        *left_in(),
        Mistake(train_with(stop="whole batches"),
                "a last batch that is smaller is left out: its rows count, too. A slice may reach "
                "beyond the end."),
        Mistake(overlapping,
                "the batches overlap: range goes on by `size`, not by 1."),
        Mistake(train_with("y"),
                "y is shuffled and x is not, so a label loses its row: one order, for both."),
        Mistake(train_with("none"),
                "now nothing is shuffled: every epoch has the same batches. Draw an order from "
                "rng, and use it for x and for y."),
        Mistake(train_with("once"),
                "shuffled once, before the first epoch: every epoch is to have a new order."),
        Mistake(train_with(clear="never"),
                "the gradients are never cleared, or only once at the very start: each step drags "
                "all batches before it along."),
        Mistake(train_with(step=False),
                "nothing is learnt: optimizer.step() is missing."),
        Mistake(train_with(loss=partial(softmax_cross_entropy, reduction="sum")),
                "the cost is a sum here: it was the mean of a batch, and is to remain so."),
        Mistake(lambda model, optimizer, x, y, size, epochs, rng: train(
                    model, optimizer, x, y, size, epochs, np.random.default_rng(0)),
                "the order does not come from the `rng` that is given, but from a generator of "
                "your own."),
        Mistake(drawn_anew,
                "every batch is drawn from all rows anew: in an epoch each row is to come once. "
                "One order for an epoch, cut into batches."),
        Mistake(one_batch,
                "one step only: does the return stand inside the inner loop?"),
        Mistake(lambda model, optimizer, x, y, size, epochs, rng: train(
                    model, optimizer, x, y, size, 1, rng),
                "one epoch only: does the return stand inside the outer loop, or is `epochs` not "
                "used?"),
        Mistake(means_of_epochs,
                "one cost for each epoch, its mean: the costs of all steps are asked."),
        Mistake(train_with(note="epoch"),
                "only the last cost of an epoch is noted: the costs of all steps."),
        Mistake(train_with(note="Tensor"),
                "the training is right; the costs are Tensors: note the number, cost.item()."),
        Mistake(train_with(note="never"),
                "the training is right; the costs are not noted."),
        Mistake(lambda model, optimizer, x, y, size, epochs, rng: [],
                "nothing is trained, and no costs come back.")],
    hints=("No error message will tell you. Take paper, three rows and three labels, and play one "
           "epoch: which label meets which row, what is in the gradient, who never comes by?",
           "forget, forward, judge, backward, move: for every batch; a batch is the rows "
           "order[k:k + size], of x and of y, for k = 0, size, 2 size ... below n",
           "order = rng.permutation(len(x))\nfor k in range(0, ..., size):\n"
           "    rows = order[k:k + size]\n    ...   # the five lines, with x[rows] and y[rows]"))

# -- 4.3 the share that is right -------------------------------------------------------------------

# with this seed no two mistakes below give the same shares in the first case that is wrong
NUMBERS = np.random.default_rng(264)
FOURS = [(fixed(NUMBERS.normal(size=(4, 4)).round(2)), fixed(NUMBERS.integers(4, size=4), int))
         for _ in range(4)]
THREES = [(fixed(NUMBERS.normal(size=(6, 3)).round(2)), fixed(NUMBERS.integers(3, size=6), int))
          for _ in range(3)]
ONES = [(fixed(NUMBERS.normal(0.0, 1.5, size=(7, 1)).round(2)),
         fixed(NUMBERS.integers(2, size=7), int)) for _ in range(4)]


def share_right(scores, y):
    if scores.shape[1] == 1:
        return np.mean((scores[:, 0] > 0) == y)
    return np.mean(scores.argmax(axis=1) == y)


def share_of_zeros_and_ones(scores, y):
    given = (scores > 0).ravel() if scores.shape[-1] == 1 else np.argmax(scores, axis=-1)
    return (given.astype(int) == y).sum() / len(y)


def share_with_a_score_of_0(scores, y):
    if scores.shape[1] == 1:  # class 0 has the score 0
        scores = np.concatenate([np.zeros(scores.shape), scores], axis=1)
    return (scores.argmax(axis=1) == y).mean()


def share_by_a_loop(scores, y):
    right = 0
    for row, label in zip(np.array(getattr(scores, "data", scores)), y, strict=True):
        given = int(row[0] > 0) if len(row) == 1 else int(row.argmax())
        right += given == label
    return right / len(y)


def share_by_probability(scores, y):
    if scores.shape[1] == 1:
        return np.mean((sigmoid(scores)[:, 0] > 0.5) == y)
    return np.mean(np.argmax(scores, axis=1) == y)


def share_like(one=lambda s: s[:, 0] > 0, many=lambda s: s.argmax(axis=1), how=np.mean):
    """The share right with another rule for one score, for many, or for counting."""
    return lambda scores, y: how((one if scores.shape[1] == 1 else many)(scores) == y)


def share_case(says, tables, tensor=False):
    """The shares in several tables of scores, so that no mistake is right by chance."""
    def run(answer):
        found = [answer(leaf(scores) if tensor else scores, y) for scores, y in tables]
        if any(share is None for share in found):
            return None
        return {f"table {k}": share for k, share in enumerate(found)}
    return Case(says, run, factors=((100.0, "a share of 1, not a percentage"),
                                    (len(tables[0][1]), "a share, not a number of rows")))


SHARE = Task(
    title="the share that is right",
    cases=[share_case("four tables of four rows, four scores each", FOURS),
           share_case("three tables of six rows, three scores each, in Tensors", THREES, True),
           share_case("four tables of seven rows, one score each", ONES),
           share_case("one score each, in a Tensor; two of them are exactly 0",
                      [(fixed([[0.0], [0.0], [1.0]]), fixed([0, 0, 1], int))], True),
           share_case("two scores each, both of them negative",
                      [(fixed([[-3.0, -2.0], [-0.5, -0.1], [-1.0, -4.0]]),
                        fixed([1, 1, 1], int))]),
           share_case("a single row, of class 3",
                      [(fixed([[0.0, 1.0, 2.0, 3.0]]), fixed([3], int))])],
    solution=share_right,
    others=[share_of_zeros_and_ones, share_with_a_score_of_0, share_by_a_loop,
            share_by_probability],
    mistakes=[
        Mistake(share_like(many=lambda s: s.argmax(axis=0)),
                "axis=0 looks down the columns, for the best row of each class: every row is to "
                "be answered, so axis=1."),
        Mistake(share_like(many=lambda s: s.argmax()),
                "without an axis argmax gives one number, the largest score of all: axis=1 gives "
                "one for each row."),
        Mistake(share_like(many=lambda s: s.max(axis=1)),
                "max is the largest score; argmax says where it stands, and that is the class."),
        Mistake(share_like(many=lambda s: s.argmin(axis=1) if isinstance(s, np.ndarray)
                           else (-s).argmax(axis=1)),
                "argmin: the largest score wins."),
        Mistake(share_like(many=lambda s: s[:, 0] > 0),
                "with several scores the first column alone is looked at: the column of the "
                "largest score is the class."),
        Mistake(share_like(one=lambda s: s > 0),
                "(n, 1) == (n,) compares every row with every label, n times n: take the column, "
                "scores[:, 0]."),
        Mistake(share_like(one=lambda s: s > 0.5),
                "(n, 1) == (n,) compares every row with every label; take the column, scores[:, 0]."
                " And a score is no probability: the border is 0, not ½."),
        Mistake(share_like(one=lambda s: s.argmax(axis=1)),
                "of a single score argmax is always 0: there the sign decides."),
        Mistake(share_like(one=lambda s: s[:, 0] > 0.5),
                "½ is the border for a probability: for a score it is 0."),
        Mistake(share_like(one=lambda s: np.round(s[:, 0])),
                "rounding finds the class from a probability: a score is any number, and its sign "
                "decides."),
        Mistake(share_like(one=lambda s: s[:, 0] >= 0),
                "a score of exactly 0 is to be class 0 here: > 0."),
        Mistake(share_like(one=lambda s: s[:, 0] < 0),
                "one score: a positive one speaks for class 1."),
        Mistake(share_like(one=lambda s: np.sign(s[:, 0])),
                "sign says -1 or 1, and the labels are 0 or 1: no answer is ever class 0."),
        Mistake(share_like(one=lambda s: np.where(s[:, 0] > 0, 1, -1)),
                "one score: the classes are 0 and 1 here, not -1 and 1."),
        Mistake(share_like(how=lambda right: right),
                "True or False for each row: take the mean."),
        Mistake(share_like(how=np.all),
                "whole numbers come out, 0 or 1: // rounds down, and np.all asks whether all are "
                "right. A share lies between: / or np.mean."),
        Mistake(lambda scores, y: share_right(scores, y) * len(y) / scores.size,
                "divided by the number of all scores: divide by the number of rows."),
        Mistake(lambda scores, y: np.mean((scores[:, -1] > 0) == y) if scores.shape[1] <= 2 else
                share_right(scores, y),
                "two scores are treated like one: with C = 2 the larger one says the class, "
                "whatever its sign."),
        Mistake(share_like(how=np.sum),
                "it is the number of right rows: divide by the number of all."),
        Mistake(share_like(how=lambda right: 100.0 * np.mean(right)),
                "it is a percentage: return the share, between 0 and 1."),
        Mistake(share_like(how=lambda right: 1.0 - np.mean(right)),
                "it is the share that is wrong.")],
    hints=("First make one answer for each row, as an array of shape (n,). Then compare it with y, "
           "and take the mean of what is True.",
           "several scores: the column of the largest;   one score: 1 if it is positive, else 0",
           "if scores.shape[1] == 1:\n    answers = scores[:, 0] > ...\nelse:\n"
           "    answers = scores.argmax(axis=...)\nreturn np.mean(answers == y)"))

# -- 4.4 test rows on the training rows' scale -----------------------------------------------------

RAW = fixed([[0.1, 200.0], [0.2, 260.0], [0.4, 180.0], [0.5, 240.0]])
UNSEEN = fixed([[0.3, 250.0], [0.9, 100.0]])
LEVEL, LEVEL_UNSEEN = fixed([[1.0, 7.0], [3.0, 7.0], [8.0, 7.0]]), fixed([[2.0, 7.0], [5.0, 8.0]])


def standardised(x_train, x_test):
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    deviation = np.where(deviation == 0, 1.0, deviation)
    return (x_train - mean) / deviation, (x_test - mean) / deviation


def standardised_by_squares(x_train, x_test):
    centred = x_train - np.mean(x_train, axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    scale[scale == 0] = 1
    return [centred / scale, (x_test - x_train.mean(0)) / scale]


def standardised_by_columns(x_train, x_test):
    train, test = np.empty(x_train.shape), np.empty(x_test.shape)
    for j in range(x_train.shape[1]):
        column = x_train[:, j]
        train[:, j] = (column - column.mean()) / (column.std() or 1)
        test[:, j] = (x_test[:, j] - column.mean()) / (column.std() or 1)
    return train, test


def standardised_with(mean=lambda train, own: train.mean(axis=0),
                      deviation=lambda train, own: train.std(axis=0),
                      safe=lambda d: np.where(d == 0, 1.0, d)):
    """Standardised by other numbers; `own` are the rows that are being standardised."""
    def scaled(train, own):
        return (own - mean(train, own)) / safe(deviation(train, own))
    return lambda x_train, x_test: (scaled(x_train, x_train), scaled(x_train, x_test))


def everything(train, own):
    return train if train is own else np.concatenate([train, own])


def together(x_train, x_test):
    rows = np.concatenate([x_train, x_test])
    scaled, _ = standardised(rows, rows)
    return scaled[:len(x_train)], scaled[len(x_train):]


def constant_to_0(x_train, x_test):
    train, test = standardised(x_train, x_test)
    level = x_train.std(axis=0) == 0
    return train, np.where(level, 0.0, test)


def scaled_case(says, x_train, x_test):
    def run(answer):
        found = answer(x_train, x_test)
        if found is None:
            return None
        if not isinstance(found, tuple | list) or len(found) != 2:
            found = "no pair of arrays", "no pair of arrays"
        return dict(zip(("training rows", "test rows"), found, strict=True))
    return Case(says, run)


STANDARDISE = Task(
    title="test rows on the training rows' scale",
    cases=[scaled_case("four training rows, two test rows", RAW, UNSEEN),
           scaled_case("a single test row", RAW, UNSEEN[1:]),
           scaled_case("as many test rows as training rows", RAW, fixed(RAW[::-1] + 10.0)),
           scaled_case("a column that is 7 in all training rows, and 7 and 8 in the test rows",
                       LEVEL, LEVEL_UNSEEN)],
    solution=standardised,
    others=[datasets.standardise, standardised_by_squares, standardised_by_columns],
    mistakes=[
        Mistake(standardised_with(lambda train, own: own.mean(axis=0),
                                  lambda train, own: own.std(axis=0)),
                "the test rows are measured by their own mean and deviation: a single row would "
                "always become 0. Use the training rows' numbers for both."),
        Mistake(standardised_with(lambda train, own: own.mean(axis=0)),
                "the test rows lose their own mean: take off the training rows' mean."),
        Mistake(standardised_with(deviation=lambda train, own: own.std(axis=0)),
                "the test rows are divided by their own deviation: divide by the training rows'."),
        Mistake(together,
                "mean and deviation are those of all rows together: the network has heard of the "
                "test rows before the test. Training rows only."),
        Mistake(standardised_with(lambda train, own: everything(train, own).mean(axis=0),
                                  lambda train, own: everything(train, own).std(axis=0)),
                "the test rows have a part in the mean by which they are measured: training rows "
                "only."),
        Mistake(standardised_with(deviation=lambda train, own: train.std(axis=0, ddof=1)),
                "the deviation divides by n - 1 (ddof=1): here by n, as np.std does."),
        Mistake(standardised_with(safe=lambda d: d),
                "right but for the constant column: its deviation is 0, and 0 / 0 is nan. Divide "
                "by 1 there."),
        *[Mistake(standardised_with(safe=lambda d, tiny=tiny: d + tiny),
                  f"right but for the constant column: divided by {tiny:g}, a test row that is "
                  "off by 1 lands far out. Divide by 1 there.")
          for tiny in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)],
        Mistake(standardised_with(safe=lambda d: d + 1.0),
                "1 is added to every deviation: only where it is 0, divide by 1."),
        Mistake(standardised_with(safe=lambda d: np.maximum(d, 1.0)),
                "every deviation below 1 is taken for 1: only where it is 0."),
        Mistake(lambda x_train, x_test: [np.nan_to_num(x) for x in standardised_with(
                    safe=lambda d: d)(x_train, x_test)],
                "nan_to_num hides the division by 0 in the training rows; in the test rows inf "
                "becomes a huge number. Divide by 1 there."),
        Mistake(constant_to_0,
                "the constant column is set to 0 for the test rows, too: divided by 1, a row that "
                "is off by 1 becomes 1."),
        Mistake(standardised_with(safe=lambda d: np.ones(d.shape)),
                "only the mean is taken off: divide by the deviation as well."),
        Mistake(standardised_with(lambda train, own: 0.0),
                "only the deviation is divided out: take off the mean first."),
        Mistake(standardised_with(deviation=lambda train, own: train.var(axis=0)),
                "divided by the variance: the deviation is its root."),
        Mistake(standardised_with(lambda train, own: train.mean(), lambda train, own: train.std()),
                "one mean for the whole table: every column has its own, axis=0."),
        Mistake(standardised_with(lambda train, own: own.mean(axis=1, keepdims=True),
                                  lambda train, own: own.std(axis=1, keepdims=True)),
                "mean and deviation of each row: each column has its own, axis=0."),
        Mistake(standardised_with(lambda train, own: train.min(axis=0),
                                  lambda train, own: np.ptp(train, axis=0)),
                "this maps the columns to 0 up to 1: mean and deviation are asked for."),
        Mistake(lambda x_train, x_test: (standardised(x_train, x_test)[0], x_test),
                "the test rows are left as they were: they need the same scale. (Or were mean and "
                "deviation taken when the training rows had been scaled already? They are 0 and 1 "
                "then.)"),
        Mistake(lambda x_train, x_test: tuple(
                    (x - x_train.mean(axis=0)) * x_train.std(axis=0) for x in (x_train, x_test)),
                "multiplied by the deviation: divide."),
        Mistake(lambda x_train, x_test: tuple(
                    x - x_train.mean(axis=0) / np.where(x_train.std(axis=0), x_train.std(axis=0), 1)
                    for x in (x_train, x_test)),
                "brackets: the whole difference is divided, (x - mean) / deviation."),
        Mistake(lambda x_train, x_test: standardised(x_train, x_test)[::-1],
                "first the training rows, then the test rows."),
        Mistake(lambda x_train, x_test: standardised(x_train, x_test)[1][0, 0],
                "return two arrays: the training rows, and the test rows.")],
    hints=("There is one mean and one deviation for each column, found in the training rows. Test "
           "rows are measured with them and are not asked.",
           "(x - mean of x_train) / deviation of x_train, for both;   where a deviation is 0, "
           "divide by 1",
           "mean, deviation = x_train.mean(axis=0), ...\n"
           "deviation = np.where(deviation == 0, ..., deviation)\n"
           "return (x_train - mean) / deviation, ..."))

# -- 4.5 the first weights -------------------------------------------------------------------------


def first_weights(sizes, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.0, np.sqrt(2.0 / n), (n, m)) for n, m in pairwise(sizes)]


def first_weights_scaled(sizes, seed):
    rng, weights = np.random.default_rng(seed), []
    for k in range(len(sizes) - 1):
        weights.append(rng.standard_normal((sizes[k], sizes[k + 1])) * (2 / sizes[k]) ** 0.5)
    return weights


def first_weights_of_the_library(sizes, seed):
    return [layer.weight.data for layer in nn.MLP(sizes, rng=seed).layers[::2]]


def first_weights_one_by_one(sizes, seed):
    rng, weights = np.random.default_rng(seed), []
    for n, m in pairwise(sizes):
        weights.append(np.array([[rng.normal(0, np.sqrt(2 / n)) for _ in range(m)]
                                 for _ in range(n)]))
    return tuple(weights)


def first_weights_taken_off(sizes, seed):
    rng, weights, n_in = np.random.default_rng(seed), [], sizes.pop(0)
    while sizes:
        n_out = sizes.pop(0)
        weights.append(np.sqrt(2 / n_in) * rng.normal(size=(n_in, n_out)))
        n_in = n_out
    return weights


def weights_with(scale=lambda n, m: np.sqrt(2.0 / n), draw=None, generator=np.random.default_rng):
    """First weights of another size, drawn in another way, or by another generator."""
    draw = draw or (lambda rng, s, n, m: rng.normal(0.0, s, (n, m)))

    def answer(sizes, seed):
        rng = generator(seed)
        return [draw(rng, scale(n, m), n, m) for n, m in pairwise(sizes)]
    return answer


def uniform(stretch):
    return lambda rng, s, n, m: rng.uniform(-stretch * s, stretch * s, (n, m))


def afresh(sizes, seed):
    return [first_weights([n, m], seed)[0] for n, m in pairwise(sizes)]


def seeds_of_their_own(sizes, seed):
    return [first_weights([n, m], seed + k)[0] for k, (n, m) in enumerate(pairwise(sizes))]


def always_the_first_size(sizes, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.0, np.sqrt(2.0 / sizes[0]), (n, m)) for n, m in pairwise(sizes)]


class Legacy:
    """np.random.seed and np.random.normal, without the trace that they leave behind."""

    def __init__(self, seed):
        self.normal = np.random.RandomState(seed).normal  # noqa: NPY002


def plain(weights):
    return [w.data if isinstance(w, Tensor) else w for w in weights]


def weights_case(says, sizes, seed):
    """The weights of each layer; if two calls differ, that is all there is to say."""
    def run(answer):
        found = answer(list(sizes), seed)  # a list of its own: an answer may take it apart
        if found is None or isinstance(found, np.ndarray | Tensor):
            return found
        found, again = plain(found), plain(answer(list(sizes), seed))
        if any(isinstance(w, tuple | list) for w in found):
            return "lists or pairs, and not an array for each layer"
        if any(not np.array_equal(a, b) for a, b in zip(found, again, strict=True)):
            return "other numbers at every call"
        return {f"from layer {k}": weight for k, weight in enumerate(found)}
    return Case(says, run)


WEIGHTS = Task(
    title="the first weights of a network",
    cases=[weights_case("sizes 3, 4, 1, seed 0", [3, 4, 1], 0),
           weights_case("the same sizes, seed 7", [3, 4, 1], 7),
           weights_case("sizes 4, 4, 4: two layers of the same shape", [4, 4, 4], 0),
           weights_case("sizes 1, 5: a single layer", [1, 5], 3)],
    solution=first_weights,
    others=[first_weights_scaled, first_weights_taken_off, first_weights_of_the_library,
            first_weights_one_by_one],
    mistakes=[
        Mistake(weights_with(lambda n, m: 2.0 / n),
                "2 / n is the variance: rng.normal takes the deviation, its root."),
        Mistake(weights_with(lambda n, m: np.sqrt(2.0 / m)),
                "the fan-out: n is the number of inputs that a unit adds up, so the rows of the "
                "weight."),
        Mistake(weights_with(lambda n, m: 2.0 / m),
                "2 / (number of outputs), as a deviation: n is the number of inputs, and the root "
                "is missing."),
        Mistake(weights_with(lambda n, m: np.sqrt(1.0 / n)),
                "the variance is 1 / n: relu lets half of the mean square go, so 2 / n."),
        Mistake(weights_with(lambda n, m: np.sqrt(2.0 / (n + m))),
                "this is xavier, 2 / (n_in + n_out): he is 2 / n_in."),
        Mistake(weights_with(lambda n, m: 1.0),
                "the variance is 1 in every layer: it is to be 2 / n."),
        Mistake(weights_with(lambda n, m: np.sqrt(2.0) / n),
                "√2 / n: the root goes over the whole fraction, √(2 / n)."),
        Mistake(weights_with(draw=uniform(1.0)),
                "uniform numbers, and their variance is only a third of 2 / n: draw with "
                "rng.normal."),
        Mistake(weights_with(draw=uniform(np.sqrt(3.0))),
                "uniform numbers of the right variance: here everybody draws normal ones, "
                "rng.normal."),
        Mistake(weights_with(draw=lambda rng, s, n, m: s * rng.random((n, m))),
                "rng.random is never negative: weights have mean 0. Draw with rng.normal."),
        Mistake(weights_with(draw=lambda rng, s, n, m: rng.normal(0.0, s, (m, n)).T),
                "the size is right, but the numbers are drawn in another order: draw the shape "
                "(n_in, n_out) in one call, and turn nothing over."),
        Mistake(weights_with(draw=lambda rng, s, n, m: rng.normal(0.0, s, (m, n))),
                "the shape is turned over: (n_in, n_out)."),
        Mistake(weights_with(draw=lambda rng, s, n, m: rng.normal(s, size=(n, m))),
                "the deviation stands where the mean belongs: rng.normal(0, deviation, shape)."),
        Mistake(always_the_first_size,
                "every layer takes the number of inputs of the first one: n is that of the layer "
                "itself."),
        Mistake(lambda sizes, seed: first_weights(sizes, seed)[:1],
                "there is only the first layer: does a return stand inside the loop?"),
        Mistake(lambda sizes, seed: first_weights(sizes[:-1], seed),
                "the last layer is missing: of len(sizes) numbers there are len(sizes) - 1 "
                "pairs."),
        Mistake(weights_with(draw=lambda rng, s, n, m: rng.normal(size=(n, m)) / s),
                "divided by the deviation: a normal number times the deviation has it."),
        Mistake(weights_with(draw=lambda rng, s, n, m: np.abs(rng.normal(0.0, s, (n, m)))),
                "all are positive: weights have mean 0, leave the signs as they are."),
        Mistake(weights_with(draw=lambda rng, s, n, m: (rng.normal(0.0, s, (n, m)),
                                                        rng.normal(0.0, s, m))[0]),
                "the first layer is right, and then something else has been drawn, biases "
                "perhaps: the generator draws the weights only."),
        Mistake(lambda sizes, seed: [(w, np.zeros(w.shape[1])) for w in first_weights(sizes, seed)],
                "one array for each layer, its weight: no pairs, and no biases."),
        Mistake(afresh,
                "every layer begins with the same numbers: make the generator once, before the "
                "layers."),
        Mistake(seeds_of_their_own,
                "a new generator for each layer, with a seed that counts on: make one generator, "
                "from the seed that was given."),
        Mistake(weights_with(generator=Legacy),
                "these are NumPy's old generator's numbers: np.random.default_rng(seed)."),
        Mistake(weights_with(generator=lambda seed: np.random.default_rng(0)),
                "right for seed 0 only: hand on the seed that was given."),
        Mistake(weights_with(generator=lambda seed: np.random.default_rng()),
                "the seed is not used, so every call gives other numbers: "
                "np.random.default_rng(seed)."),
        Mistake(weights_with(draw=lambda rng, s, n, m: np.zeros((n, m))),
                "all zero: units that begin equal stay equal, and nothing comes through.")],
    hints=("A unit adds up n products. So that their sum keeps the size of one of them after relu, "
           "each weight has the variance 2 / n. One generator draws for all layers, in a row.",
           "deviation = √(2 / n_in);   shape (n_in, n_out);   sizes 2, 8, 3: (2, 8), then (8, 3)",
           "rng, weights = np.random.default_rng(...), []\n"
           "for n_in, n_out in zip(sizes[:-1], sizes[1:]):\n"
           "    weights.append(rng.normal(0, ..., (n_in, n_out)))\nreturn weights"))

TASKS = {"4.1": LAYER, "4.2": TRAIN, "4.3": SHARE, "4.4": STANDARDISE, "4.5": WEIGHTS}
