"""The part of large figures that is shown with exact numbers, and what chooses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from attention_core import Conventions, Trace
from attention_core.figures.heatmap import Part, position_labels
from ui.lab import state
from ui.lab.lab import Lab
from ui.parts import step_view
from ui.parts.explain_view import Explained
from ui.parts.step_view import Card, Group
from ui.parts.widgets import choice

SUFFIX = ":part"  # the name of a group's part is the group's own and this
ROWS, COLUMNS = 10, 8
SLOTS = {"query token": 0, "token": 0, "key token": 1, "dimension": 2}  # of ``Lab.window``, by axis
OTHERS = (0, 2)  # the slots of rows and of columns that are something else


def large_of(group: Group) -> list[Card]:
    """Return the cards of a group that show no numbers but whose cells can be picked."""
    return [
        card
        for card in group.cards
        if group.has_part
        and group.explained
        and card["cells"]
        and "texttemplate" not in card["spec"]["data"][0]
    ]


def part(group: Group, lab: Lab) -> Group:
    """Return the part of a group's large figures that the lab looks at, with exact numbers.

    Raises:
        ValueError: If the group has no cells that can be picked.
    """
    explained = group.explained
    if explained is None:
        raise ValueError("figures whose cells cannot be picked have no part to look at")
    cards = [_card(explained, large, lab) for large in large_of(group)]
    return Group(cards, explained, step_view.MIN_WIDTH_WIDE, arrows=False)


def _card(explained: Explained, large: Card, lab: Lab) -> Card:
    """Return the card of a part of a large one; its numbers are checked there."""
    name, head = large["cells"]["name"], large["cells"]["head"]
    shown = part_of(explained.trace, name, lab)
    card = step_view.step_card(
        explained.trace,
        name,
        explained.tokens,
        (),
        query=explained.query,
        query_row=explained.query_row,
        part=shown,
        conventions=lab.conventions,
        head=head,
    )
    return {
        **card,
        "id": f"{large['id']}_part",
        "title": f"{large['title']}, in part",
        "shape": f"{len(shown[0])} × {len(shown[1])} of {card['shape']}",
        "formula": "",
        "alt": _alt(card),
        "check": None,
        "cells": {
            **card["cells"],
            "of": large["cells"]["of"],
            "reads": large["cells"]["reads"],
            "scope": large["cells"]["scope"],
        },
    }


def _alt(card: Card) -> str:
    """Return which part it is, in words."""
    both = (card["cells"]["rows"], card["cells"]["columns"])
    ends = [f"{labels[0]} to {labels[-1]}" for labels in both]
    return f"{', '.join(ends)}."


def part_of(trace: Trace, name: str, lab: Lab) -> Part:
    """Return the rows and columns of a value around what the lab looks at."""
    sizes = zip(*_last_two(trace, name), (ROWS, COLUMNS), OTHERS, strict=True)
    rows, columns = (
        _around(lab.window[SLOTS.get(axis, other)], size, most) for axis, size, most, other in sizes
    )
    return rows, columns


def _last_two(trace: Trace, name: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return what a value's rows and columns are, and how many there are: of every head."""
    return trace.axes(name)[-2:], tuple(trace[name].shape[-2:])


def _around(centre: int, size: int, most: int) -> range:
    first = max(0, min(centre - most // 2, size - most))
    return range(first, min(size, first + most))


def show(group: Group, widget_key: str, on_pick: Callable[[], None] | None = None) -> None:
    """Draw the part of a group's large figures, if it has any, and what chooses it.

    Args:
        group: The figures above.
        widget_key: Their Streamlit key.
        on_pick: Called when a cell of the part has just been picked.
    """
    large, explained = large_of(group), group.explained
    if not large or explained is None:
        return
    lab, along = state.current(), dict[int, tuple[str, int]]()
    for card in large:
        name = card["cells"]["name"]
        for axis, size, other in zip(*_last_two(explained.trace, name), OTHERS, strict=True):
            # Queries and keys have tokens, their scores query tokens: one choice is for both.
            slot = SLOTS.get(axis, other)
            if size > along.get(slot, ("", 0))[1]:
                along[slot] = (axis, size)
    st.markdown("**Exact numbers of a part.** Click a cell above to look there, or choose:")
    with st.container(horizontal=True):
        for slot, (axis, size) in along.items():
            if size > 1:
                labels = position_labels(axis, size, explained.tokens, lab.conventions)
                _picker(axis, slot, labels, lab.conventions, widget_key)
    step_view.draw(part(group, lab), widget_key=f"{widget_key}{SUFFIX}", on_pick=on_pick)


def look_at_pick(group: Group) -> None:
    """Let the lab look at the cell that was picked last, if it is one of a large figure."""
    if group.explained is None or not large_of(group):
        return
    _, name, *cell = state.current().trail[-1]
    axes, before = group.explained.trace.axes(name)[-2:], state.current().window
    for axis, position, other in zip(axes, cell[-2:], OTHERS, strict=True):
        _commit(SLOTS.get(axis, other), position)
    if state.current().window != before:
        st.rerun()  # the parts of other figures were drawn before this was known


def _commit(slot: int, position: int) -> None:
    lab = state.current()
    query, key, dimension = (position if own == slot else now for own, now in enumerate(lab.window))
    state.commit(replace(lab, window=(query, key, dimension)))


def _picker(axis: str, slot: int, labels: list[str], conventions: Conventions, place: str) -> None:
    """Draw the choice of what the part lies around, along one axis."""
    chosen = min(state.current().window[slot], len(labels) - 1)
    choice(
        axis.capitalize(),
        [f"{conventions.number(at)} · {label}" for at, label in enumerate(labels)],
        chosen,
        widget_key=f"_{place}{SUFFIX}:{slot}",
        on_choice=partial(_commit, slot),
        width=240,
    )
