"""Refuse other sites' WebSockets before Streamlit asks outside whether they are its own."""

from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


class OwnOriginOnly:
    """Close a WebSocket whose page comes from another site.

    Streamlit refuses it as well, but only after it has looked up the machine's external address
    at an outside host, and nothing here may leave the machine.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything through but a foreign WebSocket."""
        if scope["type"] == "websocket" and _is_foreign(Headers(scope=scope)):
            await WebSocket(scope, receive, send).close()
        else:
            await self.app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another host opened this connection."""
    if "origin" not in headers:
        return False  # not a browser
    origin = urlsplit(headers["origin"])
    if origin.netloc and origin.netloc == headers.get("host"):
        return False
    own = {"localhost", "127.0.0.1", st.get_option("browser.serverAddress")}
    own |= {urlsplit(allowed).hostname for allowed in st.get_option("server.corsAllowedOrigins")}
    return origin.hostname not in own
