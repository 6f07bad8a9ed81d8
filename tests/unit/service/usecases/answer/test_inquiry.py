"""What was asked is taken down, and played back without asking anybody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Filter
from connectors.model import NodeId, Outcome
from connectors.ports import Caller
from connectors.wire import Aspect
from service.cache.freshness import Tolerance
from service.cache.sheet import Sheet, decode_sheet, encode_sheet
from service.graph.budget import Tally
from service.usecases.answer.inquiry import Inquiry, SheetError
from service.usecases.ask import Ask
from service.usecases.asking.fetch import Fetcher
from service.usecases.cached.ledger import Ledger
from service.usecases.cached.shelf import Shelf

LONG = "a label that is kept apart from the listings which show its node " * 5
Inquire = Callable[..., Inquiry]


def _node(key: str) -> NodeId:
    return NodeId("n", None, "t", key)


@pytest.fixture
def stage(stage: Any) -> Any:
    """Give a stage with a source that lists a's neighbors b and c, and describes."""
    site = stage.source("s1", "n", describes=True)
    site.line("n:t:a", "n:t:b")
    site.line("n:t:a", "n:t:c")
    site.labels |= {"n:t:a": "A", "n:t:b": LONG}
    stage.site = site
    return stage


@pytest.fixture
def inquire(stage: Any) -> Inquire:
    """Give what makes an inquiry over the stage's sources, with so many calls."""

    def make(*, calls: int = 99) -> Inquiry:
        shelf = Shelf(
            cabinet=stage.cabinet,
            sources={source.name: source for source in stage.sources},
            accesses={source.name: source.admit(None) for source in stage.sources},
            filter=Filter(),
            tolerance=Tolerance(),
            ledger=Ledger(),
        )
        deadline = stage.clock.monotonic() + 60
        tally = Tally(limit=calls)
        return Inquiry(Fetcher(shelf, stage.flights, stage.clock, tally, deadline, Caller("anybody")))

    return make


def _sheet(inquiry: Inquiry) -> Sheet:
    """Give an inquiry's page as it comes back from the store."""
    kept = inquiry.sheet(fruitless=0, sent={}, seeds=(), verdicts={})
    return decode_sheet(encode_sheet(kept))


def _ask(stage: Any, key: str, aspect: Aspect = Aspect.RELATIONS) -> Ask:
    return Ask(stage.sources[0], _node(key), aspect)


def _bare(finding: Any) -> Any:
    return replace(finding, listing=replace(finding.listing, facts=()))


async def test_a_page_is_played_back_without_a_call(stage: Any, inquire: Inquire) -> None:
    """The same questions get the same words, and the account of the source is the same."""
    first = inquire()
    rounds = [(_ask(stage, "a"), _ask(stage, "a", Aspect.DESCRIPTION)), (_ask(stage, "b"), _ask(stage, "c"))]
    told = []
    for asks in rounds:
        told.append(await first.fetch(asks, nodes=()))
        for ask in asks:
            first.note(ask, told[-1][ask])
    stage.site.asked()
    sheet = _sheet(first)
    again = inquire()
    again.recall([sheet])
    with again.playing(sheet):
        for asks, words in zip(rounds, told, strict=True):
            played = await again.fetch(asks, nodes=())
            assert played == {ask: _bare(finding) for ask, finding in words.items()}
            for ask in asks:
                again.note(ask, played[ask])
    assert stage.site.asked() == []
    assert again.reports["s1"].outcomes == first.reports["s1"].outcomes == {"ok": 3}
    assert again.fetcher.calls.total() == 0
    ledger = again.fetcher.ledger
    assert {key: ledger.facts_of(_node(key))["s1"].label for key in "ab"} == {"a": "A", "b": LONG}
    # What was played back is of an earlier page: this page's own sheet says nothing of it.
    assert _sheet(again) == Sheet((), sent={})


@pytest.mark.parametrize("keys", ["c", "ab", ""])
async def test_a_page_made_by_other_questions_is_not_played(stage: Any, inquire: Inquire, keys: str) -> None:
    """More, other or fewer questions than the page answers: it belongs to another run."""
    first = inquire()
    await first.fetch([_ask(stage, "a")], nodes=())
    again = inquire()

    async def play() -> None:
        with again.playing(_sheet(first)):
            for key in keys:
                await again.fetch([_ask(stage, key)], nodes=())

    with pytest.raises(SheetError):
        await play()
    await again.fetch([_ask(stage, "a")], nodes=())
    assert again.reports["s1"].cached == 1


async def test_a_page_of_a_source_that_is_gone_is_not_played(stage: Any, inquire: Inquire) -> None:
    """What a source said that is not configured any more is nobody's word; nor are the calls it left."""
    stage.site.page_size = 1
    first = inquire(calls=1)
    await first.fetch([_ask(stage, "a")], nodes=())
    sheet = _sheet(first)
    assert len(sheet.trails) == 1
    stage.sources.clear()
    stage.source("s2", "n")
    again = inquire()

    async def play() -> None:
        with again.playing(sheet):
            await again.fetch([], nodes=())

    with pytest.raises(SheetError):
        await play()
    with pytest.raises(SheetError):
        again.recall([sheet])


async def test_what_is_owed_and_left_goes_over_to_the_next_page(stage: Any, inquire: Inquire) -> None:
    """Facts still kept apart are read there, and a listing that was stopped goes on where it stopped."""
    await inquire().fetch([_ask(stage, "a")], nodes=())
    stage.site.page_size = 1
    stage.site.line("n:t:b", "n:t:d")
    first = inquire(calls=1)
    stage.site.asked()
    await first.fetch([_ask(stage, "a")], nodes=())
    assert stage.site.asked() == []
    finding = (await first.fetch([_ask(stage, "b")], nodes=()))[_ask(stage, "b")]
    assert (finding.outcome, len(finding.listing.edges)) == (Outcome.OVER_BUDGET, 1)
    assert first.cut_by == {"max_calls"}
    sheet = _sheet(first)
    second = inquire()
    second.recall([sheet])
    stage.site.asked()
    finding = (await second.fetch([_ask(stage, "b")], nodes=()))[_ask(stage, "b")]
    assert (finding.outcome, len(finding.listing.edges)) == (Outcome.OK, 2)
    assert stage.site.asked() == ["n:t:b"]
    await second.fetch((), nodes=[_node("b")])
    assert second.fetcher.ledger.facts_of(_node("b"))["s1"].label == LONG
    assert _sheet(second).trails == ()


async def test_a_page_has_moved_when_a_question_came_nearer_to_its_end(stage: Any, inquire: Inquire) -> None:
    """An answer, or one more page of a listing, is progress; the same failure again is none."""
    stage.site.faults["n:t:a"] = 503
    inquiry = inquire()
    await inquiry.fetch([_ask(stage, "a")], nodes=())
    assert not inquiry.moved
    stage.site.faults.clear()
    await inquiry.fetch([_ask(stage, "b")], nodes=())
    assert inquiry.moved
    inquiry.turn()
    assert not inquiry.moved
    assert inquiry.cut_by == set()


async def test_a_cached_count_is_of_one_page(stage: Any, inquire: Inquire) -> None:
    """What the cache answered is counted page by page, how the sources did over all pages."""
    await inquire().fetch([_ask(stage, "a")], nodes=())
    stage.clock.passed += timedelta(seconds=5).total_seconds()
    inquiry = inquire()
    found = await inquiry.fetch([_ask(stage, "a")], nodes=())
    inquiry.note(_ask(stage, "a"), found[_ask(stage, "a")])
    assert (inquiry.reports["s1"].cached, inquiry.reports["s1"].age) == (1, timedelta(seconds=5))
    inquiry.turn()
    assert inquiry.reports["s1"].cached == 0
    assert inquiry.reports["s1"].outcomes == {"ok": 1}


async def test_a_round_without_a_question_is_a_round_and_asks_nobody(stage: Any, inquire: Inquire) -> None:
    """It is taken down, so that the page is played back; but what is owed is read all the same."""
    inquiry = inquire()
    assert await inquiry.fetch((), nodes=()) == {}
    assert await inquiry.fetch([_ask(stage, "a")], nodes=()) != {}
    assert await inquiry.fetch((), nodes=[_node("b")]) == {}
    assert [len(said) for said in _sheet(inquiry).rounds] == [0, 1, 0]
    # Another answer has b's label from the cache, where it is kept apart.
    warm = inquire()
    await warm.fetch([_ask(stage, "a")], nodes=())
    ledger = warm.fetcher.ledger
    assert ledger.may_owe
    await warm.fetch((), nodes=[_node("b")])
    assert ledger.facts_of(_node("b"))["s1"].label == LONG
