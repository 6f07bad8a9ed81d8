"""What was asked of a sandbox: every upstream call, in order of arrival, without its credentials."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Message, Scope, Send

from connectors.sandbox.clock import Clock

ENTRY_KEY = "sandbox.entry"
HEADERS_OF_INTEREST = frozenset({b"accept", b"content-type", b"groups", b"x-ads-region"})
CREDENTIAL_PARAMETERS = frozenset({"access_token", "api-key", "api-secret", "authorization", "token"})
KEPT_CALLS = 100_000  # a soak test must not fill the memory; `total` goes on counting


@dataclass(slots=True)
class Entry:
    """One call; `status` stays None when no reply was begun (dropped, or the caller went away)."""

    at: datetime
    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    caller: str | None = None
    nodes: tuple[str, ...] = ()
    status: int | None = None

    def watch(self, send: Send) -> Send:
        """Return a `send` that also writes down the status of the reply."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await send(message)

        return watched

    def show(self) -> dict[str, Any]:
        """Return the call as JSON values; query values that name a credential are blanked."""
        pairs = parse_qsl(self.query.decode("latin-1"), keep_blank_values=True)
        return {
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": [[k, "blanked" if k.lower() in CREDENTIAL_PARAMETERS else v] for k, v in pairs],
            "headers": {k.decode("latin-1"): v.decode("latin-1") for k, v in self.headers},
            "caller": self.caller,
            "status": self.status,
            "nodes": list(self.nodes),
        }


def note(scope: Scope, *, caller: str | None = None, nodes: Iterable[str] = ()) -> None:
    """Write down who is calling (a label, never a secret) and which native ids are asked about."""
    entry: Entry | None = scope.get(ENTRY_KEY)
    if entry is None:
        return
    entry.caller = caller or entry.caller
    entry.nodes = (*entry.nodes, *nodes)


class Journal:
    """The calls since the last clear, and how many were in flight at once."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT_CALLS)
        self._total = 0
        self._in_flight = 0
        self._peak = 0

    def open(self, scope: Scope) -> Entry:
        """Begin the entry of a call that has just arrived and hang it into its scope."""
        headers = tuple(pair for pair in scope["headers"] if pair[0] in HEADERS_OF_INTEREST)
        entry = Entry(
            at=self._clock(),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=headers,
        )
        scope[ENTRY_KEY] = entry
        self._entries.append(entry)
        self._total += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        return entry

    def close(self) -> None:
        """Count one call as over."""
        self._in_flight -= 1

    def clear(self) -> None:
        """Forget all calls; the peak starts again from what is in flight now."""
        self._entries.clear()
        self._total = 0
        self._peak = self._in_flight

    def show(self) -> dict[str, Any]:
        """Return {calls: [...], total, connections: {now, peak}}; `total` counts calls no longer kept too."""
        return {
            "calls": [entry.show() for entry in self._entries],
            "total": self._total,
            "connections": {"now": self._in_flight, "peak": self._peak},
        }
