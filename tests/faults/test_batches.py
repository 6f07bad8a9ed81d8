"""Calls for many nodes: callers with one credential share them, and nobody else sees whose ids they hold."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.board import Board
from harness.fleet import Fleet, sailing
from harness.load import crowd
from harness.process import Process
from harness.settings import CONTAINER, autodesk
from harness.store import Store
from harness.telling import bearing

_TOKENS = tuple(f"bearer-of-{name}" for name in ("anna", "boris", "carla", "david"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, store: Store, site_process: Process) -> Iterator[Fleet]:
    """Have two replicas; callers bring their credentials, and few calls leave at once."""
    sources = {"acc": autodesk(site_process.url, credentials="caller", concurrency=2)}
    folder: Path = tmp_path_factory.mktemp("batches")
    with sailing(folder, store=store, sources=sources, replicas=2) as running:
        yield running


@pytest.fixture
def rows(site: Board, store: Store) -> list[dict[str, Any]]:
    """Give the relationships there are; each token is known, and nothing is cached."""
    store.empty()
    site.turn(accounts={token: {"user": token, "containers": [CONTAINER]} for token in _TOKENS})
    found = site.world()["containers"][CONTAINER]["relationships"]
    return [row for row in found if not row["isDeleted"]]


def _issues(rows: list[dict[str, Any]]) -> list[str]:
    """Give the addresses of the issues that have a relation, in any order."""
    ends = [end for row in rows for end in row["entities"] if end["type"] == "issue"]
    found = sorted({f"{end['domain']}@{CONTAINER}:issue:{end['id']}" for end in ends})
    random.Random(10).shuffle(found)  # noqa: S311 - which order, nothing secret
    return found


def _known(rows: list[dict[str, Any]], node: str) -> set[str]:
    """Give the records that touch a node."""
    key = node.rpartition(":")[2]
    return {row["id"] for row in rows if any(end["id"] == key for end in row["entities"])}


async def test_defect_10_no_batch_mixes_credentials(
    fleet: Fleet, site: Board, rows: list[dict[str, Any]]
) -> None:
    """Four tokens, each with nodes of its own, at once at two replicas: no call holds another token's ids."""
    site.fault({"latency_seconds": 0.1})
    nodes = _issues(rows)
    own = {token: nodes[number * 10 : (number + 1) * 10] for number, token in enumerate(_TOKENS)}
    async with crowd(fleet.urls) as callers, asyncio.TaskGroup() as group:
        asking = [
            (
                token,
                node,
                group.create_task(
                    callers.ask(node, replica=number, hops=1, timeout=30, headers=bearing(acc=token))
                ),
            )
            for token, mine in own.items()
            for number, node in enumerate(mine)
        ]
    for _, node, answer in asking:
        told = answer.result().told("acc")
        assert (told.status, told.outcome) == (200, "ok")
        assert set(told.read_only) == _known(rows, node)
    asked = defaultdict[str, set[str]](set)
    for call in site.calls():
        asked[call["caller"]] |= {node.rpartition(":")[2] for node in call["nodes"]}
    assert asked == {token: {node.rpartition(":")[2] for node in mine} for token, mine in own.items()}


async def test_callers_with_one_credential_share_batches(
    fleet: Fleet, site: Board, rows: list[dict[str, Any]]
) -> None:
    """Forty callers of one token ask about a node each: far fewer calls leave, and each gets its own."""
    site.fault({"latency_seconds": 0.2})
    nodes = _issues(rows)[:40]
    async with crowd(fleet.urls[:1]) as callers:
        heard = await callers.ask_all(nodes, hops=1, timeout=30, headers=bearing(acc=_TOKENS[0]))
    for node, answer in zip(nodes, heard, strict=True):
        told = answer.told("acc")
        assert (told.status, told.outcome) == (200, "ok")
        assert set(told.read_only) == _known(rows, node)
    assert len(site.calls()) <= len(nodes) / 2


@pytest.mark.parametrize("status", [404, 400, 405])
async def test_a_batch_that_is_turned_down_says_nothing_of_the_nodes_in_it(
    fleet: Fleet, site: Board, rows: list[dict[str, Any]], *, status: int
) -> None:
    """An upstream without a call for many nodes, or that knows all but one, is asked about each by itself."""
    nodes = _issues(rows)[:2]
    headers = bearing(acc=_TOKENS[0])
    async with crowd(fleet.urls[:1]) as callers:
        (whole,) = await callers.ask_all(nodes[:1], hops=2, timeout=30, headers=headers)
        site.fault({"match": ":intersect", "status": status})
        site.forget()
        (answer,) = await callers.ask_all(
            nodes[:1], hops=2, timeout=30, headers=headers | {"Cache-Control": "no-cache"}
        )
    assert any(":intersect" in call["path"] for call in site.calls())
    expected, found = whole.reply.json(), answer.reply.json()
    assert found["graph"]["complete"] is True
    assert [edge["id"] for edge in found["edges"]] == [edge["id"] for edge in expected["edges"]]
    assert answer.told("acc").source["outcomes"] == whole.told("acc").source["outcomes"]
