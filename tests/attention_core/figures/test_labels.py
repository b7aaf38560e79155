"""Labels: literal, short, and only as many as fit."""

import math

import pytest

from attention_core.figures.labels import (
    TwoSentences,
    literal,
    plain_numbers,
    short,
    ticks,
    tokens_along,
)


def test_labels_are_short_and_literal() -> None:
    assert (short("a" * 14), short("a" * 15)) == ("a" * 14, "a" * 13 + "…")
    assert literal("<&>") == "&lt;&amp;&gt;"


def test_equal_words_have_ticks_of_their_own() -> None:
    found = ticks(["to", "<b>", "to"], 24)
    assert found["tickvals"] == [0, 1, 2]
    assert found["ticktext"] == ["to", "&lt;b&gt;", "to"]


@pytest.mark.parametrize(
    ("n_labels", "shown"), [(24, range(24)), (25, range(0, 25, 2)), (73, range(0, 73, 4))]
)
def test_of_many_labels_every_so_many_are_shown(n_labels: int, shown: range) -> None:
    assert ticks([str(place) for place in range(n_labels)], 24)["tickvals"] == list(shown)


def test_another_sentence_labels_the_keys_alone() -> None:
    both = TwoSentences(["it"], ["one", "journey"])
    assert tokens_along("key token", both) == ("one", "journey")
    assert tokens_along("query token", both) == ("it",)
    assert tokens_along("key token", ["it"]) == ["it"]


def test_what_is_no_finite_number_is_none() -> None:
    assert plain_numbers([[1.5, math.nan], [math.inf, -math.inf]]) == [[1.5, None], [None, None]]
