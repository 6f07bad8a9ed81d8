"""Lays environment variables and secret files over the tables of the settings file.

`RELGRAPH_SOURCES__ACC__REGION` is `region` in `[sources.acc]`; a variable wins over the file.
`<field>_file` names the file that holds a secret field's value, and is the same setting: a variable for
either wins over the file's for the other. What a variable's text means is
told by the field it is for, and what is a secret as well: nothing is listed twice.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from service.settings.mistake import Mistake
from service.settings.shape import holds, inner_model, is_listed, is_secret, permitted

PREFIX = "RELGRAPH_"
# It says where the file is, so it cannot be in it.
CONFIG_VARIABLE = "RELGRAPH_CONFIG"
_SUFFIX = "_file"
_LARGEST_SECRET = 64 * 1024


class VariableText(str):
    """The text of an environment variable: a list or a number only if its field is one."""

    __slots__ = ("variable",)

    variable: str

    def __new__(cls, text: str, *, variable: str) -> Self:
        """Keep the variable's name beside its text, for mistakes."""
        value = super().__new__(cls, text)
        value.variable = variable
        return value


def lay_variables(
    table: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[Mistake]]:
    """Give the file's table with every `RELGRAPH_` variable put at its place."""
    merged: dict[str, Any] = _copied(table)
    mistakes: list[Mistake] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        *path, name = variable.removeprefix(PREFIX).lower().split("__")
        spot: Any = merged if name and all(path) else None
        for part in path:
            spot = spot.setdefault(part, {}) if isinstance(spot, dict) else None
        if not isinstance(spot, dict) or isinstance(spot.get(name), dict):
            mistakes.append((variable, "names no setting"))
        else:
            spot[name] = VariableText(environ[variable], variable=variable)
    return merged, mistakes


def read_texts(model: type[BaseModel], table: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """Give the table of `model` with secret files read and variables' texts as their fields mean them."""
    values: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for key, value in table.items():
        name, field = _meant(model, key)
        if field is not None and _is_overruled(table, key, field, name):
            continue
        try:
            if field is None:
                values[key] = value
            elif name == key:
                values[name], inner = _read_value(field, value)
                mistakes.extend((f"{key}.{where}", what) for where, what in inner)
            elif name in table and not _is_variable(value, beside=table[name]):
                mistakes.append((key, f"cannot go with {name}: give one of the two"))
            else:
                values[name] = _read_secret(field, value)
        except ValueError as error:
            mistakes.append((key, str(error)))
    return values, mistakes


def _meant(model: type[BaseModel], key: str) -> tuple[str, FieldInfo | None]:
    if key in model.model_fields:
        return key, model.model_fields[key]
    field = model.model_fields.get(key.removesuffix(_SUFFIX))
    if key.endswith(_SUFFIX) and field is not None and is_secret(field):
        return key.removesuffix(_SUFFIX), field
    return key, None


def _is_overruled(table: Mapping[str, Any], key: str, field: FieldInfo, name: str) -> bool:
    """Tell whether a variable gives in its other form what the settings file gives under this key."""
    twin = name if name != key else f"{name}{_SUFFIX}"
    return is_secret(field) and twin in table and _is_variable(table[twin], beside=table[key])


def _is_variable(value: Any, *, beside: Any) -> bool:
    return isinstance(value, VariableText) and not isinstance(beside, VariableText)


def _read_value(field: FieldInfo, value: Any) -> tuple[Any, list[Mistake]]:
    inner, many = inner_model(field)
    if isinstance(value, VariableText):
        return _read_variable(field, str(value)), []
    if inner is None or not isinstance(value, Mapping):
        return value, []
    if not many:
        return read_texts(inner, value)
    tables = dict(value)
    mistakes: list[Mistake] = []
    for name, table in value.items():
        if isinstance(table, Mapping):
            tables[name], found = read_texts(inner, table)
            mistakes.extend((f"{name}.{where}", what) for where, what in found)
    return tables, mistakes


def _read_variable(field: FieldInfo, text: str) -> Any:
    if is_listed(field) and text not in permitted(field):
        if not text.lstrip().startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError('not a JSON list such as ["a", "b"]') from None
    if holds(field, timedelta) and re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    return text


def _read_secret(field: FieldInfo, path: Any) -> Any:
    if not isinstance(path, str) or not path:
        raise ValueError("has to be the path of a file")
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_SECRET + 1)
        text = data.decode("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        # A path may hold a null byte; the file may be no text.
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ValueError(f"cannot read {str(path)!r}: {reason}") from None
    if not text or len(data) > _LARGEST_SECRET:
        raise ValueError(f"{str(path)!r} is empty" if not text else f"{str(path)!r} is larger than 64 KiB")
    return [line.strip() for line in text.splitlines() if line.strip()] if is_listed(field) else text


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in table.items()}
