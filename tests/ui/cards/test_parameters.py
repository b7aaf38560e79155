"""The trainable weights: whose edits they are, and what is no edit."""

from dataclasses import replace

import pytest
import torch

from ui.cards.parameters import EDITORS, parameters_of
from ui.lab.lab import Lab


def test_edits_belong_to_their_matrix_and_width() -> None:
    lab = EDITORS["w_key"].set_entries(Lab(), [("3", 0, 9.0)])
    assert float(parameters_of(lab)["w_key"][2, 0]) == 9.0
    assert torch.equal(parameters_of(lab)["w_query"], parameters_of(Lab())["w_query"])
    wider = replace(lab, d_out=5)
    assert float(parameters_of(wider)["w_key"].max()) < 1
    assert float(parameters_of(replace(wider, d_out=2))["w_key"][2, 0]) == 9.0
    assert EDITORS["w_key"].reset(lab, None) == Lab() == EDITORS["w_key"].reset(lab, "3")
    back = float(parameters_of(Lab())["w_key"][2, 0])
    assert EDITORS["w_key"].set_entries(lab, [("3", 0, back)]) == Lab()


@pytest.mark.parametrize("entry", [("4", 0, 1.0), ("0", 0, 1.0), ("x", 0, 1.0), ("²", 0, 1.0)])
def test_a_row_that_is_none(entry: tuple[str, int, float]) -> None:
    with pytest.raises(ValueError, match="a row of the table"):
        EDITORS["w_query"].set_entries(Lab(), [entry])


@pytest.mark.parametrize("bad", [("1", 2, 1.0), ("1", 0, 1e9)])
def test_a_number_that_fits_nowhere_is_refused(bad: tuple[str, int, float]) -> None:
    with pytest.raises(ValueError, match=r"a column of w_query, which has shape|a number from"):
        EDITORS["w_query"].set_entries(Lab(), [bad])


def test_biases_that_are_not_there_cannot_be_edited() -> None:
    with pytest.raises(ValueError, match="weights that are on the page"):
        EDITORS["b_key"].set_entries(Lab(), [("1", 0, 1.0)])
