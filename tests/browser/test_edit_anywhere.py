"""Numbers of one's own, A and B, the lens and the goal, as one meets them in the browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    open_page(page, server.url)
    link = next(link for link in page_links(page) if link.title == "Queries, keys, values")
    open_page(page, link.url)
    return LabPage(page)


def number(lab: LabPage, picture: str, row: int, column: int) -> float:
    rows = lab.plotted(picture)
    return rows[row][column] if rows else float("nan")


def expect_number(lab: LabPage, picture: str, row: int, column: int, expected: float) -> None:
    until(
        lambda: abs(number(lab, picture, row, column) - expected) < 1e-6,
        lambda: f"{picture}[{row}, {column}] is {number(lab, picture, row, column)}",
    )


def pick(page: Page, picture: str, downs: int) -> None:
    """Choose a cell of the first column by keyboard alone."""
    page.locator(f"[data-figure={picture}] .plot").focus()
    page.keyboard.press("ArrowDown")  # the first one
    for _ in range(downs):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def test_a_number_of_ones_own_by_keyboard_and_over_a_reload(lab: LabPage, page: Page) -> None:
    pick(page, "weights", 2)
    field = page.get_by_role("textbox", name="Your number for weights[2, 0]")
    expect(field).to_be_visible()
    field.fill("0.75")
    field.press("Enter")
    expect_number(lab, "weights", 2, 0, 0.75)
    expect(page.get_by_text("Yours: 1 of the weights")).to_be_visible()
    lab.wait_idle()
    lab.reload()
    expect_number(lab, "weights", 2, 0, 0.75)
    page.get_by_role("button", name="Let go of your number").click()
    until(
        lambda: number(lab, "weights", 2, 0) != 0.75,
        lambda: "the number is still there",
    )
    lab.expect_nothing_wrong()


def test_what_is_no_number_leaves_everything_as_it_was(lab: LabPage, page: Page) -> None:
    before = lab.plotted("weights")
    pick(page, "weights", 1)
    field = page.get_by_role("textbox", name="Your number for weights[1, 0]")
    field.fill("a lot")
    field.press("Enter")
    expect(page.get_by_text("needs a number from -1,000,000 to 1,000,000")).to_be_visible()
    assert lab.plotted("weights") == before


def test_the_weights_are_edited_and_compared_with_what_was_pinned(lab: LabPage, page: Page) -> None:
    before = number(lab, "queries", 0, 0)
    page.get_by_role("button", name="Pin this as A").click()
    expect(page.get_by_text("Figures show")).to_be_visible()
    lab.wait_idle()
    page.get_by_text("B − A", exact=True).first.click()
    expect_number(lab, "queries", 0, 0, 0.0)
    lab.set("Your", "d1", "1.43")
    until(
        lambda: number(lab, "queries", 0, 0) > 0.1,
        lambda: f"no difference is shown: {number(lab, 'queries', 0, 0)}",
    )
    lab.wait_idle()
    expect(page.get_by_text("The largest changes from A to B").first).to_be_visible()
    page.get_by_text("A, pinned", exact=True).click()
    expect_number(lab, "queries", 0, 0, before)


def test_the_lens_and_the_goal(lab: LabPage, page: Page) -> None:
    page.get_by_text("Which of my numbers does a cell depend on?").click()
    expect(page.locator("[data-figure=lens_w_query] .main-svg").first).to_be_visible()
    expect(page.locator("[data-figure=lens_w_query] .check")).to_contain_text("the complex step")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Reached")).to_be_visible(timeout=30_000)
    until(
        lambda: number(lab, "weights", 0, 0) >= 0.9,
        lambda: f"the weight is {number(lab, 'weights', 0, 0)}",
    )
    lab.wait_idle()
    lab.expect_nothing_wrong()
