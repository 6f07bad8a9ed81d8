"""Which records one page of an answer has: nothing comes twice, and what has changed since is told.

A record of an earlier page can become another: a source that failed then has told more of the node
since, a relation found late has brought it nearer. Its new form is given apart from what is new.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import TypeVar

from msgspec.msgpack import Encoder
from msgspec.structs import replace

from service.graph.assemble import Records
from service.graph.record import EdgeRecord, Record

R = TypeVar("R", bound=Record)
_DIGEST_BYTES = 12


@dataclass(frozen=True, slots=True)
class Page:
    """The records new on this page, and those of earlier pages that have changed; None on a first page."""

    records: Records
    amended: Records | None = None


def page_of(records: Records, *, sent: Mapping[bytes, bytes] | None) -> Page:
    """Choose from all records of an answer those its caller does not hold yet in this form.

    `sent` has the digests of all records the caller holds, by those of their ids; None on a first page.
    """
    if sent is None:
        return Page(records)
    new_nodes, amended_nodes = _sift(records.nodes, sent)
    new_edges, amended_edges = _sift(records.edges, sent)
    return Page(Records(new_nodes, new_edges), Records(amended_nodes, amended_edges))


def sent_after(page: Page, *, before: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Give the digests of all records the caller holds after a page, by those of their ids."""
    sent = dict(before)
    for records in (page.records, page.amended or Records([], [])):
        for record in chain(records.nodes, records.edges):
            name, form = _digests(record)
            sent[name] = form
    return sent


def _sift(records: Iterable[R], sent: Mapping[bytes, bytes]) -> tuple[list[R], list[R]]:
    new, amended = [], []
    for record in records:
        name, form = _digests(record)
        before = sent.get(name)
        if before is None:
            new.append(record)
        elif before != form:
            amended.append(record)
    return new, amended


def _digests(record: Record) -> tuple[bytes, bytes]:
    return _digest(record["id"].encode("utf-8", "backslashreplace")), _digest(_written(lasting(record)))


def lasting(record: Record) -> Record:
    """Give a record without when it was fetched."""
    # That something was fetched again changes nothing of it.
    if isinstance(record, EdgeRecord):
        return replace(record, provenance=[replace(word, fetched_at=None) for word in record.provenance])
    if "provenance" in record:
        return {**record, "provenance": [{**word, "fetched_at": None} for word in record["provenance"]]}
    if "same_as" in record:
        return {**record, "same_as": [{**word, "at": None} for word in record["same_as"]]}
    return record


def _written(record: Record) -> bytes:
    try:
        return _ENCODER.encode(record)
    except (UnicodeEncodeError, OverflowError):
        # A lone surrogate, or a number that fits no machine's: JSON takes both.
        return repr(record).encode("utf-8", "backslashreplace")


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=_DIGEST_BYTES).digest()


_ENCODER = Encoder()
