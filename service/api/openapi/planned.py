"""The shape of a plan, which stands in an answer's place when one was asked for."""

from typing import Annotated

from pydantic import BaseModel, Field, RootModel

from service.api.openapi.answer import Answer, Edge, Node, SeedReport
from service.api.openapi.shape import Count, open_word, sometimes

_BASES = {
    "cache": "every node of the hop is known, and so is how it is asked",
    "learnt": "drawn from what earlier answers of this source were like",
    "assumed": "nothing has been learnt yet",
}


class PlannedHop(BaseModel):
    """What one source will be asked at one hop; the first hop asks the seeds."""

    hop: Annotated[int, Field(ge=1)]
    nodes: Count = Field(description="Nodes that it will be asked about: the cache does not answer them.")
    calls: Count
    basis: Annotated[str, open_word(_BASES, "What the numbers stand on, at the least:")]


class PlannedSource(BaseModel):
    """One source's part in the calls."""

    name: str
    calls: Count
    outcome: str | None = Field(
        description="`no_credential` or `unsupported` where it will not be asked at all; else null."
    )
    hops: list[PlannedHop] = Field(description="The hops at which it will be asked.")


class Within(BaseModel):
    """The budget of the request, as far as it is about calls."""

    max_calls: Count
    cut: bool = Field(description="Whether `max_calls` will probably not be enough.")


class Calls(BaseModel):
    """The calls that the answer is estimated to take; retries are not among them."""

    calls: Count
    sources: list[PlannedSource]
    within: Within


class AboutPlan(BaseModel):
    """What was asked about, and what that will take."""

    seed: str | None = Field(
        description="The canonical address of what was asked about; null where `seeds` tell."
    )
    requested: str | None = Field(description="The address as it was sent; null where `seeds` tell.")
    plan: Calls
    seeds: list[SeedReport] = sometimes("Only with `nodes`: each seed, in the order sent.")


class PlannedAnswer(BaseModel):
    """Only with `plan=true`: the estimate in the shape of an answer, without nodes and edges."""

    graph: AboutPlan
    nodes: list[Node] = Field(max_length=0)
    edges: list[Edge] = Field(max_length=0)


class AnswerOrPlan(RootModel[Answer | PlannedAnswer]):
    """A neighborhood as networkx node-link data; with `plan=true`, what it would take."""
