"""The table of embeddings as a lab's own: entries by row, and what takes them back."""

import pytest

from ui.cards.embeddings import EMBEDDINGS, labels_of, tensor_of, with_preset
from ui.lab.lab import Lab


def test_a_row_stands_for_a_word_and_its_occurrence() -> None:
    lab = Lab(sentence="to be to")
    lab = EMBEDDINGS.set_entries(lab, [("to|2", 1, 9.0), ("be|1", 0, -1.0)])
    assert dict(lab.edits) == {("to", 2, 3, 1): 9.0, ("be", 1, 3, 0): -1.0}
    assert labels_of(lab) == ["to", "be", "to"]
    assert float(tensor_of(lab)[2, 1]) == 9.0


def test_one_row_or_all_go_back() -> None:
    lab = EMBEDDINGS.set_entries(Lab(), [("step|1", 1, 9.0), ("one|1", 0, -1.0)])
    assert dict(EMBEDDINGS.reset(lab, "step|1").edits) == {("one", 1, 3, 0): -1.0}
    assert EMBEDDINGS.reset(lab, None) == Lab()


@pytest.mark.parametrize("row_id", ["", "step", "step|", "|1", "step|x", "step|²", "step|-1"])
def test_a_row_that_is_none(row_id: str) -> None:
    with pytest.raises(ValueError, match="a row of the table"):
        EMBEDDINGS.set_entries(Lab(), [(row_id, 0, 1.0)])
    with pytest.raises(ValueError, match="a row of the table"):
        EMBEDDINGS.reset(Lab(), row_id)


def test_a_word_may_hold_the_sign_between_word_and_occurrence() -> None:
    with pytest.raises(ValueError, match="a row of the table"):
        EMBEDDINGS.set_entries(Lab(), [("a|b|1", 0, 1.0)])  # no such word in this sentence
    lab = Lab(sentence="a | b", keep_punctuation=True)
    assert labels_of(lab) == ["a", "|", "b"]
    assert dict(EMBEDDINGS.set_entries(lab, [("||1", 0, 9.0)]).edits) == {("|", 1, 3, 0): 9.0}


def test_a_preset_fills_the_table_anew() -> None:
    edited = Lab().with_entries([("step", 1, 0, 9.0)])
    assert with_preset(edited, "equal") == Lab(preset="equal")
