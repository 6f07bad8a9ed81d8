"""GET /sources: what is configured, what it accepts, an example address of each, and how it is doing."""

from math import ceil
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from connectors.errors import InvalidParameterError
from connectors.model import encode_ref
from service.api.body import encode_json
from service.api.header import read_credentials
from service.api.problems import ParametersError
from service.api.query import read_query
from service.api.route import CallerRoute
from service.api.state import service_of
from service.usecases.pulse import Beat
from service.usecases.source import Access, Condition, Source

router = APIRouter(route_class=CallerRoute)


@router.api_route("/sources", methods=["GET", "HEAD"])
async def list_sources(request: Request) -> Response:
    """List the configured sources, as this caller may use them."""
    service = service_of(request)
    if unknown := read_query(request.scope["query_string"]):
        raise ParametersError(
            [InvalidParameterError("there is no such parameter", field=name) for name in sorted(unknown)]
        )
    credentials = read_credentials(request.headers, sources=service.sources)
    sources = []
    for source in service.sources:
        access = source.admit(credentials.get(source.name))
        beat = service.pulse.of(source.name, identity=access.identity)
        doing = _doing(source.condition(access.identity))
        last = {
            "enabled": service.switchboard.is_on(source.name),
            "last": None if beat is None else _last(beat),
        }
        sources.append(_record(source, access) | last | doing)
    body = {"sources": sources}
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key, Upstream-Credentials"}
    return Response(encode_json(body), media_type="application/json", headers=headers)


def _last(beat: Beat) -> dict[str, Any]:
    return {"outcome": beat.outcome, "at": beat.at, "retry_at": beat.until}


def _doing(condition: Condition) -> dict[str, Any]:
    pace, retry_after = condition.pace, condition.retry_after
    return {
        "breaker": {
            "state": condition.breaker,
            "retry_after_seconds": None if retry_after is None else ceil(retry_after.total_seconds()),
        },
        "pace": None
        if pace is None
        else {
            "left": pace.left,
            "concurrency": pace.concurrency,
            "under_way": pace.under_way,
            "waiting": pace.waiting,
            "rest_seconds": ceil(pace.rest.total_seconds()),
        },
    }


def _record(source: Source, access: Access) -> dict[str, Any]:
    spec = source.connector.spec
    return {
        "name": source.name,
        "connector": spec.kind,
        "namespaces": list(spec.namespaces),
        "relations": [{"name": word.name, "directed": word.directed} for word in spec.relations],
        "selections": spec.selects,
        "credentials": "caller" if source.by_caller else "service",
        "credential_schemes": sorted(source.schemes),
        "usable": access.sender is not None,
        "visibility": source.visibility.value,
        "requests_per_minute": source.pace.requests_per_minute,
        "ttl_seconds": source.freshness.ttl.total_seconds(),
        "examples": [
            {"address": example, "href": f"/graph/{quote(example, safe='')}", "ref": encode_ref(example)}
            for example in spec.examples
        ],
    }
