"""An answer as HTTP: in the format asked for, and the headers that say how far to trust and keep it."""

from datetime import timedelta

from fastapi import Request, Response

from service.api.about import describe
from service.api.etag import etag_of, is_held
from service.api.format.media import Format, Table
from service.api.format.writer import write_answer, write_json
from service.api.format.written import Written
from service.api.location import location_of, next_page_of
from service.api.metering import note_answer
from service.api.pieces import in_pieces
from service.api.timing import timed
from service.usecases.answer.answering import Answer

STREAM_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization, X-API-Key, Upstream-Credentials",
    # nginx gathers replies unless it is told that this one is read as it comes.
    "X-Accel-Buffering": "no",
}
"""The headers of every stream of events; HEAD has them too."""
_OF_STREAMS = ("Graph-Complete", "Content-Location")


def respond(
    request: Request,
    answer: Answer,
    *,
    format: Format,
    table: Table = Table.NODES,
    public: frozenset[str] = frozenset(),
    lifetime: timedelta = timedelta(0),
    several: bool = False,
) -> Response:
    """Give the answer in a format, or 304 when the caller of a GET holds the same graph already.

    `public` names the sources whose data is anybody's; an answer of theirs alone may be kept by
    anybody for `lifetime`. With `several` seeds asked for the answer is not one of a node.
    """
    note_answer(request.scope, complete=answer.complete)
    with timed(request.scope, "encode"):
        records = answer.page.records
        written = Written(describe(answer, several=several), records.nodes, records.edges)
        headers = _headers(request, answer, public, lifetime)
        if request.method == "POST":
            # A cache has no use for it, and a caller no URL to ask for it again.
            headers |= {"Cache-Control": "no-store"}
        elif format is Format.NDJSON:
            # A HEAD of what a GET streams.
            headers = {name: headers[name] for name in _OF_STREAMS if name in headers} | STREAM_HEADERS
        else:
            headers["ETag"] = etag_of(written, format=format, table=table)
            if is_held(headers["ETag"], lines=request.headers.getlist("if-none-match")):
                return Response(status_code=304, headers=headers)
        if format is Format.JSON:
            pieces = write_json(written)
            return in_pieces(pieces, headers=headers, media_type=format.content_type, made_of=answer)
        # Of a stream only the headers are ever asked for like this.
        body = b"" if format is Format.NDJSON else write_answer(written, format=format, table=table)
        return Response(body, headers=headers, media_type=format.content_type)


def _headers(request: Request, answer: Answer, public: frozenset[str], lifetime: timedelta) -> dict[str, str]:
    shared = bool(answer.reports) and public.issuperset(report.source for report in answer.reports)
    ages = [report.age for report in answer.reports if report.age is not None]
    headers = {"Graph-Complete": "?1" if answer.complete else "?0"}
    if request.method != "POST":
        headers |= location_of(request, answer.seed)
        if answer.next_cursor is not None:
            headers |= next_page_of(request, answer.seed, cursor=answer.next_cursor)
    if not answer.complete:
        headers["Cache-Control"] = "no-store"
    elif shared:
        headers["Cache-Control"] = f"public, max-age={int(lifetime.total_seconds())}"
    else:
        headers["Cache-Control"] = "private, max-age=0"
    headers["Vary"] = "Accept" if shared else "Accept, Authorization, X-API-Key, Upstream-Credentials"
    if ages:
        headers["Age"] = str(int(max(ages).total_seconds()))
    if answer.store_down:
        # RFC 9211: the cache took no part in this answer, and why.
        headers["Cache-Status"] = "relgraph; fwd=bypass; detail=store-unavailable"
    return headers
