"""What a naive service would have cached of each node: one plain JSON document, made of our entries."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.contenders.layout import Entries
from connectors.model import NodeId
from connectors.wire import Aspect
from service.cache.unfold import Columns

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
            row, neighbors = entries.read(relations)
            fetched_at = row.fetched_at.isoformat().replace("+00:00", "Z")
            (facts,) = _facts(entries.read(itself)[1])
            yield {**facts, "id": str(node), "fetched_at": fetched_at, "neighbors": _facts(neighbors)}


def _facts(columns: Columns) -> list[dict[str, Any]]:
    """Give the facts of a listing in its order."""
    told = zip(columns.texts, columns.labels, columns.attributes, strict=False)
    return [{"id": text, "label": label, "attributes": dict(attributes)} for text, label, attributes in told]
