"""One colour scale for each kind of number and one colour for each role, for light and dark.

All are safe for colour-blind readers: one hue from pale to strong for shares, and two opposed hues
around a neutral zero for numbers with a sign (PuOr and BrBG of ColorBrewer, Brewer 2003). Role
colours follow Okabe and Ito (2008).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_WEIGHTS = {
    "light": ["#f4f6fd", "#ccd6f7", "#94abec", "#5d7edc", "#3556bd", "#1d3580"],
    "dark": ["#171c29", "#25345f", "#36509a", "#5474cf", "#8aa5ee", "#cfdcff"],
}
_SCORES = {
    "light": ["#7f3b08", "#d07a1f", "#f8d3a1", "#f7f7f7", "#cfcbe5", "#8073ac", "#3f1a70"],
    "dark": ["#f2a35a", "#b0661c", "#56371a", "#1d2029", "#383459", "#7367ab", "#b9aef0"],
}
_VECTORS = {
    "light": ["#543005", "#a9691c", "#ead3a2", "#f6f6f4", "#bfe3dd", "#3d9c92", "#00473f"],
    "dark": ["#e0b06a", "#96662a", "#4a3a1e", "#1c2127", "#1c433f", "#2f8f84", "#8fdccf"],
}
COLOUR_SCALES = {"weights": _WEIGHTS, "scores": _SCORES, "vectors": _VECTORS}

ROLE_COLOURS = {
    "query": {"light": "#0067a5", "dark": "#63b8ee"},
    "key": {"light": "#b8500b", "dark": "#f0a04b"},
    "value": {"light": "#00785a", "dark": "#3fc79a"},
    "context": {"light": "#9c3a76", "dark": "#e38fc0"},
    "quiet": {"light": "#8891a5", "dark": "#7b8599"},
}


def scale_of(kind: str) -> dict[str, list[list[Any]]]:
    """Return the colour scale of a kind of number as ``[position, colour]`` pairs per theme."""
    return {
        theme: [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]
        for theme, colours in COLOUR_SCALES[kind].items()
    }


def range_of(kind: str, tensor: Tensor) -> tuple[float, float]:
    """Return the numbers at the two ends of the colour scale of a tensor.

    Shares run from 0 to the largest one; numbers with a sign lie evenly around 0, so that the
    neutral colour always means zero.
    """
    low, high = (float(end) for end in tensor.detach().aminmax())
    if not math.isfinite(high - low):  # an end is not a number, or the farthest apart there are
        finite = tensor.detach()[torch.isfinite(tensor)].double()
        low, high = map(float, finite.aminmax()) if finite.numel() else (0.0, 1.0)
    size = max(-low, high)
    if kind == "weights" and low >= 0:
        return 0.0, size or 1.0
    return -(size or 1.0), size or 1.0
