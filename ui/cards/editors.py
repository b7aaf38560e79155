"""What an editable table stands for in a lab, and the operations that it may send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.lab.checks import MAX_CELLS, number
from ui.lab.lab import Lab

MAX_OPERATIONS = 2_000
LONGEST_QUESTION = 32_000  # characters of a lab that ``/live`` may be asked for
PAGE_CELLS = 1_024  # on a page, unless these are fewer rows than …
LEAST_ROWS, MOST_ROWS = 16, 64
NOT_UNDERSTOOD = "The table sent something that is not an edit of it. Nothing was changed."
Entry = tuple[str, int, float]  # row id, column, number


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what identifies it, what it is called, whether it was edited."""

    row_id: str
    label: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """Which rows of a large matrix a table shows.

    Args:
        row_ids: What identifies each row of the matrix, in order.
        size: How many rows a page has.
        first: The first row on the page that is shown.
    """

    row_ids: Sequence[str]
    size: int
    first: int

    @property
    def rows(self) -> slice:
        """The rows on the page."""
        return slice(self.first, self.first + self.size)


def paging(row_ids: Sequence[str], width: int, row: int) -> Paging:
    """Return the page of a matrix that holds a row, or the last page if there is no such row.

    Example:
        >>> paging([f"row {n}" for n in range(100)], 64, row=20).rows
        slice(16, 32, None)
    """
    size = min(max(PAGE_CELLS // width, LEAST_ROWS), MOST_ROWS)
    row = min(row, len(row_ids) - 1)
    return Paging(row_ids, size, row - row % size)


@dataclass(frozen=True, slots=True)
class Editor:
    """An editable matrix: where its numbers live in a lab.

    Args:
        name: The table's name, different for each matrix of the app.
        matrix: What the page's trace calls the matrix, so that its cells light with the figures'.
        set_entries: Returns the lab with some entries set, or raises ValueError.
        reset: Returns the lab with one row, or all, as before any edit.
        turn: Returns the lab with the table at the page of a row, or raises ValueError; None if
            the matrix is never too large for one page.
    """

    name: str
    matrix: str
    set_entries: Callable[[Lab, Sequence[Entry]], Lab]
    reset: Callable[[Lab, str | None], Lab]
    turn: Callable[[Lab, int], Lab] | None = None

    @property
    def widget_key(self) -> str:
        """The Streamlit key of the table."""
        return f"table:{self.name}"


def operations(pending: object, seen: int) -> list[dict[str, Any]]:
    """Return the operations of a message in order, each id once, or raise ValueError.

    Args:
        pending: The message, which every later run is given again, however large it is.
        seen: The last operation taken in: these and those before are not looked at again.
    """
    listed = pending.get("ops") if isinstance(pending, Mapping) else None
    if not isinstance(listed, list) or len(listed) > MAX_OPERATIONS:
        raise ValueError(NOT_UNDERSTOOD)
    for entry in listed:
        if not isinstance(entry, Mapping) or not is_serial(entry.get("id")):
            raise ValueError(NOT_UNDERSTOOD)
    new = [_operation(entry) for entry in listed if entry["id"] > seen]
    first = {operation["id"]: operation for operation in reversed(new)}
    return [first[serial] for serial in sorted(first)]


def _operation(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return one operation, every part of it checked."""
    checked: dict[str, Any] = {"id": entry["id"], "op": entry.get("op")}
    if checked["op"] in ("undo", "redo"):
        return checked
    if checked["op"] == "reset":
        return {**checked, "row": None}
    if checked["op"] == "reset_row" and isinstance(entry.get("row"), str):
        return {**checked, "row": entry["row"]}
    if checked["op"] == "page" and is_serial(entry.get("row")):
        return {**checked, "row": entry["row"]}
    if checked["op"] == "set" and is_serial(entry.get("gesture")):
        cells = entry.get("cells")
        if isinstance(cells, list) and 0 < len(cells) <= MAX_CELLS:
            return {**checked, "gesture": entry["gesture"], "cells": [_entry(c) for c in cells]}
    raise ValueError(NOT_UNDERSTOOD)


def _entry(cell: object) -> Entry:
    if not isinstance(cell, list) or len(cell) != 3:
        raise ValueError(NOT_UNDERSTOOD)
    row_id, column, entry = cell
    if not isinstance(row_id, str) or not is_serial(column):
        raise ValueError(NOT_UNDERSTOOD)
    return row_id, column, number(entry)


def is_serial(value: object) -> bool:
    """Return whether a message holds a whole number that JavaScript still counts exactly."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
