"""Service accounts: the assertion, and what it is exchanged for."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from connectors.credential import ServiceAccountCredential
from connectors.errors import ConfigurationError
from connectors.runtime.auth import open_authorizer
from connectors.runtime.service_account import ServiceAccountGrant
from connectors.runtime.token_endpoint import TokenEndpoint

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def make_grant(client: Any, url: str, clock: Any, *, key: str = PEM) -> ServiceAccountGrant:
    """Make a grant at a scripted upstream."""
    credential = ServiceAccountCredential(
        "acc", url, "app", "canary-secret", "account-1", "key-1", key, "data:read data:write"
    )
    endpoint = TokenEndpoint(client, url=url, client_id="app", client_secret="canary-secret", clock=clock)
    return ServiceAccountGrant(credential, endpoint=endpoint, clock=clock)


async def test_a_signed_assertion_is_exchanged_for_a_token(upstreams: Any, client: Any, clock: Any) -> None:
    """The form, the header and the claims are those the upstream's documentation lists, no others."""
    issue = {"access_token": "canary-access", "expires_in": 3599, "token_type": "Bearer"}
    there = await upstreams.say(upstreams.reply(200, json.dumps(issue).encode()))
    token = await make_grant(client, f"{there.url}/token", clock).obtain(rejected="old")
    (seen,) = there.seen
    form = dict(parse_qsl(seen.body.decode()))
    assertion = form.pop("assertion")
    assert form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "scope": "data:read data:write",
    }
    assert seen.headers["authorization"].startswith("Basic ")
    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
    claims = jwt.decode(
        assertion, KEY.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_aud": False}
    )
    expires_in = claims.pop("exp") - clock.now().timestamp()
    assert 0 < expires_in <= 300
    assert claims == {
        "iss": "app",
        "sub": "account-1",
        "aud": f"{there.url}/token",
        "scope": ["data:read", "data:write"],
    }
    assert token.value == "canary-access"
    assert (token.fresh_until - clock.now()).total_seconds() == 3539


@pytest.mark.parametrize(
    "key",
    [
        "canary",
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    ],
    ids=["no key", "a public key", "a key of another kind"],
)
def test_a_key_that_cannot_sign_stops_the_start(client: Any, clock: Any, key: str) -> None:
    """A wrong key is found before the first call, and is not quoted."""
    with pytest.raises(ConfigurationError, match="no RSA key in PEM form") as caught:
        make_grant(client, "http://127.0.0.1:1/token", clock, key=key)
    assert "canary" not in str(caught.value)


async def test_a_service_accounts_credential_is_opened_with_its_endpoint(
    upstreams: Any, client: Any, clock: Any
) -> None:
    """The authorizer sends the exchanged token, and no vault is opened for it."""
    opened: list[Any] = []
    issue = {"access_token": "a1", "expires_in": 3599}
    there = await upstreams.say(upstreams.reply(200, json.dumps(issue).encode()))
    credential = ServiceAccountCredential(
        "acc", there.url, "app", "s", "account-1", "key-1", PEM, "data:read"
    )
    authorizer = open_authorizer(credential, client=client, open_vault=opened.append, clock=clock)
    headers = await authorizer.headers(timeout=timedelta(seconds=5))
    assert (headers, authorizer.identity) == ((("authorization", "Bearer a1"),), "acc")
    assert opened == []
