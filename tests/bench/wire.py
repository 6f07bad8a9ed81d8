"""A plain HTTP/1.1 client on one kept connection, which says when a reply began and when it ended."""

import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from time import perf_counter
from urllib.parse import quote, urlsplit

_PATIENCE = 90


def target_of(node: str, **parameters: object) -> bytes:
    """Give the target of a question about a node."""
    pairs = "".join(f"&{name}={quote(str(value))}" for name, value in parameters.items())
    return f"/graph?node={quote(node, safe='')}{pairs}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply, read whole: how many seconds after it was asked for it began, and ended."""

    status: int
    body: bytes
    began: float
    seconds: float


class Connection:
    """One kept connection, asked one thing at a time."""

    def __init__(self, url: str) -> None:
        """Connect."""
        parts = urlsplit(url)
        self._host = parts.netloc.encode()
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, target: bytes) -> None:
        """Ask; the reply is the caller's to read."""
        self.socket.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, self._host))

    def ask(self, target: bytes) -> Heard:
        """Ask and read the reply; an error when it is none."""
        began = perf_counter()
        self.send(target)
        with HTTPResponse(self.socket, method="GET") as reply:
            reply.begin()
            first = perf_counter()
            body = reply.read()
            return Heard(reply.status, body, first - began, perf_counter() - began)

    def close(self) -> None:
        """Close it."""
        self.socket.close()
