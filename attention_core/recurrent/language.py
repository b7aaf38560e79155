"""The task: number words from English to German, which a person can check at a glance.

A sentence is a list of numbers from 0 to 99, so its content grows with its length, and the
alignment of the two languages is known and crosses: "thirty four" is "vier und dreißig".
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

MAX_WORDS = 48
START, END, PAD = "<s>", "</s>", "<pad>"


class SentenceError(ValueError):
    """A sentence that is none of numbers, said to the person who typed it."""


@lru_cache(maxsize=1)
def numbers() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the English words and the German morphemes of each number from 0 to 99.

    Example:
        >>> numbers()[34]
        (('thirty', 'four'), ('vier', 'und', 'dreißig'))
    """
    text = Path(__file__).with_name("vocabulary.json").read_text(encoding="utf-8")
    return tuple((tuple(english), tuple(german)) for english, german in json.loads(text))


@lru_cache(maxsize=1)
def source_vocabulary() -> tuple[str, ...]:
    """Return the English words in the order of their embeddings; padding is the first."""
    return (PAD, *dict.fromkeys(word for english, _ in numbers() for word in english))


@lru_cache(maxsize=1)
def target_vocabulary() -> tuple[str, ...]:
    """Return the German morphemes in the order of the decoder's outputs.

    Example:
        >>> target_vocabulary()[:5]
        ('<pad>', '<s>', '</s>', 'null', 'eins')
    """
    return (PAD, START, END, *dict.fromkeys(word for _, german in numbers() for word in german))


def source_words(text: str) -> tuple[str, ...]:
    """Return the number words of a text; digits, hyphens and commas are read as well.

    Args:
        text: Such as "thirty-four, seven" or "34 7".

    Returns:
        The words, at least one and at most ``MAX_WORDS``.

    Raises:
        SentenceError: If there is no word, too many, or one that is none of the vocabulary; it
            names the words and suggests others.

    Example:
        >>> source_words("Thirty-four, 7")
        ('thirty', 'four', 'seven')
        >>> source_words("fourty two")
        Traceback (most recent call last):
        attention_core.recurrent.language.SentenceError: “fourty” is not a number word of this
        model, which knows those from zero to ninety-nine. Did you mean “forty”?
    """
    found: list[str] = []
    unknown: list[str] = []
    for piece in re.split(r"[\s,;.\-‐‑–—]+", text.lower()):
        if not piece:
            continue
        digits = piece.lstrip("0") or "0"
        if piece.isdecimal() and len(digits) <= 2:
            found.extend(numbers()[int(digits)][0])
        elif piece in source_vocabulary()[1:]:
            found.append(piece)
        else:
            unknown.append(piece)
    if unknown:
        raise SentenceError(_unknown_said(unknown))
    if not found:
        raise SentenceError(
            "There is no word to translate. Type numbers from zero to ninety-nine, in words or "
            "in digits."
        )
    if len(found) > MAX_WORDS:
        raise SentenceError(
            f"{len(found)} words are more than the {MAX_WORDS} that are read here. Take fewer "
            "numbers."
        )
    return tuple(found)


def _unknown_said(unknown: Sequence[str]) -> str:
    called = _listed([f"“{word[:30]}”" for word in unknown[:5]])
    is_one = len(unknown) == 1
    near = [
        close
        for word in unknown[:5]
        for close in difflib.get_close_matches(word, source_vocabulary()[1:], 1)
    ]
    meant = _listed([f"“{word}”" for word in dict.fromkeys(near)])
    return (
        f"{called}{' and others' if len(unknown) > 5 else ''} {'is' if is_one else 'are'} "
        f"{'not a number word' if is_one else 'no number words'} of this model, which knows those "
        f"from zero to ninety-nine.{f' Did you mean {meant}?' if meant else ''}"
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def values(words: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers that source words say: a ten and the unit after it are one number.

    Example:
        >>> values(["thirty", "four", "seven", "twenty"])
        (34, 7, 20)
    """
    of_words = _numbers_by_words()
    found: list[int] = []
    at = 0
    while at < len(words):
        pair = tuple(words[at : at + 2])
        size = 2 if len(pair) == 2 and pair in of_words else 1
        found.append(of_words[tuple(words[at : at + size])])
        at += size
    return tuple(found)


@lru_cache(maxsize=1)
def _numbers_by_words() -> dict[tuple[str, ...], int]:
    return {english: number for number, (english, _) in enumerate(numbers())}


def right_translation(words: Sequence[str]) -> tuple[str, ...]:
    """Return the right German morphemes of English number words.

    Example:
        >>> right_translation(["thirty", "four", "seven"])
        ('vier', 'und', 'dreißig', 'sieben')
    """
    return tuple(word for number in values(words) for word in numbers()[number][1])


def spelled(sentence: Sequence[int]) -> tuple[str, ...]:
    """Return the English words of a list of numbers.

    Example:
        >>> spelled([34, 7])
        ('thirty', 'four', 'seven')
    """
    return tuple(word for number in sentence for word in numbers()[number][0])


def right_alignment(words: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return for each German morpheme the source positions that it translates.

    Example:
        >>> right_alignment(["thirty", "four", "seven"])
        ((1,), (0, 1), (0,), (2,))
    """
    aligned: list[tuple[int, ...]] = []
    at = 0
    for number in values(words):
        size = len(numbers()[number][0])
        if size == 2:
            aligned.extend([(at + 1,), (at, at + 1), (at,)])
        else:
            aligned.append((at,))
        at += size
    return tuple(aligned)
