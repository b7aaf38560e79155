"""What docs/report-and-paper.md shows is what happens."""

import doctest

from tests.screen import PROJECT


def test_the_examples_of_the_page_run() -> None:
    page = PROJECT / "docs" / "report-and-paper.md"
    done = doctest.testfile(str(page), module_relative=False)
    assert done.attempted >= 6
    assert done.failed == 0
