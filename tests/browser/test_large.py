"""Long sentences: overviews that tell real cells, a part with exact numbers, and a calm browser."""

import random

import pytest
import torch
from playwright.sync_api import Locator, Page, ViewportSize, expect

from attention_core import SIMPLE_SELF_ATTENTION, Trace
from attention_core.figures.overview import overview
from tests.browser.lab_page import LabPage, until
from tests.browser.server import Server
from tests.browser.test_links import STEPS, Case, expect_lit, tip
from ui.cards.embeddings import tensor_of
from ui.lab.lab import Lab

TOKENS = 300
LAB = Lab(sentence=" ".join(f"w{row}" for row in range(TOKENS)), d=16, preset="random")
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(LAB))
CASE = Case("", TRACE, STEPS, "inputs", LAB)
PIXELS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [height, width, Array.from({ length: width * height }, (_, k) => data[4 * k + 1])];
}"""


@pytest.fixture
def lab(server: Server, page: Page) -> LabPage:
    page.goto(server.url + CASE.address)
    for name in STEPS:
        page.locator(f"[data-figure={name}] .pixels canvas").wait_for(state="attached")
        page.locator(f"[data-figure={name}_part] svg.cells").wait_for(state="attached")
    lab = LabPage(page)
    lab.wait_idle()
    return lab


def layer(page: Page, name: str) -> Locator:
    """The cells of a large figure."""
    return page.locator(f"[data-figure={name}] .pixels")


def point_at_block(page: Page, name: str, block: tuple[int, int], shown: torch.Size) -> None:
    """Move the mouse onto a block of cells."""
    cells = layer(page, name)
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    assert box is not None
    page.mouse.move(
        box["x"] + (block[1] + 0.5) * box["width"] / shown[1],
        box["y"] + (block[0] + 0.5) * box["height"] / shown[0],
    )


def cell_of(trace: Trace, name: str, block: tuple[int, int]) -> tuple[int, int]:
    """The cell that an overview shows for a block."""
    view = overview(trace[name])
    at = int(view.at[block])
    down, across = view.block
    return block[0] * down + at // across, block[1] * across + at % across


def test_an_overview_points_at_real_cells(lab: LabPage) -> None:
    dice = random.Random(5)
    for name in STEPS:
        view = overview(TRACE[name])
        for _ in range(2):
            n_rows, n_columns = view.values.shape
            block = (dice.randrange(n_rows), dice.randrange(n_columns))
            point_at_block(lab.page, name, block, view.values.shape)
            row, column = cell_of(TRACE, name, block)
            expect(tip(lab.page)).to_contain_text(f"{float(TRACE[name][row, column]):.4f}")
            expect(tip(lab.page)).to_contain_text(f"w{row}")
            expect(tip(lab.page)).to_contain_text("furthest from 0")
            targets = lab.page.locator(f"[data-figure={name}] .marks .lit .self")
            expect(targets).to_have_count(1)
            region = targets.get_attribute("data-region")
            assert region == f'["self",[{row},{row}],[{column},{column}]]'


def test_a_click_opens_the_exact_numbers_around_it(lab: LabPage) -> None:
    page = lab.page
    view = overview(TRACE["weights"])
    block = (40, 71)
    point_at_block(page, "weights", block, view.values.shape)
    page.mouse.down()
    page.mouse.up()
    row, column = cell_of(TRACE, "weights", block)
    first = (row - 5, column - 4)
    exact = TRACE["weights"][first[0] : first[0] + 10, first[1] : first[1] + 8]
    wanted = [f"{entry:.4f}" for line in exact.tolist() for entry in line]
    until(lambda: lab.labels("weights_part") == wanted, lambda: str(lab.labels("weights_part")))
    formula = TRACE.explain("weights", row, column).formula
    expect(page.locator("p.formula")).to_contain_text(formula[-8:])
    # A cell of the part lights what belongs to it in the overviews, and in the part itself.
    cells = page.locator("[data-figure=weights_part] .cells rect")
    cells.nth(0).hover(force=True)  # Plotly's own layer lies above, as for every visitor
    expect(tip(page)).to_contain_text(f"w{first[0]} (query) gives {float(exact[0, 0]):.4f}")
    sources = page.locator("[data-figure=scores] .marks .lit .source")
    expect(sources).to_have_attribute(
        "data-region", f'["source",[{first[0]},{first[0]}],[0,{TOKENS - 1}]]'
    )
    expect(page.locator("[data-figure=scores_part] .marks .lit .source")).to_have_count(1)


def test_an_edit_repaints_all_and_a_box_zooms(lab: LabPage) -> None:
    page = lab.page
    before = {name: layer(page, name).locator("canvas").evaluate(PIXELS) for name in STEPS}
    lab.set("w0", "d1", "-3.5")
    edited = tensor_of(LAB).clone()
    edited[0, 0] = -3.5
    after = SIMPLE_SELF_ATTENTION.run(inputs=edited)
    exact = [f"{entry:.4f}" for line in after["scores"][:10, :8].tolist() for entry in line]
    until(lambda: lab.labels("scores_part") == exact, lambda: str(lab.labels("scores_part")))
    for name in STEPS:
        height, width, greens = layer(page, name).locator("canvas").evaluate(PIXELS)
        assert [height, width] == list(overview(after[name]).values.shape)
        assert greens != before[name][2], name
    lab.wait_idle()
    page.wait_for_timeout(500)  # Plotly catches up, and still the pixels lie over its own
    layer(page, "weights").scroll_into_view_if_needed()
    box = layer(page, "weights").bounding_box()
    assert box is not None
    canvas = layer(page, "weights").locator("canvas")
    whole = canvas.bounding_box()
    assert whole is not None
    assert abs(whole["width"] - box["width"]) < 4
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 140, steps=5)
    page.mouse.up()
    until(
        lambda: (canvas.bounding_box() or whole)["width"] > 2 * whole["width"],
        lambda: str(canvas.bounding_box()),
    )
    expect(page.locator("p.formula")).to_have_count(0)  # a drag picks nothing
    page.mouse.dblclick(box["x"] + 60, box["y"] + 60)
    until(
        lambda: abs((canvas.bounding_box() or whole)["width"] - whole["width"]) < 2,
        lambda: str(canvas.bounding_box()),
    )


NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize("viewport", [NARROW], ids=["narrow"])
def test_turned_overviews_point_at_the_same_cells_on_a_phone(server: Server, page: Page) -> None:
    lab = Lab(sentence=LAB.sentence, d=16, preset="random", queries_as="columns")
    case = Case("", TRACE, STEPS, "inputs", lab)
    page.goto(server.url + case.address)
    layer(page, "context").wait_for(state="attached")
    LabPage(page).wait_idle()
    shown = overview(TRACE["scores"].T)
    block = (11, 88)
    point_at_block(page, "scores", block, shown.values.shape)
    at = int(shown.at[block])
    key, query = block[0] * 3 + at // 3, block[1] * 3 + at % 3
    expect(tip(page)).to_contain_text(f"{float(TRACE['scores'][query, key]):.4f}")
    expect(tip(page)).to_contain_text(f"w{query} (query)")


def test_513_words_are_cut_and_512_are_shown(server: Server, page: Page) -> None:
    lab = Lab(sentence=" ".join(f"w{row}" for row in range(513)), d=64, preset="random")
    page.goto(server.url + Case("", TRACE, STEPS, "inputs", lab).address)
    expect(page.get_by_text("513 tokens. The first 512 are used")).to_be_visible()
    layer(page, "weights").wait_for(state="attached")
    height, width, _ = layer(page, "weights").locator("canvas").evaluate(PIXELS)
    assert (height, width) == (128, 128)
    expect(page.locator("[data-figure=weights]")).to_contain_text("of each 4 × 4 cells")
    # While the page is busy with the next edit, the browser answers a hover at once.
    LabPage(page).wait_idle()
    LabPage(page).set("w0", "d1", "2")
    point_at_block(page, "weights", (3, 3), torch.Size((128, 128)))
    expect(tip(page)).to_be_visible()


def test_links_between_the_table_and_unlabelled_figures(server: Server, page: Page) -> None:
    lab = Lab(sentence=" ".join(f"w{row}" for row in range(30)), d=4, preset="random")
    trace = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab))
    case = Case("", trace, STEPS, "inputs", lab)
    page.goto(server.url + case.address)
    layer(page, "context").wait_for(state="attached")
    page.locator("[data-figure=context] svg.marks").wait_for(state="attached")
    LabPage(page).wait_idle()
    page.locator("tbody tr:has(input)").nth(7).locator("input").nth(2).hover()
    expect_lit(page, case, case.lit_by("inputs", (7, 2)))
