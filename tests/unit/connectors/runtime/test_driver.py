"""Driving a walk: concurrency, retries, budgets, deadlines, hostile replies, cancellation."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from math import inf
from typing import Any

import pytest

from connectors.contract import ConnectorSpec, Filter, Page, Want
from connectors.disposition import Verdict, classify
from connectors.errors import (
    OverBudgetError,
    SourceContractError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.model import Address, Edge, NodeId, Outcome
from connectors.runtime.driver import drive
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply

NODE = NodeId("toy", None, "thing", "0")
Answer = Callable[[Call, timedelta], Awaitable[Reply]]


def call_for(name: str, *, opening: bool = False) -> Call:
    """Make the call for one page."""
    return Call("GET", f"/{name}", nodes=(NODE,), opening=opening)


class Toy:
    """A connector whose replies name their edge and the pages that follow: `edge>next,next`."""

    spec = ConnectorSpec("toy", ("toy",), (), (), mapping_version=1)

    def __init__(self, *openings: str) -> None:
        self.openings = openings

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Open with every page named."""
        return [call_for(name, opening=True) for name in self.openings]

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge as usual; a body may be poison."""
        if reply.body == b"poison for judge":
            raise RecursionError("canary")
        return classify(reply)

    def read(self, call: Call, reply: Reply) -> Page:
        """Read one edge and what follows."""
        if reply.body == b"poison for read":
            raise KeyError("canary")
        if reply.body == b"broken":
            raise SourceContractError("missing", path="$.x")
        name, _, rest = reply.body.decode().partition(">")
        edge = Edge(NODE, NodeId("toy", None, "thing", name), "related_to", directed=False)
        return Page(edges=(edge,), follow=tuple(call_for(n) for n in rest.split(",") if n))

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:
        """Push nothing."""
        return Filter()


class Purse:
    """A demand of so many calls."""

    until = inf

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.taken = 0

    def take(self) -> bool:
        """Spend one."""
        if self.exhausted:
            return False
        self.taken += 1
        return True

    @property
    def exhausted(self) -> bool:
        """Tell whether none is left."""
        return self.taken == self.left


class Scripted:
    """A sender that answers each path by its script: replies and errors in turn, the last for ever."""

    def __init__(self, clock: Any, script: dict[str, Sequence[Any]]) -> None:
        self.clock = clock
        self.script = {path: list(answers) for path, answers in script.items()}
        self.sent: list[str] = []
        self.timeouts: list[timedelta] = []
        self.under_way = 0
        self.peak = 0
        self.turn = asyncio.Event()
        self.turn.set()
        # By path: who has no turn in time, and who waits for one.
        self.refused: dict[str, SourceError] = {}
        self.in_line: dict[str, asyncio.Event] = {}

    async def send(self, call: Call, *, timeout: timedelta, demand: Any) -> Reply:
        """Do what the script says."""
        if call.path in self.refused:
            raise self.refused[call.path]
        await self.in_line.get(call.path, self.turn).wait()
        if not demand.take():
            raise OverBudgetError
        self.sent.append(call.path)
        self.timeouts.append(timeout)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            await asyncio.sleep(0)
            answers = self.script[call.path]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, SourceError):
                raise answer
            if callable(answer):
                answer = await answer()
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            return Reply(status, self.clock.now(), body=body.encode())
        finally:
            self.under_way -= 1


async def forever() -> str:
    """Answer never."""
    await asyncio.Event().wait()
    return ""


@pytest.fixture
def run(clock: Any, sleeper: Any) -> Any:
    """Give a function that drives a toy walk and tells its one finding."""

    async def drive_toy(
        sender: Any, *openings: str, calls: int = 100, seconds: float = 10.0, connector: Any = None
    ) -> Finding:
        toy = connector or Toy(*openings)
        purse = calls if isinstance(calls, Purse) else Purse(calls)
        end = clock.monotonic() + seconds
        (finding,) = await drive(
            Walk(toy, [NODE], Want()),
            sender=sender,
            demand=purse,
            deadline=end,
            clock=clock,
            sleeper=sleeper,
            jitter=lambda: 0.5,
        )
        return finding

    return drive_toy


def others(finding: Finding) -> list[str]:
    """Give the keys of the neighbors found."""
    return sorted(edge.other_end(NODE).key for edge in finding.listing.edges)


async def test_pages_that_follow_are_fetched_at_the_same_time(run: Any, clock: Any) -> None:
    """Three pages that follow one are under way together, and all are in the listing."""
    script = {"/a": ["1>b,c,d"], "/b": ["2"], "/c": ["3"], "/d": ["4>e"], "/e": ["5"]}
    sender = Scripted(clock, script)
    finding = await run(sender, "a")
    assert (finding.outcome, others(finding)) == (Outcome.OK, ["1", "2", "3", "4", "5"])
    assert sender.peak == 3
    assert sender.timeouts == [timedelta(seconds=10)] * 5


async def test_a_walk_without_calls_ends(run: Any, clock: Any) -> None:
    """A connector that asks nothing has said that there is nothing."""
    finding = await run(Scripted(clock, {}))
    assert (finding.outcome, others(finding)) == (Outcome.OK, [])


@pytest.mark.parametrize("trouble", [(500, ""), SourceUnavailableError("broken off")])
async def test_what_may_pass_is_tried_twice(run: Any, clock: Any, sleeper: Any, trouble: Any) -> None:
    """After a pause the call is made again, and counts again."""
    sender, purse = Scripted(clock, {"/a": [trouble, "1"]}), Purse(100)
    finding = await run(sender, "a", calls=purse)
    assert (finding.outcome, sender.sent, sleeper.waits) == (Outcome.OK, ["/a", "/a"], [0.25])
    assert purse.taken == 2


async def test_twice_is_all(run: Any, clock: Any) -> None:
    """An upstream that fails twice is unavailable, in its own words."""
    sender = Scripted(clock, {"/a": [(503, "")]})
    finding = await run(sender, "a")
    assert (finding.outcome, finding.detail) == (Outcome.UNAVAILABLE, "status 503")
    assert sender.sent == ["/a", "/a"]


async def test_a_retry_that_the_budget_forbids_leaves_the_trouble(run: Any, clock: Any) -> None:
    """With one call allowed, a failing upstream is unavailable, not over budget."""
    sender = Scripted(clock, {"/a": [(503, "")]})
    finding = await run(sender, "a", calls=1)
    assert (finding.outcome, sender.sent) == (Outcome.UNAVAILABLE, ["/a"])


async def test_a_spent_budget_stops_the_walk_and_keeps_what_was_read(run: Any, clock: Any) -> None:
    """With two calls allowed, the third page is missing and the outcome says why."""
    sender = Scripted(clock, {"/a": ["1>b"], "/b": ["2>c"], "/c": ["3"]})
    finding = await run(sender, "a", calls=2)
    assert (finding.outcome, others(finding)) == (Outcome.OVER_BUDGET, ["1", "2"])
    assert "max_calls" in finding.detail
    assert sender.sent == ["/a", "/b"]


async def test_no_call_begins_after_the_deadline(run: Any, clock: Any) -> None:
    """When the time is up between two pages, the first is kept, and no call is spent on the second."""

    async def late() -> str:
        clock.advance(11)
        return "1>b"

    sender, purse = Scripted(clock, {"/a": [late], "/b": ["2"]}), Purse(100)
    finding = await run(sender, "a", calls=purse)
    assert (finding.outcome, others(finding)) == (Outcome.TIMEOUT, ["1"])
    assert (sender.sent, purse.taken) == (["/a"], 1)


async def test_a_sender_that_runs_out_of_time_ends_the_walk(run: Any, clock: Any) -> None:
    """The sender's own word on the timeout is the detail, and there is no second attempt."""
    sender = Scripted(clock, {"/a": ["1>b"], "/b": [SourceTimeoutError("no reply within 9 s")]})
    finding = await run(sender, "a")
    assert (finding.outcome, finding.detail) == (Outcome.TIMEOUT, "no reply within 9 s")
    assert (others(finding), sender.sent) == (["1"], ["/a", "/b"])


async def test_a_sender_that_does_not_keep_its_time_is_stopped(run: Any, clock: Any) -> None:
    """Whatever hangs is ended shortly after the deadline; what was read is kept."""
    sender = Scripted(clock, {"/a": ["1>b"], "/b": [forever]})
    finding = await asyncio.wait_for(run(sender, "a", seconds=0.02), 2)
    assert (finding.outcome, others(finding)) == (Outcome.TIMEOUT, ["1"])
    assert sender.under_way == 0


async def test_trouble_ends_the_other_calls_of_the_walk(run: Any, clock: Any) -> None:
    """A refusal on one page cancels those under way and begins none of those that wait."""
    sender = Scripted(clock, {"/a": ["1>b,c"], "/b": [forever], "/c": [(403, "")]})
    finding = await asyncio.wait_for(run(sender, "a"), 2)
    assert (finding.outcome, others(finding)) == (Outcome.DENIED, ["1"])
    assert sender.under_way == 0


@pytest.mark.parametrize("body", ["poison for judge", "poison for read"])
async def test_a_reply_that_breaks_the_connector_is_broken(
    run: Any, clock: Any, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Hostile data fails its own walk; log and detail tell the kind of error, nothing of the data."""
    with caplog.at_level(logging.WARNING, logger="connectors"):
        finding = await run(Scripted(clock, {"/a": ["1>b"], "/b": [body]}), "a")
    assert (finding.outcome, others(finding)) == (Outcome.BROKEN, ["1"])
    assert "Error" in finding.detail
    assert "toy" in caplog.text
    assert "canary" not in caplog.text + finding.detail


async def test_a_broken_contract_has_its_path(run: Any, clock: Any) -> None:
    """What the connector itself finds missing is the detail, and is not logged as its defect."""
    finding = await run(Scripted(clock, {"/a": ["broken"]}), "a")
    assert (finding.outcome, finding.detail) == (Outcome.BROKEN, "$.x: missing")


async def test_a_connector_that_cannot_ask_is_broken(run: Any, clock: Any) -> None:
    """An address that breaks `ask` fails its own walk."""

    class Mute(Toy):
        def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
            raise TypeError("canary")

    finding = await run(Scripted(clock, {}), connector=Mute())
    assert (finding.outcome, "canary" in finding.detail) == (Outcome.BROKEN, False)


async def test_an_absent_node_is_absent_when_every_opening_call_says_so(run: Any, clock: Any) -> None:
    """Two 404s to two opening calls; one of them alone would not do."""
    assert (await run(Scripted(clock, {"/a": [(404, "")], "/b": [(404, "")]}), "a", "b")).outcome is (
        Outcome.ABSENT
    )
    assert (await run(Scripted(clock, {"/a": [(404, "")], "/b": ["1"]}), "a", "b")).outcome is Outcome.OK


async def test_a_call_that_never_had_its_turn_is_not_counted(run: Any, clock: Any) -> None:
    """Calls that wait for their turn when the deadline comes have left nothing and cost nothing."""
    sender, purse = Scripted(clock, {"/a": ["1"], "/b": ["2"]}), Purse(5)
    sender.turn.clear()
    finding = await asyncio.wait_for(run(sender, "a", "b", calls=purse, seconds=0.02), 2)
    assert (finding.outcome, purse.taken, sender.sent) == (Outcome.TIMEOUT, 0, [])


async def test_the_last_call_goes_to_whoever_has_its_turn(run: Any, clock: Any) -> None:
    """Two calls that both saw one call left: one leaves, the other ends the walk over budget."""
    sender, purse = Scripted(clock, {"/a": ["1"], "/b": ["2"]}), Purse(1)
    finding = await run(sender, "a", "b", calls=purse)
    assert (finding.outcome, finding.detail) == (
        Outcome.OVER_BUDGET,
        "the calls allowed by max_calls are spent",
    )
    assert (purse.taken, sender.sent) == (1, ["/a"])


async def test_a_call_that_has_left_is_read_though_the_budget_is_spent(run: Any, clock: Any) -> None:
    """Of pages asked for at the same time as many are kept as were paid for, however slow."""
    arrived = asyncio.Event()

    def late(text: str) -> Any:
        async def arrive() -> str:
            await arrived.wait()
            return text

        return arrive

    pages = {"/b": [late("2>e")], "/c": [late("3")], "/d": ["4"], "/e": ["5"]}
    sender = Scripted(clock, {"/a": ["1>b,c,d"]} | pages)
    driving = asyncio.create_task(run(sender, "a", calls=3))
    await asyncio.sleep(0.01)
    assert (sender.under_way, driving.done()) == (2, False)
    arrived.set()
    finding = await asyncio.wait_for(driving, 2)
    assert (finding.outcome, others(finding)) == (Outcome.OVER_BUDGET, ["1", "2", "3"])
    assert sender.sent == ["/a", "/b", "/c"]


def held(answer: Any) -> tuple[Any, asyncio.Event]:
    """Give what answers so once the event is set, and the event."""
    may = asyncio.Event()

    async def wait() -> Any:
        await may.wait()
        return answer

    return wait, may


async def test_a_turn_that_would_come_too_late_ends_no_other_call(run: Any, clock: Any) -> None:
    """What has left is read, and what is in line has its turn: as many pages as the quota has calls."""
    arriving, may_arrive = held("2>e")
    sender = Scripted(clock, {"/a": ["1>b,d,c"], "/b": [arriving], "/d": ["4"], "/e": ["5"]})
    sender.refused["/c"] = SourceThrottledError("our own pace", retry_after=timedelta(seconds=60))
    sender.in_line["/d"] = turn = asyncio.Event()
    driving = asyncio.create_task(run(sender, "a"))
    await asyncio.sleep(0.01)
    assert (sender.sent, driving.done()) == (["/a", "/b"], False)
    may_arrive.set()
    await asyncio.sleep(0.01)
    assert not driving.done()
    turn.set()
    finding = await asyncio.wait_for(driving, 2)
    assert (finding.outcome, others(finding)) == (Outcome.THROTTLED, ["1", "2", "4"])
    assert finding.retry_after == timedelta(seconds=60)
    assert sender.sent == ["/a", "/b", "/d"]


async def test_a_throttling_upstream_is_sent_nothing_more(run: Any, clock: Any) -> None:
    """Of the calls beside the one it turned down, those that had left are read, the others stay."""
    arriving, may_arrive = held("2>e")
    sender = Scripted(clock, {"/a": ["1>b,c,d"], "/b": [arriving], "/c": [(429, "")], "/d": ["4"]})
    sender.in_line["/d"] = turn = asyncio.Event()
    driving = asyncio.create_task(run(sender, "a"))
    await asyncio.sleep(0.01)
    turn.set()
    await asyncio.sleep(0.01)
    assert (sender.sent, driving.done()) == (["/a", "/b", "/c"], False)
    may_arrive.set()
    finding = await asyncio.wait_for(driving, 2)
    assert (finding.outcome, others(finding)) == (Outcome.THROTTLED, ["1", "2"])


@pytest.mark.parametrize(("reply", "outcome"), [((503, ""), Outcome.THROTTLED), ((401, ""), Outcome.DENIED)])
async def test_worse_trouble_ends_what_our_own_pace_did_not(
    run: Any, clock: Any, sleeper: Any, reply: Any, outcome: Outcome
) -> None:
    """A failing upstream gets no second attempt of a walk that is over, and a refusal is its word."""
    sender = Scripted(clock, {"/a": ["1>b,d,c"], "/b": [forever], "/d": [reply]})
    sender.refused["/c"] = SourceThrottledError("our own pace", retry_after=timedelta(seconds=60))
    finding = await asyncio.wait_for(run(sender, "a"), 2)
    assert (finding.outcome, others(finding)) == (outcome, ["1"])
    assert (sender.sent, sender.under_way) == (["/a", "/b", "/d"], 0)


async def test_a_retry_that_finds_the_budget_spent_at_its_turn_leaves_the_trouble(
    run: Any, clock: Any
) -> None:
    """Another call took the last one in between: the upstream's failure stays the word."""
    sender = Scripted(clock, {"/a": [(503, "")]})
    purse = Purse(2)

    class Busy:
        async def sleep(self, wait: timedelta) -> None:
            """Let somebody else spend what is left."""
            purse.take()

    walk, end = Walk(Toy("a"), [NODE], Want()), clock.monotonic() + 10
    (finding,) = await drive(
        walk,
        sender=sender,
        demand=purse,
        deadline=end,
        clock=clock,
        sleeper=Busy(),
        jitter=lambda: 0.5,
    )
    assert (finding.outcome, sender.sent) == (Outcome.UNAVAILABLE, ["/a"])


async def test_what_the_upstream_throttled_is_counted(run: Any, clock: Any) -> None:
    """It left, so it is spent, and there is no second attempt."""
    sender, purse = Scripted(clock, {"/a": [SourceThrottledError("too many calls")]}), Purse(5)
    assert (await run(sender, "a", calls=purse)).outcome is Outcome.THROTTLED
    assert purse.taken == 1


async def test_cancelling_ends_everything(run: Any, clock: Any) -> None:
    """A caller that gives up gets its cancellation and leaves no call under way."""
    sender = Scripted(clock, {"/a": ["1>b,c"], "/b": [forever], "/c": [forever]})
    driving = asyncio.create_task(run(sender, "a"))
    await asyncio.sleep(0.02)
    assert sender.under_way == 2
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving
    assert sender.under_way == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
