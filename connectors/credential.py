"""What a source signs its calls with, as plain data; every secret is hidden from `repr`.

`identity` names whose credential it is without being one: it stays the same when a token rotates,
so that what it fetched can be found again.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Scheme(StrEnum):
    """How a caller writes a credential in `Upstream-Credentials`: the scheme, a space, the value."""

    BEARER = "Bearer"
    KEY_PAIR = "KeyPair"


@dataclass(frozen=True, slots=True)
class CallerCredential:
    """Nothing configured: each caller brings its own."""


@dataclass(frozen=True, slots=True)
class StaticCredential:
    """Headers that are sent as they are."""

    identity: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefreshCredential:
    """An OAuth refresh token, single use: each refresh returns the next one.

    `token_file`, when given, is where the newest one is kept; else the fleet's store keeps it.
    """

    identity: str
    token_url: str
    client_id: str
    client_secret: str | None = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccountCredential:
    """A service account's RS256 key: a signed assertion is exchanged for an access token."""

    identity: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    account_id: str
    key_id: str
    private_key: str = field(repr=False)
    scope: str


Credential = CallerCredential | StaticCredential | RefreshCredential | ServiceAccountCredential
