"""A matrix as a heatmap: rows downwards, columns to the right, both axes named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from torch import Tensor

from attention_core.figures.labels import literal, plain_numbers, ticks
from attention_core.figures.palette import range_of, scale_of
from attention_core.glossary import term
from attention_core.trace import Trace

Spec = dict[str, Any]
MAX_LABELLED_CELLS = 324  # beyond 18 × 18 a number no longer fits its cell
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
    spec = heatmap_spec(trace, name, tokens)
    figure = go.Figure(spec)
    figure.data[0].colorscale = spec["data"][0]["meta"]["colorscales"]["light"]
    return figure


def heatmap_spec(trace: Trace, name: str, tokens: Sequence[str]) -> Spec:
    """Return a value of a trace as figure JSON.

    Args:
        trace: A run of any mechanism.
        name: A step or an input with two axes.
        tokens: One label per token. A one-row matrix needs none for its row.
    """
    tensor = trace[name]
    axes = trace.axes(name)
    labels = [_labels(axis, size, tokens) for axis, size in zip(axes, tensor.shape, strict=True)]
    step = None if name in trace.mechanism.inputs else trace.mechanism.step(name)
    kind = step.operation.kind if step else "vectors"
    sentence = "%{y} · %{x} = {value}"
    if step:
        sentence = step.operation.sentence("%{y}", "%{x}")
    return matrix_spec(
        tensor, labels, axes=axes, title=term(name).title, kind=kind, sentence=sentence
    )


def matrix_spec(
    tensor: Tensor,
    labels: Sequence[Sequence[str]],
    *,
    axes: Sequence[str],
    title: str,
    kind: str,
    sentence: str,
) -> Spec:
    """Return any matrix as figure JSON.

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
    n_rows, n_columns = tensor.shape
    trace: Spec = {
        "type": "heatmap",
        "x": list(range(n_columns)),
        "y": list(range(n_rows)),
        "z": plain_numbers(tensor.detach().double().tolist()),
        "zmin": low,
        "zmax": high,
        "xgap": 1,
        "ygap": 1,
        "colorbar": COLOUR_BAR,
        "hovertemplate": sentence.replace("{value}", "%{z:.4f}") + "<extra></extra>",
        "hoverongaps": False,
        "meta": {"colorscales": scale_of(kind)},
    }
    if n_rows * n_columns <= MAX_LABELLED_CELLS:
        trace["texttemplate"] = "%{z:.4f}" if n_columns <= 8 else "%{z:.2f}"
    layout = {
        "title": {"text": literal(title)},
        "margin": MARGIN,
        "xaxis": {
            "title": {"text": axes[1]},
            "side": "top",
            "tickangle": _angle(labels[1]),
            **ticks(labels[1]),
        },
        "yaxis": {"title": {"text": axes[0]}, "autorange": "reversed", **ticks(labels[0])},
    }
    return {"data": [trace], "layout": layout}


def height_of(n_rows: int) -> int:
    """Return a figure's height in pixels: constant cells, up to a limit."""
    return min(TALLEST_PX, CELL_PX * n_rows) + FRAME_PX


def _angle(labels: Sequence[str]) -> int:
    """Return how steep the column labels stand: fixed, so that no edit makes the picture jump."""
    return -40 if max(map(len, labels)) > 3 else 0


def _labels(axis: str, size: int, tokens: Sequence[str]) -> list[str]:
    """Return one label per position of an axis."""
    if axis.endswith("token") and len(tokens) == size:
        return list(tokens)
    if axis.endswith("token"):
        return [axis] * size if size == 1 else [str(position) for position in range(size)]
    return [f"d{position + 1}" for position in range(size)]
