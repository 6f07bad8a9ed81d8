"""Breadth-first search over what is true, within the contract's budgets."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from harness.oracle.expected import Expected, Key
from harness.oracle.question import Question, Verdict
from harness.oracle.universe import Relation, Thing, World

Pool = dict[Key, dict[str, Relation]]


def find_node(worlds: Sequence[World], seed: Thing, question: Question) -> Expected:
    """Give the right answer about a node."""
    search = _Search(worlds, question, extra=seed)
    if question.hops == 0:
        search.found.hop[seed.id] = 0
        search.ask(seed.id)
    else:
        search.start({seed.id})
    return search.found


def find_selection(
    worlds: Sequence[World], question: Question, *, namespace: str, tenant: str, type_: str | None = None
) -> Expected:
    """Give the right answer about a selection; `autodesk` stands for the whole container."""
    search = _Search([world for world in worlds if tenant in (world.containers or ())], question)
    members = {
        name
        for name, thing in search.found.things.items()
        if thing.tenant == tenant
        and type_ in (None, thing.type)
        and namespace in ("autodesk", thing.namespace)
    }
    for world in search.worlds:
        search.found.outcomes[world.name]["ok"] = 1
    search.start(members, selected=True)
    return search.found


class _Search:
    """One search under way; `_roots` are at no distance: the seed, or a selection's members."""

    def __init__(self, worlds: Sequence[World], question: Question, *, extra: Thing | None = None) -> None:
        self.worlds = [w for w in worlds if question.sources is None or w.name in question.sources]
        self.question = question
        things = _things_of(tuple(self.worlds))
        if extra is not None and extra.id not in things:
            things = {**things, extra.id: extra}
        self.found = Expected(things, question.hops)
        self._roots: AbstractSet[str] = frozenset()

    def start(self, roots: AbstractSet[str], *, selected: bool = False) -> None:
        """Expand from the roots, nearest first, until nothing is due or a cap has cut."""
        found, self._roots = self.found, roots
        if selected:
            pool = self._follow(root for root in roots if any(root in w.relations for w in self.worlds))
            if self.question.hops == 0:
                self._admit_members({end for key in pool for end in key[:2]})
            else:
                self._admit(pool)
        else:
            found.hop = dict.fromkeys(roots, 0)
        while frontier := self._frontier():
            for node in frontier:
                self.ask(node)
            self._admit(self._follow(frontier))

    def ask(self, node: str) -> None:
        """Note what each source says when it is asked about the node."""
        for world in self._accepting(node):
            self.found.asked[world.name].add(node)
            self.found.outcomes[world.name]["ok" if world.knows(node) else "absent"] += 1

    def _accepting(self, node: str) -> list[World]:
        return [world for world in self.worlds if world.accepts(self.found.things[node])]

    def _frontier(self) -> list[str]:
        found = self.found
        if found.truncated & {"max_nodes", "max_edges"}:
            return []
        due = [n for n, hop in found.hop.items() if hop < self.question.hops and n not in found.reach]
        nearest = min((found.hop[node] for node in due), default=0)
        return [node for node in due if found.hop[node] == nearest]

    def _follow(self, frontier: Iterable[str]) -> Pool:
        pool: Pool = defaultdict(dict)
        for node in frontier:
            self.found.reach[node] = set()
            for world in self._accepting(node):
                self.found.asked[world.name].add(node)
                for relation in self._fan_out(world, node):
                    pool[relation.key][world.name] = relation
        return pool

    def _fan_out(self, world: World, node: str) -> list[Relation]:
        found = self.found
        neighbors: dict[str, list[Relation]] = defaultdict(list)
        for relation in world.relations.get(node, ()):
            match self.question.judge(relation, at=node, things=found.things):
                case Verdict.FOLLOW:
                    neighbors[relation.other_end(node)].append(relation)
                    found.reach[node].add(relation.key)
                case Verdict.UNDECIDED:
                    found.undecided[world.name].add(relation.key)
                    found.unjudged.add(node)
        kept = sorted(neighbors)[: self.question.fan_out]
        if len(kept) < len(neighbors):
            found.truncated.add("fan_out")
            found.fanned.add(node)
        return [relation for neighbor in kept for relation in neighbors[neighbor]]

    def _admit_members(self, ends: Collection[str]) -> None:
        """Let in the smallest members; no relation comes with them."""
        members = sorted(end for end in ends if end in self._roots)
        if len(members) > self.question.max_nodes:
            self.found.truncated.add("max_nodes")
        self.found.hop = dict.fromkeys(members[: self.question.max_nodes], 0)
        self.found.reach.clear()

    def _admit(self, pool: Pool) -> None:
        """Let in the smallest new nodes, members first, and the edges between what is in."""
        found = self.found
        for key in pool.keys() & found.edges.keys():
            found.edges[key] |= pool.pop(key)
        new = {end for key in pool for end in key[:2]} - found.hop.keys()
        ordered = sorted(new, key=lambda node: (node not in self._roots, node))
        chosen = ordered[: self.question.max_nodes - len(found.hop)]
        if len(chosen) < len(ordered):
            found.truncated.add("max_nodes")
        place = {node: at for at, node in enumerate(chosen)} | dict.fromkeys(found.hop, -1)
        # The edges of what is held already come first, then those of each new node in turn.
        possible = sorted(
            (key for key in pool if key[0] in place and key[1] in place),
            key=lambda key: (max(place[key[0]], place[key[1]]), *key[:2], key[2] or ""),
        )
        taken = possible[: self.question.max_edges - len(found.edges)]
        if len(taken) < len(possible):
            found.truncated.add("max_edges")
        found.edges |= {key: pool[key] for key in taken}
        joined = {end for key in taken for end in key[:2]}.union(self._roots).intersection(chosen)
        relations = (relation for by in found.edges.values() for relation in by.values())
        roots = self._roots & (found.hop.keys() | joined)
        found.hop = measure(self.question, relations, roots=roots, things=found.things)


def measure(
    question: Question,
    relations: Iterable[Relation],
    *,
    roots: Collection[str],
    things: Mapping[str, Thing],
) -> dict[str, int]:
    """Give every node's distance from the roots over these relations, as far as they are followed."""
    arcs: dict[str, set[str]] = defaultdict(set)
    for relation in relations:
        for at in relation.ends:
            if question.judge(relation, at=at, things=things) is Verdict.FOLLOW:
                arcs[at].add(relation.other_end(at))
    hop: dict[str, int] = {}
    layer = set(roots)
    while layer:
        hop |= dict.fromkeys(layer, max(hop.values(), default=-1) + 1)
        layer = {end for node in layer for end in arcs[node]} - hop.keys()
    return hop


@lru_cache(maxsize=64)
def _things_of(worlds: tuple[World, ...]) -> Mapping[str, Thing]:
    return {name: thing for world in worlds for name, thing in world.things.items()}
