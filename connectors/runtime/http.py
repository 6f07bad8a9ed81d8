"""The way to one upstream over httpx: one signed call, sent once."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from importlib.metadata import version
from typing import Protocol

import httpx

from connectors.errors import SourceContractError, SourceTimeoutError
from connectors.ports import Clock
from connectors.runtime.exchange import Incoming, receive
from connectors.runtime.header import unsendable
from connectors.wire import Call, Pairs, Reply

MAX_BODY_BYTES = 32 * 1024 * 1024
_KEEP_ALIVE_SECONDS = 30.0
# Seconds after which a source's connections are made possible, if no call has done so before.
_OPENED_AFTER = 0.25

_FIRST_ERROR = 400
# Shorter texts are words that an error may well hold by chance.
_SHORTEST_SECRET = 6
_BLANK = "*"

_TARGET = re.compile(r"/[\x21\x22\x24-\x7e]*", re.ASCII)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=[/?]|$)", re.ASCII | re.IGNORECASE)


def _always_open() -> None:
    """Keep nothing from leaving."""


def open_client(*, concurrency: int, door: Callable[[], None] = _always_open) -> "UpstreamClient":
    """Open the HTTP client of one source; the caller closes it.

    It opens as many connections as it is given calls, and keeps `concurrency` of them: the pace
    bounds the calls of each credential, and one credential's calls never wait for another's.
    Whatever leaves, a request for a token too, passes the `door`, which raises to keep it here.
    """
    # httpx logs every URL, and a URL holds what a caller asked about; aiohttp quotes cookies.
    for name, level in (("httpx", logging.WARNING), ("aiohttp", logging.ERROR)):
        logging.getLogger(name).setLevel(level)
    return UpstreamClient(_Transport(kept=concurrency, door=door))


class UpstreamClient(httpx.AsyncClient):
    """httpx's client, beside which calls have a shorter way to the same connections.

    It has no timeout of its own (every send brings one), follows no redirect (a credential goes
    only where it was meant to go), keeps no cookie (one caller's session is no other's) and heeds
    neither proxies nor .netrc from the environment.
    """

    def __init__(self, transport: "_Transport") -> None:
        """Take over the transport, which is closed with the client."""
        transport.open_soon()
        self._direct = transport
        self._usual: Pairs = (
            ("user-agent", f"relgraph/{version('relgraph')}"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
        )
        super().__init__(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            # The whole call is bounded, a slow drip included, in HttpSender.
            timeout=None,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers=dict(self._usual),
        )

    async def ask(self, method: str, url: str, *, headers: Pairs, body: bytes | None) -> Incoming:
        """Send once, `url` byte for byte, and give the reply; httpx.HTTPError when there is none.

        What httpx would do for a request beside that takes three times as long.
        """
        said = {name.lower() for name, _ in headers}
        usual = [pair for pair in self._usual if pair[0] not in said]
        return await self._direct.ask(method, url, headers=(*usual, *headers), body=body)


class _Carrier(Protocol):
    """What is opened late."""

    async def ask(self, method: str, url: str, *, headers: Pairs, body: bytes | None) -> Incoming:
        """Send once."""
        ...

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send what httpx has made of a call."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class _Transport(httpx.AsyncBaseTransport):
    """What carries the calls, imported and made behind the start, or by a call that comes sooner."""

    def __init__(self, *, kept: int, door: Callable[[], None]) -> None:
        self._kept = kept
        self._door = door
        self._opened: _Carrier | None = None
        self._opening: asyncio.Task[_Carrier] | None = None
        self._soon: asyncio.TimerHandle | None = None

    def open_soon(self) -> None:
        """Open it when the start is over: no start waits for it, and hardly a call."""
        self._soon = asyncio.get_running_loop().call_later(_OPENED_AFTER, self._begin)

    async def ask(self, method: str, url: str, *, headers: Pairs, body: bytes | None) -> Incoming:
        self._door()
        opened = self._opened or await self._come()
        return await opened.ask(method, url, headers=headers, body=body)

    async def send(self, request: httpx.Request) -> httpx.Response:
        self._door()
        opened = self._opened or await self._come()
        return await opened.send(request)

    # What httpx calls it.
    handle_async_request = send

    async def aclose(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
        if self._opening is not None:
            await (await self._opening).aclose()

    async def _come(self) -> _Carrier:
        try:
            # Whoever gives up on waiting for it leaves it to the others.
            self._opened = await asyncio.shield(self._begin())
        except Exception:
            # The next call tries again.
            self._opening = None
            raise
        return self._opened

    def _begin(self) -> "asyncio.Task[_Carrier]":
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return self._opening

    async def _open(self) -> _Carrier:
        # Both take a tenth of a second, which nobody else on the loop is to wait for.
        module = await asyncio.to_thread(import_module, "connectors.runtime.transport")
        tls = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
        opened: _Carrier = module.AiohttpTransport(
            kept=self._kept, keep_alive_seconds=_KEEP_ALIVE_SECONDS, tls=tls
        )
        return opened


class HttpSender:
    """Joins a call to its signature and the base URL, and sends it."""

    def __init__(
        self,
        client: UpstreamClient,
        *,
        base_url: str,
        clock: Clock,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """Send to `base_url`, whose path is kept."""
        self._client = client
        url = httpx.URL(base_url)
        self._origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        self._base_path = url.raw_path.decode("ascii").rstrip("/")
        self._clock = clock
        self._max_body_bytes = max_body_bytes

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Give the reply, whatever its status, redirects included.

        `signature` are the headers that prove who calls. `timeout` bounds the whole: the connection,
        the last byte of the body. SourceTimeoutError, SourceUnavailableError, or SourceContractError
        (a body too large or damaged, a call that cannot be sent).
        """
        seconds = timeout.total_seconds()
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    return await self._exchange(call, signature)
            except TimeoutError:
                pass  # raised below, where no context hangs on to what was being sent
        raise SourceTimeoutError(f"no reply within {max(seconds, 0.0):.3g} s")

    async def _exchange(self, call: Call, signature: Pairs) -> Reply:
        headers = (*call.headers, *signature)
        if (name := unsendable(headers)) is not None:
            raise SourceContractError(f"the header {name} holds what no header may hold", path="$")
        target = self._base_path + call.target
        # A server reads "/a/../b" as "/b": a name in a path could lead to another resource.
        if not _TARGET.fullmatch(target) or _DOT_SEGMENT.search(target.partition("?")[0]):
            raise SourceContractError("the call's path cannot be sent as it is", path="$")
        coming = self._client.ask(call.method, self._origin + target, headers=headers, body=call.body)
        reply = await receive(coming, clock=self._clock, max_bytes=self._max_body_bytes)
        return reply if reply.status < _FIRST_ERROR else _unsigned(reply, signature)


def _unsigned(reply: Reply, signature: Pairs) -> Reply:
    """Blot the credential out of an error that repeats it: an error's id ends up in an answer."""
    secrets = [word for _, value in signature for word in value.split() if len(word) >= _SHORTEST_SECRET]
    headers, body = dict(reply.headers), reply.body
    for secret in secrets:
        body = body.replace(secret.encode("ascii"), _BLANK.encode("ascii"))
        headers = {name: value.replace(secret, _BLANK) for name, value in headers.items()}
    return replace(reply, headers=headers, body=body)
