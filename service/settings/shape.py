"""What a settings field can hold, read from its annotation: the models are the only description."""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo


def holds(field: FieldInfo, kind: type) -> bool:
    """Tell whether a value of the field, or a part of one, can be a `kind`."""
    return any(isinstance(part, type) and issubclass(part, kind) for part in _parts(field.annotation))


def is_listed(field: FieldInfo) -> bool:
    """Tell whether the field can hold several values."""
    return any(
        isinstance(part, type)
        and issubclass(part, Collection)
        and not issubclass(part, str | bytes | Mapping)
        for part in _parts(field.annotation)
    )


def is_secret(field: FieldInfo) -> bool:
    """Tell whether the field's value must never be shown."""
    return holds(field, SecretStr) or not field.repr


def permitted(field: FieldInfo) -> tuple[Any, ...]:
    """Give the values the field chooses from; none when it is no choice."""
    values: list[Any] = []
    for part in _parts(field.annotation):
        if get_origin(part) is Literal:
            values.extend(get_args(part))
        elif isinstance(part, type) and issubclass(part, Enum):
            values.extend(member.value for member in part)
    return tuple(values)


def inner_model(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """Give the model of a field that is a table, and whether it is a table of such tables."""
    parts = list(_parts(field.annotation))
    model = next((p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)), None)
    return model, any(isinstance(part, type) and issubclass(part, Mapping) for part in parts)


def _parts(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        yield annotation
        return
    yield annotation if origin is None else origin
    for argument in get_args(annotation):
        yield from _parts(argument)
