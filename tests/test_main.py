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
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **settings}
    return subprocess.run([sys.executable, "-W", "error", "-m", "losses", *map(str, arguments)],
                          cwd=folder, env=environment, capture_output=True, encoding="utf-8",
                          check=False)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """One run with the default settings, from another working directory: (process, folder)."""
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
    assert "index.html" in names and len(names) >= 6
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
    assert not list(tmp_path.iterdir())


REFUSED = {  # what is typed (FOLDER stands for a folder that holds `file`), words of the message
    "an unknown option": (["--colour", "red"], "--colour"),
    "an abbreviated option": (["--see", "1"], "--see"),
    "a word too many": (["pictures"], "pictures"),
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
