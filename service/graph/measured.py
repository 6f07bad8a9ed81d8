"""What came of the measures asked for, and how it is written into an answer's records."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.graph.measure import Measure, Number
from service.graph.record import Record

# On a graph that goes on where the answer ends, a measure misleads: these nodes are where it does.
_UNEXPANDED = ("boundary", "cut", "failed")


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers of each measure that finished, in the order of `ids`.

    `asked` is in the caller's order. `unexpanded` counts the nodes of the answer that are not
    completely expanded, by their `expansion`.
    """

    asked: tuple[Measure, ...]
    ids: tuple[str, ...]
    values: Mapping[Measure, Sequence[Number]]
    unexpanded: Mapping[str, int]

    def record(self) -> Record:
        """Write `graph.measures`: for each measure whether it finished, and what it may mislead about.

        `{"degree": {"finished": true, "boundary": 3, "cut": 0, "failed": 1}, …}`
        """
        return {
            measure.value: {"finished": measure in self.values, **self.unexpanded} for measure in self.asked
        }


def count_unexpanded(nodes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count the node records that are `boundary`, `cut` or `failed`; 0 is counted too."""
    counted = Counter(record["expansion"] for record in nodes)
    return {name: counted[name] for name in _UNEXPANDED}


def write_measures(measured: Measured, *, nodes: Iterable[Record]) -> list[Record]:
    """Give the node records, in their order, each with its `measures`; those given stay as they are.

    `{…, "measures": {"degree": 3, "pagerank": 0.12}}`: what did not finish is not there. KeyError
    for a node that was not measured.
    """
    place = {node: number for number, node in enumerate(measured.ids)}
    finished = [
        (measure.value, measured.values[measure]) for measure in measured.asked if measure in measured.values
    ]
    return [
        {**record, "measures": {name: values[place[record["id"]]] for name, values in finished}}
        for record in nodes
    ]
