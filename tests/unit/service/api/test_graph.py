"""Tests of what /graph refuses before anybody is asked, above all in the body of a POST."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from connectors.contract import ConnectorSpec, Freshness, Pace
from connectors.errors import GraphError
from connectors.settings import Visibility
from harness.toy import Toy
from service.api.edge import Edge, LastResort
from service.api.graph import MOST_CONTENT_BYTES, MOST_SEEDS, graph_router
from service.api.problems import answer_problem
from service.cache.hasher import Hasher
from service.settings import parse_settings
from service.usecases.answer.answering import Answer
from service.usecases.answer.requirement import NotCachedError
from service.usecases.request import GraphRequest, Identity
from service.usecases.service import Service
from service.usecases.source import Access, Source

TOY = Toy(ConnectorSpec("toy", ("toy",), (), (), mapping_version=1), tenants=("a",))
SOURCE = Source(
    "one", TOY, Freshness(), Pace(), Visibility.CREDENTIAL, frozenset(), lambda _: Access("", None)
)
JSON = {"content-type": "application/json"}


class Listener:
    """Stands in for what answers: notes what was asked, and has nothing to tell."""

    def __init__(self) -> None:
        self.asked: list[GraphRequest] = []

    async def expand(self, request: GraphRequest, *, footing: object = None) -> Answer:
        """Note the question."""
        self.asked.append(request)
        raise NotCachedError("nothing", reports=())


@pytest.fixture
def listener() -> Listener:
    """Give what hears the questions that were not refused."""
    return Listener()


@pytest.fixture
async def client(listener: Listener) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of an application that has these routes and whose answers are never there."""
    app = FastAPI(exception_handlers={GraphError: answer_problem, HTTPException: answer_problem})
    app.include_router(graph_router())
    app.add_middleware(LastResort)
    app.add_middleware(Edge)
    parts: dict[str, Any] = {field.name: None for field in fields(Service)}
    settings = parse_settings(
        {"sources": {"tw": {"connector": "threatwinds", "authorization": "Bearer x"}}}, environ={}
    )
    parts |= {
        "settings": settings,
        "sources": (SOURCE,),
        "expander": listener,
        "hasher": Hasher(["of tests"]),
    }
    app.state.service = Service(**parts)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as opened:
        yield opened


def fault(response: httpx.Response) -> tuple[int, list[str]]:
    """Give the status and the fields of a problem."""
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, [each["field"] for each in response.json().get("errors", [])]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", ["content"]),
        (b"[]", ["content"]),
        (b"{", ["content"]),
        (b'{"node": "a:b:c", "max_age": Infinity}', ["content"]),
        (b'{"node": "a:b:c", "timeout": NaN}', ["content"]),
        (b"{}", ["nodes"]),
        (b'{"nodes": []}', ["nodes"]),
        (b'{"nodes": "a:b:c"}', ["nodes"]),
        (b'{"nodes": ["a:b:c", ""]}', ["nodes"]),
        (b'{"nodes": ["a:b:c", 5]}', ["nodes"]),
        (json.dumps({"nodes": ["a:b:c"] * (MOST_SEEDS + 1)}).encode(), ["nodes"]),
        (b'{"node": ""}', ["node"]),
        (b'{"node": null}', ["node"]),
        (b'{"node": ["a:b:c"]}', ["node"]),
        (b'{"node": "a:b:c", "nodes": ["a:b:c"]}', ["node"]),
        (b'{"node": "a:b:c", "node": "a:b:c"}', ["node"]),
        (b'{"node": "a:b:c", "hop": 1, "plans": true}', ["hop", "plans"]),
        (b'{"node": "a:b:c", "hops": 9, "timeout": "soon"}', ["hops", "timeout"]),
        (b'{"nodes": ["a:b:c", "a:b:d"], "to": "a:b:e"}', ["to"]),
        (b'{"node": "a:b:c", "table": "edges"}', ["table"]),
        (b'{"node": "a:b:c", "table": "edges", "format": "dot"}', ["table"]),
        (b'{"node": "a:b:c", "sort": "one.\\ud800"}', ["sort"]),
    ],
)
async def test_a_body_is_strict(
    client: httpx.AsyncClient, listener: Listener, body: bytes, names: list[str]
) -> None:
    """What is no object with one seed or several and right parameters is refused, by its name, unasked."""
    assert fault(await client.post("/graph", content=body, headers=JSON)) == (400, names)
    assert listener.asked == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["node"]),
        ("?node=", ["node"]),
        ("?node=a:b:c&node=a:b:c", ["node"]),
        ("?node=a:b:c&nodes=a:b:c", ["nodes"]),
        ("?node=a:b:c&table=edges", ["table"]),
        ("?node=a:b:c&paths=2", ["paths"]),
        ("?node=a:b:c&measures=", ["measures"]),
    ],
)
async def test_a_query_is_strict(
    client: httpx.AsyncClient, listener: Listener, query: str, names: list[str]
) -> None:
    """It names one node, and has no parameter without what that needs."""
    assert fault(await client.get(f"/graph{query}")) == (400, names)
    assert listener.asked == []


async def test_a_post_has_its_parameters_in_its_body(client: httpx.AsyncClient) -> None:
    """Two places for one thing could contradict each other."""
    response = await client.post("/graph?hops=1", json={"node": "a:b:c"})
    assert fault(response) == (400, ["hops"])


async def test_a_body_is_bounded_json(client: httpx.AsyncClient) -> None:
    """Too much of it, or anything else, is told by its own status."""
    large = b" " * (MOST_CONTENT_BYTES + 1)
    assert fault(await client.post("/graph", content=large, headers=JSON))[0] == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert fault(await client.post("/graph", content=b"node=a:b:c", headers=form))[0] == 415


async def test_only_the_bare_path_takes_a_post(client: httpx.AsyncClient) -> None:
    """An address in the path and one in the body would be two."""
    for path, allowed in (
        ("/graph", "GET, HEAD, POST"),
        ("/graph/a:b:c", "GET, HEAD"),
        ("/graph/~YQ", "GET, HEAD"),
    ):
        response = await client.put(path, json={"node": "a:b:c"})
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert (await client.post("/graph/a:b:c", json={})).status_code == 405


@pytest.mark.parametrize(
    ("accept", "status"), [("image/png", 406), ("application/json;q=0", 406), ("text/csv", 504), ("*/*", 504)]
)
async def test_what_nobody_takes_is_not_made(client: httpx.AsyncClient, accept: str, status: int) -> None:
    """By GET and POST alike; the parameter wins over the header."""
    headers = {"accept": accept}
    assert (await client.get("/graph?node=a:b:c", headers=headers)).status_code == status
    assert (await client.post("/graph", json={"node": "a:b:c"}, headers=headers)).status_code == status
    posted = await client.post("/graph", json={"node": "a:b:c", "format": "dot"}, headers=headers)
    assert posted.status_code == 504


async def test_both_ways_ask_the_same(client: httpx.AsyncClient, listener: Listener) -> None:
    """Every parameter of a query, as a member of a body, is the same question."""
    members: dict[str, Any] = {
        "hops": 2,
        "sources": ["one"],
        "direction": "out",
        "relation": ["x", "y"],
        "with_type": ["t"],
        "with_namespace": ["n"],
        "with_key": "k,1",
        "created_after": "2024-05-01T00:00:00Z",
        "created_before": "2025-05-01T00:00:00Z",
        "deleted": "only",
        "sort": "hop",
        "order": "desc",
        "max_nodes": 9,
        "max_edges": 8,
        "fan_out": 7,
        "max_calls": 6,
        "timeout": 1.5,
        "max_age": 60,
        "require": "none",
        "identity": "asserted",
        "explain": "identity",
        "to": "a:b:d",
        "paths": 3,
        "measures": ["degree", "pagerank"],
        "cursor": "next",
        "format": "csv",
        "table": "edges",
    }
    query = {name: ",".join(value) if isinstance(value, list) else value for name, value in members.items()}
    await client.get("/graph", params={"node": "a:b:c", **query})
    await client.post("/graph", json={"node": "a:b:c", **members})
    got, posted = listener.asked
    assert got == posted
    assert (got.nodes, got.identity, got.longest, got.cursor) == (("a:b:c",), Identity.ASSERTED, 2, "next")


async def test_as_many_seeds_as_are_allowed(client: httpx.AsyncClient, listener: Listener) -> None:
    """As they were sent, in their order, twice where they come twice."""
    nodes = [f"a:b:{number % 150}" for number in range(MOST_SEEDS)]
    assert (await client.post("/graph", json={"nodes": nodes})).status_code == 504
    assert listener.asked[0].nodes == tuple(nodes)
