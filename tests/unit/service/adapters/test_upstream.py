"""Access to one upstream: who shares a lane and circuits with whom, and what is told of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Pace
from connectors.credential import Scheme, StaticCredential
from connectors.errors import InvalidParameterError, SourceError
from connectors.ports import Demand, Lane, LaneState, Signal
from connectors.runtime.auth import StaticAuthorizer
from connectors.runtime.circuits import Circuits
from connectors.wire import Call, Pairs, Reply
from harness.demand import Wanted
from service.adapters.upstream import Upstream
from service.cache.hasher import Hasher
from service.usecases.source import Access, Condition, UpstreamCredential
from service.usecases.switch import Switchboard

CALL = Call("GET", "/", nodes=())
INES = UpstreamCredential(Scheme.BEARER, "token-of-ines")
MARC = UpstreamCredential(Scheme.BEARER, "token-of-marc")


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Give noon."""
        return datetime(2026, 1, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        """Give a thousand."""
        return 1000.0


class Refusing:
    """A wire on which everything is refused with `status`."""

    status = 401

    async def send(self, call: Call, *, signature: Pairs, timeout: timedelta) -> Reply:
        """Refuse it."""
        return Reply(self.status, Still().now())


class Turn:
    """A turn that learns nothing."""

    def learn(self, signal: Signal) -> None:
        """Forget it."""


class Lanes:
    """A governor that keeps nobody waiting and notes the lanes."""

    def __init__(self) -> None:
        self.used: list[Lane] = []

    @asynccontextmanager
    async def turn(self, lane: Lane, *, demand: Demand, timeout: timedelta) -> AsyncIterator[Turn]:
        """Give a turn at once."""
        self.used.append(lane)
        yield Turn()

    def state(self, lane: Lane) -> LaneState | None:
        """Tell how many calls a lane has had as those that are left, if there were any."""
        count = self.used.count(lane)
        return LaneState(count, lane.concurrency, 0, 0, timedelta(0)) if count else None


@pytest.fixture
def lanes() -> Lanes:
    """Give the governor."""
    return Lanes()


@pytest.fixture
def upstream(lanes: Lanes) -> Upstream:
    """Give an upstream to which every caller brings a credential."""
    return Upstream(
        name="acc",
        base_url="https://a.example:8443/base",
        pace=Pace(120, 7),
        authorizer=None,
        wire=Refusing(),
        governor=lanes,
        circuits=Circuits(clock=Still(), jitter=lambda: 0.0),
        hasher=Hasher(["a secret of the tests"]),
        clock=Still(),
        switchboard=Switchboard({"acc": True}),
    )


async def send(access: Access) -> None:
    """Send one call, whatever comes of it."""
    assert access.sender is not None
    with suppress(SourceError):
        await access.sender.send(CALL, timeout=timedelta(seconds=9), demand=Wanted())


async def test_everyone_with_the_same_credential_shares_a_lane(upstream: Upstream, lanes: Lanes) -> None:
    """The lane is the host, with its port, the credential's identity, and the settings' pace."""
    for credential in (INES, INES, MARC):
        await send(upstream.admit(credential))
    first, again, other = lanes.used
    assert first == again == Lane("a.example:8443", upstream.admit(INES).identity, 120, 7)
    assert other == replace(first, identity=upstream.admit(MARC).identity)
    assert first.identity != other.identity
    assert "token" not in repr(first)


async def test_the_circuits_of_a_credential_outlive_a_request(upstream: Upstream, lanes: Lanes) -> None:
    """Five requests with a refused token keep the sixth from leaving, and nobody else's."""
    for _ in range(7):
        await send(upstream.admit(INES))
    await send(upstream.admit(MARC))
    assert len(lanes.used) == 5 + 1
    ines, marc = upstream.admit(INES).identity, upstream.admit(MARC).identity
    assert upstream.condition(ines) == Condition(
        "open", timedelta(seconds=0.5), LaneState(5, 7, 0, 0, timedelta(0))
    )
    assert upstream.condition(marc) == Condition(pace=LaneState(1, 7, 0, 0, timedelta(0)))
    assert upstream.condition("somebody new") == Condition()


async def test_sources_at_one_host_have_circuits_of_their_own(upstream: Upstream) -> None:
    """Two regions behind one address fail each for itself."""
    emea = replace(upstream, name="emea")
    for _ in range(5):
        await send(upstream.admit(INES))
    assert upstream.condition(upstream.admit(INES).identity).breaker == "open"
    assert emea.condition(emea.admit(INES).identity).breaker == "closed"


async def test_the_services_own_credential_is_sent_for_everybody(upstream: Upstream, lanes: Lanes) -> None:
    """What a caller sends makes no difference where the settings have a credential."""
    static = StaticCredential(headers=(("authorization", "Bearer configured"),), identity="configured")
    own = replace(upstream, authorizer=StaticAuthorizer(static))
    await send(own.admit(None))
    await send(own.admit(INES))
    assert lanes.used[0] == lanes.used[1]


def test_without_a_credential_there_is_nothing_to_send_with(upstream: Upstream) -> None:
    """A caller who brings none has no sender; one that no header can carry is the caller's mistake."""
    assert upstream.admit(None) == Access("", None)
    with pytest.raises(InvalidParameterError):
        upstream.admit(UpstreamCredential(Scheme.BEARER, "a\nb"))


def test_a_caller_is_known_by_an_older_key_too(upstream: Upstream) -> None:
    """Under each key a caller is who a service with this key takes it for; it tells no secret."""
    rings = (["new", "old"], ["old"])
    by_new, by_old = (replace(upstream, hasher=Hasher(keys)) for keys in rings)
    access, (old,) = by_new.admit(INES), by_new.hasher.others
    assert access.identity != access.identity_under(old) == by_old.admit(INES).identity
    assert access.identity_under(by_new.hasher) == access.identity
    assert INES.value not in repr(access)


def test_a_configured_identity_is_the_same_under_every_key(upstream: Upstream) -> None:
    """It is a name and no hash, whatever a caller sends besides."""
    static = StaticCredential(headers=(("authorization", "Bearer configured"),), identity="configured")
    access = replace(upstream, authorizer=StaticAuthorizer(static)).admit(INES)
    assert access.identity_under(Hasher(["another key"])) == access.identity
