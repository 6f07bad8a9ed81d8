"""The ASGI application; nothing happens at import, and nothing is open before it starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from connectors.errors import GraphError
from service.api import health, sources
from service.api.edge import Edge
from service.api.graph import graph_router
from service.api.problems import answer_problem
from service.bootstrap import open_service
from service.settings import Settings

_EXPOSED = ["Age", "Cache-Status", "Content-Location", "ETag", "Graph-Complete", "Request-Id", "Retry-After"]


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one worker; what it needs is opened when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings) as service:
            app.state.service = service
            try:
                yield
            finally:
                app.state.service = None

    app = FastAPI(
        title="relgraph",
        summary="One graph of relations over many upstream APIs.",
        version="0.1.0",
        lifespan=lifespan,
        exception_handlers={GraphError: answer_problem, HTTPException: answer_problem},
    )
    app.include_router(graph_router(settings.ceilings))
    app.include_router(sources.router)
    app.include_router(health.router)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD"],
        allow_headers=[
            "Authorization",
            "X-API-Key",
            "Upstream-Credentials",
            "Cache-Control",
            "If-None-Match",
        ],
        expose_headers=_EXPOSED,
    )
    app.add_middleware(Edge)
    return app
