"""The metrics there are: their names, kinds and labels, and what each one means.

No label is ever what a caller or an upstream has sent: each has one of a few words of our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Merge = Literal["sum", "least"]

# Seconds. From an answer out of the cache to the longest `timeout` there is.
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Seconds: a second, a minute, five, a quarter and a whole hour, six, a day, a week.
_AGES = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 604_800.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `merge` is how the numbers of several processes become one.

    A counter's name is shown with `_total`. `bounds` are those of a histogram's buckets, upper and
    inclusive, without the last one, which has none.
    """

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    merge: Merge = "sum"

    @property
    def shown(self) -> str:
        """Give the name to ask for: of a histogram its samples' names begin with it."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


REQUESTS = Metric(
    "relgraph_requests",
    "counter",
    "Requests answered, by the route's template (none: no such route), the method, and the class of the "
    "status (none: the caller left, or the service ended, before anything was answered).",
    ("route", "method", "status"),
)
REQUEST_SECONDS = Metric(
    "relgraph_request_seconds",
    "histogram",
    "Time from a request's headers to those of its answer; of a stream, the wait for its first line.",
    ("route",),
    _WAITS,
)
ANSWERS = Metric(
    "relgraph_answers", "counter", "Graphs given, streams included, complete or not.", ("complete",)
)
REPEATS = Metric(
    "relgraph_answers_repeated",
    "counter",
    "Graphs given again from a worker's memory: of these no lookup is counted, and no age.",
)
CALLS = Metric(
    "relgraph_upstream_calls",
    "counter",
    "Calls that left for an upstream, by the status of the reply, or the error when there was none.",
    ("source", "reply"),
)
CALL_SECONDS = Metric(
    "relgraph_upstream_call_seconds", "histogram", "How long those calls were away.", ("source",), _WAITS
)
OUTCOMES = Metric(
    "relgraph_outcomes",
    "counter",
    "How answers' questions to a source ended, one an answer, the worst.",
    ("source", "outcome"),
)
LOOKUPS = Metric(
    "relgraph_cache_lookups",
    "counter",
    "Questions put to the cache: answered fresh or stale, known to be absent, or missing.",
    ("source", "found"),
)
SHARED = Metric(
    "relgraph_shared_flights",
    "counter",
    "Questions that waited for the same question of their own process, or of another one in the fleet.",
    ("source", "by"),
)
REFRESHES = Metric(
    "relgraph_refreshes",
    "counter",
    "Questions asked again behind an answer that was given stale, by how that ended.",
    ("source", "outcome"),
)
SERVED_AGE = Metric(
    "relgraph_served_age_seconds",
    "histogram",
    "Age of the cached listings that answers were made of.",
    ("source",),
    _AGES,
)
BREAKERS = Metric(
    "relgraph_breakers",
    "gauge",
    "Processes of this instance whose circuit breaker is in a state: the worse of the host's and the "
    "configured credential's.",
    ("source", "state"),
)
CALLS_LEFT = Metric(
    "relgraph_calls_left",
    "gauge",
    "Calls left in this minute for the configured credential; none is shown where no limit is known.",
    ("source",),
    merge="least",
)
CONCURRENCY = Metric(
    "relgraph_call_concurrency",
    "gauge",
    "The most calls at once that are in force for the configured credential.",
    ("source",),
    merge="least",
)
STORE_UP = Metric("relgraph_store_up", "gauge", "1 when the store replied just now, else 0.", merge="least")
WORKERS = Metric("relgraph_workers", "gauge", "Processes of this instance that serve.")

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        *(REQUESTS, REQUEST_SECONDS, ANSWERS, REPEATS),
        *(CALLS, CALL_SECONDS, OUTCOMES, REFRESHES, SHARED),
        *(LOOKUPS, SERVED_AGE),
        *(BREAKERS, CALLS_LEFT, CONCURRENCY),
        *(STORE_UP, WORKERS),
    )
}
"""Every metric by its name, in the order in which they are shown."""
