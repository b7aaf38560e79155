"""The table's operations: each taken in exactly once, and nothing else let in."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.attention_core import printed
from tests.screen import (
    FRAME,
    PROJECT,
    START,
    TABLE,
    broken,
    cards,
    components,
    edit,
    opened,
    order,
    send,
    send_raw,
    table,
)
from ui.cards.editors import NOT_UNDERSTOOD
from ui.lab import link
from ui.lab.checks import MAX_CELLS
from ui.lab.lab import Lab


@pytest.fixture
def at() -> AppTest:
    """The first page, just opened."""
    return opened()


def cell(at: AppTest, row: int = 1, column: int = 0) -> float:
    """Return a number as the table shows it."""
    return float(table(at)["cells"][row][column])


def test_the_table_shows_the_embeddings(at: AppTest) -> None:
    shown = table(at)
    assert shown["cells"] == printed.X
    assert shown["columns"] == ["d1", "d2", "d3"]
    assert [row["label"] for row in shown["rows"]] == printed.TOKENS
    assert [row["id"] for row in shown["rows"]][:2] == ["your|1", "journey|1"]
    assert (shown["ack"], shown["edited"], shown["message"]) == (0, [], "")
    assert not any(shown[can] for can in ("can_undo", "can_redo", "can_reset"))


def test_an_edit_changes_the_table_and_every_picture(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0)))
    assert (cell(at), table(at)["ack"], table(at)["edited"]) == (2.0, 1, [[1, 0]])
    assert [row["edited"] for row in table(at)["rows"]] == [row == 1 for row in range(6)]
    scores = cards(at)["scores"]["spec"]["data"][0]["z"]
    assert scores[1][1] == pytest.approx(2.0**2 + 0.87**2 + 0.66**2, abs=1e-6)
    before = printed.SCORES
    assert printed.rounded(scores)[0][0] == before[0][0]
    for name, rows in printed.ALL_TOKENS.items():
        assert printed.rounded(cards(at)[name]["spec"]["data"][0]["z"]) != rows


def test_the_same_message_twice_counts_once(at: AppTest) -> None:
    first = edit(1, ("journey|1", 0, 2.0))
    send(at, first)
    send(at, first, edit(2, ("journey|1", 0, 3.0)))
    send(at, first, edit(2, ("journey|1", 0, 3.0)))
    send(at, first)
    assert (cell(at), table(at)["ack"]) == (3.0, 2)
    send(at, order(3, "undo"))
    assert cell(at) == 2.0
    send(at, order(4, "undo"))
    assert (cell(at), table(at)["can_undo"]) == (0.55, False)


def test_an_id_twice_in_one_message_counts_once(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0)), edit(1, ("journey|1", 0, 3.0)))
    assert (cell(at), table(at)["ack"]) == (2.0, 1)
    twice = edit(2, ("journey|1", 0, 4.0))
    send(at, twice, order(3, "undo"), order(3, "undo"), twice)
    assert (cell(at), table(at)["ack"]) == (2.0, 3), "one edit, and one step back"


def test_operations_count_in_the_order_of_their_ids(at: AppTest) -> None:
    send(at, edit(2, ("journey|1", 0, 3.0)), edit(1, ("journey|1", 0, 2.0)))
    assert (cell(at), table(at)["ack"]) == (3.0, 2)
    send(at, edit(1, ("journey|1", 0, 9.0)))
    assert cell(at) == 3.0


def test_a_drag_is_one_step_to_undo(at: AppTest) -> None:
    for op_id in range(1, 6):
        send(at, edit(op_id, ("journey|1", 0, op_id / 10), gesture=1))
    send(at, edit(6, ("your|1", 0, 7.0)))
    assert (cell(at), cell(at, 0)) == (0.5, 7.0)
    send(at, order(7, "undo"))
    assert (cell(at), cell(at, 0)) == (0.5, 0.43)
    send(at, order(8, "undo"))
    assert (cell(at), table(at)["can_undo"]) == (0.55, False)
    send(at, order(9, "redo"))
    assert cell(at) == 0.5
    send(at, order(10, "redo"), order(11, "redo"))
    assert (cell(at, 0), table(at)["can_redo"]) == (7.0, False)


def test_a_new_edit_forgets_what_was_undone(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0)), order(2, "undo"), edit(3, ("your|1", 0, 1.0)))
    assert (table(at)["can_redo"], cell(at), cell(at, 0)) == (False, 0.55, 1.0)


def test_a_block_is_pasted_at_once(at: AppTest) -> None:
    block = [(f"{word}|1", column, 1.0) for word in ("your", "journey") for column in range(3)]
    send(at, edit(1, *block))
    assert table(at)["cells"][:2] == [[1.0] * 3] * 2
    send(at, order(2, "undo"))
    assert table(at)["cells"] == printed.X


def test_the_tenth_edit_sticks_and_so_does_one_after_a_reset(at: AppTest) -> None:
    for op_id in range(1, 11):
        send(at, edit(op_id, ("journey|1", op_id % 3, float(op_id))))
    assert table(at)["cells"][1] == [9.0, 10.0, 8.0]
    send(at, order(11, "reset"))
    assert (table(at)["cells"], table(at)["can_reset"]) == (printed.X, False)
    for op_id in range(12, 15):
        send(at, edit(op_id, ("journey|1", 0, float(op_id))))
        assert cell(at) == op_id
    send(at, order(15, "undo"), order(16, "undo"), order(17, "undo"), order(18, "undo"))
    assert table(at)["cells"][1] == [9.0, 10.0, 8.0]


def test_a_row_is_reset_by_itself(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0), ("your|1", 0, 3.0)))
    send(at, order(2, "reset_row", row="journey|1"))
    assert (cell(at), cell(at, 0)) == (0.55, 3.0)
    send(at, order(3, "undo"))
    assert cell(at) == 2.0


def test_undo_goes_across_widgets(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0)))
    at.text_input[0].set_value("to be or not").run()
    at.number_input(key="_d").set_value(2).run()
    at.selectbox(key="_preset").set_value("equal").run()
    at.toggle(key="_keep_punctuation").set_value(True).run()
    assert table(at)["cells"] == [[0.5, 0.5]] * 4
    send(at, order(2, "undo"), order(3, "undo"))
    assert at.selectbox(key="_preset").value == "notebook"
    assert at.toggle(key="_keep_punctuation").value is False
    send(at, order(4, "undo"))
    assert at.number_input(key="_d").value == 3
    send(at, order(5, "undo"))
    assert (at.text_input[0].value, cell(at)) == ("Your journey starts with one step", 2.0)
    send(at, *(order(op_id, "redo") for op_id in range(6, 12)))
    assert at.text_input[0].value == "to be or not"
    assert table(at)["cells"] == [[0.5, 0.5]] * 4


def test_a_preset_clears_the_edits_until_undone(at: AppTest) -> None:
    send(at, edit(1, ("journey|1", 0, 2.0)))
    at.selectbox(key="_preset").set_value("ten-times").run()
    assert (cell(at), table(at)["edited"]) == (5.5, [])
    send(at, order(2, "undo"))
    assert (cell(at), table(at)["edited"]) == (2.0, [[1, 0]])


def test_a_restarted_server_takes_in_what_the_old_one_never_got() -> None:
    at = AppTest.from_file(str(START), default_timeout=30)
    send(at, edit(1, ("your|1", 0, 4.0)))  # before the new session has shown any table
    assert (cell(at, 0), table(at)["ack"]) == (4.0, 1)


DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]


def with_each(operation: Callable[[Any], Any], *values: Any) -> list[Any]:
    """Return a message for each value."""
    return [{"ops": [operation(value)]} for value in values]


HOSTILE: list[Any] = [
    "x",
    1,
    True,
    [1],
    {"ops": None},
    {"ops": "undo"},
    {"ops": {}},
    {"ops": 3},
    {"ops": [None]},
    {"ops": ["undo"]},
    {"ops": [[]]},
    {"ops": [{}]},
    {"ops": DEEP},
    {"ops": [order(1, "undo")] * 2_001},
    {"other": []},
    *with_each(
        lambda op_id: order(op_id, "undo"),
        *(None, "1", 1.0, True, -1, 2**60, [], {}, math.nan, 10**400),
    ),
    *with_each(lambda op: order(1, op), *(None, "", "drop", 1, [], {}, "UNDO", "set", "reset_row")),
    *with_each(lambda row: order(1, "reset_row", row=row), None, 1, [], {}),
    *with_each(lambda row: order(1, "page", row=row), None, "1", -1, 1.0, True, 2**60, [], {}),
    {"ops": [order(1, "page")]},
    *with_each(
        lambda gesture: {**edit(1, ("journey|1", 0, 1.0)), "gesture": gesture},
        *(None, "1", -1, 1.5, True, 2**60, []),
    ),
    *with_each(
        lambda cells: {**edit(1), "cells": cells},
        *(None, "x", 1, {}, [], [[]], [None], ["abc"], [["journey|1", 0]], DEEP),
    ),
    {"ops": [edit(1, *[("journey|1", 0, 1.0)] * (MAX_CELLS + 1))]},
    *with_each(
        lambda column: edit(1, ("journey|1", column, 1.0)),
        *(-1, None, "0", 0.0, True, 2**60, []),
    ),
    *with_each(lambda row: edit(1, (row, 0, 1.0)), None, 1, ["journey|1"], {}, True),
    *with_each(
        lambda entry: edit(1, ("journey|1", 0, entry)),
        *(None, "1", "", "foo", [], {}, True, math.nan, math.inf, -math.inf),
        *(1_000_001, -1e300, 10**400),
    ),
    {"ops": [edit(1, ("journey|1", 0, 5.0)), order(2, "drop")]},
]


def assert_untouched(at: AppTest) -> None:
    """Fail if anything but the table's message is not as at first."""
    assert broken(at) == []
    assert (table(at)["cells"], table(at)["edited"]) == (printed.X, [])
    assert not table(at)["can_undo"]
    assert printed.rounded(cards(at)["scores"]["spec"]["data"][0]["z"]) == printed.SCORES


def test_a_message_that_no_honest_browser_sends_changes_nothing(at: AppTest) -> None:
    for pending in HOSTILE:
        at.session_state[f"{TABLE}:message"] = ""
        send_raw(at, pending)
        assert_untouched(at)
        assert table(at)["message"] == NOT_UNDERSTOOD, pending
        assert table(at)["ack"] == 0
    send(at, edit(1, ("journey|1", 0, 2.0)))
    assert (cell(at), table(at)["message"]) == (2.0, "")


@pytest.mark.parametrize("nothing", [None, 0, "", [], {}])
def test_an_empty_message_is_nothing(at: AppTest, nothing: Any) -> None:
    send_raw(at, nothing)
    assert_untouched(at)
    assert table(at)["message"] == ""


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("zebra|1", 0, "a row of the table"),
        ("journey|2", 0, "a row of the table"),
        ("journey|0", 0, "a row of the table"),
        ("journey|99999999999999", 0, "a row of the table"),
        ("journey|-1", 0, "a row of the table"),
        ("journey|१", 0, "a row of the table"),
        ("journey", 0, "a row of the table"),
        ("|1", 0, "a row of the table"),
        ("", 0, "a row of the table"),
        ("\ud800|1", 0, "a row of the table"),
        ("x" * 100_000 + "|1", 0, "a row of the table"),
        ("journey|1", 3, "a whole number from 0 to 2"),
    ],
)
def test_an_edit_outside_the_table_is_refused_and_acknowledged(
    at: AppTest, row: str, column: int, message: str
) -> None:
    send(at, edit(1, (row, column, 1.0)), edit(2, ("your|1", 9, 1.0)))
    assert_untouched(at)
    assert table(at)["ack"] == 2
    send(at, edit(3, ("journey|1", 0, 2.0), (row, column, 1.0)))
    assert_untouched(at)
    assert table(at)["message"] == f"Expected {message}. Nothing was changed."
    send(at, edit(4, ("journey|1", 0, 2.0)))
    assert (cell(at), table(at)["message"]) == (2.0, "")


def test_resetting_a_row_that_is_not_there_changes_nothing(at: AppTest) -> None:
    send(at, order(1, "reset_row", row="zebra|1"), order(2, "reset_row", row="zebra"))
    assert_untouched(at)
    assert table(at)["ack"] == 2


def test_undo_with_nothing_to_undo_changes_nothing(at: AppTest) -> None:
    send(at, order(1, "undo"), order(2, "redo"), order(3, "reset"))
    assert_untouched(at)
    assert table(at)["ack"] == 3


WIDE = Lab(sentence=" ".join(f"word{row}" for row in range(50)), d=64, preset="random")


@pytest.fixture
def wide() -> AppTest:
    """The first page with a table of 50 × 64."""
    return opened(FRAME, lab=link.encode(WIDE))


def shown(at: AppTest) -> tuple[int, int]:
    """Return the first row on show and how many there are."""
    return table(at)["page"]["first"], len(table(at)["rows"])


def test_a_small_table_has_no_pages(at: AppTest) -> None:
    assert table(at)["page"] is None


def test_only_the_rows_of_the_page_are_sent(wide: AppTest) -> None:
    sent = table(wide)
    assert shown(wide) == (0, 16)
    assert sent["page"]["ids"] == [f"word{row}|1" for row in range(50)]
    assert sent["cells"] == [list(row) for row in WIDE.embeddings[:16]]
    send(wide, order(1, "page", row=48))
    assert shown(wide) == (48, 2)
    assert table(wide)["cells"] == [list(row) for row in WIDE.embeddings[48:]]
    assert (table(wide)["ack"], table(wide)["can_undo"]) == (1, False)


def test_a_page_turned_between_edits_loses_neither(wide: AppTest) -> None:
    send(
        wide,
        edit(1, ("word3|1", 63, 7.0)),
        order(2, "page", row=16),
        edit(3, ("word17|1", 5, 8.0)),
        edit(4, ("word49|1", 0, 9.0)),  # on no page that was shown
    )
    assert shown(wide) == (16, 16)
    assert table(wide)["cells"][1][5] == 8.0
    assert table(wide)["edited"] == [[1, 5]]
    assert [row["edited"] for row in table(wide)["rows"][:3]] == [False, True, False]
    edited = {("word3", 1, 64, 63): 7.0, ("word17", 1, 64, 5): 8.0, ("word49", 1, 64, 0): 9.0}
    assert wide.session_state["session"].lab.edits == edited
    send(wide, order(5, "undo"), order(6, "undo"))
    assert shown(wide) == (16, 16), "undo leaves the page as it is"
    assert (table(wide)["edited"], table(wide)["can_reset"]) == ([], True)
    send(wide, order(7, "undo"))
    assert (table(wide)["can_undo"], table(wide)["can_reset"]) == (False, False)
    send(wide, order(8, "redo"))
    send(wide, order(9, "page", row=0))
    assert table(wide)["cells"][3][63] == 7.0


def test_the_same_turn_twice_counts_once(wide: AppTest) -> None:
    first = order(1, "page", row=16)
    send(wide, first)
    send(wide, first, order(2, "page", row=32))
    send(wide, first)
    assert shown(wide) == (32, 16)


def test_a_link_opens_at_the_page_it_was_made_at(wide: AppTest) -> None:
    send(wide, order(1, "page", row=32))
    again = opened(FRAME, lab=components(wide)["keeper"]["address"])
    assert shown(again) == (32, 16)
    again.text_input(key="_sentence").set_value("just four words here").run()
    assert (table(again)["page"], len(table(again)["rows"])) == (None, 4)


def test_a_page_beyond_all_pages_is_refused_and_acknowledged(wide: AppTest) -> None:
    send(wide, order(1, "page", row=512))
    assert (shown(wide), table(wide)["ack"]) == ((0, 16), 1)
    assert "a whole number from 0 to 511" in table(wide)["message"]
    send(wide, order(2, "page", row=511))
    assert (shown(wide), table(wide)["message"]) == ((48, 2), "")


def test_a_block_over_all_pages_is_one_step(wide: AppTest) -> None:
    cells = [(f"word{row}|1", column, 1.5) for row in range(50) for column in range(64)]
    send(wide, edit(1, *cells))
    assert wide.session_state["session"].lab.embeddings == ((1.5,) * 64,) * 50
    send(wide, order(2, "undo"))
    assert wide.session_state["session"].lab.edits == {}


def test_the_row_of_scores_has_one_page() -> None:
    at = opened(PROJECT / "pages" / "normalisation_lab.py")
    send(at, order(1, "page", row=3), widget_key="table:row_scores")
    assert broken(at) == []
    assert "this table has one page" in components(at)["table:row_scores"]["message"]
    assert at.session_state["session"].lab.table_row == 0
