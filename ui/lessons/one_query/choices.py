"""What the lesson "One query" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import MAX_TOKENS, whole
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class OneQueryChoices(Choices):
    """What the lesson adds to the lab: where the stepper of dot products stands."""

    moment: int = choice(
        0, whole(0, MAX_TOKENS - 1), "where the stepper of dot products stands", is_view=True
    )
