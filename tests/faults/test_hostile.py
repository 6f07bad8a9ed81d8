"""Hostile upstreams, over a real service: each has its word, and a bound on calls, time and memory."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.asking import ANEW, Asker, source_of
from harness.board import Board
from harness.place import DOCUMENT_HUB, DOMAIN, ISSUE, MALWARE_HUB
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import autodesk, threatwinds, write_settings

Json = dict[str, Any]

# Two bodies of the largest size that is read (32 MiB), and what a few thousand relations take: far
# from the 100 and 512 MB that are sent.
LEEWAY = 90 << 20
FOLLOWING_PAGE = {"acc": "continuationToken=", "feed": "page="}
SEEDS = {"acc": DOCUMENT_HUB, "feed": MALWARE_HUB}
SMALL = {"acc": ISSUE, "feed": DOMAIN}
WIDE = {"fan_out": 5000, "max_nodes": 5000, "max_edges": 5000}


def row(number: int) -> Json:
    """Write one relationship of the issue, as Autodesk shows it."""
    issue = ISSUE.rpartition(":")[2]
    other = {"domain": "autodesk-bim360-asset", "type": "asset", "id": f"asset-{number}"}
    return {
        "id": f"f67ebb0c-dbf1-4f25-994d-{number:012d}",
        "createdOn": "2022-06-24T20:48:23.880960+00:00",
        "isReadOnly": False,
        "isService": False,
        "isDeleted": False,
        "entities": [{"domain": "autodesk-bim360-issue", "type": "issue", "id": issue}, other],
    }


def page(*numbers: int, token: str | None = None) -> str:
    """Write a page of these relationships that leads to the next by `token`."""
    head = {} if token is None else {"continuationToken": token}
    return json.dumps({"page": head, "relationships": [row(number) for number in numbers]})


@dataclass(frozen=True)
class Answered:
    """What one hostile answer was and cost; `grown` is what the service has ever used beyond its start."""

    source: Json
    answer: Json
    seconds: float
    calls: int
    grown: int


class Victim:
    """A service over both sandboxes, whose sources are asked one at a time."""

    def __init__(
        self, process: Process, client: httpx.Client, boards: dict[str, Board], *, at_start: int
    ) -> None:
        self.process = process
        self.at_start = at_start
        self.asker = Asker(client)
        self.boards = boards

    def meet(self, name: str, *rules: Json, node: str | None = None, **parameters: Any) -> Answered:
        """Have a source misbehave like this, and ask it."""
        board = self.boards[name]
        board.fault(*rules)
        board.forget()
        started = time.monotonic()
        asked = {"sources": name, "require": "none", "timeout": 5} | WIDE | parameters
        answer = self.asker.graph(node or SEEDS[name], headers=ANEW, **asked)
        seconds = time.monotonic() - started
        told = source_of(answer, name)
        calls = len(board.calls())
        # The service counts what left, whatever became of it.
        assert told["calls"] == calls
        return Answered(told, answer["graph"], seconds, calls, peak_of(self.process) - self.at_start)

    def well(self, name: str) -> bool:
        """Tell whether the source is whole the moment it behaves: nothing hostile opens a circuit."""
        self.boards[name].fault()
        return self.meet(name, node=SMALL[name]).source["outcome"] == "ok"


def peak_of(process: Process) -> int:
    """Give the most memory a process has had in use so far, in bytes (Linux)."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


@pytest.fixture(scope="module")
def process(
    tmp_path_factory: pytest.TempPathFactory, feed_process: Process, site_process: Process
) -> Iterator[Process]:
    """Run a service over both sandboxes."""
    sources = {"acc": autodesk(site_process.url), "feed": threatwinds(feed_process.url)}
    config = tmp_path_factory.mktemp("hostile") / "relgraph.toml"
    started = start_service(write_settings(config, redis_url="embedded", store_timeout="5s", sources=sources))
    yield started
    started.end()


@pytest.fixture(scope="module")
def at_start(process: Process) -> int:
    """Give the memory that the service had used before anything hostile came."""
    return peak_of(process)


@pytest.fixture
def victim(process: Process, at_start: int, feed: Board, site: Board) -> Iterator[Victim]:
    """Give the service and both boards."""
    with client_of(process.url, timeout=60) as client:
        yield Victim(process, client, {"acc": site, "feed": feed}, at_start=at_start)


BOTH = pytest.mark.parametrize("name", ["acc", "feed"])


@BOTH
def test_endless_pages_end_with_the_calls(victim: Victim, name: str) -> None:
    """A listing that never says it is over costs `max_calls`, and says which budget ended it."""
    met = victim.meet(name, {"endless_pages": True}, max_calls=12)
    assert met.source["outcome"] in {"over_budget", "partial"}
    assert met.calls <= 12
    assert met.answer["complete"] is False
    assert victim.well(name)


def test_endless_pages_end_with_the_time(victim: Victim) -> None:
    """With any number of calls to spend it takes the time given and no more, and little memory."""
    met = victim.meet(
        "acc", {"endless_pages": True, "latency_seconds": 0.02}, max_calls=5000, timeout=1, max_edges=50_000
    )
    assert met.source["outcome"] == "timeout"
    # All its calls would take a hundred seconds.
    assert (met.seconds < 10, met.calls <= 50) == (True, True)
    assert met.grown < LEEWAY


@BOTH
def test_the_same_token_twice_is_a_circle(victim: Victim, name: str) -> None:
    """A page that leads to itself is not asked for again: `broken` or `partial`, after a few calls."""
    met = victim.meet(name, {"endless_pages": True, "same_token": True}, max_calls=30)
    assert met.source["outcome"] in {"broken", "partial"}
    assert met.calls <= 4
    assert met.answer["complete"] is False
    assert victim.well(name)


@BOTH
@pytest.mark.parametrize("how", ["html", "truncated", "wrong_types", "missing_fields"])
def test_contents_that_break_the_contract_cost_one_try(victim: Victim, name: str, how: str) -> None:
    """A page of HTML behind a 200, half a document and other types are `broken`, and not asked for again."""
    met = victim.meet(name, {"malformed": how})
    assert met.source["outcome"] == "broken"
    # A ThreatWinds node has two sides, each of which may be asked for before the other is known broken.
    assert met.calls <= 2
    assert met.source["edges"] == 0
    assert victim.well(name)


@BOTH
@pytest.mark.parametrize("how", ["bomb", "huge"])
def test_an_immense_body_is_cut_off(victim: Victim, name: str, how: str) -> None:
    """Of 512 MB out of a gzip bomb, or 100 MB as they are, no more is kept than a body's cap."""
    met = victim.meet(name, {"match": "relations", "malformed": how}, timeout=20)
    assert met.source["outcome"] == "broken"
    assert "larger" in met.source["detail"]
    assert met.calls <= 2
    assert met.grown < LEEWAY
    assert met.seconds < 10
    assert victim.well(name)


@BOTH
def test_a_slow_drip_takes_the_time_given(victim: Victim, name: str) -> None:
    """A body that never quite ends is a `timeout` when the answer's time is up; it is not asked for again."""
    met = victim.meet(name, {"drip_bytes_per_second": 20}, timeout=0.6)
    assert met.source["outcome"] == "timeout"
    # By itself it would take minutes.
    assert 0.6 <= met.seconds < 10
    assert met.calls <= 2
    assert victim.well(name)


@BOTH
def test_a_redirect_elsewhere_is_refused(
    victim: Victim, name: str, feed_process: Process, site_process: Process
) -> None:
    """The credential goes only where it was meant to go: `broken`, and nobody else is asked."""
    other, url = ("feed", feed_process.url) if name == "acc" else ("acc", site_process.url)
    elsewhere = victim.boards[other]
    met = victim.meet(name, {"redirect_to": f"{url}/elsewhere"})
    assert met.source["outcome"] == "broken"
    assert met.calls <= 2
    assert elsewhere.calls() == []
    assert victim.well(name)


def test_rows_that_come_twice_are_one_edge(victim: Victim) -> None:
    """A row repeated a thousand times, and again on the next page, is one edge of an `ok` answer."""
    met = victim.meet(
        "acc",
        {"match": FOLLOWING_PAGE["acc"], "body": page(1, 2, 1)},
        {"body": page(*[1] * 1000, token="more")},
        node=ISSUE,
    )
    assert (met.source["outcome"], met.source["edges"], met.calls) == ("ok", 2, 2)
    assert met.answer["complete"] is True


def test_a_listing_that_shrinks_while_it_is_read_is_what_was_read(victim: Victim) -> None:
    """Autodesk tells no totals: when the next page has become empty, the list is as long as it was read."""
    met = victim.meet(
        "acc",
        {"match": FOLLOWING_PAGE["acc"], "body": page()},
        {"body": page(1, 2, 3, token="more")},
        node=ISSUE,
    )
    assert (met.source["outcome"], met.source["edges"], met.calls) == ("ok", 3, 2)


def test_a_listing_that_shrinks_below_its_total_is_no_whole_one(victim: Victim) -> None:
    """ThreatWinds tells how many there are: pages that have become empty leave the answer `partial`."""
    empty = json.dumps({"pages": 2, "items": 2000, "results": []})
    met = victim.meet("feed", {"match": FOLLOWING_PAGE["feed"], "body": empty})
    assert (met.source["outcome"], met.answer["complete"]) == ("partial", False)
    assert 0 < met.source["edges"] < 2000
    assert met.calls <= 5
    assert victim.well("feed")


def test_a_list_that_tells_absurd_totals_costs_no_call_for_them(victim: Victim) -> None:
    """A first page that speaks of a billion relations is followed to the source's own end at most."""
    body = {"pages": 10**9, "items": 10**9, "results": []}
    met = victim.meet("feed", {"match": "relations", "body": json.dumps(body)}, max_calls=30)
    assert met.source["outcome"] == "partial"
    assert met.calls <= 3
    assert victim.well("feed")
