"""What the lesson "Bahdanau attention" adds to the lab."""

from __future__ import annotations

from dataclasses import dataclass

from ui.lab.checks import flag, whole
from ui.lab.choices import Choices, choice

MAX_STEP = 99  # of the decoder


@dataclass(frozen=True, slots=True)
class BahdanauChoices(Choices):
    """What the lesson adds to the lab: the word being written, and the classic bug."""

    decoder_step: int = choice(
        0, whole(0, MAX_STEP), "the word that is being written, from 0", is_view=True
    )
    sees_encoder: bool = choice(True, flag, "false: the energies ignore what was read")
