"""A card and a group of them: values that never change, and what the browser draws of them."""

from dataclasses import replace

import pytest

from attention_core import SIMPLE_SELF_ATTENTION, Conventions
from attention_core.notebook import INPUTS
from ui.cards.card import Card, Group, Verdict, as_drawn
from ui.cards.step_cards import step_card

TRACE = SIMPLE_SELF_ATTENTION.run(inputs=INPUTS)
TOKENS = ["a", "b", "c", "d", "e", "f"]
PLAIN = Card(id="plain", title="A picture", spec={"data": [{"z": [[1.0]]}]}, height=1, alt="one.")


def context(conventions: Conventions) -> Card:
    return step_card(TRACE, "context", TOKENS, TRACE.check(), conventions=conventions)


def test_the_browser_gets_every_part_of_a_card_by_its_name() -> None:
    checked = replace(PLAIN, check=Verdict(False, "Broken.", ("loops: off", "law: off")))
    (data,) = Group([checked]).data["figures"]
    assert data == {
        "id": "plain",
        "title": "A picture",
        "shape": "",
        "formula": "",
        "spec": {"data": [{"z": [[1.0]]}]},
        "height": 1,
        "alt": "one.",
        "note": "",
        "check": {"ok": False, "text": "Broken.", "detail": ["loops: off", "law: off"]},
        "arrow": False,
        "cells": None,
    }


def test_an_arrow_leads_from_each_step_with_a_check_to_the_next() -> None:
    checked = replace(PLAIN, check=Verdict(True, "Well."))
    cards = [checked, PLAIN, checked]
    assert [card["arrow"] for card in Group(cards).data["figures"]] == [True, False, False]
    still = Group(cards, arrows=False).data["figures"]
    assert [card["arrow"] for card in still] == [False, False, False]


def test_a_turned_card_is_turned_once_only() -> None:
    card = as_drawn(context(Conventions("columns")))
    assert card.shape == "3 × 6"
    assert card.formula.endswith("# shown: context.T")
    assert card.linked["turned"] is True
    assert as_drawn(card) == card


def test_changing_a_card_leaves_the_one_before_as_it_was() -> None:
    card = context(Conventions())
    end, axis = card.heatmap["zmax"], card.spec["layout"]["xaxis"]
    changed = card.with_heatmap(zmax=9.0).with_layout(xaxis={"title": {"text": "new"}}, width=7)
    changed = changed.with_note("Mine.").with_cells(lambda cells: {**cells, "scope": "other"})
    assert (changed.heatmap["zmax"], card.heatmap["zmax"]) == (9.0, end)
    assert changed.spec["layout"]["xaxis"] == {**axis, "title": {"text": "new"}}
    assert card.spec["layout"]["xaxis"] == axis
    assert (changed.spec["layout"]["width"], changed.note, card.note) == (7, "Mine.", "")
    assert (changed.linked["scope"], card.linked["scope"]) == ("other", "main")


def test_a_note_is_put_before_the_one_that_is_there() -> None:
    assert replace(PLAIN, note="There.").with_note("First.").note == "First. There."


def test_a_picture_without_cells_says_so() -> None:
    assert PLAIN.with_cells(lambda cells: {**cells, "scope": "other"}) == PLAIN
    with pytest.raises(ValueError, match="the cells of plain cannot be pointed at"):
        _ = PLAIN.linked
