"""What the page "Side by side" shows: one sentence through every mechanism, on one scale."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ui.lab import state
from ui.lab.lab import MAX_HEADS, OTHER_SENTENCE, Lab
from ui.lessons.side_by_side.figures import MOST_OTHER, summary
from ui.parts.number_table import number_table
from ui.parts.widgets import chosen, set_widget

LONGEST_OTHER = 2_000  # characters


# ---- Words, tables, choices --------------------------------------------------------------------


def heads_chooser(lab: Lab) -> None:
    """Draw the number of heads."""
    set_widget("_n_heads", lab.n_heads)
    st.number_input(
        "Number of heads",
        1,
        MAX_HEADS,
        lab.n_heads,
        key="_n_heads",
        on_change=chosen,
        args=("n_heads",),
        width=150,
        help="d_out is split among them, so it must be divisible by their number.",
    )


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


def numbers(lab: Lab) -> None:
    """Draw what each mechanism did, as a table."""
    table = summary(lab)
    rows = list(zip(*table.values(), strict=True))
    number_table("Every mechanism in numbers", list(table), rows, has_sum=False)
