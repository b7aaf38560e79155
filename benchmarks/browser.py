"""Chromium, and a page in it that carries the clocks of ``measure.js``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-dev-shm-usage",
)
MEASURE = Path(__file__).with_name("measure.js").read_text(encoding="utf-8")
PATIENCE_MS = 60_000
SETTLE_MS = 500  # between two edits: what follows a painted frame must not slow the next one


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium; the tests use the same."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def visit(browser: Browser, url: str) -> Page:
    """Open an address as a new visitor: a window and a cache of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(MEASURE)
    page = context.new_page()
    page.goto(url, wait_until="commit")
    return page


def visit_lab(browser: Browser, url: str) -> Page:
    """Open a page of three figures and a table, and wait until it has nothing left to do."""
    page = visit(browser, url)
    page.wait_for_function("window.bench?.isReady(3)")
    page.wait_for_timeout(3 * SETTLE_MS)
    return page


def first_picture(page: Page) -> tuple[float, float]:
    """Return when the first heatmap was painted: as ms since 1970, and since the navigation."""
    page.wait_for_function("window.firstPicture")
    painted, start = page.evaluate("[window.firstPicture, performance.timeOrigin]")
    return float(painted), float(painted - start)


def measured(page: Page, call: str, *given: Any) -> dict[str, float]:
    """Call a clock of ``measure.js``; give up on it where nothing is painted."""
    late = f"new Promise((_, fail) => setTimeout(() => fail(Error('not painted')), {PATIENCE_MS}))"
    script = f"given => Promise.race([bench.{call}(...given), {late}])"
    answer: dict[str, float] = page.evaluate(script, list(given))
    return answer
