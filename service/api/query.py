"""Reading the raw query string and path strictly: nothing is guessed, dropped or replaced."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from connectors.errors import InvalidNodeIdError, InvalidParameterError


def read_query(raw: bytes) -> dict[str, list[str]]:
    """Give every parameter with its values in the order sent; '+' is a space.

    A name or value that is not UTF-8 is an InvalidParameterError that names it.
    """
    found: dict[str, list[str]] = {}
    for pair in raw.replace(b"+", b" ").split(b"&"):
        if not pair:
            continue
        name_bytes, _, value_bytes = pair.partition(b"=")
        name = unquote_to_bytes(name_bytes).decode("utf-8", "backslashreplace")
        try:
            value = unquote_to_bytes(value_bytes).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidParameterError("not valid UTF-8", field=name) from error
        found.setdefault(name, []).append(value)
    return found


def read_path_node(raw_path: bytes, *, prefix: str) -> str:
    """Give the address that stands in a path behind `prefix`, decoded once.

    An encoded and a literal '/' are the same; what is not UTF-8 is an InvalidNodeIdError.
    """
    rest = raw_path[len(prefix.encode()) :]
    try:
        return unquote_to_bytes(rest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidNodeIdError("the address in the path is not valid UTF-8") from error


def single(found: dict[str, list[str]], name: str) -> str | None:
    """Take a parameter that stands once at most out of `found`; InvalidParameterError."""
    values = found.pop(name, None)
    if values is None:
        return None
    if len(values) > 1:
        raise InvalidParameterError("given more than once", field=name)
    if not values[0]:
        raise InvalidParameterError("empty", field=name)
    return values[0]


def listed(found: dict[str, list[str]], name: str) -> Sequence[str] | None:
    """Take a list, comma-separated or repeated, out of `found`; an empty item is an error."""
    values = found.pop(name, None)
    if values is None:
        return None
    items = [item for value in values for item in value.split(",")]
    if not all(items):
        raise InvalidParameterError("has an empty item", field=name)
    return tuple(dict.fromkeys(items))
