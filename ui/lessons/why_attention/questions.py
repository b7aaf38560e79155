"""The question at the end of the lesson "Why attention", about the user's own numbers."""

from __future__ import annotations

import torch

from attention_core.figures.lengths import LOOKS
from attention_core.numbers import result_of
from ui.cards.literal import names
from ui.cards.number_words import words_of
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import word_sensitivities


def least_answered(lab: Lab) -> Question:
    """Return: to which word of a sentence does the final state answer least?"""
    words = words_of(lab)
    norms = word_sensitivities(lab.of(WhyChoices).reader, words)[0]["hidden"]
    right = int(norms.argmin())
    called, model = names(words, lab.conventions), LOOKS[lab.of(WhyChoices).reader].name
    question = (
        f"To which word of your sentence does the **final hidden state** of {model} answer least: "
        "moved a little, which would change it least?"
    )
    because = (
        f"The derivative by *{called[right]}* has the length {result_of(float(norms[right]))}; the "
        f"largest, by *{called[int(norms.argmax())]}*, has {result_of(float(norms.max()))}. "
        "Section 5 shows all of them."
    )
    ties = torch.nonzero(norms <= norms.min() + SAME * norms.max()).flatten().tolist()
    return question, names(words), Truth(right, because, frozenset(ties), tuple(called))
