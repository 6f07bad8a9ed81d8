"""Reading the raw query string and path strictly: nothing is guessed, dropped or replaced."""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from connectors.errors import InvalidNodeIdError, InvalidParameterError


def read_query(raw: bytes) -> dict[str, list[str]]:
    """Give every parameter with its values in the order sent; '+' is a space.

    A name or value that is not UTF-8 is an InvalidParameterError that names it.
    """
    found: dict[str, list[str]] = {}
    for pair in raw.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        field = read_name(name)
        try:
            text = _unquote(value).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidParameterError("not valid UTF-8", field=field) from error
        found.setdefault(field, []).append(text)
    return found


def read_name(raw: bytes) -> str:
    """Give the name of a parameter as sent; what is not UTF-8 in it is spelled out, so it fits none."""
    return _unquote(raw).decode("utf-8", "backslashreplace")


def read_path(raw_path: bytes, *, prefix: str) -> str:
    """Give the address or ref that stands in a path behind `prefix`, decoded once.

    An encoded and a literal '/' are the same; what is not UTF-8 is an InvalidNodeIdError. The
    prefix itself may be percent-encoded too: '%7E' is what some clients make of '~'.
    """
    try:
        return unquote_to_bytes(raw_path).removeprefix(prefix.encode()).decode("utf-8")
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


def _unquote(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))
