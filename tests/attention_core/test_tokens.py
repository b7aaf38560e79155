"""Words as people see them, in any script."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attention_core.tokens import Token, tokenize


def texts(sentence: str, *, keep_punctuation: bool = False) -> list[str]:
    """Return the tokens as typed."""
    return [token.text for token in tokenize(sentence, keep_punctuation=keep_punctuation)]


FAMILY, FLAGS, THUMB = "👩‍👩‍👧‍👦", ["🇩🇪", "🇫🇷"], "👍🏽"
CODER, HEART, ENGLAND, KEYCAP = (
    "👨🏽‍💻",
    "❤️‍🔥",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "1️⃣",
)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Your journey starts with one step", ["Your", "journey", "starts", "with", "one", "step"]),
        ("  many   spaces\tand\nlines ", ["many", "spaces", "and", "lines"]),
        ("don't 3.14 well-known", ["don't", "3.14", "well-known"]),
        ("It’s 1,000.5 now", ["It’s", "1,000.5", "now"]),
        ("'tis rock'n'roll, dogs'", ["tis", "rock'n'roll", "dogs"]),
        ("end. Next - one-", ["end", "Next", "one"]),
        ("3. 14 .5 v2", ["3", "14", "5", "v2"]),
        ("snake_case col·lecció", ["snake_case", "col·lecció"]),
        ("naïve café Ünïcödé", ["naïve", "café", "Ünïcödé"]),
        ("e\u0301te\u0301", ["été"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("한국어 좋아요", ["한국어", "좋아요"]),
        ("日本語と中文", list("日本語と中文")),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("ສະບາຍດີ", ["ສ", "ະ", "ບ", "າ", "ຍ", "ດີ"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),  # the second consonant stands below the first
        ("น้ำ ນ້ຳ", ["น้ำ", "ນ້ຳ"]),  # a vowel that is written around its consonant
        ("မြန်မာစာ", ["မြ", "န်", "မာ", "စာ"]),
        ("ひらカタㄅㄆ", list("ひらカタㄅㄆ")),
        ("I love 東京!", ["I", "love", "東", "京"]),
        (f"a {FAMILY} b", ["a", FAMILY, "b"]),
        ("".join(FLAGS), FLAGS),
        (f"{THUMB}ok{CODER}", [THUMB, "ok", CODER]),
        (HEART + ENGLAND + KEYCAP, [HEART, ENGLAND, KEYCAP]),
        ("<b>x</b> $y$ *z*", ["b", "x", "b", "y", "z"]),
        ("", []),
        (" \t\n", []),
        ("!?… — «»", []),
    ],
)
def test_words(sentence: str, expected: list[str]) -> None:
    assert texts(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Yes, no!", ["Yes", ",", "no", "!"]),
        ("<b>", ["<", "b", ">"]),
        ("don't 3.14", ["don't", "3.14"]),
        ("a+b = c", ["a", "+", "b", "=", "c"]),
        ("?!", ["?", "!"]),
    ],
)
def test_punctuation_can_be_kept(sentence: str, expected: list[str]) -> None:
    assert texts(sentence, keep_punctuation=True) == expected


def test_what_cannot_be_seen_separates_and_disappears() -> None:
    assert texts("a\x00b\x07c\u200bd\u202ee\u2028f\u00adg") == list("abcdefg")
    assert texts("\ud800x\udfff") == ["x"]
    assert texts("\u200d\u200c\ufeff") == []
    assert texts("\u06001 \u0301") == ["1", "\u0301"]  # and takes nothing with it


def test_occurrences_are_counted_without_regard_to_case() -> None:
    assert tokenize("The cat, the CAT; THE end")[2:] == (
        Token("the", "the", 2),
        Token("CAT", "cat", 2),
        Token("THE", "the", 3),
        Token("end", "end", 1),
    )


def test_composed_and_decomposed_letters_are_one_word() -> None:
    one, other = tokenize("é e\u0301")
    assert (one.word, one.nth, other.nth) == (other.word, 1, 2)


@given(st.text(max_size=60), st.booleans())
def test_tokens_hold_only_what_was_typed(sentence: str, keep: bool) -> None:
    tokens = tokenize(sentence, keep_punctuation=keep)
    rest = unicodedata.normalize("NFC", sentence)
    for token in tokens:  # in order, without overlap
        assert token.text
        rest = rest[rest.index(token.text) + len(token.text) :]
        assert not any(char.isspace() or unicodedata.category(char) == "Cc" for char in token.text)
        token.text.encode()
    assert len({(token.word, token.nth) for token in tokens}) == len(tokens)


@given(st.lists(st.sampled_from(["to", "3.14", "don't", "日", THUMB, "café", "$"]), max_size=12))
def test_tokens_joined_by_spaces_are_the_same_tokens(words: list[str]) -> None:
    assert texts(" ".join(words), keep_punctuation=True) == words


def test_ten_thousand_words_are_quick() -> None:
    sentence = " ".join(f"word{number}" for number in range(10_000))
    start = time.perf_counter()
    assert len(tokenize(sentence)) == 10_000
    assert time.perf_counter() - start < 2  # measured: 0.1 s
