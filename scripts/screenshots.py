"""Pictures of every page of the running app into docs/screenshots: wide, narrow and dark."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.browser.server import PROJECT, Server
from tests.browser.steps import PageLink, open_page, page_links, wait_until_drawn

FOLDER = PROJECT / "docs" / "screenshots"
LARGEST_BYTES = 250_000
TALLEST = 6000


@dataclass(frozen=True)
class Look:
    """One way to look at a page."""

    name: str
    width: int
    height: int
    color_scheme: Literal["light", "dark"]


LOOKS = (
    Look("wide", 1280, 900, "light"),
    Look("narrow", 390, 844, "light"),
    Look("dark", 1280, 900, "dark"),
)


def main() -> None:
    """Start the app, visit its pages, write their pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = Server().start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS)
            )
            links = syllabus(browser, server.url)
            for look in LOOKS:
                photograph(browser, look, links)
            browser.close()
    finally:
        server.stop()


def syllabus(browser: Browser, url: str) -> list[PageLink]:
    """The pages that the sidebar offers."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, url)
    links = page_links(page)
    page.close()
    return links


def photograph(browser: Browser, look: Look, links: list[PageLink]) -> None:
    """One picture of each page in one look."""
    context = browser.new_context(color_scheme=look.color_scheme, reduced_motion="reduce")
    page = context.new_page()
    for link in links:
        page.set_viewport_size({"width": look.width, "height": look.height})
        open_page(page, link.url)
        unroll(page, look)
        path = FOLDER / f"{link.slug}-{look.name}.png"
        save_small(page.screenshot(animations="disabled", caret="hide"), path)
        print(f"{path.relative_to(PROJECT)}  {path.stat().st_size // 1000} kB")
    context.close()


def unroll(page: Page, look: Look) -> None:
    """Make the window as tall as the page: Streamlit scrolls inside the window."""
    content: int = page.evaluate(
        "() => document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
    )
    page.set_viewport_size({"width": look.width, "height": min(max(content, look.height), TALLEST)})
    wait_until_drawn(page)


def save_small(png: bytes, path: Path) -> None:
    """Save with as many colours as fit into the size allowed; a page needs few."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colors in (256, 128, 64, 32):
        few = picture.quantize(colors, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= LARGEST_BYTES:
            return


if __name__ == "__main__":
    main()
