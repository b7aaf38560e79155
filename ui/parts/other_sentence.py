"""The text field of the second sentence."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ui.cards.other_sentence import MOST_OTHER
from ui.lab import state
from ui.lab.lab import OTHER_SENTENCE, Lab
from ui.parts.widgets import set_widget

LONGEST_OTHER = 2_000  # characters


def other_field(lab: Lab, label: str = "Another sentence, that yours asks") -> None:
    """Draw the second sentence's text field and say what became of it."""
    set_widget("_other_sentence", lab.other_sentence)
    st.text_input(
        label,
        lab.other_sentence,
        key="_other_sentence",
        max_chars=LONGEST_OTHER,
        on_change=_other_typed,
    )
    count = len(replace(lab, sentence=lab.other_sentence).all_tokens)
    if not count:
        st.warning(
            "There is no word in the other sentence. Type at least one. Until then it is "
            f"“{OTHER_SENTENCE}”.",
            icon=":material/edit:",
        )
    elif count > MOST_OTHER:
        st.info(
            f"The other sentence has {count:,} tokens. The first {MOST_OTHER} are used.",
            icon=":material/content_cut:",
        )


def _other_typed() -> None:
    typed = st.session_state["_other_sentence"][:LONGEST_OTHER]
    clean = typed.encode("utf-8", "ignore").decode()
    state.commit(replace(state.current(), other_sentence=clean))
