"""The controls and tables of the lesson "Dropout", drawn by Streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attention_core import USUAL, Conventions, Trace
from attention_core.numbers import result_of
from ui.cards.literal import literal
from ui.cards.sums import is_one, summed
from ui.lab import state
from ui.lab.lab import MAX_SEED, Lab
from ui.lessons.dropout.choices import DropoutChoices
from ui.lessons.dropout.runs import n_draws_of, row_sums
from ui.lessons.dropout.words import plain_rate, rate_of
from ui.parts.sums_table import draw_sums
from ui.parts.widgets import number_field, scale, set_widget, switch

DRAWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_TYPED = "_dropout_typed"


# ---- The controls ------------------------------------------------------------------------------


def dropout_controls(lab: Lab) -> None:
    """Draw rate, seed and the switch between training and evaluation."""
    bad = st.session_state.get(_TYPED, ("", -1.0))
    is_bad = bad[0] != "" and bad[1] == lab.of(DropoutChoices).dropout
    text = bad[0] if is_bad else plain_rate(lab.of(DropoutChoices).dropout)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        set_widget("_dropout", text)
        st.text_input(
            "Rate: the share that is dropped",
            text,
            key="_dropout",
            on_change=_rate_typed,
            width=210,
            help="From 0 to below 1. With 1 everything would be dropped, and what stays divided "
            "by 0.",
        )
        number_field(
            "Seed of dropout",
            "dropout_seed",
            0,
            MAX_SEED,
            width=150,
            help="As in torch.manual_seed before nn.Dropout.",
        )
        switch("Training (off: evaluation)", "training")
    if is_bad:
        st.warning(
            f"The rate must be a number in [0, 1), from 0 to below 1; got “{literal(bad[0][:40])}”."
            f" The pictures keep the rate {plain_rate(lab.of(DropoutChoices).dropout)}.",
            icon=":material/edit:",
        )


def _rate_typed() -> None:
    lab, text = state.current(), st.session_state["_dropout"]
    rate = rate_of(text)
    if rate is None:
        st.session_state[_TYPED] = (text or " ", lab.of(DropoutChoices).dropout)
        return
    st.session_state.pop(_TYPED, None)
    state.commit(lab.choosing(dropout=rate))


# ---- Before and after --------------------------------------------------------------------------


def sums_table(trace: Trace, tokens: Sequence[str], conventions: Conventions = USUAL) -> None:
    """Draw what each row sums to, before dropout and after."""
    before, after = row_sums(trace["weights"]), row_sums(trace["dropped"])
    shown = summed(after, after)
    sums = {
        conventions.say("its {row} of weights sums to"): [literal(result_of(t)) for t in before],
        conventions.say("its {row} after dropout sums to"): [_marked(total) for total in after],
    }
    title = f"The sums of {len(shown)} of {len(tokens)} tokens"
    draw_sums(title, tokens, shown, sums, conventions)


def _marked(total: float) -> str:
    text = literal(result_of(total))
    return f"{text} ✓" if is_one(total) else f"**{text}**"


# ---- Many draws --------------------------------------------------------------------------------


def draws_slider(lab: Lab) -> None:
    """Show the slider for how many dropout draws are averaged."""
    scale(
        "Number of draws N",
        "n_draws",
        sorted({*DRAWS, lab.of(DropoutChoices).n_draws}),
        width=420,
        help="Each draw has the next seed, beginning with the one above.",
    )
    made = n_draws_of(lab)
    if made < lab.of(DropoutChoices).n_draws:
        st.caption(f"With {len(lab.tokens)} tokens only the first {made} draws are made.")
