"""The encoder-decoders as they are trained: torch's own fused cells, whole batches at a time.

What a trained one computes word by word, with every value in between, is ``translation``, in plain
maths; the two are each other's second route.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from threading import Lock

import torch
from torch import Tensor, nn

from attention_core.recurrent.language import START, source_vocabulary, target_vocabulary

KINDS = ("rnn", "lstm", "gru", "bahdanau")
D_EMBEDDING = 16
TORCH: Mapping[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {
    "rnn": nn.RNN,
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "bahdanau": nn.GRU,
}


class EncoderDecoder(nn.Module):
    """Reads a sentence into hidden states, and writes its translation word by word.

    The encoder reads from left to right only, in all four kinds. The decoder starts at the
    encoder's final state. That is all it gets, but for ``"bahdanau"``, which also gets a context
    vector at each word: the encoder states, weighted by additive attention.

    Args:
        kind: One of ``KINDS``; the cell of ``"bahdanau"`` is a GRU.
        n_units: Width of every hidden state.

    Source:
        Sutskever et al., arXiv 1409.3215; Bahdanau et al., arXiv 1409.0473, appendix A.
    """

    def __init__(self, kind: str, n_units: int) -> None:
        super().__init__()
        self.kind = kind
        self.n_units = n_units
        self.source = nn.Embedding(len(source_vocabulary()), D_EMBEDDING)
        self.target = nn.Embedding(len(target_vocabulary()), D_EMBEDDING)
        cell = TORCH[kind]
        attends = kind == "bahdanau"
        self.encoder = cell(D_EMBEDDING, n_units, batch_first=True)
        self.decoder = cell(D_EMBEDDING + attends * n_units, n_units, batch_first=True)
        if attends:
            self.w_query = nn.Parameter(_uniform(n_units, n_units))
            self.w_key = nn.Parameter(_uniform(n_units, n_units))
            self.v = nn.Parameter(_uniform(n_units, 1)[:, 0])
        self.output = nn.Linear(n_units * (1 + attends), len(target_vocabulary()))

    def forward(self, sources: Tensor, targets: Tensor) -> Tensor:
        """Return the logits of each target word, given the right words before it.

        Args:
            sources: English word numbers, (n_sentences, n_words).
            targets: German word numbers, (n_sentences, longest), padded with 0.

        Returns:
            (n_sentences, longest, n_vocabulary).
        """
        states, last = self.encoder(self.source(sources))
        before = self.target(torch.cat([self._starts(sources), targets[:, :-1]], 1))
        if self.kind != "bahdanau":
            hidden, _ = self.decoder(before, last)
        else:
            keys = states @ self.w_key
            written = []
            for word in before.unbind(1):
                seen, last = self.look_and_write(word, last, states, keys)
                written.append(seen)
            hidden = torch.stack(written, 1)
        logits: Tensor = self.output(hidden)
        return logits

    def look_and_write(
        self, word: Tensor, last: Tensor, states: Tensor, keys: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what the next word is chosen by, and the next decoder state.

        Args:
            word: The embedding of the word before, (n_sentences, d_embedding).
            last: The decoder state before, (1, n_sentences, n_units).
            states: The encoder's, (n_sentences, n_words, n_units).
            keys: The same, projected.
        """
        query = (last[0] @ self.w_query)[:, None]  # (n_sentences, 1, n_units)
        energies = torch.tanh(query + keys) @ self.v  # (n_sentences, n_words)
        context = (energies.softmax(-1)[:, None] @ states)[:, 0]  # (n_sentences, n_units)
        hidden, state = self.decoder(torch.cat([word, context], -1)[:, None], last)
        return torch.cat([hidden[:, 0], context], -1), state

    @torch.no_grad()
    def write(self, sources: Tensor, n_words: int) -> Tensor:
        """Return the likeliest words, one after the other, (n_sentences, n_words)."""
        states, last = self.encoder(self.source(sources))
        keys = states @ self.w_key if self.kind == "bahdanau" else states
        chosen = self._starts(sources)[:, 0]
        written = []
        for _ in range(n_words):
            word = self.target(chosen)
            if self.kind == "bahdanau":
                seen, last = self.look_and_write(word, last, states, keys)
            else:
                hidden, last = self.decoder(word[:, None], last)
                seen = hidden[:, 0]
            chosen = self.output(seen).argmax(-1)
            written.append(chosen)
        return torch.stack(written, 1)

    def _starts(self, sources: Tensor) -> Tensor:
        return torch.full((len(sources), 1), target_vocabulary().index(START))


_DRAWING = Lock()  # the first weights come from torch's global dice, one drawing at a time


def fresh(kind: str, n_units: int, seed: int) -> EncoderDecoder:
    """Return a model that has learnt nothing yet, its weights drawn from a seed.

    Args:
        kind: One of ``KINDS``.
        n_units: Width of every hidden state.
        seed: As in ``torch.manual_seed``; the global dice are put back where they were.

    Example:
        >>> fresh("gru", 5, seed=1).n_units
        5
    """
    with _DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EncoderDecoder(kind, n_units)


def _uniform(d_in: int, d_out: int) -> Tensor:
    """Return weights as ``nn.Linear`` would draw them."""
    bound = 1 / math.sqrt(d_in)
    return torch.empty(d_in, d_out).uniform_(-bound, bound)
