"""A heatmap with its rows as columns: for readers whose vectors stand upright."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from attention_core.figures.heatmap import angle_of, label_template
from attention_core.figures.labels import LABELLED_COLUMNS, LIT_ABOVE, LIT_BESIDE
from attention_core.figures.overview import packed, unpacked

Spec = dict[str, Any]
WIDEST_GAP = 3  # px: numbers need their cell's width more than its height
_OF_THE_SIDE = ("side", "tickangle", "autorange")  # of an axis: where it is, not what it counts
_SYMBOLS = {"triangle-up": "triangle-left"}  # a mark that points from below points from the right


def turned(spec: Spec) -> Spec:
    """Return a heatmap's figure JSON with rows and columns in each other's place.

    Args:
        spec: A heatmap, and whatever is drawn over it.

    Example:
        >>> import torch
        >>> from attention_core.figures import matrix_spec
        >>> spec = matrix_spec(
        ...     torch.tensor([[1.0, 2.0]]), [["to"], ["a", "b"]],
        ...     axes=("query", "key"), title="", kind="scores", sentence="",
        ... )
        >>> turned(spec)["data"][0]["z"]
        [[1.0], [2.0]]
    """
    data = [_cells(t) if t["type"] == "heatmap" else _marks(t) for t in spec["data"]]
    layout = spec["layout"]
    axes = {"xaxis": _across(layout["yaxis"]), "yaxis": _down(layout["xaxis"])}
    if "minreducedheight" in layout:
        axes["minreducedwidth"] = layout["minreducedheight"]
    return {**spec, "data": data, "layout": {**layout, **axes}}


def _cells(cells: Spec) -> Spec:
    """Return the heatmap itself, transposed; each cell keeps its number and its words."""
    found = {
        **cells,
        "x": cells["y"],
        "y": cells["x"],
        "z": _transposed(cells["z"]),
        "xgap": min(cells["ygap"], WIDEST_GAP),
        "ygap": cells["xgap"],
        "hovertemplate": re.sub(r"%\{([xy])\}", _other, cells["hovertemplate"]),
    }
    if "block" in cells["meta"]:
        found["meta"] = {**cells["meta"], **_turned_block(cells["meta"])}
    if isinstance(cells.get("text"), list):
        found["text"] = _transposed(cells["text"])
    template = label_template(len(found["y"]), len(found["x"]))
    if not template:
        found.pop("texttemplate", None)
    elif cells.get("texttemplate") != "%{text}":
        found["texttemplate"] = template
    return found


def _other(letter: re.Match[str]) -> str:
    return "%{y}" if letter[1] == "x" else "%{x}"


def _transposed(rows: Any) -> Any:
    """Return a matrix, as nested lists or packed, with its rows as columns."""
    if isinstance(rows, dict):
        return packed(unpacked(rows).T)
    return [list(column) for column in zip(*rows, strict=True)]


def _turned_block(meta: Spec) -> Spec:
    """Return an overview's blocks, and which cell of each is shown, with rows as columns."""
    down, across = meta["block"]
    at = unpacked(meta["at"]).T
    return {"block": [across, down], "at": packed(at % across * down + at // across)}


def _marks(marks: Spec) -> Spec:
    """Return lines and marks that are drawn over the cells."""
    found = {**marks, "x": marks["y"], "y": marks["x"]}
    symbol = marks.get("marker", {}).get("symbol")
    if symbol in _SYMBOLS:
        found["marker"] = {**marks["marker"], "symbol": _SYMBOLS[symbol]}
    return found


def _across(axis: Spec) -> Spec:
    """Return the x axis that shows what this y axis showed."""
    found = {name: entry for name, entry in axis.items() if name not in _OF_THE_SIDE}
    if "range" in axis:
        found["range"] = axis["range"][::-1]  # downwards is backwards to Plotly
    n_labels = len(axis["tickvals"])
    every = -(-n_labels // LABELLED_COLUMNS)
    named = sorted(zip(axis["tickvals"], axis["ticktext"], strict=True))
    lit = [position for position, text in named if text.startswith(LIT_BESIDE)]
    kept = [
        (position, text.replace(LIT_BESIDE, LIT_ABOVE, 1))
        for k, (position, text) in enumerate(named)
        if position in lit or (k % every == 0 and all(abs(position - at) >= every for at in lit))
    ]
    labels = [unescape(re.sub(r"^<b>. |</b>$", "", text)) for _, text in kept]
    return {
        **found,
        "side": "top",
        "tickvals": [position for position, _ in kept],
        "ticktext": [text for _, text in kept],
        "tickangle": angle_of(labels) if len(labels) > 1 else 0,  # a lone one has all the width
    }


def _down(axis: Spec) -> Spec:
    """Return the y axis that shows what this x axis showed."""
    found = {name: entry for name, entry in axis.items() if name not in _OF_THE_SIDE}
    if "range" not in axis:
        return {**found, "autorange": "reversed"}
    return {**found, "autorange": False, "range": axis["range"][::-1]}
