"""The frame around every page: the syllabus, and what stands on each page."""

from typing import Any

import pytest
import streamlit as st

from tests.screen import FRAME, broken, components, opened
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS


def test_the_syllabus_is_every_lesson_with_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Any] = []
    navigation = st.navigation

    def noted(pages: Any, **how: Any) -> Any:
        listed[:] = pages
        assert how["expanded"] is True
        return navigation(pages, **how)

    monkeypatch.setattr(st, "navigation", noted)
    assert broken(opened(FRAME)) == []
    assert [(page.title, page.icon) for page in listed] == [
        (lesson.title, lesson.icon) for lesson in LESSONS
    ]


def test_a_page_has_the_switch_of_conventions_and_what_keeps_its_lab() -> None:
    lab = Lab(sentence="to be", count_from=0)
    at = opened(FRAME, lab=link.encode(lab))
    assert broken(at) == []
    assert at.sidebar.radio(key="_count_from").value == 0
    assert link.decode(components(at)["keeper"]["address"]) == lab
    assert len(at.title) == 1
