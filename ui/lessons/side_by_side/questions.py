"""The question at the end of the lesson "Side by side", about the user's own numbers."""

from __future__ import annotations

from attention_core.numbers import result_of
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.side_by_side.kinds import KINDS, spread_out


def doubled_embeddings(lab: Lab) -> Question:
    """Return: whose attention gets sharper by the most when every embedding is doubled?"""
    before, after = (spread_out(lab, factor) for factor in (1.0, 2.0))
    falls = {which: before[which] - after[which] for which in before}
    options = [KINDS[which].title for which in falls]
    right = max(range(len(options)), key=list(falls.values()).__getitem__)
    most = max(falls.values())
    ties = frozenset(at for at, fall in enumerate(falls.values()) if fall >= most - SAME)
    told = "; ".join(
        f"{KINDS[which].title}: {result_of(before[which])} → {result_of(after[which])}"
        for which in falls
    )
    question = (
        "You double **every** embedding, so that every score is four times as large (but for "
        "biases). In which mechanism does the mean entropy fall by the most bits?"
    )
    none = "It falls by less than 0.0001 in all of them. " if most < 0.5e-4 else ""
    because = f"{none}In bits, before → after: {told}."
    return question, options, Truth(right, because, ties)
