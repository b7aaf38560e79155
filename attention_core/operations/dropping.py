"""Dropout: while training, some weights become 0 at random, and the others grow instead."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, grouped, whole
from attention_core.numbers import SHOWN, plain
from attention_core.operations.base import Laws, Operation, overflow, require_fit
from attention_core.operations.patterns import Index
from attention_core.rounding import Format


class _Dropping(Operation):
    """What dropping and not dropping have in common."""

    kind = "weights"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay what they were."""
        return operand_axes[0]


class Dropout(_Dropping):
    """Keep a weight where a coin said so, over ``1 - rate``: on average the row still sums to 1.

    The coins are an operand of their own, drawn before the run, so that a cell can be explained.

    Args:
        rate: The share of weights that is dropped on average, in [0, 1).

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting"
        (2014), section 10, "Multiplicative Gaussian noise", where it is scaled while training.
    """

    reads = ("ij", "ij")

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``weights * kept / (1 - rate)``."""
        weights, kept = operands
        require_fit(fits=kept.shape == weights.shape)
        return weights * kept / (1 - self.rate)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply the one weight, or drop it."""
        (weight,), (kept,) = groups
        grown = overflow(weight / (1 - self.rate), largest)
        return grown if kept else 0.0 * grown

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply by what torch's own dropout multiplies by: 0 or 1 / (1 - rate)."""
        weights, kept = operands
        return weights.mul(kept.mul(1 / (1 - self.rate)))

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.1385·1 / (1 - 0.5)``, the 1 behind the weight being 0 for a dropped one."""
        (weight,), (kept,) = groups
        return write(weight) * whole(int(kept)) / grouped(whole(1) - write(self.rate))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        weights, kept = operands
        return (
            rf"{result}_{{ij}} = {weights}_{{ij}}\,{kept}_{{ij}} / (1 - {plain(self.rate, SHOWN)})"
        )

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} * {operands[1]} / (1 - {self.rate!r})"

    def sentence(self, row: str, column: str) -> str:
        """Return what a weight says after dropout."""
        return f"weight of {row} (query) on {column} (key), after dropout = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """The rounding of what it is divided by, and of the quotient."""
        return kind.once(exact).add_(exact.abs().mul_(2 * kind.unit_in_sums))

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """What is dropped is 0."""
        weights, kept = operands
        dropped = torch.where(kept.bool() | weights.isnan(), 0.0, result.abs().double())
        return {"every dropped weight is 0": (dropped, allowed.new_zeros(()))}


class DropNothing(_Dropping):
    """What dropout is outside of training, or at a rate of 0: the weights as they were."""

    reads = ("ij",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the weights."""
        return operands[0].clone()

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one weight."""
        return groups[0][0]

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Add nothing."""
        return operands[0] + 0.0

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``nothing dropped: 0.1385``."""
        return write(groups[0][0]).called("nothing dropped: {}")

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}}"

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return that both are equal."""
        return f"{result} = {operands[0]}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}.clone()  # nothing is dropped"

    def sentence(self, row: str, column: str) -> str:
        """Return what the weight says."""
        return f"weight of {row} (query) on {column} (key), nothing dropped = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Return 0: the weights are copied, so nothing is rounded."""
        return exact.new_zeros(())
