"""Exercises for paper, in the menu of every page: which mechanism, how many sheets, which seeds."""

from __future__ import annotations

import streamlit as st

from attention_core.figures.paper import paper_html
from attention_core.studies.exercises import KINDS, MOST_SEED, exercises
from ui.lab.lab import Lab
from ui.lessons.lesson import Lesson

MOST_SHEETS = 200


def sheets(lab: Lab, kind: str, n_sheets: int, first_seed: int) -> str:
    """Return exercises and their answers as one HTML file."""
    made = exercises(kind, n_sheets, first_seed)
    return paper_html(made, conventions=lab.conventions)


def chosen_sheets(lesson: Lesson) -> tuple[str, int, int]:
    """Draw the choice of the sheets; return which mechanism, how many, and the first seed.

    Args:
        lesson: Whose page it is, which says what to begin with.
    """
    names = list(KINDS)
    kind = st.selectbox(
        "Mechanism",
        names,
        names.index(lesson.exercise),
        key=f"_sheet_kind:{lesson.name}",
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
