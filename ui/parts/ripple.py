"""What the last edit rippled into, in one line that is always there, so that nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from torch import Tensor

from attention_core import Trace
from attention_core.glossary import term
from attention_core.notebook import matches_notebook
from attention_core.studies.changes import changed_cells
from ui.cards.embeddings import EMBEDDINGS
from ui.cards.literal import literal, names
from ui.cards.parameters import EDITORS
from ui.lab import state
from ui.lab.lab import Lab

InputsOf = Callable[[Lab], Mapping[str, Tensor]]


def status(trace: Trace, lab: Lab, inputs_of: InputsOf) -> None:
    """Say whether the numbers are the notebook's, and what the last edit changed.

    Args:
        trace: The run on screen.
        lab: What it was made from.
        inputs_of: Returns the run's inputs, given a lab.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        _badge(matches_notebook(trace))
        st.caption(rippled(trace, lab, inputs_of) or "Edit a number to see what it changes.")


def _badge(matches: bool | None) -> None:
    if matches:
        st.badge("matches the notebook to 4 decimals", icon=":material/check:", color="green")
    elif matches is False:
        st.badge("differs from the notebook", icon=":material/error:", color="red")
    else:
        st.badge("your own numbers", icon=":material/edit:", color="gray")


def rippled(trace: Trace, lab: Lab, inputs_of: InputsOf) -> str:
    """Return what the last edit of the table changed, or nothing if that was not the last event.

    ``editing journey · d2 changed 11 scores, 36 weights and 18 context values``
    """
    before = state.before_edit(EMBEDDINGS.name, *EDITORS)
    if before is None or (before.tokens, before.d) != (lab.tokens, lab.d):
        return ""
    was, now = inputs_of(before), trace.inputs
    if any(was[name].shape != now[name].shape for name in now):
        return ""
    edited = [
        (name, row, column)
        for name in ("inputs", *EDITORS)
        if name in now
        for row, column in (was[name] != now[name]).nonzero().tolist()
    ]
    if not edited:  # dragged away and back, or not of this page
        return ""
    old = trace.mechanism.run(**was)
    counts = {name: int(changed_cells(old, trace, name).sum()) for name in trace.steps}
    told = [_counted(count, term(name).cells) for name, count in counts.items() if count]
    listed = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    return f"editing {_edited(edited, lab)} changed {listed or 'nothing'}"


def _counted(count: int, cells: str) -> str:
    return f"1 of the {cells}" if count == 1 else f"{count:,} {cells}"


def _edited(cells: Sequence[tuple[str, int, int]], lab: Lab) -> str:
    """Return which cell of a table was edited, or how many."""
    if len(cells) != 1:
        return f"{len(cells)} numbers"
    name, row, column = cells[0]
    if name == "inputs":
        called = literal(names([token.text for token in lab.tokens], lab.conventions)[row])
    else:
        called = f"{name} · {lab.conventions.dimension(row)}"
    return f"{called} · {lab.conventions.dimension(column)}"
