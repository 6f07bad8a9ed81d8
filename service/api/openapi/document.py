"""Puts the whole OpenAPI document together from the settings: it says what this service does."""

from importlib.metadata import version
from typing import Any

from connectors.contract import Plugin
from connectors.credential import CallerCredential, Scheme
from service.api.openapi.parameter import (
    Configured,
    address_in_path,
    address_in_query,
    caching_header,
    conditional_headers,
    credentials_headers,
    query_parameters,
    ref_in_path,
)
from service.api.openapi.request import graph_request, request_schemas
from service.api.openapi.resolve import resolve_paths, resolve_schemas
from service.api.openapi.response import (
    graph_responses,
    health_responses,
    metrics_responses,
    posted_responses,
    readiness_responses,
    source_responses,
)
from service.api.openapi.schema import component_schemas
from service.api.openapi.wording import INTRODUCTION, SUMMARY, TAGS, TITLE
from service.api.validation import bounds_of
from service.settings import Settings

_FORMS = {Scheme.BEARER: "Bearer <token>", Scheme.KEY_PAIR: "KeyPair <key>:<secret>"}
_ABOUT = (
    "Expands the node hop by hop over every source that accepts each node; with `to` it searches for the "
    "shortest paths instead."
)
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of this service, as `Authorization: Bearer <key>`.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, where `Authorization` is taken.",
    },
}


def build_document(settings: Settings) -> dict[str, Any]:
    """Build the document for these settings."""
    configured = _configured(settings)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "summary": SUMMARY,
            "description": INTRODUCTION,
            "version": version("relgraph"),
        },
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "paths": {
            **_graph_paths(configured),
            **resolve_paths(configured, security=_security(configured)),
            **_other_paths(configured),
        },
        "components": {
            "schemas": component_schemas() | resolve_schemas() | request_schemas(configured),
            "securitySchemes": _SCHEMES,
        },
    }


def _graph_paths(configured: Configured) -> dict[str, Any]:
    shared = [*query_parameters(configured), *conditional_headers(), *credentials_headers(configured)]
    ways = (
        ("/graph/{node}", "expand_node", "by its address in the path", address_in_path),
        ("/graph/~{ref}", "expand_ref", "by its ref", ref_in_path),
        ("/graph", "expand_query", "by its address as a parameter", address_in_query),
    )
    paths = {
        path: {
            "get": {
                "operationId": operation,
                "tags": ["graph"],
                "summary": f"The neighborhood of a node, {way}",
                "description": _ABOUT,
                "parameters": [address(configured), *shared],
                "security": _security(configured),
                "responses": graph_responses(keyed=configured.keyed),
            }
        }
        for path, operation, way, address in ways
    }
    paths["/graph"]["post"] = {
        "operationId": "expand_nodes",
        "tags": ["graph"],
        "summary": "The neighborhood of several nodes together, or of one",
        "description": f"{_ABOUT} For what fits no URL: many seeds, long keys. It is never kept by a cache.",
        "parameters": [caching_header(), *credentials_headers(configured)],
        "requestBody": graph_request(configured),
        "security": _security(configured),
        "responses": posted_responses(keyed=configured.keyed),
    }
    return paths


def _other_paths(configured: Configured) -> dict[str, Any]:
    return {
        "/sources": {
            "get": {
                "operationId": "list_sources",
                "tags": ["sources"],
                "summary": "The configured sources",
                "description": "What each accepts, example addresses, and whether this caller can use it.",
                "parameters": credentials_headers(configured),
                "security": _security(configured),
                "responses": source_responses(keyed=configured.keyed),
            }
        },
        "/healthz": {
            "get": {
                "operationId": "tell_health",
                "tags": ["health"],
                "summary": "The process lives",
                "description": "Asks nothing of anybody; for liveness probes.",
                "security": [],
                "responses": health_responses(),
            }
        },
        "/readyz": {
            "get": {
                "operationId": "tell_readiness",
                "tags": ["health"],
                "summary": "Requests are answered",
                "description": "Stays ready when the cache or a source is down, and says so.",
                "security": [],
                "responses": readiness_responses(),
            }
        },
        "/metrics": {
            "get": {
                "operationId": "tell_metrics",
                "tags": ["health"],
                "summary": "What there is to count",
                "description": "For Prometheus: every metric, of all processes of this instance.",
                "security": _security(configured),
                "responses": metrics_responses(keyed=configured.keyed),
            }
        },
    }


def _security(configured: Configured) -> list[dict[str, list[str]]]:
    """Give the ways to identify oneself; with no caller configured, none is needed."""
    ways: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]
    return ways if configured.keyed else [{}, *ways]


def _configured(settings: Settings) -> Configured:
    addresses, by_caller = {}, {}
    for name, entry in settings.sources.items():
        plugin = entry.plugin
        # One of each source is enough to try; /sources lists the others.
        for example in plugin.build(entry.settings).spec.examples[:1]:
            addresses[name] = example
        if isinstance(plugin.credential(entry.settings), CallerCredential):
            by_caller[name] = _form(plugin)
    return Configured(
        bounds=bounds_of(settings),
        addresses=addresses,
        by_caller=by_caller,
        keyed=bool(settings.callers),
    )


def _form(plugin: Plugin) -> str:
    return next(_FORMS[scheme] for scheme in Scheme if scheme in plugin.caller_schemes)
