"""The mask, in two ways: −∞ for scores before the softmax, or 0 for shares after it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, whole
from attention_core.operations.base import Laws, Operation, require_fit
from attention_core.operations.patterns import Index
from attention_core.rounding import Format


class Mask(Operation):
    """Keep a score where the mask is True, else −∞: its share after the softmax is 0.

    A query that may attend to nothing has a row of −∞, and its softmax is NaN, as in torch.

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.1.
    """

    reads = ("ij", "ij")
    kind = "scores"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``scores.masked_fill(~mask, -inf)``."""
        scores, mask = operands
        require_fit(fits=mask.shape in (scores.shape, scores.shape[-2:]))
        return scores.masked_fill(~mask, -torch.inf)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Look at the mask's one cell."""
        (score,), (may_attend,) = groups
        return score if may_attend else -math.inf

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Choose between two tensors instead of filling one."""
        scores, mask = operands
        return torch.where(mask > 0, scores, torch.full_like(scores, -torch.inf))

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``may attend: 1.3098`` or ``may not attend: -∞``."""
        (score,), (may_attend,) = groups
        if may_attend:
            return write(score).called("may attend: {}")
        return write(-math.inf).called("may not attend: -∞")

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        scores, mask = operands
        return (
            rf"{result}_{{ij}} = {scores}_{{ij}} \text{{ if }} {mask}_{{ij}}"
            r" \text{, else } {-\infty}"
        )

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}.masked_fill(~{operands[1]}, -torch.inf)"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a masked score says."""
        return f"score of {row} (query) with {column} (key), masked = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Where the mask says no there is −∞."""
        kept = result != -torch.inf
        return {"every masked score is -∞": ((kept & ~operands[1].bool()).double(), allowed)}


class ZeroMasked(Operation):
    """Keep a share where the mask is True, else 0: what is left of a row sums to less than 1.

    Source:
        Raschka, "Build a Large Language Model (From Scratch)" (2024), section 3.5.1.
    """

    reads = ("ij", "ij")
    kind = "weights"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``shares * mask``."""
        shares, mask = operands
        require_fit(fits=mask.shape in (shares.shape, shares.shape[-2:]))
        return shares * mask

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Look at the mask's one cell."""
        (share,), (may_attend,) = groups
        return share if may_attend else 0.0 * share

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Choose between two tensors instead of multiplying them."""
        shares, mask = operands
        return torch.where(mask > 0, shares, torch.zeros_like(shares) + 0.0 * shares)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.1385·0``, the 0 being a 1 where the query may attend."""
        (share,), (may_attend,) = groups
        return write(share) * whole(int(may_attend))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        shares, mask = operands
        return rf"{result}_{{ij}} = {shares}_{{ij}}\,{mask}_{{ij}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} * {operands[1]}"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a share says that may be hidden."""
        return f"share of {column} (key) in what {row} (query) sees, masked = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Where the mask says no there is 0."""
        shares, mask = operands
        hidden = torch.where(mask.bool() | shares.isnan(), 0.0, result.abs().double())
        return {"every masked share is 0": (hidden, allowed)}
