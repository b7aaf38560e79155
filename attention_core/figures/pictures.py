"""Two pictures beside the heatmaps: attention as a flow, and the vectors in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attention_core.figures.labels import literal, plain_numbers, short
from attention_core.figures.palette import ROLES
from attention_core.numbers import plain, result_of

Spec = dict[str, Any]
WIDEST_PX = 26.0  # an arrow for a weight of 1


def flow_spec(weights: Tensor, inputs: Tensor, context: Tensor, tokens: Sequence[str]) -> Spec:
    """Return the inputs flowing into one context vector, each line as wide as its weight.

    Args:
        weights: The query's weights, (1, n_tokens).
        inputs: The token embeddings, (n_tokens, d_in).
        context: The query's context vector, (1, d_in).
        tokens: One label per token.
    """
    n_tokens = len(tokens)
    shares = weights[0].detach().double().tolist()
    middle = (n_tokens - 1) / 2
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 0.45, 1],
            "y": [row, (row + middle) / 2, middle],
            "line": {"width": max(0.4, share * WIDEST_PX), "shape": "spline"},
            "opacity": 0.75,
            "name": literal(token),
            "customdata": [share] * 3,
            "hovertemplate": f"{literal(token)} · weight %{{customdata:.4f}}<extra></extra>",
            "meta": {"colors": ROLES["query"]},
        }
        for row, (token, share) in enumerate(zip(tokens, shares, strict=True))
    ]
    starts = _nodes(0, list(range(n_tokens)), _vector_labels(tokens, inputs), "value", "left")
    end = _nodes(1, [middle], ["context vector<br>" + _vector(context[0])], "context", "right")
    numbers = {
        "type": "scatter",
        "mode": "text",
        "x": [0.2] * n_tokens,
        "y": [row + 0.45 * (middle - row) * 0.4 for row in range(n_tokens)],
        "text": [result_of(share) for share in shares],
        "hoverinfo": "skip",
    }
    axis = {"visible": False, "fixedrange": True}
    layout = {
        "title": {"text": "From inputs to the context vector"},
        "showlegend": False,
        "xaxis": {**axis, "range": [-0.62, 1.5]},
        "yaxis": {**axis, "range": [n_tokens - 0.4, -0.6]},
    }
    return {"data": [*lines, starts, end, numbers], "layout": layout}


def _nodes(x: float, rows: Sequence[float], texts: list[str], role: str, side: str) -> Spec:
    """Return dots with labels on their outer side."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x] * len(rows),
        "y": list(rows),
        "text": texts,
        "textposition": "middle left" if side == "left" else "middle right",
        "marker": {"size": 9},
        "hoverinfo": "skip",
        "meta": {"colors": ROLES[role]},
    }


def _vector_labels(tokens: Sequence[str], inputs: Tensor) -> list[str]:
    return [
        f"{literal(short(token))} {_vector(row)}" for token, row in zip(tokens, inputs, strict=True)
    ]


def _vector(row: Tensor) -> str:
    """Return a vector in brackets, its first three numbers at most."""
    numbers = [plain(round(entry, 3)) for entry in row.detach().double().tolist()]
    return "(" + ", ".join(numbers[:3]) + (", …)" if len(numbers) > 3 else ")")


def space_spec(inputs: Tensor, query: int, context: Tensor, tokens: Sequence[str]) -> Spec:
    """Return the first three dimensions of the vectors as arrows from the origin.

    Args:
        inputs: The token embeddings, (n_tokens, d_in). Missing dimensions are drawn as 0.
        query: Which token asks.
        context: Its context vector, (1, d_in).
        tokens: One label per token.
    """
    points = _first_three(inputs)
    roles = ["query" if row == query else "quiet" for row in range(len(tokens))]
    arrows = [
        _arrow(point, literal(token), role)
        for point, token, role in zip(points, tokens, roles, strict=True)
    ]
    arrows.append(_arrow(_first_three(context)[0], "context vector", "context"))
    axes = {f"{axis}axis": {"title": {"text": f"d{i + 1}"}} for i, axis in enumerate("xyz")}
    camera = {"eye": {"x": 1.35, "y": 1.35, "z": 0.8}}
    layout = {
        "title": {"text": "The vectors in space"},
        "showlegend": False,
        "uirevision": "space",  # a turned picture stays turned when the numbers change
        "scene": {**axes, "camera": camera, "aspectmode": "cube"},
    }
    return {"data": arrows, "layout": layout}


def _first_three(vectors: Tensor) -> list[list[float | None]]:
    padded = torch.nn.functional.pad(vectors.detach().double(), (0, 3))[:, :3]
    numbers: list[list[float | None]] = plain_numbers(padded.tolist())
    return numbers


def _arrow(point: Sequence[float | None], text: str, role: str) -> Spec:
    x, y, z = point
    return {
        "type": "scatter3d",
        "mode": "lines+markers+text",
        "x": [0, x],
        "y": [0, y],
        "z": [0, z],
        "text": ["", text],
        "name": text,
        "textposition": "top center",
        "line": {"width": 3 if role == "quiet" else 7},
        "marker": {"size": [0, 4 if role == "quiet" else 7]},
        "hovertemplate": f"{text} (%{{x:.4f}}, %{{y:.4f}}, %{{z:.4f}})<extra></extra>",
        "meta": {"colors": ROLES[role]},
    }
