"""A matrix as a heatmap: rows downwards, columns to the right, both axes named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go
import torch
from torch import Tensor

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.heads import ShownMatrix, shown_of
from attention_core.figures.labels import (
    LABELLED_COLUMNS,
    LABELLED_ROWS,
    literal,
    plain_numbers,
    ticks,
    tokens_along,
)
from attention_core.figures.marks import with_lit_row
from attention_core.figures.overview import overview, packed
from attention_core.figures.palette import range_of, scale_of
from attention_core.glossary import term
from attention_core.mechanism import Trace
from attention_core.operations import Operation, Softmax

Spec = dict[str, Any]
Part = tuple[range, range]  # the rows and the columns of a matrix that are shown
MAX_LABELLED_ROWS, MAX_LABELLED_COLUMNS = 24, 16  # beyond these a number no longer fits
GIVEN: Mapping[str, Operation] = MappingProxyType({"weights": Softmax()})
"""What an input is read as that is usually a step, such as the weights of somebody's model."""
ALONE = ("bias", "vector")  # axes that count nothing: their one row is called by their name
CELL_PX, TALLEST_PX, FRAME_PX = 38, 520, 110
COLOUR_BAR = {
    "orientation": "h",  # below the picture: beside it, it would take the width of a column
    "x": 0.5,
    "y": 0,
    "yanchor": "top",
    "ypad": 6,
    "thickness": 8,
    "outlinewidth": 0,
    "tickformat": ".3~g",
    "nticks": 5,
}
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


def heatmap(trace: Trace, name: str, tokens: Sequence[str]) -> go.Figure:
    """Return a value of a trace as a Plotly figure, in light colours.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes.
        tokens: One label per token.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2))
        >>> heatmap(trace, "weights", ["to", "be"]).layout.yaxis.title.text
        'query token'
    """
    return figure_of(heatmap_spec(trace, name, tokens))


def figure_of(spec: Spec) -> go.Figure:
    """Return figure JSON as a Plotly figure, in light colours."""
    figure = go.Figure(spec)
    for trace in figure.data:
        scales = (trace.meta or {}).get("colorscales")
        if scales:
            trace.colorscale = scales["light"]
    return figure


def heatmap_spec(
    trace: Trace,
    name: str,
    tokens: Sequence[str],
    *,
    lit_row: int | None = None,
    query: str = "",
    part: Part | None = None,
    conventions: Conventions = USUAL,
    head: int | None = None,
) -> Spec:
    """Return a value of a trace as a heatmap's figure JSON, rows as rows: ``turned`` comes last.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes, or three with ``head``.
        tokens: One label per token.
        lit_row: The row to draw a frame around, if any.
        query: The label of the row, when there is only one query.
        part: The rows and the columns to show, if not all; the colours stay those of the whole.
        conventions: How tokens and dimensions are numbered.
        head: Which head to show of a value with heads; the colours are those of all heads.
    """
    shown = shown_of(trace, name, head)
    tensor, axes = shown
    labels = labels_along(shown, tokens, conventions)
    if query and axes[0] == "query token" and tensor.shape[0] == 1:
        labels[0] = [query]
    step = None if name in trace.mechanism.inputs else trace.mechanism.step(name)
    kind = kind_of(trace, name)
    if name in trace.mechanism.masks:
        kind = "weights"  # 0 or 1
    sentence = "%{y} · %{x} = {value}"
    if step:
        sentence = step.operation.sentence("%{y}", "%{x}")
    elif name in GIVEN:
        sentence = GIVEN[name].sentence("%{y}", "%{x}")
    whole = range_of(kind, trace[name])
    if part:
        labels = [[own[i] for i in shown] for own, shown in zip(labels, part, strict=True)]
        tensor = _part_of(tensor, part)
    spec = matrix_spec(
        tensor, labels, axes=axes, title=term(name).title, kind=kind, sentence=sentence
    )
    spec["data"][0]["zmin"], spec["data"][0]["zmax"] = whole
    if name in trace.mechanism.masks:
        _as_yes_or_no(spec)
    return spec if lit_row is None else with_lit_row(spec, lit_row, labels[0][lit_row])


def kind_of(trace: Trace, name: str) -> str:
    """Return which kind of number a value has: ``"weights"``, ``"scores"`` or ``"vectors"``."""
    if name not in trace.mechanism.inputs:
        return trace.mechanism.step(name).operation.kind
    return GIVEN[name].kind if name in GIVEN else "vectors"


def _as_yes_or_no(spec: Spec) -> None:
    """Let a heatmap of a mask say 0 and 1, from 0 to 1 also where all its cells are the same."""
    cells = spec["data"][0]
    cells["zmin"], cells["zmax"] = 0.0, 1.0
    cells["hovertemplate"] = cells["hovertemplate"].replace("%{z:.4f}", "%{z:.0f}")
    if "texttemplate" in cells:
        cells["texttemplate"] = "%{z:.0f}"


def _part_of(tensor: Tensor, part: Part) -> Tensor:
    rows, columns = part
    return tensor[rows.start : rows.stop, columns.start : columns.stop]


def matrix_spec(
    tensor: Tensor,
    labels: Sequence[Sequence[str]],
    *,
    axes: Sequence[str],
    title: str,
    kind: str,
    sentence: str,
) -> Spec:
    """Return any matrix as a heatmap's figure JSON.

    Args:
        tensor: The numbers, (n_rows, n_columns).
        labels: The row labels and the column labels.
        axes: What the rows and the columns are.
        title: The figure's title.
        kind: Whose colour scale: ``"weights"``, ``"scores"`` or ``"vectors"``.
        sentence: What a cell says when pointed at; ``%{x}``, ``%{y}`` and ``{value}`` stand for
            its column, row and number.
    """
    low, high = range_of(kind, tensor)
    heatmap: Spec = {
        "type": "heatmap",
        "zmin": low,
        "zmax": high,
        "colorbar": COLOUR_BAR,
        "hovertemplate": sentence.replace("{value}", "%{z:.4f}") + "<extra></extra>",
        "hoverongaps": False,
        "meta": {"colorscales": scale_of(kind)},
    }
    layout = {
        "title": {"text": literal(title)},
        "margin": MARGIN,
        "xaxis": {
            "title": {"text": axes[1]},
            "side": "top",
            "tickangle": angle_of(labels[1]),
            **ticks(labels[1], LABELLED_COLUMNS),
        },
        "yaxis": {
            "title": {"text": axes[0]},
            "autorange": "reversed",
            **ticks(labels[0], LABELLED_ROWS),
        },
    }
    return {"data": [with_numbers(heatmap, tensor)], "layout": layout}


def with_numbers(heatmap: Spec, tensor: Tensor) -> Spec:
    """Return a heatmap filled with a matrix: its cells with numbers, without, or as an overview."""
    n_rows, n_columns = tensor.shape
    tensor = tensor.detach().float() if tensor.dtype == torch.bool else tensor.detach()
    template = label_template(n_rows, n_columns)
    if template:
        return {
            **heatmap,
            "x": list(range(n_columns)),
            "y": list(range(n_rows)),
            "z": plain_numbers(tensor.double().tolist()),
            "xgap": 1,
            "ygap": 1,
            "texttemplate": template,
        }
    shown = overview(tensor)
    (down, across), (rows, columns) = shown.block, shown.values.shape
    cells: Spec = {
        **heatmap,
        "x": [(across - 1) / 2 + across * column for column in range(columns)],
        "y": [(down - 1) / 2 + down * row for row in range(rows)],
        "z": packed(shown.values),
        "xgap": 0,
        "ygap": 0,
    }
    if down * across > 1:
        block = {"block": [down, across], "at": packed(shown.at)}
        cells["meta"] = {**heatmap["meta"], **block}
    return cells


def height_of(n_rows: int) -> int:
    """Return a figure's height in pixels: constant cells, up to a limit."""
    return min(TALLEST_PX, CELL_PX * n_rows) + FRAME_PX


def label_template(n_rows: int, n_columns: int) -> str:
    """Return Plotly's template of the numbers in a heatmap's cells, empty where they do not fit."""
    if n_rows > MAX_LABELLED_ROWS or n_columns > MAX_LABELLED_COLUMNS:
        return ""
    return "%{z:.4f}" if n_columns <= 8 else "%{z:.2f}"


def angle_of(labels: Sequence[str]) -> int:
    """Return the angle of column labels in degrees, by their length alone: no number changes it."""
    if len(labels) > 12:
        return -70
    return -40 if max(map(len, labels)) > 3 else 0


def labels_along(
    shown: ShownMatrix, tokens: Sequence[str], conventions: Conventions
) -> list[list[str]]:
    """Return the row labels and the column labels of a matrix."""
    return [
        position_labels(axis, size, tokens, conventions)
        for axis, size in zip(shown.axes, shown.matrix.shape, strict=True)
    ]


def position_labels(
    axis: str, size: int, tokens: Sequence[str], conventions: Conventions = USUAL
) -> list[str]:
    """Return a label for each position along an axis: a token's word, else its number."""
    tokens = tokens_along(axis, tokens)
    if axis.endswith("token") and len(tokens) == size:
        return list(tokens)
    if axis in ALONE and size == 1:
        return [axis]
    if axis.endswith("token"):
        return [axis] if size == 1 else [conventions.number(position) for position in range(size)]
    return [conventions.dimension(position) for position in range(size)]
