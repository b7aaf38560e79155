"""Entropy: over how many tokens a query spreads its attention, in bits."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.rounding import format_of


def entropy(weights: Tensor) -> Tensor:
    r"""Return the entropy of each row of shares in bits, :math:`-\sum_j w_j \log_2 w_j`.

    It is 0 where one token gets everything, and :math:`\log_2 n` where n tokens get the same.

    Args:
        weights: Rows that sum to 1, (n_queries, n_keys), with heads in front if there are any.

    Returns:
        Bits, (n_queries,) or (n_heads, n_queries). A weight of 0 adds nothing; a row with what is
        not a number has NaN.

    Example:
        >>> entropy(torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]]))
        tensor([2., 0.])

    Source:
        Shannon, "A Mathematical Theory of Communication" (1948), section 6.
    """
    bits = -torch.xlogy(weights, weights).sum(dim=-1) / math.log(2)
    return torch.where(bits == 0, bits.abs(), bits)  # 0, and never -0


def entropy_by_hand(weights: Tensor) -> Tensor:
    """Return the entropy of each row by loops in plain Python, as float64."""
    rows = weights.detach().flatten(end_dim=-2).tolist()
    bits = torch.tensor([_bits(row) for row in rows], dtype=torch.float64)
    return bits.reshape(weights.shape[:-1])


def check_entropy(weights: Tensor, bits: Tensor | None = None) -> Check:
    """Return how far entropies are from those of plain Python loops.

    Args:
        weights: As for ``entropy``.
        bits: What to check; what ``entropy`` returns, if not said.

    Example:
        >>> check_entropy(torch.tensor([[0.25, 0.75]])).ok
        True
    """
    own = (entropy(weights) if bits is None else bits).detach()
    off, again = entropy_rounding(weights), entropy_by_hand(weights)
    return verdict("entropy", "loops", distances(own, again), off)


def entropy_rounding(weights: Tensor) -> Tensor:
    """Return what rounding may do to the entropy of each row of these weights, in bits."""
    exact, kind = weights.detach().double(), format_of(weights.dtype)
    size = torch.xlogy(exact, exact).abs().sum(dim=-1) / math.log(2)
    return kind.of_sum(size, size, weights.shape[-1]) + 4 * kind.unit * size


def _bits(row: list[float]) -> float:
    total = 0.0
    for share in row:
        if share != 0:
            total -= share * math.log2(share)
    return total + 0.0
