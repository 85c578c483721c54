"""Lets the test files import what they share: `from cases import CASES`."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "notebooks")]  # the latter for `import exercises`
pytest.register_assert_rewrite("cases", "helpers", "loss_cases", "notebook_tools")


@pytest.fixture(scope="module")
def font_cache():
    """Built before the first notebook: matplotlib announces it, on a new machine, in a cell."""
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True)
