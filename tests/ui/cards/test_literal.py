"""The user's words on the page: shown as they are."""

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from ui.cards.literal import literal, names


def test_every_sign_is_escaped() -> None:
    assert literal(string.punctuation) == "".join(f"\\{sign}" for sign in string.punctuation)


@given(st.text(max_size=40))
def test_nothing_else_changes(text: str) -> None:
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", literal(text)) == text
    assert re.sub(r"\\.", "", literal(text)) == "".join(
        char for char in text if char not in string.punctuation
    )


def test_repeated_words_are_told_apart() -> None:
    assert names(["to", "be", "to"]) == ["to (1)", "be", "to (3)"]
    assert names([]) == []
