"""``make mutants``: which lines it changes, how, and whether it sees that a test notices."""

import ast
import random
from pathlib import Path

import pytest

from scripts import mutants
from scripts.mutants import PROJECT, Tree, modules, sample, told
from scripts.mutations import Change, changes

MODULE = b'''"""One \xe2\x80\x94 module < another."""


@cached(maxsize=8)
def clipped(x: int = 1, *, most: float = 0.5) -> int:
    """Return x <= most, or 3."""
    if not x:
        return 0
    x = min(x + 2, most) if x < most and x != 7 else rows[1:most]
    rows.append(f"{x + 1}")
    if x in rows:
        raise ValueError("not 2 + 2 in rows")
    return x
'''


def made(source: bytes = MODULE) -> dict[int, set[str]]:
    """Return what each line of a module may become."""
    lines: dict[int, set[str]] = {}
    for change in changes(source):
        text = source[: change.start] + change.new.encode() + source[change.end :]
        assert ast.parse(text)
        new = text.decode().splitlines()[change.line - 1].strip()
        lines.setdefault(change.line, set()).add(new)
    return lines


def test_every_kind_of_change_is_made_and_no_text_type_or_message_is_changed() -> None:
    assert made() == {
        5: {
            "def clipped(x: int = 2, *, most: float = 0.5) -> int:",
            "def clipped(x: int = 1000, *, most: float = 0.5) -> int:",
            "def clipped(x: int = 1, *, most: float = 500.0) -> int:",
        },
        7: {"if  x:", "if False:"},
        8: {"return 1", "return None"},
        9: {
            "x = min(x + 2, most) if x < most or x != 7 else rows[1:most]",
            "x = min(x + 2, most) if x <= most and x != 7 else rows[1:most]",
            "x = min(x + 2, most) if x < most and x == 7 else rows[1:most]",
            "x = min(x + 2, most) if x < most and x != 8 else rows[1:most]",
            "x = min(x + 2, most) if x < most and x != 7000 else rows[1:most]",
            "x = max(x + 2, most) if x < most and x != 7 else rows[1:most]",
            "x = min(x - 2, most) if x < most and x != 7 else rows[1:most]",
            "x = min(x + 3, most) if x < most and x != 7 else rows[1:most]",
            "x = min(x + 2000, most) if x < most and x != 7 else rows[1:most]",
            "x = min(x + 2, most) if x < most and x != 7 else rows[2:most]",
            "x = min(x + 2, most) if x < most and x != 7 else rows[1000:most]",
            "x = min(x + 2, most) if x < most and x != 7 else rows[1:most - 1]",
            "x = min(x + 2, most)",
            "x = rows[1:most]",
        },
        10: {"pass", 'rows.extend(f"{x + 1}")'},
        11: {"if x not in rows:", "if False:"},
        13: {"return None"},
    }


def test_every_change_of_the_product_is_one_line_of_python() -> None:
    paths = [path for own in modules(PROJECT).values() for path in own]
    assert {"app.py", "ui/lab/lab.py", "attention_core/outside/work.py"} <= set(paths)
    for path in random.Random(1).sample(paths, 3):
        source = (PROJECT / path).read_bytes()
        for change in changes(source):
            assert ast.parse(source[: change.start] + change.new.encode() + source[change.end :])
            assert b"\n" not in source[change.start : change.end]


def test_a_seed_makes_the_same_changes_and_changes_each_line_once() -> None:
    paths = modules(PROJECT)["ui/lab"]
    found = list(sample(PROJECT, paths, 20, random.Random(3)))
    assert found == list(sample(PROJECT, paths, 20, random.Random(3)))
    assert len({(path, change.line) for path, change in found}) == 20
    assert len({change.kind for _, change in found}) > 5
    assert list(sample(PROJECT, [], 20, random.Random(3))) == []


def test_the_nearest_tests_are_the_mirror_and_what_mentions_it() -> None:
    assert mutants.nearest(PROJECT, "attention_core/outside/work.py")[:2] == (
        "attention_core/outside/work.py",  # its examples
        "tests/attention_core/outside/test_work.py",
    )
    operations = mutants.nearest(PROJECT, "attention_core/operations/heads.py")
    assert operations[:2] == (
        "tests/attention_core/operations/test_heads.py",
        "tests/attention_core/test_operations.py",  # of its whole room
    )
    assert len(operations) == mutants.NEAREST
    rooms = {path: room for room, paths in modules(PROJECT).items() for path in paths}
    assert rooms["attention_core/operations/heads.py"] == "attention_core/operations"
    assert (rooms["ui/lab/lab.py"], rooms["app.py"]) == ("ui/lab", "ui/server")
    assert not [path for path in rooms if not (PROJECT / path).is_file()]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A project of one room with two lines, of which its only test reads one."""
    own = tmp_path / "own"
    files = dict.fromkeys(("ui/__init__.py", "tests/__init__.py", "tests/ui/__init__.py"), "") | {
        "ui/sums.py": "def half(x: float) -> float:\n    return x / 2\n\n\nUNREAD = 7\n",
        "ui/alone.py": "LONELY = 1\n",
        "tests/ui/test_sums.py": (
            "from ui import sums\n\n\ndef test_half():\n    assert sums.half(6) == 3\n"
        ),
        "tests/pages/test_pages.py": "def test_broken():\n    assert False\n",
    }
    for name, text in files.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text)
    monkeypatch.setattr(mutants, "PROJECT", own)
    return Tree(tmp_path / "copy", seconds=15)


def change_of(tree: Tree, path: str, kind: str) -> Change:
    source = (tree.folder / path).read_bytes()
    return next(change for change in changes(source) if change.kind == kind)


def test_a_change_is_killed_survives_or_has_no_test(tree: Tree) -> None:
    before = (tree.folder / "ui/sums.py").read_bytes()
    for kind, fate in (("arithmetic", "killed"), ("number", "killed"), ("return", "killed")):
        assert tree.judge("ui/sums.py", change_of(tree, "ui/sums.py", kind)) == fate
    unread = Change("number", 5, before.index(b"7"), before.index(b"7") + 1, "8")
    assert tree.judge("ui/sums.py", unread) == "survived"
    assert told(tree.folder, "ui/sums.py", unread) == "ui/sums.py:5\n  - UNREAD = 7\n  + UNREAD = 8"
    assert (tree.folder / "ui/sums.py").read_bytes() == before
    assert tree.judge("ui/alone.py", change_of(tree, "ui/alone.py", "number")) == "no test found"
    assert {file: list(tests) for file, tests in tree.plain.items()} == {
        "tests/ui/test_sums.py": ["tests/ui/test_sums.py::test_half"],
        "tests/pages/test_pages.py": [],  # it fails without any change
    }


def test_what_never_ends_is_killed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tree.judge("ui/sums.py", change_of(tree, "ui/sums.py", "return")) == "killed"
    monkeypatch.setattr(mutants, "SLOW", 2)
    source = (tree.folder / "ui/sums.py").read_bytes()
    at = source.index(b"return")
    endless = Change("call", 2, at, at + len(b"return x / 2"), "while True: pass")
    assert tree.judge("ui/sums.py", endless) == "killed"
