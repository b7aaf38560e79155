"""A run whose cells can be picked, and the words that explain a cell of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attention_core import Conventions, Operand, Trace
from attention_core.figures import pointing
from attention_core.numbers import result_of
from attention_core.operations import Index

MOST_TERMS = 12  # of a sum on screen; the sum itself is of all of them
SCOPE = "main"


@dataclass(frozen=True, slots=True)
class Explained:
    """A run whose cells can be picked.

    Args:
        trace: The run that the figures show.
        tokens: One label per token.
        query: The label of the row, when there is only one query.
        query_row: Which row of ``inputs`` the value ``query`` is.
        scope: Whose links these are: figures and tables of different scopes never light up
            together, though they be called the same.
    """

    trace: Trace
    tokens: Sequence[str]
    query: str = ""
    query_row: int | None = None
    scope: str = SCOPE


def label_of(
    trace: Trace, tokens: Sequence[str], conventions: Conventions, name: str, index: Index
) -> str:
    """Return what a cell of a run is called: ``weights · journey → starts``."""
    return CellWords(Explained(trace, tokens), conventions).label(name, *index)


class CellWords:
    """The labels of one trace's cells."""

    def __init__(self, of: Explained, conventions: Conventions) -> None:
        self.trace, self.query_row, self.conventions = of.trace, of.query_row, conventions
        # The heads of a value differ in their numbers only.
        self.cells = {
            name: pointing(
                of.trace,
                name,
                of.tokens,
                query=of.query,
                query_row=of.query_row,
                conventions=conventions,
                head=0 if of.trace[name].ndim == 3 else None,
            )
            for name in (*of.trace.inputs, *of.trace.steps)
        }

    def label(self, name: str, *index: int) -> str:
        """Return what a cell is called: ``weights · head 1 · journey → starts``."""
        *head, row, column = index
        cells = self.cells[name]
        between = " → " if self.trace.axes(name)[-1] == "key token" else " · "
        cell = f"{cells['rows'][row]}{between}{cells['columns'][column]}"
        return " · ".join([name, *self._heads(head), cell])

    def _heads(self, head: Sequence[int]) -> list[str]:
        return [f"head {self.conventions.number(own)}" for own in head]

    def explanation(self, name: str, *index: int) -> dict[str, Any]:
        """Return what the panel says of a cell."""
        *head, row, column = index
        cells = self.cells[name]
        explained = self.trace.explain(name, *index)
        parts = {
            "{value}": result_of(explained.result),
            "{row}": cells["rows"][row],
            "{column}": cells["columns"][column],
        }
        said = re.sub("|".join(parts), lambda part: parts[part[0]], str(cells["sentence"]))
        return {
            "said": ": ".join([*(own.capitalize() for own in self._heads(head)), said]),
            "formula": shortened(explained.formula),
            "operands": [
                self._operand(operand, text)
                for operand, text in zip(explained.operands, explained.written, strict=True)
            ],
        }

    def _operand(self, operand: Operand, text: str) -> dict[str, Any]:
        name, (*head, row, column) = operand.name, operand.cell
        label = self.label(name, *operand.cell)
        if name == "query" and self.query_row is not None:
            name, row = "inputs", self.query_row  # the query is a row of the table
        return {
            "label": label,
            "value": text,
            "name": name,
            "head": head[0] if head else None,
            "cell": [row, column],
            "is_input": operand.name in self.trace.inputs,
        }


def shortened(formula: str) -> str:
    """Return a formula with the middle of a long sum left out; its result is that of all terms.

    Example:
        >>> shortened(" + ".join("1·1" for _ in range(20)) + " = 20.0000")[-41:]
        '1·1 + 1·1 + 1·1 + … + 1·1 + 1·1 = 20.0000'
    """
    terms = formula.split(" + ")
    if len(terms) <= MOST_TERMS:
        return formula
    return " + ".join([*terms[: MOST_TERMS - 3], "…", *terms[-2:]])
