"""The part of large figures with exact numbers: where it lies, and what it says of the run."""

import json
from typing import Any

import torch

from attention_core.figures.overview import unpacked
from tests.screen import broken, cards, components, edit, opened, send
from ui.cards.excerpt import SUFFIX, large_of
from ui.lab.lab import Lab
from ui.lab.link import decode, encode
from ui.lessons import LESSONS
from ui.server import live

START, PART = "figures:start", f"figures:start{SUFFIX}"
LONG = Lab(sentence=" ".join(f"w{row}" for row in range(40)), d=5, window=(30, 11, 0))


def test_the_part_of_a_page_shows_the_runs_own_numbers() -> None:
    at = opened(lab=encode(LONG))
    assert broken(at) == []
    trace = LESSONS.groups[START](LONG).explained.trace  # type: ignore[union-attr]
    shown = cards(at, PART)
    assert list(shown) == ["scores_part", "weights_part", "context_part"]
    for name, columns in (
        ("scores", slice(7, 15)),
        ("weights", slice(7, 15)),
        ("context", slice(0, 5)),
    ):
        z = unpacked(shown[f"{name}_part"]["spec"]["data"][0]["z"])
        torch.testing.assert_close(z, trace[name][25:35, columns], rtol=0, atol=0)
    assert shown["weights_part"]["shape"] == "10 × 8 of 40 × 40"
    assert shown["weights_part"]["cells"]["first"] == [25, 7]
    whole = cards(at)
    assert "too many cells" in whole["weights"]["note"]
    assert whole["weights"]["check"]["ok"]


def test_a_short_sentence_has_no_part() -> None:
    assert PART not in components(opened())
    assert large_of(LESSONS.groups[START](Lab())) == []


def picked(at: Any, place: str, name: str, row: int, column: int, serial: int) -> Any:
    """Let a figure send a picked cell."""
    at.session_state[place] = {
        "picked": {"name": name, "row": row, "column": column, "serial": serial}
    }
    return at.run()


def test_a_click_in_the_large_figure_looks_there_and_one_in_the_part_does_not_move_it() -> None:
    at = opened(lab=encode(LONG))
    picked(at, START, "weights", 3, 38, 1)
    assert cards(at, PART)["weights_part"]["cells"]["first"] == [0, 32]
    picked(at, PART, "weights", 1, 33, 1)
    assert cards(at, PART)["weights_part"]["cells"]["first"] == [0, 32]
    assert broken(at) == []
    at.selectbox(key=f"_{START}{SUFFIX}:0").set_value(39).run()
    assert cards(at, PART)["weights_part"]["cells"]["first"] == [30, 32]
    told = decode(components(at)["table:embeddings"]["lab"])
    assert told.window == (39, 38, 0)


def test_the_part_comes_ahead_of_the_run_too() -> None:
    at = opened(lab=encode(LONG))
    operation = edit(1, ("w30|1", 2, 1.5))
    asked = {
        "lab": encode(LONG),
        "table": "embeddings",
        "ops": [operation],
        "groups": [START, PART],
    }
    ahead = json.loads(json.dumps(live.answer(asked)["groups"]))
    send(at, operation)
    for name, data in ahead.items():
        assert data == {part: components(at)[name][part] for part in data}
