"""The `[sources.<name>]` table of a source that speaks to the Autodesk relationship service."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from connectors.settings import SourceSettings, split_url
from connectors.sources.autodesk.container import Containers, read_container
from connectors.sources.autodesk.sign_in import SIGN_IN_FIELDS, find_mistakes

# ACC regions page: the service's own endpoint pages list only the first two.
Region = Literal["US", "EMEA", "AUS", "CAN", "GBR", "DEU", "IND", "JPN"]

Text = Annotated[str, Field(min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=1)]


def read_containers(value: Any) -> Any:
    """Read a list of container ids, also as comma-separated text; every mistake is named at once."""
    if value == "any":
        return value
    listed = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(listed, Iterable) or not all(isinstance(item, str) for item in listed):
        raise ValueError('a list of container ids, or "any"')
    read: list[str] = []
    mistakes: list[str] = []
    for item in listed:
        try:
            container = read_container(item)
        except ValueError as error:
            mistakes.append(str(error))
            continue
        if container in read:
            mistakes.append(f"{container!r}: listed twice")
        read.append(container)
    if not read and not mistakes:
        mistakes.append('at least one container id, or "any"')
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(read)


class AutodeskSettings(SourceSettings):
    """What the source serves, where it is, and how it signs in.

    `containers` are project GUIDs without "b.", or "any", and then the credential decides. Service
    credentials are exactly one of `authorization`, a refresh token and a service account's key.
    `intersect = False` asks one node per call.
    """

    # A mistake must not quote what was typed: it may be a secret.
    model_config = ConfigDict(hide_input_in_errors=True)

    connector: Literal["autodesk"]
    base_url: str = "https://developer.api.autodesk.com"
    containers: Annotated[Containers, BeforeValidator(read_containers)] = Field(
        description='Projects, as GUIDs without "b."; or "any", and then the credential decides.'
    )
    region: Region | None = Field(
        default=None,
        description="The header `x-ads-region`, not sent by default; two regions are two sources.",
    )
    # relationships:search, body structure (200): relationships, max items 100.
    page_limit: Annotated[int, Field(ge=1, le=100)] = Field(
        default=100, description="Relationships in a page."
    )
    intersect: bool = Field(
        default=True, description="Ask about up to 20 nodes in one call; false asks about one."
    )
    # Rate limits: 120 a minute and user, all relationship endpoints together.
    requests_per_minute: Annotated[int, Field(ge=1)] | None = Field(
        default=120, description="Most calls in a minute; the default is the documented rate of one user."
    )

    authorization: Secret | None = Field(
        default=None, description='Sign in with this: "Bearer ", then the token.'
    )
    refresh_token: Secret | None = Field(
        default=None,
        description="Sign in with OAuth refresh tokens, of which this is the first; needs `client_id`.",
    )
    token_file: Path | None = Field(
        default=None,
        description="Keep the newest refresh token in this file, encrypted; without, it is kept in Redis.",
    )
    service_account_id: Text | None = Field(
        default=None, description="Sign in as this service account; needs the four settings below it."
    )
    key_id: Text | None = Field(default=None, description="Which of the account's keys `private_key` is.")
    private_key: Secret | None = Field(default=None, description="The account's RSA key, as PEM.")
    client_id: Text | None = Field(default=None, description="The application that signs in.")
    client_secret: Secret | None = Field(
        default=None, description="The application's secret; a public one (PKCE) has none."
    )
    token_url: Text | None = Field(
        default=None, description="Where tokens come from; by default `{base_url}/authentication/v2/token`."
    )
    scope: Text = Field(default="data:read", description="The scope of the tokens fetched.")

    @property
    def root(self) -> str:
        """Give the base URL without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def token_endpoint(self) -> str:
        """Give the URL that access tokens are fetched from."""
        return self.token_url or f"{self.root}/authentication/v2/token"

    def find_mistakes(self) -> Iterator[str]:
        """Give what is wrong with fields together, as "field: words"."""
        yield from super().find_mistakes()
        given = frozenset(name for name in SIGN_IN_FIELDS if getattr(self, name) is not None)
        yield from find_mistakes(given, caller=self.credentials == "caller")
        yield from self._find_misshapen()

    def _find_misshapen(self) -> Iterator[str]:
        authorization = self.authorization
        if authorization and not re.fullmatch(r"Bearer [!-~]+", authorization.get_secret_value()):
            yield 'authorization: write "Bearer ", then the token'
        if self.private_key and not self.private_key.get_secret_value().startswith("-----BEGIN "):
            yield "private_key: a PEM text begins with -----BEGIN"
        if self.token_url is None:
            return
        token, base = split_url(self.token_url), split_url(self.base_url)
        if token is None or token.scheme not in ("http", "https") or not token.hostname:
            yield "token_url: not an http or https URL"
        elif (
            token.scheme == "http" and (not base or token.netloc != base.netloc) and not self.allow_plain_http
        ):
            # The base URL is checked by itself: plain http goes no further than this machine.
            yield "token_url: plain http goes only to where base_url goes, unless allow_plain_http = true"
