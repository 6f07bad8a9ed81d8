"""A sandbox's control board: its switches, faults, journal and world, as a test turns and reads them."""

from typing import Any

import httpx


class Board:
    """Steers the sandbox at `url`; nothing of it is journaled there."""

    def __init__(self, url: str) -> None:
        """Connect when first used."""
        self._client = httpx.Client(base_url=f"{url}/_sandbox", timeout=20)

    def turn(self, **switches: Any) -> None:
        """Merge these switches into those in force."""
        self._client.put("/switches", json=switches).raise_for_status()

    def fault(self, *rules: dict[str, Any]) -> None:
        """Put these fault rules in force, instead of all others."""
        self._client.put("/faults", json=list(rules)).raise_for_status()

    def reset(self, **switches: Any) -> None:
        """Go back to good behaviour, the start's switches but for these, and an empty journal."""
        self._client.delete("/faults").raise_for_status()
        self._client.delete("/switches").raise_for_status()
        if switches:
            self.turn(**switches)
        self.forget()

    def calls(self, containing: str = "") -> list[dict[str, Any]]:
        """Give the calls since the journal was emptied whose path contains the text, oldest first."""
        journal = self._client.get("/journal").raise_for_status().json()
        return [call for call in journal["calls"] if containing in call["path"]]

    def forget(self) -> None:
        """Empty the journal."""
        self._client.delete("/journal").raise_for_status()

    def world(self) -> Any:
        """Give all that the upstream knows."""
        return self._client.get("/world").raise_for_status().json()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
