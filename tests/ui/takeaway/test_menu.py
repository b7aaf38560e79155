"""The menu "Take it with you": on every page, made only when asked for, and what it opens."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import FRAME, PAGES, broken, opened
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.takeaway import menu as takeaway

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def menu_of(at: AppTest | None = None) -> AppTest:
    """Open the menu."""
    at = at or opened(FRAME)
    at.session_state["_takeaway"] = True
    return at.run()


@each_page
def test_the_menu_stands_first_on_every_page_and_is_empty_until_it_opens(page: Path) -> None:
    at = opened(FRAME)
    at.switch_page(f"../pages/{page.name}").run()
    assert broken(at) == []
    assert offers(at) == []
    menu_of(at)
    assert broken(at) == []
    assert "Download this lab (.json)" in offers(at)
    first = next(iter(at.main.children.values()))
    assert offers(first) == offers(at)


def test_nothing_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(lab: Lab) -> NoReturn:
        raise AssertionError("the page was run again for a file that nobody asked for")

    lesson = replace(LESSONS["start_here"], shown=made)
    monkeypatch.setitem(LESSONS._lessons, lesson.name, lesson)
    at = menu_of()
    assert broken(at) == []
    visit = takeaway.Visit(lesson, Lab())
    with pytest.raises(AssertionError, match="nobody asked for"):
        visit.shown()


def test_the_files_of_a_page_are_named_after_it() -> None:
    assert takeaway.Visit(LESSONS["queries_keys_values"], Lab()).stem == (
        "attention-lab-queries-keys-values"
    )


def test_a_run_that_is_too_large_for_a_file_of_tensors_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attention_core.outside.saving.MAX_BYTES", 600)
    visit = takeaway.Visit(LESSONS["dropout"], Lab())
    archive = zipfile.ZipFile(io.BytesIO(takeaway._trace_files(visit, ".npz")))
    assert archive.namelist() == ["dropout is missing.txt", "evaluation is missing.txt"]
    assert "may have 600 bytes" in archive.read("dropout is missing.txt").decode()


def test_what_was_measured_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    visits: list[takeaway.Visit] = []
    monkeypatch.setattr("ui.takeaway.menu.SECTIONS", (visits.append,))
    at = opened(FRAME)
    at.switch_page("../pages/all_tokens.py").run()
    [button] = [button for button in at.button if button.label == "Measure both now"]
    button.click().run()
    _, _, timings = at.session_state["_timings"]
    menu_of(at)
    assert broken(at) == []
    [table] = visits[-1].measured
    assert table.rows == tuple(tuple(timing) for timing in timings)
    assert f"random inputs of width {Lab().d}" in table.said


def offers(at: Any) -> list[str]:
    """Return the files that can be had."""
    return [button.label for button in at.get("download_button")]
