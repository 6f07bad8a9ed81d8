"""Asks a running service for graphs, and takes its answers apart."""

from typing import Any

import httpx

Json = dict[str, Any]

# Ask again whatever is cached, and take nothing stale instead of a failure.
ANEW = {"Cache-Control": "no-cache, stale-if-error=0"}


class Asker:
    """An HTTP client of one service's `/graph`."""

    def __init__(self, client: httpx.Client) -> None:
        """Ask through `client`; whoever opened it closes it."""
        self.client = client

    def reply(self, node: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
        """Ask about a node and give whatever comes back."""
        return self.client.get("/graph", params={"node": node, **parameters}, headers=headers)

    def graph(self, node: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> Json:
        """Ask about a node and give the answer; AssertionError, with the body, when it is none."""
        reply = self.reply(node, headers=headers, **parameters)
        assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
        answer: Json = reply.json()
        return answer

    def problem(self, node: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> Json:
        """Ask about a node and give the problem that comes back instead of an answer."""
        reply = self.reply(node, headers=headers, **parameters)
        assert reply.headers["content-type"] == "application/problem+json", reply.text
        body: Json = reply.json()
        assert body["status"] == reply.status_code
        return body


def source_of(answer: Json, name: str) -> Json:
    """Give what one source did, from an answer or a problem."""
    sources = answer["graph"]["sources"] if "graph" in answer else answer["sources"]
    found: Json = next(source for source in sources if source["name"] == name)
    return found


def node_of(answer: Json, address: str) -> Json:
    """Give one node of an answer."""
    found: Json = next(node for node in answer["nodes"] if node["id"] == address)
    return found


def ids_of(answer: Json) -> list[str]:
    """Give the addresses of an answer's nodes, in its order."""
    return [node["id"] for node in answer["nodes"]]
