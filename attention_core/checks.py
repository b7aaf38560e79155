"""The second, independent routes: does a step's result hold when it is computed another way?"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from attention_core.conventions import USUAL, Conventions
from attention_core.operations import Index, Operation, entries_read, numbers_read
from attention_core.rounding import HALVES, Format, format_of
from attention_core.step import Step

ROUTES = ("by_hand", "in_float64", "invariants", "rounding", "sources")
LOOP_LIMIT = 20_000  # multiplications; above it the loops check a sample and float64 checks all
SAMPLE_SIZE = 64
SAMPLE_SEED = 20170612
NEAR_LIMIT = 16  # rounding errors of the largest number, within which it may as well be infinity


class Check(NamedTuple):
    """One route's verdict on one step.

    What is allowed is allowed to each cell by itself, as its own arithmetic rounds.

    Attributes:
        step: The name of the step.
        route: What it was held against.
        max_difference: The largest difference there is in any cell.
        tolerance: What is allowed to the cell that uses the largest share of it.
        share: That share; 1 is all that is allowed.
        ok: Whether no cell is further off than it may be.
        note: What there is to say besides, such as where a sum overflowed.
        law: The law it was held against, as a template of ``Conventions.say``; empty for others.
    """

    step: str
    route: str
    max_difference: float
    tolerance: float
    share: float
    ok: bool
    note: str = ""
    law: str = ""

    def route_in(self, conventions: Conventions) -> str:
        """Return what it was held against, with the rows and columns of a law as they are drawn.

        Example:
            >>> check = Check("s", "each row is 1", 0.0, 0.0, 0.0, True, law="each {row} is 1")
            >>> check.route_in(Conventions("columns"))
            'each column is 1'
        """
        return conventions.say(self.law) if self.law else self.route

    @property
    def numbers(self) -> str:
        """How far off it is, and how much of what is allowed that is.

        Example:
            >>> Check("scores", "loops", 3e-8, 1e-7, 0.3, True).numbers
            'largest difference 3e-08, at most 30 % of what rounding may do'
            >>> Check("masked", "loops", 0.0, 0.0, 0.0, True).numbers
            'no difference'
        """
        text = f"largest difference {self.max_difference:.2g}"
        if self.max_difference == 0:
            text = "no difference"
        elif self.share > 1:
            text += f"; where it is worst, rounding may do {self.tolerance:.1g}"
        else:
            text += f", at most {max(1, math.ceil(100 * self.share))} % of what rounding may do"
        return f"{text}; {self.note}" if self.note else text


def verdict(step: str, route: str, off: Tensor, allowed: Tensor, note: str = "") -> Check:
    """Return the check of a step by one route: each cell is judged by what is allowed to it.

    Args:
        step: The name of the step.
        route: What it was held against.
        off: How far each cell is off, 0 or more; NaN is infinitely far.
        allowed: How far it may be, of the same shape or one that stretches to it; infinite where
            nothing can be said.
        note: What there is to say besides.

    Example:
        >>> check = verdict("scores", "loops", torch.tensor([0.0, 2e-7]), torch.tensor([0.0, 4e-7]))
        >>> check.ok, check.share
        (True, 0.5)
    """
    if not off.numel():
        return Check(step, route, 0.0, 0.0, 0.0, True, note)
    off, allowed = torch.broadcast_tensors(  # type: ignore[no-untyped-call]
        off.double(), allowed.double()
    )
    largest = float(off.max())  # NaN if any is
    low, high = (float(end) for end in allowed.aminmax())
    if math.isfinite(largest) and low > 0 and high < math.inf:
        shares = off / allowed
    else:
        off, shares = _odd_shares(off, allowed)
        largest = float(off.max())
        if not note and high == math.inf:
            count = int(allowed.isinf().sum())
            cells = "1 cell is" if count == 1 else f"{count:,} cells are"
            note = f"{cells} left out, where rounding alone decides"
    worst, at = float(shares.max()), int(shares.argmax())
    tolerance = float(allowed.reshape(-1)[at])
    return Check(step, route, largest, tolerance, worst, worst <= 1, note)


def _odd_shares(off: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far off each cell is and its share, where some may be off by 0, or by anything."""
    anything = allowed.isinf()
    off = torch.where(anything, 0.0, off.nan_to_num(nan=math.inf, posinf=math.inf))
    shares = torch.where(allowed > 0, off / allowed, torch.where(off > 0, math.inf, 0.0))
    return off, torch.where(anything, 0.0, shares)


def check_step(step: Step, operands: Sequence[Tensor], result: Tensor) -> list[Check]:
    """Return the step's loops, float64 route (when the loops only sample) and laws."""
    try:
        with torch.no_grad():
            return list(_checked(step, operands, result))
    except Exception as error:  # a route that breaks is a finding, not a crash
        return [Check(step.name, f"failed: {error}", math.inf, 0.0, math.inf, False)]


def state_of(operation: Operation, *tensors: Tensor) -> tuple[object, ...] | None:
    """Return what the checks of a step depend on: they hold as long as it stays equal.

    To it belong the operation's routes and settings, and how often each tensor was changed in
    place; None where torch does not count that.
    """
    if any(tensor.is_inference() for tensor in tensors):
        return None
    routes = [getattr(type(operation), name) for name in ROUTES]
    changes = [tensor._version for tensor in tensors]
    return routes, operation.reads, dict(vars(operation)), changes


def _checked(step: Step, operands: Sequence[Tensor], result: Tensor) -> Iterator[Check]:
    operation, kind = step.operation, format_of(result.dtype)
    wide = [operand.double() for operand in operands]
    exact = operation.in_float64(*wide, largest=kind.largest)
    if exact.shape != result.shape:
        raise ValueError(f"shape {tuple(result.shape)}, expected {tuple(exact.shape)}")
    allowed = allowed_of(operation, wide, exact, kind)
    is_finite = math.isfinite(float(result.sum(dtype=torch.float64)))
    overflows = None if is_finite else operation.overflows(wide, exact, kind)
    sampled = multiplications(operation, operands, result) > LOOP_LIMIT
    held = _Judged(result, allowed, overflows, kind)
    note = held.note(exact)
    again = _by_loops(operation, operands, result, sampled=sampled)
    route = f"loops, {SAMPLE_SIZE} seeded cells" if sampled else "loops"
    yield held.against(step.name, route, again.cells, again.numbers, note)
    if sampled:
        yield held.against(step.name, "float64, all cells", None, exact, note)
    laws = operation.invariants(wide, result, allowed)
    # What is kept in a half format on the way need not obey them to more digits than it has.
    exactly = operation.invariants(wide, exact, allowed) if kind.dtype in HALVES else {}
    for law, (excess, may) in laws.items():
        if law in exactly:
            may = may + exactly[law][0].clamp(min=0.0).nan_to_num(nan=0.0)
        if (found := _law_of_numbers(law, excess, may)) is not None:
            law, excess, may = found
            yield verdict(step.name, USUAL.say(law), excess, may)._replace(law=law)


def allowed_of(
    operation: Operation, operands: Sequence[Tensor], exact: Tensor, kind: Format
) -> Tensor:
    """Return what rounding may do to each cell of an operation's result.

    Nothing to what is infinite or not a number: other routes must have the same there.

    Args:
        operation: What was done.
        operands: To what, in float64.
        exact: What it gives, in float64.
        kind: The format of the result that is judged.
    """
    allowed = operation.rounding(operands, exact, kind).expand_as(exact)
    if math.isfinite(float(allowed.sum())):
        return allowed
    return torch.where(allowed.isnan(), 0.0, allowed)


class _Judged(NamedTuple):
    """A result that other routes are held against."""

    result: Tensor
    allowed: Tensor
    overflows: Tensor | None  # cells in which a sum may overflow on the way
    kind: Format

    def note(self, exact: Tensor) -> str:
        """Return where the result overflowed on the way and the exact number did not."""
        if self.overflows is None:
            return ""
        odd = self.overflows & ~self.result.isfinite() & (exact != self.result.double())
        count = int(odd.sum())
        if not count:
            return ""
        cells = "1 cell" if count == 1 else f"{count:,} cells"
        return (
            f"in {cells} the terms of a sum go beyond {self.kind.limit_in_sums:.2g}: adding them "
            "up overflows on the way, and ∞ or NaN is what the number format has for that"
        )

    def against(
        self, step: str, route: str, cells: tuple[Tensor, ...] | None, again: Tensor, note: str
    ) -> Check:
        """Return the check of a route, of some cells by their indices, or of all."""
        result, allowed, overflows = self.result, self.allowed, self.overflows
        if cells is not None:
            result, allowed = result[cells], allowed[cells]
            overflows = None if overflows is None else overflows[cells]
        result = result.double()
        off = (again - result).abs_()
        if not math.isfinite(float(off.max())):
            off = self._of_no_numbers(result, again, overflows)
        return verdict(step, route, off, allowed, note)

    def _of_no_numbers(self, result: Tensor, again: Tensor, overflows: Tensor | None) -> Tensor:
        """Return how far off the cells are, where some are no numbers."""
        # At the upper end of the format, where rounding decides whether a number is infinite.
        near = self.kind.limit * (1 - NEAR_LIMIT * self.kind.unit)
        at_end = (result.sign() == again.sign()) & (result.abs() >= near) & (again.abs() >= near)
        excused = at_end & (result.isinf() ^ again.isinf())
        if overflows is not None:
            excused |= overflows & ~result.isfinite()
        return torch.where(excused, 0.0, distances(again, result))


def _law_of_numbers(law: str, excess: Tensor, allowed: Tensor) -> tuple[str, Tensor, Tensor] | None:
    """Return a law as far as it holds; None where nothing is a number."""
    if not math.isnan(float(excess.max())):
        return law, excess.clamp(min=0.0), allowed
    excess, allowed = torch.broadcast_tensors(excess, allowed)  # type: ignore[no-untyped-call]
    blank = excess.isnan()
    if bool(blank.all()):
        return None  # about what is not a number a law says nothing
    return f"{law}, where it is a number", excess[~blank].clamp(min=0.0), allowed[~blank]


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


class _Looped(NamedTuple):
    """What plain Python arithmetic gives."""

    cells: tuple[Tensor, ...] | None  # their indices; None for all of them, as they lie
    numbers: Tensor


def _by_loops(
    operation: Operation, operands: Sequence[Tensor], result: Tensor, *, sampled: bool
) -> _Looped:
    """Return the cells, or a sample of them, as plain Python arithmetic makes them."""
    # A sample reads the rows and columns it needs: all of a large matrix as Python numbers would
    # take longer than the arithmetic. When every cell is read, all at once is faster.
    read: Callable[[str, Index, Any], list[float]] = entries_read if sampled else numbers_read
    sources = operands if sampled else [operand.tolist() for operand in operands]
    largest = torch.finfo(result.dtype).max
    shape = tuple(result.shape)
    cells = list(_cells(shape, sampled=sampled))
    numbers = []
    for index in cells:
        groups = (
            read(pattern, index, source)
            for pattern, source in zip(operation.reads, sources, strict=True)
        )
        numbers.append(operation.by_hand(index, *groups, largest=largest))
    made = torch.tensor(numbers, dtype=torch.float64)
    if not sampled:
        return _Looped(None, made.reshape(shape))
    return _Looped(tuple(map(torch.tensor, zip(*cells, strict=True))), made)


def _cells(shape: tuple[int, ...], *, sampled: bool) -> Iterator[Index]:
    """Yield every cell, or the same seeded sample of them every time."""
    if not sampled:
        yield from itertools.product(*(range(size) for size in shape))
        return
    dice = random.Random(SAMPLE_SEED)
    for _ in range(SAMPLE_SIZE):
        yield tuple(dice.randrange(size) for size in shape)


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Return how far apart two tensors are, cell by cell, in float64.

    Equal infinities are 0 apart, and so is NaN from NaN; from a number, both are infinitely far.

    Example:
        >>> distances(torch.tensor([1.0, torch.nan]), torch.tensor([1.5, torch.nan]))
        tensor([0.5000, 0.0000], dtype=torch.float64)
    """
    a, b = a.detach().double(), b.detach().double()
    off = (a - b).abs_()
    if bool(off.isfinite().all()):
        return off
    off = torch.where((a == b) | (a.isnan() & b.isnan()), 0.0, off)
    return off.nan_to_num(nan=math.inf, posinf=math.inf)
