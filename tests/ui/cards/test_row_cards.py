"""Cards of values with one row: that of a single query."""

from attention_core import ONE_QUERY
from attention_core.notebook import INPUTS
from ui.cards.row_cards import ROW_PX, row_card

TRACE = ONE_QUERY.run(query=INPUTS[[1]], inputs=INPUTS)
NAMES = ["Your", "journey", "starts", "with", "one", "step"]


def test_a_row_over_the_keys_is_as_tall_as_one_row_with_its_labels() -> None:
    card = row_card(TRACE, "scores", "journey", NAMES, 1)
    assert card.height == ROW_PX
    assert card.spec["layout"]["yaxis"]["ticktext"] == ["journey"]
    assert card.linked["of"] == ["inputs", "inputs"]
    assert card.check
    assert card.check.ok


def test_a_row_over_dimensions_has_the_height_of_its_matrix() -> None:
    assert row_card(TRACE, "context", "journey", NAMES).height != ROW_PX
