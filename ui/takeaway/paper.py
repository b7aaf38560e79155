"""Exercises for paper, in the menu of every page: which mechanism, how many sheets, which seeds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

from attention_core.figures.paper import paper_html
from attention_core.studies.exercises import KINDS, MOST_SEED, exercises
from ui.lab.lab import Lab

MOST_SHEETS = 200
OF_PAGE: Mapping[str, str] = MappingProxyType(
    {
        "queries_keys_values": "trainable",
        "causal_attention": "causal",
        "dropout": "causal",
        "multi_head": "heads",
        "side_by_side": "heads",
    }
)
"""Which exercise a page's menu begins with, where it is not the first of all."""


def sheets(lab: Lab, kind: str, n_sheets: int, first_seed: int, link: str = "") -> str:
    """Return exercises and their answers as one HTML file."""
    made = exercises(kind, n_sheets, first_seed)
    return paper_html(made, conventions=lab.conventions, link=link)


def chosen_sheets(page: str) -> tuple[str, int, int]:
    """Draw the choice of the sheets; return which mechanism, how many, and the first seed.

    Args:
        page: The address of the page, which says what to begin with.
    """
    names = list(KINDS)
    kind = st.selectbox(
        "Mechanism",
        names,
        names.index(OF_PAGE.get(page, names[0])),
        key=f"_sheet_kind:{page}",
        format_func=lambda name: KINDS[name].title,
    )
    with st.container(horizontal=True):
        n_sheets = st.number_input(
            "Sheets",
            1,
            MOST_SHEETS,
            30,
            key="_sheet_count",
            width=130,
            help="One for each student, all different.",
        )
        first_seed = st.number_input(
            "First seed",
            0,
            MOST_SEED - 2 * MOST_SHEETS,
            1,
            key="_sheet_seed",
            width=150,
            help="Printed on each sheet. The same seed makes the same sheet again.",
        )
    return str(kind), int(n_sheets), int(first_seed)
