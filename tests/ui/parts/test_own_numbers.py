"""Numbers of one's own in any step: put in, followed downstream, marked, let go of."""

from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from tests.screen import PROJECT, broken, cards, codes, opened, said
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values import figures as trainable

PAGES = {
    "figures:start": PROJECT / "pages" / "start_here.py",
    "figures:attending": PROJECT / "pages" / "queries_keys_values.py",
}
STORED_AS = {"figures:start": "start", "figures:attending": "qkv"}
each = pytest.mark.parametrize("place", PAGES)


def page(place: str, **chosen: Any) -> AppTest:
    return opened(PAGES[place], lab=link.encode(Lab().choosing(**chosen)))


def field(at: AppTest, place: str, cell: str) -> Any:
    return at.text_input(key=f"_own:{STORED_AS[place]}:{place}:{cell}")


def drawn(at: AppTest, place: str, name: str) -> Tensor:
    return torch.tensor(cards(at, place)[name]["spec"]["data"][0]["z"])


@each
def test_a_weight_of_ones_own(place: str) -> None:
    at = page(place, trail=((place, "weights", 1, 4),))
    before = {name: drawn(at, place, name) for name in ("scores", "weights", "context")}
    field(at, place, "weights:1, 4").set_value("0,9").run()
    assert broken(at) == []
    after = {name: drawn(at, place, name) for name in before}
    assert torch.equal(after["scores"], before["scores"])
    assert float(after["weights"][1, 4]) == pytest.approx(0.9)
    weights = before["weights"].clone()
    weights[1, 4] = 0.9
    assert torch.equal(after["weights"], weights)
    values = trainable.trace_of(Lab())["values"] if place == "figures:attending" else None
    values = trace_of(Lab())["inputs"] if values is None else values
    torch.testing.assert_close(after["context"], weights @ values)
    assert cards(at, place)["weights"]["note"].startswith("Yours: 1 of the weights")
    assert cards(at, place)["scores"]["note"].startswith("Detached: weights has numbers of yours")
    assert cards(at, place)["context"]["note"] == ""
    assert all(card["check"]["ok"] for card in cards(at, place).values())
    assert "weights[1, 4] = 0.9" in "\n".join(codes(at))
    dots = cards(at, place)["weights"]["spec"]["data"][-1]
    assert (dots["x"], dots["y"]) == ([pytest.approx(3.6)], [pytest.approx(0.7)])


@each
def test_it_is_let_go_of_cell_by_cell_or_all_at_once(place: str) -> None:
    at = page(place, trail=((place, "scores", 0, 0),))
    before = drawn(at, place, "context")
    field(at, place, "scores:0, 0").set_value("7").run()
    assert not torch.equal(drawn(at, place, "context"), before)
    field(at, place, "scores:0, 0").set_value("").run()
    assert torch.equal(drawn(at, place, "context"), before)
    field(at, place, "scores:0, 0").set_value("7").run()
    at.button(key=f"_let_go:{STORED_AS[place]}:{place}").click().run()
    assert broken(at) == []
    assert torch.equal(drawn(at, place, "context"), before)


@each
@pytest.mark.parametrize("typed", ["nan", "inf", "-inf", "one", "1e300", "2000001", "1;2", "*x*"])
def test_what_is_no_number_is_refused_where_it_happened(place: str, typed: str) -> None:
    at = page(place, trail=((place, "weights", 1, 4),))
    before = drawn(at, place, "context")
    field(at, place, "weights:1, 4").set_value(typed).run()
    assert broken(at) == []
    (told,) = [text for text in said(at) if "needs a number from" in text]
    assert told.startswith("`weights` (6 × 6) needs a number from -1,000,000 to 1,000,000")
    assert torch.equal(drawn(at, place, "context"), before)
    assert not any("needs a number from" in text for text in said(at.run()))
