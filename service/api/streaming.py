"""An answer as a stream of events: one JSON object a line, each as soon as it is known.

`{"event": "node", "node": {…}}`: the member named like the event holds it; `done` holds `graph`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from connectors.model import Selection
from service.api.about import describe, describe_seed
from service.api.answer import STREAM_HEADERS
from service.api.body import encode_json
from service.api.format.media import Format
from service.api.location import location_of
from service.api.metering import note_answer
from service.api.presence import CallerLeftError, left
from service.api.report import source_record
from service.usecases.answer.stream import Event, Stream
from service.usecases.request import GraphRequest
from service.usecases.service import Service

log = structlog.get_logger(__name__)
# Seconds a reader may take for what fits into the buffers between us: a kilobyte a second does.
_MOST_STALLED = 120.0
# Bytes that leave at once; what is larger would only wait in a buffer.
_MOST_AT_ONCE = 16 * 1024


async def open_stream(
    request: Request, service: Service, asked: GraphRequest, *, several: bool
) -> "EventStream":
    """Begin an answer; raises what it would as long as nothing of it has been told."""
    stream = Stream(await service.expander.begin(asked))
    try:
        await stream.begin()
    except BaseException:
        await stream.close()
        raise
    return EventStream(stream, several=several, location=stream_location(request, stream))


class EventStream(Response):
    """Sends events while their caller is there and reads; the run ends with the caller."""

    def __init__(self, stream: Stream, *, several: bool, location: Mapping[str, str] | None = None) -> None:
        """Prepare to send what the stream tells."""
        # Whether it is complete, only its end can say.
        complete = {"Graph-Complete": "?1" if stream.complete else "?0"}
        super().__init__(
            media_type=Format.NDJSON.content_type, headers={**complete, **(location or {}), **STREAM_HEADERS}
        )
        del self.headers["content-length"]
        self._stream = stream
        self._several = several

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, until the caller leaves, or until nothing is read for long."""
        telling = asyncio.ensure_future(self._tell(scope, send))
        leaving = asyncio.ensure_future(left(Request(scope, receive)))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
        finally:
            telling.cancel()
            leaving.cancel()
            await asyncio.wait({telling, leaving})
            await self.close()

    async def close(self) -> None:
        """End the run."""
        await self._stream.close()

    async def _tell(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while events := await self._stream.news():
            lines = bytearray()
            for event in events:
                if event.kind == "done":
                    note_answer(scope, complete=event.body.answer.complete)
                lines += _on_one_line(encode_json(write_event(event, several=self._several))) + b"\n"
                if len(lines) >= _MOST_AT_ONCE:
                    await _send(send, bytes(lines))
                    lines.clear()
            await _send(send, bytes(lines))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def stream_location(request: Request, stream: Stream) -> dict[str, str]:
    """Give where the answer can be asked for, as a header; nothing for several seeds or a POST."""
    seeds = stream.seeds
    if request.method == "POST" or len(seeds) != 1:
        return {}
    return location_of(request, seeds[0])


async def _send(send: Send, body: bytes) -> None:
    if not body:
        return
    try:
        async with asyncio.timeout(_MOST_STALLED):
            await send({"type": "http.response.body", "body": body, "more_body": True})
    except TimeoutError:
        log.warning("a stream is ended: its reader takes nothing")
        raise CallerLeftError from None


def _on_one_line(line: bytes) -> bytes:
    # JSON allows these unescaped; many a reader of lines ends one at them.
    for character in ("\u0085", "\u2028", "\u2029"):
        line = line.replace(character.encode(), json.dumps(character)[1:-1].encode())
    return line


def write_event(event: Event, *, several: bool) -> dict[str, Any]:
    """Write an event as the JSON object of its line."""
    body = event.body
    if event.kind == "meta":
        return {"event": "meta", "graph": _introduce(body, several=several)}
    if event.kind == "done":
        withdrawn = {"nodes": body.withdrawn_nodes, "edges": body.withdrawn_edges}
        return {"event": "done", "graph": describe(body.answer, several=several), "withdrawn": withdrawn}
    if event.kind == "alias":
        body = {"from": body.requested, "to": str(body.name)}
    elif event.kind == "source":
        body = source_record(body)
    elif event.kind == "progress":
        body = {
            "nodes": body.nodes,
            "edges": body.edges,
            "calls": body.calls,
            "milliseconds": round(body.seconds * 1000, 3),
        }
    return {"event": event.kind, event.kind: body}


def _introduce(seeds: Sequence[Any], *, several: bool) -> dict[str, Any]:
    told = [describe_seed(seed.name, requested=seed.requested) for seed in seeds]
    if several:
        return {"seeds": told}
    return {**told[0], "selection": isinstance(seeds[0].name, Selection)}
