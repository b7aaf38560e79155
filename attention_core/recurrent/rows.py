"""Operations on a row for each word: the state before it, and the state after the last."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, whole
from attention_core.operations import Index, Operation
from attention_core.operations.base import require_fit
from attention_core.rounding import Format


class OfWords(Operation):
    """An operation with one row for each word, as wide as its operands."""

    kind = "vectors"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row for each word."""
        return ("token", "dimension")


class RowBefore(OfWords):
    """The state before each word: the row above, and zeros before the first.

    Example:
        >>> RowBefore().compute(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[0., 0.],
                [1., 2.]])
    """

    reads = ("[i-1]j",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the rows, each one place later."""
        return torch.cat([torch.zeros_like(operands[0][:1]), operands[0][:-1]])

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one number that was read, or 0."""
        return groups[0][0] if groups[0] else 0.0

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Roll the rows around and empty the first."""
        rolled = operands[0].roll(1, 0)
        rolled[0] = 0
        return rolled

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return where it was taken from."""
        return write(groups[0][0]) if groups[0] else whole(0).called("nothing was read yet: {}")

    def latex(self, result: str, *operands: str) -> str:
        """Return the row's formula."""
        return rf"{result}_i = {operands[0]}_{{i-1}},\quad {result}_1 = 0"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        (of,) = operands
        return f"{result} = torch.cat([torch.zeros_like({of}[:1]), {of}[:-1]])"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Nothing: it is copied."""
        return exact.new_zeros(())

    def sentence(self, row: str, column: str) -> str:
        """Return in words what a unit of the state was before a word is read."""
        return f"before {row} is read, {column} = {{value}}"


class LastRow(OfWords):
    """The state after the last word: all that a decoder without attention gets.

    Args:
        n_words: How many words were read.
    """

    def __init__(self, n_words: int) -> None:
        self.n_words = n_words
        self.reads = (f"{n_words - 1}j",)

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the last row, (1, n_units)."""
        require_fit(fits=len(operands[0]) == self.n_words)
        return operands[0][-1:].clone()

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return the one number that was read."""
        return groups[0][0]

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Return the last row by `index_select`, the second route."""
        return operands[0].index_select(0, torch.tensor([self.n_words - 1]))

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return the number as it stands: there is nothing to compute."""
        return write(groups[0][0])

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula."""
        return rf"{result} = {operands[0]}_{{{self.n_words}}}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]}[-1:].clone()"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row: what the decoder begins with."""
        return ("query token", "dimension")

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"{row}, {column} = {{value}}"

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Return 0: the row is copied, so nothing is rounded."""
        return exact.new_zeros(())
