"""The canonical request object, and every store key of what was fetched: one form, made here only.

    rg1: L sss tttt ccccc nnnnn dddddddddddddddddddd      42 characters, without the blanks

A kind, four tags and a digest. The digest is a keyed hash of everything that was asked, in a form in
which no two different questions look alike, so nothing that changes what an upstream answers can be
left out by mistake: what is asked *is* the dataclass. It alone tells entries apart; the tags are for
an operator who wants some of them gone and finds them by a pattern. They are keyed hashes too, cut
short: of the source's name, the tenant asked about, who may share the entry (its partition; of a
marker its credential), and the address told of. Two that happen to be alike only purge a little more.
Where there is no such thing, dots stand: a source without tenants, the address of a marker.

Kinds: `L` a listing, `F` facts kept apart, `R` a refused and `P` an accepted credential, `D` a dictionary
that is made of listings with the same tags, `T` where a walk was stopped, whose third tag is always the
credential's, `S` a page of an answer that goes on, which mixes sources and has no tags at all.
A scope belongs to one source, so another source in the settings changes no key of this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from connectors.contract import Filter
from connectors.model import NodeId
from connectors.wire import Aspect, Pairs
from service.cache.hasher import Hasher

PREFIX = "rg1:"
# 120 bits; with the two characters that are left out an allocator takes 16 bytes more for each key.
_DIGEST = slice(20)


class Kind(StrEnum):
    """What lies under a key."""

    LISTING = "L"
    FACTS = "F"
    REFUSAL = "R"
    PROOF = "P"
    SHEET = "S"
    LEARNT = "D"
    TRAIL = "T"


WATCHED = tuple(f"{PREFIX}{kind}" for kind in (Kind.LISTING, Kind.FACTS, Kind.REFUSAL, Kind.PROOF))
"""What the keys begin with that an answer is read from: whoever keeps one watches these."""


class Place(StrEnum):
    """What a tag is of; the tags stand in this order."""

    SOURCE = "source"
    TENANT = "tenant"
    SHARED_BY = "shared by"
    ADDRESS = "address"

    @property
    def length(self) -> int:
        """Give how many characters the tag has, six bits each: as many as keep strangers apart."""
        return _LENGTHS[self]


_LENGTHS = {Place.SOURCE: 3, Place.TENANT: 4, Place.SHARED_BY: 5, Place.ADDRESS: 5}
_PURPOSES = {place: f"tag of {place}" for place in Place}


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
        digest = hasher.text("listing", *self._parts())[_DIGEST]
        tags = _tags(self.scope, self.tenant, self.scope.partition, hasher)
        return f"{PREFIX}{Kind.LISTING}{tags}{tag(Place.ADDRESS, self.address, hasher=hasher)}{digest}"

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
    text = hasher.text("facts", _scope_parts(scope), tenant, str(node), digest)[_DIGEST]
    tags = _tags(scope, tenant, scope.partition, hasher)
    return f"{PREFIX}{Kind.FACTS}{tags}{tag(Place.ADDRESS, str(node), hasher=hasher)}{text}"


def refusal_key(scope: Scope, *, tenant: str | None, credential: str, hasher: Hasher) -> str:
    """Give the store key of the marker that the upstream refused a credential.

    `credential` is that credential's own partition: under a tenant's the refusal of one caller
    would shut out all. A new mapping makes no refused credential good, so its version is left out.
    """
    digest = hasher.text("refusal", _upstream_parts(scope), tenant, credential)[_DIGEST]
    return f"{PREFIX}{Kind.REFUSAL}{_tags(scope, tenant, credential, hasher)}{_NO_ADDRESS}{digest}"


def proof_key(scope: Scope, *, tenant: str | None, credential: str, hasher: Hasher) -> str:
    """Give the store key of the marker that the upstream accepted a credential for a tenant."""
    digest = hasher.text("proof", _upstream_parts(scope), tenant, credential)[_DIGEST]
    return f"{PREFIX}{Kind.PROOF}{_tags(scope, tenant, credential, hasher)}{_NO_ADDRESS}{digest}"


def circle_of(key: str) -> str:
    """Give the tags of source, tenant and partition in the key of a listing."""
    return key[_CIRCLE]


def learnt_key(circle: str, *, digest: bytes, hasher: Hasher) -> str:
    """Give the store key of a dictionary that was made of the listings of a circle."""
    return f"{PREFIX}{Kind.LEARNT}{circle}{_NO_ADDRESS}{hasher.text('learnt', digest)[_DIGEST]}"


def sheet_key(part: str, *, binding: bytes, page: bytes, hasher: Hasher) -> str:
    """Give the store key of a part of one page of an answer that goes on."""
    return f"{PREFIX}{Kind.SHEET}{_NO_TAGS}{hasher.text(part, binding, page)[_DIGEST]}"


def trail_key(questions: Sequence[Question], *, credential: str, hasher: Hasher) -> str:
    """Give the store key of where a walk about these questions, of one scope, was stopped.

    `credential` is that credential's own partition, whoever may share the answer: what has been fetched
    halfway is nobody else's.
    """
    first = questions[0]
    parts = tuple(each._parts() for each in questions)  # noqa: SLF001 - of the same module
    digest = hasher.text("trail", parts, credential)[_DIGEST]
    tags = _tags(first.scope, first.tenant, credential, hasher)
    return f"{PREFIX}{Kind.TRAIL}{tags}{_NO_ADDRESS}{digest}"


def tag(place: Place, text: str | None, *, hasher: Hasher) -> str:
    """Give what stands at this place of the keys of everything about `text`; it tells nothing of it."""
    if text is None:
        return _blank(place)
    return hasher.text(_PURPOSES[place], text)[: _LENGTHS[place]]


def blank_tags() -> str:
    """Give what stands in the place of all tags where an entry is about nothing in particular."""
    return "".join(map(_blank, Place))


def _blank(place: Place) -> str:
    # No tag holds a dot, so nothing is ever taken for the thing that is not there.
    return "." * place.length


def _tags(scope: Scope, tenant: str | None, shared_by: str, hasher: Hasher) -> str:
    return _known_tags(hasher, scope.source, tenant, shared_by)


@lru_cache(maxsize=4096)
def _known_tags(hasher: Hasher, source: str, tenant: str | None, shared_by: str) -> str:
    # The same few for thousands of questions: only the address differs from one to the next.
    told = ((Place.SOURCE, source), (Place.TENANT, tenant), (Place.SHARED_BY, shared_by))
    return "".join(tag(place, text, hasher=hasher) for place, text in told)


_NO_ADDRESS = _blank(Place.ADDRESS)
_NO_TAGS = blank_tags()
_CIRCLE = slice(len(PREFIX) + 1, len(PREFIX) + 1 + len(_NO_TAGS) - len(_NO_ADDRESS))
# From the dataclasses themselves: a field added to one of them is in every key from then on.
_scope_parts = attrgetter(*(field.name for field in fields(Scope)))
_filter_parts = attrgetter(*(field.name for field in fields(Filter)))
_upstream_parts = attrgetter("source", "connector", "settings")
