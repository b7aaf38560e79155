"""The question at the end of the lesson "All tokens at once", about the user's own numbers."""

from __future__ import annotations

from attention_core import USUAL
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.all_tokens.runs import WRONG_AXIS

EVERY_ROW = "every {row} sums to 1 all the same"


def largest_row_sum(lab: Lab) -> Question:
    """Return: whose row would sum to most with the softmax over the wrong axis?"""
    inputs, say = tensor_of(lab), lab.conventions.say
    stored, tokens = names(labels_of(lab)), names(labels_of(lab), lab.conventions)
    sums = WRONG_AXIS.run(inputs=inputs)["weights"].double().sum(dim=1)
    # Equal rows have equal sums: asked about once.
    rows = [tuple(row) for row in inputs.tolist()]
    asked = [i for i, row in enumerate(rows) if row not in rows[:i]]
    even = bool((sums - 1).abs().max() <= SAME)
    options = [*(stored[i] for i in asked), USUAL.say(EVERY_ROW)]
    shown = (*(tokens[i] for i in asked), say(EVERY_ROW))
    right = len(asked) if even else asked.index(rows.index(rows[int(sums.argmax())]))
    question = say(
        "With the softmax over the wrong axis (`dim=0`) the {rows} no longer have to sum to 1. "
        "Whose {row} would sum to the most? The scores above are a good hint."
    )
    listed = ", ".join(
        f"{literal(tokens[i])} {result_of(float(sums[i]))}"
        for i in sorted(asked, key=lambda i: -float(sums[i]))[:6]
    )
    because = say(
        "The {rows} would sum to: {listed}. Turn on *Wrong axis* to see it.", listed=listed
    )
    most = float(sums.max()) - SAME
    ties = frozenset(k for k, i in enumerate(asked) if not even and float(sums[i]) >= most)
    return question, options, Truth(right, because, ties, shown)
