"""FalkorDB, its module in the Valkey that the service comes with: one query for each answer."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

from redis import Redis

from bench.contenders.fragment import Edge, Found, Piece, Pieces

_GRAPH = "world"
_AT_ONCE = 500
_CREATE_NODES = "UNWIND $rows AS r CREATE (n:N) SET n = r"
_CREATE_EDGES = (
    "UNWIND $rows AS r MATCH (s:N {number: r.s}), (o:N {number: r.o})"
    " CREATE (s)-[:R {id: r.id, text: r.text}]->(o)"
)
# The relations of everybody nearer than the last hop, each with its other end: nothing is asked twice,
# and distances are reckoned from what is found. Level by level, with a query each, took longer.
_QUERY = (
    "CYPHER id={id} MATCH (s:N {{id: $id}})-[:R*0..{near}]-(m:N) WITH DISTINCT m"
    " MATCH (m)-[e:R]-(x:N) RETURN m.number, x.number, e.id, e.text, x.id, x.degree, x.head, x.tail"
)


class Falkor:
    """A world in a graph of the server at a URL."""

    def __init__(self, pieces: Pieces, *, url: str) -> None:
        """Fill it."""
        self._client = Redis.from_url(url, decode_responses=True)
        self._run("CREATE INDEX FOR (n:N) ON (n.id)")
        self._run("CREATE INDEX FOR (n:N) ON (n.number)")
        self._fill(_CREATE_NODES, map(_node, range(len(pieces.nodes)), pieces.nodes))
        self._fill(_CREATE_EDGES, map(_edge, pieces.edges))

    def find(self, seed: str, *, hops: int) -> Found:
        """Find a neighborhood."""
        rows = self._run(_QUERY.format(id=_text(seed), near=hops - 1), command="GRAPH.RO_QUERY")[1]
        pieces: dict[int, Piece] = {}
        edges: dict[str, str] = {}
        around: dict[int, list[int]] = {}
        for near, far, id_, text, *piece in rows:
            pieces[far] = Piece(*piece)
            edges[id_] = text
            around.setdefault(near, []).append(far)
            around.setdefault(far, []).append(near)
        start = next(number for number, piece in pieces.items() if piece.id == seed)
        hop, due = {start: 0}, deque([start])
        while due:
            near = due.popleft()
            for far in around[near]:
                if far not in hop:
                    hop[far] = hop[near] + 1
                    due.append(far)
        return Found(hop, pieces, edges)

    def _fill(self, query: str, rows: Iterable[str]) -> None:
        left = iter(rows)
        while some := list(islice(left, _AT_ONCE)):
            self._run(f"CYPHER rows=[{','.join(some)}] {query}")

    def _run(self, query: str, *, command: str = "GRAPH.QUERY") -> Any:
        return self._client.execute_command(command, _GRAPH, query)  # type: ignore[no-untyped-call] # the client's


def _node(number: int, piece: Piece) -> str:
    told = (
        f"id: {_text(piece.id)}, degree: {piece.degree}, head: {_text(piece.head)}, tail: {_text(piece.tail)}"
    )
    return f"{{number: {number}, {told}}}"


def _edge(edge: Edge) -> str:
    told = f"id: {_text(edge.id)}, text: {_text(edge.text)}"
    return f"{{s: {edge.subject}, o: {edge.object}, {told}}}"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
