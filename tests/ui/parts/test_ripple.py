"""The line that says what an edit changed: right numbers, and nothing after anything else."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core import SIMPLE_SELF_ATTENTION
from tests.attention_core import printed
from tests.screen import PAGES, broken, edit, opened, order, send
from tests.ui.labs import packed_json

NOTHING = "Edit a number to see what it changes."
RIPPLING = [page for page in PAGES if "ripple.status(" in page.read_text()]


def line(at: AppTest) -> str:
    """Return the line about the last edit."""
    assert broken(at) == []
    told = [
        caption.value
        for caption in at.caption
        if caption.value == NOTHING or caption.value.startswith("editing ")
    ]
    assert len(told) == 1
    return str(told[0])


def counts(rows: list[list[float]], edited: list[list[float]]) -> list[int]:
    """Return how many scores, weights and context values differ, by torch alone."""
    found = []
    for x in (torch.tensor(rows), torch.tensor(edited)):
        scores = x @ x.T
        weights = torch.softmax(scores, dim=-1)
        found.append((scores, weights, weights @ x))
    return [int((was != now).sum()) for was, now in zip(*found, strict=True)]


def test_the_line_counts_what_differs() -> None:
    at = opened()
    assert line(at) == NOTHING
    send(at, edit(1, ("journey|1", 1, 0.5)))
    rows = [list(row) for row in printed.X]
    rows[1][1] = 0.5
    scores, weights, context = counts(printed.X, rows)
    assert scores == 11
    assert line(at) == (
        f"editing journey · d2 changed {scores} scores, {weights} weights "
        f"and {context} context values"
    )


def test_several_numbers_at_once() -> None:
    at = send(opened(), edit(1, ("journey|1", 1, 0.5), ("your|1", 0, 0.25)))
    assert line(at).startswith("editing 2 numbers changed 20 scores, 36 weights and ")


@pytest.mark.parametrize("page", RIPPLING, ids=lambda page: page.stem)
def test_every_page_with_the_line(page: Path) -> None:
    at = opened(page)
    assert line(at) == NOTHING
    send(at, edit(1, ("journey|1", 1, 0.5)))
    assert line(at).startswith("editing journey · d2 changed ")


def test_a_drag_is_compared_with_its_start_and_says_nothing_when_back() -> None:
    at = send(opened(), edit(1, ("journey|1", 1, 0.5)))
    first = line(at)
    send(at, edit(2, ("step|1", 2, 3.0), gesture=2))
    send(at, edit(3, ("step|1", 2, 0.25), gesture=2))
    assert line(at).startswith("editing step · d3 changed 11 scores")
    send(at, edit(4, ("step|1", 2, 0.55), gesture=2))
    assert line(at) == NOTHING
    send(at, edit(5, ("journey|1", 1, 0.87)))
    assert line(at).startswith(first.partition(" changed")[0])


def test_an_edit_of_the_query_alone_by_a_number_that_no_weight_feels() -> None:
    at = opened(lab=packed_json({"sentence": "alone", "d": 1}))
    send(at, edit(1, ("alone|1", 0, 2.0)))
    assert line(at) == "editing alone · d1 changed 1 of the scores and 1 of the context values"


def test_after_anything_else_there_is_nothing_to_say() -> None:
    at = send(opened(), edit(1, ("journey|1", 1, 0.5)))
    send(at, order(2, "undo"))
    assert line(at) == NOTHING
    send(at, order(3, "redo"))
    assert line(at) == NOTHING
    send(at, edit(4, ("journey|1", 1, 0.75)))
    assert line(at) != NOTHING
    at.text_input[0].set_value("to be").run()
    assert line(at) == NOTHING
    send(at, edit(5, ("to|1", 0, 0.75)))
    assert line(at) != NOTHING
    send(at, order(6, "reset"))
    assert line(at) == NOTHING


def test_the_words_are_literal() -> None:
    at = opened(lab=packed_json({"sentence": "* b", "keep_punctuation": True}))
    send(at, edit(1, ("*|1", 0, 2.0)))
    assert line(at).startswith("editing \\* · d1 changed ")


def test_a_wrong_number_takes_the_badge_away_and_the_wrong_axis_is_no_mistake_of_ours() -> None:
    at = opened(next(page for page in PAGES if page.stem == "all_tokens"))
    badges = [str(element.value) for element in at.markdown if "-badge[" in str(element.value)]
    assert any("matches the notebook" in badge for badge in badges)
    assert SIMPLE_SELF_ATTENTION.steps[0].name == "scores"
    at.toggle(key="_wrong_axis").set_value(True).run()
    badges = [str(element.value) for element in at.markdown if "-badge[" in str(element.value)]
    assert any("your own numbers" in badge for badge in badges)
