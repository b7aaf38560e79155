"""The real app in a process of its own, as `make run` starts it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

PROJECT = Path(__file__).parents[2]
START_SECONDS = 90.0
STOP_SECONDS = 10.0


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """The app on one port; it can be stopped and started again under the same address."""

    def __init__(
        self,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self._environment = {**os.environ, **(environment or {})}
        self._prefix = prefix
        self._log = tempfile.NamedTemporaryFile("w+b", prefix="attention-lab-", suffix=".log")  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process of the running app, or of the command it runs under."""
        assert self._process is not None, "the app is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything the server has printed since it was made, restarts included."""
        return Path(self._log.name).read_text(errors="replace")

    def start(self) -> "Server":
        """Start the app and return once it is healthy."""
        command = [*self._prefix, sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_until_healthy(self._process)
        return self

    def stop(self) -> None:
        """Stop the app as a process manager would, by force where it does not follow."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait(STOP_SECONDS)
        self._process = None

    def restart(self) -> None:
        """Stop the app and start it again on the same port, with an empty memory."""
        self.stop()
        self.start()

    def _signal(self, number: signal.Signals) -> None:
        """Reach the whole group, since the app may run under another command."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise RuntimeError(f"The app ended with code {process.returncode}:\n{self.log}")
            if self.is_healthy():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"The app was not healthy after {START_SECONDS:.0f} s:\n{self.log}")

    def is_healthy(self) -> bool:
        """Whether the app answers its health check now."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
