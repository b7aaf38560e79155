"""How a number is written in an explanation."""

from __future__ import annotations

import math


def result_of(value: float) -> str:
    """Return a result to 4 decimals, as the notebook prints it.

    Example:
        >>> result_of(0.95440001), result_of(1.5e-7), result_of(2.5e12)
        ('0.9544', '1.5e-07', '2.5e+12')
    """
    value += 0.0  # -0 is 0
    size = abs(value)
    if not math.isfinite(value) or (value != 0 and (size < 5e-5 or size >= 1e6)):
        return f"{value:.4g}"
    return f"{value:.4f}"


def plain(value: float) -> str:
    """Return a number to 4 decimals without trailing zeros.

    Example:
        >>> plain(0.5500000119), plain(3.0), plain(-0.0)
        ('0.55', '3', '0')
    """
    text = result_of(value)
    if "e" in text or "n" in text:
        return text
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def factor(value: float) -> str:
    """Return a number as a factor or term: in brackets when it is negative.

    Example:
        >>> factor(0.25), factor(-0.25)
        ('0.25', '(-0.25)')
    """
    text = plain(value)
    return f"({text})" if text.startswith("-") else text
