"""What a plan goes by is shared no further than the listings that have taught it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from harness.board import Board
from harness.process import Process, start_service
from harness.settings import CONTAINER, autodesk, write_settings
from harness.store import Store
from harness.telling import bearing

HUB = f"autodesk-bim360-asset@{CONTAINER}:asset:c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
ASSET = f"autodesk-bim360-asset@{CONTAINER}:asset:2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
INES, MARC, NOBODY = "sandbox-bearer-of-ines", "sandbox-bearer-of-marc", "made-up-by-somebody"
PATIENCE = 10.0


@pytest.fixture
def services(
    tmp_path_factory: pytest.TempPathFactory, site: Process, board: Board, running_store: Store
) -> Iterator[list[httpx.Client]]:
    """Run two services that are set up alike, new ones on an empty store."""
    running_store.empty()
    sources = {
        "acc": autodesk(site.url, credentials="caller"),
        "shared": autodesk(site.url, credentials="caller", visibility="tenant"),
        "open": autodesk(site.url, visibility="public"),
    }
    path = tmp_path_factory.mktemp("service") / "relgraph.toml"
    write_settings(path, redis_url=running_store.url, sources=sources, secret_keys=["one key of both"])
    with ExitStack() as stack:
        clients = []
        for _ in range(2):
            process = start_service(path)
            stack.callback(process.end)
            clients.append(stack.enter_context(httpx.Client(base_url=process.url, timeout=30)))
        board.forget()
        yield clients


def ask(client: httpx.Client, bearer: str | None, node: str, *, source: str, **more: str) -> dict[str, Any]:
    """Ask one source, with a caller's token if there is one, and give what is said of the answer."""
    headers = {} if bearer is None else bearing(**{source: bearer})
    reply = client.get("/graph", params={"node": node, "sources": source} | more, headers=headers)
    assert reply.status_code == 200, reply.text
    graph: dict[str, Any] = reply.json()["graph"]
    return graph


def plan(client: httpx.Client, bearer: str | None, node: str, *, source: str) -> list[dict[str, Any]]:
    """Plan two hops; gives what is said of them."""
    (told,) = ask(client, bearer, node, source=source, hops="2", plan="true")["plan"]["sources"]
    hops: list[dict[str, Any]] = told["hops"]
    return hops


def wait_until_learnt(client: httpx.Client, bearer: str | None, *, source: str) -> None:
    """Wait until this service plans by what has been learnt, be it by another one."""
    end = time.monotonic() + PATIENCE
    while {hop["basis"] for hop in plan(client, bearer, ASSET, source=source)} != {"learnt"}:
        assert time.monotonic() < end, "what was learnt has not come"
        time.sleep(0.05)


@pytest.mark.parametrize("source", ["acc", "shared"])
def test_no_plan_tells_what_anothers_credential_fetched(
    services: list[httpx.Client], board: Board, source: str
) -> None:
    """A stranger's plans, and a colleague's, are the same before and after a caller's answers, everywhere."""
    others = (MARC, NOBODY, None)

    def seen() -> list[list[dict[str, Any]]]:
        return [
            plan(client, bearer, node, source=source)
            for client in services
            for bearer in others
            for node in (HUB, ASSET)
        ]

    before = seen()
    assert ask(services[0], INES, HUB, source=source, hops="1")["spent"]["edges"] > 100
    wait_until_learnt(services[0], INES, source=source)
    assert seen() == before
    board.forget()
    wait_until_learnt(services[1], INES, source=source)
    assert (seen(), board.calls()) == (before, [])


def test_what_is_public_is_learnt_by_everybody(services: list[httpx.Client]) -> None:
    """One service has answered, and the other one plans by it, for whoever asks."""
    ask(services[0], None, HUB, source="open", hops="1")
    for client in services:
        wait_until_learnt(client, None, source="open")
