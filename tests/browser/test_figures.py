"""The pictures: the right numbers, in readable labels, that change without the page moving."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from attention_core.notebook import CONTEXT, SCORES, WEIGHTS
from tests.browser.lab_page import NOTEBOOK, PICTURES, LabPage, changed, until
from tests.browser.server import PROJECT, Server
from tests.browser.steps import page_links
from tests.browser.watch import Watch

PRINTED = {"scores": SCORES, "weights": WEIGHTS, "context": CONTEXT}
_SPY = """() => {
  window.calls = [];
  for (const name of ["newPlot", "react", "restyle", "purge"]) {
    const own = Plotly[name];
    Plotly[name] = (...given) => { window.calls.push(name); return own.apply(Plotly, given); };
  }
}"""
_CONTRASTS = """cells => cells.flatMap(layer => {
  const part = v => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const labels = layer.querySelectorAll("text");
  return Array.from(layer.querySelectorAll("rect"), (rect, i) => {
    const under = light(rect.getAttribute("fill").match(/[\\d.]+/g).map(Number));
    const text = labels[i].getAttribute("fill") === "#000000" ? 0 : 1;
    return (Math.max(under, text) + 0.05) / (Math.min(under, text) + 0.05);
  });
})"""
_CLIPPED = """plot => {
  const box = plot.getBoundingClientRect();
  const labels = plot.querySelectorAll(".xtick text, .ytick text, .xtitle, .ytitle");
  return Array.from(labels).filter(label => {
    const own = label.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1
        || own.top < box.top - 1 || own.bottom > box.bottom + 1;
  }).map(label => label.textContent);
}"""


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    return LabPage(page).open(server.url)


def plot(lab: LabPage, name: str) -> Locator:
    """The drawing of one picture."""
    return lab.page.locator(f"[data-figure={name}] .plot")


def overlap(lab: LabPage, name: str) -> float:
    """How far, in pixels, our cells are off Plotly's own."""
    edges = """plot => ["image", ".cells"].map(part => {
      const { left, top, right, bottom } = plot.querySelector(part).getBoundingClientRect();
      return [left, top, right, bottom];
    })"""
    plotlys, ours = plot(lab, name).evaluate(edges)
    return float(max(abs(a - b) for a, b in zip(plotlys, ours, strict=True)))


def expect_cells_in_place(lab: LabPage, name: str) -> None:
    """Wait until our cells lie over Plotly's."""
    until(lambda: overlap(lab, name) < 2, lambda: f"{name}: the cells are {overlap(lab, name)} off")


def test_the_opening_pictures_are_the_notebook_s_to_4_decimals(lab: LabPage) -> None:
    lab.expect_pictures(NOTEBOOK)
    for name, printed in PRINTED.items():
        drawn = [f"{entry:.4f}" for row in printed.tolist() for entry in row]
        assert lab.labels(name) == drawn, name
        expect_cells_in_place(lab, name)
    expect(lab.page.get_by_text("matches the notebook to 4 decimals")).to_be_visible()
    for name in ("scores", "weights"):
        assert plot(lab, name).locator(".ytitle").text_content() == "query token"
        assert plot(lab, name).locator(".xtitle").text_content() == "key token"
        rows = plot(lab, name).locator(".ytick text").all_text_contents()
        columns = plot(lab, name).locator(".xtick text").all_text_contents()
        assert rows == columns == ["Your", "journey", "starts", "with", "one", "step"]
    for name, shape in (("scores", "6 × 6"), ("weights", "6 × 6"), ("context", "6 × 3")):
        card = lab.page.locator(f"[data-figure={name}]")
        expect(card.locator(".shape")).to_have_text(shape)
        expect(card.locator(".formula")).to_contain_text("=")
        expect(card.get_by_text("Plain Python loops give the same numbers")).to_be_visible()
    picture = lab.page.get_by_role("img", name="row journey: most on journey, 0.2379")
    expect(picture).to_be_visible()
    lab.set("Your", "d1", "3")
    expect(lab.page.get_by_text("matches the notebook to 4 decimals")).to_have_count(0)


def test_pointing_at_a_cell_says_who_asks_whom(lab: LabPage) -> None:
    cell = lab.page.locator("[data-figure=weights] .cells rect").nth(7)
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 5, box["y"] + 5)
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = lab.page.locator("[data-figure=weights] .tip")
    expect(tip).to_have_text("journey (query) gives 0.2379 of its attention to journey (key)")
    expect(plot(lab, "weights").locator(".hoverlayer .hovertext")).to_have_count(0)  # said once


def test_an_edit_changes_only_numbers_and_moves_nothing(lab: LabPage) -> None:
    lab.set("journey", "d2", "0.8")  # away from the notebook, whose badge then changes
    lab.expect_pictures(changed((1, 1, 0.8)))
    lab.page.evaluate(_SPY)
    lab.cell("journey", "d2").click()
    lab.page.mouse.wheel(0, 60)
    lab.wait_idle()
    place = "() => [document.querySelector('[data-testid=stMain]').scrollTop,"
    place += " document.querySelector('[data-testid=stMain]').scrollHeight]"
    before = lab.page.evaluate(place)
    lab.type("0.9", "Enter")
    lab.expect_pictures(changed((1, 1, 0.9)))
    assert lab.page.evaluate(place) == before
    assert lab.page.evaluate("calls") == ["restyle"] * 3
    lab.type("0.9", "ArrowUp", "0.9", "Enter")  # the same number again draws nothing
    lab.wait_idle()
    calls = lab.page.evaluate("calls.length")
    assert calls <= 6, "one more edit, three more pictures"


def test_the_pictures_leave_with_their_page_and_come_back(lab: LabPage) -> None:
    start, other, *_ = page_links(lab.page)
    lab.expect_pictures(NOTEBOOK)
    lab.page.evaluate(_SPY)
    lab.page.get_by_role("link", name=other.title).click()
    until(lambda: lab.page.evaluate("calls").count("purge") >= 3, lambda: "pictures are kept")
    lab.page.get_by_role("link", name=start.title).click()
    lab.expect_pictures(NOTEBOOK)
    fetched = lab.page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.includes('plotly.min')).length"
    )
    assert fetched == 1


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_every_number_stands_out_from_its_cell(lab: LabPage) -> None:
    lab.expect_pictures(NOTEBOOK)
    contrasts = lab.page.locator("[data-figure] .cells").evaluate_all(_CONTRASTS)
    assert len(contrasts) == 36 + 36 + 18
    assert min(contrasts) >= 4.5


def test_the_pictures_follow_the_theme_and_the_width_of_the_window(lab: LabPage) -> None:
    lab.expect_pictures(NOTEBOOK)
    cell = lab.page.locator("[data-figure=weights] .cells rect").first
    title = plot(lab, "weights").locator(".xtitle")
    colours = [cell.get_attribute("fill"), title.evaluate("e => getComputedStyle(e).fill")]
    lab.page.emulate_media(color_scheme="dark")
    until(lambda: cell.get_attribute("fill") != colours[0], lambda: "the cells stayed light")
    until(
        lambda: title.evaluate("e => getComputedStyle(e).fill") != colours[1],
        lambda: "the titles stayed dark",
    )
    for width in (700, 390):
        lab.page.set_viewport_size({"width": width, "height": 844})
        for name in PICTURES:
            expect_cells_in_place(lab, name)
            assert plot(lab, name).evaluate(_CLIPPED) == [], f"{name} at {width} px"
    lab.expect_pictures(NOTEBOOK)
    assert "0.2379" in lab.labels("weights")


def test_without_the_drawing_library_the_numbers_are_there_as_tables(
    server: Server, page: Page, watch: Watch
) -> None:
    watch.expected.append("ERR_FAILED")
    page.route("**/plotly.min.js", lambda route: route.abort())
    lab = LabPage(page)
    page.goto(server.url)
    sentence = page.get_by_text("The drawing library could not be loaded")
    expect(sentence).to_have_count(3)
    for name, printed in PRINTED.items():
        table = page.locator(f"[data-figure={name}] table")
        numbers = [f"{entry:.4f}" for entry in printed[1].tolist()]
        expect(table.get_by_role("row").nth(2).get_by_role("cell")).to_have_text(numbers)
    # That failure made a second run, perhaps before the browser had the script of each widget.
    expect(page.get_by_label("Width d", exact=True)).to_have_value("3")
    lab.set("Your", "d1", "10")
    # In the table or, where Streamlit's own Plotly came for the plain figures, in a late picture.
    first = page.locator("[data-figure=scores] td").first
    until(
        lambda: (
            first.all_inner_texts() == ["100.8146"]
            or round((lab.plotted("scores") or [[0.0]])[0][0], 4) == 100.8146
        ),
        lambda: "the edited score is not there",
    )
    lab.expect_nothing_wrong()


def test_without_the_figures_script_the_page_says_so_and_shows_plain_ones(
    server: Server, page: Page, watch: Watch
) -> None:
    watch.expected += ["ERR_FAILED", "dynamically imported module"]
    page.route("**/figures.js", lambda route: route.abort())
    page.goto(server.url)
    expect(page.get_by_text("This part of the page could not be loaded")).to_have_count(1)
    expect(page.get_by_text("so these are plain ones")).to_be_visible()
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts).to_have_count(3)
    expect(charts.nth(1)).to_contain_text("0.2379")
    expect(page.get_by_role("table", name="Embeddings of your")).to_be_visible()
    LabPage(page).expect_nothing_wrong()


BROKEN = """
import sys
if "streamlit" in sys.orig_argv:
    from attention_core.operations import Softmax
    right = Softmax.compute
    Softmax.compute = lambda self, *of: right(self, *of) * 1.001
"""


@pytest.fixture
def broken_server(tmp_path: Path) -> Iterator[Server]:
    """The app with a softmax that is off by a thousandth."""
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    paths = os.pathsep.join([str(tmp_path), str(PROJECT)])
    running = Server(environment={"PYTHONPATH": paths}).start()
    yield running
    running.stop()


def test_a_wrong_number_turns_its_check_red_and_takes_the_badge_away(
    broken_server: Server, page: Page
) -> None:
    lab = LabPage(page).open(broken_server.url)
    alert = page.locator("[data-figure=weights]").get_by_role("alert")
    expect(alert).to_contain_text("Something is wrong with these numbers: weights")
    expect(page.locator("[data-figure=scores]").get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("differs from the notebook")).to_be_visible()
    expect(page.get_by_text("matches the notebook")).to_have_count(0)
    lab.expect_nothing_wrong()
