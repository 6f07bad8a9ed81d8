"""An example of each kind of problem, made by the code that makes the real ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException

from connectors.contract import Filter
from connectors.errors import (
    AmbiguousNodeError,
    InvalidNodeIdError,
    InvalidParameterError,
    UnknownNodeError,
    UnknownSourceError,
)
from connectors.model import NodeId, Outcome
from connectors.walk import Finding, Listing
from connectors.wire import Aspect
from service.api.problems import (
    NotReadyError,
    ParametersError,
    UnauthenticatedError,
    kind_of,
    problem_body,
)
from service.kind import BY_STATUS, RATE_LIMITED
from service.usecases.answer.report import Report
from service.usecases.answer.requirement import NotCachedError, SourcesFailedError, SourcesTimedOutError
from service.usecases.answer.resume import ExpiredCursorError, InvalidCursorError
from service.usecases.caller_limits import OverLimitError

_SEED = NodeId("observable", None, "domain", "acescency.com")
_CHOICES = ("autodesk-bim360-issue@f0f4f36a:issue:1", "autodesk-bim360-issue@0c4cd29c:issue:1")


def _report(outcome: Outcome, detail: str, *, retry_after: timedelta | None = None) -> Report:
    never = datetime.min.replace(tzinfo=UTC)
    listing = Listing(_SEED, Aspect.RELATIONS, Filter(), never)
    report = Report("threatwinds", "threatwinds", calls=1)
    report.findings[_SEED] = Finding(outcome, listing, detail, retry_after)
    return report


_ERRORS: tuple[Exception, ...] = (
    InvalidNodeIdError("the tenant after '@' is empty"),
    AmbiguousNodeError(f"this address fits 2 configured tenants: {', '.join(_CHOICES)}", choices=_CHOICES),
    ParametersError(
        [
            InvalidParameterError("Input should be less than or equal to 6", field="hops"),
            InvalidParameterError("there is no such parameter", field="radius"),
        ]
    ),
    InvalidCursorError("not a cursor of this caller and this request", field="cursor"),
    ExpiredCursorError("its time is up; ask again from the first page", field="cursor"),
    UnknownSourceError("no source is called 'acme'; there are: acc, threatwinds"),
    UnauthenticatedError("send one of this service's API keys as 'Authorization: Bearer <key>'"),
    OverLimitError("dashboard", wait=timedelta(seconds=20)),
    UnknownNodeError("every source that accepts this node says that it does not know it"),
    SourcesFailedError(
        "no source gave a successful reply",
        reports=[
            _report(Outcome.THROTTLED, "too many calls (status 429)", retry_after=timedelta(seconds=20))
        ],
    ),
    SourcesTimedOutError(
        "no source gave a successful reply", reports=[_report(Outcome.TIMEOUT, "no reply in time")]
    ),
    NotCachedError(
        "nothing is cached for this question",
        reports=[_report(Outcome.UNAVAILABLE, "not cached, and only cached data was wanted")],
    ),
    NotReadyError("the service is starting or shutting down"),
    RuntimeError("anything that nobody has foreseen"),
    *(HTTPException(status) for status, kind in BY_STATUS.items() if kind is not RATE_LIMITED),
)

EXAMPLES: Mapping[str, dict[str, Any]] = {
    kind_of(error).slug: problem_body(
        error,
        instance="/graph/observable:domain:acescency.com",
        request_id="6f9f1cf1c6d04b0f9f6d7a4c1f0f3c55",
    )
    for error in _ERRORS
}
"""The body of an example problem, by slug."""
