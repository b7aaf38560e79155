"""Pin and compare: A is kept, B goes on, and each figure shows either or what differs."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core.entropy import entropy
from tests.screen import FRAME, broken, cards, components, edit, opened, said, send
from ui import comparing, link, start
from ui.lab import Lab
from ui.live import GROUPS

PLACE = "figures:start"
STEPS = ("scores", "weights", "context")


def pinned(lab: Lab | None = None) -> AppTest:
    at = opened(FRAME, lab=link.encode(lab or Lab()))
    at.button(key="_pin").click().run()
    assert broken(at) == []
    return at


def drawn(at: AppTest) -> dict[str, Tensor]:
    return {name: torch.tensor(cards(at, PLACE)[name]["spec"]["data"][0]["z"]) for name in STEPS}


def show(at: AppTest, what: str) -> AppTest:
    return at.radio(key="_showing").set_value(what).run()


def test_the_figures_show_a_or_b_or_what_differs() -> None:
    at = pinned()
    first = drawn(at)
    at = send(at, edit(1, ("journey|1", 1, 2.0)))
    now = drawn(at)
    assert torch.equal(drawn(show(at, "A"))["weights"], first["weights"])
    at = show(at, "B − A")
    assert broken(at) == []
    for name, difference in drawn(at).items():
        assert torch.equal(difference, now[name] - first[name])
        card = cards(at, PLACE)[name]
        heatmap = card["spec"]["data"][0]
        assert heatmap["zmin"] == -heatmap["zmax"] < 0
        assert card["check"]["ok"]
        assert card["title"].endswith("B − A")
    assert torch.equal(drawn(show(at, "B"))["context"], now["context"])


def test_a_reload_opens_both() -> None:
    at = send(pinned(), edit(1, ("journey|1", 1, 2.0)))
    at = show(at, "B − A")
    again = opened(FRAME, lab=components(at)["keeper"]["address"])
    assert {name: z.tolist() for name, z in drawn(again).items()} == {
        name: z.tolist() for name, z in drawn(at).items()
    }


def test_the_largest_changes_and_the_entropy_of_each_query() -> None:
    was = Lab()
    lab = was.with_entries([("journey", 1, 1, 2.0)])
    before, now = GROUPS[PLACE](was), GROUPS[PLACE](lab)
    found = comparing.largest_changes(before, now)
    old, new = start.trace_of(was), start.trace_of(lab)
    title, row, column, a, b = found[0]
    assert (title, row, column) == ("Attention scores", "journey", "journey")
    assert (a, b) == (float(old["scores"][1, 1]), float(new["scores"][1, 1]))
    sizes = [abs(change[4] - change[3]) for change in found]
    assert sizes == sorted(sizes, reverse=True)
    pair = comparing.entropies(before, now)
    assert pair is not None
    assert torch.equal(pair[0], entropy(old["weights"]))
    assert torch.equal(pair[1], entropy(new["weights"]))


def test_matrices_of_another_shape_are_shown_alone_and_said() -> None:
    at = pinned()
    at.text_input(key="_sentence").set_value("to be or not").run()
    at = show(at, "B − A")
    assert broken(at) == []
    card = cards(at, PLACE)["weights"]
    assert card["note"].startswith("A has no matrix of this shape")
    assert len(card["spec"]["data"][0]["z"]) == 4


def test_it_is_unpinned_and_undone() -> None:
    at = pinned()
    at.button(key="_unpin").click().run()
    assert [button for button in at.button if button.key == "_pin"]
    at = pinned(Lab(sentence="to be"))
    at = send(at, {"id": 1, "op": "undo"})
    assert [button for button in at.button if button.key == "_pin"]
    assert broken(at) == []


@pytest.mark.parametrize("text", ["A:zzz", "A:1.", "nothing", "A:2.x"])
def test_a_damaged_pin_is_said_and_the_rest_goes_on(text: str) -> None:
    at = opened(FRAME, lab=link.encode(Lab(pinned=text, showing="B − A")))
    assert broken(at) == []
    assert any("What was pinned in this link is damaged" in told for told in said(at))
    assert torch.equal(drawn(at)["weights"], start.trace_of(Lab())["weights"])


def test_conventions_are_those_of_now() -> None:
    lab = replace(Lab(), pinned="A:", showing="A", queries_as="columns", count_from=0)
    shown: Any = comparing.compared(GROUPS[PLACE], lab)
    own = GROUPS[PLACE](replace(lab, pinned=""))
    assert [card["spec"] for card in shown.cards] == [card["spec"] for card in own.cards]


def test_a_difference_that_is_wrong_turns_red() -> None:
    old, new = torch.tensor([[0.25]]), torch.tensor([[0.75]])
    assert comparing._verdict(new - old, old, new)["ok"]
    assert not comparing._verdict(new - old + 1e-3, old, new)["ok"]
