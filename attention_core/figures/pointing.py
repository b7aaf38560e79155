"""Describe a value to the browser, so that a cell that is pointed at says what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heads import shown_of
from attention_core.figures.heatmap import GIVEN, Part, labels_along
from attention_core.mechanism import Trace


class Pointing(TypedDict):
    """What the browser knows of a value: its labels, its sentence, which cells it is made of."""

    name: str
    head: int | None
    shape: list[int]  # of the whole matrix
    first: list[int]  # the row and the column of the first cell that is shown
    rows: list[str]
    columns: list[str]
    of: list[str]
    reads: list[str]
    sentence: str
    blank: NotRequired[str]


def pointing(
    trace: Trace,
    name: str,
    tokens: Sequence[str],
    *,
    query: str = "",
    query_row: int | None = None,
    part: Part | None = None,
    conventions: Conventions = USUAL,
    head: int | None = None,
) -> Pointing:
    """Describe a value to the browser: what a cell of it says, and which cells it is made of.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes, or three with ``head``.
        tokens: One label per token.
        query: The label of the row, when there is only one query.
        query_row: Which row of ``inputs`` the value ``query`` is, when it is one of them.
        part: The rows and the columns that are shown, if not all.
        conventions: How tokens and dimensions are numbered; the cells stay the core's.
        head: Which head is shown of a value with heads.

    Returns:
        ``of`` and ``reads`` as the step declares them, the head, the shape, the plain labels of the
        rows and columns that are shown and which is the first, and the cell in words. A ``reads``
        pattern may start with the number of a row.
    """
    whole = shown_of(trace, name, head)
    rows, columns = labels_along(whole, tokens, conventions)
    rows = [query] if query and len(rows) == 1 else rows
    shown = part or (range(len(rows)), range(len(columns)))
    cells: Pointing = {
        "name": name,
        "head": head,
        "shape": list(whole.matrix.shape),
        "first": [places.start for places in shown],
        "rows": [rows[i] for i in shown[0]],
        "columns": [columns[j] for j in shown[1]],
        "of": [],
        "reads": [],
        "sentence": "",
    }
    if bool(whole.matrix.isneginf().any()) and not bool(whole.matrix.isnan().any()):
        cells["blank"] = "−∞"
    if name in trace.mechanism.inputs:
        sentence = GIVEN[name].sentence("{row}", "{column}") if name in GIVEN else ""
        return {**cells, "sentence": sentence or "{row} · {column} = {value}"}
    step = trace.mechanism.step(name)
    cells["sentence"] = step.operation.sentence("{row}", "{column}")
    for operand, pattern in zip(step.of, step.operation.reads, strict=True):
        is_row = operand == "query" and query_row is not None
        cells["of"].append("inputs" if is_row else operand)
        cells["reads"].append(f"{query_row}{pattern[1]}" if is_row else pattern)
    return cells
