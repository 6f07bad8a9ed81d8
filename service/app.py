"""The ASGI application; nothing happens at import, and nothing is open before it starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from connectors.errors import GraphError
from service.adapters.metrics_slot import MetricsSlot
from service.api import health, metrics, resolve, sources
from service.api.compression import Compression
from service.api.docs import docs_router
from service.api.edge import CrossOrigin, Edge, LastResort, UrlBound
from service.api.graph import graph_router
from service.api.metering import Metering
from service.api.parting import Parting
from service.api.problems import answer_problem
from service.api.repeating import Repeating
from service.bootstrap import open_service
from service.settings import Settings

_ACCEPTED = [
    *("Authorization", "Cache-Control", "Content-Type", "If-None-Match", "Upstream-Credentials", "X-API-Key"),
]
_EXPOSED = [
    *(
        "Age",
        "Cache-Status",
        "Content-Location",
        "ETag",
        "Graph-Complete",
        "Link",
        "Request-Id",
        "Retry-After",
    ),
    "Server-Timing",
]


class _Documented(FastAPI):
    """The framework's application with a document of our own, which knows the settings."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings

    def openapi(self) -> dict[str, Any]:
        """Give the document."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        # Its shapes are some fifty models that nothing else needs, a tenth of a start: made when somebody
        # reads it first (ADR 0037).
        from service.api.openapi.document import build_document  # noqa: PLC0415 - see above

        return build_document(self._settings)


def create_app(settings: Settings, *, slot: MetricsSlot | None = None) -> FastAPI:
    """Build the application of one worker; what it needs is opened when it starts.

    `slot` is its place among several workers, for what they count.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, slot=slot) as service:
            app.state.service = service
            try:
                yield
            finally:
                app.state.service = None

    app = _Documented(
        settings,
        lifespan=lifespan,
        # The framework's own pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={GraphError: answer_problem, HTTPException: answer_problem},
    )
    routers = (resolve.router, sources.router, health.router, metrics.router)
    for router in (graph_router(), *routers, docs_router()):
        app.include_router(router)
    # Each wraps what was added before it: an error's answer is for other origins too.
    app.add_middleware(UrlBound)
    app.add_middleware(LastResort)
    app.add_middleware(Compression)
    app.add_middleware(Parting)
    app.add_middleware(Repeating)
    if settings.cors_origins:
        app.add_middleware(
            CrossOrigin,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=_ACCEPTED,
            expose_headers=_EXPOSED,
        )
    app.add_middleware(Edge)
    app.add_middleware(Metering)
    return app
