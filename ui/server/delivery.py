"""Hand a visitor's browser its scripts from memory, and the drawing library at once.

Streamlit reads each of its ~100 scripts from the disk, in many small steps, for every visitor; and
the browser would hear of the drawing library, the largest of all, when the first figure is mounted.
Here the files that never change under their address are read and compressed once, and the page
itself names what its figures will need, so that it is fetched beside Streamlit's own scripts.
"""

from __future__ import annotations

import asyncio
import gzip
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui import components

PLOTLY = f"/vendor/{version('plotly')}/plotly.min.js"
FOREVER = "public, max-age=31536000, immutable"

_COMPRESSIBLE = ("text/", "image/svg")  # fonts and other pictures are compressed already
_LEVEL = 4  # half the work of 6, for 4 % more bytes
# A comment that V8 reads: compile the whole script in the background while it arrives. Without it
# V8 skips over every function first and compiles most of them a moment later, on the page's thread.
_COMPILE_AT_ONCE = b"//# allFunctionsCalledOnLoad\n"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file whose address changes when it does."""

    path: Path
    media_type: str
    before: bytes = b""  # what is sent ahead of the file's own text

    @property
    def is_compressible(self) -> bool:
        """Whether compression makes it smaller."""
        return self.media_type.startswith(_COMPRESSIBLE)

    def read(self) -> bytes:
        """Return what is kept in memory: the file, compressed where that makes it smaller."""
        body = self.before + self.path.read_bytes()
        return gzip.compress(body, _LEVEL, mtime=0) if self.is_compressible else body


def assets() -> dict[str, Asset]:
    """Return what is answered from memory, by address: nothing else can be asked for."""
    plotly = _package("plotly") / "package_data" / "plotly.min.js"
    return {
        **dict(_of_streamlit(_package("streamlit") / "static")),
        **{
            address: Asset(path, "text/javascript")
            for address, path in components.ADDRESSES.items()
        },
        PLOTLY: Asset(plotly, "text/javascript", _COMPILE_AT_ONCE),
    }


def _package(name: str) -> Path:
    """Return a package's folder, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def _of_streamlit(folder: Path) -> Iterator[tuple[str, Asset]]:
    """Yield the files that carry their hash in their name; index.html and the icon do not."""
    for path in (folder / "static").rglob("*.*"):
        media_type = mimetypes.guess_type(path.name)[0]
        if media_type:
            yield f"/{path.relative_to(folder).as_posix()}", Asset(path, media_type)


def plotly_tag() -> str:
    """Return the element that loads the drawing library; figures_plot.js finds it by its id."""
    # An error that came before anyone listened leaves a mark, so that it is tried again.
    failed = 'onerror="this.dataset.failed = true"'
    return f'<script async id="plotly" fetchpriority="high" src="{PLOTLY}" {failed}></script>'


def preloads() -> str:
    """Return the elements that fetch the page's own scripts, which would come one by one."""
    tag = '<link rel="modulepreload" crossorigin fetchpriority="low" href="{}">\n'
    return "".join(tag.format(address) for address in components.ADDRESSES)


@cache
def print_style() -> str:
    """Return the element that makes of the page a clean one on paper."""
    return f"<style>{Path(__file__).with_name('print.css').read_text(encoding='utf-8')}</style>"


class Delivery:
    """Answer for what never changes, and let the page name what its figures need."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._assets = assets()
        self._kept: dict[Asset, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on to the app."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif asset := self._assets.get(scope["path"]):
            answer = _answer(asset, await self._body(asset), Headers(scope=scope))
            await answer(scope, receive, send)
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await self.app(_uncompressed(scope), receive, _Naming(send))
        else:
            await self.app(scope, receive, send)

    async def _body(self, asset: Asset) -> bytes:
        if asset not in self._kept:
            self._kept[asset] = await asyncio.to_thread(asset.read)
        return self._kept[asset]


def _uncompressed(scope: Scope) -> Scope:
    """Return a request that asks for a plain answer: a compressed one could not be added to."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}


def _answer(asset: Asset, body: bytes, asked: Headers) -> Response:
    headers = {"cache-control": FOREVER, "x-content-type-options": "nosniff"}
    if asset.is_compressible:
        headers["vary"] = "Accept-Encoding"
        if "gzip" in asked.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
    return Response(body, headers=headers, media_type=asset.media_type)


class _Naming:
    """Passes an answer on; where it is the page, with the elements put into its head."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None  # of the page, held back until its length is known
        self._page = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._page += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._page.replace(b"<head>", b"<head>" + plotly_tag().encode(), 1)
        body = body.replace(b"</head>", (preloads() + print_style()).encode() + b"</head>", 1)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(body))
        # They speak of Streamlit's file, which stays the same when ours change.
        for name in ("etag", "last-modified"):
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return bool(start["status"] == 200 and is_html and "content-encoding" not in headers)
