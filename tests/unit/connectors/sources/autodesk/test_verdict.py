"""Verdicts: what each status and each shape of error body means, and what is told of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disposition import Disposition
from connectors.sources.autodesk.verdict import judge_reply
from connectors.wire import Reply

MakeReply = Callable[..., Reply]

BAD_INPUT = {
    "type": "BadInput",
    "title": "One or more input values in the request were bad",
    "detail": "The following parameters are invalid: containerId",
    "errors": [
        {
            "field": "containerId",
            "title": "Invalid parameter",
            "detail": "The value 'testing' is not valid.",
            "type": "BadInput",
        }
    ],
}
EXPIRED = {
    "developerMessage": "The token has expired: canary",
    "userMessage": "",
    "errorCode": "AUTH-006",
    "more info": "canary",
}
NOT_ALLOWED = {"type": "Forbidden", "title": "canary", "detail": "canary", "errors": []}
QUOTA = {"developerMessage": "Quota limit exceeded.", "userMessage": "", "errorCode": "", "more info": ""}


@pytest.mark.parametrize(
    ("status", "body", "disposition", "detail"),
    [
        (200, {}, Disposition.OK, None),
        (200, b"<html>", Disposition.OK, None),
        (400, BAD_INPUT, Disposition.BROKEN, "status 400, error BadInput (containerId)"),
        (401, EXPIRED, Disposition.DENIED, "status 401, error AUTH-006"),
        (403, EXPIRED | {"errorCode": "AUTH-001"}, Disposition.DENIED, "status 403, error AUTH-001"),
        (403, NOT_ALLOWED, Disposition.DENIED, "status 403, error Forbidden"),
        (403, QUOTA, Disposition.THROTTLED, "status 403"),
        (403, {"fault": {"faultstring": "Quota violation"}}, Disposition.THROTTLED, "status 403"),
        (403, NOT_ALLOWED | {"detail": "quota"}, Disposition.DENIED, "status 403, error Forbidden"),
        (403, {"fault": "quota"}, Disposition.DENIED, "status 403"),
        (403, b"", Disposition.DENIED, "status 403"),
        (404, NOT_ALLOWED, Disposition.ABSENT, None),
        (404, b"<html>canary</html>", Disposition.ABSENT, None),
        (415, b"", Disposition.BROKEN, "status 415"),
        (429, QUOTA, Disposition.THROTTLED, "status 429"),
        (500, b"\xff\xfe", Disposition.RETRY, "status 500"),
        (503, b"<html>canary</html>", Disposition.RETRY, "status 503"),
        (204, b"", Disposition.BROKEN, "status 204"),
        (301, b"", Disposition.BROKEN, "status 301"),
        (307, b"", Disposition.BROKEN, "status 307"),
    ],
)
def test_each_reply_has_one_meaning(
    make_reply: MakeReply, status: int, body: Any, disposition: Disposition, detail: str | None
) -> None:
    """The status decides, a quota told with a 403 aside; the detail holds ids and names, no text."""
    verdict = judge_reply(make_reply(body, status=status))
    assert (verdict.disposition, verdict.detail) == (disposition, detail)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("25", timedelta(seconds=25)), ("Fri, 02 Jan 2026 03:05:05 GMT", timedelta(minutes=1)), ("soon", None)],
)
def test_throttling_says_how_long_if_the_service_does(
    make_reply: MakeReply, header: str, wait: timedelta | None
) -> None:
    """Retry-After comes in seconds or as a date, and may be missing."""
    assert judge_reply(make_reply(QUOTA, status=429, retry_after=header)).retry_after == wait
    assert judge_reply(make_reply(QUOTA, status=403, retry_after=header)).retry_after == wait


@pytest.mark.parametrize(
    "body",
    [
        EXPIRED | {"errorCode": "Bearer canary"},
        EXPIRED | {"errorCode": ["AUTH-006"]},
        NOT_ALLOWED | {"type": "<b>canary</b>"},
        NOT_ALLOWED | {"type": 7},
        b"[" * 60_000,
        b"[]",
        b'{"type": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_does_not_look_like_an_error_id_is_not_told(make_reply: MakeReply, body: Any) -> None:
    """Wrong types, text, depth and size leave the bare status."""
    assert judge_reply(make_reply(body, status=401)).detail == "status 401"


def test_only_names_of_fields_are_told_and_only_a_few(make_reply: MakeReply) -> None:
    """Fields that are no name are left out, doubles are told once, five at most."""
    names = ["pageLimit", "pageLimit", "a b", 7, "x" * 41, "domain", "type", "id", "withId", "withType"]
    errors = [{"field": name} for name in names] + ["canary", {}]
    verdict = judge_reply(make_reply(BAD_INPUT | {"errors": errors}, status=400))
    assert verdict.detail == "status 400, error BadInput (pageLimit, domain, type, id, withId)"
    verdict = judge_reply(make_reply(BAD_INPUT | {"errors": {"field": "id"}}, status=400))
    assert verdict.detail == "status 400, error BadInput"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "errors", "field", "errorCode", "fault", "faultstring"]), inner
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(100, 599), body=JSON | st.binary(max_size=50))
def test_no_reply_is_too_strange_to_be_judged(make_reply: MakeReply, status: int, body: Any) -> None:
    """Whatever comes, there is a disposition, and a detail that names the status."""
    verdict = judge_reply(make_reply(body, status=status))
    assert verdict.detail is None or verdict.detail.startswith(f"status {status}")
