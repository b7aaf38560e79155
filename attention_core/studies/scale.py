"""Why dot products are divided by √d_k: real draws, measured for wider and wider vectors."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.dice import SEED, dice

MOST_D_K = 4096
N_TOKENS = 64


class Scale(NamedTuple):
    """What was measured at one width, before and after dividing by √d_k."""

    d_k: int
    spread: float  # the standard deviation of the dot products
    scaled_spread: float
    peak: float  # the largest weight of a row, on average over the rows
    scaled_peak: float


def scales(most: int, seed: int = SEED, n_tokens: int = N_TOKENS) -> tuple[Scale, ...]:
    r"""Measure dot products of random queries and keys, and the softmax of their rows.

    A dot product of two vectors with ``d_k`` independent entries of mean 0 and variance 1 has
    the variance ``d_k``; here that is seen and not proved.

    Args:
        most: The largest width, 1 to 4096. The widths are 1, 2, 4, … and this one.
        seed: Where the draws start. Each width starts there again.
        n_tokens: How many queries and how many keys are drawn, from 2.

    Returns:
        One measurement for each width, in float32.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> [found.d_k for found in scales(12)]
        [1, 2, 4, 8, 12]
        >>> [round(found.spread / found.scaled_spread, 3) for found in scales(4)]
        [1.0, 1.414, 2.0]

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1, footnote 4.
    """
    _require("most", most, 1, MOST_D_K)
    _require("n_tokens", n_tokens, 2, MOST_D_K)
    return tuple(_measured(d_k, seed, n_tokens) for d_k in widths(most))


def widths(most: int) -> list[int]:
    """Return the powers of 2 below a width, and itself.

    Example:
        >>> widths(8), widths(1)
        ([1, 2, 4, 8], [1])
    """
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*powers, most]


def vectors(d_k: int, seed: int, n_tokens: int) -> tuple[Tensor, Tensor]:
    """Return queries and keys, (n_tokens, d_k) each, their entries drawn with variance 1."""
    generator = dice(seed)
    queries, keys = (torch.randn(n_tokens, d_k, generator=generator) for _ in range(2))
    return queries, keys


def _measured(d_k: int, seed: int, n_tokens: int) -> Scale:
    queries, keys = vectors(d_k, seed, n_tokens)
    scores = queries @ keys.T
    scaled = scores / math.sqrt(d_k)
    return Scale(d_k, _spread(scores), _spread(scaled), _peak(scores), _peak(scaled))


def _spread(scores: Tensor) -> float:
    return float(scores.double().std(correction=0))


def _peak(scores: Tensor) -> float:
    """Return the mean over the rows of the largest weight."""
    return float(torch.softmax(scores, dim=-1).amax(dim=-1).double().mean())


def _require(name: str, number: int, least: int, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}; got {number!r}")
