"""Findings are written as the cassettes' README describes them."""

import json
from datetime import UTC, datetime, timedelta, timezone

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId, Outcome
from connectors.testing.findings import write_expected, write_time
from connectors.walk import Finding, Listing
from connectors.wire import Aspect

HERE, THERE = NodeId("a", "t", "b", "here"), NodeId("a", "t", "b", "thére")
NOW = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)


def test_every_part_of_a_finding_is_written() -> None:
    """Addresses are text, times end in Z, attributes are objects and a tuple is a list."""
    edge = Edge(HERE, THERE, "knows", True, "r1", NOW, None, False, (("read", True),))  # noqa: FBT003 - all fields in a row
    facts = NodeFacts(THERE, "There", None, (("tags", ("x",)),))
    listing = Listing(HERE, Aspect.RELATIONS, Filter(), NOW, (edge,), (facts,), total=1, canonical=THERE)
    written = write_expected([Finding(Outcome.OK, listing)], mapping_version=3)
    assert json.loads(json.dumps(written)) == {
        "mapping_version": 3,
        "findings": [
            {
                "address": "a@t:b:here",
                "outcome": "ok",
                "detail": None,
                "total": 1,
                "capped": False,
                "withheld": None,
                "canonical": "a@t:b:thére",
                "edges": [
                    {
                        "subject": "a@t:b:here",
                        "object": "a@t:b:thére",
                        "relation": "knows",
                        "directed": True,
                        "record": "r1",
                        "created_at": "2026-01-02T03:04:05.000600Z",
                        "deleted_at": None,
                        "deleted": False,
                        "attributes": {"read": True},
                    }
                ],
                "facts": [
                    {
                        "node": "a@t:b:thére",
                        "label": "There",
                        "url": None,
                        "attributes": {"tags": ["x"]},
                    }
                ],
            }
        ],
    }


def test_a_time_is_written_in_utc() -> None:
    """Another zone's time is written as the same moment in UTC."""
    assert (
        write_time(NOW.replace(microsecond=0).astimezone(timezone(timedelta(hours=2))))
        == "2026-01-02T03:04:05Z"
    )
