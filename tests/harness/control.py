"""Steers a running sandbox upstream from a test: its switches, its faults, its journal, its world."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from harness.process import Process


class Control:
    """The `/_sandbox/` endpoints of one sandbox."""

    def __init__(self, process: Process) -> None:
        """Steer this sandbox; `reset` at the end is the caller's."""
        self.url = process.url
        self._client = httpx.Client(base_url=f"{process.url}/_sandbox", timeout=60)

    def close(self) -> None:
        """Close the connections to the sandbox."""
        self._client.close()

    @property
    def world(self) -> dict[str, Any]:
        """Give all that the upstream knows."""
        return self._ask("GET", "world")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Give the calls since `forget`, in order of arrival."""
        found: list[dict[str, Any]] = self._ask("GET", "journal")["calls"]
        return found

    def forget(self) -> None:
        """Empty the journal."""
        self._ask("DELETE", "journal")

    def turn(self, **switches: Any) -> None:
        """Turn these switches; the others stay."""
        self._ask("PUT", "switches", switches)

    def misbehave(self, *rules: dict[str, Any]) -> None:
        """Replace the fault rules; none is good behaviour."""
        self._ask("PUT", "faults", list(rules))

    def reset(self, **switches: Any) -> None:
        """Drop all faults and turn everything back, but for the switches given."""
        self._ask("DELETE", "faults")
        self._ask("DELETE", "switches")
        self.turn(**switches)
        self.forget()

    @contextmanager
    def misbehaving(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Keep fault rules in force while the block lasts."""
        self.misbehave(*rules)
        try:
            yield
        finally:
            self.misbehave()

    @contextmanager
    def turned(self, **switches: Any) -> Iterator[None]:
        """Turn switches while the block lasts; then each goes back to what it was."""
        before = self._ask("GET", "switches")
        self.turn(**switches)
        try:
            yield
        finally:
            self.turn(**{name: before[name] for name in switches})

    def _ask(self, method: str, what: str, content: Any = None) -> Any:
        return self._client.request(method, f"/{what}", json=content).raise_for_status().json()
