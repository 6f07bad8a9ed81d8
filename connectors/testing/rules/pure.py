"""C2 and C4: a connector is a function of its settings and its arguments, and of nothing else."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from connectors.contract import Connector, Want
from connectors.model import Address, NodeId
from connectors.testing.candidate import Candidate, canonical, read, wants
from connectors.testing.mutation import dump, load
from connectors.testing.purity import Watch, snapshot


def ask_is_pure(candidate: Candidate) -> Iterator[str]:
    """C2: the same addresses give the same calls, and asking does nothing else."""
    for number, table in enumerate(candidate.tables, 1):
        connector, fresh = candidate.build(table), candidate.build(table)
        for addresses, want in _batches(connector, candidate.examples):
            where = f"settings {number}, {', '.join(map(str, addresses))}, {want.aspect}"
            asked = list(addresses)
            first = tuple(connector.ask(asked, want))
            again, faults = observe(connector, lambda: tuple(connector.ask(asked, want)))  # noqa: B023 - used at once
            yield from (f"{where}: ask {fault}" for fault in faults)
            if asked != list(addresses):
                yield f"{where}: ask changes the list it is given"
            if first != again:
                yield f"{where}: asked twice, the calls differ"
            if first != tuple(fresh.ask(addresses, want)):
                yield f"{where}: another connector of the same settings asks something else"
            if not all(isinstance(_key(call), int) for call in first):
                yield f"{where}: a call cannot be hashed"


def read_is_pure(candidate: Candidate) -> Iterator[str]:
    """C4: the same reply gives the same page, in any order of reading and of JSON keys."""
    exchanges = tuple(candidate.exchanges())
    for exchange in reversed(exchanges):
        connector, call = exchange.connector, exchange.call
        headers = dict(exchange.reply.headers)
        reply = replace(exchange.reply, headers=MappingProxyType(headers))
        again, faults = observe(connector, lambda: read(connector, call, reply))  # noqa: B023 - used at once
        yield from (f"{exchange}: read {fault}" for fault in faults)
        if headers != dict(exchange.reply.headers):
            yield f"{exchange}: read changes the reply"
        if again != exchange.page:
            yield f"{exchange}: read twice, the pages differ"
        fresh = candidate.rebuild(exchange.cassette)
        if read(fresh, call, reply) != exchange.page:
            yield f"{exchange}: another connector, that has read nothing before, gives another page"
        document = load(reply.body)
        turned = replace(reply, body=dump(_turned(document)))
        if document is not None and read(connector, call, turned) != exchange.page:
            yield f"{exchange}: the same JSON with its keys in another order gives another page"


def observe(connector: Connector, act: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Act once unseen and once watched; give the result, and what else the connector did or became."""
    act()
    before = snapshot(connector)
    with Watch() as watch:
        result = act()
    faults = [f"uses {used}" for used in watch.acts]
    return result, faults if snapshot(connector) == before else [*faults, "changes the connector"]


def _batches(connector: Connector, examples: Sequence[str]) -> Iterator[tuple[tuple[Address, ...], Want]]:
    addresses = canonical(connector, examples)
    nodes = tuple(address for address in addresses if isinstance(address, NodeId))
    batch = nodes[: connector.spec.batch_size]
    for want in wants(connector):
        yield from (((address,), want) for address in addresses)
        if len(batch) > 1:
            yield batch, want


def _key(value: Hashable) -> int | None:
    try:
        return hash(value)
    except TypeError:
        return None


def _turned(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _turned(document[key]) for key in reversed(document)}
    return [_turned(item) for item in document] if isinstance(document, list) else document
