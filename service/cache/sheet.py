"""What one page of an answer was made of, as bytes and back: from it the page can be made again.

An answer that goes on is not kept as the state of its expansion but as what its sources told: the
expansion is a pure machine, so the same words in the same order bring it to where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder

from connectors.errors import InvalidNodeIdError
from connectors.model import Address, NodeFacts, NodeId, Outcome, parse_address
from connectors.walk import Finding, Trail
from connectors.wire import Aspect
from service.cache.codec import decode_facts, decode_listing, encode_facts, encode_listing
from service.cache.frame import EntryError, pack, unpack
from service.cache.trail import TrailRow, read_trail, trail_row


@dataclass(frozen=True, slots=True)
class Said:
    """What one source said of one address."""

    source: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Fact:
    """What one source told of a node, and when."""

    source: str
    fetched_at: datetime
    facts: NodeFacts


@dataclass(frozen=True, slots=True)
class Debt:
    """Facts that a listing refers to and that nobody has read yet; the fields are those of `Owed`."""

    source: str
    node: NodeId
    digest: bytes
    listed_by: Address
    fetched_at: datetime
    aspect: Aspect


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: what was said in each of its rounds, in order, and what it left behind.

    `fruitless` weighs the pages up to this one, one after the other, that brought nothing. `sent`
    has the digests of all records that the caller holds after this page, by those of their ids. A
    source that has throttled it said that it is worth asking from `again_at` on.
    `seeds` are the addresses as the first page was asked about them, `verdicts` says of a source's
    tenants whether they were the caller's to see, as far as that was asked.
    """

    rounds: tuple[tuple[Said, ...], ...]
    facts: tuple[Fact, ...] = ()
    debts: tuple[Debt, ...] = ()
    trails: tuple[tuple[str, Trail], ...] = ()
    fruitless: int = 0
    sent: Mapping[bytes, bytes] | None = None
    seeds: tuple[str, ...] = ()
    verdicts: Mapping[tuple[str, str | None], bool] = field(default_factory=dict)
    again_at: datetime | None = None


class _Array(Struct, array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """Written as an array of exactly these fields."""


class _SaidRow(_Array, frozen=True):
    source: str
    outcome: Outcome
    listing: bytes
    detail: str | None
    retry_after: timedelta | None
    status: int | None


class _FactRow(_Array, frozen=True):
    source: str
    fetched_at: datetime
    node: str
    facts: bytes


class _DebtRow(_Array, frozen=True):
    source: str
    node: str
    digest: bytes
    listed_by: str
    fetched_at: datetime
    aspect: Aspect


class _SheetRow(_Array, frozen=True):
    rounds: tuple[tuple[_SaidRow, ...], ...]
    facts: tuple[_FactRow, ...]
    debts: tuple[_DebtRow, ...]
    trails: tuple[TrailRow, ...]
    fruitless: int
    sent: dict[bytes, bytes] | None
    seeds: tuple[str, ...]
    verdicts: tuple[tuple[str, str | None, bool], ...]
    # Not in what an earlier version has written.
    again_at: datetime | None = None


def encode_sheet(sheet: Sheet) -> bytes:
    """Write a sheet; EntryError when something in it has no exact written form, or it is too large."""
    try:
        return pack(_ENCODER.encode(_row(sheet)))
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise EntryError(f"the page cannot be written down: {type(error).__name__}") from error


def decode_sheet(blob: bytes) -> Sheet:
    """Read a sheet; EntryError when it is none."""
    try:
        return _sheet(_DECODER.decode(unpack(blob)))
    except (MsgspecError, InvalidNodeIdError, ValueError, OverflowError, RecursionError) as error:
        raise EntryError(f"not a page: {error}") from error


def _row(sheet: Sheet) -> _SheetRow:
    return _SheetRow(
        rounds=tuple(tuple(_said_row(said) for said in each) for each in sheet.rounds),
        facts=tuple(
            _FactRow(told.source, told.fetched_at, str(told.facts.node), encode_facts(told.facts))
            for told in sheet.facts
        ),
        debts=tuple(
            _DebtRow(
                debt.source, str(debt.node), debt.digest, str(debt.listed_by), debt.fetched_at, debt.aspect
            )
            for debt in sheet.debts
        ),
        trails=tuple(trail_row(source, trail) for source, trail in sheet.trails),
        fruitless=sheet.fruitless,
        sent=None if sheet.sent is None else dict(sheet.sent),
        seeds=sheet.seeds,
        verdicts=tuple((*realm, verdict) for realm, verdict in sheet.verdicts.items()),
        again_at=sheet.again_at,
    )


def _said_row(said: Said) -> _SaidRow:
    finding = said.finding
    # What was told of nodes is among the facts of the page, once.
    listing, _ = encode_listing(replace(finding.listing, facts=()))
    return _SaidRow(
        said.source, finding.outcome, listing, finding.detail, finding.retry_after, finding.status
    )


def _sheet(row: _SheetRow) -> Sheet:
    return Sheet(
        rounds=tuple(tuple(_said(said) for said in each) for each in row.rounds),
        facts=tuple(
            Fact(told.source, told.fetched_at, decode_facts(told.facts, node=_node(told.node)))
            for told in row.facts
        ),
        debts=tuple(
            Debt(
                debt.source,
                _node(debt.node),
                debt.digest,
                parse_address(debt.listed_by),
                debt.fetched_at,
                debt.aspect,
            )
            for debt in row.debts
        ),
        trails=tuple((trail.source, read_trail(trail)) for trail in row.trails),
        fruitless=row.fruitless,
        sent=row.sent,
        seeds=row.seeds,
        verdicts={(name, tenant): verdict for name, tenant, verdict in row.verdicts},
        again_at=row.again_at,
    )


def _said(row: _SaidRow) -> Said:
    listing = decode_listing(row.listing, facts={})
    return Said(row.source, Finding(row.outcome, listing, row.detail, row.retry_after, row.status))


def _node(text: str) -> NodeId:
    node = parse_address(text)
    if not isinstance(node, NodeId):
        raise EntryError("a selection stands where a node should")
    return node


_ENCODER = Encoder()
_DECODER = Decoder(_SheetRow)
