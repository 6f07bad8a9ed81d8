"""One entry of `graph.sources`, in answers and in problems alike."""

from math import ceil
from typing import Any

from service.usecases.answer.report import Report


def source_record(report: Report) -> dict[str, Any]:
    """Write what one source did; ages and waits in whole seconds."""
    retry_after = report.retry_after
    return {
        "name": report.source,
        "connector": report.connector,
        "outcome": report.outcome.value,
        "outcomes": report.outcomes,
        "calls": report.calls,
        "cached": report.cached,
        "edges": report.edges,
        "undecided": report.undecided,
        "age_seconds": None if report.age is None else int(report.age.total_seconds()),
        "retry_after_seconds": None if retry_after is None else max(1, ceil(retry_after.total_seconds())),
        "detail": report.detail,
    }
