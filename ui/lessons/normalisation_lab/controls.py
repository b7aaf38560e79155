"""The controls and tables of the lesson "Normalisation lab", drawn by Streamlit."""

from __future__ import annotations

import math

import streamlit as st
import torch

from ui.cards.editors import Row
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.lab import state
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab.choices import (
    DTYPES,
    MAX_SCORES,
    NOTEBOOK_SCORES,
    NormalisationChoices,
)
from ui.lessons.normalisation_lab.row import (
    FALLBACK,
    PRESETS,
    ROW,
    ROW_ID,
    TEMPERATURES,
    keys_of,
    misfit,
    scores_of_query,
    trace_of,
)
from ui.lessons.normalisation_lab.words import sum_text
from ui.parts import matrix_table
from ui.parts.widgets import buttons, scale

# ---- The row and its controls ------------------------------------------------------------------


def row_table(lab: Lab) -> None:
    """Draw the editable row. Do it last in a run."""
    scores = lab.of(NormalisationChoices).row_scores
    edited = [
        (0, column)
        for column, score in enumerate(scores)
        if column >= len(NOTEBOOK_SCORES) or score != NOTEBOOK_SCORES[column]
    ]
    matrix_table.show(
        ROW,
        label=f"One row of {len(scores)} scores: one query with every key",
        rows=[Row(ROW_ID, "score", bool(edited))],
        columns=keys_of(lab),
        cells=[lab.of(NormalisationChoices).row_scores],
        edited=edited,
    )


def row_buttons(lab: Lab) -> None:
    """Draw the buttons that fill, lengthen and shorten the row."""
    with st.container(horizontal=True):
        for label, row in PRESETS.items():
            st.button(label, key=f"_row:{label}", on_click=_take, args=(row,))
    with st.container(horizontal=True):
        taken = scores_of_query(lab)
        word = literal(names(labels_of(lab), lab.conventions)[lab.query_index])
        st.button(
            f"Take the scores of “{word}”",
            key="_row:query",
            on_click=_take,
            args=(taken,),
            disabled=taken is None,
            help="The query token of your sentence, its scores rounded to 4 decimals."
            if taken
            else f"They are more than {MAX_SCORES} or go beyond ±{LIMIT:,.0f}, which is more than "
            "this table takes.",
        )
        row = lab.of(NormalisationChoices).row_scores
        is_full, is_last = len(row) >= MAX_SCORES, len(row) == 1
        longer, shorter = (*row, 0.0)[:MAX_SCORES], row[:-1] or row
        st.button("Add a score", key="_row:add", on_click=_take, args=(longer,), disabled=is_full)
        st.button(
            "Remove the last", key="_row:drop", on_click=_take, args=(shorter,), disabled=is_last
        )


def _take(row: tuple[float, ...]) -> None:
    state.commit(state.current().choosing(row_scores=row))


def options(lab: Lab) -> None:
    """Draw the temperature and the dtype, and say so where the dtype cannot hold the scores."""
    left, right = st.columns(2, gap="medium")
    with left:
        scale(
            "Temperature: what every score is divided by",
            "temperature",
            sorted({*TEMPERATURES, lab.of(NormalisationChoices).temperature}),
            format_func=lambda temperature: repr(temperature).removesuffix(".0"),
        )
    with right:
        buttons("Numbers are held as", "dtype", DTYPES, horizontal=True)
    problem = misfit(lab, lab.of(NormalisationChoices).dtype)
    if problem:
        st.warning(
            f"{problem} Choose another dtype or change the row. Until then the "
            f"pictures below show your row in {FALLBACK}.",
            icon=":material/straighten:",
        )


# ---- Dtypes ------------------------------------------------------------------------------------


def dtype_table(lab: Lab) -> None:
    """Draw what the row's shares sum to in each dtype."""
    listed = [_dtype_line(lab, dtype) for dtype in DTYPES]
    st.table({heading: [line[heading] for line in listed] for heading in listed[0]})


def _dtype_line(lab: Lab, dtype: str) -> dict[str, str]:
    limits = torch.finfo(getattr(torch, dtype))
    line = {
        "dtype": f"**{dtype}**" if dtype == lab.of(NormalisationChoices).dtype else dtype,
        "digits": f"{-math.log10(limits.eps):.0f}",
        "exp up to": f"{math.log(limits.max):.2f}",
    }
    names_of = {"Σ by sum": "by_sum", "Σ naive": "naive", "Σ softmax": "weights"}
    if misfit(lab, dtype):
        return {**line, **dict.fromkeys(names_of, "cannot hold the row")}
    trace = trace_of(lab, dtype)
    return {**line, **{said: sum_text(trace[name]) for said, name in names_of.items()}}
