"""How far rounding alone may take a cell from its exact value, in each number format."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)
DTYPES = {torch.finfo(dtype).max: dtype for dtype in (torch.float64, torch.float32, *HALVES)}
"""Each format by its largest finite number."""


class Format(NamedTuple):
    """What rounding does in a number format, as the cells' bounds need it.

    The second routes are computed in float64. There both routes round alike, so its numbers here
    stand for two roundings.

    Attributes:
        dtype: The format as torch has it.
        unit: The largest relative error of one rounding.
        unit_in_sums: The same where torch adds up: it sums the half formats in float32.
        step: The largest absolute error of one rounding near 0.
        step_in_sums: The same where torch adds up.
        flushed: Below it, torch's products count as 0 and so do their factors, on processors that
            multiply this format by themselves.
        largest: The largest number there is.
        limit: The smallest number that is rounded to infinity.
        limit_in_sums: The same where torch adds up.
    """

    dtype: torch.dtype
    unit: float
    unit_in_sums: float
    step: float
    step_in_sums: float
    flushed: float
    largest: float
    limit: float
    limit_in_sums: float

    def once(self, exact: Tensor) -> Tensor:
        """Return the largest error that one rounding may make in each number."""
        return _finite(exact.abs().mul_(self.unit).add_(self.step))

    def of_sum(self, exact: Tensor, size: Tensor, n_terms: int) -> Tensor:
        """Return what a sum of products may be off by, rounded once more at its end.

        Args:
            exact: The sums.
            size: The sums of the absolute terms, cell by cell.
            n_terms: How many terms each has.

        Source:
            Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 3.1.
        """
        return self.once(exact).add_(self.in_sum(size, n_terms))

    def in_sum(self, size: Tensor, n_terms: int) -> Tensor:
        """Return what adding up may do to a sum before it is rounded and kept.

        Args:
            size: The sums of the absolute terms, cell by cell.
            n_terms: How many terms each has.
        """
        grown = size.mul(n_terms * self.unit_in_sums)
        return _finite(grown).add_(n_terms * self.step_in_sums)

    def kept(self, exact: Tensor, off: Tensor) -> tuple[Tensor, Tensor]:
        """Return what torch keeps of a number on the way to a result, and how far that may be off.

        In the half formats it is the rounded number: its rounding is far coarser than what torch
        adds up in, so it is known but where it lies between two roundings.

        Args:
            exact: The numbers.
            off: How far torch's may be from them before they are rounded.
        """
        if self.dtype not in HALVES:
            return exact, off + self.once(exact)
        rounded = _rounded(exact, self.dtype)
        ends = [(_rounded(end, self.dtype) - rounded).abs() for end in (exact - off, exact + off)]
        return rounded, torch.maximum(*ends)


def limit_of(largest: float) -> float:
    """Return the smallest number that rounds to infinity, given the largest finite one.

    Example:
        >>> limit_of(65_504)
        65520.0
    """
    return format_of(DTYPES[largest]).limit


def kept(exact: Tensor, largest: float) -> Tensor:
    """Return numbers as the format with this largest finite number keeps them on the way.

    Only the half formats change them: in the others a result is held against exact numbers.

    Example:
        >>> kept(torch.tensor([0.1], dtype=torch.float64), largest=65_504)
        tensor([0.1000], dtype=torch.float64)
    """
    dtype = DTYPES[largest]
    return _rounded(exact, dtype) if dtype in HALVES else exact


def kept_number(exact: float, largest: float) -> float:
    """Return one number as the format with this largest finite number keeps it on the way.

    Example:
        >>> kept_number(0.1, largest=65_504), kept_number(70_000.0, largest=65_504)
        (0.0999755859375, inf)
    """
    dtype = DTYPES[largest]
    return float(torch.tensor(exact, dtype=dtype)) if dtype in HALVES else exact


@cache
def format_of(dtype: torch.dtype) -> Format:
    """Return the format of a dtype.

    Example:
        >>> format_of(torch.float16).unit, format_of(torch.float16).limit
        (0.00048828125, 65520.0)
    """
    limits = torch.finfo(dtype)
    sums = torch.finfo(dtype if dtype == torch.float64 else torch.float32)
    both = 2 if dtype == torch.float64 else 1
    return Format(
        dtype=dtype,
        unit=limits.eps / 2 * both,
        unit_in_sums=sums.eps / 2 * both,
        step=_smallest(limits) * both / 2,
        step_in_sums=_smallest(sums) * both / 2,
        flushed=sums.tiny if dtype == torch.bfloat16 else 0.0,
        largest=limits.max,
        limit=_limit(limits),
        limit_in_sums=_limit(sums),
    )


def _rounded(exact: Tensor, dtype: torch.dtype) -> Tensor:
    return exact.to(dtype).double()


def _finite(amounts: Tensor) -> Tensor:
    """Return NaN for what is infinite: of that no rounding says anything."""
    if math.isfinite(float(amounts.sum())):
        return amounts
    return torch.where(amounts.isfinite(), amounts, torch.nan)


def _smallest(limits: torch.finfo) -> float:
    """Return the distance between neighbours near 0."""
    return limits.smallest_normal * limits.eps


def _limit(limits: torch.finfo) -> float:
    """Return the middle between the largest number and the one that would follow it."""
    if limits.dtype == "float64":
        return limits.max
    return limits.max + math.ldexp(limits.eps, math.frexp(limits.max)[1] - 2)
