"""JSON as people write it to the service, with nothing left to a reader's taste.

RFC 8259 leaves open what a member means that an object names twice; Python keeps the last, and reads
`NaN` and `Infinity`, which JSON does not have.
"""

import json
from typing import Any, NoReturn


class TwiceError(ValueError):
    """An object names a member twice."""

    def __init__(self, member: str) -> None:
        """Keep the member's name."""
        super().__init__(member)
        self.member = member


def read_json(text: str) -> Any:
    """Read a JSON text.

    TwiceError where an object names a member twice; ValueError, or RecursionError, where it is no JSON.
    """
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise TwiceError(name)
        found[name] = value
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
