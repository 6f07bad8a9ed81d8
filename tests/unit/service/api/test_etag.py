"""The tag of an answer tells graphs apart, and not when they were fetched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.model import Edge, NodeId
from harness.written import about
from service.api.etag import etag_of
from service.api.format.media import Format, Table
from service.api.format.written import Written
from service.graph.assemble import edge_record
from service.graph.merge import assert_edge, merge_edges

_AT = datetime(2026, 1, 2, tzinfo=UTC)
_EDGE = Edge(NodeId("n", None, "t", "a"), NodeId("n", None, "t", "b"), "r", directed=False)
_CHANGES = (
    {"object": NodeId("n", None, "t", "c")},
    {"relation": "s"},
    {"directed": True},
    {"record": "1"},
    {"created_at": _AT},
    {"deleted": True},
    {"deleted": True, "deleted_at": _AT},
    {"attributes": (("fetched_at", "2026-01-02T00:00:00Z"),)},
)


def _tag(edge: Edge, *sources: str, later: timedelta = timedelta(0)) -> str:
    merged = assert_edge(edge, source="one", fetched_at=_AT + later)
    for source in sources:
        merged = merge_edges(merged, assert_edge(edge, source=source, fetched_at=_AT))
    written = Written(about(), [], [edge_record(merged)])
    return etag_of(written, format=Format.JSON, table=Table.NODES)


def test_the_same_edge_fetched_later_has_the_same_tag() -> None:
    """When something was fetched is no part of what the graph is."""
    assert _tag(_EDGE) == _tag(_EDGE, later=timedelta(hours=1))


@pytest.mark.parametrize("change", _CHANGES)
def test_whatever_changes_in_an_edge_changes_the_tag(change: dict[str, object]) -> None:
    """Its ends, its relation, its record, its times, and what is told of it."""
    assert _tag(_EDGE) != _tag(replace(_EDGE, **change))


def test_who_says_an_edge_changes_the_tag() -> None:
    """Another source's word is part of the graph."""
    assert _tag(_EDGE) != _tag(_EDGE, "two")
