"""Tests of compression: only for whoever takes it, and everything says that it depends on that."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from service.api.compression import LEAST_BYTES, Compression, accepts_gzip
from service.api.edge import Edge

App = Callable[[Scope, Receive, Send], Awaitable[None]]
LARGE = b'{"nodes": ["a"]}' * 20_000
TAG = {"ETag": 'W/"tag"', "Vary": "Accept"}


async def ask(app: App, accepted: str | None = "gzip", *, method: str = "GET") -> httpx.Response:
    """Send one request that takes these codings; its body comes back unpacked."""
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        client.headers.pop("accept-encoding")
        return await client.request(method, "/", headers=headers)


@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        ((), False),
        (("",), False),
        (("gzip",), True),
        (("GZip",), True),
        (("x-gzip",), True),
        (("*",), True),
        (("br, deflate", "gzip"), True),
        (("gzip, deflate, br, zstd",), True),
        (("gzip;q=0",), False),
        (("gzip;q=0.000, *",), False),
        (("*;q=0",), False),
        (("gzip ; q=0.5",), True),
        (("gzip;q=0.5, identity",), False),
        (("gzip;q=0.5, identity;q=0.5",), True),
        (("identity;q=0",), False),
        (("identity;q=0, *",), True),
        (("br",), False),
        (("notgzip",), False),
        (("gzip;q=2",), False),
        (("gzip;q=nan",), False),
        (("gzip;q=1.000",), True),
        (("\xff;;q", ",,,"), False),
    ],
)
def test_what_a_caller_takes(lines: Sequence[str], taken: bool) -> None:  # noqa: FBT001 - a table's column
    """Weights count, names fit as a whole, and nonsense is no wish."""
    assert accepts_gzip(lines) is taken


async def test_a_large_body_is_compressed() -> None:
    """Its ETag stays weak and the same, and its length is that of what is sent."""
    packed, plain = [
        await ask(Compression(Response(LARGE, headers=TAG, media_type="application/json")), accepted)
        for accepted in ("gzip", "identity")
    ]
    assert packed.content == plain.content == LARGE
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(LARGE) / 5
    assert packed.headers["etag"] == plain.headers["etag"] == 'W/"tag"'
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("accepted", [None, "gzip", "identity"])
@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        (b"x" * (LEAST_BYTES - 1), 200, TAG),
        (b"", 304, TAG),
        (LARGE, 200, TAG | {"Content-Encoding": "br"}),
        (LARGE, 200, TAG | {"Content-Type": "image/png"}),
    ],
    ids=["small", "not modified", "compressed already", "picture"],
)
async def test_what_is_left_alone_says_that_it_varies(
    body: bytes, status: int, headers: dict[str, str], accepted: str | None
) -> None:
    """A cache that knows one form only would give it to everybody."""
    response = Response(body, status, headers)
    length = response.headers.get("content-length")
    answer = await ask(Compression(response), accepted, method="HEAD")
    assert answer.headers.get("content-encoding") in (None, "br")
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert answer.headers.get("content-length") == length


async def test_vary_names_nothing_twice() -> None:
    """On one line, since some caches read no second one."""
    app = Compression(PlainTextResponse("x", headers={"Vary": "Accept-Encoding, Origin"}))
    assert (await ask(app)).headers.get_list("vary") == ["Accept-Encoding, Origin"]


async def test_the_same_body_is_packed_the_same() -> None:
    """No time and no name stands in it."""
    sent = [await collect(Response(LARGE, media_type="application/json")) for _ in range(2)]
    assert sent[0][1]["body"] == sent[1][1]["body"]
    assert gzip.decompress(sent[0][1]["body"]) == LARGE


async def test_a_stream_of_lines_is_not_held_back() -> None:
    """Each line leaves as it is, before the next one is there."""
    first_left = asyncio.Event()

    async def lines() -> object:
        yield b'{"event": "meta"}\n' * 100
        await asyncio.wait_for(first_left.wait(), 5)
        yield b'{"event": "done"}\n'

    stream = StreamingResponse(lines(), media_type="application/x-ndjson")  # type: ignore[arg-type]
    sent = await collect(stream, on_body=first_left.set)
    assert [message["body"] for message in sent[1:3]] == [
        b'{"event": "meta"}\n' * 100,
        b'{"event": "done"}\n',
    ]
    assert (b"vary", b"Accept-Encoding") in sent[0]["headers"]
    assert "content-encoding" not in dict(sent[0]["headers"])


async def test_any_other_stream_is_flushed_piece_by_piece() -> None:
    """What has been sent can be unpacked at once."""
    left: list[bytes] = []

    async def pieces() -> object:
        yield b"a" * 5000
        assert left
        yield b"b" * 5000

    sent = await collect(
        StreamingResponse(pieces(), media_type="text/csv"),  # type: ignore[arg-type]
        on_body=lambda: left.append(b""),
    )
    packed = b"".join(message["body"] for message in sent[1:])
    assert gzip.decompress(packed) == b"a" * 5000 + b"b" * 5000


async def test_a_failure_before_the_body_is_still_a_problem() -> None:
    """The headers wait for the body, and so can be taken back."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("canary")

    answer = await ask(Edge(Compression(fail)))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_time_it_takes_is_told() -> None:
    """As a part of `Server-Timing`; what is not compressed has no such part."""
    packed, plain = [
        await ask(Edge(Compression(Response(LARGE, media_type="application/json"))), accepted)
        for accepted in ("gzip", None)
    ]
    assert ", compress;dur=" in packed.headers["server-timing"]
    assert "compress" not in plain.headers["server-timing"]


async def test_what_is_no_request_passes() -> None:
    """The start of the application goes straight through."""
    seen = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await Compression(note)({"type": "lifespan"}, _nothing, _ignore)
    assert seen == ["lifespan"]


async def collect(app: App, *, on_body: Callable[[], None] = lambda: None) -> list[Message]:
    """Have the app answer a request that takes gzip, and give the messages that left."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            on_body()

    scope = {
        "type": "http",
        "method": "GET",
        "headers": [(b"accept-encoding", b"gzip")],
        "asgi": {"spec_version": "2.4"},
    }
    await Compression(app)(scope, _nothing, send)
    return sent


async def _nothing() -> Message:
    await asyncio.Event().wait()
    return {}


async def _ignore(message: Message) -> None:
    pass
