"""Another site's WebSocket is closed before Streamlit sees it; everything else goes through."""

from typing import Any

import pytest
import streamlit as st

from tests.coroutines import finished
from ui.server.own_origin import OwnOriginOnly


def goes_through(kind: str, **headers: str) -> bool:
    """Return whether a request gets to the app behind; if not, it must have been closed."""
    seen: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    raw = [(name.encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": kind, "path": "/_stcore/stream", "headers": raw}
    finished(OwnOriginOnly(app)(scope, receive, send))
    assert bool(seen) is not (sent == ["websocket.close"])
    return bool(seen)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "lab.invalid"},  # not a browser
        {"host": "lab.invalid:8501", "origin": "https://lab.invalid:8501"},
        {"host": "127.0.0.1:8501", "origin": "http://localhost:8501"},
        {"host": "lab.invalid", "origin": "http://127.0.0.1:3000"},
    ],
    ids=str,
)
def test_a_page_of_its_own_connects(headers: dict[str, str]) -> None:
    assert goes_through("websocket", **headers)


@pytest.mark.parametrize("origin", ["http://foreign.invalid", "https://lab.invalid:1", "null", ""])
def test_a_page_of_another_site_does_not(origin: str) -> None:
    assert not goes_through("websocket", host="lab.invalid", origin=origin)


def test_a_page_is_served_to_anybody() -> None:
    assert goes_through("http", host="lab.invalid", origin="http://foreign.invalid")


def test_a_site_that_is_allowed_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "browser.serverAddress": "school.invalid",
        "server.corsAllowedOrigins": ["https://class.invalid:8443"],
    }
    monkeypatch.setattr(st, "get_option", options.__getitem__)
    assert goes_through("websocket", host="lab.invalid", origin="https://class.invalid")
    assert goes_through("websocket", host="lab.invalid", origin="https://school.invalid")
    assert not goes_through("websocket", host="lab.invalid", origin="http://foreign.invalid")
