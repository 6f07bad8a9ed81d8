"""One server as a URL names it: the way there, and what is said first."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar, cast

from redis.asyncio.connection import SSLConnection, parse_url

from connectors.errors import ConfigurationError
from service.settings.store_url import check_store_url

P = TypeVar("P", bound=asyncio.Protocol)
Command = tuple[str | bytes | int, ...]

_PORT = 6379
# A way on which nothing was said for half a minute is tried: firewalls forget silent ones. Not every
# platform lets these be said. https://man7.org/linux/man-pages/man7/tcp.7.html
_KEPT_ALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where a server is: at a socket's `path`, or at a host's port, there `secured` by TLS or not.

    What it is greeted by is who asks, and for which database.
    """

    path: str | None
    host: str
    port: int
    secured: bool
    greeting: tuple[Command, ...] = field(repr=False)

    @property
    def place(self) -> str:
        """Say where it is; no credential stands there."""
        return f"{self.host}:{self.port}" if self.path is None else self.path

    async def connect(self, make: Callable[[], P]) -> P:
        """Connect a protocol that `make` gives, and give it; an OSError, mostly, when that fails."""
        loop = asyncio.get_running_loop()
        if self.path is not None:
            _, protocol = await loop.create_unix_connection(make, self.path)
            return protocol
        # What the machine trusts, and only for the name in the URL.
        tls = ssl.create_default_context() if self.secured else None
        transport, protocol = await loop.create_connection(make, self.host, self.port, ssl=tls)
        _keep_alive(transport.get_extra_info("socket"))
        return protocol


def read_server(url: str) -> RedisServer:
    """Read the URL of one server; ConfigurationError, which repeats none of it, when that cannot be done."""
    try:
        told = parse_url(check_store_url(url))
    except ValueError as error:
        raise ConfigurationError(
            [f"redis_url: not a URL that can be read ({type(error).__name__})"]
        ) from None
    return RedisServer(
        path=told.get("path"),
        host=told.get("host", "localhost"),
        port=told.get("port", _PORT),
        secured=told.get("connection_class") is SSLConnection,
        greeting=_greeting(told.get("username"), told.get("password"), told.get("db", 0)),
    )


def _greeting(username: str | None, password: str | None, database: int) -> tuple[Command, ...]:
    told: list[Command] = []
    if username or password:
        told.append(("AUTH", username, password or "") if username else ("AUTH", password or ""))
    if database:
        told.append(("SELECT", database))
    # A kernel connects to a server that hangs: only its word shows that it does not.
    return (*told, ("PING",))


def _keep_alive(way: object) -> None:
    sock = cast("socket.socket", way)
    # One that is gone by now takes none, and is told of as lost.
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEPT_ALIVE:
            if (option := getattr(socket, name, None)) is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
