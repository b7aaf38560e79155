"""What a visitor does on any page, for the tests and for the screenshots."""

from dataclasses import dataclass

from playwright.sync_api import Page

NAV_LINKS = '[data-testid="stSidebarNavLink"]'
_IDLE = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (app?.dataset.testScriptState !== "notRunning") return false;
  return document.querySelectorAll('[data-stale="true"], [data-testid="stSkeleton"]').length === 0;
}"""
QUIET_MS = 300


@dataclass(frozen=True)
class PageLink:
    """One page of the syllabus as the sidebar offers it."""

    title: str
    url: str

    @property
    def slug(self) -> str:
        """The title as a file name."""
        words = "".join(c if c.isalnum() else " " for c in self.title.lower()).split()
        return "-".join(words)


def open_page(page: Page, url: str) -> None:
    """Open an address of the app and wait until it is drawn."""
    page.goto(url)
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    """Return once the script has run and the picture has stopped changing."""
    page.wait_for_selector('[data-testid="stMain"] h1')
    page.wait_for_function(_IDLE)
    seen = b""
    for _ in range(40):
        now = page.screenshot(animations="disabled", caret="hide")
        if now == seen:
            assert page.get_by_test_id("stException").count() == 0, f"{page.url} shows an error"
            return
        seen = now
        page.wait_for_timeout(QUIET_MS)
    raise AssertionError(f"{page.url} never stopped changing")


def page_links(page: Page) -> list[PageLink]:
    """The syllabus, in the order of the sidebar; the page must be open and wide."""
    page.wait_for_selector(NAV_LINKS)
    more = page.get_by_test_id("stSidebarNavViewButton")
    if more.count() and "more" in more.inner_text():
        more.click()
    found: list[list[str]] = page.locator(NAV_LINKS).evaluate_all(
        "links => links.map(link => [link.innerText.trim().split('\\n').pop(), link.href])"
    )
    return [PageLink(title, url) for title, url in found]
