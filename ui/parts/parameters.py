"""The trainable weights: drawn from a seed as the chapter's classes do, and editable in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType

import streamlit as st
from torch import Tensor

from attention_core.embeddings import MAX_WIDTH
from attention_core.glossary import term
from attention_core.parameters import additive_parameters, linear_parameters, rand_parameters
from ui.lab import state
from ui.lab.edits import NO_EDITS, RowEdits, RowKey
from ui.lab.lab import DRAWN_AS, MAX_SEED, Lab, Same, number
from ui.parts import matrix_editor
from ui.parts.matrix_editor import Editor, Entry, Row, paging
from ui.parts.widgets import chosen, set_widget

WEIGHTS = ("w_query", "w_key", "w_value")
BIASES = ("b_query", "b_key", "b_value")
OUT = ("w_out", "b_out")
VALUES = ("w_value", "b_value")
ALIGNMENT = ("w_query", "w_key", "v")
WIDTH = ("Width d_out", "How many numbers a query or key has.")
DRAWN_AS_NAMES = {
    "rand": "torch.rand (0 to 1)",
    "linear": "nn.Linear",
    "linear with bias": "nn.Linear with bias",
}


def parameters_of(lab: Lab, *, out: bool = False) -> dict[str, Tensor]:
    """Return the trainable weights with the user's edits, float32, each the caller's own.

    Args:
        lab: What the user chose.
        out: Whether there is an output projection; then the values are as wide as the rest.

    Returns:
        ``w_query`` and ``w_key``, (d_in, d_out), and ``w_value``, (d_in, d_value); where they are
        drawn with biases ``b_query``, ``b_key`` and ``b_value``, (1, width); with an output
        projection ``w_out``, (d_out, d_out), and ``b_out``, (1, d_out).
    """
    edited = _edited(Same(lab.parameters), *_start(lab, out=out))
    return {name: tensor.clone() for name, tensor in edited.items() if name != "v"}


def alignment_of(lab: Lab) -> dict[str, Tensor]:
    """Return the weights of additive attention with the user's edits, each the caller's own.

    Returns:
        ``w_query`` and ``w_key``, (d_in, d_out), as everywhere, and ``v``, (1, d_out); no biases.
    """
    edited = _edited(Same(lab.parameters), *_start(lab, out=False))
    return {name: edited[name].clone() for name in ALIGNMENT}


def _start(lab: Lab, *, out: bool) -> tuple[int, int, int, str, int, bool]:
    """Return what the weights before any edit depend on."""
    d_value = lab.d_out if out else lab.d_value or lab.d_out
    return lab.d, lab.d_out, d_value, lab.drawn_as, lab.parameter_seed, out


@lru_cache(maxsize=8)
def _drawn(
    d_in: int, d_out: int, d_value: int, drawn_as: str, seed: int, out: bool
) -> Mapping[str, Tensor]:
    if drawn_as == "rand":
        drawn = rand_parameters(d_in, d_out, seed, d_value=d_value, out=out)
    else:
        has_bias = drawn_as == "linear with bias"
        drawn = linear_parameters(d_in, d_out, seed, d_value=d_value, bias=has_bias, out=out)
    drawn["v"] = additive_parameters(d_in, d_in, d_out, seed, linear=drawn_as != "rand")["v"]
    return MappingProxyType(
        {name: tensor.reshape(-1, tensor.shape[-1]) for name, tensor in drawn.items()}
    )


@lru_cache(maxsize=8)
def _edited(
    edits: Same, d_in: int, d_out: int, d_value: int, drawn_as: str, seed: int, out: bool
) -> Mapping[str, Tensor]:
    tensors = {}
    for name, start in _drawn(d_in, d_out, d_value, drawn_as, seed, out).items():
        tensor = start.clone()
        for row in range(len(start)):
            for column, entry in edits.of.row(*_key(name, row, start.shape[1])).items():
                tensor[row, column] = entry
        tensors[name] = tensor
    return MappingProxyType(tensors)


def _key(name: str, row: int, width: int) -> RowKey:
    """Return under which name a row's edits are kept: at another width they wait."""
    return name, row + 1, width


def _set_entries(name: str, out: bool, lab: Lab, entries: Sequence[Entry]) -> Lab:
    start = _drawn(*_start(lab, out=out)).get(name)
    if start is None:
        raise ValueError("weights that are on the page")
    n_rows, width = start.shape
    rows: dict[RowKey, dict[int, float]] = {}
    for row_id, column, entry in entries:
        row = _row(row_id, n_rows)
        if not 0 <= column < width:
            raise ValueError(f"a column of {name}, which has shape ({n_rows}, {width})")
        key = _key(name, row, width)
        own = rows.setdefault(key, dict(lab.parameters.row(*key)))
        own[column] = number(entry)
        if own[column] == float(start[row, column]):
            del own[column]  # a number typed back to the original is no edit
    return replace(lab, parameters=lab.parameters.with_rows(rows))


def _row(row_id: str, n_rows: int) -> int:
    """Return the row that a row of the table stands for."""
    if not row_id.isascii() or not row_id.isdigit() or not 1 <= int(row_id[:9]) <= n_rows:
        raise ValueError("a row of the table")
    return int(row_id) - 1


def _reset(name: str, out: bool, lab: Lab, row_id: str | None) -> Lab:
    """Return the lab with one row, or all at this width, as drawn."""
    n_rows, width = _drawn(*_start(lab, out=out))[name].shape
    rows = range(n_rows) if row_id is None else [_row(row_id, n_rows)]
    gone: dict[RowKey, RowEdits] = {_key(name, row, width): NO_EDITS for row in rows}
    return replace(lab, parameters=lab.parameters.with_rows(gone))


def _turn(lab: Lab, row: int) -> Lab:
    return replace(lab, parameter_row=min(row, MAX_WIDTH - 1))


def _editor(called: str, name: str, *, out: bool) -> Editor:
    set_entries, reset = partial(_set_entries, name, out), partial(_reset, name, out)
    return Editor(called, name, set_entries, reset, _turn)


EDITORS: Mapping[str, Editor] = MappingProxyType(
    {name: _editor(name, name, out=name in OUT) for name in (*WEIGHTS, *BIASES, *OUT, "v")}
    # Before an output projection the values are as wide as the rest, whatever else was chosen.
    | {f"{name}:mixed": _editor(f"{name}:mixed", name, out=True) for name in VALUES}
)


def take_in(names: Sequence[str] = (*WEIGHTS, *BIASES)) -> Lab:
    """Apply what the tables have sent; do it at the beginning of a run.

    Returns:
        The lab as it is then.
    """
    for name in names:
        matrix_editor.take_in(editor_of(name, names))
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
        set_widget("_drawn_as", lab.drawn_as)
        st.selectbox(
            "Weights begin as",
            list(DRAWN_AS),
            DRAWN_AS.index(lab.drawn_as),
            key="_drawn_as",
            format_func=DRAWN_AS_NAMES.__getitem__,
            on_change=chosen,
            args=("drawn_as",),
            width=210,
            help="The chapter's first class draws them by torch.rand, the second by nn.Linear.",
        )
        _number(
            "parameter_seed", "Seed of the weights", lab, 0, MAX_SEED, "As in torch.manual_seed."
        )


def _number(name: str, label: str, lab: Lab, least: int, most: int, told: str) -> None:
    set_widget(f"_{name}", getattr(lab, name))
    st.number_input(
        label,
        least,
        most,
        getattr(lab, name),
        key=f"_{name}",
        on_change=chosen,
        args=(name,),
        width=150,
        help=told,
    )


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


def editor_of(name: str, names: Sequence[str]) -> Editor:
    """Return the editor of some weights, given all that stand on the page."""
    is_mixed = name in VALUES and any(other in OUT for other in names)
    return EDITORS[f"{name}:mixed" if is_mixed else name]


def _table(lab: Lab, editor: Editor, tensor: Tensor) -> None:
    name = editor.matrix
    n_rows, width = tensor.shape
    page = paging([str(row + 1) for row in range(n_rows)], width, lab.parameter_row)
    rows = range(n_rows)[page.rows]
    edits = {row: lab.parameters.row(*_key(name, row, width)) for row in range(n_rows)}
    is_bias = name.startswith("b_")
    matrix_editor.show(
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
