"""The page "Why attention" in the browser: type numbers, edit the bottleneck, come back to both."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from tests.browser.steps import open_page, wait_until_drawn

SENTENCE = "53, 12, 88, 47"


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    open_page(page, f"{server.url}/why_attention")
    return LabPage(page)


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Numbers to translate")


def rows_of(page: Page, picture: str = "hidden") -> int:
    """How many rows Plotly holds for a picture."""
    plots = page.locator(f"[data-figure={picture}] .plot")
    read = "plots => plots[0]?.data?.[0].z?.length ?? 0"
    return int(plots.evaluate_all(read))


def type_numbers(lab: LabPage, text: str) -> None:
    field(lab.page).fill(text)
    field(lab.page).press("Enter")


def translation(page: Page) -> Locator:
    return page.get_by_role("list", name="The translation")


def test_a_sentence_is_typed_and_edited_and_a_reload_keeps_both(lab: LabPage, page: Page) -> None:
    type_numbers(lab, SENTENCE)
    until(lambda: rows_of(page) == 7, lambda: str(rows_of(page)))
    lab.wait_idle()
    before = translation(page).inner_text()
    for column in ("d4", "d9", "d16"):
        lab.set("hidden", column, "-1.5")
        lab.wait_idle()
    expect(page.locator("[data-figure=final_hidden]")).to_contain_text("Yours: 3 of 32")
    until(lambda: translation(page).inner_text() != before, lambda: before)
    after = translation(page).inner_text()
    page.reload()
    wait_until_drawn(page)
    expect(field(page)).to_have_value(SENTENCE)
    expect(lab.cell("hidden", "d9")).to_have_value("-1.5")
    assert translation(page).inner_text() == after


def test_a_word_that_is_none_changes_nothing_but_the_message(lab: LabPage, page: Page) -> None:
    type_numbers(lab, SENTENCE)
    until(lambda: rows_of(page) == 7, lambda: str(rows_of(page)))
    type_numbers(lab, "fifty-tree, twelve")
    expect(page.get_by_text("Did you mean “three”?")).to_be_visible()
    expect(field(page)).to_have_value("fifty-tree, twelve")
    assert rows_of(page) == 7
    type_numbers(lab, "fifty-three, twelve")
    expect(page.get_by_text("Did you mean")).to_have_count(0)
    until(lambda: rows_of(page) == 3, lambda: str(rows_of(page)))


def test_pointing_at_a_state_lights_what_it_was_made_of(lab: LabPage, page: Page) -> None:
    lab.wait_idle()
    page.get_by_text("Inside the cell").click()
    before = page.locator("[data-figure=before] .plot")
    before.scroll_into_view_if_needed()
    until(lambda: rows_of(page, "before") == 5, lambda: str(rows_of(page, "before")))
    before.focus()
    page.keyboard.press("ArrowRight")  # the first row reads nothing
    lit = page.locator("[data-figure=hidden] .marks .source")
    expect(lit).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(lit).to_have_count(1)
    lab.expect_nothing_wrong()
