"""Asking again goes on where a listing was stopped: whose that is, how long, and what becomes of it."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.contract import Deleted, Filter, Freshness
from connectors.settings import Visibility
from harness.looking import settle
from harness.paging import Folding, Json, as_json
from harness.quota import WINDOW, Quota, line_star
from service.cache.freshness import Tolerance
from service.cache.key import PREFIX, Kind
from service.cache.store import Item
from service.graph.budget import Budget
from service.graph.rule import Rule
from service.usecases.cached.revoked import Revoked
from service.usecases.request import Require

PAGES = 9
TRAIL, LISTING = f"{PREFIX}{Kind.TRAIL}", f"{PREFIX}{Kind.LISTING}"


async def _ask(stage: Any, node: Any = "n:t:a", **rest: Any) -> Json:
    asked = {"require": Require.NONE, "budget": Budget(timeout=timedelta(seconds=5))}
    return as_json(await stage.ask(node, **(asked | rest)))


def _told(answer: Json) -> tuple[str, int, int]:
    (source,) = answer["graph"]["sources"]
    return source["outcome"], len(answer["edges"]), source["calls"]


def _keys(stage: Any, kind: str) -> list[str]:
    return [key for key in stage.store._kept if key.startswith(kind)]


async def _stopped(stage: Any, *, after: int = 4, **rest: Any) -> Any:
    """Have a listing stopped after so many pages, and the upstream well again; give its site."""
    site = stage.source("s1", "n", **rest)
    line_star(site)
    asked = {"as_": "one"} if rest.get("by_caller") else {}
    Quota(site, calls=after)
    assert _told(await _ask(stage, **asked)) == ("throttled", after, after + 1)
    site.trouble = lambda: None
    site.journal.clear()
    stage.clock.passed += WINDOW
    return site


def _restart(stage: Any) -> None:
    """Go on as another process on the same store."""
    stage.flights, stage.revoked = stage.fly(stage.drive), Revoked()


@pytest.mark.parametrize("fault", [429, 503])
@pytest.mark.parametrize("calls", [1, 2, 4])
async def test_asking_again_gets_the_whole_listing(make_stage: Any, calls: int, fault: int) -> None:
    """Whichever process is asked, each page is fetched once, and the answer is the one at once."""
    stage = make_stage()
    line_star(site := stage.source("s1", "n"))
    whole, found = Folding(), Folding()
    whole.take(await _ask(stage))
    stage.store.evict(list(stage.store._kept))
    Quota(site, calls=calls, fault=fault)
    for asked in range(1, 20):
        _restart(stage)
        answer = await _ask(stage)
        assert len(answer["edges"]) == min(PAGES, asked * calls)
        if answer["graph"]["complete"]:
            break
        stage.clock.passed += WINDOW
    assert asked == -(-PAGES // calls)
    found.take(answer)
    assert found.whole == whole.whole
    assert answer["graph"]["sources"][0]["age_seconds"] == (asked - 1) * WINDOW


async def test_asking_again_at_once_shows_what_there_was(stage: Any) -> None:
    """Who does not wait is shown as much as before, at the price of a call, and none of it is lost."""
    line_star(site := stage.source("s1", "n"))
    Quota(site, calls=4)
    assert _told(await _ask(stage)) == ("throttled", 4, 5)
    for _ in range(3):
        assert _told(await _ask(stage, require=Require.SOME)) == ("throttled", 4, 1)
    stage.clock.passed += WINDOW
    assert _told(await _ask(stage)) == ("throttled", 8, 5)


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_it_is_of_the_credential_that_fetched_it(make_stage: Any, visibility: Visibility) -> None:
    """Another one begins at the first page, whoever may share the whole listing; its own goes on."""
    stage = make_stage()
    await _stopped(stage, by_caller=True, visibility=visibility)
    assert _told(await _ask(stage, as_="two", budget=Budget(max_calls=1))) == ("over_budget", 1, 1)
    assert _told(await _ask(stage, as_="one")) == ("ok", PAGES, PAGES - 4)


async def test_what_depends_on_who_asked_is_not_shared_for_all_that(stage: Any) -> None:
    """Gone on with, a listing that a tenant shares has no attribute that is the caller's own."""
    site = stage.source(
        *("s1", "n"),
        tenants=("t1",),
        by_caller=True,
        visibility=Visibility.TENANT,
        caller_relative=frozenset({"mine"}),
    )
    for key in "bcd":
        site.line("n@t1:t:a", f"n@t1:t:{key}", attributes={"mine": True, "kept": 1})
    site.page_size = 1
    Quota(site, calls=2)
    await _ask(stage, "n@t1:t:a", as_="one")
    stage.clock.passed += WINDOW
    answer = await _ask(stage, "n@t1:t:a", as_="one")
    assert _told(answer) == ("ok", 3, 1)
    attributes = [word["attributes"] for edge in answer["edges"] for word in edge["provenance"]]
    assert attributes == [{"kept": 1}] * 3


@pytest.mark.parametrize("here", [True, False])
async def test_a_refused_credential_gets_nothing_of_it(stage: Any, *, here: bool) -> None:
    """What was fetched before the upstream said no is not gone on with, even if it takes the token again."""
    site = await _stopped(stage, by_caller=True)
    site.refused.add("one")
    assert _told(await _ask(stage, "n:t:q", as_="one"))[0] == "denied"
    site.refused.clear()
    stage.clock.passed += 1
    if not here:
        _restart(stage)
    assert _told(await _ask(stage, as_="one")) == ("ok", PAGES, PAGES)


async def test_a_refusal_on_the_way_ends_it(stage: Any) -> None:
    """The walk that goes on meets a 401: nothing of what was fetched is left to go on from."""
    site = await _stopped(stage, by_caller=True)
    site.refused.add("one")
    assert _told(await _ask(stage, as_="one"))[0] == "denied"
    assert await stage.store.load(_keys(stage, TRAIL)) == [b""]


async def test_who_wants_it_younger_begins_anew(make_stage: Any) -> None:
    """What `max_age` calls too old is fetched again; what is younger than that is gone on with."""
    for seconds, calls in ((0, PAGES), (6, PAGES), (8, PAGES - 4)):
        stage = make_stage()
        await _stopped(stage)
        tolerance = Tolerance(max_age=timedelta(seconds=seconds))
        assert _told(await _ask(stage, tolerance=tolerance)) == ("ok", PAGES, calls)


async def test_who_wants_it_younger_takes_nothing_of_anothers_walk(stage: Any) -> None:
    """Somebody is going on with an old part at that moment: who boards it asks again for itself."""
    site = await _stopped(stage)
    quota = Quota(site, calls=2)
    strict = Tolerance(max_age=timedelta(0))
    plain, younger = await asyncio.gather(_ask(stage), _ask(stage, tolerance=strict))
    assert _told(plain)[:2] == ("throttled", 6)
    assert _told(younger)[:2] == ("throttled", 0)
    quota.most = 99
    assert _told(await _ask(stage))[:2] == ("ok", PAGES)


@pytest.mark.parametrize(("ttl", "calls"), [(8, PAGES - 4), (7, PAGES), (0, PAGES)])
async def test_it_is_as_fresh_as_its_oldest_part(stage: Any, ttl: int, calls: int) -> None:
    """When the first page has outlived the source's ttl, the listing is begun anew."""
    freshness = Freshness(ttl=timedelta(seconds=ttl), stale_while_revalidate=timedelta(0))
    await _stopped(stage, freshness=freshness)
    assert _told(await _ask(stage)) == ("ok", PAGES, calls)


@pytest.mark.parametrize("ill", ["garbled", 404, 400])
async def test_one_that_led_into_nonsense_is_dropped(stage: Any, ill: Any) -> None:
    """A page that cannot be read, or that is gone, ends what it followed; then the listing is begun anew."""
    site = await _stopped(stage)
    site.trouble = lambda: ill
    assert _told(await _ask(stage))[0] == "broken"
    site.trouble = lambda: None
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES)


async def test_one_that_led_in_a_circle_is_dropped(stage: Any) -> None:
    """The upstream has come to name an earlier page as the next one."""
    site = await _stopped(stage)
    site.circle = 6
    assert _told(await _ask(stage))[0] == "broken"
    site.circle = None
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES)


@pytest.mark.parametrize("by_cursor", [True, False])
async def test_one_that_has_come_to_its_end_is_gone(stage: Any, *, by_cursor: bool) -> None:
    """Nothing goes on from there once the listing is whole, although that is lost before its time."""
    line_star(site := stage.source("s1", "n"))
    quota = Quota(site, calls=4)
    cursor = (await _ask(stage))["graph"]["next_cursor"]
    quota.most = 99
    assert (await _ask(stage, cursor=cursor if by_cursor else None))["graph"]["complete"]
    stage.store.evict(_keys(stage, LISTING))
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES)


async def test_a_page_of_the_answer_leaves_it_farther_on(stage: Any) -> None:
    """Who follows a cursor for a while and then asks plainly has lost nothing."""
    line_star(site := stage.source("s1", "n"))
    Quota(site, calls=4)
    cursor = (await _ask(stage))["graph"]["next_cursor"]
    stage.clock.passed += WINDOW
    await _ask(stage, cursor=cursor)
    stage.clock.passed += WINDOW
    assert _told(await _ask(stage)) == ("ok", PAGES, 1)


@pytest.mark.parametrize("pushes", [True, False])
async def test_it_is_of_what_the_calls_applied(make_stage: Any, *, pushes: bool) -> None:
    """Another filter begins anew where the upstream applies it, and goes on where only we do."""
    stage = make_stage()
    await _stopped(stage, pushes=pushes)
    answer = await _ask(stage, rule=Rule(filter=Filter(deleted=Deleted.INCLUDE)))
    assert _told(answer) == ("ok", PAGES, PAGES if pushes else PAGES - 4)


@pytest.mark.parametrize("nodes", [("n:t:a", "n:t:j"), ("n:t:a", "n:t:k"), ("n:t:a",)])
async def test_a_batch_goes_on_as_the_same_batch(make_stage: Any, nodes: tuple[str, ...]) -> None:
    """A walk about several is gone on with by the same several, and by no others."""
    stage = make_stage()
    site = stage.source("s1", "n", batch_size=5)
    line_star(site)
    site.line("n:t:j", "n:t:x")
    Quota(site, calls=4)
    await _ask(stage, ("n:t:a", "n:t:j"))
    site.trouble = lambda: None
    stage.clock.passed += WINDOW
    outcome, edges, calls = _told(await _ask(stage, nodes))
    assert (outcome, calls) == ("ok", 6 if nodes == ("n:t:a", "n:t:j") else PAGES)
    assert edges == (10 if "n:t:j" in nodes else 9)


async def test_what_was_read_when_everybody_left_is_kept(stage: Any) -> None:
    """An answer's time is up in the middle of a listing: who asks again goes on from there."""
    line_star(site := stage.source("s1", "n"))
    hanging, send = asyncio.Event(), site.send

    async def hang(call: Any, **rest: Any) -> Any:
        if len(site.journal) == 4:
            hanging.set()
            await asyncio.Event().wait()
        return await send(call, **rest)

    site.send = hang
    answer = await _ask(stage, budget=Budget(timeout=timedelta(seconds=0.05)))
    assert hanging.is_set()
    assert _told(answer)[:2] == ("timeout", 4)
    await settle()
    site.send = send
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES - 4)


async def test_without_the_store_everybody_begins_anew(stage: Any) -> None:
    """A store that is down while it is looked for, or was when it should have been kept, costs calls only."""
    site = await _stopped(stage)
    stage.store.broken = True
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES)
    quota = Quota(site, calls=2)
    assert _told(await _ask(stage)) == ("throttled", 2, 3)
    stage.store.broken = False
    quota.most = 99
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES - 4)


@pytest.mark.parametrize("blob", [b"\x01", b"\x01nonsense", b""])
async def test_a_damaged_one_is_none(stage: Any, blob: bytes) -> None:
    """What cannot be read is not gone on from."""
    await _stopped(stage)
    (key,) = _keys(stage, TRAIL)
    await stage.store.save([Item(key, blob, timedelta(hours=1))])
    assert _told(await _ask(stage)) == ("ok", PAGES, PAGES)


async def test_one_that_is_too_large_is_not_kept(stage: Any) -> None:
    """What would take a store more than a moment is fetched again instead."""
    line_star(site := stage.source("s1", "n"))
    quota = Quota(site, calls=4)
    for megabytes, kept in ((6, 0), (2, 1)):
        # In hexadecimal, two characters are pressed into a byte; a toy tells of a label twice.
        site.labels["n:t:b"] = Random(1).randbytes(megabytes * 500_000).hex()  # noqa: S311 - nothing secret
        await _ask(stage)
        assert len(_keys(stage, TRAIL)) == kept
        quota.granted.clear()


async def test_one_that_has_no_written_form_is_not_kept(stage: Any) -> None:
    """Half of a character in an upstream's words costs the calls, not the answer."""
    line_star(site := stage.source("s1", "n"))
    site.labels["n:t:b"] = "half a \ud83d"
    Quota(site, calls=4)
    assert _told(await _ask(stage)) == ("throttled", 4, 5)
    assert not _keys(stage, TRAIL)


async def test_a_listing_that_comes_at_once_leaves_none(stage: Any) -> None:
    """Nothing is written, and nothing more is looked for, where nothing is stopped."""
    line_star(stage.source("s1", "n"), page_size=None)
    before = stage.store.loads
    await _ask(stage)
    assert stage.store.loads - before == 2
    assert not _keys(stage, TRAIL)
