"""What the operator can set: the models of the settings file, frozen and fit to be pickled.

They travel to the worker processes through a pipe, never through the environment or a command line.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.contract import Plugin
from connectors.registry import load_plugin
from connectors.settings import Duration, SourceSettings
from service.caller import check_name, well_formed
from service.settings.store_url import check_store_url

EMBEDDED = "embedded"
LogLevel = Literal["debug", "info", "warning", "error"]

# The contract sets no length; under this it is surely a mistake. `deploy/README.md` says how to make one.
_SHORTEST_SECRET = 8
_ORIGIN = re.compile(r"https?://[^\s/?#@,]+")


def _check_redis_url(url: str) -> str:
    return url if url == EMBEDDED else check_store_url(url)


def _check_secret_key(key: SecretStr) -> SecretStr:
    if len(key) < _SHORTEST_SECRET:
        raise ValueError(f"has {len(key)} characters; at least {_SHORTEST_SECRET} are needed")
    return key


def _check_origin(origin: str) -> str:
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise ValueError('an origin is "https://host" or "https://host:port" with nothing behind it, or "*"')
    return origin


def _check_key_hash(key_hash: str) -> str:
    if not well_formed(key_hash):
        raise ValueError("not a hash as `relgraph key new` prints them")
    return key_hash


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CallerSettings(_Table):
    """One `[callers.<name>]`: somebody who may ask, known by the hash of an API key."""

    key_hash: Annotated[str, AfterValidator(_check_key_hash)] = Field(
        repr=False, description="The salted hash of the key, as `relgraph key new` prints it."
    )
    weight: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=1.0,
        description="Its share of the turns at a source, beside those of the other callers who wait.",
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="The most it may ask, over all processes on one store; no limit by default.",
    )


class Ceilings(_Table):
    """`[ceilings]`: the most that a request's budget may ask for, inclusive."""

    max_nodes: Annotated[int, Field(ge=1)] = Field(
        default=50_000, description="The most that `max_nodes` may be."
    )
    max_edges: Annotated[int, Field(ge=1)] = Field(
        default=200_000, description="The most that `max_edges` may be."
    )
    fan_out: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="The most that `fan_out` may be."
    )
    max_calls: Annotated[int, Field(ge=1)] = Field(
        default=5_000, description="The most that `max_calls` may be."
    )
    timeout: Annotated[Duration, Field(ge=timedelta(milliseconds=50))] = Field(
        default=timedelta(seconds=60), description="The most that `timeout` may be."
    )


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One configured source; `settings` is its connector's own model."""

    name: str
    settings: SourceSettings

    @property
    def kind(self) -> str:
        """Give the word for its connector."""
        return self.settings.connector

    @property
    def plugin(self) -> Plugin:
        """Look its connector up; only the word travels between processes."""
        return load_plugin(self.kind)


CallerName = Annotated[str, AfterValidator(check_name)]


class Settings(_Table):
    """Everything the operator has set; `sources` is in the order of the file."""

    redis_url: Annotated[str, AfterValidator(_check_redis_url)] = Field(
        default=EMBEDDED,
        repr=False,
        description='Where answers are cached; "embedded" is an empty store, gone at exit. Takes no options.',
    )
    store_timeout: Annotated[Duration, Field(gt=timedelta(0))] = Field(
        default=timedelta(milliseconds=250),
        description="How long the store may take before an answer does without it.",
    )
    secret_keys: tuple[Annotated[SecretStr, AfterValidator(_check_secret_key)], ...] = Field(
        default=(),
        description="Protect partitions and stored tokens: the first signs, all verify; made up if embedded.",
    )
    cors_origins: tuple[Annotated[str, AfterValidator(_check_origin)], ...] = Field(
        default=(), description='Web pages of these origins may call; "*" is any.'
    )
    callers: dict[CallerName, CallerSettings] = Field(
        default_factory=dict, description="Who may ask, by name; without any, only loopback is listened on."
    )
    ceilings: Ceilings = Field(
        default=Ceilings(), description="The most that a request's budget may ask for, inclusive."
    )
    max_age_floor: Duration = Field(
        default=timedelta(0),
        description="The least age that a caller's `no-cache` or `max_age` can insist on.",
    )
    tenant_proof: Duration = Field(
        default=timedelta(minutes=10),
        description="How long an upstream's yes to a credential opens what others of its tenant fetched.",
    )
    cursor_ttl: Annotated[Duration, Field(ge=timedelta(seconds=1))] = Field(
        default=timedelta(hours=1),
        description="How long an answer that was cut can be gone on with, from its first page on.",
    )
    repeats_bytes: Annotated[int, Field(ge=0)] = Field(
        default=64 * 1024 * 1024,
        description="Bytes that each worker may keep of answers asked for again and again; 0 keeps none.",
    )
    log_level: LogLevel = Field(default="info", description="The least important lines that are logged.")
    sources: dict[str, SourceEntry] = Field(default_factory=dict, description="The upstreams, by name.")
