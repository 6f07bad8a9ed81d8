"""A caller's own limit: the same in every process on one store, on every route that takes a key."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from harness.place import DOMAIN
from harness.process import Process
from harness.settings import threatwinds
from harness.standing import standing
from harness.store import Store
from service.caller import make_key

KEYS = {name: make_key() for name in ("few", "many", "repeating", "counted")}
LIMITS = {"few": 4, "repeating": 6, "counted": 2}


@pytest.fixture(scope="module")
def clients(
    tmp_path_factory: pytest.TempPathFactory, threatwinds_sandbox: Process, running_store: Store
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Run two services on one store that know callers with limits and one without."""
    callers: dict[str, Any] = {
        f"callers.{name}": {"key_hash": key_hash}
        | ({"requests_per_minute": LIMITS[name]} if name in LIMITS else {})
        for name, (_, key_hash) in KEYS.items()
    }
    sources = {"feed": threatwinds(threatwinds_sandbox.url)}
    with ExitStack() as stack:
        opened = [
            stack.enter_context(
                standing(
                    tmp_path_factory.mktemp(f"service-{number}"),
                    sources=sources,
                    redis_url=running_store.url,
                    **callers,
                )
            )[1]
            for number in range(2)
        ]
        yield opened[0], opened[1]


def _as(name: str) -> dict[str, str]:
    return {"X-API-Key": KEYS[name][0]}


def test_beyond_its_limit_a_caller_is_told_to_wait(clients: tuple[httpx.Client, httpx.Client]) -> None:
    """Over both processes and all routes together: then 429 as a problem that says when, and others go on."""
    one, other = clients
    asked = {"params": {"node": DOMAIN}, "headers": _as("few")}
    statuses = [
        one.get("/graph", **asked).status_code,
        other.get("/graph", **asked).status_code,
        one.get("/resolve", params={"q": "acescency.com"}, headers=_as("few")).status_code,
        other.get("/sources", headers=_as("few")).status_code,
    ]
    assert statuses == [200] * 4
    for client in clients:
        # A mistake is not told either: it takes a request to have it judged.
        for path in ("/graph", "/sources", "/graph?hops=99"):
            refused = client.get(path, headers=_as("few"))
            assert refused.status_code == 429
            assert refused.headers["content-type"] == "application/problem+json"
            assert 0 < int(refused.headers["retry-after"]) <= 60 / LIMITS["few"]
            assert refused.headers["cache-control"] == "no-store"
            problem = refused.json()
            assert (problem["type"], problem["status"]) == ("/problems/rate-limited", 429)
            assert problem["request_id"] == refused.headers["request-id"]
        assert client.get("/graph", params={"node": DOMAIN}, headers=_as("many")).status_code == 200
        assert client.get("/healthz", headers=_as("few")).status_code == 200


def test_an_answer_given_again_counts_as_well(clients: tuple[httpx.Client, httpx.Client]) -> None:
    """What is kept whole in a process is no way around a limit; nor are HEAD and 304."""
    one, _ = clients
    asked = {"params": {"node": DOMAIN}, "headers": _as("repeating")}
    first = one.get("/graph", **asked)
    known = asked | {"headers": _as("repeating") | {"If-None-Match": first.headers["etag"]}}
    replies = [one.get("/graph", **asked) for _ in range(3)]
    replies += [one.get("/graph", **known), one.head("/graph", **asked)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 304, 200]
    assert one.get("/graph", **asked).status_code == 429
    assert one.head("/graph", **asked).status_code == 429


def test_a_wrong_key_uses_up_nothing(clients: tuple[httpx.Client, httpx.Client]) -> None:
    """Strangers are 401 however often they ask, and cost no caller a request."""
    one, _ = clients
    for _ in range(5):
        assert one.get("/sources", headers={"X-API-Key": KEYS["counted"][0][:-1]}).status_code == 401
    assert one.get("/sources", headers=_as("counted")).status_code == 200
