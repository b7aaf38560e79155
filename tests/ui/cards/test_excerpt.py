"""The part of large figures with exact numbers: where it lies, and what it says of the run."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.cards.excerpt import COLUMNS, ROWS, SUFFIX, large_of, part_of
from ui.lab.lab import Lab
from ui.lab.link import from_file
from ui.lessons import LESSONS
from ui.server import live

START, PART = "figures:start", f"figures:start{SUFFIX}"
LONG = Lab(sentence=" ".join(f"w{row}" for row in range(40)), d=5, window=(30, 11, 0))


@given(st.integers(0, 63), st.integers(0, 63), st.integers(0, 15))
def test_the_part_lies_around_what_is_looked_at(query: int, key: int, dimension: int) -> None:
    lab = replace(LONG, window=(query, key, dimension))
    trace = LESSONS.groups[START](lab).explained.trace  # type: ignore[union-attr]
    for name, centres in (("weights", (query, key)), ("context", (query, dimension))):
        part = part_of(trace, name, lab)
        for places, centre, size, most in zip(
            part, centres, trace[name].shape, (ROWS, COLUMNS), strict=True
        ):
            assert len(places) == min(size, most)
            assert min(centre, size - 1) in places
            assert places.start >= 0
            assert places.stop <= size


def test_an_overview_says_so() -> None:
    lab = Lab(sentence=" ".join(f"w{row}" for row in range(260)))
    card = LESSONS.groups[START](lab).data["figures"][1]
    assert "of each 3 × 3 cells, the one furthest from 0" in card["note"]


@pytest.mark.parametrize(
    "window", [(1, 2), (0, 0, 2**20 + 1), (2**20 + 1, 0, 0), (0, -1, 0), (0.5, 0, 0), "abc", None]
)
def test_an_address_cannot_look_elsewhere(window: Any) -> None:
    text = json.dumps({"attention_lab": 1, "window": window})
    with pytest.raises(ValueError, match="window"):
        from_file(text.encode())


def test_every_large_step_of_every_page_has_its_part() -> None:
    found = 0
    for name, group in LESSONS.groups.items():
        whole = group(LONG)
        if whole.explained is None or not large_of(whole):
            continue
        part = live.groups_of([f"{name}{SUFFIX}"], LONG)[f"{name}{SUFFIX}"]
        assert len(part.cards) == len(large_of(whole))
        found += 1
    assert found >= 4
