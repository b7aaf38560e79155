"""The panel that explains the picked cell, and the trail of cells that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from attention_core import Trace
from attention_core.operations import Index
from ui.cards.explained import CellWords, Explained
from ui.components import component
from ui.lab import state
from ui.lab.checks import MAX_TRAIL, Pick, trail_of
from ui.lab.lab import Lab

LARGEST_SERIAL = 2**53
_panel = component("explain")


def take_in_pick(explained: Explained, place: str, message: object) -> bool:
    """Begin a trail at the cell that was picked in the figures of a place.

    Returns:
        Whether the message was new. One that no figure sends is ignored.
    """
    cell = _cell(message)
    if cell is None or not _exists(explained.trace, place, (place, *cell)):
        return False
    return _moved(place, message, ((place, *cell),))


def _take_in_step(explained: Explained, place: str, message: object) -> bool:
    """Follow the trail one cell further, or go back on it."""
    trail = _trail(explained, place)
    cell = _cell(message)
    if cell is not None and _exists(explained.trace, place, (place, *cell)):
        return _moved(f"explain:{place}", message, (*trail, (place, *cell))[-MAX_TRAIL:])
    back = message.get("back") if isinstance(message, Mapping) else None
    if isinstance(back, int) and not isinstance(back, bool) and -1 <= back < len(trail):
        return _moved(f"explain:{place}", message, trail[: back + 1])
    return False


def _trail(explained: Explained, place: str) -> tuple[Pick, ...]:
    """Return the trail as the panel of a place shows it."""
    return tuple(pick for pick in state.current().trail if _exists(explained.trace, place, pick))


def _moved(sender: str, message: object, trail: tuple[Pick, ...]) -> bool:
    """Put the trail into the lab, if this message of the sender was not seen before."""
    lab = state.current()
    serial = message.get("serial") if isinstance(message, Mapping) else None
    if not isinstance(serial, int) or isinstance(serial, bool):
        return False
    if not lab.applied.get(sender, 0) < serial <= LARGEST_SERIAL:
        return False
    try:
        trail = trail_of(trail)
    except ValueError:
        return False
    state.commit(replace(lab, trail=trail).with_seen(sender, serial))
    return True


def _cell(message: object) -> tuple[str, *Index] | None:
    """Return the cell that a message names, its head first if it has one; None if it names none."""
    if not isinstance(message, Mapping):
        return None
    name, head = message.get("name"), message.get("head")
    index = [*([] if head is None else [head]), message.get("row"), message.get("column")]
    if not isinstance(name, str) or not all(isinstance(position, int) for position in index):
        return None
    return name, *index


def panel(explained: Explained, place: str) -> None:
    """Draw the explanation of the cell that is picked in a place's figures, if one is.

    Args:
        explained: The run that the figures show.
        place: The Streamlit key of the figures.
    """
    widget_key = f"explain:{place}"
    _take_in_step(explained, place, st.session_state.get(widget_key, {}).get("walked"))
    trail = _trail(explained, place)
    if not trail:
        return
    said = CellWords(explained, state.current().conventions)
    answer = _panel(
        data={
            "scope": explained.scope,
            **said.explanation(*trail[-1][1:]),
            "trail": [said.label(*pick[1:]) for pick in trail],
            "ack": _ack(state.current(), widget_key),
        },
        key=widget_key,
        on_walked_change=lambda: None,
    )
    if _take_in_step(explained, place, answer.walked):
        st.rerun()


def _ack(lab: Lab, sender: str) -> int:
    return lab.applied.get(sender, 0)


def _exists(trace: Trace, place: str, pick: Pick) -> bool:
    """Return whether a pick is a cell of this trace, whose shape may have changed since."""
    where, name, *index = pick
    return where == place and trace.has_cell(name, index)
