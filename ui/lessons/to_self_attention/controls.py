"""The controls and tables of the lesson "To self-attention", drawn by Streamlit."""

from __future__ import annotations

import streamlit as st

from ui.lab.lab import Lab
from ui.lessons.to_self_attention.choices import ToSelfChoices
from ui.lessons.to_self_attention.figures import costs
from ui.lessons.to_self_attention.ways import WAYS
from ui.lessons.to_self_attention.words import who_asks
from ui.parts.number_table import number_table
from ui.parts.other_sentence import other_field
from ui.parts.widgets import switch

OTHER = "The other sequence, which asks (the decoder's side)"
COSTS = ("learned numbers", "multiplications and divisions", "tanh", "largest tensor")


# ---- Words and choices -------------------------------------------------------------------------


def sequences(lab: Lab) -> None:
    """Draw the choice of the two sequences and say who asks whom."""
    switch("Make both sequences the same", "same_sequence")
    if not lab.of(ToSelfChoices).same_sequence:
        other_field(lab, OTHER)
    st.markdown(who_asks(lab))


# ---- Costs -------------------------------------------------------------------------------------


def cost_table(lab: Lab) -> None:
    """Draw what each way takes, as a table."""
    rows = [
        (WAYS[which].title.partition(" (")[0], *(f"{number:,}" for number in numbers))
        for which, numbers in costs(lab).items()
    ]
    number_table("What each way costs", ["", *COSTS], rows, has_sum=False)
