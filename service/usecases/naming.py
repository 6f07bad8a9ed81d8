"""What nodes are called in one answer: how far addresses of the same thing are merged.

With `exact`, every node goes by its canonical address, so sources that speak of one thing meet.
With `off`, only equal addresses are the same node: what several sources could speak of goes by the
form that only the source showing it uses, and the seed by the form it was asked in.
"""

from collections.abc import Sequence
from dataclasses import replace

from connectors.errors import InvalidNodeIdError
from connectors.model import Address, Edge, NodeId, parse_address, undirected
from connectors.walk import Finding
from service.usecases.request import Identity
from service.usecases.source import Source, accepting


class Naming:
    """Translates between canonical addresses, which sources are asked by, and names in the answer."""

    def __init__(self, identity: Identity, *, requested: Address) -> None:
        """Name nodes for one answer; `requested` is the address as the caller typed it, parsed."""
        self._off = identity is Identity.OFF
        self._requested = requested
        self._seed: tuple[Address, Address] | None = None
        self._names: dict[tuple[str, NodeId], NodeId] = {}
        self._canonical: dict[Address, Address] = {}
        self._merged: dict[NodeId, NodeId] = {}

    def name_seed(self, canonical: Address, *, sources: Sequence[Source]) -> Address:
        """Give the seed's name; every source is asked about it."""
        name = canonical
        if self._off and isinstance(canonical, NodeId) and isinstance(self._requested, NodeId):
            form = (self._requested.namespace, self._requested.type)
            forms = (each for source in sources for each in _forms(source, canonical))
            name = next((each for each in forms if (each.namespace, each.type) == form), canonical)
        self._seed = (name, canonical)
        self._canonical[name] = canonical
        if not self._off and isinstance(canonical, NodeId):
            # A source may show the seed with another value than the one its id was computed from;
            # such a row goes by the native id, which is known to be the seed's.
            forms = (each for source in sources for each in _forms(source, canonical))
            self._merged = dict.fromkeys(forms, canonical)
        return name

    def askers(self, name: Address, *, sources: Sequence[Source]) -> list[tuple[Source, Address]]:
        """Give the sources to ask about a named node, and the canonical address to ask by."""
        canonical = self._canonical.get(name, name)
        asked = accepting(sources, canonical)
        if self._off and isinstance(canonical, NodeId) and (name, canonical) != self._seed:
            asked = tuple(source for source in asked if self.name(source, canonical) == name)
        return [(source, canonical) for source in asked]

    def addresses(self, name: NodeId) -> Sequence[NodeId]:
        """Give every address under which a source may have told of a named node."""
        canonical = self.canonical(name)
        return (canonical, *(form for form, node in self._merged.items() if node == canonical))

    def canonical(self, name: NodeId) -> NodeId:
        """Give the canonical address of a named node."""
        canonical = self._canonical.get(name, name)
        return canonical if isinstance(canonical, NodeId) else name

    def name(self, source: Source, node: NodeId) -> NodeId:
        """Give the name of a node that `source` shows."""
        if not self._off:
            return self._merged.get(node, node)
        if self._seed is not None and node == self._seed[1] and isinstance(self._seed[0], NodeId):
            return self._seed[0]
        known = self._names.get((source.name, node))
        if known is None:
            own = (form for form in _forms(source, node) if not source.connector.unresolved(form))
            known = self._names[source.name, node] = next(own, node)
            self._canonical[known] = node
        return known

    def rename(self, source: Source, finding: Finding) -> Finding:
        """Give the finding in the answer's names."""
        if not self._off and not self._shows_merged(finding):
            return finding
        edges = tuple(self._rename_edge(source, edge) for edge in finding.listing.edges)
        return replace(finding, listing=replace(finding.listing, edges=edges))

    def _shows_merged(self, finding: Finding) -> bool:
        merged = self._merged
        return bool(merged) and any(
            edge.subject in merged or edge.object in merged for edge in finding.listing.edges
        )

    def _rename_edge(self, source: Source, edge: Edge) -> Edge:
        subject, object_ = self.name(source, edge.subject), self.name(source, edge.object)
        if not edge.directed:
            subject, object_ = undirected(subject, object_)
        return replace(edge, subject=subject, object=object_)


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
