"""What the page "Start here" shows: the whole of self-attention, any step of it open to change."""

from __future__ import annotations

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from attention_core.export import Shown
from attention_core.numbers import result_of
from ui import overriding, step_view
from ui.lab import Lab
from ui.step_view import Group
from ui.worksheet import labels_of, tensor_of, with_preset

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


def ten_times_said(lab: Lab) -> str:
    """Return what *Ten times larger* makes of the sentence's weights, as Markdown."""
    large = with_preset(lab, "ten-times")
    weights = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(large))["weights"]
    most = weights.amax(dim=1)
    least, greatest = result_of(float(most.min())), result_of(float(most.max()))
    each = f"between {least} and {greatest}" if least != greatest else least
    return (
        "- Choose *Ten times larger*: the scores become a hundred times those of *As in the "
        f"notebook*, and each query gives one token {each} of its attention."
    )


def shown(lab: Lab) -> list[Shown]:
    """Return the run of the page, to be taken along."""
    return [Shown("self-attention", "Simple self-attention", trace_of(lab), labels_of(lab))]
