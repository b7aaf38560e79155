"""Imports point one way: app.py → pages → ui → attention_core.figures → attention_core → torch.

The core may also import numpy and safetensors, which read and write files of tensors, and regex,
which finds the characters of a sentence.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
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


# ---- Lessons -----------------------------------------------------------------------------------

LESSONS = sorted(path for path in (PROJECT / "ui" / "lessons").iterdir() if path.is_dir())
PURE = sorted(
    path
    for room in ("cards", "lessons")
    for path in (PROJECT / "ui" / room).rglob("*.py")
    if not path.stem.endswith("controls")
)


def lesson_of(name: str) -> str | None:
    """The lesson in whose folder a module or a name of it is, if it is in one."""
    parts = name.split(".")
    is_in_one = parts[:2] == ["ui", "lessons"] and len(parts) > 2
    return parts[2] if is_in_one and (PROJECT / "ui" / "lessons" / parts[2]).is_dir() else None


def others(lesson: str, source: str, package: str) -> set[str]:
    """The lessons that the source imports, other than its own."""
    return {of for name in imported(source, package) if (of := lesson_of(name))} - {lesson}


@pytest.mark.parametrize(
    ("lesson", "path"),
    [
        *((folder.name, path) for folder in LESSONS for path in sorted(folder.glob("*.py"))),
        *((path.stem, path) for path in sorted((PROJECT / "pages").glob("*.py"))),
    ],
    ids=str,
)
def test_no_lesson_imports_another(lesson: str, path: Path) -> None:
    assert others(lesson, path.read_text(encoding="utf-8"), package_of(path)) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from ui.lessons.dropout import figures", {"dropout"}),
        ("from ui.lessons import dropout", {"dropout"}),
        ("import ui.lessons.dropout.figures", {"dropout"}),
        ("from ui.lessons.one_query.figures import dots", set()),
        ("from ui.lessons.lesson import Lesson", set()),
        ("from ui.lessons import SYLLABUS", set()),
        ("from ui.cards import mask", set()),
    ],
)
def test_the_rule_of_lessons_tells_right_from_wrong(source: str, found: set[str]) -> None:
    assert others("one_query", source, "ui.lessons.one_query") == found


@cache
def file_of(module: str) -> Path | None:
    """The file of a module of the project, by its dotted name."""
    path = PROJECT.joinpath(*module.split("."))
    found = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in found if file.is_file()), None)


@cache
def imported_in(path: Path) -> frozenset[str]:
    """The full name of everything that a file imports."""
    return frozenset(imported(path.read_text(encoding="utf-8"), package_of(path)))


def reached(path: Path) -> set[str]:
    """The names of everything that is imported with a file, directly or through others."""
    names: set[str] = set()
    files, waiting = {path}, [path]
    while waiting:
        file = waiting.pop()
        for name in imported_in(file):
            names.add(name)
            parts = name.split(".")
            for count in range(1, len(parts) + 1):
                found = file_of(".".join(parts[:count]))
                if found and found not in files:
                    files.add(found)
                    waiting.append(found)
    return names


def test_what_is_reached_goes_through_others() -> None:
    assert any(name.startswith("streamlit") for name in reached(PROJECT / "ui" / "frame.py"))
    figures = PROJECT / "ui" / "lessons" / "one_query" / "figures.py"
    assert {"torch", "plotly.graph_objects"} <= reached(figures)


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_is_on_screen_is_made_without_streamlit(path: Path) -> None:
    found = {name.split(".")[0] for name in reached(path)}
    assert not found & {"streamlit", "starlette"}
