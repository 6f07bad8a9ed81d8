"""GET /healthz and /readyz: the process lives; the service can answer, and how well."""

from fastapi import APIRouter, Request, Response

from connectors.errors import StoreUnavailableError
from service.api.body import encode_json
from service.api.state import service_of

router = APIRouter()


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
    status = "ok" if store == "ok" else "degraded"
    return _json({"status": status, "store": store, "sources": [source.name for source in service.sources]})


def _json(body: dict[str, object]) -> Response:
    return Response(encode_json(body), media_type="application/json", headers={"Cache-Control": "no-store"})
