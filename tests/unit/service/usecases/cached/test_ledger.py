"""What was told of nodes: the newest word of each source, whatever the order; and what is owed."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Filter
from connectors.model import NodeFacts, NodeId
from connectors.walk import Listing
from connectors.wire import Aspect
from service.usecases.cached.ledger import Ledger, Owed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
A, B = (NodeId("n", None, "t", key) for key in "ab")
instants = st.integers(0, 3).map(lambda minutes: NOON + timedelta(minutes=minutes))
tellings = st.lists(
    st.tuples(st.builds(NodeFacts, st.sampled_from([A, B]), st.sampled_from(["x", "y", None])), instants),
    max_size=8,
)


@given(told=tellings, seed=st.integers(0, 9))
def test_the_newest_word_stays_whatever_the_order(told: list[tuple[NodeFacts, datetime]], seed: int) -> None:
    """Of what one source tells of one node the newest is kept; at one instant always the same one."""
    shuffled = list(told)
    Random(seed).shuffle(shuffled)  # noqa: S311 - a test's shuffle
    ledgers = (Ledger(), Ledger())
    for ledger, tellings_ in zip(ledgers, (told, shuffled), strict=True):
        for facts, fetched_at in tellings_:
            ledger.adopt([facts], source="s", fetched_at=fetched_at)
    for node in (A, B):
        one, other = (ledger.facts_of(node) for ledger in ledgers)
        assert one == other
        newest = max((at for facts, at in told if facts.node == node), default=None)
        if newest is not None:
            assert (one["s"], newest) in told


def test_equal_words_of_other_kinds_have_one_order() -> None:
    """Of 1, 1.0 and true, told at one instant, the same one stays whoever comes first."""
    told = [NodeFacts(A, attributes=(("v", value),)) for value in (1, 1.0, True, 1)]
    kept = set()
    for some in (told, told[::-1], told[1:] + told[:1]):
        ledger = Ledger()
        ledger.adopt(some, source="s", fetched_at=NOON)
        kept.add(repr(ledger.facts_of(A)))
    assert len(kept) == 1


def _listing(*facts: NodeFacts, minutes: int = 0) -> Listing:
    return Listing(A, Aspect.RELATIONS, Filter(), NOON + timedelta(minutes=minutes), facts=facts)


def _facts(key: str, *, value: Any = 1) -> NodeFacts:
    return NodeFacts(NodeId("n", None, "t", key), key, attributes=(("v", value),))


def test_what_is_told_again_in_the_same_words_is_held_once() -> None:
    """Whenever it was told; the listing is the same as before."""
    ledger = Ledger()
    first = ledger.take_in(_listing(*map(_facts, "abcdef")), source="s")
    for minutes in (0, 1, -1):
        again = _listing(*map(_facts, "xfedcba"), minutes=minutes)
        taken = ledger.take_in(again, source="s")
        assert taken == again
        assert [facts is held for facts, held in zip(taken.facts[1:], first.facts[::-1], strict=True)] == [
            True
        ] * 6
    assert ledger.told_at(first.facts[0].node, source="s") == NOON + timedelta(minutes=1)


def test_what_is_told_otherwise_stays_as_it_was_told() -> None:
    """Though it be equal: true is not 1, and another source's word is its own."""
    ledger = Ledger()
    ledger.take_in(_listing(*map(_facts, "abcdef")), source="s")
    other = _listing(*(_facts(key, value=True) for key in "abcdef"))
    assert repr(ledger.take_in(other, source="s")) == repr(other)
    elsewhere = _listing(*map(_facts, "abcdef"))
    taken = ledger.take_in(elsewhere, source="another")
    assert all(facts is told for facts, told in zip(taken.facts, elsewhere.facts, strict=True))


def test_sources_are_kept_apart() -> None:
    """Two sources tell of one node each in its own name."""
    ledger = Ledger()
    for source in ("s1", "s2"):
        ledger.adopt([NodeFacts(A, source)], source=source, fetched_at=NOON)
    assert {name: facts.label for name, facts in ledger.facts_of(A).items()} == {"s1": "s1", "s2": "s2"}
    assert ledger.facts_of(B) == {}


def _owed(minutes: int, *, listed_by: NodeId = B, aspect: Aspect = Aspect.RELATIONS) -> Owed:
    return Owed("s", A, b"told", listed_by, NOON + timedelta(minutes=minutes), aspect)


def test_what_is_owed_is_collected_once_and_only_for_the_nodes_asked() -> None:
    """Debts of other nodes wait; a collected one is gone."""
    ledger = Ledger()
    ledger.owe(_owed(1))
    assert ledger.collect({B}) == []
    assert ledger.collect({A, B}) == [_owed(1)]
    assert ledger.collect({A}) == []


def test_of_two_debts_the_newer_counts_whatever_the_order() -> None:
    """And at one instant the same one, so that no order of arrival decides."""
    debts = [_owed(1), _owed(2), _owed(2, listed_by=A), _owed(2, aspect=Aspect.DESCRIPTION)]
    for order in (debts, debts[::-1]):
        ledger = Ledger()
        for debt in order:
            ledger.owe(debt)
        assert ledger.collect({A}) == [_owed(2)]


def test_a_newer_telling_settles_a_debt() -> None:
    """What was told at the time of the debt or later makes it void; an older telling does not."""
    for told_at, due in ((0, 1), (1, 0), (2, 0)):
        ledger = Ledger()
        ledger.owe(_owed(1))
        ledger.adopt([NodeFacts(A, "x")], source="s", fetched_at=NOON + timedelta(minutes=told_at))
        ledger.adopt([NodeFacts(A, "x")], source="another", fetched_at=NOON + timedelta(minutes=9))
        assert len(ledger.collect({A})) == due


def test_what_is_put_aside_is_told_when_it_is_admitted() -> None:
    """Until then neither the facts of such a listing are known, nor is anything owed because of it."""
    ledger = Ledger()
    side = ("s", A, Aspect.RELATIONS)
    ledger.put_aside([side])
    listing = Listing(A, Aspect.RELATIONS, Filter(), NOON, facts=(NodeFacts(A, "x"),))
    assert ledger.take_in(listing, source="s") is listing
    ledger.owe(Owed("s", B, b"digest", A, NOON))
    assert (ledger.facts_of(A), list(ledger.told()), ledger.collect()) == ({}, [], [])
    ledger.hear(listing, source="another")
    assert ledger.facts_of(A).keys() == {"another"}
    ledger.admit(side)
    assert ledger.facts_of(A).keys() == {"another", "s"}
    assert [owed.node for owed in ledger.collect()] == [B]


def test_nothing_need_be_gathered_before_anything_may_be_owed() -> None:
    """What was put aside may owe when it is admitted; what was collected is owed no more."""
    ledger = Ledger()
    ledger.adopt([_facts("b")], source="s", fetched_at=NOON)
    assert not ledger.may_owe
    ledger.put_aside([("s", A, Aspect.RELATIONS)])
    assert ledger.may_owe
    ledger.admit(("s", A, Aspect.RELATIONS))
    assert not ledger.may_owe
    ledger.owe(_owed(1))
    assert ledger.may_owe
    assert ledger.collect() == [_owed(1)]
    assert not ledger.may_owe


def test_what_one_source_has_told_is_found_by_texts() -> None:
    """By when and what; what another one has told, or nobody, is not there."""
    ledger, facts = Ledger(), _facts("a")
    ledger.adopt([facts], source="s", fetched_at=NOON)
    ledger.adopt([_facts("b")], source="other", fetched_at=NOON)
    assert ledger.told_by("s") == {facts.node.text: (NOON, facts)}
    assert ledger.told_by("nobody") == {}
