"""The tour, in small: a short training, its table, its pictures, its page."""

import re
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import losses
from losses import figures, tour
from minigrad import datasets, palette
from minigrad.nn import MLP

VOID = {"meta", "img", "br", "hr", "link"}  # elements of HTML without an end
OPTIONAL = {"html", "body", "head", "p", "tr"}  # and those whose end may be left out


@pytest.fixture
def short(monkeypatch):
    """Four epochs in place of forty."""
    monkeypatch.setattr(tour, "EPOCHS", 4)


@pytest.fixture
def split():
    """A tenth of the digits: 144 rows for training and 36 for the test."""
    x, y = datasets.digits()
    return x[:144], y[:144], x[144:180], y[144:180]


def silent(_):
    """Takes the place of print."""


@pytest.fixture
def runs(short, split):
    rivals = {"softmax_cross_entropy": losses.softmax_cross_entropy,
              "multiclass_hinge": losses.multiclass_hinge, "mse on one-hot": tour.mse_one_hot}
    return [tour.train(name, loss, split, 0, silent) for name, loss in rivals.items()]


def recorded(loss):
    """A loss that writes down the predictions and the labels of every call."""
    calls = []

    def spy(pred, labels, **options):
        calls.append((pred.data.copy(), np.array(labels)))
        return loss(pred, labels, **options)

    return spy, calls


# -- training --------------------------------------------------------------------------------------


def test_every_loss_starts_from_the_same_weights_and_sees_the_same_batches(short, split):
    spies = [recorded(loss) for loss in (losses.softmax_cross_entropy, losses.multiclass_hinge,
                                         tour.mse_one_hot)]
    for name, (spy, _) in zip(("a", "bc", "def"), spies, strict=True):
        tour.train(name, spy, split, 0, silent)
    first, *others = [calls for _, calls in spies]
    assert len({labels.tobytes() for _, labels in first}) > 4, "the batches are shuffled"
    for calls in others:
        np.testing.assert_array_equal(calls[0][0], first[0][0], "other first weights")
        assert len(calls) == len(first)
        for (_, labels), (_, expected) in zip(calls, first, strict=True):
            np.testing.assert_array_equal(labels, expected, "other batches")


def test_every_row_is_seen_once_an_epoch(short, split, monkeypatch):
    monkeypatch.setattr(tour, "EPOCHS", 1)
    x, y, *test = split
    rows = np.arange(len(x))
    seen = []

    def spy(pred, labels, reduction="mean"):
        seen.append(np.array(labels))
        return losses.softmax_cross_entropy(pred, labels % 10, reduction=reduction)

    tour.train("spy", spy, (x, 10 * rows + y, *test), 0, silent)
    batches = np.concatenate([labels for labels in seen if len(labels) < len(x)])
    np.testing.assert_array_equal(np.sort(batches), 10 * rows + y)


def test_a_seed_reproduces_a_run_and_another_seed_changes_it(short, split):
    runs = [tour.train("mse", tour.mse_one_hot, split, seed, silent) for seed in (3, 3, 4)]
    assert runs[0].cost == runs[1].cost and runs[0].accuracy == runs[1].accuracy
    for epoch, shares in runs[0].shares.items():
        np.testing.assert_array_equal(shares, runs[1].shares[epoch])
    assert runs[0].cost != runs[2].cost


def test_a_run_records_every_epoch_and_the_one_before_any(runs, split):
    for run in runs:
        assert len(run.cost) == len(run.accuracy) == tour.EPOCHS + 1
        assert run.cost[-1] < run.cost[0], f"{run.name} learned nothing"
        assert all(0.0 <= accuracy <= 1.0 for accuracy in run.accuracy)
    assert len({run.accuracy[0] for run in runs}) == 1, "before training all are the same network"


def test_shares_are_recorded_at_the_start_in_the_middle_and_at_the_end(runs, split):
    for run in runs:
        assert list(run.shares) == [0, 2, 4]
        for shares in run.shares.values():
            assert shares.shape == (len(split[0]),)
            assert shares.sum() == pytest.approx(1.0) and (shares >= 0.0).all()


def test_training_leaves_the_global_random_state_alone(short, split):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tour.train("mse", tour.mse_one_hot, split, 0, silent)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_mse_on_one_hot_rows_is_the_mean_square_over_all_outputs():
    pred, labels = np.random.default_rng(0).normal(size=(4, 10)), np.array([3, 0, 9, 3])
    expected = (pred - np.eye(10)[labels]) ** 2
    np.testing.assert_allclose(tour.mse_one_hot(pred, labels, reduction="none"), expected)
    assert tour.mse_one_hot(pred, labels) == pytest.approx(expected.mean())


def test_with_the_default_settings_softmax_cross_entropy_reads_the_digits():
    x, y = datasets.digits()
    out = np.arange(len(x)) % tour.EVERY == 0
    run = tour.train("softmax_cross_entropy", losses.softmax_cross_entropy,
                     (x[~out], y[~out], x[out], y[out]), 0, silent)
    assert run.accuracy[-1] >= 0.96, f"only {run.accuracy[-1]:.1%} of the held-out digits"


def test_all_three_are_trained_on_the_same_rows_and_it_says_so(short):
    lines = []
    runs = tour.train_all(0, lines.append)
    assert [run.name for run in runs] == ["softmax_cross_entropy", "multiclass_hinge",
                                          "mse on one-hot"]
    assert all(len(shares) == 1437 for run in runs for shares in run.shares.values())
    told = "\n".join(lines)
    assert "1437" in told and "360" in told
    assert all(run.name in told for run in runs)


# -- the table -------------------------------------------------------------------------------------


def test_the_table_has_a_header_and_a_row_for_each_loss_and_time(runs):
    header, *rows = tour.table(runs)
    assert [row[:2] for row in rows] == [[run.name, epoch] for run in runs for epoch in "024"]
    assert all(len(row) == len(header) and all(type(cell) is str for cell in row) for row in rows)


def test_the_table_gives_the_numbers_of_the_runs(runs):
    run = runs[1]
    run.shares[4] = np.array([0.75, 0.249, 0.001] + [0.0] * 197)
    row = next(row for row in tour.table(runs) if row[:2] == ["multiclass_hinge", "4"])
    assert row[2:] == [f"{run.accuracy[4]:.1%}", "99.9%", "98.5%"]


def test_columns_are_aligned():
    rows = tour.aligned([["name", "epoch"], ["a", "1"], ["longer", "100"]])
    assert rows == [["name  ", "epoch"], ["a     ", "    1"], ["longer", "  100"]]


def test_the_moons_are_trained_from_the_same_weights_under_three_losses(monkeypatch):
    first = {}

    def spy(loss, x, target, seed, epochs=(0, 2)):
        def listening(pred, labels, **options):
            first.setdefault(loss.__name__, pred.data.copy())
            return loss(pred, labels, **options)
        return train(listening, x, target, seed, epochs)

    train = tour.train_on_moons
    monkeypatch.setattr(tour, "train_on_moons", spy)
    sizes = tour.train_moons(3)
    assert list(sizes) == ["sigmoid_cross_entropy", "hinge", "mse after sigmoid"]
    start, *others = first.values()
    assert len(others) == 2
    for other in others:
        np.testing.assert_array_equal(other, start, "other first weights")
    for by_epoch in sizes.values():
        assert list(by_epoch) == [0, 2]
        assert all(size.shape == (400,) and (size >= 0.0).all() for size in by_epoch.values())


def test_the_moons_hear_what_one_backward_pass_per_example_gives():
    x, y = datasets.moons(n=64, noise=0.25, rng=0)
    sizes = tour.train_on_moons(losses.sigmoid_cross_entropy, x, y[:, None], 0, epochs=(0,))
    z = MLP([2, 32, 1], activation="relu", rng=0)(x).data[:, 0]
    np.testing.assert_allclose(sizes[0], np.abs(0.5 + 0.5 * np.tanh(z / 2.0) - y))


# -- pictures --------------------------------------------------------------------------------------


def labelled(ax):
    return {line.get_label(): line for line in ax.get_lines()
            if not line.get_label().startswith("_")}


@pytest.fixture
def sections(runs):
    """All sections of a short tour, in the style in which it draws them."""
    moons = {name: {epoch: np.linspace(0.0, 1.0, 50) for epoch in (0, 10, 100)}
             for name in ("a", "b", "c")}
    with matplotlib.rc_context(palette.STYLE):
        yield [*tour.draw_shapes(False), tour.draw_moons(moons, False),
               tour.draw_digits(runs, False)]


@pytest.fixture
def pictures(sections):
    return [picture for section in sections for picture in section.pictures]


def test_the_tour_shows_the_figures_of_the_curriculum(pictures):
    """Figures 1, 2, 3, 24, 8, 7, 14 of its section 2, README's picture and the digits."""
    files = [picture.file for picture in pictures]
    assert len(set(files)) == len(files)
    assert {"residual.png", "margin.png", "saturation.png", "stability.png", "constants.png",
            "outlier.png", "still_teaching.png", "shapes.png", "learning_curves.png",
            "gradient_spread.png"} <= set(files)


def test_every_section_says_what_it_is_about(sections):
    assert len({section.heading for section in sections}) == len(sections) >= 4
    for section in sections:
        assert section.pictures and section.text.endswith(".")


def test_every_picture_has_a_title_labels_alternative_text_and_a_caption(pictures):
    for picture in pictures:
        assert re.fullmatch(r"[a-z_]+\.png", picture.file)
        assert len(picture.figure.get_suptitle()) > 20, f"{picture.file}: the title is the message"
        assert len(picture.alt) > 40 and picture.caption.endswith(".")


def test_pictures_open_no_window_and_leave_no_global_figure(runs):
    before = pyplot.get_fignums()
    with matplotlib.rc_context(palette.STYLE):
        list(tour.draw_shapes(False))
        tour.draw_digits(runs, False)
    assert pyplot.get_fignums() == before


def test_the_runs_are_drawn_in_any_style(runs):
    """In a notebook, say, where nobody has set the style of the tour."""
    assert tour.draw_digits(runs, False).pictures


def test_the_runs_are_drawn_with_their_own_numbers(runs, pictures):
    curves, spread = (picture.figure for picture in pictures[-2:])
    cost, accuracy = curves.axes
    for run in runs:
        np.testing.assert_allclose(labelled(cost)[run.name].get_ydata(),
                                   np.array(run.cost) / run.cost[0])
        np.testing.assert_allclose(labelled(accuracy)[run.name].get_ydata(),
                                   100.0 * np.array(run.accuracy))
        for ax, shares in zip(spread.axes, run.shares.values(), strict=True):
            x, y = labelled(ax)[run.name].get_data()
            assert (x[0], y[0]) == (0.0, 0.0)
            assert (x[-1], y[-1]) == pytest.approx((100.0, 100.0))
            assert (np.diff(y) >= 0.0).all() and (np.diff(y, n=2) <= 1e-9).all(), "loudest first"
            assert y[1] == pytest.approx(100.0 * shares.max())
    hinge = runs[1].shares[4]
    said = [text.get_text() for text in spread.axes[-1].texts]
    assert f"multiclass_hinge\nhears {np.count_nonzero(hinge)} of {len(hinge)}" in said


# -- the page and the whole ------------------------------------------------------------------------


class Page(HTMLParser):
    """Reads HTML and complains of tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.rows, self.text = [], [], [], []
        self.feed(text)
        self.close()
        left = [tag for tag in self.open if tag not in OPTIONAL]
        assert not left, f"tags that are never closed: {left}"

    def handle_starttag(self, tag, attrs):
        if tag == "tr" and self.open[-1] == "tr":
            self.open.pop()
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_page_shows_every_picture_under_its_heading_and_the_table(runs, sections, pictures):
    report = tour.table(runs)
    text = tour.page_of(sections, report, 7)
    page = Page(text)
    assert [image["src"] for image in page.images] == [p.file for p in pictures]
    assert [image["alt"] for image in page.images] == [p.alt for p in pictures]
    assert page.rows == report
    assert "--seed 7" in "".join(page.text)
    for picture in pictures:
        assert picture.caption in "".join(page.text)
    order = [(f"<h2>{section.heading}</h2>", *(f'src="{p.file}"' for p in section.pictures))
             for section in sections]
    places = [text.index(mark) for marks in order for mark in marks]
    assert places == sorted(places), "a picture stands under another heading"


def test_signs_that_mean_something_in_html_are_written_as_text():
    picture = figures.Picture(None, "a.png", 'is "p < q & r" > s?', "p < q & <b>r</b>")
    section = tour.Section("a < b & c", "d > <i>", [picture])
    page = Page(tour.page_of([section], [["a < b"], ["<i>&amp;"]], 0))
    assert page.images[0]["alt"] == picture.alt
    for text in (picture.caption, section.heading, section.text):
        assert text in "".join(page.text)
    assert page.rows == [["a < b"], ["<i>&amp;"]]


def test_the_tour_writes_pictures_and_page_and_prints_the_table(short, tmp_path, capsys):
    style, figures = dict(matplotlib.rcParams), pyplot.get_fignums()
    tour.tour(tmp_path, 0, False)
    assert dict(matplotlib.rcParams) == style and pyplot.get_fignums() == figures
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert len(page.images) >= 5
    files = {image["src"] for image in page.images}
    assert {file.name for file in tmp_path.iterdir()} == {"index.html", *files}
    for image in page.images:
        assert image["alt"]
        assert (tmp_path / image["src"]).read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    for row in page.rows:
        assert all(cell in printed for cell in row)
    assert all(f"  {name}\n" in printed for name in files), "progress is told picture by picture"
    assert printed.isascii(), "every terminal can show it"
