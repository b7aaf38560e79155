"""Processes that serve a page: start, wait, memory, stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from benchmarks.sentences import sentence_of
from ui.lab.lab import Lab
from ui.lab.link import encode

PROJECT = Path(__file__).parents[1]
START_SECONDS = 90.0
POLL_SECONDS = 0.01


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Site:
    """A page to measure: how it is served, and where it is then."""

    name: str
    command: Callable[[int], list[str]]  # given a port
    path: str = "/"


def streamlit(script: str) -> Callable[[int], list[str]]:
    """Return the command that serves a Streamlit script."""
    return lambda port: ["-m", "streamlit", "run", script, "--server.port", str(port)]


def ours(n_tokens: int = 6, d: int = 3) -> Site:
    """Return the app, opened with a sentence of that size."""
    is_first = (n_tokens, d) == (6, 3)
    lab = "" if is_first else quote(encode(Lab(sentence=sentence_of(n_tokens), d=d)))
    return Site("ours", streamlit("app.py"), f"/?lab={lab}" if lab else "/")


def dash(n_tokens: int = 6, d: int = 3, **ways: str) -> Site:
    """Return the page in Dash; ``ways`` are its other options, see ``peers/dash_page.py``."""
    size = ["--tokens", str(n_tokens), "--width", str(d)]
    size += [part for name, way in ways.items() for part in (f"--{name}", way)]
    module = "benchmarks.peers.dash_page"
    return Site("Dash", lambda port: ["-m", module, "--port", str(port), *size])


def floor() -> Site:
    """Return the bare Streamlit page."""
    return Site("floor", streamlit("benchmarks/peers/floor.py"))


class Server:
    """A running page; ``with Server(site) as server``."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.port = free_port()
        self.url = f"http://localhost:{self.port}{site.path}"
        self.started_ms = time.time() * 1000
        self._process = subprocess.Popen(
            [sys.executable, *site.command(self.port)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        """Wait until the port answers."""
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"The server of {self.site.name} did not start.")
            time.sleep(POLL_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def memory_mb(self) -> float:
        """What the process holds in memory now, in MB (Linux)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def stop(self) -> None:
        """Stop the process and all it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
