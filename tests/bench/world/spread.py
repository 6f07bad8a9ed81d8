"""How far a neighborhood reaches, reckoned on numbers alone: by which the seeds of a row are chosen."""

from collections.abc import Sequence
from random import Random


class Spread:
    """The relations of a world by number, both ways."""

    def __init__(self, size: int, pairs: Sequence[tuple[int, int]]) -> None:
        """Take them in."""
        self.around: list[list[int]] = [[] for _ in range(size)]
        for one, other in pairs:
            self.around[one].append(other)
            self.around[other].append(one)

    def levels(self, seed: int, *, hops: int) -> list[list[int]]:
        """Give who is how far away, the seed first, up to `hops`."""
        seen, levels = {seed}, [[seed]]
        for _ in range(hops):
            level = dict.fromkeys(end for near in levels[-1] for end in self.around[near] if end not in seen)
            seen.update(level)
            levels.append(list(level))
        return levels

    def edges(self, seed: int, *, hops: int) -> int:
        """Count the relations of an answer: those of everybody nearer than `hops`."""
        asked = {near for level in self.levels(seed, hops=hops - 1) for near in level}
        return sum(end not in asked or near < end for near in asked for end in self.around[near])

    def asked(self, seed: int, *, hops: int) -> int:
        """Count whose relations an answer needs."""
        return sum(map(len, self.levels(seed, hops=hops - 1)))

    def seeds(self, *, hops: int, edges: tuple[int, int], count: int, rng: Random) -> list[int]:
        """Draw so many whose answer has between `edges` relations; ValueError when there are not as many."""
        least, most = edges
        found: list[int] = []
        numbers = list(range(len(self.around)))
        rng.shuffle(numbers)
        for number in numbers:
            if least <= self.edges(number, hops=hops) <= most:
                found.append(number)
                if len(found) == count:
                    return found
        raise ValueError(f"{len(found)} of {count} seeds with {least} to {most} relations in {hops} hops")
