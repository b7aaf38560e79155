"""The gradient lens on the page: its switch, which cell it looks at, and its figures."""

from __future__ import annotations

import streamlit as st

from attention_core import Trace
from attention_core.studies.lens import sensitivity
from ui.cards.explained import label_of
from ui.cards.lens import MOST, cell_of
from ui.cards.literal import literal
from ui.lab.lab import Lab
from ui.lessons.lesson import MainRun
from ui.parts.figure_group import figures
from ui.parts.widgets import switch


def section(run: MainRun, trace: Trace, lab: Lab) -> None:
    """Draw the lens below a page's figures, if it is on.

    Args:
        run: Whose lens it is.
        trace: That run, as it is on screen.
        lab: What the user chose.
    """
    st.subheader("Gradient lens", anchor=False)
    switch("Which of my numbers does a cell depend on?", "has_lens")
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
    name, index = cell_of(trace, lab, run.places)
    try:
        sensitivity(trace, name, index)
    except ValueError as error:
        st.warning(f"No derivative here: {literal(str(error))}.", icon=":material/error:")
        return
    called = label_of(trace, run.tokens_of(lab), lab.conventions, name, index)
    st.markdown(
        f"How fast **{literal(called)}** = {float(trace[name][index]):.4f} changes with each of "
        "your numbers: its derivative, which holds for small changes. Click any other cell of a "
        "step above to look at that one."
    )
    figures(run.lens_place, lab)
