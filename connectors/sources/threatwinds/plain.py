"""A page of relations as it nearly always comes, read in one go; any other is `payload`'s to judge.

Whatever is read here is read there too, and as the same: a page that differs in anything from what is
expected here, be it wrong or only unusual (numbers as texts, a time with an offset), is not read here.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType, field
from msgspec.json import Decoder

_LARGEST = 2**63 - 1
_Whole = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
_Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
_PLAIN = frozenset({str, float, bool, type(None)})
_LONGEST_TIME = len("2006-01-02T15:04:05.999999999999999999Z")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,18}))?Z")


class PlainRow(Struct, gc=False):
    """One row; lists among its attributes are tuples, and its time is written as it will be told."""

    id: str
    type: str
    attributes: dict[str, Any]
    written_at: str | None = field(default=None, name="@timestamp")
    reputation: _Whole | None = None
    accuracy: _Whole | None = None
    tags: tuple[str, ...] | None = None


class PlainSlice(Struct, gc=False):
    """One page; the list under the name that it has on the wire."""

    items: _Count
    rows: tuple[PlainRow, ...] = field(name="results")
    # The documented name: where something stands under both, both are checked.
    result: UnsetType | None = UNSET

    @property
    def list_path(self) -> str:
        """Give the JSON path under which the rows came."""
        return "$.results"

    @property
    def ids(self) -> tuple[str, ...]:
        """Give the ids of the rows, in order."""
        return tuple([row.id for row in self.rows])


def read_plain(body: bytes) -> PlainSlice | None:
    """Read one page of relations; None when it is not quite as expected."""
    try:
        page = _SLICE.decode(body)
    except (MsgspecError, UnicodeError, RecursionError):
        return None
    return page if all(map(_settle, page.rows)) else None


def _settle(row: PlainRow) -> bool:
    """Bring a row into its final form; False when a value in it is none of the usual ones."""
    for name, value in row.attributes.items():
        if type(value) is str:
            continue
        if type(value) is list:
            if not all(map(_is_scalar, value)):
                return False
            row.attributes[name] = tuple(value)
        elif not _is_scalar(value):
            return False
    if row.tags is None:
        row.tags = ()
    if row.written_at is not None:
        written = _rewrite(row.written_at) if len(row.written_at) <= _LONGEST_TIME else None
        if written is None:
            return False
        row.written_at = written
    return True


def _is_scalar(value: Any) -> bool:
    # No float that was read here is infinite.
    return type(value) in _PLAIN or (type(value) is int and -_LARGEST <= value <= _LARGEST)


@lru_cache(maxsize=4096)
def _rewrite(text: str) -> str | None:
    """Cut a time to microseconds, as a datetime would be written; None when it is no time in UTC."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    seconds, fraction = match.groups(default="")
    try:
        datetime.fromisoformat(seconds)
    except ValueError:
        return None
    fraction = f"{fraction[:6]:0<6}"
    return f"{seconds}Z" if fraction == "000000" else f"{seconds}.{fraction}Z"


_SLICE = Decoder(PlainSlice)
