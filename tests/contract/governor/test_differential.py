"""The script in the store and the book in the process decide the same, whatever happens."""

from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from connectors.ports import Caller, Lane, Signal
from connectors.runtime.governing.book import SPAN, Book
from service.adapters.governor_script import ANEW, Speaker, Told, Words, parse_told, script

CALLERS = (Caller("a"), Caller("b", weight=2.0), Caller("c", weight=0.3))
PROCESSES = ("p", "q")
_PATIENCE = 10.0
_numbers = count()

SIGNALS = st.builds(
    Signal,
    took=st.sampled_from([0.05, 0.3, 4.0]).map(lambda s: timedelta(seconds=s)),
    overloaded=st.booleans(),
    unanswered=st.booleans(),
    rest=st.none() | st.sampled_from([0.5, 7.0]).map(lambda s: timedelta(seconds=s)),
    remaining=st.none() | st.integers(0, 4),
    reset=st.none() | st.sampled_from([1.0, 20.0]).map(lambda s: timedelta(seconds=s)),
)
STEPS = st.tuples(
    st.sampled_from([0.0, 0.01, 0.4, 1.1, 13.0]),
    st.sampled_from(PROCESSES),
    st.one_of(
        st.tuples(
            st.just("enter"),
            st.lists(st.sampled_from(CALLERS), min_size=1, max_size=2, unique=True),
            st.sampled_from([0.0, 30.0, 1e6]),
        ),
        st.tuples(st.just("promote"), st.integers(0, 20), st.sampled_from(CALLERS)),
        st.tuples(
            st.just("leave"),
            st.integers(0, 20),
            st.none() | SIGNALS,
            st.booleans(),
            st.none() | st.integers(0, 20),
        ),
        st.tuples(st.just("pump")),
    ),
)


class Both:
    """One lane in the store and one in the process; every step is taken in both."""

    def __init__(self, client: Redis, lane: Lane) -> None:
        """Start with nothing in either."""
        self._lane = lane
        self._book = Book(lane)
        self._run = client.register_script(script())
        self._heard = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call] # the client's
        self._heard.subscribe("relgraph:governor")
        # The server's word that it listens, which the client keeps to itself.
        assert self._heard.get_message(timeout=_PATIENCE) is None
        self._heard.get_message(timeout=1)
        self.now = 1_000_000.0
        self.tickets: list[str] = []

    def close(self) -> None:
        """End the subscription."""
        self._heard.close()

    def step(self, process: str, step: tuple[object, ...]) -> None:
        """Take one step and compare."""
        speaker = Speaker(process)
        self._book.alive(process, now=self.now)
        refused: float | None = None
        match step:
            case ("enter", list(callers), float(patience)):
                ticket = f"{process}:{len(self.tickets)}"
                self.tickets.append(ticket)
                refused = self._book.enter(
                    ticket, process=process, callers=callers, now=self.now, patience=patience
                )
                words = speaker.enter(
                    self._lane, ticket, callers=callers, patience=patience, began="", now=self.now
                )
            case ("promote", int(index), Caller() as caller):
                ticket = self._ticket(index)
                self._book.promote(ticket, caller=caller)
                words = speaker.promote(self._lane, ticket, caller=caller, began="", now=self.now)
            case ("leave", int(index), signal, bool(gave_back), next_one):
                assert signal is None or isinstance(signal, Signal)
                ticket = self._ticket(index)
                heir = self._ticket(next_one) if isinstance(next_one, int) else None
                self._book.leave(ticket, now=self.now, signal=signal, gave_back=gave_back, heir=heir)
                words = speaker.leave(
                    self._lane,
                    ticket,
                    signal=signal,
                    gave_back=gave_back,
                    began="",
                    heir=heir,
                    now=self.now,
                )
            case _:
                words = speaker.pump(self._lane, began="", now=self.now)
        self._compare(process, self._say(words), refused)

    def _compare(self, process: str, told: Told, refused: float | None) -> None:
        pumped = self._book.pump(self.now)
        mine = tuple(ticket for owner, ticket in pumped.granted if owner == process)
        theirs = {ticket for owner, ticket in pumped.granted if owner != process}
        assert told.granted == mine
        assert self._published() == theirs
        assert told.refused == refused
        assert told.sole == self._book.sole(process, now=self.now)
        assert told.again == (None if pumped.again is None else pumped.again - self.now)
        standing = self._book.standing(self.now)
        state = told.state
        assert (state.left, state.concurrency) == (standing.left, standing.places)
        assert (state.under_way, state.waiting) == (standing.under_way, standing.waiting)
        assert state.rest == timedelta(seconds=max(0.0, standing.rest_until - self.now))

    def _say(self, words: Words) -> Told:
        reply = self._run(keys=words.keys, args=words.arguments)
        assert isinstance(reply, list)
        return parse_told(reply)

    def _published(self) -> set[str]:
        tickets = set[str]()
        # The server's reply to this comes behind all that it has told before.
        self._heard.ping()
        while message := self._heard.get_message(timeout=_PATIENCE):
            if message["type"] == "pong":
                return tickets
            addressee, *words = message["data"].decode().split()
            tickets.update(words if addressee != ANEW else ())
        raise AssertionError("the server does not reply")

    def _ticket(self, index: int) -> str:
        return self.tickets[index % len(self.tickets)] if self.tickets else "none"


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    requests_per_minute=st.none() | st.integers(1, 6),
    concurrency=st.integers(1, 9),
    steps=st.lists(STEPS, min_size=5, max_size=40),
)
def test_the_script_decides_as_the_book_does(
    governor_url: str,
    requests_per_minute: int | None,
    concurrency: int,
    steps: list[tuple[float, str, tuple[object, ...]]],
) -> None:
    """Through any steps both grant the same tickets in the same order and foresee the same."""
    lane = Lane("a.example", f"twin {next(_numbers)}", requests_per_minute, concurrency)
    with Redis.from_url(governor_url) as client:
        both = Both(client, lane)
        try:
            for gap, process, step in steps:
                both.now += gap
                both.step(process, step)
        finally:
            both.close()


def test_a_clock_set_back_stops_nobody(governor_url: str) -> None:
    """The server's time may jump by an hour: what a lane has counted still ends after its span."""
    lane = Lane("a.example", f"twin {next(_numbers)}", 1, 4)
    speaker, me = Speaker("p"), [CALLERS[0]]
    with Redis.from_url(governor_url) as client:
        run = client.register_script(script())

        def enter(ticket: str, now: float) -> Told:
            words = speaker.enter(lane, ticket, callers=me, patience=0.0, began="", now=now)
            reply = run(keys=words.keys, args=words.arguments)
            assert isinstance(reply, list)
            return parse_told(reply)

        assert enter("p:1", 1_000_000.0).granted == ("p:1",)
        assert enter("p:2", 996_400.0).refused == SPAN
        assert enter("p:3", 996_400.0 + SPAN - 1).refused == 1
        assert enter("p:4", 996_400.0 + SPAN).granted == ("p:4",)
