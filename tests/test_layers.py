"""Imports point one way: app.py → pages → ui → attention_core.figures → attention_core → torch.

The core may also import numpy and safetensors, which read and write files of tensors, and regex,
which finds the characters of a sentence.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ui.components import SCRIPTS

PROJECT = Path(__file__).parents[1]
ROOMS = ("app", "pages", "ui", "attention_core.figures", "attention_core")
"""From the screen inwards: a room may import itself and the rooms to its right."""

THIRD_PARTY = {
    "attention_core": {"torch", "numpy", "safetensors", "regex"},
    "attention_core.figures": {"torch", "plotly", "jinja2"},
    "ui": {"torch", "plotly", "pandas", "streamlit", "starlette", "pygments", "segno"},
    "pages": {"torch", "plotly", "pandas", "streamlit"},
    "app": {"torch", "plotly", "pandas", "streamlit", "starlette"},
}
SOURCES = sorted(
    path
    for start in ("app.py", "pages", "ui", "attention_core")
    for path in ([PROJECT / start] if start.endswith(".py") else (PROJECT / start).rglob("*.py"))
)


def room_of(module: str) -> str | None:
    """The room that a dotted module name is in, or None for a package from elsewhere."""
    if module == "attention_core.figures" or module.startswith("attention_core.figures."):
        return "attention_core.figures"
    first = module.split(".")[0]
    return first if first in ROOMS else None


def module_name(path: Path) -> str:
    """The dotted name under which the file is imported."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(path: Path) -> str:
    """The package against which the relative imports of the file resolve."""
    name = module_name(path)
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def imported(source: str, package: str) -> Iterator[str]:
    """The full name of every module and name that the source imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = [*(above if node.level else []), *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def forbidden(room: str, name: str) -> bool:
    """Whether code in the room must not import this name."""
    target = room_of(name)
    if target == "pages":
        return True
    if target is not None:
        return ROOMS.index(target) < ROOMS.index(room)
    package = name.split(".")[0]
    return package not in sys.stdlib_module_names and package not in THIRD_PARTY[room]


def test_there_is_something_to_look_at() -> None:
    found = {room_of(module_name(path)) for path in SOURCES}
    assert found == set(ROOMS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_point_inwards(path: Path) -> None:
    room = room_of(module_name(path))
    assert room is not None
    names = imported(path.read_text(encoding="utf-8"), package_of(path))
    wrong = sorted({name for name in names if forbidden(room, name)})
    assert not wrong, f"{path.relative_to(PROJECT)} must not import {', '.join(wrong)}"


@pytest.mark.parametrize(
    ("room", "package", "source", "wrong"),
    [
        ("attention_core", "attention_core", "import streamlit as st", True),
        ("attention_core", "attention_core", "def f():\n    import pandas", True),
        ("attention_core", "attention_core", "import numpy, safetensors.torch", False),
        ("attention_core.figures", "attention_core.figures", "import numpy", True),
        ("attention_core", "attention_core", "import plotly.graph_objects as go", True),
        ("attention_core", "attention_core", "from . import figures", True),
        ("attention_core", "attention_core", "from attention_core.figures import heatmap", True),
        ("attention_core", "attention_core.operations", "from ..figures import heatmap", True),
        ("attention_core", "attention_core", "import math, torch", False),
        ("attention_core", "attention_core.operations", "from .base import Operation", False),
        ("attention_core.figures", "attention_core.figures", "import plotly", False),
        ("attention_core.figures", "attention_core.figures", "from ui import state", True),
        ("ui", "ui", "from pages import start", True),
        ("pages", "pages", "from . import start", True),
        ("pages", "pages", "from ui.lab.state import Lab", False),
        ("pages", "pages", "import tests.conftest", True),
        ("app", "", "import ui.frame", False),
    ],
)
def test_the_rule_tells_right_from_wrong(room: str, package: str, source: str, wrong: bool) -> None:
    assert any(forbidden(room, name) for name in imported(source, package)) is wrong


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle of imports, the first again at its end; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def imports_of(path: Path) -> set[str]:
    """The modules of ours that a file imports, for types alone or within a function, too."""
    names = imported(path.read_text(encoding="utf-8"), package_of(path))
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & MODULES


def scripts_of(path: Path) -> set[Path]:
    """The scripts that a script imports."""
    found = re.findall(r"""(?:from|import\() *["'](\.[^"']+\.js)["']""", path.read_text("utf-8"))
    return {(path.parent / name).resolve() for name in found}


MODULES = {module_name(path) for path in SOURCES}


def test_no_module_imports_itself_by_way_of_others() -> None:
    imports = {module_name(path): imports_of(path) for path in SOURCES}
    assert "attention_core.step" in imports["attention_core.mechanism"]
    assert not circle(imports)


def test_no_script_imports_itself_by_way_of_others() -> None:
    imports = {path: scripts_of(path) for path in SCRIPTS}
    found = {path.name: {name.name for name in names} for path, names in imports.items()}
    assert {"live.js", "figure_style.js"} <= found["figures.js"]
    assert set().union(*imports.values()) <= set(SCRIPTS), "every script imported is served"
    assert not circle(found)


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) in (
        [*"abca"],
        [*"bcab"],
        [*"cabc"],
    )
    assert not circle({"a": {"b", "c"}, "b": {"c"}, "c": set()})


def test_only_files_of_tensors_need_numpy_and_safetensors() -> None:
    found = {
        path.name
        for path in SOURCES
        if {name.split(".")[0] for name in imported(path.read_text("utf-8"), package_of(path))}
        & {"numpy", "safetensors"}
    }
    assert found <= {"saving.py", "numpy_files.py", "checkpoints.py"}


def test_the_server_answers_before_torch_is_imported() -> None:
    code = "import sys, app; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, f"app.py imports torch before it serves. {done.stderr}"
