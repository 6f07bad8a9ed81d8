"""Who gets a second attempt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disposition import Disposition, Verdict
from connectors.errors import (
    CredentialMissingError,
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceSwitchedOffError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.runtime.retry import pause_before_retry

LONG = timedelta(seconds=10)


def half() -> float:
    """Give the middle."""
    return 0.5


@pytest.mark.parametrize("trouble", [Verdict(Disposition.RETRY), SourceUnavailableError("broken off")])
def test_what_may_pass_gets_one_more_attempt(trouble: Verdict | SourceError) -> None:
    """A failing upstream or a broken connection is asked twice in all."""
    assert pause_before_retry(trouble, attempt=1, remaining=LONG, jitter=half) == timedelta(seconds=0.25)
    assert pause_before_retry(trouble, attempt=2, remaining=LONG, jitter=half) is None


@pytest.mark.parametrize(
    "trouble",
    [
        *(Verdict(disposition) for disposition in Disposition if disposition is not Disposition.RETRY),
        SourceTimeoutError("late"),
        SourceSwitchedOffError(),
        SourceUnavailableError("not asked", retry_after=timedelta(seconds=0.1)),
        SourceThrottledError("slow down"),
        SourceDeniedError("no"),
        CredentialMissingError("who?"),
        SourceContractError("what?", path="$"),
    ],
)
def test_everything_else_is_the_answer(trouble: Verdict | SourceError) -> None:
    """A good reply, a refusal, a throttle, an open circuit and broken contents are not asked about again."""
    assert pause_before_retry(trouble, attempt=1, remaining=LONG, jitter=half) is None


def test_the_upstream_says_how_long() -> None:
    """A 503 with Retry-After is not disturbed before."""
    trouble = Verdict(Disposition.RETRY, retry_after=timedelta(seconds=3))
    assert pause_before_retry(trouble, attempt=1, remaining=LONG, jitter=half) == timedelta(seconds=3)
    assert pause_before_retry(trouble, attempt=1, remaining=timedelta(seconds=3), jitter=half) is None


@given(st.floats(0, 1, exclude_max=True), st.floats(-1, 2))
def test_no_retry_begins_when_no_time_remains(number: float, seconds: float) -> None:
    """The pause is never negative, never over half a second by itself, and ends before the time does."""
    remaining = timedelta(seconds=seconds)
    trouble = Verdict(Disposition.RETRY)
    pause = pause_before_retry(trouble, attempt=1, remaining=remaining, jitter=lambda: number)
    assert pause is None or timedelta(0) <= pause <= timedelta(seconds=0.5)
    assert pause is None or pause < remaining
    assert pause is not None or remaining <= timedelta(seconds=0.5)
