"""The links between heads, in the browser: pointing lights exactly what the core says it reads.

Every matrix of a run with heads takes part, one for each head. What should light is worked out from
the operations' own sources, cell by cell.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from attention_core import MULTI_HEAD_ATTENTION, STACKED_HEADS, Trace
from attention_core.figures import pointing
from tests.attention_core.runs import HEADS, apart, several
from tests.browser.lab_page import until
from tests.browser.server import Server
from tests.browser.steps import wait_until_drawn
from tests.browser.test_javascript import ORIGIN, answer
from tests.browser.test_links import _REGIONS, point_at
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.multi_head.runs import trace_of

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
def empty(chromium: Browser) -> Iterator[Page]:
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
def test_pointing_lights_what_the_core_reads_in_both_directions(empty: Page, trace: Trace) -> None:
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
    answers = empty.evaluate(ASK, {"matrices": matrices_of(trace), "cells": cells})
    for at, lit in zip(asked, answers, strict=True):
        expected = {(*source, "source") for source in sources.get(at, ())}
        expected |= {(*made, "target") for made, of in sources.items() if at in of}
        expected.add((*at, "self"))
        assert set().union(*map(expanded, lit)) == expected, at


def lit_figures(page: Page) -> dict[str, list[Any]]:
    """Return the regions lit on the screen, by figure."""
    return {figure: region for figure, *region in page.evaluate(_REGIONS)}


def test_pointing_and_picking_on_the_page_keep_to_the_head(server: Server, page: Page) -> None:
    lab = Lab().choosing(d_out=6, n_heads=3, head=1)
    trace = trace_of(lab)
    page.goto(f"{server.url}/multi_head?lab={link.encode(lab)}")
    wait_until_drawn(page)
    page.locator("[data-figure=split] .main-svg").first.wait_for(state="attached")
    point_at(page, "concatenated", trace, "concatenated", (4, 3))  # the second column of head 2
    context = ["source", [4, 4], [1, 1]]
    until(lambda: lit_figures(page).get("context_1") == context, lambda: str(lit_figures(page)))
    point_at(page, "concatenated", trace, "concatenated", (4, 5))  # head 3 is not looked at
    until(lambda: "context_1" not in lit_figures(page), lambda: str(lit_figures(page)))
    cells = page.locator("[data-figure=weights_2] .cells rect")
    cells.nth(5 * 6 + 2).click(force=True)
    trail = page.locator("nav.trail [aria-current=step]")
    expect(trail).to_have_text("weights · head 3 · step → starts")
    rects = page.locator("[data-figure=queries_1] .cells rect")  # 2 columns
    rects.nth(2 * 3 + 1).click(force=True)
    expect(trail).to_have_text("queries · head 2 · with · d2")
    page.locator(".operand", has_text="w_query · d2 · d4").click()
    focused = "document.activeElement.shadowRoot?.activeElement?.value"
    until(
        lambda: page.evaluate(focused) == shown_number(trace), lambda: str(page.evaluate(focused))
    )


def shown_number(trace: Trace) -> str:
    """Return the query weight in row 2, column 4, as its table shows it while it has the focus."""
    return repr(float(trace["w_query"][1, 3]))
