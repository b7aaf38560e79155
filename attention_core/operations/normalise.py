"""Three ways of turning scores into shares: by the sum, the naive softmax, the softmax of torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, divide, exp, grouped, power, total
from attention_core.operations.base import Laws, Operation, in_sum, overflow
from attention_core.operations.patterns import Index
from attention_core.operations.products import overflowing
from attention_core.rounding import Format, kept, kept_number

# For each dtype, by its largest number: below the first number it only holds steps of the second.
_BOTTOM = {
    limits.max: (limits.tiny, limits.smallest_normal * limits.eps)
    for limits in map(torch.finfo, (torch.float64, torch.float32, torch.float16, torch.bfloat16))
}

LEAST = 1e-99  # what a pocket calculator holds, and up to its inverse
LARGEST_EXPONENT = 200  # of a softmax written as it stands: exp(200) is 7e86


class _Normalise(Operation):
    """What the ways of turning scores into shares have in common."""

    kind = "weights"

    def __init__(self, dim: int = -1) -> None:
        if dim not in (-1, -2):
            raise ValueError(f"dim must be -1 (over keys) or -2 (over queries), got {dim}")
        self.dim = dim
        self.reads = ("i:",) if dim == -1 else (":j",)

    @property
    def dim_in_code(self) -> int:
        """The axis as people write it for a matrix: the last is -1, the first is 0."""
        return -1 if self.dim == -1 else 0

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a weight says."""
        return f"{row} (query) gives {{value}} of its attention to {column} (key)"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Every row (or column, over the other axis) sums to 1."""
        law = "each {row} sums to 1" if self.dim == -1 else "each {column} sums to 1"
        off = (result.sum(dim=self.dim, dtype=torch.float64) - 1).abs()
        return {law: (off, allowed.sum(dim=self.dim))}


class DivideBySum(_Normalise):
    """The simplest share: each score over the sum of its row. Breaks on negative scores."""

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``scores / scores.sum()`` for each row."""
        (scores,) = operands
        return scores / scores.sum(dim=self.dim, keepdim=True)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Add up the row in a loop, then divide."""
        (row,) = groups
        total = 0.0
        for score in row:
            total += score
        return divide(row[index[self.dim]], kept_number(overflow(total, largest), largest))

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Divide by the row's product with a vector of ones."""
        (scores,) = operands
        total = torch.ones_like(scores).mul(scores).sum(dim=self.dim, keepdim=True)
        return scores / kept(overflowing(total, largest), largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.9544 / (0.9544 + 1.495 + …)``."""
        (row,) = groups
        return write(row[index[self.dim]]) / grouped(total(map(write, row)))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x = operands[0]
        return rf"{result}_{{ij}} = \frac{{{x}_{{ij}}}}{{\sum_k {x}_{{ik}}}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x = operands[0]
        return f"{result} = {x} / {x}.sum(dim={self.dim_in_code}, keepdim=True)"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """What is divided by is a sum: the more its terms cancel out, the less of it is certain."""
        (scores,) = operands
        total, size = (x.sum(dim=self.dim, keepdim=True) for x in (scores, scores.abs()))
        return divided(
            exact, 0.0, *kind.kept(total, kind.in_sum(size, scores.shape[self.dim])), kind
        )

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Every row sums to 1, unless its sum overflows: then nothing holds."""
        total = operands[0].sum(dim=self.dim).abs()
        overflowed = total >= torch.finfo(result.dtype).max
        return _unless(overflowed, super().invariants(operands, result, allowed))

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """Where the sum's absolute terms add up to more than there is."""
        found = in_sum(operands[0].abs().sum(dim=self.dim, keepdim=True), kind)
        return None if found is None else found.expand_as(exact)


class Renormalise(DivideBySum):
    """Divide shares that are left by their sum, so that each row sums to 1 again.

    A row of nothing but 0 becomes NaN: 0 / 0.

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.1.
    """


class _Exponential(_Normalise):
    """What the two softmaxes share: the same formula, differently safe to compute."""

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x = operands[0]
        over = ("k", "ik") if self.dim == -1 else ("k", "kj")
        return (
            rf"{result}_{{ij}} = \frac{{\exp({x}_{{ij}})}}"
            rf"{{\sum_{over[0]} \exp({x}_{{{over[1]}}})}}"
        )

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return the softmax of every query at once, or, transposed, of every key."""
        x = operands[0]
        if self.dim == -1:
            return rf"{result} = \operatorname{{softmax}}({x})"
        return rf"{result} = \operatorname{{softmax}}({x}^\top)^\top"

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``exp(1.4754) / (exp(0.9544) + …) = 4.3728 / 18.7414``."""
        (row,) = groups
        own, exponential = row[index[self.dim]], self._exponential(row, write)
        top, bottom = exponential(own), total(map(exponential, row))
        shown = top / grouped(bottom)
        is_held = top.value == 0 or top.value > LEAST
        if not is_held or not LEAST < bottom.value < 1 / LEAST:
            return shown
        return shown.equals(write.worked_out(top.value) / write.worked_out(bottom.value))

    def _exponential(self, row: Sequence[float], write: Writer) -> Callable[[float], Printed]:
        """Return what writes the exponential of one of the scores."""
        return lambda score: exp(write(score))


class Softmax(_Exponential):
    """The softmax of torch: subtracts the row's maximum first, so it cannot overflow.

    Source:
        Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 4.1.
    """

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``torch.softmax(scores, dim)``."""
        return torch.softmax(operands[0], dim=self.dim)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Exponentiate the distance to the maximum, add up in a loop, divide."""
        (row,) = groups
        top = max(row)
        total = 0.0
        for score in row:
            total += math.exp(score - top)
        return math.exp(row[index[self.dim]] - top) / total

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Return ``exp(x - logsumexp(x))``, of distances to the maximum: they cannot overflow."""
        below = operands[0] - operands[0].amax(dim=self.dim, keepdim=True)
        return below.sub_(torch.logsumexp(below, dim=self.dim, keepdim=True)).exp_()

    def _exponential(self, row: Sequence[float], write: Writer) -> Callable[[float], Printed]:
        """Return ``exp(x)``, or ``exp(x - maximum)`` where no calculator holds ``exp(x)``."""
        top = max((score for score in row if score > -math.inf), default=0.0)

        def exponential(score: float) -> Printed:
            is_held = abs(top) <= LARGEST_EXPONENT or score == -math.inf
            return exp(write(score) if is_held else write(score) - write(top))

        return exponential

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """A share of the weight itself, grown by the rounding of its own exponent.

        What is subtracted from the largest score, and so each exponent, is rounded once.
        """
        (scores,) = operands
        below = scores.amax(dim=self.dim, keepdim=True) - scores
        moved = below.mul(exact).nan_to_num_(nan=0.0)  # e^-∞ is 0, exactly
        off = moved.sum(dim=self.dim, keepdim=True).add(below).add_(scores.shape[self.dim] + 8)
        # Over queries, torch keeps what the half formats round on the way.
        unit = kind.unit_in_sums if self.dim == -1 else max(kind.unit, kind.unit_in_sums)
        return off.mul_(unit).add_(kind.unit).mul_(exact).nan_to_num_(nan=0.0).add_(2 * kind.step)

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = torch.softmax({operands[0]}, dim={self.dim_in_code})"


class NaiveSoftmax(_Exponential):
    """The textbook formula as it stands. A large score overflows: infinity / infinity is NaN."""

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``exp(scores) / exp(scores).sum()`` for each row."""
        exponentials = torch.exp(operands[0])
        return exponentials / exponentials.sum(dim=self.dim, keepdim=True)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Exponentiate, add up in a loop, divide; overflowing where the dtype would."""
        (row,) = groups
        total = 0.0
        for score in row:
            total += _held(power(score), largest)
        top = _held(power(row[index[self.dim]]), largest)
        return divide(top, kept_number(overflow(total, largest), largest))

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Return the formula with infinity where the dtype would overflow, and 0 at the bottom."""
        powers = self._held(math.e ** operands[0], largest)
        total = powers.sum(dim=self.dim, keepdim=True)
        return powers / kept(torch.where(total > largest, torch.inf, total), largest)

    @staticmethod
    def _held(powers: Tensor, largest: float) -> Tensor:
        """Return exponentials as a dtype holds them at both ends, those of the half formats all."""
        tiny, step = _BOTTOM[largest]
        powers = torch.where(powers > largest, torch.inf, kept(powers, largest))
        return torch.where(powers < tiny, (powers / step).round() * step, powers)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of the exponentials, of which few digits are left near the bottom of the dtype."""
        (scores,) = operands
        powers = scores.exp()
        powers, off = kind.kept(powers, powers * (4 * kind.unit_in_sums) + kind.step_in_sums)
        total = powers.sum(dim=self.dim, keepdim=True)
        off_total = off.sum(dim=self.dim, keepdim=True)
        off_total = off_total + kind.in_sum(total, scores.shape[self.dim])
        kept_total, off_total = kind.kept(total, off_total)
        allowed = divided(exact, off, kept_total, off_total, kind)
        # Whether the sum is infinite may hang on its rounding; then so does everything.
        at_end = (total - kind.limit).abs() <= off_total + kind.limit * kind.unit
        return torch.where(at_end, math.inf, allowed)

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Every row sums to 1, unless its sum of exponentials overflows: then nothing holds."""
        total = operands[0].exp().sum(dim=self.dim)
        broken = total >= torch.finfo(result.dtype).max
        return _unless(broken, super().invariants(operands, result, allowed))

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``exp(100) / (exp(100) + exp(1)) → inf / inf`` where the dtype overflows."""
        (row,) = groups
        tiny, _ = _BOTTOM[write.largest]
        bottom = total(exp(write(score)) for score in row)
        is_large = bottom.peak > write.largest
        is_small = bottom.value < tiny and max(row) > -math.inf
        if not is_large and not is_small:
            return super().arithmetic(index, groups, write)
        own = exp(write(row[index[self.dim]]))
        held = [_held(power(float(write.text(score))), write.largest) for score in row]
        top, under = _held(own.value, write.largest), overflow(sum(held), write.largest)
        return replace(
            write(top) / write(under),
            text=f"{own.text} / ({bottom.text}) → {write.text(top)} / {write.text(under)}",
            note=write.end if is_large else write.begin,
        )

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x = f"torch.exp({operands[0]})"
        return f"{result} = {x} / {x}.sum(dim={self.dim_in_code}, keepdim=True)"


def _unless(broken: Tensor, laws: Laws) -> Laws:
    """Return laws that say nothing of some lines."""
    return {law: (torch.where(broken, math.nan, off), may) for law, (off, may) in laws.items()}


def divided(
    exact: Tensor, off_top: Tensor | float, total: Tensor, off_total: Tensor, kind: Format
) -> Tensor:
    """Return what rounding may do to parts of a sum, infinite where the sum is nothing but that.

    Args:
        exact: The parts over the sum.
        off_top: What rounding did to the parts.
        total: The sum.
        off_total: What rounding did to it.
        kind: The format of the quotient.
    """
    left = total.abs() - off_total
    allowed = (exact.abs() * off_total + off_top) / left
    return torch.where(left > 0, allowed + kind.once(exact), math.inf)


def _held(x: float, largest: float) -> float:
    """Return a positive number as a dtype holds it at both ends: infinity, or steps towards 0."""
    tiny, step = _BOTTOM[largest]
    return round(x / step) * step if x < tiny else kept_number(overflow(x, largest), largest)
