"""No page breaks a serious accessibility rule, in either theme, wide or narrow."""

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.axe import axe_violations
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("viewport", "color_scheme"),
    [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light")],
    ids=["wide-light", "wide-dark", "narrow-light"],
)
def test_every_page_is_free_of_serious_violations(
    server: Server, page: Page, viewport: ViewportSize
) -> None:
    page.set_viewport_size(WIDE)  # on a narrow screen the sidebar is folded away
    open_page(page, server.url)
    links = page_links(page)
    page.set_viewport_size(viewport)
    problems: list[str] = []
    for link in links:
        open_page(page, link.url)
        problems += [f"{link.title}: {violation}" for violation in axe_violations(page)]
    assert not problems, "\n".join(problems)


def test_the_checker_finds_what_it_is_there_for(page: Page) -> None:
    page.set_content("<html lang='en'><title>t</title><main><h1>t</h1><img src='data:,'></main>")
    assert [violation.rule for violation in axe_violations(page)] == ["image-alt"]
