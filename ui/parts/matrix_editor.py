"""The editable table: what it is told, and what comes back from it.

The table sends operations, each with a number; the lab remembers the last one it took in. So none
is lost and none is applied twice, whatever happens to the connection or the server in between.

Of a large matrix the table shows, and is sent, one page of rows; which one, the lab remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.components import component
from ui.lab import link, state
from ui.lab.lab import LIMIT, MAX_CELLS, Lab, number

MAX_OPERATIONS = 2_000
LONGEST_QUESTION = 32_000  # characters of a lab that ``/live`` may be asked for
PAGE_CELLS = 1_024  # on a page, unless these are fewer rows than …
LEAST_ROWS, MOST_ROWS = 16, 64
NOT_UNDERSTOOD = "The table sent something that is not an edit of it. Nothing was changed."

Entry = tuple[str, int, float]  # row id, column, number
_table = component("matrix_table")


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


def take_in(editor: Editor, pending: object = None) -> bool:
    """Apply the operations that a table has sent and the lab has not seen.

    Returns:
        Whether anything changed.
    """
    if pending is None:
        pending = st.session_state.get(editor.widget_key, {}).get("pending")
    if not pending:
        return False
    before = state.current()
    try:
        sent = operations(pending, before.applied.get(editor.name, 0))
    except (ValueError, OverflowError, RecursionError):
        st.session_state[f"{editor.widget_key}:message"] = NOT_UNDERSTOOD
        return False
    for operation in sent:
        _apply(editor, operation)
    return state.current() != before


def _apply(editor: Editor, operation: Mapping[str, Any]) -> None:
    """Apply one operation and remember that it was seen, even if it could not be done."""
    message = ""
    try:
        if operation["op"] == "undo":
            state.undo()
        elif operation["op"] == "redo":
            state.redo()
        elif operation["op"] == "set":
            lab = editor.set_entries(state.current(), operation["cells"])
            state.commit(lab, (editor.name, operation["gesture"]))
        elif operation["op"] == "page":
            _turn(editor, operation["row"])
        else:
            state.commit(editor.reset(state.current(), operation["row"]))
    except ValueError as error:
        message = f"Expected {error}. Nothing was changed."
    st.session_state[f"{editor.widget_key}:message"] = message
    state.commit(state.current().with_seen(editor.name, operation["id"]))


def _turn(editor: Editor, row: int) -> None:
    if editor.turn is None:
        raise ValueError("an edit: this table has one page")
    state.commit(editor.turn(state.current(), row))


def show(
    editor: Editor,
    *,
    label: str,
    rows: Sequence[Row],
    columns: Sequence[str],
    cells: Sequence[Sequence[float]],
    edited: Sequence[tuple[int, int]] = (),
    can_reset: bool | None = None,
    page: Paging | None = None,
    role: str = "inputs",
) -> None:
    """Draw the table. Do it last in a run: its answer asks for the next edit.

    Args:
        editor: Whose table it is.
        label: What the table is, for those who do not see it.
        rows: The rows on the page, or all.
        columns: What the columns are called.
        cells: The numbers of these rows.
        edited: The (row, column) of each that is the user's own, counted within these rows.
        can_reset: Whether any row of the matrix was edited; by default, whether one here was.
        page: Which rows these are, if the matrix may have more.
        role: Whose colour it has: that of the inputs, of the query, the key or the value.
    """
    text = link.encode(state.current())
    data = {
        "name": editor.name,
        "lab": text if len(text) <= LONGEST_QUESTION else None,
        "matrix": editor.matrix,
        "label": label,
        "count_from": state.current().count_from,
        "columns": list(columns),
        "rows": [{"id": row.row_id, "label": row.label, "edited": row.edited} for row in rows],
        "cells": [list(row) for row in cells],
        "edited": [list(cell) for cell in edited],
        "ack": state.current().applied.get(editor.name, 0),
        "can_undo": state.can_undo(),
        "can_redo": state.can_redo(),
        "can_reset": bool(edited) if can_reset is None else can_reset,
        "page": _told(page),
        "limit": LIMIT,
        "role": role,
        "message": st.session_state.get(f"{editor.widget_key}:message", ""),
    }
    answer = _table(data=data, key=editor.widget_key, on_pending_change=lambda: None)
    # After a restart the browser sends its operations to a session that knows no table yet.
    if take_in(editor, answer.pending):
        st.rerun()


def _told(page: Paging | None) -> dict[str, Any] | None:
    """Return what the table is told of its pages; nothing if there is only one."""
    if page is None or len(page.row_ids) <= page.size:
        return None
    return {"ids": list(page.row_ids), "size": page.size, "first": page.first}


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
