"""The figures of the gradient lens: how much one cell answers to each number of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from attention_core import Trace
from attention_core.figures import matrix_spec, pointing
from attention_core.glossary import term
from attention_core.operations import Index
from attention_core.studies.lens import check_sensitivity, sensitivity
from ui.cards import step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.embeddings import labels_of
from ui.lab.lab import Lab

MOST = 4_096  # numbers of all tables together: the lens of more would keep everybody waiting
NAME = "figures:lens:"  # of a page's group, and what it is of after it


def cell_of(trace: Trace, lab: Lab, places: Sequence[str]) -> tuple[str, Index]:
    """Return the cell that the lens looks at: the one explained on the page, or the first output.

    Args:
        trace: The run on screen.
        lab: What the user chose.
        places: The groups of figures whose cells it may be.
    """
    if lab.trail and lab.trail[-1][0] in places:
        _, name, *index = lab.trail[-1]
        if trace.has_cell(name, index):
            return name, tuple(index)
    return trace.steps[-1], (0,) * trace.output.ndim


def figures(
    trace_of: Callable[[Lab], Trace],
    places: Sequence[str],
    tokens_of: Callable[[Lab], Sequence[str]] = labels_of,
) -> Callable[[Lab], Group]:
    """Return the function that makes the gradient lens's figures of a lab.

    Args:
        trace_of: Returns the page's run.
        places: The groups of figures whose cells the lens may look at.
        tokens_of: Returns the labels of the run's tokens.
    """

    def group(lab: Lab) -> Group:
        trace = trace_of(lab)
        return lens(trace, *cell_of(trace, lab, places), lab, tokens_of(lab))

    return group


def lens(trace: Trace, name: str, index: Index, lab: Lab, tokens: Sequence[str]) -> Group:
    """Return a heatmap over each table: the derivative of one cell by every number of it.

    Raises:
        ValueError: If the cell, or a derivative, is no finite number.
    """
    found = sensitivity(trace, name, index)
    check = check_sensitivity(found, trace, name, index)
    numbers = check.numbers
    said = "agree" if check.ok else "do not agree. Do not trust this picture"
    verdict = Verdict(check.ok, f"Autograd and {check.route} in float64 {said} ({numbers}).")
    cards = [
        _card(trace, table, name, index, found[table], verdict, lab, tokens) for table in found
    ]
    return Group(cards, arrows=False)


def _card(
    trace: Trace,
    table: str,
    name: str,
    index: Index,
    slopes: Tensor,
    verdict: Verdict,
    lab: Lab,
    tokens: Sequence[str],
) -> Card:
    cells = pointing(trace, table, tokens, conventions=lab.conventions)
    called = f"∂ {name} / ∂ {table}"
    spec = matrix_spec(
        slopes,
        [cells["rows"], cells["columns"]],
        axes=trace.axes(table),
        title=called,
        kind="scores",
        sentence="%{y} · %{x}: for a small change here, it changes {value} times as much",
    )
    has_tokens = trace.axes(table)[0].endswith("token")
    turns = table if lab.conventions.is_turned and has_tokens else ""
    row, column = divmod(int(slopes.abs().argmax()), slopes.shape[1])
    alt = (
        f"it answers most to {cells['rows'][row]} · {cells['columns'][column]}: it changes "
        f"{float(slopes[row, column]):.4f} times as much as a small change there."
        if bool(slopes.any())
        else "it does not depend on any of these numbers."
    )
    card = step_cards.value_card(
        f"lens_{table}", f"By {term(table).title.lower()}", spec, alt, slopes, turns=turns
    )
    return replace(card, formula=called, check=verdict)
