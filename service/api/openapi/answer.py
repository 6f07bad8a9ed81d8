"""The shape of an answer: what it tells of itself, its nodes and its edges."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from service.api.openapi.shape import Attributes, Count, open_word, sometimes
from service.api.openapi.wording import DEGREES, EXPANSIONS, OUTCOMES, RULES, VERDICTS


class KnownDegree(BaseModel):
    """How many relations the sources say a node has."""

    value: Count
    relation: Annotated[str, open_word(DEGREES, "How to read the value.")]


class SameAs(BaseModel):
    """Why one of a node's other addresses is the same node."""

    address: str = Field(description="The other address.")
    same_as: str = Field(description="The address of the node that it is the same as.")
    rule: Annotated[str, open_word(RULES, "Why it is the same.")]
    source: str = Field(description="Who says so: a source, or whom a row of the crosswalk names.")
    confidence: Annotated[float, Field(ge=0, le=1)] = Field(description="1 for what is computed.")
    at: datetime | None = Field(description="Since when it is known; null where no source was asked.")


class Node(BaseModel):
    """A thing that relations lead to."""

    id: str = Field(description="The canonical address.")
    ref: str = Field(description="The same as unpadded base64url, for `/graph/~{ref}`.")
    namespace: str
    tenant: str | None = Field(description="The tenant, where the namespace has tenants.")
    type: str
    key: str
    label: str = Field(description="What a source calls it; its key where none does.")
    url: str | None = Field(description="Where a source shows it to people.")
    hop: Count = Field(description="Shortest distance from a seed within the answer.")
    expansion: Annotated[str, open_word(EXPANSIONS, "How far the node itself was expanded.")]
    known_degree: KnownDegree | None = Field(description="Null where no source tells.")
    attributes: dict[str, Attributes] = Field(description="What each source tells of it, by source.")
    aliases: list[str] = Field(description="Its other addresses.")
    sources: list[str] = Field(description="The sources that speak of it.")
    same_as: list[SameAs] = sometimes("Only with `explain=identity`: why its aliases are this node.")
    measures: dict[str, float] = sometimes("Only with `measures`: those that finished, by name.")


class Provenance(BaseModel):
    """One source's word for an edge."""

    source: str
    record: str | None = Field(description="The source's own id of the record; null where it has none.")
    fetched_at: datetime
    attributes: Attributes


class Edge(BaseModel):
    """One assertion: subject, relation, object."""

    id: str = Field(description="A hash of subject, object, relation, direction and record.")
    subject: str
    object: str
    relation: str
    directed: bool = Field(description="If false, the smaller address is the subject.")
    created_at: datetime | None = Field(description="The earliest that a source tells.")
    deleted_at: datetime | None
    deleted: bool = Field(description="True when every provenance says so.")
    provenance: Annotated[list[Provenance], Field(min_length=1)]


class SourceReport(BaseModel):
    """What one source did for this answer."""

    name: str
    connector: str
    outcome: Annotated[
        str,
        open_word(OUTCOMES, "The worst outcome over the nodes asked. From best to worst these are known:"),
    ]
    outcomes: dict[str, Count] = Field(description="How often each outcome came.")
    calls: Count
    cached: Count = Field(description="Questions that the cache answered.")
    edges: Count = Field(description="Edges that the source speaks of.")
    undecided: Count = Field(description="Relations left out because a filter could not judge them.")
    age_seconds: Count | None = Field(description="Age of the oldest data used.")
    retry_after_seconds: Count | None = Field(description="How long the source wants to be left alone.")
    detail: str | None = Field(description="More about the outcome, for people.")


class Spent(BaseModel):
    """What the answer cost."""

    hops: Count
    nodes: Count
    edges: Count
    calls: Count
    milliseconds: Annotated[float, Field(ge=0)]


class SeedReport(BaseModel):
    """One of several seeds."""

    seed: str = Field(description="The canonical address of what was asked about.")
    requested: str = Field(description="The address as it was sent.")
    seed_known: bool | None = Field(description="Whether a source knows it; null where none could tell.")


class Amended(BaseModel):
    """Records of earlier pages that have become different, whole; each takes the place of the old one."""

    nodes: list[Node]
    edges: list[Edge]


class Measured(BaseModel):
    """Whether a measure finished in time, and at how many nodes the graph goes on outside the answer."""

    finished: bool = Field(description="If false, no node has it.")
    boundary: Count
    cut: Count
    failed: Count


class Merging(BaseModel):
    """How far nodes that are the same thing were merged."""

    mode: str = Field(description="The parameter `identity` as it was applied.")
    merged: Count = Field(description="Nodes of this page that have more than one address.")
    inside: Count = Field(description="Relations left out because merging made them lead to their own node.")


class About(BaseModel):
    """How the answer came about, and how complete it is."""

    seed: str | None = Field(
        description="The canonical address of what was asked about; null where `seeds` tell."
    )
    requested: str | None = Field(description="The address as it was sent; null where `seeds` tell.")
    selection: bool = Field(description="Whether the address selects relations instead of naming a node.")
    seed_known: bool | None = Field(description="Whether a source knows it; null where none could tell.")
    complete: bool = Field(
        description="True only if every source asked is `ok`, `absent` or `stale` for every node, nothing is "
        "truncated and nothing undecided. Of a page it speaks for all pages so far."
    )
    truncated: list[str] = Field(
        description="The parameters whose budget has cut the answer; `identity` if the crosswalk could not "
        "be read."
    )
    next_cursor: str | None = Field(
        description="What to send as `cursor` for the next page; null when no further page could bring more."
    )
    sources: list[SourceReport]
    spent: Spent
    seeds: list[SeedReport] = sometimes("Only with `nodes`: each seed, in the order sent.")
    amended: Amended = sometimes("Only with `cursor`: what this page changes of the pages before it.")
    paths: list[list[str]] = sometimes("Only with `to`: each path as its nodes' ids, the shortest first.")
    verdict: Annotated[str, open_word(VERDICTS, "Only with `to`: what the search has come to.")] = sometimes()
    measures: dict[str, Measured] = sometimes("Only with `measures`: by name, whether each finished.")
    identity: Merging = sometimes("Only with `explain=identity`.")


class Answer(BaseModel):
    """A neighborhood as networkx node-link data."""

    graph: About
    nodes: list[Node]
    edges: list[Edge]
