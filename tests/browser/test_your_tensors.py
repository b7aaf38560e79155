"""Files of one's own in a real browser: dropped on a page, opened, back after a reload."""

import base64
import io

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.lab_page import NOTEBOOK, LabPage
from tests.browser.server import Server
from ui.lab import link
from ui.lab.lab import Lab

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const target = document.querySelector("h1");
  for (const kind of ["dragover", "drop"]) {
    const options = { dataTransfer, bubbles: true, cancelable: true, composed: true };
    const taken = !target.dispatchEvent(new DragEvent(kind, options));
    if (!taken) throw new Error(`the browser would open the file itself at ${kind}`);
  }
}"""
HEADING = "What is in the attention of your own model?"


def drop(page: Page, name: str, contents: bytes) -> None:
    page.evaluate(DROP, [name, base64.b64encode(contents).decode()])


def attention() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.tril(np.ones((3, 5, 5))) / np.arange(1, 6)[:, None])
    return buffer.getvalue()


def test_a_lab_dropped_on_a_page_opens_and_a_reload_keeps_it(server: Server, page: Page) -> None:
    lab = LabPage(page).open(server.url)
    lab.expect_rows(NOTEBOOK)
    chosen = Lab(sentence="to be or", d=2).with_entries([("be", 1, 1, 7.5)])
    drop(page, "mine.json", link.to_file(chosen).encode())
    expect(page.get_by_text("mine.json is open: to, be, or.")).to_be_visible()
    rows = [list(row) for row in chosen.embeddings]
    lab.expect_rows(rows)
    lab.wait_idle()
    lab.reload()
    lab.expect_rows(rows)
    drop(page, "notes.txt", b"words")
    expect(page.get_by_text("notes.txt was not opened.")).to_be_visible()
    lab.expect_rows(rows)
    lab.expect_nothing_wrong()


def test_tensors_dropped_on_any_page_open_on_theirs_and_come_back(
    server: Server, page: Page
) -> None:
    lab = LabPage(page).open(server.url)
    drop(page, "attention.npy", attention())
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADING)
    expect(page.get_by_text("attention.npy is open.")).to_be_visible()
    expect(page.get_by_text("Causal: no query attends to a later key.")).to_be_visible()
    picture = page.locator("[data-figure=all_2] .plot .main-svg").first
    expect(picture).to_be_attached()
    lab.wait_idle()
    page.reload()
    expect(page.get_by_text("attention.npy", exact=True)).to_be_visible()
    expect(picture).to_be_attached()
    lab.expect_nothing_wrong()
