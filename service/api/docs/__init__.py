"""GET /docs: the OpenAPI document as a page to try things on, which asks nothing of any other host.

Swagger UI's own files come out of the package `fastapi-swagger`, which ships them in its wheel.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".png": "image/png"}
# Swagger UI sets styles on its elements and has its pictures in its style sheet; nothing else is lax.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_router() -> APIRouter:
    """Build the routes of the page and its files."""
    own, swagger_ui = files(__package__), files("fastapi_swagger") / "resources"
    page = own / "index.html"
    assets = {
        "start.js": own / "start.js",
        "swagger-ui-bundle.js": swagger_ui / "swagger-ui-bundle.js",
        "swagger-ui.css": swagger_ui / "swagger-ui.css",
        "favicon-32x32.png": swagger_ui / "favicon-32x32.png",
    }
    router = APIRouter()

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def show_docs() -> Response:
        return _send(page, max_age=0)

    @router.api_route("/docs/{name}", methods=["GET", "HEAD"])
    async def send_asset(request: Request) -> Response:
        # Were it a declared parameter, the framework would import all of pydantic's first version to
        # find out that a text is none of its models (ADR 0037).
        name = request.path_params["name"]
        if name not in assets:
            raise HTTPException(404)
        return _send(assets[name], max_age=3600)

    return router


def _send(file: Traversable, *, max_age: int) -> Response:
    headers = {
        "Cache-Control": f"public, max-age={max_age}",
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = _TYPES[file.name[file.name.rindex(".") :]]
    return FileResponse(str(file), headers=headers, media_type=media_type)
