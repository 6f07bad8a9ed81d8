"""All rows there are to be, in the order of the table, and which of them a quick run has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.effort import Effort
from bench.row import Row
from bench.rows import (
    cold,
    database,
    deep,
    first,
    gateway,
    hot,
    memory,
    offered,
    resident,
    scale,
    start,
    warm,
)
from bench.stage import Stage

Measure = Callable[[Stage, Effort], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row's measurement; None says that it is not built. `quick` ones need no peer and no minute."""

    measure: Measure | None
    quick: bool = False


CATALOGUE: dict[str, Entry] = {
    "W1": Entry(hot.measure, quick=True),
    "W2": Entry(warm.measure, quick=True),
    "open": Entry(offered.measure),
    "W3": Entry(database.measure),
    "W4": Entry(deep.measure),
    "C1": Entry(gateway.measure),
    "C2": Entry(cold.measure, quick=True),
    "C3": Entry(first.measure),
    "S1": Entry(scale.measure_size),
    "S2": Entry(scale.measure_workers),
    "S3": Entry(scale.measure_cluster),
    "M1": Entry(memory.measure, quick=True),
    "M2": Entry(resident.measure),
    "A1": Entry(start.measure, quick=True),
}
