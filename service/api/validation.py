"""From the texts of a query string to valid parameters, or to every mistake in them at once."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import InvalidParameterError
from service.api.parameters import Bounds, GraphParameters, InvalidWindowError
from service.api.problems import ParametersError
from service.api.query import listed, single
from service.settings import Settings

LISTS = frozenset({"sources", "relation", "with_namespace", "with_type"})
"""Parameters that take several values, comma-separated or repeated."""


def bounds_of(settings: Settings) -> Bounds:
    """Give what these settings allow."""
    ceilings = settings.ceilings
    caps = {name: getattr(ceilings, name) for name in ("max_nodes", "max_edges", "fan_out", "max_calls")}
    return Bounds(caps | {"timeout": ceilings.timeout.total_seconds()}, tuple(settings.sources))


def default_of(name: str, *, bounds: Bounds) -> Any:
    """Give a parameter's default; a lower ceiling takes its place."""
    default = GraphParameters.model_fields[name].default
    return min(default, bounds.caps[name]) if name in bounds.caps else default


def read_parameters(found: dict[str, list[str]], *, bounds: Bounds) -> GraphParameters:
    """Validate what stood in the query string; ParametersError lists every mistake."""
    mistakes: list[InvalidParameterError] = []
    values: dict[str, Any] = {name: default_of(name, bounds=bounds) for name in bounds.caps}
    for name in list(found):
        if name not in GraphParameters.model_fields:
            mistakes.append(InvalidParameterError("there is no such parameter", field=name))
            continue
        try:
            values[name] = listed(found, name) if name in LISTS else single(found, name)
        except InvalidParameterError as mistake:
            mistakes.append(mistake)
    try:
        parameters = GraphParameters.model_validate(values, context=bounds)
    except ValidationError as error:
        mistakes += [_mistake(item) for item in error.errors(include_url=False, include_input=False)]
    if mistakes:
        raise ParametersError(sorted(mistakes, key=lambda mistake: mistake.field))
    return parameters


def _mistake(item: ErrorDetails) -> InvalidParameterError:
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, InvalidWindowError):
        return InvalidParameterError(
            "is not after created_after: the window is empty", field="created_before"
        )
    # A list's mistake is in one of its items; the caller knows the list by its name.
    return InvalidParameterError(item["msg"].removeprefix("Value error, "), field=str(item["loc"][0]))
