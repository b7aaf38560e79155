"""Random numbers from a seed of one's own: torch's global one is shared by everybody."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SEED = 123


def dice(seed: int) -> torch.Generator:
    """Return a generator that draws what torch draws after ``torch.manual_seed(seed)``.

    Raises:
        ValueError: If the seed is not a whole number from 0 to 2**63 - 1.

    Example:
        >>> torch.rand(2, generator=dice(123))
        tensor([0.2961, 0.5166])
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1; got {seed!r}")
    return torch.Generator().manual_seed(seed)


def kept_weights(shape: Sequence[int], dropout: float, seed: int = SEED) -> Tensor:
    """Return which weights dropout keeps, each with a chance of ``1 - dropout``.

    These are the ones that ``nn.Dropout`` keeps after ``torch.manual_seed(seed)``. Which ones that
    are depends on the platform: torch draws them with what the processor offers.

    Args:
        shape: The weights', (n_queries, n_keys) or (n_heads, n_queries, n_keys).
        dropout: The share that is dropped on average, in [0, 1).
        seed: Where the draws start.

    Returns:
        Booleans of that shape.

    Raises:
        ValueError: If the seed or the dropout is out of range.

    Example:
        >>> kept_weights((2, 3), 0.0)
        tensor([[True, True, True],
                [True, True, True]])
    """
    require_rate(dropout)
    return torch.empty(tuple(shape), dtype=torch.bool).bernoulli_(1 - dropout, generator=dice(seed))


def require_rate(dropout: float) -> float:
    """Return the dropout if it is in [0, 1); ValueError if not."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), from nothing to nearly all; got {dropout!r}")
    return float(dropout)


def rate_of(dropout: float, *, training: bool) -> float:
    """Return the share of weights that a run drops: none outside of training.

    Raises:
        ValueError: If the dropout is out of range, in training or not.

    Example:
        >>> rate_of(0.5, training=True), rate_of(0.5, training=False)
        (0.5, 0.0)
    """
    rate = require_rate(dropout)
    return rate if training else 0.0
