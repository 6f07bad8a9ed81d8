"""A page of relations as it nearly always comes, read in one go; any other is `payload`'s to judge.

Whatever is read here is read there too, and as the same: a page that differs in anything from what is
expected here, be it wrong or only unusual (numbers as texts, a time with an offset), is not read here.

Each end of a relation lists the other, and hubs are listed by all: most rows of an answer have come before,
word for word. So rows are remembered by their bytes.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeGuard

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder

_LARGEST = 2**63 - 1
_Whole = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
_Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
_PLAIN = frozenset({str, float, bool, type(None)})
_UNREADABLE = (MsgspecError, UnicodeError, RecursionError)
REMEMBERED = 8192
"""How many rows are remembered."""
# Bytes; of longer ones there are few, and they would take much.
_LONGEST_ROW = 1024
_LONGEST_TIME = len("2006-01-02T15:04:05.999999999999999999Z")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,18}))?Z")


class _Page(Struct, gc=False):
    """One page as it is on the wire; the documented name of its list is another one."""

    items: _Count
    rows: tuple[Raw, ...] = field(name="results")
    # Where something stands under both names, both are checked.
    result: UnsetType | None = UNSET


# One is the same as another only if it is that very one: what it is mapped to goes by it.
class PlainRow(Struct, gc=False, eq=False):
    """One row; lists among its attributes are tuples, and its time is written as it will be told.

    Who else has it has the same one: nobody changes it.
    """

    id: str
    type: str
    attributes: dict[str, Any]
    written_at: str | None = field(default=None, name="@timestamp")
    reputation: _Whole | None = None
    accuracy: _Whole | None = None
    tags: tuple[str, ...] | None = None


class PlainSlice(NamedTuple):
    """One page; where its rows are `remembered` each is the one that came before in the same words."""

    items: int
    rows: tuple[PlainRow, ...]
    remembered: bool

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
        page = _PAGE.decode(body)
    except _UNREADABLE:
        return None
    written = list(map(bytes, page.rows))
    remembered = max(map(len, written), default=0) <= _LONGEST_ROW
    rows = tuple(map(_remembered if remembered else _read, written))
    # Of a row that is none the whole page is somebody else's to judge.
    return PlainSlice(page.items, rows, remembered) if _are_read(rows) else None


def _are_read(rows: tuple[PlainRow | None, ...]) -> TypeGuard[tuple[PlainRow, ...]]:
    return all(rows)


def _read(written: bytes) -> PlainRow | None:
    """Read one row; None when it is not quite as expected."""
    try:
        row = _ROW.decode(written)
    except _UNREADABLE:
        return None
    return row if _settle(row) else None


# Some 16 MB with nodes and facts, when it is full of rows of the usual size: 2 KB each.
_remembered = lru_cache(maxsize=REMEMBERED)(_read)


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


_PAGE, _ROW = Decoder(_Page), Decoder(PlainRow)
