"""One answer kept as the bytes it left in, but for what a clock tells: ages, and how long it took."""

import zlib
from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fastapi import Response
from starlette.types import Send

from connectors.model import Outcome
from service.api.about import describe
from service.api.body import encode_json
from service.api.compression import LEVEL, MOST_INLINE_BYTES
from service.api.pieces import body_of
from service.usecases.answer.answering import Answer

Headers = list[tuple[bytes, bytes]]

_OPENING = b'{"graph":'
# RFC 1952 2.3: deflate, no flags, no time, fastest, unknown system.
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
# The answer's own; what only one moment tells is written anew.
_WRITTEN_ANEW = frozenset({b"age", b"cache-control", b"content-length"})


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A JSON answer as its writer gives it away: the object `graph`, and the body that begins with it.

    `ages` are those of the sources' oldest data, None where one told nothing. `lifetime` is how long
    anybody may keep it, None if nobody but the caller may, `outcomes` how each source did. An answer of
    304 has no body.
    """

    about: Mapping[str, Any]
    body: bytes
    ages: Sequence[timedelta | None]
    lifetime: timedelta | None
    outcomes: Sequence[tuple[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Repeated:
    """An answer, ready to be sent again.

    `caller` is whose answer it is, by name, None where nobody is configured. `headers` are those that
    stay, `at` is when the answer was made; `tail` is the body behind the object
    `graph`, and `packed` the same compressed, for who took it so. Of a 304 there is neither.
    """

    caller: str | None
    status: int
    headers: Headers
    made: Repeatable
    at: datetime
    route: Any
    tail: bytes
    packed: bytes | None

    @property
    def size(self) -> int:
        """Give about how many bytes of memory it takes."""
        return len(self.tail) + len(self.packed or b"") + sum(len(n) + len(v) for n, v in self.headers) + 4096

    async def send(self, send: Send, *, now: datetime, took: timedelta) -> None:
        """Send it as it is now."""
        passed = max(now - self.at, timedelta(0))
        parts = list(self._body(passed, took)) if self.tail else [b""]
        headers = [*self.headers, *self._dated(passed)]
        if self.tail:
            headers.append((b"content-length", b"%d" % sum(map(len, parts))))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
            await send({"type": "http.response.body", "body": part, "more_body": left > 0})

    def _body(self, passed: timedelta, took: timedelta) -> Iterator[bytes]:
        about = dict(self.made.about)
        about["sources"] = [
            source if age is None else source | {"age_seconds": int((age + passed).total_seconds())}
            for source, age in zip(about["sources"], self.made.ages, strict=True)
        ]
        about["spent"] = about["spent"] | {"milliseconds": round(took.total_seconds() * 1000, 3)}
        head = _OPENING + encode_json(about)
        if self.packed is None:
            yield head
            yield self.tail
            return
        # Two runs of deflate make one, if the first ends at a byte and the second looks no further back.
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        yield _GZIP_HEAD + packer.compress(head) + packer.flush(zlib.Z_SYNC_FLUSH)
        yield self.packed
        size = len(head) + len(self.tail)
        check = zlib.crc32(self.tail, zlib.crc32(head))
        yield check.to_bytes(4, "little") + (size & 0xFFFF_FFFF).to_bytes(4, "little")

    def _dated(self, passed: timedelta) -> Iterator[tuple[bytes, bytes]]:
        ages = [age + passed for age in self.made.ages if age is not None]
        if ages:
            yield b"age", b"%d" % int(max(ages).total_seconds())
        left = self.made.lifetime
        if left is None:
            yield b"cache-control", b"private, max-age=0"
        else:
            yield b"cache-control", b"public, max-age=%d" % max(0, int((left - passed).total_seconds()))


def repeatable(answer: Answer, *, response: Response) -> Repeatable:
    """Take an answer from the cache as it is about to leave."""
    public = response.headers["Cache-Control"].startswith("public")
    return Repeatable(
        describe(answer),
        body_of(response),
        [report.age for report in answer.reports],
        timedelta(seconds=int(response.headers["Cache-Control"].rpartition("=")[2])) if public else None,
        [(report.source, report.outcome) for report in answer.reports],
    )


async def make_repeated(
    made: Repeatable, *, caller: str | None, status: int, headers: Headers, route: Any, at: datetime
) -> Repeated | None:
    """Prepare an answer that is on its way; None if it has another shape than was thought."""
    kept = [(name, value) for name, value in headers if name.lower() not in _WRITTEN_ANEW]
    if not made.body:
        return Repeated(caller, status, kept, made, at, route, b"", None)
    opening = _OPENING + encode_json(made.about)
    if not made.body.startswith(opening):
        return None
    tail = made.body[len(opening) :]
    packed = None
    if (b"content-encoding", b"gzip") in kept:
        packed = await to_thread(_pack, tail) if len(tail) > MOST_INLINE_BYTES else _pack(tail)
    # The body itself is not kept twice.
    lasting = replace(made, body=b"")
    return Repeated(caller, status, kept, lasting, at, route, tail, packed)


def _pack(tail: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(tail) + packer.flush()
