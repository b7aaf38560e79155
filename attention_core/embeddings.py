"""From words to vectors: the notebook's for its own six words, a stable hash for all others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache

from attention_core.tokens import Token

NOTEBOOK_SENTENCE = "Your journey starts with one step"
NOTEBOOK_VECTORS: dict[str, tuple[float, ...]] = {
    "your": (0.43, 0.15, 0.89),
    "journey": (0.55, 0.87, 0.66),
    "starts": (0.57, 0.85, 0.64),
    "with": (0.22, 0.58, 0.33),
    "one": (0.77, 0.25, 0.10),
    "step": (0.05, 0.80, 0.55),
}
MAX_WIDTH = 64

Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]
REMEMBERED = 4096  # vectors: hashing each number of a large table anew would take longest of all


def word_vector(word: str, d: int) -> Vector:
    """Return the word's own vector: the notebook's at d = 3, else one from a hash of the word.

    Args:
        word: The word, without regard to upper and lower case.
        d: The vector's width.

    Returns:
        ``d`` numbers between 0 and 1 with two decimals, the same on every machine and day.

    Example:
        >>> word_vector("journey", 3)
        (0.55, 0.87, 0.66)
        >>> word_vector("attention", 4)
        (0.38, 0.29, 0.79, 0.01)
    """
    return _word_vector(word.casefold(), d)


@lru_cache(maxsize=REMEMBERED)
def _word_vector(word: str, d: int) -> Vector:
    if d == 3 and word in NOTEBOOK_VECTORS:
        return NOTEBOOK_VECTORS[word]
    return tuple(round(_hashed("word", word, d, column), 2) for column in range(d))


@lru_cache(maxsize=REMEMBERED)
def _random_vector(word: str, d: int, seed: int) -> Vector:
    return tuple(round(2 * _hashed("random", seed, word, d, c) - 1, 2) for c in range(d))


def _hashed(*parts: object) -> float:
    """Return a number from 0 to 1 that depends on the parts alone."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _notebook(tokens: Sequence[Token], d: int, seed: int) -> Matrix:
    return tuple(word_vector(token.word, d) for token in tokens)


def _one_hot(tokens: Sequence[Token], d: int, seed: int) -> Matrix:
    words = list(dict.fromkeys(token.word for token in tokens))
    place = {word: position for position, word in enumerate(words)}
    ones = [place[token.word] % d for token in tokens]
    return tuple(tuple(float(column == one) for column in range(d)) for one in ones)


def _random(tokens: Sequence[Token], d: int, seed: int) -> Matrix:
    return tuple(_random_vector(token.word, d, seed) for token in tokens)


def _equal(tokens: Sequence[Token], d: int, seed: int) -> Matrix:
    return ((0.5,) * d,) * len(tokens)


def _ten_times(tokens: Sequence[Token], d: int, seed: int) -> Matrix:
    rows = _notebook(tokens, d, seed)
    return tuple(tuple(round(10 * entry, 2) for entry in row) for row in rows)


PRESETS: dict[str, Callable[[Sequence[Token], int, int], Matrix]] = {
    "notebook": _notebook,
    "one-hot": _one_hot,
    "random": _random,
    "equal": _equal,
    "ten-times": _ten_times,
}


def embed(tokens: Sequence[Token], d: int, preset: str = "notebook", seed: int = 123) -> Matrix:
    """Return one vector per token, before any edit.

    Args:
        tokens: The tokens, n of them.
        d: The width of every vector, from 1.
        preset: ``"notebook"`` (each word's own vector), ``"one-hot"`` (a 1 for each different
            word, starting over when there are more words than dimensions), ``"random"`` (from
            the seed and the word, between -1 and 1), ``"equal"`` (0.5 everywhere) or
            ``"ten-times"`` (ten times the notebook's).
        seed: For ``"random"``.

    Returns:
        n rows of d numbers.

    Example:
        >>> from attention_core.tokens import tokenize
        >>> embed(tokenize("to be to"), 2, "one-hot")
        ((1.0, 0.0), (0.0, 1.0), (1.0, 0.0))
    """
    return PRESETS[preset](tokens, d, seed)
