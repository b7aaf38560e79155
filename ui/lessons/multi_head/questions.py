"""The question at the end of the lesson "Multi-head", about the user's own numbers."""

from __future__ import annotations

from attention_core import USUAL
from attention_core.numbers import result_of
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.multi_head.runs import made_by_heads, parts_of, trace_of


def most_missed_head(lab: Lab) -> Question:
    """Return: which head's absence would move one token's output furthest?"""
    on = lab.choosing(heads_off=())
    row, conventions = lab.query_index, lab.conventions
    trace = trace_of(made_by_heads(on))
    moved = parts_of(trace, row).abs().amax(dim=1)
    word = literal(names(labels_of(lab), conventions)[row])
    heads = range(len(moved))
    options = [f"Head {USUAL.number(head)}" for head in heads]
    shown = tuple(f"Head {conventions.number(head)}" for head in heads)
    right = int(moved.argmax())
    question = (
        f"All heads are on, and you may switch one off. Which one moves the output of **{word}** "
        "furthest (the largest change of any of its numbers)?"
    )
    listed = ", ".join(f"{shown[head]} by {result_of(float(moved[head]))}" for head in heads)
    because = f"Without it, the number that changes most would move: {listed}."
    ties = frozenset(head for head in heads if float(moved[head]) >= float(moved.max()) - SAME)
    return question, options, Truth(right, because, ties, shown)
