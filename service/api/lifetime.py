"""How long a shared cache may keep an answer of public sources: no longer than our own cache would."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from service.cache.freshness import is_negative
from service.usecases.answer.report import Report
from service.usecases.source import Source

_NOTHING = timedelta(0)


def lifetime_of(
    reports: Iterable[Report], *, sources: Sequence[Source], max_age: timedelta | None
) -> timedelta:
    """Give what is left until the first source would be asked again; nothing if none has told anything.

    Counted from the oldest data, and from the shortest promise among them: `absent_ttl` where a
    source knows of nothing, and never more than the request's own `max_age`, which is part of its URL.
    """
    policies = {source.name: source.freshness for source in sources}
    left = []
    for report in reports:
        if report.age is None:
            return _NOTHING
        policy = policies[report.source]
        nothing = any(is_negative(finding.listing) for finding in report.findings.values())
        promised = min(policy.ttl, policy.absent_ttl) if nothing else policy.ttl
        left.append((promised if max_age is None else min(promised, max_age)) - report.age)
    return max(min(left, default=_NOTHING), _NOTHING)
