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

from bench.contenders.layout import Entries, open_entries, read_facts, read_listing
from connectors.model import NodeId, parse_address
from connectors.wire import Aspect
from service.cache.row import FactsRow, ListingRow


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
        self._heads: dict[str, NodeId] = {}
        self._degree: dict[str, int] = {}
        self._edges: dict[tuple[str, str, str, bool, str | None], tuple[datetime, Any]] = {}
        self._facts: dict[str, tuple[datetime, FactsRow | bytes]] = {}
        self._oldest: datetime | None = None

    def answer(self, seed: str, *, hops: int) -> bytes:
        """Give the bytes."""
        began = perf_counter()
        self._hop[seed] = 0
        keys = [
            self._entries.listing_key(seed),
            self._entries.listing_key(seed, aspect=Aspect.DESCRIPTION),
        ]
        listing, description = map(read_listing, self._entries.load(keys))
        level = self._take(seed, listing, hop=1)
        self._take(seed, description, hop=0)
        for hop in range(2, hops + 1):
            blobs = self._load_with_facts([self._entries.listing_key(node) for node in level])
            level = [
                end
                for node, blob in zip(level, blobs, strict=True)
                for end in self._take(node, read_listing(blob), hop=hop)
            ]
        self._load_with_facts([])
        nodes = [self._node(text, hop, hops) for text, hop in self._hop.items()]
        edges = [self._edge(key, *told) for key, told in self._edges.items()]
        nodes.sort(key=lambda node: node.id)
        edges.sort(key=lambda edge: edge.id)
        about = self._about(seed, hops, len(nodes), len(edges), perf_counter() - began)
        return encode({"graph": about, "nodes": nodes, "edges": edges})

    def _take(self, asked: str, row: ListingRow, *, hop: int) -> list[str]:
        """Take in a listing; gives whom nobody has named before."""
        heads = [
            f"{namespace}@{tenant}:{type_}:" if tenant else f"{namespace}:{type_}:"
            for namespace, tenant, type_ in row.heads
        ]
        texts = [heads[head] + key for head, key in row.nodes]
        found = []
        for place, text in enumerate(texts):
            if text not in self._hop:
                self._hop[text] = hop
                found.append(text)
            if text not in self._heads:
                head, key = row.nodes[place]
                self._heads[text] = NodeId(*row.heads[head], key)
        at = row.fetched_at
        self._oldest = at if self._oldest is None else min(self._oldest, at)
        for edge in row.edges:
            relation, directed = row.relations[edge.relation]
            whole = (texts[edge.subject], texts[edge.object], relation, directed, edge.record)
            held = self._edges.get(whole)
            if held is None or held[0] < at:
                self._edges[whole] = (at, edge)
        for place, told in row.facts:
            known = self._facts.get(texts[place])
            if known is None or known[0] < at:
                self._facts[texts[place]] = (at, told)
        if row.aspect is Aspect.RELATIONS:
            self._degree[asked] = max(row.total or 0, len(row.edges))
        return found

    def _load_with_facts(self, keys: list[str]) -> list[bytes]:
        """Read these, and in the same round trip the facts that are kept apart."""
        apart = [(text, told) for text, (_, told) in self._facts.items() if isinstance(told, bytes)]
        keys += [self._entries.facts_key(self._heads[text], digest=told) for text, told in apart]
        blobs = self._entries.load(keys)
        split = len(blobs) - len(apart)
        for (text, _), blob in zip(apart, blobs[split:], strict=True):
            self._facts[text] = (self._facts[text][0], read_facts(blob))
        return blobs[:split]

    def _node(self, text: str, hop: int, hops: int) -> NodeOut:
        node = self._heads[text]
        told = self._facts.get(text)
        facts = None if told is None or isinstance(told[1], bytes) else told[1]
        entity = f"threatwinds:entity:{node.type}-{sha3_256(node.key.encode()).hexdigest()}"
        own = [f"threatwinds:{node.type}:{node.key}"] if node.namespace == "observable" else []
        degree = self._degree.get(text)
        return NodeOut(
            text, urlsafe_b64encode(text.encode()).rstrip(b"=").decode(),
            node.namespace, node.tenant, node.type, node.key,
            (facts.label if facts else None) or node.key, facts.url if facts else None, hop,
            "complete" if hop < hops else "boundary",
            None if degree is None else {"value": degree, "relation": "eq"},
            {} if facts is None else {self._name: dict(facts.attributes)},
            sorted([*own, entity]), (self._name,),
        )  # fmt: skip

    def _edge(self, key: tuple[str, str, str, bool, str | None], at: datetime, row: Any) -> EdgeOut:
        subject, object_, relation, directed, record = key
        digest = blake2b(digest_size=16)
        for part in (subject, object_, relation, str(directed), "" if record is None else f"={record}"):
            text = part.encode()
            digest.update(len(text).to_bytes(4, "big") + text)
        word = Word(self._name, record, _written(at), dict(row.attributes))
        return EdgeOut(
            digest.hexdigest(), subject, object_, relation, directed,
            row.created_at and _written(row.created_at), row.deleted_at and _written(row.deleted_at),
            row.deleted, (word,),
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
