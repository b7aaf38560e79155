"""A model trained live, in the browser: started, paused, stopped, reloaded, and two at once."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from ui.server.trainings import AT_ONCE

_LINES = """plots => plots[0]?.data?.map(line => [...line.y])"""
_CELLS = """plots => plots[0]?.data?.[0].z.map(row => [...row])"""
_TOP = """element => element.getBoundingClientRect().top + document.querySelector(
  '[data-testid=stMain]').scrollTop"""
START_MS = 120_000  # a process that imports torch on a busy machine
ON_PAGE = "/train_it_yourself"


def opened(page: Page, server: Server) -> Page:
    """Open the page and wait for its pictures."""
    page.goto(server.url + ON_PAGE)
    return drawn(page)


def drawn(page: Page) -> Page:
    expect(page.locator("[data-figure] .plot .main-svg").nth(2)).to_be_attached()
    LabPage(page).wait_idle()
    return page


def button(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def status(page: Page) -> str:
    return page.get_by_test_id("stProgress").inner_text()


def step(page: Page) -> int:
    """The step that the page says."""
    found = re.search(r"step ([\d,]+) of", status(page))
    return int(found[1].replace(",", "")) if found else -1


def until_step(page: Page, least: int) -> None:
    line = page.get_by_test_id("stProgress")
    expect(line).to_contain_text(re.compile(r"step [\d,]+ of"), timeout=START_MS)
    until(lambda: step(page) >= least, lambda: f"no step {least}: {status(page)}")


def losses(page: Page) -> list[float]:
    lines = page.locator("[data-figure=loss] .plot").evaluate_all(_LINES)
    return [float(y) for y in lines[0] if y is not None]


def alignment(page: Page) -> list[list[float]]:
    rows: list[list[float]] = page.locator("[data-figure=alignment] .plot").evaluate_all(_CELLS)
    return rows


def test_started_paused_reloaded_stopped_and_reset(server: Server, page: Page) -> None:
    opened(page, server)
    wider = alignment(page)
    page.get_by_role("spinbutton", name="Hidden units").fill("6")
    page.get_by_role("spinbutton", name="Hidden units").press("Enter")
    until(lambda: alignment(page) != wider, lambda: "the model of 6 units is not drawn")
    LabPage(page).wait_idle()
    before = alignment(page)
    below = page.get_by_role("heading", name="What to look for")
    button(page, "Start training").click()
    expect(page.get_by_role("spinbutton", name="Hidden units")).to_be_disabled()
    until_step(page, 20)
    top = below.evaluate(_TOP)
    until(lambda: len(losses(page)) >= 3, lambda: f"the loss is not redrawn: {losses(page)}")
    assert 2 < losses(page)[0] < 4
    assert len(alignment(page)[0]) == len(before[0])
    until(lambda: alignment(page) != before, lambda: "the alignment is not redrawn")
    assert below.evaluate(_TOP) == pytest.approx(top, abs=1), "the page jumps"

    button(page, "Pause").click()
    expect(button(page, "Go on")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Paused")

    def stands() -> bool:
        first = step(page)
        page.wait_for_timeout(2500)
        return step(page) == first

    until(stands, lambda: "a paused training goes on")
    paused_at = step(page)

    page.reload()
    drawn(page)
    expect(button(page, "Go on")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Hidden units")).to_have_value("6")
    button(page, "Go on").click()
    until(lambda: step(page) > paused_at, lambda: f"it does not go on: {status(page)}")

    button(page, "Stop").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Stopped by you.")
    assert len(losses(page)) >= 3, "what was learnt stays"
    button(page, "Reset").click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Not started.")
    until(lambda: alignment(page) == before, lambda: "not the untrained model")
    LabPage(page).expect_nothing_wrong()


def test_two_sessions_train_each_in_turn_or_at_once_and_one_comes_back_from_another_page(
    server: Server, page: Page, chromium: Browser
) -> None:
    context = chromium.new_context(locale="en-GB")
    try:
        other = context.new_page()
        for one, seed in ((page, "1"), (other, "2")):
            opened(one, server)
            one.get_by_role("spinbutton", name="Seed").fill(seed)
            one.get_by_role("spinbutton", name="Seed").press("Enter")
            LabPage(one).wait_idle()
            button(one, "Start training").click()
            expect(one.get_by_test_id("stProgress")).to_contain_text(re.compile("Running|Queued"))
        until_step(page, 10)
        assert "16 units, seed 1" in status(page)
        if AT_ONCE == 1:
            expect(other.get_by_test_id("stProgress")).to_contain_text("you are next")
            expect(button(other, "Leave the queue")).to_be_enabled()
        else:
            until_step(other, 10)
        until(lambda: bool(losses(page)), lambda: "its loss is not drawn")
        of_page = losses(page)
        page.get_by_role("link", name="Start here").click()
        expect(page.locator("[data-figure=context] .main-svg").first).to_be_attached()
        page.get_by_role("link", name="Train it yourself").click()
        drawn(page)
        before = step(page)
        until(lambda: step(page) > before > 0, lambda: f"it did not go on: {status(page)}")
        button(page, "Reset").click()
        expect(page.get_by_test_id("stProgress")).to_contain_text("Not started.")
        until_step(other, max(10, step(other) + 1))
        assert "16 units, seed 2" in status(other)
        until(lambda: bool(losses(other)), lambda: "its loss is not drawn")
        assert losses(other)[0] != of_page[0], "another seed is another run"
        button(other, "Stop").click()
        expect(other.get_by_test_id("stProgress")).to_contain_text("Stopped by you.")
    finally:
        context.close()
