"""The contract's answer, written without ado: what contenders share that are no part of the service."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b, sha3_256
from typing import Any

Record = dict[str, Any]

SOURCE, CONNECTOR = "feed", "threatwinds"
"""What the one source is called in the services of the bench, and its kind."""


def edge_record(subject: str, object_: str, *, fetched_at: str) -> Record:
    """Write an edge of ThreatWinds; the smaller address comes first."""
    ends = sorted((subject, object_))
    digest = blake2b(digest_size=16)
    for part in (*ends, "related_to", "False", ""):
        text = part.encode()
        digest.update(len(text).to_bytes(4, "big") + text)
    return {
        "id": digest.hexdigest(),
        "subject": ends[0],
        "object": ends[1],
        "relation": "related_to",
        "directed": False,
        "created_at": None,
        "deleted_at": None,
        "deleted": False,
        "provenance": [{"source": SOURCE, "record": None, "fetched_at": fetched_at, "attributes": {}}],
    }


def node_record(address: str, *, hop: int, hops: int, degree: int | None, facts: Mapping[str, Any]) -> Record:
    """Write a node; `facts` has its label and attributes, `degree` is None where nobody asked."""
    namespace, type_, key = address.split(":", 2)
    entity = f"threatwinds:entity:{type_}-{sha3_256(key.encode()).hexdigest()}"
    own = [f"threatwinds:{type_}:{key}"] if namespace == "observable" else []
    return {
        "id": address,
        "ref": urlsafe_b64encode(address.encode()).rstrip(b"=").decode(),
        "namespace": namespace,
        "tenant": None,
        "type": type_,
        "key": key,
        "label": facts["label"],
        "url": None,
        "hop": hop,
        "expansion": "complete" if hop < hops else "boundary",
        "known_degree": None if degree is None else {"value": degree, "relation": "eq"},
        "attributes": {SOURCE: facts["attributes"]},
        "aliases": sorted([*own, entity]),
        "sources": [SOURCE],
    }


def about(
    seed: str, *, hops: int, asked: int, nodes: int, edges: int, calls: int = 0, seconds: float = 0.0
) -> Record:
    """Write what an answer tells of itself: of so many nodes asked about, none in vain."""
    return {
        "seed": seed,
        "requested": seed,
        "selection": False,
        "seed_known": True,
        "complete": True,
        "truncated": [],
        "next_cursor": None,
        "sources": [
            {
                "name": SOURCE,
                "connector": CONNECTOR,
                "outcome": "ok",
                "outcomes": {"ok": asked},
                "calls": calls,
                "cached": 0 if calls else asked + 1,
                "edges": edges,
                "undecided": 0,
                "age_seconds": 0,
                "retry_after_seconds": None,
                "detail": None,
            }
        ],
        "spent": {
            "hops": hops,
            "nodes": nodes,
            "edges": edges,
            "calls": calls,
            "milliseconds": round(seconds * 1000, 3),
        },
    }
