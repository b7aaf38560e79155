"""Two sentences beside each other: lines between words that belong together, and likely words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from attention_core.figures.labels import literal
from attention_core.figures.palette import ROLE_COLOURS

Spec = dict[str, Any]
LEAST = 0.01  # lines of less are left out
WIDEST = 12.0  # px, of a weight of 1
NOT_YET = "…"
GAP = 8  # px between cells that can have frames
BUCKETS = (0.1, 0.3, 0.6)  # lines of earlier words are drawn together, in these strengths
STOPS = (0.0, 0.25, 0.5, 0.75, 1.0)  # where along a line its number shows
_MARGIN = {"l": 4, "r": 4, "t": 8, "b": 8}


def share_of(share: float) -> str:
    """Return a share as text of 4 decimals, ``<0.0001`` for one that is not quite nothing.

    Example:
        >>> share_of(0.25), share_of(1e-7), share_of(0.0), share_of(-0.5)
        ('0.2500', '<0.0001', '0.0000', '-0.5000')
    """
    return "<0.0001" if 0 < share < 0.5e-4 else f"{share + 0.0:.4f}"


def lines_height(n_rows: int) -> int:
    """Return the height in pixels of ``lines_spec``: room for every word of the longer sentence."""
    return 50 + n_rows * (34 if n_rows <= 16 else 22)


def lines_spec(weights: Tensor, written: Sequence[str], source: Sequence[str], step: int) -> Spec:
    """Return the picture of two sentences, read and written, with lines between their words.

    A line is as wide as its weight. Those of the current word stand out and have their numbers
    beside the words that were read; words that come later are not shown yet.

    Args:
        weights: Where the decoder looked, (n_out, n_in).
        written: One label per written word.
        source: One label per word that was read.
        step: The word that is being written.
    """
    tall = max(len(written), len(source)) - 1
    left, right = _spread(len(source), tall), _spread(len(written), tall)
    rows = weights.detach().double().tolist()
    data = [
        _bundle(rows, step, low, high, (left, right), (written, source))
        for low, high in zip((LEAST, *BUCKETS), (*BUCKETS, 2.0), strict=True)
    ]
    for at, weight in enumerate(rows[step]):
        hover = f"{source[at]} → {written[step]}: weight {weight:.4f}"
        data.append(_line(left[at], right[step], weight, hover))
    data.append(_dots(0, left, "value", "circle"))
    data.append({**_dots(1, right, "context", "square"), "yaxis": "y2"})
    side = {
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        "range": [tall + 0.6, -0.6],
    }
    read = [
        f"{literal(word)} <b>{literal(share_of(weight))}</b>"
        for word, weight in zip(source, rows[step], strict=True)
    ]
    told = [literal(word) if at <= step else NOT_YET for at, word in enumerate(written)]
    told[step] = f"<b>{told[step]}</b>"
    layout = {
        "title": {"text": "Lines between the two sentences"},
        "showlegend": False,
        "dragmode": False,
        "margin": _MARGIN,
        "xaxis": {"visible": False, "fixedrange": True, "range": [-0.03, 1.03]},
        "yaxis": {**side, "tickvals": left, "ticktext": read},
        "yaxis2": {
            **side,
            "overlaying": "y",
            "side": "right",
            "tickvals": right,
            "ticktext": told,
        },
    }
    return {"data": data, "layout": layout}


def _spread(count: int, tall: int) -> list[float]:
    """Return where the words of a sentence stand, so that both are equally tall.

    Example:
        >>> _spread(3, 4), _spread(1, 4)
        ([0.0, 2.0, 4.0], [2.0])
    """
    if count == 1:
        return [tall / 2]
    return [at * tall / (count - 1) for at in range(count)]


def _line(start: float, end: float, weight: float, told: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(STOPS),
        "y": [start + stop * (end - start) for stop in STOPS],
        "line": {"width": WIDEST * min(max(weight, 0.0), 1.0)},
        "opacity": 0.75 if weight >= LEAST else 0.0,
        "text": [literal(told)] * len(STOPS),
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS["query"]},
    }


def _bundle(
    rows: Sequence[Sequence[float]],
    step: int,
    low: float,
    high: float,
    places: tuple[Sequence[float], Sequence[float]],
    words: tuple[Sequence[str], Sequence[str]],
) -> Spec:
    """Return all lines of earlier words whose weights lie between two, as one."""
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    found = []
    for row in range(step):
        for at, weight in enumerate(rows[row]):
            if low <= weight < high:
                line = _line(places[0][at], places[1][row], weight, "")
                x += [*line["x"], None]
                y += [*line["y"], None]
                told = f"{words[1][at]} → {words[0][row]}: weight {weight:.4f}"
                text += [literal(told)] * (len(STOPS) + 1)
                found.append(weight)
    strength = min(sum(found) / len(found), 1.0) if found else low
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"width": WIDEST * strength},
        "opacity": 0.45,
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }


def _dots(x: float, rows: Sequence[float], role: str, symbol: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x] * len(rows),
        "y": list(rows),
        "marker": {"size": 9, "symbol": symbol},
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS[role]},
    }


def likeliest_spec(likeliest: Sequence[tuple[str, float]]) -> Spec:
    """Return a bar chart of the likeliest words and their probabilities, the likeliest on top.

    Example:
        >>> likeliest_spec([("vier", 0.75), ("drei", 0.25)])["data"][0]["text"]
        ['0.7500', '0.2500']
    """
    words, shares = zip(*likeliest, strict=True)
    places = list(range(len(words)))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": list(shares),
        "y": places,
        "width": 0.6,
        "text": [literal(share_of(share)) for share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": [literal(word) for word in words],
        "hovertemplate": "%{customdata}: probability %{x:.4f}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS["context"]},
    }
    labels = [literal(word) for word in words]
    labels[0] = f"<b>{labels[0]}</b>"
    layout = {
        "title": {"text": "The likeliest words"},
        "showlegend": False,
        "dragmode": False,
        "margin": _MARGIN,
        "xaxis": {
            "title": {"text": "probability"},
            "fixedrange": True,
            "range": [0, 1.25],
            "tickvals": [0, 0.5, 1],
        },
        "yaxis": {
            "fixedrange": True,
            "range": [len(words) - 0.5, -0.5],
            "tickvals": places,
            "ticktext": labels,
            "showgrid": False,
        },
    }
    return {"data": [bars], "layout": layout}


def with_frames(spec: Spec, cells: Sequence[Sequence[int]]) -> Spec:
    """Return a heatmap's figure JSON with a frame around some cells.

    Args:
        spec: A heatmap with numbers in its cells, and whatever is drawn over it.
        cells: The row and the column of each.

    The page paints its cells above Plotly's lines, so frames show in the gaps between them.
    """
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in cells:
        x += [*(column + side for side in (-0.46, 0.46, 0.46, -0.46, -0.46)), None]
        y += [*(row + side for side in (-0.44, -0.44, 0.44, 0.44, -0.44)), None]
    frames: Spec = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"colors": ROLE_COLOURS["value"]},
    }
    heatmap, *over = spec["data"]
    return {**spec, "data": [{**heatmap, "xgap": GAP, "ygap": GAP}, *over, frames]}
