"""The excerpt of large figures on the page, and the choice of what it lies around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from attention_core import Conventions
from attention_core.figures.heatmap import position_labels
from ui.cards.card import Group
from ui.cards.excerpt import OTHERS, SLOTS, SUFFIX, large_of, last_two, part
from ui.lab import state
from ui.parts import step_view
from ui.parts.widgets import choice


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
        name = card.linked["name"]
        for axis, size, other in zip(*last_two(explained.trace, name), OTHERS, strict=True):
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
