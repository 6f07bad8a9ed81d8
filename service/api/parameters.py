"""The parameters of /graph: one pydantic model that validates them and documents them."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.contract import Deleted, Filter
from connectors.errors import InvalidParameterError
from service.api.problems import ParametersError
from service.api.query import listed, single
from service.graph.assemble import Order
from service.graph.budget import Budget
from service.graph.rule import Direction, Rule
from service.settings import Ceilings
from service.usecases.request import Identity, Require

_SOURCE = re.compile(r"[a-z][a-z0-9]*", re.ASCII)
_NODE_FIELDS = (
    "id namespace tenant type key label url hop expansion known_degree".split()  # noqa: SIM905 - one line
)


def _digits(value: Any) -> Any:
    # int() also takes "+1", "1_000" and digits of other scripts; a URL has one way to write a number.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise ValueError("not a whole number")
    return value


def _seconds(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", value):
        raise ValueError("not a number of seconds")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", value):
        raise ValueError("not an ISO 8601 time such as 2024-05-01T00:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("not an ISO 8601 time such as 2024-05-01T00:00:00Z") from error
    if moment.tzinfo is None:
        raise ValueError("has no time zone; write Z or an offset such as %2B01:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


Whole = Annotated[int, BeforeValidator(_digits)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Names = tuple[Annotated[str, Field(min_length=1, max_length=128)], ...]


class GraphParameters(BaseModel):
    """Every parameter but the node; defaults and meanings are the contract's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hops: Annotated[Whole, Field(ge=0, le=6, description="Radius of the neighborhood.", examples=[2])] = 1
    sources: Annotated[
        Names | None,
        Field(description="Configured sources to ask; all that accept the node by default.", examples=[None]),
    ] = None
    direction: Annotated[
        Direction,
        Field(description="Which way directed edges are followed; an undirected edge counts for all."),
    ] = Direction.BOTH
    relation: Annotated[
        Names | None, Field(description="Relations followed; all by default.", examples=["related_to"])
    ] = None
    with_namespace: Annotated[
        Names,
        Field(
            description="Follow an edge only if its other end, seen from the node being expanded, is in "
            "one of these namespaces.",
            examples=["autodesk-bim360-documentmanagement"],
        ),
    ] = ()
    with_type: Annotated[
        Names, Field(description="The same for the type of the other end.", examples=["documentlineage"])
    ] = ()
    with_key: Annotated[
        str | None, Field(min_length=1, description="The same for the key of the other end.")
    ] = None
    created_after: Annotated[
        Moment | None,
        Field(
            description="Only relations created after this time (exclusive; ISO 8601 with zone).",
            examples=["2015-10-21T16:30:45Z"],
        ),
    ] = None
    created_before: Annotated[
        Moment | None,
        Field(
            description="Only relations created before this time (exclusive; ISO 8601 with zone).",
            examples=["2030-01-01T00:00:00Z"],
        ),
    ] = None
    deleted: Annotated[
        Deleted, Field(description="What to do with relations that the upstream holds as deleted.")
    ] = Deleted.EXCLUDE
    sort: Annotated[
        str,
        Field(
            description="Order of the nodes: a node field, or `<source>.<attribute>`; missing values "
            "come last.",
            examples=["hop"],
        ),
    ] = "id"
    order: Annotated[Literal["asc", "desc"], Field(description="Direction of `sort`.")] = "asc"
    max_nodes: Annotated[Whole, Field(ge=1, description="Most nodes in the answer; the seed counts.")] = 500
    max_edges: Annotated[Whole, Field(ge=1, description="Most edges in the answer.")] = 2000
    fan_out: Annotated[Whole, Field(ge=1, description="Most neighbors kept per node and source.")] = 200
    max_calls: Annotated[Whole, Field(ge=1, description="Most upstream calls for the answer.")] = 200
    timeout: Annotated[
        Seconds,
        Field(
            ge=0.05,
            description="Seconds the answer may take; what came in until then is returned.",
            examples=[5],
        ),
    ] = 10
    max_age: Annotated[
        Seconds | None,
        Field(
            ge=0,
            description="Seconds; what was fetched longer ago is fetched again. Wins over Cache-Control.",
            examples=[60],
        ),
    ] = None
    require: Annotated[
        Require,
        Field(
            description="`none`: always 200 with outcomes. `some`: an error when no source could answer. "
            "`complete`: an error unless the answer is complete."
        ),
    ] = Require.SOME
    identity: Annotated[Identity, Field(description="How far nodes that are the same thing are merged.")] = (
        Identity.EXACT
    )
    format: Annotated[Literal["json"] | None, Field(description="Format of the answer.")] = None

    @model_validator(mode="after")
    def _check_window(self) -> "GraphParameters":
        after, before = self.created_after, self.created_before
        if after is not None and before is not None and after >= before:
            raise InvalidWindowError
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

    def order_over(self, sources: Sequence[str]) -> Order:
        """Give the order of the nodes; `sort` must be a node field or speak of a configured source."""
        if self.sort in _NODE_FIELDS:
            return Order(self.sort, descending=self.order == "desc")
        source, dot, attribute = self.sort.partition(".")
        if not dot or not attribute or source not in sources:
            fields = ", ".join(_NODE_FIELDS)
            raise InvalidParameterError(f"is one of {fields}, or <source>.<attribute>", field="sort")
        return Order(attribute, source, descending=self.order == "desc")


class InvalidWindowError(ValueError):
    """The time window is empty."""


LISTS = frozenset({"sources", "relation", "with_namespace", "with_type"})
CEILINGS = ("max_nodes", "max_edges", "fan_out", "max_calls")


def read_parameters(found: dict[str, list[str]], *, ceilings: Ceilings) -> GraphParameters:
    """Validate what stood in the query string; ParametersError lists every mistake."""
    mistakes: list[InvalidParameterError] = []
    values: dict[str, Any] = _within(ceilings)
    for name in list(found):
        if name not in GraphParameters.model_fields:
            mistakes.append(InvalidParameterError("there is no such parameter", field=name))
            continue
        take: Callable[..., Any] = listed if name in LISTS else single
        try:
            values[name] = take(found, name)
        except InvalidParameterError as mistake:
            mistakes.append(mistake)
    try:
        parameters = GraphParameters.model_validate(values)
        mistakes += _over(parameters, ceilings)
    except ValidationError as error:
        mistakes += [_mistake(item) for item in error.errors(include_url=False, include_context=True)]
    if mistakes:
        raise ParametersError(sorted(mistakes, key=lambda mistake: mistake.field))
    return parameters


def _within(ceilings: Ceilings) -> dict[str, Any]:
    """Give the defaults that the operator's ceilings lower."""
    fields = GraphParameters.model_fields
    return {name: cap for name, cap in _caps(ceilings).items() if cap < fields[name].default}


def _over(parameters: GraphParameters, ceilings: Ceilings) -> list[InvalidParameterError]:
    return [
        InvalidParameterError(f"is over the ceiling of {cap:g}", field=name)
        for name, cap in _caps(ceilings).items()
        if getattr(parameters, name) > cap
    ]


def _caps(ceilings: Ceilings) -> dict[str, float]:
    caps: dict[str, float] = {name: getattr(ceilings, name) for name in CEILINGS}
    return caps | {"timeout": ceilings.timeout.total_seconds()}


def _mistake(item: Any) -> InvalidParameterError:
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, InvalidWindowError):
        return InvalidParameterError(
            "is not after created_after: the window is empty", field="created_before"
        )
    detail = str(cause) if cause is not None and item["type"] == "value_error" else str(item["msg"])
    return InvalidParameterError(detail, field=str(item["loc"][0]))


def documented(ceilings: Ceilings) -> list[dict[str, Any]]:
    """Give the OpenAPI parameter objects of all parameters but the node."""
    schema = GraphParameters.model_json_schema()
    definitions = schema.get("$defs", {})
    return [_parameter(name, field, definitions, ceilings) for name, field in schema["properties"].items()]


def _parameter(
    name: str, field: dict[str, Any], definitions: dict[str, Any], ceilings: Ceilings
) -> dict[str, Any]:
    field = dict(field)
    field.pop("description", None)
    examples = [example for example in field.pop("examples", []) if example is not None]
    field.pop("title", None)
    choices = [c for c in field.pop("anyOf", []) if c.get("type") != "null"]
    for choice in choices:
        field |= choice
    if "$ref" in field:
        field |= {
            k: v for k, v in definitions[field.pop("$ref").rsplit("/", 1)[1]].items() if k in ("enum", "type")
        }
    if field.get("default", ...) in (None, [], ()):
        field.pop("default")
    if name in CEILINGS:
        field["maximum"] = getattr(ceilings, name)
    if name == "timeout":
        field["maximum"] = ceilings.timeout.total_seconds()
    description = GraphParameters.model_fields[name].description
    parameter = {"name": name, "in": "query", "required": False, "description": description, "schema": field}
    if name in LISTS:
        field["minItems"] = 1
        parameter |= {"style": "form", "explode": False}
        examples = [[example] for example in examples]
    if examples:
        parameter["example"] = examples[0]
    return parameter
