"""Which authorizer signs for which credential."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.credential import CallerCredential, RefreshCredential, Scheme, StaticCredential
from connectors.errors import CredentialMissingError, InvalidParameterError
from connectors.ports import Vault
from connectors.runtime.auth import CallerAuthorizer, MissingAuthorizer, open_authorizer

SECOND = timedelta(seconds=5)


def open_none(credential: RefreshCredential) -> Vault:
    """Fail the test: there is no refresh token to keep."""
    raise AssertionError(credential)


@pytest.mark.parametrize(
    ("scheme", "value", "headers"),
    [
        (Scheme.BEARER, "abc.def", (("authorization", "Bearer abc.def"),)),
        (Scheme.KEY_PAIR, "key:se:cret", (("api-key", "key"), ("api-secret", "se:cret"))),
    ],
)
async def test_a_callers_credential_becomes_its_headers(
    scheme: Scheme, value: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """Each scheme has its headers; the secret of a pair may hold colons; nothing is renewed."""
    authorizer = CallerAuthorizer(scheme, value=value, identity="hash")
    assert await authorizer.headers(timeout=SECOND) == headers
    assert authorizer.identity == "hash"
    assert not await authorizer.renew(rejected=headers, timeout=SECOND)
    assert value not in repr(authorizer)
    await authorizer.aclose()


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        (Scheme.BEARER, ""),
        (Scheme.BEARER, "canary\r\nx-evil: 1"),
        (Scheme.BEARER, "canary two"),
        (Scheme.BEARER, "canaryé"),
        (Scheme.KEY_PAIR, "canary"),
        (Scheme.KEY_PAIR, ":canary"),
        (Scheme.KEY_PAIR, "canary:"),
        (Scheme.KEY_PAIR, "canary:a\x00b"),
    ],
)
def test_an_unfit_credential_is_the_callers_fault(scheme: Scheme, value: str) -> None:
    """It is refused by the name of the header it came in, and never quoted."""
    with pytest.raises(InvalidParameterError, match=str(scheme)) as caught:
        CallerAuthorizer(scheme, value=value, identity="hash")
    assert caught.value.field == "Upstream-Credentials"
    assert "canary" not in str(caught.value)


async def test_a_source_of_callers_has_no_credential_of_its_own(client: Any, clock: Any) -> None:
    """Where the caller should have brought one and did not, the outcome is no_credential."""
    authorizer = open_authorizer(CallerCredential(), client=client, open_vault=open_none, clock=clock)
    assert isinstance(authorizer, MissingAuthorizer)
    with pytest.raises(CredentialMissingError):
        await authorizer.headers(timeout=SECOND)
    assert not await authorizer.renew(rejected=(), timeout=SECOND)
    await authorizer.aclose()


async def test_a_static_credential_is_sent_as_it_is(client: Any, clock: Any) -> None:
    """The configured headers, under the configured identity."""
    credential = StaticCredential("me", headers=(("api-key", "k"), ("api-secret", "s")))
    authorizer = open_authorizer(credential, client=client, open_vault=open_none, clock=clock)
    assert await authorizer.headers(timeout=SECOND) == credential.headers
    assert authorizer.identity == "me"


async def test_a_refresh_credential_is_opened_with_its_endpoint_and_vault(
    upstreams: Any, client: Any, vault: Any, clock: Any
) -> None:
    """The whole chain works: endpoint, vault, header, one renewal, one close."""
    first = {"access_token": "a1", "expires_in": 3600, "refresh_token": "r1"}
    second = {"access_token": "a2", "expires_in": 3600, "refresh_token": "r2"}
    replies = [upstreams.reply(200, json.dumps(issue).encode()) for issue in (first, second)]
    there = await upstreams.say(*replies)
    credential = RefreshCredential("acc", there.url, "app", "canary-secret", "seed", "data:read")
    authorizer = open_authorizer(credential, client=client, open_vault=lambda _: vault, clock=clock)
    headers = await authorizer.headers(timeout=SECOND)
    assert headers == (("authorization", "Bearer a1"),)
    assert await authorizer.renew(rejected=headers, timeout=SECOND)
    assert await authorizer.headers(timeout=SECOND) == (("authorization", "Bearer a2"),)
    await authorizer.aclose()
    assert list(vault.kept) == ["acc"]
