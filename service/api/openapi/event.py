"""The shapes of a stream's events, one JSON object a line."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel

from service.api.openapi.answer import About, Edge, Node, SourceReport
from service.api.openapi.shape import Count, sometimes


class SeedAsked(BaseModel):
    """A seed before anything is known of it."""

    seed: str
    requested: str


class Introduction(BaseModel):
    """What was asked about: one seed, or several."""

    seed: str = sometimes("Only of one seed: its canonical address.")
    requested: str = sometimes("Only of one seed: the address as it was sent.")
    selection: bool = sometimes("Only of one seed: whether it is a selection.")
    seeds: list[SeedAsked] = sometimes("Only with `nodes`.")


class Alias(BaseModel):
    """A seed that was sent by another address than its canonical one."""

    sent: str = Field(serialization_alias="from")
    to: str


class Progress(BaseModel):
    """How far things are."""

    nodes: Count
    edges: Count
    calls: Count
    milliseconds: Annotated[float, Field(ge=0)]


class Withdrawn(BaseModel):
    """Ids of what was told and is no part of the answer after all."""

    nodes: list[str]
    edges: list[str]


class MetaEvent(BaseModel):
    """The first event: what was asked about."""

    event: Literal["meta"]
    graph: Introduction


class AliasEvent(BaseModel):
    """A seed's canonical address."""

    event: Literal["alias"]
    alias: Alias


class NodeEvent(BaseModel):
    """A node, or its newer form."""

    event: Literal["node"]
    node: Node


class EdgeEvent(BaseModel):
    """An edge, or its newer form."""

    event: Literal["edge"]
    edge: Edge


class SourceEvent(BaseModel):
    """What a source has done so far."""

    event: Literal["source"]
    source: SourceReport


class ProgressEvent(BaseModel):
    """How far things are, when there is nothing else to tell."""

    event: Literal["progress"]
    progress: Progress


class DoneEvent(BaseModel):
    """The last event; a stream without it was broken off."""

    event: Literal["done"]
    graph: About
    withdrawn: Withdrawn


class Event(
    RootModel[
        Annotated[
            MetaEvent | AliasEvent | NodeEvent | EdgeEvent | SourceEvent | ProgressEvent | DoneEvent,
            Field(discriminator="event"),
        ]
    ]
):
    """One line of a stream."""
