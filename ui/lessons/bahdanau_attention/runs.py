"""The translation of "Bahdanau attention" and its attention, the user's own numbers in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from attention_core import ADDITIVE_ATTENTION, Conventions, Mechanism, Trace
from attention_core.figures.labels import TwoSentences
from attention_core.recurrent.checkpoints import CheckpointError
from attention_core.recurrent.language import END, START
from attention_core.recurrent.looking import attention_of
from attention_core.recurrent.translation import (
    Cells,
    Model,
    ModelEdits,
    Translation,
    load_model,
    translate,
)
from ui.cards import overriding
from ui.cards.literal import names
from ui.cards.number_words import words_of
from ui.lab.edits import NO_EDITS, RowEdits, RowKey
from ui.lab.lab import Lab
from ui.lab.same import Same
from ui.lessons.bahdanau_attention.choices import BahdanauChoices

STORED_AS = "bahdanau"
NOW, SO_FAR, ALL = (f"figures:{STORED_AS}_{which}" for which in ("step", "so_far", "all"))
STATES = f"{STORED_AS}/encoder_states"  # under this name the own numbers of encoder states are kept
ENDS = "(end)"  # how the end mark is called on screen
SIGNS = {END: ENDS, START: "(start)"}


@dataclass(frozen=True, slots=True)
class Run:
    """A translation and its attention."""

    model: Model
    translation: Translation
    trace: Trace

    @property
    def n_in(self) -> int:
        """How many words were read."""
        return len(self.translation.source)

    @property
    def n_out(self) -> int:
        """How many words were written, the end mark among them."""
        return len(self.translation.written)

    def source(self, conventions: Conventions) -> list[str]:
        """Return what the words that were read are called."""
        return names(self.translation.source, conventions)

    def written(self, conventions: Conventions) -> list[str]:
        """Return what the written words are called."""
        words = [ENDS if word == END else word for word in self.translation.written]
        return names(words, conventions)

    def tokens(self, conventions: Conventions) -> TwoSentences:
        """Return the labels of those that ask, which know those that are asked."""
        return TwoSentences(self.written(conventions), self.source(conventions))


def run_of(lab: Lab) -> Run:
    """Return the translation of the lab's numbers, with its own numbers in it.

    Raises:
        CheckpointError: If the trained model is missing or damaged.
    """
    return _run(Same(lab.overrides), words_of(lab), lab.of(BahdanauChoices).sees_encoder)


@lru_cache(maxsize=16)
def _run(overrides: Same, words: tuple[str, ...], sees_encoder: bool) -> Run:
    model = load_model("bahdanau")
    edits = edits_of(overrides.of.rows, len(words), model.n_units)
    translation = translate(model, words, edits=edits, sees_encoder=sees_encoder)
    trace = attention_of(model, translation, weights=edits.weights, sees_encoder=sees_encoder)
    return Run(model, translation, trace)


def problem_of(lab: Lab) -> str:
    """Return why there is no translation, or an empty text."""
    try:
        run_of(lab)
    except CheckpointError as error:
        return str(error)
    return ""


def edits_of(overrides: Mapping[RowKey, RowEdits], n_in: int, n_units: int) -> ModelEdits:
    """Return the user's own weights and encoder states for a sentence of so many words.

    Weights are kept by written word and by n_in, encoder states by n_in, word and n_units: those of
    sentences of another length wait.
    """
    weights: dict[tuple[int, ...], float] = {}
    states: dict[tuple[int, ...], float] = {}
    for (label, nth, width), row in overrides.items():
        if label == f"{STORED_AS}/weights" and width == n_in:
            weights |= {(nth - 1, column): entry for column, entry in row.items()}
        elif label == f"{STATES}/{n_in}" and width == n_units and nth <= n_in:
            states |= {(nth - 1, column): entry for column, entry in row.items()}
    return ModelEdits(encoder_states=states, weights=weights)


def own_weights(lab: Lab, run: Run) -> Cells:
    """Return the user's own weights of this run."""
    return edits_of(lab.overrides.rows, run.n_in, run.model.n_units).weights


def step_of(lab: Lab, run: Run) -> int:
    """Return which word is being written, within those there are."""
    return min(lab.of(BahdanauChoices).decoder_step, run.n_out - 1)


def looking_at(lab: Lab, step: int, n_in: int, at: int | None) -> Lab:
    """Return the lab with all the weight of a step on one word, or with its own weights again."""
    key = overriding.key_of(STORED_AS, "weights", (step, 0), n_in)
    row = NO_EDITS if at is None else {word: float(word == at) for word in range(n_in)}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def terms_cell(lab: Lab, run: Run) -> tuple[int, int]:
    """Return the energy whose terms are shown: the picked one, or the largest of this step."""
    for place, name, *cell in lab.trail[-1:]:
        is_here = place in (NOW, SO_FAR, ALL) and name in ("scores", "weights")
        if is_here and run.trace.has_cell(name, cell):
            return cell[0], cell[1]
    step = step_of(lab, run)
    return step, int(run.trace["scores"][step].argmax())


def without_own_weights(lab: Lab) -> Lab:
    """Return the lab with every weight computed; numbers of its own elsewhere stay."""
    own: dict[RowKey, RowEdits] = {
        key: NO_EDITS for key in lab.overrides.rows if key[0] == f"{STORED_AS}/weights"
    }
    return replace(lab, overrides=lab.overrides.with_rows(own))


def mechanism() -> Mechanism:
    """Return the declared steps, for their formulas: they need no trained model."""
    one = torch.ones(1, 1)
    return ADDITIVE_ATTENTION.run(one, one, one, one, one, one[0]).mechanism
