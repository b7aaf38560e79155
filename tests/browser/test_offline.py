"""Nothing leaves the machine: neither from the browser nor from the server."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.server import Server
from tests.browser.steps import open_page, page_links
from tests.browser.watch import Watch, is_outside

NETWORK_LOG = Path(__file__).parent / "network_log"
OWN_ADDRESSES = frozenset({"localhost", "127.0.0.1", "::1", "::", "0.0.0.0", "None"})


def spoken_to(log: Path) -> set[str]:
    """The hosts in a network log, which must have been kept at all."""
    lines = log.read_text().splitlines()
    assert "listening" in lines, "the server's network use was not recorded"
    return {line.split(" ", 1)[1] for line in lines if line != "listening"}


def outside_hosts(log: Path) -> set[str]:
    """Those of them that are not this machine; a path is a local socket."""
    own = OWN_ADDRESSES | {socket.gethostname()}
    return {host for host in spoken_to(log) if host not in own and not host.startswith("/")}


def recorded(log: Path) -> dict[str, str]:
    """The environment in which a Python process keeps a network log."""
    paths = [str(NETWORK_LOG), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "NETWORK_LOG": str(log)}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "network.log"


@pytest.fixture
def recorded_server(log: Path) -> Iterator[Server]:
    server = Server(environment=recorded(log)).start()
    yield server
    server.stop()


def test_no_page_makes_browser_or_server_leave_the_machine(
    recorded_server: Server, page: Page, watch: Watch, log: Path
) -> None:
    open_page(page, recorded_server.url)
    for link in page_links(page):
        open_page(page, link.url)
    assert any("/_stcore/" in url for url in watch.requests), "no request was recorded"
    assert watch.outside == []
    assert outside_hosts(log) == set()


def test_a_foreign_site_s_connection_makes_the_server_ask_nobody(
    recorded_server: Server, log: Path
) -> None:
    request = (
        "GET /_stcore/stream HTTP/1.1\r\n"
        f"Host: localhost:{recorded_server.port}\r\n"
        "Origin: http://foreign.invalid\r\n"
        "Connection: Upgrade\r\n"
        "Upgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", recorded_server.port), timeout=20) as connection:
        connection.sendall(request.encode())
        assert connection.recv(12) == b"HTTP/1.1 403"
    assert outside_hosts(log) == set()


def test_the_network_log_would_show_a_call_to_an_outside_host(log: Path) -> None:
    call = (
        "import socket\n"
        "for attempt in (lambda: socket.getaddrinfo('collector.invalid', 443),\n"
        "                lambda: socket.socket().connect_ex(('203.0.113.7', 9)),\n"
        "                lambda: socket.socket(type=2).connect(('203.0.113.8', 9))):\n"
        "    try:\n"
        "        socket.setdefaulttimeout(0.1)\n"
        "        attempt()\n"
        "    except OSError:\n"
        "        pass\n"
    )
    subprocess.run(
        [sys.executable, "-c", call], env={**os.environ, **recorded(log)}, check=True, timeout=60
    )
    assert outside_hosts(log) == {"collector.invalid", "203.0.113.7", "203.0.113.8"}


def test_the_browser_s_calls_to_outside_hosts_would_be_seen(chromium: Browser) -> None:
    watch = Watch()
    context = chromium.new_context()
    watch.context(context)
    page = context.new_page()
    page.set_content("<script src='https://cdn.invalid/plotly.min.js'></script>")
    page.evaluate("() => fetch('https://collector.invalid/').catch(() => null)")
    context.close()
    assert watch.outside == [
        "https://cdn.invalid/plotly.min.js",
        "https://collector.invalid/",
    ]
    with pytest.raises(AssertionError, match=r"left the machine.*cdn\.invalid"):
        watch.complain()


@pytest.mark.parametrize(
    ("url", "outside"),
    [
        ("https://cdn.invalid/plotly.min.js", True),
        ("wss://example.invalid/stream", True),
        ("http://localhost:8501/", False),
        ("ws://127.0.0.1:8501/_stcore/stream", False),
        ("data:image/png;base64,AAAA", False),
        ("blob:http://localhost:8501/1", False),
    ],
)
def test_which_addresses_count_as_outside(url: str, outside: bool) -> None:
    assert is_outside(url) is outside
