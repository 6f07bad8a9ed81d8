"""The parameters of /graph: one model that says what each means, its default and its form.

The OpenAPI document is made of this model, so what is documented is what is checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from connectors.contract import Deleted, Filter
from service.api.format.media import Format, Table
from service.api.scalar import Age, Flag, Moment, Seconds, Whole
from service.graph.assemble import Order
from service.graph.budget import Budget
from service.graph.measure import Measure
from service.graph.rule import Direction, Rule
from service.usecases.request import Identity, Require

NODE_FIELDS = ("id", "namespace", "tenant", "type", "key", "label", "url", "hop", "expansion", "known_degree")
"""What `sort` takes beside `<source>.<attribute>`."""

# Some 31 years; a longer time means the same, and may be too long to reckon with.
_MOST_SECONDS = 1_000_000_000

# A search for paths ends when it has found them; what another page has to ask, its cursor knows.
_NOT_PLANNED = ("to", "cursor")

Names = tuple[Annotated[str, Field(min_length=1, max_length=128)], ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator's settings allow: the most of each budget, and the names of the sources.

    It is the validation context of the model; `caps` has the timeout in seconds.
    """

    caps: Mapping[str, float]
    sources: Sequence[str]


class InvalidWindowError(ValueError):
    """The time window is empty."""


class LoneParameterError(ValueError):
    """A parameter means nothing without another one."""

    def __init__(self, field: str, needs: str) -> None:
        """Keep which needs which."""
        super().__init__(f"needs `{needs}`")
        self.field = field


class UnplannedError(ValueError):
    """A parameter asks for something that cannot be planned."""

    def __init__(self, field: str) -> None:
        """Keep what cannot be planned."""
        super().__init__("cannot be planned: send it without `plan`")
        self.field = field


class GraphParameters(BaseModel):
    """Every parameter but the node; defaults and meanings are the contract's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hops: Whole = Field(
        default=1,
        ge=0,
        # Part of the public contract, not of `[ceilings]`: no operator can promise less, or more.
        le=6,
        description="Radius of the neighborhood. 0 is the node alone.",
        examples=[2],
    )
    sources: Names | None = Field(
        default=None,
        description="Names of the configured sources to ask; by default all that accept the node.",
    )
    direction: Direction = Field(
        default=Direction.BOTH,
        description="Which way directed edges are followed: `out` from subject to object, `in` against it, "
        "or `both`. An undirected edge counts for all three.",
        examples=["both"],
    )
    relation: Names | None = Field(
        default=None, description="Relations to follow; by default all.", examples=["related_to"]
    )
    with_namespace: Names = Field(
        default=(),
        description="Follow an edge only if its other end, seen from the node being expanded, is in one of "
        "these namespaces. Holds at every hop.",
        examples=["autodesk-bim360-documentmanagement"],
    )
    with_type: Names = Field(
        default=(),
        description="Follow an edge only if its other end is of one of these types. Holds at every hop.",
        examples=["documentlineage"],
    )
    with_key: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Follow an edge only if its other end has this key. Holds at every hop.",
        examples=["urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w"],
    )
    created_after: Moment | None = Field(
        default=None,
        description="Only relations created after this time (exclusive; ISO 8601 with a zone). A relation "
        "whose source tells no time is left out and counted as `undecided`.",
        examples=["2015-10-21T16:30:45Z"],
    )
    created_before: Moment | None = Field(
        default=None,
        description="Only relations created before this time (exclusive; ISO 8601 with a zone), which is "
        "after `created_after`.",
        examples=["2030-01-01T00:00:00Z"],
    )
    deleted: Deleted = Field(
        default=Deleted.EXCLUDE,
        description="Relations that their source holds as deleted: `exclude` leaves them out, `include` "
        "adds them, `only` gives nothing else.",
        examples=["include"],
    )
    sort: str = Field(
        default="id",
        description="Order of the nodes in the answer: a node field, or `<source>.<attribute>`; missing "
        "values come last. It never decides what a budget cuts.",
        examples=["hop"],
    )
    order: Literal["asc", "desc"] = Field(
        default="asc", description="Direction of `sort`.", examples=["desc"]
    )
    max_nodes: Whole = Field(
        default=500,
        ge=1,
        description="Most nodes in the answer; the seed counts. Cuts keep the smallest addresses.",
        examples=[100],
    )
    max_edges: Whole = Field(default=2000, ge=1, description="Most edges in the answer.", examples=[400])
    fan_out: Whole = Field(
        default=200, ge=1, description="Most neighbors kept per node and source.", examples=[50]
    )
    max_calls: Whole = Field(
        default=200, ge=1, description="Most upstream calls for the answer, retries included.", examples=[40]
    )
    timeout: Seconds = Field(
        default=10,
        ge=0.05,
        description="Seconds (decimal) the answer may take; what has come in by then is returned.",
        examples=[5],
    )
    max_age: Age | None = Field(
        default=None,
        description="Seconds (decimal); what was fetched longer ago is fetched again. By default each "
        "source's own policy decides. Wins over `Cache-Control`.",
        examples=[60],
    )
    require: Require = Field(
        default=Require.SOME,
        description="When there is an error instead of an answer. `none`: never, the outcomes tell. `some`: "
        "when no source could answer. `complete`: unless the answer is complete.",
        examples=["none"],
    )
    identity: Identity = Field(
        default=Identity.EXACT,
        description="How far nodes that are the same thing are merged. `exact`: values that identify "
        "themselves, such as domains and hashes, meet on one node. `asserted`: besides, what the operator's "
        "crosswalk says is the same. `off`: each source's own.",
        examples=["off"],
    )
    explain: Literal["identity"] | None = Field(
        default=None,
        description="`identity`: tell in `same_as` of each node why its addresses are one node.",
        examples=["identity"],
    )
    to: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="The address of a second node: the answer is the shortest path to it, or the `paths` "
        "shortest. `hops`, where it is given, is the most edges of a path; else only the budget bounds it.",
    )
    paths: Whole = Field(
        default=1, ge=1, le=16, description="Most paths in the answer; needs `to`.", examples=[1]
    )
    measures: tuple[Measure, ...] | None = Field(
        default=None,
        description="Measures of each node in the answer's graph. On a graph that goes on where the answer "
        "ends they mislead: `graph.measures` says at how many nodes it does.",
        examples=["degree"],
    )
    cursor: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="An earlier answer's `next_cursor`, with the same node and parameters: what follows.",
    )
    plan: Flag = Field(
        default=False,
        description="`true`: ask no source, and tell how many calls of each the answer is estimated to take, "
        "by hop. In JSON only; paths and further pages are not planned.",
        examples=[False],
    )
    format: Format | None = Field(
        default=None, description="Format of the answer; by default what `Accept` says.", examples=["json"]
    )
    table: Table = Field(
        default=Table.NODES,
        description="Which table a CSV answer is; no other format has one.",
        examples=["nodes"],
    )

    @field_validator("max_nodes", "max_edges", "fan_out", "max_calls", "timeout")
    @classmethod
    def _check_ceiling(cls, value: float, info: ValidationInfo[Bounds]) -> float:
        cap = info.context.caps[str(info.field_name)]
        if value > cap:
            raise ValueError(f"is over the ceiling of {cap:.15g}")
        return value

    @field_validator("sort")
    @classmethod
    def _check_sort(cls, value: str, info: ValidationInfo[Bounds]) -> str:
        source, _, attribute = value.partition(".")
        if value not in NODE_FIELDS and not (attribute and source in info.context.sources):
            fields = ", ".join(NODE_FIELDS)
            raise ValueError(f"is one of {fields}, or <source>.<attribute> of a configured source")
        return value

    @model_validator(mode="after")
    def _check_window(self) -> "GraphParameters":
        after, before = self.created_after, self.created_before
        if after is not None and before is not None and after >= before:
            raise InvalidWindowError
        return self

    @model_validator(mode="after")
    def _check_company(self) -> "GraphParameters":
        if "paths" in self.model_fields_set and self.to is None:
            raise LoneParameterError("paths", "to")
        if self.plan:
            for name in _NOT_PLANNED:
                if getattr(self, name) is not None:
                    raise UnplannedError(name)
        return self

    @property
    def rule(self) -> Rule:
        """Give the filters."""
        return Rule(
            direction=self.direction,
            relations=None if self.relation is None else frozenset(self.relation),
            filter=Filter(
                deleted=self.deleted,
                created_after=self.created_after,
                created_before=self.created_before,
                with_namespace=tuple(sorted(self.with_namespace)),
                with_type=tuple(sorted(self.with_type)),
                with_key=self.with_key,
            ),
        )

    @property
    def budget(self) -> Budget:
        """Give the caps."""
        return Budget(
            max_nodes=self.max_nodes,
            max_edges=self.max_edges,
            fan_out=self.fan_out,
            max_calls=self.max_calls,
            timeout=timedelta(seconds=self.timeout),
        )

    @property
    def longest(self) -> int | None:
        """Give the most edges of a path, where the caller says so."""
        return self.hops if self.to is not None and "hops" in self.model_fields_set else None

    @property
    def oldest(self) -> timedelta | None:
        """Give `max_age` as a duration."""
        return None if self.max_age is None else timedelta(seconds=min(self.max_age, _MOST_SECONDS))

    @property
    def node_order(self) -> Order:
        """Give the order of the nodes."""
        descending = self.order == "desc"
        if self.sort in NODE_FIELDS:
            return Order(self.sort, descending=descending)
        source, _, attribute = self.sort.partition(".")
        return Order(attribute, source, descending=descending)
