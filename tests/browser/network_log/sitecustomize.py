"""Python imports this by itself when its folder is on PYTHONPATH: write down who is spoken to.

Every attempt of this process to look up a name, connect or send goes into the file that NETWORK_LOG
names, before it happens and whether or not there is a network.
"""

import os
import sys

EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def _listen(path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS:
            os.write(log, f"{event} {_target(event, arguments)}\n".encode())

    sys.addaudithook(hook)
    os.write(log, b"listening\n")


def _target(event: str, arguments: tuple[object, ...]) -> object:
    """The host or the path of a local socket: the address is the last but for name look-ups."""
    address = arguments[0] if event.startswith("socket.get") else arguments[-1]
    return address[0] if isinstance(address, tuple) else address


if "NETWORK_LOG" in os.environ:
    _listen(os.environ["NETWORK_LOG"])
