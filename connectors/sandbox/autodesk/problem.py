"""The service's and the gateway's ways of saying no, which have different bodies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_MORE_INFO = "https://aps.autodesk.com/en/docs/oauth/v2/developers_guide/error_handling/"
_GATEWAY = MappingProxyType({"Server": "Apigee Router"})
_SERVICE_WORDS = {
    403: ("Forbidden", "You do not have permission to perform this operation"),
    404: ("NotFound", "The requested resource could not be found"),
    415: ("UnsupportedMediaType", "The content type of the request is not supported"),
    500: ("InternalServerError", "An unknown error occurred on the server"),
}
_UNEXPECTED = ("Error", "The request could not be fulfilled")


class Refusal(Exception):  # noqa: N818 - not a failure: an answer like any other, only not 200
    """Ends a call with any status but 200; `content` is the JSON body."""

    def __init__(self, status: int, content: Any, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, content)
        self.status = status
        self.content = content
        self.headers = dict(headers or {})


@dataclass(slots=True)
class Complaints:
    """The faults found in one request; they are told all at once."""

    _found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, *, detail: str) -> None:
        """Note a fault of the parameter or field of that name."""
        self._found.append((name, detail))

    def add_value(self, name: str, *, value: object) -> None:
        """Note an unreadable value, quoting it as the documented 400 does."""
        self.add(name, detail=f"The value '{value}' is not valid.")

    def refuse_any(self) -> None:
        """Raise the 400 when there is anything to complain of."""
        if self._found:
            raise bad_input(self._found)


def bad_input(found: Iterable[tuple[str, str]]) -> Refusal:
    """Build the documented 400 out of (parameter, detail) pairs."""
    found = tuple(found)
    names = ", ".join(dict.fromkeys(name for name, _ in found))
    return Refusal(
        400,
        {
            "type": "BadInput",
            "title": "One or more input values in the request were bad",
            "detail": f"The following parameters are invalid: {names}",
            "errors": [
                {"field": name, "title": "Invalid parameter", "detail": detail, "type": "BadInput"}
                for name, detail in found
            ],
        },
    )


def bad_value(name: str, *, value: object) -> Refusal:
    """Build the 400 about one unreadable value."""
    complaints = Complaints()
    complaints.add_value(name, value=value)
    return bad_input(complaints._found)  # noqa: SLF001 - the same module


def service_refusal(status: int, *, detail: str | None = None) -> Refusal:
    """Build a refusal of the service other than 400; no body is documented, so it has the 400's shape."""
    word, title = _SERVICE_WORDS.get(status, _UNEXPECTED)
    return Refusal(status, {"type": word, "title": title, "detail": detail or f"{title}.", "errors": []})


def unauthenticated() -> Refusal:
    """Build the gateway's 401: the token is missing, unknown or expired."""
    return _gateway_refusal(401, "AUTH-006", "The access token provided is invalid or has expired.")


def not_provisioned() -> Refusal:
    """Build the gateway's 403 for an app without this API, also given when a region is not named."""
    return _gateway_refusal(
        403, "AUTH-001", "The client_id specified does not have access to the api product"
    )


def scope_missing() -> Refusal:
    """Build the gateway's 403 for a token without the scope."""
    return _gateway_refusal(403, "AUTH-010", "Token does not have the privilege for this request.")


def over_quota(*, retry_after: str | None = None) -> Refusal:
    """Build the gateway's 429; it carries no error code."""
    headers = dict(_GATEWAY) if retry_after is None else {**_GATEWAY, "Retry-After": retry_after}
    return Refusal(429, {"developerMessage": "Quota limit exceeded."}, headers=headers)


def refuse_status(status: int) -> Refusal:
    """Build the refusal that goes with a status when nothing but the status is known."""
    if status == 400:  # noqa: PLR2004 - an HTTP status
        return bad_input([("request", "The request is not valid.")])
    gateway = {401: unauthenticated, 429: over_quota}
    return gateway[status]() if status in gateway else service_refusal(status)


def _gateway_refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(
        status,
        {"developerMessage": message, "userMessage": "", "errorCode": code, "more info": _MORE_INFO},
        headers=_GATEWAY,
    )
