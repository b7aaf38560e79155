"""What the page "To self-attention" shows: three ways for one sequence to ask another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from attention_core import Conventions, Mechanism, Trace
from attention_core.checks import multiplications
from attention_core.export import Shown
from attention_core.export.literals import tensor_code
from attention_core.figures.palette import range_of
from attention_core.operations import AdditiveScores
from ui.cards import overriding, parameters, step_cards
from ui.cards.card import Card, Group
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import SCOPE, Explained
from ui.lab.lab import Lab
from ui.lessons.to_self_attention.choices import ToSelfChoices
from ui.lessons.to_self_attention.ways import (
    STORED_AS,
    WAYS,
    asking_of,
    own_of,
    tokens_of,
    trace_of,
)

WIDTH = ("Width d_attn", "How wide the projected queries and keys are: d_out on other pages.")


# ---- Figures -----------------------------------------------------------------------------------


def figures_of(lab: Lab, which: str) -> Group:
    """Return the steps of one way, in colours that mean the same in all three."""
    traces = {name: trace_of(lab, name) for name in WAYS}
    trace, tokens, shown = traces[which], tokens_of(lab), WAYS[which]
    # The tables stand for what additive attention is made of, so their cells light up together.
    scope = SCOPE if which == "additive" else f"{STORED_AS}: {which}"
    group = step_cards.steps(trace, shown.steps, tokens, conventions=lab.conventions)
    ranges = _ranges(traces)
    cards = [
        _coloured(card, ranges).with_cells(
            lambda cells: {**cells, "scope": scope, "of": _tables(cells["of"], lab)}
        )
        for card in group.cards
    ]
    explained = Explained(trace, tokens, scope=scope)
    width = step_cards.card_width(len(trace["keys"]))
    return overriding.overridable(Group(cards, explained, width), own_of(which))


def _ranges(traces: Mapping[str, Trace]) -> dict[str, tuple[float, float]]:
    """Return the ends of the colour scale for each value that more than one way has."""
    scores = [trace[WAYS[which].scored].flatten() for which, trace in traces.items()]
    mixtures = [trace["context"].flatten() for trace in traces.values()]
    of_scores = range_of("scores", torch.cat(scores))
    return {
        "scores": of_scores,
        "scaled": of_scores,
        "weights": (0.0, 1.0),
        "context": range_of("vectors", torch.cat(mixtures)),
    }


def _coloured(card: Card, ranges: Mapping[str, tuple[float, float]]) -> Card:
    if card.id not in ranges:
        return card
    low, high = ranges[card.id]
    return card.with_heatmap(zmin=low, zmax=high)


def _tables(operands: Sequence[str], lab: Lab) -> list[str]:
    """Return the operands, the sequences that stand in the table by the table's name."""
    own = (
        ("queries", "keys", "values") if lab.of(ToSelfChoices).same_sequence else ("keys", "values")
    )
    return ["inputs" if name in own else name for name in operands]


# ---- Words and choices -------------------------------------------------------------------------


def formula_of(which: str, lab: Lab, conventions: Conventions) -> str:
    """Return in LaTeX how one way of attending scores a query against a key."""
    shown = WAYS[which]
    step = shown.run(lab).mechanism.step(shown.scored)
    return step_cards.latex_of(step, conventions)[-1]


# ---- Costs -------------------------------------------------------------------------------------


def costs(lab: Lab) -> dict[str, tuple[int, ...]]:
    """Return what each way takes from its inputs to the numbers before the softmax.

    Returns:
        For each, in the order of ``COSTS``: the numbers that are learned; what is multiplied and
        divided; how many tanh are taken; how many numbers the largest tensor on the way has.
    """
    found: dict[str, tuple[int, ...]] = {}
    for which, shown in WAYS.items():
        trace = shown.run(lab)
        learned = sum(trace[name].numel() for name in trace.inputs if name in parameters.ALIGNMENT)
        counts = {}
        for step in trace.mechanism.steps[: trace.steps.index("weights")]:
            operands = [trace[name] for name in step.of]
            counts[step] = multiplications(step.operation, operands, trace[step.name])
        bent = [n for step, n in counts.items() if isinstance(step.operation, AdditiveScores)]
        largest = max(*bent, 0, *(trace[step.name].numel() for step in counts))
        found[which] = (learned, sum(counts.values()), sum(bent), largest)
    return found


# ---- Code --------------------------------------------------------------------------------------


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes everything the page shows, to the last bit."""
    traces = {which: trace_of(lab, which) for which in WAYS}
    given: dict[str, Tensor] = {"inputs": tensor_of(lab), **parameters.alignment_of(lab)}
    start = Trace(Mechanism.of(given), given)
    parts = [step_cards.pytorch_of(start, labels_of(lab)).rstrip()]
    asking: Any = "queries = inputs"
    if not lab.of(ToSelfChoices).same_sequence:
        labels = labels_of(asking_of(lab))
        asking = tensor_code("queries", traces["dot"]["queries"], labels)
    parts.append(f"keys = values = inputs\n{asking}")
    for which, trace in traces.items():
        kept = f"{which}_weights, {which}_context = weights, context"
        parts.append("\n".join([f"# {WAYS[which].title}", trace.mechanism.pytorch(), kept]))
    return "\n\n".join(parts)


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the three runs of the page."""
    asking, asked = labels_of(asking_of(lab)), labels_of(lab)
    keys = None if lab.of(ToSelfChoices).same_sequence else asked
    return [
        Shown(which, way.title, trace_of(lab, which), asking, keys) for which, way in WAYS.items()
    ]
