"""Puts a world into a store the way the service itself does: what a source told, kept by a shelf.

No layout is known here. Each reply is walked, judged and read by the connector, and kept by the same
code that keeps it after a call; so whatever is changed about entries is measured from then on.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from connectors.contract import Connector, Filter, Want
from connectors.model import NodeId
from connectors.runtime.clock import SystemClock
from connectors.walk import Finding, Walk
from connectors.wire import Aspect, Reply
from service.bootstrap import open_service
from service.cache.freshness import Tolerance
from service.settings import Settings
from service.usecases.cached.ledger import Ledger
from service.usecases.cached.shelf import Shelf
from service.usecases.service import Service

_AT_ONCE = 200
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """What an upstream replied, when asked for one side of one node."""

    node: NodeId
    aspect: Aspect
    status: int
    body: bytes


def stock(settings: Settings, *, source: str, told: Iterable[Told], at: datetime) -> int:
    """Keep all of it in the store of the settings, as heard from `source` then; gives how many relations."""
    return asyncio.run(_stock(settings, source, told, at))


async def _stock(settings: Settings, name: str, told: Iterable[Told], at: datetime) -> int:
    listed, left = 0, iter(told)
    async with open_service(settings) as service:
        source = next(each for each in service.sources if each.name == name)
        shelf, clock = _shelf(service), SystemClock()
        while some := list(islice(left, _AT_ONCE)):
            findings = [_find(source.connector, each, at) for each in some]
            listed += sum(len(finding.listing.edges) for finding in findings)
            await shelf.keep(source, findings, deadline=clock.monotonic() + _PATIENCE)
            if shelf.down:
                raise RuntimeError("the store does not take what it is given")
    return listed


def _shelf(service: Service) -> Shelf:
    return Shelf(
        cabinet=service.expander.cabinet,
        sources={source.name: source for source in service.sources},
        accesses={source.name: source.admit(None) for source in service.sources},
        filter=Filter(),
        tolerance=Tolerance(),
        ledger=Ledger(),
    )


def _find(connector: Connector, told: Told, now: datetime) -> Finding:
    walk = Walk(connector, [told.node], Want(told.aspect))
    for call in walk.start():
        reply = Reply(told.status, now, body=told.body)
        follow: Sequence[object] = walk.absorb(call, reply, walk.judge(call, reply))
        if follow:
            raise RuntimeError(f"one reply is not all there is about {told.node}")
    (finding,) = walk.finish(now=now)
    if not finding.cacheable:
        raise RuntimeError(f"{told.node}: {finding.outcome} {finding.detail}")
    return finding
