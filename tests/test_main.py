"""python -m losses, as a student calls it: in a process of its own, without a screen."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import losses

ROOT = Path(losses.__file__).resolve().parents[1]
ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, or a missing screen")


def call(*arguments, folder, **settings):
    """Run `python -m losses` in `folder`, warnings being errors and no screen within reach."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND", "PYTHONWARNINGS")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONIOENCODING": "utf-8", **settings}
    return subprocess.run([sys.executable, "-W", "error", "-m", "losses", *map(str, arguments)],
                          cwd=folder, env=environment, capture_output=True,
                          encoding=environment["PYTHONIOENCODING"], check=False)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """One tour with the default settings, from another working directory: (process, folder)."""
    folder = tmp_path_factory.mktemp("elsewhere")
    return call("--out", Path("new") / "pictures", folder=folder), folder / "new" / "pictures"


# -- the run ---------------------------------------------------------------------------------------


def test_it_ends_well_and_without_a_warning(gallery):
    run, _ = gallery
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr and "Traceback" not in run.stderr


def test_it_writes_into_the_folder_and_nowhere_else(gallery):
    _, folder = gallery
    names = {file.name for file in folder.iterdir()}
    assert "index.html" in names and len(names) >= 11
    assert all(name.endswith(".png") for name in names - {"index.html"})
    assert [file.name for file in folder.parent.iterdir()] == ["pictures"]
    assert [file.name for file in folder.parent.parent.iterdir()] == ["new"]


def test_pictures_are_of_a_size_that_fits_a_slide(gallery):
    for file in gallery[1].glob("*.png"):
        content = file.read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 10_000, f"{file.name} is empty"
        width, height = struct.unpack(">II", content[16:24])
        assert 800 <= width <= 2000 and 400 <= height <= 1500, f"{file.name}: {width} x {height}"


def test_the_page_links_every_picture_and_nothing_that_is_not_there(gallery):
    page = (gallery[1] / "index.html").read_text(encoding="utf-8")
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sorted(linked) == sorted(file.name for file in gallery[1].glob("*.png"))


def test_what_the_titles_say_is_what_was_measured(gallery):
    """"a handful under the hinge, nearly all under MSE"; "the accuracies meet"."""
    rows = re.findall(r"^(softmax_cross_entropy|multiclass_hinge|mse on one-hot) +(\d+) +"
                      r"([\d.]+)% +([\d.]+)% +([\d.]+)%$", gallery[0].stdout, flags=re.MULTILINE)
    assert len(rows) == 9, f"the table was not found in what is printed: {gallery[0].stdout}"
    end = {name: tuple(map(float, numbers)) for name, epoch, *numbers in rows if epoch == "40"}
    accuracies = [accuracy for accuracy, _, _ in end.values()]
    assert min(accuracies) > 96.0 and max(accuracies) - min(accuracies) < 2.0
    assert end["multiclass_hinge"][2] > 95.0, "hardly anybody teaches under the hinge any more"
    assert end["mse on one-hot"][1] < 5.0 and end["mse on one-hot"][2] < 1.0


# -- help and errors -------------------------------------------------------------------------------


def test_help_names_every_option_and_writes_nothing(tmp_path):
    run = call("--help", folder=tmp_path)
    assert run.returncode == 0 and run.stderr == ""
    assert all(option in run.stdout for option in ("--out", "--show", "--seed", "gallery"))
    assert all(f"\n  {command} " in run.stdout for command in ("list", "shape", "compare"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["tour", "list", "shape", "compare"])
def test_help_of_every_command_shows_examples_that_call_it(command, tmp_path):
    run = call(command, "--help", folder=tmp_path)
    assert run.returncode == 0 and run.stderr == ""
    examples = re.split(r"^examples:$", run.stdout, flags=re.MULTILINE)[1]
    name = "" if command == "tour" else f" {command}"
    assert f"python -m losses{name}" in examples
    assert max(map(len, examples.splitlines())) <= 100


REFUSED = {  # what is typed (FOLDER stands for a folder that holds `file`), words of the message
    "an unknown option": (["--colour", "red"], "--colour"),
    "an abbreviated option": (["--see", "1"], "--see"),
    "a word too many": (["pictures"], "no command 'pictures'.*tour, list, shape, compare"),
    "a misspelt command": (["lsit"], "no command 'lsit'; did you mean list\\?"),
    "a second command": (["--seed", "1", "list"], "unrecognized.*list"),
    "a word behind list": (["list", "mse"], "list: .*mse"),
    "no name to draw": (["shape"], "shape: .*LOSS"),
    "a misspelt loss": (["shape", "mse", "hubr"], "no loss 'hubr'; did you mean huber\\?"),
    "a loss in capitals": (["shape", "MSE"], "no loss 'MSE'; did you mean mse\\?"),
    "an unknown loss": (["shape", "xyzzy"], "no loss 'xyzzy' .*python -m losses list"),
    "a loss of a whole batch": (["shape", "mse", "rmse"], "rmse is one number of a whole batch"),
    "a picture without a kind": (["shape", "mse", "--out", "new/picture"], "--out.*[.]png.*pdf"),
    "a picture of an unknown kind": (["shape", "mse", "--out", "a.docx"], "--out.*[.]png.*a.docx"),
    "a picture inside a file": (["shape", "mse", "--out", "file/a.png"], "cannot write.*file"),
    "a picture without a name": (["shape", "mse", "--out", ""], "--out"),
    "a table that is not there": (["compare", "no.csv", "--target", "price"], "compare: .*no.csv"),
    "a table without a target": (["compare", "file"], "compare: .*--target"),
    "a negative seed": (["--seed", "-1"], "--seed.*0 or more.*-1"),
    "a seed that is no whole number": (["--seed", "0.5"], "--seed.*0.5"),
    "a seed that is missing": (["--seed"], "--seed"),
    "a folder that is missing": (["--out"], "--out"),
    "a folder without a name": (["--out", ""], "--out|folder"),
    "a folder that is a file": (["--out", "file"], "cannot write.*file"),
    "a folder inside a file": (["--out", "file/inside"], "cannot write.*file/inside"),
}
if sys.platform == "linux":
    REFUSED["a folder that cannot be made"] = (["--out", "/proc/gallery"], "cannot write.*/proc")
    REFUSED["a folder that cannot be written to"] = (["--out", "/proc"], "cannot write.*/proc")
    REFUSED["a window without a screen"] = (["--show"], "--show.*screen")
    REFUSED["a picture that cannot be made"] = (["shape", "mse", "--out", "/proc/a.png"],
                                                "cannot write.*/proc")
    REFUSED["a window for a shape"] = (["shape", "mse", "--show"], "--show.*screen")
    REFUSED["a window without a screen, elsewhere"] = (["--show", "--out", "a/b"], "--show.*screen")


@pytest.mark.parametrize("arguments, message", REFUSED.values(), ids=REFUSED.keys())
def test_a_call_that_cannot_work_is_refused_in_one_line(arguments, message, tmp_path):
    (tmp_path / "file").write_text("mine")
    run = call(*arguments, folder=tmp_path)
    assert run.returncode == 2, f"status {run.returncode}: {run.stderr}"
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1 and run.stderr.endswith("\n"), run.stderr
    assert re.search(message, run.stderr), run.stderr
    left = [file.name for file in tmp_path.iterdir()]
    assert left == ["file"], f"a refused call left {left}"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_backend_that_only_writes_files_has_no_windows_to_show(tmp_path):
    run = call("--show", "--out", "out", folder=tmp_path, MPLBACKEND="agg")
    assert run.returncode == 2 and "--show" in run.stderr and run.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir()), "a refused call left a folder"


def test_a_picture_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()
    run = call("shape", "mse", "--out", "a.png", folder=tmp_path)
    assert run.returncode == 2 and re.search("cannot write.*a.png.*folder", run.stderr)


# -- list ------------------------------------------------------------------------------------------


def test_the_list_names_every_loss_with_family_formula_and_gradients(tmp_path):
    run = call("list", folder=tmp_path)
    assert run.returncode == 0 and run.stderr == "" and not list(tmp_path.iterdir())
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    for entry in losses.catalog():
        i = next(i for i, line in enumerate(lines) if line.startswith(f"  {entry.name} "))
        assert entry.formula in lines[i]
        assert any(line.startswith(entry.family) for line in lines[:i])


def numbers_of(name, text):
    """The gradients that the list prints for a loss."""
    line = next(line for line in text.splitlines() if line.startswith(f"  {name} "))
    return [float(word) for word in line[60:].split()]


@pytest.mark.parametrize("name, gradients", {
    "mse": [-4, -1, 0, 1, 4], "mae": [-1, -1, 0, 1, 1], "huber": [-1, -0.5, 0, 0.5, 1],
    "msle": [-0.693, -0.076, 0, 0.052, 0.135], "hinge": [-1, -1, -1, -1, 0],
    "sigmoid_cross_entropy": [-0.881, -0.622, -0.5, -0.378, -0.119],
    "binary_cross_entropy": [-100, -10, -2, -1.111, -1.01],
    "kl_divergence": [-100, -10, -2, -1.111, -1.01], "rmse": [],
}.items())
def test_the_list_prints_the_gradients_at_its_points(name, gradients, capsys):
    from losses.__main__ import main
    assert main(["list"]) == 0
    assert numbers_of(name, capsys.readouterr().out) == gradients


def test_the_columns_of_the_list_are_aligned(capsys):
    """Every number ends in the column of the point above it."""
    from losses.__main__ import main
    main(["list"])
    ends = None
    for line in capsys.readouterr().out.splitlines():
        if re.fullmatch(r"[ \d.\-]+", line) and line.strip():
            ends = [match.end() for match in re.finditer(r"\S+", line)]
            assert ends == [68, 76, 84, 92, 100]
        elif line.startswith("  ") and "rmse" not in line:
            assert [match.end() + 60 for match in re.finditer(r"\S+", line[60:])] == ends, line


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_terminal_without_greek_gets_the_list_spelled_out(encoding, tmp_path):
    run = call("list", folder=tmp_path, PYTHONIOENCODING=encoding)
    assert run.returncode == 0 and run.stderr == ""
    assert run.stdout.isascii() and "?" not in run.stdout
    assert "0.5 e^2 if |e| <= delta, else delta(|e| - 0.5 delta)" in run.stdout
    assert "sqrt mean e^2" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 100
    for entry in losses.catalog():
        assert f"\n  {entry.name} " in run.stdout


def test_a_loss_that_is_added_to_the_catalogue_is_listed(monkeypatch, capsys):
    from losses import __main__, shapes

    def fourth_power(pred, target, *, reduction="mean"):
        return (pred - target) ** 4

    more = [*losses.catalog(),
            losses.Entry("regression", fourth_power, "value", "e⁴ " + "and so on " * 4),
            losses.Entry("ranking", fourth_power, "pair", "log(1 + e)")]
    for module in (__main__, shapes):
        monkeypatch.setattr(module, "catalog", lambda: more)
    __main__.main(["list"])
    printed = capsys.readouterr().out
    assert numbers_of("fourth_power", printed) == [-32, -0.5, 0, 0.5, 32]
    assert "\n      e⁴ and so on" in printed, "a long formula has a line of its own"
    assert "\nranking, pair: shapes.AXES has no line for it\n" in printed


@ONLY_LINUX
def test_a_reader_who_leaves_early_causes_no_traceback(tmp_path):
    """python -m losses list | head -0"""
    code = ("import subprocess, sys; run = subprocess.Popen([sys.executable, '-m', 'losses', "
            "'list'], stdout=subprocess.PIPE, stderr=subprocess.PIPE); run.stdout.close(); "
            "sys.stdout.write(run.stderr.read().decode())")
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, check=False,
                         env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert run.stdout == "" and run.stderr == ""


# -- shape -----------------------------------------------------------------------------------------


def test_losses_of_one_kind_share_the_picture_and_other_kinds_make_it_wider(tmp_path):
    sizes = []
    for names in (["huber", "mse", "mae"], ["huber", "hinge"], ["huber", "hinge", "focal"]):
        run = call("shape", *names, "--out", Path("new") / "some.png", folder=tmp_path)
        assert run.returncode == 0 and run.stderr == "", run.stderr
        assert "some.png" in run.stdout and all(name in run.stdout for name in names)
        sizes.append(struct.unpack(">II", (tmp_path / "new" / "some.png").read_bytes()[16:24]))
    assert sizes[0][0] < sizes[1][0] < sizes[2][0] and len({height for _, height in sizes}) == 1
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["some.png"]


@pytest.mark.parametrize("entry", [entry for entry in losses.catalog() if entry.pred != "batch"],
                         ids=lambda entry: entry.name)
def test_every_loss_can_be_drawn_by_its_name(entry, tmp_path, capsys):
    from losses.__main__ import main
    file = tmp_path / "one.svg"
    assert main(["shape", entry.name, "--out", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} shows {entry.name}\n"
    assert file.read_text(encoding="utf-8").startswith("<?xml")


def test_a_name_that_is_given_twice_is_drawn_once(tmp_path, monkeypatch, capsys):
    from losses.__main__ import main
    monkeypatch.chdir(tmp_path)
    assert main(["shape", "mse", "mse"]) == 0
    assert capsys.readouterr().out == "shape.png shows mse\n"
    assert [file.name for file in tmp_path.iterdir()] == ["shape.png"]


# -- as functions ----------------------------------------------------------------------------------


def test_compare_gets_its_options_and_its_errors_become_one_line(monkeypatch, capsys):
    from losses import compare
    from losses.__main__ import main
    calls = []
    monkeypatch.setattr(compare, "main", calls.append)
    assert main(["compare", "a.csv", "--target", "price", "--losses", "mse", "mae"]) == 0
    assert (calls[0].file, calls[0].target, calls[0].losses) == ("a.csv", "price", ["mse", "mae"])

    def refuse(options):
        raise compare.InputError("line 7 has\nthree cells")

    monkeypatch.setattr(compare, "main", refuse)
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "a.csv", "--target", "price"])
    assert stopped.value.code == 2
    assert "compare: line 7 has three cells (see --help)\n" in capsys.readouterr().err


def test_the_same_run_is_there_as_a_function(tmp_path, monkeypatch, capsys):
    from losses import tour
    from losses.__main__ import main
    monkeypatch.setattr(tour, "EPOCHS", 2)
    assert main(["--out", str(tmp_path), "--seed", "5"]) == 0
    assert "--seed 5" in (tmp_path / "index.html").read_text(encoding="utf-8")
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(["--seed", "-3"])
    assert stopped.value.code == 2
