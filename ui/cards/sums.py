"""What the rows and the columns of weights sum to: whose sums are shown, and which are 1."""

from __future__ import annotations

from collections.abc import Sequence

OFF = 1e-3  # a sum this far from 1 is no rounding error: float32's are a thousand times smaller
TOLD = 12  # sums at each end of a longer table; with more tokens it waits behind a click
MOST_SUMS = 64  # a longer table of sums shows its ends: the largest and the smallest


def summed(rows: Sequence[float], columns: Sequence[float]) -> list[int]:
    """Return the positions of the tokens whose sums are shown: all, or the largest and smallest.

    Of the two sums it is the one that varies: the rows' where they do not sum to 1.
    """
    n_tokens = len(rows)
    if n_tokens <= MOST_SUMS:
        return list(range(n_tokens))
    varying = rows if rows_vary(rows) else columns
    order = sorted(range(n_tokens), key=varying.__getitem__, reverse=True)
    return [*order[:TOLD], *order[-TOLD:]]


def is_one(total: float) -> bool:
    """Return whether a sum differs from 1 by no more than rounding."""
    return abs(total - 1) <= OFF


def rows_vary(rows: Sequence[float]) -> bool:
    """Return whether the rows' sums differ from 1 by more than rounding."""
    return not all(map(is_one, rows))
