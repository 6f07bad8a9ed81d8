"""The bench's upstream: a world of the sandbox's kind, its replies made before anybody asks.

    python -m bench.upstream --latency 50

Its rows are the sandbox's own, byte by byte, and it costs far less: what is measured is not to wait for
it. Each call waits for its latency first.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.latency import Latency, read_latency
from bench.stage import SIZE
from bench.world.threatwinds import World, build_world
from service.server import listener_url, open_listener

_PATH = "/api/search/v1/entity/"
Replies = Mapping[str, tuple[int, bytes]]


def write_replies(world: World) -> Replies:
    """Give status and body by path."""
    replies = {}
    for number, entity in enumerate(world.entities):
        replies[f"{_PATH}{entity.id}"] = (200, world.description(number))
        replies[f"{_PATH}{entity.id}/relations"] = (202, world.relations(number))
    return replies


def create_app(replies: Replies, *, latency: Latency) -> ASGIApp:
    """Build the application."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        status, body = replies.get(path, (404, b"{}"))
        if wait := latency.of(path.removeprefix(_PATH).partition("/")[0]):
            await asyncio.sleep(wait)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=read_latency, default=Latency(0, 0))
    parser.add_argument("--size", type=int, default=SIZE)
    chosen = parser.parse_args()
    app = create_app(write_replies(build_world(size=chosen.size)), latency=chosen.latency)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        # Nobody is to find a connection closed that was left alone for a few answers of others.
        timeout_keep_alive=600,
    )
    with open_listener("127.0.0.1", port=0) as listener:
        sys.stdout.write(f"listening on {listener_url(listener)}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
