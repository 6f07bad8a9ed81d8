"""What nodes are called in one answer: how far addresses of the same thing are merged.

With `exact`, every node goes by its canonical address, so sources that speak of one thing meet.
With `asserted`, addresses that the operator's crosswalk joins are one node besides; it goes by the
smallest of them. With `off`, only equal addresses are the same node: what several sources could
speak of goes by the form that only the source showing it uses, and a seed by the form it was asked
in.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter

from connectors.errors import InvalidNodeIdError
from connectors.model import Address, Edge, NodeId, Selection, parse_address, undirected
from connectors.walk import Finding
from service.graph.merge import EdgeKey, edge_key
from service.graph.rule import Rule
from service.usecases.request import Identity
from service.usecases.source import Source, accepting

Kin = Callable[[NodeId], Sequence[NodeId]]
"""Gives the addresses that are asserted to be the same thing as one, itself among them, ascending."""


def alone(node: NodeId) -> Sequence[NodeId]:
    """Know of no other address."""
    return (node,)


_SUBJECT, _OBJECT = attrgetter("subject.text"), attrgetter("object.text")


class Naming:
    """Translates between canonical addresses, which sources are asked by, and names in the answer.

    `inside` are the edges that led from a merged node to itself: they are left out.
    """

    def __init__(self, identity: Identity, *, sources: Sequence[Source], kin: Kin = alone) -> None:
        """Name nodes for one answer."""
        self.inside: set[EdgeKey] = set()
        self._off = identity is Identity.OFF
        self._is_simple = kin is alone and not self._off
        self._sources = sources
        self._kin = kin
        self._seeds: dict[Address, Address] = {}
        self._names: dict[tuple[str, NodeId], NodeId] = {}
        self._canonical: dict[Address, NodeId] = {}
        self._forms: dict[NodeId, NodeId] = {}
        # By their texts: every relation that a source shows is looked up here.
        self._renamed: set[str] = set()
        self._has_forms: set[str] = set()
        self._forms_of: dict[NodeId, list[NodeId]] = {}

    def name_seed(self, canonical: Address, *, requested: Address) -> Address:
        """Give a seed's name; every source is asked about it. `requested` is the address as typed."""
        if not isinstance(canonical, NodeId):
            return canonical
        if self._off:
            name = canonical
            if isinstance(requested, NodeId):
                form = (requested.namespace, requested.type)
                forms = (each for source in self._sources for each in _forms(source, canonical))
                name = next((each for each in forms if (each.namespace, each.type) == form), canonical)
            self._seeds[canonical] = name
            self._canonical[name] = canonical
            return name
        # A source may show the seed with another value than the one its id was computed from;
        # such a row goes by the native id, which is known to be the seed's.
        members = self._kin(canonical)
        for member in members:
            known = dict.fromkeys(form for source in self._sources for form in _forms(source, member))
            self._forms |= dict.fromkeys(known, member)
            self._forms_of[member] = list(known)
            self._renamed.update(form.text for form in known if form != member)
            self._has_forms.update(form.text for form in (member, *known))
        return members[0]

    def askers(self, name: Address) -> list[tuple[Source, Address]]:
        """Give the sources to ask about a named node, and the canonical address to ask each by."""
        if isinstance(name, Selection):
            return [(source, name) for source in accepting(self._sources, name)]
        if self._off:
            canonical = self._canonical.get(name, name)
            asked = accepting(self._sources, canonical)
            if self._seeds.get(canonical) != name:
                asked = tuple(source for source in asked if self.name(source, canonical) == name)
            return [(source, canonical) for source in asked]
        return [(source, one) for one in self._kin(name) for source in accepting(self._sources, one)]

    def accepting(self, node: NodeId) -> Sequence[Source]:
        """Give the sources that can be asked about a canonical node."""
        return [source for source in self._sources if source.connector.accepts(node)]

    def members(self, name: NodeId) -> Sequence[NodeId]:
        """Give the canonical addresses that a named node stands for, ascending."""
        return (self._canonical.get(name, name),) if self._off else self._kin(name)

    def is_plain(self, name: NodeId) -> bool:
        """Tell whether a named node has one address, as nearly all have: all is told under it."""
        return self._is_simple and name.text not in self._has_forms

    def all_addresses(self, names: Collection[NodeId]) -> Collection[NodeId]:
        """Give every address under which a source may have told of these named nodes."""
        if self._off or self._kin is not alone:
            return {address for name in names for address in self.addresses(name)}
        forms = (forms for node, forms in self._forms_of.items() if node in names)
        return {*names, *chain.from_iterable(forms)}

    def addresses(self, name: NodeId) -> Sequence[NodeId]:
        """Give every address under which a source may have told of a named node."""
        members = self.members(name)
        return (*members, *(form for member in members for form in self._forms_of.get(member, ())))

    def name(self, source: Source, node: NodeId) -> NodeId:
        """Give the name of a node that `source` shows."""
        if not self._off:
            return self._kin(self._forms.get(node, node))[0]
        seed = self._seeds.get(node)
        if isinstance(seed, NodeId):
            return seed
        known = self._names.get((source.name, node))
        if known is None:
            own = (form for form in _forms(source, node) if not source.connector.unresolved(form))
            known = self._names[source.name, node] = next(own, node)
            self._canonical[known] = node
        return known

    def rename(self, source: Source, finding: Finding) -> Finding:
        """Give the finding in the answer's names, without what would lead from a node to itself."""
        if not self._off and not self._shows_renamed(source, finding):
            return finding
        edges = []
        for edge in finding.listing.edges:
            named = self._rename_edge(source, edge)
            if named.subject == named.object and self._is_inside(edge):
                self.inside.add(edge_key(edge))
            else:
                edges.append(named)
        listing = replace(finding.listing, edges=tuple(edges))
        if self._kin is not alone:
            # Of what the source counts, some may have fallen together or been left out.
            listing = replace(listing, total=None)
        return replace(finding, listing=listing)

    def rule(self, rule: Rule) -> Rule:
        """Give the rule as it holds for named nodes: an end fits if any of its addresses does."""
        if self._kin is alone or not rule.filter.binds_other_end:
            return rule
        return _NamedRule(rule.direction, rule.relations, rule.filter, self.members)

    def _shows_renamed(self, source: Source, finding: Finding) -> bool:
        if self._kin is alone:
            # Only a seed has other forms here: what does not name one of them is as it was told.
            renamed = self._renamed
            edges = finding.listing.edges
            return bool(renamed) and not (
                renamed.isdisjoint(map(_SUBJECT, edges)) and renamed.isdisjoint(map(_OBJECT, edges))
            )
        ends = (end for edge in finding.listing.edges for end in (edge.subject, edge.object))
        return any(self.name(source, end) != end for end in ends)

    def _is_inside(self, edge: Edge) -> bool:
        """Tell whether an edge leads between two things that only the crosswalk makes one."""
        return self._forms.get(edge.subject, edge.subject) != self._forms.get(edge.object, edge.object)

    def _rename_edge(self, source: Source, edge: Edge) -> Edge:
        subject, object_ = self.name(source, edge.subject), self.name(source, edge.object)
        if not edge.directed:
            subject, object_ = undirected(subject, object_)
        return replace(edge, subject=subject, object=object_)


@dataclass(frozen=True, slots=True)
class _NamedRule(Rule):
    """A rule whose other end is any of the addresses a node stands for."""

    members: Callable[[NodeId], Sequence[NodeId]] = field(default=alone, compare=False)

    def fits(self, end: NodeId) -> bool:
        """Tell whether any of the node's addresses is wanted."""
        return any(Rule.fits(self, member) for member in self.members(end))


def _forms(source: Source, node: NodeId) -> Sequence[NodeId]:
    """Give the other addresses by which the source claims a node."""
    if not source.connector.accepts(node):
        return ()
    forms = []
    for alias in source.connector.aliases(node):
        try:
            form = parse_address(alias)
        except InvalidNodeIdError:
            continue
        if isinstance(form, NodeId):
            forms.append(form)
    return forms
