"""The live stream from a real HTTP client: what it adds up to, when its lines come, and its errors.

Two ThreatWinds upstreams with worlds of their own, which know the documented domain both, and
Autodesk; one service asks all three.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.folding import Folded, Json, differences, fold, lasting
from harness.oracle.cases import Dealer
from harness.oracle.universe import World, read_autodesk, read_threatwinds
from harness.place import ASSET, DOMAIN, ISSUE, MALWARE_HUB, NOBODY, THREAT
from harness.process import start_sandbox
from harness.reading import NDJSON, Reader
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.standing import standing
from service.caller import make_key

ANEW = {"Cache-Control": "no-cache, stale-if-error=0"}
CACHED = {"Cache-Control": "max-stale"}
STREAM = {"Accept": NDJSON}
AMPLE = {"require": "none", "timeout": "60", "max_calls": "5000"}
SORTS = ("id", "hop", "label", "known_degree", "fast.accuracy")


@dataclass(slots=True)
class Stage:
    """The service, its client, and the boards of its upstreams."""

    client: httpx.Client
    url: str
    fast: Board
    slow: Board
    construction: Board

    def behave(self) -> None:
        """Have everybody behave well; the giant stays out, whose relations are too many here."""
        self.fast.reset(giant=False)
        self.slow.reset(giant=False)
        self.construction.reset(requests_per_minute=None)

    def json(self, headers: dict[str, str] = ANEW, **query: Any) -> Json:
        """Give the JSON answer."""
        reply = self.client.get("/graph", params=query, headers=headers)
        assert reply.status_code == 200, reply.text
        answer: Json = reply.json()
        return answer

    def stream(self, headers: dict[str, str] = ANEW, *, held: Any = (), **query: Any) -> Folded:
        """Give the folded stream."""
        with self.client.stream("GET", "/graph", params=query, headers=headers | STREAM) as reply:
            assert reply.status_code == 200, reply.read()
            return fold(reply.iter_lines(), held=held)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start everything; each process is ended with the module."""
    with ExitStack() as stack:
        upstreams = [("threatwinds", "7"), ("threatwinds", "8"), ("autodesk", "7")]
        sandboxes = [start_sandbox(kind, "--seed", seed) for kind, seed in upstreams]
        for sandbox in sandboxes:
            stack.callback(sandbox.end)
        fast, slow, construction = (sandbox.url for sandbox in sandboxes)
        sources = {
            "fast": threatwinds(fast),
            "slow": threatwinds(slow),
            "acc": autodesk(construction),
        }
        folder = tmp_path_factory.mktemp("stream")
        service, client = stack.enter_context(standing(folder, sources=sources, redis_url="embedded"))
        client.timeout = httpx.Timeout(70)
        yield Stage(client, service.url, Board(fast), Board(slow), Board(construction))


@pytest.fixture
def stage(running: Stage) -> Stage:
    """Give the stage, everybody behaving well."""
    running.behave()
    return running


@pytest.fixture(scope="module")
def worlds(running: Stage) -> list[World]:
    """Read what is true at the upstreams."""
    running.behave()
    return [
        read_threatwinds("fast", running.fast.world(), groups=("public",)),
        read_threatwinds("slow", running.slow.world(), groups=("public",)),
        read_autodesk("acc", running.construction.world(), containers=(CONTAINER,), read_only=frozenset()),
    ]


def _agrees(stage: Stage, query: dict[str, Any], *, headers: dict[str, str] = ANEW) -> Folded:
    """Ask twice, once by events; both must tell the same, costs included."""
    folded = stage.stream(headers, **query)
    plain = stage.json(headers, **query)
    told = folded.answer(sort=query.get("sort", "id"), order=query.get("order", "asc"))
    assert differences(lasting(told), lasting(plain)) == [], query
    return folded


def _apart(one: Json, other: Json) -> list[str]:
    """List how two answers to one question differ, whatever each cost."""
    return differences(lasting(one, costs=False), lasting(other, costs=False))


@pytest.mark.parametrize("deal", range(4))
def test_the_events_add_up_to_the_answer(stage: Stage, worlds: list[World], deal: int) -> None:
    """Any seed, filter and radius: folded events are the JSON answer, cold and warm, in any order."""
    dealer, dice = Dealer(worlds, seed=1000 + deal), Random(deal)  # noqa: S311 - the same cases at every run
    for _ in range(6):
        case = dealer.deal()
        query = {"node": case.sent, **AMPLE, **case.question.query, "identity": dice.choice(("exact", "off"))}
        query |= {"sort": dice.choice(SORTS), "order": dice.choice(("asc", "desc"))}
        query["hops"] = str(min(int(query.get("hops", "1")), 3))
        cold = _agrees(stage, query)
        warm = _agrees(stage, query, headers=CACHED)
        assert _apart(warm.answer(), cold.answer()) == []


@pytest.mark.parametrize("deal", range(3))
def test_the_events_of_a_cut_answer_add_up_to_it(stage: Stage, worlds: list[World], deal: int) -> None:
    """Under tight budgets too, and whichever upstream is the slower one."""
    dealer, dice = Dealer(worlds, seed=2000 + deal), Random(deal)  # noqa: S311 - the same cases at every run
    for _ in range(6):
        case = dealer.deal_cut()
        slowed = dice.choice((stage.fast, stage.slow, stage.construction))
        slowed.fault({"match": "", "latency_seconds": 0.03})
        _agrees(stage, {"node": case.sent, **AMPLE, **case.question.query})
        slowed.fault()


def test_what_a_slow_source_pushes_out_is_withdrawn(stage: Stage) -> None:
    """Told early, taken back at the end: the fold is the answer all the same."""
    stage.slow.fault({"match": "/relations", "latency_seconds": 0.4})
    early = len(stage.json(node=THREAT, sources="fast", **AMPLE)["nodes"])
    withdrawn = 0
    for most in range(3, early + 2):
        folded = _agrees(stage, {"node": THREAT, **AMPLE, "max_nodes": most})
        gone = folded.withdrawn
        assert not {*gone["nodes"], *gone["edges"]} & {*folded.nodes, *folded.edges}
        withdrawn += len(gone["edges"])
    assert withdrawn > 0


@pytest.mark.parametrize("seed", [DOMAIN, ISSUE, f"autodesk-bim360-issue@{CONTAINER}:issue"])
def test_pages_of_events_add_up_to_pages(stage: Stage, seed: str) -> None:
    """Every page folds to its JSON page, as far as the cursor leads."""
    query = {"node": seed, "hops": 2, "max_nodes": 5, "max_edges": 6, "fan_out": 4}
    held: set[str] = set()
    cursors: list[dict[str, str]] = [{}, {}]
    pages = 0
    while pages < 6:
        folded = stage.stream(CACHED, held=held, **query, **cursors[0])
        plain = stage.json(CACHED, **query, **cursors[1])
        assert _apart(folded.answer(), plain) == []
        held |= folded.nodes.keys()
        pages += 1
        if folded.graph["next_cursor"] is None:
            break
        cursors = [{"cursor": each["next_cursor"]} for each in (folded.graph, plain["graph"])]
    assert pages > 2


@pytest.mark.parametrize(
    "content",
    [
        {"nodes": [DOMAIN, ISSUE], "hops": 1},
        {"nodes": [THREAT], "hops": 2, "max_nodes": 30},
        {"node": DOMAIN, "hops": 2, "fan_out": 3},
        {"node": DOMAIN, "measures": ["degree", "components"], "hops": 2},
        {"node": ISSUE, "to": ASSET, "paths": 3},
        {"node": DOMAIN, "to": THREAT},
        {"node": DOMAIN, "explain": "identity"},
    ],
)
def test_what_is_posted_is_told_like_what_is_got(stage: Stage, content: dict[str, Any]) -> None:
    """Several seeds, paths, measures and explanations fold to the JSON answer to the same body."""
    with stage.client.stream("POST", "/graph", json=content, headers=ANEW | STREAM) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["Cache-Control"] == "no-store"
        folded = fold(reply.iter_lines())
    plain = stage.client.post("/graph", json=content, headers=ANEW).json()
    assert differences(lasting(folded.answer()), lasting(plain)) == []


def test_a_large_answer_is_told_as_it_is(stage: Stage) -> None:
    """Two thousand neighbors, more than is ever untold at once, come whole and once."""
    query = {"node": MALWARE_HUB, "sources": "fast", "fan_out": 5000, "max_nodes": 5000, "max_edges": 5000}
    folded = stage.stream(**query)
    assert len(folded.edges) == 2000
    assert Counter(folded.kinds)["edge"] == 2000
    assert _apart(folded.answer(), stage.json(CACHED, **query)) == []


def test_lines_come_as_they_become_known(stage: Stage) -> None:
    """The first edge waits for the fastest source alone; in silence it is told how far things are."""
    stage.json(node=THREAT, sources="fast", **AMPLE)
    delay = 6.0
    stage.slow.fault({"match": "", "latency_seconds": delay})
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    folded = Folded()
    started = time.monotonic()
    with Reader(stage.url, node=THREAT, max_age=0, timeout=30) as reader:
        status, headers = reader.head()
        assert (status, headers["graph-complete"]) == (200, "?0")
        for line in reader.lines():
            kind = folded.take(line)
            last[kind] = time.monotonic() - started
            first.setdefault(kind, last[kind])
    assert first["meta"] <= first["node"] <= first["edge"] < delay / 2
    assert last["done"] >= delay
    told = [each for each in folded.progress if each["milliseconds"] < delay * 1000]
    assert told
    assert told[0]["calls"] > 0
    assert 4 < told[0]["milliseconds"] / 1000 < delay


def test_whatever_comes_is_told_from_the_start(stage: Stage) -> None:
    """With `require=none` the first line waits for nobody, and what fails is told at the end."""
    for board in (stage.fast, stage.slow):
        board.fault({"match": "", "latency_seconds": 10.0, "status": 500})
    started = time.monotonic()
    # Nothing that is cached can stand in for this one.
    node = "observable:domain:asked-here-alone.example.com"
    # Neither source has answered when the time is up.
    with Reader(stage.url, node=node, require="none", timeout=3) as reader:
        assert reader.head()[0] == 200
        folded = reader.fold(Folded(), until="meta")
        assert time.monotonic() - started < 2.9
        reader.fold(folded)
    assert folded.graph["complete"] is False
    assert {source["outcome"] for source in folded.sources.values()} <= {"unavailable", "timeout"}


@pytest.mark.parametrize(("node", "sources"), [(DOMAIN, "fast,slow"), (MALWARE_HUB, "slow")])
def test_nothing_less_than_complete_begins_when_it_is_there(stage: Stage, node: str, sources: str) -> None:
    """With `require=complete` not even the head comes before the slowest source; large or not, it comes."""
    stage.slow.fault({"match": "", "latency_seconds": 0.5})
    query = {"node": node, "sources": sources, "require": "complete", "timeout": 30}
    query |= {"fan_out": 5000, "max_nodes": 5000, "max_edges": 5000}
    started = time.monotonic()
    with stage.client.stream("GET", "/graph", params=query, headers=ANEW | STREAM) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["Graph-Complete"] == "?1"
        assert time.monotonic() - started >= 0.5
        assert fold(reply.iter_lines()).graph["complete"]


@pytest.mark.parametrize(
    ("query", "faults", "status", "slug"),
    [
        ({"node": NOBODY}, [], 404, "unknown-node"),
        ({"node": "nothing:of:ours"}, [], 404, "unknown-node"),
        ({"node": DOMAIN}, [{"match": "", "status": 500}], 502, "sources-failed"),
        ({"node": DOMAIN, "timeout": "0.4"}, [{"match": "", "latency_seconds": 5}], 504, "sources-timed-out"),
        ({"node": DOMAIN, "hops": "99"}, [], 400, "invalid-parameter"),
        ({"node": "observable:domain:"}, [], 400, "invalid-node"),
        ({"node": DOMAIN, "cursor": "made-up"}, [], 400, "invalid-cursor"),
        ({"node": DOMAIN, "sources": "nobody"}, [], 400, "unknown-source"),
    ],
)
def test_before_anything_was_told_an_error_is_a_problem(
    stage: Stage, query: dict[str, str], faults: list[dict[str, Any]], status: int, slug: str
) -> None:
    """Whatever keeps an answer from being one has its own status, as without a stream."""
    for board in (stage.fast, stage.slow):
        board.fault(*faults)
    reply = stage.client.get("/graph", params=query, headers=ANEW | STREAM)
    assert (reply.status_code, reply.json()["type"]) == (status, f"/problems/{slug}")
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_nothing_less_than_complete_is_a_problem_when_it_is_less(stage: Stage) -> None:
    """One failed source: 502, although the other one has answered at once."""
    stage.slow.fault({"match": "", "latency_seconds": 0.3, "status": 500})
    query = {"node": THREAT, "require": "complete"}
    reply = stage.client.get("/graph", params=query, headers=ANEW | STREAM)
    assert (reply.status_code, reply.json()["type"]) == (502, "/problems/sources-failed")
    assert {source["name"]: source["outcome"] for source in reply.json()["sources"]}["fast"] == "ok"


def test_a_caller_without_a_key_is_told_nothing(tmp_path: Path, stage: Stage) -> None:
    """Where keys are asked for, a stream without one is 401, and with one it is a stream."""
    key, key_hash = make_key()
    sources = {"fast": threatwinds(str(stage.fast._root).removesuffix("/_sandbox"))}
    callers = {"callers.reader": {"key_hash": key_hash}}
    with standing(tmp_path, sources=sources, redis_url="embedded", **callers) as (_, client):
        refused = client.get("/graph", params={"node": DOMAIN}, headers=STREAM)
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthenticated")
        told = client.get("/graph", params={"node": DOMAIN}, headers=STREAM | {"X-API-Key": key})
        assert fold(told.text.splitlines()).graph["seed"] == DOMAIN


@pytest.mark.parametrize("form", [{"headers": STREAM}, {"params": {"format": "ndjson"}}])
def test_a_stream_is_neither_kept_nor_gathered(stage: Stage, form: dict[str, Any]) -> None:
    """Its headers keep caches, compressors and proxies from waiting for its end."""
    params = {"node": DOMAIN} | form.get("params", {})
    headers = {"Accept-Encoding": "gzip"} | form.get("headers", {})
    with stage.client.stream("GET", "/graph", params=params, headers=headers) as reply:
        assert reply.status_code == 200
        assert reply.headers["Content-Type"] == NDJSON
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Accel-Buffering"] == "no"
        assert {"Accept", "Accept-Encoding"} <= set(reply.headers["Vary"].split(", "))
        assert "Content-Encoding" not in reply.headers
        assert "Content-Length" not in reply.headers
        assert "ETag" not in reply.headers
        assert all(json.loads(line) for line in reply.iter_lines())


def test_the_head_of_a_stream_tells_whether_it_would_be_complete(stage: Stage) -> None:
    """HEAD asks the sources like GET, and sends no line."""
    reply = stage.client.head("/graph", params={"node": DOMAIN}, headers=ANEW | STREAM)
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Content-Type"] == NDJSON
    assert reply.headers["Graph-Complete"] == "?1"
    for board in (stage.fast, stage.slow):
        board.fault({"match": "", "status": 500})
    assert stage.client.head("/graph", params={"node": DOMAIN}, headers=ANEW | STREAM).status_code == 502
