"""Dropout on average: the mean of many draws comes ever closer to dropping nothing."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.dice import SEED, kept_weights, require_rate

MOST_DRAWS = 10_000


class Mean(NamedTuple):
    """What the mean over some draws is, and how far from the weights it was after each draw."""

    mean: Tensor  # of the weights' shape
    distances: tuple[float, ...]  # the largest of any cell, after 1, 2, … draws
    expected: tuple[float, ...]  # the standard error of the cell with the largest weight


def mean_over_draws(weights: Tensor, dropout: float, n_draws: int, seed: int = SEED) -> Mean:
    r"""Drop weights again and again, each time by another seed, and take the mean.

    A weight w is 0 with probability p, else w / (1 - p): on average w. Its standard deviation is
    :math:`w\sqrt{p / (1 - p)}`, and that of the mean of N draws is :math:`\sqrt N` times smaller.

    Args:
        weights: The weights of evaluation, (n_queries, n_keys), with heads in front if any.
        dropout: The share that is dropped, in [0, 1).
        n_draws: How many times, 1 to 10,000.
        seed: That of the first draw; each next has the next.

    Returns:
        The mean after all draws, in the weights' dtype, and how far it was after each. What is
        not a number counts for nothing.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> found = mean_over_draws(torch.tensor([[1.0]]), 0.5, 3, seed=1)
        >>> found.mean, [round(distance, 4) for distance in found.distances]
        (tensor([[1.3333]]), [1.0, 0.0, 0.3333])

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting"
        (2014), section 10.
    """
    rate = require_rate(dropout)
    if isinstance(n_draws, bool) or not isinstance(n_draws, int) or not 1 <= n_draws <= MOST_DRAWS:
        raise ValueError(
            f"n_draws must be a whole number from 1 to {MOST_DRAWS:,}; got {n_draws!r}"
        )
    exact = weights.detach().double()
    mean, times_kept, distances = exact, torch.zeros_like(exact), []
    for draw in range(n_draws):
        times_kept += kept_weights(weights.shape, rate, seed + draw)
        mean = exact * (times_kept / (draw + 1) / (1 - rate))
        distances.append(float((mean - exact).abs().nan_to_num(nan=0.0).max()))
    error = float(exact.nan_to_num(nan=0.0).abs().max()) * math.sqrt(rate / (1 - rate))
    expected = tuple(error / math.sqrt(draw) for draw in range(1, n_draws + 1))
    return Mean(mean.to(weights.dtype), tuple(distances), expected)
