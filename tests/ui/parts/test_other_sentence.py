"""The text field of the second sentence: any text is taken, and what became of it is said."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import broken, said
from ui.lab.lab import OTHER_SENTENCE


def script() -> None:
    """The field alone, on the lab of the session."""
    from ui.lab import state
    from ui.parts.other_sentence import other_field

    other_field(state.current())


@pytest.fixture
def at() -> AppTest:
    """The field, just opened."""
    return AppTest.from_function(script, default_timeout=30).run()


def typed(at: AppTest, text: str) -> AppTest:
    at.text_input(key="_other_sentence").set_value(text).run()
    assert broken(at) == []
    return at


@pytest.mark.parametrize("text", ["to be", "<b> *x* $y$", "שלום עולם", "a" * 2_000])
def test_what_is_typed_is_the_lab_s_and_stands_in_the_field(at: AppTest, text: str) -> None:
    assert at.text_input(key="_other_sentence").value == OTHER_SENTENCE
    assert typed(at, text).session_state["session"].lab.other_sentence == text
    assert at.text_input(key="_other_sentence").value == text
    assert said(at) == []


@pytest.mark.parametrize("text", ["", " ?! ", "\x00"])
def test_without_a_word_it_is_said_what_is_used(at: AppTest, text: str) -> None:
    (told,) = said(typed(at, text))
    assert told.startswith("There is no word in the other sentence.")
    assert told.endswith(f"Until then it is “{OTHER_SENTENCE}”.")


def test_of_many_words_it_is_said_how_many_are_used(at: AppTest) -> None:
    (told,) = said(typed(at, "word " * 100))
    assert told == "The other sentence has 100 tokens. The first 64 are used."
