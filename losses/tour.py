"""The tour that `python -m losses` gives.

First the shapes of the losses and what follows from them: saturation, outliers, who is still
teaching. Then one network trained on digits under three losses, and what each loss made of the
gradients. What is drawn is in figures.py; here is what is trained, what is told, and the page.
"""

import html
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import losses
from losses import figures, page, shapes
from losses.figures import Picture
from minigrad import datasets, no_grad, one_hot, palette
from minigrad.nn import MLP
from optim import Adam

EVERY = 5  # each fifth image is held out: 360 of 1797, by the writers of the others
EPOCHS, BATCH, RATE = 40, 32, 2e-3


class Run(NamedTuple):
    """What one training run left behind; curves have one entry per epoch, the first before any."""

    name: str
    cost: list  # the mean loss on the training rows
    accuracy: list  # on the held-out rows
    shares: dict  # epoch -> each training example's share of the last layer's gradient


class Section(NamedTuple):
    """A part of the page: a heading, what it is about, its pictures."""

    heading: str
    text: str
    pictures: list[Picture]


def mse_one_hot(pred, labels, *, reduction="mean"):
    """Squared error between the ten outputs and the one-hot row of the label."""
    return losses.mse(pred, one_hot(labels, 10), reduction=reduction)


def tour(out: Path, seed: int, show: bool) -> None:
    """Draw, train, report; write the pictures and index.html into the folder `out`."""
    import matplotlib

    say = partial(print, flush=True)
    start = time.perf_counter()
    say("Drawing the losses ...")
    with matplotlib.rc_context(palette.STYLE):
        sections = [save(section, out, say) for section in draw_shapes(show)]
        say("\nTraining an MLP 2-32-1 on two noisy moons under three losses ...")
        sections.append(save(draw_moons(train_moons(seed), show), out, say))
        runs = train_all(seed, say)
        sections.append(save(draw_digits(runs, show), out, say))
    report = table(runs)
    say("\n" + "\n".join("  ".join(row) for row in aligned(report)))
    (out / "index.html").write_text(page_of(sections, report, seed), encoding="utf-8")
    count = sum(len(section.pictures) for section in sections)
    say(f"\n{count} pictures and index.html are in {out}/ ({time.perf_counter() - start:.0f} s)")
    if show:
        from matplotlib import pyplot
        pyplot.show()


def save(section, out, say) -> Section:
    """Write the pictures of a section, and tell that they are there."""
    say(f"\n{section.heading}")
    for picture in section.pictures:
        shapes.settle(picture.figure)
        picture.figure.savefig(out / picture.file)
        say(f"  {picture.file}")
    return section


# -- training --------------------------------------------------------------------------------------


def train_moons(seed) -> dict[str, dict[int, np.ndarray]]:
    """Loss -> epoch -> the size of each example's gradient, on two moons that overlap."""
    x, y = datasets.moons(n=400, noise=0.25, rng=0)
    rivals = {"sigmoid_cross_entropy": (losses.sigmoid_cross_entropy, y[:, None]),
              "hinge": (losses.hinge, 2 * y[:, None] - 1),
              "mse after sigmoid": (figures.mse_after_sigmoid, y[:, None])}
    return {name: train_on_moons(loss, x, target, seed) for name, (loss, target) in rivals.items()}


def train_on_moons(loss, x, target, seed, epochs=(0, 10, 100)) -> dict[int, np.ndarray]:
    """The size of each example's gradient in the network's output, before and after training."""
    model = MLP([2, 32, 1], activation="relu", rng=seed)
    optimizer = Adam(model.parameters(), lr=0.01)
    rng = np.random.default_rng(seed)
    sizes = {}
    for epoch in range(max(epochs) + 1):
        if epoch in epochs:
            sizes[epoch] = np.abs(shapes.per_example_gradient(loss, model(x), target))[:, 0]
        for rows in np.array_split(rng.permutation(len(x)), len(x) // BATCH):
            optimizer.zero_grad()
            loss(model(x[rows]), target[rows]).backward()
            optimizer.step()
    return sizes


def train_all(seed, say) -> list[Run]:
    """The same network, from the same first weights, trained under three losses."""
    x, y = datasets.digits()
    held_out = np.arange(len(x)) % EVERY == 0
    split = (x[~held_out], y[~held_out], x[held_out], y[held_out])
    say(f"\nTraining an MLP 64-128-10 on {(~held_out).sum()} images of digits, testing on the "
        f"{held_out.sum()} held out (every {EVERY}th row):")
    rivals = {"softmax_cross_entropy": losses.softmax_cross_entropy,
              "multiclass_hinge": losses.multiclass_hinge, "mse on one-hot": mse_one_hot}
    return [train(name, loss, split, seed, say) for name, loss in rivals.items()]


def train(name, loss, split, seed, say) -> Run:
    """One run. The order of the batches, too, is the same for every loss."""
    x, y, x_test, y_test = split
    model = MLP([64, 128, 10], activation="relu", rng=seed)
    optimizer = Adam(model.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    run = Run(name, [], [], {})
    for epoch in range(EPOCHS + 1):
        if epoch:
            order = rng.permutation(len(x))
            for rows in np.array_split(order, len(x) // BATCH):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
        with no_grad():
            run.cost.append(loss(model(x), y).item())
            run.accuracy.append(float((model(x_test).argmax(axis=1) == y_test).mean()))
        if epoch in (0, EPOCHS // 2, EPOCHS):
            sizes = shapes.last_layer_gradient(model, loss, x, y)
            run.shares[epoch] = shapes.gradient_share(sizes)
        if epoch % 10 == 0:
            say(f"  {name:<22} epoch {epoch:>2} of {EPOCHS}   cost {run.cost[-1]:8.5f}   "
                f"test accuracy {run.accuracy[-1]:6.1%}")
    return run


def table(runs: list[Run]) -> list[list[str]]:
    """The report: a header and one row per loss and time."""
    rows = [["trained under", "epoch", "test accuracy", "worst 1 % carry", "zero gradient"]]
    for run in runs:
        for epoch, share in run.shares.items():
            rows.append([run.name, str(epoch), f"{run.accuracy[epoch]:.1%}",
                         f"{shapes.worst_share(share):.1%}", f"{(share == 0.0).mean():.1%}"])
    return rows


def aligned(rows):
    """The rows with every column padded to its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[cell.ljust(w) if i == 0 else cell.rjust(w)
             for i, (cell, w) in enumerate(zip(row, widths, strict=True))] for row in rows]


# -- the page --------------------------------------------------------------------------------------


def draw_shapes(show):
    """The sections that need no training; each is drawn when its turn comes."""
    yield Section(
        "The shape of a loss", "A loss as value, gradient and curvature. Training sees only the "
        "gradient.", [draw(show) for draw in (figures.overview, figures.residual, figures.margin,
                                              figures.logit, figures.probability,
                                              figures.gradient_field)])
    yield Section(
        "Saturation and overflow", "What becomes of the gradient of those who are surely wrong.",
        [figures.saturation(show), figures.stability(show)])
    yield Section(
        "Outliers", "What one wrong value may do to the answer, and to the next step.",
        [figures.constants(show), figures.outlier(show)])


def draw_moons(sizes, show) -> Section:
    """The section on who is still teaching."""
    return Section("Who is still teaching", "An MLP 2-32-1 on two moons that overlap, 100 epochs "
                   "of Adam.", [figures.still_teaching(sizes, show)])


def draw_digits(runs, show) -> Section:
    """The section on the digits."""
    return Section(
        "What each loss made of the gradients",
        f"An MLP 64-128-10 on the 8×8 digits, {EPOCHS} epochs of Adam, every {EVERY}th row held "
        "out for the test. The table gives, of the gradient in the last layer, the share that the "
        "loudest 1 % of the training examples carry, and the share of examples that contribute "
        "exactly nothing.",
        [figures.learning_curves(runs, show), figures.gradient_spread(runs, show)])


def page_of(sections, report, seed) -> str:
    """index.html: the sections with their pictures and captions, and the table at the end."""
    return page.document("How a loss shapes the gradients", f"""\
<p>Made by <code>python -m losses --seed {seed}</code>. Every curve is computed by the engine, none
by a formula written down by hand.</p>
{"".join(map(part, sections))}{page.html_table(report)}""")


def part(section) -> str:
    """A section of the page."""
    return (f"<h2>{html.escape(section.heading)}</h2>\n<p>{html.escape(section.text)}</p>\n"
            f"{page.html_figures(section.pictures)}\n")
