"""A sandbox's control board: its switches, faults, journal and world, as a test turns and reads them."""

from typing import Any

from harness.plain import EACH_ANEW


class Board:
    """Steers the sandbox at `url`; nothing of it is journaled there."""

    def __init__(self, url: str) -> None:
        """Take note of where."""
        self._root = f"{url}/_sandbox"

    def turn(self, **switches: Any) -> None:
        """Merge these switches into those in force."""
        self._ask("PUT", "switches", switches)

    def fault(self, *rules: dict[str, Any]) -> None:
        """Put these fault rules in force, instead of all others."""
        self._ask("PUT", "faults", list(rules))

    def reset(self, **switches: Any) -> None:
        """Go back to good behaviour, the start's switches but for these, and an empty journal."""
        self._ask("DELETE", "faults")
        self._ask("DELETE", "switches")
        if switches:
            self.turn(**switches)
        self.forget()

    def calls(self, containing: str = "") -> list[dict[str, Any]]:
        """Give the calls since the journal was emptied whose path contains the text, oldest first."""
        return [call for call in self._ask("GET", "journal")["calls"] if containing in call["path"]]

    def under_way(self) -> int:
        """Count the calls that have arrived and are neither answered nor given up by their caller."""
        return int(self._ask("GET", "journal")["connections"]["now"])

    def forget(self) -> None:
        """Empty the journal."""
        self._ask("DELETE", "journal")

    def world(self) -> Any:
        """Give all that the upstream knows."""
        return self._ask("GET", "world")

    def _ask(self, method: str, what: str, body: Any = None) -> Any:
        return EACH_ANEW.request(method, f"{self._root}/{what}", json=body).raise_for_status().json()
