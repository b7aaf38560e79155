"""The user's own numbers in the steps of a run: put in, marked, let go of.

They are kept by the place they are used in and the step (``"qkv/weights"``, with heads
``"heads/weights/0"``), by row and by the width of the matrix: when the sentence gets another length
they wait until it is back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import streamlit as st

from attention_core import Conventions, Trace
from attention_core.figures import with_marks
from attention_core.glossary import term
from attention_core.numbers import plain
from attention_core.operations import Index
from ui.cards.literal import literal
from ui.lab import state
from ui.lab.edits import NO_EDITS, RowEdits, RowKey
from ui.lab.lab import LIMIT, Lab, number
from ui.parts.step_view import Card, Group
from ui.parts.widgets import set_widget

Cells = dict[str, dict[Index, float]]  # by step


def applied(trace: Trace, lab: Lab, own: str) -> Trace:
    """Return a run again with the user's own numbers in its steps.

    Args:
        trace: The run without them.
        lab: What the user chose.
        own: The name of the place whose numbers they are.
    """
    cells: Cells = {}
    for name, index, entry in _numbers(trace, lab, own):
        cells.setdefault(name, {})[index] = entry
    if not cells:
        return trace
    return trace.mechanism.with_overrides(cells).run(**trace.inputs)


def _numbers(trace: Trace, lab: Lab, own: str) -> Iterator[tuple[str, Index, float]]:
    """Yield the step, the cell and the number of each that fits the run."""
    for (label, nth, width), row in lab.overrides.rows.items():
        place, _, rest = label.partition("/")
        name, _, head = rest.partition("/")
        is_head = head.isascii() and head.isdigit()
        if place != own or name not in trace.steps or not (is_head or rest == name):
            continue
        shape = tuple(trace[name].shape)
        start = (int(head[:9]), nth - 1) if is_head else (nth - 1,)
        fits = len(start) == len(shape) - 1 and width == shape[-1]
        if fits and all(at < size for at, size in zip(start, shape, strict=False)):
            yield from ((name, (*start, column), entry) for column, entry in row.items())


def key_of(own: str, name: str, index: Index, width: int) -> RowKey:
    """Return under which name a cell's row is kept.

    Example:
        >>> key_of("qkv", "weights", (2, 0), 6), key_of("heads", "weights", (1, 2, 0), 6)
        (('qkv/weights', 3, 6), ('heads/weights/1', 3, 6))
    """
    head = "".join(f"/{at}" for at in index[:-2])
    return f"{own}/{name}{head}", index[-2] + 1, width


def with_override(lab: Lab, trace: Trace, own: str, name: str, index: Index, entry: float) -> Lab:
    """Return the lab with a number of the user's own in a cell.

    Raises:
        ValueError: If there is no such step or cell, or the number is out of bounds.
    """
    _require_cell(trace, name, index)
    key = key_of(own, name, index, trace[name].shape[-1])
    row = {**lab.overrides.row(*key), index[-1]: number(entry)}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def without_override(lab: Lab, trace: Trace, own: str, name: str, index: Index) -> Lab:
    """Return the lab with a cell computed again."""
    key = key_of(own, name, index, trace[name].shape[-1])
    row = {c: entry for c, entry in lab.overrides.row(*key).items() if c != index[-1]}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def without_overrides(lab: Lab, trace: Trace, own: str) -> Lab:
    """Return the lab with every cell on screen computed again; numbers that wait go on waiting."""
    gone: dict[RowKey, RowEdits] = {
        key_of(own, name, index, trace[name].shape[-1]): NO_EDITS
        for name, index, _ in _numbers(trace, lab, own)
    }
    return replace(lab, overrides=lab.overrides.with_rows(gone))


def _require_cell(trace: Trace, name: str, index: Index) -> None:
    if name not in trace.steps or not trace.has_cell(name, index):
        shape = tuple(trace[name].shape) if name in trace.steps else ()
        raise ValueError(f"a cell of a step; {name} has shape {shape}")


# ---- On the figures ----------------------------------------------------------------------------


def overridable(group: Group, own: str, conventions: Conventions) -> Group:
    """Return a group whose steps take numbers of the user's, and whose cards show those that are.

    Args:
        group: The figures of a run that ``applied`` returned.
        own: The name under which its numbers are kept.
        conventions: How values are drawn.
    """
    if group.explained is None:
        return group
    trace = group.explained.trace
    cards = [_marked(card, trace, conventions) for card in group.cards]
    return replace(group, cards=cards, own=own)


def _marked(card: Card, trace: Trace, conventions: Conventions) -> Card:
    cells = card["cells"]
    if not cells:
        return card
    name, head = cells["name"], cells.get("head")
    own = [
        index[-2:] for index in trace.overridden.get(name, ()) if head is None or index[0] == head
    ]
    if own:
        said = f"Yours: {_counted(len(own), name)}, marked with a dot."
        spec = with_marks(card["spec"], sorted(own))
        return {**card, "spec": spec, "note": f"{said} {card['note']}".strip()}
    late = trace.detached.get(name)
    if late:
        steps = " and ".join(late)
        said = f"Detached: {steps} has numbers of yours that no longer follow from these."
        return {**card, "note": f"{conventions.said(said)} {card['note']}".strip()}
    return card


def _counted(count: int, name: str) -> str:
    return f"1 of the {term(name).cells}" if count == 1 else f"{count} {term(name).cells}"


# ---- Controls ----------------------------------------------------------------------------------


def controls(group: Group, place: str) -> None:
    """Draw what puts a number into the cell that is explained, and lets go of one or all.

    Args:
        group: The figures on screen.
        place: Their Streamlit key.
    """
    if not group.own or group.explained is None:
        return
    trace, lab, own = group.explained.trace, state.current(), group.own
    takes = group.own_steps or trace.steps
    picked = _picked(trace, lab, place)
    picked = picked if picked and picked[0] in takes else None
    known = {
        (name, index): entry for name, index, entry in _numbers(trace, lab, own) if name in takes
    }
    here = {card["cells"]["name"] for card in group.cards if card["cells"]}
    has_own = any(name in here for name, _ in known)
    if picked is None and not has_own:
        some = " and ".join(term(name).cells for name in group.own_steps)
        st.caption(
            f"Click any cell to explain it; {some} take numbers of your own."
            if some
            else "Click any cell to explain it, and to put a number of your own there."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if picked:
            _field(trace, own, place, picked, known.get(picked))
        if has_own:
            st.button(
                f"Let go of all {len(known)}" if len(known) > 1 else "Let go of your number",
                key=f"_let_go:{own}:{place}",
                icon=":material/restart_alt:",
                on_click=_let_go,
                args=(trace, own),
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
    trace: Trace, own: str, place: str, picked: tuple[str, Index], entry: float | None
) -> None:
    name, index = picked
    cell = ", ".join(str(at) for at in index)
    widget_key = f"_own:{own}:{place}:{name}:{cell}"
    shown = "" if entry is None else plain(entry)
    set_widget(widget_key, shown)
    st.text_input(
        f"Your number for {name}[{cell}]",
        shown,
        key=widget_key,
        placeholder=f"computed: {plain(float(trace[name][index]))}",
        on_change=_typed,
        args=(widget_key, trace, own, place, picked),
        width=260,
        help="Type a number and press Enter: everything after this step follows it, everything "
        "before stays. Empty it to compute the cell again.",
    )


def _message_key(place: str) -> str:
    return f"own:{place}:message"


def _typed(widget_key: str, trace: Trace, own: str, place: str, picked: tuple[str, Index]) -> None:
    name, index = picked
    typed, lab = st.session_state[widget_key].strip(), state.current()
    if not typed:
        state.commit(without_override(lab, trace, own, name, index))
        return
    try:
        entry = float(typed.replace("−", "-").replace(",", "."))
        state.commit(with_override(lab, trace, own, name, index, entry))
    except ValueError:
        shape = " × ".join(str(size) for size in trace[name].shape)
        st.session_state[_message_key(place)] = (
            f"`{name}` ({shape}) needs a number from {-LIMIT:,.0f} to {LIMIT:,.0f} in this cell; "
            f"got “{literal(typed[:40])}”. Nothing was changed."
        )


def _let_go(trace: Trace, own: str) -> None:
    state.commit(without_overrides(state.current(), trace, own))
