"""The shapes of everything but an answer: problems, sources, health; and all shapes by name."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from service.api.openapi.answer import SourceReport
from service.api.openapi.cytoscape import CytoscapeGraph
from service.api.openapi.event import Event
from service.api.openapi.planned import AnswerOrPlan
from service.api.openapi.shape import open_word, write_schemas
from service.api.openapi.wording import OUTCOMES

_BREAKER = {
    "closed": "calls leave",
    "half_open": "one call at a time leaves, to find out",
    "open": "no call leaves: the last ones failed, each of them",
}


class Mistake(BaseModel):
    """What is wrong with one parameter or header."""

    field: str
    detail: str


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    type: str = Field(description="`/problems/<slug>`; the slug is what a program goes by.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="The header `Request-Id` of the same response.")
    errors: list[Mistake] = Field(default=[], description="With a 400: each parameter that is wrong.")
    choices: list[str] = Field(default=[], description="With `ambiguous-node`: the addresses to choose from.")
    sources: list[SourceReport] = Field(default=[], description="With a 502 or 504: what each source did.")


class RelationWord(BaseModel):
    """A word that a source uses for its edges."""

    name: str
    directed: bool


class ExampleAddress(BaseModel):
    """An address to try, in three forms."""

    address: str
    href: str
    ref: str


class LastOutcome(BaseModel):
    """How a source did the last time it was asked."""

    outcome: Annotated[str, open_word(OUTCOMES, "From best to worst these are known:")]
    at: datetime
    retry_at: datetime | None = Field(description="When the source wants to be asked again at the earliest.")


class BreakerState(BaseModel):
    """Whether the source is called at all: after failures in a row it is left alone for a while."""

    state: Annotated[str, open_word(_BREAKER, "From best to worst these are known:")]
    retry_after_seconds: Annotated[int, Field(ge=0)] | None = Field(
        description="While it is open: after how long the next call may leave."
    )


class PaceState(BaseModel):
    """How many calls may leave, for this caller's credential."""

    left: int | None = Field(description="Calls that are left at this moment; null where no limit is known.")
    concurrency: int = Field(description="How many may be under way at once, as found out so far.")
    under_way: int
    waiting: int
    rest_seconds: Annotated[int, Field(ge=0)] = Field(
        description="How much longer the source wants to be left alone."
    )


class SourceRecord(BaseModel):
    """A configured source, as this caller may use it."""

    name: str
    connector: str
    namespaces: list[str] = Field(description="Namespaces it accepts; `*` stands for any ending.")
    relations: list[RelationWord]
    selections: bool = Field(description="Whether it answers about a type or a whole namespace.")
    credentials: str = Field(description="Whose credential it is asked with: `service` or `caller`.")
    credential_schemes: list[str] = Field(description="What `Upstream-Credentials` takes for it.")
    usable: bool = Field(description="Whether there is a credential to ask it with, for this caller.")
    visibility: str = Field(description="How far what one credential fetched is shared.")
    requests_per_minute: int | None
    ttl_seconds: Annotated[float, Field(ge=0)]
    examples: list[ExampleAddress]
    enabled: bool = Field(description="False when the operator has switched it off: no call goes to it.")
    last: LastOutcome | None = Field(
        description="How it did when it was last asked for this caller, as this process has seen it."
    )
    breaker: BreakerState
    pace: PaceState | None = Field(description="Null while this process has asked it nothing.")


class SourceList(BaseModel):
    """Everything that is configured."""

    sources: list[SourceRecord]


class Health(BaseModel):
    """The process lives."""

    status: str


class SourceState(BaseModel):
    """How a source did the last time anybody asked it; null when nobody has."""

    name: str
    outcome: str | None


class Readiness(BaseModel):
    """The service can answer; `degraded` when it has to do without its cache or a source."""

    status: str
    store: str
    sources: list[SourceState]


def component_schemas() -> dict[str, Any]:
    """Give every shape but those of /resolve under its name, for `components.schemas`."""
    return write_schemas(AnswerOrPlan, CytoscapeGraph, Event, Problem, SourceList, Health, Readiness)
