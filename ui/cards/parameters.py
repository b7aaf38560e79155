"""The trainable weights of a lab: drawn from a seed as the chapter does, edits included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType

from torch import Tensor

from attention_core.embeddings import MAX_WIDTH
from attention_core.parameters import additive_parameters, linear_parameters, rand_parameters
from ui.cards.editors import Editor, Entry
from ui.cards.embeddings import tensor_of
from ui.lab.checks import number
from ui.lab.edits import RowKey, Typed
from ui.lab.lab import Lab
from ui.lab.same import Same

WEIGHTS = ("w_query", "w_key", "w_value")
BIASES = ("b_query", "b_key", "b_value")
OUT = ("w_out", "b_out")
VALUES = ("w_value", "b_value")
ALIGNMENT = ("w_query", "w_key", "v")
WIDTH = ("Width d_out", "How many numbers a query or key has.")


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
    """Return the trainable weights of additive attention with the user's edits, as copies.

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
            for column, entry in edits.of.row(*row_key(name, row, start.shape[1])).items():
                tensor[row, column] = entry
        tensors[name] = tensor
    return MappingProxyType(tensors)


def row_key(name: str, row: int, width: int) -> RowKey:
    """Return under which name a row's edits are kept: at another width they wait."""
    return name, row + 1, width


def _set_entries(name: str, out: bool, lab: Lab, entries: Sequence[Entry]) -> Lab:
    start = _drawn(*_start(lab, out=out)).get(name)
    if start is None:
        raise ValueError("weights that are on the page")
    n_rows, width = start.shape
    typed = list[Typed]()
    for row_id, column, entry in entries:
        row = _row(row_id, n_rows)
        if not 0 <= column < width:
            raise ValueError(f"a column of {name}, which has shape ({n_rows}, {width})")
        typed.append((row_key(name, row, width), start[row].tolist(), column, number(entry)))
    return replace(lab, parameters=lab.parameters.typed(typed))


def _row(row_id: str, n_rows: int) -> int:
    """Return the row that a row of the table stands for."""
    if not row_id.isascii() or not row_id.isdigit() or not 1 <= int(row_id[:9]) <= n_rows:
        raise ValueError("a row of the table")
    return int(row_id) - 1


def _reset(name: str, out: bool, lab: Lab, row_id: str | None) -> Lab:
    """Return the lab with one row, or all at this width, as drawn."""
    n_rows, width = _drawn(*_start(lab, out=out))[name].shape
    rows = range(n_rows) if row_id is None else [_row(row_id, n_rows)]
    keys = (row_key(name, row, width) for row in rows)
    return replace(lab, parameters=lab.parameters.without_rows(keys))


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


def editor_of(name: str, names: Sequence[str]) -> Editor:
    """Return the editor of some weights, given all that stand on the page."""
    is_mixed = name in VALUES and any(other in OUT for other in names)
    return EDITORS[f"{name}:mixed" if is_mixed else name]


def inputs_of(lab: Lab) -> dict[str, Tensor]:
    """Return the inputs of self-attention with trainable weights."""
    return {"inputs": tensor_of(lab), **parameters_of(lab)}
