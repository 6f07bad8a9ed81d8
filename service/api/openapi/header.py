"""Every response header of the document, with its meaning and an example."""

from typing import Any


def _header(about: str, example: str) -> dict[str, Any]:
    return {"description": about, "schema": {"type": "string"}, "example": example}


ALWAYS = {
    "Request-Id": _header("Names this request in our log.", "6f9f1cf1c6d04b0f9f6d7a4c1f0f3c55"),
    "Server-Timing": _header(
        "Milliseconds in all, and in parts (W3C).", "total;dur=21.4, expand;dur=17.9, encode;dur=2.1"
    ),
    "Vary": _header("The request headers that decide.", "Accept-Encoding"),
    "Content-Encoding": _header("Only if the body is compressed, for a caller who accepts that.", "gzip"),
}
KEPT = {"Cache-Control": _header("Who may keep the answer, and for how many seconds.", "private, max-age=0")}
NEVER_KEPT = {"Cache-Control": _header("Nobody may keep it.", "no-store")}
RETRY_AFTER = {"Retry-After": _header("Seconds after which asking again makes sense.", "20")}
VARY = {
    "Vary": _header(
        "The request headers that decide.",
        "Accept, Authorization, X-API-Key, Upstream-Credentials, Accept-Encoding",
    )
}
ALLOW = {"Allow": _header("With a 405: the methods of this address.", "GET, HEAD")}
HOW_TO_SIGN_IN = {"WWW-Authenticate": _header("How to send a key.", "Bearer")}

_ANSWER = {
    "Graph-Complete": _header(
        "`?1` if the answer is complete, else `?0` (RFC 8941 boolean). Of a stream only its end can say: "
        "`?0` means nothing there.",
        "?1",
    ),
    "Age": _header("Seconds since the oldest data used was fetched; only if any was used.", "12"),
    "Cache-Status": _header(
        "Only when our own cache cannot be reached (RFC 9211).",
        "relgraph; fwd=bypass; detail=store-unavailable",
    ),
    **VARY,
}
_STREAMED = {"X-Accel-Buffering": _header("Only of a stream: has nginx hand it on as it comes.", "no")}
_OF_GET = {
    "ETag": _header(
        "Names the graph in this format, whenever it was fetched; for `If-None-Match`. A stream has none.",
        'W/"0ea9adee9a446509c9cc5d0ca6958365"',
    ),
    "Content-Location": _header(
        "The same answer by its canonical address, unless that is too long for a header.",
        "/graph/~b2JzZXJ2YWJsZTpkb21haW46YWNlc2NlbmN5LmNvbQ",
    ),
    "Link": _header(
        "The next page of an answer that was cut, unless its address is too long for a header (RFC 8288). A "
        "stream tells its cursor in `done`.",
        '</graph/~b2JzZXJ2YWJsZTpkb21haW46YWNlc2NlbmN5LmNvbQ?hops=2&cursor=gAAAAABr>; rel="next"',
    ),
    **KEPT,
}
GOT = _ANSWER | _OF_GET | _STREAMED
"""Of the answer to a GET; that to a POST has no URL to be asked for again by, and is not kept."""
POSTED = _ANSWER | NEVER_KEPT | _STREAMED
UNCHANGED = _ANSWER | _OF_GET
