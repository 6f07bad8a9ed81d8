"""The questions that rows ask: which seeds, how far, and with a budget that cuts nothing."""

from dataclasses import dataclass

from bench.dice import dice
from bench.wire import target_of
from bench.world.threatwinds import World

_NO_CUT = {
    "max_nodes": 50_000, "max_edges": 200_000, "fan_out": 10_000, "max_calls": 5_000, "timeout": 60,
}  # fmt: skip
_DICE = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How large an answer is wanted: about so many edges."""

    hops: int
    edges: int

    @property
    def bounds(self) -> tuple[int, int]:
        """Give how much smaller or larger one may be: a tenth."""
        return self.edges * 9 // 10, self.edges * 11 // 10


SMALL, LARGE, DEEP = Size(2, 400), Size(2, 1_300), Size(3, 8_000)


def draw_seeds(world: World, size: Size, *, count: int) -> list[str]:
    """Draw seeds whose answers have that size; always the same ones, in an order of chance."""
    rng = dice(_DICE)
    numbers = world.spread.seeds(hops=size.hops, edges=size.bounds, count=count, rng=rng)
    return [str(world.nodes[number]) for number in numbers]


def question(node: str, *, hops: int, **parameters: object) -> bytes:
    """Give the target that asks for the whole neighborhood."""
    return target_of(node, hops=hops, **_NO_CUT | parameters)
