"""Every response of the document: its headers, its shape, and an example of each body."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import msgspec
from pydantic import BaseModel

from service.api.openapi.problem import EXAMPLES
from service.api.openapi.schema import Answer, Health, Problem, Readiness, SourceList, refer
from service.api.problems import MEDIA_TYPE

Response = dict[str, Any]


def _header(about: str, example: str) -> dict[str, Any]:
    return {"description": about, "schema": {"type": "string"}, "example": example}


_REQUEST_ID = {"Request-Id": _header("Names this request in our log.", "6f9f1cf1c6d04b0f9f6d7a4c1f0f3c55")}
_KEPT = {
    "Cache-Control": _header("Who may keep the answer; it is to be checked again.", "private, max-age=0")
}
_NEVER_KEPT = {"Cache-Control": _header("Nobody may keep it.", "no-store")}
_RETRY_AFTER = {"Retry-After": _header("Seconds after which asking again makes sense.", "20")}
_VARY = {
    "Vary": _header(
        "The request headers that decide.", "Accept, Authorization, X-API-Key, Upstream-Credentials"
    )
}
_GRAPH = {
    "Graph-Complete": _header("`?1` if the answer is complete, else `?0` (RFC 8941 boolean).", "?1"),
    "ETag": _header(
        "Names the graph, whenever it was fetched; for `If-None-Match`.",
        'W/"0ea9adee9a446509c9cc5d0ca6958365"',
    ),
    "Content-Location": _header(
        "The same answer by its canonical address.", "/graph/~b2JzZXJ2YWJsZTpkb21haW46YWNlc2NlbmN5LmNvbQ"
    ),
    "Age": _header("Seconds since the oldest data used was fetched; only if any was used.", "12"),
    "Cache-Status": _header(
        "Only when our own cache cannot be reached (RFC 9211).",
        "relgraph; fwd=bypass; detail=store-unavailable",
    ),
    **_KEPT,
    **_VARY,
}
_ALLOW = {"Allow": _header("With a 405: the methods of this address.", "GET, HEAD")}
# What a problem carries beside `Request-Id` and `Cache-Control`.
_OF_STATUS = {
    401: {"WWW-Authenticate": _header("How to send a key.", "Bearer")},
    502: _RETRY_AFTER,
    504: _RETRY_AFTER,
}
# What the routes share, and what is only said of all of them together.
_OF_SERVICE = ("not-ready", "uri-too-long", "internal")
_ANYWHERE = (
    "not-found",
    "method-not-allowed",
    "forbidden",
    "content-too-large",
    "unsupported-media-type",
    "rate-limited",
    "headers-too-large",
)


@cache
def load_example(name: str) -> Any:
    """Load an example body."""
    return msgspec.json.decode((files(__package__) / "example" / f"{name}.json").read_bytes())


def graph_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what the graph routes answer; `keyed` when callers need a key."""
    return {
        "200": _success(
            "The graph. It may be incomplete: see `graph.complete` and the outcomes.",
            Answer,
            {"complete": load_example("answer"), "incomplete": load_example("incomplete")},
            headers=_GRAPH,
        ),
        "304": {"description": "The graph held is still the same.", "headers": _REQUEST_ID | _GRAPH},
        **_problems(
            "invalid-node",
            "ambiguous-node",
            "invalid-parameter",
            "unknown-source",
            *(["unauthenticated"] if keyed else []),
            "unknown-node",
            "not-acceptable",
            "sources-failed",
            "sources-timed-out",
            "not-cached",
            *_OF_SERVICE,
        ),
    }


def source_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what /sources answers."""
    return {
        "200": _success(
            "The sources, in the order of the settings.",
            SourceList,
            {"two sources": load_example("sources")},
            headers=_KEPT | _VARY,
        ),
        **_problems("invalid-parameter", *(["unauthenticated"] if keyed else []), *_OF_SERVICE),
    }


def health_responses() -> dict[str, Response]:
    """Describe what /healthz answers."""
    body = {"alive": {"status": "ok"}}
    return {
        "200": _success("The process lives.", Health, body, headers=_NEVER_KEPT),
        **_problems("uri-too-long", "internal"),
    }


def readiness_responses() -> dict[str, Response]:
    """Describe what /readyz answers."""
    bodies = {
        "ready": {
            "status": "ok",
            "store": "ok",
            "sources": [{"name": "threatwinds", "outcome": "ok"}, {"name": "acc", "outcome": None}],
        },
        "without its cache and a source": {
            "status": "degraded",
            "store": "unavailable",
            "sources": [{"name": "threatwinds", "outcome": "ok"}, {"name": "acc", "outcome": "unavailable"}],
        },
    }
    return {
        "200": _success("Requests are answered.", Readiness, bodies, headers=_NEVER_KEPT),
        **_problems(*_OF_SERVICE),
    }


def _success(
    about: str, model: type[BaseModel], bodies: dict[str, Any], *, headers: dict[str, Any]
) -> Response:
    return {
        "description": about,
        "headers": _REQUEST_ID | headers,
        "content": {
            "application/json": {
                "schema": refer(model),
                "examples": {name: {"value": body} for name, body in bodies.items()},
            }
        },
    }


def _problems(*slugs: str) -> dict[str, Response]:
    """Describe a route's own problems by status, and as `default` those of any address."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for slug in slugs:
        by_status[EXAMPLES[slug]["status"]].append(slug)
    described = {str(status): _problem(by_status[status], status) for status in sorted(by_status)}
    return described | {"default": _problem(_ANYWHERE)}


def _problem(slugs: Sequence[str], status: int | None = None) -> Response:
    return {
        "description": "Any other problem." if status is None else HTTPStatus(status).phrase + ".",
        "headers": _REQUEST_ID | _NEVER_KEPT | (_ALLOW if status is None else _OF_STATUS.get(status, {})),
        "content": {
            MEDIA_TYPE: {
                "schema": refer(Problem),
                "examples": {
                    slug: {"summary": EXAMPLES[slug]["title"], "value": EXAMPLES[slug]} for slug in slugs
                },
            }
        },
    }
