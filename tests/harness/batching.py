"""Asks a running service about many nodes by POST, and lays single answers together as one."""

from collections.abc import Iterable
from typing import Any

import httpx

from harness.asking import Json


def post(client: httpx.Client, *, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    """Send these members as the JSON body and give whatever comes back."""
    return client.post("/graph", json=members, headers=headers)


def batch(client: httpx.Client, *, headers: dict[str, str] | None = None, **members: Any) -> Json:
    """Send these members and give the answer; AssertionError, with the body, when it is none."""
    reply = post(client, headers=headers, **members)
    assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
    answer: Json = reply.json()
    return answer


def hops_of(answers: Iterable[Json]) -> dict[str, int]:
    """Give every node of the answers with the least of its hops."""
    found: dict[str, int] = {}
    for answer in answers:
        for node in answer["nodes"]:
            found[node["id"]] = min(node["hop"], found.get(node["id"], node["hop"]))
    return found


def edges_of(answers: Iterable[Json]) -> dict[str, Json]:
    """Give every edge of the answers by its id, when it was fetched aside."""
    return {
        edge["id"]: edge | {"provenance": [word | {"fetched_at": None} for word in edge["provenance"]]}
        for answer in answers
        for edge in answer["edges"]
    }
