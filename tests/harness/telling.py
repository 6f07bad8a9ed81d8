"""Asking a service about one source, and what its answer tells of that source."""

from dataclasses import dataclass
from typing import Any

import httpx


def bearing(**tokens: str) -> dict[str, str]:
    """Give the header that brings bearer tokens along, by source name."""
    words = ", ".join(f'{name}="Bearer {token}"' for name, token in tokens.items())
    return {"Upstream-Credentials": words} if words else {}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, or the problem that came instead: `body` is its JSON, `source` what one source did."""

    status: int
    body: dict[str, Any]
    source: dict[str, Any]

    @property
    def outcome(self) -> str:
        """Give the word for how the source did."""
        return str(self.source.get("outcome"))

    @property
    def calls(self) -> int:
        """Count the calls to the upstream."""
        return int(self.source["calls"])

    @property
    def cached(self) -> int:
        """Count the questions that the cache answered."""
        return int(self.source["cached"])

    @property
    def detail(self) -> str:
        """Give the words for the outcome, empty when there are none."""
        return str(self.source.get("detail") or "")

    @property
    def edges(self) -> list[dict[str, Any]]:
        """Give the edges, none in a problem."""
        found: list[dict[str, Any]] = self.body.get("edges", [])
        return found

    @property
    def read_only(self) -> dict[str, bool | None]:
        """Give what each upstream record is said to be for the caller; None where that is left out."""
        return {
            word["record"]: word["attributes"].get("is_read_only")
            for edge in self.edges
            for word in edge["provenance"]
        }


def told(reply: httpx.Response, *, source: str) -> Told:
    """Read a reply."""
    body = reply.json()
    done = body.get("graph", body).get("sources", [])
    return Told(reply.status_code, body, next((each for each in done if each["name"] == source), {}))
