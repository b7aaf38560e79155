"""Every page of the syllabus: sound, within its width, and alive without the drawing library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.lab_page import NOTEBOOK, LabPage, attention, until
from tests.browser.server import Server
from tests.browser.steps import PageLink, open_page, page_links
from tests.browser.watch import Watch
from ui.lessons import LESSONS

_TOO_WIDE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const parts = [document.documentElement, document.body, main];
  return parts.filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.tagName);
}"""


@pytest.fixture
def links(server: Server, page: Page) -> list[PageLink]:
    open_page(page, server.url)
    return page_links(page)


def test_the_sidebar_is_the_syllabus_in_order(links: list[PageLink]) -> None:
    assert [link.title for link in links] == [lesson.title for lesson in LESSONS]


def test_every_page_asks_its_question_and_shows_its_pictures(
    links: list[PageLink], page: Page
) -> None:
    for link, lesson in zip(links, LESSONS, strict=True):
        open_page(page, link.url)
        main = page.get_by_test_id("stMain")
        expect(main.get_by_role("heading", level=1)).to_have_text(lesson.question)
        editable = main.get_by_role("table").or_(main.get_by_role("spinbutton"))
        editable = editable.or_(main.get_by_test_id("stFileUploader"))
        assert editable.count() > 0, f"{link.title} has nothing to edit"
        pictures = main.locator("[data-figure] .plot")
        assert pictures.count() > 0, f"{link.title} has no picture"
        for picture in pictures.all():
            expect(picture.locator(".main-svg").first).to_be_attached()
            expect(picture).to_have_attribute("role", "img")
            said = picture.get_attribute("aria-label") or ""
            title, _, finding = said.partition(". ")
            assert title, f"{link.title}: a picture has no name"
            assert finding, f"{link.title}: {title} says no finding"
        expect(main.get_by_role("heading", name="Predict, then check")).to_be_visible()
        LabPage(page).expect_nothing_wrong()
        failed = main.locator("[data-figure] .check.failed")
        assert failed.count() == 0, f"{link.title}: {failed.all_inner_texts()}"


def test_no_page_scrolls_sideways_on_a_phone(links: list[PageLink], page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for link in links:
        open_page(page, link.url)
        assert page.evaluate(_TOO_WIDE) == [], link.title


def test_every_page_lives_without_the_drawing_library(
    links: list[PageLink], page: Page, watch: Watch
) -> None:
    watch.expected.append("ERR_FAILED")
    page.route("**/plotly.min.js", lambda route: route.abort())
    for link in links:
        open_page(page, link.url)
        missing = page.get_by_text("The drawing library could not be loaded")
        figures = page.locator("[data-figure]").count()
        expect(missing).to_have_count(figures)
        assert figures > 0
        LabPage(page).expect_nothing_wrong()


def test_a_prediction_is_checked_against_the_learner_s_own_numbers(
    server: Server, page: Page
) -> None:
    lab = LabPage(page).open(server.url)
    lab.set("step", "d1", "5")
    doubled = [list(row) for row in NOTEBOOK]
    doubled[5][0] = 5
    doubled[3][0] *= 2  # what the question supposes of “with”
    right = int(torch.argmax(attention(doubled)["weights"][3]))
    assert right == 5
    group = page.get_by_role("radiogroup", name="Your prediction")
    group.get_by_text("Your", exact=True).click()
    expect(page.get_by_text("Not quite: it is step.")).to_be_visible()
    group.get_by_text("step", exact=True).click()
    expect(page.get_by_text("Right. With the first value doubled")).to_be_visible()
    lab.wait_idle()
    lab.reload()
    expect(page.get_by_text("Right. With the first value doubled")).to_be_visible()


@pytest.fixture
def new_server() -> Iterator[Server]:
    """The app as nobody has visited it yet."""
    running = Server().start()
    yield running
    running.stop()


def test_torch_is_loaded_before_anybody_comes(new_server: Server) -> None:
    loaded = Path(f"/proc/{new_server.pid}/maps")
    until(lambda: "libtorch" in loaded.read_text(), lambda: "torch waits for a visitor")
