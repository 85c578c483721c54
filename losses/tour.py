"""The tour that `python -m losses` gives.

First the shapes of the losses; then one network trained on digits under three of them, and what
each loss made of the gradients.
"""

import html
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import losses
from losses import shapes
from minigrad import datasets, no_grad, one_hot
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


def mse_one_hot(pred, labels, *, reduction="mean"):
    """Squared error between the ten outputs and the one-hot row of the label."""
    return losses.mse(pred, one_hot(labels, 10), reduction=reduction)


def tour(out: Path, seed: int, show: bool) -> None:
    """Draw, train, report; write the pictures and index.html into the folder `out`."""
    import matplotlib

    say = partial(print, flush=True)
    start = time.perf_counter()
    with matplotlib.rc_context(shapes.STYLE):
        say("Drawing the shapes of the losses ...")
        pictures = draw_shapes(show)
        runs = train_all(seed, say)
        pictures += draw_runs(runs, show)
        for picture in pictures:
            picture.figure.savefig(out / picture.file)
    report = table(runs)
    say("\n" + "\n".join("  ".join(row) for row in aligned(report)))
    (out / "index.html").write_text(page(pictures, report, seed), encoding="utf-8")
    say(f"\n{len(pictures)} pictures and index.html are in {out}/ "
        f"({time.perf_counter() - start:.0f} s)")
    if show:
        from matplotlib import pyplot
        pyplot.show()


# -- training --------------------------------------------------------------------------------------


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


# -- pictures --------------------------------------------------------------------------------------


class Picture(NamedTuple):
    """A figure, the file it goes to, its text for those who cannot see it, and its caption."""

    figure: object
    file: str
    alt: str
    caption: str


def draw_shapes(show) -> list[Picture]:
    """The losses over the residual, the margin and the probability."""
    kind = {entry.name: (entry.loss, entry.pred) for entry in losses.catalog()}
    over_residual = {"mse": kind["mse"], "mae": kind["mae"], "huber (δ = 1)": kind["huber"]}
    over_margin = {name: kind[name] for name in ("sigmoid_cross_entropy", "hinge")}
    all_over_margin = over_margin | {
        "softmax_cross_entropy, 2 classes": kind["softmax_cross_entropy"],
        "multiclass_hinge, 2 classes": kind["multiclass_hinge"]}

    overview = shapes.new_figure(12, 7, show)
    grid = overview.subplots(2, 2, sharex="col")
    shapes.draw_family(grid[:, 0], over_residual, "value")[0].set_ylim(-0.3, 6.0)
    shapes.draw_family(grid[:, 1], over_margin, "score")
    grid[0, 0].set_title("predicting a number")
    grid[0, 1].set_title("deciding between two classes")
    overview.align_ylabels(grid[:, 0])
    overview.suptitle("A loss (above) teaches through its gradient (below): MSE's grows with the "
                      "error,\nMAE's and Huber's are bounded, the hinge's ends at margin 1")

    residual = stacked(over_residual, "value", show,
                       "The derivative is the teaching signal:\n"
                       "MSE pulls ever harder, MAE and Huber have a limit")
    residual.axes[0].set_ylim(-0.3, 6.0)
    residual.axes[1].set_yticks(range(-6, 7, 2))
    margin = stacked(all_over_margin, "score", show,
                     "Right by a margin of 1, the hinge falls silent;\n"
                     "cross-entropy keeps pulling")
    probability = stacked({"binary_cross_entropy": kind["binary_cross_entropy"]}, "probability",
                          show, "The surer the wrong answer, the steeper\n"
                                "the cross-entropy of a probability")
    probability.axes[2].set_yscale("log")
    return [
        Picture(overview, "shapes.png",
                "Four charts. Above, the losses MSE, MAE and Huber over the residual, and sigmoid "
                "cross-entropy and hinge over the margin; below each, its gradient.",
                "The same five losses as values and as slopes. Training sees only the slopes."),
        Picture(residual, "residual.png",
                "Three stacked charts over the residual: loss, gradient and curvature of MSE, MAE "
                "and Huber.",
                "Regression losses over the residual. The gradient, in the middle, is what the "
                "network gets to see: a straight line for MSE, two levels for MAE, and for Huber "
                "the line of ½e² cut off at ±δ. The curvature below shows how fast that changes; "
                "of MAE's jump at 0 it sees nothing."),
        Picture(margin, "margin.png",
                "Three stacked charts over the margin: loss, gradient and curvature of sigmoid "
                "and softmax cross-entropy and of both hinges.",
                "Classification losses over the margin. With two classes softmax cross-entropy of "
                "the lead is sigmoid cross-entropy, and the multiclass hinge is the hinge: their "
                "curves coincide. The hinge's gradient is −1 or nothing."),
        Picture(probability, "probability.png",
                "Three stacked charts over the probability of the right class: loss, gradient and "
                "curvature of binary cross-entropy.",
                "Cross-entropy over the probability given to the right class. The gradient is "
                "−1/p; behind a sigmoid it turns into p − t, which is why the loss is better "
                "computed from the logit."),
    ]


def stacked(family, pred, show, title):
    """One figure with loss, gradient and curvature of a family, one below the other."""
    figure = shapes.new_figure(8, 9, show)
    figure.align_ylabels(shapes.draw_family(figure.subplots(3, 1, sharex=True), family, pred))
    figure.suptitle(title)
    return figure


def draw_runs(runs, show) -> list[Picture]:
    """Learning curves, and the spread of the gradient over the examples."""
    curves = shapes.new_figure(11, 5, show)
    left, right = curves.subplots(1, 2)
    for run, (colour, dashes) in zip(runs, shapes.LINES, strict=False):
        style = {"color": colour, "linestyle": dashes, "label": run.name}
        left.plot(np.array(run.cost) / run.cost[0], **style)
        right.plot(100.0 * np.array(run.accuracy), **style)
    left.set(yscale="log", xlabel="epoch", ylabel="training cost / its first value",
             title="How far each cost fell")
    right.set(xlabel="epoch", ylabel="test accuracy, %", ylim=(85, 100),
              title="What it was worth on new digits")
    right.legend(loc="lower right")
    worst, *_, best = sorted(run.accuracy[-1] for run in runs)
    curves.suptitle("The costs fall very differently, the accuracies meet "
                    f"(at the end {worst:.1%} to {best:.1%})")

    spread = shapes.new_figure(12, 5, show)
    panels = spread.subplots(1, len(runs[0].shares), sharey=True)
    for ax, epoch, when in zip(panels, runs[0].shares, ("start", "middle", "end"), strict=True):
        for run, (colour, dashes) in zip(runs, shapes.LINES, strict=False):
            carried = np.cumsum(np.sort(run.shares[epoch])[::-1])
            part = np.arange(1, len(carried) + 1) / len(carried)
            ax.plot(100.0 * np.append(0.0, part), 100.0 * np.append(0.0, carried), color=colour,
                    linestyle=dashes, label=run.name)
        ax.plot([0, 100], [0, 100], color="0.5", linewidth=1.0)
        ax.set(xlabel="% of the examples, the loudest first", title=f"{when} (epoch {epoch})",
               xlim=(-2, 100), ylim=(0, 102))
    panels[0].set_ylabel("% of the last layer's gradient")
    panels[0].text(52, 44, "all alike", color="0.4", rotation=40, ha="center", va="center")
    panels[1].legend(loc="lower right", fontsize=11)
    heard = np.count_nonzero(runs[1].shares[EPOCHS])
    panels[-1].text(98, 5, f"{runs[1].name}\nhears {heard} of {len(carried)}", fontsize=12,
                    color=shapes.ORANGE, ha="right")
    spread.set_layout_engine("constrained", wspace=0.05)
    spread.suptitle("The loss decides who goes on teaching: "
                    "a handful under the hinge, nearly all under MSE")
    return [
        Picture(curves, "learning_curves.png",
                "Left: training cost relative to its start for three losses. Right: their test "
                "accuracy.",
                "The same network from the same first weights under three losses. One image of "
                "the test is 0.3 points: differences of this size between the accuracies mean "
                "nothing."),
        Picture(spread, "gradient_spread.png",
                "Three charts, at the start, middle and end of training: the share of the gradient "
                "carried by the examples, sorted by size, under three losses.",
                "Who teaches the last layer? Examples are sorted by the length of their gradient; "
                "the curve shows how much the loudest of them carry. On the diagonal all would "
                "carry the same. The multiclass hinge stops listening to whoever is right by a "
                "margin of 1; cross-entropy hardly hears those who are surely right; MSE goes on "
                "correcting everybody towards exactly 0 and 1."),
    ]


def page(pictures, report, seed) -> str:
    """index.html: the pictures with captions, and the table."""
    header, *rows = [[html.escape(cell) for cell in row] for row in report]
    cells = "".join(f"<th>{cell}</th>" for cell in header)
    lines = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    figures = "\n".join(
        f'<figure><img src="{p.file}" alt="{html.escape(p.alt)}">'
        f"<figcaption>{html.escape(p.caption)}</figcaption></figure>" for p in pictures)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>How a loss shapes the gradients</title>
<style>
body {{ font: 17px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
figure {{ margin: 2.5rem 0 }}
img {{ max-width: 100% }}
figcaption {{ max-width: 44rem }}
table {{ border-collapse: collapse }}
th, td {{ padding: .3rem .9rem; border-bottom: 1px solid #ccc; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
</style>
<h1>How a loss shapes the gradients</h1>
<p>Made by <code>python -m losses --seed {seed}</code>. Every curve is computed by the engine, none
by a formula written down by hand.</p>
{figures}
<h2>What each loss made of the gradients</h2>
<p>An MLP 64-128-10 on the 8×8 digits, {EPOCHS} epochs of Adam, every {EVERY}th row held out for the
test. Of the gradient in the last layer: the share that the loudest 1 % of the training examples
carry, and the share of examples that contribute exactly nothing.</p>
<table><tr>{cells}</tr>
{lines}
</table>
</html>
"""
