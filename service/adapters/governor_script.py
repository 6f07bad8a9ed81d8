"""What is said to the governor's script in the store, and what it replies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

from msgspec.json import encode

from connectors.ports import Caller, Lane, LaneState, Signal

# One channel for the whole fleet: "process ticket ticket …" tells a process whose turn it is, "* key
# began" asks all of them what they have in the lane of this key, because it began at that time.
CHANNEL = "relgraph:governor"
ANEW = "*"
_PARTS = ("state", "log", "line", "tickets", "places", "alive", "last", "seen", "held", "about")


@cache
def script() -> str:
    """Give the script."""
    return files("service.adapters").joinpath("governor.lua").read_text("utf-8")


class Words(NamedTuple):
    """One operation on one lane, as the script wants it."""

    keys: tuple[str, ...]
    arguments: tuple[str, ...]


class Told(NamedTuple):
    """What the script replied; waits are in seconds.

    `forgotten`: the lane began after `began` as the caller knew it, nothing was done. `refused`:
    the wait that is foreseen for a ticket that was not let in. `granted` and `unknown` are tickets
    of the process that asked; `again` is when time alone may let somebody go. `sole` is the one caller
    who may hand a place on to its next call in the process, "" where nobody may.
    """

    forgotten: bool
    refused: float | None
    again: float | None
    granted: tuple[str, ...]
    unknown: tuple[str, ...]
    state: LaneState
    processes: int
    began: str
    sole: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says in whose name a process speaks; its tickets begin with that name and a colon.

    `now` is for tests, the server's time rules otherwise.
    """

    process: str

    def enter(
        self,
        lane: Lane,
        ticket: str,
        *,
        callers: Sequence[Caller],
        patience: float,
        began: str,
        now: float | None = None,
    ) -> Words:
        """Ask for a turn that comes within `patience` seconds."""
        own = {"ticket": ticket, "patience": patience, "callers": [[c.name, c.weight] for c in callers]}
        return self._say("enter", lane, own, began=began, now=now)

    def promote(
        self, lane: Lane, ticket: str, *, caller: Caller, began: str, now: float | None = None
    ) -> Words:
        """Let one more caller bring a ticket forward."""
        own = {"ticket": ticket, "caller": [caller.name, caller.weight]}
        return self._say("promote", lane, own, began=began, now=now)

    def leave(
        self,
        lane: Lane,
        ticket: str,
        *,
        signal: Signal | None,
        gave_back: bool,
        began: str,
        heir: str | None = None,
        now: float | None = None,
    ) -> Words:
        """End a ticket, wherever it is; a ticket in line that is its `heir` has gone in its place."""
        own: dict[str, object] = {"ticket": ticket, "gave_back": gave_back}
        if signal is not None:
            own["signal"] = _signal(signal)
        if heir is not None:
            own["heir"] = heir
        return self._say("leave", lane, own, began=began, now=now)

    def renew(
        self,
        lane: Lane,
        *,
        waiting: Sequence[str],
        under_way: Sequence[str],
        recent: Sequence[tuple[str, float]] | None,
        rest: float = 0.0,
        began: str,
        now: float | None = None,
    ) -> Words:
        """Say that the process lives and what it has.

        `recent` are calls to count, by seconds ago; `rest` is how long the upstream is to be left alone.
        """
        own: dict[str, object] = {"waiting": waiting, "under_way": under_way, "rest": rest}
        if recent is not None:
            own["recent"] = recent
        return self._say("renew", lane, own, began=began, now=now)

    def pump(self, lane: Lane, *, began: str, now: float | None = None) -> Words:
        """Look whose turn it is."""
        return self._say("pump", lane, {}, began=began, now=now)

    def _say(
        self, operation: str, lane: Lane, own: Mapping[str, object], *, began: str, now: float | None
    ) -> Words:
        capacity = -1 if lane.requests_per_minute is None else lane.requests_per_minute
        arguments = (
            "" if now is None else repr(now),
            operation,
            str(capacity),
            str(lane.concurrency),
            self.process,
            CHANNEL,
            began,
            encode(own).decode(),
        )
        return Words(keys_of(lane), arguments)


def keys_of(lane: Lane) -> tuple[str, ...]:
    """Give the keys of a lane, all of one slot of a cluster; they name nobody."""
    return _keys(lane.host, lane.identity)


@lru_cache(maxsize=256)
def _keys(host: str, identity: str) -> tuple[str, ...]:
    # The same ones, twice for each call.
    name = blake2b(f"{host}\0{identity}".encode(), digest_size=16).hexdigest()
    return tuple(f"relgraph:governor:{{{name}}}:{part}" for part in _PARTS)


def parse_told(reply: Sequence[object]) -> Told:
    """Read the script's reply; ValueError when it is none."""
    match reply:
        case [
            bytes(status),
            bytes(wait),
            bytes(again),
            list(granted),
            int(left),
            int(places),
            int(under_way),
            int(waiting),
            bytes(rest),
            int(processes),
            bytes(began),
            list(unknown),
            bytes(sole),
        ]:
            return Told(
                forgotten=status == b"forgotten",
                refused=float(wait) if status == b"refused" else None,
                again=float(again) if again else None,
                granted=_texts(granted),
                unknown=_texts(unknown),
                state=LaneState(
                    left=None if left < 0 else left,
                    concurrency=places,
                    under_way=under_way,
                    waiting=waiting,
                    rest=timedelta(seconds=float(rest)),
                ),
                processes=processes,
                began=began.decode(),
                sole=sole.decode(),
            )
    raise ValueError("not a reply of the governor's script")


def _texts(words: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(word.decode() for word in words)


def _signal(signal: Signal) -> Mapping[str, object]:
    told: dict[str, object] = {
        "took": signal.took.total_seconds(),
        "overloaded": signal.overloaded,
        "unanswered": signal.unanswered,
    }
    if signal.rest is not None:
        told["rest"] = signal.rest.total_seconds()
    if signal.remaining is not None:
        told["remaining"] = signal.remaining
    if signal.reset is not None:
        told["reset"] = signal.reset.total_seconds()
    return told
