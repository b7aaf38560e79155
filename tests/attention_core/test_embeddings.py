"""From words to vectors: the notebook's own, and the same for all others on every machine."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attention_core.embeddings import MAX_WIDTH, NOTEBOOK_SENTENCE, PRESETS, embed, word_vector
from attention_core.tokens import tokenize
from tests.attention_core import printed

TOKENS = tokenize(NOTEBOOK_SENTENCE)


def test_the_notebooks_words_have_the_notebooks_vectors() -> None:
    assert [list(row) for row in embed(TOKENS, 3)] == printed.X
    assert [token.text for token in TOKENS] == printed.TOKENS


@pytest.mark.parametrize("word", ["your", "YOUR", "yOuR"])
def test_in_upper_and_lower_case(word: str) -> None:
    assert word_vector(word, 3) == (0.43, 0.15, 0.89)


@pytest.mark.parametrize(
    ("word", "d", "vector"),
    [
        ("attention", 4, (0.38, 0.29, 0.79, 0.01)),
        ("journey", 2, (0.18, 0.14)),
        ("naïve", 3, (0.17, 0.87, 0.46)),
        ("日", 3, (0.31, 0.47, 0.5)),
        ("the", 1, (0.41,)),
    ],
)
def test_other_words_have_the_same_vector_every_day(
    word: str, d: int, vector: tuple[float, ...]
) -> None:
    assert word_vector(word, d) == vector


def test_another_process_agrees() -> None:
    script = "from attention_core.embeddings import word_vector; print(word_vector('attention', 5))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout
    assert told.strip() == str(word_vector("attention", 5))


@given(st.text(max_size=20), st.integers(1, MAX_WIDTH))
def test_any_word_has_a_vector(word: str, d: int) -> None:
    vector = word_vector(word, d)
    assert len(vector) == d
    assert all(0 <= entry <= 1 and round(entry, 2) == entry for entry in vector)
    assert word_vector(word.casefold(), d) == vector


def test_one_hot_starts_over_after_d_words() -> None:
    rows = embed(tokenize("a b a c d"), 3, "one-hot")
    assert rows == ((1, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (1, 0, 0))


def test_random_depends_on_the_seed_and_the_word_alone() -> None:
    assert embed(tokenize("Your journey"), 3, "random", 123) == (
        (0.03, 0.53, 0.07),
        (0.82, -0.22, 0.32),
    )
    first, second = embed(tokenize("journey Your"), 3, "random", 123)
    assert (second, first) == embed(tokenize("Your journey"), 3, "random", 123)
    assert embed(TOKENS, 3, "random", 1) != embed(TOKENS, 3, "random", 2)


def test_equal_and_ten_times() -> None:
    assert embed(tokenize("a b"), 2, "equal") == ((0.5, 0.5), (0.5, 0.5))
    assert embed(TOKENS, 3, "ten-times")[1] == (5.5, 8.7, 6.6)


@given(st.text(max_size=40), st.sampled_from(list(PRESETS)), st.integers(1, 16), st.integers(0, 99))
def test_every_preset_fills_every_row(sentence: str, preset: str, d: int, seed: int) -> None:
    tokens = tokenize(sentence, keep_punctuation=True)
    rows = embed(tokens, d, preset, seed)
    assert [len(row) for row in rows] == [d] * len(tokens)
    assert all(isinstance(entry, float) and abs(entry) <= 10 for row in rows for entry in row)
