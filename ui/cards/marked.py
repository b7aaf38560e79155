"""A translation as Markdown, its mistakes marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attention_core.recurrent.marking import Written, aligned
from ui.cards.literal import literal

_AS_IT_IS: Mapping[str, str] = MappingProxyType({})


def marked(
    words: Sequence[str], right: Sequence[str], called: Mapping[str, str] = _AS_IT_IS
) -> str:
    r"""Return what was written as Markdown, wrong, missing and needless words in red.

    Args:
        words: What was written.
        right: What would be right.
        called: How words are called that are no words, such as the sign of the end.

    Example:
        >>> marked(["vier", "drei"], ["vier", "und", "drei"])
        'vier :red[✗ … (missing\\: und)] drei'
    """
    return " ".join(_item(place, called) for place in aligned(words, right))


def _item(place: Written, called: Mapping[str, str]) -> str:
    word = literal(called.get(place.word, place.word))
    return word if place.is_right else f":red[✗ {word or '…'} ({literal(place.mistake)})]"
