"""Two mechanisms nobody wrote code for, each with a tiny operation of its own.

One of two steps, with names that the glossary lacks; and one with weights, biases, a mask, dropout
and heads, which does one thing otherwise than multi-head attention.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core import Mechanism, Step
from attention_core.arithmetic import Printed, Writer, tanh, whole
from attention_core.mechanisms.attention import Attention, Then, weighing
from attention_core.operations import DotProducts, Index, Operation, Softmax


class Halve(Operation):
    """Half of every number."""

    reads = ("ij",)
    kind = "scores"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return half."""
        return operands[0] / 2

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Halve the one number."""
        return groups[0][0] * 0.5

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Take half away."""
        return operands[0] - operands[0] * 0.5

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``3 / 2``."""
        return write(groups[0][0]) / whole(2)

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}} / 2"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line."""
        return f"{result} = {operands[0]} / 2"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a half says."""
        return f"half of {row} with {column} = {{value}}"


LUKEWARM = Mechanism(
    inputs=("ideas", "doubts"),
    steps=(
        Step("sympathies", DotProducts(), of=("ideas", "doubts")),
        Step("half_hearted", Halve(), of=("sympathies",)),
        Step("portions", Softmax(), of=("half_hearted",)),
    ),
)


class SoftCap(Operation):
    """Keep every score between two bounds, as Gemma 2 does.

    Source:
        Gemma Team, "Gemma 2: Improving Open Language Models at a Practical Size" (2024), section
        2, "Logit soft-capping".
    """

    reads = ("ij",)
    kind = "scores"

    def __init__(self, cap: float) -> None:
        self.cap = cap

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``cap * tanh(scores / cap)``."""
        return self.cap * torch.tanh(operands[0] / self.cap)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Cap the one number."""
        return self.cap * math.tanh(groups[0][0] / self.cap)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Make the tanh of a sigmoid."""
        return self.cap * (2 * torch.sigmoid(2 * operands[0] / self.cap) - 1)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``2·tanh(3.5 / 2)``."""
        return write(self.cap) * tanh(write(groups[0][0]) / write(self.cap))

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula."""
        return rf"{result}_{{ij}} = {self.cap} \tanh({operands[0]}_{{ij}} / {self.cap})"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line."""
        return f"{result} = {self.cap!r} * torch.tanh({operands[0]} / {self.cap!r})"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a capped score says."""
        return f"score of {row} with {column}, capped = {{value}}"


CAPPED = Attention(
    n_heads=3,
    causal=True,
    dropout=0.25,
    weighing=(Then("capped", SoftCap(2.0)), *weighing()),
)
