"""Pictures beside the heatmaps: attention as a flow, two vectors as an angle, all in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attention_core.conventions import USUAL, Conventions
from attention_core.figures.labels import literal, plain_numbers, short
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.glossary import plain_symbol
from attention_core.numbers import plain, result_of
from attention_core.studies.alignment import Alignment

Spec = dict[str, Any]
NARROW = 10  # with more tokens than this, a line of the flow has one line of label
NAMED_IN_SPACE = 12  # with more arrows than this, only the query and the context are named
TIGHT = {"l": 4, "r": 4, "t": 8, "b": 8}


def widest_px(n_tokens: int) -> float:
    """Return the width of a line that carries a weight of 1."""
    return 16 * math.sqrt(n_tokens)


def flow_height(n_tokens: int) -> int:
    """Return the flow picture's height in pixels: room for every token's label."""
    return 60 + n_tokens * (42 if n_tokens <= NARROW else 20)


def flow_spec(
    weights: Tensor,
    inputs: Tensor,
    context: Tensor,
    tokens: Sequence[str],
    conventions: Conventions = USUAL,
) -> Spec:
    """Return the picture of inputs flowing into a context vector, lines as wide as their weights.

    Args:
        weights: The query's weights, (1, n_tokens).
        inputs: The token embeddings, (n_tokens, d_in).
        context: The query's context vector, (1, d_in).
        tokens: One label per token.
        conventions: Whose symbol the context vector has.
    """
    n_tokens = len(tokens)
    shares = weights[0].detach().double().tolist()
    middle = (n_tokens - 1) / 2
    lines = [
        _stream(row, middle, share, token, widest_px(n_tokens))
        for row, (token, share) in enumerate(zip(tokens, shares, strict=True))
    ]
    starts = _dots(0, list(range(n_tokens)), "value")
    end = {**_dots(1, [middle], "context"), "yaxis": "y2"}
    reach = [n_tokens - 0.5, -0.5]
    side = {
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        "range": reach,
    }
    labels = _start_labels(tokens, shares, inputs)
    called = plain_symbol("context", conventions).replace(" ", "<br>")
    layout = {
        "title": {"text": "From inputs to the context vector"},
        "showlegend": False,
        "dragmode": False,
        "margin": TIGHT,
        "xaxis": {"visible": False, "fixedrange": True, "range": [-0.03, 1.05]},
        "yaxis": {**side, "tickvals": list(range(n_tokens)), "ticktext": labels},
        "yaxis2": {
            **side,
            "overlaying": "y",
            "side": "right",
            "tickvals": [middle],
            "ticktext": ["<br>".join([f"<b>{called}</b>", *_numbers(context[0], 8)])],
        },
    }
    return {"data": [*lines, starts, end], "layout": layout}


def _stream(row: int, middle: float, share: float, token: str, widest: float) -> Spec:
    """Return the line from one token to the context vector."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 0.3, 0.7, 1],
        "y": [row, row + 0.15 * (middle - row), middle - 0.15 * (middle - row), middle],
        "line": {"width": share * widest, "shape": "spline"},
        "opacity": 0.55,
        "name": literal(token),
        "customdata": [share] * 4,
        "hovertemplate": f"{literal(token)} · weight %{{customdata:.4f}}<extra></extra>",
        "meta": {"colors": ROLE_COLOURS["query"]},
    }


def _dots(x: float, rows: Sequence[float], role: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x] * len(rows),
        "y": list(rows),
        "marker": {"size": 9},
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS[role]},
    }


def _start_labels(tokens: Sequence[str], shares: Sequence[float], inputs: Tensor) -> list[str]:
    """Return each token with its weight and, where there is room, its vector below."""
    names = [
        f"{literal(short(token))} <b>{result_of(share)}</b>"
        for token, share in zip(tokens, shares, strict=True)
    ]
    if len(tokens) > NARROW:
        return names
    vectors = [f"({', '.join(_numbers(row, 3))})" for row in inputs]
    return [f"{name}<br>{vector}" for name, vector in zip(names, vectors, strict=True)]


def _numbers(vector: Tensor, most: int) -> list[str]:
    """Return a vector's numbers, the first ones and … when there are more."""
    numbers = [plain(entry) for entry in vector.detach().double().tolist()]
    return numbers if len(numbers) <= most else [*numbers[:most], "…"]


def alignment_spec(found: Alignment, reach: float, query: str, key: str) -> Spec:
    """Return the picture of two vectors and their angle in their plane, the query to the right.

    However many dimensions they have, two vectors lie in one plane; this is it.

    Args:
        found: The query's and the key's lengths and angle.
        reach: The length of the longest vector there is to compare, so that the axes stay.
        query: The query token.
        key: The key token.
    """
    angle = math.radians(found.degrees or 0.0)
    tip = (found.lengths[1] * math.cos(angle), found.lengths[1] * math.sin(angle))
    data = [
        _flat_arrow((found.lengths[0], 0.0), query, "query", "bottom center"),
        _flat_arrow(tip, key, "key", "top center"),
    ]
    if found.degrees is not None:
        data.append(_arc(angle, 0.35 * min(found.lengths)))
        data.append(_shadow(tip))
    reach = reach or 1.0
    axis = {"fixedrange": True, "zeroline": True, "nticks": 5}
    layout = {
        "title": {"text": "The angle between query and key"},
        "showlegend": False,
        "dragmode": False,
        "margin": TIGHT,
        "xaxis": {
            **axis,
            "title": {"text": f"along {literal(short(query))} (query)"},
            "range": [-1.2 * reach if tip[0] < 0 else -0.2 * reach, 1.3 * reach],
        },
        "yaxis": {
            **axis,
            "title": {"text": "across it"},
            "range": [-0.3 * reach, 1.2 * reach],
            "scaleanchor": "x",
        },
    }
    return {"data": data, "layout": layout}


def _flat_arrow(tip: tuple[float, float], text: str, role: str, position: str) -> Spec:
    name = literal(short(text))
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [0, tip[0]],
        "y": [0, tip[1]],
        "text": ["", f"<b>{name}</b>"],
        "textposition": position,
        "cliponaxis": False,
        "line": {"width": 4},
        "marker": {"size": [0, 11], "opacity": 1},
        "name": name,
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS[role]},
    }


def _arc(angle: float, radius: float) -> Spec:
    """Return the angle as an arc with its size in degrees beside it."""
    steps = [angle * i / 24 for i in range(25)]
    is_narrow = angle < 0.5  # then there is no room between the arrows, but below them
    texts = [""] * 25
    texts[0 if is_narrow else 12] = f"{'<br>' if is_narrow else ' '}{math.degrees(angle):.1f}°"
    return {
        "type": "scatter",
        "mode": "lines+text",
        "x": [radius * math.cos(step) for step in steps],
        "y": [radius * math.sin(step) for step in steps],
        "text": texts,
        "textposition": "bottom center" if is_narrow else "top right",
        "cliponaxis": False,
        "line": {"width": 2},
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }


def _shadow(tip: tuple[float, float]) -> Spec:
    """Return the line from the key straight down to the query's direction."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [tip[0], tip[0]],
        "y": [tip[1], 0],
        "line": {"width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
        "meta": {"colors": ROLE_COLOURS["quiet"]},
    }


def space_spec(
    inputs: Tensor,
    query: int,
    context: Tensor,
    tokens: Sequence[str],
    conventions: Conventions = USUAL,
) -> Spec:
    """Return the picture of the vectors' first three dimensions, as arrows from the origin.

    Args:
        inputs: The token embeddings, (n_tokens, d_in). Missing dimensions are drawn as 0.
        query: Which token asks.
        context: Its context vector, (1, d_in).
        tokens: One label per token.
        conventions: Whose symbol the context vector has, and how dimensions are numbered.
    """
    points = _first_three(inputs)
    roles = ["query" if row == query else "quiet" for row in range(len(tokens))]
    is_crowded = len(tokens) > NAMED_IN_SPACE
    arrows = [
        _arrow(point, token, role, is_named=role == "query" or not is_crowded)
        for point, token, role in zip(points, tokens, roles, strict=True)
    ]
    called = plain_symbol("context", conventions)
    arrows.append(_arrow(_first_three(context)[0], called, "context"))
    width = inputs.shape[1]
    axes = {
        f"{axis}axis": {
            "title": {"text": conventions.dimension(i) if i < width else "0"},
            "nticks": 5,
        }
        for i, axis in enumerate("xyz")
    }
    camera = {"eye": {"x": 1.7, "y": 1.7, "z": 1.0}, "center": {"x": 0, "y": 0, "z": -0.12}}
    layout = {
        "title": {"text": "The vectors in space"},
        "showlegend": False,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "uirevision": "space",  # a turned picture stays turned when the numbers change
        "scene": {**axes, "camera": camera, "aspectmode": "cube"},
    }
    return {"data": arrows, "layout": layout}


def _first_three(vectors: Tensor) -> list[list[float | None]]:
    padded = torch.nn.functional.pad(vectors.detach().double(), (0, 3))[:, :3]
    numbers: list[list[float | None]] = plain_numbers(padded.tolist())
    return numbers


def _arrow(point: Sequence[float | None], text: str, role: str, *, is_named: bool = True) -> Spec:
    x, y, z = point
    name = literal(short(text))
    is_quiet = role == "quiet"
    where = "(%{x:.4f}, %{y:.4f}, %{z:.4f})<extra></extra>"
    return {
        "type": "scatter3d",
        "mode": "lines+markers+text",
        "x": [0, x],
        "y": [0, y],
        "z": [0, z],
        "text": ["", (name if is_quiet else f"<b>{name}</b>") if is_named else ""],
        "name": name,
        "textposition": "bottom center" if role == "context" else "top center",
        "line": {"width": 3 if is_quiet else 7},
        "marker": {"size": [0, 4 if is_quiet else 7], "opacity": 1},
        "hovertemplate": ["the origin<extra></extra>", f"{literal(text)} {where}"],
        "meta": {"colors": ROLE_COLOURS[role]},
    }
