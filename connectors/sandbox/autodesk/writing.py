"""The endpoints that create and delete relationships, and the one that tells which may be."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from connectors.sandbox.autodesk.kind import GUID
from connectors.sandbox.autodesk.pairing import is_writable
from connectors.sandbox.autodesk.parameter import read_guids, read_pattern
from connectors.sandbox.autodesk.problem import Complaints, Refusal, bad_input, service_refusal
from connectors.sandbox.autodesk.row import Entity, Row, render_instant
from connectors.sandbox.autodesk.visit import Visit

_ENDS = 2


@dataclass(frozen=True, slots=True)
class _Wish:
    """One relationship to create."""

    id: str | None
    one: Entity
    other: Entity


@dataclass(slots=True)
class _Outcome:
    """What became of a create call: a conflict does not undo the rows created beside it."""

    success: list[Row] = field(default_factory=list)
    conflict: list[tuple[str, Row]] = field(default_factory=list)


def create(visit: Visit) -> list[dict[str, Any]]:
    """Answer PUT relationships: the rows created, or a 409 that tells them apart from the conflicts."""
    outcome = _Outcome()
    for wish in _read_wishes(visit):
        _fulfil(visit, wish, outcome)
    success = [_render_created(visit, row) for row in outcome.success]
    if not outcome.conflict:
        return success
    content: dict[str, Any] = {
        "conflict": [{"id": name, "actual": visit.render(row)} for name, row in outcome.conflict]
    }
    if success or visit.switches.empty_success == "list":
        content = {"success": success, **content}
    raise Refusal(409, content)


def delete(visit: Visit) -> dict[str, Any]:
    """Answer POST relationships:delete: the ids deleted now; all of them or, without access to one, none."""
    rows = [visit.container.find(name) for name in read_guids(visit.body)]
    live = [row for row in rows if row is not None and not row.is_deleted]
    if len(live) < len(rows) and visit.switches.unknown_in_delete == "refuse":
        raise service_refusal(404)
    for row in live:
        _check_writable(visit, *row.entities)
        if row.is_read_only_for(visit.account.read_only_domains):
            raise service_refusal(403)
    for row in live:
        visit.container.delete(row.id, at=visit.now)
    return {"deleted": [row.id for row in live]}


def _read_wishes(visit: Visit) -> list[_Wish]:
    most = visit.switches.create_maximum
    body = visit.body
    if not isinstance(body, list) or not 1 <= len(body) <= most:
        raise bad_input([("relationships", f"An array of 1 to {most} relationships is required.")])
    complaints = Complaints()
    wishes = [_read_wish(entry, f"[{at}]", complaints) for at, entry in enumerate(body)]
    complaints.refuse_any()
    # Nothing is created when one of them cannot be.
    read = [wish for wish in wishes if wish is not None]
    for wish in read:
        _check_writable(visit, wish.one, wish.other)
        _check_access(visit, wish)
    return read


def _read_wish(entry: Any, name: str, complaints: Complaints) -> _Wish | None:
    entities = entry.get("entities") if isinstance(entry, dict) else None
    if not isinstance(entities, list) or len(entities) != _ENDS:
        complaints.add(f"{name}.entities", detail="Exactly 2 entities are required.")
        return None
    wanted = entry.get("id")
    if wanted is not None and not (isinstance(wanted, str) and GUID.fullmatch(wanted)):
        complaints.add_value(f"{name}.id", value=wanted)
        wanted = None
    ends = [
        read_pattern(end, name=f"{name}.entities[{at}]", complaints=complaints, whole=True).entity
        for at, end in enumerate(entities)
    ]
    one, other = ends
    if one is None or other is None:
        return None
    if one == other:
        complaints.add(f"{name}.entities", detail="An entity cannot be related to itself.")
        return None
    return _Wish(wanted and wanted.lower(), one, other)


def _check_writable(visit: Visit, one: Entity, other: Entity) -> None:
    if is_writable(one.kind, other.kind):
        return
    detail = f"Relationships of '{one.type}' and '{other.type}' cannot be written."
    if visit.switches.pair_not_writable == 400:  # noqa: PLR2004 - an HTTP status
        raise bad_input([("entities", detail)])
    raise service_refusal(visit.switches.pair_not_writable, detail=detail)


def _check_access(visit: Visit, wish: _Wish) -> None:
    for entity in (wish.one, wish.other):
        if not visit.container.knows(entity):
            if visit.switches.entity_missing == 400:  # noqa: PLR2004 - an HTTP status
                raise bad_input([("entities", f"The entity '{entity.id}' does not exist.")])
            raise service_refusal(visit.switches.entity_missing)
        if entity.domain in visit.account.read_only_domains:
            raise service_refusal(403)


def _fulfil(visit: Visit, wish: _Wish, outcome: _Outcome) -> None:
    """Create one row, unless its id is in use or its pair is related already."""
    container = visit.container
    if wish.id is not None and (taken := container.find(wish.id)) is not None:
        outcome.conflict.append((wish.id, taken))
        return
    between = container.between(wish.one, wish.other)
    live = next((row for row in between if not row.is_deleted), None)
    if live is not None and (wish.id is not None or visit.switches.existing_pair == "conflict"):
        outcome.conflict.append((wish.id or live.id, live))
    elif live is not None:
        outcome.success.append(live)
    elif between and wish.id is None and visit.switches.deleted_pair == "revive":
        outcome.success.append(container.revive(between[0].id, at=visit.now))
    else:
        ends = (container.end(wish.one), container.end(wish.other))
        row = Row(wish.id or str(uuid4()), render_instant(visit.now), ends)
        container.add(row)
        outcome.success.append(row)


def _render_created(visit: Visit, row: Row) -> dict[str, Any]:
    rendered = visit.render(row)
    if not visit.switches.created_entities_dated:
        for entity in rendered["entities"]:
            entity.pop("createdOn", None)
    return rendered
