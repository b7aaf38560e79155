"""Widgets whose texts come from the sentence."""

import pytest
import streamlit as st

from ui.parts import widgets


def test_the_text_of_a_word_that_has_gone_is_nobodys_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The browser repeats the old text when one types faster than the page answers."""
    chosen: list[int] = []
    monkeypatch.setattr(st, "session_state", {"_goal:0": "Your"})
    widgets._chosen_at("_goal:0", chosen.append)
    assert chosen == []
    monkeypatch.setattr(st, "session_state", {"_goal:0": 3})
    widgets._chosen_at("_goal:0", chosen.append)
    assert chosen == [3]
