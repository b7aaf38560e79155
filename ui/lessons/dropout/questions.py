"""The question at the end of the lesson "Dropout", about the user's own numbers."""

from __future__ import annotations

from attention_core.numbers import plain
from ui.cards.prediction import Question, Truth
from ui.lab.lab import Lab
from ui.lessons.dropout.choices import DropoutChoices
from ui.lessons.dropout.runs import grown_by


def grown_weight(lab: Lab) -> Question:
    """Return: by what is a weight multiplied that is kept at another rate?"""
    rate = 0.8 if lab.of(DropoutChoices).dropout != 0.8 else 0.75
    grown = grown_by(lab, rate)
    factors = sorted({1 - rate, 1.0, 1 + rate, 1 / (1 - rate)})
    right = min(range(len(factors)), key=lambda i: abs(factors[i] - grown))
    question = (
        f"You set the rate to {rate}. By what is each weight multiplied that is **not** dropped?"
    )
    options = [f"by {plain(factor)}" for factor in factors]
    because = (
        f"A run at this rate multiplied the kept weights by {plain(grown)}, which is "
        f"1 / (1 − {rate}): one in {plain(1 / (1 - rate))} is kept and stands for all."
    )
    return question, options, Truth(right, because)
