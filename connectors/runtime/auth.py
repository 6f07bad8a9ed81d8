"""Who signs a call, for each kind of credential."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from connectors.credential import (
    CallerCredential,
    Credential,
    RefreshCredential,
    Scheme,
    ServiceAccountCredential,
    StaticCredential,
)
from connectors.errors import ConfigurationError, CredentialMissingError, InvalidParameterError
from connectors.ports import Clock, Vault
from connectors.runtime.bearer import TokenAuthorizer
from connectors.runtime.header import is_secret_text, unsendable
from connectors.runtime.refresh import RefreshGrant
from connectors.runtime.service_account import ServiceAccountGrant
from connectors.runtime.token_endpoint import TokenEndpoint
from connectors.wire import Pairs


class Authorizer(Protocol):
    """Gives the headers that prove who calls; its `repr` shows no secret."""

    @property
    def identity(self) -> str:
        """Name whose credential this is, without being one; it stays when a token rotates."""
        ...

    async def headers(self, *, timeout: timedelta) -> Pairs:
        """Give the headers to send; a SourceError when there are none within `timeout`."""
        ...

    async def renew(self, *, rejected: Pairs, timeout: timedelta, since: datetime | None = None) -> bool:
        """Tell, after a 401 to `rejected`, whether `headers` gives something else now.

        After a second 401 nothing that there is `since` then, aware UTC, is renewed.
        """
        ...

    async def aclose(self) -> None:
        """End what is under way; nothing is asked of it afterwards."""
        ...


class _FixedAuthorizer:
    """Sends the same headers every time."""

    def __init__(self, identity: str, *, headers: Pairs) -> None:
        self._identity = identity
        self._headers = headers

    @property
    def identity(self) -> str:
        """Name whose credential this is."""
        return self._identity

    async def headers(self, *, timeout: timedelta) -> Pairs:  # noqa: ARG002 - the protocol's; nothing to wait for
        """Give the headers."""
        return self._headers

    async def renew(
        self,
        *,
        rejected: Pairs,  # noqa: ARG002 - the protocol's
        timeout: timedelta,  # noqa: ARG002 - the same
        since: datetime | None = None,  # noqa: ARG002 - the same
    ) -> bool:
        """Tell that there is nothing else to send."""
        return False

    async def aclose(self) -> None:
        """Do nothing: nothing is ever under way."""


class StaticAuthorizer(_FixedAuthorizer):
    """Sends the headers the settings gave."""

    def __init__(self, credential: StaticCredential) -> None:
        """Refuse, as ConfigurationError, a header that cannot be sent."""
        if (name := unsendable(credential.headers)) is not None:
            raise ConfigurationError([f"the credential's header {name} holds what no header may hold"])
        super().__init__(credential.identity, headers=credential.headers)


class CallerAuthorizer(_FixedAuthorizer):
    """Sends what one caller brought in `Upstream-Credentials`, for as long as its request lasts."""

    def __init__(self, scheme: Scheme, *, value: str, identity: str) -> None:
        """Read `value` by its scheme; InvalidParameterError, which never quotes it, if it is unfit.

        `identity` is the service's keyed hash of what the caller sent.
        """
        super().__init__(identity, headers=_caller_headers(scheme, value))


class MissingAuthorizer(_FixedAuthorizer):
    """Stands where the caller should have brought a credential and did not."""

    def __init__(self) -> None:
        """Have nothing to send, and be nobody."""
        super().__init__("", headers=())

    async def headers(self, *, timeout: timedelta) -> Pairs:  # noqa: ARG002 - the protocol's
        """Raise CredentialMissingError."""
        raise CredentialMissingError("the source takes the caller's own credential, and none was sent")


def open_authorizer(
    credential: Credential,
    *,
    client: httpx.AsyncClient,
    open_vault: Callable[[RefreshCredential], Vault],
    clock: Clock,
) -> Authorizer:
    """Open the authorizer of a source's credential; the caller closes it.

    `client` reaches the token endpoint; `open_vault` is called where a refresh token is to be kept.
    ConfigurationError when the credential can never work.
    """
    match credential:
        case CallerCredential():
            return MissingAuthorizer()
        case StaticCredential():
            return StaticAuthorizer(credential)
        case RefreshCredential():
            grant = RefreshGrant(
                credential,
                endpoint=_endpoint(credential, client, clock),
                vault=open_vault(credential),
                clock=clock,
            )
            return TokenAuthorizer(grant, identity=credential.identity, clock=clock)
        case ServiceAccountCredential():
            signed = ServiceAccountGrant(
                credential, endpoint=_endpoint(credential, client, clock), clock=clock
            )
            return TokenAuthorizer(signed, identity=credential.identity, clock=clock)


def _endpoint(
    credential: RefreshCredential | ServiceAccountCredential, client: httpx.AsyncClient, clock: Clock
) -> TokenEndpoint:
    return TokenEndpoint(
        client,
        url=credential.token_url,
        client_id=credential.client_id,
        client_secret=credential.client_secret,
        clock=clock,
    )


def _caller_headers(scheme: Scheme, value: str) -> Pairs:
    if scheme is Scheme.BEARER:
        shape = "a token"
        headers: Pairs = (("authorization", f"Bearer {value}"),)
        fit = is_secret_text(value)
    else:
        shape = "key:secret"
        key, _, secret = value.partition(":")
        # ThreatWinds' API keys travel in these two headers.
        headers = (("api-key", key), ("api-secret", secret))
        fit = is_secret_text(key) and is_secret_text(secret)
    if not fit:
        raise InvalidParameterError(
            f"a {scheme} credential is {shape} in visible ASCII", field="Upstream-Credentials"
        )
    return headers
