"""What a naive service would have cached of each node: one plain JSON document, made of our entries."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.contenders.layout import Entries, read_facts, read_listing
from connectors.model import NodeId
from connectors.wire import Aspect
from service.cache.row import FactsRow

_AT_ONCE = 200


def documents(entries: Entries, nodes: Sequence[NodeId]) -> Iterator[dict[str, Any]]:
    """Give one of each node: its own facts, and its neighbors with theirs.

    {"id", "fetched_at", "label", "attributes", "neighbors": [{"id", "label", "attributes"}, ...]}
    """
    for start in range(0, len(nodes), _AT_ONCE):
        some = nodes[start : start + _AT_ONCE]
        own = entries.load([entries.listing_key(str(node), aspect=Aspect.DESCRIPTION) for node in some])
        listed = entries.load([entries.listing_key(str(node)) for node in some])
        for node, itself, relations in zip(some, own, listed, strict=True):
            row = read_listing(relations)
            fetched_at = row.fetched_at.isoformat().replace("+00:00", "Z")
            (facts,) = _facts(entries, itself)
            neighbors = _facts(entries, relations)
            yield {**facts, "id": str(node), "fetched_at": fetched_at, "neighbors": neighbors}


def _facts(entries: Entries, blob: bytes) -> list[dict[str, Any]]:
    """Give the facts of a listing, those kept apart too, in its order."""
    row = read_listing(blob)
    nodes = [NodeId(*row.heads[head], key) for head, key in row.nodes]
    apart = {
        place: entries.facts_key(nodes[place], digest=told)
        for place, told in row.facts
        if isinstance(told, bytes)
    }
    found = dict(zip(apart, map(read_facts, entries.load(list(apart.values()))), strict=True))
    return [
        _record(nodes[place], found[place] if isinstance(told, bytes) else told) for place, told in row.facts
    ]


def _record(node: NodeId, facts: FactsRow) -> dict[str, Any]:
    return {"id": str(node), "label": facts.label, "attributes": dict(facts.attributes)}
