"""The promises of the project's own files: pinned, portable, and true to the README."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PINNED = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+]*( ; [^#]+)?  # \S.*")

# Joined here so that this file does not name them itself.
FOREIGN_HOSTS = tuple(
    f"{name}.{ending}"
    for name, ending in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb.debian", "org"),
        ("jsdelivr", "net"),
        ("unpkg", "com"),
        ("cdnjs.cloudflare", "com"),
        ("cdn.plot", "ly"),
        ("googleapis", "com"),
    ]
)
BINARY = {".png", ".gif", ".safetensors", ".npz", ".npy"}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(work|root|home|opt|Users|tmp/[\w.-]+)/")


def own_files() -> list[Path]:
    """Every text file that is in the repository or would be added to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    paths = [PROJECT / name for name in names.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def targets() -> set[str]:
    """What `make` can be asked for."""
    return set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_every_requirement_is_pinned_and_says_who_needs_it(name: str) -> None:
    lines = (PROJECT / name).read_text().splitlines()
    requirements = [line for line in lines if line and line[0] not in "#-"]
    assert requirements
    assert [line for line in requirements if not PINNED.fullmatch(line)] == []


def test_torch_comes_from_the_cpu_index_on_linux() -> None:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    assert f"--extra-index-url {CPU_INDEX}" in lines
    linux = [
        line for line in lines if re.match(r'torch==[0-9.]+\+cpu ; sys_platform == "linux"', line)
    ]
    assert len(linux) == 1


def test_no_file_names_a_registry_or_a_content_network() -> None:
    named = [
        f"{path.relative_to(PROJECT)}: {host}"
        for path in own_files()
        for host in FOREIGN_HOSTS
        if host in path.read_text(encoding="utf-8")
    ]
    assert named == []


def test_no_file_names_a_path_of_one_machine() -> None:
    named = [
        f"{path.relative_to(PROJECT)}: {found[0]}"
        for path in own_files()
        if path != Path(__file__)
        and (found := MACHINE_PATH.search(path.read_text(encoding="utf-8")))
    ]
    assert named == []


def test_what_the_browser_loads_names_no_other_host() -> None:
    scripts = [path for path in own_files() if path.suffix in {".js", ".css", ".html"}]
    assert scripts
    namespace = "http://www.w3.org/"  # a name in SVG, never asked for
    named = [
        path.name
        for path in scripts
        if re.search(r"https?://", path.read_text(encoding="utf-8").replace(namespace, ""))
    ]
    assert named == []


def test_the_configuration_asks_nobody_outside() -> None:
    config = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text())
    assert config["browser"] == {"gatherUsageStats": False, "serverAddress": "localhost"}
    assert "://" not in str(config["theme"])
    assert config["client"]["showErrorDetails"] == "none"


def test_the_readme_only_promises_what_make_can_do() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```.*?```|`[^`\n]+`", readme, re.DOTALL)
    promised = {name for part in code for name in re.findall(r"\bmake ([a-z-]+)", part)}
    assert {"run", "test"} <= promised
    assert promised <= targets()


def test_pictures_in_the_readme_exist() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)|<img[^>]+src=\"([^\"]+)\"", readme)
    names = [first or second for first, second in pictures]
    assert names
    assert [name for name in names if not (PROJECT / name).is_file()] == []


# ---- Tests mirror the tree ---------------------------------------------------------------------

UNTESTED = {
    "attention_core/step.py": "a record without code: a mechanism's tests hold it",
    "attention_core/mechanisms/family.py": "a record whose example runs; its mechanisms' tests",
    "ui/cards/prediction.py": "a record without code: tests/ui/lessons/test_questions.py",
}
"""The modules without tests of their own, and why."""


def mirror_of(path: str) -> str:
    """Return the name of the tests of a module, from its path; of a lesson's, its lesson's."""
    *folders, name = path.removesuffix(".py").split("/")
    if folders[:2] == ["ui", "lessons"] and len(folders) == 3:
        return f"tests/ui/lessons/test_{folders[2]}.py"
    return "/".join(["tests", *folders, f"test_{name}.py"])


MODULES = sorted(
    path.relative_to(PROJECT).as_posix()
    for room in ("ui", "attention_core")
    for path in (PROJECT / room).rglob("*.py")
    if path.name != "__init__.py"  # what a package offers is tested with its room
)


@pytest.mark.parametrize("path", MODULES)
def test_the_tests_of_a_module_are_found_from_its_path(path: str) -> None:
    assert (PROJECT / mirror_of(path)).is_file() is (path not in UNTESTED), mirror_of(path)


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("ui/frame.py", "tests/ui/test_frame.py"),
        ("ui/lab/link.py", "tests/ui/lab/test_link.py"),
        ("ui/lessons/lesson.py", "tests/ui/lessons/test_lesson.py"),
        ("ui/lessons/dropout/figures.py", "tests/ui/lessons/test_dropout.py"),
        ("attention_core/masks.py", "tests/attention_core/test_masks.py"),
    ],
)
def test_where_tests_are_is_known_from_the_path(path: str, tests: str) -> None:
    assert mirror_of(path) == tests
    assert path in MODULES


def test_a_module_without_tests_of_its_own_is_one() -> None:
    assert UNTESTED.keys() <= set(MODULES)
