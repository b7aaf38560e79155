"""What never changes is answered from memory, and the page names what its figures need."""

import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from tests.coroutines import finished
from ui import components
from ui.server import delivery
from ui.server.delivery import Delivery

INDEX = Path(st.__file__).parent / "static" / "index.html"
STORED_AS = list(components.ADDRESSES)


async def _page(_request: object) -> Response:
    stale = {"etag": '"old"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    return HTMLResponse(INDEX.read_text(), headers=stale)


async def _missing(_request: object) -> Response:
    return HTMLResponse("<head></head>", 404)


async def _plain(_request: object) -> Response:
    return PlainTextResponse("<head></head>")


APP = Starlette(
    routes=[Route("/", _page), Route("/missing", _missing), Route("/plain", _plain)],
    middleware=[Middleware(GZipMiddleware)],  # as in Streamlit's own
)
PAGE = {"accept": "text/html,*/*;q=0.8", "accept_encoding": "gzip, br"}  # as a browser asks for one


@dataclass
class Answer:
    """What was sent."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask the delivery, before a small app, as a browser would."""
    answer = Answer()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = Headers(raw=list(message["headers"]))
        answer.body += message.get("body", b"")

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b""}
    finished(Delivery(APP)(scope, receive, send))
    return answer


def addresses(pattern: str) -> Iterable[str]:
    """The addresses that an element of the page names."""
    return re.findall(pattern, ask("/", **PAGE).body.decode())


@pytest.mark.parametrize("path", [*STORED_AS, delivery.PLOTLY])
def test_scripts_are_compressed_and_kept_for_good(path: str) -> None:
    answer = ask(path, accept_encoding="gzip, br")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert gzip.decompress(answer.body) == ask(path).body, "not the same without compression"


def test_each_script_is_the_file_s_own_text() -> None:
    for address, path in zip(STORED_AS, components.SCRIPTS, strict=True):
        assert ask(address).body == path.read_bytes()


def test_the_drawing_library_is_compiled_while_it_arrives() -> None:
    first, _, rest = ask(delivery.PLOTLY).body.partition(b"\n")
    assert first == b"//# allFunctionsCalledOnLoad", "V8 reads this comment in the first line only"
    assert rest == delivery.assets()[delivery.PLOTLY].path.read_bytes()


def test_every_script_and_style_that_streamlit_s_page_names_is_answered() -> None:
    named = re.findall(r'(?:href|src)="\.(/static/[^"]+)"', INDEX.read_text())
    assert len(named) > 50
    for address in named:
        answer = ask(address, accept_encoding="gzip")
        assert answer.status == 200, address
        assert "immutable" in answer.headers["cache-control"]
        is_font = address.endswith(".woff2")
        assert answer.headers.get("content-encoding") == (None if is_font else "gzip"), address


@pytest.mark.parametrize(
    "path",
    [
        "/static/../index.html",
        "/static/js/../../../config.py",
        "/static/js/no-such.js",
        f"{components.ROUTE}/ui/components/__init__.py",
        f"{components.ROUTE}/ui/components/../server/delivery.py",
        "/assets/000000000000/ui/components/figures.js",
        "/vendor/0.0.0/plotly.min.js",
    ],
)
def test_nothing_else_is_handed_out(path: str) -> None:
    assert ask(path).status == 404


def test_the_page_names_every_script_once_and_the_drawing_library_first() -> None:
    page = ask("/", **PAGE).body.decode()
    assert page.index('<script async id="plotly"') < page.index('<script type="module"')
    assert list(addresses(r'href="(/assets/[^"]+)"')) == STORED_AS
    assert list(addresses(r'src="(/vendor/[^"]+)"')) == [delivery.PLOTLY]
    assert page.count("</head>") == page.count("</body>") == 1


def test_a_page_kept_by_the_browser_is_never_taken_for_a_newer_one() -> None:
    answer = ask("/", **PAGE)
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


@pytest.mark.parametrize(("path", "method"), [("/missing", "GET"), ("/plain", "GET")])
def test_what_is_not_a_page_passes_unchanged(path: str, method: str) -> None:
    assert ask(path, method, **PAGE).body == b"<head></head>"


def test_only_reading_is_answered_from_memory() -> None:
    assert ask(STORED_AS[0], "POST").status == 404
