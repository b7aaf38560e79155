"""The controls and tables of the lesson "Causal attention", drawn by Streamlit."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ui.cards import comparing
from ui.cards.embeddings import labels_of
from ui.cards.literal import names
from ui.cards.mask import painted_cells, toggled, unpainted
from ui.lab import state
from ui.lab.checks import MAX_TOKENS
from ui.lab.lab import MASKS, Lab
from ui.lessons.causal_attention.choices import CausalChoices
from ui.lessons.causal_attention.figures import is_overview, mask_figure
from ui.lessons.causal_attention.runs import MASK, leak_index, opened_early
from ui.parts import part_view, step_view
from ui.parts.widgets import choice, number_field, set_widget

PRESET_NAMES = {
    "causal": "Causal: itself and what came before",
    "none": "None: everybody attends to everybody",
    "padding": "Padding: the last tokens only fill up",
    "window": "Sliding window: itself and the last few",
    "prefix": "Prefix: causal, the first few seen by all",
    "blocks": "Blocks: only neighbours of one block",
}
SIZE_NAMES = {
    "padding": "Real tokens",
    "window": "Width of the window",
    "prefix": "Tokens in the prefix",
    "blocks": "Tokens in a block",
}


# ---- The mask ----------------------------------------------------------------------------------


def mask_controls(lab: Lab) -> None:
    """Draw the choice of the mask."""
    set_widget("_mask_preset", lab.mask_preset)
    st.selectbox(
        "Start from",
        MASKS,
        MASKS.index(lab.mask_preset),
        key="_mask_preset",
        format_func=PRESET_NAMES.__getitem__,
        on_change=_preset_chosen,
        help="Makes the mask anew. What you painted is cleared; undo brings it back.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if lab.mask_preset in SIZE_NAMES:
            number_field(SIZE_NAMES[lab.mask_preset], "mask_size", 1, MAX_TOKENS, width=170)
        st.button(
            "Clear what I painted",
            icon=":material/ink_eraser:",
            on_click=_unpaint,
            disabled=not painted_cells(lab),
        )
    count = painted_cells(lab)
    n = len(lab.tokens)
    if count:
        cells = "1 cell is" if count == 1 else f"{count:,} cells are"
        st.caption(f"{cells} painted by you, for sentences of {n} tokens.")
    else:
        st.caption(
            "Click any cell of the picture to turn it over (or Tab to it, arrows, Enter). "
            f"It is kept for sentences of {n} tokens."
        )


def _preset_chosen() -> None:
    before = state.current()
    lab = replace(unpainted(before), mask_preset=st.session_state["_mask_preset"])
    if painted_cells(before):
        state.notify("The mask was made anew. Undo brings back what you painted.")
    state.commit(lab)


def _unpaint() -> None:
    state.commit(unpainted(state.current()))


def painter(lab: Lab) -> None:
    """Draw the mask; a click or Enter turns a cell over."""
    group = comparing.compared(mask_figure, lab)
    can_paint = comparing.pinned_of(lab) is None or lab.showing == "B"

    def picked(*, is_part: bool = False) -> None:
        is_painted = can_paint and (is_part or not is_overview(group.cards[0])) and _paint()
        if not is_part:
            part_view.look_at_pick(group)
        if is_painted:
            st.rerun()  # what stands above was drawn with the mask before

    step_view.draw(group, widget_key=MASK, on_pick=picked)
    part_view.show(group, MASK, on_pick=lambda: picked(is_part=True))
    if not can_paint:
        st.caption("To paint, let the figures show B, what is on screen now.")


def _paint() -> bool:
    """Turn over the cell of the mask that was just picked; return whether it was one."""
    lab = state.current()
    _, name, *cell = lab.trail[-1]
    if name != "mask":
        return False
    row, column = cell
    state.commit(toggled(lab, row, column))
    return True


# ---- The leak detector -------------------------------------------------------------------------


def leak_chooser(lab: Lab) -> None:
    """Draw the choice of the token that is changed."""
    labels = names(labels_of(lab), lab.conventions)
    choice(
        "Add 1 to the first number of this token, and run everything again",
        [f"As the mask has it: {labels[opened_early(lab)]}", *labels],
        0 if lab.of(CausalChoices).leak_token < 0 else leak_index(lab) + 1,
        widget_key="_leak_token",
        on_choice=lambda at: state.commit(state.current().choosing(leak_token=at - 1)),
        width=420,
    )
