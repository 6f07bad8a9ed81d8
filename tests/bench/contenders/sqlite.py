"""SQLite, in memory: one indexed table of relations, asked level by level."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from bench.contenders.fragment import Found, Piece, Pieces, level_by_level

_SCHEMA = """
CREATE TABLE node (number INTEGER PRIMARY KEY, id TEXT UNIQUE, degree INTEGER, head TEXT, tail TEXT);
CREATE TABLE edge (number INTEGER PRIMARY KEY, id TEXT, text TEXT);
CREATE TABLE arc (node INTEGER, edge INTEGER, other INTEGER, PRIMARY KEY (node, edge)) WITHOUT ROWID;
"""


class Sqlite:
    """A world in a database of this process."""

    def __init__(self, pieces: Pieces) -> None:
        """Fill it."""
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        self._base.executescript(_SCHEMA)
        nodes = ((at, n.id, n.degree, n.head, n.tail) for at, n in enumerate(pieces.nodes))
        self._base.executemany("INSERT INTO node VALUES (?, ?, ?, ?, ?)", nodes)
        edges = ((at, edge.id, edge.text) for at, edge in enumerate(pieces.edges))
        self._base.executemany("INSERT INTO edge VALUES (?, ?, ?)", edges)
        for at, edge in enumerate(pieces.edges):
            both = ((edge.subject, at, edge.object), (edge.object, at, edge.subject))
            self._base.executemany("INSERT INTO arc VALUES (?, ?, ?)", both)
        self._base.execute("ANALYZE")

    def find(self, seed: str, *, hops: int) -> Found:
        """Find a neighborhood."""
        ((start,),) = self._base.execute("SELECT number FROM node WHERE id = ?", (seed,))
        hop, met = level_by_level(start, hops=hops, arcs=self._arcs)
        nodes = self._base.execute(
            "SELECT number, id, degree, head, tail FROM node"
            " WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(hop)),),
        )
        edges = self._base.execute(
            "SELECT id, text FROM edge WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(met)),),
        )
        return Found(hop, {number: Piece(*piece) for number, *piece in nodes}, dict(edges))

    def _arcs(self, nodes: Sequence[int]) -> Iterable[tuple[int, int]]:
        return self._base.execute(
            "SELECT edge, other FROM arc WHERE node IN (SELECT value FROM json_each(?))",
            (json.dumps(nodes),),
        )
