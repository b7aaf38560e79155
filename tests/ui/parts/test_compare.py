"""Pin and compare: A is kept, B goes on, and each figure shows either or what differs."""

import re
from decimal import Decimal

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from tests.attention_core.calculator import adds_up
from tests.screen import FRAME, PAGES, broken, cards, components, edit, opened, said, send
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.parts import compare

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


def test_matrices_of_another_shape_are_shown_alone_and_said() -> None:
    at = pinned()
    at.text_input(key="_sentence").set_value("to be or not").run()
    at = show(at, "B − A")
    assert broken(at) == []
    card = cards(at, PLACE)["weights"]
    assert card["note"].startswith("A has no matrix of this shape")
    assert len(card["spec"]["data"][0]["z"]) == 4


def test_the_pages_where_nothing_is_compared_are_those_that_are_named() -> None:
    found = set()
    for path in PAGES:
        groups = [name for name in components(opened(path)) if name in LESSONS.groups]
        if not any(LESSONS.groups[name](Lab()).explained for name in groups):
            found.add(path.name)
    titles = {lesson.title for lesson in LESSONS if lesson.script.name in found}
    told = opened(FRAME).button(key="_pin").help
    assert titles == set(re.findall(r"\*([^*]+)\*", told)) == {"Train it yourself", "Your tensors"}


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
    assert torch.equal(drawn(at)["weights"], trace_of(Lab())["weights"])


def test_a_difference_comes_out_as_printed() -> None:
    pairs = [(0.14554, 0.13847), (-0.25, 1000.00006), (3e-7, 2e-7), (0.5, 0.5)]
    table = compare._columns(pairs)
    told = zip(*([text.replace("\\", "") for text in table[name]] for name in table), strict=True)
    for (old, new), (a, b, difference) in zip(pairs, told, strict=True):
        assert adds_up([b, f"{-Decimal(a)}"], difference.removeprefix("+"))
        assert difference.startswith("+") is (new > old)
