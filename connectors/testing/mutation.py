"""Walks a JSON document and changes it in one place at a time."""

import json
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

_SEPARATORS = re.compile(r"[^A-Za-z0-9_@-]+")
_LONGEST_LIST = 3


def load(body: bytes) -> Any:
    """Read a body as JSON; None when it is not a JSON object or array in UTF-8."""
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def dump(document: Any) -> bytes:
    """Write a document as a body; lone surrogates, NaN and Infinity come out as Python writes them."""
    return json.dumps(document).encode("ascii")


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """Give the path of everything within a document, outside in; of a list, its first and last."""
    if isinstance(document, dict):
        inner: Iterator[tuple[str | int, Any]] = iter(document.items())
    elif isinstance(document, list):
        inner = iter({0: document[0], len(document) - 1: document[-1]}.items() if document else ())
    else:
        return
    for step, value in inner:
        yield (*path, step)
        yield from places(value, (*path, step))


def value_at(document: Any, path: Path) -> Any:
    """Give what is at a path."""
    for step in path:
        document = document[step]
    return document


def without(document: Any, path: Path) -> Any:
    """Give a copy in which the object at `path[:-1]` lacks the key `path[-1]`."""
    copy = json.loads(json.dumps(document))
    del value_at(copy, path[:-1])[path[-1]]
    return copy


def with_value(document: Any, path: Path, value: Any) -> Any:
    """Give a copy that has `value` at `path`, whether or not something was there."""
    copy = json.loads(json.dumps(document))
    if not path:
        return value
    value_at(copy, path[:-1])[path[-1]] = value
    return copy


def emptied(document: Any) -> Any:
    """Give a copy whose outermost lists are empty."""
    if isinstance(document, list):
        return []
    if isinstance(document, dict):
        return {key: emptied(value) for key, value in document.items()}
    return document


def shortened(document: Any) -> Any:
    """Give a copy whose lists hold no more than their first two and their last item."""
    if isinstance(document, dict):
        return {key: shortened(value) for key, value in document.items()}
    if isinstance(document, list):
        kept = document if len(document) <= _LONGEST_LIST else [*document[:2], document[-1]]
        return [shortened(item) for item in kept]
    return document


def written(path: Path) -> str:
    """Write a path as `results[0].id`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "$"


def pattern(path: Path) -> str:
    """Write a path as `results[*].id`."""
    return written(tuple("[*]" if isinstance(step, int) else step for step in path)).replace(".[*]", "[*]")


def same_place(told: str, path: Path) -> bool:
    """Tell whether a path in any usual notation means `path`."""
    return _steps(told) == _steps(written(path))


def nearby(told: str, path: Path) -> bool:
    """Tell whether a path in any usual notation means `path`, something in it or something around it."""
    one, other = _steps(told), _steps(written(path))
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _steps(told: str) -> list[str]:
    return [step for step in _SEPARATORS.split(told) if step]
