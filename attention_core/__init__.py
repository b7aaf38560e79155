"""Everything about attention that is true without a browser.

Start with ``mechanisms``: the lesson as data. ``run`` one and get a ``Trace``.
"""

from attention_core.checks import Check
from attention_core.conventions import USUAL, Conventions
from attention_core.mechanism import Mechanism, Step
from attention_core.mechanisms import ONE_QUERY, SIMPLE_SELF_ATTENTION, normalisations
from attention_core.trace import Explanation, Operand, Trace

__all__ = [
    "ONE_QUERY",
    "SIMPLE_SELF_ATTENTION",
    "USUAL",
    "Check",
    "Conventions",
    "Explanation",
    "Mechanism",
    "Operand",
    "Step",
    "Trace",
    "normalisations",
]
