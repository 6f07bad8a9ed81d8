"""Columns whose texts can be said in fewer bytes: digests, addresses of hosts, times.

What looks random cannot be pressed, and spoils the pressing of what stands beside it. So such a column is
packed behind the payload, and a number stands for it that says how: what its values are, and how many
bytes each has. A column is packed only where unpacking it gives the very same values.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from struct import iter_unpack, unpack
from typing import Any

from msgspec import MsgspecError, convert
from msgspec.json import Decoder, Encoder

from service.cache.frame import EntryError

_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
# Shorter ones are words as often.
_SHORTEST_DIGEST = 32
_LONGEST_HOST, _HOST_DOTS, _HOST_BYTES = 15, 3, 4
_TIME_LENGTH = len("2026-01-01T00:00:00.000000Z")
_WIDEST_NUMBER = 8
_DATETIMES = list[datetime]
_json, _texts = Encoder(), Decoder(list[str])


# What packed values are: hexadecimal digits, IPv4 addresses, times as text, times.
_DIGEST, _HOST, _TIME, _INSTANT = range(4)
_FORMS = 4


class Packer:
    """Takes the columns of one listing; `tail` is what comes to lie behind the payload."""

    def __init__(self, now: datetime) -> None:
        """Begin a tail, whose times count back from `now`."""
        self.tail = bytearray()
        self._now = now
        self._now_number = _microseconds(now)

    def column(self, values: list[Any]) -> Any:
        """Give what stands in the payload for a column: nothing, a number, or its values."""
        if values.count(None) == len(values):
            return ()
        number = self.packed(values)
        return values if number is None else number

    def values(self, values: list[Any]) -> Any:
        """Give what stands in the payload for a column that is as long as it is: a number, or its values."""
        number = self.packed(values) if values else None
        return values if number is None else number

    def packed(self, values: list[Any]) -> int | None:
        """Pack a column and give its number; None when it is one that cannot be."""
        form = _form_of(values[0])
        if form is None:
            return None
        try:
            width, body = self._pack(form, values)
            # Others may be shorter or longer than the first.
            fits = len(body) == width * len(values)
            if not fits or values != _unpacked(
                body, form, width=width, count=len(values), now=self._now_number
            ):
                return None
        except (MsgspecError, ValueError, TypeError, AttributeError, OverflowError):
            return None
        self.tail += body
        return width * _FORMS + form

    def digests(self, digests: Sequence[bytes]) -> None:
        """Take digests of the same length, as they are."""
        self.tail += b"".join(digests)

    def _pack(self, form: int, values: Sequence[Any]) -> tuple[int, bytes]:
        """Give the width and the bytes of values that may be of this form."""
        if form == _DIGEST:
            return len(values[0]) // 2, bytes.fromhex("".join(values))
        if form == _HOST:
            return _HOST_BYTES, bytes(map(int, ".".join(values).split(".")))
        times = convert(values, _DATETIMES) if form == _TIME else values
        ages = [(self._now - time) // _MICROSECOND for time in times]
        width = (max(ages).bit_length() + 7) // 8
        return width, b"".join([age.to_bytes(width, "little") for age in ages])


class Tail:
    """What lies behind a payload, read column by column in the order in which it was written."""

    def __init__(self, tail: bytes, now: datetime) -> None:
        """Read from the beginning."""
        self._tail = tail
        self._now = _microseconds(now)
        self._at = 0

    def texts(self, column: list[Any] | int, count: int) -> list[Any]:
        """Give the `count` texts of a column, or whatever else; EntryError when there are not as many."""
        if isinstance(column, int):
            if column % _FORMS == _INSTANT:
                raise EntryError("a column is packed as what it cannot be")
            return self.packed(column, count)
        return _checked(column, count)

    def instants(self, column: list[Any] | int, count: int) -> list[Any]:
        """Give the `count` times of a column, or None; EntryError when there are not as many."""
        if isinstance(column, int):
            if column % _FORMS != _INSTANT:
                raise EntryError("a column is packed as what it cannot be")
            return self.packed(column, count)
        return _checked(column, count)

    def values(self, column: list[Any] | int, counts: Iterator[int]) -> list[Any]:
        """Give the values of a column; the next of `counts` says how many a packed one has."""
        return self.texts(column, next(counts, 0)) if isinstance(column, int) else column

    def digests(self, count: int, *, width: int) -> Iterator[bytes]:
        """Give so many digests."""
        return (each for (each,) in iter_unpack(f"{width}s", self._take(count * width)))

    def packed(self, number: int, count: int) -> list[Any]:
        """Give the `count` values of a packed column; EntryError or another ValueError for a damaged one."""
        width, form = divmod(number, _FORMS)
        return _unpacked(self._take(width * count), form, width=width, count=count, now=self._now)

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if not start <= self._at <= len(self._tail):
            raise EntryError("a packed column is cut short")
        return self._tail[start : self._at]


def _unpacked(body: bytes, form: int, *, width: int, count: int, now: int) -> list[Any]:
    """Give `count` packed values of `width` bytes each; EntryError or another ValueError for damaged ones."""
    if form == _DIGEST:
        text, each = body.hex(), 2 * width
        return [text[at : at + each] for at in range(0, len(text), each)]
    if form == _HOST:
        if width != _HOST_BYTES:
            raise EntryError("an address of a host is four bytes")
        return list(map("%d.%d.%d.%d".__mod__, iter_unpack("4B", body)))
    # Numbers to times and times to text in one step for all: 0.3 us each, where a datetime takes 1.8.
    ages = _numbers(body, width, count)
    times = convert([(now - age) / _SECOND for age in ages], _DATETIMES, strict=False)
    return times if form == _INSTANT else _texts.decode(_json.encode(times))


def _checked(column: list[Any], count: int) -> list[Any]:
    if len(column) == count:
        return column
    if column:
        raise EntryError("a column is shorter or longer than what it is of")
    return [None] * count


def _form_of(value: Any) -> int | None:
    """Guess by its first value what a column may be packed as."""
    if type(value) is datetime:
        return _INSTANT
    if type(value) is not str:
        return None
    size = len(value)
    if size == _TIME_LENGTH and value[10] == "T":
        return _TIME
    if size >= _SHORTEST_DIGEST and size % 2 == 0 and value.isalnum():
        return _DIGEST
    return _HOST if size <= _LONGEST_HOST and value.count(".") == _HOST_DOTS else None


def _microseconds(time: datetime) -> int:
    return round(time.timestamp() * _SECOND)


def _numbers(body: bytes, width: int, count: int) -> tuple[int, ...]:
    """Read numbers of so many bytes, the least byte first, all at once."""
    if width > _WIDEST_NUMBER:
        raise EntryError("a packed number is too wide")
    wide = bytearray(_WIDEST_NUMBER * count)
    for place in range(width):
        wide[place::_WIDEST_NUMBER] = body[place::width]
    return unpack(f"<{count}Q", wide)
