"""The naive service of W4 and C1, as one would write it in an afternoon.

    python -m bench.contenders.naive --redis URL
    python -m bench.contenders.naive --upstream URL

FastAPI, one GET for each node (of a JSON document in Redis, or of the upstream with httpx as it comes,
the calls of a level at once over 20 connections), a networkx graph, `networkx.ego_graph`, and
`jsonable_encoder` over the answer.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha3_256
from time import perf_counter
from typing import Any
from urllib.parse import quote

import httpx
import networkx as nx
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from redis.asyncio import Redis

from bench.contenders.answer import about, edge_record, node_record
from bench.contenders.serving import serve
from connectors.observable import KINDS

PREFIX = "naive:"
_HEADERS = {"authorization": "Bearer sandbox-demo-token", "accept": "application/json"}
Document = dict[str, Any]
Level = Callable[[Sequence[str]], Awaitable[list[Document]]]


class Cached:
    """Documents of nodes, in Redis."""

    calls = 0

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url)

    async def level(self, nodes: Sequence[str]) -> list[Document]:
        """Read them one by one."""
        return [json.loads(await self._client.get(PREFIX + node) or b"") for node in nodes]

    async def itself(self, node: str) -> Document:
        """Read one of them."""
        (document,) = await self.level([node])
        return document


class Asked:
    """The upstream itself."""

    calls = 1

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(base_url=url, headers=_HEADERS, limits=limits, timeout=60)

    async def level(self, nodes: Sequence[str]) -> list[Document]:
        """Ask about all of them at once."""
        return list(await asyncio.gather(*map(self._relations, nodes)))

    async def itself(self, node: str) -> Document:
        """Ask what it is."""
        return facts_of((await self._client.get(_path(node))).json())

    async def _relations(self, node: str) -> Document:
        query = {"limit": "1000", "groups": "global"}
        reply = await self._client.get(f"{_path(node)}/relations", params=query)
        rows = reply.raise_for_status().json()["results"]
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")  # noqa: TID251 - no part of the service
        return {"id": node, "fetched_at": now, "neighbors": list(map(facts_of, rows))}


def _path(node: str) -> str:
    _, type_, key = node.split(":", 2)
    return f"/api/search/v1/entity/{quote(type_)}-{sha3_256(key.encode()).hexdigest()}"


def facts_of(row: dict[str, Any]) -> Document:
    """Give address, label and attributes of an upstream's row."""
    type_ = row["type"]
    value = str(row["attributes"][type_])
    updated = datetime.fromisoformat(row["@timestamp"]).replace(tzinfo=None).isoformat() + "Z"
    told = {
        **row["attributes"],
        "tags": row.get("tags") or [],
        "reputation": row["reputation"],
        "accuracy": row["accuracy"],
        "updated_at": updated,
    }
    namespace = "observable" if type_ in KINDS else "threatwinds"
    return {"id": f"{namespace}:{type_}:{value}", "label": value, "attributes": dict(sorted(told.items()))}


def create_app(origin: Cached | Asked) -> FastAPI:
    """Build the application."""
    app = FastAPI()

    @app.get("/graph")
    async def graph(node: str, hops: int = 1) -> JSONResponse:
        began = perf_counter()
        whole: Any = nx.MultiDiGraph()
        itself = await origin.itself(node)
        whole.add_node(node, facts=itself, degree=None)
        level, seen = [node], {node}
        asked = 0
        for _ in range(hops):
            found = []
            for document in await origin.level(level):
                asked += 1
                here, neighbors = document["id"], document["neighbors"]
                for told in neighbors:
                    end = told["id"]
                    if end not in seen:
                        seen.add(end)
                        found.append(end)
                        whole.add_node(end, facts=told, degree=None)
                    edge = edge_record(here, end, fetched_at=document["fetched_at"])
                    whole.add_edge(edge["subject"], edge["object"], key=edge["id"], **edge)
                whole.nodes[here]["degree"] = len(neighbors)
            level = found
        ego = nx.ego_graph(whole, node, radius=hops, undirected=True)
        distance = nx.single_source_shortest_path_length(ego.to_undirected(as_view=True), node)
        nodes = [
            node_record(each, hop=distance[each], hops=hops, degree=told["degree"], facts=told["facts"])
            for each, told in sorted(ego.nodes(data=True))
        ]
        edges = sorted((told for _, _, told in ego.edges(data=True)), key=lambda edge: edge["id"])
        calls = origin.calls * (asked + 1)
        told = about(
            node,
            hops=hops,
            asked=asked,
            nodes=len(nodes),
            edges=len(edges),
            calls=calls,
            seconds=perf_counter() - began,
        )
        return JSONResponse(jsonable_encoder({"graph": told, "nodes": nodes, "edges": edges}))

    return app


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--redis", type=Cached, dest="origin")
    origin.add_argument("--upstream", type=Asked, dest="origin")
    serve(create_app(parser.parse_args().origin))


if __name__ == "__main__":
    main()
