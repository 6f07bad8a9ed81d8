"""Tests of tokens, scopes, quota, containers, regions and content types, as every endpoint has them."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from connectors.sandbox.autodesk import (
    BEARER_OF_ADMINISTRATOR,
    BEARER_OF_MEMBER,
    BEARER_OF_OUTSIDER,
    BEARER_OF_UNPROVISIONED_APP,
    BEARER_WITHOUT_SCOPE,
    DEMO_ISSUE,
    EMEA_CONTAINER,
    SECOND_CONTAINER,
)

SEARCH = "relationships:search"
UNKNOWN_CONTAINER = "11111111-2222-3333-4444-555555555555"


async def test_bad_container_is_the_documented_400(upstream: Any) -> None:
    """A container called `testing` gives the reference page's 400 body word for word."""
    reply = await upstream.call("GET", SEARCH, container="testing")
    assert reply.status_code == 400
    assert reply.json() == {
        "type": "BadInput",
        "title": "One or more input values in the request were bad",
        "detail": "The following parameters are invalid: containerId",
        "errors": [
            {
                "field": "containerId",
                "title": "Invalid parameter",
                "detail": "The value 'testing' is not valid.",
                "type": "BadInput",
            }
        ],
    }


@pytest.mark.parametrize(
    ("bearer", "status", "code"),
    [
        (None, 401, "AUTH-006"),
        ("made-up", 401, "AUTH-006"),
        (BEARER_OF_UNPROVISIONED_APP, 403, "AUTH-001"),
        (BEARER_WITHOUT_SCOPE, 403, "AUTH-010"),
    ],
)
async def test_gateway_refusals(upstream: Any, bearer: str | None, status: int, code: str) -> None:
    """Unknown token, app without the API and missing scope have the gateway's body and code."""
    reply = await upstream.call("GET", SEARCH, bearer=bearer)
    assert reply.status_code == status
    assert set(reply.json()) == {"developerMessage", "userMessage", "errorCode", "more info"}
    assert reply.json()["errorCode"] == code


async def test_no_member_no_access(upstream: Any) -> None:
    """Who is not in the project gets the service's 403, and is served where they are a member."""
    reply = await upstream.call("GET", SEARCH, bearer=BEARER_OF_OUTSIDER)
    assert (reply.status_code, reply.json()["type"], reply.json()["errors"]) == (403, "Forbidden", [])
    own = await upstream.call("GET", SEARCH, bearer=BEARER_OF_OUTSIDER, container=SECOND_CONTAINER)
    assert own.status_code == 200


async def test_container_is_found_in_any_case(upstream: Any) -> None:
    """A container's GUID in capitals is the same container."""
    reply = await upstream.call("GET", SEARCH, container=SECOND_CONTAINER.upper())
    assert reply.status_code == 200


async def test_unknown_container_is_403_or_404(upstream: Any) -> None:
    """An unknown container is refused like a foreign one, or 404 by switch."""
    assert (await upstream.call("GET", SEARCH, container=UNKNOWN_CONTAINER)).status_code == 403
    await upstream.switch(unknown_container=404)
    reply = await upstream.call("GET", SEARCH, container=UNKNOWN_CONTAINER)
    assert (reply.status_code, reply.json()["type"]) == (404, "NotFound")


async def test_regions(upstream: Any) -> None:
    """The EMEA container wants its region named; a wrong region is the service's 403."""
    emea = {"container": EMEA_CONTAINER}
    assert (await upstream.call("GET", SEARCH, region="EMEA", **emea)).status_code == 200
    wrong = await upstream.call("GET", SEARCH, region="US", **emea)
    assert (wrong.status_code, wrong.json()["type"]) == (403, "Forbidden")
    omitted = await upstream.call("GET", SEARCH, **emea)
    assert (omitted.status_code, omitted.json()["errorCode"]) == (403, "AUTH-001")
    await upstream.switch(region_omitted="route")
    assert (await upstream.call("GET", SEARCH, **emea)).status_code == 200
    assert (await upstream.call("GET", SEARCH, region="US")).status_code == 200
    assert (await upstream.call("GET", SEARCH, region="EMEA")).status_code == 403


async def test_writable_wants_no_container_and_takes_any_region(upstream: Any) -> None:
    """The matrix of writable pairs is had with any region header and names asset-photo from both sides."""
    reply = await upstream.call("GET", "utility/relationships:writable", container=None, region="AUS")
    pairs = {
        (source["domain"], kind["entityType"], allowed["domain"], other)
        for source in reply.json()
        for kind in source["entityTypes"]
        for allowed in kind["allow"]
        for other in allowed["entityTypes"]
    }
    asset, photo = ("autodesk-bim360-asset", "asset"), ("autodesk-construction-photo", "photo")
    assert {(*asset, *photo), (*photo, *asset)} <= pairs
    refused = await upstream.call("GET", "utility/relationships:writable", container=None, bearer=None)
    assert refused.status_code == 401


async def test_quota_is_one_per_user_over_all_endpoints(upstream: Any) -> None:
    """120 calls a minute of one user, whichever endpoint and container; another user has an own quota."""
    await upstream.switch(requests_per_minute=120)
    few = {"params": DEMO_ISSUE._asdict()}
    statuses = [(await upstream.call("GET", SEARCH, **few)).status_code for _ in range(60)]
    statuses += [(await upstream.call("GET", SEARCH, container="testing")).status_code for _ in range(59)]
    matrix = await upstream.call("GET", "utility/relationships:writable", container=None)
    assert {*statuses, matrix.status_code} == {200, 400}
    upstream.hands.advance(35.5)
    over = await upstream.call("GET", SEARCH, **few)
    assert (over.status_code, over.json()) == (429, {"developerMessage": "Quota limit exceeded."})
    assert over.headers["retry-after"] == "25"
    assert over.headers["server"] == "Apigee Router"
    assert (await upstream.call("GET", SEARCH, bearer=BEARER_OF_ADMINISTRATOR, **few)).status_code == 200
    upstream.hands.advance(24.4)
    assert (await upstream.call("GET", SEARCH, **few)).status_code == 429
    upstream.hands.advance(0.1)
    assert (await upstream.call("GET", SEARCH, **few)).status_code == 200


async def test_retry_after_forms(upstream: Any) -> None:
    """Retry-After comes as a date or not at all, by switch; the date is never too early."""
    await upstream.switch(requests_per_minute=1, retry_after="date")
    await upstream.call("GET", SEARCH)
    over = await upstream.call("GET", SEARCH)
    assert 60 <= (parsedate_to_datetime(over.headers["retry-after"]) - upstream.hands()).total_seconds() < 61
    await upstream.switch(retry_after="omit")
    assert "retry-after" not in (await upstream.call("GET", SEARCH)).headers


async def test_posts_and_puts_must_say_json(upstream: Any) -> None:
    """A body of another content type is 415, an unreadable one 400; parameters of the type do no harm."""
    for method, path in (("POST", "relationships:batch"), ("PUT", "relationships")):
        url = f"/bim360/relationship/v2/containers/{SECOND_CONTAINER}/{path}"
        bearer = {"Authorization": f"Bearer {BEARER_OF_MEMBER}"}
        statuses = [
            (
                await upstream.http.request(
                    method, url, content=content, headers={**bearer, "Content-Type": kind}
                )
            ).status_code
            for content, kind in (
                (b"[]", "application/vnd.api+json"),
                (b"[]", "text/plain"),
                (b"[", "application/json"),
                (b"[]", "application/json; charset=utf-8"),
            )
        ]
        assert statuses == [415, 415, 400, 400]


async def test_accounts_by_switch(upstream: Any) -> None:
    """A token added by switch sees its own containers with its own scopes."""
    added = {"user": "zoe", "containers": [SECOND_CONTAINER], "scopes": ["data:read"]}
    await upstream.switch(accounts={"sandbox-bearer-of-zoe": added})
    zoe = {"bearer": "sandbox-bearer-of-zoe"}
    assert (await upstream.call("GET", SEARCH, container=SECOND_CONTAINER, **zoe)).status_code == 200
    assert (await upstream.call("GET", SEARCH, **zoe)).status_code == 403
    refused = await upstream.call("PUT", "relationships", json=[], container=SECOND_CONTAINER, **zoe)
    assert refused.json()["errorCode"] == "AUTH-010"


async def test_all_access_tokens_expire_at_once(upstream: Any) -> None:
    """Raising the generation voids every access token, those added by switch unless they are of it."""
    added = {"new": {"user": "ines", "containers": [SECOND_CONTAINER], "generation": 1}}
    await upstream.switch(access_token_generation=1, accounts=added)
    assert (await upstream.call("GET", SEARCH)).status_code == 401
    assert (await upstream.call("GET", SEARCH, container=SECOND_CONTAINER, bearer="new")).status_code == 200
    await upstream.switch(access_token_generation=0)
    assert (await upstream.call("GET", SEARCH)).status_code == 200


async def test_broken_container(upstream: Any) -> None:
    """A container broken by switch gives the service's 500."""
    await upstream.switch(broken_containers=[SECOND_CONTAINER])
    reply = await upstream.call("GET", SEARCH, container=SECOND_CONTAINER)
    assert (reply.status_code, reply.json()["type"]) == (500, "InternalServerError")


@pytest.mark.parametrize(
    ("status", "key"),
    [(400, "errors"), (401, "errorCode"), (403, "errors"), (429, "developerMessage"), (503, "errors")],
)
async def test_injected_statuses_have_the_upstreams_own_bodies(upstream: Any, status: int, key: str) -> None:
    """A fault that only names a status is told in the body that this upstream has for it."""
    await upstream.fault(match="", status=status)
    reply = await upstream.call("GET", SEARCH)
    assert reply.status_code == status
    assert key in reply.json()


async def test_journal_names_callers_and_what_they_asked(upstream: Any) -> None:
    """The journal labels calls with their user, faulted ones too, and lists entities, never tokens."""
    await upstream.call("GET", SEARCH, params={**DEMO_ISSUE._asdict(), "pageLimit": "1"}, region="US")
    await upstream.fault(match="", status=500)
    await upstream.call("GET", SEARCH, bearer=BEARER_OF_ADMINISTRATOR)
    asked, faulted = await upstream.journal()
    assert asked["caller"] == "ines"
    assert asked["nodes"] == [f"{DEMO_ISSUE.domain}:issue:{DEMO_ISSUE.id}"]
    assert asked["headers"]["x-ads-region"] == "US"
    assert (faulted["caller"], faulted["status"]) == ("marc", 500)
    assert BEARER_OF_MEMBER not in str(asked)
