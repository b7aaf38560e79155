"""Everything about attention that is true without a browser.

Start with ``mechanisms``: the lesson as data. ``run`` one and get a ``Trace``.
"""

from attention_core.checks import Check
from attention_core.conventions import USUAL, Conventions
from attention_core.explanation import Explanation, Operand
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms.additive_attention import ADDITIVE_ATTENTION
from attention_core.mechanisms.causal_attention import CAUSAL_SELF_ATTENTION
from attention_core.mechanisms.multi_head_attention import MULTI_HEAD_ATTENTION
from attention_core.mechanisms.renormalised_attention import RENORMALISED_SELF_ATTENTION
from attention_core.mechanisms.self_attention import CROSS_ATTENTION, SELF_ATTENTION
from attention_core.mechanisms.simple import (
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    dot_product_attention,
    normalisations,
)
from attention_core.mechanisms.stacked_heads import STACKED_HEADS
from attention_core.outside.saving import load_trace, save_trace
from attention_core.outside.watch import record, watch
from attention_core.step import Step

__all__ = [
    "ADDITIVE_ATTENTION",
    "CAUSAL_SELF_ATTENTION",
    "CROSS_ATTENTION",
    "MULTI_HEAD_ATTENTION",
    "ONE_QUERY",
    "RENORMALISED_SELF_ATTENTION",
    "SELF_ATTENTION",
    "SIMPLE_SELF_ATTENTION",
    "STACKED_HEADS",
    "USUAL",
    "Check",
    "Conventions",
    "Explanation",
    "Mechanism",
    "Operand",
    "Step",
    "Trace",
    "dot_product_attention",
    "load_trace",
    "normalisations",
    "record",
    "save_trace",
    "watch",
]
