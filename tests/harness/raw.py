"""Sends requests byte by byte: what a client library would mend or refuse reaches the service as it is."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx

_PATIENCE = 30


def send_raw(
    url: str, target: bytes, *, method: bytes = b"GET", headers: Iterable[tuple[bytes, bytes]] = ()
) -> httpx.Response:
    """Send one request whose target and headers are exactly these, and read the answer."""
    parts = urlsplit(url)
    lines = [b"%s %s HTTP/1.1" % (method, target), *(b"%s: %s" % header for header in headers)]
    if not any(name.lower() == b"host" for name, _ in headers):
        lines.append(b"Host: %s" % parts.netloc.encode())
    with socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        with HTTPResponse(connection, method=method.decode()) as reply:
            reply.begin()
            body = reply.read()
            return httpx.Response(reply.status, headers=reply.getheaders(), content=body)


class RawConnection:
    """A connection that is kept for many such requests, and opened anew when the other side closed it."""

    def __init__(self, url: str) -> None:
        """Take note of where; nothing is opened yet."""
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or 80)
        self._host = parts.netloc.encode()
        self._socket: socket.socket | None = None

    def send(self, target: bytes) -> httpx.Response:
        """Send a GET of exactly this target and read the answer."""
        if self._socket is not None:
            # What was kept may be closed by now; what is new may not.
            with suppress(ConnectionError):
                return self._send(self._socket, target)
            self.close()
        self._socket = socket.create_connection(self._place, timeout=_PATIENCE)
        return self._send(self._socket, target)

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, connection: socket.socket, target: bytes) -> httpx.Response:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, self._host))
        with HTTPResponse(connection) as reply:
            reply.begin()
            body, closed = reply.read(), reply.will_close
            if closed:
                self.close()
            return httpx.Response(reply.status, headers=reply.getheaders(), content=body)
