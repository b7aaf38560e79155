"""What the lesson "Normalisation lab" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ui.lab.checks import number, one_of
from ui.lab.choices import Choices, choice

NOTEBOOK_SCORES = (0.9544, 1.4950, 1.4754, 0.8434, 0.7070, 1.0865)
MAX_SCORES = 64  # of the row
DTYPES = ("float64", "float32", "float16", "bfloat16")


def _temperature(value: Any) -> float:
    return number(value, 0.05, 100)


def _numbers(value: Any) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MAX_SCORES:
        raise ValueError(f"1 to {MAX_SCORES} numbers")
    return tuple(number(entry) for entry in value)


@dataclass(frozen=True, slots=True)
class NormalisationChoices(Choices):
    """What the lesson adds to the lab: a row of scores, a temperature, a number format."""

    row_scores: tuple[float, ...] = choice(
        NOTEBOOK_SCORES, _numbers, "the row of the Normalisation lab, 1 to 64 numbers"
    )
    temperature: float = choice(1.0, _temperature, "what its scores are divided by, 0.05 to 100")
    dtype: str = choice(
        "float32",
        one_of(DTYPES),
        "what its numbers are held as: float64, float32, float16, bfloat16",
    )
