"""What one step of a mechanism does: one small class per operation.

An operation is written down twice. ``compute`` is the torch expression a learner would write;
``by_hand`` is the same arithmetic for a single cell in plain Python. The two share no code, so
each checks the other. ``reads`` declares once which operand cells a result cell is made of;
the explanation of a cell, the linked highlights and the second route all follow from it.

``reads`` is one pattern per operand, as ``patterns`` describes: a dot product's cell (i, j) reads
``("i:", "j:")``, row i of the queries and row j of the keys.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from attention_core.arithmetic import Printed, Writer
from attention_core.operations.patterns import Index, Shape, cells_read
from attention_core.rounding import Format, limit_of

Laws = dict[str, tuple[Tensor, Tensor]]  # by its words: how far it is broken, and may be, by cell


class Operation(ABC):
    """One step's arithmetic, for every cell, for one cell, in words and in code."""

    reads: tuple[str, ...]
    kind: str = "vectors"  # which colour scale its result is drawn in
    roles: tuple[str, ...] = ()  # which operand is the query, the key, the value
    may_share: bool = False  # whether its line of PyTorch may give the operand's own memory

    @abstractmethod
    def compute(self, *operands: Tensor) -> Tensor:
        """Return the whole result, as a learner would write it in torch."""

    @abstractmethod
    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Return one cell by plain Python arithmetic.

        Args:
            index: The result cell.
            groups: For each entry of ``reads``, the numbers it names, in order.
            largest: The largest finite number of the tensors' dtype; beyond it is infinity.
        """

    @abstractmethod
    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Return the whole result from float64 operands, by another torch expression."""

    @abstractmethod
    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return the cell's arithmetic with its real operands, up to the result.

        Args:
            index: The result cell.
            groups: For each entry of ``reads``, the numbers it names, in order.
            write: Writes a number; pieces are put together by ``+``, ``-``, ``*``, ``/`` and the
                functions of ``attention_core.arithmetic``.
        """

    @abstractmethod
    def latex(self, result: str, *operands: str) -> str:
        """Return the formula, given the LaTeX symbols of the result and the operands.

        Two indices are the row and the column, in that order.
        """

    def matrix_latex(self, result: str, *operands: str, is_turned: bool = False) -> str:
        """Return the formula of the whole matrix, empty where nobody writes one.

        Args:
            result: The LaTeX symbol of the result.
            *operands: The symbols of the operands.
            is_turned: Whether every matrix has its tokens as columns.
        """
        return ""

    @abstractmethod
    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line of PyTorch that computes the result."""

    @abstractmethod
    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """Return what each axis of the result counts, given what the operands' axes count."""

    @abstractmethod
    def sentence(self, row: str, column: str) -> str:
        """Return the cell in words, with ``{value}`` where its number goes."""

    def invariants(self, operands: Sequence[Tensor], result: Tensor, allowed: Tensor) -> Laws:
        """Return, for each law the result must obey, by how much it breaks it, and may.

        A law is a template of ``Conventions.say``: ``each {row} sums to 1``.

        Args:
            operands: What it is made of, in float64.
            result: The result, in its own format.
            allowed: What rounding may do to each cell of it.
        """
        return {}

    def rounding(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor:
        """Return how far each cell may honestly be from the exact result, by rounding alone.

        That of an operation without its own is one rounding of each cell and a few of what was
        rounded on the way, as in a product. One that adds up must say how many terms it has.

        Args:
            operands: What the result is made of, in float64.
            exact: What ``in_float64`` makes of them.
            kind: The number format whose rounding it is.

        Returns:
            Amounts of 0 or more, of the result's shape or one that stretches to it: 0 for what is
            only copied, infinite where nothing can be said.
        """
        return kind.once(exact) * 3

    def overflows(self, operands: Sequence[Tensor], exact: Tensor, kind: Format) -> Tensor | None:
        """Return in which cells something may overflow on the way, None for certainly in none.

        There infinity and NaN are honest results, whatever the exact number is.
        """
        return None

    def sources(self, index: Index, shapes: Sequence[Shape]) -> tuple[tuple[Index, ...], ...]:
        """Return, for each entry of ``reads``, the operand cells that make this result cell."""
        return tuple(
            cells_read(pattern, index, shape)
            for pattern, shape in zip(self.reads, shapes, strict=True)
        )


def overflow(x: float, largest: float) -> float:
    """Return ``x`` as a dtype with this largest finite number would hold it.

    Example:
        >>> overflow(-70_000, largest=65_504), overflow(7.5, largest=65_504)
        (-inf, 7.5)
        >>> overflow(65_510, largest=65_504)  # rounded down to the largest
        65504.0
    """
    if abs(x) <= largest or math.isnan(x):
        return x
    is_infinite = not abs(x) < limit_of(largest)
    return math.copysign(math.inf if is_infinite else largest, x)


def in_sum(size: Tensor, kind: Format) -> Tensor | None:
    """Return in which cells sums may overflow, given the sums of their absolute terms."""
    if float(size.max()) < kind.limit_in_sums:  # no for NaN
        return None
    return size >= kind.limit_in_sums


def require_fit(*, fits: bool) -> None:
    """Raise what torch raises for shapes that do not fit, where it would stretch one of them."""
    if not fits:
        raise RuntimeError("the shapes do not fit")
