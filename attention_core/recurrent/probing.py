"""What can be read back of a sentence from the state that is handed on: a linear probe per word.

A derivative says how strongly the final state answers to a word, and not whether the word can still
be told from it. A probe does: it sees the final state and nothing else, and names the word.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from attention_core.recurrent.checkpoints import FOLDER, CheckpointError
from attention_core.recurrent.language import source_vocabulary
from attention_core.recurrent.network import EncoderDecoder
from attention_core.recurrent.task import TEST, TRAIN, batch_of, of_length

FILE = "probe.json"
LENGTHS = tuple(range(3, 25))  # words; of shorter sentences there are too few
N_FIT = 3_000  # sentences of each length that the probes are fitted on
N_HELD_OUT = 400  # and others that they are asked about
SEED = 7  # of both
RIDGE = 1e-3  # added to the variances, of which each is about 1


@dataclass(frozen=True)
class Recall:
    """How often each word of sentences of one length is read back from the final state.

    Attributes:
        n_words: How many words the sentences have.
        n_sentences: How many were asked about, none of them fitted on.
        n_right: In how many the word was named, for each place.
    """

    n_words: int
    n_sentences: int
    n_right: tuple[int, ...]

    @property
    def shares(self) -> list[float]:
        """For each place, the share of sentences whose word was read back right."""
        return [n_right / self.n_sentences for n_right in self.n_right]


@dataclass(frozen=True)
class Probed:
    """What is shipped: the recall of every model, and what guessing gets.

    Attributes:
        models: By kind and seed, then by the number of words.
        guess: Of naming, at each place, the word that is commonest there; by the number of words.
        sha256: Of the model that was probed, by kind and seed.
    """

    models: Mapping[tuple[str, int], Mapping[int, Recall]]
    guess: Mapping[int, Recall]
    sha256: Mapping[tuple[str, int], str]


@torch.no_grad()
def handed_on(network: EncoderDecoder, sources: Tensor) -> Tensor:
    """Return the states that an encoder hands on to its decoder, in float64.

    Args:
        network: Whose encoder reads.
        sources: English word numbers, (n_sentences, n_words).

    Returns:
        (n_sentences, n_units); of an LSTM its cell beside its hidden state, (…, 2·n_units).
    """
    exact = deepcopy(network).double()
    _, last = exact.encoder(exact.source(sources))
    return torch.cat(list(last), -1)[0] if isinstance(last, tuple) else last[0]


def fitted(states: Tensor, words: Tensor, n_vocabulary: int) -> tuple[Tensor, Tensor]:
    """Return the linear probe that tells words from states: Fisher's linear discriminant.

    Every word's states are taken as one cloud around its own mean, the clouds of one shape; a word
    scores ``stateᵀ Σ⁻¹ μ − μᵀ Σ⁻¹ μ / 2 + ln(its share)``, which is linear in the state.

    Args:
        states: (n_sentences, d), float64.
        words: The word to be told of each, (n_sentences,).
        n_vocabulary: How many words there are.

    Returns:
        The weights, (d, n_vocabulary), and the biases; that of a word never seen is −∞.

    Example:
        >>> states = torch.tensor([[0.0], [0.2], [1.0], [1.2]], dtype=torch.float64)
        >>> weights, biases = fitted(states, torch.tensor([0, 0, 1, 1]), 2)
        >>> (states @ weights + biases).argmax(-1)
        tensor([0, 0, 1, 1])

    Source:
        Fisher, "The Use of Multiple Measurements in Taxonomic Problems" (1936); probes: Alain and
        Bengio, arXiv 1610.01644.
    """
    is_word = functional.one_hot(words, n_vocabulary).to(states)  # (n_sentences, n_vocabulary)
    counts = is_word.sum(0)
    means = is_word.T @ states / counts.clamp(min=1)[:, None]  # (n_vocabulary, d)
    around = states - means[words]
    shape = around.T @ around / len(states) + RIDGE * torch.eye(states.shape[1]).to(states)
    weights = torch.linalg.solve(shape, means.T)
    return weights, (counts / len(states)).log() - (means * weights.T).sum(1) / 2


def measure(network: EncoderDecoder, n_words: int) -> Recall:
    """Return how often each word can be read back from a model's final state.

    Args:
        network: A model.
        n_words: How many words the sentences have.
    """
    known, asked = sentences(TRAIN, n_words, N_FIT), sentences(TEST, n_words, N_HELD_OUT)
    states, others = handed_on(network, known), handed_on(network, asked)
    middle, spread = states.mean(0), states.std(0) + 1e-9
    states, others = (states - middle) / spread, (others - middle) / spread
    found = []
    for place in range(n_words):
        weights, biases = fitted(states, known[:, place], len(source_vocabulary()))
        named = (others @ weights + biases).argmax(-1)
        found.append(int((named == asked[:, place]).sum()))
    return Recall(n_words, len(asked), tuple(found))


def guess(n_words: int) -> Recall:
    """Return how often guessing the commonest word of each place is right."""
    known, asked = sentences(TRAIN, n_words, N_FIT), sentences(TEST, n_words, N_HELD_OUT)
    n_right = (asked == known.mode(0).values).sum(0)
    return Recall(n_words, len(asked), tuple(n_right.tolist()))


@lru_cache(maxsize=64)
def sentences(part: str, n_words: int, how_many: int) -> Tensor:
    """Return the English word numbers of sentences of one length, (n_sentences, n_words)."""
    dice = random.Random(f"probe:{SEED}:{part}:{n_words}")
    return batch_of(of_length(dice, part, n_words, how_many))[0]


def shipped(folder: Path = FOLDER) -> Probed:
    """Return the probe's measurements that come with the trained models.

    Raises:
        CheckpointError: If the file is missing or unreadable.
    """
    try:
        read = json.loads((folder / FILE).read_text(encoding="utf-8"))
        models = {(entry["kind"], entry["seed"]): entry for entry in read["models"]}
        return Probed(
            {key: _by_length(entry["recall"]) for key, entry in models.items()},
            _by_length(read["guess"]),
            {key: str(entry["sha256"]) for key, entry in models.items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"What was read back of the trained models, {FILE}, is missing or damaged. Install the "
            "app again, or run `python -m benchmarks.probe --write`."
        ) from error


def _by_length(entries: Sequence[Sequence[Any]]) -> dict[int, Recall]:
    found = (Recall(int(n_words), int(n), tuple(map(int, right))) for n_words, n, right in entries)
    return {recall.n_words: recall for recall in found}


def written(probed: Probed) -> str:
    """Return a probe's measurements as the text of the file that ``shipped`` reads."""
    about = {
        "made": (
            "by `python -m benchmarks.probe --write`: for each place of a word, Fisher's linear "
            f"discriminant in float64, fitted on the final states of {N_FIT} training sentences of "
            f"as many words, and asked which word stood there in up to {N_HELD_OUT} test sentences"
        ),
        "entries": "n_words, n_sentences, [how many were right, for each place]",
        "ridge": RIDGE,
        "seed": SEED,
        "torch": torch.__version__,
    }
    head = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in about.items())
    models = ",\n    ".join(
        json.dumps(
            {
                "kind": kind,
                "seed": seed,
                "sha256": probed.sha256[kind, seed],
                "recall": _entries(recalls.values()),
            }
        )
        for (kind, seed), recalls in sorted(probed.models.items())
    )
    guesses = json.dumps(_entries(probed.guess.values()))
    return f'{{\n  {head},\n  "guess": {guesses},\n  "models": [\n    {models}\n  ]\n}}\n'


def _entries(recalls: Iterable[Recall]) -> list[list[Any]]:
    return [[one.n_words, one.n_sentences, list(one.n_right)] for one in recalls]
