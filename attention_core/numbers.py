"""How a number is written in an explanation."""

from __future__ import annotations

import math

DIGITS = 4  # decimals, as the notebook prints them
SHOWN = 7  # of a constant in a formula: all that float32 keeps


def result_of(value: float, digits: int = DIGITS) -> str:
    """Return a result to 4 decimals, as the notebook prints it, or to as many as are asked for.

    What is nearly nothing, or a million and more, has so many digits in all.

    Example:
        >>> result_of(0.95440001), result_of(1.5e-7), result_of(2.5e12), result_of(0.25, 6)
        ('0.9544', '1.5e-07', '2.5e+12', '0.250000')
    """
    value += 0.0  # -0 is 0
    size = abs(value)
    if not math.isfinite(value) or (value != 0 and (size < 5e-5 or size >= 1e6)):
        return f"{value:.{digits}g}"
    return f"{value:.{digits}f}"


def plain(value: float, digits: int = DIGITS) -> str:
    """Return a number without trailing zeros, to 4 decimals or as many as are asked for.

    Example:
        >>> plain(0.5500000119), plain(3.0), plain(-0.0), plain(0.2379183, 6)
        ('0.55', '3', '0', '0.237918')
    """
    text = result_of(value, digits)
    if "e" in text or "n" in text or "." not in text:
        return text
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def factor(value: float) -> str:
    """Return a number as a factor or term: in brackets when it is negative.

    Example:
        >>> factor(0.25), factor(-0.25)
        ('0.25', '(-0.25)')
    """
    return bracketed(plain(value))


def bracketed(text: str) -> str:
    """Return a written number in brackets if it is negative."""
    return f"({text})" if text.startswith("-") else text


def half_a_unit(text: str, digits: int = DIGITS) -> float:
    """Return half of what the last digit counts of a result that ``result_of`` wrote.

    Example:
        >>> half_a_unit("0.9544"), half_a_unit("1e+06"), half_a_unit("1.5e-07")
        (5e-05, 500.0, 5e-11)
    """
    _, _, exponent = text.partition("e")
    return float(f"5e{int(exponent) - digits if exponent else -1 - digits}")
