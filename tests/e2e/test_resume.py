"""Answers over many pages, end to end: two workers, a real store, sandboxes that count every call."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import cycle
from time import sleep
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connectors.model import encode_ref
from harness.asking import ANEW, Json
from harness.board import Board
from harness.paging import Folding, follow
from harness.place import ASSET_HUB, DOMAIN, ISSUE, MALWARE_HUB, THREAT
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import bearing
from service.caller import make_key

KEYS = {name: make_key() for name in ("dashboard", "notebook")}
AMPLE: dict[str, Any] = {
    "max_nodes": 9000,
    "max_edges": 9000,
    "fan_out": 9000,
    "max_calls": 900,
    "timeout": 60,
}
INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
Way = Callable[[httpx.Client, str, Mapping[str, Any]], httpx.Response]
# The ways to send a node: in the query, as a ref, in the path, and in the body of a POST.
WAYS: tuple[Way, ...] = (
    lambda client, node, asked: client.get("/graph", params={"node": node, **asked}),
    lambda client, node, asked: client.get(f"/graph/~{encode_ref(node)}", params=asked),
    lambda client, node, asked: client.get(f"/graph/{quote(node, safe='')}", params=asked),
    lambda client, node, asked: client.post(
        "/graph", json={"node": node, **asked, "sources": asked["sources"].split(",")}
    ),
)


@pytest.fixture(scope="module")
def clients(
    tmp_path_factory: pytest.TempPathFactory,
    threatwinds_sandbox: Process,
    site: Process,
    running_store: Store,
) -> Iterator[dict[str, httpx.Client]]:
    """Run a service of two workers that knows two callers, and one whose cursors are soon over."""
    sources = {
        "feed": threatwinds(threatwinds_sandbox.url, limit=100),
        "acc": autodesk(site.url),
        "own": autodesk(site.url, credentials="caller"),
    }
    callers = {f"callers.{name}": {"key_hash": key_hash} for name, (_, key_hash) in KEYS.items()}
    folder = tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        url = running_store.url
        usual = standing(folder, "--workers", "2", redis_url=url, sources=sources, **callers)
        hasty = standing(folder, redis_url=url, sources=sources, cursor_ttl="2s")
        yield {"usual": stack.enter_context(usual)[1], "hasty": stack.enter_context(hasty)[1]}


@pytest.fixture
def client(clients: dict[str, httpx.Client], running_store: Store, board: Board) -> httpx.Client:
    """Give a client of the usual service as one of its callers, nothing cached."""
    assert board
    running_store.empty()
    clients["usual"].headers["X-API-Key"] = KEYS["dashboard"][0]
    return clients["usual"]


@pytest.fixture
def feed(threatwinds_sandbox: Process) -> Iterator[Board]:
    """Give the ThreatWinds sandbox with an empty journal, well-behaved again after the test."""
    board = Board(threatwinds_sandbox.url)
    board.forget()
    yield board
    board.reset()


def read(reply: httpx.Response) -> Json:
    """Give an answer, whichever of the two JSON forms it came in."""
    assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
    if reply.headers["content-type"].startswith("application/json"):
        answer: Json = reply.json()
        return answer
    events = [json.loads(line) for line in reply.text.split("\n") if line]
    done = events[-1]
    assert done["event"] == "done"
    found = {
        kind: {each[kind]["id"]: each[kind] for each in events if each["event"] == kind}
        for kind in ("node", "edge")
    }
    assert done["withdrawn"] == {"nodes": [], "edges": []}
    return {
        "graph": done["graph"],
        "nodes": [found["node"][name] for name in sorted(found["node"])],
        "edges": list(found["edge"].values()),
    }


def all_pages(
    client: httpx.Client, node: str, *, ways: tuple[Way, ...] = WAYS[:1], most: int = 400, **asked: Any
) -> Folding:
    """Follow an answer to its end, each page by the next of the ways to send its node."""
    turns = cycle(ways)

    def ask(cursor: str | None) -> Json:
        return read(next(turns)(client, node, asked if cursor is None else {**asked, "cursor": cursor}))

    return follow(ask, most=most)


def refusal(reply: httpx.Response) -> tuple[int, str, str]:
    """Give how a request was refused: status, kind of problem, and the parameter at fault."""
    problem = reply.json()
    return reply.status_code, problem["type"].rpartition("/")[2], problem["errors"][0]["field"]


def same(folding: Folding, whole: Json) -> None:
    """Compare what pages add up to with the answer at once, but for what was typed for the seed."""
    assert folding.complete
    found = folding.whole
    assert found["nodes"] == whole["nodes"]
    assert found["edges"] == whole["edges"]
    assert found["about"] == whole["about"]
    assert found["sources"] == whole["sources"]


@pytest.mark.parametrize(("node", "hops"), [(DOMAIN, 2), (ISSUE, 2)])
@pytest.mark.parametrize("parameter", ["max_nodes", "max_edges", "fan_out", "max_calls"])
def test_wherever_it_is_cut_the_pages_add_up(
    client: httpx.Client, parameter: str, node: str, hops: int
) -> None:
    """At every value of each budget, each page sent another way, the union is the answer at once."""
    asked: Json = {**AMPLE, "hops": hops, "sources": "feed,acc"}
    at_once = all_pages(client, node, **asked)
    assert len(at_once.pages) == 1
    spent = at_once.pages[0]["graph"]["spent"]
    most = {"max_nodes": spent["nodes"], "max_edges": spent["edges"], "max_calls": spent["calls"]}
    if parameter == "max_calls":
        # Every question is asked anew, so that there is something to cut; and once over all pages.
        client.headers.update(ANEW)
    try:
        cut = 0
        for value in range(1, min(most.get(parameter, 8), 24) + 1):
            folding = all_pages(client, node, ways=WAYS[:3], **asked | {parameter: value})
            same(folding, at_once.whole)
            cut += len(folding.pages) > 1
            if parameter == "max_calls":
                calls = sum(page["graph"]["spent"]["calls"] for page in folding.pages)
                assert calls == spent["calls"]
                assert all(page["graph"]["spent"]["calls"] <= value for page in folding.pages)
        assert cut
    finally:
        for name in ANEW:
            client.headers.pop(name, None)


def test_a_listing_goes_on_at_the_page_where_it_stopped(client: httpx.Client, feed: Board) -> None:
    """Of a hub's twenty pages none is fetched twice, however few calls an answer may make."""
    asked: Json = {**AMPLE, "sources": "feed", "hops": 1}
    feed.forget()
    at_once = all_pages(client, MALWARE_HUB, **asked)
    wanted = sorted((call["path"], call["query"]) for call in feed.calls())
    assert len(wanted) > 10
    for calls in (4, 9):
        client.headers.update(ANEW)
        feed.forget()
        folding = all_pages(client, MALWARE_HUB, **asked | {"max_calls": calls})
        del client.headers["Cache-Control"]
        assert len(folding.pages) >= len(wanted) // calls
        assert sorted((call["path"], call["query"]) for call in feed.calls()) == wanted
        same(folding, at_once.whole)


def test_a_batch_goes_on_where_it_stopped(client: httpx.Client, board: Board) -> None:
    """Twenty nodes a call: cut between calls, no batch is asked again and none of its nodes alone."""
    asked: Json = {**AMPLE, "sources": "acc", "hops": 2}
    at_once = all_pages(client, ASSET_HUB, **asked)
    wanted = Counter(json.dumps(call, sort_keys=True) for call in _questions(board))
    assert wanted.total() > 11
    for calls in (5, 9):
        client.headers.update(ANEW)
        board.forget()
        folding = all_pages(client, ASSET_HUB, **asked | {"max_calls": calls})
        del client.headers["Cache-Control"]
        assert Counter(json.dumps(call, sort_keys=True) for call in _questions(board)) == wanted
        same(folding, at_once.whole)


def _questions(board: Board) -> list[Json]:
    return [{part: call[part] for part in ("path", "query", "nodes")} for call in board.calls()]


@pytest.mark.parametrize(
    "rule", [{"status": 503}, {"status": 429}, {"drop": "midway"}, {"latency_seconds": 20}]
)
def test_trouble_on_the_way_is_made_good_on_later_pages(
    client: httpx.Client, feed: Board, rule: dict[str, Any]
) -> None:
    """A page that fails in part still leads on, and once the source is well nothing is missing."""
    asked: Json = {**AMPLE, "sources": "feed", "hops": 2}
    at_once = all_pages(client, THREAT, **asked)
    client.headers.update(ANEW)
    client.headers["Cache-Control"] += ", stale-if-error=0"
    folding = Folding()
    parameters: Json = {**asked, "node": THREAT, "max_calls": 4, "timeout": 1, "require": "none"}
    folding.take(read(client.get("/graph", params=parameters)))
    feed.fault({**rule, "times": 2})
    while folding.cursor is not None:
        assert len(folding.pages) < 40
        folding.take(read(client.get("/graph", params={**parameters, "cursor": folding.cursor})))
    del client.headers["Cache-Control"]
    assert len(folding.pages) > 2
    same(folding, at_once.whole)


def test_post_and_streams_go_on_like_any_other(client: httpx.Client) -> None:
    """One loop over GET, POST and newline-delimited events; several seeds page by page too."""
    asked: Json = {**AMPLE, "sources": "feed", "hops": 2}
    at_once = all_pages(client, DOMAIN, **asked)
    small = asked | {"max_nodes": 2, "max_edges": 3}
    same(all_pages(client, DOMAIN, ways=(WAYS[0], WAYS[3]), **small), at_once.whole)
    same(all_pages(client, DOMAIN, ways=WAYS, format="ndjson", **small), at_once.whole)
    folding = Folding()
    several: Json = {"nodes": [DOMAIN, THREAT, MALWARE_HUB], **asked, "sources": ["feed"], "hops": 0}
    several["max_nodes"] = 1
    folding.take(read(client.post("/graph", json=several)))
    while folding.cursor is not None:
        folding.take(read(client.post("/graph", json={**several, "cursor": folding.cursor})))
    assert sorted(folding.nodes) == sorted([DOMAIN, THREAT, MALWARE_HUB])
    assert [len(page["nodes"]) for page in folding.pages] == [1, 1, 1]


def test_a_cursor_is_for_one_caller(client: httpx.Client) -> None:
    """Another API key of this service, or another's upstream credential, opens nothing."""
    asked: Json = {"node": ISSUE, "sources": "own", "max_nodes": 2}
    client.headers.update(bearing(own=INES))
    cursor = read(client.get("/graph", params=asked))["graph"]["next_cursor"]
    following = {**asked, "cursor": cursor}
    invalid = (400, "invalid-cursor", "cursor")
    strangers: tuple[dict[str, str], ...] = ({"X-API-Key": KEYS["notebook"][0]}, bearing(own=MARC))
    for headers in strangers:
        assert refusal(client.get("/graph", params=following, headers=headers)) == invalid
    del client.headers["Upstream-Credentials"]
    assert refusal(client.get("/graph", params=following)) == invalid
    for changed in ({"hops": 2}, {"max_nodes": 3}, {"node": ASSET_HUB}, {"deleted": "include"}):
        sent = {**following, **changed}
        assert refusal(client.get("/graph", params=sent, headers=bearing(own=INES))) == invalid
    for text in ("x", cursor[:-1], cursor + "A", cursor.swapcase()):
        sent = {**asked, "cursor": text}
        assert refusal(client.get("/graph", params=sent, headers=bearing(own=INES))) == invalid
    assert read(client.get("/graph", params=following, headers=bearing(own=INES)))["nodes"]


def test_a_cursor_of_a_refused_credential_opens_nothing(client: httpx.Client, board: Board) -> None:
    """After the upstream has turned the caller's token down, nothing it fetched is shown again."""
    asked: Json = {"node": ISSUE, "sources": "own", "max_nodes": 2}
    sent = bearing(own=INES)
    cursor = read(client.get("/graph", params=asked, headers=sent))["graph"]["next_cursor"]
    board.fault({"status": 401, "times": 1})
    assert client.get("/graph", params={"node": ASSET_HUB, "sources": "own"}, headers=sent).status_code == 502
    # The other worker learns of it within the moment.
    sleep(0.1)
    for _ in range(6):
        reply = client.get("/graph", params={**asked, "cursor": cursor}, headers=sent)
        assert refusal(reply) == (400, "expired-cursor", "cursor")


def test_a_cursor_ends_with_its_time_or_its_pages(
    clients: dict[str, httpx.Client], client: httpx.Client, running_store: Store
) -> None:
    """After `cursor_ttl`, and once the store has lost the pages, the caller is told to begin again."""
    asked: Json = {"node": DOMAIN, "sources": "feed", "max_nodes": 1}
    expired = (400, "expired-cursor", "cursor")
    cursor = read(client.get("/graph", params=asked))["graph"]["next_cursor"]
    running_store.empty()
    assert refusal(client.get("/graph", params={**asked, "cursor": cursor})) == expired
    hasty = clients["hasty"]
    cursor = read(hasty.get("/graph", params=asked))["graph"]["next_cursor"]
    assert read(hasty.get("/graph", params={**asked, "cursor": cursor}))["nodes"]
    sleep(2.0)
    assert refusal(hasty.get("/graph", params={**asked, "cursor": cursor})) == expired


def test_a_listing_without_end_or_in_a_circle_ends_the_loop(client: httpx.Client, feed: Board) -> None:
    """A source that always has another page, or the same one, does not keep a caller asking for ever."""
    asked: Json = {**AMPLE, "sources": "feed", "hops": 1, "require": "none", "max_calls": 40, "timeout": 5}
    rules: tuple[Json, ...] = (
        {"endless_pages": True},
        {"endless_pages": True, "same_token": True},
        {"status": 500},
    )
    for rule in rules:
        feed.fault(rule)
        folding = all_pages(client, MALWARE_HUB, most=20, **asked)
        assert not folding.complete
        feed.reset()
