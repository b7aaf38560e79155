"""The run of simple self-attention, any step of it with the user's own numbers."""

from __future__ import annotations

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from ui.cards import overriding
from ui.cards.embeddings import tensor_of
from ui.lab.lab import Lab

STORED_AS = "start"


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab)), lab, STORED_AS)
