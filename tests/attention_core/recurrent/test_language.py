"""The task: what is a sentence, what is its right translation, and what is said of bad ones."""

import pytest

from attention_core.recurrent.language import (
    MAX_WORDS,
    SentenceError,
    numbers,
    right_alignment,
    right_translation,
    source_vocabulary,
    source_words,
    spelled,
    target_vocabulary,
    values,
)


def test_the_words_are_those_a_person_knows() -> None:
    assert len(numbers()) == 100
    assert numbers()[16] == (("sixteen",), ("sechzehn",))
    assert numbers()[17] == (("seventeen",), ("siebzehn",))
    assert numbers()[21] == (("twenty", "one"), ("ein", "und", "zwanzig"))
    assert numbers()[30] == (("thirty",), ("dreißig",))
    assert numbers()[99] == (("ninety", "nine"), ("neun", "und", "neunzig"))
    assert len(source_vocabulary()) == 1 + 28
    assert len(target_vocabulary()) == 3 + 28 + 2  # "ein" and "und" besides


def test_every_number_is_read_back() -> None:
    for number in range(100):
        assert values(spelled([number])) == (number,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thirty-four", ("thirty", "four")),
        ("Thirty-Four,SEVEN", ("thirty", "four", "seven")),
        ("34 7", ("thirty", "four", "seven")),
        ("  0;99. ", ("zero", "ninety", "nine")),
        ("007 00", ("seven", "zero")),
        ("0" * 5_000 + "7", ("seven",)),
        ("thirty‑four", ("thirty", "four")),
    ],
)
def test_a_text_is_read_as_people_type_it(text: str, words: tuple[str, ...]) -> None:
    assert source_words(text) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no word to translate"),
        (" , - ", "There is no word to translate"),
        ("fourty", "“fourty” is not a number word.*Did you mean “forty”"),
        ("seven hundert", "“hundert” is not"),
        ("100", "“100” is not"),
        ("00500", "“00500” is not"),
        ("٣", None),
        ("xyz abc", "“xyz” and “abc” are no number words"),
        ("a b c d e f g", "and others are no number words"),
        ("<b>seven</b>", "is not a number word"),
        (" ".join(["seven"] * 500), f"500 words are more than the {MAX_WORDS}"),
        ("9" * 10_000, "is not a number word"),
    ],
)
def test_what_is_no_sentence_of_numbers_is_said(text: str, said: str | None) -> None:
    if said is None:  # digits of another script are digits all the same
        assert source_words(text) == ("three",)
        return
    with pytest.raises(SentenceError, match=said) as told:
        source_words(text)
    assert len(str(told.value)) < 400


def test_the_right_translation_crosses() -> None:
    words = ["thirty", "four", "seven", "twenty", "twenty", "one"]
    assert right_translation(words) == (
        *("vier", "und", "dreißig"),
        *("sieben", "zwanzig"),
        *("ein", "und", "zwanzig"),
    )
    assert right_alignment(words)[:3] == ((1,), (0, 1), (0,))
    assert len(right_alignment(words)) == len(right_translation(words))
