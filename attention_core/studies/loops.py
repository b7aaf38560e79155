"""The score matrix by two nested loops, as the notebook first has it, and what the loops cost."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.rounding import format_of

SIZES = (2, 4, 8, 16, 32, 64)
RUNS = 5
SECONDS = 2.0
TIMING_SEED = 123


MOST_LOOPED, LOOPED_OF_MORE = 64, 32  # tokens: all pairs of more would keep a page waiting


class Looped(NamedTuple):
    """What the two nested loops return: the score matrix, and how many multiplications it took."""

    scores: Tensor  # (n_tokens, n_tokens)
    multiplications: int  # counted while they were done


class Timing(NamedTuple):
    """How long the loops and the matrix product took for a number of tokens, in seconds."""

    n_tokens: int
    loops: float
    product: float


def scores_by_loops(inputs: Tensor) -> Looped:
    """Return every query's dot product with every key, one at a time.

    Args:
        inputs: The token embeddings, (n_tokens, d_in).

    Example:
        >>> scores, multiplications = scores_by_loops(torch.tensor([[0.5, 1.0], [2.0, 0.0]]))
        >>> scores
        tensor([[1.2500, 1.0000],
                [1.0000, 4.0000]])
        >>> multiplications
        8

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.3.2.
    """
    n_tokens = len(inputs)
    scores = torch.zeros(n_tokens, n_tokens, dtype=inputs.dtype)
    multiplications = 0
    for i, query in enumerate(inputs):
        for j, key in enumerate(inputs):
            scores[i, j] = torch.dot(query, key)
            multiplications += len(key)
    return Looped(scores, multiplications)


def tokens_to_loop(n_tokens: int) -> int:
    """Return for how many of the first tokens a page can run the loops at once.

    Example:
        >>> tokens_to_loop(6), tokens_to_loop(64), tokens_to_loop(300)
        (6, 64, 32)
    """
    return n_tokens if n_tokens <= MOST_LOOPED else LOOPED_OF_MORE


def agreement(looped: Tensor, product: Tensor, inputs: Tensor) -> Check:
    """Return whether the loops and the matrix product give the same scores.

    Args:
        looped: The scores of the loops, (n_tokens, n_tokens).
        product: The scores of the matrix product, (n_tokens, n_tokens).
        inputs: What both were made of, which says how far rounding may take each cell.
    """
    wide = inputs.detach().double()
    kind, n_terms = format_of(product.dtype), inputs.shape[-1]
    allowed = kind.of_sum(wide @ wide.T, wide.abs() @ wide.abs().T, n_terms)
    return verdict("scores", "nested loops", distances(looped, product), 2 * allowed)


def measure(
    d_in: int,
    sizes: Sequence[int] = SIZES,
    *,
    seconds: float = SECONDS,
    runs: int = RUNS,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Timing, ...]:
    """Time the loops and the matrix product on this machine, for growing numbers of tokens.

    Args:
        d_in: The width of the embeddings.
        sizes: The numbers of tokens, ascending.
        seconds: After this long no larger size is begun and no more runs are made.
        runs: How many runs the median is taken of, after one that does not count.
        clock: Returns the time in seconds.

    Returns:
        One timing for each size that there was time for, at least the first.

    Example:
        >>> [timing.n_tokens for timing in measure(3, (2, 4))]
        [2, 4]
    """
    end = clock() + seconds
    dice = torch.Generator().manual_seed(TIMING_SEED)
    timings: list[Timing] = []
    for n_tokens in sizes:
        inputs = torch.rand(n_tokens, d_in, generator=dice)
        # The product first: it is over in microseconds, the loops may use up the time.
        product = _median_time(partial(torch.matmul, inputs, inputs.T), runs, end, clock)
        loops = _median_time(partial(scores_by_loops, inputs), runs, end, clock)
        timings.append(Timing(n_tokens, loops, product))
        if clock() >= end:
            break
    return tuple(timings)


def _median_time(
    work: Callable[[], object], runs: int, end: float, clock: Callable[[], float]
) -> float:
    """Return the median time of the work: of one run at least, of fewer when time is up."""
    work()  # the first run also pays for what the later ones find ready
    taken: list[float] = []
    while not taken or (len(taken) < runs and clock() < end):
        start = clock()
        work()
        taken.append(clock() - start)
    return statistics.median(taken)
