"""A ThreatWinds world of any size: the sandbox's own entities and rows, in a shape of our own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from bench.dice import dice
from bench.world.shape import draw_pairs
from bench.world.spread import Spread
from bench.world.stocking import Told
from connectors.model import NodeId
from connectors.sandbox.threatwinds.draft import Draft
from connectors.sandbox.threatwinds.entity import Entity, Plain
from connectors.sandbox.threatwinds.population import CARRIED, COUNTS
from connectors.sandbox.threatwinds.row import RowForm, RowPress, write_row
from connectors.sources.threatwinds.native import place
from connectors.wire import Aspect

SEED = 1107
"""Not the sandbox's: a dictionary trained on its world has not seen this one."""
# Of what a world has few, more are not to be had; a larger world has more of what there are many.
_PLENTIFUL = 200


@dataclass(frozen=True, slots=True)
class World:
    """Entities by number, who is related to whom, and what the upstream says of each."""

    entities: tuple[Entity, ...]
    nodes: tuple[NodeId, ...]
    spread: Spread
    press: RowPress

    def relations(self, number: int) -> bytes:
        """Give the reply that lists an entity's relations."""
        around = [self.entities[other] for other in self.spread.around[number]]
        rows = [self.press.press(entity, form=RowForm()) for entity in around]
        return msgspec.json.encode({"pages": 1, "items": len(rows), "results": rows})

    def description(self, number: int) -> bytes:
        """Give the reply that describes an entity."""
        return msgspec.json.encode(write_row(self.entities[number], form=RowForm()))

    def told(self, aspect: Aspect) -> Iterator[Told]:
        """Give the replies about one side of everything."""
        for number, node in enumerate(self.nodes):
            if aspect is Aspect.RELATIONS:
                yield Told(node, aspect, 202, self.relations(number))
            else:
                yield Told(node, aspect, 200, self.description(number))


@lru_cache(maxsize=2)
def build_world(*, size: int, mean: int = 20, seed: int = SEED) -> World:
    """Build a world of so many entities, each with `mean` relations on average; always the same one."""
    draft = Draft(seed=seed)
    for kind, count in _counts(size).items():
        for _ in range(count):
            carried = [draft.random.choice(draft.by_type[each]) for each in CARRIED.get(kind, ())]
            extras: dict[str, Plain] = {entity.type: entity.shown for entity in carried}
            draft.invent(kind, extras=extras, ordinary=True)
    entities = tuple(draft.entities.values())
    rng = dice(seed)
    pairs = draw_pairs(size, pairs=size * mean // 2, rng=rng)
    # Numbers were given by kind: who is related to whom is not to depend on that.
    rng.shuffle(numbers := list(range(size)))
    spread = Spread(size, [(numbers[one], numbers[other]) for one, other in pairs])
    return World(entities, tuple(map(_node_of, entities)), spread, RowPress())


def _counts(size: int) -> dict[str, int]:
    total = sum(COUNTS.values())
    small = {kind: count for kind, count in COUNTS.items() if count < _PLENTIFUL}
    small = {kind: max(2, round(count * min(1.0, size / total))) for kind, count in small.items()}
    many = {kind: count for kind, count in COUNTS.items() if kind not in small}
    left, weight = size - sum(small.values()), sum(many.values())
    grown = {kind: left * count // weight for kind, count in many.items()}
    grown["ip"] += left - sum(grown.values())
    # In the sandbox's order: what an entity carries is there before it.
    return {kind: (small | grown)[kind] for kind in COUNTS}


def _node_of(entity: Entity) -> NodeId:
    node = place(entity.type, entity.value)
    if node is None:
        raise ValueError(f"{entity.id} has no address")
    return node
