"""What the page "Start here" shows: the whole of self-attention, any step of it open to change."""

from __future__ import annotations

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from attention_core.export import Shown
from ui import overriding, step_view
from ui.lab import Lab
from ui.step_view import Group
from ui.worksheet import labels_of, tensor_of

OWN = "start"
PLACES = ("figures:start",)


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab)), lab, OWN)


def steps(lab: Lab) -> Group:
    """Return every step of it."""
    trace = trace_of(lab)
    group = step_view.steps(trace, trace.steps, labels_of(lab), conventions=lab.conventions)
    return overriding.overridable(group, OWN, lab.conventions)


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, to be taken along."""
    return [Shown("self-attention", "Simple self-attention", trace_of(lab), labels_of(lab))]
