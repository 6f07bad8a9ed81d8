"""C14: whatever an upstream sends or a caller types, only the error meant for it comes out."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from connectors.contract import Connector, Filter, Page, Want
from connectors.disposition import Disposition
from connectors.errors import AmbiguousNodeError, InvalidNodeIdError, SourceError
from connectors.model import Address, NodeId, parse_address
from connectors.testing.candidate import Candidate, Exchange, canonical
from connectors.testing.hostile import HEADERS, KEYS, VALUES, bodies
from connectors.testing.mutation import dump, load, pattern, places, shortened, with_value
from connectors.wire import Call

_STATUSES = (200, 202, 204, 400, 401, 403, 404, 429, 500, 599)
_LONGEST_DETAIL = 300
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def hostility_is_contained(candidate: Candidate) -> Iterator[str]:
    """C14: hostile replies and addresses give a sound page, a SourceError or an InvalidNodeIdError."""
    tried: set[tuple[Any, ...]] = set()
    for exchange in candidate.exchanges():
        yield from (f"{exchange}: {fault}" for fault in _judge(exchange))
        for what, body in bodies(exchange.reply.body):
            yield from (f"{exchange}: {what}: {fault}" for fault in _try(exchange, body))
        document = shortened(load(exchange.reply.body))
        kind = (str(exchange.cassette.settings), exchange.call.aspect, [type(n) for n in exchange.call.nodes])
        for path in places(document) if exchange.page is not None else ():
            if (place := (*map(str, kind), pattern(path), path[-1])) not in tried:
                tried.add(place)
                for what, value in VALUES.items():
                    body = dump(with_value(document, path, value))
                    where = f"{exchange}: {what} at {pattern(path)}"
                    yield from (f"{where}: {fault}" for fault in _try(exchange, body))
    for name, connector in candidate.connectors():
        yield from (f"{name}: {fault}" for fault in _addresses(connector, candidate.examples))


def _try(exchange: Exchange, body: bytes) -> Iterator[str]:
    reply = replace(exchange.reply, body=body)
    try:
        if exchange.connector.judge(exchange.call, reply).disposition is not Disposition.OK:
            return
        page = exchange.connector.read(exchange.call, reply)
    except SourceError as error:
        yield from _said(str(error))
    except Exception as error:  # noqa: BLE001 - whatever else escapes is the fault looked for
        yield f"{type(error).__name__} escapes: {str(error)[:200]}"
    else:
        yield from _unsound(page)


def _judge(exchange: Exchange) -> Iterator[str]:
    for what, headers in HEADERS.items():
        for status in _STATUSES:
            for kind, body in bodies(exchange.reply.body):
                reply = replace(exchange.reply, status=status, headers=headers, body=body)
                try:
                    verdict = exchange.connector.judge(exchange.call, reply)
                except Exception as error:  # noqa: BLE001 - judge says something whatever is in a reply
                    yield f"judging {status} with {what}, {kind}: {type(error).__name__} escapes"
                    continue
                faults = _said(verdict.detail or "")
                yield from (f"judging {status} with {what}, {kind}: {fault}" for fault in faults)


def _said(text: str) -> Iterator[str]:
    if not text.isprintable() or len(text) > _LONGEST_DETAIL:
        yield f"what a caller will read is not fit for it: {text[:60]!r}, {len(text)} characters"


def _unsound(page: Page) -> Iterator[str]:
    """Tell what of a page could not be written as JSON in UTF-8, or not be sent."""
    told: list[tuple[Any, ...]] = [(edge.record, edge.attributes) for edge in page.edges]
    told += [(facts.label, facts.url, facts.attributes) for facts in page.facts]
    for values in told:
        if not all(_writable(value) for value in values):
            yield f"a value that JSON in UTF-8 cannot carry: {values!r}"[:200]
    for node in {end for edge in page.edges for end in (edge.subject, edge.object)}:
        if parse_address(str(node)) != node:
            yield f"an address that does not read back: {node!r}"[:200]
    if not all(_writable(value) for value in (page.total, page.withheld)):
        yield f"a total or reason that JSON cannot carry: {page.total!r}, {page.withheld!r}"[:200]
    for call in page.follow:
        yield from _unsendable(call)


def _writable(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_writable(item) for item in value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    # More than 64 bits neither the cache's codec nor a browser can hold.
    return value is None or (isinstance(value, int) and _SMALLEST <= value <= _LARGEST)


def _unsendable(call: Call) -> Iterator[str]:
    try:
        target = call.target
    except UnicodeEncodeError:
        yield "a call whose query is not Unicode"
        return
    if not target.isascii() or not target.isprintable() or " " in target or not target.startswith("/"):
        yield f"a call with a path or query that is not percent-encoded: {target[:200]!r}"
    if any(mark in call.path for mark in "?#"):
        yield f"a call with a query or fragment in its path: {call.path[:200]!r}"
    if any(unquote(step) in (".", "..") for step in call.path.split("/")):
        yield f"a call whose path climbs: {call.path[:200]!r}"
    if not all(text.isascii() and text.isprintable() for pair in call.headers for text in pair):
        yield "a call with a header that is not printable ASCII"


def _addresses(connector: Connector, examples: Any) -> Iterator[str]:
    for address in canonical(connector, examples):
        for what, key in KEYS.items():
            where = f"{address.namespace}:{address.type}, key {what}"
            want = Want(filter=Filter(with_key=key, with_namespace=(address.namespace,)))
            yield from (f"{where}: {fault}" for fault in _ask(connector, address, want))
            if isinstance(address, NodeId):
                yield from (f"{where}: {fault}" for fault in _type(connector, replace(address, key=key)))


def _type(connector: Connector, typed: NodeId) -> Iterator[str]:
    try:
        claims = connector.claim(typed)
    except (AmbiguousNodeError, InvalidNodeIdError):
        return
    except Exception as error:  # noqa: BLE001 - whatever else escapes is the fault looked for
        yield f"claim: {type(error).__name__} escapes: {str(error)[:200]}"
        return
    for address in claims:
        if tuple(connector.claim(address)) != (address,):
            yield f"claimed as {str(address)[:80]!r}, which is not claimed as itself"
        elif connector.accepts(address):
            yield from _ask(connector, address, Want())


def _ask(connector: Connector, address: Address, want: Want) -> Iterator[str]:
    try:
        calls = connector.ask((address,), want)
    except Exception as error:  # noqa: BLE001 - an accepted address has to be asked about
        yield f"ask: {type(error).__name__} escapes: {str(error)[:200]}"
        return
    for call in calls:
        yield from _unsendable(call)
