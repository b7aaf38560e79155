"""Queries as columns: what is pointed at, picked and marked is the same cell in another place."""

import random
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.axe import axe_violations
from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from tests.browser.steps import wait_until_drawn
from tests.browser.test_links import (
    CASES,
    Case,
    Cell,
    cells_of,
    crumbs,
    expect_explained,
    expect_lit,
    opened,
    panel,
    tip,
)
from ui.lab.lab import Lab

TURNED = {
    name: replace(case, lab=replace(case.lab, queries_as="columns", symbols="words", count_from=0))
    for name, case in CASES.items()
}
START = CASES["start"]
NARROW: ViewportSize = {"width": 390, "height": 844}


def turned_cell(page: Page, case: Case, card: str, cell: Cell) -> Locator:
    """The place of a cell in a picture whose rows are columns."""
    n_rows = case.trace[case.figures[card]].shape[0]
    return page.locator(f"[data-figure={card}] .cells rect").nth(cell[1] * n_rows + cell[0])


def point_at(page: Page, case: Case, card: str, cell: Cell) -> None:
    """Move the mouse onto the middle of a cell."""
    target = turned_cell(page, case, card, cell)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def choose(lab: LabPage, group: str, option: str) -> None:
    """Choose a convention in the sidebar."""
    radios = lab.page.get_by_role("radiogroup", name=group)
    radios.get_by_text(option, exact=True).click()
    expect(radios.get_by_role("radio", name=option, exact=True)).to_be_checked()
    lab.wait_idle()


@pytest.mark.parametrize("case", TURNED.values(), ids=TURNED)
def test_pointing_at_a_turned_figure_lights_what_the_core_names(
    server: Server, page: Page, case: Case
) -> None:
    opened(page, server, case)
    dice = random.Random(4)
    for card, name in case.figures.items():
        for cell in dice.sample(list(cells_of(case.trace, name)), 2):
            point_at(page, case, card, cell)
            expect_lit(page, case, case.lit_by(name, cell))


def test_a_turned_cell_says_and_opens_the_same(server: Server, page: Page) -> None:
    case = TURNED["start"]
    lab = opened(page, server, case)
    point_at(page, case, "weights", (1, 2))
    words = "journey (query) gives 0.2333 of its attention to starts (key)"
    expect(tip(page)).to_have_text(words)
    page.mouse.down()
    page.mouse.up()
    expect_explained(page, case.trace.explain("weights", 1, 2).formula)
    assert panel(page)["said"] == words
    point_at(page, case, "context", (1, 0))
    expect(tip(page)).to_have_text("context vector of journey, d0 = 0.4419")
    page.get_by_role("heading", level=1).hover()
    lab.button("Close").click()
    expect(page.locator("p.formula")).to_have_count(0)
    page.get_by_label("Save Attention weights as SVG").focus()
    page.keyboard.press("Tab")
    for pressed in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(pressed)  # the first: cell (0, 0); then key 2, query 1
    expect_lit(page, case, case.lit_by("weights", (1, 2)))
    page.keyboard.press("Enter")
    expect_explained(page, case.trace.explain("weights", 1, 2).formula)
    assert crumbs(page) == ["weights · journey → starts"]


def test_switching_turns_the_pictures_in_place_and_a_reload_keeps_it(
    server: Server, page: Page
) -> None:
    lab = opened(page, server, START)
    weights = START.trace["weights"]
    assert lab.plotted("context") == START.trace["context"].tolist()
    choose(lab, "Queries are", "columns")
    until(
        lambda: lab.plotted("weights") == weights.mT.tolist(), lambda: str(lab.plotted("weights"))
    )
    expect(page.locator("[data-figure=context] .shape")).to_have_text("3 × 6")
    assert page.locator(".changed path").count() == 0, "what moved did not change"
    expect(lab.button("Undo")).to_be_disabled()
    choose(lab, "Count from", "0")
    choose(lab, "Symbols", "words")
    expect(lab.cell("journey", "d0")).to_be_visible()
    until(lambda: "lab=" in page.url, lambda: f"{page.url} has no lab")
    point_at(page, START, "scores", (1, 5))
    expect(tip(page)).to_have_text("journey (query) · step (key) = 1.0865")
    lab.set("journey", "d0", "2")
    expect(page.locator("[data-figure=scores]")).to_have_attribute("data-changed", "11")
    lab.button("Undo").click()
    until(
        lambda: lab.plotted("weights") == weights.mT.tolist(), lambda: str(lab.plotted("weights"))
    )
    lab.wait_idle()
    lab.reload()
    wait_until_drawn(page)
    for option in ("columns", "0", "words"):
        expect(page.get_by_role("radio", name=option, exact=True)).to_be_checked()
    assert lab.plotted("weights") == weights.mT.tolist()
    point_at(page, START, "scores", (1, 5))
    expect(tip(page)).to_have_text("journey (query) · step (key) = 1.0865")
    choose(lab, "Queries are", "rows")
    until(lambda: lab.plotted("weights") == weights.tolist(), lambda: str(lab.plotted("weights")))
    lab.expect_nothing_wrong()


def test_the_lit_column_has_its_frame_and_its_numbers(server: Server, page: Page) -> None:
    lab = opened(page, server, TURNED["all tokens"])
    numbers = [text for text in lab.labels("weights") if text]
    assert len(numbers) == 36
    ticks = page.locator("[data-figure=weights] .xtick text")
    expect(ticks.filter(has_text="▾ journey")).to_have_count(1)


def test_the_switch_is_reached_by_keyboard(server: Server, page: Page) -> None:
    lab = opened(page, server, START)
    page.get_by_role("radiogroup", name="Queries are").get_by_role("radio", name="rows").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-figure=context] .shape")).to_have_text("3 × 6")
    lab.expect_nothing_wrong()


def test_the_switch_on_a_narrow_screen(server: Server, page: Page) -> None:
    page.set_viewport_size(NARROW)
    lab = opened(page, server, TURNED["start"])
    page.get_by_test_id("stExpandSidebarButton").click()
    choose(lab, "Queries are", "rows")
    expect(page.locator("[data-figure=context] .shape")).to_have_text("6 × 3")
    box = page.get_by_role("radiogroup", name="Symbols").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
    assert [str(problem) for problem in axe_violations(page)] == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_turned_pages_are_free_of_serious_violations(server: Server, page: Page) -> None:
    for name in ("start", "one query", "all tokens", "normalisation"):
        opened(page, server, TURNED[name])
        problems = [str(violation) for violation in axe_violations(page)]
        assert not problems, f"{name}: {problems}"
        sideways = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(sideways) <= 0


def test_the_first_lab_has_no_address_until_something_is_chosen(server: Server, page: Page) -> None:
    lab = opened(page, server, replace(START, lab=Lab()))
    choose(lab, "Queries are", "columns")
    page.wait_for_function("location.search.includes('lab=')")
    choose(lab, "Queries are", "rows")
    page.wait_for_function("!location.search.includes('lab=')")
