"""What the lesson "Multi-head" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ui.lab.checks import whole
from ui.lab.choices import Choices, choice
from ui.lab.lab import MAX_HEADS


def _heads(value: Any) -> tuple[int, ...]:
    """Return some heads, in order, or raise ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) > MAX_HEADS:
        raise ValueError(f"a list of at most {MAX_HEADS} heads")
    return tuple(sorted({whole(0, MAX_HEADS - 1)(head) for head in value}))


@dataclass(frozen=True, slots=True)
class MultiHeadChoices(Choices):
    """What the lesson adds to the lab: the head that is looked at, and those switched off."""

    head: int = choice(
        0, whole(0, MAX_HEADS - 1), "the head that is looked at, from 0", is_view=True
    )
    heads_off: tuple[int, ...] = choice((), _heads, "the heads that are switched off")
