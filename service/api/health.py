"""GET /healthz and /readyz: the process lives; the service can answer, and how well."""

from fastapi import APIRouter, Request, Response

from connectors.errors import StoreUnavailableError
from connectors.model import Outcome
from service.api.body import encode_json
from service.api.state import service_of

router = APIRouter()
# What a source says of itself when it is down; a refused credential is its caller's affair.
_DOWN = frozenset({Outcome.UNAVAILABLE, Outcome.TIMEOUT, Outcome.BROKEN})


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def tell_health() -> Response:
    """Say that the process lives."""
    return _json({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def tell_readiness(request: Request) -> Response:
    """Say that answers are given; without its cache or a source the service still gives them."""
    service = service_of(request)
    try:
        await service.store.ping()
        store = "ok"
    except StoreUnavailableError:
        store = "unavailable"
    beats = {source.name: service.pulse.newest(source.name) for source in service.sources}
    outcomes = {name: None if beat is None else beat.outcome for name, beat in beats.items()}
    whole = store == "ok" and _DOWN.isdisjoint(outcomes.values())
    sources = [{"name": name, "outcome": outcome} for name, outcome in outcomes.items()]
    return _json({"status": "ok" if whole else "degraded", "store": store, "sources": sources})


def _json(body: dict[str, object]) -> Response:
    return Response(encode_json(body), media_type="application/json", headers={"Cache-Control": "no-store"})
