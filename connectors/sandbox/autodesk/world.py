"""The generated world: three projects, their relationships drawn from one seed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from connectors.sandbox.autodesk import kind, landmark
from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.kind import Kind, make_guid, make_id
from connectors.sandbox.autodesk.pairing import POPULATION, RELATIONS
from connectors.sandbox.autodesk.row import End, Entity, Row, render_instant

_EPOCH = datetime(2019, 2, 4, 6, 30, tzinfo=UTC)
_SPAN_SECONDS = 5 * 365 * 86_400
_DELETED_SHARE = 0.08
_SERVICE_SHARE = 0.42
_PERMISSION_SHARE = 0.25
_UNDATED_SHARE = 0.15
_UNRELATED_PER_KIND = 6
# Up to the first share times end in Z, up to the second in +01:00; the others have six digits, +00:00.
_FORM_SHARES = (0.2, 0.3)

World = dict[str, Container]


def build_world(seed: int) -> World:
    """Generate the three containers; the same seed gives the same bytes."""
    return {
        plan.id: Container(id=plan.id, region=plan.region, rows=plan.rows, unrelated=plan.unrelated)
        for plan in _draw_plans(seed)
    }


def describe_world(world: World) -> dict[str, Any]:
    """Give every container with every row, deleted ones too."""
    return {"containers": {container.id: container.describe() for container in world.values()}}


class _Plan(NamedTuple):
    """What a container starts with."""

    id: str
    region: str
    rows: tuple[Row, ...]
    unrelated: tuple[End, ...]


# Rows never change, containers do: a process that starts many sandboxes draws the rows once.
@lru_cache(maxsize=2)
def _draw_plans(seed: int) -> tuple[_Plan, ...]:
    rng = Random(seed)  # noqa: S311 - a reproducible world, not a secret
    demo = _Draft(rng, urn="urn:adsk.wipprod", share=1.0)
    demo.settle(landmark.DEMO_ASSET, landmark.DEMO_DOCUMENT, landmark.DEMO_ISSUE)
    demo.settle(landmark.SHARED_ISSUE, landmark.SHARED_PHOTO, landmark.HUB_DOCUMENT, landmark.HUB_ASSET)
    demo.keep(landmark.DEMO_ROW)
    demo.relate_demo()
    demo.relate_hubs()
    demo.relate_all()
    demo.double(12)
    emea = _Draft(rng, urn="urn:adsk.wipemea", share=0.06)
    emea.relate_all()
    second = _Draft(rng, urn="urn:adsk.wipprod", share=0.04)
    second.relate_all()
    return (
        demo.close(landmark.DEMO_CONTAINER, region="US"),
        emea.close(landmark.EMEA_CONTAINER, region="EMEA"),
        second.close(landmark.SECOND_CONTAINER, region="US"),
    )


class _Draft:
    """A container being filled: its population and the rows so far."""

    def __init__(self, rng: Random, *, urn: str, share: float) -> None:
        self._rng = rng
        self._share = share
        self._rows: list[Row] = []
        self._pairs: set[frozenset[Entity]] = set()
        self._dates: dict[Entity, str] = {}
        self._people = {
            each: [
                Entity(*each, make_id(each, rng=rng, urn=urn))
                for _ in range(max(2, round(count * share)) + _UNRELATED_PER_KIND)
            ]
            for each, count in POPULATION.items()
        }

    def settle(self, *entities: Entity) -> None:
        """Let these exist, outside the population that is drawn from."""
        for entity in entities:
            self._dates[entity] = self._draw_time(_EPOCH)

    def keep(self, row: Row) -> None:
        """Take a row as it is."""
        self._rows.append(row)
        self._pairs.add(frozenset(row.entities))
        self._dates.update({end.entity: end.created_on for end in row.ends if end.created_on})

    def relate(self, one: Entity, other: Entity, *, deleted: bool | None = None, twice: bool = False) -> bool:
        """Relate two things; False when they are one, or related already and this is no second row."""
        pair = frozenset((one, other))
        if len(pair) == 1 or (pair in self._pairs and not twice):
            return False
        rng = self._rng
        created_on = self._draw_time(_EPOCH + timedelta(days=60))
        if deleted is None:
            deleted = rng.random() < _DELETED_SHARE
        ends = [self._make_end(one), self._make_end(other)]
        rng.shuffle(ends)
        self.keep(
            Row(
                make_guid(rng),
                created_on,
                (ends[0], ends[1]),
                is_service=rng.random() < _SERVICE_SHARE,
                deleted_on=self._draw_time(datetime.fromisoformat(created_on), within_days=300)
                if deleted
                else None,
                permission=rng.random() < _PERMISSION_SHARE,
            )
        )
        return True

    def relate_demo(self) -> None:
        """Give the document's own asset, document and issue a handful of neighbors each."""
        issue, asset, document = landmark.DEMO_ISSUE, landmark.DEMO_ASSET, landmark.DEMO_DOCUMENT
        self.relate(issue, asset, deleted=False)
        for neighbor in (kind.DOCUMENT, kind.PHOTO, kind.RFI, kind.ISSUE, kind.FORM_FIELD):
            self.relate(issue, self._pick(neighbor), deleted=False)
        self.relate(issue, self._pick(kind.PHOTO), deleted=True)
        self.relate(asset, self._pick(kind.PHOTO), deleted=False)
        self.relate(asset, self._pick(kind.FORM), deleted=False)
        self.relate(document, self._pick(kind.SUBMITTAL), deleted=False)
        self.relate(landmark.SHARED_ISSUE, landmark.SHARED_PHOTO, deleted=False)
        self.relate(landmark.SHARED_ISSUE, self._pick(kind.DOCUMENT), deleted=False)
        self.relate(landmark.SHARED_PHOTO, self._pick(kind.ASSET), deleted=False)

    def relate_hubs(self) -> None:
        """Give one document well over 400 live relationships, and one asset about 200 neighbors."""
        self._surround(landmark.HUB_DOCUMENT, (kind.ISSUE, kind.ASSET, kind.RFI, kind.SUBMITTAL), 480)
        self._surround(landmark.HUB_ASSET, (kind.ISSUE, kind.PHOTO, kind.FORM, kind.DOCUMENT), 216)

    def relate_all(self) -> None:
        """Draw the relationships of every pair of kinds."""
        for (one, other), count in RELATIONS.items():
            self._relate_some(one, other, max(1, round(count * self._share)))

    def double(self, count: int) -> None:
        """Give some pairs a second row beside the first: parallel relationships exist."""
        live = [row for row in self._rows if not row.is_deleted and row is not landmark.DEMO_ROW]
        for row in self._rng.sample(live, count):
            self.relate(*row.entities, deleted=False, twice=True)

    def close(self, id: str, *, region: str) -> _Plan:
        """Finish the container; a few things of every kind stay unrelated."""
        unrelated = [self._make_end(entity) for group in self._people.values() for entity in group]
        settled = [End(entity, date) for entity, date in self._dates.items()]
        return _Plan(id, region, tuple(self._rows), (*unrelated, *settled))

    def _surround(self, hub: Entity, kinds: Iterable[Kind], count: int) -> None:
        around = [entity for each in kinds for entity in self._people[each][:-_UNRELATED_PER_KIND]]
        for entity in self._rng.sample(around, count):
            self.relate(hub, entity)

    def _relate_some(self, one: Kind, other: Kind, count: int) -> None:
        """Draw until `count` new pairs are found; where few are possible, draw no longer than is sensible."""
        for _ in range(20 * count):
            count -= self.relate(self._pick(one), self._pick(other))
            if not count:
                return

    def _pick(self, of: Kind) -> Entity:
        """Draw a thing of a kind; some are far better connected than others."""
        group = self._people[of][:-_UNRELATED_PER_KIND]
        return group[int(self._rng.random() ** 1.6 * len(group))]

    def _make_end(self, entity: Entity) -> End:
        if entity not in self._dates:
            self._dates[entity] = self._draw_time(_EPOCH)
        return End(entity, None if self._rng.random() < _UNDATED_SHARE else self._dates[entity])

    def _draw_time(self, after: datetime, *, within_days: int | None = None) -> str:
        """Draw a time in one of the three forms that the service is seen to write."""
        span = _SPAN_SECONDS if within_days is None else within_days * 86_400
        moment = after + timedelta(seconds=self._rng.uniform(60, span))
        form, (zulu, offset) = self._rng.random(), _FORM_SHARES
        if form < zulu:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if form < offset:
            return moment.astimezone(timezone(timedelta(hours=1))).isoformat(timespec="seconds")
        return render_instant(moment)
