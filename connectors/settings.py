"""The settings every source has, whatever its connector; each connector adds its own."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Visibility(StrEnum):
    """How far what one credential fetched is shared."""

    CREDENTIAL = "credential"
    TENANT = "tenant"
    PUBLIC = "public"


def read_duration(value: Any) -> Any:
    """Read "250ms", "90s", "15m", "1h" or "7d"; a bare number is seconds."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd])", value)):
        try:
            return timedelta(**{_UNITS[match[2]]: float(match[1])})
        except OverflowError as error:
            raise ValueError("a duration is shorter than 2 738 thousand years") from error
    if isinstance(value, str):
        message = 'a duration is a number and a unit, such as "90s", "15m" or "1h"'
        raise ValueError(message)  # noqa: TRY004 - pydantic turns only a ValueError into a mistake
    return value


Duration = Annotated[timedelta, BeforeValidator(read_duration), Field(ge=timedelta(0))]


class SourceSettings(BaseModel):
    """One `[sources.<name>]` table.

    A connector's own model narrows `connector` and adds what only it needs. Plain http goes only
    to this machine unless `allow_plain_http` says otherwise.
    """

    # A mistake is told without what was typed: the table holds secrets. Descriptions are no docstrings:
    # those would be looked for in the source of every model, at each start (ADR 0037).
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    connector: str = Field(description="Which connector speaks to the upstream.")
    base_url: str = Field(description="Where the upstream is; may carry a path, which is kept.")
    enabled: bool = Field(
        default=True,
        description="Whether it is asked at all; `relgraph source` cannot switch on what is off here.",
    )
    allow_plain_http: bool = Field(default=False, description="Let plain http leave this machine.")
    credentials: Literal["service", "caller"] = Field(
        default="service",
        description="Whose credential is sent: the one configured here, or the one each caller brings.",
    )
    visibility: Visibility = Field(
        default=Visibility.CREDENTIAL,
        description="Who may see what one credential fetched: only it, its tenant, or everybody.",
    )
    requests_per_minute: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Most calls in a minute per host and credential, over all processes; none by default.",
    )
    concurrency: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=20, description="Most calls at once per host and credential, over all processes."
    )
    ttl: Duration = Field(default=timedelta(minutes=15), description="How long an answer is fresh.")
    stale_for: Duration = Field(
        default=timedelta(hours=1), description="How much longer it may stand in for a source that fails."
    )
    stale_while_revalidate: Duration = Field(
        default=timedelta(minutes=1),
        description=(
            "For how long past its ttl, but not past `stale_for`, it may stand in for a source that is slow,"
            "\nwhile that is asked behind the answer."
        ),
    )
    absent_ttl: Duration = Field(
        default=timedelta(minutes=1), description='How long "there is nothing" is believed.'
    )

    def find_mistakes(self) -> Iterator[str]:
        """Give what is wrong with fields together, as "field: words"; a connector's own model adds to it."""
        parts = split_url(self.base_url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            yield "base_url: not an http or https URL"
        elif "?" in self.base_url or "#" in self.base_url or "@" in parts.netloc:
            yield "base_url: may carry a path, but no query, fragment or user"
        elif parts.scheme == "http" and not self.allow_plain_http and not is_loopback(parts.hostname):
            yield "base_url: plain http goes only to loopback unless allow_plain_http = true"
        if self.visibility is Visibility.PUBLIC and self.credentials == "caller":
            yield 'visibility: "public" cannot go with credentials = "caller"'

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        # One validator for all: the first to raise would hide what the next would find.
        mistakes = list(self.find_mistakes())
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


def split_url(url: str) -> SplitResult | None:
    """Take a URL apart; None for what is none."""
    # The parser itself drops blanks and line ends, and looks at the port only when it is asked for.
    if " " in url or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its address, or by the one name that always is."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
