"""Widgets that show the lab and change it, nothing in between."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ui import state


def set_widget(widget_key: str, value: object) -> None:
    """Let a widget show what the lab says, also after an undo or on another page.

    Give each widget the same value as its default too: the browser loads a widget's script at its
    first use, and what was set in a run before that is lost on it; the default is not.
    """
    if st.session_state.get(widget_key) != value:
        st.session_state[widget_key] = value


def chosen(name: str) -> None:
    """Take the value of the widget ``_<name>`` into the lab's field of that name."""
    state.commit(replace(state.current(), **{name: st.session_state[f"_{name}"]}))
