"""GET /healthz and /readyz: the process lives; the service can answer, and how well."""

import msgspec
from fastapi import APIRouter, Request, Response

from connectors.errors import StoreUnavailableError
from service.api.openapi import documented_health
from service.api.state import service_of

router = APIRouter(tags=["health"])


@router.get("/healthz", **documented_health("healthz"))
async def tell_health() -> Response:
    """Say that the process lives."""
    return _json({"status": "ok"})


@router.get("/readyz", **documented_health("readyz"))
async def tell_readiness(request: Request) -> Response:
    """Say that answers are given; without its cache or a source the service still gives them."""
    service = service_of(request)
    try:
        await service.store.ping()
        store = "ok"
    except StoreUnavailableError:
        store = "unavailable"
    status = "ok" if store == "ok" else "degraded"
    return _json({"status": status, "store": store, "sources": [source.name for source in service.sources]})


def _json(body: dict[str, object]) -> Response:
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
