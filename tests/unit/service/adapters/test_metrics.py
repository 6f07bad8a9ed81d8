"""Tests of the port Metrics: what is counted is shown, by several processes together."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.contract import ConnectorSpec, Freshness, Pace
from connectors.errors import StoreUnavailableError
from connectors.model import Outcome
from connectors.ports import LaneState
from connectors.runtime.clock import SystemClock
from connectors.settings import Visibility
from harness.toy import Toy
from service.adapters.memory_store import MemoryStore
from service.adapters.metrics import ProcessMetrics
from service.adapters.metrics_slot import MetricsSlot
from service.cache.store import Item
from service.usecases.source import Access, Condition, Source

CLOCK = SystemClock()
SECOND = timedelta(seconds=1)
TOY = Toy(ConnectorSpec("toy", ("toy",), (), (), mapping_version=1), tenants=("a",))
SOURCE = Source(
    "one", TOY, Freshness(), Pace(), Visibility.CREDENTIAL, frozenset(), lambda _: Access("me", None)
)

Samples = dict[tuple[str, tuple[str, ...]], float]


class DeadStore:
    """A store that is down."""

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Fail."""
        raise StoreUnavailableError

    async def save(self, items: Sequence[Item]) -> None:
        """Fail."""
        raise StoreUnavailableError

    async def ping(self) -> None:
        """Fail."""
        raise StoreUnavailableError

    async def close(self) -> None:
        """Have nothing to let go of."""


class EndingSleeper:
    """Lets a task go round so many times, then cancels it as its end would."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.waits: list[timedelta] = []

    async def sleep(self, wait: timedelta) -> None:
        """Note the wait; end the task the last time."""
        self.waits.append(wait)
        self.left -= 1
        if self.left == 0:
            raise EndedError


class EndedError(Exception):
    """Ends a task that goes on for ever."""


def metrics(slot: MetricsSlot | None = None, sources: Iterable[Source] = (SOURCE,)) -> ProcessMetrics:
    """Give the metrics of one process."""
    made = ProcessMetrics(store=MemoryStore(clock=CLOCK), clock=CLOCK, slot=slot)
    made.watch(sources)
    return made


async def scrape(made: ProcessMetrics) -> Samples:
    """Give every sample that is not zero, by its name and its labels' values in their names' order."""
    text = (await made.expose()).text.decode()
    return {
        (s.name, tuple(s.labels[name] for name in sorted(s.labels))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if s.value and not s.name.endswith("_bucket")
    }


STILL = {
    ("relgraph_store_up", ()): 1,
    ("relgraph_workers", ()): 1,
    ("relgraph_breakers", ("one", "closed")): 1,
}


async def test_everything_is_counted_under_its_own_name() -> None:
    """Each event is one more of one sample, and of no other."""
    made = metrics()
    made.requested("/graph", method="GET", status=206, took=SECOND)
    made.answered(complete=True)
    made.answered(complete=False)
    made.looked_up("one", found="fresh")
    made.served("one", age=timedelta(minutes=2))
    made.shared("one", by="fleet")
    made.refreshed("one", outcome=Outcome.UNAVAILABLE)
    made.concluded("one", outcome=Outcome.OVER_BUDGET)
    made.observe("one")(503, 0.5)
    assert await scrape(made) == STILL | {
        ("relgraph_requests_total", ("GET", "/graph", "2xx")): 1,
        ("relgraph_request_seconds_count", ("/graph",)): 1,
        ("relgraph_request_seconds_sum", ("/graph",)): 1,
        ("relgraph_answers_total", ("true",)): 1,
        ("relgraph_answers_total", ("false",)): 1,
        ("relgraph_cache_lookups_total", ("fresh", "one")): 1,
        ("relgraph_served_age_seconds_count", ("one",)): 1,
        ("relgraph_served_age_seconds_sum", ("one",)): 120,
        ("relgraph_shared_flights_total", ("fleet", "one")): 1,
        ("relgraph_refreshes_total", ("unavailable", "one")): 1,
        ("relgraph_outcomes_total", ("over_budget", "one")): 1,
        ("relgraph_upstream_calls_total", ("503", "one")): 1,
        ("relgraph_upstream_call_seconds_count", ("one",)): 1,
        ("relgraph_upstream_call_seconds_sum", ("one",)): 0.5,
    }


async def test_series_begin_at_zero() -> None:
    """What can happen to a source is shown before it happens, so that its first time is an increase."""
    text = (await metrics().expose()).text.decode()
    for sample in (
        'relgraph_outcomes_total{outcome="unavailable",source="one"} 0.0',
        'relgraph_cache_lookups_total{found="stale",source="one"} 0.0',
        'relgraph_answers_total{complete="false"} 0.0',
        'relgraph_upstream_call_seconds_count{source="one"} 0.0',
    ):
        assert f"\n{sample}\n" in text


@pytest.mark.parametrize(
    ("reply", "shown"),
    [(200, "200"), (429, "429"), (599, "5xx"), (999, "9xx"), ("SourceTimeoutError", "SourceTimeoutError")],
)
async def test_an_upstream_makes_up_no_label(reply: int | str, shown: str) -> None:
    """A status that HTTP does not know counts by its class."""
    made = metrics()
    made.observe("one")(reply, 0)
    assert ("relgraph_upstream_calls_total", (shown, "one")) in await scrape(made)


@pytest.mark.parametrize(("method", "shown"), [("HEAD", "HEAD"), ("BREW", "other"), ("get", "other")])
async def test_a_caller_makes_up_no_label(method: str, shown: str) -> None:
    """A method that is none of ours counts as another; an answer that never came has no time."""
    made = metrics()
    made.requested("none", method=method, status=None, took=SECOND)
    assert await scrape(made) == STILL | {("relgraph_requests_total", (shown, "none", "none")): 1}


async def test_the_state_of_a_source_is_that_of_the_moment() -> None:
    """It is asked at each scrape, for the configured identity."""
    now = {"me": Condition("open", SECOND, LaneState(0, 3, 1, 2, SECOND))}
    made = metrics(sources=[replace(SOURCE, condition=lambda identity: now[identity])])
    first = await scrape(made)
    assert first[("relgraph_breakers", ("one", "open"))] == 1
    assert first[("relgraph_call_concurrency", ("one",))] == 3
    assert ("relgraph_breakers", ("one", "closed")) not in first
    assert '\nrelgraph_calls_left{source="one"} 0.0\n' in (await made.expose()).text.decode()
    now["me"] = Condition("half_open", None, LaneState(None, 4, 0, 0, SECOND))
    second = await scrape(made)
    assert second[("relgraph_breakers", ("one", "half_open"))] == 1
    assert second[("relgraph_call_concurrency", ("one",))] == 4
    assert "relgraph_calls_left{" not in (await made.expose()).text.decode()


async def test_a_store_that_is_down_is_shown() -> None:
    """Everything else is there all the same."""
    made = ProcessMetrics(store=DeadStore(), clock=CLOCK)
    made.answered(complete=True)
    assert await scrape(made) == {("relgraph_answers_total", ("true",)): 1, ("relgraph_workers", ()): 1}
    assert "\nrelgraph_store_up 0.0\n" in (await made.expose()).text.decode()


async def test_any_worker_shows_the_sum(tmp_path: Path) -> None:
    """And a scrape of one never shows less than an earlier one of another."""
    one, two = (metrics(MetricsSlot(tmp_path, number)) for number in range(2))
    one.answered(complete=True)
    assert (await scrape(one))[("relgraph_answers_total", ("true",))] == 1
    two.answered(complete=True)
    shown = await scrape(two)
    assert shown[("relgraph_answers_total", ("true",))] == 2
    assert shown[("relgraph_workers", ())] == shown[("relgraph_breakers", ("one", "closed"))] == 2
    assert (await scrape(one))[("relgraph_answers_total", ("true",))] == 2


async def test_a_worker_in_anothers_place_goes_on_counting(tmp_path: Path) -> None:
    """What a worker had counted when it died is not lost, and not counted twice."""
    first = metrics(MetricsSlot(tmp_path, 0))
    first.answered(complete=True)
    await first.expose()
    second = metrics(MetricsSlot(tmp_path, 0))
    second.answered(complete=True)
    shown = await scrape(second)
    assert (shown[("relgraph_answers_total", ("true",))], shown[("relgraph_workers", ())]) == (2, 1)


async def test_numbers_are_written_every_second_and_at_the_end(tmp_path: Path) -> None:
    """So the others know of a worker that nobody has scraped; without others nothing is written."""
    writing, reading = (metrics(MetricsSlot(tmp_path, number)) for number in range(2))
    writing.answered(complete=True)
    sleeper = EndingSleeper(3)
    with pytest.raises(EndedError):
        await writing.keep_writing(sleeper=sleeper)
    assert sleeper.waits == [SECOND] * 3
    assert (await scrape(reading))[("relgraph_answers_total", ("true",))] == 1
    await metrics().keep_writing(sleeper=EndingSleeper(1))


async def test_a_folder_that_is_gone_costs_no_more_than_the_others_numbers(tmp_path: Path) -> None:
    """A disk that is full or swept is no reason not to answer."""
    made = metrics(MetricsSlot(tmp_path / "gone", 0))
    made.answered(complete=True)
    assert (await scrape(made))[("relgraph_answers_total", ("true",))] == 1


def test_the_library_is_loaded_with_the_first_scrape() -> None:
    """A start does not wait for what many services are never asked for."""
    program = "import sys, service.app; print('prometheus_client' in sys.modules)"
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"
