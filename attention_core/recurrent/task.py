"""The sentences that are learnt from and those that are not: drawn from a seed, split for good."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from attention_core.recurrent.language import (
    END,
    numbers,
    source_vocabulary,
    spelled,
    target_vocabulary,
)

TRAIN, VALID, TEST = "train", "valid", "test"
MOST_NUMBERS = 8  # in a sentence that is learnt from: up to 16 words
PATIENCE = 1_000  # draws for each sentence of one length
SHARE = 0.1  # of all sentences to validate with, and as much again to test with

Sentence = tuple[int, ...]
Batch = tuple[Tensor, Tensor]


def part_of(sentence: Sequence[int]) -> str:
    """Return whether a sentence is one to train, to validate or to test with.

    It depends on the sentence alone, so that no sentence is ever in two parts.

    Example:
        >>> part_of([34, 7]), part_of([12])
        ('train', 'train')
    """
    text = " ".join(str(number) for number in sentence)
    share = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
    return TEST if share < SHARE else VALID if share < 2 * SHARE else TRAIN


def is_clear(sentence: Sequence[int]) -> bool:
    """Return whether the words say these numbers: "twenty four" is 24, not 20 and 4."""
    return not any(
        before >= 20 and before % 10 == 0 and 1 <= after <= 9
        for before, after in pairwise(sentence)
    )


def draws(dice: random.Random, part: str, most: int = MOST_NUMBERS) -> Iterator[Sentence]:
    """Yield random sentences of one part, without end.

    Args:
        dice: Where the numbers come from.
        part: ``TRAIN``, ``VALID`` or ``TEST``.
        most: How many numbers a sentence has at most; each count is equally likely.
    """
    while True:
        sentence = tuple(dice.randrange(100) for _ in range(dice.randint(1, most)))
        if is_clear(sentence) and part_of(sentence) == part:
            yield sentence


def of_length(dice: random.Random, part: str, n_words: int, how_many: int) -> list[Sentence]:
    """Return different sentences of one part whose English has exactly so many words.

    There are no more numbers in them than in training, where so many words can be had that way;
    and fewer sentences than asked for where there are not as many, as of one word.
    """
    most = MOST_NUMBERS if n_words <= 2 * MOST_NUMBERS else n_words
    found: dict[Sentence, None] = {}
    for _ in range(PATIENCE * how_many):
        n_numbers = dice.randint((n_words + 1) // 2, min(n_words, most))
        sentence = tuple(dice.randrange(100) for _ in range(n_numbers))
        fits = len(spelled(sentence)) == n_words and is_clear(sentence)
        if fits and part_of(sentence) == part:
            found[sentence] = None
            if len(found) == how_many:
                break
    return list(found)


def ids(words: Sequence[str], vocabulary: Sequence[str]) -> list[int]:
    """Return the positions of words in a vocabulary."""
    return [vocabulary.index(word) for word in words]


@lru_cache(maxsize=1)
def _ids_of_numbers() -> tuple[tuple[list[int], list[int]], ...]:
    return tuple(
        (ids(english, source_vocabulary()), ids(german, target_vocabulary()))
        for english, german in numbers()
    )


def batches(dice: random.Random, part: str, size: int) -> Iterator[Batch]:
    """Yield batches without end, each of sentences that have the same number of English words.

    A batch of one length needs no padding, so the encoder's last state is the sentence's.
    """
    waiting: dict[int, list[Sentence]] = {}
    for sentence in draws(dice, part):
        n_words = len(spelled(sentence))
        same = waiting.setdefault(n_words, [])
        same.append(sentence)
        if len(same) == size:
            yield batch_of(waiting.pop(n_words))


def batch_of(sentences: Sequence[Sentence]) -> Batch:
    """Return sentences of the same number of English words as tensors of word numbers.

    Returns:
        The English, (n_sentences, n_words), and the German with its end mark, (n_sentences,
        longest), padded with 0.

    Example:
        >>> sources, targets = batch_of([(34, 7), (1, 22)])
        >>> sources.shape, targets.shape
        (torch.Size([2, 3]), torch.Size([2, 5]))
    """
    known, end = _ids_of_numbers(), ids([END], target_vocabulary())
    sources = [[word for number in sentence for word in known[number][0]] for sentence in sentences]
    targets = [
        [*(word for number in sentence for word in known[number][1]), *end]
        for sentence in sentences
    ]
    longest = max(len(row) for row in targets)
    padded = [[*row, *[0] * (longest - len(row))] for row in targets]
    return torch.tensor(sources), torch.tensor(padded)
