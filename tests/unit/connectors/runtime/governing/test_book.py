"""One lane's book, with numbers for a clock."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.ports import Caller, Lane, Signal
from connectors.runtime.governing.book import COMPANY, LIFE, LONGEST_REST, SPAN, Book

ME, YOU = Caller("me"), Caller("you")
FAST = timedelta(milliseconds=100)


def book(requests_per_minute: int | None = None, concurrency: int = 10) -> Book:
    """Give an empty book."""
    return Book(Lane("a.example", "me", requests_per_minute, concurrency))


def enter(of: Book, *tickets: str, caller: Caller = ME, now: float = 0.0, process: str = "p") -> None:
    """Put tickets in line, whatever wait is foreseen."""
    for ticket in tickets:
        assert of.enter(ticket, process=process, callers=[caller], now=now, patience=1e9) is None


def granted(of: Book, now: float = 0.0) -> list[str]:
    """Give whose turn it is."""
    return [ticket for _, ticket in of.pump(now).granted]


@given(
    limit=st.integers(1, 5),
    concurrency=st.integers(1, 4),
    steps=st.lists(
        st.tuples(st.floats(0, 30), st.sampled_from(["enter", "enter", "leave", "give back", "refused"])),
        min_size=1,
        max_size=60,
    ),
)
def test_no_span_holds_more_than_the_limit(
    limit: int, concurrency: int, steps: list[tuple[float, str]]
) -> None:
    """Whatever comes, goes and is given back: never too many in a span, nor at once."""
    lane = book(limit, concurrency)
    now, number, away, left = 0.0, 0, list[str](), dict[str, float]()
    for gap, step in steps:
        now += gap
        if step == "enter":
            number += 1
            enter(lane, str(number), now=now)
        elif away:
            ticket = away.pop(0)
            signal = Signal(FAST, overloaded=step == "refused")
            lane.leave(ticket, now=now, signal=signal, gave_back=step == "give back")
            if step == "give back":
                del left[ticket]
        for ticket in granted(lane, now):
            away.append(ticket)
            left[ticket] = now
        assert len(away) <= concurrency
    times = sorted(left.values())
    for first, later in zip(times, times[limit:], strict=False):
        assert later >= first + SPAN - 1e-6


def test_a_burst_up_to_the_limit_goes_at_once() -> None:
    """Nothing is smoothed: the upstream allows so many a minute, in whatever rhythm."""
    lane = book(3)
    enter(lane, "a", "b", "c", "d")
    pumped = lane.pump(0)
    assert [ticket for _, ticket in pumped.granted] == ["a", "b", "c"]
    assert pumped.again == SPAN
    assert granted(lane, SPAN) == ["d"]


@given(st.integers(1, 4), st.integers(0, 12), st.floats(0, 50))
def test_what_is_foreseen_comes_true(limit: int, ahead: int, wait: float) -> None:
    """A ticket whose forerunners stay and return at once goes at the time foreseen for it."""
    lane = book(limit, 100)
    enter(lane, *(f"early {n}" for n in range(ahead // 2)))
    lane.pump(0)
    enter(lane, *(f"ahead {n}" for n in range(ahead)), now=wait)
    lane.pump(wait)
    at = lane.foresee([ME], now=wait)
    enter(lane, "last", now=wait)
    now = wait
    while "last" not in granted(lane, now):
        again = lane.pump(now).again
        assert again is not None
        now = again
    assert abs(now - at) < 1e-6


def test_who_would_wait_too_long_is_told_and_not_let_in() -> None:
    """A refusal says how long the wait would be, and pushes nobody back."""
    lane = book(1)
    enter(lane, "a")
    lane.pump(0)
    assert lane.enter("b", process="p", callers=[ME], now=10, patience=50) == SPAN - 10
    assert lane.standing(10).waiting == 0


def test_a_call_given_back_counts_no_more() -> None:
    """Whose call did not leave takes none of the minute's."""
    lane = book(1)
    for ticket in "abc":
        enter(lane, ticket)
        assert granted(lane) == [ticket]
        lane.leave(ticket, now=0, gave_back=True)
    assert lane.idle(0)


def test_a_call_that_ended_stays_counted_for_its_span() -> None:
    """A place is free when a call ends, its share of the minute is not."""
    lane = book(1)
    enter(lane, "a", "b")
    lane.pump(0)
    lane.leave("a", now=1, signal=Signal(FAST))
    assert granted(lane, 1) == []
    assert granted(lane, SPAN) == ["b"]
    lane.leave("b", now=SPAN)
    assert not lane.idle(SPAN)
    assert lane.idle(2 * SPAN)


def test_a_light_caller_waits_one_slot_behind_a_heavy_one() -> None:
    """However deep one caller's queue is, another one's first ticket is next but one."""
    lane = book(concurrency=1)
    enter(lane, *(f"heavy {n}" for n in range(100)))
    lane.pump(0)
    enter(lane, "light", caller=YOU)
    lane.leave("heavy 0", now=1)
    lane.pump(1)
    lane.leave("heavy 1", now=2)
    assert granted(lane, 2) == ["light"]


def test_who_is_alone_has_every_place() -> None:
    """Nothing is left free for those who are not there."""
    lane = book(concurrency=8)
    enter(lane, *(f"{n}" for n in range(20)))
    assert len(granted(lane)) == 8


def test_who_has_company_leaves_a_quarter_of_the_places() -> None:
    """A caller who was here a moment ago finds a place free, however deep the other's queue is."""
    lane = book(concurrency=8)
    enter(lane, "light", caller=YOU)
    assert granted(lane) == ["light"]
    enter(lane, *(f"heavy {n}" for n in range(20)))
    assert len(granted(lane)) == 6
    lane.leave("light", now=1)
    assert granted(lane, 1) == []
    enter(lane, "light 2", "light 3", "light 4", caller=YOU, now=1.5)
    assert granted(lane, 1.5) == ["light 2", "light 3"]


def test_what_is_left_free_for_company_is_so_for_a_moment() -> None:
    """A second after the others' last call one caller has every place again."""
    lane = book(concurrency=8)
    enter(lane, "light", caller=YOU)
    granted(lane)
    enter(lane, *(f"heavy {n}" for n in range(20)))
    granted(lane)
    lane.leave("light", now=3)
    lane.leave("heavy 0", now=3 + COMPANY - 0.01)
    assert len(granted(lane, 3 + COMPANY - 0.01)) == 1
    lane.leave("heavy 1", now=3 + COMPANY)
    assert len(granted(lane, 3 + COMPANY)) == 3


def test_a_long_call_is_company() -> None:
    """Whoever's call is under way is there, however long ago its turn came."""
    lane = book(concurrency=4)
    enter(lane, "light", caller=YOU)
    granted(lane)
    enter(lane, *(f"heavy {n}" for n in range(20)), now=60)
    assert len(granted(lane, 60)) == 3
    lane.leave("heavy 0", now=61)
    assert len(granted(lane, 61)) == 1


def test_who_comes_to_a_full_lane_goes_before_one_who_has_most_of_it() -> None:
    """The first place that comes free is for whoever has none, also when others came before."""
    lane = book(concurrency=4)
    enter(lane, *(f"heavy {n}" for n in range(20)))
    granted(lane)
    enter(lane, "light", caller=YOU, now=1)
    lane.leave("heavy 0", now=1)
    assert granted(lane, 1) == ["light"]


def test_who_is_alone_may_hand_a_place_on() -> None:
    """Where one caller is about and only places are short, its next call may go when one of its ends."""
    lane = book(concurrency=1)
    enter(lane, "a", "b")
    assert granted(lane) == ["a"]
    assert lane.sole("p", now=0) == "me"
    lane.leave("a", now=1, signal=Signal(FAST), heir="b")
    assert (lane.standing(1).under_way, lane.standing(1).waiting) == (1, 0)
    assert granted(lane, 1) == []


def test_nobody_hands_on_what_is_not_theirs_alone() -> None:
    """Not beside company, nor past another process, nor where a limit, a rest or too many calls say no."""
    beside, before, limited, resting, full = book(), book(concurrency=1), book(100), book(), book()
    for lane in (beside, before, limited, resting, full):
        enter(lane, "a")
        granted(lane)
    enter(beside, "b", caller=YOU)
    enter(before, "b", process="q")
    resting.leave("a", now=0, signal=Signal(FAST, rest=timedelta(seconds=1)))
    enter(full, "b")
    granted(full)
    full.lane = Lane("a.example", "me", None, 1)
    assert [lane.sole("p", now=0) for lane in (beside, before, limited, resting, full)] == [""] * 5
    assert before.sole("q", now=0) == "me"
    beside.leave("b", now=0)
    granted(beside, 0.5)
    assert beside.sole("p", now=COMPANY) == "me"


def test_places_left_to_others_count_as_used() -> None:
    """A limit that was stepped down rises again beside company, though no caller takes all of it."""
    lane = book(concurrency=8)
    enter(lane, "refused", caller=YOU)
    granted(lane)
    lane.leave("refused", now=0, signal=Signal(FAST, overloaded=True))
    assert lane.standing(0).places == 5
    enter(lane, *(f"heavy {n}" for n in range(100)))
    away = granted(lane)
    assert len(away) == 4
    for n in range(30):
        lane.leave(away.pop(0), now=n / 100, signal=Signal(FAST))
        away += granted(lane, n / 100)
    assert lane.standing(0.3).places == 8


def test_the_upstreams_rest_is_kept_and_capped() -> None:
    """Nothing goes while the upstream wants rest, and an absurd wish is an hour."""
    lane = book()
    enter(lane, "a")
    lane.pump(0)
    lane.leave("a", now=0, signal=Signal(FAST, overloaded=True, rest=timedelta(days=400)))
    enter(lane, "b")
    pumped = lane.pump(10)
    assert (pumped.granted, pumped.again) == ((), LONGEST_REST)
    assert granted(lane, LONGEST_REST) == ["b"]


def test_no_more_are_under_way_than_the_upstream_says_are_left() -> None:
    """Of a quota that others use too, each call under way may be one not yet counted."""
    lane = book()
    enter(lane, "first")
    lane.pump(0)
    lane.leave("first", now=0, signal=Signal(FAST, remaining=2, reset=timedelta(seconds=30)))
    enter(lane, "a", "b", "c")
    assert granted(lane, 1) == ["a", "b"]
    lane.leave("a", now=2, signal=Signal(FAST, remaining=0, reset=timedelta(seconds=28)))
    assert granted(lane, 2) == []
    assert granted(lane, 30) == ["c"]


def test_a_late_reply_does_not_raise_what_is_left() -> None:
    """Replies overtake one another: of one period the lowest number counts."""
    lane = book()
    enter(lane, "a", "b")
    lane.pump(0)
    lane.leave("b", now=1, signal=Signal(FAST, remaining=0, reset=timedelta(seconds=30)))
    lane.leave("a", now=1.1, signal=Signal(FAST, remaining=1, reset=timedelta(seconds=30)))
    assert lane.standing(2).left == 0


def test_a_call_without_a_word_may_have_been_counted() -> None:
    """A call that was never answered takes one of what is left."""
    lane = book()
    enter(lane, "a", "b")
    lane.pump(0)
    lane.leave("a", now=1, signal=Signal(FAST, remaining=5, reset=timedelta(seconds=30)))
    lane.leave("b", now=1, signal=Signal(FAST, overloaded=True))
    assert lane.standing(2).left == 4


def test_a_dead_process_loses_its_places_and_its_tickets() -> None:
    """What belongs to a process that was killed goes to the others."""
    lane = book(concurrency=1)
    lane.alive("dead", now=0)
    enter(lane, "a", "b", process="dead")
    enter(lane, "c", process="p", caller=YOU)
    assert granted(lane) == ["a"]
    lane.alive("p", now=LIFE - 0.1)
    assert granted(lane, LIFE - 0.1) == []
    assert granted(lane, LIFE) == ["c"]
    assert lane.standing(LIFE).waiting == 0


def test_refusals_make_room_and_good_calls_take_it_again() -> None:
    """The places follow the adaptive limit within what is configured."""
    lane = book(concurrency=10)
    enter(lane, "a")
    lane.pump(0)
    lane.leave("a", now=0, signal=Signal(FAST, overloaded=True))
    assert lane.standing(0).places == 7
    for n in range(100):
        enter(lane, *(f"{n} {k}" for k in range(10)))
        for ticket in granted(lane, 1):
            lane.leave(ticket, now=1, signal=Signal(FAST))
    for ticket in granted(lane, 1):
        lane.leave(ticket, now=1, signal=Signal(FAST))
    assert lane.standing(1).places == 10
