"""The sentence of number words that the translators read."""

from __future__ import annotations

from attention_core.recurrent.language import SentenceError, source_words
from ui.lab.lab import NUMBERS, Lab

READERS = ("rnn", "lstm", "gru", "bahdanau")  # the models that translate it


def sentence_of(lab: Lab) -> str:
    """Return the sentence of number words that is translated."""
    return " ".join(words_of(lab))


def words_of(lab: Lab) -> tuple[str, ...]:
    """Return the words that are translated: the lab's or, if an address brought none, the first.

    Example:
        >>> words_of(Lab(numbers="34 7")), words_of(Lab(numbers="hello"))[:2]
        (('thirty', 'four', 'seven'), ('thirty', 'four'))
    """
    try:
        return source_words(lab.numbers)
    except SentenceError:
        return source_words(NUMBERS)
