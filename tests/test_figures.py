"""The figures of the tour: what a title or a caption says is what the engine computes."""

import re
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import losses
from losses import figures, shapes, tour
from minigrad import palette

DRAWN = [figures.overview, figures.residual, figures.margin, figures.probability, figures.logit,
         figures.gradient_field, figures.saturation, figures.stability, figures.constants,
         figures.outlier]


@pytest.fixture(autouse=True)
def pyplot_untouched():
    """No figure may open a window, or leave a changed style behind."""
    before, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == before and dict(matplotlib.rcParams) == style


@pytest.fixture(scope="module")
def moons():
    """Loss -> epoch -> the size of each example's gradient."""
    return tour.train_moons(seed=0)


def labelled(ax):
    return {line.get_label(): line for line in ax.get_lines()
            if not line.get_label().startswith("_")}


def drawable():
    return {entry.name: entry for entry in losses.catalog() if entry.pred in shapes.AXES}


def names_in(label):
    """The losses of the catalogue that a legend names: "mae = l1", "msle, target 3"."""
    return [name for name in re.findall(r"[a-z_0-9]+", label) if name in drawable()]


# -- every picture ---------------------------------------------------------------------------------


def is_complete(picture):
    assert re.fullmatch(r"[a-z_]+\.png", picture.file)
    assert len(picture.figure.get_suptitle()) > 20, "the title is the message"
    assert len(picture.alt) > 40 and picture.caption.endswith(".")
    for ax in picture.figure.axes:
        assert ax.has_data()
        below = {ax, *ax.get_shared_x_axes().get_siblings(ax)}
        column = [other for other in picture.figure.axes if other.get_xlabel() and
                  other.get_position().x0 == ax.get_position().x0]
        assert any(other.get_xlabel() for other in below) or column, "an x axis unnamed"
        row = [other for other in picture.figure.axes if other.get_ylabel() and
               other.get_position().y0 == ax.get_position().y0]
        assert row, "a y axis unnamed"


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_a_picture_has_a_title_labels_alternative_text_and_a_caption(draw):
    with matplotlib.rc_context(palette.STYLE):
        is_complete(draw(False))


def cut_off(figure):
    """How far, in inches, anything reaches beyond the edge when the figure is saved."""
    shapes.settle(figure)
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_nothing_is_cut_off_at_the_edge_of_a_picture(draw):
    with matplotlib.rc_context(palette.STYLE):
        assert cut_off(draw(False).figure) <= 0.01


@pytest.mark.parametrize("names", [["focal"], ["huber", "mse", "mae"], ["hinge", "mse", "focal"]])
def test_nothing_is_cut_off_where_losses_are_drawn_by_name(names):
    with matplotlib.rc_context(palette.STYLE):
        assert cut_off(shapes.draw_losses([getattr(losses, name) for name in names])) <= 0.01


@pytest.mark.parametrize("entry", drawable().values(), ids=lambda entry: entry.name)
def test_nothing_is_cut_off_where_one_loss_is_drawn(entry):
    with matplotlib.rc_context(palette.STYLE):
        assert cut_off(shapes.draw_loss(entry.loss)) <= 0.01


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_a_picture_can_be_drawn_in_any_style(draw):
    """In a notebook, say, where nobody has set the style of the tour."""
    assert draw(False).figure.axes


# -- the shapes (figures 1 and 2) ------------------------------------------------------------------


@pytest.mark.parametrize("draw", [figures.overview, figures.residual, figures.margin,
                                  figures.probability, figures.logit], ids=lambda d: d.__name__)
def test_shapes_are_drawn_with_the_numbers_of_the_engine(draw):
    for ax in draw(False).figure.axes:
        for label, line in labelled(ax).items():
            for name in names_in(label):
                numbers = shapes.shape(drawable()[name].loss)
                np.testing.assert_array_equal(line.get_xdata(), numbers.x)
                if ax.get_ylabel():
                    np.testing.assert_allclose(line.get_ydata(),
                                               getattr(numbers, ax.get_ylabel()), atol=1e-8)


def test_every_loss_of_the_catalogue_is_drawn_with_its_gradient():
    seen = {name for draw in (figures.residual, figures.margin, figures.probability, figures.logit)
            for ax in draw(False).figure.axes if ax.get_ylabel() == "gradient"
            for label in labelled(ax) for name in names_in(label)}
    assert seen == set(drawable())


def test_a_loss_that_is_added_to_the_catalogue_is_drawn(monkeypatch):
    def fourth_power(pred, target, *, reduction="mean"):
        return (pred - target) ** 4

    more = [*losses.catalog(), losses.Entry("regression", fourth_power, "value", "e⁴")]
    monkeypatch.setattr(losses, "catalog", lambda: more)
    assert "fourth_power" in labelled(figures.residual(False).figure.axes[0])


def test_all_regression_losses_share_one_axis():
    loss, gradient, curvature = figures.residual(False).figure.axes
    named = {name for label in labelled(gradient) for name in names_in(label)}
    assert named == {e.name for e in losses.catalog() if e.family == "regression"} - {"rmse"}
    assert loss.get_shared_x_axes().joined(loss, gradient)
    assert gradient.get_shared_x_axes().joined(gradient, curvature)


def test_the_pull_of_msle_on_nothing_is_17_times_that_on_the_double():
    nothing, double = shapes.shape(losses.msle, [-3.0, 3.0]).gradient
    assert round(-nothing / double) == 17
    assert "17 times" in figures.residual(False).caption


def test_the_0_1_loss_is_drawn_and_its_gradient_is_0():
    loss, gradient = (labelled(ax) for ax in figures.margin(False).figure.axes)
    name = next(name for name in loss if name.startswith("0/1"))
    x, y = loss[name].get_data()
    assert set(zip(x, y, strict=True)) == {(-3.0, 1.0), (0.0, 1.0), (0.0, 0.0), (3.0, 0.0)}
    assert not np.any(gradient[name].get_ydata())


def test_who_keeps_pulling_after_being_right():
    """At margin 2: the hinges not, logistic and exponential a little, the square backwards."""
    gradient = labelled(figures.margin(False).figure.axes[1])
    at_2 = {name: np.interp(2.0, *line.get_data()) for name, line in gradient.items()}
    assert at_2["hinge"] == at_2["squared_hinge"] == 0.0
    assert -0.15 < at_2["exponential"] < -0.1 and -0.15 < at_2["logistic"] < -0.1
    square = next(value for name, value in at_2.items() if name.startswith("square:"))
    assert square == pytest.approx(2.0)


def test_losses_of_a_probability_coincide_with_two_classes():
    assert [names_in(label) for label in labelled(figures.probability(False).figure.axes[0])] == [
        ["binary_cross_entropy", "categorical_cross_entropy", "kl_divergence"]]


def test_the_focal_loss_bends_down_where_the_caption_says_so():
    curves = shapes.shape(losses.focal)
    assert curves.curvature[0] < 0.0 and curves.curvature[300] > 0.0


# -- saturation (figures 3 and 24) -----------------------------------------------------------------


def test_at_logit_minus_6_cross_entropy_pulls_203_times_as_hard_as_mse_after_a_sigmoid():
    faded = shapes.shape(figures.mse_after_sigmoid, [-6.0], pred="logit").gradient[0]
    right = shapes.shape(losses.sigmoid_cross_entropy, [-6.0]).gradient[0]
    assert (round(faded, 4), round(right, 3), round(right / faded)) == (-0.0049, -0.998, 203)
    picture = figures.saturation(False)
    assert "203 times" in picture.figure.get_suptitle()
    said = {text.get_text() for text in picture.figure.axes[0].texts}
    assert {"−0.0049", "−0.998", "203 times"} <= said


def test_the_naive_loss_breaks_the_clipped_one_is_dead_and_that_of_the_logit_is_right():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, gradient = (labelled(ax) for ax in figures.stability(False).figure.axes)
    naive, clipped, right = (line.get_ydata() for line in gradient.values())
    z = next(iter(gradient.values())).get_xdata()
    assert (z[0], z[-1]) == (-1000.0, 1000.0)
    np.testing.assert_allclose(right, -0.5 + 0.5 * np.tanh(z / 2.0), atol=1e-12)
    np.testing.assert_allclose(list(loss.values())[2].get_ydata(), np.logaddexp(0.0, -z),
                               atol=1e-12)
    assert np.isnan(naive[z < -746.0]).all() and not np.isfinite(naive[z < -709.8]).any()
    np.testing.assert_allclose(naive[z > -709.0], right[z > -709.0], atol=1e-12)
    assert not clipped[z < -16.15].any(), "the dead band"
    np.testing.assert_allclose(clipped[(z > -16.0) & (z < 16.0)], right[(z > -16.0) & (z < 16.0)],
                               rtol=1e-6)
    assert right[z == -40.0] == -1.0, "where the clipped one has stopped learning"


def test_the_numbers_in_the_picture_are_where_the_bands_end():
    said = " ".join(text.get_text() for text in figures.stability(False).figure.axes[1].texts)
    assert "below −16.1" in said and "below −710" in said


def test_numpys_own_settings_are_left_alone():
    before = np.geterr()
    figures.stability(False)
    assert np.geterr() == before


# -- outliers (figures 7 and 8) --------------------------------------------------------------------


def test_the_best_constants_for_1_2_3_4_and_100():
    best = list(figures.best_constants().values())
    assert best == pytest.approx([22.0, 3.0, 3.0, 12120**0.2 - 1.0, 100.0], rel=1e-9)
    assert [float(f"{constant:.3g}") for constant in best] == [22.0, 3.0, 3.0, 5.56, 100.0]


def test_the_best_constants_are_marked_at_the_bottom_of_the_curves():
    axes = figures.constants(False).figure.axes
    for ax, (name, best) in zip(axes, figures.best_constants().items(), strict=True):
        curve, mark, _ = ax.get_lines()
        assert mark.get_xdata() == pytest.approx([best])
        assert mark.get_ydata()[0] <= curve.get_ydata().min() + 1e-9
        assert ax.get_title(loc="left").startswith(f"{name}: best at {best:.3g}, ")
        low, high = ax.get_ylim()
        assert low < mark.get_ydata()[0] < high
        data = next(c for c in ax.collections if type(c).__name__ == "LineCollection")
        assert [segment[0, 0] for segment in data.get_segments()] == [1, 2, 3, 4, 100]


def test_each_points_share_is_that_of_its_own_gradient():
    """By hand: |dL/de| sqrt(x^2 + 1) for the slope and the intercept of the line y = 2x + 1."""
    from minigrad import datasets
    x, y = datasets.line_with_outliers(n=20, outliers=1)
    e, length = (2.0 * x + 1.0 - y)[:, 0], np.sqrt(x[:, 0] ** 2 + 1.0)
    pulls = [2.0 * np.abs(e), np.ones(20), np.minimum(np.abs(e), 1.0), np.abs(e) / np.hypot(1, e)]
    _, *bars = figures.outlier(False).figure.axes
    for ax, pull in zip(bars, pulls, strict=True):
        heights = [bar.get_height() for bar in ax.patches]
        np.testing.assert_allclose(heights, 100.0 * pull * length / (pull * length).sum())


def test_one_outlier_owns_mses_step():
    picture = figures.outlier(False)
    share = [ax.patches[-1].get_height() for ax in picture.figure.axes[1:]]
    assert share[0] > 50.0 > 35.0 > max(share[1:]), "it outvotes the nineteen others together"
    assert f"{share[0]:.0f} % of MSE's" in picture.figure.get_suptitle()
    assert f"{min(share[1:]):.0f} to {max(share[1:]):.0f} %" in picture.figure.get_suptitle()


# -- who is still teaching (figure 14) -------------------------------------------------------------


def test_histograms_are_those_of_every_examples_gradient(moons):
    with matplotlib.rc_context(palette.STYLE):
        picture = figures.still_teaching(moons, False)
        is_complete(picture)
    grid = np.array(picture.figure.axes).reshape(3, 3)
    assert [ax.get_title() for ax in grid[0]] == ["epoch 0", "epoch 10", "epoch 100"]
    for row, (name, sizes) in zip(grid, moons.items(), strict=True):
        assert row[0].get_ylabel().startswith(name)
        for ax, epoch in zip(row, (0, 10, 100), strict=True):
            heights = np.array([bar.get_height() for bar in ax.patches])
            assert heights.sum() == pytest.approx(100.0), "nobody is left out"
            loud = [bar.get_height() for bar in ax.patches if bar.get_x() > 0.05]
            bound = min(bar.get_x() for bar in ax.patches if bar.get_x() > 0.05)
            assert sum(loud) == pytest.approx(100.0 * np.mean(sizes[epoch] >= bound), abs=0.5)


@pytest.mark.parametrize("seed", [0, 1])
def test_who_is_still_teaching_is_what_the_title_says(seed):
    hears = tour.train_moons(seed)
    hinge = hears["hinge"][100]
    assert set(hinge) == {0.0, 1.0}, "at full voice, or not at all"
    assert 0.05 < hinge.mean() < 0.3, "a few"
    cross_entropy = hears["sigmoid_cross_entropy"]
    assert (cross_entropy[100] > 0.0).all(), "everybody"
    assert np.median(cross_entropy[100]) < 0.05 < np.median(cross_entropy[0]), "a little"
    assert cross_entropy[100].max() > 0.5, "the surely wrong stay loud"
    for sizes in hears["mse after sigmoid"].values():
        assert 0.0 < sizes.max() <= 8.0 / 27.0 + 1e-12 < 0.3
