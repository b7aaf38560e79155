"""The gradient lens: how much one cell answers to each number of the user's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from torch import Tensor

from attention_core import Trace
from attention_core.figures import matrix_spec, pointing
from attention_core.glossary import term
from attention_core.operations import Index
from attention_core.studies.lens import check_sensitivity, sensitivity
from ui.cards.literal import literal
from ui.lab.lab import Lab
from ui.parts import step_view
from ui.parts.explain_view import label_of
from ui.parts.step_view import Card, Group
from ui.parts.widgets import chosen, set_widget
from ui.parts.worksheet import labels_of

MOST = 4_096  # numbers of all tables together: the lens of more would keep everybody waiting
NAME = "figures:lens:"  # of a page's group, and what it is of after it


def cell_of(trace: Trace, lab: Lab, places: Sequence[str]) -> tuple[str, Index]:
    """Return the cell that the lens looks at: the one explained on the page, or the first output.

    Args:
        trace: The run on screen.
        lab: What the user chose.
        places: The groups of figures whose cells it may be.
    """
    if lab.trail and lab.trail[-1][0] in places:
        _, name, *index = lab.trail[-1]
        if trace.has_cell(name, index):
            return name, tuple(index)
    return trace.steps[-1], (0,) * trace.output.ndim


def figures(
    trace_of: Callable[[Lab], Trace],
    places: Sequence[str],
    tokens_of: Callable[[Lab], Sequence[str]] = labels_of,
) -> Callable[[Lab], Group]:
    """Return what makes the group of figures of a page's lens.

    Args:
        trace_of: Returns the page's run.
        places: The groups of figures whose cells the lens may look at.
        tokens_of: Returns the labels of the run's tokens.
    """

    def group(lab: Lab) -> Group:
        trace = trace_of(lab)
        return lens(trace, *cell_of(trace, lab, places), lab, tokens_of(lab))

    return group


def lens(trace: Trace, name: str, index: Index, lab: Lab, tokens: Sequence[str]) -> Group:
    """Return a heatmap over each table: the derivative of one cell by every number of it.

    Raises:
        ValueError: If the cell, or a derivative, is no finite number.
    """
    found = sensitivity(trace, name, index)
    check = check_sensitivity(found, trace, name, index)
    numbers = check.numbers
    said = "agree" if check.ok else "do not agree. Do not trust this picture"
    verdict = {
        "ok": check.ok,
        "text": f"Autograd and {check.route} in float64 {said} ({numbers}).",
        "detail": [],
    }
    cards = [_card(trace, own, name, index, found[own], verdict, lab, tokens) for own in found]
    return Group(cards, arrows=False)


def _card(
    trace: Trace,
    own: str,
    name: str,
    index: Index,
    slopes: Tensor,
    verdict: dict[str, object],
    lab: Lab,
    tokens: Sequence[str],
) -> Card:
    cells = pointing(trace, own, tokens, conventions=lab.conventions)
    called = f"∂ {name} / ∂ {own}"
    spec = matrix_spec(
        slopes,
        [cells["rows"], cells["columns"]],
        axes=trace.axes(own),
        title=called,
        kind="scores",
        sentence="%{y} · %{x}: for a small change here, it changes {value} times as much",
    )
    has_tokens = trace.axes(own)[0].endswith("token")
    turns = own if lab.conventions.is_turned and has_tokens else ""
    row, column = divmod(int(slopes.abs().argmax()), slopes.shape[1])
    alt = (
        f"it answers most to {cells['rows'][row]} · {cells['columns'][column]}: it changes "
        f"{float(slopes[row, column]):.4f} times as much as a small change there."
        if bool(slopes.any())
        else "it does not depend on any of these numbers."
    )
    card = step_view.value_card(
        f"lens_{own}", f"By {term(own).title.lower()}", spec, alt, slopes, turns=turns
    )
    return {**card, "formula": called, "check": verdict}


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
