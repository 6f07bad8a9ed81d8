"""An answer as HTTP: node-link JSON, its weak ETag, and the headers that say how far to trust it."""

from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import Request, Response

from connectors.model import Selection, encode_ref
from connectors.settings import Visibility
from service.api.report import source_record
from service.usecases.expand import Answer
from service.usecases.source import Source

_encoder = msgspec.json.Encoder()
# Fields that tell of this one fetch rather than of the graph.
_PASSING = frozenset({"calls", "cached", "age_seconds", "retry_after_seconds", "detail"})


def answer_json(request: Request, answer: Answer, *, sources: tuple[Source, ...]) -> Response:
    """Give the answer, or 304 when the caller holds the same graph already."""
    about = _about(answer)
    nodes = [record for _, record in answer.graph.nodes(data=True)]
    # Both directions of an edge share one record; the order is that of the ids.
    edges = sorted((record for *_, record in answer.graph.edges(data=True)), key=lambda record: record["id"])
    headers = _headers(request, answer, sources)
    headers["ETag"] = _etag(about, nodes, edges)
    if _matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    body = _encoder.encode({"graph": about, "nodes": nodes, "edges": edges})
    return Response(body, headers=headers, media_type="application/json")


def _about(answer: Answer) -> dict[str, Any]:
    return {
        "seed": str(answer.seed),
        "requested": answer.requested,
        "selection": isinstance(answer.seed, Selection),
        "seed_known": answer.seed_known,
        "complete": answer.complete,
        "truncated": list(answer.truncated),
        "next_cursor": None,
        "sources": [source_record(report) for report in answer.reports],
        "spent": {
            "hops": answer.spent.hops,
            "nodes": answer.spent.nodes,
            "edges": answer.spent.edges,
            "calls": answer.spent.calls,
            "milliseconds": round(answer.spent.elapsed.total_seconds() * 1000, 3),
        },
    }


def _headers(request: Request, answer: Answer, sources: tuple[Source, ...]) -> dict[str, str]:
    asked = {report.source for report in answer.reports}
    public = all(source.visibility is Visibility.PUBLIC for source in sources if source.name in asked)
    ages = [report.age for report in answer.reports if report.age is not None]
    headers = {
        "Graph-Complete": "?1" if answer.complete else "?0",
        "Content-Location": f"/graph/~{encode_ref(str(answer.seed))}" + _query(request),
    }
    if not answer.complete:
        headers["Cache-Control"] = "no-store"
    else:
        headers["Cache-Control"] = "public, max-age=0" if public else "private, max-age=0"
    headers["Vary"] = "Accept" if public else "Accept, Authorization, X-API-Key, Upstream-Credentials"
    if ages:
        headers["Age"] = str(int(max(ages).total_seconds()))
    if answer.store_down:
        # RFC 9211: the cache took no part in this answer, and why.
        headers["Cache-Status"] = "relgraph; fwd=bypass; detail=store-unavailable"
    return headers


def _query(request: Request) -> str:
    raw = request.scope["query_string"]
    pairs = [pair for pair in raw.split(b"&") if pair and pair.partition(b"=")[0] != b"node"]
    return "?" + quote(b"&".join(pairs), safe="=&%+,:;@!$'()*/?-._~") if pairs else ""


def _etag(about: dict[str, Any], nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> str:
    # Weak: the same graph, though fetched at another time or another cost.
    lasting = {name: value for name, value in about.items() if name not in ("spent", "sources", "requested")}
    lasting["sources"] = [
        {name: value for name, value in source.items() if name not in _PASSING} for source in about["sources"]
    ]
    timeless = [
        edge | {"provenance": [{**word, "fetched_at": None} for word in edge["provenance"]]} for edge in edges
    ]
    digest = blake2b(_encoder.encode([lasting, nodes, timeless]), digest_size=16)
    return f'W/"{digest.hexdigest()}"'


def _matches(request: Request, etag: str) -> bool:
    # A weak comparison: RFC 9110 asks for it here.
    held = ",".join(request.headers.getlist("if-none-match"))
    tags = {tag.strip().removeprefix("W/") for tag in held.split(",") if tag.strip()}
    return "*" in tags or etag.removeprefix("W/") in tags
