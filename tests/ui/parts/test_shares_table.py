"""Tables of one query's shares: what is printed adds up."""

from typing import Any

import pytest
import torch

from attention_core import ONE_QUERY, Trace
from attention_core.notebook import INPUTS, QUERY
from tests.attention_core.calculator import adds_up
from ui.parts import shares_table

WORDS = ["Your", "journey", "starts", "with", "one", "step"]

MANY = torch.rand(300, 64, generator=torch.Generator().manual_seed(1))

LONG = ONE_QUERY.run(query=MANY[[5]], inputs=MANY)

LABELS = [f"w{row}" for row in range(300)]


def tabled(monkeypatch: pytest.MonkeyPatch, trace: Trace, names: list[str]) -> tuple[str, Any]:
    """Return the title and the rows that are handed to the table."""
    seen: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        shares_table, "number_table", lambda title, head, rows: seen.append((title, rows))
    )
    shares_table.shares_table(trace, names)
    return seen[0]


def test_a_long_table_of_shares_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    title, rows = tabled(monkeypatch, LONG, LABELS)
    assert title == "The 24 largest of 300 shares"
    *shown, others, total = rows
    assert (len(shown), others[0]) == (24, "the other 276 together")
    for column in range(1, 5):
        assert adds_up([row[column] for row in (*shown, others)], total[column])


@pytest.mark.parametrize("times", [1, 10, 0.001])
def test_shares_add_up_as_they_are_printed(times: float, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = INPUTS * times
    trace = ONE_QUERY.run(query=inputs[[QUERY]], inputs=inputs)
    title, rows = tabled(monkeypatch, trace, WORDS)
    assert title == "All 6 shares"
    *shown, total = rows
    for column in (1, 2, 4):
        assert adds_up([row[column] for row in shown], total[column])
