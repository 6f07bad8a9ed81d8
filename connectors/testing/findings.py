"""Writes what a walk found as JSON-ready values: the contents of a cassette's `expected.json`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connectors.model import Attributes, Edge, NodeFacts, Value
from connectors.walk import Finding


def write_expected(findings: Iterable[Finding], *, mapping_version: int) -> dict[str, Any]:
    """Give the whole of `expected.json`."""
    return {"mapping_version": mapping_version, "findings": [write_finding(one) for one in findings]}


def write_finding(finding: Finding) -> dict[str, Any]:
    """Give one finding; edges and facts in the connector's own order."""
    listing = finding.listing
    return {
        "address": str(listing.address),
        "outcome": finding.outcome.value,
        "detail": finding.detail,
        "total": listing.total,
        "capped": listing.capped,
        "withheld": listing.withheld,
        "canonical": None if listing.canonical is None else str(listing.canonical),
        "edges": [write_edge(edge) for edge in listing.edges],
        "facts": [write_facts(facts) for facts in listing.facts],
    }


def write_edge(edge: Edge) -> dict[str, Any]:
    """Give one edge, its ends as addresses."""
    return {
        "subject": str(edge.subject),
        "object": str(edge.object),
        "relation": edge.relation,
        "directed": edge.directed,
        "record": edge.record,
        "created_at": _maybe(edge.created_at),
        "deleted_at": _maybe(edge.deleted_at),
        "deleted": edge.deleted,
        "attributes": _write_attributes(edge.attributes),
    }


def write_facts(facts: NodeFacts) -> dict[str, Any]:
    """Give what was told of one node."""
    return {
        "node": str(facts.node),
        "label": facts.label,
        "url": facts.url,
        "attributes": _write_attributes(facts.attributes),
    }


def write_time(time: datetime) -> str:
    """Give an aware time as ISO 8601 in UTC, with `Z`."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _maybe(time: datetime | None) -> str | None:
    return None if time is None else write_time(time)


def _write_attributes(attributes: Attributes) -> dict[str, Any]:
    return {name: _write_value(value) for name, value in attributes}


def _write_value(value: Value) -> Any:
    return [_write_value(item) for item in value] if isinstance(value, tuple) else value
