"""The circuit breaker's state machine, without a clock."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connectors.runtime.circuit import FAILURES, Circuit, CircuitState, Ticket

STEPS = st.floats(0, 2)


def enter(circuit: Circuit, now: float) -> Ticket:
    """Enter, which must be allowed."""
    ticket = circuit.enter(now=now)
    assert ticket is not None
    return ticket


def opened(now: float = 0.0, rest: timedelta | None = None) -> Circuit:
    """Give a circuit that five failures have just opened."""
    circuit = Circuit()
    for _ in range(FAILURES):
        circuit.fail(enter(circuit, now), now=now, rest=rest)
    return circuit


def pauses(circuit: Circuit, count: int, **how: float) -> list[float]:
    """Give how long it stays open, failing each probe the moment it may go."""
    now, found = 0.0, []
    for _ in range(count):
        pause = circuit.pause(now=now)
        assert pause is not None
        found.append(pause.total_seconds())
        now += pause.total_seconds()
        circuit.fail(enter(circuit, now), now=now, **how)
    return found


def test_five_failures_in_a_row_open_it() -> None:
    """The fifth does, and none before it."""
    circuit = Circuit()
    for count in range(FAILURES):
        assert (circuit.state(now=0), circuit.failures) == (CircuitState.CLOSED, count)
        circuit.fail(enter(circuit, 0), now=0)
    assert (circuit.state(now=0), circuit.enter(now=0.2)) == (CircuitState.OPEN, None)


def test_a_success_begins_the_row_anew() -> None:
    """Four failures, a success and four failures leave it closed."""
    circuit = Circuit()
    for _ in range(2):
        for _ in range(FAILURES - 1):
            circuit.fail(enter(circuit, 0), now=0)
        assert circuit.state(now=0) is CircuitState.CLOSED
        circuit.succeed()


@pytest.mark.parametrize(
    ("outage", "pause"), [(0, 0.5), (2.4, 0.5), (5, 0.5), (20, 2), (49, 4.9), (50, 5), (86_400, 5)]
)
def test_a_pause_is_a_tenth_of_the_outage_up_to_five_seconds(outage: float, pause: float) -> None:
    """Whoever recovers is found soon; whoever does not is asked every five seconds."""
    circuit = opened()
    probe = enter(circuit, max(0.5, outage))
    circuit.fail(probe, now=max(0.5, outage))
    assert circuit.pause(now=max(0.5, outage)) == timedelta(seconds=pause)


def test_jitter_shortens_a_pause_by_a_fifth_at_most() -> None:
    """Processes whose circuits opened together do not all probe together."""
    assert pauses(opened(), 3, jitter=0.5) == pytest.approx([0.5, 0.45, 0.45])


@pytest.mark.parametrize(("asked", "pause"), [(0.1, 0.5), (7, 7), (30, 30), (86_400, 30)])
def test_what_the_upstream_asks_for_is_granted_up_to_half_a_minute(asked: float, pause: float) -> None:
    """Its Retry-After is heeded where it is longer than the pause, and never beyond 30 s."""
    assert opened(rest=timedelta(seconds=asked)).pause(now=0) == timedelta(seconds=pause)


def test_one_probe_at_a_time() -> None:
    """When the pause is over one call may leave; its success closes, and everyone may."""
    circuit = opened()
    assert circuit.state(now=0.5) is CircuitState.HALF_OPEN
    assert enter(circuit, 0.5).probe
    assert (circuit.enter(now=0.5), circuit.pause(now=0.5)) == (None, None)
    circuit.succeed()
    assert circuit.state(now=0.5) is CircuitState.CLOSED
    assert not enter(circuit, 0.5).probe
    assert not enter(circuit, 0.5).probe


def test_after_a_recovery_the_pauses_are_short_again() -> None:
    """The next outage begins with half a second."""
    circuit = opened()
    pauses(circuit, 4)
    circuit.succeed()
    for _ in range(FAILURES):
        circuit.fail(enter(circuit, 100), now=100)
    assert circuit.pause(now=100) == timedelta(seconds=0.5)


def test_a_probe_that_never_left_gives_its_place_back() -> None:
    """The next one may try at once; leaving twice, or after another has begun, changes nothing."""
    circuit = opened()
    first = enter(circuit, 1)
    circuit.leave(first)
    second = enter(circuit, 1)
    circuit.leave(first)
    assert circuit.enter(now=1) is None
    circuit.leave(second)
    assert enter(circuit, 1).probe


def test_calls_that_left_before_it_opened_do_not_open_it_further() -> None:
    """Of ten calls at once five open it; what the others meet is no news, not even to a probe."""
    circuit = Circuit()
    tickets = [enter(circuit, 0) for _ in range(10)]
    for ticket in tickets[:9]:
        circuit.fail(ticket, now=0)
    assert circuit.pause(now=0) == timedelta(seconds=0.5)
    enter(circuit, 0.5)
    circuit.fail(tickets[9], now=0.6)
    assert circuit.state(now=0.6) is CircuitState.HALF_OPEN


def test_a_late_answer_closes_it() -> None:
    """Somebody is there, whenever the question left; the probe under way can no longer open it."""
    circuit = opened()
    probe = enter(circuit, 0.5)
    circuit.succeed()
    circuit.fail(probe, now=0.6)
    assert (circuit.state(now=0.6), circuit.failures) == (CircuitState.CLOSED, 0)


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=100))
def test_it_is_never_open_longer_than_five_seconds_unasked(jitters: list[float]) -> None:
    """However long an outage lasts, five seconds after it the next call leaves."""
    circuit, now = opened(), 0.0
    for jitter in jitters:
        now += 5
        circuit.fail(enter(circuit, now), now=now, jitter=jitter)
        pause = circuit.pause(now=now)
        assert pause is not None
        assert timedelta(seconds=0.2) <= pause <= timedelta(seconds=5)


class Life(RuleBasedStateMachine):
    """Any calls at any time, ended in any way."""

    @initialize()
    def begin(self) -> None:
        """Start closed."""
        self.circuit = Circuit()
        self.now = 0.0
        self.under_way: list[Ticket] = []

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule()
    def call(self) -> None:
        """Enter exactly where the state allows it; two probes of one era are never under way."""
        state = self.circuit.state(now=self.now)
        ticket = self.circuit.enter(now=self.now)
        if state is CircuitState.OPEN:
            assert ticket is None
        elif state is CircuitState.CLOSED:
            assert ticket is not None
        if ticket is not None:
            assert not ticket.probe or ticket not in self.under_way
            self.under_way.append(ticket)

    @precondition(lambda self: self.under_way)
    @rule(how=st.sampled_from(["succeed", "fail", "leave"]), which=st.integers(0, 1000))
    def end(self, how: str, which: int) -> None:
        """End one of the calls; a success leaves it closed."""
        ticket = self.under_way.pop(which % len(self.under_way))
        if how == "fail":
            self.circuit.fail(ticket, now=self.now)
        elif how == "leave":
            self.circuit.leave(ticket)
        else:
            self.circuit.succeed()
            assert self.circuit.state(now=self.now) is CircuitState.CLOSED
        self.circuit.leave(ticket)

    @precondition(lambda self: not self.under_way)
    @rule()
    def recover(self) -> None:
        """With nobody under way, five seconds later somebody may call."""
        self.now += 5
        self.circuit.leave(enter(self.circuit, self.now))


TestLife = Life.TestCase
