"""The second sentence of a lab: the one that is asked, or that asks."""

from __future__ import annotations

from dataclasses import replace

from ui.lab.lab import OTHER_SENTENCE, Lab

MOST_OTHER = 64  # tokens of the second sentence


def other_of(lab: Lab) -> Lab:
    """Return the lab of the sentence that is asked in cross-attention, of 64 tokens at most.

    It is embedded as the first one is. A word of both has one embedding, edits included.
    """
    other = replace(lab, sentence=lab.other_sentence)
    if not other.all_tokens:
        return replace(lab, sentence=OTHER_SENTENCE, keep_punctuation=False)
    if len(other.all_tokens) > MOST_OTHER:
        cut = [token.text for token in other.all_tokens[:MOST_OTHER]]
        return replace(other, sentence=" ".join(cut))
    return other
