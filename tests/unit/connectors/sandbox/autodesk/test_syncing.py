"""Tests of sync and its status."""

import base64
import json
from typing import Any

import pytest

from connectors.sandbox.autodesk import (
    BEARER_OF_ADMINISTRATOR,
    DEMO_ASSET,
    DEMO_ISSUE,
    HUB_ASSET,
    HUB_DOCUMENT,
    SECOND_CONTAINER,
)

MARC = {"bearer": BEARER_OF_ADMINISTRATOR}
SYNC = "relationships:sync"


async def sync_all(upstream: Any, body: dict[str, Any], **options: Any) -> tuple[list[str], list[str], str]:
    """Follow a sync to its end: ids added, ids deleted, the token to go on with."""
    current, deleted = [], []
    while True:
        reply = await upstream.post(SYNC, body, **options)
        current += [row["id"] for row in reply["current"]["data"]]
        deleted += [row["id"] for row in reply["deleted"]["data"]]
        body = {"syncToken": reply["nextSyncToken"]}
        if not reply["moreData"]:
            return current, deleted, reply["nextSyncToken"]


async def relate(upstream: Any) -> str:
    """Create one row between the demo asset and a form that it is not yet related to; give its id."""
    rows = await upstream.search_all(domain="autodesk-construction-form", type="form")
    near = {e["id"] for row in await upstream.search_all(**DEMO_ASSET._asdict()) for e in row["entities"]}
    form = next(e for row in rows for e in row["entities"] if e["type"] == "form" and e["id"] not in near)
    reply = await upstream.call(
        "PUT", "relationships", json=[{"entities": [DEMO_ASSET._asdict(), form]}], **MARC
    )
    return str(reply.json()[0]["id"])


async def test_bootstrap_is_every_live_row_then_changes_only(upstream: Any) -> None:
    """A full download has each live row once; afterwards only what was added or deleted comes."""
    current, deleted, token = await sync_all(upstream, {})
    live = [row["id"] for row in await upstream.world() if not row["isDeleted"]]
    assert sorted(current) == sorted(live)
    assert deleted == []
    assert (await sync_all(upstream, {"syncToken": token}))[:2] == ([], [])
    upstream.hands.advance(60)
    added = await relate(upstream)
    current, deleted, token = await sync_all(upstream, {"syncToken": token})
    assert (current, deleted) == ([added], [])
    upstream.hands.advance(60)
    await upstream.post("relationships:delete", [added], **MARC)
    assert (await sync_all(upstream, {"syncToken": token}))[:2] == ([], [added])


async def test_a_change_during_the_download_is_not_lost(upstream: Any) -> None:
    """A row delivered and then deleted while the download goes on is told as deleted at its end."""
    await upstream.switch(sync_page_size=2000)
    upstream.hands.advance(60)
    first = await upstream.post(SYNC, {})
    delivered = {row["id"] for row in first["current"]["data"]}
    near = await upstream.search_all(**HUB_ASSET._asdict(), withDomain="autodesk-construction-photo")
    victim = next(row["id"] for row in near if row["id"] in delivered and not row["isReadOnly"])
    await upstream.post("relationships:delete", [victim], **MARC)
    _, deleted, _ = await sync_all(upstream, {"syncToken": first["nextSyncToken"]})
    assert deleted == [victim]


async def test_filtered_bootstrap_and_late_filters(upstream: Any) -> None:
    """Domains narrow a full download for good; given with a token they are 400, or ignored by switch."""
    filters = {"filters": {"domains": ["autodesk-bim360-rfi"]}}
    current, _, token = await sync_all(upstream, filters)
    listed = await upstream.search_all(domain="autodesk-bim360-rfi")
    assert sorted(current) == sorted(row["id"] for row in listed)
    await relate(upstream)
    assert (await sync_all(upstream, {"syncToken": token}))[:2] == ([], [])
    late = {"syncToken": token, **filters}
    assert (await upstream.call("POST", SYNC, json=late)).status_code == 400
    await upstream.switch(filters_on_resume="ignore")
    assert (await upstream.call("POST", SYNC, json=late)).status_code == 200


async def test_a_search_token_keeps_its_filter(upstream: Any) -> None:
    """The token of a filtered search syncs that filter alone, from the newest row it had."""
    mine = (await upstream.search(**DEMO_ASSET._asdict()))["page"]["syncToken"]
    other = (await upstream.search(**HUB_DOCUMENT._asdict()))["page"]["syncToken"]
    added = await relate(upstream)
    assert (await sync_all(upstream, {"syncToken": mine}))[0] == [added]
    assert (await sync_all(upstream, {"syncToken": other}))[0] == []


async def test_the_token_looks_like_the_captured_one(upstream: Any) -> None:
    """The token is padded base64 of JSON with the captured keys, 5 ms younger than the newest row."""
    body = await upstream.search(**DEMO_ISSUE._asdict())
    token = json.loads(base64.b64decode(body["page"]["syncToken"]))
    assert {"LastModified", "Operation", "OriginalParameters", "VersionNumber"} <= set(token)
    assert token["OriginalParameters"]["OxygenId"] == "ines"
    assert token["LastModified"]["DateTime"][-2:] == "0Z"
    assert len(token["LastModified"]["DateTime"]) == len("2022-03-01T14:17:34.7868560Z")


async def test_expired_and_foreign_tokens_start_again_or_are_refused(upstream: Any) -> None:
    """A stale or foreign token gives a full download marked overwrite, or a 400 by switch."""
    token = (await upstream.search(**DEMO_ISSUE._asdict()))["page"]["syncToken"]
    await upstream.switch(sync_token_seconds=3600)
    fresh = await upstream.post(SYNC, {"syncToken": token})
    assert (fresh["overwrite"], fresh["current"]["data"]) == (False, [])
    foreign = await upstream.post(SYNC, {"syncToken": token}, **MARC)
    assert foreign["overwrite"] is True
    upstream.hands.advance(3601)
    stale = await upstream.post(SYNC, {"syncToken": token})
    assert (stale["overwrite"], len(stale["current"]["data"])) == (True, 6)
    again = await upstream.post(SYNC, {"syncToken": stale["nextSyncToken"]})
    assert (again["overwrite"], again["current"]["data"]) == (False, [])
    await upstream.switch(stale_sync="refuse")
    reply = await upstream.call("POST", SYNC, json={"syncToken": token})
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, "syncToken")


async def test_bootstrap_switches(upstream: Any) -> None:
    """By switch a full download says overwrite and lists deleted rows, without deletedOn, marked or not."""
    await upstream.switch(
        bootstrap_overwrites=True, bootstrap_lists_deleted=True, sync_marks_deleted=False, sync_page_size=900
    )
    reply = await upstream.post(SYNC, {}, container=SECOND_CONTAINER)
    assert reply["overwrite"] is True
    assert reply["deleted"]["data"]
    assert not any(row["isDeleted"] or "deletedOn" in row for row in reply["deleted"]["data"])


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"syncToken": "nonsense"},
        {"syncToken": "eyAibGFzdENoZWNrZWQiOiIyMDE5LTEwLTE4VDEyOjEwOjA3Ljc5NloiIH0="},
        {"syncToken": 7},
        {"filters": {"domains": []}},
        {"filters": {"domains": [7]}},
        {"filters": "all"},
    ],
)
async def test_bad_syncs_are_400(upstream: Any, body: Any) -> None:
    """What is no token of this server, or no list of 1 to 20 domains, is a BadInput."""
    reply = await upstream.call("POST", SYNC, json=body)
    assert (reply.status_code, reply.json()["type"]) == (400, "BadInput")


async def test_status_tells_per_token_and_keeps_failures_beside(upstream: Any) -> None:
    """Each token is told whether there is more; a bad one is an error entry inside the 200."""
    quiet = (await upstream.search(**DEMO_ISSUE._asdict()))["page"]["syncToken"]
    busy = (await upstream.search(**DEMO_ASSET._asdict()))["page"]["syncToken"]
    await relate(upstream)
    asked = [
        {"referenceId": "quiet", "syncToken": quiet},
        {"referenceId": "busy", "syncToken": busy},
        {"referenceId": "bad", "syncToken": "nonsense"},
    ]
    reply = await upstream.post("relationships:syncStatus", asked)
    told = [(entry["referenceId"], entry["moreData"], entry["overwrite"]) for entry in reply["results"]]
    assert told == [("quiet", False, False), ("busy", True, False)]
    assert [(error["referenceId"], error["type"]) for error in reply["errors"]] == [("bad", "BadInput")]


async def test_status_of_nothing_is_that_of_a_full_download(upstream: Any) -> None:
    """An empty list is answered for the caller: there is more, and the token given begins it."""
    reply = await upstream.post("relationships:syncStatus", [], container=SECOND_CONTAINER)
    assert set(reply) == {"results"}
    assert reply["results"][0]["moreData"] is True
    begun = await upstream.post(
        SYNC, {"syncToken": reply["results"][0]["syncToken"]}, container=SECOND_CONTAINER
    )
    assert len(begun["current"]["data"]) == 100
    bad = await upstream.call("POST", "relationships:syncStatus", json={})
    assert bad.status_code == 400


async def test_the_token_of_a_deleted_only_search_tells_of_deletions_only(upstream: Any) -> None:
    """Rows added are no part of a question about deleted ones."""
    only = {**DEMO_ASSET._asdict(), "includeDeleted": "true", "onlyDeleted": "true"}
    token = (await upstream.search(**only))["page"]["syncToken"]
    added, gone = await relate(upstream), await relate(upstream)
    await upstream.post("relationships:delete", [gone], **MARC)
    current, deleted, _ = await sync_all(upstream, {"syncToken": token})
    assert (current, added in deleted, gone in deleted) == ([], False, True)
