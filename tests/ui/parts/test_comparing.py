"""Pin and compare: A is kept, B goes on, and each figure shows either or what differs."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core.studies.entropy import entropy
from tests.attention_core.calculator import adds_up
from tests.screen import FRAME, PAGES, broken, cards, components, edit, opened, said, send
from ui.cards import comparing
from ui.cards.mask import toggled
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.causal_attention import figures as causal
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


def test_the_largest_changes_and_the_entropy_of_each_query() -> None:
    was = Lab()
    lab = was.with_entries([("journey", 1, 1, 2.0)])
    before, now = LESSONS.groups[PLACE](was), LESSONS.groups[PLACE](lab)
    found = comparing.largest_changes(before, now)
    old, new = trace_of(was), trace_of(lab)
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


def test_cells_to_or_from_what_is_no_number_count_as_changed() -> None:
    was = Lab()
    lab = toggled(was, 0, 3)
    before, now = LESSONS.groups["figures:masked"](was), LESSONS.groups["figures:masked"](lab)
    card = comparing._difference(before, now).cards[causal.BEFORE.index("masked")]
    expected = "1 of 36 cells changed; 1 of them to or from what is no number."
    assert card.alt == expected
    old, new = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 3.0]])
    assert comparing._alt(old, new) == "1 of 2 cells changed, by +2.0000 at most."
    blind = torch.tensor([[torch.nan, 1.0]])
    assert comparing._alt(blind, blind) == "nothing changed."
    assert comparing._alt(old, blind).endswith("1 of them to or from what is no number.")


def test_why_no_changes_are_listed() -> None:
    was = LESSONS.groups[PLACE](Lab())
    assert comparing.why_none(was, LESSONS.groups[PLACE](Lab())).startswith("Nothing differs here")
    shorter = LESSONS.groups[PLACE](Lab(sentence="to be"))
    assert "nothing to compare" in comparing.why_none(was, shorter)
    blind = toggled(Lab(), 0, 0)
    before, now = (LESSONS.groups["figures:causal_context"](lab) for lab in (Lab(), blind))
    assert comparing.largest_changes(before, now) == []
    assert "no number in one of them" in comparing.why_none(before, now)


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


def test_conventions_are_those_of_now() -> None:
    lab = replace(Lab(), pinned="A:", showing="A", queries_as="columns", count_from=0)
    shown: Any = comparing.compared(LESSONS.groups[PLACE], lab)
    own = LESSONS.groups[PLACE](replace(lab, pinned=""))
    assert [card.spec for card in shown.cards] == [card.spec for card in own.cards]


def test_a_difference_that_is_wrong_turns_red() -> None:
    old, new = torch.tensor([[0.25]]), torch.tensor([[0.75]])
    assert comparing._verdict(new - old, old, new).ok
    assert not comparing._verdict(new - old + 1e-3, old, new).ok


def test_a_difference_comes_out_as_printed() -> None:
    pairs = [(0.14554, 0.13847), (-0.25, 1000.00006), (3e-7, 2e-7), (0.5, 0.5)]
    table = compare._columns(pairs)
    told = zip(*([text.replace("\\", "") for text in table[name]] for name in table), strict=True)
    for (old, new), (a, b, difference) in zip(pairs, told, strict=True):
        assert adds_up([b, f"{-Decimal(a)}"], difference.removeprefix("+"))
        assert difference.startswith("+") is (new > old)
