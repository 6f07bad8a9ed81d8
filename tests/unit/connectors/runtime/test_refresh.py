"""OAuth refresh with rotation, against an endpoint that voids every refresh token on its first use."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectors.credential import RefreshCredential
from connectors.errors import SourceDeniedError, SourceUnavailableError
from connectors.runtime.refresh import RefreshGrant
from connectors.runtime.token_endpoint import TokenEndpoint


class Rotating:
    """A token endpoint where each refresh token is good once; tokens are numbered."""

    def __init__(self, upstreams: Any, *seeds: str) -> None:
        self.upstreams = upstreams
        self.valid = set(seeds)
        self.used: list[str] = []
        self.scopes: list[str | None] = []
        self.journal: list[str] = []
        self.rotates = True

    async def serve(self, seen: Any, writer: asyncio.StreamWriter) -> None:
        """Answer as RFC 6749 says."""
        form = dict(parse_qsl(seen.body.decode()))
        spent = form["refresh_token"]
        self.scopes.append(form.get("scope"))
        self.journal.append("refresh")
        if spent not in self.valid:
            writer.write(self.upstreams.reply(400, b'{"error":"invalid_grant"}'))
            return
        self.used.append(spent)
        number = len(self.used)
        issue: dict[str, Any] = {"access_token": f"a{number}", "expires_in": 3600}
        if self.rotates:
            self.valid = (self.valid - {spent}) | {f"r{number}"}
            issue["refresh_token"] = f"r{number}"
        writer.write(self.upstreams.reply(200, json.dumps(issue).encode()))


@pytest.fixture
async def rotating(upstreams: Any) -> Any:
    """Give a started endpoint that knows two seeds."""
    endpoint = Rotating(upstreams, "seed-one", "seed-two")
    started = await upstreams.start(endpoint.serve)
    endpoint.url = started.url  # type: ignore[attr-defined]
    return endpoint


@pytest.fixture
def worker(rotating: Any, client: Any, vault: Any, clock: Any) -> Any:
    """Give a function that makes one worker's grant; all workers share the vault."""

    def make(*, seed: str = "seed-one", scope: str = "data:read") -> RefreshGrant:
        credential = RefreshCredential("acc", rotating.url, "app", None, seed, scope)
        endpoint = TokenEndpoint(client, url=rotating.url, client_id="app", client_secret=None, clock=clock)
        return RefreshGrant(credential, endpoint=endpoint, vault=vault, clock=clock)

    return make


async def test_the_fleet_shares_one_access_token(worker: Any, rotating: Any) -> None:
    """Ten workers that start at once refresh once, and all have the same token."""
    workers = [worker() for _ in range(10)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.obtain(rejected=None)) for each in workers]
    assert {task.result().value for task in tasks} == {"a1"}
    assert rotating.used == ["seed-one"]


async def test_each_refresh_uses_the_newest_token(worker: Any, rotating: Any, clock: Any) -> None:
    """Workers take turns over hours, and the chain never breaks."""
    one, other = worker(), worker()
    for each in (one, other, other, one):
        await each.obtain(rejected=None)
        clock.advance(3600)
    assert rotating.used == ["seed-one", "r1", "r2", "r3"]
    assert set(rotating.scopes) == {"data:read"}


async def test_a_rejected_token_is_refreshed_unless_another_worker_did(worker: Any, rotating: Any) -> None:
    """After a 401 for a1 the first worker refreshes, the second takes a2 from the vault."""
    one, other = worker(), worker()
    assert (await one.obtain(rejected=None)).value == "a1"
    assert (await one.obtain(rejected="a1")).value == "a2"
    assert (await other.obtain(rejected="a1")).value == "a2"
    assert rotating.used == ["seed-one", "r1"]


async def test_the_new_token_is_stored_before_anything_is_used(
    worker: Any, rotating: Any, vault: Any
) -> None:
    """Within one hold: refresh, store, and only then the token is given out."""
    rotating.journal = vault.journal
    await worker().obtain(rejected=None)
    assert vault.journal == ["hold", "refresh", "store", "let go"]
    kept = json.loads(vault.kept["acc"])
    assert (kept["refresh_token"], kept["access_token"]) == ("r1", "a1")
    assert "seed-one" not in vault.kept["acc"]


async def test_a_newly_configured_token_begins_a_new_chain(worker: Any, rotating: Any) -> None:
    """The vault's chain wins over the token it descends from, and not over another."""
    await worker().obtain(rejected=None)
    assert (await worker(seed="seed-two").obtain(rejected=None)).value == "a2"
    assert rotating.used == ["seed-one", "seed-two"]


async def test_a_spent_chain_is_denied(worker: Any, rotating: Any, vault: Any) -> None:
    """When the endpoint knows the token no more, the operator has to log in again."""
    rotating.valid = set()
    with pytest.raises(SourceDeniedError, match="invalid_grant"):
        await worker().obtain(rejected=None)
    assert vault.kept == {}


async def test_an_endpoint_that_does_not_rotate_keeps_its_token(
    worker: Any, rotating: Any, clock: Any
) -> None:
    """Without a new refresh token the old one stays the newest; an empty scope is not sent."""
    rotating.rotates = False
    grant = worker(scope="")
    await grant.obtain(rejected=None)
    clock.advance(3600)
    await grant.obtain(rejected=None)
    assert rotating.used == ["seed-one", "seed-one"]
    assert rotating.scopes == [None, None]


async def test_a_token_that_could_not_be_stored_is_not_lost(worker: Any, rotating: Any, vault: Any) -> None:
    """It is not used before it is stored, but stored as soon as that works, without another refresh."""
    grant = worker()
    vault.broken = True
    for _ in range(2):
        with pytest.raises(SourceUnavailableError, match="refresh token cannot be used"):
            await grant.obtain(rejected=None)
    vault.broken = False
    assert (await grant.obtain(rejected=None)).value == "a1"
    assert rotating.used == ["seed-one"]
    assert json.loads(vault.kept["acc"])["refresh_token"] == "r1"


@pytest.mark.parametrize("text", ["", "{}", "canary", '{"seed":1}'])
async def test_an_unreadable_vault_is_told_and_replaced(
    worker: Any, vault: Any, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """What nobody can read cannot be refreshed from; the log says so without quoting it."""
    vault.kept["acc"] = text
    with caplog.at_level(logging.WARNING, logger="connectors"):
        assert (await worker().obtain(rejected=None)).value == "a1"
    assert "unreadable" in caplog.text
    assert "canary" not in caplog.text


async def test_a_token_is_shared_until_a_minute_before_it_expires(
    worker: Any, rotating: Any, clock: Any
) -> None:
    """Another worker uses the kept access token for 59 minutes."""
    await worker().obtain(rejected=None)
    clock.advance(3539)
    shared = await worker().obtain(rejected=None)
    assert shared.fresh_until - clock.now() == timedelta(seconds=1)
    clock.advance(1)
    assert (await worker().obtain(rejected=None)).value == "a2"
    assert rotating.used == ["seed-one", "r1"]
