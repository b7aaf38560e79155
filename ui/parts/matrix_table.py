"""The editable table on the page: it is drawn, and what it sends is taken in once.

The table sends operations, each with a number; the lab remembers the last one it took in. So none
is lost and none is applied twice, whatever happens to the connection or the server in between.

Of a large matrix the table shows, and is sent, one page of rows; which one, the lab remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.cards.editors import LONGEST_QUESTION, NOT_UNDERSTOOD, Editor, Paging, Row, operations
from ui.components import component
from ui.lab import link, state
from ui.lab.checks import LIMIT

_table = component("matrix_table")


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
        "page": _pages_of(page),
        "limit": LIMIT,
        "role": role,
        "message": st.session_state.get(f"{editor.widget_key}:message", ""),
    }
    answer = _table(data=data, key=editor.widget_key, on_pending_change=lambda: None)
    # After a restart the browser sends its operations to a session that knows no table yet.
    if take_in(editor, answer.pending):
        st.rerun()


def _pages_of(page: Paging | None) -> dict[str, Any] | None:
    """Return what the table is told of its pages; nothing if there is only one."""
    if page is None or len(page.row_ids) <= page.size:
        return None
    return {"ids": list(page.row_ids), "size": page.size, "first": page.first}
