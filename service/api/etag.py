"""The weak ETag of an answer: the same graph, though fetched at another time or another cost."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import Any

from service.api.body import encode_json
from service.api.format.media import Format, Table
from service.api.format.written import Written
from service.graph.record import EdgeRecord, NodeRecord, Record
from service.graph.rows import Rows
from service.usecases.answer.page import lasting as timeless

_ID = attrgetter("id")
_WHEN = attrgetter("id", "created_at", "deleted_at", "deleted")
# 128 bits.
_DIGITS = 32
_PASSING = frozenset({"spent", "requested", "next_cursor"})
# Fields of a source's report that tell of this one fetch rather than of the graph.
_PASSING_OF_SOURCE = frozenset({"calls", "cached", "age_seconds", "retry_after_seconds", "detail"})


def etag_of(written: Written, *, format: Format, table: Table) -> str:
    """Give the tag of an answer in a format; each format of one graph has its own."""
    about = written.about
    lasting = _without(about, _PASSING)
    lasting["sources"] = [_without(source, _PASSING_OF_SOURCE) for source in about["sources"]]
    # The nodes as the answer has them, unless they tell when something was found out.
    first = None if isinstance(written.nodes, Rows) else next(iter(written.nodes), None)
    dated = first is not None and not isinstance(first, NodeRecord) and "same_as" in first
    nodes = encode_json([timeless(node) for node in written.nodes]) if dated else written.nodes_json
    # Of the hashes that are at hand the one for which processors have instructions: twice as fast as others.
    told = sha256(nodes)
    told.update(encode_json([format, table, lasting, len(written.edges)]))
    for part in _said(written.edges):
        told.update(part)
    return f'W/"{told.hexdigest()[:_DIGITS]}"'


def _said(edges: Sequence[Record]) -> Iterator[bytes]:
    """Give all that is told of edges but when it was fetched, field by field."""
    told = [edge for edge in edges if isinstance(edge, EdgeRecord)]
    if len(told) < len(edges):
        yield encode_json(list(map(timeless, edges)))
        return
    # The id stands for the ends, the relation, the direction and the record.
    yield "".join(map(_ID, told)).encode()
    # Many sources tell no times.
    yield encode_json([_WHEN(edge) for edge in told if edge.created_at or edge.deleted_at or edge.deleted])
    # Most edges share what is said of them with all that were listed together, and often with all there are.
    provenances = [edge.provenance for edge in told]
    texts = {
        place: encode_json([(word.source, word.attributes) for word in words])
        for place, words in dict(zip(map(id, provenances), provenances, strict=True)).items()
    }
    alike = set(texts.values())
    yield alike.pop() if len(alike) == 1 else b"".join(map(texts.__getitem__, map(id, provenances)))


def is_held(etag: str, *, lines: Sequence[str]) -> bool:
    """Tell whether a caller's `If-None-Match` names this tag; the comparison is weak (RFC 9110 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in ",".join(lines).split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def _without(record: dict[str, Any], names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}
