"""The trained models of "Why attention": what they read, and what was measured of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from torch import Tensor

from attention_core import Check, Trace
from attention_core.figures.lengths import Records
from attention_core.recurrent import CheckpointError, Model, load_model, probing, rate_search
from attention_core.recurrent.accuracy import BUCKETS
from attention_core.recurrent.checkpoints import records, trials
from attention_core.recurrent.reading import compare_with_torch, read_sentence
from attention_core.recurrent.translation import check_word_sensitivity, word_sensitivity
from ui.cards.number_words import words_of
from ui.lab.lab import Lab

LINES = ("hidden", "cell")  # what may be carried, and then is handed on
CARRIED = {"final_hidden": 0, "final_cell": 1}  # the row of the bottleneck that each is
LONGEST_SEEN, BEYOND = BUCKETS[3], BUCKETS[4]


@lru_cache(maxsize=8)
def model_of(kind: str) -> Model:
    """Return a trained model; CheckpointError if there is none."""
    return load_model(kind)


def problem(kind: str) -> str:
    """Return what is wrong with a trained model, or an empty text."""
    try:
        model_of(kind)
    except CheckpointError as error:
        return str(error)
    return ""


@lru_cache(maxsize=1)
def trained_models() -> Records:
    """Return the records of all trained models, read once."""
    return MappingProxyType(records())


@lru_cache(maxsize=1)
def search_trials() -> tuple[rate_search.Trial, ...]:
    """Return the short trainings that chose the learning rates, read once."""
    return trials()


def records_problem() -> str:
    """Return what is wrong with the list of the trained models, or an empty text."""
    try:
        trained_models()
        search_trials()
    except CheckpointError as error:
        return str(error)
    return ""


@lru_cache(maxsize=16)
def read(kind: str, words: tuple[str, ...]) -> Trace:
    """Return how the encoder of a kind of model reads words, without numbers of the user's."""
    return read_sentence(model_of(kind), words)


@lru_cache(maxsize=16)
def torch_checks(kind: str, words: tuple[str, ...]) -> tuple[Check, ...]:
    """Return how far that reading is from torch's own recurrent layer."""
    return compare_with_torch(read(kind, words))


@lru_cache(maxsize=1)
def probes() -> probing.Probed:
    """Return what linear probes read back of the final states, read once."""
    return probing.shipped()


def probe_problem() -> str:
    """Return what is wrong with what was read back, or an empty text."""
    try:
        probes()
    except CheckpointError as error:
        return str(error)
    return ""


def probed_length(lab: Lab) -> int:
    """Return the number of words that was probed and is nearest to that of the user's sentence."""
    return min(probing.LENGTHS, key=lambda n_words: abs(n_words - len(words_of(lab))))


@lru_cache(maxsize=32)
def word_sensitivities(kind: str, words: tuple[str, ...]) -> tuple[Mapping[str, Tensor], Check]:
    """Return how strongly a model's final state answers to each word, and its second route."""
    norms = word_sensitivity(model_of(kind), words)
    return MappingProxyType(norms), check_word_sensitivity(model_of(kind), words, norms)
