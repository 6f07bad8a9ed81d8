"""Markers in the store: which credentials an upstream has refused, and which it accepts for a tenant.

Nothing is read for a credential that the upstream has refused since it was fetched, nor across a
tenant without proof that the upstream accepts the credential there.

A refusal stands under each of the operator's secret keys, and is looked for under each: while the keys
are being changed, processes that begin with different ones have to hear of each other's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from connectors.settings import Visibility
from connectors.walk import Finding, Listing
from service.cache.freshness import retention
from service.cache.key import Scope, proof_key, refusal_key
from service.cache.partition import PUBLIC, tenant_partition
from service.cache.store import Item
from service.usecases.cached.cabinet import Cabinet
from service.usecases.cached.revoked import written_moment
from service.usecases.source import Access, Source

FOR_EVER = datetime.max.replace(tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)

Realm = tuple[str, str | None]
"""A source, by its name, and a tenant there."""


def scope_of(source: Source, access: Access, *, tenant: str | None) -> Scope:
    """Give whose part of the cache a source's answers about a tenant are in, for one caller."""
    match source.visibility:
        case Visibility.CREDENTIAL:
            partition = access.identity
        case Visibility.TENANT:
            partition = tenant_partition(tenant)
        case Visibility.PUBLIC:
            partition = PUBLIC
    spec = source.connector.spec
    return Scope(source.name, spec.kind, spec.scope, spec.mapping_version, partition)


@dataclass(frozen=True, slots=True)
class Markers:
    """The markers that concern one request, by realm; reading and writing them is the shelf's."""

    cabinet: Cabinet
    sources: Mapping[str, Source]
    accesses: Mapping[str, Access]
    _keys: dict[Realm, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def keys(self, realm: Realm) -> tuple[str, ...]:
        """Give the store keys of a realm's markers: of refusals two for each secret key, last the proof's."""
        known = self._keys.get(realm)
        if known is None:
            name, tenant = realm
            access, hasher = self.accesses[name], self.cabinet.hasher
            scope, credential = scope_of(self.sources[name], access, tenant=tenant), access.identity
            known = self._keys[realm] = (
                refusal_key(scope, tenant=None, credential=credential, hasher=hasher),
                refusal_key(scope, tenant=tenant, credential=credential, hasher=hasher),
                *(self._under_others(scope, access, tenant) if hasher.others else ()),
                proof_key(scope, tenant=tenant, credential=credential, hasher=hasher),
            )
        return known

    def _under_others(self, scope: Scope, access: Access, tenant: str | None) -> Iterator[str]:
        for other in self.cabinet.hasher.others:
            credential = access.identity_under(other)
            for about in (None, tenant):
                yield refusal_key(scope, tenant=about, credential=credential, hasher=other)

    def barred_until(self, realm: Realm, blobs: Mapping[str, bytes | None]) -> datetime:
        """Give the time until which nothing fetched may be served; `blobs` are the markers read."""
        refused, proof = self.refused_at(realm, blobs), self.keys(realm)[-1]
        if self.sources[realm[0]].visibility is Visibility.TENANT:
            # What others fetched since shows nothing of this credential: it has to be accepted anew.
            proven = _instant(blobs.get(proof), damaged=_NEVER)
            return refused if proven > refused else FOR_EVER
        return refused

    def refused_at(self, realm: Realm, blobs: Mapping[str, bytes | None]) -> datetime:
        """Give when the upstream has refused the credential last, as far as is known."""
        *refusals, _ = self.keys(realm)
        told = [_instant(blobs.get(key), damaged=FOR_EVER) for key in refusals]
        return max([*told, *(self.cabinet.revoked.since(key) or _NEVER for key in refusals)])

    def open_until(self, realm: Realm, blobs: Mapping[str, bytes | None]) -> datetime:
        """Give until when what others of the tenant fetched may be served, should no refusal come."""
        if self.sources[realm[0]].visibility is not Visibility.TENANT:
            return FOR_EVER
        proven = _instant(blobs.get(self.keys(realm)[-1]), damaged=_NEVER)
        return proven + self.cabinet.tenant_proof

    def verdict(self, realm: Realm, blobs: Mapping[str, bytes | None]) -> bool | None:
        """Tell whether the upstream has accepted or refused the credential last; None: neither lately.

        A refusal bars what was fetched before it for good; as a verdict it holds as long as a proof does.
        """
        refused, proof = self.refused_at(realm, blobs), self.keys(realm)[-1]
        proven = _instant(blobs.get(proof), damaged=_NEVER)
        lately = self.cabinet.clock.now() - self.cabinet.tenant_proof
        return None if max(proven, refused) < lately else proven > refused

    def refusal(self, source: Source, finding: Finding) -> list[Item]:
        """Give the markers, one for each secret key, that the upstream has refused the credential.

        This process knows at once.
        """
        access, hasher = self.accesses[source.name], self.cabinet.hasher
        scope = scope_of(source, access, tenant=finding.listing.address.tenant)
        # A 403 may be about this tenant only; anything else is about the credential itself.
        tenant = finding.listing.address.tenant if finding.status == HTTPStatus.FORBIDDEN else None
        keys = [
            refusal_key(scope, tenant=tenant, credential=access.identity_under(each), hasher=each)
            for each in (hasher, *hasher.others)
        ]
        moment = self.cabinet.clock.now()
        longest = max(retention(source.freshness, negative=negative) for negative in (True, False))
        markers = [Item(key, written_moment(moment), longest) for key in keys]
        for marker in markers:
            self.cabinet.revoked.note(marker, moment)
        return markers

    def proof(self, source: Source, listing: Listing) -> Item:
        """Give the marker that the upstream accepts the credential for the tenant of a listing."""
        access, tenant = self.accesses[source.name], listing.address.tenant
        scope = scope_of(source, access, tenant=tenant)
        key = proof_key(scope, tenant=tenant, credential=access.identity, hasher=self.cabinet.hasher)
        # As of when the upstream replied: a refusal may have come since.
        return Item(key, written_moment(listing.fetched_at), self.cabinet.tenant_proof)


def _instant(blob: bytes | None, *, damaged: datetime) -> datetime:
    if blob is None:
        return _NEVER
    try:
        moment = datetime.fromisoformat(blob.decode("ascii"))
    except ValueError:
        return damaged
    return damaged if moment.tzinfo is None else moment
