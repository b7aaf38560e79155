"""Widgets that show the lab and change it, nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from ui.lab import state


def set_widget(widget_key: str, value: object) -> None:
    """Let a widget show what the lab says, also after an undo or on another page.

    Give each widget the same value as its default too: the browser loads a widget's script at its
    first use, and what was set in a run before that is lost on it; the default is not.
    """
    if st.session_state.get(widget_key) != value:
        st.session_state[widget_key] = value


def chosen(name: str) -> None:
    """Take the value of the widget ``_<name>`` into the lab's field of that name."""
    state.commit(state.current().choosing(**{name: st.session_state[f"_{name}"]}))


def _shown(name: str) -> Any:
    """Let the widget of a field show what the lab says; return that."""
    value = state.current().value(name)
    set_widget(f"_{name}", value)
    return value


def _sets(name: str) -> dict[str, Any]:
    """Return what makes a widget set a field of the lab."""
    return {"key": f"_{name}", "on_change": chosen, "args": (name,)}


def number_field(label: str, name: str, least: float, most: float, **how: Any) -> None:
    """Draw the number field of a field of the lab.

    Args:
        label: What it is called.
        name: The lab's field.
        least: The smallest number that it takes.
        most: And the largest.
        how: As for ``st.number_input``.
    """
    st.number_input(label, least, most, _shown(name), **_sets(name), **how)


def switch(label: str, name: str, **how: Any) -> None:
    """Draw the switch of a field of the lab; more as for ``st.toggle``."""
    st.toggle(label, _shown(name), **_sets(name), **how)


def scale(label: str, name: str, options: Sequence[Any], **how: Any) -> None:
    """Draw a field of the lab on a scale of options; more as for ``st.select_slider``."""
    st.select_slider(label, options, _shown(name), **_sets(name), **how)


def menu(label: str, name: str, options: Sequence[Any], **how: Any) -> None:
    """Draw a field of the lab as a menu of options; more as for ``st.selectbox``."""
    st.selectbox(label, options, options.index(_shown(name)), **_sets(name), **how)


def buttons(label: str, name: str, options: Sequence[Any], **how: Any) -> None:
    """Draw a field of the lab as radio buttons; more as for ``st.radio``."""
    st.radio(label, options, options.index(_shown(name)), **_sets(name), **how)


def choice(
    label: str,
    options: Sequence[str],
    at: int,
    *,
    widget_key: str,
    on_choice: Callable[[int], None],
    width: int,
) -> None:
    """Draw the choice of one of some texts, by position.

    Args:
        label: What is asked.
        options: The texts, all different. They may change with the sentence.
        at: The position that is chosen now.
        widget_key: The widget's key, which stays when the texts change.
        on_choice: Called with the position the user chose.
        width: In pixels.
    """
    set_widget(widget_key, at)
    st.selectbox(
        label,
        range(len(options)),
        at,
        key=widget_key,
        format_func=options.__getitem__,
        on_change=partial(_chosen_at, widget_key, on_choice),
        width=width,
    )


def _chosen_at(widget_key: str, on_choice: Callable[[int], None]) -> None:
    """Pass a choice on, unless it is the text of a sentence that has just changed.

    The browser sends the text. One who types fast sends it again before the new texts have come,
    and what is no option any more arrives as it is: nobody chose it.
    """
    position = st.session_state[widget_key]
    if isinstance(position, int):
        on_choice(position)


def query_chosen(position: int) -> None:
    """Follow another query token."""
    state.commit(state.current().choosing(query=position))
