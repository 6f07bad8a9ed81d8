"""Behind nginx as a shared cache: nobody gets another's answer, and nothing incomplete is kept."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.front import CACHING, start_nginx
from harness.place import ASSET, ASSET_HUB, DOMAIN, ISSUE, NOBODY
from harness.plain import client_of
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing
from harness.telling import bearing, told
from service.caller import make_key

INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
KEY, KEY_HASH = make_key()
# The relation of the Autodesk document that the one may only read, and the other may write.
DOCUMENTED = "74b70bb8-8802-a1fd-f201-890375a60c8f"
FRESH_SECONDS = 3
KEPT, ASKED, CHECKED = "HIT", "MISS", "REVALIDATED"


@pytest.fixture(scope="module")
def cached(
    tmp_path_factory: pytest.TempPathFactory, site: Process, threatwinds_sandbox: Process
) -> Iterator[httpx.Client]:
    """Run a service of two workers with private and public sources behind the cache."""
    sources = {
        "acc": autodesk(site.url, credentials="caller"),
        "own": autodesk(site.url),
        "all": autodesk(site.url, visibility="public"),
        "feed": threatwinds(threatwinds_sandbox.url, visibility="public"),
        "brief": threatwinds(threatwinds_sandbox.url, visibility="public", ttl=f"{FRESH_SECONDS}s"),
    }
    folder = tmp_path_factory.mktemp("cached")
    yield from fronted(folder, sources=sources)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process) -> Iterator[httpx.Client]:
    """Run a service that wants an API key, with a public source, behind such a cache."""
    sources = {"feed": threatwinds(threatwinds_sandbox.url, visibility="public")}
    top = {"callers.inspector": {"key_hash": KEY_HASH}}
    yield from fronted(tmp_path_factory.mktemp("guarded"), sources=sources, **top)


def fronted(folder: Path, *, sources: dict[str, dict[str, Any]], **top: Any) -> Iterator[httpx.Client]:
    """Serve, and give a client that asks through the cache."""
    with ExitStack() as stack:
        settings = {"redis_url": "embedded", "cors_origins": ["https://dashboard.example"], **top}
        process, _ = stack.enter_context(standing(folder, "--workers", "2", sources=sources, **settings))
        front = stack.enter_context(start_nginx(CACHING, upstream=process.url))
        yield stack.enter_context(client_of(front.url, timeout=30))


def ask(
    client: httpx.Client,
    node: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    """Ask through the cache; the plain body unless the headers say otherwise."""
    headers = {"Accept-Encoding": "identity"} | (headers or {})
    return client.request(method, "/graph", params={"node": node, **more}, headers=headers)


def kept(reply: httpx.Response) -> str:
    """Give the cache's own word for where the reply came from."""
    return str(reply.headers["x-cache-status"])


def test_a_public_answer_is_kept_in_every_form(cached: httpx.Client) -> None:
    """Packed or not, for one `Accept` or another, for another origin's page: to each its own."""
    question = {"sources": "feed", "with_type": "threat"}
    forms: list[dict[str, str]] = [
        {"Accept": accept, "Accept-Encoding": coding} | origin
        for accept in ("*/*", "application/json")
        for coding in ("identity", "gzip", "gzip;q=0")
        for origin in ({}, {"Origin": "https://dashboard.example"}, {"Origin": "https://else.example"})
    ]
    tags = set()
    for word in (ASKED, KEPT):
        for form in forms:
            reply = ask(cached, DOMAIN, headers=form, **question)
            assert (reply.status_code, kept(reply)) == (200, word)
            assert reply.json()["graph"]["seed"] == DOMAIN
            packed = form["Accept-Encoding"] == "gzip"
            assert (reply.headers.get("content-encoding") == "gzip") is packed
            mine = form.get("Origin") == "https://dashboard.example"
            assert ("access-control-allow-origin" in reply.headers) is mine
            tags.add(reply.headers["etag"])
    assert len(tags) == 1
    for _ in range(2):
        refused = ask(cached, DOMAIN, headers={"Accept": "text/x-nothing"}, **question)
        assert (refused.status_code, kept(refused)) == (406, ASKED)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_head_and_a_held_answer_are_served_from_it(cached: httpx.Client, coding: str) -> None:
    """HEAD has the headers of GET; who holds the answer gets 304, and so from either worker."""
    question = {"sources": "feed", "max_nodes": "499"}
    form = {"Accept-Encoding": coding}
    head = ask(cached, DOMAIN, method="HEAD", headers=form, **question)
    answer = ask(cached, DOMAIN, headers=form, **question)
    assert (kept(head), kept(answer)) == (ASKED, KEPT)
    assert (head.content, head.status_code) == (b"", 200)
    for name in ("etag", "vary", "cache-control", "graph-complete", "content-location", "content-type"):
        assert head.headers[name] == answer.headers[name]
    assert head.headers.get("content-length") == answer.headers.get("content-length")
    assert head.headers.get("content-encoding") == answer.headers.get("content-encoding")
    held = form | {"If-None-Match": answer.headers["etag"]}
    reply = ask(cached, DOMAIN, headers=held, **question)
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", answer.headers["etag"])
    other = ask(cached, DOMAIN, headers=form | {"If-None-Match": 'W/"other"'}, **question)
    assert (other.status_code, other.content) == (200, answer.content)


def test_what_has_aged_is_checked_by_its_tag(cached: httpx.Client) -> None:
    """The cache keeps it no longer than the source's `ttl`; then 304 tells it that it is still right."""
    seen = []
    end = monotonic() + 3 * FRESH_SECONDS
    while CHECKED not in seen:
        assert monotonic() < end
        reply = ask(cached, DOMAIN, sources="brief")
        assert reply.status_code == 200
        assert int(reply.headers["cache-control"].removeprefix("public, max-age=")) <= FRESH_SECONDS
        seen.append(kept(reply))
        sleep(0.25)
    assert {ASKED, KEPT} <= set(seen)


def test_what_is_wanted_fresh_is_not_kept(cached: httpx.Client) -> None:
    """The parameter `max_age` bounds what the cache may do too."""
    words = [kept(ask(cached, DOMAIN, sources="feed", max_age=0)) for _ in range(2)]
    assert words == [ASKED, ASKED]
    reply = ask(cached, DOMAIN, sources="feed", max_age=7)
    assert int(reply.headers["cache-control"].removeprefix("public, max-age=")) <= 7


def test_nobody_gets_anothers_answer(cached: httpx.Client, board: Board) -> None:
    """Two callers and one without a credential, at once, at the same addresses, in every form."""
    dice = random.Random(3)  # noqa: S311 - which order, nothing secret
    rounds = [
        (bearer, method, coding, held, sources)
        for bearer in (INES, MARC, None)
        for method in ("GET", "GET", "HEAD")
        for coding in ("identity", "gzip")
        for held in (False, True)
        for sources in ("acc", "acc,all", "acc,own")
        for _ in range(2)
    ]
    dice.shuffle(rounds)
    question = {"require": "none"}
    tags = {
        (bearer, sources): ask(
            cached, ASSET, headers={} if bearer is None else bearing(acc=bearer), sources=sources, **question
        ).headers["etag"]
        for bearer in (INES, MARC, None)
        for sources in ("acc", "acc,all", "acc,own")
    }
    assert len(set(tags.values())) == len(tags)

    def check(bearer: str | None, method: str, coding: str, *, held: bool, sources: str) -> str:
        headers = {"Accept-Encoding": coding} | ({} if bearer is None else bearing(acc=bearer))
        if held:
            # Somebody else's: it must not pass for one's own.
            headers["If-None-Match"] = tags[MARC if bearer == INES else INES, sources]
        reply = ask(cached, ASSET, method=method, headers=headers, sources=sources, **question)
        assert reply.status_code == 200
        assert reply.headers["etag"] == tags[bearer, sources]
        assert reply.headers.get("content-encoding", "identity") == coding
        if method == "GET":
            answer = told(reply, source="acc")
            assert answer.outcome == ("no_credential" if bearer is None else "ok")
            if sources == "acc":
                flags = {} if bearer is None else {DOCUMENTED: bearer == INES}
                assert {r: f for r, f in answer.read_only.items() if r == DOCUMENTED} == flags
        return kept(reply)

    with ThreadPoolExecutor(6) as pool:
        words = pool.map(lambda each: check(*each[:3], held=each[3], sources=each[4]), rounds)
        assert set(words) == {ASKED}


@pytest.mark.parametrize("source", ["acc", "own"])
def test_what_is_private_is_never_kept(cached: httpx.Client, source: str) -> None:
    """Neither what one caller's credential fetched nor what the service's own did."""
    headers = bearing(acc=INES) if source == "acc" else {}
    for _ in range(3):
        reply = ask(cached, ASSET, headers=headers, sources=source)
        assert (reply.status_code, kept(reply)) == (200, ASKED)
        assert reply.headers["cache-control"].startswith("private")


def test_what_takes_a_key_is_never_kept(guarded: httpx.Client) -> None:
    """However public the source is: who has no key gets nothing that one with a key was given."""
    ways: list[tuple[dict[str, str], int]] = [
        ({"X-API-Key": KEY}, 200),
        ({}, 401),
        ({"Authorization": f"Bearer {KEY}"}, 200),
        ({"Authorization": f"Bearer {KEY}x"}, 401),
        ({"X-API-Key": "wrong"}, 401),
    ]
    for headers, status in ways * 3:
        reply = ask(guarded, DOMAIN, headers=headers)
        assert (reply.status_code, kept(reply)) == (status, ASKED)


def test_nothing_incomplete_is_kept(cached: httpx.Client, board: Board) -> None:
    """A cut answer is cut anew each time; one that a failure left thin is whole once that is over."""
    for _ in range(2):
        cut = ask(cached, ASSET_HUB, sources="all", max_nodes=3)
        assert (cut.status_code, kept(cut), cut.headers["graph-complete"]) == (200, ASKED, "?0")
    board.fault({"match": "containers", "status": 503})
    question = {"sources": "all", "require": "none", "max_age": 1}
    nothing_stale = {"Cache-Control": "stale-if-error=0"}
    for _ in range(2):
        thin = ask(cached, ISSUE, headers=nothing_stale, **question)
        assert (thin.status_code, kept(thin), thin.headers["graph-complete"]) == (200, ASKED, "?0")
    board.reset(requests_per_minute=None)
    end = monotonic() + 30
    while (whole := ask(cached, ISSUE, headers=nothing_stale, **question)).headers["graph-complete"] == "?0":
        assert monotonic() < end
        sleep(0.2)
    assert whole.json()["edges"]


def test_what_stands_in_for_a_failure_is_not_kept(cached: httpx.Client, board: Board) -> None:
    """A stale answer is complete, and old: each caller's is judged anew, until the source is back."""
    question = {"sources": "all", "max_age": 1}
    end = monotonic() + 30
    while told(ask(cached, ASSET, **question), source="all").outcome != "ok":
        assert monotonic() < end
        sleep(0.2)
    board.fault({"match": "containers", "status": 503})
    sleep(1.5)
    for _ in range(2):
        reply = ask(cached, ASSET, **question)
        assert (told(reply, source="all").outcome, reply.headers["cache-control"]) == (
            "stale",
            "public, max-age=0",
        )
        assert kept(reply) != KEPT


def test_no_problem_is_kept(cached: httpx.Client) -> None:
    """Whatever its status: the cache would give it to everybody for a minute."""
    questions = [
        ("/graph", {"node": NOBODY, "sources": "feed"}, 404),
        ("/graph", {"node": "a:b:c"}, 404),
        ("/graph", {"node": "::"}, 400),
        ("/graph", {"node": DOMAIN, "hops": "9"}, 400),
        ("/graph", {"node": DOMAIN, "sources": "feed,nobody"}, 400),
        ("/graph", {"node": ASSET, "sources": "acc"}, 502),
        ("/graph/~YQ==", {}, 400),
        ("/graph/a%23b", {}, 400),
        ("/graph/%FF", {}, 400),
        ("/nothing", {}, 404),
        ("/sources", {}, 200),
        ("/readyz", {}, 200),
        ("/healthz", {}, 200),
    ]
    counted: Counter[str] = Counter()
    for path, parameters, status in questions * 2:
        reply = cached.get(path, params=parameters)
        assert reply.status_code == status, (path, parameters, reply.text)
        counted[kept(reply)] += 1
    assert counted == {ASKED: 2 * len(questions)}
