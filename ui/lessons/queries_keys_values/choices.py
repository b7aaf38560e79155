"""What the lesson "Queries, keys, values" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import whole
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class ScaleStudyChoices(Choices):
    """What the lesson adds to the lab: up to which width scores are measured."""

    most_d_k: int = choice(
        256, whole(1, 4_096), "up to which width *Why divide by √d_k?* measures, 1 to 4,096"
    )
