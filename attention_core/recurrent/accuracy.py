"""How often a model is right, by the length of the sentence, as in Bahdanau's Figure 2."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from attention_core.recurrent.network import EncoderDecoder
from attention_core.recurrent.task import MOST_NUMBERS, TEST, Sentence, batch_of, of_length

SEED = 7  # of the test sentences
N_SENTENCES = 100  # of each length
SEEN = 2 * MOST_NUMBERS  # words in the longest sentence that is learnt from
LENGTHS = tuple(range(1, SEEN + 9))
BUCKETS = ((1, 4), (5, 8), (9, 12), (13, 16), (17, 20), (21, 24))  # the last two were never seen


@dataclass(frozen=True)
class Accuracy:
    """How often a model is right about sentences of one length."""

    n_words: int
    n_sentences: int
    n_exact: int  # translations without any mistake
    n_tokens: int
    n_right: int  # German words at their place, the end mark among them

    @property
    def exact(self) -> float:
        """Share of translations without any mistake."""
        return self.n_exact / self.n_sentences

    @property
    def by_token(self) -> float:
        """Share of words that are right."""
        return self.n_right / self.n_tokens


def by_length(
    network: EncoderDecoder, lengths: Sequence[int] = LENGTHS, how_many: int = N_SENTENCES
) -> Iterator[Accuracy]:
    """Yield how often a model is right about test sentences of each length.

    Args:
        network: The model; it writes the likeliest word each time.
        lengths: Numbers of English words.
        how_many: Sentences of each length, the same ones in every call.
    """
    for n_words in lengths:
        sentences = _tests(n_words, how_many)
        if not sentences:
            continue
        sources, targets = batch_of(sentences)
        is_word = targets != 0
        is_right = (network.write(sources, targets.shape[1]) == targets) & is_word
        yield Accuracy(
            n_words,
            len(sentences),
            int((is_right | ~is_word).all(1).sum()),
            int(is_word.sum()),
            int(is_right.sum()),
        )


@lru_cache(maxsize=64)
def _tests(n_words: int, how_many: int) -> tuple[Sentence, ...]:
    """Return the test sentences of a length; to draw them takes longer than to translate them."""
    return tuple(of_length(random.Random(f"{SEED}:{n_words}"), TEST, n_words, how_many))


def in_bucket(curve: Sequence[Accuracy], bucket: tuple[int, int]) -> Accuracy:
    """Return the accuracies of all lengths of a bucket as one.

    Example:
        >>> both = in_bucket([Accuracy(1, 10, 9, 20, 19), Accuracy(2, 10, 5, 30, 21)], (1, 4))
        >>> both.exact, both.by_token
        (0.7, 0.8)
    """
    inside = [point for point in curve if bucket[0] <= point.n_words <= bucket[1]]
    return Accuracy(
        bucket[1],
        sum(point.n_sentences for point in inside),
        sum(point.n_exact for point in inside),
        sum(point.n_tokens for point in inside),
        sum(point.n_right for point in inside),
    )


def interval(n_right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's 95 % confidence interval of a share.

    Example:
        >>> low, high = interval(9, 10)
        >>> round(low, 4), round(high, 4)
        (0.5958, 0.9821)

    Source:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
    """
    share = n_right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return middle - half, middle + half
