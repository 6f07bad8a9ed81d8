"""Counts, gauges and histograms as plain numbers, which can be added up and written to a file.

Counting is one look into a dict; the event loop is the only one who counts, so there is no lock.
"""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from service.adapters.metric import METRICS, Metric

Labels = tuple[str, ...]
_Row = tuple[str, Labels, list[float]]


class Numbers:
    """The numbers of one process or of several, by metric and label values.

    A counter and a gauge are one number; a histogram is the count of each bucket, the unbounded
    one last, and then the sum.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._rows: dict[tuple[str, Labels], list[float]] = {}

    def show(self, metric: Metric, labels: Labels = ()) -> list[float]:
        """Give the numbers of a metric under these label values, zero if nothing was counted yet."""
        key = (metric.name, labels)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = [0.0] * _width(metric)
        return row

    def count(self, metric: Metric, labels: Labels = (), *, by: float = 1) -> None:
        """Count up."""
        self.show(metric, labels)[0] += by

    def set(self, metric: Metric, labels: Labels = (), *, to: float) -> None:
        """Set a gauge."""
        self.show(metric, labels)[0] = float(to)

    def observe(self, metric: Metric, labels: Labels = (), *, value: float) -> None:
        """Count a value in its bucket of a histogram, and add it to the sum."""
        row = self.show(metric, labels)
        row[bisect_left(metric.bounds, value)] += 1
        row[-1] += value

    def rows(self, metric: Metric) -> Iterable[tuple[Labels, list[float]]]:
        """Give every label values of a metric with their numbers, in order."""
        return sorted((labels, row) for (name, labels), row in self._rows.items() if name == metric.name)

    def add(self, other: "Numbers", *, gauges: bool = True) -> None:
        """Take in another's numbers, each as its metric merges; without `gauges` only what is counted."""
        for (name, labels), theirs in other._rows.items():  # noqa: SLF001 - of this same class
            metric = METRICS[name]
            if metric.kind == "gauge" and not gauges:
                continue
            mine = self._rows.get((name, labels))
            if mine is None:
                self._rows[name, labels] = list(theirs)
            elif metric.merge == "least":
                mine[0] = min(mine[0], theirs[0])
            else:
                mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]

    def encode(self) -> bytes:
        """Write the numbers."""
        return msgspec.json.encode([(name, labels, row) for (name, labels), row in self._rows.items()])


def decode_numbers(data: bytes) -> Numbers:
    """Read numbers that a process of this same version wrote; ValueError for anything else."""
    numbers = Numbers()
    for name, labels, row in msgspec.json.decode(data, type=list[_Row]):
        metric = METRICS.get(name)
        if metric is None or len(labels) != len(metric.labels) or len(row) != _width(metric):
            raise ValueError(f"no numbers of this version: {name}")
        numbers.show(metric, labels)[:] = row
    return numbers


def _width(metric: Metric) -> int:
    return len(metric.bounds) + 2 if metric.kind == "histogram" else 1
