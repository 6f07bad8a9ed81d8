"""An Autodesk project of any size: the sandbox's own kinds, ids and rows, in a shape of our own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from bench.dice import dice
from bench.world.shape import draw_pairs
from bench.world.stocking import Told
from connectors.model import NodeId
from connectors.sandbox.autodesk.kind import make_guid, make_id
from connectors.sandbox.autodesk.pairing import POPULATION
from connectors.sandbox.autodesk.row import End, Entity, Row, render_instant, render_row
from connectors.wire import Aspect
from harness.settings import CONTAINER

_EPOCH = datetime(2019, 2, 4, 6, 30, tzinfo=UTC)
_SPAN_SECONDS = 5 * 365 * 86_400
_SERVICE_SHARE = 0.42
_URN = "urn:adsk.wipprod"
_READ_ONLY = frozenset({"autodesk-bim360-documentmanagement"})
"""What the sandbox's member may not write."""


@dataclass(frozen=True, slots=True)
class Project:
    """Things by number, and the rows that touch each."""

    entities: tuple[Entity, ...]
    touching: tuple[tuple[Row, ...], ...]

    def told(self) -> Iterator[Told]:
        """Give the replies that list everything's relations, one thing a reply."""
        for entity, rows in zip(self.entities, self.touching, strict=True):
            shown = [render_row(row, read_only_domains=_READ_ONLY) for row in rows]
            body = msgspec.json.encode({"page": {}, "relationships": shown})
            yield Told(NodeId(entity.domain, CONTAINER, entity.type, entity.id), Aspect.RELATIONS, 200, body)


def build_project(*, size: int, mean: int = 20, seed: int) -> Project:
    """Build a project of so many things, each with `mean` relations on average; always the same one."""
    rng = dice(seed)
    kinds = list(POPULATION)
    drawn = rng.choices(kinds, weights=list(POPULATION.values()), k=size)
    ends = [End(Entity(*kind, make_id(kind, rng=rng, urn=_URN)), _draw_time(rng)) for kind in drawn]
    touching: list[list[Row]] = [[] for _ in ends]
    for one, other in draw_pairs(size, pairs=size * mean // 2, rng=rng):
        both = (ends[one], ends[other])
        row = Row(make_guid(rng), _draw_time(rng), both, is_service=rng.random() < _SERVICE_SHARE)
        touching[one].append(row)
        touching[other].append(row)
    return Project(tuple(end.entity for end in ends), tuple(map(tuple, touching)))


def _draw_time(rng: Random) -> str:
    return render_instant(_EPOCH + timedelta(seconds=rng.uniform(60, _SPAN_SECONDS)))
