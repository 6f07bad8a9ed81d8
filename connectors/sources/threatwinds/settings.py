"""The settings of a ThreatWinds source, and the credential they hold."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr

from connectors.credential import CallerCredential, Credential, StaticCredential
from connectors.settings import SourceSettings
from connectors.sources.threatwinds.vocabulary import FORMER, TYPES

_HEADER_VALUE = re.compile(r"[!-~]+")
_BEARER = re.compile(r"Bearer [!-~]+")


class ThreatWindsSettings(SourceSettings):
    """One `[sources.<name>]` table whose connector is "threatwinds".

    `dialect` is the API as documented in that year: it decides what "nothing found" looks like and
    where page numbers begin. Where `groups` goes nobody documents for 2023, the only dialect in
    which a client may send it; `groups_in` says it. `limit` is the page size: one that divides
    10 000 reads a list to the last row the server shows.
    """

    # The input of a mistake may be a secret: no error repeats it.
    model_config = ConfigDict(hide_input_in_errors=True)

    connector: Literal["threatwinds"]
    base_url: str = "https://intelligence.threatwinds.com"
    api_key: SecretStr | None = Field(default=None, description="Sign in with this and `api_secret`.")
    api_secret: SecretStr | None = Field(default=None, description="The other half of the key pair.")
    authorization: SecretStr | None = Field(
        default=None, description='Sign in with this instead: "Bearer ", then the token.'
    )
    dialect: Literal["2023", "2025", "2026"] = Field(
        default="2023", description="The API as documented in that year."
    )
    groups: Annotated[str, Field(pattern=r"^[!-~]{1,256}$")] = Field(
        default="global", description="Which data may be seen; sent in dialect 2023 only."
    )
    groups_in: Literal["query", "header", "none"] | None = Field(
        default=None,
        description="Where `groups` is sent; by default the query in dialect 2023, else nowhere.",
    )
    limit: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000,
        description="Rows in a page; one that divides 10 000 reads a list to the last row the source shows.",
    )
    sort: Annotated[str, Field(pattern=r"^[A-Za-z0-9@_.-]{1,128}$")] | None = Field(
        default=None, description="Order of the rows, as the upstream understands it; not sent by default."
    )
    order: Literal["asc", "desc"] | None = Field(
        default=None, description="Direction of `sort`; not sent by default."
    )
    types: tuple[str, ...] = Field(
        default=(), description="Ask only for relations to these types (2025 and 2026); by default to all."
    )
    both_ends_list: bool | None = Field(
        default=None,
        description="Whether each relation is listed by both of its ends, which nobody documents; by default "
        "searches for paths believe it until they see one that is not.",
    )

    @property
    def groups_place(self) -> Literal["query", "header", "none"]:
        """Say where `groups` is sent."""
        if self.groups_in is not None:
            return self.groups_in
        return "query" if self.dialect == "2023" else "none"

    def find_mistakes(self) -> Iterator[str]:
        """Give what is wrong with fields together, as "field: words"."""
        yield from super().find_mistakes()
        yield from self._credential_mistakes()
        yield from self._dialect_mistakes()

    def _credential_mistakes(self) -> list[str]:
        mistakes = []
        pair = (self.api_key, self.api_secret)
        configured = any(part is not None for part in (*pair, self.authorization))
        if self.credentials == "caller":
            if configured:
                mistakes.append('credentials: "caller" cannot go with a configured credential')
        elif not configured:
            mistakes.append("api_key: give api_key and api_secret, or authorization")
        if self.authorization is not None and any(part is not None for part in pair):
            mistakes.append("authorization: cannot go with api_key and api_secret")
        if (self.api_key is None) is not (self.api_secret is None):
            mistakes.append("api_key: goes with api_secret, and only so")
        for name, secret in (("api_key", self.api_key), ("api_secret", self.api_secret)):
            if secret is not None and not _HEADER_VALUE.fullmatch(secret.get_secret_value()):
                mistakes.append(f"{name}: is visible ASCII without spaces")
        if self.authorization is not None and not _BEARER.fullmatch(self.authorization.get_secret_value()):
            mistakes.append('authorization: is "Bearer", a space and the token')
        return mistakes

    def _dialect_mistakes(self) -> list[str]:
        mistakes = []
        if self.dialect != "2023" and self.groups_in in ("query", "header"):
            mistakes.append(f'groups_in: dialect "{self.dialect}" does not let clients send groups')
        if self.both_ends_list and self.types:
            mistakes.append("both_ends_list: cannot go with types, by which one end may be left out")
        if self.dialect == "2023" and self.types:
            mistakes.append('types: dialect "2023" cannot restrict the types')
        unknown = [name for name in self.types if name not in TYPES and name not in FORMER]
        if unknown:
            mistakes.append(f"types: no ThreatWinds type: {', '.join(unknown)}")
        return mistakes


def make_credential(settings: ThreatWindsSettings) -> Credential:
    """Say what calls are signed with: a bearer token, a key pair, or what each caller brings."""
    if settings.authorization is not None:
        text = settings.authorization.get_secret_value()
        return StaticCredential(f"bearer:{_fingerprint(text)}", (("authorization", text),))
    if settings.api_key is not None and settings.api_secret is not None:
        key, secret = settings.api_key.get_secret_value(), settings.api_secret.get_secret_value()
        return StaticCredential(f"key:{_fingerprint(key)}", (("api-key", key), ("api-secret", secret)))
    return CallerCredential()


def _fingerprint(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:16]
