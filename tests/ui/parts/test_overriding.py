"""Numbers of one's own in any step: put in, followed downstream, marked, let go of."""

from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION
from tests.screen import PROJECT, broken, cards, codes, opened, said
from ui.cards import overriding
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values import figures as trainable

PAGES = {
    "figures:start": PROJECT / "pages" / "start_here.py",
    "figures:attending": PROJECT / "pages" / "queries_keys_values.py",
}
OWN = {"figures:start": "start", "figures:attending": "qkv"}
each = pytest.mark.parametrize("place", PAGES)


def page(place: str, **chosen: Any) -> AppTest:
    return opened(PAGES[place], lab=link.encode(Lab().choosing(**chosen)))


def field(at: AppTest, place: str, cell: str) -> Any:
    return at.text_input(key=f"_own:{OWN[place]}:{place}:{cell}")


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
    at.button(key=f"_let_go:{OWN[place]}:{place}").click().run()
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


def test_they_wait_while_the_sentence_has_another_length() -> None:
    trace = trace_of(Lab())
    lab = overriding.with_override(Lab(), trace, "start", "weights", (5, 5), 0.5)
    shorter = Lab(sentence="to be or not", overrides=lab.overrides)
    assert trace_of(shorter).overridden == {}
    assert overriding.without_overrides(shorter, trace_of(shorter), "start") == shorter
    assert float(trace_of(lab)["weights"][5, 5]) == 0.5
    assert trainable.trace_of(lab).overridden == {}  # another place


def test_a_reload_gives_the_same_run_bit_for_bit() -> None:
    trace = trainable.trace_of(Lab())
    lab = overriding.with_override(Lab(), trace, "qkv", "values", (2, 1), -1 / 3)
    lab = overriding.with_override(lab, trace, "qkv", "scaled", (0, 3), 1e-7)
    again = trainable.trace_of(link.decode(link.encode(lab)))
    own = trainable.trace_of(lab)
    assert all(torch.equal(own[name], again[name]) for name in own.steps)
    assert set(own.overridden) == {"values", "scaled"}


def test_a_cell_of_a_head() -> None:
    identity = torch.eye(2)
    trace = MULTI_HEAD_ATTENTION.run(identity, *(identity,) * 3, 2, identity)
    lab = overriding.with_override(Lab(), trace, "heads", "weights", (1, 0, 1), 0.25)
    own = overriding.applied(trace, lab, "heads")
    assert float(own["weights"][1, 0, 1]) == 0.25
    assert torch.equal(own["weights"][0], trace["weights"][0])
    assert overriding.without_override(lab, trace, "heads", "weights", (1, 0, 1)) == Lab()


@pytest.mark.parametrize(
    ("name", "index", "entry"),
    [
        ("weights", (6, 0), 1.0),
        ("weights", (0,), 1.0),
        ("inputs", (0, 0), 1.0),
        ("heads", (0, 0), 1.0),
        ("weights", (0, 0), 2 * LIMIT),
        ("weights", (0, 0), float("nan")),
    ],
)
def test_what_does_not_fit_is_refused(name: str, index: tuple[int, ...], entry: float) -> None:
    with pytest.raises(ValueError, match=r"a cell of a step|a number from"):
        overriding.with_override(Lab(), trace_of(Lab()), "start", name, index, entry)


def test_hostile_overrides_in_an_address_are_ignored() -> None:
    rows = [["start/weights/9/9", 1, 6, 0, 1.0], ["start/", 1, 6, 0, 1.0], ["/", 1, 1, 0, 1.0]]
    rows += [["start/scores", 99, 6, 0, 1.0], ["start/context/²", 1, 3, 0, 1.0]]
    lab = link.from_file(
        b'{"attention_lab": 1, "overrides": ' + str(rows).replace("'", '"').encode() + b"}"
    )
    assert trace_of(lab).overridden == {}
