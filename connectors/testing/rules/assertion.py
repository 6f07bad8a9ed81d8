"""C5 to C8: what a page asserts is about what was asked, and is written as the model says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Connector, Page
from connectors.model import (
    Address,
    Edge,
    NodeId,
    Selection,
    decode_ref,
    encode_ref,
    parse_address,
    undirected,
)
from connectors.testing.candidate import Candidate, Exchange, canonical, claim, read
from connectors.testing.mutation import load


def edges_touch_the_asked(candidate: Candidate) -> Iterator[str]:
    """C5: calls are about the addresses asked, edges and facts about the addresses of their call."""
    for where, connector, address, want in candidate.questions():
        for call in connector.ask((address,), want):
            if call.nodes != (address,):
                yield f"{where}: a call is about {[str(node) for node in call.nodes]}"
    edges = 0
    for exchange, page in _pages(candidate):
        edges += len(page.edges)
        yield from (f"{exchange}: {fault}" for fault in _astray(exchange, page))
    if not edges:
        yield "no recorded reply asserts an edge: record one that does"


def relations_are_declared(candidate: Candidate) -> Iterator[str]:
    """C6: every edge's relation and directedness are in the spec, an undirected one in its order."""
    for exchange, page in _pages(candidate):
        declared = {(relation.name, relation.directed) for relation in exchange.connector.spec.relations}
        for edge in page.edges:
            if (edge.relation, edge.directed) not in declared:
                yield f"{exchange}: {_tell(edge)}, directed {edge.directed}, is not declared in the spec"
            if not edge.directed and (edge.subject, edge.object) != undirected(edge.subject, edge.object):
                yield f"{exchange}: {_tell(edge)} is undirected; its smaller address comes first"


def provenance_is_the_reply(candidate: Candidate) -> Iterator[str]:
    """C7: records and times are the reply's own; who and when it was fetched the driver stamps."""
    for exchange, page in _pages(candidate):
        later = replace(exchange.reply, received_at=exchange.reply.received_at + timedelta(days=400))
        if read(exchange.connector, exchange.call, later) != page:
            yield f"{exchange}: received later, the same reply gives another page"
        told = frozenset(_scalars(load(exchange.reply.body)))
        for edge in page.edges:
            if edge.record is not None and edge.record.casefold() not in told:
                yield f"{exchange}: the record {edge.record!r} is nowhere in the reply"
            for time in (edge.created_at, edge.deleted_at):
                if isinstance(time, datetime) and time.utcoffset() != timedelta(0):
                    yield f"{exchange}: {_tell(edge)} has a time that is not in UTC: {time!r}"


def ids_round_trip(candidate: Candidate) -> Iterator[str]:
    """C8: every address can be written, read back and asked about, and so can its aliases."""
    seen: dict[tuple[int, Address], tuple[Connector, str]] = {}
    for name, connector in candidate.connectors():
        for address in canonical(connector, candidate.examples):
            seen.setdefault((id(connector), address), (connector, name))
    for exchange, page in _pages(candidate):
        for node in _nodes(page):
            seen.setdefault((id(exchange.connector), node), (exchange.connector, str(exchange)))
    for (_, address), (connector, where) in seen.items():
        yield from (f"{where}: {address} {fault}" for fault in _round_trip(connector, address))
    for example in candidate.examples:
        claims = (
            (connector, one) for _, connector in candidate.connectors() for one in claim(connector, example)
        )
        if not any(connector.accepts(address) for connector, address in claims):
            yield f"the example {example} is accepted by no connector"


def _astray(exchange: Exchange, page: Page) -> Iterator[str]:
    if not set(exchange.call.nodes) <= set(exchange.cassette.ask):
        yield "the call is about something that was not asked"
    asked: tuple[Address, ...] = (*exchange.call.nodes, *filter(None, (page.canonical,)))
    for edge in page.edges:
        if not any(_covers(one, edge.subject) or _covers(one, edge.object) for one in asked):
            yield f"{_tell(edge)} touches nothing that was asked about"
    ends = {end for edge in page.edges for end in (edge.subject, edge.object)}
    for facts in page.facts:
        if facts.node not in ends and not any(_covers(one, facts.node) for one in asked):
            yield f"facts of {facts.node}, which is neither asked about nor an end"


def _round_trip(connector: Connector, address: Address) -> Iterator[str]:
    text = str(address)
    if parse_address(text) != address:
        yield "reads back as something else"
    if decode_ref(encode_ref(text)) != text:
        yield "does not survive its ref"
    if not connector.accepts(address):
        return
    aliases = connector.aliases(address) if isinstance(address, NodeId) else ()
    ways = {way: claim(connector, way) for way in (text, *aliases)}
    # What only the source can resolve leads back by way of a description.
    back = {way for way, claims in ways.items() if any(_is(connector, one, address) for one in claims)}
    for way, claims in ways.items():
        if claims and way not in back:
            yield f"typed as {way} by a caller it is claimed as something else"
    if not back:
        # A source may show what a caller may not type; then an alias has to be the way to it.
        yield "is accepted, and no caller can type it, nor any of its aliases"


def _is(connector: Connector, claimed: Address, address: Address) -> bool:
    return claimed == address or (isinstance(claimed, NodeId) and connector.unresolved(claimed))


def _pages(candidate: Candidate) -> Iterator[tuple[Exchange, Page]]:
    for exchange in candidate.exchanges():
        if exchange.page is not None:
            yield exchange, exchange.page


def _nodes(page: Page) -> Iterator[NodeId]:
    yield from (end for edge in page.edges for end in (edge.subject, edge.object))
    yield from (facts.node for facts in page.facts)
    yield from filter(None, (page.canonical,))


def _covers(asked: Address, node: NodeId) -> bool:
    return asked.covers(node) if isinstance(asked, Selection) else asked == node


def _scalars(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _scalars(item)
    else:
        yield str(document).casefold()


def _tell(edge: Edge) -> str:
    return f"{edge.subject} -- {edge.relation} -- {edge.object}"
