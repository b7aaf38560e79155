"""What the page about one query shows besides the steps' own cards."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
import torch

from attention_core import USUAL, Conventions, Trace
from attention_core.equations import column, equation
from attention_core.glossary import vector
from ui.lab.lab import Lab
from ui.lessons.one_query.figures import (
    MOST_COLUMNS,
    SHARES,
    largest,
    left_out,
    query_of,
    share_text,
)
from ui.parts.number_table import number_table
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


def _of_all(shown: Sequence[int], names: Sequence[str]) -> str:
    """Return which of the tokens are shown, as the beginning of a title."""
    if len(shown) == len(names):
        return f"All {len(names)}"
    return f"The {len(shown)} largest of {len(names)}"


def shares_table(trace: Trace, names: Sequence[str]) -> None:
    """Draw the scores and the three ways of sharing side by side, a row for each key token."""
    shown = largest(trace)
    others = left_out(shown, len(names))
    columns = [_column(trace[step][0].tolist(), None, shown, others) for step in SHARES]
    rows = zip(_rows(names, shown, others), *columns, strict=True)
    head = ["key token", "score", "by the sum", "naive softmax", "torch.softmax"]
    number_table(f"{_of_all(shown, names)} shares", head, list(map(list, rows)))


def _rows(names: Sequence[str], shown: Sequence[int], others: Sequence[int]) -> list[str]:
    """Return what the rows of a table are called that ends in a sum."""
    together = [f"the other {len(others)} together"] if others else []
    return [*(names[row] for row in shown), *together, "sum"]


def _column(
    numbers: Sequence[float],
    result: float | None,
    shown: Sequence[int],
    others: Sequence[int],
    write: Callable[[int, int], str] | None = None,
) -> list[str]:
    """Return a column of a table: with so many digits that what is printed adds up.

    Args:
        numbers: Of all tokens.
        result: Their sum, as the page computed it; added up here if there is none.
        shown: The tokens with a row of their own.
        others: The tokens that share one.
        write: Writes a number, given whose it is and how many digits; itself if nothing does.
    """
    parts = [numbers[row] for row in shown]
    parts += [sum(numbers[row] for row in others)] if others else []
    digits, total = column(parts, sum(numbers) if result is None else result)
    texts = [share_text(part, digits) for part in parts]
    if write:
        texts[: len(shown)] = [write(row, digits) for row in shown]
    return [*texts, total.replace("nan", "NaN")]


def terms_table(
    trace: Trace, position: int, names: Sequence[str], conventions: Conventions = USUAL
) -> None:
    """Draw the weighted sum term by term: a row for each token, a column for each dimension."""
    d_in = trace["context"].shape[1]
    width, shown = min(d_in, MOST_COLUMNS), largest(trace)
    others = left_out(shown, len(names))
    results = trace["context"][0, :width].tolist()
    weights, entries = trace["weights"][0].tolist(), trace["inputs"][:, :width].T.tolist()
    columns, off = [_column(weights, None, shown, others)], 0.0
    for result, own in zip(results, entries, strict=True):
        products = [weight * entry for weight, entry in zip(weights, own, strict=True)]
        write = partial(_term, weights, own) if width <= MOST_WORKED else None
        columns.append(_column(products, result, shown, others, write))
        off = max(off, abs(result - math.fsum(products)))
    *rows, total = zip(_rows(names, shown, others), *columns, strict=True)
    number_table(
        f"{_of_all(shown, names)} terms of the weighted sum"
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
