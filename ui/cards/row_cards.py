"""Cards of values with one row: that of a single query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attention_core import USUAL, Conventions, Trace
from attention_core.figures.heatmap import CELL_PX
from ui.cards.card import Card
from ui.cards.step_cards import step_card

ROW_PX = CELL_PX + 146  # a row of cells with its labels above and its colours below


def row_card(
    trace: Trace,
    step: str,
    query: str,
    names: Sequence[str],
    row: int | None = None,
    *,
    conventions: Conventions = USUAL,
) -> Card:
    """Return the card of a step whose rows are one: the query's, which is this row of inputs."""
    checks = trace.check(step)
    card = step_card(
        trace, step, names, checks, query=query, query_row=row, conventions=conventions
    )
    if trace.axes(step)[1] == "key token":
        card = replace(card, height=ROW_PX)
    return card.with_layout(minreducedheight=CELL_PX)  # else Plotly takes room from the labels
