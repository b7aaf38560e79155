"""Dot products, weighted sums and scaling: the steps that multiply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, root, total
from attention_core.numbers import SHOWN, plain
from attention_core.operations.base import Laws, Operation, in_sum, overflow
from attention_core.operations.patterns import Index
from attention_core.rounding import Format, limit_of


class _SumOfProducts(Operation):
    """What dot products and weighted sums share: multiply pairwise, then add up."""

    einsum: ClassVar[str]

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply pairwise and add up, in a loop."""
        total = 0.0
        for left, right in zip(*groups, strict=True):
            total += left * right
        return overflow(total, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Contract the shared axis with ``einsum``."""
        return overflowing(torch.einsum(self.einsum, *operands), largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.55·0.43 + 0.87·0.15 + 0.66·0.89``."""
        return total(write(left) * write(right) for left, right in zip(*groups, strict=True))

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """A few rounding errors of the cell's sum of absolute terms."""
        allowed = kind.of_sum(exact, self._size(operands), operands[0].shape[-1])
        return allowed + flushed(self.einsum, operands, kind)

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """Where the absolute terms add up to more than there is."""
        return in_sum(self._size(operands), kind)

    def _size(self, operands: Sequence[Tensor]) -> Tensor:
        """Return the sum of absolute terms of each cell."""
        return torch.einsum(self.einsum, *(operand.abs() for operand in operands))


class DotProducts(_SumOfProducts):
    """Every query with every key: ``scores[i, j] = queries[i] · keys[j]``."""

    reads = ("i:", "j:")
    kind = "scores"
    roles = ("query", "key")
    einsum = "...ic,...jc->...ij"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``queries @ keys.T``."""
        queries, keys = operands
        return queries @ keys.mT

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        query, key = operands
        return rf"{result}_{{ij}} = {query}_i \cdot {key}_j = \sum_c {query}_{{ic}}\,{key}_{{jc}}"

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return the LaTeX of the whole product, Q Kᵀ, or Kᵀ Q where it is turned."""
        query, key = operands
        product = rf"{key}^\top {query}" if is_turned else rf"{query} {key}^\top"
        return f"{result} = {product}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the matrix product."""
        return f"{result} = {operands[0]} @ {operands[1]}.T"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """Rows are queries, columns are keys."""
        return (*operand_axes[0][:-2], "query token", "key token")

    def sentence(self, row: str, column: str) -> str:
        """Return what a score says."""
        return f"{row} (query) · {column} (key) = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """No dot product is larger than the two lengths multiplied (Cauchy–Schwarz)."""
        queries, keys = operands
        lengths = length(queries, -1), length(keys, -1).mT
        return {"no score exceeds the two lengths multiplied": over(result, *lengths, allowed)}


class WeightedSum(_SumOfProducts):
    """Mix the values by the weights: ``context[i] = Σ_j weights[i, j] · values[j]``."""

    reads = ("i:", ":j")
    roles = ("", "value")
    einsum = "...ij,...jc->...ic"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``weights @ values``."""
        weights, values = operands
        return weights @ values

    def latex(self, result: str, *operands: str) -> str:
        """Return the row's formula."""
        return rf"{result}_i = \sum_j {operands[0]}_{{ij}}\,{operands[1]}_j"

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return the product of weights and values."""
        weights, values = operands
        return f"{result} = {values} {weights}" if is_turned else f"{result} = {weights} {values}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the matrix product."""
        return f"{result} = {operands[0]} @ {operands[1]}"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One context vector for each query, as wide as the values."""
        weights, values = operand_axes
        return (*weights[:-1], values[-1])

    def sentence(self, row: str, column: str) -> str:
        """Return what a context value says."""
        return f"context vector of {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A mixture is never larger than its largest ingredient times the total weight."""
        weights, values = (operand.abs() for operand in operands)
        most = weights.sum(dim=-1, keepdim=True), values.amax(dim=-2, keepdim=True)
        law = "no context value exceeds the largest value times the total weight"
        return {law: over(result, *most, allowed)}


class DivideBy(Operation):
    """Divide every score by one number, such as a temperature."""

    reads = ("ij",)
    kind = "scores"

    def __init__(self, divisor: float) -> None:
        self.divisor = divisor

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``scores / divisor``."""
        return operands[0] / self.divisor

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Divide the one number."""
        return overflow(groups[0][0] / self.divisor, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply by the inverse instead."""
        return overflowing(operands[0] * (1 / self.divisor), largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``1.495 / 2``."""
        return write(groups[0][0]) / write(self.divisor)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}} / {plain(self.divisor, SHOWN)}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} / {self.divisor!r}"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """The rounding of the divisor, of its inverse if torch takes that, and of the result."""
        return kind.once(exact).add_(exact.abs().mul_(2 * kind.unit_in_sums))

    def sentence(self, row: str, column: str) -> str:
        """Return what a divided score says."""
        return f"score of {row} (query) with {column} (key), divided = {{value}}"


class DivideByRoot(DivideBy):
    """Divide every score by √d_k, the root of the keys' width: it would grow with it otherwise.

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1.
    """

    def __init__(self, d_k: int) -> None:
        super().__init__(d_k**0.5)
        self.d_k = d_k

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``1.8524 / √2``."""
        return write(groups[0][0]) / root(self.d_k)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}} / \sqrt{{{self.d_k}}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} / {self.d_k}**0.5"

    def sentence(self, row: str, column: str) -> str:
        """Return what a scaled score says."""
        return f"score of {row} (query) with {column} (key), over √{self.d_k} = {{value}}"


def over(result: Tensor, one: Tensor, other: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far absolute values exceed a product, and may.

    NaN for what overflowed: of that the routes judge. The product is of float64, so what its own
    rounding may do is nothing beside a cell's, unless that is of float64, too.
    """
    excess = result.abs().double()
    if not bool(excess.amax() < torch.inf):
        excess = torch.where(excess.isinf(), torch.nan, excess)
    if result.dtype == torch.float64:
        allowed = allowed + one * other * (8 * torch.finfo(torch.float64).eps)
    return excess.addcmul_(one, other, value=-1), allowed


def flushed(einsum: str, operands: Sequence[Tensor], kind: Format) -> Tensor | float:
    """Return what it may do to sums of products that torch takes the smallest numbers for 0."""
    if not kind.flushed:
        return 0.0
    ones = [torch.ones_like(operand) for operand in operands]
    left, right = (operand.abs() for operand in operands)
    sides = [(left, ones[1]), (ones[0], right), (ones[0], ones[1])]
    return kind.flushed * sum(torch.einsum(einsum, *pair) for pair in sides)


def overflowing(exact: Tensor, largest: float) -> Tensor:
    """Return float64 numbers with infinity where the dtype would overflow."""
    low, high = (float(end) for end in exact.aminmax())
    if -largest <= low and high <= largest:  # no for NaN
        return exact
    infinite = exact.abs() >= limit_of(largest)
    return torch.where(infinite, exact.sign() * torch.inf, exact.clamp(-largest, largest))


def length(rows: Tensor, dim: int) -> Tensor:
    """Return the lengths along an axis, which stays; of the smallest and largest numbers, too."""
    largest = rows.abs().amax(dim=dim, keepdim=True)
    scale = largest.clamp(min=torch.finfo(torch.float64).tiny)
    lengths: Tensor = (rows / scale).norm(dim=dim, keepdim=True) * scale
    return lengths
