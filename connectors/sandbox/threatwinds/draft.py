"""A world while it is being made: entities and relations so far, and the dice."""

from random import Random

from connectors.sandbox.threatwinds.entity import NANOSECONDS, Entity, Moment, Plain, TagsShape, entity_id
from connectors.sandbox.threatwinds.vocabulary import MAKERS

FIRST_SECOND = 1_667_260_800  # 2022-11-01T00:00:00Z
LAST_SECOND = 1_681_776_000  # 2023-04-18T00:00:00Z, the day of the documentation
FRACTION_DIGITS = (7, 8, 9)
SAME_MOMENT = 0.1  # a feed's rows arrive together
PUBLIC = ("public",)
LABELS = ("malware", "phishing", "common-file", "system-file", "botnet", "scanner", "tor", "sinkhole", "c2")
TAGS_SHAPES: tuple[TagsShape, ...] = ("null", "list", "absent")


class Draft:
    """Grows by `add` and `relate`; everything random comes from the one seed, in order."""

    def __init__(self, *, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable by design, nothing secret
        self.entities: dict[str, Entity] = {}
        self.by_type: dict[str, list[Entity]] = {}
        self.relations: dict[tuple[str, str], None] = {}  # a set that keeps its order
        self._moment = Moment(FIRST_SECOND * NANOSECONDS + 123_456_789)

    def add(
        self,
        type: str,
        value: Plain,
        *,
        shown: Plain | None = None,
        extras: dict[str, Plain] | None = None,
        groups: tuple[str, ...] = PUBLIC,
        ordinary: bool = False,
    ) -> Entity:
        """Add an entity of this normalised value; only ordinary ones are given relations at random."""
        reputation = self.random.randint(-3, 3)
        updated = self._draw_moment()
        entity = Entity(
            id=entity_id(type, str(value)),
            type=type,
            value=str(value),
            shown=value if shown is None else shown,
            extras=extras or {},
            updated=updated,
            last_seen=Moment(updated.nanoseconds + self.random.randrange(1, 10**15)),
            accuracy=self.random.randint(0, 3),
            reputation=reputation,
            best_reputation=self.random.randint(reputation, 3),
            worst_reputation=self.random.randint(-3, reputation),
            tags=tuple(self.random.sample(LABELS, self.random.randrange(3))),
            tags_shape=self.random.choice(TAGS_SHAPES),
            groups=groups,
        )
        self.put(entity)
        if ordinary:
            self.by_type.setdefault(type, []).append(entity)
        return entity

    def put(self, entity: Entity) -> None:
        """Add an entity that is complete already; raise ValueError if its id is taken."""
        if entity.id in self.entities:
            raise ValueError(f"there are two of {entity.id}")
        self.entities[entity.id] = entity

    def invent(
        self,
        type: str,
        *,
        extras: dict[str, Plain] | None = None,
        groups: tuple[str, ...] = PUBLIC,
        ordinary: bool = False,
    ) -> Entity:
        """Add an entity of a value nobody has had yet."""
        value = MAKERS[type](self.random)
        while entity_id(type, str(value)) in self.entities:
            value = MAKERS[type](self.random)
        return self.add(type, value, extras=extras, groups=groups, ordinary=ordinary)

    def relate(self, entity: Entity, related: Entity) -> None:
        """Record that the first is related to the second; once is enough, and never to itself."""
        if entity.id != related.id:
            self.relations[entity.id, related.id] = None

    def _draw_moment(self) -> Moment:
        if self.random.random() >= SAME_MOMENT:
            second = self.random.randrange(FIRST_SECOND, LAST_SECOND)
            digits = self.random.choice(FRACTION_DIGITS)
            fraction = self.random.randrange(10 ** (digits - 1)) * 10 + self.random.randint(1, 9)
            self._moment = Moment(second * NANOSECONDS + fraction * 10 ** (9 - digits))
        return self._moment
