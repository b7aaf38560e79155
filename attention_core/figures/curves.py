"""Line plots: what is measured for one size after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from attention_core.figures.palette import ROLE_COLOURS
from attention_core.numbers import plain
from attention_core.studies.scale import Scale

Spec = dict[str, Any]
SYMBOLS = {"query": "circle", "key": "square", "value": "diamond", "quiet": "x"}


class Curve(NamedTuple):
    """One line of a plot."""

    name: str
    role: str  # of the palette
    y: Sequence[float]
    unit: str = ""
    dash: str = "solid"


def curves_spec(
    title: str,
    x: Sequence[int],
    curves: Sequence[Curve],
    *,
    x_title: str,
    y_title: str,
    x_axis: Spec,
    y_axis: Spec,
    mode: str = "lines+markers",
) -> Spec:
    """Return a line plot of several curves over the same places, as figure JSON.

    Args:
        title: What the plot shows.
        x: The places.
        curves: The lines, each with as many numbers.
        x_title: What is counted along.
        y_title: What is measured.
        x_axis: More about that axis, as Plotly has it.
        y_axis: The same for the other.
        mode: As Plotly has it.
    """
    data = [
        {
            "type": "scatter",
            "mode": mode,
            "name": curve.name,
            "x": list(x),
            "y": list(curve.y),
            "line": {"width": 3, "dash": curve.dash},
            "marker": {"size": 8, "symbol": SYMBOLS[curve.role]},
            "hovertemplate": f"{curve.name}, %{{x}}: %{{y:.4~g}}{curve.unit}<extra></extra>",
            "meta": {"colors": ROLE_COLOURS[curve.role]},
        }
        for curve in curves
    ]
    layout = {
        "title": {"text": title},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "dragmode": False,
        "xaxis": {"title": {"text": x_title}, "fixedrange": True, **x_axis},
        "yaxis": {"title": {"text": y_title}, "fixedrange": True, **y_axis},
    }
    return {"data": data, "layout": layout}


def spread_spec(found: Sequence[Scale]) -> Spec:
    """Return the plot of how far dot products spread at each width, undivided and over √d_k."""
    pair = ([scale.spread for scale in found], [scale.scaled_spread for scale in found])
    return _over_d_k(
        "Spread of the scores", found, pair, "standard deviation", {"type": "log", "dtick": 1}
    )


def peak_spec(found: Sequence[Scale]) -> Spec:
    """Return the plot of a row's largest weight at each width, undivided and over √d_k."""
    pair = ([scale.peak for scale in found], [scale.scaled_peak for scale in found])
    y_axis = {"range": [0, 1.05], "tickformat": ".1f"}
    return _over_d_k("Largest weight of a row", found, pair, "mean over the rows", y_axis)


def _over_d_k(
    title: str,
    found: Sequence[Scale],
    pair: tuple[Sequence[float], Sequence[float]],
    y_title: str,
    y_axis: Spec,
) -> Spec:
    widths = [scale.d_k for scale in found]
    curves = [Curve("scores", "key", pair[0]), Curve("scores / √d_k", "query", pair[1])]
    ticks = {"type": "log", "tickvals": widths, "ticktext": [str(width) for width in widths]}
    return curves_spec(
        title, widths, curves, x_title="d_k", y_title=y_title, x_axis=ticks, y_axis=y_axis
    )


def spread_finding(found: Sequence[Scale]) -> str:
    """Say how far the scores spread at the largest width, undivided and over √d_k."""
    last = found[-1]
    return (
        f"at d_k = {last.d_k} the scores spread by {plain(last.spread)} and the scaled ones by "
        f"{plain(last.scaled_spread)}."
    )


def peak_finding(found: Sequence[Scale]) -> str:
    """Say how large a row's largest weight is at the largest width, undivided and over √d_k."""
    last = found[-1]
    return (
        f"at d_k = {last.d_k} the largest weight of a row is {plain(last.peak)} on average without "
        f"dividing and {plain(last.scaled_peak)} with it."
    )
