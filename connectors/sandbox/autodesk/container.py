"""One container (a project's relationships): rows in listing order, found by id and by either end."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.sandbox.autodesk.row import End, Entity, Row, render_instant


class Container:
    """A project's relationships and the entities known in it.

    `region` is where it lives ("US", "EMEA", …). An entity is known when a row names it or it is
    listed in `unrelated`; nothing else can be related.
    """

    def __init__(self, *, id: str, region: str, rows: Iterable[Row], unrelated: Iterable[End] = ()) -> None:
        self.id = id
        self.region = region
        self._rows: dict[str, Row] = {}
        self._order: list[tuple[datetime, str]] = []
        self._touching: defaultdict[Entity, list[str]] = defaultdict(list)
        self._dates: dict[Entity, str | None] = {end.entity: end.created_on for end in unrelated}
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """Give every row, deleted ones too, by creation and id."""
        return (self._rows[name] for _, name in self._order)

    def find(self, id: str) -> Row | None:
        """Give the row of that id, deleted or not."""
        return self._rows.get(id)

    def touching(self, entities: Iterable[Entity]) -> list[Row]:
        """Give every row with one of these at either end, in listing order."""
        names = {name for entity in entities for name in self._touching.get(entity, ())}
        return sorted((self._rows[name] for name in names), key=lambda row: row.place)

    def between(self, one: Entity, other: Entity) -> list[Row]:
        """Give every row that joins the two, whichever way round, the oldest first."""
        pair = sorted((one, other))
        return [row for row in self.touching([one]) if sorted(row.entities) == pair]

    def knows(self, entity: Entity) -> bool:
        """Tell whether the entity exists."""
        return entity in self._dates

    def end(self, entity: Entity) -> End:
        """Give a known entity as an end of a relationship."""
        return End(entity, self._dates[entity])

    def add(self, row: Row) -> None:
        """Keep a new row; its id must not be in use."""
        if row.id in self._rows:
            raise ValueError(f"relationship {row.id} exists")
        self._rows[row.id] = row
        insort(self._order, row.place)
        for end in row.ends:
            self._touching[end.entity].append(row.id)
            if self._dates.get(end.entity) is None:
                self._dates[end.entity] = end.created_on

    def delete(self, id: str, *, at: datetime) -> None:
        """Mark a row as deleted; it stays."""
        self._rows[id] = replace(self._rows[id], deleted_on=render_instant(at))

    def revive(self, id: str, *, at: datetime) -> Row:
        """Undo a deletion."""
        self._rows[id] = replace(self._rows[id], deleted_on=None, revived_on=render_instant(at))
        return self._rows[id]

    def describe(self) -> dict[str, Any]:
        """Give everything in it, for a reader who wants to check answers independently."""
        return {"region": self.region, "relationships": [row.describe() for row in self]}
