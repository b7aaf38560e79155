"""What the lesson "To self-attention" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import flag
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class ToSelfChoices(Choices):
    """What the lesson adds to the lab: whether one sequence asks itself."""

    same_sequence: bool = choice(
        False, flag, "whether one sequence asks itself on *To self-attention*"
    )
