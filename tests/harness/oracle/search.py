"""Breadth-first search over what is true, with the contract's budgets."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.oracle.question import Question, Verdict
from harness.oracle.universe import Relation, Thing, World

Key = tuple[str, str, str | None]
FAR = 1_000_000


@dataclass(slots=True)
class Expected:
    """What an answer must hold.

    `edges` has each edge's relation by the source that asserts it; `degree` and `reach` are, for
    every node that was asked about, how many relations are followed from it, and which; `told` has
    by source the nodes asked about.
    """

    things: dict[str, Thing]
    hop: dict[str, int] = field(default_factory=dict)
    edges: dict[Key, dict[str, Relation]] = field(default_factory=dict)
    degree: dict[str, int] = field(default_factory=dict)
    reach: dict[str, set[Key]] = field(default_factory=dict)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    undecided: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    unjudged: set[str] = field(default_factory=set)
    truncated: set[str] = field(default_factory=set)
    told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    fanned: set[str] = field(default_factory=set)

    @property
    def asks(self) -> int:
        """Give about how many questions this takes."""
        return sum(counted.total() for counted in self.outcomes.values())

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.truncated and not any(self.undecided.values())

    def expansion_of(self, node: str, *, hops: int) -> str:
        """Give how far a node was expanded."""
        if node not in self.reach:
            return "boundary" if self.hop[node] >= hops else "cut"
        return "cut" if node in self.fanned or not self.reach[node] <= self.edges.keys() else "complete"


def find_node(worlds: Sequence[World], seed: Thing, question: Question) -> Expected:
    """Expand a node."""
    search = _Search(worlds, question)
    search.found.things.setdefault(seed.id, seed)
    search.found.hop[seed.id] = 0
    if question.hops == 0:
        search.note_outcomes(seed.id)
    else:
        search.run()
    return search.found


def find_selection(
    worlds: Sequence[World], question: Question, *, namespace: str, tenant: str, type_: str | None
) -> Expected:
    """Expand all members of a selection; `autodesk` alone stands for the whole container."""
    search = _Search([world for world in worlds if tenant in (world.containers or ())], question)
    things = search.found.things
    members = {
        id
        for id, thing in things.items()
        if thing.tenant == tenant
        and type_ in (None, thing.type)
        and (thing.namespace == namespace or namespace == "autodesk")
    }
    for world in search.worlds:
        search.found.outcomes[world.name] = Counter(ok=1)
    search.begin_with(members)
    search.run()
    return search.found


class _Search:
    """One search under way."""

    def __init__(self, worlds: Sequence[World], question: Question) -> None:
        self.worlds = [w for w in worlds if question.sources is None or w.name in question.sources]
        self.question = question
        self.found = Expected({id: thing for world in self.worlds for id, thing in world.things.items()})

    def run(self) -> None:
        """Expand, nearest first, until nothing is due or a cap has cut."""
        found = self.found
        while not found.truncated & {"max_nodes", "max_edges"}:
            due = [n for n, hop in found.hop.items() if hop < self.question.hops and n not in found.reach]
            if not due:
                break
            nearest = min(found.hop[node] for node in due)
            frontier = [node for node in due if found.hop[node] == nearest]
            for node in frontier:
                self.note_outcomes(node)
            pool = self._follow(frontier)
            self._admit(pool, rank=lambda node: (0, node))

    def begin_with(self, members: set[str]) -> None:
        """Take in the members that have a relation to follow, and their relations with them."""
        asked = self._with_relations(members)
        pool = self._follow(asked)
        ends = {end for key in pool for end in key[:2]}
        if self.question.hops == 0:
            self.found.hop = dict.fromkeys(ends & members, 0)
            return
        self._admit(pool, rank=lambda node: (node not in members, node))
        self._roots = members & self.found.hop.keys()
        self._measure()

    def note_outcomes(self, node: str) -> None:
        """Count what each source says of a node it is asked about."""
        for world in self.worlds:
            if world.accepts(self.found.things[node]):
                word = "ok" if world.knows(node) else "absent"
                self.found.outcomes.setdefault(world.name, Counter())[word] += 1

    def _with_relations(self, members: Iterable[str]) -> list[str]:
        return sorted(m for m in members if any(m in world.relations for world in self.worlds))

    def _follow(self, frontier: Iterable[str]) -> dict[Key, dict[str, Relation]]:
        pool: dict[Key, dict[str, Relation]] = defaultdict(dict)
        for node in frontier:
            self.found.reach[node] = set()
            for world in self.worlds:
                if world.accepts(self.found.things[node]):
                    self._follow_one(world, node, pool)
            self.found.degree[node] = len(self.found.reach[node])
        return pool

    def _follow_one(self, world: World, node: str, pool: dict[Key, dict[str, Relation]]) -> None:
        found = self.found
        found.told[world.name].add(node)
        neighbors: dict[str, list[Relation]] = defaultdict(list)
        for relation in world.relations.get(node, ()):
            verdict = self.question.judge(relation, at=node, things=found.things)
            if verdict is Verdict.FOLLOW:
                neighbors[relation.other_end(node)].append(relation)
                found.reach[node].add(relation.key)
            elif verdict is Verdict.UNDECIDED:
                found.undecided[world.name].add(relation.key)
                found.unjudged.add(node)
        kept = sorted(neighbors)[: self.question.fan_out]
        if len(kept) < len(neighbors):
            found.truncated.add("fan_out")
            found.fanned.add(node)
        for neighbor in kept:
            for relation in neighbors[neighbor]:
                pool[relation.key][world.name] = relation

    def _admit(self, pool: Mapping[Key, dict[str, Relation]], *, rank: "Rank") -> None:
        """Let in the smallest new nodes, then the edges between what is in, nearest and smallest first."""
        found = self.found
        for key in pool.keys() & found.edges.keys():
            found.edges[key] |= pool[key]
        fresh = {key: by for key, by in pool.items() if key not in found.edges}
        new = sorted({end for key in fresh for end in key[:2]} - found.hop.keys(), key=rank)
        chosen = new[: max(0, self.question.max_nodes - len(found.hop))]
        if len(chosen) < len(new):
            found.truncated.add("max_nodes")
        place = {node: at for at, node in enumerate(chosen)}
        possible = [key for key in fresh if all(end in found.hop or end in place for end in key[:2])]
        possible.sort(key=lambda key: (max(place.get(end, -1) for end in key[:2]), *key[:2], key[2] or ""))
        taken = possible[: max(0, self.question.max_edges - len(found.edges))]
        if len(taken) < len(possible):
            found.truncated.add("max_edges")
        found.edges |= {key: dict(fresh[key]) for key in taken}
        joined = {end for key in taken for end in key[:2]}
        # A member of a selection is in on its own account; every other node needs an edge.
        found.hop |= {node: FAR for node in chosen if node in joined or rank(node)[0] is False}
        self._measure()

    def _measure(self) -> None:
        """Set every node's hop to its distance over the edges that are in."""
        found = self.found
        roots = getattr(self, "_roots", None) or [node for node, hop in found.hop.items() if hop == 0]
        arcs: dict[str, set[str]] = defaultdict(set)
        for key, by in found.edges.items():
            for at in set(key[:2]):
                for relation in by.values():
                    if self.question.judge(relation, at=at, things=found.things) is Verdict.FOLLOW:
                        arcs[at].add(relation.other_end(at))
        distance = dict.fromkeys(roots, 0)
        layer = list(roots)
        while layer:
            layer = [n for node in layer for n in arcs[node] if n not in distance or distance[n] > FAR]
            step = len(distance)
            del step
        found.hop |= distance
