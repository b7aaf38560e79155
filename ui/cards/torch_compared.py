"""A run beside torch's own attention, in words."""

from __future__ import annotations

from attention_core import Trace
from attention_core.reference import compare_with_torch


def compared(trace: Trace) -> str:
    """Return how far a run is from torch's own attention, as Markdown."""
    checks = compare_with_torch(trace)
    if not checks and trace.overridden:
        return "Torch cannot be told the numbers you put into a step: nothing to compare."
    if not checks:
        return "Torch's own attention cannot be compared here: nothing in it is a number."
    lines = []
    for check in checks:
        verdict = "the same" if check.ok else ":red[**not the same**]"
        lines.append(
            f"`{check.route}` on the same numbers gives {verdict} `{check.step}`: {check.numbers}."
        )
    return "  \n".join(lines)
