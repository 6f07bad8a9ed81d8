"""A walk hands out calls, absorbs replies in any order, stops at trouble and tells what it found."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import ConnectorSpec, Deleted, Filter, Guess, Page, Want
from connectors.disposition import USUAL, Disposition, Verdict, classify
from connectors.errors import (
    CredentialMissingError,
    SourceContractError,
    SourceDeniedError,
    SourceError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.model import Address, Edge, NodeFacts, NodeId, Outcome, Relation, Selection
from connectors.walk import Finding, Walk
from connectors.wire import Call, Reply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=9)
ANN, BOB, CID, DAN = (NodeId("people", None, "person", name) for name in ("ann", "bob", "cid", "dan"))
GROUP = Selection("people", None, "person")


def knows(one: NodeId, other: NodeId) -> Edge:
    """Make an edge."""
    return Edge(one, other, "knows", directed=True)


def page(number: str) -> Call:
    """Make the call for a page after the first."""
    return Call("GET", "/people", (ANN,), query=(("page", number),), opening=False)


@dataclass
class Script:
    """A connector that opens with the calls given and reads the pages given, by the call's target."""

    pages: dict[str, Page | SourceError]
    openings: tuple[Call, ...] = (Call("GET", "/people", (ANN,)),)
    spec: ConnectorSpec = field(
        default_factory=lambda: ConnectorSpec(
            "script", ("people",), (Relation("knows", directed=True),), (), 1
        )
    )

    def claim(self, address: Address) -> Sequence[Address]:
        """Claim everything."""
        return (address,)

    def accepts(self, address: Address) -> bool:
        """Accept everything."""
        return True

    def recognise(self, text: str) -> Sequence[Guess]:
        """Recognise nothing."""
        return ()

    def unresolved(self, node: NodeId) -> bool:
        """Resolve everything."""
        return False

    def aliases(self, node: NodeId) -> Sequence[str]:
        """Know no other names."""
        return ()

    def pushed(self, address: Address, filter: Filter, *, batched: bool) -> Filter:
        """Push everything down, unless it is about several."""
        return Filter() if batched else filter

    def ask(self, addresses: Sequence[Address], want: Want) -> Sequence[Call]:
        """Open as scripted."""
        return self.openings

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """Judge by the status."""
        return classify(reply, {**USUAL, 204: Disposition.ABSENT})

    def read(self, call: Call, reply: Reply) -> Page:
        """Read as scripted."""
        read = self.pages[call.target]
        if isinstance(read, SourceError):
            raise read
        return read


def start(script: Script, *asked: Address, want: Want | None = None) -> tuple[Walk, Sequence[Call]]:
    """Begin a walk, about Ann unless said otherwise."""
    walk = Walk(script, asked or (ANN,), want or Want())
    return walk, walk.start()


def answer(
    walk: Walk, script: Script, call: Call, *, status: int = 200, at: datetime = NOW
) -> Sequence[Call]:
    """Answer a call, and give the calls that follow."""
    reply = Reply(status, at, {"retry-after": "7"})
    return walk.absorb(call, reply, script.judge(call, reply))


def run(script: Script, *asked: Address, want: Want | None = None) -> tuple[Finding, ...]:
    """Answer every call with 200 until none is left."""
    walk, calls = start(script, *asked, want=want)
    waiting = list(calls)
    while waiting and not walk.stopped:
        waiting += answer(walk, script, waiting.pop(0))
    return walk.finish(now=LATER)


def test_a_listing_of_two_pages_is_joined() -> None:
    """Edges and facts of every page are found, and the time is that of the last reply."""
    facts = NodeFacts(BOB, "Bob")
    script = Script(
        {
            "/people": Page((knows(ANN, BOB),), (facts,), follow=(page("2"),), total=2),
            "/people?page=2": Page((knows(CID, ANN), knows(ANN, BOB)), total=2),
        }
    )
    (finding,) = run(script)
    assert finding.outcome is Outcome.OK
    assert finding.listing.edges == (knows(ANN, BOB), knows(CID, ANN))
    assert (finding.listing.facts, finding.listing.total, finding.detail) == ((facts,), 2, None)
    assert finding.cacheable


@pytest.mark.parametrize("backwards", [False, True])
def test_replies_may_come_in_any_order(backwards: bool) -> None:  # noqa: FBT001 - a table's column
    """Whichever page comes last, the walk ends with both, fetched at the later of the two times."""
    first, second, third = (
        Page(follow=(page("2"), page("3"))),
        Page((knows(ANN, BOB),)),
        Page((knows(ANN, CID),)),
    )
    script = Script({"/people": first, "/people?page=2": second, "/people?page=3": third})
    walk, (opening,) = start(script)
    calls = answer(walk, script, opening)
    times = {calls[0]: LATER, calls[1]: NOW}
    for call in reversed(calls) if backwards else calls:
        assert answer(walk, script, call, at=times[call]) == ()
    (finding,) = walk.finish(now=NOW)
    assert set(finding.listing.edges) == {knows(ANN, BOB), knows(ANN, CID)}
    assert finding.listing.fetched_at == LATER


def test_nothing_asked_is_nothing_found() -> None:
    """A connector that has no call to make has found nothing, now, and nothing is absent."""
    (finding,) = run(Script({}, openings=()))
    assert (finding.outcome, finding.listing.fetched_at, finding.listing.absent) == (Outcome.OK, LATER, False)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.DENIED),
        (429, Outcome.THROTTLED),
        (500, Outcome.UNAVAILABLE),
        (418, Outcome.BROKEN),
    ],
)
def test_trouble_stops_the_walk_with_its_word(status: int, outcome: Outcome) -> None:
    """Each kind of trouble is the outcome, with the status and the wait, and is no answer for later."""
    script = Script({})
    walk, (opening,) = start(script)
    assert answer(walk, script, opening, status=status) == ()
    (finding,) = walk.finish(now=NOW)
    assert walk.stopped
    assert (finding.outcome, finding.detail) == (outcome, f"status {status}")
    assert finding.retry_after == timedelta(seconds=7)
    assert not finding.cacheable


def test_what_was_read_before_trouble_is_kept() -> None:
    """A later page that fails leaves the edges of the earlier ones, under the trouble's word."""
    script = Script({"/people": Page((knows(ANN, BOB),), follow=(page("2"),))})
    walk, (opening,) = start(script)
    (second,) = answer(walk, script, opening)
    answer(walk, script, second, status=500)
    (finding,) = walk.finish(now=NOW)
    assert (finding.outcome, finding.listing.edges) == (Outcome.UNAVAILABLE, (knows(ANN, BOB),))


def test_the_first_trouble_counts() -> None:
    """What goes wrong after the walk has stopped changes nothing."""
    script = Script({"/people": Page(follow=(page("2"), page("3")))})
    walk, (opening,) = start(script)
    second, third = answer(walk, script, opening)
    answer(walk, script, second, status=401)
    answer(walk, script, third, status=500)
    walk.stop(Outcome.TIMEOUT, "time is up")
    assert walk.finish(now=NOW)[0].outcome is Outcome.DENIED


def test_lasting_trouble_counts_whatever_came_before() -> None:
    """A refusal, or a circle, is heard of though the walk had been throttled, and leaves no trail."""
    script = Script(
        {"/people": Page(follow=(page("2"), page("3"))), "/people?page=3": Page(follow=(page("2"),))}
    )
    for status, outcome in ((401, Outcome.DENIED), (403, Outcome.DENIED), (200, Outcome.BROKEN)):
        walk, (opening,) = start(script)
        second, third = answer(walk, script, opening)
        answer(walk, script, second, status=429)
        assert walk.trail(now=NOW) is not None
        answer(walk, script, third, status=status)
        answer(walk, script, second, status=500)
        (finding,) = walk.finish(now=NOW)
        assert (finding.outcome, finding.status) == (outcome, None if status == 200 else status)
        assert walk.trail(now=NOW) is None


def test_a_stopped_walk_gives_no_calls() -> None:
    """A page that arrives after the stop is read, and leads no further."""
    script = Script({"/people": Page((knows(ANN, BOB),), follow=(page("2"),))})
    walk, (opening,) = start(script)
    walk.stop(Outcome.OVER_BUDGET, "no calls left")
    assert answer(walk, script, opening) == ()
    (finding,) = walk.finish(now=NOW)
    assert (finding.outcome, finding.detail) == (Outcome.OVER_BUDGET, "no calls left")
    assert finding.listing.edges == (knows(ANN, BOB),)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SourceTimeoutError("late"), Outcome.TIMEOUT),
        (SourceThrottledError("slow", retry_after=timedelta(seconds=3)), Outcome.THROTTLED),
        (SourceDeniedError("no"), Outcome.DENIED),
        (CredentialMissingError("none"), Outcome.NO_CREDENTIAL),
        (SourceContractError("odd", path="$.a"), Outcome.BROKEN),
        (SourceUnavailableError("gone"), Outcome.UNAVAILABLE),
        (SourceError("what"), Outcome.UNAVAILABLE),
    ],
)
def test_a_call_without_a_reply_has_its_word(error: SourceError, outcome: Outcome) -> None:
    """Each error of a source becomes its outcome, in the error's words."""
    walk, _ = start(Script({}))
    walk.fail(error)
    (finding,) = walk.finish(now=NOW)
    assert (finding.outcome, finding.detail) == (outcome, str(error))
    assert finding.retry_after == getattr(error, "retry_after", None)


def test_a_page_that_cannot_be_read_is_broken() -> None:
    """A contract error of `read` ends the walk with the JSON path."""
    (finding,) = run(Script({"/people": SourceContractError("missing", path="$.a[0]")}))
    assert (finding.outcome, finding.detail) == (Outcome.BROKEN, "$.a[0]: missing")


def test_a_page_that_comes_twice_is_a_circle() -> None:
    """A walk that is led back to a call it made stops, whatever it noted about it."""
    turning = replace(page("2"), memo=("another round",))
    script = Script(
        {"/people": Page(follow=(page("2"),)), "/people?page=2": Page((knows(ANN, BOB),), follow=(turning,))}
    )
    (finding,) = run(script)
    assert finding.outcome is Outcome.BROKEN
    assert "circle" in (finding.detail or "")
    assert finding.listing.edges == (knows(ANN, BOB),)


@pytest.mark.parametrize("changed", [{"method": "POST"}, {"body": b"x"}, {"headers": (("a", "b"),)}])
def test_calls_that_differ_on_the_wire_are_two(changed: dict[str, object]) -> None:
    """Another method, body or header makes another call of the same target."""
    other = replace(page("2"), **changed)  # type: ignore[arg-type]
    script = Script({"/people": Page(follow=(page("2"), other)), "/people?page=2": Page()})
    assert run(script)[0].outcome is Outcome.OK


def test_a_node_is_absent_when_every_opening_call_says_so() -> None:
    """All opening calls absent is absent, which may be kept; the detail is silent."""
    openings = (Call("GET", "/a", (ANN,)), Call("GET", "/b", (ANN,)))
    script = Script({}, openings=openings)
    walk, calls = start(script)
    for call in calls:
        answer(walk, script, call, status=404)
    (finding,) = walk.finish(now=NOW)
    assert (finding.outcome, finding.listing.absent, finding.cacheable) == (Outcome.ABSENT, True, True)


def test_a_node_that_one_opening_call_knows_is_there() -> None:
    """One answer among the opening calls is enough for not being absent."""
    openings = (Call("GET", "/a", (ANN,)), Call("GET", "/b", (ANN,)))
    script = Script({"/b": Page()}, openings=openings)
    walk, (first, second) = start(script)
    answer(walk, script, first, status=404)
    answer(walk, script, second)
    assert walk.finish(now=NOW)[0].outcome is Outcome.OK


@pytest.mark.parametrize("status", [404, 204])
def test_a_later_page_that_is_absent_is_broken(status: int) -> None:
    """In the middle of a listing nothing can be absent: the listing is not whole."""
    script = Script({"/people": Page(follow=(page("2"),))})
    walk, (opening,) = start(script)
    (second,) = answer(walk, script, opening)
    answer(walk, script, second, status=status)
    (finding,) = walk.finish(now=NOW)
    assert (finding.outcome, finding.detail) == (
        Outcome.BROKEN,
        f"status {status} in the middle of a listing",
    )


def test_fewer_edges_than_told_are_partial() -> None:
    """A source that tells of more relations than it shows did not answer in full."""
    (finding,) = run(Script({"/people": Page((knows(ANN, BOB),), total=3)}))
    assert finding.outcome is Outcome.PARTIAL
    assert finding.detail == "the source told of 3 relations and showed 1"
    assert not finding.cacheable


def test_a_capped_total_is_no_promise() -> None:
    """At least so many relations is no reason to miss any."""
    (finding,) = run(Script({"/people": Page((knows(ANN, BOB),), total=3, capped=True)}))
    assert (finding.outcome, finding.listing.capped) == (Outcome.OK, True)


def test_what_a_source_withholds_is_partial_and_may_be_kept() -> None:
    """A source that holds something back says why, and will say the same again."""
    (finding,) = run(Script({"/people": Page(withheld="no more than 10 000")}))
    assert (finding.outcome, finding.detail, finding.cacheable) == (
        Outcome.PARTIAL,
        "no more than 10 000",
        True,
    )


def test_a_batch_is_told_apart() -> None:
    """Each address of a batch gets the edges that touch it and the facts of their ends, no total."""
    facts = tuple(NodeFacts(node, node.key) for node in (ANN, BOB, CID, DAN))
    script = Script({"/people": Page((knows(ANN, BOB), knows(CID, BOB), knows(CID, CID)), facts, total=3)})
    ann, cid = run(script, ANN, CID)
    assert (ann.listing.edges, ann.listing.facts) == ((knows(ANN, BOB),), facts[:2])
    assert cid.listing.edges == (knows(CID, BOB), knows(CID, CID))
    assert [one.listing.total for one in (ann, cid)] == [None, None]


def test_a_batch_is_held_back_from_whom_the_source_names() -> None:
    """Where it is told of whom something is held back, the others are whole, and all may be kept."""
    edges = (knows(ANN, BOB), knows(CID, BOB))
    script = Script({"/people": Page(edges, withheld="some", withheld_from=(CID,))})
    ann, cid = run(script, ANN, CID)
    assert [(one.outcome, one.listing.withheld, one.cacheable) for one in (ann, cid)] == [
        (Outcome.OK, None, True),
        (Outcome.PARTIAL, "some", True),
    ]
    untold = run(Script({"/people": Page(edges, withheld="some")}), ANN, CID)
    assert [(one.outcome, one.listing.withheld, one.cacheable) for one in untold] == [
        (Outcome.PARTIAL, None, False)
    ] * 2


def test_a_selection_gets_every_edge_once() -> None:
    """Everything shown belongs to the selection asked for."""
    edges = (knows(ANN, BOB), knows(CID, DAN), knows(ANN, BOB))
    (finding,) = run(Script({"/people": Page(edges)}), GROUP)
    assert finding.listing.edges == edges[:2]


def test_the_newest_facts_of_a_node_count() -> None:
    """Of two pages that tell of one node, the later one is believed."""
    old, new = NodeFacts(ANN, "A."), NodeFacts(ANN, "Ann")
    script = Script(
        {"/people": Page(facts=(old,), follow=(page("2"),)), "/people?page=2": Page(facts=(new,))}
    )
    assert run(script)[0].listing.facts == (new,)


def test_facts_of_a_resolved_address_are_found() -> None:
    """When only the source knows which node an address means, the facts of that node are kept."""
    facts = NodeFacts(BOB, "Bob")
    (finding,) = run(Script({"/people": Page(facts=(facts,), canonical=BOB)}))
    assert (finding.listing.canonical, finding.listing.facts) == (BOB, (facts,))


def test_a_listing_says_what_was_asked_of_the_upstream() -> None:
    """The part of the filter that the calls applied, and the side asked for, go with the listing."""
    want = Want(filter=Filter(deleted=Deleted.ONLY))
    (alone,) = run(Script({"/people": Page()}), want=want)
    together = run(Script({"/people": Page()}), ANN, BOB, want=want)
    assert (alone.listing.filter, alone.listing.aspect) == (want.filter, want.aspect)
    assert [one.listing.filter for one in together] == [Filter(), Filter()]


def stopped(script: Script, *asked: Address, after: int, outcome: Outcome = Outcome.OVER_BUDGET) -> Walk:
    """Answer so many calls, then stop the walk."""
    walk, calls = start(script, *asked)
    waiting = list(calls)
    for _ in range(after):
        waiting += answer(walk, script, waiting.pop(0))
    walk.stop(outcome, "that is enough")
    return walk


THREE_PAGES = {
    "/people": Page((knows(ANN, BOB),), (NodeFacts(BOB, "Bob"),), follow=(page("2"),), total=3),
    "/people?page=2": Page((knows(ANN, CID),), follow=(page("3"),), total=3),
    "/people?page=3": Page((knows(ANN, DAN),), total=3),
}


@pytest.mark.parametrize("after", [1, 2])
def test_a_walk_goes_on_where_another_was_stopped(after: int) -> None:
    """What was read is kept, no call is made twice, and the listing is as old as its oldest part."""
    script = Script(THREE_PAGES)
    trail = stopped(script, after=after).trail(now=LATER)
    assert trail is not None
    assert (trail.addresses, len(trail.pending)) == ((ANN,), 1)
    walk = Walk.resume(script, trail)
    waiting = list(walk.start())
    targets = [call.target for call in waiting]
    while waiting:
        waiting += (following := answer(walk, script, waiting.pop(0), at=LATER))
        targets += [call.target for call in following]
    assert targets == list(THREE_PAGES)[after:]
    (finding,) = walk.finish(now=LATER)
    (at_once,) = run(script)
    assert finding == at_once
    assert walk.trail(now=LATER) is None


def test_a_circle_is_found_across_a_stop() -> None:
    """A page that was read before the stop is not read again after it."""
    round_again = {**THREE_PAGES, "/people?page=3": Page(follow=(page("2"),))}
    script = Script(round_again)
    trail = stopped(script, after=2).trail(now=LATER)
    assert trail is not None
    walk = Walk.resume(script, trail)
    (last,) = walk.start()
    assert answer(walk, script, last) == ()
    (finding,) = walk.finish(now=LATER)
    assert finding.outcome is Outcome.BROKEN
    assert walk.trail(now=LATER) is None, "a listing that is broken is begun again"


def test_a_walk_that_has_learnt_nothing_leaves_no_trail() -> None:
    """To ask anew is as good; and where it had gone on from a trail, that one still leads on."""
    script = Script(THREE_PAGES)
    assert stopped(script, after=0).trail(now=LATER) is None
    trail = stopped(script, after=1).trail(now=LATER)
    assert trail is not None
    walk = Walk.resume(script, trail)
    walk.start()
    walk.stop(Outcome.TIMEOUT, "too late")
    assert walk.trail(now=LATER) == trail


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.BROKEN, Outcome.NO_CREDENTIAL])
def test_trouble_that_will_not_pass_leaves_no_trail(outcome: Outcome) -> None:
    """A refused credential or a broken listing is not gone on with."""
    assert stopped(Script(THREE_PAGES), after=1, outcome=outcome).trail(now=LATER) is None


def test_a_batch_goes_on_with_what_each_was_told() -> None:
    """What a batch told of a node stays that listing's own, and so does what was held back from it."""
    opening = Call("POST", "/people", (ANN, CID))
    told = (NodeFacts(BOB, "Bob", asked=ANN), NodeFacts(BOB, "Robert", asked=CID))
    first = Page((knows(ANN, BOB), knows(CID, BOB)), told, withheld="some", withheld_from=(CID,))
    script = Script(
        {
            "/people": replace(first, follow=(page("2"),)),
            "/people?page=2": Page((knows(ANN, DAN),)),
        },
        openings=(opening,),
    )
    trail = stopped(script, ANN, CID, after=1).trail(now=LATER)
    assert trail is not None
    walk = Walk.resume(script, trail)
    (call,) = walk.start()
    answer(walk, script, call)
    assert walk.finish(now=LATER) == run(script, ANN, CID)
