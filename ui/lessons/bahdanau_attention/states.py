"""The encoder's states as a table to edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attention_core.embeddings import MAX_WIDTH
from ui.cards.editors import Editor, Entry
from ui.lab.checks import number
from ui.lab.edits import RowKey, Typed
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.runs import STATES, run_of


def _row_of(row_id: str, n_in: int) -> int:
    """Return the word that a row of the table stands for."""
    at, _, count = row_id.partition("/")
    if not (at.isascii() and at.isdigit()) or count != str(n_in) or not 1 <= int(at[:9]) <= n_in:
        raise ValueError("a row of the table")
    return int(at) - 1


def row_key(row: int, n_in: int, n_units: int) -> RowKey:
    """Return under which name the edits of an encoder state are kept: by number of words."""
    return f"{STATES}/{n_in}", row + 1, n_units


def _set_entries(lab: Lab, entries: Sequence[Entry]) -> Lab:
    run = run_of(lab)
    start = run.translation.encoder["hidden"]
    n_in, n_units = start.shape
    typed = list[Typed]()
    for row_id, column, entry in entries:
        row = _row_of(row_id, n_in)
        if not 0 <= column < n_units:
            raise ValueError(f"a column of the encoder's states, of which there are {n_units}")
        key = row_key(row, n_in, n_units)
        typed.append((key, start[row].tolist(), column, number(entry)))
    return replace(lab, overrides=lab.overrides.typed(typed))


def _reset(lab: Lab, row_id: str | None) -> Lab:
    run = run_of(lab)
    rows = range(run.n_in) if row_id is None else [_row_of(row_id, run.n_in)]
    keys = (row_key(row, run.n_in, run.model.n_units) for row in rows)
    return replace(lab, overrides=lab.overrides.without_rows(keys))


def _turn(lab: Lab, row: int) -> Lab:
    return replace(lab, parameter_row=min(row, MAX_WIDTH - 1))


ENCODER = Editor("encoder_states", "keys", _set_entries, _reset, _turn)
