"""Reading query parameters and body fields into values, collecting every complaint."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from connectors.sandbox.autodesk.filter import Deleted, Pattern
from connectors.sandbox.autodesk.kind import GUID
from connectors.sandbox.autodesk.page import PageRequest, page_limit
from connectors.sandbox.autodesk.problem import Complaints
from connectors.sandbox.autodesk.row import parse_instant
from connectors.sandbox.autodesk.switches import AutodeskSwitches

T = TypeVar("T")

_FLAGS = {"true": True, "false": False}
_LONGEST = {"domain": 128, "type": 128, "id": 512}


class Parameters:
    """The query of one call; an empty value counts as not given, unknown names are ignored."""

    def __init__(
        self, query: Mapping[str, str], *, switches: AutodeskSwitches, complaints: Complaints
    ) -> None:
        self._query = query
        self._switches = switches
        self._complaints = complaints

    def text(self, name: str) -> str | None:
        """Give a parameter as it is."""
        key = name.lower() if self._switches.parameter_names == "any_case" else name
        return self._query.get(key) or None

    def instant(self, name: str) -> datetime | None:
        """Read an ISO 8601 time."""
        return self._parse(name, parse_instant)

    def pattern(self, *names: str) -> Pattern:
        """Read domain, type and id by these names; a part without the one before it is as the switch says."""
        parts = [self.text(name) for name in names]
        for at in (1, 2):
            if parts[at] is None or parts[at - 1] is not None:
                continue
            if self._switches.missing_parent == "refuse":
                detail = f"The parameter '{names[at - 1]}' is required when '{names[at]}' is given."
                self._complaints.add(names[at - 1], detail=detail)
            elif self._switches.missing_parent == "ignore":
                parts[at] = None
        return Pattern(*parts)

    def deleted(self) -> Deleted:
        """Read includeDeleted and onlyDeleted together; both is documented, the second alone is not."""
        include, only = self._parse("includeDeleted", _parse_flag), self._parse("onlyDeleted", _parse_flag)
        if only and not include and self._switches.only_deleted_alone == "empty":
            return "none"
        return "only" if only else "include" if include else "exclude"

    def page(self, *, binding: str) -> PageRequest:
        """Read pageLimit and continuationToken."""
        asked = self._parse("pageLimit", int)
        self._complaints.refuse_any()
        return PageRequest(
            limit=page_limit(asked, switches=self._switches),
            token=self.text("continuationToken"),
            binding=binding,
        )

    def _parse(self, name: str, parse: Callable[[str], T]) -> T | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError:
            self._complaints.add_value(name, value=value)
            return None


def read_guids(body: Any, *, most: int = 50) -> list[str]:
    """Read a bare array of 1 to `most` GUIDs; a 400 names each that is none."""
    complaints = Complaints()
    if not isinstance(body, list) or not 1 <= len(body) <= most:
        complaints.add("relationshipIds", detail=f"An array of 1 to {most} values is required.")
        body = []
    for at, value in enumerate(body):
        if not isinstance(value, str) or not GUID.fullmatch(value):
            complaints.add_value(f"[{at}]", value=value)
    complaints.refuse_any()
    return [value.lower() for value in dict.fromkeys(body)]


def read_patterns(value: Any, *, name: str, complaints: Complaints, whole: bool) -> tuple[Pattern, ...]:
    """Read 1 to 20 entities, told in full when `whole`, else at least by domain."""
    if not isinstance(value, list) or not 1 <= len(value) <= 20:  # noqa: PLR2004 - documented bounds
        complaints.add(name, detail="An array of 1 to 20 entities is required.")
        return ()
    return tuple(
        read_pattern(each, name=f"{name}[{at}]", complaints=complaints, whole=whole)
        for at, each in enumerate(value)
    )


def read_pattern(value: Any, *, name: str, complaints: Complaints, whole: bool) -> Pattern:
    """Read one entity of a body; dates and unknown fields are ignored."""
    if not isinstance(value, dict):
        complaints.add_value(name, value=value)
        return Pattern()
    parts = dict(_read_parts(value, name, complaints))
    required = _LONGEST if whole else _parents_of(parts)
    for missing in (part for part in required if parts.get(part) is None):
        complaints.add(f"{name}.{missing}", detail=f"The field '{missing}' is required.")
    return Pattern(**parts)


def _read_parts(value: dict[str, Any], name: str, complaints: Complaints) -> Iterator[tuple[str, str | None]]:
    for part, longest in _LONGEST.items():
        given = value.get(part)
        if given is not None and (not isinstance(given, str) or len(given) > longest):
            complaints.add_value(f"{name}.{part}", value=given)
            given = None
        yield part, given or None


def _parents_of(parts: Mapping[str, str | None]) -> tuple[str, ...]:
    """Give what must be told: the domain always, the type when an id is."""
    return ("domain", "type") if parts["id"] is not None else ("domain",)


def _parse_flag(text: str) -> bool:
    # The documentation's example spells `True`.
    if text.lower() not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text.lower()]
