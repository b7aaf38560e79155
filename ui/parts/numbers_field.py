"""The text field of the sentence that is translated, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from attention_core.recurrent.language import SentenceError, source_words
from ui.cards.literal import literal
from ui.cards.number_words import words_of
from ui.lab import state
from ui.lab.lab import MAX_NUMBERS, Lab
from ui.parts.widgets import set_widget

_REFUSED = "numbers:refused"


@dataclass(frozen=True, slots=True)
class _Refused:
    """A text that is no sentence of numbers."""

    typed: str
    message: str
    instead: str  # what the lab went on with


def numbers_field(lab: Lab, label: str = "Numbers to translate, from zero to ninety-nine") -> None:
    """Draw the field. What is no sentence stays in it with a message; the figures stay as well.

    Args:
        lab: What the user chose.
        label: What the field asks for.
    """
    refused = st.session_state.get(_REFUSED)
    if refused is None or refused.instead != lab.numbers:  # undo, a link, another sentence
        refused = _refusal(lab.numbers, lab.numbers)
    shown = refused.typed if refused else lab.numbers
    set_widget("_numbers", shown)
    st.text_input(
        label,
        shown,
        key="_numbers",
        max_chars=MAX_NUMBERS,
        on_change=_typed,
        help="English number words or digits, such as “thirty-four, 7”. Press Enter to translate.",
    )
    if refused:
        said = literal(" ".join(words_of(lab)))
        st.warning(
            f"{literal(refused.message)} Until then the page shows “{said}”.",
            icon=":material/edit:",
        )


def _refusal(typed: str, instead: str) -> _Refused | None:
    """Return why a text is no sentence, or None if it is one."""
    try:
        source_words(typed)
    except SentenceError as error:
        return _Refused(typed, str(error), instead)
    return None


def _typed() -> None:
    typed = str(st.session_state["_numbers"])[:MAX_NUMBERS].encode("utf-8", "ignore").decode()
    lab = state.current()
    refused = _refusal(typed, lab.numbers)
    st.session_state[_REFUSED] = refused
    if refused is None:
        state.commit(replace(lab, numbers=typed))
