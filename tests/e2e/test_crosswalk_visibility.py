"""What a running service's crosswalk tells strangers: whole replies with and without a hidden row."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.here import run_here
from harness.place import DOCUMENT, DOMAIN, DROPPER, ISSUE, SECOND, THREAT
from harness.process import Process
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.standing import standing
from harness.store import Store
from harness.telling import bearing

HEADER = "address,same_as,source,confidence,visibility\n"
INES, OTTO, BOGUS = "sandbox-bearer-of-ines", "sandbox-bearer-of-otto", "a-token-that-somebody-made-up"
ELSEWHERE = f"autodesk-bim360-asset@{SECOND}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
# That the site has rows at all is known; whoever may use the other container has one there too.
OTHERS = (
    f'"autodesk-bim360-issue@{CONTAINER}:issue:zy","autodesk-bim360-issue@{CONTAINER}:issue:zz",cmdb,1,\n'
    f'"autodesk-bim360-asset@{SECOND}:asset:00","autodesk-bim360-asset@{SECOND}:asset:01",cmdb,1,\n'
)
ROWS = {
    "seed": f'"{DOCUMENT}","{DOMAIN}",cmdb,0.9,\n',
    "boundary": f'"{DOCUMENT}","{THREAT}",cmdb,0.9,\n',
    "through": f'"{DOMAIN}","{DOCUMENT}",cmdb,0.9,\n"{DOCUMENT}","{DROPPER}",cmdb,0.9,\n',
    "named": f'"{DOCUMENT}","{DOMAIN}",cmdb,0.9,acc\n',
    "both named": f'"{DOCUMENT}","{DOMAIN}",cmdb,0.9,acc;feed\n',
    "two containers": f'"{DOCUMENT}","{ELSEWHERE}",cmdb,0.9,acc\n',
}
STRANGERS = {"nobody": None, "made up": BOGUS, "of another container": OTTO}
QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "explained": {"explain": "identity"},
    "stream": {"format": "ndjson"},
    "drawing": {"format": "mermaid"},
    "table": {"format": "csv"},
    "cut": {"max_nodes": 2},
    "one call": {"max_calls": 1, "hops": 2},
    "whole": {"require": "complete"},
    "restricted": {"sources": "feed"},
    "other source": {"sources": "acc"},
    "path": {"to": THREAT},
    "measured": {"measures": "degree"},
}
# What two replies to one question never share, in any format: times, and what is random.
_PASSING = re.compile(
    r"(?P<word>milliseconds|age_seconds)(?P<sign>\W+)[0-9.]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z"
    r'|(?<="next_cursor":)"[^"]+"'
    r'|(?<="request_id":)"[^"]+"'
)
_HEADERS = ("etag", "graph-complete", "cache-control", "vary", "content-location", "content-type", "link")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the settings."""
    return tmp_path_factory.mktemp("visibility")


@pytest.fixture(scope="module")
def running(
    place: Path, threatwinds_sandbox: Process, site: Process, running_store: Store
) -> Iterator[httpx.Client]:
    """Run a service whose feed is open, and whose sites take the caller's own credential."""
    Board(site.url).reset(requests_per_minute=None)
    callers: dict[str, Any] = {"credentials": "caller", "containers": [CONTAINER, SECOND]}
    sources = {
        "feed": threatwinds(threatwinds_sandbox.url),
        "acc": autodesk(site.url, **callers),
        "shared": autodesk(site.url, **callers, visibility="tenant"),
    }
    with standing(place, sources=sources, redis_url=running_store.url) as (_, client):
        yield client


@pytest.fixture
def load(place: Path, running: httpx.Client, running_store: Store) -> Any:
    """Give a function that empties the store and loads rows with the command's own code."""

    def load_rows(rows: str) -> None:
        running_store.empty()
        path = place / "rows.csv"
        path.write_text(HEADER + rows, "utf-8")
        config = str(next(place.glob("*.toml")))
        assert run_here("crosswalk", "load", str(path), "--config", config) == 0

    return load_rows


def _blanked(passing: "re.Match[str]") -> str:
    """Write a number in place of a number, and a text in place of a text."""
    word = passing["word"]
    if word is not None:
        return f"{word}{passing['sign']}0"
    return '"x"' if passing[0].startswith('"') else "x"


def shown(reply: httpx.Response) -> tuple[Any, ...]:
    """Give all of a reply that another reply to the same question has in common with it."""
    text = _PASSING.sub(_blanked, reply.text)
    if "ndjson" in reply.headers.get("content-type", ""):
        # Which event comes when is timing: what counts is the last word on each thing.
        lines = [json.loads(line) for line in text.splitlines()]
        found = {}
        for line in lines:
            body = line.get(line["event"], {})
            found[line["event"], str(body.get("id", body.get("name")))] = line
        text = json.dumps([line for key, line in sorted(found.items()) if key[0] != "progress"])
    return (reply.status_code, text, *(reply.headers.get(name) for name in _HEADERS))


def told(client: httpx.Client, token: str | None, node: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Ask everything that a stranger could ask about a node, and give all that comes back."""
    headers = {} if token is None else bearing(acc=token, shared=token)
    asked = {"node": node, "identity": "asserted", **parameters}
    replies = [client.get("/graph", params=asked, headers=headers)]
    tag = replies[0].headers.get("etag")
    if tag is not None:
        replies.append(client.get("/graph", params=asked, headers=headers | {"If-None-Match": tag}))
        replies.append(client.head("/graph", params=asked, headers=headers))
    body = replies[0].json() if "application/json" in replies[0].headers["content-type"] else {}
    cursor = body.get("graph", {}).get("next_cursor")
    if cursor is not None:
        replies.append(client.get("/graph", params=asked | {"cursor": cursor}, headers=headers))
    replies.append(client.get("/sources", headers=headers))
    told_of = [shown(reply) for reply in replies[:-1]]
    usable = [
        {name: each[name] for name in ("name", "usable", "outcome") if name in each}
        for each in replies[-1].json()["sources"]
    ]
    return [*told_of, (usable,)]


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_is_told_the_same_with_and_without_a_row(
    running: httpx.Client, load: Any, who: str
) -> None:
    """Every form of answer, its tag, its pages and how the sources do: letter for letter the same."""
    without = {}
    load(OTHERS)
    for name, question in QUESTIONS.items():
        without[name] = told(running, STRANGERS[who], DOMAIN, **question)
    for row in ROWS.values():
        load(row + OTHERS)
        for name, question in QUESTIONS.items():
            found = told(running, STRANGERS[who], DOMAIN, **question)
            assert found == without[name], name
            assert DOCUMENT not in str(found)


@pytest.mark.parametrize("row", ROWS)
def test_whom_the_site_accepts_sees_it(running: httpx.Client, load: Any, row: str) -> None:
    """The same rows show to the member of the project, but for what lies in a container that is not hers."""
    load(ROWS[row] + OTHERS)
    reply = running.get(
        "/graph",
        params={"node": DOMAIN, "identity": "asserted", "hops": 1},
        headers=bearing(acc=INES, shared=INES),
    )
    assert reply.json()["graph"]["complete"] is True
    assert (DOCUMENT in reply.text) is (row != "two containers")
    assert SECOND not in reply.text


@pytest.mark.parametrize("who", STRANGERS)
def test_what_a_member_has_warmed_shows_to_no_stranger(running: httpx.Client, load: Any, who: str) -> None:
    """The cache is full and the stranger asks for what is old as well, tag and cursor of hers in hand."""
    load(ROWS["seed"] + OTHERS)
    mine = bearing(acc=INES, shared=INES)
    asked: dict[str, Any] = {"node": DOMAIN, "identity": "asserted", "max_nodes": 3}
    warm = running.get("/graph", params=asked, headers=mine)
    assert warm.json()["graph"]["seed"] == DOCUMENT
    token = STRANGERS[who]
    headers = {} if token is None else bearing(acc=token, shared=token)
    for words in ({}, {"Cache-Control": "max-stale"}, {"Cache-Control": "only-if-cached, max-stale"}):
        reply = running.get(
            "/graph", params=asked, headers=headers | words | {"If-None-Match": warm.headers["etag"]}
        )
        assert reply.status_code == 200
        assert CONTAINER not in reply.text
        assert CONTAINER not in str(reply.headers)
    cursor = warm.json()["graph"]["next_cursor"]
    reply = running.get("/graph", params=asked | {"cursor": cursor}, headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (400, "/problems/invalid-cursor")
    assert CONTAINER not in reply.text


def test_a_token_that_is_refused_meanwhile_takes_the_row_with_it(
    running: httpx.Client, load: Any, site: Process
) -> None:
    """Once the site has said no, nothing of the row is shown, from the cache or by a cursor."""
    board = Board(site.url)
    load(ROWS["seed"] + OTHERS)
    mine = bearing(acc=INES)
    asked: dict[str, Any] = {"node": DOMAIN, "identity": "asserted", "max_nodes": 3}
    first = running.get("/graph", params=asked, headers=mine).json()
    assert first["graph"]["seed"] == DOCUMENT
    try:
        board.fault({"match": CONTAINER, "status": 403})
        refused = running.get("/graph", params={"node": ISSUE, "max_age": 0}, headers=mine)
        assert refused.status_code == 502
        reply = running.get("/graph", params=asked, headers=mine)
        assert (reply.status_code, reply.json()["graph"]["seed"]) == (200, DOMAIN)
        assert CONTAINER not in reply.text
        paged = running.get("/graph", params=asked | {"cursor": first["graph"]["next_cursor"]}, headers=mine)
        assert paged.status_code == 400
        assert CONTAINER not in paged.text
    finally:
        board.reset(requests_per_minute=None)


def test_other_resources_know_of_no_crosswalk(running: httpx.Client, load: Any) -> None:
    """What a text may mean, what there is and how things are: nothing of it comes from the rows."""
    paths = ("/resolve?q=acescency.com", "/resolve?q=" + DOMAIN, "/openapi.json")
    load(OTHERS)
    before = [shown(running.get(path)) for path in paths]
    load(ROWS["seed"] + OTHERS)
    assert [shown(running.get(path)) for path in paths] == before
    assert DOCUMENT not in running.get("/metrics").text
    problems = [
        running.get("/graph", params={"node": DOMAIN, "identity": "asserted", **wrong})
        for wrong in ({"sources": "nobody"}, {"cursor": "nonsense"}, {"explain": "all"}, {"to": ""})
    ]
    assert {reply.status_code for reply in problems} == {400}
    assert not any(CONTAINER in reply.text for reply in problems)
