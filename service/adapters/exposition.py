"""Numbers as the text that Prometheus reads; imported with the first scrape, not with the service.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from service.adapters.metric import METRICS, Metric
from service.adapters.numbers import Numbers
from service.usecases.metrics import Exposition


def write_exposition(numbers: Numbers) -> Exposition:
    """Write every metric that has a number."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(numbers))
    return Exposition(CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry))


class _Told(Collector):
    """Numbers that are there already, as the library wants them."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Family]:
        return (_family(metric, self._numbers) for metric in METRICS.values())


def _family(metric: Metric, numbers: Numbers) -> Family:
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.about, labels=metric.labels)
        for labels, row in numbers.rows(metric):
            histogram.add_metric(labels, buckets=list(_buckets(metric, row)), sum_value=row[-1])
        return histogram
    plain = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = plain(metric.name, metric.about, labels=metric.labels)
    for labels, (value,) in numbers.rows(metric):
        family.add_metric(labels, value)
    return family


def _buckets(metric: Metric, row: list[float]) -> Iterator[tuple[str, float]]:
    # Shown are all values up to a bound; counted are those between two.
    so_far = 0.0
    for bound, counted in zip((*map(str, metric.bounds), "+Inf"), row[:-1], strict=True):
        so_far += counted
        yield bound, so_far
