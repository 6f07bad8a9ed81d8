"""The way an answer's questions take to their source: what a flight needs beside them."""

from collections.abc import Sequence
from functools import partial

from connectors.contract import Want
from connectors.model import Address
from connectors.walk import Finding, Trail
from service.usecases.ask import Ask, Since
from service.usecases.asking.flight import Looked, Route
from service.usecases.asking.settling import for_all
from service.usecases.cached.shelf import Shelf

# Seconds that a walk's looks into the cache and what it keeps may take, whoever asked: a replica whose
# loop is busy must not ask, or have another one ask, what is known. The store gives up before.
_FOR_ALL = 30.0


def route_of(ask: Ask, *, shelf: Shelf, since: Since) -> Route:
    """Give the way to ask questions like this one: of its source, tenant and aspect."""
    source, clock = ask.source, shelf.cabinet.clock
    access = shelf.accesses[source.name]
    assert access.sender is not None  # noqa: S101 - nobody asks as nobody

    trails = shelf.trails

    async def look(addresses: Sequence[Address]) -> Looked:
        asks = [Ask(source, address, ask.aspect) for address in addresses]
        place = trails.place(source, addresses, ask.aspect)
        deadline = clock.monotonic() + _FOR_ALL
        known, blobs = await shelf.peek(asks, since=since, deadline=deadline, beside=[place])
        return Looked(
            {each.address for each in known},
            None if known else await trails.read(place, blobs, source=source, since=since),
        )

    async def keep(findings: Sequence[Finding], *, trail: Trail | None, before: Trail | None) -> None:
        left = () if shelf.markers_only else await trails.left(source, trail, before=before)
        await shelf.keep(source, findings, deadline=clock.monotonic() + _FOR_ALL, beside=left)

    def places(addresses: Sequence[Address]) -> Sequence[str]:
        keys = [key for each in addresses for key in shelf.places(Ask(source, each, ask.aspect))]
        return [*keys, trails.place(source, addresses, ask.aspect)] if keys else ()

    return Route(
        source=source,
        sender=access.sender,
        want=(want := Want(ask.aspect, shelf.filter)),
        group=(source.name, access.identity, ask.address.tenant, want, shelf.markers_only, since.afresh),
        key=lambda address: shelf.flight_key(Ask(source, address, ask.aspect)),
        look=look,
        keep=keep,
        shared=partial(for_all, source=source),
        places=places,
    )
