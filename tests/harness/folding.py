"""Folds the events of a streamed answer into what the JSON answer would be; knows nothing of the service.

The rules are those a caller is told: the newest `node` and `edge` of an id, the newest `source` of a
name, less what `done` withdraws. On the way it is checked that the events come in order.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

KINDS = frozenset({"meta", "alias", "node", "edge", "source", "progress", "done"})
# What two answers to one question may differ in: costs, ages, and the cursor, which is sealed anew.
_PASSING = frozenset({"spent", "next_cursor"})
_PASSING_OF_SOURCE = frozenset({"age_seconds"})
_COSTS_OF_SOURCE = frozenset({"calls", "cached"})


@dataclass(slots=True)
class Folded:
    """A stream as far as it was read; `graph` is what `meta` told until `done` has told more.

    `held` are the nodes that the caller has from earlier pages.
    """

    held: Collection[str] = ()
    kinds: list[str] = field(default_factory=list)
    graph: Json = field(default_factory=dict)
    nodes: dict[str, Json] = field(default_factory=dict)
    edges: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    progress: list[Json] = field(default_factory=list)
    withdrawn: Json = field(default_factory=lambda: {"nodes": [], "edges": []})

    @property
    def done(self) -> bool:
        """Tell whether the stream has come to its end."""
        return self.kinds[-1:] == ["done"]

    def take(self, line: bytes | str) -> str:
        """Take one line in, and give its kind; AssertionError when it may not come here."""
        event: Json = json.loads(line)
        kind: str = event["event"]
        assert kind in KINDS, kind
        assert (not self.kinds) == (kind == "meta"), f"{kind} after {self.kinds[-3:]}"
        assert not self.done, f"{kind} after done"
        told = event["graph" if kind in {"meta", "done"} else kind]
        assert event.keys() == {"event", "graph", "withdrawn"} if kind == "done" else len(event) == 2
        self.kinds.append(kind)
        match kind:
            case "meta":
                self.graph = told
            case "alias":
                self.aliases[told["from"]] = told["to"]
            case "node":
                self.nodes[told["id"]] = told
            case "edge":
                ends = {told["subject"], told["object"]}
                assert ends <= self.nodes.keys() | set(self.held), f"before its nodes: {told}"
                self.edges[told["id"]] = told
            case "source":
                self.sources[told["name"]] = told
            case "progress":
                self.progress.append(told)
            case "done":
                self._conclude(told, event["withdrawn"])
        return kind

    def answer(self, *, sort: str = "id", order: str = "asc") -> Json:
        """Give the answer that the events add up to; AssertionError before the end."""
        assert self.done, f"not at its end: {self.kinds[-3:]}"
        graph = self.graph | {"sources": [self.sources[name] for name in sorted(self.sources)]}
        return {
            "graph": graph,
            "nodes": _sorted(self.nodes.values(), sort=sort, descending=order == "desc"),
            "edges": [self.edges[name] for name in sorted(self.edges)],
        }

    def _conclude(self, graph: Json, withdrawn: Json) -> None:
        assert self.graph.items() <= graph.items() or "seeds" in self.graph, "meta told otherwise"
        assert graph["sources"] == [self.sources[name] for name in sorted(self.sources)]
        self.graph, self.withdrawn = graph, withdrawn
        for node in withdrawn["nodes"]:
            del self.nodes[node]
        for edge in withdrawn["edges"]:
            del self.edges[edge]
        for edge in self.edges.values():
            assert {edge["subject"], edge["object"]} <= self.nodes.keys() | set(self.held)


def fold(lines: Iterable[bytes | str], *, held: Collection[str] = ()) -> Folded:
    """Fold a whole stream; AssertionError when it breaks a rule or has no end."""
    folded = Folded(held)
    for line in lines:
        folded.take(line)
    assert folded.done, f"not at its end: {folded.kinds[-3:]}"
    return folded


def lasting(answer: Json, *, costs: bool = True) -> Json:
    """Give an answer without what may differ when it is asked for again; without `costs` also the calls."""
    passing = _PASSING_OF_SOURCE if costs else _PASSING_OF_SOURCE | _COSTS_OF_SOURCE
    graph = {name: value for name, value in answer["graph"].items() if name not in _PASSING}
    graph["sources"] = [
        {name: value for name, value in source.items() if name not in passing}
        for source in answer["graph"]["sources"]
    ]
    graph["goes_on"] = answer["graph"]["next_cursor"] is not None
    if "amended" in graph:
        nodes, edges = graph["amended"]["nodes"], graph["amended"]["edges"]
        graph["amended"] = {"nodes": _undated(nodes), "edges": _timeless(edges)}
    return {"graph": graph, "nodes": _undated(answer["nodes"]), "edges": _timeless(answer["edges"])}


def differences(one: Any, other: Any, *, at: str = "$") -> list[str]:
    """List where two JSON values differ, each place with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        missing: Any = "(nothing)"
        names = sorted(one.keys() | other.keys())
        pairs = [(f".{name}", one.get(name, missing), other.get(name, missing)) for name in names]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"[{place}]", *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    else:
        return [] if one == other else [f"{at}: {one!r} and {other!r}"]
    return [each for name, left, right in pairs for each in differences(left, right, at=at + name)]


def _undated(nodes: Iterable[Json]) -> list[Json]:
    """Leave out when the evidence of an identity was fetched."""
    return [
        node | {"same_as": [word | {"at": None} for word in node["same_as"]]} if "same_as" in node else node
        for node in nodes
    ]


def _timeless(edges: Iterable[Json]) -> list[Json]:
    return [
        edge | {"provenance": [word | {"fetched_at": None} for word in edge["provenance"]]} for edge in edges
    ]


def _sorted(nodes: Iterable[Json], *, sort: str, descending: bool) -> list[Json]:
    """Sort as the JSON answer does: by value, numbers before text, then by id; missing values last."""
    by_id = sorted(nodes, key=lambda node: str(node["id"]))
    valued = [(node, _value(node, sort)) for node in by_id]
    present = [(node, value) for node, value in valued if value is not None]
    present.sort(key=lambda pair: _rank(pair[1]), reverse=descending)
    return [node for node, _ in present] + [node for node, value in valued if value is None]


def _value(node: Json, sort: str) -> Any:
    source, dot, attribute = sort.partition(".")
    value = node["attributes"].get(source, {}).get(attribute) if dot else node[sort]
    return value["value"] if isinstance(value, dict) else value


def _rank(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, bool | int | float) else (1, str(value))
