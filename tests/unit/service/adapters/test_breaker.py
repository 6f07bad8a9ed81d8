"""The breaker: one failure stops everybody for a while, one probe starts them again."""

from datetime import UTC, datetime, timedelta

from service.adapters.breaker import Breaker


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Give the epoch and what has passed."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Give the seconds the test has set."""
        return self.seconds


def _breaker() -> tuple[Breaker, StillClock]:
    clock = StillClock()
    return Breaker(clock=clock, pause=timedelta(seconds=1)), clock


def test_nothing_is_held_back_without_a_failure() -> None:
    """Closed, it lets everybody try, and a success is no news."""
    breaker, _ = _breaker()
    assert breaker.allow()
    assert breaker.allow()
    assert not breaker.succeed()


def test_a_failure_holds_everybody_back_for_the_pause() -> None:
    """The first failure is news, the next ones are not, and nobody tries until the pause is over."""
    breaker, clock = _breaker()
    assert breaker.fail()
    assert not breaker.fail()
    clock.seconds = 0.99
    assert not breaker.allow()


def test_one_probe_goes_first() -> None:
    """After the pause one caller tries; the others wait for how it goes."""
    breaker, clock = _breaker()
    breaker.fail()
    clock.seconds = 1.0
    assert breaker.allow()
    assert not breaker.allow()
    assert breaker.succeed()
    assert breaker.allow()
    assert breaker.allow()


def test_a_failed_probe_begins_another_pause() -> None:
    """When the probe fails it is the same outage, for another pause."""
    breaker, clock = _breaker()
    breaker.fail()
    clock.seconds = 1.5
    assert breaker.allow()
    assert not breaker.fail()
    clock.seconds = 2.4
    assert not breaker.allow()
    clock.seconds = 2.5
    assert breaker.allow()


def test_an_abandoned_probe_lets_the_next_one_try() -> None:
    """A probe whose caller went away does not keep the breaker open for ever."""
    breaker, clock = _breaker()
    breaker.fail()
    clock.seconds = 1.0
    assert breaker.allow()
    breaker.abandon()
    assert breaker.allow()
