"""A step in which somebody put numbers of their own: what comes after it follows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from attention_core.arithmetic import Printed, Writer
from attention_core.numbers import plain
from attention_core.operations.base import Laws, Operation
from attention_core.operations.patterns import Index
from attention_core.rounding import DTYPES, Format, format_of

_LARGEST = torch.finfo(torch.float64).max


class Overridden(Operation):
    """An operation of whose result some cells are replaced by own numbers.

    Everything else about it is the operation's. Its laws are told of what it computed: they say
    nothing of numbers that somebody chose.

    Args:
        operation: What computes the other cells.
        cells: The own numbers, by cell.

    Example:
        >>> from attention_core.operations import Softmax
        >>> own = Overridden(Softmax(), {(0, 1): 0.75})
        >>> own.compute(torch.zeros(2, 2))
        tensor([[0.5000, 0.7500],
                [0.5000, 0.5000]])
        >>> own.arithmetic((0, 1), [[0.0, 0.0]], Writer()).text
        'yours: 0.75 (computed: 0.5)'
    """

    def __init__(self, operation: Operation, cells: Mapping[Index, float]) -> None:
        self.operation = operation
        self.cells = MappingProxyType(dict(cells))
        self.reads = operation.reads
        self.kind = operation.kind
        self.roles = operation.roles

    def compute(self, *operands: Tensor) -> Tensor:
        """Return the operation's result with the own numbers in their cells.

        Raises:
            ValueError: If there is no such cell, or the dtype cannot hold such a number.
        """
        computed = self.operation.compute(*operands)
        if not self.cells:
            return computed
        self.require_places(computed)
        where = tuple(torch.tensor(axis) for axis in zip(*self.cells, strict=True))
        numbers = torch.tensor(list(self.cells.values()), dtype=computed.dtype)
        return computed.index_put(where, numbers)

    def require_places(self, computed: Tensor) -> None:
        """Raise ValueError unless a result has the own numbers' cells and can hold them."""
        for cell, number in self.cells.items():
            _require_place(cell, number, computed)

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Look the cell up, or let the operation compute it."""
        if index in self.cells:
            return torch.tensor(self.cells[index], dtype=DTYPES[largest]).item()
        return self.operation.by_hand(index, *groups, largest=largest)

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Put the numbers in one by one, in place."""
        exact = self.operation.in_float64(*operands, largest=largest).clone()
        for cell, number in self.cells.items():
            exact[cell] = torch.tensor(number, dtype=DTYPES[largest]).double()
        return exact

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``yours: 0.9 (computed: 0.2333)`` for a number of one's own."""
        if index not in self.cells:
            return self.operation.arithmetic(index, groups, write)
        computed = self.operation.by_hand(index, *groups, largest=_LARGEST)
        return write(self.cells[index]).called(f"yours: {{}} (computed: {plain(computed)})")

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula of the other cells."""
        return self.operation.latex(result, *operands)

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Nothing: with numbers of one's own there is no formula of the whole matrix."""
        return ""

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the operation's line, and one for each number of one's own."""
        own = [
            f"{result}[{', '.join(map(str, cell))}] = {number!r}"
            for cell, number in self.cells.items()
        ]
        line = self.operation.pytorch(result, *operands)
        if own and self.operation.may_share:
            line += ".clone()"
        return "\n".join([line, *own])

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the operation's axes."""
        return self.operation.axes(*operand_axes)

    def sentence(self, row: str, column: str) -> str:
        """Return what a cell of the operation says."""
        return self.operation.sentence(row, column)

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """That of the operation, and none of an own number."""
        computed = self.operation.in_float64(*operands, largest=kind.largest)
        allowed = self.operation.rounding(operands, computed, kind).expand_as(exact).clone()
        for cell in self.cells:
            allowed[cell] = 0.0
        return allowed

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """That of the operation; an own number is finite."""
        found = self.operation.overflows(operands, exact, kind)
        if found is not None:
            found = found.expand_as(exact).clone()
            for cell in self.cells:
                found[cell] = False
        return found

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Return the operation's laws, with what it would have computed for the own numbers."""
        kind = format_of(result.dtype)
        exact = self.operation.in_float64(*operands, largest=kind.largest)
        computed = result.clone()
        for cell in self.cells:
            computed[cell] = exact[cell]
        allowed = self.operation.rounding(operands, exact, kind).expand_as(exact)
        laws = self.operation.invariants(operands, computed, allowed)
        return {f"{law}, before your numbers": told for law, told in laws.items()}


def without_overrides(operation: Operation) -> Operation:
    """Return an operation without the numbers that somebody put into its result.

    Example:
        >>> from attention_core.operations import Softmax
        >>> softmax = Softmax()
        >>> without_overrides(Overridden(softmax, {(0, 1): 0.75})) is softmax
        True
        >>> without_overrides(softmax) is softmax
        True
    """
    return operation.operation if isinstance(operation, Overridden) else operation


def require_finite(name: str, cell: Index, number: float) -> float:
    """Return a number that somebody wants in a cell, if it is one.

    Raises:
        ValueError: If it is NaN, infinite or no number at all.
    """
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not is_number or not math.isfinite(number):
        raise ValueError(f"{name}{list(cell)} must be a finite number; got {number!r}")
    return float(number)


def _require_place(cell: Index, number: float, computed: Tensor) -> None:
    """Raise ValueError unless a tensor has this cell and can hold the number."""
    shape = tuple(computed.shape)
    if len(cell) != len(shape) or not all(
        0 <= position < size for position, size in zip(cell, shape, strict=True)
    ):
        raise ValueError(f"has shape {shape}; there is no cell {cell} to put {plain(number)} into")
    if abs(number) > torch.finfo(computed.dtype).max:
        raise ValueError(
            f"has shape {shape} and dtype {computed.dtype}, which cannot hold {number!r} in its "
            f"cell {cell}; choose a finite number"
        )
