"""The question at the end of the lesson "Normalisation lab", about the user's own numbers."""

from __future__ import annotations

import torch

from attention_core import normalisations
from attention_core.glossary import term
from attention_core.numbers import result_of
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab.choices import NormalisationChoices

CHANGED = {
    (): "none of the three",
    ("by_sum",): "only dividing by the sum",
    ("naive",): "only the naive softmax",
    ("by_sum", "naive"): "dividing by the sum and the naive softmax",
    ("by_sum", "naive", "weights"): "all three",
}


def five_more(lab: Lab) -> Question:
    """Return: which ways of normalising notice that 5 is added to every score?"""
    row = torch.tensor([lab.of(NormalisationChoices).row_scores], dtype=torch.float64)
    run = normalisations(lab.of(NormalisationChoices).temperature).run
    before, after = run(scores=row), run(scores=row + 5)
    changed = tuple(
        name
        for name in ("by_sum", "naive", "weights")
        if not torch.allclose(before[name], after[name], rtol=0, atol=SAME, equal_nan=True)
    )
    told = [
        f"{term(name).title}: {_shares(before[name])} → {_shares(after[name])}"
        for name in ("by_sum", "naive", "weights")
    ]
    question = "You add 5 to **every** score of your row. Which of the three ways notices?"
    because = (
        "In float64, the first shares before → after. "
        + "; ".join(told)
        + ". In a softmax every term gets the same factor exp(5 / temperature), which cancels."
    )
    return question, list(CHANGED.values()), Truth(list(CHANGED).index(changed), because)


def _shares(row: torch.Tensor) -> str:
    return ", ".join(result_of(share) for share in row[0, :3].tolist())
