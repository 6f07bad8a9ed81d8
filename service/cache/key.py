"""The canonical request object, and the store keys made from it.

A key is `rg1:` and a keyed hash: 26 characters that hold no address and no secret. Every part of
the question is hashed, in a form in which no two different questions look alike, so nothing that
changes what an upstream answers can be left out by mistake: what is asked *is* the dataclass.
A scope belongs to one source, so another source in the settings changes no key of this one.
"""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from connectors.contract import Filter
from connectors.model import NodeId
from connectors.wire import Aspect, Pairs
from service.cache.hasher import Hasher

PREFIX = "rg1:"


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a request that all questions to one source for one caller have in common.

    `settings` are the connector's own pairs (`ConnectorSpec.scope`: base URL, region, groups,
    dialect), `mapping_version` its version of `read`, `partition` who may share the answer.
    """

    source: str
    connector: str
    settings: Pairs
    mapping_version: int
    partition: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one source: cache, single-flight, batch and cursor keys all come from it.

    `address` is the text of the canonical address, `filter` the part the upstream applies.
    """

    scope: Scope
    tenant: str | None
    address: str
    aspect: Aspect
    filter: Filter

    def key(self, hasher: Hasher) -> str:
        """Give the store key of the listing that answers the question."""
        return PREFIX + hasher.text("listing", *self._parts())

    def _parts(self) -> tuple[Any, ...]:
        return (
            _scope_parts(self.scope),
            self.tenant,
            self.address,
            self.aspect,
            _filter_parts(self.filter),
        )


def facts_key(scope: Scope, *, tenant: str | None, node: NodeId, digest: bytes, hasher: Hasher) -> str:
    """Give the store key of one telling of one node, kept apart from the listings that refer to it.

    `digest` is that of the telling itself: equal ones share an entry, and none overwrites another.
    """
    return PREFIX + hasher.text("facts", _scope_parts(scope), tenant, str(node), digest)


def refusal_key(scope: Scope, *, tenant: str | None, credential: str, hasher: Hasher) -> str:
    """Give the store key of the marker that the upstream refused a credential.

    `credential` is that credential's own partition: under a tenant's the refusal of one caller
    would shut out all. A new mapping makes no refused credential good, so its version is left out.
    """
    return PREFIX + hasher.text("refusal", _upstream_parts(scope), tenant, credential)


def proof_key(scope: Scope, *, tenant: str | None, credential: str, hasher: Hasher) -> str:
    """Give the store key of the marker that the upstream accepted a credential for a tenant."""
    return PREFIX + hasher.text("proof", _upstream_parts(scope), tenant, credential)


# From the dataclasses themselves: a field added to one of them is in every key from then on.
_scope_parts = attrgetter(*(field.name for field in fields(Scope)))
_filter_parts = attrgetter(*(field.name for field in fields(Filter)))
_upstream_parts = attrgetter("source", "connector", "settings")
