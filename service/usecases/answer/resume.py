"""Where an answer goes on: the cursor its caller holds, and the pages it names in the store.

A cursor is the id of the newest page, sealed together with what it is bound to: the caller, the
credentials it asks with, and every parameter. The pages themselves lie under keys made of the same,
so that a cursor opens nothing for anybody else, and are gone when the time of the first one is up.
A page is never changed: the same cursor gives its next page as often as it is asked for.

Any of the operator's secret keys opens a cursor and tells what it is bound to; the first one seals the
next. Pages stay where they are when the keys change: what they lie under is made of the first page's
binding, which is itself a keyed hash that nothing but sealed cursors hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

import structlog
from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder

from connectors.errors import InvalidParameterError, StoreUnavailableError
from connectors.ports import Clock
from service.cache.frame import EntryError, pack, unpack
from service.cache.hasher import Hasher, Plain
from service.cache.key import sheet_key
from service.cache.sheet import Sheet, decode_sheet, encode_sheet
from service.cache.store import Item, Store
from service.usecases.request import GraphRequest
from service.usecases.source import Access, Source

log = structlog.get_logger(__name__)
_AT_ONCE = 8
# What does not change what is answered (how fresh it has to be), is bound otherwise (the seeds, by
# their canonical addresses), or may not be kept.
_UNBOUND = frozenset({"nodes", "to", "tolerance", "cursor", "behalf", "credentials"})
# Raised when an old page, played back, would become another: the order of questions, what is admitted,
# the digests of what was sent.
_VERSION = 3


class InvalidCursorError(InvalidParameterError):
    """The cursor was not made here, or not for this caller and this request."""


class ExpiredCursorError(InvalidParameterError):
    """The cursor's time is up, or the pages it names are gone."""


class Seal(Protocol):
    """Closes bytes so that nobody else can read or make them."""

    def close(self, data: bytes) -> str:
        """Give text that only this service can open, fit for a URL."""
        ...

    def open(self, text: str) -> bytes | None:
        """Give what `close` was given; None for anything else."""
        ...


class _Token(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a cursor holds; `expires` is in whole seconds since 1970.

    `binding` is the pages' own. `resolved` differs where only an upstream could say which nodes the
    seeds are: the answer tells their canonical addresses, and a caller may go on with those.
    """

    binding: bytes
    resolved: bytes
    newest: bytes
    expires: int
    crosswalk: str


class _Entry(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What lies in the store of one page: the ids of the pages before it, and its sheet.

    What was sent up to it is only of use while it is the newest, and lies beside it.
    """

    before: tuple[bytes, ...]
    sheet: bytes


@dataclass(frozen=True, slots=True)
class Book:
    """The pages of one answer so far, the first one first; `expires` is when they are gone.

    `binding` is what their keys are made of.
    """

    sheets: tuple[Sheet, ...] = ()
    ids: tuple[bytes, ...] = ()
    expires: datetime | None = None
    binding: bytes = b""

    @property
    def fruitless(self) -> int:
        """Give what the newest pages, one after the other, weigh that brought nothing."""
        return self.sheets[-1].fruitless if self.sheets else 0

    @property
    def sent(self) -> Mapping[bytes, bytes] | None:
        """Give the digests of the records the caller holds, by those of their ids; None before any page."""
        return (self.sheets[-1].sent or {}) if self.sheets else None


@dataclass(frozen=True, slots=True)
class Resume:
    """Opens and makes cursors; the pages of one answer have to be asked for within `ttl`."""

    store: Store
    hasher: Hasher
    seal: Seal
    clock: Clock
    ttl: timedelta = field(default=timedelta(hours=1))

    def bind(
        self,
        request: GraphRequest,
        *,
        seeds: Sequence[str],
        sources: Sequence[Source],
        accesses: Mapping[str, Access],
        by: Hasher | None = None,
    ) -> bytes:
        """Give what a cursor of this request is bound to, 16 bytes, hashed by the first key's hasher or `by`.

        That is who calls, how each source is configured and as whom it is asked, every parameter, and
        the addresses asked about.
        """
        parts = tuple(
            _plain(getattr(request, part.name)) for part in fields(request) if part.name not in _UNBOUND
        )
        asked = tuple(_asked(source, accesses[source.name], by) for source in sources)
        return (by or self.hasher).digest("cursor", _VERSION, tuple(seeds), parts, asked)

    async def open(self, cursor: str, *, bind: Callable[..., bytes], crosswalk: str) -> Book:
        """Give the pages a cursor names; InvalidCursorError or ExpiredCursorError.

        `bind` gives what the request is bound to `by` the hasher of one of the keys. `crosswalk` is the
        digest of the one in use: with another one the pages were not made.
        """
        token = self._token(cursor)
        keys = (self.hasher, *self.hasher.others)
        if token is None or not any(bind(by=each) in (token.binding, token.resolved) for each in keys):
            raise InvalidCursorError("not a cursor of this caller and this request", field="cursor")
        if token.crosswalk != crosswalk:
            raise ExpiredCursorError(
                "another crosswalk is loaded since; ask again from the first page", field="cursor"
            )
        expires = datetime.fromtimestamp(token.expires, tz=self.clock.now().tzinfo)
        if expires <= self.clock.now():
            raise ExpiredCursorError("its time is up; ask again from the first page", field="cursor")
        try:
            (newest,) = await self._load([token.newest], token.binding)
            earlier = await self._load(newest.before, token.binding)
            (sent,) = await self.store.load([self._key(token.newest, token.binding, part="sent")])
            *older, last = (decode_sheet(entry.sheet) for entry in (*earlier, newest))
            sheets = (*older, replace(last, sent=_read_sent(sent)))
        except (StoreUnavailableError, EntryError, MsgspecError) as error:
            raise ExpiredCursorError(
                "the pages it names are gone; ask again from the first page", field="cursor"
            ) from error
        return Book(sheets, (*newest.before, token.newest), expires, token.binding)

    async def keep(
        self, book: Book, sheet: Sheet, *, binding: bytes, resolved: bytes, crosswalk: str
    ) -> str | None:
        """Keep a page after those of `book` and give the cursor of what follows.

        `binding` is that of the request as it was asked, `resolved` that of its seeds as they turned out.
        None when the page cannot be kept: StoreUnavailableError is the caller's to notice.
        """
        binding = book.binding or binding
        now = self.clock.now()
        expires = now + self.ttl if book.expires is None else book.expires
        try:
            entry = _ENCODER.encode(_Entry(book.ids, encode_sheet(replace(sheet, sent=None))))
            sent = pack(_ENCODER.encode(dict(sheet.sent or {})))
        except EntryError as error:
            log.warning("an answer cannot go on", reason=str(error))
            return None
        # The same page, made of the same words, is kept once, however often it is asked for.
        newest = self.hasher.digest("page id", binding, entry, sent)
        # A little longer than the cursor says: of the two clocks the store's may be ahead.
        ttl = expires - now + timedelta(seconds=5)
        await self.store.save(
            [
                Item(self._key(newest, binding, part="sent"), sent, ttl),
                Item(self._key(newest, binding), entry, ttl),
            ]
        )
        token = _Token(binding, resolved, newest, int(expires.timestamp()), crosswalk)
        return self.seal.close(_ENCODER.encode(token))

    def _token(self, cursor: str) -> _Token | None:
        data = self.seal.open(cursor)
        if data is None:
            return None
        try:
            return _TOKEN.decode(data)
        except MsgspecError:
            return None

    async def _load(self, ids: Sequence[bytes], binding: bytes) -> list[_Entry]:
        entries: list[_Entry] = []
        # A few at a time: a store is given a moment for each trip, and pages can be large.
        for start in range(0, len(ids), _AT_ONCE):
            keys = [self._key(each, binding) for each in ids[start : start + _AT_ONCE]]
            entries += [_ENTRY.decode(blob) for blob in await self.store.load(keys) if blob is not None]
        if len(entries) < len(ids):
            raise EntryError("a page is gone")
        return entries

    def _key(self, page: bytes, binding: bytes, *, part: str = "page") -> str:
        return sheet_key(part, binding=binding, page=page, hasher=Hasher([binding.hex()]))


def _read_sent(blob: bytes | None) -> dict[bytes, bytes]:
    if blob is None:
        raise EntryError("what was sent is gone")
    return _SENT.decode(unpack(blob))


def _asked(source: Source, access: Access, by: Hasher | None) -> Plain:
    spec = source.connector.spec
    return (
        *(source.name, spec.kind, spec.scope, spec.mapping_version),
        *(source.visibility.value, access.identity if by is None else access.identity_under(by)),
    )


def _plain(value: Any) -> Plain:
    """Give a request's part as plain values, in which no two different parts look alike."""
    if is_dataclass(value):
        return tuple(_plain(getattr(value, part.name)) for part in fields(value))
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, str | int | datetime):
        return value
    raise TypeError(f"a request cannot hold a {type(value).__name__}")


_ENCODER = Encoder()
_TOKEN = Decoder(_Token)
_ENTRY = Decoder(_Entry)
_SENT = Decoder(dict[bytes, bytes])
