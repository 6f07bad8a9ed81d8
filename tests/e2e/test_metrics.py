"""GET /metrics of a real service of two processes: the numbers are those of what was done."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.board import Board
from harness.place import DOMAIN, NOBODY
from harness.plain import EACH_ANEW
from harness.process import Process, start_sandbox
from harness.settings import threatwinds
from harness.standing import standing
from harness.store import Store
from service.adapters.metric import METRICS

CANARY = "canary-0123456789"
ALERTS = Path(__file__).parents[2] / "deploy" / "alerts.yaml"
# How long a worker's replacement may take on a busy machine.
PATIENCE = 20.0

Samples = dict[tuple[Any, ...], float]
"""Numbers by their name and the pairs of their labels."""


class Scraper:
    """Asks a service over a new connection each time, so that either of its processes may answer."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request."""
        return EACH_ANEW.request(method, f"{self.process.url}{path}", **options)

    def text(self) -> str:
        """Give what a scrape is answered."""
        return self.ask("GET", "/metrics").raise_for_status().text

    def samples(self) -> Samples:
        """Give every sample that is not zero."""
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
            if sample.value
        }

    def settled(self) -> Samples:
        """Give the samples when both processes have told all they have counted until now."""
        time.sleep(1.3)
        return self.samples()


def counted(samples: Samples, name: str, *labels: str, since: Samples | None = None) -> dict[Any, int]:
    """Add up the samples of a name by some of its labels, less what there was before."""
    found: Counter[Any] = Counter()
    for sign, each in ((1, samples), (-1, since or {})):
        for (named, *pairs), value in each.items():
            if named == name:
                values = tuple(dict(pairs)[label] for label in labels)
                found[values[0] if len(values) == 1 else values] += sign * int(value)
    return {values: number for values, number in found.items() if number}


@pytest.fixture(scope="module")
def feed() -> Iterator[Process]:
    """Run a ThreatWinds sandbox whose journal is this file's alone."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture(scope="module")
def scraper(
    feed: Process, running_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scraper]:
    """Run two processes."""
    sources = {"tw": threatwinds(feed.url)}
    folder = tmp_path_factory.mktemp("service")
    with standing(folder, "--workers", "2", redis_url=running_store.url, sources=sources) as (process, _):
        yield Scraper(process)


def test_numbers_are_those_of_what_was_done(scraper: Scraper, feed: Process, running_store: Store) -> None:
    """Requests by template, method and status; graphs; outcomes; each call that the upstream has seen."""
    board = Board(feed.url)
    board.reset()
    running_store.empty()
    before = scraper.settled()
    done: Counter[tuple[str, str, str]] = Counter()
    for _ in range(4):
        for method, path, route in (
            ("GET", f"/graph/{DOMAIN}", "/graph/{node}"),
            ("HEAD", f"/graph?node={DOMAIN}", "/graph"),
            ("GET", f"/graph/{DOMAIN}?format=ndjson", "/graph/{node}"),
            ("GET", f"/graph/{NOBODY}", "/graph/{node}"),
            ("GET", "/graph/x:y:z?hops=99", "/graph/{node}"),
            ("GET", "/nothing", "none"),
            ("POST", "/sources", "/sources"),
            ("GET", "/healthz", "/healthz"),
        ):
            status = scraper.ask(method, path).status_code
            done[route, method, f"{status // 100}xx"] += 1
    after = scraper.settled()
    requests = counted(after, "relgraph_requests_total", "route", "method", "status", since=before)
    assert requests.pop(("/metrics", "GET", "2xx")) == 1
    assert requests == done
    timed = counted(after, "relgraph_request_seconds_count", "route", since=before)
    assert sum(timed.values()) == done.total() + 1
    # The node that nobody knows is a problem, not a graph; all others are whole.
    assert counted(after, "relgraph_answers_total", "complete", since=before) == {"true": 12}
    outcomes = counted(after, "relgraph_outcomes_total", "source", "outcome", since=before)
    assert outcomes == {("tw", "ok"): 12, ("tw", "absent"): 4}
    calls = Counter(("tw", str(call["status"])) for call in board.calls())
    assert counted(after, "relgraph_upstream_calls_total", "source", "reply", since=before) == calls
    took = counted(after, "relgraph_upstream_call_seconds_count", "source", since=before)
    assert took == {"tw": calls.total()}
    assert {"missing", "fresh", "absent"} <= counted(
        after, "relgraph_cache_lookups_total", "found", since=before
    ).keys()
    assert counted(after, "relgraph_served_age_seconds_count", "source", since=before)["tw"] > 0
    assert counted(after, "relgraph_breakers", "source", "state") == {("tw", "closed"): 2}
    assert counted(after, "relgraph_workers") == counted(after, "relgraph_store_up") | {(): 2}


def test_nothing_that_was_sent_is_a_label(scraper: Scraper) -> None:
    """No address, credential, method, header or other text of a caller stands in a scrape."""
    scraper.ask("GET", f"/graph/observable:domain:{CANARY}.example.com")
    scraper.ask("GET", f"/graph?node={CANARY}:a:b&{CANARY}={CANARY}")
    scraper.ask("GET", f"/{CANARY}/{CANARY}?a={CANARY}")
    scraper.ask("GET", f"/docs/{CANARY}")
    scraper.ask("GET", f"/metrics?{CANARY}")
    scraper.ask(CANARY.upper(), "/graph")
    scraper.ask("POST", "/graph", json={"nodes": [f"{CANARY}:a:b"]})
    scraper.ask(
        "GET",
        f"/graph/{DOMAIN}",
        headers={
            "Host": f"{CANARY}.example.com",
            "User-Agent": CANARY,
            "Authorization": f"Bearer {CANARY}",
            "X-API-Key": CANARY,
            "Upstream-Credentials": f'tw="Bearer {CANARY}"',
            "X-Forwarded-For": CANARY,
            "Accept": f"{CANARY}/{CANARY}",
        },
    )
    text = scraper.text()
    for sent in (CANARY, "sandbox-demo", "acescency", "observable:"):
        assert sent.lower() not in text.lower()
    labels = {label for f in text_string_to_metric_families(text) for s in f.samples for label in s.labels}
    assert labels <= {label for metric in METRICS.values() for label in metric.labels} | {"le"}


def test_every_metric_is_in_a_scrape_and_alerts_name_no_other(scraper: Scraper) -> None:
    """What docs and deploy/alerts.yaml speak of can be asked for."""
    families = re.findall(r"^# TYPE (\S+) (\S+)$", scraper.text(), flags=re.MULTILINE)
    assert families == [(metric.shown, metric.kind) for metric in METRICS.values()]
    there = {name for name, _ in families}
    there |= {
        f"{name}_{part}"
        for name, kind in families
        if kind == "histogram"
        for part in ("bucket", "count", "sum")
    }
    named = set(re.findall(r"\brelgraph_\w+", ALERTS.read_text("utf-8")))
    assert named
    assert named <= there


def test_it_is_a_route_like_the_others(scraper: Scraper) -> None:
    """HEAD has the headers of a GET, another method is a problem that says which there are."""
    got, head = scraper.ask("GET", "/metrics"), scraper.ask("HEAD", "/metrics")
    assert got.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert got.headers["cache-control"] == "no-store"
    assert (head.status_code, head.content) == (200, b"")
    passing = {"content-length", "date", "request-id", "server-timing"}
    assert set(head.headers) == set(got.headers)
    assert all(head.headers[name] == got.headers[name] for name in set(got.headers) - passing)
    refused = scraper.ask("POST", "/metrics")
    assert refused.status_code == 405
    assert refused.json()["type"] == "/problems/method-not-allowed"
    assert {word.strip() for word in refused.headers["allow"].split(",")} == {"GET", "HEAD"}


def test_counts_outlive_a_worker(scraper: Scraper) -> None:
    """One that is killed is replaced; its counts stay, and it is no longer counted as a process."""
    served = re.compile(r'"pid": (\d+), "event": "serving"')
    for _ in range(20):
        scraper.ask("GET", "/healthz")
    # The last second's counts are the price of kill -9.
    before = scraper.settled()
    workers = served.findall(scraper.process.output)
    os.kill(int(workers[-1]), signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while len(served.findall(scraper.process.output)) == len(workers):
        assert time.monotonic() < end
        time.sleep(0.05)
    after = scraper.settled()
    assert counted(after, "relgraph_workers") == {(): 2}
    healthy = [counted(each, "relgraph_requests_total", "route")["/healthz"] for each in (before, after)]
    assert healthy[0] == healthy[1] >= 20


def test_a_scrape_needs_no_store(scraper: Scraper, running_store: Store) -> None:
    """It says that the store is down, when it is most wanted."""
    running_store.kill()
    try:
        assert "\nrelgraph_store_up 0.0\n" in scraper.text()
    finally:
        running_store.start()
