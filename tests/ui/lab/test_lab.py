"""What the user chose, and how each event changes it."""

from dataclasses import replace

import pytest

from attention_core.embeddings import NOTEBOOK_SENTENCE
from tests.attention_core import printed
from ui.lab.checks import LIMIT, MAX_EDITS, MAX_TOKENS
from ui.lab.edits import Edits
from ui.lab.lab import Lab, view

EDITED = Lab().with_entries([("journey", 1, 0, 9.0), ("step", 1, 2, -1.5)])


def of_word(lab: Lab, word: str, nth: int = 1) -> tuple[float, ...]:
    """Return the vector of a word's nth occurrence."""
    rows = {
        (token.word, token.nth): row for token, row in zip(lab.tokens, lab.embeddings, strict=True)
    }
    return rows[(word, nth)]


def test_the_first_lab_is_the_notebooks() -> None:
    assert [list(row) for row in Lab().embeddings] == printed.X
    assert Lab().value("row_scores") == tuple(printed.QUERY_SCORES[0])
    assert Lab().edited_cells == []


def test_an_edit_changes_one_number() -> None:
    assert of_word(EDITED, "journey") == (9.0, 0.87, 0.66)
    assert of_word(EDITED, "step") == (0.05, 0.80, -1.5)
    assert EDITED.edited_cells == [(1, 0), (5, 2)]
    assert EDITED.base == Lab().base
    assert Lab().edits == {}


@pytest.mark.parametrize(
    "sentence",
    [
        "new Your journey starts with one step",
        "journey Your STARTS step",
        "Journey! (and) step",
        "step step journey journey",
    ],
)
def test_edits_belong_to_the_word_wherever_it_stands(sentence: str) -> None:
    moved = replace(EDITED, sentence=sentence)
    assert of_word(moved, "journey")[0] == 9.0
    assert of_word(moved, "step")[2] == -1.5
    assert len(moved.edited_cells) == 2


def test_edits_survive_a_word_being_removed_and_typed_again() -> None:
    lab = EDITED
    for sentence in ("Your starts", "Your j starts", "Your journe starts", NOTEBOOK_SENTENCE):
        lab = replace(lab, sentence=sentence)
    assert lab == EDITED


def test_each_occurrence_has_its_own() -> None:
    lab = Lab(sentence="to be to").with_entries([("to", 2, 0, 5.0)])
    first, _, second = lab.embeddings
    assert first[1:] == second[1:]
    assert (first[0] != 5.0, second[0]) == (True, 5.0)
    assert lab.edited_cells == [(2, 0)]


def test_each_width_has_its_own() -> None:
    wide = replace(EDITED, d=5)
    assert wide.edited_cells == []
    assert [len(row) for row in wide.embeddings] == [5] * 6
    wide = wide.with_entries([("journey", 1, 4, 2.0)])
    assert of_word(wide, "journey")[4] == 2.0
    assert of_word(replace(wide, d=3), "journey") == (9.0, 0.87, 0.66)


def test_a_number_typed_back_is_no_edit() -> None:
    assert EDITED.with_entries([("journey", 1, 0, 0.55), ("step", 1, 2, 0.55)]) == Lab()


def test_a_row_or_everything_goes_back() -> None:
    assert EDITED.without_edits("journey").edits == {("step", 1, 3, 2): -1.5}
    assert EDITED.without_edits("journey", 2) == EDITED
    assert EDITED.without_edits() == Lab()
    wide = replace(EDITED, d=5).with_entries([("journey", 1, 4, 2.0)])
    assert replace(wide.without_edits("journey"), d=3) == EDITED


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (("journey", 1, 3, 1.0), "a whole number from 0 to 2"),
        (("journey", 1, -1, 1.0), "a whole number from 0 to 2"),
        (("journey", 1, True, 1.0), "a whole number from 0 to 2"),
        (("journey", 2, 0, 1.0), "a row of the table"),
        (("zebra", 1, 0, 1.0), "a row of the table"),
        (("journey", 1, 0, 2 * LIMIT), "a number from"),
        (("journey", 1, 0, float("nan")), "a number from"),
        (("journey", 1, 0, "1"), "a number from"),
        (("journey", 1, 0, True), "a number from"),
    ],
)
def test_an_edit_that_is_none(entry: tuple[str, int, int, float], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        EDITED.with_entries([entry])


def test_edits_are_limited() -> None:
    many = {("w", nth, 3, 0): 1.0 for nth in range(1, MAX_EDITS + 1)}
    with pytest.raises(ValueError, match="at most 65,536"):
        Lab(edits=Edits.of(many)).with_entries([("journey", 1, 0, 9.0)])


def test_the_first_tokens_are_used() -> None:
    lab = Lab(sentence=" ".join(f"w{number}" for number in range(600)), query=511)
    assert (len(lab.all_tokens), len(lab.tokens)) == (600, MAX_TOKENS)
    assert lab.query_index == 511
    assert replace(lab, sentence="one").query_index == 0


@pytest.mark.parametrize("sentence", ["", "  ", "?!", "\x00\x01"])
def test_without_a_word_the_notebooks_are_used(sentence: str) -> None:
    lab = Lab(sentence=sentence)
    assert lab.all_tokens == ()
    assert [token.text for token in lab.tokens] == printed.TOKENS


def test_a_reset_leaves_what_nobody_sees() -> None:
    lab = replace(Lab(sentence="to be"), d=2).with_entries([("to", 1, 0, 0.9), ("be", 1, 0, 0.8)])
    elsewhere = replace(lab, sentence="to go", d=2).without_edits()
    assert replace(elsewhere, sentence="to be").edits == {("be", 1, 2, 0): 0.8}
    wider = replace(lab, d=3).without_edits()
    assert wider.edits == lab.edits


def test_the_page_of_the_table_is_nothing_to_undo() -> None:
    assert "table_row" in view()
    assert Lab().with_table_row(511).table_row == 511
    with pytest.raises(ValueError, match="a whole number from 0 to 511"):
        Lab().with_table_row(512)
