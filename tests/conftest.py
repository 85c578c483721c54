"""Lets the test files import what they share: `from cases import CASES`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("cases", "helpers", "loss_cases")
