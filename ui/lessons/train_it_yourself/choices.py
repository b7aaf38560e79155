"""What the lesson "Train it yourself" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.cards.number_words import READERS
from ui.lab.checks import one_of, whole
from ui.lab.choices import Choices, choice
from ui.lab.lab import MAX_SEED


@dataclass(frozen=True, slots=True)
class TrainingChoices(Choices):
    """What the lesson adds to the lab: the model that is trained, its size and seed."""

    train_kind: str = choice("bahdanau", one_of(READERS), "the model to train oneself")
    train_units: int = choice(16, whole(4, 64), "its units, 4 to 64")
    train_seed: int = choice(1, whole(0, MAX_SEED), "what its training starts from")
