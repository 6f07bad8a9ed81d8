"""Why there is no answer although the question was a good one."""

from collections.abc import Sequence

from connectors.errors import GraphError, UnknownNodeError
from connectors.model import Outcome
from service.usecases.answer.report import Report
from service.usecases.request import Require


class AnswerRefusedError(GraphError):
    """The sources' part in the answer does not meet what the request requires."""

    def __init__(self, message: str, *, reports: Sequence[Report]) -> None:
        """Keep what each source did."""
        super().__init__(message)
        self.reports = tuple(reports)


class SourcesFailedError(AnswerRefusedError):
    """No source gave one successful reply, or not all did and the request wants nothing less."""


class SourcesTimedOutError(AnswerRefusedError):
    """As when the sources failed, and time is the only reason."""


class NotCachedError(AnswerRefusedError):
    """Only cached data was wanted, and there is none."""


def check_answer(
    reports: Sequence[Report],
    *,
    known: bool | None,
    complete: bool,
    require: Require,
    only_if_cached: bool,
) -> None:
    """Raise when the answer is not what the request requires; with `none` nothing is refused."""
    if require is Require.NONE:
        return
    if known is False:
        raise UnknownNodeError("every source that accepts this node says that it does not know it")
    # With no report at all nobody was asked: a budget left no room to ask in.
    if not reports or any(report.answered for report in reports):
        if require is Require.COMPLETE and not complete:
            raise _failure(reports, "the answer is not complete")
        return
    if only_if_cached:
        raise NotCachedError("nothing is cached for this question", reports=reports)
    raise _failure(reports, "no source gave a successful reply")


def _failure(reports: Sequence[Report], message: str) -> AnswerRefusedError:
    all_late = {report.outcome for report in reports} == {Outcome.TIMEOUT}
    kind = SourcesTimedOutError if all_late else SourcesFailedError
    return kind(message, reports=reports)
