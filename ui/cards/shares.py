"""The shares of one query's attention: whose are shown, and how they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attention_core import Trace
from attention_core.numbers import DIGITS, result_of

MOST_WHOLE = 64  # tokens; of more, tables and pictures show those with the largest weights
LARGEST = 24  # tokens, then
SHARES = ("scores", "by_sum", "naive", "weights")


def largest(trace: Trace, *always: int) -> list[int]:
    """Return which tokens are shown, in the sentence's order: all, or the largest weights'.

    Args:
        trace: A run with one query.
        *always: Tokens that are shown in any case.
    """
    weights = trace["weights"][0]
    if len(weights) <= MOST_WHOLE:
        return list(range(len(weights)))
    order = weights.argsort(descending=True, stable=True)[:LARGEST].tolist()
    return sorted({*order, *always})


def left_out(shown: Sequence[int], n_tokens: int) -> list[int]:
    """Return the tokens that are not shown."""
    return sorted({*range(n_tokens)} - {*shown})


def share_text(value: float, digits: int = DIGITS) -> str:
    """Return a share as the tables print it, also one that is not a number."""
    return "NaN" if math.isnan(value) else result_of(value, digits)
