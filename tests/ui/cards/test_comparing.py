"""Pin and compare: A is kept, B goes on, and each figure shows either or what differs."""

from dataclasses import replace
from typing import Any

import torch

from attention_core.studies.entropy import entropy
from ui.cards import comparing
from ui.cards.mask import toggled
from ui.cards.simple_run import trace_of
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.causal_attention import figures as causal

PLACE = "figures:start"


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


def test_conventions_are_those_of_now() -> None:
    lab = replace(Lab(), pinned="A:", showing="A", queries_as="columns", count_from=0)
    shown: Any = comparing.compared(LESSONS.groups[PLACE], lab)
    own = LESSONS.groups[PLACE](replace(lab, pinned=""))
    assert [card.spec for card in shown.cards] == [card.spec for card in own.cards]


def test_a_difference_that_is_wrong_turns_red() -> None:
    old, new = torch.tensor([[0.25]]), torch.tensor([[0.75]])
    assert comparing._verdict(new - old, old, new).ok
    assert not comparing._verdict(new - old + 1e-3, old, new).ok
