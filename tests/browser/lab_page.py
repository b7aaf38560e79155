"""The app's opening page as a visitor uses it: by the names and numbers on screen."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from playwright.sync_api import Locator, Page, expect

from attention_core.figures.overview import overview

Rows = list[list[float]]
NOTEBOOK: Rows = [
    [0.43, 0.15, 0.89],
    [0.55, 0.87, 0.66],
    [0.57, 0.85, 0.64],
    [0.22, 0.58, 0.33],
    [0.77, 0.25, 0.10],
    [0.05, 0.80, 0.55],
]
PICTURES = ("scores", "weights", "context")
PATIENCE_SECONDS = 45.0
RELATIVE, ABSOLUTE = 1e-4, 1e-5  # float32 on both sides, summed in another order

_FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.getAttribute("aria-label");
}"""
_PASTE = """(element, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const options = { clipboardData, bubbles: true, cancelable: true, composed: true };
  element.dispatchEvent(new ClipboardEvent("paste", options));
}"""
_NUMBERS = """plots => {
  const z = plots.length === 1 && plots[0].data?.[0].z;
  return z ? z.map((row) => [...row]) : null;
}"""
_IDLE = """() => {
  const isWaiting = [...document.querySelectorAll("*")].some(
    ({ shadowRoot }) => Number(shadowRoot?.querySelector(".root")?.dataset.pending));
  const app = document.querySelector('[data-testid="stApp"]');
  return !isWaiting && app?.dataset.testScriptState === "notRunning";
}"""


def until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait until a condition holds; fail with what is the case instead."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, otherwise()
        time.sleep(0.05)


def attention(rows: Rows) -> dict[str, torch.Tensor]:
    """The three values of self-attention, in torch's own few lines."""
    inputs = torch.tensor(rows)
    scores = inputs @ inputs.T
    weights = torch.softmax(scores, dim=-1)
    return {"scores": scores, "weights": weights, "context": weights @ inputs}


def are_close(plotted: Rows | None, expected: torch.Tensor) -> bool:
    """Whether the plotted numbers are the expected ones, shape and all."""
    expected = overview(expected).values  # a large picture shows these alone
    if not plotted or [len(plotted), len(plotted[0])] != list(expected.shape):
        return False
    if any(entry is None for row in plotted for entry in row):
        return False
    return torch.allclose(
        torch.tensor(plotted, dtype=torch.float32), expected, rtol=RELATIVE, atol=ABSOLUTE
    )


def changed(*changes: tuple[int, int, float], start: Rows = NOTEBOOK) -> Rows:
    """The table with some cells changed: (row, column, number) each, from 0."""
    rows = [list(row) for row in start]
    for row, column, number in changes:
        rows[row][column] = number
    return rows


@dataclass(frozen=True)
class LabPage:
    """A browser page that shows the lab."""

    page: Page

    def open(self, url: str) -> "LabPage":
        """Open an address and wait for its pictures."""
        self.page.goto(url)
        return self._drawn()

    def reload(self) -> "LabPage":
        """Reload the page as the browser's button does."""
        self.page.reload()
        return self._drawn()

    def _drawn(self) -> "LabPage":
        picture = self.page.locator("[data-figure=context] .plot .main-svg").first
        broken = self.page.get_by_test_id("stException")
        picture.or_(broken).first.wait_for()
        assert broken.count() == 0, broken.first.inner_text()
        return self

    # ---- what one sees ----

    def cell(self, token: str, column: str, row: int | None = None) -> Locator:
        """The cell of a token; `row` counts from 1 and is needed where the token is repeated."""
        which = "" if row is None else f", row {row}"
        return self.page.get_by_label(f"{token} {column}{which}", exact=True)

    @property
    def table(self) -> Locator:
        """The table of embeddings."""
        return self.page.get_by_role("table", name="Embeddings of your")

    @property
    def message(self) -> Locator:
        """What the table says below itself."""
        return self.page.locator("#message")

    @property
    def pager(self) -> Locator:
        """What turns the pages of a large table."""
        return self.page.get_by_role("group", name="Rows of the table", include_hidden=True)

    @property
    def sentence(self) -> Locator:
        """The field of the sentence."""
        return self.page.get_by_role("textbox", name="Sentence")

    def button(self, name: str) -> Locator:
        """A button, by all of its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def rows(self) -> Rows:
        """The numbers in the table; a rounded one tells its full number on hover."""
        texts = self.table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => Array.from(row.querySelectorAll('input'),"
            " input => input.title || input.value))"
        )
        return [[float(text) for text in row] for row in texts]

    def tokens(self) -> list[str]:
        """The words down the side of the table."""
        return self.table.get_by_role("rowheader").all_inner_texts()

    def plotted(self, picture: str) -> Rows | None:
        """The numbers that Plotly holds for a picture, None while there is none or a second one."""
        plots = self.page.locator(f"[data-figure={picture}] .plot")
        return cast(Rows | None, plots.evaluate_all(_NUMBERS))

    def labels(self, picture: str) -> list[str]:
        """The numbers written into a picture's cells."""
        return self.page.locator(f"[data-figure={picture}] .cells text").all_text_contents()

    def focused(self) -> str | None:
        """The name of the element that has the keyboard."""
        return cast(str | None, self.page.evaluate(_FOCUSED))

    # ---- what one does ----

    def type(self, *keys: str) -> None:
        """Press keys; a text that is no key's name is typed letter by letter."""
        for key in keys:
            is_key = key.rpartition("+")[2] in KEYS or (len(key) > 1 and "Control+" in key)
            (self.page.keyboard.press if is_key else self.page.keyboard.type)(key)

    def set(self, token: str, column: str, text: str) -> None:
        """Click a cell, type into it, press Enter."""
        self.cell(token, column).click()
        self.type(text, "Enter")

    def paste(self, text: str) -> None:
        """Paste a text where the keyboard is, as from another program."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("Control+v")

    def paste_large(self, cell: Locator, text: str) -> None:
        """Paste a text without the system's clipboard, which is slow for large ones."""
        cell.click()
        cell.evaluate(_PASTE, text)

    def choose(self, label: str, option: str) -> None:
        """Pick an option of a drop-down list."""
        self.page.get_by_role("combobox", name=label).click()
        self.page.get_by_role("option", name=option).click()

    def upload(self, name: str, contents: bytes, kind: str = "text/csv") -> None:
        """Give a file to the page's “Open …” field; the popover is opened and closed for it."""
        self.open_menu()
        self.wait_idle()  # after one file, a new field takes the place of the old
        files = self.page.locator('input[type="file"]')
        expect(files).to_have_count(1)
        files.set_input_files({"name": name, "mimeType": kind, "buffer": contents})

    def open_menu(self) -> None:
        """Open “Take it with you” if it is closed; what is in it comes with the next run."""
        self.wait_idle()
        # While a run goes on, the button of the run before may stand beside its own.
        menu = self.button_starting("Take it with you").first
        if menu.get_attribute("aria-expanded") != "true":
            menu.click()
            expect(menu).to_have_attribute("aria-expanded", "true")

    def button_starting(self, name: str) -> Locator:
        """A button, by a part of its name."""
        return self.page.get_by_role("button", name=name)

    def download(self, name: str) -> bytes:
        """The contents of what a download button gives."""
        self.open_menu()
        button = self.button_starting(name)
        with self.page.expect_download() as waiting:
            button.click()
        path: Path = waiting.value.path()
        self.page.keyboard.press("Escape")
        return path.read_bytes()

    # ---- what one waits for ----

    def wait_idle(self) -> None:
        """Wait until the server knows every edit and has nothing to do for this page."""
        self.page.wait_for_timeout(100)  # a message just sent takes a moment to arrive
        self.page.wait_for_function(_IDLE)

    def expect_rows(self, expected: Rows) -> None:
        """Wait until the table shows these numbers and every picture is computed from them."""
        until(lambda: self.rows() == expected, lambda: f"{self.rows()} is not {expected}")
        self.expect_pictures(expected)
        assert self.rows() == expected, "the numbers did not stay"

    def expect_pictures(self, rows: Rows) -> None:
        """Wait until every picture is the one of these embeddings."""
        for name, expected in attention(rows).items():
            self._expect_picture(name, expected)

    def _expect_picture(self, name: str, expected: torch.Tensor) -> None:
        until(
            lambda: are_close(self.plotted(name), expected),
            lambda: f"{name} shows {self.plotted(name)}\ninstead of {expected}",
        )

    def expect_tokens(self, tokens: Sequence[str]) -> None:
        """Wait until the table has these rows."""
        expect(self.table.get_by_role("rowheader")).to_have_text(list(tokens))

    def expect_nothing_wrong(self) -> None:
        """No traceback is on the page."""
        assert self.page.get_by_test_id("stException").count() == 0
        expect(self.page.get_by_text("Traceback")).to_have_count(0)


KEYS = frozenset(
    {
        *("Enter", "Tab", "Escape", "Delete", "Backspace", "Home", "End", "F2", "Space"),
        *("PageUp", "PageDown"),
        *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    }
)


def drag(page: Page, target: Locator, offsets: Sequence[int], each: Callable[[], Any]) -> None:
    """Press on an element, move by each offset in pixels and call `each` there, let go."""
    box = target.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for offset in offsets:
        page.mouse.move(x + offset, y)
        each()
    page.mouse.up()
