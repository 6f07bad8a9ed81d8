"""One entity as the upstream stores it, its native id and its moment."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

NANOSECONDS = 1_000_000_000

Plain = str | int | float
TagsShape = Literal["null", "list", "absent"]


def entity_id(type: str, value: str) -> str:
    """Return the native id: the type, a hyphen, and the SHA3-256 of the normalised value in hex."""
    return f"{type}-{hashlib.sha3_256(value.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time to the nanosecond, since 1970; Python's own datetime ends at microseconds."""

    nanoseconds: int

    def __str__(self) -> str:
        """Return RFC 3339 in UTC, trailing zeros of the fraction trimmed as Go does."""
        seconds, fraction = divmod(self.nanoseconds, NANOSECONDS)
        whole = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
        digits = f"{fraction:09d}".rstrip("0")
        return f"{whole}.{digits}Z" if digits else f"{whole}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What is known of one thing.

    `value` is the normalised text that the id was made from; `shown` is what replies say. The two
    differ in type for numbers, and in content for a few entities that someone altered by hand.
    """

    id: str
    type: str
    value: str
    shown: Plain
    extras: dict[str, Plain]
    updated: Moment
    last_seen: Moment
    accuracy: int
    reputation: int
    best_reputation: int
    worst_reputation: int
    tags: tuple[str, ...]
    tags_shape: TagsShape
    groups: tuple[str, ...]

    @property
    def is_altered(self) -> bool:
        """Whether the value shown does not hash to the id."""
        return str(self.shown) != self.value

    @property
    def attributes(self) -> dict[str, Plain]:
        """Return the attributes as replies show them; the one named like the type holds the value."""
        return {self.type: self.shown, **self.extras}
