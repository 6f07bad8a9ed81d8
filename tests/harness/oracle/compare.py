"""Says in words where an answer differs from what it must hold."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from harness.oracle.expected import Expected, Key
from harness.oracle.universe import World, read_time

Answer = Mapping[str, Any]
Node = Mapping[str, Any]


def differences(answer: Answer, expected: Expected, *, worlds: Mapping[str, World], seed: str) -> list[str]:
    """List every difference; an equal answer has none. `seed` is the canonical address asked about."""
    return [
        *_graph(answer["graph"], expected, seed),
        *_seed_known(answer["graph"], expected, worlds, seed),
        *_nodes(answer, expected, worlds, seed),
        *_edges(answer, expected),
    ]


def edge_key(edge: Mapping[str, Any]) -> Key:
    """Give what makes an edge of an answer this edge."""
    return edge["subject"], edge["object"], edge["provenance"][0]["record"]


def _graph(graph: Mapping[str, Any], expected: Expected, seed: str) -> Iterator[str]:
    yield from _unequal("seed", graph["seed"], seed)
    yield from _unequal("complete", graph["complete"], expected.complete)
    yield from _unequal("truncated", set(graph["truncated"]), expected.truncated)
    told = {source["name"]: source for source in graph["sources"]}
    yield from _unequal("sources", told.keys(), expected.outcomes.keys())
    for name, source in told.items():
        yield from _unequal(f"{name}.outcomes", source["outcomes"], dict(expected.outcomes[name]))
        worst = "absent" if "absent" in expected.outcomes[name] else "ok"
        yield from _unequal(f"{name}.outcome", source["outcome"], worst)
        spoken = sum(name in by for by in expected.edges.values())
        yield from _unequal(f"{name}.edges", source["edges"], spoken)
        yield from _unequal(f"{name}.undecided", source["undecided"], len(expected.undecided[name]))
    spent = graph["spent"]
    sizes = (max(expected.hop.values(), default=0), len(expected.hop), len(expected.edges))
    yield from _unequal("spent", (spent["hops"], spent["nodes"], spent["edges"]), sizes)


def _seed_known(
    graph: Mapping[str, Any], expected: Expected, worlds: Mapping[str, World], seed: str
) -> Iterator[str]:
    describing = [worlds[name] for name in expected.outcomes if worlds[name].containers is None]
    if expected.edges or any(seed in world.things for world in describing):
        yield from _unequal("seed_known", graph["seed_known"], wanted=True)
    elif describing:
        yield from _unequal("seed_known", graph["seed_known"], wanted=False)
    elif graph["seed_known"] is False:
        # An empty list is an answer; relations left out by a filter may tell, or be filtered upstream.
        yield "seed_known: got False of sources that have no word for absent"


def _nodes(answer: Answer, expected: Expected, worlds: Mapping[str, World], seed: str) -> Iterator[str]:
    nodes = {node["id"]: node for node in answer["nodes"]}
    speakers: dict[str, set[str]] = defaultdict(set)
    for key, by in expected.edges.items():
        for end in key[:2]:
            speakers[end].update(by)
    yield from _unequal("node ids", nodes.keys(), expected.hop.keys())
    if len(nodes) != len(answer["nodes"]):
        yield "a node comes twice"
    for name in nodes.keys() & expected.hop.keys():
        node, thing = nodes[name], expected.things[name]
        yield from _unequal(f"{name}.hop", node["hop"], expected.hop[name])
        yield from _unequal(f"{name}.expansion", node["expansion"], expected.expansion_of(name))
        parts = (node["namespace"], node["tenant"], node["type"], node["key"])
        yield from _unequal(f"{name} parts", parts, (thing.namespace, thing.tenant, thing.type, thing.key))
        label = thing.label if node["attributes"] or thing.native is None else thing.key
        yield from _unequal(f"{name}.label", node["label"], label)
        yield from _unequal(f"{name}.aliases", node["aliases"], thing.aliases)
        yield from _degree(name, node, expected)
        asked = {source: world for source, world in worlds.items() if source in expected.outcomes}
        yield from _told(node, expected, asked, speakers=speakers[name], is_seed=name == seed)


def _degree(name: str, node: Node, expected: Expected) -> Iterator[str]:
    if expected.hops == 0:
        return  # whatever came of looking is welcome
    wanted: dict[str, Any] | None = None
    if name in expected.reach:
        # What nobody could judge may be a relation more.
        relation = "gte" if name in expected.unjudged else "eq"
        wanted = {"value": len(expected.reach[name]), "relation": relation}
    yield from _unequal(f"{name}.known_degree", node["known_degree"], wanted)


def _told(
    node: Node, expected: Expected, worlds: Mapping[str, World], *, speakers: set[str], is_seed: bool
) -> Iterator[str]:
    """Compare what sources tell of a node: at least in the edges that are in, at most in all they list."""
    name: str = node["id"]
    least, most = set(speakers), set(speakers)
    for source, world in worlds.items():
        asked = expected.asked[source]
        listed = {r.key for r in world.relations.get(name, ()) if asked & {r.other_end(name), name}}
        shown = {key for key in listed if source in expected.edges.get(key, ())}
        if world.containers is None:
            known = is_seed and name in world.things
            by_others = {k for k in listed if (k[1] if k[0] == name else k[0]) in asked}
            must, may = known or bool(shown & by_others), known or bool(by_others)
            wanted = world.attributes.get(name)
        else:
            born = {r.key: r.born.get(name) for r in world.relations.get(name, ())}
            must, may = (any(born[key] for key in keys) for keys in (shown, listed))
            at = min((time for time in born.values() if time is not None), default=None)
            wanted = {"created_at": at}
        told = node["attributes"].get(source)
        yield from _attributes(f"{name}.{source}", told, wanted, must=must, may=may)
        least |= {source} if must else set()
        most |= {source} if may else set()
    if not least <= set(node["sources"]) <= most:
        yield f"{name}.sources: {node['sources']}, which is not between {least} and {most}"


def _attributes(
    what: str, told: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None, *, must: bool, may: bool
) -> Iterator[str]:
    if told is None:
        if must:
            yield f"{what}: no attributes"
        return
    if not may:
        yield f"{what}: attributes out of nowhere"
    timed = {key: read_time(value) for key, value in told.items() if key in ("created_at", "updated_at")}
    yield from _unequal(what, {**told, **timed}, wanted)


def _edges(answer: Answer, expected: Expected) -> Iterator[str]:
    edges = {edge_key(edge): edge for edge in answer["edges"]}
    yield from _unequal("edges", edges.keys(), expected.edges.keys())
    if len(edges) != len(answer["edges"]):
        yield "an edge comes twice"
    for key in edges.keys() & expected.edges.keys():
        edge, by = edges[key], expected.edges[key]
        what = f"edge {key}"
        yield from _unequal(f"{what}.relation", (edge["relation"], edge["directed"]), ("related_to", False))
        said = {word["source"]: (word["record"], word["attributes"]) for word in edge["provenance"]}
        wanted = {source: (relation.record, dict(relation.attributes)) for source, relation in by.items()}
        yield from _unequal(f"{what}.provenance", said, wanted)
        relation = next(iter(by.values()))
        times = tuple(edge[name] and read_time(edge[name]) for name in ("created_at", "deleted_at"))
        yield from _unequal(f"{what} times", times, (relation.created_at, relation.deleted_at))
        yield from _unequal(f"{what}.deleted", edge["deleted"], relation.deleted)


def _unequal(what: str, got: Any, wanted: Any) -> Iterator[str]:
    if got == wanted:
        return
    if isinstance(wanted, set) or hasattr(wanted, "isdisjoint"):
        missing, surplus = sorted(set(wanted) - set(got), key=str), sorted(set(got) - set(wanted), key=str)
        yield f"{what}: {len(missing)} missing {missing[:2]}, {len(surplus)} too much {surplus[:2]}"
    else:
        yield f"{what}: got {got!r}, wanted {wanted!r}"
