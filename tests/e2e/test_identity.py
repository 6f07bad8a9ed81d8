"""A crosswalk loaded into running services: what it joins meets, at once, and comes off without a trace."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from harness.asking import Asker, ids_of, node_of
from harness.command import run_relgraph
from harness.here import run_here
from harness.place import DOCUMENT, DOMAIN, DROPPER, ISSUE, THREAT
from harness.plain import client_of
from harness.process import Process
from harness.settings import autodesk, threatwinds
from harness.standing import standing
from harness.store import Store

HEADER = "address,same_as,source,confidence,visibility\n"
# As people write them: the form of the source, and the thing first or last.
MEETING = f'"{DOCUMENT}",threatwinds:domain:acescency.com,cmdb,0.9,\n'
ISSUE_TOO = f'"{DROPPER}","{ISSUE}",jane,0.4,\n'
ASSERTED: dict[str, Any] = {"identity": "asserted"}
# Enough connections that both workers get some.
ROUNDS = 16

Load = Callable[[str], None]


@pytest.fixture(scope="module")
def sources(threatwinds_sandbox: Process, autodesk_sandbox: Process) -> dict[str, dict[str, Any]]:
    """Give both sandboxes as sources."""
    return {"feed": threatwinds(threatwinds_sandbox.url), "acc": autodesk(autodesk_sandbox.url)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for the settings and the crosswalk's files."""
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def running(folder: Path, sources: dict[str, dict[str, Any]], running_store: Store) -> Iterator[httpx.Client]:
    """Run a service of two workers over both sandboxes; every request goes to either of them."""
    place = folder / "service"
    place.mkdir()
    with standing(place, "--workers", "2", sources=sources, redis_url=running_store.url) as (process, _):
        limits = httpx.Limits(max_keepalive_connections=0)
        with client_of(process.url, timeout=30, limits=limits) as client:
            yield client


@pytest.fixture
def load(folder: Path, running: httpx.Client) -> Iterator[Load]:
    """Give a function that loads rows as an operator does, and clears them without any."""
    loaded = False

    def load_rows(rows: str) -> None:
        nonlocal loaded
        config = str(next((folder / "service").iterdir()))
        path = folder / "rows.csv"
        path.write_text(HEADER + rows, "utf-8")
        words = ["load", str(path)] if rows else ["clear"]
        # The command's own code, in this process: that it is a command is for another file to show.
        assert run_here("crosswalk", *words, "--config", config) == 0
        loaded = bool(rows)

    yield load_rows
    if loaded:
        load_rows("")


@pytest.fixture
def asker(running: httpx.Client) -> Asker:
    """Give what asks the service."""
    return Asker(running)


def lasting(reply: httpx.Response) -> tuple[str, str]:
    """Give an answer's ETag and its nodes and edges, letter for letter."""
    assert reply.status_code == 200, reply.text
    body = reply.json()
    return reply.headers["etag"], json.dumps([body["nodes"], body["edges"]])


def test_a_document_and_a_threat_indicator_meet(asker: Asker, load: Load) -> None:
    """One node of two sources, with the neighbors both tell of and the facts of each, by either address."""
    apart = {seed: asker.graph(seed) for seed in (DOMAIN, DOCUMENT)}
    neighbors = {one for seed, answer in apart.items() for one in ids_of(answer)} - set(apart)
    load(MEETING)
    answers = [asker.graph(seed, explain="identity", **ASSERTED) for seed in (DOMAIN, DOCUMENT)]
    for answer in answers:
        assert set(ids_of(answer)) == {DOCUMENT, *neighbors}
        assert answer["graph"]["seed"] == DOCUMENT
        assert answer["graph"]["complete"] is True
        node = node_of(answer, DOCUMENT)
        assert node["sources"] == ["acc", "feed"]
        assert (node["hop"], node["expansion"]) == (0, "complete")
        assert {DOMAIN, "threatwinds:domain:acescency.com"} < set(node["aliases"])
        assert node["attributes"]["feed"] == node_of(apart[DOMAIN], DOMAIN)["attributes"]["feed"]
        degrees = [node_of(apart[seed], seed)["known_degree"]["value"] for seed in apart]
        assert node["known_degree"] == {"value": sum(degrees), "relation": "eq"}
        rules = {(each["rule"], each["source"], each["confidence"]) for each in node["same_as"]}
        assert rules == {("asserted", "cmdb", 0.9), ("observable", "feed", 1.0), ("native_id", "feed", 1.0)}
        assert answer["graph"]["identity"] == {
            "mode": "asserted",
            "merged": answer["graph"]["identity"]["merged"],
            "inside": 0,
        }
    assert answers[0]["nodes"] == answers[1]["nodes"]
    assert answers[0]["edges"] == answers[1]["edges"]


def test_a_way_leads_from_the_site_to_the_feed(asker: Asker, load: Load) -> None:
    """From an issue of the site, over its document, to the threat, where there is no way otherwise."""
    load(MEETING)
    threat = next(one for one in ids_of(asker.graph(DOMAIN)) if one.startswith("threatwinds:threat:"))
    site = next(one for one in ids_of(asker.graph(DOCUMENT)) if one != DOCUMENT)
    found = asker.graph(site, to=threat, **ASSERTED)
    assert found["graph"]["paths"] == [[site, DOCUMENT, threat]]
    assert asker.graph(site, to=threat, max_calls=9, hops=3)["graph"]["paths"] == []


def test_a_reload_counts_with_the_next_request_of_every_worker(asker: Asker, load: Load) -> None:
    """Rows that come, change and go: whichever worker is asked, from the next question on."""
    for rows, seeds in (
        (MEETING, {DOMAIN: DOCUMENT, DROPPER: DROPPER}),
        (MEETING + ISSUE_TOO, {DOMAIN: DOCUMENT, DROPPER: ISSUE}),
        (ISSUE_TOO, {DOMAIN: DOMAIN, DROPPER: ISSUE}),
        ("", {DOMAIN: DOMAIN, DROPPER: DROPPER}),
    ):
        load(rows)
        for _ in range(ROUNDS):
            for asked, name in seeds.items():
                answer = asker.graph(asked, hops=0, **ASSERTED)
                assert answer["graph"]["seed"] == name


def test_clearing_restores_every_answer(asker: Asker, load: Load) -> None:
    """With nothing loaded any more the answer is, letter for letter, that of before, and so is its tag."""
    asked: dict[str, Any] = {"hops": 2, "max_nodes": 60, "fan_out": 20, "explain": "identity", **ASSERTED}
    before = lasting(asker.reply(DOMAIN, **asked))
    load(MEETING + ISSUE_TOO)
    assert lasting(asker.reply(DOMAIN, **asked)) != before
    load("")
    for _ in range(ROUNDS):
        assert lasting(asker.reply(DOMAIN, **asked)) == before
    held = asker.reply(DOMAIN, headers={"If-None-Match": before[0]}, **asked)
    assert held.status_code == 304


@pytest.mark.parametrize("identity", ["exact", "off"])
def test_a_loaded_crosswalk_is_nothing_to_the_others(asker: Asker, load: Load, identity: str) -> None:
    """Whoever does not ask for what is asserted gets the same answer and the same tag."""
    before = lasting(asker.reply(DOMAIN, identity=identity, explain="identity"))
    load(MEETING + ISSUE_TOO)
    assert lasting(asker.reply(DOMAIN, identity=identity, explain="identity")) == before


def test_evidence_is_for_those_who_ask(asker: Asker, load: Load) -> None:
    """Without `explain` there is none; a word it does not know is refused."""
    load(MEETING)
    plain = asker.graph(DOMAIN, **ASSERTED)
    assert "identity" not in plain["graph"]
    assert all("same_as" not in node for node in plain["nodes"])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"explain": "everything"}, "explain"),
        ({"explain": ""}, "explain"),
        ({"identity": "sure"}, "identity"),
    ]
    for parameters, field in wrong:
        problem = asker.problem(DOMAIN, **parameters)
        assert (problem["status"], problem["type"]) == (400, "/problems/invalid-parameter")
        assert [each["field"] for each in problem["errors"]] == [field]


def test_a_stream_tells_what_the_answer_holds(asker: Asker, load: Load) -> None:
    """Its events fold to the merged answer; the seed's alias comes first."""
    load(MEETING)
    answer = asker.graph(DOMAIN, **ASSERTED)
    reply = asker.reply(DOMAIN, headers={"Accept": "application/x-ndjson"}, **ASSERTED)
    events = [json.loads(line) for line in reply.text.splitlines()]
    assert events[0]["graph"]["seed"] == DOCUMENT
    assert {"from": DOMAIN, "to": DOCUMENT} in [each.get("alias") for each in events]
    nodes = {each["node"]["id"]: each["node"] for each in events if each["event"] == "node"}
    assert nodes == {node["id"]: node for node in answer["nodes"]}
    assert DOMAIN not in nodes
    assert events[-1]["withdrawn"] == {"nodes": [], "edges": []}


def test_seeds_that_are_one_thing_are_one_node(asker: Asker, load: Load) -> None:
    """A batch names each seed as it was sent, and what both are called."""
    load(MEETING)
    reply = asker.client.post("/graph", json={"nodes": [DOMAIN, DOCUMENT], **ASSERTED})
    assert reply.status_code == 200, reply.text
    told = [(seed["seed"], seed["requested"]) for seed in reply.json()["graph"]["seeds"]]
    assert told == [(DOCUMENT, DOMAIN), (DOCUMENT, DOCUMENT)]
    assert ids_of(reply.json()).count(DOCUMENT) == 1


def test_a_cursor_is_refused_once_another_crosswalk_is_loaded(asker: Asker, load: Load) -> None:
    """It goes on while the same rows are loaded, loaded anew or not, and never mixes two."""
    asked: dict[str, Any] = {"max_nodes": 2, **ASSERTED}
    load(MEETING)
    cursor = asker.graph(DOMAIN, **asked)["graph"]["next_cursor"]
    load(MEETING)
    second = asker.graph(DOMAIN, **asked, cursor=cursor)
    for rows in (MEETING + ISSUE_TOO, ""):
        load(rows)
        problem = asker.problem(DOMAIN, **asked, cursor=cursor)
        assert problem["type"] in ("/problems/invalid-cursor", "/problems/expired-cursor")
    load(MEETING)
    again = asker.graph(DOMAIN, **asked, cursor=cursor)
    assert (again["nodes"], again["edges"]) == (second["nodes"], second["edges"])


def test_without_the_store_an_answer_is_honest(
    folder: Path, sources: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Who knows a crosswalk goes on with it; who never could read one says so, and `exact` is as ever."""
    with Store() as store:
        rows = tmp_path / "rows.csv"
        rows.write_text(HEADER + MEETING, "utf-8")
        place = tmp_path / "service"
        place.mkdir()
        with standing(place, sources=sources, redis_url=store.url, store_timeout="250ms") as (_, client):
            config = str(next(place.iterdir()))
            assert run_relgraph("crosswalk", "load", str(rows), "--config", config).returncode == 0
            asker = Asker(client)
            assert asker.graph(DOMAIN, **ASSERTED)["graph"]["seed"] == DOCUMENT
            store.kill()
            answer = asker.graph(DOMAIN, **ASSERTED)
            assert (answer["graph"]["seed"], answer["graph"]["truncated"]) == (DOCUMENT, [])
        with standing(place, sources=sources, redis_url=store.url, store_timeout="250ms") as (_, client):
            asker = Asker(client)
            reply = asker.reply(DOMAIN, **ASSERTED)
            about = reply.json()["graph"]
            assert (about["seed"], about["complete"], about["truncated"]) == (DOMAIN, False, ["identity"])
            assert about["next_cursor"] is None
            assert (reply.headers["graph-complete"], reply.headers["cache-control"]) == ("?0", "no-store")
            assert THREAT in ids_of(reply.json())
            exact = asker.graph(DOMAIN)
            assert (exact["graph"]["complete"], exact["graph"]["truncated"]) == (True, [])
            store.start()
            assert run_relgraph("crosswalk", "load", str(rows), "--config", config).returncode == 0
            # The breaker in front of the store tries it again within seconds, however often it is asked.
            end = monotonic() + 20
            while (about := asker.graph(DOMAIN, **ASSERTED)["graph"])["seed"] != DOCUMENT:
                assert monotonic() < end
            assert about["complete"] is True, about
