"""The controls and tables of the lesson "All tokens at once", drawn by Streamlit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from attention_core import USUAL, Conventions, Trace
from attention_core.export import Table
from attention_core.numbers import result_of
from attention_core.studies.loops import measure
from ui.cards.card import Card, Group
from ui.cards.literal import literal, names
from ui.cards.sums import MOST_SUMS, TOLD, is_one, rows_vary, summed
from ui.lab import state
from ui.lab.lab import MAX_SEED, Lab
from ui.lessons.all_tokens.choices import AllTokensChoices
from ui.lessons.all_tokens.figures import timings_spec
from ui.lessons.all_tokens.runs import sums_of
from ui.lessons.all_tokens.words import timings_finding
from ui.parts import step_view
from ui.parts.sums_table import draw_sums
from ui.parts.widgets import choice, query_chosen, set_widget

_TIMINGS = "_timings"


# ---- Loops and the matrix product --------------------------------------------------------------


def timings(lab: Lab) -> None:
    """Draw the button that times both ways, and what was measured since the page was opened."""
    st.markdown(
        "The product does the same multiplications, yet in one call instead of n · n. "
        "How much does that save on the machine that serves this page?"
    )
    is_new = st.button("Measure both now", icon=":material/timer:")
    if is_new:
        with st.spinner("Measuring, two seconds at most …"):
            st.session_state[_TIMINGS] = (lab.d, datetime.now(UTC), measure(lab.d))
    if _TIMINGS not in st.session_state:
        return
    d_in, moment, measured = st.session_state[_TIMINGS]
    when = "just now on this server" if is_new else "on this server"
    card = Card(
        id="timings",
        title="Time for all scores",
        spec=timings_spec(measured),
        height=340,
        alt=timings_finding(measured),
        note=f"Measured {when}, {moment:%H:%M:%S} UTC, with random inputs of width {d_in}: the "
        "median of up to 5 runs. Whatever else the server does shows in the numbers.",
    )
    step_view.draw(Group([card]), widget_key="figures:timings")


# ---- Every row at once -------------------------------------------------------------------------


def query_chooser(lab: Lab) -> None:
    """Draw the choice of the query token."""
    labels = names([token.text for token in lab.tokens], lab.conventions)
    choice(
        lab.conventions.say("Light up the {row} of this query token"),
        labels,
        lab.query_index,
        widget_key="_lit_query",
        on_choice=query_chosen,
        width=320,
    )


def axis_switch(lab: Lab) -> None:
    """Draw the switch that turns the softmax to the wrong axis."""
    set_widget("_wrong_axis", lab.of(AllTokensChoices).wrong_axis)
    st.toggle(
        "Wrong axis: `dim=0`",
        lab.of(AllTokensChoices).wrong_axis,
        key="_wrong_axis",
        on_change=_axis_chosen,
    )


def _axis_chosen() -> None:
    state.commit(state.current().choosing(wrong_axis=st.session_state["_wrong_axis"]))


def sums_table(trace: Trace, tokens: Sequence[str], conventions: Conventions = USUAL) -> None:
    """Draw the tokens' row sums and column sums as numbers, marked where they are not 1."""
    rows, columns = sums_of(trace["weights"])
    sums = {
        conventions.say("its {row} sums to"): [_marked(total, must=True) for total in rows],
        conventions.say("its {column} sums to"): [_marked(total, must=False) for total in columns],
    }
    draw_sums(_sums_title(rows), tokens, summed(rows, columns), sums, conventions)


def _sums_title(rows: Sequence[float]) -> str:
    """Return which sums the table shows."""
    if len(rows) <= MOST_SUMS:
        return f"The sums of all {len(rows)} tokens"
    which = "row" if rows_vary(rows) else "column"
    return f"The {TOLD} largest and the {TOLD} smallest {which} sums of {len(rows)} tokens"


def _marked(total: float, *, must: bool) -> str:
    """Return a sum, with a sign where it is 1 and another where it must be and is not."""
    text = literal(result_of(total))
    if is_one(total):
        return f"{text} ✓"
    return f":red[**{text} ≠ 1**]" if must else text


# ---- Another order -----------------------------------------------------------------------------


def order_buttons(lab: Lab) -> None:
    """Draw the buttons that shuffle the tokens and put them back."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Shuffle the tokens",
            icon=":material/shuffle:",
            on_click=_shuffled,
            disabled=len(lab.tokens) < 2,
        )
        st.button(
            "Back to my order", on_click=_ordered, disabled=lab.of(AllTokensChoices).order_seed == 0
        )
        if len(lab.tokens) < 2:
            st.caption("A single token has only one order.")
        elif lab.of(AllTokensChoices).order_seed:
            st.caption(f"Shuffled with seed {lab.of(AllTokensChoices).order_seed}")


def _shuffled() -> None:
    lab = state.current()
    seed = lab.of(AllTokensChoices).order_seed
    while seed == lab.of(AllTokensChoices).order_seed:
        seed = secrets.randbelow(MAX_SEED) + 1
    state.commit(lab.choosing(order_seed=seed))


def _ordered() -> None:
    state.commit(state.current().choosing(order_seed=0))


# ---- To be taken along -------------------------------------------------------------------------


def measured() -> list[Table]:
    """Return the times that were measured since the page was opened, if there are any."""
    if _TIMINGS not in st.session_state:
        return []
    d_in, moment, timings = st.session_state[_TIMINGS]
    return [
        Table(
            "timings",
            "Time for all scores",
            f"Measured on the server that showed the page, {moment:%Y-%m-%d %H:%M:%S} UTC, with "
            f"random inputs of width {d_in}: the median of up to 5 runs. Yours will differ.",
            ("number of tokens", "two nested loops (s)", "inputs @ inputs.T (s)"),
            tuple(tuple(timing) for timing in timings),
        )
    ]
