"""From a query string or a JSON object to valid parameters, or to every mistake in them at once."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import InvalidParameterError
from service.api.parameters import (
    Bounds,
    GraphParameters,
    InvalidWindowError,
    LoneParameterError,
    UnplannedError,
)
from service.api.problems import ParametersError
from service.api.query import listed, single
from service.settings import Settings

LISTS = frozenset({"sources", "relation", "with_namespace", "with_type", "measures"})
"""Parameters that take several values, comma-separated or repeated."""
_FLAGS = frozenset({"plan"})
_HALF = re.compile("[\ud800-\udfff]")


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
    values: dict[str, Any] = {}
    for name in list(found):
        if name not in GraphParameters.model_fields:
            mistakes.append(InvalidParameterError("there is no such parameter", field=name))
            continue
        try:
            values[name] = listed(found, name) if name in LISTS else single(found, name)
        except InvalidParameterError as mistake:
            mistakes.append(mistake)
    return _validated(values, mistakes, bounds)


def read_members(found: Mapping[str, Any], *, bounds: Bounds) -> GraphParameters:
    """Validate the members of a JSON object, named and spelled like parameters.

    Numbers may be numbers, flags `true` or `false`; a list is a list of texts.
    ParametersError lists every mistake.
    """
    mistakes: list[InvalidParameterError] = []
    values: dict[str, Any] = {}
    for name, value in found.items():
        if name in LISTS:
            if not isinstance(value, list) or not value or not all(map(_is_text, value)):
                mistakes.append(InvalidParameterError("not a list of texts, none empty", field=name))
            else:
                values[name] = tuple(dict.fromkeys(value))
        elif name in _FLAGS and isinstance(value, bool):
            values[name] = value
        elif not _is_text(value) and (isinstance(value, bool) or not isinstance(value, int | float)):
            mistakes.append(InvalidParameterError("not a text that says something, or a number", field=name))
        else:
            values[name] = value
    return _validated(values, mistakes, bounds)


def _is_text(value: Any) -> bool:
    """Tell whether a value is Unicode text, as a query's always is: JSON can spell half a character."""
    return isinstance(value, str) and value != "" and not _HALF.search(value)


def _validated(
    values: dict[str, Any], mistakes: list[InvalidParameterError], bounds: Bounds
) -> GraphParameters:
    # A default over a ceiling gives way to it; what the caller says does not.
    lowered = {name: default_of(name, bounds=bounds) for name in bounds.caps}
    try:
        parameters = GraphParameters.model_validate(lowered | values, context=bounds)
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
    if isinstance(cause, LoneParameterError | UnplannedError):
        return InvalidParameterError(str(cause), field=cause.field)
    # A list's mistake is in one of its items; the caller knows the list by its name.
    return InvalidParameterError(item["msg"].removeprefix("Value error, "), field=str(item["loc"][0]))
