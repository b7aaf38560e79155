"""A translation held against the right one, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Written(NamedTuple):
    """One place of a translation, held against the right one."""

    word: str  # empty where a word is missing
    right: str  # empty where there is one too many
    step: int  # at which it was written, -1 for a missing one

    @property
    def is_right(self) -> bool:
        """Whether the word is the right one."""
        return self.word == self.right

    @property
    def mistake(self) -> str:
        """What is wrong here, in words; empty if nothing is.

        Example:
            >>> Written("vier", "drei", 0).mistake, Written("", "und", -1).mistake
            ('instead of drei', 'missing: und')
        """
        if self.is_right:
            return ""
        if not self.right:
            return "one too many"
        return f"instead of {self.right}" if self.word else f"missing: {self.right}"


def aligned(words: Sequence[str], right: Sequence[str]) -> list[Written]:
    """Return a translation beside the right one, so that few words are called wrong.

    A word that is missing, or one too many, does not make those after it wrong.

    Args:
        words: What was written.
        right: What would be right.

    Returns:
        Every word of both, in order; one that stands for another in one place with it.

    Example:
        >>> aligned(["vier", "drei"], ["vier", "und", "drei"])[1]
        Written(word='', right='und', step=-1)

    Source:
        Ratcliff and Metzener, "Pattern Matching: The Gestalt Approach" (1988); ``difflib``.
    """
    found: list[Written] = []
    for _, low, high, first, last in SequenceMatcher(
        None, list(words), list(right), autojunk=False
    ).get_opcodes():
        for at in range(max(high - low, last - first)):
            has_word, has_right = low + at < high, first + at < last
            found.append(
                Written(
                    words[low + at] if has_word else "",
                    right[first + at] if has_right else "",
                    low + at if has_word else -1,
                )
            )
    return found
