"""GET /metrics: what there is to count, as the text that Prometheus reads.

Whoever must show a key for a graph must show it here: the numbers tell which sources there are
and how much they are asked.
"""

from fastapi import APIRouter, Request, Response

from service.api.route import CallerRoute
from service.api.state import service_of

router = APIRouter(route_class=CallerRoute)


@router.api_route("/metrics", methods=["GET", "HEAD"])
async def tell_metrics(request: Request) -> Response:
    """Show every metric, of all processes of this instance."""
    exposition = await service_of(request).metrics.expose()
    headers = {"Cache-Control": "no-store", "Content-Type": exposition.media_type}
    return Response(exposition.text, headers=headers)
