"""The field for a number of one's own in the picked cell, and what lets go of them."""

from __future__ import annotations

import streamlit as st

from attention_core import Trace
from attention_core.glossary import term
from attention_core.numbers import plain
from attention_core.operations import Index
from ui.cards.card import Group
from ui.cards.literal import literal
from ui.cards.overriding import own_cells, with_override, without_override, without_overrides
from ui.lab import state
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.parts.widgets import set_widget


def fields(group: Group, place: str) -> None:
    """Draw what puts a number into the cell that is explained, and lets go of one or all.

    Args:
        group: The figures on screen.
        place: Their Streamlit key.
    """
    if not group.stored_as or group.explained is None:
        return
    trace, lab, stored_as = group.explained.trace, state.current(), group.stored_as
    takes = group.overridable_steps or trace.steps
    picked = _picked(trace, lab, place)
    picked = picked if picked and picked[0] in takes else None
    known = {
        (name, index): entry
        for name, index, entry in own_cells(trace, lab, stored_as)
        if name in takes
    }
    here = {card.cells["name"] for card in group.cards if card.cells}
    has_own = any(name in here for name, _ in known)
    if picked is None and not has_own:
        some = " and ".join(term(name).cells for name in group.overridable_steps)
        st.caption(
            f"Click any cell to explain it; {some} take numbers of your own."
            if some
            else "Click any cell to explain it, and to put a number of your own there."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if picked:
            _field(trace, stored_as, place, picked, known.get(picked))
        if has_own:
            st.button(
                f"Let go of all {len(known)}" if len(known) > 1 else "Let go of your number",
                key=f"_let_go:{stored_as}:{place}",
                icon=":material/restart_alt:",
                on_click=_let_go,
                args=(trace, stored_as),
            )
    message = st.session_state.pop(_message_key(place), "")
    if message:
        st.warning(message, icon=":material/error:")


def _picked(trace: Trace, lab: Lab, place: str) -> tuple[str, Index] | None:
    """Return the cell of a step that is explained below the figures of a place."""
    if not lab.trail or lab.trail[-1][0] != place:
        return None
    _, name, *index = lab.trail[-1]
    fits = name in trace.steps and trace.has_cell(name, index)
    return (name, tuple(index)) if fits else None


def _field(
    trace: Trace, stored_as: str, place: str, picked: tuple[str, Index], entry: float | None
) -> None:
    name, index = picked
    cell = ", ".join(str(at) for at in index)
    widget_key = f"_own:{stored_as}:{place}:{name}:{cell}"
    shown = "" if entry is None else plain(entry)
    set_widget(widget_key, shown)
    st.text_input(
        f"Your number for {name}[{cell}]",
        shown,
        key=widget_key,
        placeholder=f"computed: {plain(float(trace[name][index]))}",
        on_change=_typed,
        args=(widget_key, trace, stored_as, place, picked),
        width=260,
        help="Type a number and press Enter: everything after this step follows it, everything "
        "before stays. Empty it to compute the cell again.",
    )


def _message_key(place: str) -> str:
    return f"own:{place}:message"


def _typed(
    widget_key: str, trace: Trace, stored_as: str, place: str, picked: tuple[str, Index]
) -> None:
    name, index = picked
    typed, lab = st.session_state[widget_key].strip(), state.current()
    if not typed:
        state.commit(without_override(lab, trace, stored_as, name, index))
        return
    try:
        entry = float(typed.replace("−", "-").replace(",", "."))
        state.commit(with_override(lab, trace, stored_as, name, index, entry))
    except ValueError:
        shape = " × ".join(str(size) for size in trace[name].shape)
        st.session_state[_message_key(place)] = (
            f"`{name}` ({shape}) needs a number from {-LIMIT:,.0f} to {LIMIT:,.0f} in this cell; "
            f"got “{literal(typed[:40])}”. Nothing was changed."
        )


def _let_go(trace: Trace, stored_as: str) -> None:
    state.commit(without_overrides(state.current(), trace, stored_as))
