"""The settings of a sandbox upstream that a test may turn while it runs."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

import msgspec

S = TypeVar("S")


class Switches(Generic[S]):
    """Holds an upstream's frozen switches dataclass and swaps it whole.

    Routes read `now` once per call, so that one call never sees two settings. The dataclass's
    annotations are the schema: `Literal`, `int | None`, nested dataclasses and mappings all work.
    """

    def __init__(self, start: S) -> None:
        self._start = start
        self.now: S = start

    def merge(self, changes: Mapping[str, Any]) -> None:
        """Replace the given fields; an unknown name or a wrong type is a ValueError and changes nothing."""
        known = [field.name for field in fields(self._start)]  # type: ignore[arg-type]  # S is a dataclass
        if unknown := sorted(set(changes) - set(known)):
            raise ValueError(f"no such switch: {', '.join(unknown)}; there are {', '.join(known)}")
        merged = {name: getattr(self.now, name) for name in known} | dict(changes)
        self.now = msgspec.convert(msgspec.to_builtins(merged), type(self._start))

    def reset(self) -> None:
        """Go back to the switches the sandbox was started with."""
        self.now = self._start

    def show(self) -> dict[str, Any]:
        """Return the current switches as plain JSON values."""
        shown: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.now))
        return shown
