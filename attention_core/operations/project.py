"""Projections: the inputs times a trainable weight matrix, with a bias or without."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, total
from attention_core.operations.base import Laws, Operation, in_sum, overflow, require_fit
from attention_core.operations.patterns import Index
from attention_core.operations.products import flushed, length, over, overflowing
from attention_core.rounding import Format, kept, kept_number

_EINSUM = "...ic,...cj->...ij"


class Projection(Operation):
    """Every row times a weight matrix: ``queries[i] = inputs[i] @ w_query + b_query``.

    With a head axis before the weights' two, every head projects the same inputs by its own.

    Args:
        biased: Whether there is a third operand, a bias for each column, as one row.
    """

    def __init__(self, *, biased: bool = False) -> None:
        self.biased = biased
        self.reads = ("i:", ":j", "0j") if biased else ("i:", ":j")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``inputs @ weight + bias``."""
        inputs, weight, *bias = operands
        projected = inputs @ weight
        for row in bias:
            require_fit(fits=row.shape[-2:] == (1, weight.shape[-1]))
            projected = projected + row
        return projected

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply pairwise and add up, in a loop; then add the bias."""
        row, column, *bias = groups
        total = 0.0
        for entry, weight in zip(row, column, strict=True):
            total += entry * weight
        for (added,) in bias:
            total = kept_number(overflow(total, largest), largest) + added
        return overflow(total, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Contract the shared axis with ``einsum``."""
        inputs, weight, *bias = operands
        exact = overflowing(torch.einsum(_EINSUM, inputs, weight), largest)
        for row in bias:
            exact = overflowing(kept(exact, largest) + row, largest)
        return exact

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.55·0.2961 + 0.87·0.2517 + 0.66·0.074 + 0.5``."""
        row, column, *bias = groups
        terms = [write(x) * write(weight) for x, weight in zip(row, column, strict=True)]
        return total([*terms, *(write(added) for (added,) in bias)])

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x, weight, *bias = operands
        added = "".join(f" + {b}_j" for b in bias)
        return rf"{result}_{{ij}} = \sum_c {x}_{{ic}}\,{{{weight}}}_{{cj}}{added}"

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return the formula of the whole product, weights first where matrices are turned."""
        x, weight, *bias = operands
        product = f"{weight} {x}" if is_turned else f"{x} {weight}"
        return f"{result} = {' + '.join([product, *bias])}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the matrix product."""
        x, weight, *bias = operands
        return f"{result} = {' + '.join([f'{x} @ {weight}', *bias])}"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row for each row of the inputs, as wide as the weights."""
        x, weight, *_ = operand_axes
        return (*weight[:-2], x[-2], weight[-1])

    def sentence(self, row: str, column: str) -> str:
        """Return what a projected value says."""
        return f"{row}, projected, {column} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """A few rounding errors of the sum of absolute terms; the bias is added to what is kept."""
        x, weight, *bias = operands
        off = kind.in_sum(self._size(x, weight), x.shape[-1])
        off = off + flushed(_EINSUM, (x, weight), kind)
        if bias:
            _, off = kind.kept(torch.einsum(_EINSUM, x, weight), off)
        return off + kind.once(exact)

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """Where the absolute terms add up to more than there is, or do so before the bias."""
        x, weight, *bias = operands
        found = in_sum(self._size(x, weight), kind)
        for row in bias:
            before = exact.abs() + row.abs() >= kind.limit
            found = before if found is None else found | before
        return found

    @staticmethod
    def _size(x: Tensor, weight: Tensor) -> Tensor:
        """Return the sum of absolute products of each cell."""
        return torch.einsum(_EINSUM, x.abs(), weight.abs())

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """No product of a row and a column is larger than the two lengths multiplied."""
        x, weight, *bias = operands
        lengths = length(x, -1), length(weight, -2)
        law = "no projected value exceeds the two lengths multiplied"
        excess, may = over(result, *lengths, allowed)
        for row in bias:
            law, excess = f"{law}, plus the bias", excess - row.abs()
        return {law: (excess, may)}
