"""Secret keys changed while services stand: cursors go on, and refusals are heard, under every key listed."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, repeat
from typing import Any

import httpx
import pytest

from harness.asking import Json
from harness.board import Board
from harness.paging import Folding, follow
from harness.place import ASSET, ASSET_HUB, DOMAIN, ISSUE, MALWARE_HUB
from harness.process import Process
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import Told, bearing, told
from service.caller import make_key

OLD, NEW = "an old secret key of all services", "a new secret key of all services"
# By which keys a service lists, the first one first.
RINGS = {"old": [OLD], "old new": [OLD, NEW], "new old": [NEW, OLD], "new": [NEW]}
KEY, KEY_HASH = make_key()
INES, MARC = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc"
AMPLE: dict[str, Any] = {
    "max_nodes": 9000,
    "max_edges": 9000,
    "fan_out": 9000,
    "max_calls": 900,
    "timeout": 60,
}
Services = dict[str, httpx.Client]


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    threatwinds_sandbox: Process,
    site: Process,
    running_store: Store,
) -> Iterator[Services]:
    """Run four services on one store that differ in their keys, and ask all as one caller."""
    sources = {
        "feed": threatwinds(threatwinds_sandbox.url, limit=100),
        "acc": autodesk(site.url),
        "own": autodesk(site.url, credentials="caller"),
        "team": autodesk(site.url, credentials="caller", visibility="tenant"),
    }
    top: dict[str, Any] = {"redis_url": running_store.url, "callers.dashboard": {"key_hash": KEY_HASH}}
    with ExitStack() as stack:
        clients = {}
        for name, keys in RINGS.items():
            folder = tmp_path_factory.mktemp("service")
            service = standing(folder, sources=sources, secret_keys=keys, **top)
            clients[name] = stack.enter_context(service)[1]
            clients[name].headers.update(bearing(own=INES, team=INES) | {"X-API-Key": KEY})
        yield clients


@pytest.fixture
def services(running: Services, running_store: Store, board: Board) -> Services:
    """Give the services, nothing cached, the site well-behaved."""
    assert board
    running_store.empty()
    return running


def answer(client: httpx.Client, **asked: Any) -> Json:
    """Ask for a graph."""
    reply = client.get("/graph", params=asked)
    assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
    found: Json = reply.json()
    return found


def slug(client: httpx.Client, **asked: Any) -> tuple[int, str]:
    """Give status and kind of the problem that comes of asking."""
    reply = client.get("/graph", params=asked)
    return reply.status_code, reply.json()["type"].rpartition("/")[2]


def told_by(client: httpx.Client, *, source: str, **asked: Any) -> Told:
    """Ask one source about one asset."""
    asked = {"node": ASSET, "sources": source, "require": "none"} | asked
    return told(client.get("/graph", params=asked), source=source)


QUESTIONS: dict[str, dict[str, Any]] = {
    "one feed": {"node": MALWARE_HUB, "sources": "feed", "max_nodes": 500},
    "calls": {"node": MALWARE_HUB, "sources": "feed", "max_calls": 6, "max_age": 0},
    "a caller's source": {"node": ASSET_HUB, "sources": "own", "max_nodes": 60},
    "both sides": {"node": ASSET_HUB, "sources": "acc,own", "max_edges": 60},
    "a selection": {"node": f"autodesk-bim360-issue@{CONTAINER}:issue", "sources": "own", "max_edges": 60},
}


@pytest.mark.parametrize("turns", [["old", "new old", "new"], ["new old", "old new", "new old"]])
@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_pages_add_up_while_the_keys_change(services: Services, name: str, turns: list[str]) -> None:
    """Each page from a service with the next keys: no page fails, and all are the answer at once."""
    asked = QUESTIONS[name]
    whole = Folding()
    whole.take(answer(services["new"], **(asked | AMPLE)))
    assert whole.complete
    left = chain(turns, repeat(turns[-1]))

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        return answer(services[next(left)], **(AMPLE | asked | more))

    folding = follow(page, most=60)
    assert len(folding.pages) >= len(turns)
    assert folding.complete
    for part in ("nodes", "edges", "about", "sources"):
        assert folding.whole[part] == whole.whole[part]


@pytest.mark.parametrize(("source", "seed", "calls"), [("feed", DOMAIN, 4), ("own", ISSUE, 1)])
def test_a_path_is_found_while_the_keys_change(
    services: Services, source: str, seed: str, calls: int
) -> None:
    """A search that few calls cut goes on under the next keys, to the paths that one answer finds."""
    far = answer(services["new"], node=seed, sources=source, hops=3, **AMPLE)
    target = max(far["nodes"], key=lambda node: (node["hop"], node["id"]))
    assert target["hop"] >= 2
    asked = AMPLE | {"node": seed, "sources": source, "to": target["id"], "paths": 2, "max_age": 0}
    whole = answer(services["new"], **asked)
    left = chain(("old", "new old"), repeat("new"))

    def page(cursor: str | None) -> Json:
        more = {} if cursor is None else {"cursor": cursor}
        return answer(services[next(left)], **(asked | {"max_calls": calls} | more))

    folding = follow(page, most=200)
    assert len(folding.pages) > 2
    last = folding.pages[-1]["graph"]
    assert (last["verdict"], last["paths"]) == ("found", whole["graph"]["paths"])
    assert folding.edges.keys() >= {edge["id"] for edge in whole["edges"]}


def test_a_key_that_is_gone_opens_nothing(services: Services) -> None:
    """Who does not list the key that sealed a cursor takes it for no cursor at all, old or new."""
    asked = {"node": ASSET_HUB, "sources": "own", "max_nodes": 60}
    for maker, good, bad in (("old", ["old new", "new old"], "new"), ("new old", ["new", "old new"], "old")):
        cursor = answer(services[maker], **asked)["graph"]["next_cursor"]
        for name in good:
            assert len(answer(services[name], **asked, cursor=cursor)["nodes"]) == 60
        assert slug(services[bad], **asked, cursor=cursor) == (400, "invalid-cursor")


def test_an_older_key_opens_nothing_to_others(services: Services) -> None:
    """Another credential, or another question, is refused under every key."""
    asked = {"node": ASSET_HUB, "sources": "own", "max_nodes": 60}
    cursor = answer(services["old"], **asked)["graph"]["next_cursor"]
    client = services["new old"]
    assert slug(client, **(asked | {"max_nodes": 61}), cursor=cursor) == (400, "invalid-cursor")
    reply = client.get("/graph", params=asked | {"cursor": cursor}, headers=bearing(own=MARC))
    assert (reply.status_code, reply.json()["type"].rpartition("/")[2]) == (400, "invalid-cursor")


@pytest.mark.parametrize(
    ("refused", "other"),
    [("old", "new old"), ("new old", "old"), ("new old", "new"), ("new", "new old"), ("old new", "new old")],
)
@pytest.mark.parametrize("source", ["own", "team"])
def test_a_refusal_is_heard_while_the_keys_change(
    services: Services, board: Board, source: str, refused: str, other: str
) -> None:
    """What one service was refused the other serves no more, nor what its earlier pages held."""
    asked = {"node": ASSET_HUB, "sources": source, "max_nodes": 60}
    cursors = {}
    for name in (refused, other):
        assert [told_by(services[name], source=source).status for _ in range(2)] == [200, 200]
        assert told_by(services[name], source=source).calls == 0
        cursors[name] = answer(services[name], **asked)["graph"]["next_cursor"]
    board.turn(accounts={INES: {"user": "ines", "containers": [CONTAINER], "generation": 7}})
    assert told_by(services[refused], source=source, max_age=0).outcome == "denied"
    told_since = told_by(services[other], source=source)
    assert (told_since.outcome, told_since.edges, told_since.cached) == ("denied", [], 0)
    assert slug(services[other], **asked, cursor=cursors[other]) == (400, "expired-cursor")
