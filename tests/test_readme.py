"""README's Python blocks run, and print what README says they print."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```(?:\s*```text\n(.*?)```)?", README, re.DOTALL)


def test_readme_has_code_to_run():
    assert BLOCKS


@pytest.mark.parametrize("code, expected", BLOCKS)
def test_readmes_code_prints_what_readme_says(code, expected):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert printed.getvalue() == expected


def test_every_file_that_readme_names_exists():
    for path in re.findall(r"\]\(([^)#:]+)\)|`((?:minigrad|losses|optim|notebooks|tests)/[^`*]+)`",
                           README):
        name = path[0] or path[1]
        assert (ROOT / name).exists(), f"README names {name}, which is not there"
