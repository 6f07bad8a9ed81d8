"""The kinds of problem that HTTP itself knows, told alike by the application and by the server below it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, its slug (`/problems/<slug>`) and its title."""

    status: int
    slug: str
    title: str


INVALID_PARAMETER = Kind(400, "invalid-parameter", "A parameter is not valid")
INTERNAL = Kind(500, "internal", "Something went wrong here")
NOT_READY = Kind(503, "not-ready", "The service is not ready")
RATE_LIMITED = Kind(429, "rate-limited", "The caller is over its own limit")

BY_STATUS: dict[int, Kind] = {
    403: Kind(403, "forbidden", "This is not for this caller"),
    404: Kind(404, "not-found", "There is nothing at this address"),
    405: Kind(405, "method-not-allowed", "The method is not for this address"),
    406: Kind(406, "not-acceptable", "No format of the answer is acceptable to the caller"),
    413: Kind(413, "content-too-large", "The request's content is too large"),
    414: Kind(414, "uri-too-long", "The request's URL is too long"),
    415: Kind(415, "unsupported-media-type", "The request's content is of the wrong type"),
    429: RATE_LIMITED,
    431: Kind(431, "headers-too-large", "The request's headers are too large"),
}
"""The kind of what HTTP itself, or the framework, finds wrong with a request."""
