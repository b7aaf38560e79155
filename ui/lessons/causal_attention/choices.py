"""What the lesson "Causal attention" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import MAX_TOKENS, whole
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class CausalChoices(Choices):
    """What the lesson adds to the lab: the token that the leak detector changes."""

    leak_token: int = choice(
        -1,
        whole(-1, MAX_TOKENS - 1),
        "the token the leak detector changes, from 0; -1 to follow the mask",
    )
