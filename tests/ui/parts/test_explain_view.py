"""A picked cell explained: the core's arithmetic, the way down, and nothing that is not a cell."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, normalisations
from tests.attention_core import printed
from tests.screen import PAGES, START, broken, components, edit, opened, send
from tests.ui.labs import packed_json
from ui.lab.checks import MAX_TRAIL
from ui.lessons.normalisation_lab.choices import NOTEBOOK_SCORES

PLACE = "figures:start"
PANEL = f"explain:{PLACE}"
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(printed.X))
PAGE = {page.stem: page for page in PAGES}


def message(name: Any, row: Any, column: Any, serial: Any = 1) -> dict[str, Any]:
    """Return what a figure or the panel sends when a cell is chosen."""
    return {"name": name, "row": row, "column": column, "serial": serial}


def pick(at: AppTest, told: Any, *, place: str = PLACE) -> AppTest:
    """Let the figures of a place send anything."""
    at.session_state[place] = {"picked": told}
    return at.run()


def walk(at: AppTest, told: Any, *, place: str = PLACE) -> AppTest:
    """Let the panel of a place send anything."""
    at.session_state[f"explain:{place}"] = {"walked": told}
    return at.run()


def panels(at: AppTest) -> dict[str, Any]:
    """Return what each open panel shows, by its place."""
    assert broken(at) == []
    shown = components(at)
    return {name.partition(":")[2]: shown[name] for name in shown if name.startswith("explain:")}


def panel(at: AppTest) -> dict[str, Any]:
    """Return what the only open panel shows."""
    (shown,) = panels(at).values()
    assert isinstance(shown, dict)
    return shown


def test_nothing_is_explained_at_first() -> None:
    assert panels(opened()) == {}


def test_a_picked_cell_is_explained_by_the_core() -> None:
    shown = panel(pick(opened(), message("scores", 1, 2)))
    assert shown["formula"] == "0.55·0.57 + 0.87·0.85 + 0.66·0.64 = 1.4754"
    assert shown["formula"] == TRACE.explain("scores", 1, 2).formula
    assert shown["said"] == "journey (query) · starts (key) = 1.4754"
    assert shown["trail"] == ["scores · journey → starts"]
    told = [
        (operand["name"], *operand["cell"], operand["value"], operand["is_input"])
        for operand in shown["operands"]
    ]
    assert told == [
        (name, *cell, f"{value:.2f}", True)
        for name, cell, value in TRACE.explain("scores", 1, 2).operands
    ]
    assert shown["operands"][0]["label"] == "inputs · journey · d1"
    assert shown["ack"] == 0


@pytest.mark.parametrize("name", TRACE.steps)
def test_every_cell_of_every_step(name: str) -> None:
    at = opened()
    n_rows, n_columns = TRACE[name].shape
    for serial, (row, column) in enumerate([(0, 0), (n_rows - 1, n_columns - 1), (2, 1)], start=1):
        shown = panel(pick(at, message(name, row, column, serial)))
        told = TRACE.explain(name, row, column)
        assert shown["formula"] == told.formula
        assert [(o["name"], tuple(o["cell"])) for o in shown["operands"]] == [
            (operand, cell) for operand, cell, _ in told.operands
        ]


def test_the_way_down_ends_at_the_users_own_number_and_leads_back() -> None:
    at = pick(opened(), message("context", 1, 0))
    walk(at, message("weights", 1, 2, 1))
    walk(at, message("scores", 1, 2, 2))
    shown = panel(at)
    assert shown["trail"] == [
        "context · journey · d1",
        "weights · journey → starts",
        "scores · journey → starts",
    ]
    assert shown["ack"] == 2
    assert all(operand["is_input"] for operand in shown["operands"])
    walk(at, {"back": 1, "serial": 3})
    assert panel(at)["trail"] == ["context · journey · d1", "weights · journey → starts"]
    assert panel(at)["formula"].endswith("= 0.2333")
    walk(at, {"back": -1, "serial": 4})
    assert panels(at) == {}
    walk(at, {"back": -1, "serial": 5})
    assert panels(at) == {}


def test_a_message_counts_exactly_once() -> None:
    at = pick(opened(), message("context", 1, 0))
    step = message("weights", 1, 2, 1)
    for _ in range(3):
        walk(at, step)
        assert len(panel(at)["trail"]) == 2
    walk(at, message("scores", 0, 0, 1))  # an older or equal number is no news
    assert len(panel(at)["trail"]) == 2
    walk(at, {"back": 0, "serial": 2})
    assert len(panel(at)["trail"]) == 1
    walk(at, step)
    assert len(panel(at)["trail"]) == 1
    pick(at, message("context", 1, 0))  # the pick that began it, once more
    assert panel(at)["trail"] == ["context · journey · d1"]


def test_the_numbers_follow_an_edit() -> None:
    at = pick(opened(), message("scores", 1, 1))
    send(at, edit(1, ("journey|1", 0, 2.0)))
    assert panel(at)["formula"] == "2·2 + 0.87·0.87 + 0.66·0.66 = 5.1925"


def test_a_cell_that_is_gone_is_not_explained_and_the_way_back_skips_it() -> None:
    at = pick(opened(), message("context", 5, 0))
    walk(at, message("weights", 1, 1, 1))
    walk(at, message("weights", 0, 0, 2))
    assert len(panel(at)["trail"]) == 3
    at.text_input[0].set_value("to be").run()
    assert panel(at)["trail"] == ["weights · be → be", "weights · to → to"]
    walk(at, {"back": 0, "serial": 3})
    assert panel(at)["trail"] == ["weights · be → be"]


def test_a_long_way_forgets_its_beginning() -> None:
    at = pick(opened(), message("context", 1, 0))
    for serial in range(1, MAX_TRAIL + 5):
        walk(at, message("weights", 1, serial % 6, serial))
    assert len(panel(at)["trail"]) == MAX_TRAIL
    assert "context · journey · d1" not in panel(at)["trail"]


def test_the_trail_is_in_the_address_and_not_in_the_history() -> None:
    at = opened(START, lab=packed_json({"trail": [[PLACE, "weights", 1, 2]]}))
    assert panel(at)["trail"] == ["weights · journey → starts"]
    assert not components(at)["table:embeddings"]["can_undo"]
    pick(at, message("scores", 0, 0))
    assert not components(at)["table:embeddings"]["can_undo"]


def test_a_trail_of_anything_in_the_address_is_harmless() -> None:
    for name in ("", "zebra", "query", "<b>", "scores"):
        at = opened(START, lab=packed_json({"trail": [[PLACE, name, 64, 64], ["", name, 0, 0]]}))
        assert panels(at) == {}


DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]
NAMES: list[Any] = [None, 1, True, [], {}, "", "zebra", "query", "naive"]
SERIALS: list[Any] = [None, True, -1, 0, 1.5, "9", 2**53 + 1, []]
BACKS: list[Any] = [None, True, -2, 1, 2**60, 0.0, "0", [], {}]
ODD: list[Any] = [None, True, False, -1, 2**60, 1.0, math.nan, "1", [], {}, DEEP, 64, 6, 10**400]
HOSTILE: list[Any] = [
    None,
    "x",
    1,
    True,
    [],
    {},
    [message("scores", 0, 0)],
    {"name": "scores"},
    *(message(name, 0, 0, 9) for name in NAMES),
    *(message("scores", row, 0, 9) for row in ODD),
    *(message("scores", 0, column, 9) for column in ODD),
    *(message("scores", 0, 0, serial) for serial in SERIALS),
    message("scores", 0, 0, 10**400),
    *({"back": back, "serial": 9} for back in BACKS),
    *({"back": 0, "serial": serial} for serial in (None, True, -1, 0, "9", 2**60)),
]


@pytest.mark.parametrize("told", HOSTILE, ids=lambda told: str(told)[:60])
def test_what_no_figure_and_no_panel_sends_changes_nothing(told: Any) -> None:
    at = opened()
    pick(at, told)
    assert panels(at) == {}
    pick(at, message("weights", 1, 2, 5))
    before = components(at.run())  # once more: the figures hear of the pick at the next run
    walk(at, told)
    pick(at, told)
    assert broken(at) == []
    assert components(at) == before


def test_one_panel_at_a_time_on_a_page_with_several_places() -> None:
    at = pick(opened(PAGE["one_query"]), message("scores", 0, 1), place="figures:dots")
    assert list(panels(at)) == ["figures:dots"]
    pick(at, message("context", 0, 1), place="figures:context")
    assert list(panels(at)) == ["figures:context"]
    pick(at, message("by_sum", 0, 1), place="figures:normalisations")
    assert list(panels(at)) == ["figures:normalisations"]


def test_the_query_is_a_row_of_the_table() -> None:
    at = pick(opened(PAGE["one_query"]), message("scores", 0, 2), place="figures:dots")
    shown = panel(at)
    x = torch.tensor(printed.X)
    told = ONE_QUERY.run(query=x[[1]], inputs=x).explain("scores", 0, 2)
    assert shown["formula"] == told.formula
    assert [(o["name"], o["cell"], o["is_input"]) for o in shown["operands"][:2]] == [
        ("inputs", [1, 0], True),
        ("inputs", [2, 0], True),
    ]
    assert shown["operands"][0]["label"] == "query · journey · d1"


def test_the_row_of_the_normalisation_lab_is_where_its_weights_come_from() -> None:
    at = pick(opened(PAGE["normalisation_lab"]), message("weights", 0, 2), place="figures:ways")
    trace = normalisations().run(scores=torch.tensor([NOTEBOOK_SCORES]))
    assert panel(at)["formula"] == trace.explain("weights", 0, 2).formula
    walk(at, message("scaled", 0, 2), place="figures:ways")
    assert panel(at)["operands"][0]["name"] == "scores"
    assert panel(at)["operands"][0]["is_input"]


def test_words_that_are_markup_or_a_sentences_parts_are_said_as_they_are() -> None:
    lab = packed_json({"sentence": "<b> {value} & $x$", "keep_punctuation": True})
    at = opened(START, lab=lab)
    tokens = [row["label"] for row in components(at)["table:embeddings"]["rows"]]
    for serial, token in enumerate(tokens, start=1):
        shown = panel(pick(at, message("scores", serial - 1, 0, serial)))
        assert shown["said"].startswith(f"{token} (query) · <")
        assert shown["trail"][0].startswith(f"scores · {token} → <")


@pytest.mark.parametrize("page", [START, PAGE["all_tokens"]], ids=lambda page: page.stem)
def test_no_number_can_not_be_explained(page: Path) -> None:
    place = {"start_here": PLACE, "all_tokens": "figures:all"}[page.stem]
    at = send(opened(page), edit(1, ("journey|1", 0, 1e6), ("your|1", 0, -1e6)))
    for serial, name in enumerate(TRACE.steps, start=1):
        shown = panel(pick(at, message(name, 0, 0, serial), place=place))
        assert shown["formula"]


def test_a_long_sum_is_shortened_and_its_operands_are_all_there() -> None:
    at = opened(START, lab=packed_json({"sentence": " ".join(f"w{n}" for n in range(20))}))
    shown = panel(pick(at, message("context", 0, 0)))
    assert " + … + " in shown["formula"]
    assert len(shown["operands"]) == 40
