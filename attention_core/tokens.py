"""From a sentence to tokens: words as people see them, in any script."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import regex

# Characters that belong to a word when they stand between two of its letters: don't, well-known,
# col·lecció, snake_case; and between two digits: 3.14, 1,000.
_BETWEEN_LETTERS = frozenset("'’ʼ-‐‑·_")
_BETWEEN_DIGITS = frozenset(".,٫٬")
# Scripts written without spaces: every character is a token of its own.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI ", "LAO ", "KHMER", "MYANMAR")
# What a reader sees as one character, a letter with its marks, an emoji with its parts: \X, the
# grapheme clusters of Unicode's annex 29, and the vowels of Myanmar that it leaves alone. What
# cannot be seen stands alone here, so it takes no mark and no digit with it that follows.
_CLUSTER = regex.compile(r"[\p{C}\p{Z}]|\X(?:(?=\p{M})\X)*")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a sentence.

    Args:
        text: As it was typed.
        word: What identifies it: the text without regard to upper and lower case.
        nth: Which occurrence of the word it is, from 1.
    """

    text: str
    word: str
    nth: int


def tokenize(sentence: str, *, keep_punctuation: bool = False) -> tuple[Token, ...]:
    """Split a sentence into tokens, by the letters of its scripts.

    Args:
        sentence: Any text. Control characters separate words and are dropped.
        keep_punctuation: Whether punctuation and mathematical signs become tokens too.

    Returns:
        The tokens in order.

    Example:
        >>> [token.text for token in tokenize("Don't panic: π is 3.14, 日本!")]
        ["Don't", 'panic', 'π', 'is', '3.14', '日', '本']
        >>> [token.text for token in tokenize("Yes!", keep_punctuation=True)]
        ['Yes', '!']
        >>> tokenize("the cat, The dog")[2]
        Token(text='The', word='the', nth=2)
    """
    seen: Counter[str] = Counter()
    tokens = []
    for text, is_punctuation in _pieces(sentence):
        if is_punctuation and not keep_punctuation:
            continue
        word = text.casefold()
        seen[word] += 1
        tokens.append(Token(text, word, seen[word]))
    return tuple(tokens)


def _pieces(sentence: str) -> Iterator[tuple[str, bool]]:
    """Yield each piece of text that is not space, and whether it is punctuation."""
    clusters: list[str] = _CLUSTER.findall(unicodedata.normalize("NFC", sentence))
    position = 0
    while position < len(clusters):
        kind = _kind(clusters[position])
        end = position + 1
        if kind == "letter":
            end = _word_end(clusters, position)
        if kind != "space":
            yield "".join(clusters[position:end]), kind == "punctuation"
        position = end


def _word_end(clusters: list[str], start: int) -> int:
    """Return where the word that starts here ends."""
    end = start + 1
    while end < len(clusters):
        if _kind(clusters[end]) == "letter":
            end += 1
        elif _joins(clusters, end):
            end += 2
        else:
            break
    return end


def _joins(clusters: list[str], middle: int) -> bool:
    """Return whether this cluster ties its two neighbours into one word."""
    if middle + 1 >= len(clusters):
        return False
    before, tie, after = clusters[middle - 1][0], clusters[middle][0], clusters[middle + 1][0]
    if tie in _BETWEEN_LETTERS:
        return _kind(before) == "letter" and _kind(after) == "letter"
    return tie in _BETWEEN_DIGITS and before.isdigit() and after.isdigit()


def _kind(cluster: str) -> str:
    """Return what a cluster is: letter, unspaced (a letter by itself), symbol, punctuation, space.

    Everything that cannot be seen counts as space, so it can never end up in a token.
    """
    category = unicodedata.category(cluster[0])
    if category[0] in "LN":
        unspaced = unicodedata.name(cluster[0], "").startswith(_UNSPACED)
        return "unspaced" if unspaced else "letter"
    if category == "So" or category[0] == "M" or ord(cluster[0]) in _SKIN_TONES:
        return "symbol"  # emoji first of all
    return "punctuation" if category[0] in "PS" else "space"
