"""A group of figures drawn in the browser, and the formulas and the code of a mechanism."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from attention_core import USUAL, Conventions, Mechanism, Trace
from attention_core.figures.heatmap import figure_of
from ui.cards.card import Group, as_drawn
from ui.cards.step_cards import (
    FROM_FILE,
    IN_TORCH,
    INDICES,
    latex_of,
    legend,
    pytorch_of,
    reads_file,
)
from ui.components import component
from ui.lab import state
from ui.parts import code_view
from ui.parts.explain_view import panel, take_in_pick
from ui.server.delivery import PLOTLY

LONGEST_CODE = 30  # lines; longer code waits behind a click
_figures = component("figures")


def _draw_plainly(group: Group, widget_key: str) -> None:
    """Draw figures without our own script, which did not load: still and unlinked, but there."""
    st.caption("The figures' own script did not load, so these are plain ones. Reload the page.")
    for card in map(as_drawn, group.cards):
        figure = figure_of(card.spec)
        st.plotly_chart(figure, key=f"{widget_key}:{card.id}", height=card.height)


def draw(group: Group, *, widget_key: str, on_pick: Callable[[], None] | None = None) -> None:
    """Draw figures in a row that wraps, and below it the cell of them that is picked, explained.

    Args:
        group: The figures.
        widget_key: A Streamlit key for the group.
        on_pick: Called when a cell has just been picked.
    """
    state.note(widget_key, group)
    explained, applied = group.explained, state.current().applied
    answer = _figures(
        data={
            **group.data,
            "name": widget_key,
            "plotly": PLOTLY,
            "ack": applied.get(widget_key, 0),
            "seen": dict(applied),
        },
        key=widget_key,
        on_failed_change=lambda: None,
        on_picked_change=lambda: None,
    )
    before = state.current().trail
    is_new = explained is not None and take_in_pick(explained, widget_key, answer.picked)
    if is_new and on_pick:
        on_pick()
    if is_new and before and before[-1][0] != widget_key:
        st.rerun()  # the panel of another place was drawn before this was known
    if answer.failed:
        _draw_plainly(group, widget_key)
    if explained:
        panel(explained, widget_key)


def formulas(
    mechanism: Mechanism,
    *,
    only: Sequence[str] = (),
    conventions: Conventions = USUAL,
    indices: str = INDICES,
    folded: str = "",
) -> None:
    """Show every step's formula, and what each symbol stands for.

    Args:
        mechanism: Whose.
        only: The steps to show, if not all.
        conventions: Whose symbols.
        indices: What the indices stand for, as Markdown: a template of ``Conventions.say``.
        folded: What is clicked to see what the symbols stand for; empty to show it at once.
    """
    shown = [step for step in mechanism.steps if not only or step.name in only]
    for step in shown:
        # Not st.latex: its block can scroll, but not by keyboard.
        for formula in latex_of(step, conventions):
            st.markdown(rf"$\displaystyle {formula}$", text_alignment="center")
    with st.expander(folded) if folded else st.container():
        st.markdown("\n".join(legend(shown, conventions, indices)))


def code(trace: Trace, tokens: Sequence[str] = (), *, conventions: Conventions = USUAL) -> None:
    """Show the PyTorch that computes exactly what the page shows, ready to paste."""
    if conventions.is_turned:
        st.caption(IN_TORCH)
    text = pytorch_of(trace, tokens)
    n_lines = text.count("\n") + 1
    place = st.expander(f"PyTorch, {n_lines} lines") if n_lines > LONGEST_CODE else st.container()
    if reads_file(trace):
        n_rows, n_columns = trace[FROM_FILE].shape
        st.caption(
            f"Your table has {n_rows} × {n_columns} = {n_rows * n_columns:,} numbers, too many to "
            "print: the code reads them from “embeddings.csv”, which is under “Take it with you”."
        )
    with place:
        code_view.code("steps", text)
