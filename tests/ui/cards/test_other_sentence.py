"""The second sentence of a lab."""

import pytest

from ui.cards.embeddings import tensor_of
from ui.cards.other_sentence import MOST_OTHER, other_of
from ui.lab.lab import Lab


def test_what_both_sentences_share_has_one_embedding() -> None:
    lab = Lab(other_sentence="my journey").with_entries([("journey", 1, 0, 9.0)])
    assert float(tensor_of(other_of(lab))[1, 0]) == 9.0


def test_a_sentence_without_a_word_is_the_one_everybody_starts_with() -> None:
    assert other_of(Lab(other_sentence=" ?! ")).tokens == other_of(Lab()).tokens
    assert other_of(Lab(other_sentence="to be")).sentence == "to be"


def test_of_a_long_sentence_the_first_tokens_are_used() -> None:
    other = other_of(Lab(other_sentence=" ".join(f"w{at}" for at in range(100))))
    assert [token.text for token in other.all_tokens] == [f"w{at}" for at in range(MOST_OTHER)]


@pytest.mark.parametrize(
    ("other", "n_tokens"), [("\x00", 4), ("שלום עולם", 2), ("a" * 5000, 1), ("to be?", 2)]
)
def test_any_text_is_a_sentence_that_can_be_asked(other: str, n_tokens: int) -> None:
    assert len(other_of(Lab(other_sentence=other)).tokens) == n_tokens
