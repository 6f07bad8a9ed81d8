"""Tests of search, intersect, batch and the single relationship."""

from typing import Any

import pytest

from connectors.sandbox.autodesk import (
    BEARER_OF_ADMINISTRATOR,
    DEMO_ASSET,
    DEMO_DOCUMENT,
    DEMO_ISSUE,
    HUB_ASSET,
    HUB_DOCUMENT,
    SHARED_ISSUE,
    SHARED_PHOTO,
)
from connectors.sandbox.autodesk.row import Entity, parse_instant

EXAMPLE_ID = "74b70bb8-8802-a1fd-f201-890375a60c8f"


def ends(row: dict[str, Any]) -> list[Entity]:
    """Give a row's two entities."""
    return [Entity(end["domain"], end["type"], end["id"]) for end in row["entities"]]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    """Give the ids of rows."""
    return [row["id"] for row in rows]


async def test_parameterless_listing_is_every_live_row_once(upstream: Any) -> None:
    """Without parameters all live rows come, over pages of 100, each once, the example row first."""
    first = await upstream.search()
    assert len(first["relationships"]) == 100
    assert set(first["page"]) == {"continuationToken", "syncToken"}
    assert first["relationships"][0]["id"] == EXAMPLE_ID
    rows = await upstream.search_all()
    assert ids(rows) == [row["id"] for row in await upstream.world() if not row["isDeleted"]]


async def test_last_page_names_no_further_one(upstream: Any) -> None:
    """On the last page the token is left out, or null or empty by switch."""
    for form, page in (
        ("omit", {}),
        ("null", {"continuationToken": None}),
        ("empty", {"continuationToken": ""}),
    ):
        await upstream.switch(last_page=form)
        body = await upstream.search(**DEMO_ISSUE._asdict())
        assert {k: v for k, v in body["page"].items() if k != "syncToken"} == page


@pytest.mark.parametrize("entity", [DEMO_ASSET, DEMO_DOCUMENT])
async def test_example_row_is_found_from_either_end(upstream: Any, entity: Entity) -> None:
    """A search for the asset or for the document returns the row of the reference page."""
    assert EXAMPLE_ID in ids(await upstream.search_all(**entity._asdict()))


async def test_documented_second_example_is_accepted(upstream: Any) -> None:
    """The reference page's request with every parameter is answered 200; nothing satisfies it."""
    body = await upstream.search(
        domain="autodesk-example-domain",
        type="example-type",
        id="b1d1e7d4-f0ed-11e9-81b4-2a2ae2dbcce4",
        createdAfter="2015-10-21T16:32:21Z",
        createdBefore="2015-10-21T16:30:45Z",
        withDomain="autodesk-bim360-issue",
        withType="issue",
        withId="bd17903c-7d3b-4e56-a79f-4cea00d430db",
        includeDeleted="True",
        onlyDeleted="True",
        pageLimit="134",
        continuationToken="10",
    )
    assert body["relationships"] == []


async def test_a_shared_guid_is_told_apart_by_the_triple(upstream: Any) -> None:
    """An issue and a photo of one GUID have their own rows."""
    issue = await upstream.search_all(**SHARED_ISSUE._asdict())
    photo = await upstream.search_all(**SHARED_PHOTO._asdict())
    assert all(SHARED_ISSUE in ends(row) for row in issue)
    assert all(SHARED_PHOTO in ends(row) for row in photo)
    assert len(set(ids(issue)) & set(ids(photo))) == 1


async def test_with_parameters_match_the_other_end(upstream: Any) -> None:
    """`with*` must match another end: of issue-issue rows both ends are issues, of others none is."""
    issue = {"domain": "autodesk-bim360-issue", "type": "issue"}
    with_issue = {"withDomain": "autodesk-bim360-issue", "withType": "issue"}
    rows = await upstream.search_all(**issue, **with_issue)
    assert rows
    assert all([end.type for end in ends(row)] == ["issue", "issue"] for row in rows)
    world = [row for row in await upstream.world() if not row["isDeleted"]]
    assert len(rows) == sum([end.type for end in ends(row)] == ["issue", "issue"] for row in world)


async def test_with_narrows_a_fully_told_entity(upstream: Any) -> None:
    """An asset's rows with a fully told other end are the rows of that pair."""
    rows = await upstream.search_all(
        **DEMO_ASSET._asdict(),
        withDomain=DEMO_DOCUMENT.domain,
        withType=DEMO_DOCUMENT.type,
        withId=DEMO_DOCUMENT.id,
    )
    assert ids(rows) == [EXAMPLE_ID]


async def test_deleted_rows_come_when_asked_for(upstream: Any) -> None:
    """Exclude, include and only split the rows; deletedOn stands on the deleted ones alone."""
    live = await upstream.search_all(**DEMO_ISSUE._asdict())
    every = await upstream.search_all(**DEMO_ISSUE._asdict(), includeDeleted="True")
    only = await upstream.search_all(**DEMO_ISSUE._asdict(), includeDeleted="true", onlyDeleted="TRUE")
    assert sorted(ids(every)) == sorted(ids(live) + ids(only))
    assert only
    assert all(row["isDeleted"] == ("deletedOn" in row) for row in every)


async def test_only_deleted_alone_is_as_switched(upstream: Any) -> None:
    """The parameter onlyDeleted without includeDeleted gives the deleted rows, or nothing."""
    assert await upstream.search_all(**DEMO_ISSUE._asdict(), onlyDeleted="true")
    await upstream.switch(only_deleted_alone="empty")
    assert await upstream.search_all(**DEMO_ISSUE._asdict(), onlyDeleted="true") == []


async def test_window_bounds(upstream: Any) -> None:
    """Both createdAfter and createdBefore leave the bound itself out, or in by switch."""
    row = (await upstream.search_all(**DEMO_ISSUE._asdict()))[2]
    window = {"createdAfter": row["createdOn"], "createdBefore": row["createdOn"]}
    assert await upstream.search_all(**DEMO_ISSUE._asdict(), **window) == []
    await upstream.switch(created_bounds="inclusive")
    assert ids(await upstream.search_all(**DEMO_ISSUE._asdict(), **window)) == [row["id"]]


async def test_window_judges_instants_not_texts(upstream: Any) -> None:
    """The window compares moments across the three forms of writing them."""
    bound = parse_instant("2021-06-01T00:00:00+01:00")
    rows = await upstream.search_all(domain="autodesk-bim360-rfi", createdAfter="2021-06-01T00:00:00+01:00")
    every = await upstream.search_all(domain="autodesk-bim360-rfi")
    assert ids(rows) == [row["id"] for row in every if parse_instant(row["createdOn"]) > bound]
    assert 0 < len(rows) < len(every)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"type": "issue"}, "domain"),
        ({"domain": "autodesk-bim360-issue", "id": "x"}, "type"),
        ({"withType": "issue"}, "withDomain"),
        ({"createdAfter": "yesterday"}, "createdAfter"),
        ({"includeDeleted": "maybe"}, "includeDeleted"),
        ({"pageLimit": "0"}, "pageLimit"),
        ({"pageLimit": "ten"}, "pageLimit"),
        ({"continuationToken": "xyz"}, "continuationToken"),
    ],
)
async def test_bad_parameters_are_400_by_name(upstream: Any, params: dict[str, str], field: str) -> None:
    """A missing parent or an unreadable value is a BadInput that names the parameter."""
    reply = await upstream.call("GET", "relationships:search", params=params)
    assert reply.status_code == 400
    assert reply.json()["type"] == "BadInput"
    assert [error["field"] for error in reply.json()["errors"]] == [field]


async def test_orphans_are_ignored_or_applied_by_switch(upstream: Any) -> None:
    """An id without its type is dropped when ignored and still filters when applied."""
    orphan = {"domain": DEMO_ISSUE.domain, "id": DEMO_ISSUE.id}
    await upstream.switch(missing_parent="ignore")
    assert "continuationToken" in (await upstream.search(**orphan))["page"]
    await upstream.switch(missing_parent="apply")
    rows = await upstream.search_all(**orphan)
    assert ids(rows) == ids(await upstream.search_all(**DEMO_ISSUE._asdict()))


async def test_page_limit_is_clamped_or_refused(upstream: Any) -> None:
    """More than 100 a page is cut to 100, or 400 by switch; fewer is obeyed."""
    assert len((await upstream.search(pageLimit="134"))["relationships"]) == 100
    assert len((await upstream.search(pageLimit="7"))["relationships"]) == 7
    await upstream.switch(page_limit_above_maximum="refuse")
    reply = await upstream.call("GET", "relationships:search", params={"pageLimit": "134"})
    assert reply.status_code == 400


async def test_bound_tokens_stay_with_their_question(upstream: Any) -> None:
    """By switch a token is opaque and useless under other filters; offsets travel freely."""
    token = (await upstream.search())["page"]["continuationToken"]
    assert token == "100"
    assert (
        len((await upstream.search(domain="autodesk-bim360-rfi", continuationToken=token))["relationships"])
        > 0
    )
    await upstream.switch(continuation="bound")
    token = (await upstream.search())["page"]["continuationToken"]
    assert len((await upstream.search(continuationToken=token))["relationships"]) == 100
    params = {"domain": "autodesk-bim360-rfi", "continuationToken": token}
    assert (await upstream.call("GET", "relationships:search", params=params)).status_code == 400


async def test_parameter_names_by_switch(upstream: Any) -> None:
    """A misspelt case is an unknown parameter, which is ignored, unless names are read in any case."""
    shouted = {"Domain": DEMO_ISSUE.domain, "TYPE": DEMO_ISSUE.type, "Id": DEMO_ISSUE.id}
    assert len((await upstream.search(**shouted))["relationships"]) == 100
    await upstream.switch(parameter_names="any_case")
    assert len((await upstream.search(**shouted))["relationships"]) < 10


async def test_scattered_order_holds_the_same_rows(upstream: Any) -> None:
    """Another listing order changes nothing but the order, and pages still fit together."""
    ordered = ids(await upstream.search_all(**HUB_ASSET._asdict()))
    await upstream.switch(order="scattered")
    scattered = ids(await upstream.search_all(**HUB_ASSET._asdict(), pageLimit="50"))
    assert scattered != ordered
    assert sorted(scattered) == sorted(ordered)


async def test_read_only_is_relative_to_the_caller(upstream: Any) -> None:
    """The member may not write documents, the administrator may; nobody may write what a service wrote."""
    mine = await upstream.search_all(**DEMO_ISSUE._asdict())
    reply = await upstream.call(
        "GET", "relationships:search", params=DEMO_ISSUE._asdict(), bearer=BEARER_OF_ADMINISTRATOR
    )
    theirs = reply.json()["relationships"]
    assert [row["isReadOnly"] for row in mine] != [row["isReadOnly"] for row in theirs]
    assert all(row["isReadOnly"] == row["isService"] for row in theirs)


async def test_permission_field_by_switch(upstream: Any) -> None:
    """Some rows carry the undocumented `permission: null`, none when it is switched off."""
    rows = (await upstream.search())["relationships"]
    assert 0 < sum("permission" in row for row in rows) < 100
    assert all(row.get("permission") is None for row in rows)
    await upstream.switch(permission_field=False)
    assert not any("permission" in row for row in (await upstream.search())["relationships"])


async def test_intersect_equals_the_searches_it_replaces(upstream: Any) -> None:
    """One intersect of several entities returns the union of their searches, each row once."""
    asked = [DEMO_ISSUE, DEMO_ASSET, SHARED_PHOTO]
    body = await upstream.post("relationships:intersect", {"entities": [e._asdict() for e in asked]})
    union = {name for entity in asked for name in ids(await upstream.search_all(**entity._asdict()))}
    assert sorted(ids(body["relationships"])) == sorted(union)
    both = next(row for row in body["relationships"] if set(ends(row)) == {DEMO_ISSUE, DEMO_ASSET})
    assert ids(body["relationships"]).count(both["id"]) == 1


async def test_intersect_with_entities_pages_and_deleted(upstream: Any) -> None:
    """A withEntities list may be partial, and the query parameters work as in a search."""
    with_issues = {
        "entities": [HUB_DOCUMENT._asdict()],
        "withEntities": [{"domain": "autodesk-bim360-issue"}],
    }
    first = await upstream.post("relationships:intersect", with_issues, params={"pageLimit": "60"})
    assert len(first["relationships"]) == 60
    assert all("autodesk-bim360-issue" in {end.domain for end in ends(row)} for row in first["relationships"])
    token = first["page"]["continuationToken"]
    second = await upstream.post(
        "relationships:intersect", with_issues, params={"pageLimit": "60", "continuationToken": token}
    )
    assert not set(ids(first["relationships"])) & set(ids(second["relationships"]))
    deleted = await upstream.post("relationships:intersect", with_issues, params={"onlyDeleted": "true"})
    assert deleted["relationships"]
    assert all(row["isDeleted"] for row in deleted["relationships"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "entities"),
        ([], "entities"),
        ({"entities": []}, "entities"),
        ({"entities": [DEMO_ISSUE._asdict()] * 21}, "entities"),
        ({"entities": [{"domain": "d", "type": "t"}]}, "entities[0].id"),
        ({"entities": [{"domain": "d", "type": "t", "id": "x" * 513}]}, "entities[0].id"),
        ({"entities": [DEMO_ISSUE._asdict()], "withEntities": [{"type": "t"}]}, "withEntities[0].domain"),
        (
            {"entities": [DEMO_ISSUE._asdict()], "withEntities": [{"domain": "d", "id": "i"}]},
            "withEntities[0].type",
        ),
    ],
)
async def test_intersect_refuses_bad_bodies(upstream: Any, body: Any, field: str) -> None:
    """1 to 20 full entities, and no part of a with-entity without its parent; else a BadInput."""
    reply = await upstream.call("POST", "relationships:intersect", json=body)
    assert reply.status_code == 400
    assert field in [error["field"] for error in reply.json()["errors"]]


async def test_batch_and_single_rows(upstream: Any) -> None:
    """A batch gives the known rows in the order asked; a single row equals the listed one."""
    rows = (await upstream.search(pageLimit="3"))["relationships"]
    unknown = "00000000-0000-0000-0000-000000000000"
    wanted = [rows[2]["id"], unknown, rows[0]["id"].upper()]
    assert await upstream.post("relationships:batch", wanted) == [rows[2], rows[0]]
    reply = await upstream.call("GET", f"relationships/{rows[1]['id']}")
    assert reply.json() == rows[1]
    await upstream.switch(unknown_in_batch="refuse")
    assert (await upstream.call("POST", "relationships:batch", json=wanted)).status_code == 404


async def test_single_row_refusals(upstream: Any) -> None:
    """A bad GUID is 400, an unknown one 404 in the service's shape; deleted rows may be hidden by switch."""
    reply = await upstream.call("GET", "relationships/nonsense")
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, "relationshipId")
    reply = await upstream.call("GET", "relationships/00000000-0000-0000-0000-000000000000")
    assert (reply.status_code, reply.json()["errors"]) == (404, [])
    deleted = next(row for row in await upstream.world() if row["isDeleted"])
    path = f"relationships/{deleted['id']}"
    assert (await upstream.call("GET", path)).json()["deletedOn"] == deleted["deletedOn"]
    await upstream.switch(deleted_by_id="hide")
    assert (await upstream.call("GET", path)).status_code == 404


@pytest.mark.parametrize("body", [[], {}, ["nonsense"], ["00000000-0000-0000-0000-000000000000"] * 51])
async def test_batch_takes_one_to_fifty_guids(upstream: Any, body: Any) -> None:
    """A batch body that is no array of 1 to 50 GUIDs is a 400."""
    assert (await upstream.call("POST", "relationships:batch", json=body)).status_code == 400


async def test_paging_faults_are_obeyed(upstream: Any) -> None:
    """Endless pages always name a further one; with same_token it is one and the same."""
    few = DEMO_ISSUE._asdict()
    await upstream.fault(match="relationships:search", endless_pages=True)
    tokens = [None]
    for _ in range(3):
        params = few if tokens[-1] is None else {**few, "continuationToken": tokens[-1]}
        tokens.append((await upstream.search(**params))["page"]["continuationToken"])
    assert len(set(tokens)) == 4
    await upstream.fault(match="relationships:search", same_token=True)
    first = await upstream.search(**few)
    second = await upstream.search(**few, continuationToken=first["page"]["continuationToken"])
    assert first["page"]["continuationToken"] == second["page"]["continuationToken"]


async def test_bad_tokens_may_lead_to_the_first_page(upstream: Any) -> None:
    """By switch an unreadable continuationToken is the first page, in either form; else it is a 400."""
    first = (await upstream.search())["relationships"]
    for form in ("offset", "bound"):
        await upstream.switch(continuation=form, bad_continuation="refuse")
        bad = {"continuationToken": "x*z"}
        assert (await upstream.call("GET", "relationships:search", params=bad)).status_code == 400
        await upstream.switch(bad_continuation="first_page")
        assert (await upstream.search(**bad))["relationships"] == first


async def test_an_offset_past_the_end_is_an_empty_page(upstream: Any) -> None:
    """A token past the last row gives no rows and no further token."""
    body = await upstream.search(**DEMO_ISSUE._asdict(), continuationToken="999999")
    assert (body["relationships"], "continuationToken" in body["page"]) == ([], False)
