"""An OAuth token endpoint: a form goes in, an access token or a SourceError comes out."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.errors import (
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.ports import Clock
from connectors.runtime.exchange import exchange
from connectors.wire import Reply

# Whoever holds the vault while refreshing holds it for at most this long, and the time to store.
EXCHANGE_TIMEOUT = timedelta(seconds=10)
_MAX_BODY_BYTES = 1024 * 1024

# RFC 6749, 5.2. Only these words are repeated to anyone; whatever else the body says is not.
_OAUTH_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)

_Token = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+\z")]


class _Issue(BaseModel):
    """RFC 6749, 5.1; Autodesk's own: aps.autodesk.com/en/docs/oauth/v2/reference/http/gettoken-POST."""

    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: _Token
    expires_in: Annotated[int, Field(ge=1, le=366 * 86_400)]
    refresh_token: _Token | None = None


class _Refusal(BaseModel):
    """RFC 6749, 5.2."""

    error: str


@dataclass(frozen=True, slots=True)
class Issued:
    """What the endpoint issued; the refresh token is None where it does not rotate."""

    access_token: str = field(repr=False)
    lifetime: timedelta
    refresh_token: str | None = field(repr=False)


class TokenEndpoint:
    """One client application at one token endpoint."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        url: str,
        client_id: str,
        client_secret: str | None,
        clock: Clock,
        timeout: timedelta = EXCHANGE_TIMEOUT,
    ) -> None:
        """Prepare; a confidential client has a secret, a public one has None."""
        self._timeout = timeout
        self._client = client
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock

    async def issue(self, form: Mapping[str, str]) -> Issued:
        """Post `form` and give what was issued, within the timeout.

        SourceDeniedError when the endpoint refuses, SourceThrottledError on 429,
        SourceUnavailableError on 5xx or without a connection, SourceTimeoutError,
        SourceContractError when the reply is no token.
        """
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                reply = await exchange(
                    self._client, self._build(form), clock=self._clock, max_bytes=_MAX_BODY_BYTES
                )
        except TimeoutError:
            reply = None
        if reply is None:
            raise SourceTimeoutError("the token endpoint did not reply in time")
        if reply.status != HTTPStatus.OK:
            raise _refusal(reply)
        return _read_issue(reply)

    def _build(self, form: Mapping[str, str]) -> httpx.Request:
        # Autodesk takes the client's own credential by HTTP Basic or in the body and answers 400 to
        # both at once: aps.autodesk.com/en/docs/oauth/v2/reference/http/gettoken-POST.
        if self._client_secret is None:
            return self._client.build_request("POST", self._url, data={**form, "client_id": self._client_id})
        pair = f"{self._client_id}:{self._client_secret}".encode()
        basic = f"Basic {b64encode(pair).decode('ascii')}"
        return self._client.build_request(
            "POST", self._url, data=dict(form), headers={"authorization": basic}
        )


def _read_issue(reply: Reply) -> Issued:
    try:
        issue = _Issue.model_validate_json(reply.body)
    except ValidationError as error:
        path = ".".join(["$", *(str(part) for part in error.errors()[0]["loc"])])
    else:
        return Issued(issue.access_token, timedelta(seconds=issue.expires_in), issue.refresh_token)
    raise SourceContractError("the token endpoint's reply is no token", path=path)


def _refusal(reply: Reply) -> SourceError:
    status = reply.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SourceThrottledError("the token endpoint: status 429", retry_after=reply.retry_after)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return SourceUnavailableError(f"the token endpoint: status {status}")
    if status in (400, 401, 403):
        try:
            word = _Refusal.model_validate_json(reply.body).error
        except ValidationError:
            word = ""
        told = f", {word}" if word in _OAUTH_ERRORS else ""
        return SourceDeniedError(f"the token endpoint refused the credential: status {status}{told}")
    return SourceContractError(f"the token endpoint replied with status {status}", path="$")
