"""Every response of the document: its headers, its shape, and an example of each body."""

from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from service.api.openapi.header import (
    ALLOW,
    ALWAYS,
    GOT,
    HOW_TO_SIGN_IN,
    KEPT,
    NEVER_KEPT,
    POSTED,
    RETRY_AFTER,
    UNCHANGED,
    VARY,
)
from service.api.openapi.media import answer_content
from service.api.openapi.problem import EXAMPLES
from service.api.openapi.sample import load_example
from service.api.openapi.schema import Health, Problem, Readiness, SourceList
from service.api.openapi.shape import refer
from service.api.problems import MEDIA_TYPE

Response = dict[str, Any]

# What a problem carries beside what every response does.
_OF_STATUS = {401: HOW_TO_SIGN_IN, 429: RETRY_AFTER, 502: RETRY_AFTER, 504: RETRY_AFTER}
OF_SERVICE = ("not-ready", "uri-too-long", "internal")
"""The problems that every route has which needs the running service."""
_OF_GRAPH = (
    *("invalid-node", "ambiguous-node", "invalid-parameter", "invalid-cursor", "expired-cursor"),
    *(
        "unknown-source",
        "unknown-node",
        "not-acceptable",
        "sources-failed",
        "sources-timed-out",
        "not-cached",
    ),
    *OF_SERVICE,
)
OF_CONTENT = ("content-too-large", "unsupported-media-type")
"""The problems of a request that has content."""
# What is only said of all routes together.
_ANYWHERE = (
    "not-found",
    "method-not-allowed",
    "forbidden",
    "content-too-large",
    "unsupported-media-type",
    "rate-limited",
    "headers-too-large",
)

_METRICS = """\
# HELP relgraph_answers_total Graphs given, streams included, complete or not.
# TYPE relgraph_answers_total counter
relgraph_answers_total{complete="false"} 2.0
relgraph_answers_total{complete="true"} 41.0
"""


def graph_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what GET answers on the graph routes; `keyed` when callers need a key."""
    return {
        "200": _graph(GOT, several=False),
        "304": {"description": "The graph held is still the same.", "headers": ALWAYS | UNCHANGED},
        **describe_problems(*_OF_GRAPH, *of_callers(keyed=keyed)),
    }


def posted_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what POST answers."""
    return {
        "200": _graph(POSTED, several=True),
        **describe_problems(*_OF_GRAPH, *OF_CONTENT, *of_callers(keyed=keyed)),
    }


def source_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what /sources answers."""
    return {
        "200": describe_success(
            "The sources, in the order of the settings.",
            SourceList,
            {"two sources": load_example("sources")},
            headers=KEPT | VARY,
        ),
        **describe_problems("invalid-parameter", *of_callers(keyed=keyed), *OF_SERVICE),
    }


def health_responses() -> dict[str, Response]:
    """Describe what /healthz answers."""
    body = {"alive": {"status": "ok"}}
    return {
        "200": describe_success("The process lives.", Health, body, headers=NEVER_KEPT),
        **describe_problems("uri-too-long", "internal"),
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
        "200": describe_success("Requests are answered.", Readiness, bodies, headers=NEVER_KEPT),
        **describe_problems(*OF_SERVICE),
    }


def metrics_responses(*, keyed: bool) -> dict[str, Response]:
    """Describe what /metrics answers."""
    return {
        "200": {
            "description": "Every metric, in Prometheus's text format, version 0.0.4.",
            "headers": ALWAYS | NEVER_KEPT,
            "content": {
                "text/plain": {"schema": {"type": "string"}, "examples": {"a part": {"value": _METRICS}}}
            },
        },
        **describe_problems(*of_callers(keyed=keyed), *OF_SERVICE),
    }


def describe_success(
    about: str, model: type[BaseModel], bodies: dict[str, Any], *, headers: dict[str, Any]
) -> Response:
    """Describe an answer in JSON, with example bodies by name and the headers beside those of all."""
    return {
        "description": about,
        "headers": ALWAYS | headers,
        "content": {
            "application/json": {
                "schema": refer(model),
                "examples": {name: {"value": body} for name, body in bodies.items()},
            }
        },
    }


def describe_problems(*slugs: str) -> dict[str, Response]:
    """Describe a route's own problems by status, and as `default` those of any address."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for slug in slugs:
        by_status[EXAMPLES[slug]["status"]].append(slug)
    described = {str(status): _problem(by_status[status], status) for status in sorted(by_status)}
    return described | {"default": _problem(_ANYWHERE)}


def of_callers(*, keyed: bool) -> Sequence[str]:
    """Give the problems of who calls, where callers are told apart."""
    return ("unauthenticated", "rate-limited") if keyed else ()


def _graph(headers: dict[str, Any], *, several: bool) -> Response:
    return {
        "description": "The graph. It may be incomplete: see `graph.complete` and the outcomes.",
        "headers": ALWAYS | headers,
        "content": answer_content(several=several),
    }


def _problem(slugs: Sequence[str], status: int | None = None) -> Response:
    return {
        "description": "Any other problem." if status is None else HTTPStatus(status).phrase + ".",
        "headers": ALWAYS | NEVER_KEPT | (ALLOW if status is None else _OF_STATUS.get(status, {})),
        "content": {
            MEDIA_TYPE: {
                "schema": refer(Problem),
                "examples": {
                    slug: {"summary": EXAMPLES[slug]["title"], "value": EXAMPLES[slug]} for slug in slugs
                },
            }
        },
    }
