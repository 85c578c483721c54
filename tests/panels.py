"""What the tests of the training pictures share: axes, what is written there, small runs."""

import matplotlib
import numpy as np
from helpers import leaf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from losses import softmax_cross_entropy
from minigrad import nn
from minigrad.datasets import moons
from minigrad.draw import History
from minigrad.palette import STYLE
from optim import SGD


def axes(width=7.0, height=4.2):
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure.subplots()


def title(ax):
    return ax.get_title().replace("\n", " ")


def labels(ax):
    """What is written beside the ends of the lines, from the lowest to the highest."""
    ax.figure.canvas.draw()
    return [text.get_text() for text in sorted(ax.texts, key=lambda t: box(t).y0)]


def box(text):
    """Where the letters are; an annotation's own box holds its leader as well."""
    return Text.get_window_extent(text)


def is_clean(ax, last):
    """Nothing is cut off, no label covers another, none covers the lines, which end at `last`."""
    ax.figure.canvas.draw()
    boxes = [box(text) for text in ax.texts if text.get_text()]
    for i, each in enumerate(boxes):
        assert each.x0 >= ax.transData.transform((last, ax.get_ylim()[0]))[0] - 1
        assert not any(each.overlaps(other) for other in boxes[:i])
    for text in (*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label):
        corners = box(text).corners() if text.get_text() else []
        inside = all(ax.figure.bbox.padded(1).contains(*corner) for corner in corners)
        assert inside and text.get_fontsize() >= 12, f"cut off or small: {text.get_text()!r}"
    return True


def line(ax, label):
    found = [each for each in ax.get_lines() if each.get_label() == label]
    assert len(found) == 1, f"{label}: {[each.get_label() for each in ax.get_lines()]}"
    return found[0]


def marks(ax, marker):
    """The points that are marked: (k, 2)."""
    found = [each.get_xydata() for each in ax.get_lines() if each.get_marker() == marker]
    return np.concatenate(found) if found else np.zeros((0, 2))


def trained(sizes=(2, 8, 8, 2), steps=20, lr=0.5, **options):
    """A model on the moons, and its history."""
    x, y = moons(40)
    model = nn.MLP(sizes, rng=0, **options)
    history, optimizer = History(model), SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        loss = softmax_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.record(loss=loss)
    return model, history


class Weights(nn.Module):
    """A model that is its weights, whose gradients one may choose."""

    def __init__(self, **weights):
        for name, values in weights.items():
            setattr(self, name, leaf(values))

    def learn(self, lr=1.0, **gradients):
        for name, gradient in gradients.items():
            parameter = getattr(self, name)
            parameter.grad = None if gradient is None else np.array(gradient, dtype=float)
            if gradient is not None:
                parameter.data -= lr * parameter.grad


def recorded(*steps, lr=1.0, **weights):
    """The history of weights that were given these gradients, one dict per step."""
    model = Weights(**weights)
    history = History(model)
    for gradients in steps:
        model.learn(lr=lr, **gradients)
        history.record()
    return history
