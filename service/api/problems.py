"""RFC 9457 problems: the one table from error to status, and what a problem looks like.

Nothing of an upstream's reply, no stack trace and no credential ever stands in a problem: only
messages of relgraph's own errors do, and of what is internal none but its title.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from connectors.errors import (
    AmbiguousNodeError,
    ConfigurationError,
    GraphError,
    InvalidNodeIdError,
    InvalidParameterError,
    RequestError,
    SourceError,
    StoreUnavailableError,
    UnknownNodeError,
    UnknownSourceError,
)
from service.api.body import encode_json
from service.api.report import source_record
from service.kind import BY_STATUS, INTERNAL, INVALID_PARAMETER, NOT_READY, RATE_LIMITED, Kind
from service.usecases.answer.requirement import (
    AnswerRefusedError,
    NotCachedError,
    SourcesFailedError,
    SourcesTimedOutError,
)
from service.usecases.answer.resume import ExpiredCursorError, InvalidCursorError
from service.usecases.caller_limits import OverLimitError

MEDIA_TYPE = "application/problem+json"
_MOST_INSTANCE_BYTES = 2048
log = structlog.get_logger(__name__)


class ParametersError(RequestError):
    """Several parameters or headers are wrong, each with its own mistake."""

    def __init__(self, mistakes: Sequence[InvalidParameterError]) -> None:
        """Keep the mistakes, one per field."""
        super().__init__("; ".join(f"{mistake.field}: {mistake}" for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class UnauthenticatedError(GraphError):
    """The caller has no valid API key."""


class NotReadyError(GraphError):
    """The service is starting or shutting down."""


KINDS: Mapping[type[GraphError], Kind] = {
    InvalidNodeIdError: Kind(400, "invalid-node", "The address of the node is not valid"),
    AmbiguousNodeError: Kind(400, "ambiguous-node", "The address fits more than one tenant"),
    ParametersError: INVALID_PARAMETER,
    InvalidParameterError: INVALID_PARAMETER,
    InvalidCursorError: Kind(400, "invalid-cursor", "The cursor is not for this caller and request"),
    ExpiredCursorError: Kind(400, "expired-cursor", "What the cursor leads to is gone"),
    UnknownSourceError: Kind(400, "unknown-source", "No such source is configured"),
    UnauthenticatedError: Kind(401, "unauthenticated", "An API key is needed"),
    UnknownNodeError: Kind(404, "unknown-node", "Nobody knows this node"),
    OverLimitError: RATE_LIMITED,
    SourcesFailedError: Kind(502, "sources-failed", "The sources did not give the answer required"),
    SourcesTimedOutError: Kind(504, "sources-timed-out", "The sources did not answer in time"),
    NotCachedError: Kind(504, "not-cached", "Nothing is cached for this question"),
    NotReadyError: NOT_READY,
    # What a source fails at is an outcome within an answer, a cache that is down a header of it,
    # and wrong settings stop the start: one of these that gets as far as here is our own mistake.
    SourceError: INTERNAL,
    StoreUnavailableError: INTERNAL,
    ConfigurationError: INTERNAL,
}
"""The kind of every error of relgraph's own; a subclass without a row has that of its parent."""


def kind_of(error: Exception) -> Kind:
    """Find the kind of problem an error is; what is in no table is internal."""
    if isinstance(error, HTTPException):
        return BY_STATUS.get(error.status_code, INTERNAL)
    return next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), INTERNAL)


def problem_body(error: Exception, *, instance: str, request_id: str) -> dict[str, Any]:
    """Build the body: `type title status detail instance request_id`, and what the error carries."""
    kind = kind_of(error)
    body: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": _detail(kind, error),
        "instance": instance,
        "request_id": request_id,
    }
    if kind.status == HTTPStatus.BAD_REQUEST:
        body["errors"] = _errors(error)
    if isinstance(error, AmbiguousNodeError):
        body["choices"] = list(error.choices)
    if isinstance(error, AnswerRefusedError):
        body["sources"] = [source_record(report) for report in error.reports]
    return body


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer any error as a problem; the exception handler of the whole application."""
    kind = kind_of(error)
    if kind is INTERNAL:
        log.error("internal error", error=type(error).__name__, exc_info=error)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        headers["Allow"] = ", ".join(sorted(error.headers["Allow"].split(", ")))
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, OverLimitError):
        headers["Retry-After"] = str(error.seconds)
    if isinstance(error, AnswerRefusedError):
        waits = [report.retry_after for report in error.reports if report.retry_after is not None]
        if waits:
            headers["Retry-After"] = str(max(1, ceil(min(waits).total_seconds())))
    body = problem_body(error, instance=_instance(request), request_id=request.state.request_id)
    return Response(encode_json(body), kind.status, headers, MEDIA_TYPE)


def _instance(request: Request) -> str:
    """Give the path as it was sent; never the query, where somebody may have put a secret."""
    # `request.url` is put together from the Host header, which may be anything, and unquotes.
    path: bytes = request.scope["raw_path"]
    return "/" if len(path) > _MOST_INSTANCE_BYTES else quote(path, safe="/%:@!$&'()*+,;=~")


def _detail(kind: Kind, error: Exception) -> str:
    if kind is INTERNAL or not isinstance(error, GraphError):
        return kind.title
    field = error.field if isinstance(error, RequestError) else None
    return str(error) if field is None else f"{field}: {error}"


def _errors(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, ParametersError):
        return [{"field": mistake.field, "detail": str(mistake)} for mistake in error.mistakes]
    if isinstance(error, InvalidParameterError):
        return [{"field": error.field, "detail": str(error)}]
    if isinstance(error, RequestError) and error.field is not None:
        return [{"field": error.field, "detail": str(error)}]
    field = "sources" if isinstance(error, UnknownSourceError) else "node"
    return [{"field": field, "detail": str(error)}]
