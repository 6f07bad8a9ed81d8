"""Under which keys one request's entries lie, each worked out once.

A question that has to be asked needs its key four times: to look, for its seat and for its lease, and to
keep what came of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.contract import Filter
from connectors.model import Address, NodeId
from connectors.wire import Aspect
from service.cache.hasher import Hasher
from service.cache.key import Question, Scope, facts_key, trail_key
from service.usecases.cached.marker import Realm, scope_of
from service.usecases.source import Access, Source


@dataclass(frozen=True, slots=True)
class Catalog:
    """The keys of what one request may read, or would keep."""

    hasher: Hasher
    sources: Mapping[str, Source]
    accesses: Mapping[str, Access]
    _scopes: dict[Realm, Scope] = field(default_factory=dict)
    _listings: dict[tuple[str, Address, Aspect, Filter], str] = field(default_factory=dict)

    def listing(self, name: str, address: Address, aspect: Aspect, filter: Filter) -> str:
        """Give the key of what the source of this name lists of an address, having applied a filter."""
        asked = name, address, aspect, filter
        key = self._listings.get(asked)
        if key is None:
            key = self._listings[asked] = self._question(*asked).key(self.hasher)
        return key

    def trail(self, source: Source, addresses: Iterable[Address], aspect: Aspect, filter: Filter) -> str:
        """Give the key of where a walk about these was stopped, of what `filter` the calls apply."""
        asked = sorted(addresses, key=str)
        questions = [
            self._question(
                *(source.name, each, aspect),
                source.connector.pushed(each, filter, batched=len(asked) > 1),
            )
            for each in asked
        ]
        return trail_key(questions, credential=self.accesses[source.name].identity, hasher=self.hasher)

    def facts(self, name: str, tenant: str | None, node: NodeId, digest: bytes) -> str:
        """Give the key of facts kept apart from a listing.

        The tenant is that of the listing which tells of the node: one tenant's word for a node that several
        tenants can name is not for the others to read.
        """
        scope = self._scope((name, tenant))
        return facts_key(scope, tenant=tenant, node=node, digest=digest, hasher=self.hasher)

    def _question(self, name: str, address: Address, aspect: Aspect, filter: Filter) -> Question:
        return Question(self._scope((name, address.tenant)), address.tenant, str(address), aspect, filter)

    def _scope(self, realm: Realm) -> Scope:
        # One for all the questions of an answer, and for the facts of its thousand nodes.
        if realm not in self._scopes:
            name, tenant = realm
            self._scopes[realm] = scope_of(self.sources[name], self.accesses[name], tenant=tenant)
        return self._scopes[realm]
