"""The mask painter in the browser: a click and the keyboard turn a cell over, once each."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab_page import LabPage, Rows, until
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links

CAUSAL: Rows = [[float(column <= row) for column in range(6)] for row in range(6)]


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    open_page(page, server.url)
    link = next(link for link in page_links(page) if link.title == "Causal attention")
    open_page(page, link.url)
    return LabPage(page)


def painted(*cells: tuple[int, int]) -> Rows:
    rows = [list(row) for row in CAUSAL]
    for row, column in cells:
        rows[row][column] = 1 - rows[row][column]
    return rows


def expect_mask(page: Page, rows: Rows) -> None:
    """Wait until the mask is drawn like that."""
    read = "plots => plots[0]?.data?.[0].z?.map((row) => [...row])"
    plots = page.locator("[data-figure=mask] .plot")
    until(lambda: plots.evaluate_all(read) == rows, lambda: str(plots.evaluate_all(read)))


def click(page: Page, row: int, column: int) -> None:
    """Click in the middle of a cell of the mask."""
    target = page.locator("[data-figure=mask] .cells rect").nth(6 * row + column)
    target.evaluate("cell => cell.scrollIntoView({ block: 'center' })")
    box = target.bounding_box()
    assert box is not None
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*place)
    page.mouse.click(*place)


def test_a_click_and_the_keyboard_paint(lab: LabPage, page: Page) -> None:
    expect_mask(page, CAUSAL)
    click(page, 0, 4)
    expect_mask(page, painted((0, 4)))
    lab.wait_idle()
    click(page, 0, 4)
    expect_mask(page, CAUSAL)
    lab.wait_idle()
    plot = page.locator("[data-figure=mask] .plot")
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    told = page.get_by_text("1 cell is painted by you, for sentences of 6 tokens.")
    expect(told).to_be_visible()
    lab.wait_idle()
    lab.reload()
    expect(told).to_be_visible()
    lab.expect_nothing_wrong()
