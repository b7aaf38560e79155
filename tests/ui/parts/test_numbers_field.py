"""The field for number words: what is refused stays in it, with a message, until it is over."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import broken, said
from ui.cards.number_words import words_of
from ui.lab.lab import NUMBERS, Lab
from ui.lab.state import Session


def script() -> None:
    """The field alone, on the lab of the session."""
    from ui.lab import state
    from ui.parts.numbers_field import numbers_field

    numbers_field(state.current())


@pytest.fixture
def at() -> AppTest:
    """The field, just opened."""
    return AppTest.from_function(script, default_timeout=30).run()


def typed(at: AppTest, text: str) -> AppTest:
    at.text_input(key="_numbers").set_value(text).run()
    assert broken(at) == []
    return at


def lab_of(at: AppTest) -> Lab:
    lab: Lab = at.session_state["session"].lab
    return lab


def test_a_sentence_is_taken(at: AppTest) -> None:
    assert at.text_input(key="_numbers").value == NUMBERS
    assert lab_of(typed(at, "34 7")).numbers == "34 7"
    assert words_of(lab_of(at)) == ("thirty", "four", "seven")
    assert said(at) == []


def test_what_is_refused_stays_beside_the_sentence_that_is_shown(at: AppTest) -> None:
    typed(at, "9")
    typed(at, "fourty *two*")
    assert at.text_input(key="_numbers").value == "fourty *two*"
    assert lab_of(at).numbers == "9"
    (told,) = said(at)
    assert "Did you mean" in told
    assert "Until then the page shows “nine”." in told
    at.run()
    assert (at.text_input(key="_numbers").value, said(at)) == ("fourty *two*", [told])
    typed(at, "7")
    assert (lab_of(at).numbers, said(at)) == ("7", [])


def test_another_sentence_takes_the_place_of_what_was_refused(at: AppTest) -> None:
    typed(typed(at, "9"), "fourty")
    at.session_state["session"] = Session(replace(lab_of(at), numbers="12"))  # an undo, a link
    at.run()
    assert (at.text_input(key="_numbers").value, said(at)) == ("12", [])


def test_a_link_with_other_words_is_refused_where_it_is_shown() -> None:
    at = AppTest.from_function(script, default_timeout=30)
    at.session_state["session"] = Session(Lab(numbers="cheese"))
    at.run()
    assert broken(at) == []
    assert at.text_input(key="_numbers").value == "cheese"
    (told,) = said(at)
    assert "Until then the page shows “thirty four seven sixty one”." in told
