"""Who is related to whom, by number: many with a few relations, a few with many, exactly so many in all."""

from random import Random

HUB_SHARE = 0.04
"""One in twenty-five has some forty relations more than the others."""
_HUB_EXTRA = 38


def draw_pairs(size: int, *, pairs: int, rng: Random) -> list[tuple[int, int]]:
    """Relate `size` things by so many pairs, none twice and none to itself.

    Each end of each pair is drawn from a bag in which a thing lies as often as it shall have relations:
    two hops around an ordinary one are about 400 relations where the mean is 20, around a hub 1 300.
    """
    mean = 2 * pairs / size
    ordinary = mean - HUB_SHARE * _HUB_EXTRA
    wanted = [
        ordinary + rng.uniform(-3, 3) + (_HUB_EXTRA if rng.random() < HUB_SHARE else 0) for _ in range(size)
    ]
    bag = [number for number, degree in enumerate(wanted) for _ in range(max(1, round(degree)))]
    found: dict[tuple[int, int], None] = {}
    while len(found) < pairs:
        rng.shuffle(bag)
        for one, other in zip(bag[::2], bag[1::2], strict=False):
            if one != other and len(found) < pairs:
                found[min(one, other), max(one, other)] = None
    return list(found)
