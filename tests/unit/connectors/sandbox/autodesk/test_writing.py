"""Tests of creating and deleting relationships."""

from typing import Any

import pytest

from connectors.sandbox.autodesk import BEARER_OF_ADMINISTRATOR, BEARER_OF_OUTSIDER, DEMO_ASSET, DEMO_ISSUE
from connectors.sandbox.autodesk.row import Entity

FREE_ID = "12345678-90ab-cdef-1234-567890abcdef"
MARC = {"bearer": BEARER_OF_ADMINISTRATOR}


def wish(one: Entity, other: Entity, **more: Any) -> dict[str, Any]:
    """Give one relationship to create."""
    return {"entities": [one._asdict(), other._asdict()], **more}


async def put(upstream: Any, *wishes: Any, **options: Any) -> Any:
    """Create relationships, as the administrator unless told."""
    return await upstream.call("PUT", "relationships", json=list(wishes), **{**MARC, **options})


async def photos(upstream: Any) -> list[Entity]:
    """Give the photos that the demo asset is not related to."""
    rows = await upstream.world()
    ends = [[Entity(e["domain"], e["type"], e["id"]) for e in row["entities"]] for row in rows]
    near = {end for pair in ends if DEMO_ASSET in pair for end in pair}
    found = {end for pair in ends for end in pair if end.type == "photo"}
    return sorted(found - near)


async def test_created_rows_are_found_afterwards(upstream: Any) -> None:
    """A created row has the server's or the caller's id and shows in searches from both ends."""
    one, two = (await photos(upstream))[:2]
    reply = await put(upstream, wish(DEMO_ASSET, one), wish(two, DEMO_ASSET, id=FREE_ID))
    assert reply.status_code == 200
    first, second = reply.json()
    assert second["id"] == FREE_ID
    assert first["createdOn"] == "2026-03-02T09:00:00.250000+00:00"
    assert (first["isService"], first["isReadOnly"], first["isDeleted"]) == (False, False, False)
    listed = await upstream.search_all(**one._asdict(), createdAfter="2026-03-01T00:00:00Z")
    assert [row["id"] for row in listed] == [first["id"]]
    asset_side = [row["id"] for row in await upstream.search_all(**DEMO_ASSET._asdict())]
    assert asset_side[-2:] == sorted([first["id"], second["id"]])


async def test_created_entities_may_lack_dates(upstream: Any) -> None:
    """By switch the reply to a creation leaves out the entities' dates, as one tutorial shows."""
    await upstream.switch(created_entities_dated=False)
    reply = await put(upstream, wish(DEMO_ASSET, (await photos(upstream))[0]))
    assert all("createdOn" not in end for end in reply.json()[0]["entities"])


async def test_ids_in_use_conflict_beside_success(upstream: Any) -> None:
    """A taken id or a pair given a second id is a 409 that names the stored row and what was created."""
    one, two, three = (await photos(upstream))[:3]
    stored = (await put(upstream, wish(DEMO_ASSET, one, id=FREE_ID))).json()[0]
    other_id = FREE_ID.replace("1", "2")
    reply = await put(
        upstream,
        wish(DEMO_ASSET, two, id=FREE_ID),
        wish(one, DEMO_ASSET, id=other_id),
        wish(DEMO_ASSET, three),
    )
    assert reply.status_code == 409
    assert [row["entities"][1]["id"] for row in reply.json()["success"]] == [three.id]
    assert reply.json()["conflict"] == [
        {"id": FREE_ID, "actual": stored},
        {"id": other_id, "actual": stored},
    ]


async def test_a_retry_with_the_same_id_conflicts(upstream: Any) -> None:
    """Sending the same creation twice is a 409; by switch the empty success list is left out."""
    again = wish(DEMO_ASSET, (await photos(upstream))[0], id=FREE_ID)
    assert (await put(upstream, again)).status_code == 200
    reply = await put(upstream, again)
    assert (reply.status_code, reply.json()["success"]) == (409, [])
    await upstream.switch(empty_success="omit")
    assert "success" not in (await put(upstream, again)).json()


async def test_an_existing_pair_without_id_is_as_switched(upstream: Any) -> None:
    """Creating a live pair again returns the stored row, or conflicts by switch."""
    again = wish(DEMO_ASSET, (await photos(upstream))[0])
    first = (await put(upstream, again)).json()
    assert (await put(upstream, again)).json() == first
    await upstream.switch(existing_pair="conflict")
    assert (await put(upstream, again)).status_code == 409


async def test_deleting_keeps_the_row_and_a_new_one_may_follow(upstream: Any) -> None:
    """Delete is soft and happens once; the pair may be created anew, or revived by switch."""
    again = wish(DEMO_ASSET, (await photos(upstream))[0])
    first = (await put(upstream, again)).json()[0]["id"]
    upstream.hands.advance(60)
    deleted = await upstream.post("relationships:delete", [first, FREE_ID], **MARC)
    assert deleted == {"deleted": [first]}
    assert await upstream.post("relationships:delete", [first], **MARC) == {"deleted": []}
    row = (await upstream.call("GET", f"relationships/{first}")).json()
    assert (row["isDeleted"], row["deletedOn"]) == (True, "2026-03-02T09:01:00.250000+00:00")
    second = (await put(upstream, again)).json()[0]["id"]
    assert second != first
    await upstream.post("relationships:delete", [second], **MARC)
    await upstream.switch(deleted_pair="revive")
    assert (await put(upstream, again)).json()[0]["id"] == first


async def test_unknown_ids_in_a_delete_may_be_refused(upstream: Any) -> None:
    """By switch an unknown id makes the whole delete a 404."""
    await upstream.switch(unknown_in_delete="refuse")
    reply = await upstream.call("POST", "relationships:delete", json=[FREE_ID], **MARC)
    assert reply.status_code == 404


async def test_rows_read_only_for_the_caller_are_not_deleted(upstream: Any) -> None:
    """A row whose entities the caller may not write, or a service's row, is a 403 and stays."""
    rows = [row for row in await upstream.search_all(**DEMO_ASSET._asdict()) if row["isReadOnly"]]
    reply = await upstream.call("POST", "relationships:delete", json=[rows[0]["id"]])
    assert reply.status_code == 403
    assert not (await upstream.call("GET", f"relationships/{rows[0]['id']}")).json()["isDeleted"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "relationships"),
        ([], "relationships"),
        ([{"entities": []}] * 21, "relationships"),
        ([{"entities": [DEMO_ISSUE._asdict()]}], "[0].entities"),
        ([wish(DEMO_ISSUE, DEMO_ISSUE)], "[0].entities"),
        ([wish(DEMO_ISSUE, DEMO_ASSET, id="x")], "[0].id"),
        ([{"entities": [DEMO_ISSUE._asdict(), {"domain": "d"}]}], "[0].entities[1].type"),
        ([{"entities": [DEMO_ISSUE._asdict(), "photo"]}], "[0].entities[1]"),
    ],
)
async def test_bad_creations_are_400_by_name(upstream: Any, body: Any, field: str) -> None:
    """1 to 20 rows of two different whole entities each; else a BadInput naming the place."""
    reply = await upstream.call("PUT", "relationships", json=body)
    assert reply.status_code == 400
    assert field in [error["field"] for error in reply.json()["errors"]]


async def test_pairs_entities_and_access_are_checked_before_anything_is_created(upstream: Any) -> None:
    """A pair not writable, an unknown entity or a domain closed to the caller refuse the whole call."""
    photo = (await photos(upstream))[0]
    good = wish(DEMO_ASSET, photo)
    meeting = Entity("autodesk-bim360-meetingminutes", "meeting", FREE_ID)
    unknown = Entity("autodesk-construction-photo", "photo", FREE_ID)
    document = Entity("autodesk-bim360-documentmanagement", "documentlineage", "urn:adsk.wipprod:x")
    for bad, switch, statuses in (
        (wish(DEMO_ASSET, meeting), "pair_not_writable", [400, 403]),
        (wish(DEMO_ASSET, unknown), "entity_missing", [403, 404, 400]),
    ):
        for status in statuses:
            await upstream.switch(**{switch: status})
            assert (await put(upstream, good, bad)).status_code == status
    member = await upstream.call("PUT", "relationships", json=[good, wish(DEMO_ASSET, document)])
    assert member.status_code == 400
    row = (await upstream.search_all(**DEMO_ASSET._asdict(), withDomain=document.domain))[0]
    known = next(Entity(e["domain"], e["type"], e["id"]) for e in row["entities"] if e["type"] != "asset")
    member = await upstream.call("PUT", "relationships", json=[good, wish(DEMO_ISSUE, known)])
    assert member.status_code == 403
    assert not [row for row in await upstream.world() if row["createdOn"].startswith("2026")]


async def test_writing_wants_membership(upstream: Any) -> None:
    """Who is not in the project creates nothing there."""
    reply = await put(upstream, wish(DEMO_ASSET, DEMO_ISSUE), bearer=BEARER_OF_OUTSIDER)
    assert reply.status_code == 403
