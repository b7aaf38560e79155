"""The links between heads, in the browser: pointing lights exactly what the core says it reads.

Every matrix of a run with heads takes part, one for each head. What should light is worked out from
the operations' own sources, cell by cell.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from attention_core import MULTI_HEAD_ATTENTION, STACKED_HEADS, Trace
from attention_core.figures import pointing
from tests.attention_core.runs import HEADS, apart, several
from tests.browser.test_javascript import ORIGIN, answer

Cell = tuple[int, ...]
Where = tuple[str, Cell, str]  # matrix, cell with its head, role

GIVEN = several(1, tokens=5, d_in=2, d_head=7, bias=True)
RUNS = {
    "split": MULTI_HEAD_ATTENTION.run(**GIVEN, n_heads=HEADS, dropout=0.5, training=True),
    "stacked": STACKED_HEADS.run(**apart(GIVEN)),
}
ASK = """async ({ matrices, cells }) => {
  const { join, regionsOf } = await import("/ui/components/links.js");
  const leave = matrices.map((matrix) => join(Object.assign(matrix, { light() {} })));
  const found = cells.map(({ name, head, cell }) =>
    [...regionsOf("main", name, cell, head)].map(([of, regions]) =>
      ({ name: of.name, head: of.head, regions })));
  leave.forEach((act) => act());
  return found;
}"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page that can import the project's scripts."""
    page = chromium.new_page()
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


def matrices_of(trace: Trace) -> list[dict[str, Any]]:
    """Return what each figure of a run tells the browser, one for each head."""
    return [
        {**pointing(trace, name, list("abcde"), head=head), "scope": "main"}
        for name in (*trace.inputs, *trace.steps)
        for head in (range(HEADS) if trace[name].ndim == 3 else [None])
    ]


def cells_of(trace: Trace, name: str) -> Iterator[Cell]:
    """Every cell of a value, its head first if it has heads."""
    return itertools.product(*map(range, trace[name].shape))


def all_sources(trace: Trace) -> dict[tuple[str, Cell], set[tuple[str, Cell]]]:
    """Return for each cell of each step the cells it is made of."""
    found = {}
    for step in trace.mechanism.steps:
        shapes = [tuple(trace[name].shape) for name in step.of]
        for cell in cells_of(trace, step.name):
            groups = step.operation.sources(cell, shapes)
            found[step.name, cell] = {
                (name, at) for name, group in zip(step.of, groups, strict=True) for at in group
            }
    return found


def expanded(matrix: dict[str, Any]) -> set[Where]:
    """Return the cells of the regions that light in one matrix."""
    head = () if matrix["head"] is None else (matrix["head"],)
    return {
        (matrix["name"], (*head, row, column), region["role"])
        for region in matrix["regions"]
        for row in range(region["rows"][0], region["rows"][1] + 1)
        for column in range(region["columns"][0], region["columns"][1] + 1)
    }


@pytest.mark.parametrize("trace", RUNS.values(), ids=RUNS)
def test_pointing_lights_what_the_core_reads_in_both_directions(page: Page, trace: Trace) -> None:
    sources, dice = all_sources(trace), random.Random(7)
    asked = [
        (name, cell)
        for name in (*trace.inputs, *trace.steps)
        for cell in dice.sample(list(cells_of(trace, name)), 7 if trace[name].numel() > 7 else 1)
    ]
    cells = [
        {"name": name, "head": cell[0] if len(cell) == 3 else None, "cell": cell[-2:]}
        for name, cell in asked
    ]
    answers = page.evaluate(ASK, {"matrices": matrices_of(trace), "cells": cells})
    for at, lit in zip(asked, answers, strict=True):
        expected = {(*source, "source") for source in sources.get(at, ())}
        expected |= {(*made, "target") for made, of in sources.items() if at in of}
        expected.add((*at, "self"))
        assert set().union(*map(expanded, lit)) == expected, at
