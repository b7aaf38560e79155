"""The figures of an edit come ahead of its page run; whatever the run does, nothing is lost."""

import itertools

import pytest
from playwright.sync_api import Page, Route

from tests.browser.lab_page import NOTEBOOK, LabPage, changed, drag
from tests.browser.server import Server
from tests.browser.watch import Watch
from ui.lab.link import VERSION

HOLD = """() => {
  window.held = [];
  window.ownSend ??= WebSocket.prototype.send;
  WebSocket.prototype.send = function (...given) { held.push([this, given]); };
}"""
FOLLOW = """() => {
  window.seen = [];
  const shadow = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(
    (element) => element.shadowRoot ? shadow(element.shadowRoot) : [])];
  const find = () => shadow(document).map((root) => root.querySelector(
    "[data-figure=scores] .cells text")).find(Boolean);
  const look = () => {
    const text = find()?.textContent;
    if (text && text !== seen.at(-1)) seen.push(text);
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    lab = LabPage(page).open(server.url)
    lab.wait_idle()
    return lab


def test_the_figures_and_the_address_do_not_wait_for_the_page_run(lab: LabPage) -> None:
    lab.page.evaluate(HOLD)
    lab.set("journey", "d2", "9")
    edited = changed((1, 1, 9))
    lab.expect_pictures(edited)
    lab.page.wait_for_function(f"location.search.includes('lab={VERSION}.')")
    # No run has ever heard of the edit, and still a reload brings it back.
    lab.reload()
    lab.expect_rows(edited)


@pytest.mark.parametrize("status", [0, 422, 500])
def test_without_the_figures_ahead_the_run_brings_them(
    lab: LabPage, watch: Watch, status: int
) -> None:
    watch.expected += ("Failed to load resource",)
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        if status:
            route.fulfill(status=status, body="no")
        else:
            route.abort()

    lab.page.route("**/live", refuse)
    lab.set("journey", "d2", "9")
    lab.set("Your", "d1", "-1")
    lab.expect_rows(changed((1, 1, 9), (0, 0, -1)))
    assert refused
    lab.wait_idle()
    lab.reload()
    lab.expect_rows(changed((1, 1, 9), (0, 0, -1)))


def test_a_drag_only_moves_forward_and_its_last_value_lands(lab: LabPage) -> None:
    lab.page.evaluate(FOLLOW)
    drag(
        lab.page,
        lab.cell("Your", "d1"),
        [10 + 2 * step for step in range(60)],
        lambda: lab.page.wait_for_timeout(15),
    )
    last = lab.rows()[0][0]
    assert last > NOTEBOOK[0][0] + 1
    lab.expect_rows(changed((0, 0, last)))
    lab.wait_idle()
    shown = [float(text) for text in lab.page.evaluate("seen")]
    assert len(shown) > 5
    back = [(a, b) for a, b in itertools.pairwise(shown) if a >= b]
    assert back == []


def test_a_drag_that_is_taken_back_leaves_nothing_behind(lab: LabPage) -> None:
    start = lab.page.url
    box = lab.cell("Your", "d1").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for offset in range(0, 60, 5):
        lab.page.mouse.move(x + offset, y)
    lab.page.keyboard.press("Escape")
    lab.page.mouse.up()
    lab.expect_rows(NOTEBOOK)
    lab.wait_idle()
    lab.expect_rows(NOTEBOOK)
    lab.reload()
    lab.expect_rows(NOTEBOOK)
    assert lab.page.url.split("?")[0] == start.split("?")[0]
