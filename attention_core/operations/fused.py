"""What torch's own attention can do besides: any scale, scores added to, keys that heads share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, whole
from attention_core.numbers import SHOWN, plain
from attention_core.operations.base import Laws, Operation, overflow, require_fit
from attention_core.operations.normalise import Softmax
from attention_core.operations.patterns import Index
from attention_core.operations.products import overflowing
from attention_core.rounding import Format


class _Cellwise(Operation):
    """What operations share that make a cell of scores from the same cell."""

    kind = "scores"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]


class MultiplyBy(_Cellwise):
    """Multiply every score by one number: the ``scale`` of ``scaled_dot_product_attention``.

    Args:
        by: The number.
    """

    reads = ("ij",)

    def __init__(self, by: float) -> None:
        self.by = by

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``scores * by``."""
        return operands[0] * self.by

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply the one number."""
        return overflow(groups[0][0] * self.by, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Contract with a single number."""
        by = torch.tensor(self.by, dtype=torch.float64)
        return overflowing(torch.einsum("...ij,->...ij", operands[0], by), largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``1.495·0.5``."""
        return write(groups[0][0]) * write(self.by)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        return rf"{result}_{{ij}} = {plain(self.by, SHOWN)}\,{operands[0]}_{{ij}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} * {self.by!r}"

    def sentence(self, row: str, column: str) -> str:
        """Return what a scaled score says."""
        return f"score of {row} (query) with {column} (key), times {plain(self.by)} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """The rounding of the factor and of the product."""
        return kind.once(exact).add_(exact.abs().mul_(2 * kind.unit_in_sums))


class AddScores(_Cellwise):
    """Add a number to every score: what a mask of floats does, such as one of distances.

    Source:
        ``attn_mask`` of ``torch.nn.functional.scaled_dot_product_attention``.
    """

    reads = ("ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``scores + added``."""
        scores, added = operands
        require_fit(fits=added.shape in (scores.shape, scores.shape[-2:]))
        return scores + added

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Add the two numbers."""
        (score,), (added,) = groups
        return overflow(score + added, largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Take the opposite away."""
        scores, added = operands
        return overflowing(scores - added.neg(), largest)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.7475 + (-0.5)``."""
        (score,), (added,) = groups
        return write(score) + write(added)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}} + {{{operands[1]}}}_{{ij}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} + {operands[1]}"

    def sentence(self, row: str, column: str) -> str:
        """Return what such a score says."""
        return f"score of {row} (query) with {column} (key), with what is added = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of the sum."""
        return kind.once(exact)


class RepeatHeads(Operation):
    """Let several query heads share the keys, or the values, of one head.

    Args:
        times: How many query heads share each.

    Source:
        Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
        Checkpoints" (2023), section 2.2.
    """

    def __init__(self, times: int) -> None:
        self.times = times
        self.reads = (f"[h/{times}]ij",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return (n_shared, n_tokens, width) as (n_shared · times, n_tokens, width)."""
        return operands[0].repeat_interleave(self.times, dim=0)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the shared head's number unchanged."""
        return groups[0][0]

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Stack each head with itself."""
        return torch.stack([head for head in operands[0] for _ in range(self.times)])

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return the shared head's number as it stands: there is nothing to compute."""
        return write(groups[0][0])

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        head = rf"(\lfloor h / {self.times} \rfloor)"
        return rf"{result}_{{ij}}^{{(h)}} = {{{operands[0]}}}_{{ij}}^{{{head}}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}.repeat_interleave({self.times}, dim=0)"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a shared value says."""
        return f"{row}, shared by {self.times} heads, {column} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Return 0: the shared head is copied, so nothing is rounded."""
        return exact.new_zeros(())


class SafeSoftmax(Softmax):
    """The softmax that gives 0 to a query that may attend to nothing, where torch's gives NaN.

    Source:
        ``torch.nn.functional.scaled_dot_product_attention``, which does so.
    """

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``torch.softmax(scores, dim)``, 0 in rows of nothing but −∞."""
        (scores,) = operands
        blank = (scores == -torch.inf).all(dim=self.dim, keepdim=True)
        return torch.where(blank, 0.0, torch.softmax(scores, dim=self.dim))

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Look at the row before the softmax."""
        if all(score == -math.inf for score in groups[0]):
            return 0.0
        return super().by_hand(index, *groups, largest=largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Put 0 where the row's largest score is −∞."""
        shares = super().in_float64(*operands, largest=largest)
        return shares.masked_fill(operands[0].amax(dim=self.dim, keepdim=True) == -torch.inf, 0.0)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return the softmax's, or ``may attend to nothing: 0``."""
        if all(score == -math.inf for score in groups[0]):
            return whole(0).called("may attend to nothing: {}")
        return super().arithmetic(index, groups, write)

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Every row that may attend to something sums to 1."""
        blank = operands[0].amax(dim=self.dim) == -torch.inf
        laws = super().invariants(operands, result, allowed).items()
        return {law: (torch.where(blank, math.nan, off), may) for law, (off, may) in laws}

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        x, dim = operands[0], self.dim_in_code
        blank = f"({x} == -torch.inf).all(dim={dim}, keepdim=True)"
        return f"{result} = torch.where({blank}, 0.0, torch.softmax({x}, dim={dim}))"
