"""The endpoints that keep a caller's copy in step with the service."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from connectors.sandbox.autodesk.filter import Filter, Pattern
from connectors.sandbox.autodesk.problem import Complaints, Refusal, bad_input, bad_value
from connectors.sandbox.autodesk.row import Row
from connectors.sandbox.autodesk.visit import Visit
from connectors.sandbox.autodesk.watermark import (
    LAST_ID,
    START,
    Place,
    Watermark,
    newest_change,
    parse_watermark,
)

_MOST_DOMAINS = 20


@dataclass(frozen=True, slots=True)
class _Portion:
    rows: list[Row]
    more: bool
    following: Watermark


def sync(visit: Visit) -> dict[str, Any]:
    """Answer POST relationships:sync: a full download without a token, what changed since with one."""
    body = visit.body
    if not isinstance(body, dict):
        raise bad_input([("body", "An object is required.")])
    token, filters = body.get("syncToken"), body.get("filters")
    if token and filters is not None and visit.switches.filters_on_resume == "refuse":
        raise bad_input([("filters", "Filters may only be given without a syncToken.")])
    watermark = _resume(visit, token) if token else _begin(visit, _read_filters(filters))
    portion = _cut(visit, watermark)
    return {
        "current": {"data": [visit.render(row) for row in portion.rows if not row.is_deleted]},
        "deleted": {"data": [_render_deleted(visit, row) for row in portion.rows if row.is_deleted]},
        "moreData": portion.more,
        "overwrite": watermark.overwrite,
        "nextSyncToken": portion.following.dump(),
    }


def sync_status(visit: Visit) -> dict[str, Any]:
    """Answer POST relationships:syncStatus: whether each token has more; failures stand beside, in a 200."""
    if not isinstance(visit.body, list) or not all(isinstance(entry, dict) for entry in visit.body):
        raise bad_input([("body", "An array of objects is required.")])
    results, errors = [], []
    # The array is optional: nothing asked is the status of the caller's own full download.
    for entry in visit.body or [{}]:
        token = entry.get("syncToken")
        reference = {"referenceId": entry["referenceId"]} if "referenceId" in entry else {}
        try:
            watermark = _resume(visit, token) if token else _begin(visit, Filter())
        except Refusal as refusal:
            errors.append({**refusal.content, **reference, "syncToken": token})
            continue
        more = bool(_cut(visit, watermark).rows)
        results.append(
            {
                "moreData": more,
                "overwrite": watermark.overwrite,
                **reference,
                "syncToken": token or watermark.dump(),
            }
        )
    return {"results": results, "errors": errors} if errors else {"results": results}


def _read_filters(filters: Any) -> Filter:
    if filters is None:
        return Filter()
    domains = filters.get("domains") if isinstance(filters, dict) else None
    complaints = Complaints()
    if not isinstance(domains, list) or not 1 <= len(domains) <= _MOST_DOMAINS:
        complaints.add("filters.domains", detail=f"An array of 1 to {_MOST_DOMAINS} domains is required.")
        domains = []
    for at, domain in enumerate(domains):
        if not isinstance(domain, str) or not domain:
            complaints.add_value(f"filters.domains[{at}]", value=domain)
    complaints.refuse_any()
    return Filter(entities=tuple(Pattern(domain) for domain in domains))


def _begin(visit: Visit, asked: Filter, *, overwrite: bool | None = None) -> Watermark:
    """Begin a full download, which goes up to the newest change of this moment."""
    return Watermark(
        container=visit.container.id,
        user=visit.account.user,
        filter=asked,
        after=(START, ""),
        issued_at=visit.now,
        until=newest_change(asked.pick_any_state(visit.container)),
        overwrite=visit.switches.bootstrap_overwrites if overwrite is None else overwrite,
    )


def _resume(visit: Visit, token: object) -> Watermark:
    """Read a token; one that is expired, of another container or another user starts again or is a 400."""
    try:
        watermark = parse_watermark(token if isinstance(token, str) else "")
    except ValueError as error:
        raise bad_value("syncToken", value=token) from error
    lifetime = visit.switches.sync_token_seconds
    expired = lifetime is not None and visit.now - watermark.issued_at > timedelta(seconds=lifetime)
    foreign = (watermark.container, watermark.user) != (visit.container.id, visit.account.user)
    if not expired and not foreign:
        return watermark
    if visit.switches.stale_sync == "refuse":
        raise bad_value("syncToken", value=token)
    return _begin(visit, watermark.filter, overwrite=True)


def _cut(visit: Visit, watermark: Watermark) -> _Portion:
    """Give the next rows past the watermark, by change, and the watermark after them."""
    matching = watermark.filter.pick_any_state(visit.container)
    changed = sorted((row for row in matching if _change(row) > watermark.after), key=_change)
    size, until = visit.switches.sync_page_size, watermark.until
    if until is None:
        if watermark.filter.deleted in {"only", "none"}:
            changed = [row for row in changed if row.is_deleted]
        rows = changed[:size]
        after = _change(rows[-1]) if rows else watermark.after
        return _Portion(rows, len(changed) > size, _advance(visit, watermark, after))
    # A full download shows what there is; deletions made since it began come after it.
    wanted = [row for row in changed if row.changed_at <= until and _belongs(visit, watermark, row)]
    rows = wanted[:size]
    if len(wanted) > size:
        return _Portion(rows, more=True, following=_advance(visit, watermark, _change(rows[-1]), until=until))
    later = any(row.changed_at > until for row in changed)
    return _Portion(rows, later, _advance(visit, watermark, (until, LAST_ID)))


def _advance(visit: Visit, watermark: Watermark, after: Place, *, until: Any = None) -> Watermark:
    return replace(
        watermark,
        after=after,
        until=until,
        issued_at=visit.now,
        overwrite=watermark.overwrite and until is not None,
    )


def _belongs(visit: Visit, watermark: Watermark, row: Row) -> bool:
    if watermark.filter.deleted in {"only", "none"}:
        return row.is_deleted
    return not row.is_deleted or visit.switches.bootstrap_lists_deleted


def _change(row: Row) -> Place:
    return row.changed_at, row.id


def _render_deleted(visit: Visit, row: Row) -> dict[str, Any]:
    """Give a deleted row as sync shows it: neither sample has deletedOn, and one says isDeleted false."""
    rendered = visit.render(row)
    rendered.pop("deletedOn", None)
    return {**rendered, "isDeleted": visit.switches.sync_marks_deleted}
