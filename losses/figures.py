"""The figures of the tour: how a loss shapes the gradients. Each function draws one picture.

Every curve is computed by the engine, none by a formula written down by hand. The titles state what
is to be seen, and the numbers in them are tested.
"""

from typing import NamedTuple

import numpy as np

import losses
from losses import shapes
from minigrad import datasets, sigmoid
from minigrad.nn import Linear, Sequential
from minigrad.palette import BLACK, BLUE, GREEN, LINES, ORANGE, SKY


class Picture(NamedTuple):
    """A figure, the file it goes to, its text for those who cannot see it, and its caption."""

    figure: object
    file: str
    alt: str
    caption: str


# -- losses as a user would write them -------------------------------------------------------------


def mse_after_sigmoid(pred, target, *, reduction="mean"):
    """Squared error between sigmoid(logit) and the label: a mistake that is often made."""
    return losses.mse(sigmoid(pred), target, reduction=reduction)


def naive_cross_entropy(pred, target, *, reduction="mean"):
    """-log sigmoid(z), as it stands in the book; for target 1 only."""
    return losses.reduction.reduced(-np.log(sigmoid(pred)), reduction)


def clipped_cross_entropy(pred, target, *, reduction="mean"):
    """The same with the probability kept away from 0 and 1, so that the logarithm is finite."""
    p = np.clip(sigmoid(pred), 1e-7, 1.0 - 1e-7)
    return losses.reduction.reduced(-np.log(p), reduction)


def minus(text) -> str:
    """With the minus sign that matplotlib's axes show."""
    return text.replace("-", "−")


# -- the shape of a loss ---------------------------------------------------------------------------


def of_kinds(*kinds) -> dict:
    """The losses of the catalogue that take these kinds of prediction, named for a legend."""
    notes = {"amount": ", target 3"} | dict.fromkeys(("logits", "scores"), ", 2 classes")
    return {entry.name + notes.get(entry.pred, ""): (entry.loss, entry.pred)
            for entry in losses.catalog() if entry.pred in kinds}


def stacked(family, pred, show, title):
    """One figure with loss, gradient and curvature of a family, one below the other."""
    figure = shapes.new_figure(8.5, 10, show)
    axes = shapes.draw_family(figure.subplots(3, 1, sharex=True), family, pred, below=True)
    figure.align_ylabels(axes)
    figure.suptitle(title)
    return figure


def overview(show) -> Picture:
    """Five losses and their gradients: the picture that README shows."""
    kind = {entry.name: (entry.loss, entry.pred) for entry in losses.catalog()}
    over_residual = {"mse": kind["mse"], "mae": kind["mae"], "huber (δ = 1)": kind["huber"]}
    over_margin = {name: kind[name] for name in ("sigmoid_cross_entropy", "hinge")}
    figure = shapes.new_figure(12, 7, show)
    grid = figure.subplots(2, 2, sharex="col")
    shapes.draw_family(grid[:, 0], over_residual, "value")[0].set_ylim(-0.3, 6.0)
    shapes.draw_family(grid[:, 1], over_margin, "score")
    grid[0, 0].set_title("predicting a number")
    grid[0, 1].set_title("deciding between two classes")
    figure.align_ylabels(grid[:, 0])
    figure.suptitle("A loss (above) teaches through its gradient (below): MSE's grows with the "
                    "error,\nMAE's and Huber's are bounded, the hinge's ends at margin 1")
    return Picture(
        figure, "shapes.png",
        "Four charts. Above, the losses MSE, MAE and Huber over the residual, and sigmoid "
        "cross-entropy and hinge over the margin; below each, its gradient.",
        "The same five losses as values and as slopes. Training sees only the slopes.")


def residual(show) -> Picture:
    """All losses for numbers over the residual."""
    figure = stacked(of_kinds("value", "amount"), "value", show,
                     "The derivative is the teaching signal: MSE pulls ever harder,\n"
                     "the robust losses have a limit, MSLE is lopsided")
    figure.axes[0].set_ylim(-0.3, 6.0)
    figure.axes[1].set_ylim(-3.3, 3.3)
    return Picture(
        figure, "residual.png",
        "Three stacked charts over the residual: loss, gradient and curvature of all losses for "
        "numbers.",
        "Regression losses over the residual (δ = 1, q = 0.5). The gradient, in the middle, is "
        "what the network gets to see: a straight line for MSE, two levels for MAE, and for Huber "
        "the line of ½e² cut off at ±δ; pseudo-Huber and log cosh round its corners. MSLE compares "
        "ratios: of a target of 3, nothing at all is pulled 17 times as hard as the double. The "
        "curvature below shows how fast the gradient changes; of MAE's jump at 0 it sees nothing.")


def margin(show) -> Picture:
    """The losses of a score over the margin, with the 0/1 loss that they stand in for."""
    figure = shapes.new_figure(8.5, 9, show)
    axes = figure.subplots(2, 1, sharex=True)
    style = {"color": "0.35", "linewidth": 4.0, "zorder": 1, "label": "0/1 loss: wrong or right"}
    axes[0].plot([-3.0, 0.0, 0.0, 3.0], [1.0, 1.0, 0.0, 0.0], **style)
    axes[1].plot([-3.0, 3.0], [0.0, 0.0], **style)
    square = shapes.shape(losses.mse, pred="score")  # broad: the squared hinge lies on a half of it
    style = {"color": SKY, "linewidth": 8.0, "alpha": 0.5, "label": "square: (1 − t·s)²"}
    axes[0].plot(square.x, square.loss, **style)
    axes[1].plot(square.x, square.gradient, **style)
    shapes.draw_family(axes, of_kinds("score"), "score", below=True)
    for ax in axes:
        ax.axvline(1.0, color="0.5", linewidth=0.8, zorder=0)
    axes[0].set_ylim(-0.3, 6.0)
    axes[1].set_ylim(-6.0, 4.3)
    figure.align_ylabels(axes)
    figure.suptitle("Who keeps pulling after being right? At margin 1 the hinges fall\n"
                    "silent, logistic and exponential fade, the square pulls back")
    return Picture(
        figure, "margin.png",
        "Two stacked charts over the margin: loss and gradient of hinge, squared hinge, logistic, "
        "exponential and square loss, beside the 0/1 loss.",
        "The 0/1 loss counts mistakes, and cannot teach: its gradient is 0 wherever there is one. "
        "The others stand in for it. A negative gradient pushes the margin up. The squared hinge "
        "is the square up to a margin of 1, and then nothing; squared error on labels of −1 and 1 "
        "punishes those who are right by more than 1 as if they were wrong.")


def probability(show) -> Picture:
    """The losses of a probability; with two classes all of them are one."""
    figure = stacked(of_kinds("probability", "probabilities", "distribution"), "probability", show,
                     "The surer the wrong answer, the steeper\nthe cross-entropy of a probability")
    figure.axes[2].set_yscale("log")
    return Picture(
        figure, "probability.png",
        "Three stacked charts over the probability of the right class: loss, gradient and "
        "curvature of the losses that compare probabilities.",
        "Losses over the probability given to the right class. Where the target is sure of one of "
        "two classes, binary and categorical cross-entropy and the Kullback-Leibler divergence are "
        "one and the same curve. Its gradient is −1/p; behind a sigmoid it turns into p − t, which "
        "is why the loss is better computed from the logit.")


def logit(show) -> Picture:
    """The losses of logits and of class scores; two classes, so that one number is enough."""
    figure = stacked(of_kinds("logit", "logits", "scores"), "logits", show,
                     "Computed from logits, no pull grows without limit;\n"
                     "whoever is right is heard less, or not at all")
    figure.axes[-1].set_xlabel("logit z with target 1, or lead of the right one of two classes")
    return Picture(
        figure, "logit.png",
        "Three stacked charts over the logit: loss, gradient and curvature of sigmoid and softmax "
        "cross-entropy, focal loss and multiclass hinge.",
        "With two classes softmax cross-entropy of the lead is sigmoid cross-entropy. The focal "
        "loss (γ = 2) turns its back on the sure ones sooner, and is not convex: where its "
        "curvature is negative, the pull gets weaker as the answer gets worse. The multiclass "
        "hinge pulls with full strength up to a lead of 1, and then not at all.")


def gradient_field(show) -> Picture:
    """Where the predictions of a plane are pulled, under four losses."""
    figure = shapes.new_figure(11.5, 12, show)
    grid = figure.subplots(2, 2)
    for ax, loss in zip(grid[0], (losses.mse, losses.mae), strict=True):
        shapes.draw_field(ax, loss, [0.0, 0.0])
        ax.set(title=f"{loss.__name__} of two numbers, target (0, 0)",
               xlabel="first residual", ylabel="second residual")
    for ax, loss in zip(grid[1], (losses.softmax_cross_entropy, losses.multiclass_hinge),
                        strict=True):
        shapes.draw_field(ax, loss, 0, rest=[0.0])
        ax.set(title=f"{loss.__name__}\nthree classes, the first is right",
               xlabel="score of class 0 (right)", ylabel="score of class 1 (wrong)")
    figure.suptitle("Minus the gradient: MSE aims at the target, MAE only sees signs,\n"
                    "the softmax moves every class, the hinge the right one and its worst rival")
    return Picture(
        figure, "gradient_field.png",
        "Four planes of arrows that show minus the gradient: of MSE and MAE over two residuals, of "
        "softmax cross-entropy and multiclass hinge over two of three class scores.",
        "Arrows point downhill, and within a chart their lengths can be compared; grey lines join "
        "predictions of equal loss. In the lower charts class 2 stays at score 0. Under softmax "
        "cross-entropy the right class is pushed up and each wrong one down by its own "
        "probability. The multiclass hinge pushes down only the rival that leads, which in the "
        "lower half is class 2, outside this plane; beyond a lead of 1 there is no arrow.")


# -- saturation ------------------------------------------------------------------------------------


def saturation(show) -> Picture:
    """The gradient in the logit, target 1, of MSE after a sigmoid and of cross-entropy."""
    z = np.linspace(-8.0, 8.0, 801)
    rivals = {"sigmoid_cross_entropy": losses.sigmoid_cross_entropy,
              "mse after sigmoid": mse_after_sigmoid}
    figure = shapes.new_figure(9, 6, show)
    ax = figure.subplots()
    at = {}
    for (name, loss), (colour, dashes) in zip(rivals.items(), LINES, strict=False):
        curve = shapes.shape(loss, z, pred="logit")
        at[name] = shapes.shape(loss, [-6.0], pred="logit").gradient[0]
        ax.plot(z, curve.gradient, color=colour, linestyle=dashes, label=name)
        ax.plot(-6.0, at[name], marker="o", markersize=9, color=colour)
    right, faded = at.values()
    ax.text(-5.8, right + 0.05, minus(f"{right:.3f}"), color=BLUE, fontsize=14)
    ax.text(-5.8, faded - 0.07, minus(f"{faded:.4f}"), color=ORANGE, fontsize=14)
    ax.annotate("", (-6.0, right), (-6.0, faded), arrowprops={"arrowstyle": "<->", "color": "0.4"})
    ax.text(-5.8, -0.5, f"{right / faded:.0f} times", color="0.4", fontsize=14, va="center")
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    ax.set(xlabel="logit z, target 1  (left: surely wrong, right: surely right)",
           ylabel="gradient in z", xlim=(-8.0, 8.0), ylim=(-1.05, 0.08))
    ax.legend(loc="lower right")
    figure.suptitle("Surely wrong, and hardly corrected: at z = −6 cross-entropy pulls\n"
                    f"{right / faded:.0f} times as hard as squared error behind a sigmoid")
    return Picture(
        figure, "saturation.png",
        "The gradient over the logit for target 1: sigmoid cross-entropy goes to −1 on the left, "
        "squared error after a sigmoid goes back to 0.",
        "A logit of −6 says 0.2 % where the truth is 1. The sigmoid is flat there, and squared "
        "error multiplies its pull by that slope. In cross-entropy the slope cancels: what is left "
        "is prediction minus target.")


def stability(show) -> Picture:
    """Cross-entropy over logits in [-1000, 1000]: naive, clipped, and computed from logits."""
    z = np.union1d(np.linspace(-1000.0, 1000.0, 4001), np.linspace(-40.0, 40.0, 801))
    rivals = {"naive: −log(sigmoid(z))": (naive_cross_entropy, ORANGE, "--"),
              "clipped: −log(clip(sigmoid(z)))": (clipped_cross_entropy, GREEN, "-."),
              "sigmoid_cross_entropy(z)": (losses.sigmoid_cross_entropy, BLUE, "-")}
    # the naive loss makes log 0, 1 / 0 and 0 * inf: to show this is the purpose of the picture
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        curves = {name: shapes.shape(loss, z, pred="logit")
                  for name, (loss, _, _) in rivals.items()}
    naive, clipped, _ = curves.values()
    lost = z[~np.isfinite(naive.gradient)].max()
    alive = z[clipped.gradient != 0.0].min()
    figure = shapes.new_figure(10, 8.5, show)
    axes = figure.subplots(2, 1, sharex=True)
    for (name, curve), (_, colour, dashes) in zip(curves.items(), rivals.values(), strict=True):
        width = 6.0 if colour == BLUE else 2.6  # the right one lies under those that coincide
        zorder = 1 if colour == BLUE else 2
        for ax, values in zip(axes, curve[1:], strict=False):
            ax.plot(z, values, color=colour, linestyle=dashes, label=name, zorder=zorder,
                    linewidth=width, alpha=0.45 if colour == BLUE else 1.0)
    for ax in axes:
        ax.axvspan(-1000.0, lost, color=ORANGE, alpha=0.15, linewidth=0)
        ax.axvspan(lost, alive, color=GREEN, alpha=0.10, linewidth=0)
        ax.set_xscale("symlog", linthresh=10.0)
    axes[0].set_yscale("symlog", linthresh=10.0)
    axes[0].set(ylabel="loss", ylim=(-0.5, 1500.0))
    axes[1].set(ylabel="gradient in z", ylim=(-1.12, 0.3), xlim=(-1000.0, 1000.0),
                xlabel="logit z, target 1  (±10 linear, beyond logarithmic)")
    axes[1].text(-105.0, 0.06, minus(f"clipped: 0 below {alive:.1f}"), ha="center", fontsize=12,
                 color=GREEN)
    axes[1].text(-620.0, -0.5, minus(f"naive: nan or inf\nbelow {lost:.0f}"), fontsize=12,
                 color=ORANGE, va="center")
    axes[0].legend(loc="upper right", fontsize=12)
    figure.align_ylabels(axes)
    figure.suptitle("Three ways to write one loss: the naive one breaks, the clipped one\n"
                    "stops learning, the one computed from logits is right everywhere")
    return Picture(
        figure, "stability.png",
        "Two charts over logits from −1000 to 1000: value and gradient of cross-entropy written "
        "naively, with a clipped probability, and computed from the logit.",
        "For target 1 the right gradient goes from −1 to 0. Where the sigmoid rounds to 0 the "
        "naive loss is infinite and its gradient 0 · inf = nan, which ruins every weight in one "
        "step. Clipping the probability takes away the nan, and with it the gradient, exactly for "
        "those who are most wrong.")


# -- outliers --------------------------------------------------------------------------------------

VALUES = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
CONSTANTS = {  # name -> loss, its options, and what statisticians call the answer
    "mse": (losses.mse, {}, "the mean"),
    "mae": (losses.mae, {}, "the median"),
    "huber, δ = 1": (losses.huber, {"delta": 1.0}, "here the median too"),
    "msle": (losses.msle, {}, "the geometric mean of 1 + t, less 1"),
    "quantile, q = 0.9": (losses.quantile, {"q": 0.9}, "the 90 % quantile"),
}


def best_constants() -> dict[str, float]:
    """For each of five losses the constant that fits {1, 2, 3, 4, 100} best."""
    return {name: shapes.best_constant(loss, VALUES, **options)
            for name, (loss, options, _) in CONSTANTS.items()}


def constants(show) -> Picture:
    """The loss of one constant for {1, 2, 3, 4, 100}, with the best one marked."""
    c = np.union1d(np.geomspace(0.8, 130.0, 400), VALUES)
    rows, targets = np.repeat(c[:, None], 5, axis=1), np.tile(VALUES, (len(c), 1))
    best = best_constants()
    figure = shapes.new_figure(9, 11, show)
    axes = figure.subplots(5, 1, sharex=True)
    for ax, (name, (loss, options, meaning)), (colour, _) in zip(axes, CONSTANTS.items(), LINES,
                                                                 strict=False):
        curve = loss(rows, targets, reduction="none", **options).mean(axis=1)
        lowest = loss(np.full(5, best[name]), VALUES, **options)
        ax.plot(c, curve, color=colour)
        ax.plot(best[name], lowest, marker="o", markersize=11, color=BLACK, linestyle="")
        ax.axvline(best[name], color=BLACK, linewidth=1.2, linestyle=":")
        ax.vlines(VALUES, 0.0, 0.12, color="0.5", linewidth=4.0, zorder=1,
                  transform=ax.get_xaxis_transform())
        rise = curve[0] - lowest  # the valley fills the chart; on the right the curve leaves it
        ax.set_ylim(lowest - 0.35 * rise, lowest + 1.5 * rise)
        ax.set_title(f"{name}: best at {best[name]:.3g}, {meaning}", loc="left", fontsize=13)
        ax.set_ylabel("mean loss")
    axes[-1].set_xscale("log")
    axes[-1].set_xticks([1, 2, 3, 4, 10, 20, 50, 100], [1, 2, 3, 4, 10, 20, 50, 100])
    axes[-1].minorticks_off()
    axes[-1].set(xlim=(0.8, 130.0), xlabel="one constant as the answer for all five values, the "
                                           "grey marks (logarithmic)")
    figure.align_ylabels(axes)
    figure.suptitle("The loss decides what the best answer for 1, 2, 3, 4 and 100 is:\n"
                    "it runs from 3 to 100")
    return Picture(
        figure, "constants.png",
        "Five charts: the mean loss of a constant prediction for the values 1, 2, 3, 4 and 100, "
        "each with its minimum marked: MSE 22, MAE 3, Huber 3, MSLE 5.56, quantile loss 100.",
        "If a network may answer with one number only, the loss chooses that number: the mean "
        "under MSE, which the one large value drags away from all others, the median under MAE. "
        "Each minimum was found on the engine's gradient; the charts show the valley around it.")


def outlier(show) -> Picture:
    """Each point's share of the gradient of a line, one reading being wrong."""
    x, y = datasets.line_with_outliers(n=20, outliers=1)
    line = Sequential(Linear(1, 1, rng=0))
    line.layers[0].weight.data, line.layers[0].bias.data = [[2.0]], [1.0]
    rivals = [losses.mse, losses.mae, losses.huber, losses.pseudo_huber]
    figure = shapes.new_figure(13, 6.5, show)
    axes = figure.subplot_mosaic([["data", "mse", "mae"], ["data", "huber", "pseudo_huber"]],
                                 width_ratios=[1.2, 1.0, 1.0])
    data = axes.pop("data")
    data.plot(x[:, 0], line(x).data[:, 0], color=BLACK, label="y = 2x + 1, where it stands now")
    data.plot(x[:-1, 0], y[:-1, 0], marker="o", markersize=8, linestyle="", color=BLUE,
              label="19 good readings")
    data.plot(x[-1:, 0], y[-1:, 0], marker="X", markersize=13, linestyle="", color=ORANGE,
              label="one wrong reading")
    data.set(xlabel="x", ylabel="y", title="The line is right")
    data.legend(loc="upper left", fontsize=11)
    data.set_ylim(-6.5, 9.5)
    carried = []
    for ax, loss in zip(axes.values(), rivals, strict=True):
        share = 100.0 * shapes.gradient_share(shapes.last_layer_gradient(line, loss, x, y))
        carried.append(share[-1])
        ax.bar(np.arange(1, 21), share, color=[BLUE] * 19 + [ORANGE])
        ax.text(20.6, share[-1] + 2.0, f"{share[-1]:.0f} %", color=ORANGE, ha="right", fontsize=14)
        ax.set(title=loss.__name__, ylim=(0.0, 100.0), xticks=[1, 5, 10, 15, 20])
        ax.grid(visible=False, axis="x")
        if loss in (losses.mse, losses.huber):
            ax.set_ylabel("% of the gradient")
        if loss in (losses.huber, losses.pseudo_huber):
            ax.set_xlabel("point, from left to right")
    figure.suptitle(f"One wrong reading among twenty owns {carried[0]:.0f} % of MSE's step, and "
                    f"{min(carried[1:]):.0f} to {max(carried[1:]):.0f} % under the robust losses")
    return Picture(
        figure, "outlier.png",
        "Left: twenty points on a line, the last one far below it. Right: each point's share of "
        "the gradient under MSE, MAE, Huber and pseudo-Huber.",
        "The line is where it should be, and one reading of twenty is wrong by 10. What share of "
        "the next step is its doing? Under MSE it outvotes the nineteen others together. MAE "
        "gives everybody one vote, a little more to those far from the middle, whose pull also "
        "turns the line. Huber and pseudo-Huber cap the pull of the one and let the small "
        "residuals fade, so they stand between.")


# -- who is still teaching -------------------------------------------------------------------------

SMALLEST = 1e-6  # a logarithmic axis has no place for 0: what is smaller is drawn here


def still_teaching(runs, show) -> Picture:
    """Histograms of every example's gradient: `runs` maps loss -> epoch -> sizes (n,)."""
    epochs = list(next(iter(runs.values())))
    figure = shapes.new_figure(13, 8.5, show)
    grid = figure.subplots(len(runs), len(epochs), sharex=True, sharey=True)
    bins = np.geomspace(SMALLEST / 2.0, 2.0, 27)
    for row, (name, sizes), (colour, _) in zip(grid, runs.items(), LINES, strict=False):
        for ax, epoch in zip(row, epochs, strict=True):
            silent = np.mean(sizes[epoch] == 0.0)
            ax.hist(np.maximum(sizes[epoch], SMALLEST), bins=bins, color=colour, edgecolor="white",
                    weights=np.full(len(sizes[epoch]), 100.0 / len(sizes[epoch])))
            middle = np.median(sizes[epoch])
            said = f"{100 * silent:.0f} % exactly 0" if silent else f"median {middle:.2g}"
            ax.text(0.47, 0.84, said, transform=ax.transAxes, fontsize=13, ha="center")
            ax.set(xscale="log", ylim=(0.0, 105.0))
        row[0].set_ylabel(f"{name}\n% of the examples")
    for ax, epoch in zip(grid[0], epochs, strict=True):
        ax.set_title(f"epoch {epoch}")
    for ax in grid[-1]:
        ax.set_xticks([SMALLEST, 1e-4, 1e-2, 1.0], [r"$\leq 10^{-6}$", "0.0001", "0.01", "1"])
        ax.minorticks_off()
        ax.set_xlabel("size of the example's gradient")
    figure.suptitle("Who is still teaching? Under the hinge a few at full voice, the others not at "
                    "all;\nunder cross-entropy everybody a little; under MSE after a sigmoid "
                    "nobody above 0.3")
    return Picture(
        figure, "still_teaching.png",
        "Nine histograms of the size of each example's gradient: three losses, before training, "
        "after 10 epochs and after 100.",
        "Two noisy half moons, the same network under three losses; the size is that of the "
        "derivative in the network's output. The hinge has no small gradients: 1 or nothing. "
        "Cross-entropy turns the volume down example by example, and keeps those loud (close to "
        "1) that are surely wrong. Squared error behind a sigmoid never exceeds 0.3, and goes "
        "down to 0 at both ends, for the surely right and for the surely wrong.")


# -- the digits ------------------------------------------------------------------------------------


def learning_curves(runs, show) -> Picture:
    """Cost and accuracy over the epochs, one line for each loss."""
    figure = shapes.new_figure(11, 5, show)
    left, right = figure.subplots(1, 2)
    for run, (colour, dashes) in zip(runs, LINES, strict=False):
        style = {"color": colour, "linestyle": dashes, "label": run.name}
        left.plot(np.array(run.cost) / run.cost[0], **style)
        right.plot(100.0 * np.array(run.accuracy), **style)
    left.set(yscale="log", xlabel="epoch", ylabel="training cost / its first value",
             title="How far each cost fell")
    right.set(xlabel="epoch", ylabel="test accuracy, %", ylim=(85, 100),
              title="What it was worth on new digits")
    right.legend(loc="lower right")
    worst, *_, best = sorted(run.accuracy[-1] for run in runs)
    figure.suptitle("The costs fall very differently, the accuracies meet "
                    f"(at the end {worst:.1%} to {best:.1%})")
    return Picture(
        figure, "learning_curves.png",
        "Left: training cost relative to its start for three losses. Right: their test "
        "accuracy.",
        "The same network from the same first weights under three losses. One image of "
        "the test is 0.3 points: differences of this size between the accuracies mean "
        "nothing.")


def gradient_spread(runs, show) -> Picture:
    """How the gradient is spread over the examples, at three times of the training."""
    figure = shapes.new_figure(12, 5, show)
    panels = figure.subplots(1, len(runs[0].shares), sharey=True)
    for ax, epoch, when in zip(panels, runs[0].shares, ("start", "middle", "end"), strict=True):
        for run, (colour, dashes) in zip(runs, LINES, strict=False):
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
    heard = np.count_nonzero(runs[1].shares[epoch])
    panels[-1].text(98, 5, f"{runs[1].name}\nhears {heard} of {len(carried)}", fontsize=12,
                    color=ORANGE, ha="right")
    figure.set_layout_engine("constrained", wspace=0.05)
    figure.suptitle("The loss decides who goes on teaching: "
                    "a handful under the hinge, nearly all under MSE")
    return Picture(
        figure, "gradient_spread.png",
        "Three charts, at the start, middle and end of training: the share of the gradient "
        "carried by the examples, sorted by size, under three losses.",
        "Who teaches the last layer? Examples are sorted by the length of their gradient; "
        "the curve shows how much the loudest of them carry. On the diagonal all would "
        "carry the same. The multiclass hinge stops listening to whoever is right by a "
        "margin of 1; cross-entropy hardly hears those who are surely right; MSE goes on "
        "correcting everybody towards exactly 0 and 1.")
