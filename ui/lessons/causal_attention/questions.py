"""The question at the end of the lesson "Causal attention", about the user's own numbers."""

from __future__ import annotations

from typing import Any

import torch

from attention_core import CAUSAL_SELF_ATTENTION, SELF_ATTENTION
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.parameters import parameters_of
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab


def first_token_unmasked(lab: Lab) -> Question:
    """Return: to whom would the first token attend most, if no mask kept it from looking ahead?"""
    tokens = names(labels_of(lab), lab.conventions)
    given: dict[str, Any] = {"inputs": tensor_of(lab), **parameters_of(lab)}
    masked = CAUSAL_SELF_ATTENTION.run(**given)["weights"][0]
    free = SELF_ATTENTION.run(**given)["weights"][0]
    right, word = int(free.argmax()), literal(tokens[0])
    question = (
        f"With the causal mask the first token, **{word}**, gives all its attention "
        f"({result_of(float(masked[0]))}) to itself. To whom would it give most without any mask?"
    )
    most, own = (result_of(float(free[at])) for at in (right, 0))
    given_to = f"{most} to {literal(tokens[right])} and {own} to itself"
    if right == 0:
        given_to = f"most to itself, too: {own}"
    because = f"Without a mask {word} gives {given_to}. Choose the mask *None* to see it."
    ties = torch.nonzero(free >= free.max() - SAME).flatten().tolist()
    return question, names(labels_of(lab)), Truth(right, because, frozenset(ties), tuple(tokens))
