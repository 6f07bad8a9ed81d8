"""What nodes are the same as by the operator's crosswalk, as far as one caller may know.

A row of the crosswalk shows a caller an address of a source. Where callers bring credentials of their
own, having sent one proves nothing: a row shows only to a caller whose credential the upstream accepts
for the address's tenant. That is found out before anything else is asked, for every tenant the
crosswalk speaks of: so it is the same for every node of an answer, whatever is found in which order,
and nothing in the answer tells whether a node has a row that the caller may not see.
"""

from collections.abc import Iterator, Mapping, Sequence

from connectors.model import NodeId, Outcome
from connectors.walk import Finding
from service.graph.identity import Crosswalk, Group, Row
from service.usecases.cached.marker import Realm
from service.usecases.source import Access, Source

_ACCEPTED = frozenset({Outcome.OK, Outcome.PARTIAL, Outcome.STALE})
_REFUSED = frozenset({Outcome.DENIED, Outcome.NO_CREDENTIAL})


class Kinship:
    """The crosswalk as one request may see it; every node's group is found out once and stays.

    `verdicts` say of a source and tenant whether it takes this caller's credential.
    """

    def __init__(
        self, crosswalk: Crosswalk, *, sources: Sequence[Source], accesses: Mapping[str, Access]
    ) -> None:
        """Look with what one caller can use; `sources` are those the request asks."""
        self.digest = crosswalk.digest
        self.verdicts: dict[Realm, bool] = {}
        self._crosswalk = crosswalk
        self._sources = {source.name: source for source in sources}
        self._groups: dict[NodeId, Group] = {}
        self.landmarks: dict[Realm, Sequence[NodeId]] = {}
        for nodes in crosswalk.landmarks:
            for source in sources:
                sent = source.by_caller and accesses[source.name].sender is not None
                accepted = [node for node in nodes if source.connector.accepts(node)]
                if sent and accepted:
                    self.landmarks.setdefault((source.name, nodes[0].tenant), accepted)

    @property
    def is_sure(self) -> bool:
        """Tell whether all that had to be found out of the caller's credentials was."""
        return self.landmarks.keys() <= self.verdicts.keys()

    def __call__(self, node: NodeId) -> Sequence[NodeId]:
        """Give the addresses of the node's group, ascending."""
        return self.group(node).members

    def group(self, node: NodeId) -> Group:
        """Give the node's group and its evidence."""
        found = self._groups.get(node)
        if found is None:
            found = self._crosswalk.group_of(node, visible=self._is_visible)
            for member in found.members:
                self._groups[member] = found
        return found

    def judge(self, realm: Realm, finding: Finding) -> bool:
        """Learn from a question about a landmark; False when it has decided nothing.

        Trouble may pass, and a 404 may be how an upstream hides a tenant, or one unknown address.
        """
        if finding.outcome in _ACCEPTED or finding.listing.edges:
            self.verdicts[realm] = True
        elif finding.outcome in _REFUSED:
            self.verdicts[realm] = False
        return realm in self.verdicts

    def _can_use(self, realm: Realm) -> bool:
        name, _ = realm
        return not self._sources[name].by_caller or self.verdicts.get(realm, False)

    def _realms(self, node: NodeId) -> Iterator[Realm]:
        return ((s.name, node.tenant) for s in self._sources.values() if s.connector.accepts(node))

    def _is_visible(self, row: Row) -> bool:
        ends = (row.address, row.same_as)
        if row.visibility:
            return all(self._can_use_at(name, ends) for name in row.visibility)
        return all(any(map(self._can_use, self._realms(end))) for end in ends)

    def _can_use_at(self, name: str, ends: Sequence[NodeId]) -> bool:
        """Tell whether the caller can use a source that a row names, for every end that it accepts."""
        source = self._sources.get(name)
        if source is None or not source.by_caller:
            # One that takes no caller's credential is everybody's.
            return source is not None
        accepted = [end for end in ends if source.connector.accepts(end)]
        return bool(accepted) and all(self._can_use((name, end.tenant)) for end in accepted)
