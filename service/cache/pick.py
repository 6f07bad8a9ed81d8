"""What an operator wants gone from the store: the patterns its keys have, and the look into a value.

A key's tags say what an entry was fetched about. What it mentions beside that, a node among the
neighbors of another, only the entry itself can tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from connectors.model import Address, NodeId
from connectors.walk import Listing
from service.cache.codec import decode_columns, decode_draft
from service.cache.frame import EntryError, Learnt, unpack
from service.cache.hasher import Hasher
from service.cache.key import PREFIX, Kind, Place, blank_tags, tag

# Shorter texts stand in many an entry that has nothing to do with them.
_SHORTEST_TEXT = 6
# Of any length: an earlier version's had two characters more.
_DIGEST = "*"
# A page mixes what many sources told of many nodes. What an earlier version kept under a digest alone
# is read by nobody any more, and nobody can say of what it is. (Redis wants the dash first.)
FORMER_LENGTH = 22
_ALWAYS = (
    f"{PREFIX}{Kind.SHEET}{blank_tags()}{_DIGEST}",
    PREFIX + "[-0-9A-Z_a-z]" * FORMER_LENGTH,
)


@dataclass(frozen=True, slots=True)
class Pick:
    """What fits all that is given here; None is whatever.

    `shared_by` is a credential's own partition, `refusals` takes the markers that it was refused
    along. `addresses` are all ways in which the one node may be written, none for any node.
    """

    source: str | None = None
    tenant: str | None = None
    shared_by: str | None = None
    refusals: bool = False
    addresses: tuple[Address, ...] = ()

    def sure(self, hasher: Hasher) -> Iterator[str]:
        """Give the patterns of keys whose entries go unseen."""
        if self.addresses:
            kinds = f"[{Kind.LISTING}{Kind.FACTS}]"
            for address in self.addresses:
                yield self._pattern(kinds, hasher, tenant=self.tenant, address=str(address))
        else:
            kinds = f"{Kind.LISTING}{Kind.FACTS}{Kind.LEARNT}{Kind.PROOF}"
            kinds = f"[{kinds}{Kind.REFUSAL if self.refusals else ''}]"
            yield self._pattern(kinds, hasher, tenant=self.tenant)
        # Where a walk was stopped only saves calls, whatever it mentions.
        yield self._pattern(Kind.TRAIL, hasher, tenant=None)
        yield from _ALWAYS

    def doubtful(self, hasher: Hasher) -> Iterator[str]:
        """Give the patterns of keys whose entries go when they mention what is picked."""
        # Dictionaries last: without them what was pressed by them cannot be looked into.
        for kinds in (f"[{Kind.LISTING}{Kind.FACTS}]", Kind.LEARNT):
            if self.addresses:
                yield self._pattern(kinds, hasher, tenant=self.tenant)
            elif self.tenant is not None:
                yield self._pattern(kinds, hasher, tenant=None)

    def mentioned(self, key: str, blob: bytes, *, known: Mapping[bytes, Learnt]) -> bool:
        """Tell whether an entry mentions the node, or, without one, anything of the tenant.

        As a node, or as text in whatever is told of others; what cannot be read may as well go. `known` are
        learnt dictionaries by their digests.
        """
        if key[len(PREFIX)] == Kind.LEARNT:
            return any(text.encode() in blob for text in self._texts())
        try:
            if any(text.encode() in unpack(blob, known=known) for text in self._texts()):
                return True
            if key[len(PREFIX)] != Kind.LISTING:
                return False
            return self._listed(decode_draft(blob, known=known).listing) or self._is_packed(blob, known)
        except EntryError:
            return True

    def _is_packed(self, blob: bytes, known: Mapping[bytes, Learnt]) -> bool:
        """Tell whether the text stands where a listing has packed it."""
        _, columns = decode_columns(blob, known=known)
        values = (value for told in columns.attributes for _, value in told)
        shown = [
            each for each in chain(columns.keys, columns.labels, columns.records, values) if type(each) is str
        ]
        return any(text in each for text in self._texts() for each in shown)

    def _texts(self) -> Iterator[str]:
        keys = {each.key for each in self.addresses if isinstance(each, NodeId)}
        texts = keys if self.addresses else {self.tenant or ""}
        yield from (text for text in texts if len(text) >= _SHORTEST_TEXT)

    def _listed(self, listing: Listing) -> bool:
        told: set[Address | None] = {listing.address, listing.canonical}
        told.update(facts.node for facts in listing.facts)
        for edge in listing.edges:
            told.update((edge.subject, edge.object))
        if self.addresses:
            asked = {each.key for each in self.addresses if isinstance(each, NodeId)}
            return not told.isdisjoint(self.addresses) or listing.filter.with_key in asked
        return any(each is not None and each.tenant == self.tenant for each in told)

    def _pattern(self, kinds: str, hasher: Hasher, *, tenant: str | None, address: str | None = None) -> str:
        told = (self.source, tenant, self.shared_by, address)
        tags = (
            "?" * place.length if text is None else tag(place, text, hasher=hasher)
            for place, text in zip(Place, told, strict=True)
        )
        return f"{PREFIX}{kinds}{''.join(tags)}{_DIGEST}"
