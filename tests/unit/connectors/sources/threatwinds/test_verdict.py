"""What replies mean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disposition import Disposition
from connectors.model import parse_address
from connectors.sources.threatwinds.verdict import judge
from connectors.wire import Call, Reply

CALL = Call("GET", "/x", (parse_address("observable:domain:example.com"),))
UUID = "75827622-bb05-46b5-80a9-344a6df0e001"
Make = Callable[..., Reply]


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (200, Disposition.OK),
        (202, Disposition.OK),
        (201, Disposition.BROKEN),
        (206, Disposition.BROKEN),
        (301, Disposition.BROKEN),
        (400, Disposition.BROKEN),
        (401, Disposition.DENIED),
        (403, Disposition.DENIED),
        (404, Disposition.ABSENT),
        (408, Disposition.RETRY),
        (410, Disposition.BROKEN),
        (429, Disposition.THROTTLED),
        (500, Disposition.RETRY),
        (503, Disposition.RETRY),
    ],
)
@pytest.mark.parametrize("dialect", ["2023", "2025", "2026"])
def test_statuses_mean_the_same_in_every_dialect(
    reply: Make, dialect: str, status: int, disposition: Disposition
) -> None:
    """All but 204 are judged alike."""
    assert judge(CALL, reply(status=status), dialect=dialect).disposition is disposition


def test_no_content_means_absent_in_one_dialect(reply: Make) -> None:
    """Elsewhere a 204 shows that the dialect is set wrongly, and the detail says so."""
    assert judge(CALL, reply(status=204), dialect="2025").disposition is Disposition.ABSENT
    for dialect in ("2023", "2026"):
        verdict = judge(CALL, reply(status=204), dialect=dialect)
        assert verdict.disposition is Disposition.BROKEN
        assert f'the setting dialect is "{dialect}"' in str(verdict.detail)


@pytest.mark.parametrize("status", [204, 404])
def test_a_later_page_that_is_not_there_is_empty(reply: Make, status: int) -> None:
    """Only opening calls can say that a node is absent."""
    later = replace(CALL, opening=False)
    assert judge(later, reply(status=status), dialect="2023").disposition is Disposition.OK


@pytest.mark.parametrize(
    ("body", "headers", "disposition"),
    [
        ({"uuid": UUID, "error": "unauthorized"}, {}, Disposition.DENIED),
        ({"uuid": UUID, "error": "corporate users only"}, {}, Disposition.DENIED),
        ({"uuid": UUID, "error": "Too Many Requests"}, {}, Disposition.THROTTLED),
        ({"error": {"message": "rate limit exceeded"}}, {}, Disposition.THROTTLED),
        (b"", {"x_error": "too many requests"}, Disposition.THROTTLED),
        (b"<h1>You are being rate-limited</h1>", {}, Disposition.THROTTLED),
        (b"", {"retry_after": "7"}, Disposition.THROTTLED),
        (b"", {"retry_after": "soon"}, Disposition.DENIED),
    ],
)
def test_forbidden_is_throttling_only_when_known_to_be(
    reply: Make, body: Any, headers: dict[str, str], disposition: Disposition
) -> None:
    """A wait or words about too many requests tell throttling from missing permission."""
    verdict = judge(CALL, reply(body, status=403, **headers), dialect="2023")
    assert verdict.disposition is disposition


def test_the_wait_is_passed_on(reply: Make) -> None:
    """What Retry-After says is in the verdict, also of a 403."""
    for status in (403, 429):
        verdict = judge(CALL, reply(status=status, retry_after="7"), dialect="2026")
        assert verdict.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("body", "headers", "detail"),
    [
        ({"uuid": UUID, "error": "value cannot be empty"}, {}, f"status 400, error {UUID}"),
        (b"", {"x_error": "words", "x_error_id": UUID}, f"status 400, error {UUID}"),
        ({"error": {"error_id": UUID, "code": "abc"}}, {}, f"status 400, error {UUID}"),
        ({"error": {"message": "words", "code": "abc"}}, {}, "status 400, error abc"),
        ({"uuid": "x" * 65}, {}, "status 400"),
        ({"uuid": "<script>"}, {}, "status 400"),
        ({"uuid": f"{UUID}\n"}, {}, "status 400"),
        ({"uuid": 7, "error": {"error_id": [UUID], "code": None}}, {}, "status 400"),
        (["uuid", UUID], {}, "status 400"),
        (b'{"uuid": "' + UUID.encode() + b'"' + b" " * 70_000 + b"}", {}, "status 400"),
        (b"[" * 60_000, {}, "status 400"),
    ],
)
def test_the_error_id_is_told_and_nothing_else(
    reply: Make, body: Any, headers: dict[str, str], detail: str
) -> None:
    """Wherever a dialect puts the id, it is in the detail; the upstream's words never are."""
    assert judge(CALL, reply(body, status=400, **headers), dialect="2025").detail == detail


@given(
    st.integers(100, 599), st.binary(max_size=200), st.text(max_size=80), st.sampled_from(["2023", "2025"])
)
def test_any_reply_is_judged(status: int, body: bytes, header: str, dialect: str) -> None:
    """Whatever comes, a verdict comes out, and its detail is printable."""
    headers = dict.fromkeys(("retry-after", "x-error", "x-error-id"), header)
    verdict = judge(CALL, Reply(status, datetime(2026, 1, 2, tzinfo=UTC), headers, body), dialect=dialect)
    assert (verdict.detail or "").isprintable()
