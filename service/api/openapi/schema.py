"""The shapes of what is answered, as models that only the documentation is made of.

Answers are assembled as plain records; tests hold real ones against these shapes. Enums are open:
the words in use today are listed, and a client is not to fail on another.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import CoreSchema

from service.api.openapi.wording import DEGREES, EXPANSIONS, OUTCOMES, listed


def _open(words: Mapping[str, str], about: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "description": f"{about}\n\n{listed(words)}",
            "x-extensible-enum": [str(word) for word in words],
        }
    )


Count: TypeAlias = Annotated[int, Field(ge=0)]
Attributes: TypeAlias = dict[str, Any]


class KnownDegree(BaseModel):
    """How many relations the sources say a node has."""

    value: Count
    relation: Annotated[str, _open(DEGREES, "How to read the value.")]


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
    hop: Count = Field(description="Shortest distance from the seed within this answer.")
    expansion: Annotated[str, _open(EXPANSIONS, "How far the node itself was expanded.")]
    known_degree: KnownDegree | None = Field(description="Null where no source tells.")
    attributes: dict[str, Attributes] = Field(description="What each source tells of it, by source.")
    aliases: list[str] = Field(description="Its other addresses.")
    sources: list[str] = Field(description="The sources that speak of it.")


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
        str, _open(OUTCOMES, "The worst outcome over the nodes asked. From best to worst these are known:")
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


class About(BaseModel):
    """How the answer came about, and how complete it is."""

    seed: str = Field(description="The canonical address of what was asked about.")
    requested: str = Field(description="The address as it was sent.")
    selection: bool = Field(description="Whether the address selects relations instead of naming a node.")
    seed_known: bool | None = Field(description="Whether a source knows it; null where none could tell.")
    complete: bool = Field(
        description="True only if every source asked is `ok`, `absent` or `stale` for every node, nothing is "
        "truncated and nothing undecided."
    )
    truncated: list[str] = Field(description="The parameters whose budget has cut the answer.")
    next_cursor: str | None
    sources: list[SourceReport]
    spent: Spent


class Answer(BaseModel):
    """A neighborhood as networkx node-link data."""

    graph: About
    nodes: list[Node]
    edges: list[Edge]


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

    outcome: Annotated[str, _open(OUTCOMES, "From best to worst these are known:")]
    at: datetime
    retry_at: datetime | None = Field(description="When the source wants to be asked again at the earliest.")


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
    last: LastOutcome | None = Field(
        description="How it did when it was last asked for this caller, as this process has seen it."
    )


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


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:  # noqa: ARG002 - pydantic's hook
        """Say no."""
        return False


def component_schemas() -> dict[str, Any]:
    """Give every shape under its name, as `components.schemas`."""
    models = (Answer, Problem, SourceList, Health, Readiness)
    _, schema = models_json_schema(
        [(model, "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def refer(model: type[BaseModel]) -> dict[str, str]:
    """Refer to a shape from elsewhere in the document."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
