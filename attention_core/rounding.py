"""How far rounding alone may take a cell from its exact value, in each number format."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor


class Format(NamedTuple):
    """What rounding does in a number format, as the cells' bounds need it.

    The second routes are computed in float64. There both routes round alike, so its numbers here
    stand for two roundings.

    Attributes:
        unit: The largest relative error of one rounding.
        unit_in_sums: The same where torch adds up: it sums the half formats in float32.
        step: The largest absolute error of one rounding near 0.
        step_in_sums: The same where torch adds up.
        bottom: Below it, torch's exponentials may be 0.
        largest: The largest number there is.
        limit: The smallest number that is rounded to infinity.
        limit_in_sums: The same where torch adds up.
    """

    unit: float
    unit_in_sums: float
    step: float
    step_in_sums: float
    bottom: float
    largest: float
    limit: float
    limit_in_sums: float

    def once(self, exact: Tensor) -> Tensor:
        """Return what one rounding of these numbers may do to each, NaN for what is infinite."""
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
        grown = _finite(size.mul((n_terms + 1) * self.unit_in_sums))
        return self.once(exact).add_(grown).add_(n_terms * self.step_in_sums)


@cache
def format_of(dtype: torch.dtype) -> Format:
    """Return the format of a dtype.

    Example:
        >>> format_of(torch.float16).unit, format_of(torch.float16).limit
        (0.00048828125, 65520.0)
    """
    own = torch.finfo(dtype)
    sums = torch.finfo(dtype if dtype == torch.float64 else torch.float32)
    both = 2 if dtype == torch.float64 else 1
    return Format(
        unit=own.eps / 2 * both,
        unit_in_sums=sums.eps / 2 * both,
        step=_smallest(own) / 2 * both,
        step_in_sums=_smallest(sums) / 2 * both,
        bottom=max(_smallest(own) / 2, sums.tiny),
        largest=own.max,
        limit=_limit(own),
        limit_in_sums=_limit(sums),
    )


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
