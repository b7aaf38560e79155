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
