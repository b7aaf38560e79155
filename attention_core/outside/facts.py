"""What holds of attention weights, whoever made them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.rounding import format_of

ROUNDED = 0.01  # a row may be so far from 1 if its numbers were rounded to two decimals


class Fact(NamedTuple):
    """One thing that was looked at in attention weights, and whether it holds.

    Attributes:
        name: ``"shares"``, ``"sums"`` or ``"causal"``.
        holds: Whether it holds; None for nearly, as of rounded numbers.
        worst: By how much it does not.
        cell: Where, one index per axis; empty where it holds.
    """

    name: str
    holds: bool | None
    worst: float
    cell: tuple[int, ...]


def facts(weights: Tensor) -> tuple[Fact, ...]:
    """Return what holds of attention weights, whoever made them: of all layers and heads.

    Whether each is within 0..1, whether each row sums to 1, and whether no query sees a later key.

    Args:
        weights: (..., n_queries, n_keys), finite.

    Example:
        >>> [(fact.name, fact.holds) for fact in facts(torch.tensor([[1.0, 0.0], [0.5, 0.6]]))]
        [('shares', True), ('sums', False), ('causal', True)]
    """
    kind, n_keys = format_of(weights.dtype), weights.shape[-1]
    outside = torch.maximum(-weights, weights - 1).clamp(min=0).double()
    off = (weights.sum(dim=-1, dtype=torch.float64) - 1).abs()
    later = weights.triu(diagonal=1).abs()
    # Each weight is rounded when it is kept, and so was the sum that it was divided by.
    in_sum = 2 * kind.unit + (n_keys + 8) * kind.unit_in_sums + n_keys * kind.step
    sums = _fact_of("sums", off, in_sum)
    if not sums.holds and sums.worst <= ROUNDED:
        sums = sums._replace(holds=None)
    return _fact_of("shares", outside, 2 * kind.unit), sums, _fact_of("causal", later, 0.0)


def _fact_of(name: str, excess: Tensor, allowed: float) -> Fact:
    worst = float(excess.max())
    if worst <= allowed:
        return Fact(name, True, worst, ())
    flat = int(excess.argmax())
    cell: list[int] = []
    for size in reversed(excess.shape):
        flat, at = divmod(flat, size)
        cell.insert(0, at)
    return Fact(name, False, worst, tuple(cell))
