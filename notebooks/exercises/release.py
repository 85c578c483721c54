"""Write the students' notebooks from the teacher's: python notebooks/exercises/release.py

The teacher's stand in source/, with solutions between `### BEGIN SOLUTION` and `### END SOLUTION`
and tests that the class does not see between `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS`,
as nbgrader wants them. In what is released

- a solution is replaced by raise NotImplementedError("Exercise 3.2: ..."), with the name of the
  task, from the last heading "## Task 3.2: ..." before it;
- hidden tests are left out, and so are all outputs and execution counts.

Needs nothing but Python's standard library. With --check nothing is written: it is an error if a
released notebook is not current.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADING = re.compile(r"^#+ Task (\d+\.\d+): (.+)$", re.MULTILINE)
MARKER = re.compile(r"^\s*#+\W*(BEGIN|END)|#+\W*(BEGIN|END)\W+(SOLUTION|HIDDEN)",
                    re.IGNORECASE | re.MULTILINE)
SIGNS = re.compile(r"^\s*###", re.MULTILINE)


def released(notebook: dict) -> dict:
    """The student's form of a teacher's notebook, both as the JSON of a notebook file."""
    task, cells = None, []
    for cell in notebook["cells"]:
        source, is_code = "".join(cell["source"]), cell["cell_type"] == "code"
        solves = "### BEGIN SOLUTION" in source
        if is_code:
            if solves and task is None:
                raise ValueError(f"no heading '## Task 3.2: ...' before the solution\n{source}")
            source = without(source, "HIDDEN TESTS", None)
            source = without(source, "SOLUTION", f"raise NotImplementedError({json.dumps(task)})")
        if MARKER.search(source) or is_code and SIGNS.search(source):
            raise ValueError(f"a marker that is misspelt, or outside a code cell, hides nothing; "
                             f"and nothing else begins like one:\n{source}")
        if cell["metadata"].get("nbgrader", {}).get("solution") and not solves:
            raise ValueError(f"a cell for a solution, by its metadata, and nothing in it is hidden "
                             f"by ### BEGIN SOLUTION:\n{source}")
        if not is_code:
            for number, title in HEADING.findall(source):
                task = f"Exercise {number}: {title.strip()}"
            cells.append(cell)
        elif source.strip():
            lines = source.rstrip("\n").splitlines(keepends=True)
            cells.append(cell | {"source": lines, "outputs": [], "execution_count": None})
    return notebook | {"cells": cells}


def without(source: str, kind: str, stub: str | None) -> str:
    """`source` without what stands between BEGIN and END of a kind; `stub` in its place."""
    kept, inside = [], False
    for line in source.splitlines():
        if f"### BEGIN {kind}" in line:
            if inside:
                raise ValueError(f"### BEGIN {kind} twice without an END between them:\n{source}")
            inside = True
            if stub:
                kept.append(line[:len(line) - len(line.lstrip())] + stub)
        elif f"### END {kind}" in line:
            if not inside:
                raise ValueError(f"### END {kind} without a BEGIN:\n{source}")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"### BEGIN {kind} without an END:\n{source}")
    return "\n".join(kept)


def text(notebook: dict) -> str:
    """A notebook as its file holds it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write or, with --check, compare all released notebooks; the exit code."""
    if set(arguments) - {"--check"}:
        print(f"release.py takes --check or nothing, not {' '.join(arguments)}")
        return 2
    stale = 0
    for source in sorted((HERE / "source").glob("*.ipynb")):
        target = HERE / source.name
        new = text(released(json.loads(source.read_text(encoding="utf-8"))))
        if target.exists() and target.read_text(encoding="utf-8") == new:
            print(f"{target.name} is current")
        elif "--check" in arguments:
            print(f"{target.name} is not what {source.name} gives: run release.py")
            stale += 1
        else:
            target.write_text(new, encoding="utf-8")
            print(f"{target.name} written")
    return min(stale, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
