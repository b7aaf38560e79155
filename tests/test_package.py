"""`pip install .` gives the core, all of it, and nothing else."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SOURCES = ("attention_core", "ui", "pages", "tests")
NO_NETWORK = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")


def run(*command: str, folder: Path, **environment: str) -> str:
    """What a command prints; its complaint if it fails."""
    variables = {"PATH": "", "HOME": str(folder), **environment}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy without network: building leaves files behind."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for name in ("pyproject.toml", "README.md", "LICENSE", "app.py"):
        shutil.copy(PROJECT / name, copy)
    for name in SOURCES:
        shutil.copytree(
            PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "browser")
        )
    pip = (sys.executable, "-m", "pip", "wheel", "--no-build-isolation", *NO_NETWORK)
    run(*pip, "--wheel-dir", str(built), ".", folder=copy)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed core."""
    target = tmp_path_factory.mktemp("target")
    pip = (sys.executable, "-m", "pip", "install", *NO_NETWORK)
    run(*pip, "--target", str(target), str(wheel), folder=target)
    return target


def python(code: str, installed: Path, folder: Path) -> str:
    """What some code prints in a fresh interpreter that finds the installed core."""
    return run(sys.executable, "-c", code, folder=folder, PYTHONPATH=str(installed))


def test_the_wheel_has_the_core_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "attention_core").rglob("*")
        if path.suffix in {".py", ".json", ".safetensors", ".css", ".js", ".html"}
        or path.name == "py.typed"
    }
    assert names == ours
    assert "attention_core/py.typed" in names


def test_it_says_what_it_requires(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = archive.read(name).decode()
    assert re.findall(r"^Requires-Dist: ([a-z0-9]+)>=[\d.]+(.*)$", said, re.MULTILINE) == [
        ("torch", ""),
        ("numpy", ""),
        ("safetensors", ""),
        ("regex", ""),
        ("plotly", '; extra == "figures"'),
        ("jinja2", '; extra == "figures"'),
    ]


def test_it_is_imported_from_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, attention_core as core; print(core.__file__);"
        "print({'ui', 'pages', 'streamlit', 'plotly', 'pandas'} & set(sys.modules))"
    )
    where, extra = python(code, installed, tmp_path).splitlines()
    assert Path(where) == installed / "attention_core" / "__init__.py"
    assert extra == "set()"


def test_figures_need_plotly_alone(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, attention_core.figures; print('plotly' in sys.modules);"
        "print({'ui', 'pages', 'streamlit'} & set(sys.modules))"
    )
    assert python(code, installed, tmp_path).split("\n")[:2] == ["True", "set()"]


def test_the_readmes_examples_run(installed: Path, tmp_path: Path) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(examples) == 2
    code = "\n".join(examples) + "\nassert all(c.ok for c in trace.check())\nprint(len(traces))"
    assert python(code, installed, tmp_path).strip() == "1"
    assert (tmp_path / "seen.safetensors").is_file()
