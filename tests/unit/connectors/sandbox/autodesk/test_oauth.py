"""Tests of the token endpoint."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.sandbox.autodesk import (
    CLIENT_ID,
    CLIENT_KEY,
    DEMO_CONTAINER,
    REFRESH_OF_MEMBER,
    SECOND_CONTAINER,
)

TOKEN_PATH = "/authentication/v2/token"
BASIC = (CLIENT_ID, CLIENT_KEY)
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCOUNT_ID = "SANDBOXACCOUNT1"
OFFICIAL = "https://developer.api.autodesk.com/authentication/v2/token"


def refresh_form(refresh: str = REFRESH_OF_MEMBER, **more: str) -> dict[str, str]:
    """Give the form of a refresh."""
    return {"grant_type": "refresh_token", "refresh_token": refresh, **more}


async def grant(upstream: Any, form: dict[str, str], *, auth: Any = BASIC) -> Any:
    """Ask for a token."""
    return await upstream.http.post(TOKEN_PATH, data=form, auth=auth)


async def test_refresh_gives_a_working_pair_and_voids_the_old_one(upstream: Any) -> None:
    """Each refresh token works once; the access token of the reply is accepted as that user's."""
    first = await grant(upstream, refresh_form())
    assert first.status_code == 200
    assert (first.json()["token_type"], first.json()["expires_in"]) == ("Bearer", 3599)
    served = await upstream.call("GET", "relationships:search", bearer=first.json()["access_token"])
    assert served.status_code == 200
    again = await grant(upstream, refresh_form())
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    second = await grant(upstream, refresh_form(first.json()["refresh_token"]))
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first.json()["refresh_token"]


async def test_the_journal_counts_refreshes_without_secrets(upstream: Any) -> None:
    """The journal shows each refresh with its status and user, and neither token nor key."""
    await grant(upstream, refresh_form())
    await grant(upstream, refresh_form())
    calls = await upstream.journal()
    told = [(call["path"], call["status"], call["caller"]) for call in calls]
    assert told == [(TOKEN_PATH, 200, "ines"), (TOKEN_PATH, 400, None)]
    assert REFRESH_OF_MEMBER not in str(calls)


async def test_client_authenticates_by_header_or_body_but_not_both(upstream: Any) -> None:
    """Body fields do as well as HTTP Basic; both are a 400, and so the refresh token is not spent."""
    in_body = {"client_id": CLIENT_ID, "client_secret": CLIENT_KEY}
    both = await grant(upstream, refresh_form(**in_body))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    for auth in ((CLIENT_ID, "wrong"), ("unknown", CLIENT_KEY), None):
        wrong = await grant(upstream, refresh_form(), auth=auth)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await grant(upstream, refresh_form(**in_body), auth=None)).status_code == 200


async def test_access_tokens_live_as_long_as_told(upstream: Any) -> None:
    """An access token is refused once expires_in seconds have passed."""
    await upstream.switch(access_token_seconds=10)
    reply = (await grant(upstream, refresh_form())).json()
    assert reply["expires_in"] == 10
    upstream.hands.advance(9.9)
    search = {"bearer": reply["access_token"]}
    assert (await upstream.call("GET", "relationships:search", **search)).status_code == 200
    upstream.hands.advance(0.1)
    assert (await upstream.call("GET", "relationships:search", **search)).status_code == 401


async def test_a_refresh_helps_after_all_tokens_expired(upstream: Any) -> None:
    """A token minted after a mass expiry is good, one from before is not."""
    old = (await grant(upstream, refresh_form())).json()
    await upstream.switch(access_token_generation=1)
    assert (await upstream.call("GET", "relationships:search", bearer=old["access_token"])).status_code == 401
    new = (await grant(upstream, refresh_form(old["refresh_token"]))).json()
    assert (await upstream.call("GET", "relationships:search", bearer=new["access_token"])).status_code == 200


async def test_scope_may_be_narrowed_not_widened(upstream: Any) -> None:
    """A refresh may ask for a subset of the scopes; the session keeps the full set."""
    wider = await grant(upstream, refresh_form(scope="data:read account:write"))
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    narrow = (await grant(upstream, refresh_form(scope="data:read"))).json()
    refused = await upstream.call("PUT", "relationships", json=[], bearer=narrow["access_token"])
    assert refused.json()["errorCode"] == "AUTH-010"
    full = (await grant(upstream, refresh_form(narrow["refresh_token"]))).json()
    allowed = await upstream.call("PUT", "relationships", json=[], bearer=full["access_token"])
    assert allowed.json()["type"] == "BadInput"


async def test_refresh_tokens_by_switch_belong_to_their_client(upstream: Any) -> None:
    """A refresh token of another client is refused to this one."""
    entry = {"user": "zoe", "containers": [DEMO_CONTAINER], "client_id": "other-client"}
    await upstream.switch(refresh_tokens={"sandbox-refresh-of-zoe": entry})
    assert (await grant(upstream, refresh_form("sandbox-refresh-of-zoe"))).status_code == 400
    theirs = await grant(upstream, refresh_form("sandbox-refresh-of-zoe"), auth=("other-client", CLIENT_KEY))
    assert theirs.status_code == 200


async def test_other_grants_and_bodies_are_refused(upstream: Any) -> None:
    """Two-legged tokens are not to be had here, and the body must be a form."""
    two_legged = await grant(upstream, {"grant_type": "client_credentials"})
    assert (two_legged.status_code, two_legged.json()["error"]) == (400, "unsupported_grant_type")
    as_json = await upstream.http.post(TOKEN_PATH, json=refresh_form(), auth=BASIC)
    assert as_json.status_code == 400


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """Make one key pair for all assertions."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


async def register(upstream: Any, key: rsa.RSAPrivateKey) -> None:
    """Register the service account's public key."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    account = {"key_id": "k1", "public_key_pem": pem.decode(), "client_id": CLIENT_ID, "user": "ines"}
    await upstream.switch(service_accounts={ACCOUNT_ID: account})


def assertion(upstream: Any, key: Any, *, kid: str = "k1", lifetime: float = 300, **claims: Any) -> str:
    """Sign an assertion, some claims of which may be replaced."""
    payload = {
        "iss": CLIENT_ID,
        "sub": ACCOUNT_ID,
        "aud": OFFICIAL,
        "exp": int(upstream.hands().timestamp() + lifetime),
        "scope": ["data:read"],
        **claims,
    }
    return jwt.encode(payload, key, algorithm="RS256", headers={"kid": kid})


@pytest.mark.parametrize("audience", [OFFICIAL, f"http://sandbox.test{TOKEN_PATH}"])
async def test_service_account_acts_as_its_user(upstream: Any, key: rsa.RSAPrivateKey, audience: str) -> None:
    """A signed assertion buys an access token without refresh token, limited to the scopes asserted."""
    await register(upstream, key)
    signed = assertion(upstream, key, aud=audience)
    reply = await grant(upstream, {"grant_type": JWT_BEARER, "assertion": signed})
    assert reply.status_code == 200, reply.text
    assert "refresh_token" not in reply.json()
    bearer = {"bearer": reply.json()["access_token"]}
    assert (await upstream.call("GET", "relationships:search", **bearer)).status_code == 200
    assert (await upstream.call("PUT", "relationships", json=[], **bearer)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "someone"},
        {"sub": "unknown"},
        {"aud": "https://elsewhere.example/token"},
        {"kid": "k2"},
        {"lifetime": 302},
        {"lifetime": -1},
        {"scope": []},
        {"scope": None},
    ],
)
async def test_assertions_must_be_right_in_everything(
    upstream: Any, key: rsa.RSAPrivateKey, wrong: dict[str, Any]
) -> None:
    """A wrong issuer, account, audience, key id or lifetime, or no scope, is a 400."""
    await register(upstream, key)
    signed = assertion(upstream, key, **wrong)
    reply = await grant(upstream, {"grant_type": JWT_BEARER, "assertion": signed})
    assert reply.status_code == 400


async def test_assertions_must_be_signed_by_the_registered_key(upstream: Any, key: rsa.RSAPrivateKey) -> None:
    """Another key's signature, another algorithm and plain nonsense are refused."""
    await register(upstream, key)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(assertion(upstream, key), options={"verify_signature": False})
    hmac = jwt.encode(claims, "a shared key of sufficient length, 32 bytes", headers={"kid": "k1"})
    for signed in (assertion(upstream, other), hmac, "nonsense", ""):
        reply = await grant(upstream, {"grant_type": JWT_BEARER, "assertion": signed})
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")


async def test_a_service_account_may_have_containers_of_its_own(
    upstream: Any, key: rsa.RSAPrivateKey
) -> None:
    """A registration that lists containers opens those and no others."""
    await register(upstream, key)
    registered = (await upstream.http.get("/_sandbox/switches")).json()["service_accounts"][ACCOUNT_ID]
    own = {**registered, "containers": [SECOND_CONTAINER]}
    await upstream.switch(service_accounts={ACCOUNT_ID: own})
    form = {"grant_type": JWT_BEARER, "assertion": assertion(upstream, key)}
    bearer = (await grant(upstream, form)).json()["access_token"]
    statuses = [
        (await upstream.call("GET", "relationships:search", bearer=bearer, container=name)).status_code
        for name in (SECOND_CONTAINER, DEMO_CONTAINER)
    ]
    assert statuses == [200, 403]


async def test_the_token_endpoint_has_a_quota_of_its_own(upstream: Any) -> None:
    """A client gets 500 answers a minute, good or bad; then a 429."""
    statuses = [(await grant(upstream, {"grant_type": "none"})).status_code for _ in range(501)]
    assert (statuses.count(400), statuses[-1]) == (500, 429)


async def test_an_unreadable_basic_header_is_no_client(upstream: Any) -> None:
    """What is no base64 after `Basic` is a 401."""
    headers = {"Authorization": "Basic ***"}
    reply = await upstream.http.post(TOKEN_PATH, data=refresh_form(), headers=headers)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
