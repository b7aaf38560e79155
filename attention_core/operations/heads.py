"""What multi-head attention adds: one projection split into heads, and the heads joined again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer
from attention_core.operations.base import Laws, Operation
from attention_core.operations.patterns import Index
from attention_core.operations.products import DotProducts, overflowing
from attention_core.operations.project import Projection
from attention_core.rounding import Format, kept


class SplitProjection(Projection):
    """One projection for all heads: head h gets the columns h·d_head to (h+1)·d_head of it.

    Args:
        d_head: The width of a head.
        biased: Whether there is a third operand, a bias for each column, as one row.

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.6.2.
    """

    def __init__(self, d_head: int, *, biased: bool = False) -> None:
        super().__init__(biased=biased)
        self.d_head = d_head
        self.reads = ("i:", f":[h*{d_head}+j]", f"0[h*{d_head}+j]")[: len(self.reads)]

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the projection with its heads as the first axis, (n_heads, n_tokens, d_head)."""
        projected = super().compute(*operands)  # (n_tokens, d_out)
        return projected.view(len(projected), -1, self.d_head).transpose(0, 1)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Let each head project by its own columns."""
        x, *columns = operands
        weight, *bias = (self._together(each) for each in columns)
        exact = overflowing(torch.einsum("ic,hcj->hij", x, weight), largest)
        for row in bias:
            exact = overflowing(kept(exact, largest) + row, largest)
        return exact

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        x, weight, *bias = operands
        added = "".join(rf" + {{{b}}}_j^{{(h)}}" for b in bias)
        return rf"{result}_{{ij}}^{{(h)}} = \sum_c {x}_{{ic}}\,{{{weight}}}_{{cj}}^{{(h)}}{added}"

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Nothing: the formula of the cell says which columns a head has."""
        return ""

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x, weight, *bias = operands
        projected = " + ".join([f"{x} @ {weight}", *bias])
        return f"{result} = ({projected}).view(len({x}), -1, {self.d_head}).transpose(0, 1)"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """A head axis first."""
        return ("head", *super().axes(*operand_axes))

    def _together(self, of_a_row: Tensor) -> Tensor:
        """Return (n_rows, d_out) as (n_heads, n_rows, d_head)."""
        return of_a_row.reshape(len(of_a_row), -1, self.d_head).transpose(0, 1)

    def _by_head(self, operands: Sequence[Tensor]) -> list[Tensor]:
        """Return the operands with each head's own columns by themselves."""
        x, *columns = operands
        return [x, *(self._together(each) for each in columns)]

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """The same, for each head's own columns."""
        return super().rounding(self._by_head(operands), exact, kind)

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """The same, for each head's own columns."""
        return super().overflows(self._by_head(operands), exact, kind)

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """The same law, for each head's own columns."""
        return super().invariants(self._by_head(operands), result, allowed)


class DotProductsOfHeads(DotProducts):
    """In each head, every query with every key."""

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the matrix product, the last two axes of the keys exchanged."""
        return f"{result} = {operands[0]} @ {operands[1]}.mT"


class JoinHeads(Operation):
    """The heads' context vectors side by side, head after head, as one vector per query.

    Args:
        d_head: The width of a head.
    """

    may_share = True  # a single head is only looked at another way

    def __init__(self, d_head: int) -> None:
        self.d_head = d_head
        self.reads = (f"[j/{d_head}]i[j%{d_head}]",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return (n_heads, n_queries, d_head) as (n_queries, n_heads · d_head)."""
        return operands[0].transpose(0, 1).flatten(1)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one number."""
        return groups[0][0]

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Concatenate head by head."""
        return torch.cat(list(operands[0]), dim=-1)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return the one number."""
        return write(groups[0][0])

    def latex(self, result: str, *operands: str) -> str:
        """Return the row's formula."""
        context = operands[0]
        return rf"{result}_i = \big[{{{context}}}_i^{{(1)}}, {{{context}}}_i^{{(2)}}, \dots\big]"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}.transpose(0, 1).flatten(1)"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The head axis goes."""
        return operand_axes[0][1:]

    def sentence(self, row: str, column: str) -> str:
        """Return what a joined value says."""
        return f"context vectors of {row} from all heads, {column} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())
