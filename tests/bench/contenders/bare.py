"""The bare program of W2: entries in, the answer's bytes out, and nothing beside.

    python -m bench.contenders.bare --config FILE --hops N

Reads an address from each line of stdin and answers with one line: the seconds it took and the number
of bytes, or, where the line begins with a question mark, the bytes themselves. No HTTP, no networkx, no
budget, no other source; the fields and their order are the contract's.
"""

import argparse
import sys
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import blake2b, sha3_256
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from bench.contenders.layout import Entries, open_entries
from connectors.model import Attributes, parse_address
from connectors.wire import Aspect
from service.cache.row import ListingRow
from service.cache.unfold import Bond, Columns

EdgeKey = tuple[str, str, str, bool, str | None]
EdgeTold = tuple[Bond, datetime | None, datetime | None]


class NodeOut(Struct):
    """A node as the answer has it."""

    id: str
    ref: str
    namespace: str
    tenant: str | None
    type: str
    key: str
    label: str
    url: str | None
    hop: int
    expansion: str
    known_degree: dict[str, Any] | None
    attributes: dict[str, dict[str, Any]]
    aliases: list[str]
    sources: tuple[str, ...]


class Word(Struct):
    """Who says an edge, and when."""

    source: str
    record: str | None
    fetched_at: str
    attributes: dict[str, Any]


class EdgeOut(Struct):
    """An edge as the answer has it."""

    id: str
    subject: str
    object: str
    relation: str
    directed: bool
    created_at: str | None
    deleted_at: str | None
    deleted: bool
    provenance: tuple[Word, ...]


class Bare:
    """One answer."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._name = entries.scope.source
        self._hop: dict[str, int] = {}
        self._parts: dict[str, tuple[str, str | None, str, str]] = {}
        self._degree: dict[str, int] = {}
        self._edges: dict[EdgeKey, tuple[datetime, EdgeTold]] = {}
        self._facts: dict[str, tuple[datetime, tuple[str | None, str | None, Attributes]]] = {}
        self._oldest: datetime | None = None

    def answer(self, seed: str, *, hops: int) -> bytes:
        """Give the bytes."""
        began = perf_counter()
        self._hop[seed] = 0
        keys = [
            self._entries.listing_key(seed),
            self._entries.listing_key(seed, aspect=Aspect.DESCRIPTION),
        ]
        listing, description = map(self._entries.read, self._entries.load(keys))
        level = self._take(seed, *listing, hop=1)
        self._take(seed, *description, hop=0)
        for hop in range(2, hops + 1):
            blobs = self._entries.load([self._entries.listing_key(node) for node in level])
            level = [
                end
                for node, blob in zip(level, blobs, strict=True)
                for end in self._take(node, *self._entries.read(blob), hop=hop)
            ]
        nodes = [self._node(text, hop, hops) for text, hop in self._hop.items()]
        edges = [self._edge(key, *told) for key, told in self._edges.items()]
        nodes.sort(key=lambda node: node.id)
        edges.sort(key=lambda edge: edge.id)
        about = self._about(seed, hops, len(nodes), len(edges), perf_counter() - began)
        return encode({"graph": about, "nodes": nodes, "edges": edges})

    def _take(self, asked: str, row: ListingRow, columns: Columns, *, hop: int) -> list[str]:
        """Take in a listing; gives whom nobody has named before."""
        texts = columns.texts
        found = []
        for text, head, key in zip(texts, columns.heads, columns.keys, strict=True):
            if text not in self._hop:
                self._hop[text] = hop
                found.append(text)
            if text not in self._parts:
                self._parts[text] = (*head, key)
        at = row.fetched_at
        self._oldest = at if self._oldest is None else min(self._oldest, at)
        edges = zip(
            columns.subjects, columns.objects, columns.bonds,
            columns.records, columns.created_at, columns.deleted_at, strict=True,
        )  # fmt: skip
        for subject, object_, bond, record, created_at, deleted_at in edges:
            whole = (texts[subject], texts[object_], bond[0], bond[1], record)
            held = self._edges.get(whole)
            if held is None or held[0] < at:
                self._edges[whole] = (at, (bond, created_at, deleted_at))
        told = zip(columns.labels, columns.urls, columns.attributes, strict=True)
        for text, facts in zip(texts, told, strict=False):
            known = self._facts.get(text)
            if known is None or known[0] < at:
                self._facts[text] = (at, facts)
        if row.aspect is Aspect.RELATIONS:
            self._degree[asked] = max(row.total or 0, row.edges)
        return found

    def _node(self, text: str, hop: int, hops: int) -> NodeOut:
        namespace, tenant, type_, key = self._parts[text]
        label, url, attributes = self._facts.get(text, (None, (None, None, None)))[1]
        entity = f"threatwinds:entity:{type_}-{sha3_256(key.encode()).hexdigest()}"
        own = [f"threatwinds:{type_}:{key}"] if namespace == "observable" else []
        degree = self._degree.get(text)
        return NodeOut(
            text, urlsafe_b64encode(text.encode()).rstrip(b"=").decode(),
            namespace, tenant, type_, key, label or key, url, hop,
            "complete" if hop < hops else "boundary",
            None if degree is None else {"value": degree, "relation": "eq"},
            {} if attributes is None else {self._name: dict(attributes)},
            sorted([*own, entity]), (self._name,),
        )  # fmt: skip

    def _edge(self, key: EdgeKey, at: datetime, told: EdgeTold) -> EdgeOut:
        subject, object_, relation, directed, record = key
        digest = blake2b(digest_size=16)
        for part in (subject, object_, relation, str(directed), "" if record is None else f"={record}"):
            text = part.encode()
            digest.update(len(text).to_bytes(4, "big") + text)
        (_, _, deleted, attributes), created_at, deleted_at = told
        word = Word(self._name, record, _written(at), dict(attributes))
        return EdgeOut(
            digest.hexdigest(), subject, object_, relation, directed,
            created_at and _written(created_at), deleted_at and _written(deleted_at), deleted, (word,),
        )  # fmt: skip

    def _about(self, seed: str, hops: int, nodes: int, edges: int, elapsed: float) -> dict[str, Any]:
        age = datetime.now(self._oldest.tzinfo) - self._oldest if self._oldest else None  # noqa: TID251 - no service
        asked = len(self._degree)
        return {
            "seed": seed, "requested": seed, "selection": False, "seed_known": True, "complete": True,
            "truncated": [], "next_cursor": None,
            "sources": [{
                "name": self._name, "connector": self._entries.scope.connector, "outcome": "ok",
                "outcomes": {"ok": asked}, "calls": 0, "cached": asked + 1, "edges": edges, "undecided": 0,
                "age_seconds": None if age is None else int(age.total_seconds()), "retry_after_seconds": None,
                "detail": None,
            }],
            "spent": {"hops": hops, "nodes": nodes, "edges": edges, "calls": 0,
                      "milliseconds": round(elapsed * 1000, 3)},
        }  # fmt: skip


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def main() -> None:
    """Answer line by line until there are no more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--hops", type=int, default=2)
    chosen = parser.parse_args()
    entries = open_entries(chosen.config)
    for line in sys.stdin:
        shown, seed = line.startswith("?"), line.rstrip("\n").removeprefix("?")
        str(parse_address(seed))
        began = perf_counter()
        body = Bare(entries).answer(seed, hops=chosen.hops)
        seconds = perf_counter() - began
        sys.stdout.write(f"{body.decode()}\n" if shown else f"{seconds} {len(body)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
