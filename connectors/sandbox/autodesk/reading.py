"""The endpoints that list relationships or show single ones."""

import json
from typing import Any

from connectors.sandbox.autodesk.filter import Filter, Pattern
from connectors.sandbox.autodesk.kind import GUID
from connectors.sandbox.autodesk.page import PageRequest, bind, cut_page
from connectors.sandbox.autodesk.parameter import Parameters, read_guids, read_patterns
from connectors.sandbox.autodesk.problem import Complaints, bad_value, service_refusal
from connectors.sandbox.autodesk.row import Row
from connectors.sandbox.autodesk.visit import Visit
from connectors.sandbox.autodesk.watermark import LAST_ID, Watermark, newest_change


def search(visit: Visit) -> dict[str, Any]:
    """Answer GET relationships:search: without parameters every live relationship of the container, paged."""
    complaints = Complaints()
    read = Parameters(visit.query, switches=visit.switches, complaints=complaints)
    entity = read.pattern("domain", "type", "id")
    with_entity = read.pattern("withDomain", "withType", "withId")
    asked = Filter(
        entities=_unless_empty(entity),
        with_entities=_unless_empty(with_entity),
        created_after=read.instant("createdAfter"),
        created_before=read.instant("createdBefore"),
        bounds_count=visit.switches.created_bounds == "inclusive",
        deleted=read.deleted(),
    )
    return _list(visit, asked, read.page(binding=_bind(visit, asked)))


def intersect(visit: Visit) -> dict[str, Any]:
    """Answer POST relationships:intersect: rows of any of 1 to 20 entities, and of the others if given."""
    complaints = Complaints()
    read = Parameters(visit.query, switches=visit.switches, complaints=complaints)
    body = visit.body if isinstance(visit.body, dict) else {}
    entities = read_patterns(body.get("entities"), name="entities", complaints=complaints, whole=True)
    with_entities: tuple[Pattern, ...] = ()
    if body.get("withEntities") is not None:
        with_entities = read_patterns(
            body["withEntities"], name="withEntities", complaints=complaints, whole=False
        )
    asked = Filter(entities=entities, with_entities=with_entities, deleted=read.deleted())
    return _list(visit, asked, read.page(binding=_bind(visit, asked)))


def show(visit: Visit) -> dict[str, Any]:
    """Answer GET relationships/{relationshipId}."""
    name = visit.path["relationshipId"]
    if not GUID.fullmatch(name):
        raise bad_value("relationshipId", value=name)
    row = _find(visit, name.lower())
    if row is None:
        raise service_refusal(404)
    return visit.render(row)


def batch(visit: Visit) -> list[dict[str, Any]]:
    """Answer POST relationships:batch: the rows of up to 50 ids, in the order asked."""
    rows = [_find(visit, name) for name in read_guids(visit.body)]
    if None in rows and visit.switches.unknown_in_batch == "refuse":
        raise service_refusal(404)
    return [visit.render(row) for row in rows if row is not None]


def _list(visit: Visit, asked: Filter, wanted: PageRequest) -> dict[str, Any]:
    visit.note(asked.entities)
    rows = asked.pick(visit.container)
    page = cut_page(rows, wanted=wanted, switches=visit.switches, fault=visit.fault)
    watermark = Watermark(
        container=visit.container.id,
        user=visit.account.user,
        filter=asked,
        after=(newest_change(rows), LAST_ID),
        issued_at=visit.now,
    )
    head: dict[str, str | None] = {"syncToken": watermark.dump()}
    if page.next_token is not None:
        head = {"continuationToken": page.next_token, **head}
    elif visit.switches.last_page != "omit":
        head = {"continuationToken": None if visit.switches.last_page == "null" else "", **head}
    return {"page": head, "relationships": [visit.render(row) for row in page.rows]}


def _find(visit: Visit, id: str) -> Row | None:
    row = visit.container.find(id)
    hidden = row is not None and row.is_deleted and visit.switches.deleted_by_id == "hide"
    return None if hidden else row


def _bind(visit: Visit, asked: Filter) -> str:
    return bind(visit.container.id, json.dumps(asked.dump()))


def _unless_empty(pattern: Pattern) -> tuple[Pattern, ...]:
    return () if pattern == Pattern() else (pattern,)
