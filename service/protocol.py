"""The HTTP server's edge: what never becomes a request is bounded, and answered as a problem too.

The parser itself accepts a URL or headers of any size, and answers what it cannot read in plain
text; the application never sees either.
"""

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# The application answers 414 from 16 KiB on; httptools cannot take a URL of 64 KiB apart.
LONGEST_URL = 65_535
LARGEST_HEADERS = 65_536

_TITLES = {
    400: ("invalid-parameter", "A parameter is not valid"),
    414: ("uri-too-long", "The request's URL is too long"),
    431: ("headers-too-large", "The request's headers are too large"),
}


class OversizeError(Exception):
    """The request is larger than anything this service has a use for."""


class BoundedProtocol(HttpToolsProtocol):
    """Speaks HTTP/1.1 with bounds, and says as RFC 9457 problems what was wrong with a request."""

    _refused_with = 400
    _header_bytes = 0

    def on_message_begin(self) -> None:
        """Start counting anew: a connection carries many requests."""
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL:
            self._refused_with = 414
            raise OversizeError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > LARGEST_HEADERS:
            self._refused_with = 431
            raise OversizeError

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words help nobody
        """Answer what could not be read, and close the connection: its place in the stream is lost."""
        status = HTTPStatus(self._refused_with)
        slug, title = _TITLES[status]
        request_id = uuid4().hex
        problem: dict[str, Any] = {
            "type": f"/problems/{slug}",
            "title": title,
            "status": status.value,
            "detail": title,
            "instance": "/",
            "request_id": request_id,
        }
        if status is HTTPStatus.BAD_REQUEST:
            problem["detail"] = (
                "This is not HTTP/1.1. In a URL, spaces, control characters and everything beyond "
                "ASCII have to be percent-encoded."
            )
            problem["errors"] = [{"field": "url", "detail": problem["detail"]}]
        body = json.dumps(problem).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\n"
            f"request-id: {request_id}\r\n"
            "cache-control: no-store\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
