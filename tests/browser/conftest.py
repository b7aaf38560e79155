"""The running app and a browser to drive it.

A test asks for `page`: a fresh page that is already wide and light. Other sizes and themes:

    @pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}], ids=["narrow"])
    @pytest.mark.parametrize("color_scheme", ["dark"])
"""

import shutil
from collections.abc import Generator, Iterator
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browser.server import Server
from tests.browser.watch import Watch

ColorScheme = Literal["light", "dark"]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # 3-D plots without a graphics card
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
PATIENCE_MS = 45_000

collect_ignore = ["network_log"]  # for Python to import by itself, not for pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the app's log to the report of a failed test that used the app."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        report.sections.append(("log of the app", server.log))
    return report


def chromium_path() -> str | None:
    """The first Chromium of this machine, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests; each test has a context of its own."""
    path = chromium_path()
    if path is None:
        pytest.fail("No Chromium was found. On Debian or Ubuntu: sudo apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The app, started once for all tests."""
    running = Server().start()
    yield running
    running.stop()


@pytest.fixture
def viewport() -> ViewportSize:
    return {"width": 1280, "height": 900}


@pytest.fixture
def color_scheme() -> ColorScheme:
    return "light"


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the browser asked for and complained about; fails the test if that was too much."""
    watch = Watch()
    yield watch
    watch.complain()


@pytest.fixture
def context(
    chromium: Browser, watch: Watch, viewport: ViewportSize, color_scheme: ColorScheme
) -> Iterator[BrowserContext]:
    """A watched browser session, with no memory of earlier tests."""
    context = chromium.new_context(
        viewport=viewport,
        color_scheme=color_scheme,
        locale="en-GB",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    watch.context(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A watched page that has opened nothing yet."""
    return context.new_page()
