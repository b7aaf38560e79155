"""Files that open in the app: a lab, or embeddings as a table."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.lab import link, state
from ui.lab.csv_file import CsvError, read_csv
from ui.lab.lab import Lab

MAX_FILE = link.JSON_LIMIT  # bytes
MENU = "_takeaway"  # the menu that the field stands in, as Streamlit knows it
TENSORS_PAGE = str(Path(__file__).parents[2] / "pages" / "your_tensors.py")


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
        max_upload_size=4,
    )


def _file_opened(widget_key: str) -> None:
    file = st.session_state.get(widget_key)
    if file is None:
        return
    st.session_state["_opened_files"] = st.session_state.get("_opened_files", 0) + 1
    st.session_state[MENU] = False  # what was opened, or why not, is behind it
    take_in(file.name, file.getvalue())


def take_in(file_name: str, contents: bytes) -> None:
    """Open a file; one that cannot be opened changes nothing, which is then said.

    Args:
        file_name: What it is called; its ending says what it is.
        contents: What is in it.
    """
    name = literal(file_name[:60])
    try:
        lab = _read(file_name, contents)
    except ValueError as error:
        state.complain(f"{name} was not opened. {literal(str(error))} Nothing was changed.")
        return
    state.commit(replace(lab, applied=state.current().applied))
    state.notify(
        f"{name} is open: {literal(', '.join(names(labels_of(lab), lab.conventions)[:12]))}."
    )


def dropped(message: object) -> None:
    """Open a file that was dropped on the page, as the browser tells of it; or turn to its page."""
    if not isinstance(message, Mapping):
        return
    name, content = str(message.get("name", "")), message.get("content")
    if message.get("turn") is True:
        st.switch_page(TENSORS_PAGE)
    if not isinstance(content, str) or len(content) > 2 * MAX_FILE:
        said = literal(name[:60]) or "The file"
        state.complain(
            f"{said} was not opened. Drop a lab (.json) or embeddings (.csv) of up to "
            f"{MAX_FILE:,} bytes, or tensors (.npz, .npy, .safetensors). Nothing was changed."
        )
        return
    try:
        take_in(name, base64.b64decode(content, validate=True))
    except binascii.Error:
        state.complain("The file was not opened: it did not arrive whole. Nothing was changed.")


def _read(file_name: str, contents: bytes) -> Lab:
    if len(contents) > MAX_FILE:
        raise CsvError(f"It has {len(contents):,} bytes; at most {MAX_FILE:,} are read.")
    if file_name.lower().endswith(".json"):
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
