"""Notebooks: executed in a fresh kernel, read, and searched for names of the project."""

import ast
import importlib
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from traitlets import default

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = ("minigrad", "losses", "optim")
SECONDS = 60  # of computing for a notebook, as the kernel counts them: a busy machine is no slower
OFFLINE = """
import socket

def stay_here(self, address, connect=socket.socket.connect):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        raise OSError(f"a notebook works offline, and this one asks for {address}")
    return connect(self, address)

socket.socket.connect = stay_here
"""


# The kernel: the Python that runs these tests, whatever kernels are installed


class ThisPython(KernelSpecManager):
    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class ThisKernel(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _this_python(self):
        return ThisPython(parent=self)


def executed(path, profile, allow_errors=False):
    """The notebook with the outputs of a new run. `profile` is an empty folder for IPython.

    Offline: a connection to another machine raises OSError. Fails if it takes more than SECONDS.
    """
    notebook = read(path)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    notebook.cells.append(nbformat.v4.new_code_cell("import time; print(time.thread_time())"))
    startup = profile / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "offline.py").write_text(OFFLINE, encoding="utf-8")
    inherited = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    folders = [ROOT, ROOT / "notebooks",  # absolute: the kernel runs elsewhere
               *(Path(p).resolve() for p in inherited)]
    environment = os.environ | {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "2",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "IPYTHONDIR": str(profile),  # no start-up files of this machine's user
    }
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", record_timing=False,
                            allow_errors=allow_errors,
                            kernel_manager_class=ThisKernel,
                            resources={"metadata": {"path": str(path.parent)}})
    try:
        client.execute(env=environment)
        seconds = float(notebook.cells.pop().outputs[0].text)
        if seconds > SECONDS:
            pytest.fail(f"{path.name} takes {seconds:.0f} seconds of computing, and may take "
                        f"{SECONDS}: train shorter, or on less", pytrace=False)
        return notebook
    except CellExecutionError as error:
        trouble = f"raised {error.ename}: {error.evalue}"
    except CellTimeoutError:
        trouble = f"was still running after {SECONDS} seconds"
    number, cell = last_begun(notebook)
    details = "\n".join("\n".join(output.get("traceback", [])) for output in cell.outputs)
    pytest.fail(f"{path.name}: code cell {number} {trouble}\n\nThe cell:\n{cell.source}\n\n"
                f"{plain(details)}", pytrace=False)


def last_begun(notebook):
    """Number and cell at which a run ended. A cell that is not finished has no count yet."""
    numbered = list(enumerate(code_cells(notebook), start=1))
    for number, cell in numbered:
        if cell.execution_count is None or any(o.output_type == "error" for o in cell.outputs):
            return number, cell
    return numbered[-1]


# Reading notebooks


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_image(output):
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def plain(text):
    """Without colours, and without the addresses that objects have in memory."""
    return re.sub(r"\b0x[0-9a-f]+", "0x...", re.sub(r"\x1b\[[0-9;]*m", "", text))


def text_of(cell):
    """What a code cell says in words: printed text and results, with pictures left out.

    How the kernel cuts a stream into pieces is chance: pieces of one stream are joined.
    """
    pieces = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if pieces and pieces[-1][0] == output.name:
                pieces[-1][1] += output.text
            else:
                pieces.append([output.name, output.text])
        elif not is_image(output) and "text/plain" in output.get("data", {}):
            result = output.data["text/plain"]
            if not result.startswith("<Figure size"):  # a picture that was not drawn: counted below
                pieces.append(["result", result])
    return "\n".join(f"[{name}]\n{plain(text)}" for name, text in pieces)


# Names of the project


def introduced(notebook):
    """The names after **New names:** in the first cell: "nn.MLP" counts as MLP."""
    line = re.search(r"^\*\*New names:\*\* (.*(?:\n.+)*)", notebook.cells[0].source, re.MULTILINE)
    return [name.split(".")[-1] for name in re.findall(r"`([\w.]+)`", line[1])] if line else None


def used(notebook):
    """The names of the project that the code of a notebook imports, or takes out of a module."""
    names, modules = set(), {}
    trees = [ast.parse(cell.source) for cell in code_cells(notebook)]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PROJECT:
                    whole = alias.name if alias.asname else alias.name.split(".")[0]
                    modules[alias.asname or whole] = importlib.import_module(whole)
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in PROJECT:
            for alias in node.names:
                thing = member(importlib.import_module(node.module), alias.name)
                if isinstance(thing, ModuleType):
                    modules[alias.asname or alias.name] = thing
                elif callable(thing):
                    names.add(alias.name)
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Attribute):
            module = module_of(node.value, modules)
            if module and callable(member(module, node.attr)):
                names.add(node.attr)
    return names


def member(module, name):
    """A module's attribute, or its submodule of that name."""
    if not hasattr(module, name):
        return importlib.import_module(f"{module.__name__}.{name}")
    return getattr(module, name)


def module_of(node, modules):
    """The module of the project that an expression such as `nn` or `minigrad.nn` means, if any."""
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute) and (outer := module_of(node.value, modules)):
        inner = member(outer, node.attr)
        return inner if isinstance(inner, ModuleType) else None
    return None
