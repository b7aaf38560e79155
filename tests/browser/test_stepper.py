"""The stepper of “One query”: dot products one at a time, by button, by playing, by dragging."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from tests.browser.steps import open_page, page_links

SCORES = [0.9544, 1.4950, 1.4754, 0.8434, 0.7070, 1.0865]  # of the query “journey”
SUM = "0.55·0.43 + 0.87·0.15 + 0.66·0.89 = 0.9544"


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    open_page(page, server.url)
    link = next(link for link in page_links(page) if link.title == "One query")
    open_page(page, link.url)
    return LabPage(page)


def stands_at(lab: LabPage, step: int) -> None:
    """Wait until the controls and the picture both stand at a step, counted from 1."""
    expect(lab.page.get_by_text(f"step {step} of 6", exact=True)).to_be_visible()
    until(lambda: scores_so_far(lab) == SCORES[:step], lambda: f"{scores_so_far(lab)} at {step}")


def scores_so_far(lab: LabPage) -> list[float]:
    """The scores that the picture holds, to 4 decimals."""
    (row,) = lab.plotted("so_far") or [[]]
    return [round(score, 4) for score in row if score is not None]


def slider(lab: LabPage) -> Locator:
    """What one drags through the steps."""
    return lab.page.get_by_role("slider", name="Dot products of journey")


def test_the_buttons_walk_through_the_arithmetic(lab: LabPage) -> None:
    stands_at(lab, 1)
    caption = lab.page.locator(".caption")
    expect(caption).to_contain_text(SUM)
    lab.button("Next step").click()
    stands_at(lab, 2)
    expect(caption).to_contain_text("= 1.4950")
    lab.type("Enter", "Enter", "Enter", "Enter", "Enter")  # the focus stays, also at the end
    stands_at(lab, 6)
    assert lab.focused() == "Next step"
    lab.button("Previous step").click()
    stands_at(lab, 5)
    lab.wait_idle()
    lab.page.reload()
    stands_at(lab, 5)
    lab.button("Previous step").click()
    stands_at(lab, 4)


def test_it_plays_pauses_and_plays_to_the_end(lab: LabPage) -> None:
    lab.button("Play").click()
    expect(lab.page.get_by_text("step 2 of 6", exact=True)).to_be_visible()
    lab.button("Pause").click()
    position = lab.page.locator(".position")
    paused = position.inner_text()
    lab.page.wait_for_timeout(2_000)  # longer than one step takes
    assert position.inner_text() == paused
    stands_at(lab, int(paused.split()[1]))
    lab.button("Play").click()
    stands_at(lab, 6)
    expect(lab.button("Play")).to_be_visible()


def test_dragging_and_keys_move_it_and_leave_nothing_queued(lab: LabPage) -> None:
    slider(lab).scroll_into_view_if_needed()
    box = slider(lab).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    lab.page.mouse.move(box["x"] + 8, y)
    lab.page.mouse.down()
    for count in range(40):
        share = abs((count % 20) - 10) / 10
        lab.page.mouse.move(box["x"] + 8 + (box["width"] - 16) * share, y)
    lab.page.mouse.move(box["x"] + 8 + (box["width"] - 16) * 0.4, y)
    lab.page.mouse.up()
    stands_at(lab, 3)
    slider(lab).press("End")
    stands_at(lab, 6)
    slider(lab).press("ArrowLeft")
    stands_at(lab, 5)
    said = slider(lab).get_attribute("aria-valuetext") or ""
    assert said.startswith("step 5 of 6: ")
    lab.wait_idle()
    stands_at(lab, 5)
