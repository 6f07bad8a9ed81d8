"""What merging must come to: the plain graph as it was told, its groups contracted, and a plain search."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.graph.rule import Direction, Rule

Key = tuple[str, str, str, bool, str | None]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Relation:
    """One relation as a source has it, between two addresses as the source writes them."""

    source: str
    subject: str
    object: str
    relation: str = "r"
    directed: bool = False
    record: str | None = None

    @property
    def plain(self) -> Key:
        """Give what makes it this relation and no other, before anything is merged."""
        return _key(self, self.subject, self.object)


@dataclass(frozen=True)
class Merged:
    """The answer: hops by name, the sources of each edge, relations by node, how many edges fell away."""

    hop: Mapping[str, int]
    edges: Mapping[Key, set[str]]
    degree: Mapping[str, int]
    inside: int


class Groups:
    """The groups that pairs make, by union-find; a name is the smallest address of its group."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Join what the pairs join, in the order given."""
        self._leader: dict[str, str] = {}
        for one, other in pairs:
            leaders = sorted((self.name(one), self.name(other)))
            self._leader[leaders[1]] = leaders[0]

    def name(self, address: str) -> str:
        """Give the smallest address of the group."""
        while (leader := self._leader.get(address, address)) != address:
            address = leader
        return address

    def members(self, name: str) -> set[str]:
        """Give all addresses of a group."""
        return {name, *(address for address in self._leader if self.name(address) == name)}


def contract(
    world: Sequence[Relation],
    *,
    pairs: Iterable[Pair],
    accepted: Mapping[str, Collection[str]],
    seed: str,
    hops: int,
    rule: Rule,
) -> Merged:
    """Search breadth first over what is told of every node nearer than `hops`.

    `accepted` has the namespaces that each source can be asked about: it tells of an address all that
    touches it. An edge within a group is none, a loop of one address stays.
    """
    groups = Groups(pairs)
    start = groups.name(seed)
    asked: set[str] = set()
    while True:
        known = [each for each in world if _is_told(each, asked, groups=groups, accepted=accepted)]
        arcs = _arcs(known, groups=groups, rule=rule)
        hop = _layers(start, arcs)
        near = {node for node, distance in hop.items() if distance < hops}
        if near <= asked:
            break
        asked |= near
    edges: dict[Key, set[str]] = defaultdict(set)
    for node in near:
        for _, key, source in arcs[node]:
            edges[key].add(source)
    return Merged(
        hop={node: distance for node, distance in hop.items() if distance <= hops},
        edges=edges,
        degree={node: len({key for _, key, _ in arcs[node]}) for node in near},
        inside=len({each.plain for each in known if _is_inside(each, groups)}),
    )


def _is_told(
    each: Relation, asked: set[str], *, groups: Groups, accepted: Mapping[str, Collection[str]]
) -> bool:
    ends = {each.subject, each.object}
    return any(groups.name(end) in asked and end.split(":")[0] in accepted[each.source] for end in ends)


def _is_inside(each: Relation, groups: Groups) -> bool:
    return each.subject != each.object and groups.name(each.subject) == groups.name(each.object)


def _arcs(known: Iterable[Relation], *, groups: Groups, rule: Rule) -> dict[str, set[tuple[str, Key, str]]]:
    arcs: dict[str, set[tuple[str, Key, str]]] = defaultdict(set)
    for each in known:
        subject, object_ = groups.name(each.subject), groups.name(each.object)
        if _is_inside(each, groups) or (rule.relations is not None and each.relation not in rule.relations):
            continue
        for end in _ends(each, subject, object_, rule.direction):
            near = subject if end == object_ else object_
            if any(_is_wanted(member, rule) for member in groups.members(end)):
                arcs[near].add((end, _key(each, subject, object_), each.source))
    return arcs


def _ends(each: Relation, subject: str, object_: str, direction: Direction) -> Iterator[str]:
    if not each.directed or subject == object_ or direction is not Direction.IN:
        yield object_
    if not each.directed or direction is not Direction.OUT:
        yield subject


def _is_wanted(address: str, rule: Rule) -> bool:
    wanted = rule.filter
    namespace, type_, key = address.split(":", 2)
    return (
        (not wanted.with_namespace or namespace in wanted.with_namespace)
        and (not wanted.with_type or type_ in wanted.with_type)
        and wanted.with_key in (None, key)
    )


def _layers(start: str, arcs: Mapping[str, set[tuple[str, Key, str]]]) -> dict[str, int]:
    hop = {start: 0}
    walk = [start]
    for node in walk:
        for end, _, _ in arcs.get(node, ()):
            if end not in hop:
                hop[end] = hop[node] + 1
                walk.append(end)
    return hop


def _key(each: Relation, subject: str, object_: str) -> Key:
    ends = (subject, object_) if each.directed else (min(subject, object_), max(subject, object_))
    return (*ends, each.relation, each.directed, each.record)
