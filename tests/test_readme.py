"""What the README says of the pages is what the code does."""

import re
from functools import cache

import pytest

from attention_core.checks import LOOP_LIMIT, SAMPLE_SIZE
from tests.screen import PAGES, PROJECT, components, opened
from ui.cards import lens
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.side_by_side.kinds import KINDS
from ui.lessons.your_tensors.opened import KEPT_BYTES

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TITLES = {lesson.script.name: lesson.title for lesson in LESSONS}


@cache
def on_pages() -> dict[str, dict[str, bool]]:
    """Return for each page, by its title, which of our controls it has."""
    found = {}
    for page in PAGES:
        at = opened(page)
        groups = [LESSONS.groups[name](Lab()) for name in components(at) if name in LESSONS.groups]
        headings = [heading.value for heading in at.subheader]
        found[TITLES[page.name]] = {
            "Put your own number into a step": any(group.stored_as for group in groups),
            "See what a cell depends on": "Gradient lens" in headings,
            "Seek a goal": "Goal seek" in headings,
            "Take the code": any(name.startswith("code:") for name in components(at)),
        }
    return found


def bullet(title: str) -> str:
    """Return an entry of the README's list, as one line."""
    (entry,) = re.findall(rf"^- \*\*{title}\.?\*\*(.*?)(?=^- \*\*|^#)", README, re.DOTALL | re.M)
    return " ".join(entry.split())


@pytest.mark.parametrize(
    "title", ["Put your own number into a step", "See what a cell depends on", "Seek a goal"]
)
def test_a_control_is_on_the_pages_that_are_named(title: str) -> None:
    named = {name for name in re.findall(r"\*([^*]+)\*", bullet(title)) if name in TITLES.values()}
    assert named == {page for page, has in on_pages().items() if has[title]}


def test_every_page_shows_its_code() -> None:
    assert [page for page, has in on_pages().items() if not has["Take the code"]] == []


def test_every_page_has_a_line_in_the_table() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", README, re.MULTILINE)
    assert rows[1:] == [lesson.title for lesson in LESSONS]


def test_numbers_in_the_readme_are_those_of_the_code() -> None:
    text = " ".join(README.split())
    assert f"more than {LOOP_LIMIT:,} multiplications they take {SAMPLE_SIZE} cells" in text
    assert f"each number of your tables, up to {lens.MOST:,} of them" in text
    assert KEPT_BYTES == 1_000_000
    assert "a file of tensors above 1 MB" in text
    assert len(KINDS) == 5
    assert "Five ways of attending" in text
