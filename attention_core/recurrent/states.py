"""Operations that make the next state of a recurrent cell of its gates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer, grouped, tanh, whole
from attention_core.operations import Index
from attention_core.operations.base import Laws
from attention_core.recurrent.gates import squash, squash_again, squashing_law
from attention_core.recurrent.rows import OfWords
from attention_core.rounding import Format


class KeepAndAdd(OfWords):
    """An LSTM's cell: ``forget · cell before + input · candidate``, only scaled and added to.

    Source:
        Hochreiter and Schmidhuber (1997); ``torch.nn.LSTM``.
    """

    reads = ("ij", "ij", "ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``forget * before + opened * candidate``."""
        forget, before, opened, candidate = operands
        return forget * before + opened * candidate

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply twice and add."""
        (forget,), (before,), (opened,), (candidate,) = groups
        return forget * before + opened * candidate

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Multiply both pairs at once."""
        forget, before, opened, candidate = operands
        return (torch.stack([forget, opened]) * torch.stack([before, candidate])).sum(0)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of two products and their sum."""
        forget, before, opened, candidate = operands
        size = (forget * before).abs() + (opened * candidate).abs()
        return kind.of_sum(exact, size, 2) + kind.once(size)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.9·0.5 + 0.2·0.7``."""
        (forget,), (before,), (opened,), (candidate,) = groups
        return write(forget) * write(before) + write(opened) * write(candidate)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        forget, before, opened, candidate = (f"{operand}_{{ij}}" for operand in operands)
        return rf"{result}_{{ij}} = {forget}\,{before} + {opened}\,{candidate}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        forget, before, opened, candidate = operands
        return f"{result} = {forget} * {before} + {opened} * {candidate}"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"cell after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A cell grows by 1 at most with each word."""
        excess = result.abs().double() - operands[1].abs() - 1
        return {"no cell grows by more than 1 at a word": (excess, allowed)}


class ShowCell(OfWords):
    """What an LSTM shows of its cell: ``output · tanh(cell)``."""

    reads = ("ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``output * tanh(cell)``."""
        shown, cell = operands
        return shown * torch.tanh(cell)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Squash and multiply."""
        (shown,), (cell,) = groups
        return shown * squash("tanh", cell)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Squash by the other function."""
        shown, cell = operands
        return squash_again("tanh", cell) * shown

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``0.9·tanh(0.5)``."""
        (shown,), (cell,) = groups
        return write(shown) * tanh(write(cell))

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        shown, cell = operands
        return rf"{result}_{{ij}} = {shown}_{{ij}} \tanh({cell}_{{ij}})"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        return f"{result} = {operands[0]} * torch.tanh({operands[1]})"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """What is shown of a tanh stays within ±1."""
        return squashing_law("tanh", result, allowed)


class Blend(OfWords):
    """A GRU's next state: ``(1 − update) · candidate + update · before``.

    Source:
        Cho et al., arXiv 1406.1078, section 2.3, as in ``torch.nn.GRU``.
    """

    reads = ("ij", "ij", "ij")

    def compute(self, *operands: Tensor) -> Tensor:
        """Return ``(1 - update) * candidate + update * before``."""
        update, candidate, before = operands
        return (1 - update) * candidate + update * before

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Multiply twice and add."""
        (update,), (candidate,), (before,) = groups
        return (1 - update) * candidate + update * before

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Go from the candidate towards the state before."""
        update, candidate, before = operands
        return torch.lerp(candidate, before, update)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of 1 less the gate, of two products and their sum."""
        update, candidate, before = operands
        size = (1 - update).abs() * candidate.abs() + (update * before).abs()
        return kind.of_sum(exact, size, 2) + 2 * kind.once(size)

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``(1 - 0.9)·0.5 + 0.9·0.7``."""
        (update,), (candidate,), (before,) = groups
        fresh = grouped(whole(1) - write(update)) * write(candidate)
        return fresh + write(update) * write(before)

    def latex(self, result: str, *operands: str) -> str:
        """Return the cell's formula."""
        update, candidate, before = (f"{operand}_{{ij}}" for operand in operands)
        return rf"{result}_{{ij}} = (1 - {update})\,{candidate} + {update}\,{before}"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch."""
        update, candidate, before = operands
        return f"{result} = (1 - {update}) * {candidate} + {update} * {before}"

    def sentence(self, row: str, column: str) -> str:
        """Return what it says."""
        return f"after {row}, {column} = {{value}}"

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """A mixture lies between what is mixed."""
        _, candidate, before = operands
        low, high = torch.minimum(candidate, before), torch.maximum(candidate, before)
        off = torch.maximum(low - result.double(), result.double() - high)
        return {"every state lies between the candidate and the state before": (off, allowed)}
