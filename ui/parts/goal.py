"""Goal seek on the page: what is wished, the search with its progress, and its replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from attention_core import Trace
from attention_core.numbers import plain, result_of
from attention_core.studies.goal import GOING_ON
from ui.cards.embeddings import labels_of
from ui.cards.goal_path import (
    MARK,
    MOST_STEPS,
    SECONDS,
    Path,
    at_attempt,
    attempts_of,
    began_at,
    outcome,
)
from ui.cards.literal import literal, names
from ui.lab import link, state
from ui.lab.checks import LIMIT
from ui.lab.lab import MAX_PINNED, Lab
from ui.lessons.lesson import MainRun
from ui.parts.widgets import choice, set_widget

MOVES_NAMES = {"inputs": "embeddings", "w_query": "query weights", "w_key": "key weights"}
_PATH = "goal:path"


def section(run: MainRun, trace: Trace, lab: Lab) -> None:
    """Draw the goal, the search and its replay.

    Args:
        run: Whose weights are sought.
        trace: That run, as it is on screen.
        lab: What the user chose.
    """
    st.subheader("Goal seek", anchor=False)
    st.markdown(
        "Choose what you want; a gradient search moves your numbers until the weight is reached, "
        "or says what stopped it: a mask, your bound, no step that gets closer, or the end of its "
        f"{SECONDS:.0f} seconds and {MOST_STEPS} steps."
    )
    _controls(trace, lab)
    start = began_at(lab)
    if start is None:
        return
    if (start.tokens, start.d, start.d_out) != (lab.tokens, lab.d, lab.d_out):
        st.info(
            "This search began with another sentence or width. Search again, or undo.",
            icon=":material/history:",
        )
        return
    path = st.session_state.get(_PATH)
    if not isinstance(path, Path) or path.of != (run.stored_as, lab.goal_from):
        path = Path((run.stored_as, lab.goal_from))
        st.session_state[_PATH] = path
        _search(path, start, run.trace_of)
    if path.attempts:
        _replay(path, start, lab)


def _controls(trace: Trace, lab: Lab) -> None:
    called = names(labels_of(lab), lab.conventions)
    query, key, target, bound = lab.goal
    last = len(called) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for slot, label, at in ((0, "Make this token", query), (1, "attend to", key)):
            _token(slot, label, min(at, last), called)
        _number(2, "with at least", target, 0.01, 0.99, 0.05, "A share of its attention.")
        told = "The length of all changes together; 0 for any length."
        _number(3, "moving at most", bound, 0.0, LIMIT, 1.0, told)
    movable = [name for name in MOVES_NAMES if name in trace.inputs]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(movable) > 1:
            now = [name for name in lab.goal_moves if name in movable]
            set_widget("_goal_moves", now)
            st.multiselect(
                "What may move",
                movable,
                now,
                key="_goal_moves",
                format_func=MOVES_NAMES.__getitem__,
                on_change=_moves_chosen,
                width=360,
            )
        st.button("Search", key="_goal_search", icon=":material/flag:", on_click=_begin)
        if lab.goal_from:
            st.button("Forget this search", key="_goal_forget", on_click=_forget)


def _token(slot: int, label: str, at: int, called: Sequence[str]) -> None:
    choice(
        label, called, at, widget_key=f"_goal:{slot}", on_choice=partial(_choose, slot), width=180
    )


def _number(
    slot: int, label: str, now: float, least: float, most: float, step: float, told: str
) -> None:
    set_widget(f"_goal:{slot}", now)
    st.number_input(
        label,
        least,
        most,
        now,
        step,
        key=f"_goal:{slot}",
        on_change=lambda: _choose(slot, st.session_state[f"_goal:{slot}"]),
        width=150,
        help=told,
    )


def _choose(slot: int, value: float) -> None:
    lab = state.current()
    query, key, target, bound = lab.goal
    now = [query, key, target, bound]
    now[slot] = value
    state.commit(replace(lab, goal=(int(now[0]), int(now[1]), now[2], now[3])))


def _moves_chosen() -> None:
    some = st.session_state["_goal_moves"]
    moves = tuple(name for name in MOVES_NAMES if name in some)
    state.commit(replace(state.current(), goal_moves=moves))


def _begin() -> None:
    lab = state.current()
    text = link.keep(lab, MARK)
    if len(text) > MAX_PINNED:
        state.complain("This lab is too large to search in. Take a shorter sentence.")
        return
    st.session_state.pop(_PATH, None)
    state.commit(replace(lab, goal_from=text, goal_step=0))


def _forget() -> None:
    state.commit(replace(state.current(), goal_from="", goal_step=0))


def _search(path: Path, start: Lab, trace_of: Callable[[Lab], Trace]) -> None:
    """Run a search with its progress on screen, and show where it ended.

    Each step is kept as it comes: any click ends this run of the page, and so the search.
    """
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Searching …")
        st.button("Stop", key="_goal_stop", icon=":material/stop:")
    is_new = state.current().goal_step == 0
    try:
        for attempt in attempts_of(start, trace_of):
            path.attempts.append(attempt)
            if attempt.number % 5 == 0 or attempt.status != GOING_ON:
                told = f"Step {attempt.number}: {result_of(attempt.weight)}"
                bar.progress(min(1.0, max(0.0, attempt.weight / start.goal[2])), told)
        path.is_done = True
    except (ValueError, IndexError) as error:
        st.warning(f"There is nothing to search: {literal(str(error))}.", icon=":material/error:")
    place.empty()
    if path.is_done and is_new and len(path.attempts) > 1:
        _show(path, len(path.attempts) - 1)
        st.rerun()


def _show(path: Path, step: int) -> None:
    lab = state.current()
    try:
        state.commit(at_attempt(lab, path.attempts[step], step), ("goal", lab.goal_from))
    except ValueError as error:
        state.complain(
            f"Step {step} of the search cannot be shown. It needs {literal(str(error))}."
        )


def _replay(path: Path, start: Lab, lab: Lab) -> None:
    """Draw what came of a search, and the slider that goes through its steps."""
    st.markdown(outcome(path, start, lab))
    last = len(path.attempts) - 1
    if last < 1:
        return
    step = min(lab.goal_step, last)
    set_widget("_goal_step", step)
    st.slider(
        "Replay the search",
        0,
        last,
        step,
        key="_goal_step",
        on_change=_step_chosen,
        help="Step 0 is where it began. The tables and all figures follow.",
    )
    shown = path.attempts[step]
    st.caption(
        f"Step {step} of {last}: weight {result_of(shown.weight)}, moved by {plain(shown.moved)}."
    )


def _step_chosen() -> None:
    path = st.session_state.get(_PATH)
    step = st.session_state["_goal_step"]
    if isinstance(path, Path) and step < len(path.attempts):
        _show(path, step)
