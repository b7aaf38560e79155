"""What the documentation shows is what happens."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
WITH_EXAMPLES = (
    "files.md",
    "library-core.md",
    "library-watch.md",
    "report-and-paper.md",
    "your-tensors.md",
)


def test_every_page_with_examples_is_known() -> None:
    found = [path.name for path in sorted(DOCS.glob("*.md")) if ">>> " in path.read_text("utf-8")]
    assert tuple(found) == WITH_EXAMPLES


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_do_what_they_say(name: str) -> None:
    failed, tried = doctest.testfile(
        str(DOCS / name), module_relative=False, optionflags=FLAGS, encoding="utf-8"
    )
    assert (failed, tried > 3) == (0, True)


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_what_the_architecture_names_is_there() -> None:
    said = (DOCS / "architecture.md").read_text("utf-8")
    named = re.findall(r"`([\w./]+/[\w.]*|[\w./]+\.(?:py|js|md|mjs))`", said)
    of_a_lesson = {
        *("lesson.py", "runs.py", "words.py", "figures.py"),
        *("controls.py", "choices.py", "questions.py"),
    }
    places = [DOCS.parent, DOCS.parent / "attention_core" / "mechanisms"]
    missing = [
        name
        for name in named
        if name not in of_a_lesson and not any((place / name).exists() for place in places)
    ]
    assert (missing, len(named) > 40) == ([], True)
    for name in of_a_lesson:
        assert list((DOCS.parent / "ui" / "lessons").glob(f"*/{name}")), name


def test_a_change_is_told_in_at_most_four_places() -> None:
    said = (DOCS / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (?:an?|another|something) [^|]+ \| ([^|]+) \| ([^|]+) \|$", said, re.M)
    assert len(rows) == 12
    for where, tests in rows:
        assert 1 <= len(re.findall(r"`[\w./]+[/.][\w./]*`", where)) <= 4
        assert "`" in tests


def test_the_inner_workings_name_modules_that_are_there() -> None:
    said = (DOCS / "inner-workings.md").read_text("utf-8")
    named = re.findall(r"`((?:ui|attention_core|tests|scripts|benchmarks)/[\w./]+)", said)
    assert named
    assert [name for name in named if not (DOCS.parent / name.rstrip(".")).exists()] == []
