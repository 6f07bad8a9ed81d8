"""The way to one upstream over httpx: one signed call, sent once."""

import asyncio
import logging
import re
import sys
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from importlib.util import find_spec

import httpx

from connectors.errors import SourceContractError, SourceTimeoutError
from connectors.ports import Clock
from connectors.runtime.exchange import exchange
from connectors.runtime.header import unsendable
from connectors.wire import Call, Pairs, Reply

MAX_BODY_BYTES = 32 * 1024 * 1024
_KEEP_ALIVE_SECONDS = 30.0

_FIRST_ERROR = 400
# Shorter texts are words that an error may well hold by chance.
_SHORTEST_SECRET = 6
_BLANK = "*"

_TARGET = re.compile(r"/[\x21\x22\x24-\x7e]*", re.ASCII)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=[/?]|$)", re.ASCII | re.IGNORECASE)


def open_client(*, concurrency: int) -> httpx.AsyncClient:
    """Open the HTTP client of one source; the caller closes it.

    It opens as many connections as it is given calls, and keeps `concurrency` of them: the pace
    bounds the calls of each credential, and one credential's calls never wait for another's.

    It has no timeout of its own (every send brings one), follows no redirect (a credential goes
    only where it was meant to go), keeps no cookie (one caller's session is no other's) and heeds
    neither proxies nor .netrc from the environment.
    """
    _note_what_is_missing()
    # httpx logs every URL, and a URL holds what a caller asked about; httpcore logs headers.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        http1=True,
        http2=False,
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113 - the whole call is bounded, a slow drip included, in HttpSender
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=concurrency,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        ),
        headers={
            "user-agent": f"relgraph/{version('relgraph')}",
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
        },
    )


class HttpSender:
    """Joins a call to its signature and the base URL, and sends it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        base_url: str,
        clock: Clock,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """Send to `base_url`, whose path is kept."""
        self._client = client
        self._url = httpx.URL(base_url)
        self._base_path = self._url.raw_path.decode("ascii").rstrip("/")
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
        request = self._build(call, signature)
        reply = await exchange(self._client, request, clock=self._clock, max_bytes=self._max_body_bytes)
        return reply if reply.status < _FIRST_ERROR else _unsigned(reply, signature)

    def _build(self, call: Call, signature: Pairs) -> httpx.Request:
        headers = (*call.headers, *signature)
        if (name := unsendable(headers)) is not None:
            raise SourceContractError(f"the header {name} holds what no header may hold", path="$")
        target = self._base_path + call.target
        # A server reads "/a/../b" as "/b": a name in a path could lead to another resource.
        if not _TARGET.fullmatch(target) or _DOT_SEGMENT.search(target.partition("?")[0]):
            raise SourceContractError("the call's path cannot be sent as it is", path="$")
        # httpx rewrites the URLs it is given; the target extension goes out as it stands.
        extensions = {"target": target.encode("ascii")}
        return self._client.build_request(
            call.method, self._url, headers=headers, content=call.body, extensions=extensions
        )


def _note_what_is_missing() -> None:
    """Have Python remember that a package is not there, which httpcore looks for at each call.

    Without it the whole path is searched several times a call: half of what a call costs.
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment] # None is the word for "not there"


def _unsigned(reply: Reply, signature: Pairs) -> Reply:
    """Blot the credential out of an error that repeats it: an error's id ends up in an answer."""
    secrets = [word for _, value in signature for word in value.split() if len(word) >= _SHORTEST_SECRET]
    headers, body = dict(reply.headers), reply.body
    for secret in secrets:
        body = body.replace(secret.encode("ascii"), _BLANK.encode("ascii"))
        headers = {name: value.replace(secret, _BLANK) for name, value in headers.items()}
    return replace(reply, headers=headers, body=body)
