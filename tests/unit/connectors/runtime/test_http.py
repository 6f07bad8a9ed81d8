"""The way over real httpx against real sockets on loopback."""

import asyncio
import gzip
import logging
import sys
import traceback
import tracemalloc
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.credential import StaticCredential
from connectors.errors import (
    ConfigurationError,
    SourceContractError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.runtime.auth import StaticAuthorizer
from connectors.runtime.http import HttpSender, open_client
from connectors.wire import Call, Pairs

SECOND = timedelta(seconds=5)
SECRET = "canary-secret"
SIGNATURE: Pairs = (("authorization", f"Bearer {SECRET}"),)
CALL = Call(
    "GET", "/things/a%2Fb", nodes=(), query=(("q", "é:/?#{} '"), ("q", "2")), headers=(("x-region", "US"),)
)


def make_sender(client: httpx.AsyncClient, url: str, clock: Any, **more: Any) -> HttpSender:
    """Make a sender to an upstream."""
    return HttpSender(client, base_url=url, clock=clock, **more)


def everything_said_by(error: BaseException) -> str:
    """Write an error down with all that hangs on to it, whatever `raise from` hides."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    told = [f"{link!r} {vars(link)!r} {getattr(link, 'request', '')!r}" for link in chain]
    assert not any(isinstance(link, httpx.HTTPError) for link in chain)
    return "\n".join([*told, *traceback.format_exception(error)])


async def test_a_call_goes_out_as_it_stands(upstreams: Any, client: Any, clock: Any) -> None:
    """Path and query arrive byte for byte behind the base URL's path, signed, with our defaults."""
    there = await upstreams.say(upstreams.reply(200, b"{}"))
    await make_sender(client, f"{there.url}/base/v2/", clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    (seen,) = there.seen
    assert (seen.method, seen.target) == ("GET", f"/base/v2{CALL.target}")
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert seen.headers["x-region"] == "US"
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["accept-encoding"] == "gzip, deflate"
    assert seen.headers["user-agent"].startswith("relgraph/")


async def test_a_body_is_posted(upstreams: Any, client: Any, clock: Any) -> None:
    """A call's body goes out unchanged, with its own content type."""
    there = await upstreams.say(upstreams.reply(200))
    call = Call("POST", "/x:y", nodes=(), body=b'{"a":1}', headers=(("content-type", "application/json"),))
    await make_sender(client, there.url, clock).send(call, signature=SIGNATURE, timeout=SECOND)
    assert there.seen[0].body == b'{"a":1}'
    assert there.seen[0].headers["content-type"] == "application/json"


async def test_a_reply_is_plain_values(upstreams: Any, client: Any, clock: Any) -> None:
    """Names are lower case, a repeated header is one, the body is decompressed, the time is the clock's."""
    raw = upstreams.reply(
        404, gzip.compress(b"gone"), content_encoding="gzip", X_Error_ID="e1", Vary="a", vary="b"
    )
    there = await upstreams.say(raw)
    reply = await make_sender(client, there.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    assert (reply.status, reply.body, reply.received_at) == (404, b"gone", clock.now())
    assert (reply.headers["x-error-id"], reply.headers["vary"]) == ("e1", "a, b")


async def test_a_redirect_is_a_reply(upstreams: Any, client: Any, clock: Any) -> None:
    """Nobody is followed anywhere: the credential goes only to the configured host."""
    elsewhere = await upstreams.say(upstreams.reply(200))
    there = await upstreams.say(upstreams.reply(302, location=elsewhere.url))
    reply = await make_sender(client, there.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    assert (reply.status, elsewhere.seen) == (302, [])


async def test_cookies_are_not_kept(upstreams: Any, client: Any, clock: Any) -> None:
    """What one call was given to remember is not sent with the next, which may be another caller's."""
    there = await upstreams.say(upstreams.reply(200, set_cookie="session=1; Path=/"))
    sender = make_sender(client, there.url, clock)
    await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
    await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
    assert "cookie" not in there.seen[1].headers
    assert there.connections == 1


async def test_a_bomb_is_a_broken_contract(upstreams: Any, client: Any, clock: Any) -> None:
    """A body that inflates past the cap is refused in little memory, and its connection closed."""
    bomb = gzip.compress(bytes(60 * 1024 * 1024), 9)
    # Its last byte is still to come: a reply that is all in leaves its connection as good as new.
    there = await upstreams.say(upstreams.reply(200, bomb, content_encoding="gzip")[:-1])
    bombs = make_sender(client, there.url, clock, max_body_bytes=1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(SourceContractError, match="larger than 1048576 bytes"):
            await bombs.send(CALL, signature=SIGNATURE, timeout=SECOND)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()
    await asyncio.wait_for(there.closed.wait(), 2)


async def test_an_endless_body_is_cut_off(upstreams: Any, client: Any, clock: Any) -> None:
    """A stream without end is read up to the cap and the connection closed."""

    async def endless(seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    there = await upstreams.start(endless)
    with pytest.raises(SourceContractError, match="larger"):
        await make_sender(client, there.url, clock, max_body_bytes=300_000).send(
            CALL, signature=SIGNATURE, timeout=SECOND
        )
    await asyncio.wait_for(there.closed.wait(), 2)


async def test_an_error_reply_with_an_unreadable_body_keeps_its_status(
    upstreams: Any, client: Any, clock: Any
) -> None:
    """A 503 whose body is damaged is still a 503, with its headers."""
    there = await upstreams.say(upstreams.reply(503, b"damaged", content_encoding="gzip", retry_after="7"))
    reply = await make_sender(client, there.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    assert (reply.status, reply.body, reply.retry_after) == (503, b"", timedelta(seconds=7))


@pytest.mark.parametrize("drip", ["head", "body"])
async def test_a_slow_drip_ends_at_the_timeout(upstreams: Any, client: Any, clock: Any, drip: str) -> None:
    """A byte now and then does not keep a call alive, and the connection is closed."""

    async def slowly(seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\n" + (b"x-slow: " if drip == "head" else b"content-length: 900\r\n\r\n")
        )
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.02)

    there = await upstreams.start(slowly)
    call = Call("GET", "/", nodes=(), headers=(("x-watch", "1"),))
    with pytest.raises(SourceTimeoutError, match=r"no reply within 0\.5 s") as caught:
        await make_sender(client, there.url, clock).send(
            call, signature=SIGNATURE, timeout=timedelta(seconds=0.5)
        )
    assert SECRET not in everything_said_by(caught.value)
    await asyncio.wait_for(there.closed.wait(), 2)


async def test_without_time_nothing_is_sent(upstreams: Any, client: Any, clock: Any) -> None:
    """A timeout of nothing is over before it began."""
    there = await upstreams.say(upstreams.reply(200))
    with pytest.raises(SourceTimeoutError):
        await make_sender(client, there.url, clock).send(
            CALL, signature=SIGNATURE, timeout=timedelta(seconds=-1)
        )
    assert there.connections == 0


async def test_cancelling_closes_the_connection(upstreams: Any, client: Any, clock: Any) -> None:
    """A caller who gives up leaves no connection behind, and the client goes on working."""
    arrived = asyncio.Event()

    async def silent(seen: Any, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.sleep(60)

    there = await upstreams.start(silent)
    call = Call("GET", "/", nodes=(), headers=(("x-watch", "1"),))
    sending = asyncio.create_task(
        make_sender(client, there.url, clock).send(call, signature=SIGNATURE, timeout=SECOND)
    )
    await asyncio.wait_for(arrived.wait(), 2)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await asyncio.wait_for(there.closed.wait(), 2)
    other = await upstreams.say(upstreams.reply(200))
    assert (
        await make_sender(client, other.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    ).status == 200


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not proper HTTP"),
        (b"220 mail.example ESMTP\r\n", "not proper HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "not proper HTTP, or is cut short"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "not proper HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000, "not proper HTTP"),
    ],
)
async def test_what_is_no_reply_is_unavailable(
    upstreams: Any, client: Any, clock: Any, raw: bytes, words: str
) -> None:
    """A connection that breaks or speaks something else has its word, without URL and secret."""

    async def badly(seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    there = await upstreams.start(badly)
    with pytest.raises(SourceUnavailableError, match=words) as caught:
        await make_sender(client, there.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    said = everything_said_by(caught.value)
    assert SECRET not in said
    assert "127.0.0.1" not in str(caught.value)


async def test_a_closed_port_is_unavailable(upstreams: Any, client: Any, clock: Any) -> None:
    """A host that refuses is told apart from one that breaks off; neither URL nor secret is told."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    with pytest.raises(SourceUnavailableError, match="no connection could be made") as caught:
        await make_sender(client, f"http://127.0.0.1:{port}", clock).send(
            CALL, signature=SIGNATURE, timeout=SECOND
        )
    assert SECRET not in everything_said_by(caught.value)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", "/a\r\nb", nodes=()),
        Call("GET", "/a b", nodes=()),
        Call("GET", "/a/../b", nodes=()),
        Call("GET", "/a/%2E.", nodes=()),
        Call("GET", "/./b", nodes=()),
        Call("GET", "/é", nodes=()),
        Call("GET", "/", nodes=(), headers=(("x-groups", "a\r\nx-evil: 1"),)),
    ],
)
async def test_a_call_that_would_be_another_one_is_not_sent(
    upstreams: Any, client: Any, clock: Any, call: Call
) -> None:
    """Control characters and dot segments are refused before anything goes out."""
    there = await upstreams.say(upstreams.reply(200))
    with pytest.raises(SourceContractError):
        await make_sender(client, f"{there.url}/base", clock).send(call, signature=SIGNATURE, timeout=SECOND)
    assert there.seen == []


@pytest.mark.parametrize("path", ["/a/...", "/a..b", "/..a?x=/../y"])
async def test_dots_that_lead_nowhere_else_pass(upstreams: Any, client: Any, clock: Any, path: str) -> None:
    """Only whole segments of one or two dots in the path are special."""
    there = await upstreams.say(upstreams.reply(200))
    await make_sender(client, there.url, clock).send(
        Call("GET", path, nodes=()), signature=SIGNATURE, timeout=SECOND
    )
    assert there.seen[0].target == path


async def test_no_url_and_no_secret_is_logged(
    upstreams: Any, client: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither our own loggers nor the libraries' tell where a call went, who signed it or what came back."""
    there = await upstreams.say(upstreams.reply(200, b"{}", set_cookie="bad name=1"))
    caplog.set_level(logging.DEBUG)
    await make_sender(client, there.url, clock).send(CALL, signature=SIGNATURE, timeout=SECOND)
    told = [
        r.getMessage() for r in caplog.records if r.name.split(".")[0] in ("httpx", "aiohttp", "connectors")
    ]
    assert told == []


async def test_what_a_connection_has_swallowed_is_not_sent_again(
    upstreams: Any, client: Any, clock: Any
) -> None:
    """A call whose kept connection ends without a word has failed; to make it again is the retry's."""

    async def once(seen: Any, writer: asyncio.StreamWriter) -> None:
        if seen.target == "/last":
            writer.close()
        else:
            writer.write(upstreams.reply(200))

    there = await upstreams.start(once)
    sender = make_sender(client, there.url, clock)
    await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
    with pytest.raises(SourceUnavailableError, match="not proper HTTP, or is cut short"):
        await sender.send(Call("GET", "/last", nodes=()), signature=SIGNATURE, timeout=SECOND)
    assert (there.connections, [seen.target for seen in there.seen]) == (1, [CALL.target, "/last"])


async def test_so_many_connections_are_kept(upstreams: Any, clock: Any) -> None:
    """Of a burst's connections as many stay open as the source takes calls at once; more come and go."""
    released = asyncio.Event()

    async def together(seen: Any, writer: asyncio.StreamWriter) -> None:
        if len(there.seen) % 5 == 0:
            released.set()
        await released.wait()
        writer.write(upstreams.reply(200, b"{}"))

    there = await upstreams.start(together)
    opened = []
    async with open_client(concurrency=2) as client:
        sender = make_sender(client, there.url, clock)
        for _ in range(2):
            released.clear()
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(sender.send(CALL, signature=SIGNATURE, timeout=SECOND))
            opened.append(there.connections)
    assert opened == [5, 8]


async def test_calls_that_hang_are_in_nobodys_way(upstreams: Any, clock: Any) -> None:
    """However many calls of others hang, one more has a connection: the pace is the bound, no pool."""
    all_hang = asyncio.Event()

    async def hang(seen: Any, writer: asyncio.StreamWriter) -> None:
        if seen.target == "/hang":
            if len(there.seen) == 30:
                all_hang.set()
            await asyncio.Event().wait()
        writer.write(upstreams.reply(200))

    there = await upstreams.start(hang)
    async with open_client(concurrency=2) as client, asyncio.TaskGroup() as group:
        sender = make_sender(client, there.url, clock)
        hanging = [
            group.create_task(sender.send(Call("GET", "/hang", nodes=()), signature=(), timeout=SECOND))
            for _ in range(30)
        ]
        await asyncio.wait_for(all_hang.wait(), 5)
        reply = await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
        assert reply.status == 200
        for each in hanging:
            each.cancel()


def test_a_static_credential_that_cannot_be_sent_stops_the_start() -> None:
    """A key read with its line end is the operator's to mend, and is not quoted."""
    credential = StaticCredential("me", headers=(("api-key", "canary\n"),))
    with pytest.raises(ConfigurationError, match="api-key") as caught:
        StaticAuthorizer(credential)
    assert "canary" not in str(caught.value)


class Searched:
    """A finder that finds nothing, and notes what is looked for."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.names: list[str] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Note it."""
        self.names.append(name)


async def test_no_call_searches_for_packages(upstreams: Any, client: Any, clock: Any) -> None:
    """What is not installed is looked for once, and not along the whole path at each call."""
    there = await upstreams.say(upstreams.reply(200, b"{}"))
    sender = make_sender(client, there.url, clock)
    await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
    searched: Any = Searched()
    sys.meta_path.insert(0, searched)
    try:
        await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
    finally:
        sys.meta_path.remove(searched)
    assert searched.names == []


async def test_nothing_passes_a_door_that_is_shut(upstreams: Any, clock: Any) -> None:
    """What the door keeps here is neither a call nor a request of httpx's own that arrives."""
    there = await upstreams.say(upstreams.reply(200))
    shut = [True]

    def door() -> None:
        if shut[0]:
            raise SourceUnavailableError("shut")

    async with open_client(concurrency=1, door=door) as client:
        sender = make_sender(client, there.url, clock)
        with pytest.raises(SourceUnavailableError, match="shut"):
            await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)
        with pytest.raises(SourceUnavailableError, match="shut"):
            await client.post(f"{there.url}/token")
        assert there.seen == []
        shut[0] = False
        assert (await sender.send(CALL, signature=SIGNATURE, timeout=SECOND)).status == 200
