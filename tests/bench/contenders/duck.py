"""DuckDB, in memory: the same tables, asked level by level, on one thread as everybody has one core."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from bench.contenders.fragment import Found, Piece, Pieces, level_by_level

_SCHEMA = """
CREATE TABLE node (number INTEGER PRIMARY KEY, id VARCHAR UNIQUE, degree INTEGER, head VARCHAR, tail VARCHAR);
CREATE TABLE edge (number INTEGER PRIMARY KEY, id VARCHAR, text VARCHAR);
CREATE TABLE arc (node INTEGER, edge INTEGER, other INTEGER);
"""


class Duck:
    """A world in a database of this process."""

    def __init__(self, pieces: Pieces) -> None:
        """Fill it; ImportError where it is not installed."""
        import duckdb  # type: ignore[import-not-found] # noqa: PLC0415 - a contender that may not be there

        self._base: Any = duckdb.connect(":memory:", config={"threads": 1})
        self._base.execute(_SCHEMA)
        self._fill("node", [[n, p.id, p.degree, p.head, p.tail] for n, p in enumerate(pieces.nodes)])
        self._fill("edge", [[number, edge.id, edge.text] for number, edge in enumerate(pieces.edges)])
        arcs = [
            arc
            for number, edge in enumerate(pieces.edges)
            for arc in ([edge.subject, number, edge.object], [edge.object, number, edge.subject])
        ]
        # In order, a scan skips whatever lies outside of what is looked for.
        self._fill("arc", sorted(arcs))

    def find(self, seed: str, *, hops: int) -> Found:
        """Find a neighborhood."""
        (start,) = self._base.execute("SELECT number FROM node WHERE id = ?", [seed]).fetchone()
        hop, met = level_by_level(start, hops=hops, arcs=self._arcs)
        nodes = self._base.execute(
            "SELECT number, id, degree, head, tail FROM node WHERE number IN (SELECT unnest(?))", [list(hop)]
        ).fetchall()
        edges = self._base.execute(
            "SELECT id, text FROM edge WHERE number IN (SELECT unnest(?))", [list(met)]
        ).fetchall()
        return Found(hop, {number: Piece(*piece) for number, *piece in nodes}, dict(edges))

    def _arcs(self, nodes: Sequence[int]) -> Iterable[tuple[int, int]]:
        found: list[tuple[int, int]] = self._base.execute(
            "SELECT edge, other FROM arc WHERE node IN (SELECT unnest(?))", [list(nodes)]
        ).fetchall()
        return found

    def _fill(self, table: str, rows: list[list[Any]]) -> None:
        # Column by column: row by row it takes minutes.
        columns = [list(column) for column in zip(*rows, strict=True)]
        places = ", ".join(f"unnest({place})" for place in repeat("?", len(columns)))
        self._base.execute(f"INSERT INTO {table} SELECT {places}", columns)
