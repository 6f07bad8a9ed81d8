"""The weak ETag of an answer: the same graph, though fetched at another time or another cost."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from service.api.body import encode_json
from service.api.format.media import Format, Table
from service.api.format.written import Written
from service.graph.record import EdgeRecord, NodeRecord, Record
from service.usecases.page import lasting as timeless

_PASSING = frozenset({"spent", "requested", "next_cursor"})
# Fields of a source's report that tell of this one fetch rather than of the graph.
_PASSING_OF_SOURCE = frozenset({"calls", "cached", "age_seconds", "retry_after_seconds", "detail"})


def etag_of(written: Written, *, format: Format, table: Table) -> str:
    """Give the tag of an answer in a format; each format of one graph has its own."""
    about = written.about
    lasting = _without(about, _PASSING)
    lasting["sources"] = [_without(source, _PASSING_OF_SOURCE) for source in about["sources"]]
    # The nodes as the answer has them, unless they tell when something was found out.
    dated = any(not isinstance(node, NodeRecord) and "same_as" in node for node in written.nodes)
    nodes = encode_json([timeless(node) for node in written.nodes]) if dated else written.nodes_json
    told = blake2b(nodes, digest_size=16)
    told.update(encode_json([format, table, lasting, list(map(_said, written.edges))]))
    return f'W/"{told.hexdigest()}"'


def _said(edge: Record) -> Any:
    """Give all that is told of an edge but when it was fetched."""
    if not isinstance(edge, EdgeRecord):
        return timeless(edge)
    # The id stands for the ends, the relation, the direction and the record.
    words = [(word.source, word.attributes) for word in edge.provenance]
    return edge.id, edge.created_at, edge.deleted_at, edge.deleted, words


def is_held(etag: str, *, lines: Sequence[str]) -> bool:
    """Tell whether a caller's `If-None-Match` names this tag; the comparison is weak (RFC 9110 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in ",".join(lines).split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def _without(record: dict[str, Any], names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}
