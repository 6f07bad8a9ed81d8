"""Drives a walk over recorded or made-up replies: everything the real driver does but the I/O."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import Connector, Want
from connectors.model import Address
from connectors.testing.cassette import RECORDED_AT, Cassette, write_cassette, write_json
from connectors.testing.findings import write_expected
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply

Upstream = Callable[[Call, int], Reply]


@dataclass(frozen=True, slots=True)
class Replay:
    """How a walk went: the calls made with their replies, and one finding per address asked.

    `ended` is False when the walk wanted to go on after `max_calls`.
    """

    exchanges: tuple[tuple[Call, Reply], ...]
    findings: tuple[Finding, ...]
    ended: bool


def replay(
    connector: Connector, ask: Sequence[Address], *, want: Want, upstream: Upstream, max_calls: int
) -> Replay:
    """Walk, with every call answered by `upstream(call, number)`, number 0 first.

    Calls are answered one at a time, in the order in which they are handed out.
    """
    walk = Walk(connector, ask, want)
    waiting = deque(walk.start())
    made: list[tuple[Call, Reply]] = []
    while waiting and not walk.stopped and len(made) < max_calls:
        call = waiting.popleft()
        reply = upstream(call, len(made))
        made.append((call, reply))
        waiting.extend(walk.absorb(call, reply, connector.judge(call, reply)))
    return Replay(tuple(made), walk.finish(now=RECORDED_AT), ended=walk.stopped or not waiting)


def play(connector: Connector, cassette: Cassette, *, max_calls: int) -> Replay:
    """Walk over a cassette; a call beyond its last reply is answered by a status no source sends."""
    silence = Reply(599, RECORDED_AT)

    def recorded(_call: Call, number: int) -> Reply:
        return cassette.replies[number] if number < len(cassette.replies) else silence

    return replay(connector, cassette.ask, want=cassette.want, upstream=recorded, max_calls=max_calls)


def record(
    folder: Path,
    connector: Connector,
    *,
    ask: Sequence[Address],
    want: Want,
    upstream: Upstream,
    settings: Mapping[str, Any],
    max_calls: int = 50,
) -> None:
    """Write a whole cassette, `expected.json` included, from a walk answered by `upstream`.

    `settings` is what the connector was built with beyond its test's own table: never a secret.
    Read what was recorded before you believe it.
    """
    done = replay(connector, ask, want=want, upstream=upstream, max_calls=max_calls)
    write_cassette(folder, settings=settings, ask=ask, want=want, exchanges=done.exchanges)
    expected = write_expected(done.findings, mapping_version=connector.spec.mapping_version)
    write_json(folder / "expected.json", expected)
