"""The token endpoint over real HTTP on loopback."""

import asyncio
import json
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectors.errors import (
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.runtime.token_endpoint import TokenEndpoint

SECRET = "canary-secret"
FORM = {"grant_type": "refresh_token", "refresh_token": "canary-refresh"}
GOOD = {"access_token": "canary-access", "expires_in": 3599, "token_type": "Bearer", "extra": None}


def make_endpoint(client: Any, url: str, clock: Any, *, secret: str | None = SECRET) -> TokenEndpoint:
    """Make an endpoint at a scripted upstream."""
    return TokenEndpoint(client, url=f"{url}/token", client_id="app", client_secret=secret, clock=clock)


async def test_a_confidential_client_signs_by_basic_only(upstreams: Any, client: Any, clock: Any) -> None:
    """Id and secret travel in the header, and neither is in the body."""
    there = await upstreams.say(upstreams.reply(200, json.dumps(GOOD).encode()))
    issued = await make_endpoint(client, there.url, clock).issue(FORM)
    (seen,) = there.seen
    assert (seen.method, seen.target) == ("POST", "/token")
    assert seen.headers["authorization"] == f"Basic {b64encode(b'app:canary-secret').decode()}"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(seen.body.decode())) == FORM
    assert (issued.access_token, issued.lifetime) == ("canary-access", timedelta(seconds=3599))
    assert issued.refresh_token is None
    assert "canary" not in repr(issued)


async def test_a_public_client_names_itself_in_the_body_only(upstreams: Any, client: Any, clock: Any) -> None:
    """Without a secret there is no Basic header."""
    there = await upstreams.say(upstreams.reply(200, json.dumps(GOOD).encode()))
    await make_endpoint(client, there.url, clock, secret=None).issue(FORM)
    (seen,) = there.seen
    assert "authorization" not in seen.headers
    assert dict(parse_qsl(seen.body.decode())) == FORM | {"client_id": "app"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            400,
            b'{"error":"invalid_grant","error_description":"canary"}',
            SourceDeniedError,
            "400, invalid_grant$",
        ),
        (401, b'{"error":"canary"}', SourceDeniedError, "status 401$"),
        (403, b"<html>canary", SourceDeniedError, "status 403$"),
        (429, b"", SourceThrottledError, "status 429$"),
        (500, b"canary", SourceUnavailableError, "status 500$"),
        (408, b"", SourceUnavailableError, "status 408$"),
        (302, b"", SourceContractError, "status 302$"),
    ],
)
async def test_each_refusal_has_its_kind(  # noqa: PLR0917 - a table's columns beside the fixtures
    upstreams: Any, client: Any, clock: Any, status: int, body: bytes, kind: type[SourceError], words: str
) -> None:
    """The status decides; only OAuth's own words are repeated."""
    there = await upstreams.say(upstreams.reply(status, body, retry_after="9", location="/elsewhere"))
    with pytest.raises(kind, match=words) as caught:
        await make_endpoint(client, there.url, clock).issue(FORM)
    assert "canary" not in str(caught.value)
    assert getattr(caught.value, "retry_after", None) == (timedelta(seconds=9) if status == 429 else None)
    assert len(there.seen) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"<html>", r"\$"),
        (b"[" * 100_000, r"\$"),
        (b"[]", r"\$"),
        (json.dumps(GOOD | {"access_token": "canary\r\nx: y"}).encode(), r"\$\.access_token"),
        (json.dumps(GOOD | {"access_token": "canary\n"}).encode(), r"\$\.access_token"),
        (json.dumps(GOOD | {"access_token": ["canary"]}).encode(), r"\$\.access_token"),
        (json.dumps(GOOD | {"expires_in": 0}).encode(), r"\$\.expires_in"),
        (json.dumps(GOOD | {"expires_in": 1e300}).encode(), r"\$\.expires_in"),
        (json.dumps(GOOD | {"refresh_token": ""}).encode(), r"\$\.refresh_token"),
        (b'{"access_token":"canary"}', r"\$\.expires_in"),
    ],
)
async def test_what_is_no_token_is_a_broken_contract(
    upstreams: Any, client: Any, clock: Any, body: bytes, path: str
) -> None:
    """The path says what is wrong; the value is not told."""
    there = await upstreams.say(upstreams.reply(200, body))
    with pytest.raises(SourceContractError, match=f"^{path}: ") as caught:
        await make_endpoint(client, there.url, clock).issue(FORM)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_an_endpoint_that_does_not_reply_is_given_up(upstreams: Any, client: Any, clock: Any) -> None:
    """Whoever refreshes holds the vault for a bounded time."""

    async def silent(seen: Any, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    there = await upstreams.start(silent)
    endpoint = TokenEndpoint(
        client,
        url=there.url,
        client_id="app",
        client_secret=None,
        clock=clock,
        timeout=timedelta(seconds=0.05),
    )
    with pytest.raises(SourceTimeoutError, match="token endpoint"):
        await endpoint.issue(FORM)
