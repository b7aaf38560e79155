"""The sentence of number words that is translated."""

from ui.cards.number_words import sentence_of, words_of
from ui.lab.lab import NUMBERS, Lab


def test_it_is_said_in_words() -> None:
    assert sentence_of(Lab(numbers="34 7")) == "thirty four seven"


def test_where_an_address_brought_none_it_is_the_first() -> None:
    for numbers in ("", "cheese", "fourty two"):
        assert words_of(Lab(numbers=numbers)) == words_of(Lab(numbers=NUMBERS))
