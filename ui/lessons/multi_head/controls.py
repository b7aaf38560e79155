"""The controls and tables of the lesson "Multi-head", drawn by Streamlit."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ui.cards.embeddings import labels_of
from ui.cards.literal import names
from ui.cards.step_cards import head_of
from ui.lab import state
from ui.lab.lab import MAX_HEADS, Lab
from ui.lessons.multi_head.choices import MultiHeadChoices
from ui.lessons.multi_head.figures import parts_rows
from ui.lessons.multi_head.runs import column_of, head_index, heads_of, off_of
from ui.lessons.multi_head.words import not_divisible, off_said
from ui.parts.number_table import number_table
from ui.parts.widgets import choice, number_field, query_chosen, set_widget

# ---- Choices -----------------------------------------------------------------------------------


def heads_options(lab: Lab) -> None:
    """Draw the number of heads, and say when they do not divide the width."""
    number_field(
        "Number of heads",
        "n_heads",
        1,
        MAX_HEADS,
        width=150,
        help="It must divide d_out: each head owns d_out / n_heads columns of each projection.",
    )
    told = not_divisible(lab)
    if told:
        st.warning(told, icon=":material/call_split:")


def head_chooser(lab: Lab) -> None:
    """Draw the choice of the head that is looked at."""
    choice(
        "Look closely at",
        [head_of(head, lab.conventions).capitalize() for head in range(heads_of(lab))],
        head_index(lab),
        widget_key="_head",
        on_choice=lambda head: state.commit(state.current().choosing(head=head)),
        width=200,
    )


def on_switches(lab: Lab) -> None:
    """Draw the switches of the heads."""
    n_heads, off = heads_of(lab), off_of(lab)
    on = [head for head in range(n_heads) if head not in off]
    set_widget("_heads_on", on)
    st.pills(
        "Heads that are on",
        range(n_heads),
        selection_mode="multi",
        default=on,
        key="_heads_on",
        format_func=lambda head: head_of(head, lab.conventions).capitalize(),
        on_change=_switched,
        help="A head that is off still attends, but its rows of w_out are set to 0 in this run.",
    )
    if off:
        st.markdown(off_said(lab))


def _switched() -> None:
    lab, on = state.current(), st.session_state["_heads_on"]
    off = tuple(head for head in range(heads_of(lab)) if head not in on)
    beyond = tuple(head for head in lab.of(MultiHeadChoices).heads_off if head >= heads_of(lab))
    state.commit(lab.choosing(heads_off=(*off, *beyond)))


def cell_chooser(lab: Lab) -> None:
    """Draw the choice of the output cell whose parts are shown."""
    labels, conventions = names(labels_of(lab), lab.conventions), lab.conventions
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice(
            "Output of this token",
            labels,
            lab.query_index,
            widget_key="_output_token",
            on_choice=query_chosen,
            width=240,
        )
        choice(
            "Dimension",
            [conventions.dimension(column) for column in range(lab.d_out)],
            column_of(lab),
            widget_key="_output_column",
            on_choice=_column_chosen,
            width=130,
        )


def _column_chosen(column: int) -> None:
    lab = state.current()
    state.commit(replace(lab, window=(*lab.window[:2], column)))


# ---- Contributions -----------------------------------------------------------------------------


def parts_table(lab: Lab) -> None:
    """Draw the parts of the chosen output cell as numbers that add up."""
    conventions = lab.conventions
    called = names(labels_of(lab), conventions)[lab.query_index]
    number_table(
        f"Parts of output · {called} · {conventions.dimension(column_of(lab))}",
        ["part", "context vector · its rows of w_out", "contributes"],
        parts_rows(lab),
    )
