"""The tables of the trainable weights, and the widgets of what they depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st
from torch import Tensor

from attention_core.embeddings import MAX_WIDTH
from attention_core.glossary import term
from ui.cards.editors import Editor, Row, paging
from ui.cards.parameters import (
    BIASES,
    OUT,
    WEIGHTS,
    WIDTH,
    alignment_of,
    editor_of,
    parameters_of,
    row_key,
)
from ui.lab import state
from ui.lab.lab import DRAWN_AS, MAX_SEED, Lab
from ui.parts import matrix_table
from ui.parts.widgets import menu, number_field, set_widget

DRAWN_AS_NAMES = {
    "rand": "torch.rand (0 to 1)",
    "linear": "nn.Linear",
    "linear with bias": "nn.Linear with bias",
}


def take_in(names: Sequence[str] = (*WEIGHTS, *BIASES)) -> Lab:
    """Apply what the tables have sent; do it at the beginning of a run.

    Returns:
        The lab as it is then.
    """
    for name in names:
        matrix_table.take_in(editor_of(name, names))
    return state.current()


def options(lab: Lab, *, has_value_width: bool = False, width: tuple[str, str] = WIDTH) -> None:
    """Draw what the weights depend on.

    Args:
        lab: What the user chose.
        has_value_width: Whether the values may be of another width than queries and keys.
        width: What the width d_out is called on the page, and what it is.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        called, told = width
        _number("d_out", called, lab, 1, MAX_WIDTH, told)
        if has_value_width:
            set_widget("_d_value", lab.d_value or lab.d_out)
            st.number_input(
                "Width of values",
                1,
                MAX_WIDTH,
                lab.d_value or lab.d_out,
                key="_d_value",
                on_change=_value_width_chosen,
                width=140,
                help="Queries and keys must be equally wide to be multiplied. Values need not.",
            )
        menu(
            "Weights begin as",
            "drawn_as",
            list(DRAWN_AS),
            format_func=DRAWN_AS_NAMES.__getitem__,
            width=210,
            help="The chapter's first class draws them by torch.rand, the second by nn.Linear.",
        )
        _number(
            "parameter_seed", "Seed of the weights", lab, 0, MAX_SEED, "As in torch.manual_seed."
        )


def _number(name: str, label: str, lab: Lab, least: int, most: int, told: str) -> None:
    number_field(label, name, least, most, width=150, help=told)


def _value_width_chosen() -> None:
    lab, width = state.current(), st.session_state["_d_value"]
    state.commit(replace(lab, d_value=0 if width == lab.d_out else width))


def tables(lab: Lab, names: Sequence[str] = (*WEIGHTS, *BIASES)) -> None:
    """Draw the editable tables of weights, as many as there are. Do it last in a run."""
    known = parameters_of(lab, out=any(name in OUT for name in names))
    if "v" in names:
        known = alignment_of(lab)
    shown = [name for name in names if name in known]
    for start in range(0, len(shown), 3):
        for place, name in zip(st.columns(3, gap="small"), shown[start : start + 3], strict=False):
            with place:
                st.markdown(f"**{term(name).title}** `{name}`")
                _table(lab, editor_of(name, names), known[name])


def _table(lab: Lab, editor: Editor, tensor: Tensor) -> None:
    name = editor.matrix
    n_rows, width = tensor.shape
    page = paging([str(row + 1) for row in range(n_rows)], width, lab.parameter_row)
    rows = range(n_rows)[page.rows]
    edits = {row: lab.parameters.row(*row_key(name, row, width)) for row in range(n_rows)}
    is_bias = name.startswith("b_")
    matrix_table.show(
        editor,
        label=f"{term(name).title}, {n_rows} × {width}",
        rows=[
            Row(
                page.row_ids[row],
                "bias" if is_bias else name if name == "v" else lab.conventions.dimension(row),
                bool(edits[row]),
            )
            for row in rows
        ],
        columns=[lab.conventions.dimension(column) for column in range(width)],
        cells=[tensor[row].tolist() for row in rows],
        edited=[(at, column) for at, row in enumerate(rows) for column in sorted(edits[row])],
        can_reset=any(edits.values()),
        page=page,
        role=name.partition("_")[2].replace("out", "inputs") or "context",
    )
