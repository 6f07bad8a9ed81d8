"""An answer as HTTP: node-link JSON, and the headers that say how far to trust and keep it."""

from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from connectors.model import Selection, encode_ref
from service.api.body import encode_json
from service.api.etag import etag_of, is_held
from service.api.query import read_name
from service.api.report import source_record
from service.usecases.expand import Answer


def answer_json(request: Request, answer: Answer, *, public: frozenset[str]) -> Response:
    """Give the answer, or 304 when the caller holds the same graph already.

    `public` names the sources whose data is anybody's.
    """
    about = _about(answer)
    nodes = [record for _, record in answer.graph.nodes(data=True)]
    # Both directions of an edge share one record; the order is that of the ids.
    edges = sorted((record for *_, record in answer.graph.edges(data=True)), key=lambda record: record["id"])
    headers = _headers(request, answer, public)
    headers["ETag"] = etag_of(about, nodes=nodes, edges=edges)
    if is_held(headers["ETag"], lines=request.headers.getlist("if-none-match")):
        return Response(status_code=304, headers=headers)
    body = encode_json({"graph": about, "nodes": nodes, "edges": edges})
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


def _headers(request: Request, answer: Answer, public: frozenset[str]) -> dict[str, str]:
    shared = public.issuperset(report.source for report in answer.reports)
    ages = [report.age for report in answer.reports if report.age is not None]
    headers = {
        "Graph-Complete": "?1" if answer.complete else "?0",
        "Content-Location": f"/graph/~{encode_ref(str(answer.seed))}" + _query(request),
    }
    if not answer.complete:
        headers["Cache-Control"] = "no-store"
    else:
        headers["Cache-Control"] = "public, max-age=0" if shared else "private, max-age=0"
    headers["Vary"] = "Accept" if shared else "Accept, Authorization, X-API-Key, Upstream-Credentials"
    if ages:
        headers["Age"] = str(int(max(ages).total_seconds()))
    if answer.store_down:
        # RFC 9211: the cache took no part in this answer, and why.
        headers["Cache-Status"] = "relgraph; fwd=bypass; detail=store-unavailable"
    return headers


def _query(request: Request) -> str:
    pairs = [pair for pair in request.scope["query_string"].split(b"&") if pair]
    kept = [pair for pair in pairs if read_name(pair.partition(b"=")[0]) != "node"]
    return "?" + quote(b"&".join(kept), safe="=&%+,:;@!$'()*/?-._~") if kept else ""
