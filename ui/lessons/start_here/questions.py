"""The question at the end of the lesson "Start here", about the user's own numbers."""

from __future__ import annotations

import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab


def doubled_first_value(lab: Lab) -> Question:
    """Return: which token gets most of one token's attention once its first value is doubled?"""
    tokens = names(labels_of(lab), lab.conventions)
    asker = min(3, len(tokens) - 1)
    inputs = tensor_of(lab)
    before = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["weights"][asker]
    inputs[asker, 0] *= 2
    after = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["weights"][asker]
    right = int(after.argmax())
    word = literal(tokens[asker])
    question = (
        f"Which token will **{word}** attend to most once you double its first value "
        f"({result_of(float(inputs[asker, 0]) / 2)} → {result_of(float(inputs[asker, 0]))})?"
    )
    because = (
        f"With the first value doubled, {word} gives {result_of(float(after[right]))} of its "
        f"attention to {literal(tokens[right])} (before: {result_of(float(before[right]))}). "
        "Double it in the table to see it."
    )
    ties = torch.nonzero(after >= after.max() - SAME).flatten().tolist()
    return question, names(labels_of(lab)), Truth(right, because, frozenset(ties), tuple(tokens))
