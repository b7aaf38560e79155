"""The linked figures: pointing lights what the core names, picking explains it, edits leave marks.

What should light is worked out here from the core's explanations, cell by cell; what does light is
read off the screen.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, ViewportSize, expect

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Trace, normalisations
from attention_core.notebook import INPUTS, QUERY
from tests.browser.axe import axe_violations
from tests.browser.lab_page import NOTEBOOK, LabPage, attention, changed, until
from tests.browser.server import Server
from tests.browser.steps import wait_until_drawn
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.all_tokens.runs import WRONG_AXIS

Cell = tuple[int, int]
Cells = frozenset[Cell]
Lit = dict[tuple[str, str], Cells]  # (matrix, role) -> cells
TABLE = "table"

_REGIONS = """() => {
  const found = [];
  const walk = root => {
    for (const rect of root.querySelectorAll("svg.marks .lit rect[data-region]")) {
      const figure = rect.closest("[data-figure]").dataset.figure;
      found.push([figure, ...JSON.parse(rect.dataset.region)]);
    }
    for (const td of root.querySelectorAll("td.lit")) {
      const [row, column] = [td.closest("tr").sectionRowIndex, td.cellIndex - 1];
      found.push(["table", "lit", [row, row], [column, column]]);
    }
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return found;
}"""
_MARKED = """plot => {
  const { width, height } = plot.querySelector("svg.marks").getBoundingClientRect();
  const d = plot.querySelector(".changed path")?.getAttribute("d") ?? "";
  return Array.from(d.matchAll(/M([\\d.]+) ([\\d.]+)/g), ([, x, y]) =>
    [(x - 8) / width, (+y + 1) / height]);  // within the cell whose corner it is
}"""
_FIRST_TEXT = "elements => elements.map(element => element.textContent)"


@dataclass(frozen=True)
class Case:
    """One page: what it computes, under which names it shows it, and what its table is."""

    path: str
    trace: Trace
    figures: dict[str, str]  # card -> matrix
    table: str
    lab: Lab = Lab()  # noqa: RUF009  (frozen, as a default should be)
    query_row: int | None = None
    stands_for: tuple[tuple[str, str], ...] = ()  # a matrix not shown -> the one lit instead

    @property
    def address(self) -> str:
        """The page's address below the server's."""
        text = link.encode(self.lab)
        return f"/{self.path}" + (f"?lab={text}" if text else "")

    def made_of(self, name: str, cell: Cell) -> set[tuple[str, Cell]]:
        """What the core says a cell is made of, as the page shows it."""
        found = set()
        for operand, (row, column), _ in self.trace.explain(name, *cell).operands:
            if operand == "query" and self.query_row is not None:
                found.add(("inputs", (self.query_row, column)))
            else:
                found.add((dict(self.stands_for).get(operand, operand), (row, column)))
        return found

    def lit_by(self, name: str, cell: Cell) -> Lit:
        """What should light when a cell is pointed at."""
        found: dict[tuple[str, str], set[Cell]] = {}
        sources = self.made_of(name, cell) if name in self.trace.steps else set()
        for matrix, at in sources:
            if matrix in self.figures.values():
                found.setdefault((matrix, "source"), set()).add(at)
            if matrix == self.table:
                found.setdefault((TABLE, "lit"), set()).add(at)
        for reader in set(self.figures.values()) & set(self.trace.steps):
            for at in cells_of(self.trace, reader):
                if (name, cell) in self.made_of(reader, at):
                    found.setdefault((reader, "target"), set()).add(at)
        if name in self.figures.values():
            found[name, "self"] = {cell}
        return {place: frozenset(cells) for place, cells in found.items()}


def cells_of(trace: Trace, name: str) -> Iterator[Cell]:
    """Every cell of a value."""
    n_rows, n_columns = trace[name].shape
    return ((row, column) for row in range(n_rows) for column in range(n_columns))


STEPS = {name: name for name in ("scores", "weights", "context")}
WAYS = {name: name for name in ("by_sum", "naive", "weights")}
ROW = torch.tensor([Lab().value("row_scores")])
CASES = {
    "start": Case("", SIMPLE_SELF_ATTENTION.run(inputs=INPUTS), STEPS, "inputs"),
    "one query": Case(
        "one_query",
        ONE_QUERY.run(query=INPUTS[[QUERY]], inputs=INPUTS),
        {"so_far": "scores", **WAYS, "context": "context"},
        "inputs",
        query_row=QUERY,
    ),
    "all tokens": Case("all_tokens", SIMPLE_SELF_ATTENTION.run(inputs=INPUTS), STEPS, "inputs"),
    "wrong axis": Case(
        "all_tokens",
        WRONG_AXIS.run(inputs=INPUTS),
        STEPS,
        "inputs",
        Lab().choosing(wrong_axis=True),
    ),
    "normalisation": Case(
        "normalisation_lab",
        normalisations().run(scores=ROW),
        WAYS,
        "scores",
        stands_for=(("scaled", "scores"),),
    ),
    "temperature 2": Case(
        "normalisation_lab",
        normalisations(2.0).run(scores=ROW),
        {"scaled": "scaled", **WAYS},
        "scores",
        Lab().choosing(temperature=2.0),
    ),
}


def lit(page: Page, case: Case) -> Lit:
    """What is lit on the screen, as cells of each matrix."""
    found: dict[tuple[str, str], set[Cell]] = {}
    for figure, role, (top, bottom), (left, right) in page.evaluate(_REGIONS):
        figure = figure.removesuffix("_part")  # the same cells, once more with their numbers
        place = (case.figures.get(figure, figure), role)
        block = {(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)}
        found.setdefault(place, set()).update(block)
    return {place: frozenset(cells) for place, cells in found.items()}


def expect_lit(page: Page, case: Case, expected: Lit) -> None:
    """Wait until exactly these cells are lit."""
    until(lambda: lit(page, case) == expected, lambda: f"{lit(page, case)}\nis not {expected}")


def figure_cell(page: Page, card: str, trace: Trace, name: str, cell: Cell) -> Locator:
    """A labelled cell of a picture."""
    n_columns = trace[name].shape[1]
    rects = page.locator(f"[data-figure={card}] .cells rect")
    return rects.nth(cell[0] * n_columns + cell[1])


def point_at(page: Page, card: str, trace: Trace, name: str, cell: Cell) -> None:
    """Move the mouse onto the middle of a cell."""
    target = figure_cell(page, card, trace, name, cell)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def tip(page: Page) -> Locator:
    """What is said about the cell pointed at."""
    return page.locator(".tip:not([hidden])")


def opened(page: Page, server: Server, case: Case) -> LabPage:
    """Open a page and wait until its last figure can be pointed at."""
    page.goto(server.url + case.address)
    wait_until_drawn(page)
    for card in case.figures:
        page.locator(f"[data-figure={card}] svg.marks").wait_for(state="attached")
    return LabPage(page)


@pytest.fixture
def start(server: Server, page: Page) -> LabPage:
    """The first page."""
    return opened(page, server, CASES["start"])


@dataclass
class Traffic:
    """What the browser sent."""

    sent: int = 0

    def follow(self, page: Page) -> None:
        """Count every request and every message of every socket."""
        page.on("request", lambda _: self._count())
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: self._count()))

    def _count(self) -> None:
        self.sent += 1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pointing_lights_exactly_what_the_core_names_and_sends_nothing(
    server: Server, page: Page, case: Case
) -> None:
    traffic = Traffic()
    traffic.follow(page)
    lab = opened(page, server, case)
    lab.wait_idle()
    dice = random.Random(20260)
    before = traffic.sent
    assert before > 0
    for card, name in case.figures.items():
        for cell in dice.sample(list(cells_of(case.trace, name)), 2):
            point_at(page, card, case.trace, name, cell)
            expect_lit(page, case, case.lit_by(name, cell))
    table = case.trace[case.table].shape
    for _ in range(2):
        row, column = (dice.randrange(size) for size in table)
        page.locator("tbody tr:has(input)").nth(row).locator("input").nth(column).hover()
        expect_lit(page, case, case.lit_by(case.table, (row, column)))
    page.get_by_role("heading", level=1).hover()
    expect_lit(page, case, {})
    expect(tip(page)).to_have_count(0)
    page.wait_for_timeout(300)
    assert traffic.sent == before


def test_the_tooltip_says_it_in_words(start: LabPage) -> None:
    trace = CASES["start"].trace
    for name, cell, words in (
        ("weights", (1, 2), "journey (query) gives 0.2333 of its attention to starts (key)"),
        ("scores", (1, 2), "journey (query) · starts (key) = 1.4754"),
        ("context", (1, 0), "context vector of journey, d1 = 0.4419"),
    ):
        point_at(start.page, name, trace, name, cell)
        expect(tip(start.page)).to_have_text(words)


def test_scores_that_are_not_computed_yet_are_not_called_broken(server: Server, page: Page) -> None:
    case = CASES["one query"]
    opened(page, server, case)
    point_at(page, "so_far", case.trace, "scores", (0, 4))
    expect(tip(page)).to_have_text("journey (query) · one (key) = not computed yet")


def test_figures_without_labels_are_linked_too(server: Server, page: Page) -> None:
    sentence = " ".join(f"word{n}" for n in range(20))
    lab = Lab(sentence=sentence, preset="random", d=5)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(lab.embeddings))
    case = Case("", trace, STEPS, "inputs", lab)
    opened(page, server, case)
    for name, cell in (("scores", (3, 17)), ("weights", (19, 0)), ("context", (8, 4))):
        layer = page.locator(f"[data-figure={name}] svg.marks")
        layer.scroll_into_view_if_needed()
        box = layer.bounding_box()
        assert box is not None
        n_rows, n_columns = trace[name].shape
        page.mouse.move(
            box["x"] + (cell[1] + 0.5) * box["width"] / n_columns,
            box["y"] + (cell[0] + 0.5) * box["height"] / n_rows,
        )
        expect_lit(page, case, case.lit_by(name, cell))


# ---- The panel ---------------------------------------------------------------------------------


def crumbs(page: Page) -> list[str]:
    """The way to the number that is explained."""
    return [str(text) for text in page.locator("nav.trail .crumb").evaluate_all(_FIRST_TEXT)]


def panel(page: Page) -> dict[str, Any]:
    """Everything that the open panel says."""
    return {
        "trail": crumbs(page),
        "said": page.locator("p.said").text_content(),
        "formula": page.locator("p.formula").text_content(),
        "operands": page.locator("button.operand").evaluate_all(_FIRST_TEXT),
    }


def expect_explained(page: Page, formula: str) -> None:
    """Wait until a panel shows this arithmetic."""
    expect(page.locator("p.formula")).to_have_text(formula)


def operand(page: Page, label: str) -> Locator:
    """The button of an operand."""
    return page.locator("button.operand").filter(has_text=label).first


def close(lab: LabPage) -> None:
    """Close the panel."""
    lab.button("Close").click()
    expect(lab.page.locator("p.formula")).to_have_count(0)


def test_a_click_and_the_keyboard_open_the_same_panel(start: LabPage) -> None:
    page, trace = start.page, CASES["start"].trace
    point_at(page, "weights", trace, "weights", (1, 2))
    page.mouse.down()
    page.mouse.up()
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    clicked = panel(page)
    close(start)
    page.get_by_role("heading", level=1).hover()
    page.get_by_label("Save Attention weights as SVG").focus()
    page.keyboard.press("Tab")
    assert (start.focused() or "").startswith("Attention weights.")
    for pressed in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):  # the first: cell (0, 0)
        page.keyboard.press(pressed)
    expect_lit(page, CASES["start"], CASES["start"].lit_by("weights", (1, 2)))
    page.keyboard.press("Enter")
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    assert panel(page) == clicked
    assert clicked["said"] == "journey (query) gives 0.2333 of its attention to starts (key)"
    assert len(clicked["operands"]) == 6
    page.keyboard.press("Escape")
    expect_lit(page, CASES["start"], {})


def test_following_operands_ends_at_the_focused_cell_of_the_table(start: LabPage) -> None:
    page, case = start.page, CASES["start"]
    trace = case.trace
    figure_cell(page, "context", trace, "context", (1, 0)).click(force=True)
    expect_explained(page, trace.explain("context", 1, 0).formula)
    operand(page, "weights · journey → starts").hover()
    expect_lit(page, case, case.lit_by("weights", (1, 2)))
    operand(page, "weights · journey → starts").click()
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    operand(page, "scores · journey → starts").click()
    expect_explained(page, "0.55·0.57 + 0.87·0.85 + 0.66·0.64 = 1.4754")
    assert crumbs(page) == [
        "context · journey · d1",
        "weights · journey → starts",
        "scores · journey → starts",
    ]
    operand(page, "inputs · starts · d2").click()
    until(lambda: start.focused() == "starts d2", lambda: f"{start.focused()} has the focus")
    expect(start.cell("starts", "d2")).to_be_in_viewport()
    page.get_by_role("button", name="weights · journey → starts").first.click()
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    assert crumbs(page) == ["context · journey · d1", "weights · journey → starts"]
    page.get_by_role("button", name="context · journey · d1").click()
    expect_explained(page, trace.explain("context", 1, 0).formula)
    close(start)
    page.get_by_role("heading", level=1).hover()
    page.keyboard.press("Escape")


def test_operands_are_followed_by_keyboard_alone(start: LabPage) -> None:
    page, case = start.page, CASES["start"]
    page.get_by_label("Save Attention weights as SVG").focus()
    for pressed in ("Tab", "ArrowDown", "Enter"):
        page.keyboard.press(pressed)
    expect_explained(page, case.trace.explain("weights", 0, 0).formula)
    operand(page, "scores · Your → Your").focus()
    page.keyboard.press("Enter")
    expect_explained(page, case.trace.explain("scores", 0, 0).formula)
    page.keyboard.press("Enter")  # the focus went along: it is on the first operand
    until(lambda: start.focused() == "Your d1", lambda: f"{start.focused()} has the focus")


def test_closing_the_panel_leaves_nothing_lit(start: LabPage) -> None:
    page, case = start.page, CASES["start"]
    figure_cell(page, "weights", case.trace, "weights", (0, 0)).click(force=True)
    operand(page, "scores · Your → with").focus()
    expect_lit(page, case, case.lit_by("scores", (0, 3)))
    close(start)
    page.get_by_role("heading", level=1).hover()
    expect_lit(page, case, {})


def test_the_trail_survives_a_reload(start: LabPage) -> None:
    page, trace = start.page, CASES["start"].trace
    figure_cell(page, "weights", trace, "weights", (1, 2)).click(force=True)
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    operand(page, "scores · journey → with").click()
    expect_explained(page, trace.explain("scores", 1, 3).formula)
    before = panel(page)
    start.wait_idle()
    until(lambda: "lab=" in page.url, lambda: f"{page.url} has no lab")
    start.reload()
    expect_explained(page, trace.explain("scores", 1, 3).formula)
    assert panel(page) == before
    page.get_by_role("button", name="weights · journey → starts").click()
    expect_explained(page, trace.explain("weights", 1, 2).formula)
    figure_cell(page, "scores", trace, "scores", (5, 5)).click(force=True)
    expect_explained(page, trace.explain("scores", 5, 5).formula)


def test_the_panel_follows_an_edit(start: LabPage) -> None:
    page, trace = start.page, CASES["start"].trace
    figure_cell(page, "scores", trace, "scores", (1, 1)).click(force=True)
    expect_explained(page, trace.explain("scores", 1, 1).formula)
    start.set("journey", "d1", "2")
    expect_explained(page, "2·2 + 0.87·0.87 + 0.66·0.66 = 5.1925")


MARKUP = "<img src=x onerror=alert(1)> <b>bold</b> &amp; $x$ {value}"


def test_words_that_are_markup_are_literal_in_tooltip_and_panel(server: Server, page: Page) -> None:
    lab = Lab(sentence=MARKUP, keep_punctuation=True, preset="random")
    tokens = [token.text for token in lab.tokens]
    assert {"<", ">", "&", "$", "{"} <= set(tokens)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(lab.embeddings))
    opened(page, server, Case("", trace, STEPS, "inputs", lab))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for token in ("<", "&", "$", "{"):
        row = tokens.index(token)
        layer = page.locator("[data-figure=scores] svg.marks")
        layer.scroll_into_view_if_needed()
        box = layer.bounding_box()
        assert box is not None
        n_tokens = len(tokens)
        x = box["x"] + 1.5 * box["width"] / n_tokens
        page.mouse.move(x, box["y"] + (row + 0.5) * box["height"] / n_tokens)
        said = f"{token} (query) · {tokens[1]} (key) = {float(trace['scores'][row, 1]):.4f}"
        expect(tip(page)).to_have_text(said)
        page.mouse.down()
        page.mouse.up()
        expect(page.locator("p.said")).to_have_text(said)
        assert crumbs(page) == [f"scores · {token} → {tokens[1]}"]
    assert page.locator(".tip :is(b, img), .trail :is(b, img), .operands :is(b, img)").count() == 0


# ---- What an edit changed ----------------------------------------------------------------------


def marked(page: Page, name: str, shape: tuple[int, ...]) -> set[Cell]:
    """The cells whose corner is marked."""
    places = page.locator(f"[data-figure={name}] .plot").evaluate(_MARKED)
    return {(int(down * shape[0]), int(across * shape[1])) for across, down in places}


def test_the_marks_are_the_cells_that_changed_and_the_line_counts_them(start: LabPage) -> None:
    page = start.page
    expect(page.get_by_text("Edit a number to see what it changes.")).to_be_visible()
    rows = NOTEBOOK
    for column, entry in ((1, 0.5), (2, 3.0)):
        before, rows = rows, changed((1, column, entry), start=rows)
        start.set("journey", f"d{column + 1}", str(entry))
        start.expect_rows(rows)
        was, now = attention(before), attention(rows)
        differ = {name: was[name] != now[name] for name in now}
        counts = {name: int(cells.sum()) for name, cells in differ.items()}
        assert counts["scores"] == 11
        expect(
            page.get_by_text(
                f"editing journey · d{column + 1} changed {counts['scores']} scores, "
                f"{counts['weights']} weights and {counts['context']} context values"
            )
        ).to_be_visible()
        for name, cells in differ.items():
            card = page.locator(f"[data-figure={name}]")
            expect(card).to_have_attribute("data-changed", str(counts[name]))
            expected = {(row, column) for row, column in cells.nonzero().tolist()}
            assert marked(page, name, tuple(cells.shape)) == expected, name
    figure_cell(page, "scores", CASES["start"].trace, "scores", (0, 0)).click(force=True)
    expect(page.locator("p.formula")).to_be_visible()
    expect(page.locator(".changed path")).to_have_count(0)  # gone with the next action


# ---- For everyone ------------------------------------------------------------------------------

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("viewport", "color_scheme"),
    [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")],
    ids=["wide-light", "wide-dark", "narrow-light", "narrow-dark"],
)
def test_panel_and_tooltip_are_free_of_serious_violations(server: Server, page: Page) -> None:
    case = replace(CASES["start"], lab=Lab(trail=(("figures:start", "context", 1, 0),)))
    opened(page, server, case)
    expect_explained(page, case.trace.explain("context", 1, 0).formula)
    figure_cell(page, "weights", case.trace, "weights", (1, 2)).click(force=True)
    expect_explained(page, case.trace.explain("weights", 1, 2).formula)
    point_at(page, "weights", case.trace, "weights", (1, 4))
    expect(tip(page)).to_be_visible()
    box, width = tip(page).bounding_box(), page.evaluate("innerWidth")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    problems = [str(violation) for violation in axe_violations(page)]
    assert not problems, "\n".join(problems)
    sideways = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(sideways) <= 0
