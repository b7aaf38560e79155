"""What a figure shows, in a sentence: for readers who cannot see it and for those who can."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import kind_of
from attention_core.figures.labels import short, tokens_along
from attention_core.mechanism import Trace
from attention_core.numbers import result_of

ROWS_TOLD = 6
EVEN = 1e-6  # shares no further apart are equal but for rounding


def finding(
    trace: Trace,
    name: str,
    tokens: Sequence[str],
    *,
    query: str = "the query",
    conventions: Conventions = USUAL,
    head: int | None = None,
) -> str:
    """Say in a sentence what the figure of a value shows: of shares for each row, else at a glance.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes, or three with ``head``.
        tokens: One label per token.
        query: What the row is called, when there is only one query.
        conventions: How it is numbered, and whether rows are drawn as columns.
        head: Which head is told of a value with heads.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2))
        >>> finding(trace, "weights", ["to", "be"])
        'row to: most on to, 0.7311; row be: most on be, 0.7311.'
        >>> finding(trace, "scores", ["to", "be"])
        'largest 1.0000, to with to; smallest 0.0000, to with be.'
    """
    matrix, axes = shown_of(trace, name, head)
    tensor = matrix.detach().double()
    is_masked = tensor.isneginf()
    if not bool((tensor.isfinite() | is_masked).all()):
        lost = int((~tensor.isfinite()).sum())
        return f"{lost:,} of {tensor.numel():,} cells are not a finite number."
    is_share = kind_of(trace, name) == "weights"
    rows, columns = (
        _names(axis, size, tokens, conventions)
        for axis, size in zip(axes, tensor.shape, strict=True)
    )
    if axes[0] == "query token" and tensor.shape[0] == 1:
        rows = [query]
    if is_share:
        return _shares(tensor, rows, columns, conventions)
    told = _extremes(tensor, rows, columns)
    return f"{told[:-1]}; {int(is_masked.sum())} cells are −∞." if bool(is_masked.any()) else told


def _shares(
    tensor: Tensor, rows: Sequence[str], columns: Sequence[str], conventions: Conventions
) -> str:
    """Return where the largest share of each row lies: of the first rows, if they are many."""
    told = [
        conventions.say("{row} {name}: {most}", name=name, most=_largest_share(row, columns))
        for name, row in zip(rows[:ROWS_TOLD], tensor, strict=False)
    ]
    if len(tensor) > ROWS_TOLD:
        told.append(conventions.say("and {count} more {rows}", count=len(tensor) - ROWS_TOLD))
    return f"{'; '.join(told)}."


def _largest_share(row: Tensor, columns: Sequence[str]) -> str:
    """Return where a row's largest share lies, or the largest ones, or that there is none."""
    if not bool(row.any()):
        return "all 0"
    largest, best = result_of(float(row.max())), leading(row)
    if len(best) == 1:
        return f"most on {columns[best[0]]}, {largest}"
    if len(best) == row.numel():
        return f"equal on all, {largest}"
    called = [columns[place] for place in best]
    several = " and ".join(called) if len(best) == 2 else f"{len(best)} of them"
    return f"most on {several}, each {largest}"


def leading(shares: Tensor) -> list[int]:
    """Return where the largest share is: several places where they are equal but for rounding.

    Example:
        >>> leading(torch.tensor([0.25, 0.5, 0.25])), leading(torch.tensor([0.5, 0.5]))
        ([1], [0, 1])
    """
    best: list[int] = (shares >= shares.max() - EVEN).nonzero().flatten().tolist()
    return best


def _extremes(tensor: Tensor, rows: Sequence[str], columns: Sequence[str]) -> str:
    width = tensor.shape[1]
    if bool(tensor.isneginf().all()):
        return "every cell is −∞."
    finite = tensor.masked_fill(tensor.isneginf(), torch.inf)  # what is masked is no number
    high, low = divmod(int(tensor.argmax()), width), divmod(int(finite.argmin()), width)
    told = [
        f"{size} {result_of(float(tensor[i, j]))}, {rows[i]} with {columns[j]}"
        for size, (i, j) in (("largest", high), ("smallest", low))
    ]
    return "; ".join(told) + "."


def _names(axis: str, size: int, tokens: Sequence[str], conventions: Conventions) -> list[str]:
    """Return what the positions of an axis are called; a repeated token gets its number."""
    if not axis.endswith("token"):
        return [conventions.dimension(position) for position in range(size)]
    tokens = tokens_along(axis, tokens)
    if len(tokens) != size:
        return [conventions.number(position) for position in range(size)]
    times = Counter(tokens)
    return [
        _token_as_words(token)
        + (f" (token {conventions.number(position)})" if times[token] > 1 else "")
        for position, token in enumerate(tokens)
    ]


def _token_as_words(token: str) -> str:
    """Return a token as part of a sentence: not too long, and not turning its direction."""
    is_leftward = not token.isascii() and any(
        unicodedata.bidirectional(char) in ("R", "AL") for char in token
    )
    return f"\u2068{short(token)}\u2069" if is_leftward else short(token)
