"""A listing of more pages than its source lets through in one go comes whole, page by page of the answer."""

from datetime import timedelta
from typing import Any

import pytest

from harness.paging import Folding, Json, as_json, follow_slowly
from harness.quota import WINDOW, Quota, line_star
from harness.toy import Fault
from service.graph.budget import Budget
from service.usecases.request import Require

ANSWER = {"require": Require.NONE, "budget": Budget(timeout=timedelta(seconds=5))}


async def _whole(make_stage: Any) -> Json:
    stage = make_stage()
    line_star(stage.source("s1", "n"))
    folding = Folding()
    folding.take(as_json(await stage.ask("n:t:a")))
    return folding.whole


async def _page(stage: Any, cursor: str | None = None, **rest: Any) -> Json:
    return as_json(await stage.ask("n:t:a", cursor=cursor, **(ANSWER | rest)))


def _wait_of(page: Json) -> float:
    return max(each["retry_after_seconds"] or 0.0 for each in page["graph"]["sources"])


@pytest.mark.parametrize("fault", [429, 503])
@pytest.mark.parametrize("calls", [1, 2, 4])
async def test_who_waits_as_told_gets_the_whole_listing(make_stage: Any, calls: int, fault: Fault) -> None:
    """Nine pages, so many a window: all pages are the answer at once, and no page is fetched twice."""
    stage = make_stage()
    site = stage.source("s1", "n")
    line_star(site)
    quota = Quota(site, calls=calls, fault=fault)

    async def ask(cursor: str | None) -> Json:
        page = await _page(stage, cursor)
        stage.clock.passed += WINDOW
        return page

    folding = await follow_slowly(ask, most=20)
    assert (folding.complete, folding.whole) == (True, await _whole(make_stage))
    assert len(folding.pages) == -(-9 // calls)
    assert quota.granted


async def test_who_does_not_wait_comes_to_an_end(stage: Any) -> None:
    """Three pages in a row that bring nothing are the last, though the listing is not whole."""
    line_star(site := stage.source("s1", "n"))
    Quota(site, calls=4)
    folding = await follow_slowly(lambda cursor: _page(stage, cursor), most=9)
    assert (len(folding.pages), folding.complete, len(folding.edges)) == (4, False, 4)


async def test_who_waits_as_told_is_not_blamed_for_others(make_stage: Any) -> None:
    """Where another one was quicker every time, it takes thirty pages in vain to end the loop."""
    ends = []
    for lucky in (12, 99):
        stage = make_stage()
        line_star(site := stage.source("s1", "n"))
        quota = Quota(site, calls=4)
        number = 0

        async def ask(cursor: str | None) -> Json:
            nonlocal number
            number += 1
            # The other one has come first.
            quota.most = 4 if number in (1, lucky, lucky + 1) else 0  # noqa: B023 - asked at once
            page = await _page(stage, cursor)  # noqa: B023 - the same
            stage.clock.passed += _wait_of(page)  # noqa: B023 - the same
            return page

        folding = await follow_slowly(ask, most=60)
        ends.append((len(folding.pages), folding.complete))
    assert ends == [(13, True), (31, False)]


@pytest.mark.parametrize("fault", [429, 503, "slow", "garbled"])
async def test_what_fails_before_anything_is_learnt_begins_no_loop(stage: Any, fault: Fault) -> None:
    """A first page without a budget that cut, and without a listing that has come a part of its way."""
    line_star(site := stage.source("s1", "n"))
    site.trouble = lambda: fault
    page = await _page(stage, budget=Budget())
    assert page["graph"]["next_cursor"] is None or fault == "slow"


async def test_a_listing_that_breaks_on_its_way_begins_no_loop(stage: Any) -> None:
    """Of what cannot be read nothing says that it will be readable from there."""
    line_star(site := stage.source("s1", "n"))
    Quota(site, calls=2, fault="garbled")
    assert (await _page(stage))["graph"]["next_cursor"] is None


async def test_a_stale_listing_in_its_place_begins_no_loop(stage: Any) -> None:
    """Where what the cache has stands in for a listing that was stopped, nothing is left to do."""
    line_star(site := stage.source("s1", "n"))
    await _page(stage)
    stage.clock.passed += 3000
    Quota(site, calls=2)
    page = await _page(stage)
    assert page["graph"]["sources"][0]["outcome"] == "stale"
    assert (page["graph"]["complete"], page["graph"]["next_cursor"]) == (True, None)


async def test_a_path_is_whole_or_not_there(stage: Any) -> None:
    """A search that a source has stopped is no page: nothing that it has asked would be asked again."""
    line_star(site := stage.source("s1", "n", both_ends_list=True))
    site.line("n:t:j", "n:t:z")
    Quota(site, calls=3)
    page = await _page(stage, to="n:t:z")
    assert (page["graph"]["complete"], page["graph"]["next_cursor"]) == (False, None)
