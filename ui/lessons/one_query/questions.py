"""The question at the end of the lesson "One query", about the user's own numbers."""

from __future__ import annotations

import torch

from attention_core import ONE_QUERY
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.prediction import Question, Truth
from ui.lab.lab import Lab


def doubled_query(lab: Lab) -> Question:
    """Return: which normalisations notice when the query, and nothing else, is twice as long?"""
    word = literal(names(labels_of(lab), lab.conventions)[lab.query_index])
    inputs = tensor_of(lab)
    query = inputs[[lab.query_index]]
    before = ONE_QUERY.run(query=query, inputs=inputs)
    after = ONE_QUERY.run(query=query * 2, inputs=inputs)
    changed = [
        not torch.allclose(after[name], before[name], rtol=0, atol=0.5e-4, equal_nan=True)
        for name in ("by_sum", "weights")
    ]
    question = (
        f"Suppose the query **{word}** were twice as long (every number of it doubled) and the "
        "keys stayed as they are, so that every score doubles. Which shares would change within "
        "their first 4 decimals?"
    )
    options = ["Neither", "Only dividing by the sum", "Only softmax", "Both"]
    largest = [
        f"{result_of(float(before[name].max()))} → {result_of(float(after[name].max()))}"
        for name in ("by_sum", "weights")
    ]
    because = (
        f"The largest share by the sum: {largest[0]}; by softmax: {largest[1]}. Dividing by the "
        "sum only sees ratios of scores; softmax sees their differences, which doubled."
    )
    return question, options, Truth(changed[0] + 2 * changed[1], because)
