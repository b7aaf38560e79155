"""What the lesson "Why attention" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.cards.number_words import READERS
from ui.lab.checks import one_of
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class WhyChoices(Choices):
    """What the lesson adds to the lab: the model that translates."""

    reader: str = choice(
        "gru", one_of(READERS), "the model that translates it: rnn, lstm, gru, bahdanau"
    )
