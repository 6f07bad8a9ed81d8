"""One relationship as the service stores it, and its two ends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.sandbox.autodesk.kind import Kind

# The one captured syncToken is 5 ms younger than the row it was made for.
_BOOKKEEPING = timedelta(milliseconds=5)


class Entity(NamedTuple):
    """What stands at an end of a relationship: only the full triple tells it from others."""

    domain: str
    type: str
    id: str

    @property
    def kind(self) -> Kind:
        """Give the domain and type."""
        return Kind(self.domain, self.type)


@dataclass(frozen=True, slots=True)
class End:
    """An entity in a relationship; when it was made, as text in whichever form, is not always told."""

    entity: Entity
    created_on: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A stored relationship; times are kept as the text that goes on the wire.

    `revived_on` is set when a deletion was undone; `permission` marks the rows that carry the
    undocumented `permission: null`.
    """

    id: str
    created_on: str
    ends: tuple[End, End]
    is_service: bool = False
    deleted_on: str | None = None
    revived_on: str | None = None
    permission: bool = False
    created_at: datetime = field(init=False)
    changed_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Read the texts once."""
        created_at = parse_instant(self.created_on)
        changed_at = parse_instant(self.deleted_on or self.revived_on or self.created_on)
        object.__setattr__(self, "created_at", created_at)
        object.__setattr__(self, "changed_at", changed_at + _BOOKKEEPING)

    @property
    def is_deleted(self) -> bool:
        """Tell whether the row is soft-deleted; it is kept all the same."""
        return self.deleted_on is not None

    @property
    def entities(self) -> tuple[Entity, Entity]:
        """Give both ends without their dates."""
        return self.ends[0].entity, self.ends[1].entity

    @property
    def place(self) -> tuple[datetime, str]:
        """Give the key of the listing order: creation, then id."""
        return self.created_at, self.id

    def is_read_only_for(self, read_only_domains: frozenset[str]) -> bool:
        """Tell whether a caller who may not write in these domains finds the row read-only."""
        return self.is_service or any(entity.domain in read_only_domains for entity in self.entities)

    def describe(self) -> dict[str, Any]:
        """Give the row for the world listing: what is true of it whoever asks."""
        return {
            "id": self.id,
            "createdOn": self.created_on,
            "isDeleted": self.is_deleted,
            "deletedOn": self.deleted_on,
            "isService": self.is_service,
            "entities": [render_end(end) for end in self.ends],
        }


def render_end(end: End, *, dated: bool = True) -> dict[str, str]:
    """Give one of a relationship's two entities as JSON, with its date if it has one and `dated`."""
    rendered = dict(end.entity._asdict())
    if dated and end.created_on is not None:
        rendered["createdOn"] = end.created_on
    return rendered


def render_row(row: Row, *, read_only_domains: frozenset[str], permission: bool = True) -> dict[str, Any]:
    """Give a relationship as the wire has it; `isReadOnly` is relative to the caller."""
    rendered: dict[str, Any] = {
        "id": row.id,
        "createdOn": row.created_on,
        "isReadOnly": row.is_read_only_for(read_only_domains),
        "isService": row.is_service,
        "isDeleted": row.is_deleted,
    }
    if row.deleted_on is not None:
        rendered["deletedOn"] = row.deleted_on
    if row.permission and permission:
        rendered["permission"] = None
    rendered["entities"] = [render_end(end) for end in row.ends]
    return rendered


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 time into UTC, taking one without a zone for UTC; ValueError when it is none."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def render_instant(moment: datetime) -> str:
    """Write a time in the form that real replies have: six digits and an offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
