"""Files that open in the app: a lab, or embeddings as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui import link, state
from ui.csv_file import CsvError, read_csv
from ui.lab import Lab
from ui.literal import literal, names
from ui.worksheet import labels_of

MAX_FILE = link.JSON_LIMIT  # bytes


def opener() -> None:
    """Draw the field that takes a file in."""
    # A new key empties the field after each file, so that the same one can be opened again.
    turn = st.session_state.get("_opened_files", 0)
    st.file_uploader(
        "Open a lab (.json) or embeddings (.csv)",
        type=["json", "csv"],
        key=f"_file:{turn}",
        on_change=_file_opened,
        args=(f"_file:{turn}",),
    )


def _file_opened(widget_key: str) -> None:
    file = st.session_state.get(widget_key)
    if file is None:
        return
    st.session_state["_opened_files"] = st.session_state.get("_opened_files", 0) + 1
    name = literal(file.name[:60])
    try:
        lab = _read(file)
    except ValueError as error:
        state.complain(f"{name} was not opened. {literal(str(error))} Nothing was changed.")
        return
    state.commit(replace(lab, applied=state.current().applied))
    state.notify(
        f"{name} is open: {literal(', '.join(names(labels_of(lab), lab.conventions)[:12]))}."
    )


def _read(file: UploadedFile) -> Lab:
    if file.size > MAX_FILE:
        raise CsvError(f"It has {file.size:,} bytes; at most {MAX_FILE:,} are read.")
    contents = file.getvalue()
    if file.name.lower().endswith(".json"):
        return link.from_file(contents)
    words, rows = read_csv(contents)
    return _lab_of_csv(state.current(), words, rows)


def _lab_of_csv(lab: Lab, words: Sequence[str], rows: Sequence[Sequence[float]]) -> Lab:
    """Return the lab with a file's tokens as its sentence and the file's numbers as its edits."""
    if [token.text for token in lab.tokens] != list(words):
        lab = replace(lab, sentence=" ".join(words), keep_punctuation=True)
        if [token.text for token in lab.tokens] != list(words):
            raise CsvError("Its first column must hold one word in each row.")
    lab = replace(lab, d=len(rows[0]))
    return lab.with_entries(
        [
            (token.word, token.nth, column, entry)
            for token, row in zip(lab.tokens, rows, strict=True)
            for column, entry in enumerate(row)
        ]
    )
