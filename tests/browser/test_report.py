"""What leaves the app, opened from the disk with the network cut, and printed."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from attention_core.figures.labels import short
from attention_core.figures.paper import paper_html
from attention_core.studies.exercises import KINDS, exercise, exercises
from tests.browser.axe import axe_violations
from tests.browser.lab_page import NOTEBOOK, LabPage, are_close, attention, until
from tests.browser.server import Server
from tests.browser.steps import open_page
from ui.lab import link
from ui.lab.lab import Lab

WORDS = '</script> <img/onerror=alert(1)> "b" Ω\u2028c'
_NUMBERS = """() => [...document.querySelectorAll(".plot")].map((plot) => {
  const { z } = plot._fullData.find(({ type }) => type === "heatmap") ?? {};
  return z && [...z].map((row) => [...row].map((n) => (Number.isFinite(n) ? n : null)));
})"""
_LABELS = "plot => [...plot.querySelectorAll('.ytick text')].map(text => text.textContent)"
_CONTRASTS = """() => [...document.querySelectorAll(".heatmap-label text")].map(
  (text) => text.style.fill)"""
PRINTED_PX = 680  # between margins of 15 mm, on A4 and on Letter
TALLEST_PX = 950  # what one page holds


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF has."""
    return max(int(count) for count in re.findall(rb"/Count (\d+)", pdf))


def taken(page: Page, server: Server, lab: Lab, path: str = "") -> Path:
    """The report of a page, as its menu gives it."""
    open_page(page, f"{server.url}/{path}?lab={link.encode(lab)}")
    page.get_by_role("button", name="Take it with you").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="As a report").click()
    found = waiting.value.path().with_name("report.html")
    return waiting.value.path().rename(found)


def opened(context: BrowserContext, file: Path) -> Page:
    """A file of the disk in a browser without a network, every picture drawn."""
    context.set_offline(True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.locator("html[data-drawn=yes]").wait_for(state="attached")
    return page


def test_a_report_opens_from_the_disk_with_the_numbers_of_the_lab(
    context: BrowserContext, page: Page, server: Server
) -> None:
    lab = Lab(sentence=WORDS)
    report = opened(context, taken(page, server, lab))
    drawn = report.evaluate(_NUMBERS)
    expected = attention([list(row) for row in lab.embeddings])
    for numbers, name in zip(drawn, ("scores", "weights", "context"), strict=True):
        assert are_close(numbers, expected[name]), name
    labels = report.locator(".plot").first.evaluate(_LABELS)
    assert labels == [short(token.text) for token in lab.tokens]
    expect(report.get_by_role("definition").first).to_have_text(WORDS.replace("\u2028", " "))
    assert report.locator("main img").count() == 0
    back = report.get_by_role("link").get_attribute("href")
    assert back is not None
    assert link.decode(back.partition("?lab=")[2]).sentence == WORDS


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}], ids=["narrow"])
def test_a_report_is_readable_for_everybody_in_light_and_dark_and_on_a_phone(
    context: BrowserContext, page: Page, server: Server, color_scheme: str
) -> None:
    report = opened(context, taken(page, server, Lab(), "one_query"))  # one figure is in space
    assert axe_violations(report) == []
    assert report.evaluate("document.documentElement.scrollWidth") <= 390
    plots = report.locator(".plot")
    assert report.locator(".plot .main-svg").count() >= plots.count() > 5
    assert set(report.evaluate(_CONTRASTS)) <= {"rgb(0, 0, 0)", "rgb(255, 255, 255)"}
    paper = report.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(18, 21, 28)" if color_scheme == "dark" else "rgb(255, 255, 255)")


@pytest.mark.parametrize("color_scheme", ["dark"])
@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_a_report_is_printed_light_and_nothing_is_wider_or_taller_than_its_page(
    context: BrowserContext, page: Page, server: Server, size: str
) -> None:
    report = opened(context, taken(page, server, Lab(), "causal_attention"))
    assert 3 <= pages_of(report.pdf(format=size)) <= 12
    report.wait_for_function("!document.documentElement.classList.contains('printing')")
    report.emulate_media(media="print", color_scheme="dark")
    report.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert report.evaluate("document.documentElement.dataset.mode") == "light"
    boxes = report.locator("article").evaluate_all(
        "cards => cards.map(card => { const box = card.getBoundingClientRect();"
        " return [box.right, box.height, getComputedStyle(card).breakInside]; })"
    )
    assert all(right <= PRINTED_PX + 1 for right, _, _ in boxes), boxes
    assert all(height < TALLEST_PX and inside == "avoid" for _, height, inside in boxes), boxes


@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_is_one_page_of_a4_and_of_letter(
    context: BrowserContext, page: Page, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "sheets.html"
    context.set_offline(True)
    # Seed 301 has the widest table of e^x of the trainable ones, 167 the most decimals of heads.
    sheets = [*exercises(kind, 3), *(exercise(kind, seed) for seed in (167, 301))]
    for has_answers in (False, True):
        file.write_text(paper_html(sheets, has_answers=has_answers), encoding="utf-8")
        page.goto(file.as_uri())
        for size in ("A4", "Letter"):
            n_pages = pages_of(page.pdf(format=size))
            assert n_pages == 5 if not has_answers else 6 <= n_pages <= 8
    assert axe_violations(page) == []


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


def widths(page: Page) -> list[Any]:
    """How wide each figure is, drawn and given."""
    found: list[Any] = page.locator("[data-figure] .plot").evaluate_all(
        "plots => plots.map(plot => [plot._fullLayout.width, plot.clientWidth])"
    )
    return found


@pytest.mark.parametrize("color_scheme", ["dark"])
def test_the_page_itself_is_printed_clean_and_comes_back(lab: LabPage) -> None:
    page = lab.page
    before = widths(page)
    assert pages_of(page.pdf(format="A4")) <= 6
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for hidden in ("stSidebar", "stHeader", "stPopover", "stButton"):
        for element in page.get_by_test_id(hidden).all():
            expect(element).to_be_hidden()
    expect(lab.button("Undo")).to_be_hidden()
    expect(page.get_by_role("button", name="PNG").first).to_be_hidden()
    cards = page.locator("[data-figure]").evaluate_all(
        "cards => cards.map(card => { const box = card.getBoundingClientRect();"
        " return [box.right, box.height, getComputedStyle(card).breakInside]; })"
    )
    assert len(cards) == 3
    assert all(right <= PRINTED_PX + 1 for right, _, _ in cards), cards
    assert all(height < TALLEST_PX and inside == "avoid" for _, height, inside in cards), cards
    assert all(drawn == given for drawn, given in widths(page))
    text = page.locator("[data-figure=weights] .ytick text").first
    assert text.evaluate("text => getComputedStyle(text).fill") == "rgb(31, 36, 48)"
    title = page.locator("h1")
    assert title.evaluate("title => getComputedStyle(title).color") == "rgb(31, 36, 48)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    until(lambda: widths(page) == before, lambda: f"{widths(page)} is not {before}")
    lab.expect_pictures(NOTEBOOK)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_the_link_is_copied_and_shown_as_a_code(lab: LabPage) -> None:
    lab.set("Your", "d1", "3")
    lab.wait_idle()
    page = lab.page
    page.get_by_role("button", name="Take it with you").click()
    lab.button("Copy the link").click()
    expect(page.get_by_role("status").get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    assert link.decode(copied.partition("?lab=")[2]).embeddings[0][0] == 3
    lab.button("Show QR code").click()
    code = page.get_by_role("img", name="QR code")
    box = code.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) > 700, "it is read from the last row"
    assert axe_violations(page) == []
    lab.button("Close").click()
    expect(code).to_be_hidden()


def test_where_the_browser_does_not_let_copy_the_link_is_shown(lab: LabPage) -> None:
    page = lab.page
    refuse = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
    page.evaluate(refuse)
    page.get_by_role("button", name="Take it with you").click()
    lab.button("Copy the link").click()
    field = page.get_by_label("Link to this lab")
    expect(field).to_have_value(page.url)
    expect(page.get_by_text("The link is selected")).to_be_visible()


def test_the_menu_prints_and_gives_exercises(lab: LabPage) -> None:
    page = lab.page
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Take it with you").click()
    lab.button("Print this page").click()
    assert page.evaluate("window.printed")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="As sheets to print").click()
    html = waiting.value.path().read_text(encoding="utf-8")
    assert html.count('<article class="sheet simple"') == 30
