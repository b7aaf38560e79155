"""Where a number comes from: the picked cell's arithmetic, and the way down to the user's table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from attention_core import Conventions, Operand, Trace
from attention_core.figures import pointing
from attention_core.numbers import result_of
from attention_core.operations import Index
from ui.components import component
from ui.lab import state
from ui.lab.lab import MAX_TRAIL, Lab, Pick, trail_of

MOST_TERMS = 12  # of a sum on screen; the sum itself is of all of them
SCOPE = "main"
LARGEST_SERIAL = 2**53

_panel = component("explain")


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
    said = _Words(explained, state.current().conventions)
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


def label_of(
    trace: Trace, tokens: Sequence[str], conventions: Conventions, name: str, index: Index
) -> str:
    """Return what a cell of a run is called: ``weights · journey → starts``."""
    return _Words(Explained(trace, tokens), conventions).label(name, *index)


class _Words:
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
