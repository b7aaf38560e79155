"""Draw over a heatmap: a frame around one row, and dots in the corners of cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attention_core.figures.labels import LIT_BESIDE, literal, short
from attention_core.figures.palette import ROLE_COLOURS

Spec = dict[str, Any]


def with_lit_row(spec: Spec, row: int, label: str) -> Spec:
    """Return a heatmap's figure JSON with a frame around one row, in the query's colour.

    Args:
        spec: What ``matrix_spec`` returned.
        row: The row's position.
        label: Its token.

    The frame is a line of its own and not a Plotly shape, whose colour could not follow the theme.
    """
    cells = spec["data"][0]
    n_rows, n_columns = (_length(cells, axis) for axis in "yx")
    left, right, top, bottom = -0.5, n_columns - 0.5, row - 0.5, row + 0.5
    frame: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": [left, right, right, left, left],
        "y": [top, top, bottom, bottom, top],
        "line": {"width": 4 if "texttemplate" in cells else 2},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"colors": ROLE_COLOURS["query"]},
    }
    # Labelled rows stand further apart, so that the frame shows between them.
    cells = {**cells, "ygap": 8} if "texttemplate" in cells else cells
    side = spec["layout"]["yaxis"]
    # Where only every so many rows are named, the lit one takes the place of its neighbours.
    room = 1 if row in side["tickvals"] else 2
    names = {
        position: name
        for position, name in zip(side["tickvals"], side["ticktext"], strict=True)
        if abs(position - row) >= room
    }
    names[row] = f"{LIT_BESIDE}{literal(short(label))}</b>"
    ticks_with_lit = {"tickvals": list(names), "ticktext": list(names.values())}
    layout = {
        **spec["layout"],
        "dragmode": False,
        "xaxis": {**spec["layout"]["xaxis"], "range": [left, right]},
        "yaxis": {
            **side,
            **ticks_with_lit,
            "autorange": False,
            "range": [n_rows - 0.5, -0.5],
        },
    }
    return {"data": [cells, frame], "layout": layout}


def with_marks(spec: Spec, cells: Sequence[Sequence[int]]) -> Spec:
    """Return a heatmap's figure JSON with a dot in the corner of some cells.

    Args:
        spec: A heatmap, and whatever is drawn over it.
        cells: The row and the column of each.
    """
    dots: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": [column - 0.4 for _, column in cells],
        "y": [row - 0.3 for row, _ in cells],
        "marker": {"size": 9, "symbol": "circle", "line": {"width": 1, "color": "#ffffff"}},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"colors": ROLE_COLOURS["context"], "over": True},
    }
    return {**spec, "data": [*spec["data"], dots]}


def _length(cells: Spec, axis: str) -> int:
    """Return how many rows ("y") or columns ("x") a heatmap's matrix has, in whole blocks."""
    block: Sequence[int] = cells["meta"].get("block", (1, 1))
    return len(cells[axis]) * block["yx".index(axis)]
