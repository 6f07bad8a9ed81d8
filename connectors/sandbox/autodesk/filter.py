"""Which relationships a question is about: what search, intersect and sync have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self

from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.row import Entity, Row, parse_instant, render_instant

Deleted = Literal["exclude", "include", "only", "none"]


class Pattern(NamedTuple):
    """An entity told as far as the caller cares; None matches anything."""

    domain: str | None = None
    type: str | None = None
    id: str | None = None

    @property
    def entity(self) -> Entity | None:
        """Give the one entity that is meant, if it is told in full."""
        if self.domain is None or self.type is None or self.id is None:
            return None
        return Entity(self.domain, self.type, self.id)

    def matches(self, entity: Entity) -> bool:
        """Compare part by part, exactly."""
        return (
            (self.id is None or self.id == entity.id)
            and (self.type is None or self.type == entity.type)
            and (self.domain is None or self.domain == entity.domain)
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows with one of `entities` at one end and one of `with_entities` at the other.

    An empty list matches anything. `deleted` = "none" lets no row through at all.
    """

    entities: tuple[Pattern, ...] = ()
    with_entities: tuple[Pattern, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    bounds_count: bool = False
    deleted: Deleted = "exclude"

    def pick(self, container: Container) -> list[Row]:
        """Give the rows asked for, by creation and id."""
        return [row for row in self.pick_any_state(container) if self._wants_state(row)]

    def pick_any_state(self, container: Container) -> list[Row]:
        """Give the rows asked for whether or not they are deleted: a sync tells of deletions too."""
        return [row for row in self._candidates(container) if self._in_window(row) and self._joins(row)]

    def _candidates(self, container: Container) -> list[Row]:
        told = [pattern.entity for pattern in self.entities]
        exact = [entity for entity in told if entity is not None]
        if told and len(exact) == len(told):
            return container.touching(exact)
        return list(container)

    def _joins(self, row: Row) -> bool:
        one, other = row.entities
        return self._joins_from(one, other) or self._joins_from(other, one)

    def _joins_from(self, one: Entity, other: Entity) -> bool:
        return _any_matches(self.entities, one) and _any_matches(self.with_entities, other)

    def _in_window(self, row: Row) -> bool:
        after, before, at = self.created_after, self.created_before, row.created_at
        if self.bounds_count:
            return (after is None or at >= after) and (before is None or at <= before)
        return (after is None or at > after) and (before is None or at < before)

    def _wants_state(self, row: Row) -> bool:
        match self.deleted:
            case "exclude":
                return not row.is_deleted
            case "include":
                return True
            case "only":
                return row.is_deleted
            case "none":
                return False

    def dump(self) -> dict[str, Any]:
        """Give the filter as JSON, in the words of a captured sync token's `OriginalParameters`."""
        return {
            "CreatedAfter": self.created_after and render_instant(self.created_after),
            "CreatedBefore": self.created_before and render_instant(self.created_before),
            "BoundsCount": self.bounds_count,
            "Entities": [_dump_pattern(pattern) for pattern in self.entities],
            "WithEntities": [_dump_pattern(pattern) for pattern in self.with_entities],
            "IncludeDeleted": self.deleted == "include",
            "OnlyDeleted": self.deleted in {"only", "none"},
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Read what `dump` wrote; ValueError, KeyError or TypeError when it is something else."""
        return cls(
            entities=tuple(_load_pattern(pattern) for pattern in dumped["Entities"]),
            with_entities=tuple(_load_pattern(pattern) for pattern in dumped["WithEntities"]),
            created_after=_load_instant(dumped["CreatedAfter"]),
            created_before=_load_instant(dumped["CreatedBefore"]),
            bounds_count=bool(dumped["BoundsCount"]),
            deleted="only" if dumped["OnlyDeleted"] else "include" if dumped["IncludeDeleted"] else "exclude",
        )


def _any_matches(patterns: tuple[Pattern, ...], entity: Entity) -> bool:
    return not patterns or any(pattern.matches(entity) for pattern in patterns)


def _dump_pattern(pattern: Pattern) -> dict[str, Any]:
    return {"Domain": pattern.domain, "EntityType": pattern.type, "EntityId": pattern.id}


def _load_pattern(dumped: dict[str, Any]) -> Pattern:
    return Pattern(dumped["Domain"], dumped["EntityType"], dumped["EntityId"])


def _load_instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)
