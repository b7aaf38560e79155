"""What the page "Side by side" shows: one sentence through every mechanism, on one scale."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from attention_core import Check, Conventions
from attention_core.checks import SAMPLE_SEED
from attention_core.figures import matrix_spec
from attention_core.figures.heatmap import position_labels
from attention_core.glossary import symbol
from attention_core.numbers import result_of
from attention_core.studies.entropy import check_entropy, entropy
from ui.cards import step_cards
from ui.cards.card import Card, Group
from ui.cards.explained import Explained
from ui.lab.lab import Lab
from ui.lessons.side_by_side.kinds import (
    KINDS,
    bounds_of,
    mean_entropy,
    possible,
    tokens_of,
    trace_of,
)
from ui.lessons.side_by_side.words import bounds_said, entropy_said

TABLES = ("w_query", "w_key", "b_query", "b_key")  # what the weights depend on
CHECKED_ROWS = 256  # entropies; of more, a sample is computed again by loops


# ---- Figures -----------------------------------------------------------------------------------


def figures_of(lab: Lab, which: str) -> Group:
    """Return a mechanism's weights, of each head, and the entropy of each row.

    Raises:
        ValueError: If the heads cannot share the width evenly.
    """
    trace, tokens, conventions = trace_of(lab, which), tokens_of(lab, which), lab.conventions
    scope, checks = f"side by side: {which}", trace.check("weights")
    heads = range(len(trace["weights"])) if trace["weights"].ndim == 3 else [None]
    cards = []
    for head in heads:
        card = step_cards.step_card(
            trace, "weights", tokens, checks, conventions=conventions, head=head
        )
        card = card.with_cells(lambda cells: {**cells, "scope": scope})
        cards.append(card.with_heatmap(zmin=0.0, zmax=1.0))
    cards.append(_entropy_card(trace["weights"], bounds_of(trace), tokens, conventions))
    width = step_cards.card_width(max(len(tokens), trace["weights"].shape[-1]))
    return Group(cards, Explained(trace, tokens, scope=scope), width, arrows=False)


def _entropy_card(
    weights: Tensor, bounds: Sequence[float], tokens: Sequence[str], conventions: Conventions
) -> Card:
    """Return the card of the entropies: a column, or one for each head."""
    bits = entropy(weights)
    columns = bits.unsqueeze(1) if bits.ndim == 1 else bits.T  # (n_queries, 1 or n_heads)
    rows = position_labels("query token", len(columns), tokens, conventions)
    heads = [step_cards.head_of(head, conventions) for head in range(columns.shape[1])]
    names = heads if bits.ndim == 2 else ["entropy"]
    spec = matrix_spec(
        columns,
        (rows, names),
        axes=("query token", "bits"),
        title="Entropy",
        kind="weights",
        sentence="%{y} (query) spreads its attention over {value} bits, %{x}",
    )
    top = math.log2(weights.shape[-1]) or 1.0
    spec["data"][0] |= {"zmin": 0.0, "zmax": top}
    card = step_cards.value_card(
        "entropy",
        conventions.say("Entropy of each {row}"),
        spec,
        entropy_said(bits, rows),
        columns,
        turns="entropy" if conventions.is_turned else "",
    )
    return replace(
        card,
        check=step_cards.verdict([entropy_check(weights, bits)], conventions),
        note=bounds_said(bounds, conventions),
    )


def entropy_check(weights: Tensor, bits: Tensor) -> Check:
    """Return the entropies' second route, of a seeded sample where there are many."""
    rows, entropies = weights.flatten(end_dim=-2), bits.flatten()
    if len(rows) <= CHECKED_ROWS:
        return check_entropy(rows, entropies)
    sample = random.Random(SAMPLE_SEED).sample(range(len(rows)), CHECKED_ROWS)
    check = check_entropy(rows[sample], entropies[sample])
    return check._replace(route=f"{check.route}, {CHECKED_ROWS} seeded rows")


# ---- Words, tables, choices --------------------------------------------------------------------


def summary(lab: Lab) -> dict[str, list[str]]:
    """Return what each mechanism did, by column: a line for each, or for each head."""
    table: dict[str, list[str]] = {
        name: [] for name in ("mechanism", "a query may attend to", "learned", *_MEASURED)
    }
    for which in possible(lab):
        shown, trace = KINDS[which], trace_of(lab, which)
        weights, bounds = trace["weights"].detach(), bounds_of(trace)
        heads = weights if weights.ndim == 3 else weights.unsqueeze(0)
        for head, matrix in enumerate(heads):
            called = f", {step_cards.head_of(head, lab.conventions)}" if weights.ndim == 3 else ""
            table["mechanism"].append(f"{shown.title}{called}")
            table["a query may attend to"].append(shown.asks)
            table["learned"].append(shown.learns)
            for name, measured in zip(_MEASURED, _measured(matrix, bounds), strict=True):
                table[name].append(result_of(measured))
    return table


_MEASURED = ("mean entropy (bits)", "at most", "largest weight")


def _measured(matrix: Tensor, bounds: Sequence[float]) -> tuple[float, float, float]:
    return mean_entropy(matrix), math.fsum(bounds) / len(bounds), float(matrix.max())


def entropy_formula(conventions: Conventions) -> str:
    """Return the entropy of a row, in LaTeX."""
    weight = symbol("weights", conventions)
    formula = rf"H_i = -\sum_j {weight}_{{ij}} \log_2 {weight}_{{ij}}"
    return conventions.formula(formula)
