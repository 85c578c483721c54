"""Lets the test files import what they share: `from cases import CASES`."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "notebooks")]  # the latter for `import exercises`
pytest.register_assert_rewrite("cases", "helpers", "loss_cases", "notebook_tools",
                            "panels")


@pytest.fixture(scope="module")
def font_cache():
    """Built before the first notebook: matplotlib announces it, on a new machine, in a cell."""
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True)


@pytest.fixture
def pyplot_untouched():
    """No picture may open a figure of its own, or leave a changed style behind."""
    before, style = pyplot.get_fignums(), dict(matplotlib.rcParams)
    yield
    assert pyplot.get_fignums() == before and dict(matplotlib.rcParams) == style
