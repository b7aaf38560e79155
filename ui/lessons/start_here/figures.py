"""What the page "Start here" shows: the whole of self-attention, any step of it open to change."""

from __future__ import annotations

from functools import lru_cache

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.export import Shown
from attention_core.numbers import result_of
from ui.cards import overriding, step_cards
from ui.cards.card import Group
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.simple_run import STORED_AS, trace_of
from ui.lab.lab import Lab

PLACES = ("figures:start",)


def steps(lab: Lab) -> Group:
    """Return every step of it."""
    trace = trace_of(lab)
    group = step_cards.steps(trace, trace.steps, labels_of(lab), conventions=lab.conventions)
    return overriding.overridable(group, STORED_AS)


def ten_times_said(lab: Lab) -> str:
    """Return what *Ten times larger* makes of the sentence's weights, as Markdown."""
    least, greatest = map(result_of, _largest_weights(lab.sentence, lab.keep_punctuation, lab.d))
    each = f"between {least} and {greatest}" if least != greatest else least
    return (
        "- Choose *Ten times larger*: the scores become a hundred times those of *As in the "
        f"notebook*, and each query gives one token {each} of its attention."
    )


@lru_cache(maxsize=8)  # no edit changes it
def _largest_weights(sentence: str, keep_punctuation: bool, d: int) -> tuple[float, float]:
    """Return the smallest and the greatest of the rows' largest weights at *Ten times larger*."""
    large = Lab(sentence=sentence, keep_punctuation=keep_punctuation, d=d, preset="ten-times")
    most = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(large))["weights"].amax(dim=1)
    return float(most.min()), float(most.max())


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, to be taken along."""
    return [Shown("self-attention", "Simple self-attention", trace_of(lab), labels_of(lab))]
