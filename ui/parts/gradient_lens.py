"""The gradient lens: how much one cell answers to each number of the user's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from attention_core import Trace
from attention_core.studies.lens import sensitivity
from ui.cards.embeddings import labels_of
from ui.cards.explained import label_of
from ui.cards.lens import MOST, NAME, cell_of
from ui.cards.literal import literal
from ui.lab.lab import Lab
from ui.parts.widgets import chosen, set_widget


def section(
    trace: Trace,
    lab: Lab,
    places: Sequence[str],
    draw: Callable[[str, Lab], None],
    own: str,
    tokens_of: Callable[[Lab], Sequence[str]] = labels_of,
) -> None:
    """Draw the lens below a page's figures, if it is on.

    Args:
        trace: The run on screen.
        lab: What the user chose.
        places: The groups of figures whose cells it may look at.
        draw: Draws a group of figures by its name.
        own: Whose lens it is: its group is called ``figures:lens:<own>``.
        tokens_of: Returns the labels of the run's tokens.
    """
    st.subheader("Gradient lens", anchor=False)
    set_widget("_has_lens", lab.has_lens)
    st.toggle(
        "Which of my numbers does a cell depend on?",
        lab.has_lens,
        key="_has_lens",
        on_change=chosen,
        args=("has_lens",),
    )
    if not lab.has_lens:
        return
    size = sum(tensor.numel() for tensor in trace.inputs.values())
    if size > MOST:
        st.info(
            f"The lens is for up to {MOST:,} numbers in all tables; here are {size:,}. Take a "
            "shorter sentence or smaller widths.",
            icon=":material/zoom_in:",
        )
        return
    name, index = cell_of(trace, lab, places)
    try:
        sensitivity(trace, name, index)
    except ValueError as error:
        st.warning(f"No derivative here: {literal(str(error))}.", icon=":material/error:")
        return
    called = label_of(trace, tokens_of(lab), lab.conventions, name, index)
    st.markdown(
        f"How fast **{literal(called)}** = {float(trace[name][index]):.4f} changes with each of "
        "your numbers: its derivative, which holds for small changes. Click any other cell of a "
        "step above to look at that one."
    )
    draw(f"{NAME}{own}", lab)
