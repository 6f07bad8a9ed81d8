"""Start-time fair queueing, as a state machine."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.ports import Caller
from connectors.runtime.governing.line import Line, Ticket

ME, YOU = Caller("me"), Caller("you")


def serve(line: Line) -> Ticket:
    """Serve who is next."""
    (ticket,) = line.front(1)
    line.serve(ticket)
    return ticket


def served(line: Line) -> list[str]:
    """Serve everybody."""
    return [serve(line).name for _ in range(len(line))]


def test_callers_take_turns_and_each_keeps_its_order() -> None:
    """Who came with many tickets goes in turn with who came with few."""
    line = Line()
    for n in range(4):
        line.enter(f"me {n}", process="p", callers=[ME])
    for n in range(2):
        line.enter(f"you {n}", process="p", callers=[YOU])
    assert served(line) == ["me 0", "you 0", "me 1", "you 1", "me 2", "me 3"]


def test_turns_are_in_proportion_to_weights() -> None:
    """A caller of weight two goes twice as often."""
    line = Line()
    heavy = Caller("heavy", weight=2.0)
    for n in range(20):
        line.enter(f"heavy {n}", process="p", callers=[heavy])
        line.enter(f"me {n}", process="p", callers=[ME])
    first = [serve(line).caller.name for _ in range(15)]
    assert (first.count("heavy"), first.count("me")) == (10, 5)


def test_a_pause_earns_no_turns() -> None:
    """Who was away for long is next to the others, not before all of them."""
    line = Line()
    for n in range(10):
        line.enter(f"me {n}", process="p", callers=[ME])
    for _ in range(5):
        serve(line)
    for n in range(3):
        line.enter(f"you {n}", process="p", callers=[YOU])
    assert served(line)[:4] == ["me 5", "you 0", "me 6", "you 1"]


def test_another_caller_may_bring_a_ticket_forward() -> None:
    """A ticket that a light caller wants too goes at the light caller's turn, and is charged to it."""
    line = Line()
    for n in range(5):
        line.enter(f"me {n}", process="p", callers=[ME])
    line.promote("me 4", caller=YOU)
    line.enter("you", process="p", callers=[YOU])
    assert served(line) == ["me 0", "me 4", "me 1", "you", "me 2", "me 3"]


def test_a_caller_who_joins_later_than_the_ticket_is_due_changes_nothing() -> None:
    """Promotion never puts a ticket back, and forgets one that is gone."""
    line = Line()
    line.enter("a", process="p", callers=[ME])
    line.promote("a", caller=Caller("slow", weight=0.1))
    line.promote("gone", caller=YOU)
    assert [ticket.caller for ticket in line.tickets] == [ME]


def test_of_several_callers_the_one_who_is_next_pays() -> None:
    """A ticket of two goes in the name of the one with less in line."""
    line = Line()
    for n in range(3):
        line.enter(f"me {n}", process="p", callers=[ME])
    assert line.ahead([ME, YOU]) == 1
    line.enter("both", process="p", callers=[ME, YOU])
    assert served(line) == ["me 0", "both", "me 1", "me 2"]


def test_who_leaves_unserved_pays_nothing() -> None:
    """A caller that gave up a hundred tickets stands where it would without them."""
    line = Line()
    line.enter("you 0", process="p", callers=[YOU])
    for n in range(100):
        line.enter(f"me {n}", process="p", callers=[ME])
    for n in range(100):
        line.leave(f"me {n}")
    line.enter("you 1", process="p", callers=[YOU])
    line.enter("me", process="p", callers=[ME])
    assert served(line) == ["you 0", "me", "you 1"]


@given(st.lists(st.sampled_from(["a", "b", "c", "serve"]), max_size=60))
def test_nobody_is_ever_more_than_a_turn_behind(steps: list[str]) -> None:
    """Among callers that have been in line all the while, turns differ by at most one."""
    line = Line()
    for n in range(60):
        for name in "xy":
            line.enter(f"{name} {n}", process="p", callers=[Caller(name)])
    turns = {"x": 0, "y": 0}
    for n, step in enumerate(steps):
        if step == "serve":
            name = serve(line).caller.name
            if name in turns:
                turns[name] += 1
        else:
            line.enter(f"{step} {n}", process="p", callers=[Caller(step)])
        assert abs(turns["x"] - turns["y"]) <= 1
