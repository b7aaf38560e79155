"""The second, independent routes: does a step's result hold when it is computed another way?"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from attention_core.operations import Index, Operation, entries_read, numbers_read

if TYPE_CHECKING:
    from attention_core.mechanism import Step

LOOP_LIMIT = 20_000  # multiplications; above it the loops check a sample and float64 checks all
SAMPLE_SIZE = 64
SAMPLE_SEED = 20170612
ROUNDINGS = 16  # how many rounding errors of the largest sum two honest routes may differ by


class Check(NamedTuple):
    """One route's verdict on one step."""

    step: str
    route: str
    max_difference: float
    tolerance: float
    ok: bool


def check_step(step: Step, operands: Sequence[Tensor], result: Tensor) -> list[Check]:
    """Return the step's loops, float64 route (when the loops only sample) and laws."""
    operation = step.operation
    try:
        with torch.no_grad():
            eps = torch.finfo(result.dtype).eps
            tolerance = ROUNDINGS * eps * max(1.0, operation.magnitude(*operands))
            checks = _routes(step, operands, result, tolerance)
            laws = operation.invariants(operands, result)
            told = [said for law in laws.items() if (said := _told(*law))]
    except Exception as error:  # a route that breaks is a finding, not a crash
        return [Check(step.name, f"failed: {error}", math.inf, 0.0, False)]
    laws_kept = (Check(step.name, law, off, tolerance, off <= tolerance) for law, off in told)
    return [*checks, *laws_kept]


def _told(law: str, excess: Tensor) -> tuple[str, float] | None:
    """Return a law as far as it holds, and its largest excess; None where nothing is a number."""
    worst = float(excess.max())  # NaN if any is
    if not math.isnan(worst):
        return law, max(0.0, worst)
    blank = excess.isnan()
    if bool(blank.all()):
        return None  # about what is not a number a law says nothing
    return f"{law}, where it is a number", max(0.0, float(excess[~blank].max()))


def _routes(
    step: Step, operands: Sequence[Tensor], result: Tensor, tolerance: float
) -> list[Check]:
    """Return the comparison with the loops and, for large steps, with float64."""
    operation = step.operation
    sampled = multiplications(operation, operands, result) > LOOP_LIMIT
    route = f"loops, {SAMPLE_SIZE} seeded cells" if sampled else "loops"
    off = _loops(operation, operands, result, sampled=sampled)
    checks = [Check(step.name, route, off, tolerance, off <= tolerance)]
    largest = torch.finfo(result.dtype).max
    exact = operation.in_float64(*(t.double() for t in operands), largest=largest)
    if exact.shape != result.shape:
        raise ValueError(f"shape {tuple(result.shape)}, expected {tuple(exact.shape)}")
    if sampled:
        off = apart(exact, result)
        checks.append(Check(step.name, "float64, all cells", off, tolerance, off <= tolerance))
    return checks


def multiplications(operation: Operation, operands: Sequence[Tensor], result: Tensor) -> int:
    """Return how many numbers the loops go through: cells of the result × terms in each.

    Example:
        >>> from attention_core.operations import DotProducts
        >>> x = torch.rand(6, 3)
        >>> multiplications(DotProducts(), (x, x), x @ x.T)
        108
    """
    shapes = [tuple(operand.shape) for operand in operands]
    terms = max(len(cells) for cells in operation.sources((0,) * result.ndim, shapes))
    return result.numel() * terms


def _loops(
    operation: Operation, operands: Sequence[Tensor], result: Tensor, *, sampled: bool
) -> float:
    """Return the largest difference between the result and plain Python arithmetic."""
    # A sample reads the rows and columns it needs: all of a large matrix as Python numbers would
    # take longer than the arithmetic. When every cell is read, all at once is faster.
    read: Callable[[str, Index, Any], list[float]] = entries_read if sampled else numbers_read
    sources = operands if sampled else [operand.tolist() for operand in operands]
    results = result if sampled else result.tolist()
    largest = torch.finfo(result.dtype).max
    worst = 0.0
    for index in _cells(tuple(result.shape), sampled=sampled):
        groups = (
            read(pattern, index, source)
            for pattern, source in zip(operation.reads, sources, strict=True)
        )
        again = operation.by_hand(index, *groups, largest=largest)
        own = float(result[index]) if sampled else _at(results, index)
        worst = max(worst, _difference(own, again))
    return worst


def _cells(shape: tuple[int, ...], *, sampled: bool) -> Iterator[Index]:
    """Yield every cell, or the same seeded sample of them every time."""
    if not sampled:
        yield from itertools.product(*(range(size) for size in shape))
        return
    dice = random.Random(SAMPLE_SEED)
    for _ in range(SAMPLE_SIZE):
        yield tuple(dice.randrange(size) for size in shape)


def _at(numbers: Any, index: Index) -> float:
    """Return one number out of nested lists."""
    for position in index:
        numbers = numbers[position]
    return float(numbers)


def _difference(a: float, b: float) -> float:
    """Return how far apart two numbers are: 0 for equal infinities and for NaN with NaN."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    off = abs(a - b)
    return math.inf if math.isnan(off) else off


def apart(a: Tensor, b: Tensor) -> float:
    """Return the largest difference between two tensors, by the same rules."""
    plain = float((a - b).abs_().max())
    if math.isfinite(plain):
        return plain
    off = torch.where((a == b) | (a.isnan() & b.isnan()), 0.0, (a - b).abs())
    return float(off.nan_to_num(nan=math.inf, posinf=math.inf).max())
