"""Two vectors as alignment: how long they are, and the angle between them."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor


class Alignment(NamedTuple):
    """How two vectors lie to each other. A zero vector has no direction, so then no angle."""

    lengths: tuple[float, float]
    cosine: float | None  # 1: the same direction, 0: a right angle, -1: opposite
    degrees: float | None


def alignment(a: Tensor, b: Tensor) -> Alignment:
    """Return the lengths of two vectors and the angle between them.

    ``a · b = |a| |b| cos(angle)``: the dot product grows with both lengths and with alignment.

    Args:
        a: A vector, (d,).
        b: Another, (d,).

    Returns:
        Lengths, cosine and angle in degrees; cosine and angle are None for a zero vector.

    Example:
        >>> import torch
        >>> journey, your = torch.tensor([0.55, 0.87, 0.66]), torch.tensor([0.43, 0.15, 0.89])
        >>> found = alignment(journey, your)
        >>> print(f"{found.cosine:.4f} {found.degrees:.1f}")
        0.7808 38.7
        >>> alignment(journey, torch.zeros(3)).degrees is None
        True
    """
    a, b = a.detach().double(), b.detach().double()
    lengths = (float(a.norm()), float(b.norm()))
    if 0 in lengths:
        return Alignment(lengths, None, None)
    cosine = float((a / lengths[0]).dot(b / lengths[1]))
    cosine = max(-1.0, min(1.0, cosine))  # rounding can leave it a hair outside
    return Alignment(lengths, cosine, math.degrees(math.acos(cosine)))
