"""A reply is judged by its status: a table first, then what its hundred means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.wire import Reply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (200, Disposition.OK),
        (202, Disposition.BROKEN),
        (301, Disposition.BROKEN),
        (400, Disposition.BROKEN),
        (401, Disposition.DENIED),
        (403, Disposition.DENIED),
        (404, Disposition.ABSENT),
        (408, Disposition.RETRY),
        (429, Disposition.THROTTLED),
        (500, Disposition.RETRY),
        (599, Disposition.RETRY),
        (999, Disposition.BROKEN),
    ],
)
def test_each_status_has_its_meaning(status: int, disposition: Disposition) -> None:
    """Each kind of trouble has its own word, and only 200 is an answer unless a table says more."""
    assert classify(Reply(status, NOW)).disposition is disposition


@given(st.integers(100, 599), st.sampled_from(Disposition))
def test_an_upstreams_own_table_comes_first(status: int, disposition: Disposition) -> None:
    """What an upstream means by a status outranks what is usual."""
    assert classify(Reply(status, NOW), {**USUAL, status: disposition}).disposition is disposition


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_needs_no_words(status: int) -> None:
    """OK and absent carry no detail and no wait, whatever the headers say."""
    verdict = classify(Reply(status, NOW, {"retry-after": "7"}), error_id="e1")
    assert (verdict.detail, verdict.retry_after) == (None, None)


def test_trouble_is_told_by_status_and_error_id() -> None:
    """The detail holds the status, and the upstream's error id where there is one."""
    assert classify(Reply(500, NOW)).detail == "status 500"
    assert classify(Reply(500, NOW), error_id="e1").detail == "status 500, error e1"


def test_trouble_tells_how_long_to_wait() -> None:
    """A wait that the upstream asks for is passed on."""
    reply = Reply(429, NOW, {"retry-after": "7"})
    assert classify(reply) == Verdict(Disposition.THROTTLED, "status 429", timedelta(seconds=7))


@given(st.binary())
def test_a_body_never_shows(body: bytes) -> None:
    """Nothing of a body reaches the detail."""
    assert classify(Reply(500, NOW, body=body)).detail == "status 500"
