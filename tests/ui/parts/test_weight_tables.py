"""The tables of trainable weights, on the pages that have them."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import PROJECT, broken, components, edit, opened, order, send
from ui.cards.parameters import WEIGHTS, parameters_of
from ui.lab import link
from ui.lab.lab import Lab

PAGE = PROJECT / "pages" / "queries_keys_values.py"


def page(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


@pytest.mark.parametrize("bad", [("1", 2, 1.0), ("1", 0, 1e9)])
def test_a_number_that_fits_nowhere_changes_nothing(bad: tuple[str, int, float]) -> None:
    at = send(page(), edit(1, bad), widget_key="table:w_query")
    assert broken(at) == []
    assert components(at)["table:w_query"]["cells"] == parameters_of(Lab())["w_query"].tolist()
    assert components(at)["table:w_query"]["message"]


def test_large_matrices_turn_pages_together() -> None:
    at = page(d=61, d_out=59)
    assert broken(at) == []
    at = send(at, order(1, "page", row=20), widget_key="table:w_query")
    assert [components(at)[f"table:{name}"]["page"]["first"] for name in WEIGHTS] == [17, 17, 17]


def test_values_before_an_output_projection_are_edited_at_their_own_width() -> None:
    lab = Lab(d_out=4, d_value=3)
    mixed = PROJECT / "pages" / "multi_head.py"
    at = opened(mixed, lab=link.encode(lab))
    assert len(components(at)["table:w_value:mixed"]["columns"]) == 4
    at = send(at, edit(1, ("2", 3, 9.0)), widget_key="table:w_value:mixed")
    assert broken(at) == []
    assert components(at)["table:w_value:mixed"]["cells"][1][3] == 9.0
    told = components(at)["table:w_value:mixed"]["lab"]
    assert float(parameters_of(link.decode(told), out=True)["w_value"][1, 3]) == 9.0
    assert float(parameters_of(link.decode(told))["w_value"].max()) < 1
