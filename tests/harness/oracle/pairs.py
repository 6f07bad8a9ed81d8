"""Draws questions for paths between two things, and says in words where an answer to one is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from harness.oracle.compare import edge_key
from harness.oracle.question import Question
from harness.oracle.route import Path, Terrain, survey
from harness.oracle.universe import Thing, World

# So many arcs beyond the shortest path the truth is worked out, where nothing else bounds it.
SLACK = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """One question: both ends as they are sent and by their canonical addresses.

    `hops` None is not given.
    """

    sent: tuple[str, str]
    seed: str
    target: str
    question: Question
    paths: int
    hops: int | None

    @property
    def query(self) -> dict[str, str]:
        """Give the parameters as they are sent."""
        filters = {
            name: value
            for name, value in self.question.query.items()
            if name not in ("hops", "max_nodes", "max_edges", "fan_out")
        }
        bound = {} if self.hops is None else {"hops": str(self.hops)}
        return {"node": self.sent[0], "to": self.sent[1], "paths": str(self.paths), **bound, **filters}


class Matchmaker:
    """Draws pairs over some worlds; the same seed draws the same ones."""

    def __init__(self, worlds: Sequence[World], question: Question, *, seed: int) -> None:
        """Survey what the question follows."""
        self._worlds = [w for w in worlds if question.sources is None or w.name in question.sources]
        self._question = question
        self._random = Random(seed)  # noqa: S311 - repeatable by design, nothing secret
        self.terrain = survey(tuple(worlds), question)
        self._related = {world.name: sorted(world.relations) for world in self._worlds}
        self._things = {world.name: sorted(world.things) for world in self._worlds}

    def draw(self, *, paths: int) -> Pair:
        """Draw two things, most often some steps apart, and a bound on the way that may be too small."""
        dice = self._random
        world = dice.choice(self._worlds)
        seed = world.things[dice.choice(self._related[world.name])]
        target = self._walk(seed) if dice.random() < 0.7 else self._anywhere()
        distance = self.terrain.distance(seed.id, target.id)
        hops = None
        if distance is not None and dice.random() < 0.3:
            hops = min(6, max(0, distance + dice.choice((-1, 0, 1))))
        sent = (self._form(seed), self._form(target))
        return Pair(sent, seed.id, target.id, self._question, paths, hops)

    def draw_any(self, *, sources: Sequence[str]) -> Pair:
        """Draw any two related things of one of these sources that a path of at most six steps joins."""
        world = self._random.choice([world for world in self._worlds if world.name in sources])
        while True:
            seed, target = self._random.sample(self._related[world.name], 2)
            distance = self.terrain.distance(seed, target)
            if distance is not None and distance <= 6:
                return Pair((seed, target), seed, target, self._question, 1, distance)

    def _walk(self, seed: Thing) -> Thing:
        node = seed.id
        for _ in range(self._random.choice((1, 2, 2, 3, 3, 4, 5))):
            node = self._random.choice(self.terrain.onward.get(node, [node]))
        return self._thing(node)

    def _anywhere(self) -> Thing:
        world = self._random.choice(self._worlds)
        return world.things[self._random.choice(self._things[world.name])]

    def _thing(self, id: str) -> Thing:
        return next(world.things[id] for world in self._worlds if id in world.things)

    def _form(self, thing: Thing) -> str:
        """Give one of the addresses that mean the thing."""
        return self._random.choice([thing.id, *thing.aliases])


def mistakes(answer: Mapping[str, Any], pair: Pair, terrain: Terrain) -> list[str]:
    """List what is wrong with an answer whose budget cut nothing."""
    found = [
        *_about(answer["graph"], pair),
        *_paths(answer["graph"], pair, terrain),
        *graph_of_paths(answer, terrain),
    ]
    return [f"{pair.query}: {what}" for what in found]


def graph_of_paths(answer: Mapping[str, Any], terrain: Terrain) -> Iterator[str]:
    """Tell where nodes and edges are not exactly those of the paths told, or the paths no paths at all."""
    paths = [tuple(path) for path in answer["graph"]["paths"]]
    seed = answer["graph"]["seed"]
    for path in paths:
        if len(set(path)) < len(path):
            yield f"comes by twice: {path}"
        if not all(step in terrain.parallel for step in pairwise(path)):
            yield f"leads where nothing does: {path}"
    if len(set(paths)) < len(paths) or sorted(paths, key=lambda path: (len(path), path)) != paths:
        yield f"not in order, or twice: {paths}"
    hops = _hops(terrain, paths, seed)
    told = {node["id"]: node["hop"] for node in answer["nodes"]}
    if told != hops or len(told) < len(answer["nodes"]):
        yield f"nodes: got {told}, wanted {hops}"
    edges = {edge_key(edge): {word["source"] for word in edge["provenance"]} for edge in answer["edges"]}
    wanted = {key: terrain.speakers[key] for key in terrain.edges(paths)}
    if edges != wanted or len(edges) < len(answer["edges"]):
        yield f"edges: got {edges}, wanted {wanted}"


def _about(graph: Mapping[str, Any], pair: Pair) -> Iterator[str]:
    if graph["seed"] != pair.seed or graph["requested"] != pair.sent[0]:
        yield f"seed: got {graph['seed']} for {graph['requested']}"
    # A bound on the steps that a path may be beyond is what has cut, and no page will change that.
    cuts = [] if pair.hops is None or graph["paths"] else [["hops"]]
    if graph["truncated"] not in ([], *cuts) or graph["next_cursor"] is not None:
        yield f"cut: {graph['truncated']}"


def _paths(graph: Mapping[str, Any], pair: Pair, terrain: Terrain) -> Iterator[str]:
    distance = terrain.distance(pair.seed, pair.target)
    longest = pair.hops if pair.hops is not None else (distance or 0) + SLACK
    wanted = terrain.paths(pair.seed, pair.target, most=pair.paths, longest=longest)
    got: list[Path] = [tuple(path) for path in graph["paths"]]
    if pair.paths == 1:
        # Of several as short as any it may be any.
        if [len(path) for path in got] != [len(path) for path in wanted]:
            yield f"got {got}, wanted one like {wanted}"
    elif got[: len(wanted)] != wanted:
        yield f"got {got}, wanted {wanted}"
    elif len(got) > pair.paths or any(len(path) - 1 <= longest for path in got[len(wanted) :]):
        yield f"too many: {got}"
    verdicts = {"found"} if wanted else _no_verdict(pair, terrain)
    if graph["verdict"] not in verdicts:
        yield f"verdict: got {graph['verdict']}, wanted one of {verdicts}"


def _no_verdict(pair: Pair, terrain: Terrain) -> set[str]:
    if not terrain.certain(pair.seed, pair.target):
        return {"none_within_budget"}
    # A search that may take only so many steps can end before a side has come to its own end.
    return {"none"} if pair.hops is None else {"none", "none_within_budget"}


def _hops(terrain: Terrain, paths: Sequence[Path], seed: str) -> dict[str, int]:
    """Give the distances from the seed over the steps of the paths."""
    edges = terrain.edges(paths)
    held = {seed, *(node for path in paths for node in path)}
    found, layer = {seed: 0}, {seed}
    while layer:
        ends = {
            end
            for node in layer
            for end in terrain.onward.get(node, ())
            if end in held and not terrain.parallel[node, end].isdisjoint(edges)
        }
        layer = ends - found.keys()
        found |= dict.fromkeys(layer, max(found.values()) + 1)
    return found
