"""What every problem looks like, whichever route and whatever went wrong."""

from collections.abc import Collection

import httpx

_ALWAYS = {"type", "title", "status", "detail", "instance", "request_id"}
_SOMETIMES = {"errors", "choices", "sources"}


def check_problem(
    response: httpx.Response, status: int, slug: str, *, fields: Collection[str] | None = None
) -> dict[str, object]:
    """Hold a response against RFC 9457 and the contract, and give its body; `fields` are those named."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, object] = response.json()
    assert body.keys() >= _ALWAYS
    assert body.keys() <= _ALWAYS | _SOMETIMES
    assert (body["type"], body["status"]) == (f"/problems/{slug}", status)
    assert body["request_id"] == response.headers["request-id"]
    assert body["title"]
    assert body["detail"]
    if fields is not None:
        errors = body["errors"]
        assert isinstance(errors, list)
        assert {error["field"] for error in errors} == set(fields)
        assert all(error["detail"] for error in errors)
    return body
