"""The question at the end of the lesson "Queries, keys, values", about the user's own numbers."""

from __future__ import annotations

from attention_core import SELF_ATTENTION
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.parameters import parameters_of
from ui.cards.prediction import Question, Truth
from ui.lab.lab import Lab


def doubled_query_weights(lab: Lab) -> Question:
    """Return: what happens to one token's largest weight when the query weights are doubled?"""
    tokens, row = names(labels_of(lab), lab.conventions), lab.query_index
    given = {"inputs": tensor_of(lab), **parameters_of(lab)}
    before = SELF_ATTENTION.run(**given)
    doubled = {
        name: 2 * tensor if name in ("w_query", "b_query") else tensor
        for name, tensor in given.items()
    }
    after = SELF_ATTENTION.run(**doubled)
    was, now = (float(trace["weights"][row].max()) for trace in (before, after))
    right = 2 if result_of(now) == result_of(was) else int(now < was)
    question = (
        "You double every number of *Query weights* (and of its bias, if there is one). What "
        f"happens to the largest weight that **{literal(tokens[row])}** gives, to 4 decimals?"
    )
    because = (
        f"Its scores all double, so softmax sees differences twice as large: the largest weight "
        f"goes from {result_of(was)} to {result_of(now)}."
    )
    return question, ["It grows", "It shrinks", "It stays the same"], Truth(right, because)
