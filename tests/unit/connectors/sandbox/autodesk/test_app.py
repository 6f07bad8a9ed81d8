"""Tests of the app as a whole."""

from collections import defaultdict
from typing import Any

import httpx

from connectors.sandbox.autodesk import (
    BEARER_OF_MEMBER,
    DEMO_CONTAINER,
    DEMO_ISSUE,
    AutodeskSwitches,
    create_app,
)
from connectors.sandbox.autodesk.row import Entity

SEARCH = f"/bim360/relationship/v2/containers/{DEMO_CONTAINER}/relationships:search"


async def test_searching_hop_by_hop_agrees_with_the_world_listing(upstream: Any) -> None:
    """A breadth-first walk by search finds the nodes that one over the world listing finds."""
    near: defaultdict[Entity, set[Entity]] = defaultdict(set)
    for row in await upstream.world():
        one, other = (Entity(end["domain"], end["type"], end["id"]) for end in row["entities"])
        if not row["isDeleted"]:
            near[one].add(other)
            near[other].add(one)
    expected = {DEMO_ISSUE} | near[DEMO_ISSUE] | set().union(*(near[node] for node in near[DEMO_ISSUE]))
    seen, frontier = {DEMO_ISSUE}, {DEMO_ISSUE}
    for _ in range(2):
        found = set()
        for node in frontier:
            for row in await upstream.search_all(**node._asdict()):
                found |= {Entity(end["domain"], end["type"], end["id"]) for end in row["entities"]}
        frontier = found - seen
        seen |= found
    assert seen == expected
    assert len(seen) > 15


async def test_it_keeps_a_quota_from_the_start() -> None:
    """An app made without switches grants 120 calls a minute, one with its own switches what they say."""
    for switches, allowed in ((None, 120), (AutodeskSwitches(requests_per_minute=2), 2)):
        transport = httpx.ASGITransport(app=create_app(switches=switches))
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as http:
            bearer = {"Authorization": f"Bearer {BEARER_OF_MEMBER}"}
            few = DEMO_ISSUE._asdict()
            statuses = [(await http.get(SEARCH, params=few, headers=bearer)).status_code for _ in range(121)]
        assert statuses.index(429) == allowed


async def test_switches_are_reset_to_those_of_the_start(upstream: Any) -> None:
    """Unknown switches and values are refused; DELETE brings back the start."""
    assert (await upstream.http.put("/_sandbox/switches", json={"quota": 1})).status_code == 400
    assert (await upstream.http.put("/_sandbox/switches", json={"last_page": "maybe"})).status_code == 400
    reset = (await upstream.http.delete("/_sandbox/switches")).json()
    assert reset["requests_per_minute"] == 120


async def test_wrong_methods_and_paths(upstream: Any) -> None:
    """A wrong method is 405, an unknown path 404, and an encoded colon is a colon."""
    assert (await upstream.call("POST", "relationships:search", json={})).status_code == 405
    assert (await upstream.call("GET", "relationships")).status_code == 405
    assert (await upstream.call("GET", "elsewhere")).status_code == 404
    assert (await upstream.call("GET", "relationships%3Asearch")).status_code == 200
