"""What a first visitor's browser asks for, and when."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.browser.lab_page import LabPage
from tests.browser.server import PROJECT, Server
from tests.browser.watch import Watch
from ui import components
from ui.server import delivery

NAMED = [delivery.PLOTLY, *components.ADDRESSES]


@pytest.mark.parametrize("path", ["/", "/one_query"])
def test_what_the_page_names_comes_once_and_before_the_page_runs(
    server: Server, page: Page, watch: Watch, path: str
) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    lab = LabPage(page).open(server.url + path)
    own = [answer for answer in answers if urlsplit(answer.url).path.startswith(("/assets", "/v"))]
    assert {answer.status for answer in own} == {200}
    assert Counter(urlsplit(answer.url).path for answer in own) == Counter(NAMED)
    paths = [urlsplit(url).path for url in watch.requests]
    run = paths.index("/_stcore/stream")
    assert max(paths.index(path) for path in NAMED) < run, "asked for only when it is missed"
    lab.expect_nothing_wrong()


def test_a_drawing_library_that_failed_with_the_page_is_asked_for_again(
    server: Server, page: Page, watch: Watch
) -> None:
    watch.expected.append("ERR_FAILED")
    turns: list[Route] = []

    def fail_once(route: Route) -> None:
        turns.append(route)
        route.abort() if len(turns) == 1 else route.fallback()

    page.route("**/plotly.min.js", fail_once)
    lab = LabPage(page).open(server.url)
    expect(page.get_by_text("The drawing library could not be loaded")).to_have_count(0)
    assert len(turns) == 2
    lab.expect_nothing_wrong()


def test_a_second_visit_asks_for_no_script_again(server: Server, page: Page) -> None:
    LabPage(page).open(server.url)
    page.wait_for_load_state("networkidle")
    page.reload()
    LabPage(page).wait_idle()
    sent = page.evaluate(
        "performance.getEntriesByType('resource').filter((e) => e.transferSize > 0 "
        "&& /[.](js|css|woff2)$/.test(new URL(e.name).pathname)).map((e) => e.name)"
    )
    assert sent == []


SLOW = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            time.sleep(SECONDS)

if "streamlit" in sys.orig_argv:
    sys.meta_path.insert(0, Slow())
"""
SLOW_SECONDS = 25


@pytest.fixture
def slow_server(tmp_path: Path) -> Iterator[Server]:
    """The app where the heaviest import takes much longer than everything else."""
    (tmp_path / "sitecustomize.py").write_text(SLOW.replace("SECONDS", str(SLOW_SECONDS)))
    paths = os.pathsep.join([str(tmp_path), str(PROJECT)])
    running = Server(environment={"PYTHONPATH": paths}).start()
    yield running
    running.stop()


def test_a_fresh_server_answers_while_it_still_warms_up(slow_server: Server, page: Page) -> None:
    start = time.monotonic()
    for address in ("/", *NAMED):
        with urlopen(slow_server.url + address, timeout=10) as answer:
            assert answer.status == 200
    assert time.monotonic() - start < SLOW_SECONDS / 2, "the answer waited for the imports"
    LabPage(page).open(slow_server.url).expect_nothing_wrong()
