"""A port with more neighbors than the upstream can ever page through, made only when somebody asks."""

from functools import cached_property

from connectors.sandbox.threatwinds.draft import LAST_SECOND, PUBLIC
from connectors.sandbox.threatwinds.entity import NANOSECONDS, Entity, Moment, Plain, entity_id
from connectors.sandbox.threatwinds.vocabulary import GIANT_BLOCK

GIANT_TYPE = "port"
GIANT_VALUE = "443/tcp"
GIANT_NEIGHBORS = 25_000
STEP_NANOSECONDS = 1_000_000_007
STEP_ADDRESSES = 641  # spreads them over the block


class Giant:
    """Port 443/tcp and 25 000 addresses related to it, and to nothing else in the world."""

    def __init__(self) -> None:
        self.entity = _make(GIANT_TYPE, GIANT_VALUE, number=0)

    @cached_property
    def neighbors(self) -> tuple[Entity, ...]:
        """Return them all, newest first."""
        return tuple(
            _make("ip", str(GIANT_BLOCK[number * STEP_ADDRESSES]), number=number)
            for number in range(1, GIANT_NEIGHBORS + 1)
        )

    @cached_property
    def neighbors_by_id(self) -> dict[str, Entity]:
        """Return them by native id."""
        return {neighbor.id: neighbor for neighbor in self.neighbors}


def _make(type: str, value: Plain, *, number: int) -> Entity:
    moment = Moment(LAST_SECOND * NANOSECONDS - number * STEP_NANOSECONDS)
    return Entity(
        id=entity_id(type, str(value)),
        type=type,
        value=str(value),
        shown=value,
        extras={},
        updated=moment,
        last_seen=moment,
        accuracy=number % 4,
        reputation=number % 7 - 3,
        best_reputation=3,
        worst_reputation=-3,
        tags=("scanner",),
        tags_shape="list",
        groups=PUBLIC,
    )
