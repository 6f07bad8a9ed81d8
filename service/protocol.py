"""The HTTP server's edge: what never becomes a request is bounded, and answered as a problem too.

The parser itself accepts a URL or headers of any size, and answers what it cannot read in plain
text; the application never sees either.
"""

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.kind import BY_STATUS, INVALID_PARAMETER, NOT_READY

Headers = list[tuple[bytes, bytes]]

# The application answers 414 from 16 KiB on; httptools cannot take a URL of 64 KiB apart.
LONGEST_URL = 65_535
LARGEST_HEADERS = 65_536

_KINDS = BY_STATUS | {kind.status: kind for kind in (INVALID_PARAMETER, NOT_READY)}
_UNREADABLE = (
    "This is not HTTP/1.1. In a URL, spaces, '#', control characters and everything beyond ASCII have to "
    "be percent-encoded."
)


def make_problem(status: HTTPStatus, *, detail: str, instance: str = "/") -> tuple[Headers, bytes]:
    """Make the headers and the body of an RFC 9457 problem, without the application's help."""
    kind = _KINDS[status]
    request_id = uuid4().hex
    problem: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": status.value,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
    if status is HTTPStatus.BAD_REQUEST:
        problem["errors"] = [{"field": "url", "detail": detail}]
    body = json.dumps(problem).encode()
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "request-id": request_id,
        "cache-control": "no-store",
        "connection": "close",
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()], body


class OversizeError(Exception):
    """The request is larger than anything this service has a use for."""


class FragmentError(Exception):
    """The URL holds a '#': what stands behind it is never sent, so it was meant to be percent-encoded."""


class BoundedProtocol(HttpToolsProtocol):
    """Speaks HTTP/1.1 with bounds, and says as RFC 9457 problems what was wrong with a request."""

    _refused_with = HTTPStatus.BAD_REQUEST
    _header_bytes = 0

    def on_message_begin(self) -> None:
        """Start counting anew: a connection carries many requests."""
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._refused_with = HTTPStatus.REQUEST_URI_TOO_LONG
            raise OversizeError
        if b"#" in url:
            # uvicorn would drop the rest, and answer about another node.
            raise FragmentError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > LARGEST_HEADERS:
            self._refused_with = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise OversizeError

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words help nobody
        """Answer what could not be read, and close the connection: its place in the stream is lost."""
        status = self._refused_with
        unreadable = status is HTTPStatus.BAD_REQUEST
        headers, body = make_problem(status, detail=_UNREADABLE if unreadable else status.description)
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, status.phrase.encode(), head) + body)
        self.transport.close()
