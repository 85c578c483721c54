"""`python -m losses compare`: files that can be read and files that cannot, and what comes out."""

import argparse
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import losses
from losses import compare as module
from losses import shapes
from losses.compare import InputError, compare
from minigrad import datasets, palette

ROOT = Path(losses.__file__).resolve().parents[1]


def silent(_):
    """Takes the place of print."""


@pytest.fixture
def csv_file(tmp_path):
    """Writes a text into a file and returns its path."""
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path
    return write


def rows(count=12, row="{i}.5,{colour},{y}"):
    """A header and that many rows: a number, one of two colours, and y = 3 i + 0.25."""
    lines = [row.format(i=i, colour=("red", "blue")[i % 2], y=3 * i + 0.25) for i in range(count)]
    return "\n".join(["x,colour,y", *lines]) + "\n"


def two_classes(count=20):
    """Rows of two classes that a line separates: `no` on even lines of the file, `yes` on odd."""
    lines = [f"{(1 if i % 2 else -1) * (1 + i / 10):.2f},{('no', 'yes')[i % 2]}"
             for i in range(count)]
    return "\n".join(["x,answer", *lines]) + "\n"


def problem(path, target, task=None, drop=(), seed=0):
    return module.problem_from(module.read(path), path, target, task, drop, seed)


def facts(path, target, **options):
    return "\n".join(problem(path, target, **options).facts)


# -- reading the file ------------------------------------------------------------------------------


def test_columns_are_read_by_name_and_rows_by_line(csv_file):
    table = module.read(csv_file(rows(10)))
    assert list(table.columns) == ["x", "colour", "y"]
    assert table.columns["colour"][:2] == ["red", "blue"]
    assert table.lines == list(range(2, 12))


@pytest.mark.parametrize("separator, name", [(",", "commas"), (";", "semicolons"), ("\t", "tabs")])
def test_the_separator_is_recognised_and_told(csv_file, separator, name):
    path = csv_file(rows(12).replace(",", separator))
    assert list(module.read(path).columns) == ["x", "colour", "y"]
    assert f"3 columns separated by {name}" in facts(path, "y")


def test_commas_inside_texts_do_not_make_a_file_of_semicolons_one_of_commas(csv_file):
    table = module.read(csv_file("a;b\n" + "one, two;3\n" * 3))
    assert table.columns == {"a": ["one, two"] * 3, "b": ["3"] * 3}


@pytest.mark.parametrize("change", [
    pytest.param(lambda raw: b"\xef\xbb\xbf" + raw, id="a mark at the beginning (BOM)"),
    pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="Windows line ends"),
    pytest.param(lambda raw: raw.replace(b"\n", b"\r"), id="old Macintosh line ends"),
    pytest.param(lambda raw: raw.removesuffix(b"\n"), id="no line end at the end"),
    pytest.param(lambda raw: raw + b"\n  \n", id="blank lines at the end"),
    pytest.param(lambda raw: raw.replace(b",", b" , "), id="blanks around the cells"),
])
def test_the_habits_of_other_programs_change_nothing(csv_file, change):
    plain = module.read(csv_file(rows(12)))
    assert module.read(csv_file(change(rows(12).encode()), "other.csv")) == plain


def test_line_numbers_stay_right_after_blank_lines_and_quoted_line_ends(csv_file):
    text = 'x,note,y\n1,"two\nlines, and a comma",2\n\n3,plain,4\n5,"he said ""no""",6\n'
    table = module.read(csv_file(text))
    assert table.lines == [2, 5, 6]
    assert table.columns["note"] == ["two\nlines, and a comma", "plain", 'he said "no"']


def test_an_error_after_a_quoted_line_end_names_the_line_of_the_file(csv_file):
    with pytest.raises(InputError, match=r"line 4 has 1 value, the header has 2 columns"):
        module.read(csv_file('a,b\n"one\ntwo",2\n3\n'))


# -- what cannot be used ---------------------------------------------------------------------------


TWELVE = rows(12)
REFUSED = {  # content of the file, its target, options, words of the message in their order
    "an empty file": ("", "y", {}, "file is empty"),
    "a file of blank lines": ("\n \n", "y", {}, "file is empty"),
    "a header and nothing else": ("x,y\n", "y", {}, "header and no row"),
    "a target that is not there": (TWELVE, "price", {}, "no column 'price'; it has 'x', 'colour'"),
    "a target misspelt": (TWELVE, "color", {}, "'color' .did you mean 'colour'.*'x', 'colour'"),
    "a column to drop that is not there": (TWELVE, "y", {"drop": ["z"]}, "no column 'z'"),
    "the target dropped": (TWELVE, "y", {"drop": ["y"]}, "no column 'y'; it has 'x', 'colour'"),
    "two columns of one name": ("x,x,y\n1,2,3\n", "y", {}, "names 'x' 2 times"),
    "a column without a name": (",x,y\n1,2,3\n", "y", {}, "column 1 has no name"),
    "a row too short": (TWELVE.replace("3.5,blue,9.25", "3.5,blue"), "y", {},
                        "line 5 has 2 values, the header has 3 columns$"),
    "a row too long": (TWELVE.replace("3.5,blue,9.25", "3,5,blue,9.25"), "y", {},
                       "line 5 has 4 values, the header has 3 columns; .*decimal comma"),
    "an unclosed quotation mark": (TWELVE.replace("3.5,blue", '3.5,"blue'), "y", {},
                                   "line 5: a quotation mark is opened and never closed"),
    "text after a quotation mark": (TWELVE.replace("3.5,blue", '3.5,"bl"ue'), "y", {}, "line 5: "),
    "a missing value": (TWELVE.replace("3.5,", ","), "y", {},
                        "line 5, column 'x': the value is missing; .*--drop"),
    "a missing text": (TWELVE.replace("3.5,blue", "3.5,"), "y", {}, "line 5, column 'colour'"),
    "a missing target": (TWELVE.replace(",9.25", ",NA"), "y", {}, "line 5, column 'y': .*'NA'"),
    "a question mark": (TWELVE.replace("3.5,", "?,"), "y", {}, r"line 5, column 'x': .*'\?'"),
    "a nan": (TWELVE.replace("3.5,", "NaN,"), "y", {}, "line 5, column 'x': .*missing.*'NaN'"),
    "several missing values": (TWELVE.replace("blue", ""), "y", {},
                               "line 3, column 'colour': .*missing, as are 5 more"),
    "infinity": (TWELVE.replace("3.5,", "-inf,"), "y", {}, "line 5, column 'x': '-inf'.*finite"),
    "a number too large": (TWELVE.replace("3.5,", "1e999,"), "y", {}, "line 5.*'1e999'.*finite"),
    "a decimal comma": (TWELVE.replace("3.5,", '"3,5",'), "y", {},
                        "line 5, column 'x': '3,5' has a comma in a number; write 3.5"),
    "decimal commas everywhere": (TWELVE.replace(",", ";").replace(".", ","), "y", {},
                                  "line 2, column 'y': '0,25' has a comma in a number"),
    "a word among numbers": (TWELVE.replace("3.5,", "n.d.,"), "y", {},
                             "line 5, column 'x': 'n.d.' is not a number, and 11 of .* 12 are"),
    "an identifier": ("name,y\n" + "".join(f"n{i},{i}.5\n" for i in range(12)), "y", {},
                      "column 'name' holds a different text in every row.*--drop name"),
    "too few rows": (rows(9), "y", {}, "9 rows below the header; at least 10"),
    "a target of one value": ("x,y\n" + "".join(f"{i},7\n" for i in range(12)), "y", {},
                              "target 'y' is '7' in every row"),
    "a target of one class": ("x,y\n" + "".join(f"{i},on\n" for i in range(12)), "y", {},
                              "target 'y' is 'on' in every row"),
    "a class of one row": (two_classes(20) + "7,perhaps\n", "answer", {},
                           "class 'perhaps' of the target 'answer' has one row only, line 22"),
    "values taken for classes": (TWELVE, "y", {"task": "classification"},
                                 "class '0.25' .* line 2; .*--task regression"),
    "texts taken for values": (two_classes(), "answer", {"task": "regression"},
                               "line 2: the target 'answer' is text, 'no'; .*numbers"),
    "an unknown task": (TWELVE, "y", {"task": "ranking"}, "regression or classification"),
    "no column but the target": ("y\n" + "".join(f"{i}.5\n" for i in range(12)), "y", {},
                                 "no column to learn from"),
    "nothing but constant columns": ("x,y\n" + "".join(f"1,{i}.5\n" for i in range(12)), "y", {},
                                     "no column to learn from"),
    "a hidden layer of size 0": (TWELVE, "y", {"hidden": [8, 0]}, "--hidden .*from 1 up, not 0"),
    "a hidden layer of half a unit": (TWELVE, "y", {"hidden": [0.5]}, "--hidden.*not 0.5"),
    "a negative seed": (TWELVE, "y", {"seed": -1}, "--seed .*0 or more, not -1"),
    "no epochs": (TWELVE, "y", {"epochs": 0}, "--epochs .*1 or more, not 0"),
    "an unknown loss": (TWELVE, "y", {"losses": ["msee"]},
                        r"no loss 'msee' \(did you mean mse.\); for regression fit mse, .*huber"),
    "a loss of classes for values": (TWELVE, "y", {"losses": ["mse", "hinge"]},
                                     "hinge compares .* score, regression makes value; .* mse, "),
    "a loss of values for classes": (two_classes(), "answer", {"losses": ["mae"]},
                                     "mae .*classification with 2 classes.* fit .*hinge"),
    "a loss of two classes for three": (two_classes() + "7,perhaps\n" * 2, "answer",
                                        {"losses": ["sigmoid_cross_entropy"]},
                                        "logit, classification with 3 classes.*softmax_cross_entr"),
    "a loss that gives no rows": (TWELVE, "y", {"losses": {"own": lambda p, t, reduction: 1.0}},
                                  "own cannot be compared.*reduction=\"none\""),
    "two losses of one name": (TWELVE, "y", {"losses": ["mse", losses.catalog()[0]._replace(
        loss=type("mse", (), {"__name__": "mse", "__call__": lambda _, *a, **k: losses.mse(
            *a, **k)})())]}, "two losses have the name mse"),
    "an output folder without a name": (TWELVE, "y", {"out": ""}, "--out needs the name"),
}


@pytest.mark.parametrize("text, target, options, message", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_said_in_one_line_and_nothing_is_written(
        csv_file, text, target, options, message):
    path = csv_file(text)
    options = {"out": path.parent / "out", "say": silent} | options
    with pytest.raises(InputError) as caught:
        compare(path, target, **options)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file.name for file in path.parent.iterdir()] == ["data.csv"]


def test_every_error_about_the_content_names_the_file(csv_file):
    path = csv_file("x,y\n")
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}: "):
        compare(path, "y", say=silent)


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no file .*none.csv"):
        compare(tmp_path / "none.csv", "y")
    with pytest.raises(InputError, match="is a folder"):
        compare(tmp_path, "y")
    with pytest.raises(InputError, match="no file|cannot read"):
        compare("a\0b.csv", "y")


@pytest.mark.parametrize("change, line", [
    pytest.param(lambda raw: raw.replace(b"3.5,blue", b"3.5,bl\xfce"), 5, id="Latin-1 in line 5"),
    pytest.param(lambda raw: b"\xfc" + raw, 1, id="the first byte"),
    pytest.param(lambda raw: raw.replace(b"\n", b"\r\n").replace(b"3.5,b", b"3.5,\xe9"), 5,
                 id="after Windows line ends"),
    pytest.param(lambda raw: raw.decode().encode("utf-16"), 1, id="UTF-16"),
    pytest.param(lambda raw: raw.replace(b"3.5,blue", b"3.5,bl\0e"), 5, id="a null byte"),
])
def test_a_file_that_is_not_utf_8_is_refused_with_the_line(csv_file, change, line):
    with pytest.raises(InputError, match=f"line {line} is not UTF-8"):
        module.read(csv_file(change(TWELVE.encode())))


def test_a_folder_that_cannot_be_made_is_refused_before_the_training(csv_file):
    path = csv_file(TWELVE)
    with pytest.raises(InputError, match="cannot write to the folder"):
        compare(path, "y", out=path / "inside", say=silent)


# -- recognition -----------------------------------------------------------------------------------


@pytest.mark.parametrize("values, task", [
    pytest.param(["a", "b"] * 10, "classification", id="texts are classes"),
    pytest.param(["0", "1"] * 10, "classification", id="two whole numbers are classes"),
    pytest.param(["1.0", "2.0"] * 10, "classification", id="also when written with a point"),
    pytest.param([str(i) for i in range(10)] * 5, "classification", id="ten with five rows each"),
    pytest.param([str(i) for i in range(11)] * 5, "regression", id="eleven are values"),
    pytest.param([str(i) for i in range(10)] * 4, "regression", id="ten with four rows each too"),
    pytest.param(["0.5", "1.5"] * 10, "regression", id="fractions are values"),
    pytest.param([f"{i}.25" for i in range(20)], "regression", id="many fractions are values"),
])
def test_the_task_is_recognised_from_the_target_and_told(csv_file, values, task):
    path = csv_file("x,y\n" + "".join(f"{i % 7},{y}\n" for i, y in enumerate(values)))
    found = problem(path, "y")
    assert found.task == task
    assert f"{len(set(values))} different" in found.facts[1] and task in found.facts[1]


def test_task_overrules_the_recognition(csv_file):
    path = csv_file("x,y\n" + "".join(f"{i},{i % 3}\n" for i in range(30)))
    assert problem(path, "y").classes == ["0", "1", "2"]
    found = problem(path, "y", task="regression")
    assert found.task == "regression" and found.classes == []
    np.testing.assert_array_equal(found.y, np.arange(30) % 3)


def test_classes_are_numbered_in_the_order_of_their_names_numbers_by_size(csv_file):
    path = csv_file("x,y\n" + "".join(f"{i},{(10, 9, 2)[i % 3]}\n" for i in range(30)))
    found = problem(path, "y")
    assert found.classes == ["2", "9", "10"]
    np.testing.assert_array_equal(found.y[:3], [2, 1, 0])


# -- encoding --------------------------------------------------------------------------------------


def test_numbers_are_standardised_by_the_training_rows(csv_file):
    found = problem(csv_file(rows(40)), "y", drop=["colour"])
    x = np.arange(40) + 0.5
    training = x[~found.test]
    np.testing.assert_allclose(found.x[:, 0], (x - training.mean()) / training.std())
    assert found.x[~found.test].mean() == pytest.approx(0.0)
    assert found.x[~found.test].std() == pytest.approx(1.0)


def test_texts_become_one_input_each_in_the_order_of_the_alphabet(csv_file):
    found = problem(csv_file(rows(12)), "y", drop=["x"])
    np.testing.assert_array_equal(found.x[:2], [[0.0, 1.0], [1.0, 0.0]])  # red, blue
    assert "'colour' (2)" in "\n".join(found.facts)


def test_a_text_that_only_test_rows_have_is_all_zeros_and_told(csv_file):
    test = problem(csv_file(rows(12)), "y").test
    lines = rows(12).splitlines()
    line = 2 + int(np.flatnonzero(test)[0])
    lines[line - 1] = re.sub("red|blue", "green", lines[line - 1])
    found = problem(csv_file("\n".join(lines)), "y", drop=["x"])
    np.testing.assert_array_equal(found.x[line - 2], [0.0, 0.0])
    assert "no training row has 'green'" in "\n".join(found.facts)


def test_constant_columns_are_left_out_with_a_note(csv_file):
    text = TWELVE.replace("red", "same").replace("blue", "same")
    found = problem(csv_file(text), "y")
    assert found.x.shape == (12, 1)
    assert "Note: column 'colour' is 'same' in every row: left out" in found.facts


def test_a_column_that_only_counts_the_rows_is_noted(csv_file):
    text = "id,x,y\n" + "".join(f"{i},{i * i % 7},{i % 5}.5\n" for i in range(1, 15))
    assert "column 'id' counts the rows" in facts(csv_file(text), "y")
    assert "'x' counts" not in facts(csv_file(text), "y")


def test_dropped_columns_may_hold_anything(csv_file):
    text = "id,x,y\n" + "".join(f"{'' if i == 3 else f'n{i}'},{i},{i}.5\n" for i in range(12))
    found = problem(csv_file(text), "y", drop=["id"])
    assert found.x.shape == (12, 1)


# -- the split -------------------------------------------------------------------------------------


def test_a_quarter_of_the_rows_is_held_out_and_the_seed_decides_which(csv_file):
    path = csv_file(rows(40))
    tests = [problem(path, "y", seed=seed).test for seed in (0, 0, 1)]
    assert [test.sum() for test in tests] == [10, 10, 10]
    np.testing.assert_array_equal(tests[0], tests[1])
    assert (tests[0] != tests[2]).any()


def test_every_class_is_in_the_test_and_in_the_training_with_its_share():
    groups = np.repeat([0, 1, 2, 3], [80, 40, 3, 2])
    test = module.split(groups, seed=0)
    assert [int(test[groups == k].sum()) for k in range(4)] == [20, 10, 1, 1]


# -- the losses that fit ---------------------------------------------------------------------------


def test_losses_are_found_by_the_kind_of_their_prediction():
    found = {entry.name: entry.pred for entry in losses.catalog()}
    assert {"mse", "mae", "huber"} <= set(module.fitting("regression"))
    assert all(found[name] == "value" for name in module.fitting("regression"))
    two, three = (set(module.fitting("classification", count)) for count in (2, 3))
    assert {"softmax_cross_entropy", "multiclass_hinge"} <= three < two
    assert {"sigmoid_cross_entropy", "hinge"} <= two - three
    assert not {"binary_cross_entropy", "mse", "rmse", "msle"} & (two | three)


@pytest.mark.parametrize("name", module.fitting("regression"))
def test_every_loss_that_fits_regression_can_be_compared(csv_file, name):
    run, = compare(csv_file(rows(40)), "y", [name], epochs=60, say=silent).runs
    assert run.cost[-1] < run.cost[0]
    assert run.score[-1] < run.score[0]


@pytest.mark.parametrize("name", module.fitting("classification", 2))
def test_every_loss_that_fits_two_classes_can_be_compared(csv_file, name):
    run, = compare(csv_file(two_classes(40)), "answer", [name], epochs=60, say=silent).runs
    assert run.cost[-1] < run.cost[0]
    assert run.score[-1] == 1.0, "a line separates the two"


def test_your_own_functions_take_part_under_the_names_you_give_them(csv_file):
    def cubed(pred, target, reduction="mean"):
        values = abs(pred - target) ** 3
        return values if reduction == "none" else values.mean()
    rivals = {"small": partial(losses.huber, delta=0.1), "third power": cubed}
    result = compare(csv_file(TWELVE), "y", rivals, epochs=2, say=silent)
    assert [run.name for run in result.runs] == ["small", "third power"]
    result = compare(csv_file(two_classes()), "answer", losses.hinge, epochs=2, say=silent)
    assert [(run.name, run.pred) for run in result.runs] == [("hinge", "score")]


# -- training --------------------------------------------------------------------------------------


def recorded(loss):
    """A loss that writes down the predictions and the targets of every call."""
    calls = []

    def spy(pred, target, **options):
        if options["reduction"] == "mean":
            values = pred.data if hasattr(pred, "requires_grad") else pred
            calls.append((values.copy(), np.array(target)))
        return loss(pred, target, **options)

    return spy, calls


def test_every_loss_starts_from_the_same_weights_and_sees_the_same_batches(csv_file):
    spies = {loss.__name__: recorded(loss) for loss in (losses.mse, losses.mae, losses.huber)}
    compare(csv_file(rows(100)), "y", {name: spy for name, (spy, _) in spies.items()}, epochs=3,
            say=silent)
    first, *others = [calls for _, calls in spies.values()]
    assert len(first) == 4 + 3 * 2, "before and after three epochs, and two batches in each"
    for calls in others:
        np.testing.assert_array_equal(calls[0][0], first[0][0], "other first weights")
        for (_, target), (_, expected) in zip(calls, first, strict=True):
            np.testing.assert_array_equal(target, expected, "other batches")
        assert (calls[-1][0] != first[-1][0]).any(), "different losses, different networks"


def test_with_one_output_or_two_the_first_hidden_weights_are_the_same(csv_file):
    found = problem(csv_file(two_classes()), "answer")
    one, two = (module.first_network(rival, found, [5], 0) for rival in module.chosen(
        ["hinge", "multiclass_hinge"], found))
    np.testing.assert_array_equal(one.layers[0].weight.data, two.layers[0].weight.data)
    assert (one.layers[-1].weight.shape, two.layers[-1].weight.shape) == ((5, 1), (5, 2))


def test_a_regression_is_trained_on_standardised_targets_and_told_in_their_own_units(csv_file):
    found = problem(csv_file(rows(40)), "y")
    coded = module.coded("value", found)
    assert coded.shape == (40, 1)
    assert coded[~found.test].mean() == pytest.approx(0.0)
    assert coded[~found.test].std() == pytest.approx(1.0)
    np.testing.assert_allclose(module.decoded("value", found, coded), found.y)


def test_labels_are_written_as_each_kind_of_loss_wants_them(csv_file):
    found = problem(csv_file(two_classes()), "answer")
    np.testing.assert_array_equal(module.coded("logits", found)[:2], [0, 1])
    np.testing.assert_array_equal(module.coded("logit", found)[:2], [[0.0], [1.0]])
    np.testing.assert_array_equal(module.coded("score", found)[:2], [[-1.0], [1.0]])
    for pred in ("logit", "score"):
        np.testing.assert_array_equal(module.decoded(pred, found, np.array([[-0.1], [2.0]])),
                                      [0, 1])
    np.testing.assert_array_equal(module.decoded("scores", found, np.array([[1, 3], [4, 2]])),
                                  [1, 0])


def test_the_same_seed_gives_the_same_tables_and_another_seed_others(csv_file):
    path = csv_file(rows(60))
    first, again, other = (compare(path, "y", epochs=2, seed=seed, say=silent)
                           for seed in (3, 3, 4))
    assert first[2:] == again[2:]
    assert first.report != other.report


def test_training_leaves_the_global_random_state_alone(csv_file):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    compare(csv_file(TWELVE), "y", epochs=1, say=silent)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_without_hidden_layers_the_model_is_linear(csv_file):
    result = compare(csv_file(rows(40)), "y", "mse", hidden=[], drop="colour", epochs=800,
                     say=silent)
    assert result.runs[0].score[-1] < 0.5, "y = 3 i + 0.25 is a line, from 0 to 117"


def test_a_loss_that_leaves_the_finite_numbers_is_named(csv_file):
    def steep(pred, target, reduction="mean"):
        values = np.exp(1000.0 * np.abs(pred - target))
        return values if reduction == "none" else values.mean()
    found = problem(csv_file(TWELVE), "y")
    with pytest.raises(InputError, match="under steep .*epoch 1.*leave this loss out"):
        module.train(module.Rival("steep", steep, "value"), found, [4], 2, 0, silent)


def test_progress_is_told_while_it_works(csv_file):
    told = []
    compare(csv_file(TWELVE), "y", ["mse", "mae"], epochs=4, say=told.append)
    text = "\n".join(told)
    for name in ("mse", "mae"):
        assert len(re.findall(rf"^  {name} +epoch +\d of 4 +cost +[\d.]+ +test MAE", text,
                              flags=re.MULTILINE)) == 5
    assert all(words in told[0] for words in ("12 rows, 3 columns", "regression", "MLP 3-32-32-1"))


# -- metrics ---------------------------------------------------------------------------------------


def test_regression_metrics_by_hand():
    """Errors 0, 0, -3 and 1: sum 4, squares 10; the mean of y is 3, the squares around it 20."""
    y, predicted = np.array([0.0, 2.0, 4.0, 6.0]), np.array([0.0, 2.0, 1.0, 7.0])
    found = module.regression_metrics(y, predicted)
    assert found == pytest.approx({"MAE": 1.0, "RMSE": np.sqrt(2.5), "median error": 0.5,
                                   "R²": 0.5})


def test_r_squared_of_a_constant_is_no_number_and_written_as_a_dash():
    found = module.regression_metrics(np.array([2.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan(found["R²"]) and module.in_words("R²", found["R²"]) == "–"


def test_classification_metrics_by_hand():
    """Of four zeros three are right, of one one none, of two twos both: 5 of 7."""
    found = module.classification_metrics(np.array([0, 0, 0, 0, 1, 2, 2]),
                                          np.array([0, 0, 0, 1, 0, 2, 2]))
    assert found == pytest.approx({"accuracy": 5 / 7, "balanced accuracy": (0.75 + 0 + 1) / 3})


def test_log_loss_of_logits_by_hand_and_none_for_scores(csv_file):
    found = problem(csv_file(two_classes()), "answer")
    run = module.Run("", "logit", [], [], np.zeros((20, 1)), None, None, None)
    assert module.log_loss(found, run) == pytest.approx(np.log(2.0))
    run = run._replace(pred="logits", output=np.tile([0.0, np.log(3.0)], (20, 1)))
    assert module.log_loss(found, run) == pytest.approx((np.log(4.0) + np.log(4.0 / 3.0)) / 2)
    assert np.isnan(module.log_loss(found, run._replace(pred="scores")))


def test_the_report_has_a_row_for_each_loss_and_one_for_saying_always_the_same(csv_file):
    result = compare(csv_file(rows(40)), "y", epochs=2, say=silent)
    header, *body = result.report
    assert [row[0] for row in body] == ["mse", "mae", "huber", "always the median"]
    assert header[1:5] == ["MAE", "RMSE", "median error", "R²"]
    y, test = result.problem.y, result.problem.test
    assert float(body[3][1]) == pytest.approx(np.abs(y[test] - np.median(y[~test])).mean(), 1e-3)
    assert float(body[0][1]) == pytest.approx(
        np.abs(result.runs[0].predicted - y)[test].mean(), 1e-3)
    result = compare(csv_file(two_classes()), "answer", ["sigmoid_cross_entropy", "hinge"],
                     epochs=2, say=silent)
    header, soft, hard, always = result.report
    assert header[1:4] == ["accuracy", "balanced accuracy", "log loss"]
    assert soft[3] != "–" and hard[3] == "–"
    assert always == ["always the commonest", "50.0%", "50.0%", "–", "–", "–"]


# -- shares of the gradient, and the worst rows ----------------------------------------------------


def line_with_planted(outliers, count=120):
    """y = 2 x with a little noise; on the given lines of the file it is 40 lower."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2.0, 2.0, count)
    y = 2.0 * x + rng.normal(0.0, 0.1, count)
    y[np.array(outliers, int) - 2] -= 40.0
    return "x,y\n" + "".join(f"{a:.4f},{b:.4f}\n" for a, b in zip(x, y, strict=True))


@pytest.fixture
def planted(csv_file):
    """Three outliers on lines of training rows, one on a line of a test row: (file, lines)."""
    test = problem(csv_file(line_with_planted([])), "y").test
    training = [2 + int(i) for i in np.flatnonzero(~test)[[10, 40, 70]]]
    held_out = [2 + int(np.flatnonzero(test)[5])]
    return csv_file(line_with_planted(training + held_out)), training, held_out


def test_planted_outliers_are_named_by_their_lines_under_every_loss(planted):
    path, training, held_out = planted
    result = compare(path, "y", ["mse", "mae", "huber"], say=silent)
    for name in ("mse", "mae", "huber"):
        named = [int(row[1]) for row in result.worst[1:] if row[0] == name]
        assert set(named[:3]) == set(training)
        missed = [int(row[1]) for row in result.missed[1:] if row[0] == name]
        assert missed[0] == held_out[0]
        assert len(named) == len(missed) == module.WORST


def test_outliers_carry_the_gradient_under_mse_and_one_vote_under_mae(planted):
    path, training, _ = planted
    result = compare(path, "y", ["mse", "mae"], say=silent)
    squared, absolute = (run.share[np.array(training) - 2].sum() for run in result.runs)
    assert squared > 0.3 and absolute < 0.1


def test_shares_are_those_of_the_training_rows_and_add_up_to_one(planted):
    result = compare(planted[0], "y", ["mse"], epochs=3, say=silent)
    share, test = result.runs[0].share, result.problem.test
    assert np.isnan(share[test]).all() and share[~test].sum() == pytest.approx(1.0)
    assert result.report[1][5] == f"{shapes.worst_share(share[~test]):.1%}"
    assert result.report[1][6] == f"0 of {(~test).sum()}"


def test_without_hidden_layers_shares_can_be_worked_out_by_hand(csv_file):
    """The gradient of row i is 2 e_i (x_i, 1); e is its residual in standardised units."""
    result = compare(csv_file(rows(40)), "y", ["mse"], hidden=[], epochs=5, say=silent)
    found, run, training = result.problem, result.runs[0], ~result.problem.test
    e = (run.predicted - found.y)[training]
    sizes = np.abs(e) * np.sqrt((found.x[training] ** 2).sum(axis=1) + 1.0)
    np.testing.assert_allclose(run.share[training], sizes / sizes.sum())


def test_rows_without_a_gradient_are_counted(csv_file):
    result = compare(csv_file(two_classes(40)), "answer", ["hinge"], epochs=300, say=silent)
    share = result.runs[0].share[~result.problem.test]
    silent_rows = int((share == 0.0).sum())
    assert silent_rows > 20
    assert result.report[1][5] == f"{silent_rows} of {len(share)}"
    assert len(result.worst) - 1 <= len(share) - silent_rows, "a row without a loss is not named"


def test_a_wrong_label_is_named_with_its_class(csv_file):
    lines = two_classes(60).splitlines()
    lines[29] = lines[29].replace("no", "yes") if "no" in lines[29] else lines[29].replace(
        "yes", "no")
    result = compare(csv_file("\n".join(lines)), "answer", say=silent)
    table = result.missed if result.problem.test[28] else result.worst
    for name in ("softmax_cross_entropy", "multiclass_hinge"):
        worst = next(row for row in table if row[0] == name)
        assert worst[1] == "30" and worst[2] == lines[29].split(",")[1]


# -- pictures and page -----------------------------------------------------------------------------


PNG = b"\x89PNG"


@pytest.mark.parametrize("text, target, middle", [
    pytest.param(TWELVE, "y", "predictions.png", id="regression"),
    pytest.param(two_classes(), "answer", "confusion.png", id="classification")])
def test_pictures_and_page_are_written(csv_file, text, target, middle):
    path = csv_file(text)
    out = path.parent / "new" / "out"
    style, figures = dict(matplotlib.rcParams), pyplot.get_fignums()
    told = []
    result = compare(path, target, out=out, epochs=2, say=told.append)
    assert dict(matplotlib.rcParams) == style and pyplot.get_fignums() == figures
    names = {"learning_curves.png", middle, "gradient_share.png"}
    assert {file.name for file in out.iterdir()} == {"index.html", *names}
    assert all((out / name).read_bytes().startswith(PNG) for name in names)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([^"]+)"', page)) == names
    assert all(f"<td>{cell}</td>" in page for table in result[2:] for row in table[1:]
               for cell in row)
    assert all(cell in "\n".join(told) for table in result[2:] for row in table for cell in row)
    assert f"--target {target} --losses" in page and "--seed 0 --epochs 2" in page


def test_without_a_folder_nothing_is_written(csv_file):
    path = csv_file(TWELVE)
    compare(path, "y", epochs=1, say=silent)
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture
def drawn(csv_file):
    """All pictures of a regression and of a classification, with three losses and with one."""
    with matplotlib.rc_context(palette.STYLE):
        made = []
        for text, target, names in ((rows(40), "y", ["mse", "mae", "huber"]),
                                    (rows(40), "y", ["mae"]),
                                    (two_classes(40), "answer", ["hinge", "multiclass_hinge"])):
            result = compare(csv_file(text), target, names, epochs=5, say=silent)
            made.append((result, module.draw(result.problem, result.runs)))
        yield made


def test_every_picture_has_a_message_labels_alternative_text_and_a_caption(drawn):
    for result, pictures in drawn:
        for picture in pictures:
            assert len(picture.figure.get_suptitle()) > 20, f"{picture.file}: no message"
            assert len(picture.alt) > 40 and picture.caption.endswith(".")
            assert all(ax.get_xlabel() for ax in picture.figure.axes)
            assert picture.figure.axes[0].get_ylabel()
        for picture in pictures[1:]:
            titles = [ax.get_title().split("\n")[0] for ax in picture.figure.axes]
            assert titles == [run.name for run in result.runs]


def test_shares_are_drawn_sorted_and_the_worst_rows_labelled(drawn):
    result, pictures = drawn[0]
    for ax, run in zip(pictures[2].figure.axes, result.runs, strict=True):
        x, y = ax.get_lines()[0].get_data()
        np.testing.assert_array_equal(x, np.arange(1, 31))
        np.testing.assert_allclose(y, 100.0 * np.sort(run.share[~result.problem.test])[::-1])
        written = re.findall(r"\d+", " ".join(text.get_text() for text in ax.texts))
        assert sorted(written) == sorted(row[1] for row in result.worst if row[0] == run.name)


def test_predictions_are_drawn_over_the_true_values(drawn):
    result, pictures = drawn[0]
    test = result.problem.test
    for ax, run in zip(pictures[1].figure.axes, result.runs, strict=True):
        points = {line.get_label(): line.get_data() for line in ax.get_lines()}
        np.testing.assert_array_equal(points["test"], [result.problem.y[test], run.predicted[test]])
        np.testing.assert_array_equal(points["training"],
                                      [result.problem.y[~test], run.predicted[~test]])


def test_the_confusion_counts_test_rows_by_true_and_predicted_class(csv_file):
    found = problem(csv_file(two_classes(8) + "1,yes\n" * 4), "answer")
    found = found._replace(y=np.array([0] * 4 + [1] * 8), test=np.arange(12) < 6)
    run = module.Run("", "scores", [], [], None, np.array([0, 0, 0, 1, 0, 1] + [0] * 6), None, None)
    np.testing.assert_array_equal(module.confusion(found, run), [[3, 1], [1, 1]])


def test_losses_whose_curves_coincide_share_a_line_that_names_both(csv_file):
    rivals = {"mse": losses.mse, "its double": lambda p, t, reduction: losses.mse(
        p, t, reduction=reduction)}
    result = compare(csv_file(TWELVE), "y", rivals, epochs=2, say=silent)
    curves = module.draw_curves(result.problem, result.runs).figure.axes[1]
    assert [line.get_label() for line in curves.get_lines()] == ["mse = its double"]


def test_lines_of_many_losses_can_be_told_apart():
    first = [tuple(style.items()) for style, _ in zip(module.styles(), range(12), strict=False)]
    assert len(set(first)) == 12


def test_signs_that_mean_something_to_html_or_matplotlib_are_written_as_they_are(csv_file):
    text = two_classes(20).replace("x,answer", "$x$,<b>a_{$1}$").replace("no", '"$\\frac{"')
    path = csv_file(text)
    compare(path, "<b>a_{$1}$", out=path.parent / "out", epochs=1, say=silent)
    page = (path.parent / "out" / "index.html").read_text(encoding="utf-8")
    assert "<b>a" not in page and "&lt;b&gt;a_{$1}$" in page


def test_letters_that_the_font_lacks_are_no_obstacle(csv_file):
    path = csv_file(two_classes(20).replace("answer", "答え"))
    compare(path, "答え", out=path.parent / "out", epochs=1, say=silent)


# -- the command line ------------------------------------------------------------------------------


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(prog="python -m losses compare", allow_abbrev=False)
    module.arguments(parser)
    return parser


def test_help_states_the_rule_the_defaults_and_examples(parser):
    text = " ".join(parser.format_help().split())
    for words in ("python -m losses compare houses.csv --target price", "--losses", "--hidden",
                  "--task", "--out", "--seed", "--epochs", "--drop", "at most 10 different whole",
                  "a quarter of the rows", "mse mae huber", "semicolons or tabs"):
        assert words in text, f"--help does not say {words!r}"


def test_the_options_reach_the_comparison(parser, csv_file, capsys):
    path = csv_file(TWELVE)
    out = path.parent / "out"
    module.main(parser.parse_args([
        str(path), "--target", "y", "--losses", "mae", "--hidden", "4", "--drop", "colour",
        "--seed", "7", "--epochs", "3", "--task", "regression", "--out", str(out)]))
    printed = capsys.readouterr().out
    assert "MLP 1-4-1, 3 epochs" in printed and f"index.html are in {out}/" in printed
    assert "--hidden 4 --drop colour --task regression --seed 7 --epochs 3" in (
        out / "index.html").read_text(encoding="utf-8")


def test_importing_it_loads_no_matplotlib():
    code = "import losses.compare, sys; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                         check=False)
    assert run.stdout.strip() == "False", run.stdout + run.stderr


def test_the_irises_with_their_names(csv_file):
    x, y = datasets.iris()
    body = "".join(f"{','.join(map(str, row))},{datasets.IRIS_CLASSES[label]}\n"
                   for row, label in zip(x, y, strict=True))
    path = csv_file(",".join([*datasets.IRIS_FEATURES, "species"]) + "\n" + body)
    result = compare(path, "species", say=silent)
    assert result.problem.classes == list(datasets.IRIS_CLASSES)
    assert result.problem.test.sum() == 36
    assert all(run.score[-1] > 0.85 for run in result.runs)
