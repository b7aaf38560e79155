"""What opens a file on the page "Your tensors", and keeps it in the session and in the browser."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.cards.literal import literal
from ui.components import component
from ui.lab import state
from ui.lab.lab import Lab
from ui.lessons.your_tensors import opened as opened_tensors
from ui.lessons.your_tensors.choices import TensorChoices
from ui.lessons.your_tensors.figures import FILES
from ui.lessons.your_tensors.opened import KEPT_BYTES, Held

MISSING = "tensor_file_missing"
MOST_KEPT = 65 * 2**20  # bytes of files that a session keeps, for undo
MAX_UPLOAD = 65  # MB: of 64 MB of tensors, and their names
ENDINGS = ("npz", "npy", "safetensors", "csv")
_shelf = component("shelf")


def uploader() -> None:
    """Draw the field that takes a file in, and the example."""
    turn = st.session_state.get("_opened_tensors", 0)
    widget_key = f"_tensor_file:{turn}"
    st.file_uploader(
        "Open a file (.npz, .npy, .safetensors or .csv), up to 512 tokens and 64 MB of tensors",
        type=list(ENDINGS),
        key=widget_key,
        on_change=_uploaded,
        args=(widget_key,),
        max_upload_size=MAX_UPLOAD,
    )
    if state.current().of(TensorChoices).tensors:  # a first visit has the example on screen
        st.button(
            "Try it with an example",
            key="_tensor_example",
            icon=":material/school:",
            on_click=_example_chosen,
        )


def _example_chosen() -> None:
    state.commit(state.current().choosing(tensors=""))


def _uploaded(widget_key: str) -> None:
    file = st.session_state.get(widget_key)
    if file is None:
        return
    st.session_state["_opened_tensors"] = st.session_state.get("_opened_tensors", 0) + 1
    take_in(file.name, file.getvalue())


def take_in(file_name: str, contents: bytes) -> None:
    """Open a file; one that cannot be opened changes nothing, which is then said.

    Args:
        file_name: What it is called.
        contents: What is in it.
    """
    name = literal(file_name[:60])
    try:
        held = opened_tensors.opened(file_name[:100], contents)
    except ValueError as error:
        said = str(error)
        said = f"{said[:1].upper()}{said[1:]}".rstrip(".")
        state.complain(f"{name} was not opened. {literal(said)}. Nothing was changed.")
        return
    _remember(held)
    state.commit(state.current().choosing(tensors=held.id))
    state.notify(f"{name} is open. What was found in it is below.")


def _remember(held: Held) -> None:
    """Keep a file in the session, and of those before it as many as there is room for."""
    kept = {held.id: held}
    room = MOST_KEPT - _bytes_of(held)
    for own in reversed(_files().values()):
        room -= _bytes_of(own)
        if room >= 0 and own.id not in kept:
            kept[own.id] = own
    st.session_state[FILES] = dict(reversed(kept.items()))


def _bytes_of(held: Held) -> int:
    return sum(tensor.nbytes for tensor in held.tensors.values()) + len(held.contents)


def _files() -> dict[str, Held]:
    found: dict[str, Held] = st.session_state.get(FILES, {})
    return found


def held_of(lab: Lab) -> Held | None:
    """Return the file that a lab names; None if this session does not have it."""
    return (
        opened_tensors.example()
        if not lab.of(TensorChoices).tensors
        else _files().get(lab.of(TensorChoices).tensors)
    )


def kept(lab: Lab) -> Held | None:
    """Return the file that is open, from this browser where the session lost it, and say so.

    Returns:
        None where it is neither here nor there, which is then said, or not here yet.
    """
    held = held_of(lab)
    is_missing = st.session_state.get(MISSING) == lab.of(TensorChoices).tensors
    want = lab.of(TensorChoices).tensors if held is None and not is_missing else None
    store = None
    if held is not None and held.id and held.contents:
        content = base64.b64encode(held.contents).decode()
        store = {"id": held.id, "name": held.name, "content": content}
    answer = _shelf(
        data={"store": store, "want": want},
        key="shelf",
        on_failed_change=lambda: None,
        on_restored_change=lambda: None,
    )
    if want and isinstance(answer.restored, Mapping) and answer.restored.get("id") == want:
        _restore(want, answer.restored)
        st.rerun()
    if held is None:
        _say_missing(is_waiting=want is not None)
    else:
        _say_kept(held, is_failing=bool(held.id) and answer.failed == held.id)
    return held


def _restore(held_id: str, found: Mapping[str, Any]) -> None:
    """Take in what the browser kept, if it is the file that was asked for."""
    content, name = found.get("content"), str(found.get("name", ""))[:100]
    try:
        contents = base64.b64decode(content if isinstance(content, str) else "", validate=True)
        held = opened_tensors.opened(name, contents[: KEPT_BYTES + 1])
    except (ValueError, binascii.Error):
        held = None
    if held is not None and held.id == held_id:
        _remember(held)
    else:
        st.session_state[MISSING] = held_id


def _say_missing(*, is_waiting: bool) -> None:
    if is_waiting:
        st.caption("Looking for the file in this browser …")
        return
    st.warning(
        "This lab is about a file that is not here: its tensors are not in the address, and this "
        "browser does not have them. Open the same file again. What was chosen (roles, tokens, "
        "layer, head) waits for it.",
        icon=":material/upload_file:",
    )


def _say_kept(held: Held, *, is_failing: bool) -> None:
    if not held.id:
        st.caption(
            "This is an example: the notebook's sentence through multi-head attention, saved by "
            "save_trace and opened like any file. Take it with you → As tensors gives that file."
        )
    elif held.contents and not is_failing:
        st.caption(
            "A reload keeps all of this: your choices are in the address, the file is in this "
            "browser. To share it, send the file along with the address."
        )
    else:
        why = "this browser does not store it" if is_failing else "it is larger than 1 MB"
        st.caption(
            f"**A reload loses the file**, as {why}: open it again then. Your choices are in the "
            "address and wait for it."
        )
