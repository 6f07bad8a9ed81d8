"""Answers as the writers get them, and how the texts of a written answer are read back."""

import json
import re
from collections.abc import Iterable
from typing import Any

from harness.hostile import TEXTS, VALUES
from service.api.body import encode_json
from service.api.format.written import Record, Written

SEED = "observable:domain:a.example"
TIME = "2026-01-01T00:00:00Z"


def node(key: str, **changes: Any) -> Record:
    """Give a node's record, but for the changes."""
    return {
        "id": f"observable:domain:{key}",
        "ref": "b2JzZXJ2YWJsZQ",
        "namespace": "observable",
        "tenant": None,
        "type": "domain",
        "key": key,
        "label": key,
        "url": None,
        "hop": 1,
        "expansion": "complete",
        "known_degree": {"value": 5, "relation": "gte"},
        "attributes": {},
        "aliases": [],
        "sources": ["acc", "tw"],
        **changes,
    }


def edge(id: str, other: str, **changes: Any) -> Record:
    """Give the record of an edge from the seed to `observable:domain:<other>`, but for the changes."""
    return {
        "id": id,
        "subject": SEED,
        "object": f"observable:domain:{other}",
        "relation": "related_to",
        "directed": False,
        "created_at": TIME,
        "deleted_at": None,
        "deleted": False,
        "provenance": [said("tw")],
        **changes,
    }


def said(source: str, **changes: Any) -> Record:
    """Give the word of a source on an edge."""
    return {"source": source, "record": None, "fetched_at": TIME, "attributes": {}, **changes}


def about(**changes: Any) -> Record:
    """Give what a complete answer tells of itself, but for the changes."""
    return {
        "seed": SEED,
        "requested": SEED,
        "selection": False,
        "seed_known": True,
        "complete": True,
        "truncated": [],
        "next_cursor": None,
        "sources": [{"name": "tw", "connector": "threatwinds", "outcome": "ok", "outcomes": {"ok": 1}}],
        "spent": {"hops": 1, "nodes": 2, "edges": 1, "calls": 1, "milliseconds": 1.5},
        **changes,
    }


def multigraph(*, directed: Iterable[bool] = (False, False, False)) -> Written:
    """Give three edges between one pair, two of them alike but for their source, and one of one node.

    `directed` tells the direction of the three; the last edge has none.
    """
    first, second, third = directed
    edges = [
        edge("e1", "b.example", directed=first),
        edge("e2", "b.example", directed=second, provenance=[said("acc", record="r-2")]),
        edge("e3", "b.example", directed=third, relation="resolves_to", deleted=True),
        edge("e4", "a.example"),
    ]
    cut = about(complete=False, truncated=["max_nodes"], verdict="found", paths=[[SEED]])
    measures = {"degree": 4, "pagerank": 0.25}
    nodes = [
        node("a.example", hop=0, measures=measures),
        node("b.example", expansion="cut", same_as=[{"rule": "hash", "confidence": 1.0}]),
    ]
    return Written(cut, nodes, edges)


def hostile() -> Written:
    """Give an answer with every hostile value in every place that an upstream can reach."""
    nodes, edges = [node("a.example", hop=0)], []
    for number, (name, value) in enumerate(VALUES.items()):
        text = TEXTS.get(name, name)
        # No address holds half a character, and none an empty key.
        key = f"{number}{text}".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        attributes = {"v": value, "list": [value, [value]], text: name}
        nodes.append(node(key, label=text, url=text, attributes={"tw": attributes}, aliases=[text]))
        words = [said("tw", record=text, attributes={"v": value, text: name})]
        edges.append(
            edge(f"e{number}", key, relation=text or "none", provenance=words, directed=number % 2 > 0)
        )
    return Written(about(requested="".join(TEXTS.values()), detail=list(VALUES.values())), nodes, edges)


def large(size: int) -> Written:
    """Give an answer of `size` edges and half as many nodes beside the seed."""
    keys = [f"{number}.example" for number in range(size // 2)]
    facts = {"tw": {"reputation": -3, "tags": ["malware", "c2"], "updated_at": TIME}}
    words = [said("tw", attributes={"is_service": True}), said("acc", record="c0ffee")]
    edges = [edge(f"{number:032x}", keys[number // 2], provenance=words) for number in range(size)]
    return Written(about(), [node("a.example", hop=0), *(node(key, attributes=facts) for key in keys)], edges)


def shown(record: Record) -> Record:
    """Give the record as the JSON answer has it."""
    return json.loads(encode_json(record))  # type: ignore[no-any-return] - a record stays one


def flat(record: Record) -> dict[str, Any]:
    """Give what a format of flat fields has to hold of the record, lists and objects parsed."""
    fields = {name: value for name, value in shown(record).items() if value is not None}
    measures = fields.pop("measures", {})
    return fields | {f"measures.{name}": value for name, value in measures.items()}


def restore(text: str) -> str:
    """Read `_xHHHH_`, as docs/formats.md says that it is read."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def parsed(fields: dict[str, Any]) -> dict[str, Any]:
    """Read fields back: texts restored, and those that are JSON text by their name parsed."""
    nested = {*("attributes", "aliases", "sources", "known_degree", "provenance", "same_as")}
    nested |= {"truncated", "spent", "paths", "detail"}
    texts = {name: restore(value) if isinstance(value, str) else value for name, value in fields.items()}
    return {name: json.loads(value) if name in nested else value for name, value in texts.items()}
