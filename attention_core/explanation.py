"""A cell explains itself: its arithmetic, with the numbers that it was really made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from torch import Tensor

from attention_core.equations import written
from attention_core.numbers import result_of
from attention_core.operations import Index
from attention_core.step import Step


class Operand(NamedTuple):
    """One number that a cell was made of: whose it is, where it stands, what it is."""

    name: str
    cell: Index
    value: float


class Explanation(NamedTuple):
    """A cell's arithmetic with its real operands."""

    formula: str  # ends in "= result", or in "≈ result (why)"
    result: float
    operands: tuple[Operand, ...]  # as the formula reads; empty for an input
    written: tuple[str, ...] = ()  # each operand with the digits it has in the formula


def explain_input(name: str, cell: Index, entry: float) -> Explanation:
    """Return the explanation of an input's cell, which is made of nothing.

    Example:
        >>> explain_input("inputs", (0, 1), 0.5).formula
        'inputs[0, 1] = 0.5000'
    """
    where = ", ".join(str(position) for position in cell)
    return Explanation(f"{name}[{where}] = {result_of(entry)}", entry, ())


def explain_step(step: Step, cell: Index, values: Mapping[str, Tensor]) -> Explanation:
    """Return the explanation of a step's cell, with the fewest digits that come out right.

    Args:
        step: What made it.
        cell: Which of its cells, 0-based, one index per axis.
        values: The step's result and its operands, by name.

    Example:
        >>> import torch
        >>> from attention_core.operations import DivideBy
        >>> values = {"scores": torch.tensor([[3.0]]), "halves": torch.tensor([[1.5]])}
        >>> explain_step(Step("halves", DivideBy(2.0), of=("scores",)), (0, 0), values).formula
        '3 / 2 = 1.5000'
    """
    result = float(values[step.name][cell].item())
    shapes = [tuple(values[name].shape) for name in step.of]
    groups = [
        [
            Operand(name, at, entry)
            for at, entry in zip(cells, _entries(values[name], cells), strict=True)
        ]
        for name, cells in zip(step.of, step.operation.sources(cell, shapes), strict=True)
    ]
    numbers = [[operand.value for operand in group] for group in groups]
    arithmetic = partial(step.operation.arithmetic, cell, numbers)
    line = written(arithmetic, result, values[step.name].dtype)
    operands = _reading_order(groups)
    texts = tuple(line.writer.text(operand.value) for operand in operands)
    return Explanation(line.text, result, operands, texts)


def _entries(tensor: Tensor, cells: Sequence[Index]) -> list[float]:
    """Return the numbers in some cells, read at once: one by one takes 20 times as long."""
    if not cells:
        return []
    return [float(number) for number in tensor[tuple(map(list, zip(*cells, strict=True)))].tolist()]


def _reading_order(groups: Sequence[Sequence[Operand]]) -> tuple[Operand, ...]:
    """Return the operands as a sum of products reads: a1, b1, a2, b2, …"""
    if len({len(group) for group in groups}) == 1:
        return tuple(operand for together in zip(*groups, strict=True) for operand in together)
    return tuple(operand for group in groups for operand in group)
