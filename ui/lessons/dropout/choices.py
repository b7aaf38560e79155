"""What the lesson "Dropout" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ui.lab.checks import flag, number, whole
from ui.lab.choices import Choices, choice
from ui.lab.lab import MAX_SEED


def _rate(value: Any) -> float:
    """Return a share below 1, or raise ValueError."""
    if number(value, 0, 1) == 1:
        raise ValueError("a number from 0 to below 1")
    return float(value)


@dataclass(frozen=True, slots=True)
class DropoutChoices(Choices):
    """What the lesson adds to the lab: rate, seed and number of draws, training or not."""

    dropout: float = choice(0.5, _rate, "the share of weights that is dropped, from 0 to below 1")
    training: bool = choice(True, flag, "false for evaluation")
    dropout_seed: int = choice(
        123, whole(0, MAX_SEED), "what decides which weights; the draws depend on the platform"
    )
    n_draws: int = choice(100, whole(1, 1_000), "how many draws the mean is taken of, 1 to 1,000")
