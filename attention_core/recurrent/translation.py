"""A translation, word by word, in plain maths, with every value on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from attention_core.checks import Check, verdict
from attention_core.recurrent.cells import CELLS, Cell, Values, read
from attention_core.recurrent.checkpoints import weights_of
from attention_core.recurrent.jacobians import final_by_word
from attention_core.recurrent.language import (
    END,
    MAX_WORDS,
    START,
    SentenceError,
    source_vocabulary,
    source_words,
    target_vocabulary,
)
from attention_core.recurrent.network import KINDS, TORCH
from attention_core.recurrent.task import ids

Weights = Mapping[str, Tensor]
Cells = Mapping[tuple[int, ...], float]  # numbers of one's own, by where they go
LONGEST = 3 * MAX_WORDS // 2 + 1  # words of the longest right translation, with its end mark


@dataclass(frozen=True)
class Model:
    """A trained encoder-decoder: its kind and its weights, under torch's names."""

    kind: str
    weights: Weights

    @property
    def cell(self) -> Cell:
        """The recurrent cell that reads and writes."""
        return CELLS["gru" if self.kind == "bahdanau" else self.kind]

    @property
    def attends(self) -> bool:
        """Whether the decoder looks back at every encoder state."""
        return "w_query" in self.weights

    @property
    def n_units(self) -> int:
        """The width of a hidden state."""
        return self.weights["encoder.weight_hh_l0"].shape[1]

    def part(self, name: str) -> Weights:
        """Return the weights of ``"encoder"`` or ``"decoder"``, as the cells take them."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {own: self.weights[f"{name}.{own}_l0"] for own in names}


@dataclass(frozen=True)
class ModelEdits:
    """Numbers of the user's own in place of those that a model computes.

    ``bottleneck`` is by value and unit, as ``(0, 3)``: 0 is the hidden state, 1 the LSTM's cell.
    ``encoder_states`` is by word and unit: what attention sees there; the encoder reads on with its
    own. ``weights`` is by written and by read word: what the decoder looks at.
    """

    bottleneck: Cells = field(default_factory=dict)
    encoder_states: Cells = field(default_factory=dict)
    weights: Cells = field(default_factory=dict)


NO_MODEL_EDITS = ModelEdits()


@dataclass(frozen=True)
class Translation:
    """What a model wrote, and every value on the way.

    Attributes:
        source: The English words, n_in of them.
        words: The German words without the end mark; they may be wrong.
        written: The same with the end mark, if the model wrote it; n_out of them.
        embeddings: Of the English words, (n_in, d_embedding).
        encoder: Every value of the encoder's cell, (n_in, n_units) each.
        encoder_states: Its hidden states as attention sees them, (n_in, n_units).
        bottleneck: What the decoder starts at, (1, n_units); for an LSTM hidden and cell, (2, ...).
        decoder: Every value of the decoder's cell, (n_out, n_units) each.
        before: The decoder's hidden states *before* each word: what asks, (n_out, n_units).
        decoder_states: And after it, (n_out, n_units).
        weights: Where it looked, (n_out, n_in); None without attention.
        contexts: What it saw there, (n_out, n_units); None without attention.
        logits: Of every word of the vocabulary, (n_out, n_vocabulary).
        ended: Whether the model wrote its end mark; else it was stopped.
    """

    source: tuple[str, ...]
    words: tuple[str, ...]
    written: tuple[str, ...]
    embeddings: Tensor
    encoder: Values
    encoder_states: Tensor
    bottleneck: Tensor
    decoder: Values
    before: Tensor
    decoder_states: Tensor
    weights: Tensor | None
    contexts: Tensor | None
    logits: Tensor
    ended: bool

    @property
    def probabilities(self) -> Tensor:
        """The probability of every word of the vocabulary at each step; rows sum to 1."""
        return self.logits.softmax(-1)

    def likeliest(self, step: int, how_many: int = 5) -> list[tuple[str, float]]:
        """Return the likeliest words of one step with their probabilities."""
        top = self.probabilities[step].topk(how_many)
        return [
            (target_vocabulary()[int(word)], float(share))
            for share, word in zip(top.values, top.indices, strict=True)
        ]


def load_model(name: str, seed: int = 0) -> Model:
    """Return a trained model.

    Args:
        name: ``"rnn"``, ``"lstm"``, ``"gru"`` or ``"bahdanau"``.
        seed: 0, 1 or 2: each was trained three times.

    Raises:
        ValueError: If there is no such model.
        CheckpointError: If its file is missing, damaged, or not the one of the manifest.

    Example:
        >>> translate(load_model("bahdanau"), ["thirty", "four"]).words
        ('vier', 'und', 'dreißig')
    """
    if name not in KINDS:
        raise ValueError(f"name must be one of {', '.join(KINDS)}, got {name!r}")
    return Model(name, weights_of(name, seed))


@torch.no_grad()
def translate(
    model: Model,
    words: Sequence[str],
    *,
    edits: ModelEdits = NO_MODEL_EDITS,
    sees_encoder: bool = True,
    longest: int = LONGEST,
) -> Translation:
    """Translate a sentence, always taking the likeliest word, and keep every value.

    Args:
        model: From ``load_model``.
        words: English number words, one each: ``["thirty", "four", "seven"]``.
        edits: Numbers of one's own on the way.
        sees_encoder: False for a mistake that is made easily: energies computed without the encoder
            states, ``vᵀ tanh(W s)``, which are the same for every word that was read.
        longest: How many words are written at most.

    Raises:
        SentenceError: If there are no words, too many, or unknown ones.

    Source:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and Translate",
        arXiv 1409.0473, section 3 and appendix A; with an encoder that reads from left to right.

    Example:
        >>> translate(load_model("bahdanau"), ["seven", "sixteen"]).weights.shape
        torch.Size([3, 2])
    """
    source = _require(words)
    embeddings = model.weights["source.weight"][ids(source, source_vocabulary())]
    encoder = read(model.cell, embeddings, model.part("encoder"))
    bottleneck = _edited(
        torch.stack([encoder[name][-1] for name in model.cell.carries]), edits.bottleneck
    )
    states = _edited(encoder["hidden"], edits.encoder_states)
    state = dict(zip(model.cell.carries, bottleneck, strict=True))
    look = partial(_look, model, states, edits.weights, sees_encoder) if model.attends else None
    written, values = _write(model, state, look, longest)
    ended = written[-1] == END
    return Translation(
        source=source,
        words=tuple(written[:-1] if ended else written),
        written=tuple(written),
        embeddings=embeddings,
        encoder=encoder,
        encoder_states=states,
        bottleneck=bottleneck,
        decoder={name: values[name] for name in encoder},
        before=values["before"],
        decoder_states=values["hidden"],
        weights=values.get("weights"),
        contexts=values.get("context"),
        logits=values["logits"],
        ended=ended,
    )


def _write(
    model: Model, state: Values, look: Callable[[Tensor, int], Values] | None, longest: int
) -> tuple[list[str], Values]:
    """Return the words that the decoder writes, and every value of each step."""
    cell_weights, vocabulary = model.part("decoder"), target_vocabulary()
    written: list[str] = []
    kept: list[Values] = []
    while len(written) < longest and END not in written[-1:]:
        word = written[-1] if written else START
        given = model.weights["target.weight"][vocabulary.index(word)]  # (d_embedding,)
        before = state["hidden"]
        seen = look(before, len(written)) if look else {}
        if look:
            given = torch.cat([given, seen["context"]])
        state = model.cell.step(given, state, cell_weights)
        basis = torch.cat([state["hidden"], seen["context"]]) if look else state["hidden"]
        logits = model.weights["output.weight"] @ basis + model.weights["output.bias"]
        written.append(vocabulary[int(logits.argmax())])
        kept.append({**state, **seen, "before": before, "logits": logits})
    return written, {name: torch.stack([step[name] for step in kept]) for name in kept[0]}


def _look(
    model: Model, states: Tensor, own: Cells, sees_encoder: bool, query: Tensor, step: int
) -> Values:
    """Return where the decoder looks before it writes a word, and what it sees there."""
    keys = states @ model.weights["w_key"]  # (n_in, n_units)
    asked = query @ model.weights["w_query"] + (keys if sees_encoder else torch.zeros_like(keys))
    energies = torch.tanh(asked) @ model.weights["v"]  # (n_in,)
    row = {index[1:]: value for index, value in own.items() if index[0] == step}
    weights = _edited(energies.softmax(-1), row)
    return {"energies": energies, "weights": weights, "context": weights @ states}


def _edited(values: Tensor, own: Cells) -> Tensor:
    """Return values with some of the user's own among them; those beyond are left out."""
    edited = values.clone()
    for index, value in own.items():
        if all(at < size for at, size in zip(index, values.shape, strict=True)):
            edited[index] = value
    return edited


def _require(words: Sequence[str]) -> tuple[str, ...]:
    if isinstance(words, str):
        raise SentenceError(
            f"words must be a list of words, got the text “{words[:30]}”; source_words reads a text"
        )
    return source_words(" ".join(words))


def word_sensitivity(model: Model, words: Sequence[str]) -> dict[str, Tensor]:
    """Return how strongly the encoder's final state answers to each word.

    That it would move with a word is not yet that the word can be told from it: see ``probing``.

    Args:
        model: From ``load_model``.
        words: As for ``translate``.

    Returns:
        For each value the decoder gets (``hidden``, and the LSTM's ``cell``), the length of the
        derivative ``∂ final / ∂ embedding`` of each word, as the Frobenius norm of its (n_units,
        d_embedding) numbers; (n_in,) in float64: a plain cell's fall far below what float32
        resolves.

    Example:
        >>> word_sensitivity(load_model("rnn"), ["seven", "nine", "four"])["hidden"].shape
        torch.Size([3])
    """
    exact = _double(model)
    embeddings = _embedded(exact, words)
    # One copy of the sentence for each unit of the final state: one pass back gives them all.
    copies = embeddings[:, None].repeat(1, model.n_units, 1).requires_grad_()
    found = {}
    for name, final in _final(exact, copies).items():
        (derivative,) = torch.autograd.grad(final.diagonal().sum(), copies, retain_graph=True)
        found[name] = derivative.pow(2).sum(dim=(1, 2)).sqrt()  # (n_in,)
    return found


SENSITIVITY_TOLERANCE = 1e-8  # of each word's own length, however small: both routes are float64


@torch.no_grad()
def check_word_sensitivity(
    model: Model, words: Sequence[str], norms: Mapping[str, Tensor]
) -> Check:
    """Return whether the product of every step's own derivative gives the same word sensitivities.

    Each word is held against its own length: on a logarithmic axis the smallest is read as well as
    the largest.

    Args:
        model: As for ``word_sensitivity``.
        words: As for ``word_sensitivity``.
        norms: What it returned.
    """
    exact = _double(model)
    derivatives = final_by_word(exact.cell, _embedded(exact, words), exact.part("encoder"))
    found = []
    for name, own in zip(exact.cell.carries, derivatives.chunk(len(norms), dim=1), strict=True):
        again = own.pow(2).sum(dim=(1, 2)).sqrt()  # (n_in,)
        differences = (again - norms[name].double()).abs()
        found.append(torch.where(differences > 0, differences / again, differences))
    route = "product of each step's derivative, plain maths, float64; relative to each word"
    allowed = torch.tensor(SENSITIVITY_TOLERANCE, dtype=torch.float64)
    return verdict("word_sensitivity", route, torch.cat(found), allowed)


def _double(model: Model) -> Model:
    return Model(model.kind, {name: weights.double() for name, weights in model.weights.items()})


def _embedded(model: Model, words: Sequence[str]) -> Tensor:
    """Return the embeddings of a sentence, (n_words, d_embedding)."""
    return model.weights["source.weight"][ids(_require(words), source_vocabulary())]


def _final(model: Model, embeddings: Tensor) -> Values:
    """Return what the decoder gets of many sentences at once, by torch's own cell.

    Args:
        model: Whose encoder reads.
        embeddings: (n_words, n_sentences, d_embedding).

    Returns:
        (n_sentences, n_units) for each value.
    """
    own = TORCH[model.kind](embeddings.shape[-1], model.n_units, dtype=embeddings.dtype)
    own.load_state_dict({f"{name}_l0": weights for name, weights in model.part("encoder").items()})
    _, last = own(embeddings)
    values = last if isinstance(last, tuple) else (last,)
    return {name: value[0] for name, value in zip(model.cell.carries, values, strict=True)}
