"""Callers with different credentials, at once, on the same nodes: nobody sees what another's fetched."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.plain import client_of
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, threatwinds, write_settings
from harness.store import Store
from harness.telling import Told, bearing, told

SECOND = "0d8e7b64-2f1c-4c3a-9b5e-7a6f10c2d3e4"
EMEA = "5c1de0a2-93b7-4f0e-a1d4-6e2f8b7c9d10"
ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
ISSUE = f"autodesk-bim360-issue@{CONTAINER}:issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"
HUB = f"autodesk-bim360-asset@{CONTAINER}:asset:c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
INES, MARC, OTTO = (f"sandbox-bearer-of-{name}" for name in ("ines", "marc", "otto"))
# Each may not write in other domains, so each is told other flags; the last two see nothing here.
CROWD: dict[str, dict[str, Any]] = {
    f"bearer-of-{user}": {"user": user, "containers": containers, "read_only_domains": domains}
    for user, containers, domains in (
        ("anna", [CONTAINER], ["autodesk-bim360-documentmanagement"]),
        ("boris", [CONTAINER], ["autodesk-construction-photo"]),
        ("carla", [CONTAINER], ["autodesk-bim360-asset"]),
        ("david", [CONTAINER], []),
        ("elena", [SECOND], []),
        ("frank", [], []),
    )
}
DOCUMENTED = "74b70bb8-8802-a1fd-f201-890375a60c8f"
KEYS = ["a secret key of all services here"]


@pytest.fixture(scope="module")
def running_services(
    tmp_path_factory: pytest.TempPathFactory,
    site: Process,
    threatwinds_sandbox: Process,
    running_store: Store,
) -> Iterator[list[httpx.Client]]:
    """Run two services of two workers on one store; they differ in who they are at `own` and `all`."""
    clients = []
    with ExitStack() as stack:
        for bearer in (INES, MARC):
            own = {"authorization": f"Bearer {bearer}"}
            feed = partial(
                threatwinds, threatwinds_sandbox.url, authorization="Bearer sandbox-quantfall-token"
            )
            sources = {
                "acc": autodesk(site.url, credentials="caller"),
                "site": autodesk(site.url, credentials="caller", visibility="tenant"),
                "own": autodesk(site.url, **own),
                "all": autodesk(site.url, visibility="public", **own),
                "second": autodesk(site.url, containers=[SECOND]),
                "emea": autodesk(site.url, region="EMEA", containers=[EMEA]),
                "open": feed(groups="global"),
                "closed": feed(groups="global,quantfall"),
            }
            path = tmp_path_factory.mktemp("service") / "relgraph.toml"
            top = {"secret_keys": KEYS, "tenant_proof": "2s", "store_timeout": "2s"}
            write_settings(path, redis_url=running_store.url, sources=sources, **top)
            process = start_service(path, "--workers", "2")
            stack.callback(process.end)
            clients.append(stack.enter_context(client_of(process.url, timeout=30)))
        yield clients


@pytest.fixture
def services(running_services: list[httpx.Client], running_store: Store) -> list[httpx.Client]:
    """Empty the store and give the services."""
    running_store.empty()
    return running_services


def ask(
    client: httpx.Client,
    bearer: str | None,
    node: str = ASSET,
    *,
    source: str = "acc",
    words: str = "",
    **parameters: Any,
) -> Told:
    """Ask one source, with a caller's token if it takes one; `words` are those of `Cache-Control`."""
    headers = {} if bearer is None else bearing(**{source: bearer})
    headers |= {"Cache-Control": words} if words else {}
    parameters = {"node": node, "sources": source, **parameters}
    return told(client.get("/graph", params=parameters, headers=headers), source=source)


def flags(board: Board, forbidden: list[str]) -> dict[str, bool]:
    """Work out, from the world alone, what each record is for somebody who may not write in these domains."""
    rows = board.world()["containers"][CONTAINER]["relationships"]
    return {
        row["id"]: row["isService"] or any(end["domain"] in forbidden for end in row["entities"])
        for row in rows
    }


def test_defects_8_and_10_a_crowd_on_the_same_nodes(services: list[httpx.Client], board: Board) -> None:
    """Six tokens, two services of two workers, one store, single and batched calls, cached or not.

    Every flag is the one that the asking token is told, whoever asked a moment before; who has no
    access gets nothing, not even stale; and every token was asked upstream in its own name.
    """
    board.turn(accounts=CROWD)
    right = {token: flags(board, who["read_only_domains"]) for token, who in CROWD.items()}
    assert len({tuple(sorted(each.items())) for each in right.values()}) == 4
    dice = random.Random(8)  # noqa: S311 - which order, nothing secret
    rounds = [
        (dice.choice(services), token, node, dice.choice(["", "", "max-stale", "no-cache", "max-age=1"]))
        for token in CROWD
        for node in (ASSET, ISSUE, HUB)
        for _ in range(9)
    ]
    dice.shuffle(rounds)

    def check(client: httpx.Client, token: str, node: str, words: str) -> int:
        hops = 2 if node == ISSUE else 1
        answer = ask(client, token, node, words=words, hops=hops, require="none", timeout=30)
        if CONTAINER not in CROWD[token]["containers"]:
            assert (answer.outcome, answer.edges, answer.cached) == ("denied", [], 0)
            return 0
        assert answer.outcome == "ok"
        assert answer.read_only == {record: right[token][record] for record in answer.read_only}
        assert len(answer.edges) > (100 if node == HUB else 2)
        return answer.cached

    with ThreadPoolExecutor(8) as pool:
        cached = sum(pool.map(lambda each: check(*each), rounds))
    assert cached > 0
    assert {call["caller"] for call in board.calls(":search")} == {who["user"] for who in CROWD.values()}
    assert {call["caller"] for call in board.calls(":intersect")} >= {"anna", "boris", "carla", "david"}


def test_calls_cut_off_midway_give_nobody_anothers_reply(services: list[httpx.Client], board: Board) -> None:
    """Answers that run out of time while the upstream is slow: no reply is taken for the next call's."""
    right = {INES: flags(board, ["autodesk-bim360-documentmanagement"]), MARC: flags(board, [])}
    board.fault(
        {"match": "containers", "latency_seconds": 0.05, "probability": 0.4},
        {"match": "containers", "drip_bytes_per_second": 20_000, "probability": 0.4},
    )
    dice = random.Random(9)  # noqa: S311 - which order, nothing secret
    rounds = [
        (dice.choice(services), token, node, dice.uniform(0.05, 0.12))
        for token in (INES, MARC)
        for node in (ASSET, ISSUE, HUB)
        for _ in range(40)
    ]
    dice.shuffle(rounds)

    def check(client: httpx.Client, token: str, node: str, timeout: float) -> str:
        answer = ask(client, token, node, timeout=f"{timeout:.3f}", max_age=0, require="none")
        assert answer.read_only == {record: right[token][record] for record in answer.read_only}
        ends = {edge[end] for edge in answer.edges for end in ("subject", "object")}
        assert not ends or node in ends
        return answer.outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda each: check(*each), rounds))
    assert outcomes.count("timeout") + outcomes.count("stale") > 10
    assert outcomes.count("ok") > 10
    # What was fetched before may stand in, and be it late: for its own caller.
    assert set(outcomes) <= {"ok", "timeout", "stale", "throttled"}


def test_each_token_is_fetched_for_once(services: list[httpx.Client], board: Board) -> None:
    """Asked in turns, each caller's data is fetched in the caller's own name, once for all workers."""
    for client in services * 5:
        assert ask(client, INES).read_only[DOCUMENTED] is True
        assert ask(client, MARC).read_only[DOCUMENTED] is False
    assert sorted(call["caller"] for call in board.calls()) == ["ines", "marc"]


def test_an_answer_may_be_kept_by_its_caller_only(services: list[httpx.Client]) -> None:
    """HTTP caches are told so, and one caller's ETag does not pass for another's."""
    parameters = {"node": ASSET, "sources": "acc"}
    replies = {}
    for token in (INES, MARC):
        replies[token] = services[0].get("/graph", params=parameters, headers=bearing(acc=token))
        assert replies[token].headers["cache-control"].split(",")[0] == "private"
        assert "upstream-credentials" in replies[token].headers["vary"].lower()
    tag = {"If-None-Match": replies[INES].headers["etag"]}
    for token, status in ((INES, 304), (MARC, 200)):
        again = services[1].get("/graph", params=parameters, headers=bearing(acc=token) | tag)
        assert again.status_code == status
        assert "private" in again.headers["cache-control"]


@pytest.mark.parametrize("words", ["", "max-stale", "only-if-cached, max-stale", "stale-if-error=9999"])
@pytest.mark.parametrize("source", ["acc", "site"])
def test_without_a_credential_there_is_nothing(services: list[httpx.Client], source: str, words: str) -> None:
    """Who sends none is told so, however warm the cache; an unknown token is denied."""
    client = services[0]
    assert ask(client, INES, source=source).outcome == "ok"
    answer = ask(client, None, source=source, words=words)
    assert (answer.status in (502, 504), answer.outcome, answer.edges) == (True, "no_credential", [])
    answer = ask(client, f"{INES}x", source=source, words=words)
    assert answer.outcome == ("unavailable" if "only-if-cached" in words else "denied")
    assert answer.status in (502, 504)
    usable = {each["name"]: each["usable"] for each in client.get("/sources").json()["sources"]}
    assert (usable[source], usable["own"]) == (False, True)


def test_configured_identities_share_nothing(services: list[httpx.Client]) -> None:
    """Two services with different tokens of their own, on one store, each see what theirs fetched."""
    for client, flag in zip(services, (True, False), strict=True):
        for calls in (1, 0):
            answer = ask(client, None, source="own")
            assert answer.calls == calls
            assert answer.read_only[DOCUMENTED] is flag


def test_visibility_tenant_shares_after_proof_only(services: list[httpx.Client], board: Board) -> None:
    """Whom the upstream accepts for the container shares its data, without what is relative to the caller."""
    one, other = services
    turns = ((one, INES, 1), (one, MARC, 1), (other, INES, 0), (other, MARC, 0), (one, INES, 0))
    for client, token, calls in turns:
        answer = ask(client, token, source="site")
        assert (answer.outcome, answer.calls) == ("ok", calls)
        assert set(answer.read_only.values()) == {None}
    for words in ("", "max-stale", "stale-if-error=9999"):
        answer = ask(one, OTTO, source="site", words=words)
        assert (answer.status, answer.outcome, answer.edges) == (502, "denied", [])
    assert ask(one, OTTO, source="site", words="only-if-cached, max-stale").status == 504
    assert [call["caller"] for call in board.calls() if call["caller"] != "otto"] == ["ines", "marc"]
    # A proof is of one container: Otto's own says nothing of this one.
    elsewhere = ask(one, OTTO, f"autodesk@{SECOND}", source="second", max_edges=1)
    assert elsewhere.status == 400
    assert ask(other, OTTO, source="site").outcome == "denied"


def test_a_proof_ends(services: list[httpx.Client], board: Board) -> None:
    """After `tenant_proof` the upstream is asked again whether it still accepts the credential."""
    client = services[0]
    assert (ask(client, MARC, source="site").calls, ask(client, MARC, source="site").calls) == (1, 0)
    board.turn(accounts={MARC: {"user": "marc", "containers": [SECOND]}})
    sleep(2.2)
    assert ask(client, INES, source="site").outcome == "ok"
    answer = ask(client, MARC, source="site", words="max-stale")
    assert (answer.status, answer.outcome, answer.calls, answer.edges) == (502, "denied", 1, [])


def test_visibility_public_is_shared_by_all(services: list[httpx.Client], board: Board) -> None:
    """What is public is fetched once for two services with different identities, and caches are told so."""
    for client in services:
        reply = client.get("/graph", params={"node": ASSET, "sources": "all"})
        assert set(told(reply, source="all").read_only.values()) == {None}
        assert reply.headers["cache-control"].split(",")[0] == "public"
    assert [call["caller"] for call in board.calls()] == ["ines"]


def test_public_and_callers_credentials_are_refused_together(tmp_path: Path) -> None:
    """The start ends with exit code 2 and says why."""
    table = autodesk("http://127.0.0.1:1", credentials="caller", visibility="public")
    config = write_settings(tmp_path / "relgraph.toml", redis_url="embedded", sources={"acc": table})
    with pytest.raises(RuntimeError, match=r"sources\.acc\.visibility"):
        start_service(config)


def test_two_regions_and_containers_of_one_address(services: list[httpx.Client], board: Board) -> None:
    """Sources that differ in region and containers only are asked for their own, with their own header."""
    for name, region, container in (
        ("own", "US", CONTAINER),
        ("second", "US", SECOND),
        ("emea", "EMEA", EMEA),
    ):
        board.forget()
        parameters = {"node": f"autodesk@{container}", "sources": "own,second,emea", "max_edges": "5"}
        answer = services[0].get("/graph", params=parameters).json()
        assert [each["name"] for each in answer["graph"]["sources"]] == [name]
        assert {node["tenant"] for node in answer["nodes"]} == {container}
        calls = board.calls()
        assert {call["headers"]["x-ads-region"] for call in calls} == {region}
        assert all(container in call["path"] for call in calls)
    # A full address without a tenant could be any of them.
    reply = services[0].get("/graph", params={"node": ISSUE.replace(f"@{CONTAINER}", "")})
    assert reply.status_code == 400
    assert reply.json()["type"] == "/problems/ambiguous-node"


def test_two_groups_of_one_feed(services: list[httpx.Client]) -> None:
    """Each source sees what its groups may; together, every edge says by whom it is known."""
    threat = {"node": "threatwinds:threat:expansion on 123@123.com", "require": "none"}
    hidden = "threatwinds:adversary:Mellow Heron Group"
    for client in services:
        for names in ("closed", "open", "open,closed"):
            answer = client.get("/graph", params=threat | {"sources": names}).json()
            speakers = [sorted(node["sources"]) for node in answer["nodes"] if node["id"] == hidden]
            assert speakers == ([] if names == "open" else [["closed"]])
            words = {word["source"] for edge in answer["edges"] for word in edge["provenance"]}
            assert words == set(names.split(","))
