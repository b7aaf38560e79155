"""Change one line at a time, and see whether the tests beside it notice: ``make mutants``.

In a copy of the project, for a seeded sample of changes in every room, the nearest tests are run:
the module's own examples, the test file that mirrors it, and those that mention it most. A change
that all of them pass has survived: either it changes nothing that matters, or a test is missing.
"""

import argparse
import ast
import compileall
import contextlib
import importlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import pytest

from scripts.mutations import Change, changes

PROJECT = Path(__file__).parents[1]
PRODUCT = ("app.py", "ui/**/*.py", "attention_core/**/*.py")
OWN = ("attention_core", "ui", "tests", "scripts", "benchmarks", "app")  # packages
NOT_COPIED = (".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", ".train")
LARGE = ("torch", "numpy", "pandas", "plotly.graph_objects", "streamlit.testing.v1", "hypothesis")
NEAREST = 4  # test files for one module, besides its own examples
PATIENCE = 120  # seconds of the processor, for a test file without a change
SLOW, SPARE = 30, 4  # seconds more, and times as many, after which changed code hangs
MEMORY = 8 * 2**30  # bytes, which no test needs: what a change makes too large is refused
EVERY_PAGE = ("tests/pages/test_pages.py",)  # for what no test mentions
DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FATES = ("killed", "survived", "no test found")
PLAINLY = ("-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0")


def room_of(path: str) -> str:
    """Return the room that a module is in."""
    folders = path.split("/")[:-1]
    return "/".join(folders[:2]) or "ui/server"  # app.py


def modules(root: Path) -> dict[str, list[str]]:
    """Return the modules of the product by room."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for place in PRODUCT for path in root.glob(place)):
        name = path.relative_to(root).as_posix()
        found.setdefault(room_of(name), []).append(name)
    return dict(sorted(found.items()))


def _read(path: Path) -> tuple[str, set[str]]:
    """Return a module's text and the names of the modules that it imports."""
    text, imported = path.read_text("utf-8"), set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return text, imported


@lru_cache
def _test_files(root: Path) -> dict[str, tuple[str, set[str]]]:
    """Return what ``_read`` does of each test file but the browser's, with what it is helped by."""
    found = {}
    for path in sorted(root.glob("tests/**/test_*.py")):
        text, imported = _read(path)
        for name in [name for name in imported if name.startswith("tests.")]:
            helper = root / f"{name.replace('.', '/')}.py"
            if helper.is_file():
                more, also = _read(helper)
                text, imported = text + more, imported | also
        if "browser" not in path.parts:
            found[path.relative_to(root).as_posix()] = text, imported
    return found


@lru_cache
def nearest(root: Path, path: str) -> tuple[str, ...]:
    """Return the tests nearest to a module: its examples, its mirror, and where it is mentioned."""
    source, module = (root / path).read_text("utf-8"), path.removesuffix(".py").replace("/", ".")
    stem = module.rpartition(".")[2]
    folder, _, name = path.removesuffix(f"/{stem}.py").rpartition("/")
    mirrors = {f"tests/{path.removesuffix(f'{stem}.py')}test_{stem}.py": 1000}
    mirrors |= {f"tests/{folder}/test_{name}.py": 500}
    public = [node.name for node in ast.parse(source).body if isinstance(node, DEFINED)]
    words = [name for name in public if name[0] != "_" and len(name) > 4]
    named = re.compile("|".join([rf"\b{stem}\.", *(rf"\b{word}\b" for word in words)]))
    mentions = Counter[str]()
    for name, (text, imported) in _test_files(root).items():
        nearness = mirrors.get(name, 0) + 100 * (module in imported)
        mentions[name] = nearness + len(named.findall(text))
    most = [name for name, count in mentions.most_common(NEAREST) if count]
    return (*([path] if ">>> " in source else []), *(most or EVERY_PAGE))


class Tests:
    """What pytest is told: which tests to run, or to note how long each takes that passes.

    Args:
        chosen: Their names; None for all.
        notes: A file for a line of JSON from each test that passes, its name and seconds.
    """

    def __init__(self, chosen: Iterable[str] | None = None, notes: Path | None = None) -> None:
        self.chosen = None if chosen is None else set(chosen)
        self.notes = notes
        self.begun, self.passes = 0.0, True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the others out."""
        if self.chosen is not None:
            items[:] = [item for item in items if item.nodeid in self.chosen]

    def pytest_runtest_logstart(self) -> None:
        """Look at the clock, of the processor: others may be at work."""
        self.begun, self.passes = time.process_time(), True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a test, once it has passed."""
        self.passes = self.passes and report.passed
        if self.notes and report.when == "teardown" and self.passes:
            with self.notes.open("a") as file:
                print(json.dumps([report.nodeid, time.process_time() - self.begun]), file=file)


def run(tree: Path, files: Iterable[str], tests: Tests, seconds: float) -> int:
    """Run tests in a tree, in a fork of a process that has everything large imported.

    Returns:
        Pytest's exit code, or what ended it, below 0, such as too many seconds of the processor.
    """
    child = os.fork()
    if child == 0:
        _run_here(tree, files, tests, seconds)
    deadline = time.monotonic() + 60 + 10 * seconds  # for what waits without working
    pid = 0
    while not pid:
        pid, status = os.waitpid(child, os.WNOHANG)
        if not pid and time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what it may have left behind
    return os.waitstatus_to_exitcode(status)


def _run_here(tree: Path, files: Iterable[str], tests: Tests, seconds: float) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    os.chdir(tree)
    sys.path[:] = [str(tree), *(p for p in sys.path if p not in ("", str(PROJECT)))]
    for name in [name for name in sys.modules if name.split(".")[0] in OWN]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)
    os._exit(pytest.main([*PLAINLY, *(["-x"] if tests.chosen else []), *files], [tests]))


class Tree:
    """A copy of the project in which lines are changed.

    Args:
        folder: Where, a folder that does not exist yet.
        seconds: Of the processor, for the tests of one change.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        compileall.compile_dir(folder, quiet=2)
        self.plain: dict[str, dict[str, float]] = {}  # how long tests take without a change

    def nearest(self, path: str) -> dict[str, float]:
        """Return tests near to a module, with their seconds: of each file the quickest first."""
        found: dict[str, float] = {}
        for name in nearest(self.folder, path):
            for test, took in sorted(self.passing(name).items(), key=itemgetter(1)):
                if sum(found.values()) + took <= self.seconds:
                    found[test] = took
        return found

    def passing(self, file: str) -> dict[str, float]:
        """Return the tests of a file that pass without a change, as far as there is time."""
        if file not in self.plain:
            notes = self.folder / ".notes"
            notes.write_text("")
            run(self.folder, [file], Tests(notes=notes), PATIENCE)
            self.plain[file] = dict(map(json.loads, notes.read_text().splitlines()))
        return self.plain[file]

    def judge(self, path: str, change: Change) -> str:
        """Return what becomes of a change: "killed", "survived" or "no test found"."""
        tests = self.nearest(path)
        if not tests:
            return "no test found"
        file, files = self.folder / path, dict.fromkeys(test.partition("::")[0] for test in tests)
        source, times = file.read_bytes(), file.stat()
        file.write_bytes(source[: change.start] + change.new.encode() + source[change.end :])
        os.utime(file, (times.st_atime, times.st_mtime + 2))  # so that it is compiled anew
        seconds = SLOW + SPARE * sum(tests.values())
        code = run(self.folder, files, Tests(tests), seconds)
        file.write_bytes(source)
        os.utime(file, (times.st_atime, times.st_mtime))
        return "survived" if code == 0 else "killed"


def sample(
    root: Path, paths: Iterable[str], how_many: int, dice: random.Random
) -> Iterator[tuple[str, Change]]:
    """Yield changes of some modules: of every kind as many, and of each line one."""
    kinds: dict[str, list[tuple[str, Change]]] = {}
    for path in paths:
        for change in changes((root / path).read_bytes()):
            kinds.setdefault(change.kind, []).append((path, change))
    taken: set[tuple[str, int]] = set()
    for _ in range(50 * how_many if kinds else 0):
        path, change = dice.choice(kinds[dice.choice(sorted(kinds))])
        if (path, change.line) not in taken and len(taken) < how_many:
            taken.add((path, change.line))
            yield path, change


def told(root: Path, path: str, change: Change) -> str:
    """Return a change as the two lines of it."""
    source = (root / path).read_bytes()
    first = source.rfind(b"\n", 0, change.start) + 1
    last = source.find(b"\n", change.start)
    new = source[first : change.start] + change.new.encode() + source[change.end : last]
    lines = (source[first:last].decode().strip(), new.decode().strip())
    return f"{path}:{change.line}\n  - {lines[0]}\n  + {lines[1]}"


def main() -> None:
    """Make the changes, one after the other, and print what became of them by room."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=12, help="how many changes in each room")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other changes")
    parser.add_argument("--seconds", type=float, default=15, help="for the tests of one change")
    parser.add_argument("--only", default="", help="rooms and modules that begin so")
    asked = parser.parse_args()
    for name in LARGE:  # the same for every change, so imported once, before the forks
        importlib.import_module(name)
    fates: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder) / "project", asked.seconds)
        for room, paths in modules(tree.folder).items():
            own = [p for p in paths if p.startswith(asked.only) or room.startswith(asked.only)]
            dice = random.Random(f"{asked.seed} {room}")
            for path, change in sample(tree.folder, own, asked.each, dice):
                fate = tree.judge(path, change)
                fates.setdefault(room, Counter())[fate] += 1
                said = "." if fate == "killed" else f"{fate}: {told(tree.folder, path, change)}"
                print(said, flush=True)
    print(f"{'room':28}", *(f"{fate:>14}" for fate in FATES))
    for room, found in [*fates.items(), ("all", sum(fates.values(), Counter[str]()))]:
        print(f"{room:28}", *(f"{found[fate]:14}" for fate in FATES))


if __name__ == "__main__":
    main()
