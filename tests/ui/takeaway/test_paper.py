"""Exercises for paper: the choice in the menu, and the file that comes of it."""

from streamlit.testing.v1 import AppTest

from attention_core.studies.exercises import KINDS
from tests.screen import broken
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.takeaway.paper import MOST_SHEETS, sheets

SCRIPT = """
import streamlit as st
from ui.lessons import LESSONS
from ui.takeaway.paper import chosen_sheets
st.text(repr(chosen_sheets(LESSONS["{}"])))
"""


def chosen(at: AppTest) -> str:
    assert broken(at) == []
    return str(at.text[0].value)


def test_every_page_begins_with_its_own_mechanism() -> None:
    for name in ("start_here", "causal_attention"):
        at = AppTest.from_string(SCRIPT.format(name), default_timeout=30).run()
        assert chosen(at) == repr((LESSONS[name].exercise, 30, 1))
    at.selectbox[0].set_value(next(iter(KINDS)))
    at.number_input(key="_sheet_count").set_value(MOST_SHEETS)
    at.number_input(key="_sheet_seed").set_value(7).run()
    assert chosen(at) == repr((next(iter(KINDS)), MOST_SHEETS, 7))


def test_the_same_seed_makes_the_same_sheets_and_the_next_another() -> None:
    kind = LESSONS["start_here"].exercise
    made = sheets(Lab(), kind, 2, 7)
    assert made == sheets(Lab(), kind, 2, 7)
    assert made != sheets(Lab(), kind, 2, 8)


def test_it_is_written_in_the_conventions_of_the_lab() -> None:
    kind = LESSONS["start_here"].exercise
    assert sheets(Lab(), kind, 1, 7) != sheets(Lab(symbols="paper"), kind, 1, 7)
