"""The generated world, complete and indexed: who is there, who is related to whom, and who may see it."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from connectors.sandbox.threatwinds.draft import Draft
from connectors.sandbox.threatwinds.entity import Entity
from connectors.sandbox.threatwinds.giant import GIANT_NEIGHBORS, Giant
from connectors.sandbox.threatwinds.landmark import Landmarks, build_landmarks
from connectors.sandbox.threatwinds.ordering import NEWEST_FIRST, sort_rows
from connectors.sandbox.threatwinds.population import populate
from connectors.sandbox.threatwinds.question import View
from connectors.sandbox.threatwinds.row import RowForm, write_row

KEPT_VIEWS = 8192


class World:
    """Entities by id and their neighbors, newest first; only the giant's part is made on demand."""

    def __init__(self, draft: Draft, *, landmarks: Landmarks) -> None:
        self.landmarks = landmarks
        self._entities = draft.entities
        self._relations = tuple(draft.relations)
        self._giant = Giant()
        self._attributes = frozenset(name for one in draft.entities.values() for name in one.attributes)
        newest_first = sort_rows(
            self._entities.values(), field=NEWEST_FIRST, ascending=False, attributes=self._attributes
        )
        rank = {entity.id: number for number, entity in enumerate(newest_first)}
        outgoing: dict[str, set[int]] = {}
        either: dict[str, set[int]] = {}
        for subject, other in self._relations:
            outgoing.setdefault(subject, set()).add(rank[other])
            either.setdefault(subject, set()).add(rank[other])
            either.setdefault(other, set()).add(rank[subject])
        self._outgoing = _lists(outgoing, newest_first)
        self._either = _lists(either, newest_first)
        self.neighbors = lru_cache(maxsize=KEPT_VIEWS)(self._find_neighbors)

    def find(self, id: str, *, giant: bool) -> Entity | None:
        """Return the entity of this native id; `giant` says whether the giant and its own are there."""
        entity = self._entities.get(id)
        if entity is not None or not giant:
            return entity
        if id == self._giant.entity.id:
            return self._giant.entity
        return self._giant.neighbors_by_id.get(id) if id.startswith("ip-") else None

    def _find_neighbors(self, id: str, view: View) -> tuple[Entity, ...]:
        """Return the neighbors in this view, in its order; called through a cache as `neighbors`."""
        visible = [
            entity
            for entity in self._related(id, only_out=view.only_out)
            if not view.groups.isdisjoint(entity.groups) and (view.types is None or entity.type in view.types)
        ]
        if view.sort == NEWEST_FIRST and not view.ascending:
            return tuple(visible)
        return sort_rows(visible, field=view.sort, ascending=view.ascending, attributes=self._attributes)

    def _related(self, id: str, *, only_out: bool) -> Iterable[Entity]:
        if id == self._giant.entity.id:
            return self._giant.neighbors
        if id not in self._entities:
            return () if only_out else (self._giant.entity,)
        return (self._outgoing if only_out else self._either).get(id, ())

    def show(self, *, giant: bool) -> dict[str, Any]:
        """Return everything for an independent search, as JSON values.

        {"entities": [{value, shown_value, altered, groups, ...the plain 2023 row}], "relations":
        [[id, related_id], ...] in the recorded direction, "landmarks": {...}, "giant": null or
        {id, neighbors}}. The giant's neighbors are only counted: nothing else leads to them.
        """
        entities = [*self._entities.values(), *([self._giant.entity] if giant else [])]
        return {
            "entities": [_show_entity(entity) for entity in entities],
            "relations": self._relations,
            "landmarks": msgspec.to_builtins(self.landmarks),
            "giant": {"id": self._giant.entity.id, "neighbors": GIANT_NEIGHBORS} if giant else None,
        }


def _lists(ranks: dict[str, set[int]], newest_first: tuple[Entity, ...]) -> dict[str, tuple[Entity, ...]]:
    """Return the entities behind sets of ranks, newest first."""
    return {subject: tuple(newest_first[at] for at in sorted(ats)) for subject, ats in ranks.items()}


def _show_entity(entity: Entity) -> dict[str, Any]:
    return {
        **write_row(entity, form=RowForm()),
        "value": entity.value,
        "shown_value": entity.shown,
        "altered": entity.is_altered,
        "groups": entity.groups,
    }


def create_world(*, seed: int) -> World:
    """Return the world of this seed; the same seed gives the same world, down to the last digit."""
    draft = Draft(seed=seed)
    populate(draft)
    landmarks = build_landmarks(draft)
    return World(draft, landmarks=landmarks)
