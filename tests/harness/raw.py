"""Sends requests byte by byte: what a client library would mend or refuse reaches the service as it is."""

import socket
from collections.abc import Iterable
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
