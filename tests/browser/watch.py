"""What a page asked for and complained about while a test drove it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

OWN_HOSTS = frozenset({"localhost", "127.0.0.1"})
NETWORK_SCHEMES = frozenset({"http", "https", "ws", "wss", "ftp"})

# Opened at /page, Streamlit's browser part first tries whether it lives below /page, hears
# "404" twice and goes on: this is how it finds its own base path.
BASE_PATH_PROBE = re.compile(r"404 .*/[^/]+/_stcore/(health|host-config)\)$")


def is_outside(url: str) -> bool:
    """Whether asking for this address leaves the machine; data: and blob: do not."""
    parts = urlsplit(url)
    return parts.scheme in NETWORK_SCHEMES and parts.hostname not in OWN_HOSTS


@dataclass
class Watch:
    """The errors and requests of every page of one browser context.

    A test that provokes an error on purpose says so by adding a part of its text to `expected`.
    """

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def context(self, context: BrowserContext) -> None:
        """Follow the pages of the context, those still to come included."""
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    @property
    def outside(self) -> list[str]:
        """The addresses on other machines that were asked for."""
        return [url for url in self.requests if is_outside(url)]

    @property
    def unexpected(self) -> list[str]:
        """The errors that the test did not announce."""
        return [
            error
            for error in self.errors
            if not BASE_PATH_PROBE.search(error)
            and not any(part in error for part in self.expected)
        ]

    def complain(self) -> None:
        """Fail with everything that should not have happened."""
        assert not self.outside, f"requests left the machine: {self.outside}"
        assert not self.unexpected, "the browser reported errors:\n" + "\n".join(self.unexpected)
