"""Ready pieces of answers, for databases to keep: nothing is left to do for them but to find and to join.

A node is its JSON up to its hop and from its attributes on; an edge is its JSON. Whoever keeps them
so has no record to build and none to encode: the fairest form for a database to be measured in.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.contenders.answer import about, edge_record, node_record

Arcs = Callable[[Sequence[int]], Iterable[tuple[int, int]]]
"""Gives edge and other end of each relation of some nodes."""
_HOP = b'"hop":0,"expansion":"complete","known_degree":null,'


@dataclass(frozen=True, slots=True)
class Piece:
    """A node's address, how many relations it has, and its JSON without what depends on the answer."""

    id: str
    degree: int
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge's id, the numbers of its ends, and its JSON."""

    id: str
    subject: int
    object: int
    text: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """A whole world."""

    nodes: tuple[Piece, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a database has found: hops by number, the pieces of the nodes by number, edges by id."""

    hop: Mapping[int, int]
    nodes: Mapping[int, Piece]
    edges: Mapping[str, str]


def read_pieces(path: Path) -> Pieces:
    """Read the documents of a file, one a line."""
    with path.open("rb") as lines:
        documents = [json.loads(line) for line in lines]
    numbers = {document["id"]: number for number, document in enumerate(documents)}
    nodes = tuple(map(_piece, documents))
    edges: dict[str, Edge] = {}
    for document in documents:
        here = document["id"]
        for other in document["neighbors"]:
            record = edge_record(here, other["id"], fetched_at=document["fetched_at"])
            ends = (numbers[record["subject"]], numbers[record["object"]])
            edges[record["id"]] = Edge(record["id"], *ends, msgspec.json.encode(record).decode())
    return Pieces(nodes, tuple(edges.values()))


def join(found: Found, seed: str, *, hops: int, seconds: float) -> bytes:
    """Put an answer together."""
    asked = sum(hop < hops for hop in found.hop.values())
    told = about(seed, hops=hops, asked=asked, nodes=len(found.hop), edges=len(found.edges), seconds=seconds)
    order = sorted(found.hop, key=lambda number: found.nodes[number].id)
    nodes = [_node(found.nodes[number], found.hop[number], hops) for number in order]
    edges = [found.edges[id_] for id_ in sorted(found.edges)]
    head = msgspec.json.encode(told).decode()
    return f'{{"graph":{head},"nodes":[{",".join(nodes)}],"edges":[{",".join(edges)}]}}'.encode()


def _piece(document: dict[str, Any]) -> Piece:
    record = node_record(document["id"], hop=0, hops=1, degree=None, facts=document)
    head, _, tail = msgspec.json.encode(record).partition(_HOP)
    return Piece(document["id"], len(document["neighbors"]), head.decode(), tail.decode())


def _node(piece: Piece, hop: int, hops: int) -> str:
    if hop < hops:
        middle = f'"complete","known_degree":{{"value":{piece.degree},"relation":"eq"}}'
    else:
        middle = '"boundary","known_degree":null'
    return f'{piece.head}"hop":{hop},"expansion":{middle},{piece.tail}'


def level_by_level(seed: int, *, hops: int, arcs: Arcs) -> tuple[dict[int, int], set[int]]:
    """Walk outwards by numbers, one question a level; gives hops by node, and the edges met."""
    hop, edges, level = {seed: 0}, set[int](), [seed]
    for far in range(1, hops + 1):
        found: list[int] = []
        for edge, other in arcs(level):
            edges.add(edge)
            if other not in hop:
                hop[other] = far
                found.append(other)
        level = found
    return hop, edges
