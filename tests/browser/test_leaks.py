"""500 edits: the browser and the server hold no more after them than after the first hundreds."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.lab_page import LabPage, attention
from tests.browser.server import Server
from ui.lab.link import VERSION

WARM, EDITS = 250, 500  # the steps to undo level off at 200
HEAP_MB, NODES, SERVER_MB = 1.5, 50, 6.0  # what may be added between: 6 kB, no node, 24 kB an edit
LENGTHY = 120_000  # ms

# Types into a cell, presses Enter, waits until the server has taken the edit in; and so on.
EDIT = """async ([from, to]) => {
  const shadow = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(
    (element) => element.shadowRoot ? shadow(element.shadowRoot) : [])];
  const table = shadow(document).map((root) => root.querySelector?.("table")).find(Boolean);
  const root = table.closest(".root");
  const inputs = [...table.querySelectorAll("input")];
  const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  for (let turn = from; turn < to; turn += 1) {
    const input = inputs[(turn * 7) % inputs.length];
    input.focus();
    write.call(input, `0.${100 + turn}`);
    input.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
    input.dispatchEvent(new KeyboardEvent("keydown",
      { key: "Enter", bubbles: true, composed: true, cancelable: true }));
    do { await new Promise((done) => setTimeout(done, 10)); } while (Number(root.dataset.pending));
  }
}"""


def held(page: Page, devtools: CDPSession, server: Server) -> dict[str, float]:
    """What browser and server hold now, once the browser has thrown away what nobody needs."""
    page.wait_for_timeout(1000)
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    counters: dict[str, Any] = devtools.send("Memory.getDOMCounters")
    heap: dict[str, Any] = devtools.send("Runtime.getHeapUsage")
    status = Path(f"/proc/{server.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "heap": heap["usedSize"] / 2**20,
        "nodes": counters["nodes"],
        "listeners": counters["jsEventListeners"],
        "server": int(resident.split()[1]) / 1024,
    }


@pytest.fixture(scope="module")
def own_server() -> Any:
    """A process of its own, whose memory no other test moves."""
    running = Server().start()
    yield running
    running.stop()


def test_nothing_piles_up_over_500_edits(own_server: Server, page: Page) -> None:
    page.set_default_timeout(LENGTHY)
    lab = LabPage(page).open(own_server.url)
    lab.wait_idle()
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.enable")
    page.evaluate(EDIT, [0, WARM])
    before = held(page, devtools, own_server)
    page.evaluate(EDIT, [WARM, EDITS])
    after = held(page, devtools, own_server)
    added = {name: after[name] - before[name] for name in after}
    assert added["heap"] <= HEAP_MB, (before, after)
    assert added["nodes"] <= NODES, (before, after)
    assert added["listeners"] <= NODES, (before, after)
    assert added["server"] <= SERVER_MB, (before, after)
    # And after all of them the numbers are those of the table.
    rows = lab.rows()
    assert len({entry for row in rows for entry in row}) == 18
    lab.expect_pictures(rows)
    page.wait_for_function(f"location.search.includes('lab={VERSION}.')")
    assert attention(rows)["scores"].shape == (6, 6)
