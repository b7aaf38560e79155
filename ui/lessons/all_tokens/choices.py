"""What the lesson "All tokens at once" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import flag, whole
from ui.lab.choices import Choices, choice
from ui.lab.lab import MAX_SEED


@dataclass(frozen=True, slots=True)
class AllTokensChoices(Choices):
    """What the lesson adds to the lab: the wrong axis, and another order of the tokens."""

    wrong_axis: bool = choice(
        False, flag, "whether softmax runs over the wrong axis on *All tokens at once*"
    )
    order_seed: int = choice(0, whole(0, MAX_SEED), "of the shuffled order; 0 for the tokens' own")
