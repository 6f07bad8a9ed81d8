"""A warm answer tells what there is time for, however much of it is cached."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from service.adapters.memory_store import MemoryStore
from service.cache.key import PREFIX, Kind
from service.graph.budget import Budget
from service.usecases.answer.answering import Answer
from service.usecases.request import GraphRequest

HUB = "n:t:hub"
SPOKES = 400
WHOLE = Budget(
    timeout=timedelta(seconds=60), max_nodes=5_000, max_edges=5_000, fan_out=1_000, max_calls=1_000
)
HURRIED = replace(WHOLE, timeout=timedelta(seconds=1))


@pytest.fixture
async def warm(stage: Any) -> Any:
    """Have everything around a hub cached, four hundred listings behind its own."""
    site = stage.source("s1", "n")
    for number in range(SPOKES):
        site.line(HUB, f"n:t:{number:03}")
        site.line(f"n:t:{number:03}", f"n:t:{number:03} beyond")
    await stage.ask(HUB, hops=2, budget=WHOLE)
    site.asked()
    return site


def _slow(stage: Any) -> None:
    """Have each key take four thousandths of a second: all of them take longer than a hurried answer has."""

    def wait(keys: int) -> None:
        stage.clock.passed += 0.004 * keys

    stage.store.on_load = wait


def _ids(answer: Answer) -> set[str]:
    return {record["id"] for record in (*answer.page.records.nodes, *answer.page.records.edges)}


async def test_what_there_is_time_for_is_read_in_one_trip(stage: Any, warm: Any) -> None:
    """A hop of hundreds takes as many round trips as a hop of one."""
    before = stage.store.loads
    answer = await stage.ask(HUB, hops=2, budget=WHOLE)
    assert answer.complete
    assert stage.store.loads - before <= 4


async def test_a_warm_answer_ends_in_time(stage: Any, warm: Any) -> None:
    """Reading that takes longer than the answer has is stopped, told as such, and nobody is called for it."""
    _slow(stage)
    before = stage.clock.passed
    answer = await stage.ask(HUB, hops=2, budget=HURRIED)
    # Beyond the time only what was read between two looks at it.
    assert stage.clock.passed - before < 1.1
    assert answer.truncated == ("timeout",)
    assert not answer.complete
    assert answer.spent.calls == 0
    assert warm.asked() == []
    (report,) = answer.reports
    assert report.outcomes.keys() == {"timeout", "ok"}
    assert report.outcomes["ok"] > 16
    expansions = [record["expansion"] for record in answer.page.records.nodes]
    assert expansions.count("complete") == report.outcomes["ok"]


async def test_what_was_left_unread_comes_on_the_next_pages(stage: Any, warm: Any) -> None:
    """All pages of a hurried answer are the answer of one with time."""
    whole = await stage.ask(HUB, hops=2, budget=WHOLE)
    _slow(stage)
    answer = await stage.ask(HUB, hops=2, budget=HURRIED)
    found, pages = _ids(answer), 1
    while answer.next_cursor is not None:
        answer = await stage.ask(HUB, hops=2, budget=HURRIED, cursor=answer.next_cursor)
        assert found.isdisjoint(_ids(answer))
        found |= _ids(answer)
        pages += 1
    assert answer.complete
    assert pages > 1
    assert found == _ids(whole)


async def test_what_was_read_leaves_time_to_be_told(stage: Any, warm: Any) -> None:
    """Where telling a record takes long, less is read, though reading takes no time at all."""
    expander = stage.expander
    for _ in range(10):
        expander.reserve.learn(records=1_000, seconds=0.5)
    budget = replace(WHOLE, timeout=timedelta(seconds=0.8))
    answer = await expander.expand(GraphRequest((HUB,), hops=2, budget=budget))
    assert answer.truncated == ("timeout",)
    assert answer.spent.calls == 0
    assert 0.65 < 0.0005 * (len(_ids(answer)) + SPOKES) < 0.85


class _Heavy(MemoryStore):
    """A store in which what a page was made of takes longer to read than a hurried page has."""

    clock: Any

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Take a fifth of a second for each page, and a thousandth for anything else."""
        pages = sum(key.startswith(f"{PREFIX}{Kind.SHEET}") for key in keys)
        self.clock.passed += 0.2 * pages + 0.001 * (len(keys) - pages)
        return await super().load(keys)


async def _follow(stage: Any, budget: Budget) -> tuple[list[Answer], list[float]]:
    """Give the pages of an answer, and how many seconds each took."""
    pages: list[Answer] = []
    seconds = []
    while not pages or pages[-1].next_cursor is not None:
        before = stage.clock.passed
        cursor = pages[-1].next_cursor if pages else None
        pages.append(await stage.ask(HUB, hops=2, budget=budget, cursor=cursor))
        seconds.append(stage.clock.passed - before)
    return pages, seconds


@pytest.fixture
async def heavy(stage: Any) -> Any:
    """Have everything cached, and pages that take their time."""
    stage.store = _Heavy(clock=stage.clock)
    stage.store.clock = stage.clock
    site = stage.source("s1", "n")
    for number in range(SPOKES):
        site.line(HUB, f"n:t:{number:03}")
    await stage.ask(HUB, hops=2, budget=WHOLE)
    site.asked()
    return stage


@pytest.mark.parametrize("timeout", [0.05, 0.3])
async def test_pages_in_a_hurry_come_to_an_end(heavy: Any, timeout: float) -> None:
    """Though earlier pages alone take longer to read than a page may take: each page brings something new."""
    whole = await heavy.ask(HUB, hops=2, budget=WHOLE)
    pages, seconds = await _follow(heavy, replace(WHOLE, timeout=timedelta(seconds=timeout)))
    assert pages[-1].complete
    assert set().union(*map(_ids, pages)) == _ids(whole)
    told = [page.reports[0].outcomes["ok"] for page in pages]
    assert sorted(set(told)) == told, "each page has asked about more"
    # Each page is a quarter larger than those before it: never are there many.
    assert len(pages) < 20
    for number, taken in enumerate(seconds[1:], start=1):
        replay = 0.2 * (number + 1)
        assert taken < replay + max(timeout / 2, replay / 4, timeout - replay) + 0.05


async def test_what_was_left_unread_is_kept_once(heavy: Any) -> None:
    """Of a question that no page has had time for, only the first of them says so to the next."""
    budget = replace(WHOLE, timeout=timedelta(seconds=0.1))
    first = await heavy.ask(HUB, hops=2, budget=budget)
    second = await heavy.ask(HUB, hops=2, budget=budget, cursor=first.next_cursor)
    request = GraphRequest((HUB,), hops=2, budget=budget, cursor=second.next_cursor)
    book = (await heavy.expander.begin(request)).book
    cut = [
        [said.finding.listing.address for words in sheet.rounds for said in words if said.finding.outcome.cut]
        for sheet in book.sheets
    ]
    assert len(cut[0]) > SPOKES / 2
    assert cut[1] == []
