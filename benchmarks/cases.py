"""What is measured, one function per case."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from playwright.sync_api import Browser, Page

from attention_core import SIMPLE_SELF_ATTENTION
from benchmarks import servers
from benchmarks.browser import SETTLE_MS, first_picture, measured, visit, visit_lab
from benchmarks.report import Case, Series, Target, ratio
from benchmarks.servers import Server, Site
from ui.server.trainings import AT_ONCE

Samples = list[dict[str, float]]
FRAMES_MS = 34.0  # two frames at 60 Hz
SCRUB_SECONDS = 4.0
SESSIONS = 10
PAINTS = ("patch", "restyle")
DASH = ("Dash, Patch", "Dash, clientside restyle", "Dash, Patch, all cells")
SENT = (
    "Sent: all that came within half a second of the edit, the run that follows included; the "
    "largest. Dash draws the same overviews as the app; “all cells” sends the whole matrices."
)
TRACES = 600


def all_cases(browser: Browser, edits: int, starts: int) -> Iterator[Case]:
    """Measure one case after the other."""
    yield tracing()
    with ExitStack() as running:
        sites = [servers.ours(), *(servers.dash(paint=paint) for paint in PAINTS), servers.floor()]
        app, peer, other, bare = [running.enter_context(Server(site)) for site in sites]
        yield edit_small(browser, app, (peer, other), bare, edits)
        yield scrubbing(browser, app)
        yield hover(browser, app, "hover → linked cells lit, 6 tokens", 6, edits)
        yield edit_while_training(browser, app, edits)
        yield second_visitor(browser, app, peer, max(edits // 4, 1))
    for n_tokens, d, limit in ((64, 16, 0.8), (512, 64, 0.7)):
        with ExitStack() as running:
            size = {"table": "edits", "figures": "overview"}
            peers = [servers.dash(n_tokens, d, paint=paint, **size) for paint in PAINTS]
            sites = [servers.ours(n_tokens, d), *peers]
            if n_tokens == 512:
                sites.append(servers.dash(n_tokens, d, table="edits", figures="full"))
            app, *others = [running.enter_context(Server(site)) for site in sites]
            yield edit_large(browser, app, others, edits, (n_tokens, d), limit)
            yield hover(browser, app, f"hover → linked cells lit, {n_tokens} tokens", 64, edits)
    yield memory(browser)
    yield fresh_server(browser, starts)


# ---- edits -------------------------------------------------------------------------------------


def edit_small(
    browser: Browser, app: Server, peers: Sequence[Server], bare: Server, edits: int
) -> Case:
    """Enter in a cell → all three figures repainted, and the least that Streamlit takes."""
    echo = visit(browser, bare.url)
    echo.wait_for_function("window.bench?.all('[data-testid=stMarkdown]').length > 0")
    pages = [(visit_lab(browser, server.url), "edit") for server in (app, *peers)]
    ours, *others, floor = interleaved([*pages, (echo, "echo")], edits, (6, 3))
    series = [total("ours", ours), *map(total, DASH, others), total("floor", floor)]
    return Case(
        "Enter → three figures repainted, 6 × 3",
        series,
        [ratio(series[0], fastest(series[1:-1]), 0.6), ratio(series[0], series[-1], 2.5)],
        [shares("ours", ours), *map(shares, DASH, others), shares("floor", floor)],
    )


def edit_large(
    browser: Browser,
    app: Server,
    peers: Sequence[Server],
    edits: int,
    size: tuple[int, int],
    limit: float,
) -> Case:
    """The same with a longer sentence; and what one edit sends to the browser."""
    pages = [(visit_lab(browser, server.url), "edit") for server in (app, *peers)]
    rows_shown = min(size[0], max(16, 1024 // size[1]))
    ours, *others = interleaved(pages, edits, (rows_shown, size[1]))
    series = [total("ours", ours), *map(total, DASH, others)]
    sent = Series("ours, sent to the browser", [one["received"] / 1e6 for one in ours], "MB")
    return Case(
        f"Enter → three figures repainted, {size[0]} × {size[1]}",
        [*series, sent],
        [
            ratio(series[0], fastest(series[1:]), limit),
            Target(max(sent.samples), 1, unit=" MB per edit"),
        ],
        [shares("ours", ours), *map(shares, DASH, others), SENT],
    )


def edit_while_training(browser: Browser, app: Server, edits: int) -> Case:
    """The same edit while others train as many models as the server lets, and while nobody does."""
    page = visit_lab(browser, app.url)
    others = [visit(browser, app.url + "train_it_yourself") for _ in range(AT_ONCE)]
    rounds: list[Samples] = []
    for turn in range(4):
        is_busy = turn % 2 == 1
        for other in others if is_busy else ():
            click(other, "Start training", "step [1-9]")
        first = turn * (edits // 2 + 2)
        rounds += interleaved([(page, "edit")], edits // 2, (6, 3), first=first, is_last=False)
        for other in others if is_busy else ():
            click(other, "Reset", "Not started")
    for one in (page, *others):
        one.context.close()
    idle, busy = total("idle", rounds[0] + rounds[2]), total("training", rounds[1] + rounds[3])
    title = f"Enter → three figures repainted, 6 × 3, while others train (models: {AT_ONCE})"
    return Case(title, [idle, busy], [ratio(busy, idle, 2)])


def click(page: Page, button: str, then: str) -> None:
    """Click a button of a page and wait for a text, as a pattern."""
    page.bring_to_front()
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name=button).click()
    main.get_by_text(re.compile(then)).first.wait_for()


def fastest(peers: Sequence[Series]) -> Series:
    """Return the peer that is hardest to beat."""
    return min(peers, key=lambda series: series.middle)


def interleaved(
    pages: Sequence[tuple[Page, str]],
    edits: int,
    shape: tuple[int, int],
    *,
    first: int = 0,
    is_last: bool = True,
) -> list[Samples]:
    """Make edit after edit, each on every page in turn; the first two are not counted.

    ``first`` says how many edits the pages have had. They are closed if these are their last ones.
    """
    samples: list[Samples] = [[] for _ in pages]
    for turn in range(first, first + edits + 2):
        # Three decimals, the last one 5: never what the cell has already. In a long sentence the
        # numbers grow, so that an overview, which shows the largest alone, changes too.
        whole = 10 * turn + 10 if shape[0] * shape[1] > 1000 else 0
        text = f"{whole}.{5 + turn * 37 % 90:02d}5"
        for own, (page, clock) in zip(samples, pages, strict=True):
            at: list[Any] = [turn % shape[0] * shape[1], text] if clock == "edit" else [text]
            page.bring_to_front()
            own.append(measured(page, clock, *at))
            page.wait_for_timeout(SETTLE_MS)
            own[-1]["received"] = page.evaluate("bench.received()")
    for page, _ in pages if is_last else ():
        page.context.close()
    return [own[2:] for own in samples]


def total(name: str, samples: Samples) -> Series:
    """Return the whole times."""
    return Series(name, [sample["total"] for sample in samples])


def shares(name: str, samples: Samples) -> str:
    """Say where the time went."""
    before, server, after = (
        median(sample[part] for sample in samples) for part in ("before", "server", "after")
    )
    return (
        f"{name}: {before:.0f} ms until the request left, {server:.0f} ms until the last answer "
        f"(server and network), {after:.0f} ms from there to the frame (medians)."
    )


# ---- in the browser ----------------------------------------------------------------------------


def scrubbing(browser: Browser, app: Server) -> Case:
    """Drag a number for some seconds: how many updates are painted, does the last value land."""
    page = visit_lab(browser, app.url)
    cell = page.locator("table input").first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("bench.watch()")
    end, travel = time.monotonic() + SCRUB_SECONDS, 0
    while time.monotonic() < end:
        travel += 1
        page.mouse.move(x + (travel % 120), y)
    page.mouse.up()
    page.wait_for_timeout(4 * SETTLE_MS)
    page.evaluate("bench.log.until = 0")
    log = page.evaluate("bench.log")
    row = [
        float(v) for v in page.evaluate("bench.inputs().slice(0, 3).map(i => i.title || i.value)")
    ]
    shown = float(page.evaluate("bench.all('[data-figure=scores] svg.cells text')[0].textContent"))
    landed = abs(sum(v * v for v in row) - shown) < 1e-3
    page.context.close()
    return _scrubbed(log, landed)


def _scrubbed(log: dict[str, Any], landed: bool) -> Case:
    """Return the case, from when updates were painted and when the pointer was released."""
    during = [paint for paint in log["paints"] if paint <= log["released"]]
    after = [paint for paint in log["paints"] if paint > log["released"]]
    rate = (len(during) - 1) / (during[-1] - during[0]) * 1000 if len(during) > 1 else 0.0
    gaps = [b - a for a, b in pairwise(during)]
    delay = f"{after[-1] - log['released']:.0f} ms" if after else "before"
    said = "is" if landed else "is NOT"
    return Case(
        "scrubbing, 6 × 3: from one update to the next",
        [Series("ours", gaps or [0.0])],
        [Target(rate, 10, "≥", unit=" per second")],
        [f"{len(after)} updates painted after the release, the last after {delay}; the last value "
         f"{said} on screen."],
    )  # fmt: skip


def hover(browser: Browser, app: Server, title: str, n_tokens: int, moves: int) -> Case:
    """Point at cells: when are those that belong to them lit, and is anything sent."""
    page = visit_lab(browser, app.url)
    sent: list[object] = []
    page.on("request", lambda request: sent.append(request))
    page.evaluate("bench.forgetWire()")
    samples = []
    for turn in range(moves):
        cell = (turn * 7 % n_tokens, turn * 5 % n_tokens)
        samples.append(measured(page, "hover", "weights", *cell))
        page.wait_for_timeout(30)
    frames = sum(1 for sample in samples if sample["sent"])
    unlit = sum(1 for sample in samples[1:] if not sample["isLit"])
    page.context.close()
    series = total("ours", samples)
    note = f"{frames} frames and {len(sent)} requests sent, {unlit} of {moves} moves lit nothing."
    return Case(title, [series], [Target(series.middle, FRAMES_MS, unit=" ms")], [note])


# ---- visitors ----------------------------------------------------------------------------------


def second_visitor(browser: Browser, app: Server, peer: Server, visits: int) -> Case:
    """Open a page of a warm server with an empty cache."""
    times: list[list[float]] = [[], []]
    for _ in range(visits):
        for own, server in zip(times, (app, peer), strict=True):
            page = visit(browser, server.url)
            own.append(first_picture(page)[1])
            page.context.close()
    series = [Series(name, own) for name, own in zip(("ours", "Dash"), times, strict=True)]
    title = "another visitor, warm server → first heatmap"
    return Case(title, series, [ratio(series[0], series[1], 1.2)])


def fresh_server(browser: Browser, starts: int) -> Case:
    """Start a server; its first visitor comes as soon as the port answers."""
    sites: list[Callable[[], Site]] = [servers.ours, servers.dash]
    times: list[list[float]] = [[], []]
    for _ in range(starts):
        for own, site in zip(times, sites, strict=True):
            with Server(site()) as server:
                page = visit(browser, server.url)
                own.append(first_picture(page)[0] - server.started_ms)
                page.context.close()
    series = [Series(name, own) for name, own in zip(("ours", "Dash"), times, strict=True)]
    title = "fresh server process → first heatmap"
    return Case(title, series, [ratio(series[0], series[1], 1.2)])


def memory(browser: Browser) -> Case:
    """What each open session adds to the server's memory."""
    with Server(servers.ours()) as server:
        first = visit_lab(browser, server.url)
        before = server.memory_mb
        pages = [visit_lab(browser, server.url) for _ in range(SESSIONS)]
        added = (server.memory_mb - before) / SESSIONS
        for page in (first, *pages):
            page.context.close()
    title = "server memory added per open session, 6 tokens"
    note = f"the server holds {before:.0f} MB with one session open; {SESSIONS} more were opened."
    return Case(title, [Series("ours", [added], "MB")], [Target(added, 3, unit=" MB")], [note])


# ---- the core ----------------------------------------------------------------------------------


def tracing() -> Case:
    """The core with every step kept, against the same maths written straight in torch."""
    torch.set_num_threads(1)  # as the app does
    inputs = torch.rand(512, 64, generator=torch.Generator().manual_seed(1))

    def straight() -> object:
        scores = inputs @ inputs.T
        weights = torch.softmax(scores, dim=-1)
        return scores, weights, weights @ inputs

    runs: tuple[Callable[[], object], ...] = (
        lambda: SIMPLE_SELF_ATTENTION.run(inputs=inputs),
        straight,
    )
    times: list[list[float]] = [[], []]
    for turn in range(TRACES + 20):
        for own, run in zip(times, runs, strict=True):
            start = time.perf_counter()
            run()
            if turn >= 20:
                own.append((time.perf_counter() - start) * 1000)
    series = [Series(name, own) for name, own in zip(("core", "torch"), times, strict=True)]
    title = "tracing in the core, n = 512, d = 64"
    return Case(title, series, [ratio(series[0], series[1], 1.2)])
