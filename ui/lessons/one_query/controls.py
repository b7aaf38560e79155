"""The controls and tables of the lesson "One query", drawn by Streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import streamlit as st
import torch

from attention_core import USUAL, Conventions, Trace
from attention_core.equations import equation
from attention_core.glossary import vector
from ui.cards.shares import largest, left_out
from ui.lab.lab import Lab
from ui.lessons.one_query.figures import MOST_COLUMNS
from ui.lessons.one_query.words import query_of
from ui.parts.number_table import number_table
from ui.parts.shares_table import column_of, of_all, row_names
from ui.parts.widgets import choice, query_chosen

MOST_WORKED = 4  # dimensions for which the table of terms has room for the arithmetic


def query_picker(lab: Lab, names: Sequence[str]) -> None:
    """Draw the choice of the query token."""
    choice(
        "Query token: whose attention do we follow?",
        [f"{name} · {query_of(at, lab.conventions)}" for at, name in enumerate(names)],
        lab.query_index,
        widget_key="_query",
        on_choice=query_chosen,
        width=360,
    )


def terms_table(
    trace: Trace, position: int, names: Sequence[str], conventions: Conventions = USUAL
) -> None:
    """Draw the weighted sum term by term: a row for each token, a column for each dimension."""
    d_in = trace["context"].shape[1]
    width, shown = min(d_in, MOST_COLUMNS), largest(trace)
    others = left_out(shown, len(names))
    results = trace["context"][0, :width].tolist()
    weights, entries = trace["weights"][0].tolist(), trace["inputs"][:, :width].T.tolist()
    columns, off = [column_of(weights, None, shown, others)], 0.0
    for result, own in zip(results, entries, strict=True):
        products = [weight * entry for weight, entry in zip(weights, own, strict=True)]
        write = partial(_term, weights, own) if width <= MOST_WORKED else None
        columns.append(column_of(products, result, shown, others, write))
        off = max(off, abs(result - math.fsum(products)))
    *rows, total = zip(row_names(names, shown, others), *columns, strict=True)
    number_table(
        f"{of_all(shown, names)} terms of the weighted sum"
        + (f", the first {width} of {d_in} dimensions" if width < d_in else ""),
        ["token", "weight", *map(conventions.dimension, range(width))],
        [*map(list, rows), [f"sum = {vector('context', position, conventions)}", *total[1:]]],
    )
    st.caption(f"Adding up the columns once more, in Python, differs by at most {off:.1g}.")


def _term(weights: Sequence[float], entries: Sequence[float], row: int, digits: int) -> str:
    """Return a term of the weighted sum, worked out."""
    weight, entry = weights[row], entries[row]
    return equation(
        lambda write: write(weight) * write(entry), weight * entry, torch.float64, digits
    )
