"""How the ThreatWinds sandbox admits, refuses and throttles, in each dialect."""

import hashlib
from typing import Any
from uuid import UUID

import httpx
import pytest

from connectors.sandbox.threatwinds.account import (
    DEMO_KEY,
    DEMO_SECRET,
    DEMO_TOKEN,
    QUANTFALL_TOKEN,
    UNPERMITTED_TOKEN,
)

EXAMPLE = "domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"
THREAT = "threat-d8257cec79ed8b20c32decd305c1692391c185ab13d52b3495ea486df5385b27"
UNKNOWN = f"domain-{'0' * 64}"
URL = f"/api/search/v1/entity/{EXAMPLE}/relations"
PAIR = {"api-key": DEMO_KEY, "api-secret": DEMO_SECRET}
BEARER = {"authorization": f"Bearer {DEMO_TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        (BEARER, 202, None),
        (PAIR, 202, None),
        ({}, 401, "authentication required"),
        ({"api-key": DEMO_KEY}, 401, "authentication required"),
        ({"authorization": "Bearer nobody"}, 401, "authentication required"),
        (PAIR | {"api-secret": "wrong"}, 401, "authentication required"),
        ({"authorization": DEMO_TOKEN}, 400, "incorrect authorization header"),
        ({"authorization": f"Basic {DEMO_TOKEN}"}, 400, "incorrect authorization header"),
        (PAIR | BEARER, 400, "authorization header and key pair cannot be combined"),
        ({"authorization": f"Bearer {UNPERMITTED_TOKEN}"}, 403, "unauthorized"),
    ],
)
async def test_who_may_call(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, text: str | None
) -> None:
    """A bearer token or a key pair, not both; each mistake has its own status and text."""
    reply = await client.get(URL, headers=headers)
    assert (reply.status_code, reply.json().get("error")) == (status, text)


async def test_the_journal_tells_accounts_by_label(client: httpx.AsyncClient, turn: Any) -> None:
    """Accounts can be added; the journal knows who asked about what, and holds no token."""
    await turn(accounts={"t-1": {"groups": ["public"]}, "k:s": {"permitted": False, "label": "banned"}})
    for headers in (BEARER, PAIR, {"authorization": "Bearer t-1"}, {"api-key": "k", "api-secret": "s"}, {}):
        await client.get(URL, headers=headers)
    calls = (await client.get("/_sandbox/journal")).json()["calls"]
    assert [(call["caller"], call["status"]) for call in calls] == [
        ("demo", 202), ("demo-keypair", 202), ("account-1", 202), ("banned", 403), (None, 401),
    ]  # fmt: skip
    assert all(call["nodes"] == [EXAMPLE] for call in calls)


async def test_2023_refuses_in_the_body(ask: Any) -> None:
    """An id unknown to the upstream is 404 with a uuid of its own each time."""
    first, second = await ask(UNKNOWN), await ask(UNKNOWN)
    assert (first.status_code, first.json()["error"]) == (404, "record not found")
    assert UUID(first.json()["uuid"]).version == 4
    assert first.json()["uuid"] != second.json()["uuid"]


async def test_2025_refuses_in_headers(ask: Any, turn: Any) -> None:
    """Absent is 204 without a word; other refusals have an empty body and two headers."""
    await turn(dialect="2025")
    absent = await ask(UNKNOWN)
    assert (absent.status_code, absent.content) == (204, b"")
    refused = await ask(EXAMPLE, limit="x\u00e9")
    assert (refused.status_code, refused.content) == (400, b"")
    assert refused.headers["x-error"] == 'limit: "x\\xe9" is not an integer'
    assert UUID(refused.headers["x-error-id"]).version == 4


async def test_2026_refuses_in_both(ask: Any, turn: Any) -> None:
    """The body's code is the md5 of its message, the id is the header's."""
    await turn(dialect="2026")
    refused = await ask(UNKNOWN)
    assert refused.status_code == 404
    assert refused.json() == {
        "error": {
            "message": "record not found",
            "type": "WARNING",
            "code": hashlib.md5(b"record not found", usedforsecurity=False).hexdigest(),
            "error_id": refused.headers["x-error-id"],
        }
    }
    assert refused.headers["x-error"] == "record not found"


@pytest.mark.parametrize(
    ("dialect", "relations", "entity"),
    [("2023", {202}, {200}), ("2025", {200, 202}, {200, 202}), ("2026", {200}, {200})],
)
async def test_success_statuses(
    *, ask: Any, turn: Any, world: Any, dialect: str, relations: set[int], entity: set[int]
) -> None:
    """2023 accepts lists and serves entities; 2025 does either, always the same for one entity."""
    await turn(dialect=dialect)
    some = [one["id"] for one in world["entities"] if "public" in one["groups"]][:30]
    assert {(await ask(one)).status_code for one in some} == relations
    assert {(await ask(one, tail="")).status_code for one in some} == entity
    assert (await ask(some[0])).status_code == (await ask(some[0])).status_code


async def test_an_entity_by_id_is_its_row(ask: Any, turn: Any) -> None:
    """The row is the one that lists show; since 2025 it has more fields."""
    plain = (await ask(THREAT, tail="")).json()
    assert plain == (await ask(EXAMPLE)).json()["results"][0]
    await turn(dialect="2025")
    rich = (await ask(THREAT, tail="")).json()
    assert rich.keys() - plain.keys() == {
        "lastSeen", "bestReputation", "worstReputation", "visibleBy", "wellKnown",
    }  # fmt: skip
    assert rich["visibleBy"] == ["public"]


async def test_an_empty_id_and_an_unknown_path(ask: Any, client: httpx.AsyncClient) -> None:
    """An empty id is 400 in the upstream's words; a path it never had is its framework's 404."""
    empty = await ask("")
    assert (empty.status_code, empty.json()["error"]) == (400, "value cannot be empty")
    unknown = await client.get("/api/search/v1/associations", headers=BEARER)
    assert (unknown.status_code, unknown.text) == (404, "404 page not found")


@pytest.mark.parametrize(
    ("dialect", "status", "retry_after"), [("2023", 403, None), ("2025", 403, None), ("2026", 429, "45")]
)
async def test_the_quota_is_per_account_and_minute(
    *, ask: Any, turn: Any, clock: Any, dialect: str, status: int, retry_after: str | None
) -> None:
    """One call too many is throttled until the minute is over, others are not; only 2026 says how long."""
    await turn(dialect=dialect, requests_per_minute=2)
    assert (await ask(EXAMPLE)).is_success
    clock.pass_seconds(15)
    assert (await ask(EXAMPLE, tail="")).is_success
    throttled = await ask(EXAMPLE)
    assert (throttled.status_code, throttled.headers.get("retry-after")) == (status, retry_after)
    assert (await ask(EXAMPLE, token=QUANTFALL_TOKEN)).is_success
    clock.pass_seconds(44.9)
    assert (await ask(EXAMPLE)).status_code == status
    clock.pass_seconds(0.1)
    assert (await ask(EXAMPLE)).is_success


@pytest.mark.parametrize(("dialect", "text"), [("2023", "internal"), ("2026", "internal error")])
async def test_an_injected_error_is_worded_by_the_dialect(
    ask: Any, turn: Any, client: httpx.AsyncClient, dialect: str, text: str
) -> None:
    """From 500 on nothing is given away; the caller is known to the journal all the same."""
    await turn(dialect=dialect)
    await client.put("/_sandbox/faults", json=[{"match": EXAMPLE, "status": 500}])
    reply = await ask(EXAMPLE)
    error = reply.json()["error"]
    assert (reply.status_code, error if isinstance(error, str) else error["message"]) == (500, text)
    (call,) = (await client.get("/_sandbox/journal")).json()["calls"]
    assert (call["caller"], call["status"]) == ("demo", 500)
