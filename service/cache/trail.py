"""Where a walk was stopped, as bytes and back: as a part of a page, and kept by itself."""

from dataclasses import replace

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder

from connectors.contract import Want
from connectors.errors import InvalidNodeIdError
from connectors.model import parse_address
from connectors.walk import Trail
from connectors.wire import Aspect, Call, Pairs
from service.cache.codec import decode_listing, encode_listing
from service.cache.frame import EntryError, pack, unpack

# Every fact stands in the listing itself: what is kept apart may be gone by the time it is gone on.
_ALL_INLINE = 1 << 40


class _Array(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """Written as an array of exactly these fields."""


class _CallRow(_Array, frozen=True):
    method: str
    path: str
    nodes: tuple[str, ...]
    query: Pairs
    headers: Pairs
    body: bytes | None
    aspect: Aspect
    opening: bool
    memo: tuple[str, ...]


class TrailRow(_Array, frozen=True):
    """A trail of the source of this name as it is written down, in pages and by itself."""

    source: str
    aspect: Aspect
    filtered: bytes
    listings: tuple[bytes, ...]
    pending: tuple[_CallRow, ...]
    made: tuple[bytes, ...]
    openings: int
    absences: int


def encode_trail(source: str, trail: Trail) -> bytes:
    """Write a trail; EntryError when something in it has no exact written form, or it is too large."""
    try:
        return pack(_ENCODER.encode(trail_row(source, trail)))
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise EntryError(f"the trail cannot be written down: {type(error).__name__}") from error


def decode_trail(blob: bytes) -> Trail:
    """Read a trail; EntryError when it is none."""
    try:
        return read_trail(_DECODER.decode(unpack(blob)))
    except (MsgspecError, InvalidNodeIdError, ValueError, OverflowError, RecursionError) as error:
        raise EntryError(f"not a trail: {error}") from error


def trail_row(source: str, trail: Trail) -> TrailRow:
    """Give a trail as what is written down of it."""
    # The wanted filter is written as that of a listing without anything in it.
    wanted = replace(trail.listings[0], filter=trail.want.filter, edges=(), facts=())
    return TrailRow(
        source=source,
        aspect=trail.want.aspect,
        filtered=encode_listing(wanted)[0],
        listings=tuple(encode_listing(listing, inline_up_to=_ALL_INLINE)[0] for listing in trail.listings),
        pending=tuple(
            _CallRow(
                call.method,
                call.path,
                tuple(map(str, call.nodes)),
                call.query,
                call.headers,
                call.body,
                call.aspect,
                call.opening,
                call.memo,
            )
            for call in trail.pending
        ),
        made=tuple(sorted(trail.made)),
        openings=trail.openings,
        absences=trail.absences,
    )


def read_trail(row: TrailRow) -> Trail:
    """Give the trail that was written down."""
    return Trail(
        want=Want(row.aspect, decode_listing(row.filtered, facts={}).filter),
        listings=tuple(decode_listing(blob, facts={}) for blob in row.listings),
        pending=tuple(
            Call(
                call.method,
                call.path,
                tuple(map(parse_address, call.nodes)),
                call.query,
                call.headers,
                call.body,
                call.aspect,
                call.opening,
                call.memo,
            )
            for call in row.pending
        ),
        made=frozenset(row.made),
        openings=row.openings,
        absences=row.absences,
    )


_ENCODER = Encoder()
_DECODER = Decoder(TrailRow)
