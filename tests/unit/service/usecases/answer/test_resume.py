"""Whom a cursor is for, what it names, how long it is good, and what becomes of it when that is gone."""

import asyncio
import operator
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest

from connectors.credential import Scheme
from harness.paging import Folding, Json, as_json, follow_slowly
from harness.toy import NOON
from service.cache.freshness import Tolerance
from service.cache.store import Item
from service.graph.budget import Budget
from service.graph.measure import Measure
from service.usecases.answer.resume import ExpiredCursorError, InvalidCursorError
from service.usecases.cached.revoked import Revoked
from service.usecases.request import GraphRequest, Require
from service.usecases.source import UpstreamCredential

THREE = Budget(max_nodes=3)
# What may differ from page to page: how fresh the rest has to be; who asks has tests of its own.
FREE = {"tolerance", "cursor", "credentials", "behalf"}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _changed(value: Any, hint: Any) -> Any:
    """Give another value of the same type; KeyError for a kind of field that nobody thought of yet."""
    for kind in (bool, int, str, datetime, timedelta):
        if isinstance(value, kind) and not isinstance(value, Enum):
            return _CHANGES[kind](value)
    if isinstance(value, Enum):
        return next(member for member in type(value) if member is not value)
    kinds = [kind for kind in get_args(hint) if kind not in (NoneType, Ellipsis)]
    return _FIRST[str(kinds[0]) if value is None else str(hint)]


_CHANGES: dict[type, Any] = {
    bool: operator.not_,
    int: lambda value: value + 1,
    str: lambda value: f"{value}x",
    datetime: lambda value: value + timedelta(seconds=1),
    timedelta: lambda value: value + timedelta(seconds=1),
}
# What stands where there was nothing, by type.
_FIRST = {
    "<class 'str'>": "n:t:z",
    "<class 'int'>": 1,
    "<class 'datetime.datetime'>": NOON,
    "frozenset[str]": frozenset({"r"}),
    "tuple[str, ...]": ("s1",),
    "tuple[service.graph.measure.Measure, ...]": (Measure.DEGREE,),
}


def _variants(part: Any) -> Iterator[tuple[str, Any]]:
    """Give a request, or a part of it, once with every single field changed, and that field's name."""
    hints = get_type_hints(type(part))
    for each in fields(part):
        value = getattr(part, each.name)
        if part is ASKED and each.name in FREE:
            continue
        if is_dataclass(value):
            for name, other in _variants(value):
                yield f"{each.name}.{name}", replace(part, **{each.name: other})
        else:
            yield each.name, replace(part, **{each.name: _changed(value, hints[each.name])})


ASKED = GraphRequest(("n:t:a",), budget=THREE)
VARIANTS = dict(_variants(ASKED)) | {"nodes": replace(ASKED, nodes=("n:t:z",))}


@pytest.fixture
def stage(stage: Any) -> Any:
    """Give a stage with one source: a node with eight neighbors."""
    _star(stage.source("s1", "n"))
    return stage


def _star(site: Any) -> None:
    for key in "bcdefghi":
        site.line("n:t:a", f"n:t:{key}")


async def _page(stage: Any, cursor: str | None = None, **rest: Any) -> Json:
    return as_json(await stage.ask("n:t:a", cursor=cursor, **({"budget": THREE} | rest)))


async def _cursor(stage: Any, **rest: Any) -> str:
    cursor: str = (await _page(stage, **rest))["graph"]["next_cursor"]
    assert cursor is not None
    return cursor


def _content(page: Json) -> Json:
    passing = {"spent": None, "next_cursor": None, "sources": None}
    return page | {"graph": page["graph"] | passing}


def test_every_part_of_a_request_is_varied() -> None:
    """No field, however deep, is forgotten, but for those that may differ; and each really differs."""
    top = {each.name for each in fields(GraphRequest)}
    assert {name.partition(".")[0] for name in VARIANTS} == top - FREE
    assert len(VARIANTS) > 20
    assert all(other != ASKED for other in VARIANTS.values())


@pytest.mark.parametrize("name", sorted(VARIANTS))
async def test_a_cursor_is_of_one_request_only(stage: Any, name: str) -> None:
    """With any parameter changed it is refused, whatever the parameter."""
    cursor = (await stage.expander.expand(ASKED)).next_cursor
    assert (await stage.expander.expand(replace(ASKED, cursor=cursor))).page.records.nodes
    with pytest.raises(InvalidCursorError):
        await stage.expander.expand(replace(VARIANTS[name], cursor=cursor))


async def test_how_fresh_the_rest_has_to_be_is_the_callers_to_say_anew(stage: Any) -> None:
    """What does not change which graph is asked for may differ from page to page."""
    cursor = await _cursor(stage)
    for tolerance in (Tolerance(max_age=timedelta(0)), Tolerance(only_if_cached=True)):
        assert len((await _page(stage, cursor, tolerance=tolerance))["nodes"]) == 3


async def test_any_altered_character_makes_it_invalid(stage: Any) -> None:
    """Each character changed, left out or doubled: nothing but the very text opens anything."""
    cursor = await _cursor(stage)
    assert set(cursor) <= set(_ALPHABET)
    altered = [
        f"{cursor[:at]}{other}{cursor[at + 1 :]}" for at in range(len(cursor)) for other in "Az9_.\xe9"
    ]
    altered += [f"{cursor[:-1]}{other}" for other in _ALPHABET]
    altered += [cursor[:at] + cursor[at + 1 :] for at in range(len(cursor))]
    altered += [cursor + more for more in ("A", "=", "====", "!!!", "!", "!!!!", " ", "\n", cursor)]
    altered += ["", "A", "gAAAAA", cursor[1:], cursor.swapcase(), "A" * 100_000]
    for text in set(altered) - {cursor}:
        with pytest.raises(InvalidCursorError):
            await _page(stage, text)


async def test_it_is_short_however_long_the_question(stage: Any) -> None:
    """At most 1 KiB, with two hundred seeds of the longest keys and after many pages."""
    seeds = [f"n:t:{number:03}{'x' * 65_000}" for number in range(200)]
    answer = await stage.ask(seeds, hops=0, budget=THREE, caller="c" * 500)
    for _ in range(5):
        assert 0 < len(answer.next_cursor) <= 1024
        answer = await stage.ask(seeds, hops=0, budget=THREE, caller="c" * 500, cursor=answer.next_cursor)


async def test_it_is_of_one_caller_only(stage: Any) -> None:
    """Another API key, or none, opens nothing, and the caller's own still does."""
    cursor = await _cursor(stage, caller="dashboard")
    for caller in ("notebook", None, ""):
        with pytest.raises(InvalidCursorError):
            await _page(stage, cursor, caller=caller)
    assert await _page(stage, cursor, caller="dashboard")


async def test_it_is_of_one_credential_only(make_stage: Any) -> None:
    """What was fetched with one caller's token is shown to that token alone."""
    stage = make_stage()
    _star(stage.source("s1", "n", by_caller=True))
    cursor = await _cursor(stage, as_="one")
    for token in ("two", "", None):
        with pytest.raises(InvalidCursorError):
            await _page(stage, cursor, as_={"s1": token})
    basic = {"s1": UpstreamCredential(Scheme.KEY_PAIR, "one")}
    with pytest.raises(InvalidCursorError):
        await stage.expander.expand(replace(ASKED, cursor=cursor, credentials=basic))
    assert await _page(stage, cursor, as_="one")


async def test_other_secret_keys_open_nothing(stage: Any) -> None:
    """A service with keys of its own takes nobody else's cursors, even over the same store."""
    cursor = await _cursor(stage)
    stage.turn_keys("another key")
    with pytest.raises(InvalidCursorError):
        await _page(stage, cursor)


async def test_it_is_good_until_its_time_is_up(stage: Any) -> None:
    """To the second, counted from the first page: pages that follow do not prolong it."""
    stage.cursor_ttl = timedelta(seconds=60)
    first = await _cursor(stage)
    stage.clock.passed = 40.0
    second = await _cursor(stage, cursor=first)
    stage.clock.passed = 59.9
    assert await _page(stage, second)
    stage.clock.passed = 60.0
    for cursor in (first, second):
        with pytest.raises(ExpiredCursorError):
            await _page(stage, cursor)


async def _pages_in_store(stage: Any) -> tuple[str, list[str]]:
    """Ask for two pages over a warm cache; give the last cursor, and the keys that this has added."""
    await stage.ask("n:t:a")
    cached = set(stage.store._kept)
    cursor = await _cursor(stage, cursor=await _cursor(stage))
    return cursor, sorted(set(stage.store._kept) - cached)


async def test_a_page_that_is_gone_or_damaged_ends_it(stage: Any) -> None:
    """Whatever of it the store has lost, the caller is told to begin again, and nothing half is shown."""
    cursor, keys = await _pages_in_store(stage)
    right = _content(await _page(stage, cursor))
    needed = 0
    for key in keys:
        held = stage.store._kept[key]
        (blob,) = await stage.store.load([key])
        ends = []
        for damaged in (None, b"", b"\x01", blob[:-1], blob[: len(blob) // 2]):
            stage.store.evict([key])
            if damaged is not None:
                await stage.store.save([Item(key, damaged, timedelta(hours=1))])
            try:
                assert _content(await _page(stage, cursor)) == right
                ends.append(False)
            except ExpiredCursorError:
                ends.append(True)
        assert len(set(ends)) == 1, "what is needed when it is damaged is needed when it is gone"
        needed += ends[0]
        stage.store._kept[key] = held
    assert needed >= 2
    assert _content(await _page(stage, cursor)) == right


async def test_a_page_passed_off_as_anothers_opens_nothing(stage: Any) -> None:
    """Pages lie under keys made of whom they are for: two callers' cursors lead to different keys."""
    before = set(stage.store._kept)
    await _cursor(stage, caller="one")
    ones = set(stage.store._kept) - before
    await _cursor(stage, caller="two")
    assert set(stage.store._kept) - before > ones


async def test_without_the_store_there_is_no_next_page(stage: Any) -> None:
    """A store that is down costs the cursor, not the answer; and a cursor is expired while it is down."""
    cursor = await _cursor(stage)
    stage.store.broken = True
    answer = await stage.ask("n:t:a", budget=THREE)
    assert (len(answer.page.records.nodes), answer.next_cursor, answer.store_down) == (3, None, True)
    assert (answer.complete, answer.truncated) == (False, ("max_nodes",))
    with pytest.raises(ExpiredCursorError):
        await _page(stage, cursor)
    stage.store.broken = False
    assert await _page(stage, cursor)


async def test_the_same_cursor_gives_the_same_page_again(stage: Any) -> None:
    """One after the other or at once; and each of the two goes on to the same end."""
    cursor = await _cursor(stage)
    pages = await asyncio.gather(*(_page(stage, cursor) for _ in range(3)))
    pages.append(await _page(stage, cursor))
    assert [_content(page) for page in pages] == [_content(pages[0])] * 4
    wholes = []
    for page in pages:
        folding = Folding()
        folding.take(await _page(stage))
        folding.take(page)
        while folding.cursor is not None:
            folding.take(await _page(stage, folding.cursor))
        wholes.append(folding.whole)
    assert len(wholes[0]["nodes"]) == 9
    assert wholes == [wholes[0]] * 4


async def test_a_refused_credential_opens_nothing(make_stage: Any) -> None:
    """Once the upstream has said no to a token, what it fetched before is not shown to it any more."""
    stage = make_stage()
    site = stage.source("s1", "n", by_caller=True)
    _star(site)
    cursors = {token: await _cursor(stage, as_=token) for token in ("one", "two")}
    stage.clock.passed += 1
    site.refused.add("one")
    answer = await stage.ask("n:t:q", as_="one", require=Require.NONE)
    assert answer.reports[0].outcome == "denied"
    with pytest.raises(ExpiredCursorError, match="credential"):
        await _page(stage, cursors["one"], as_="one")
    assert await _page(stage, cursors["two"], as_="two")


@pytest.mark.parametrize("change", ["removed", "renamed", "moved", "added"])
async def test_other_sources_end_it(stage: Any, change: str) -> None:
    """After a restart with other settings no answer goes on with what other sources have said."""
    other = stage.source("s2", "n", scope=(("base_url", "one"),))
    other.line("n:t:a", "n:t:z")
    cursor = await _cursor(stage)
    if change == "added":
        stage.source("s3", "n")
    else:
        stage.sources.pop()
        if change == "renamed":
            stage.source("s9", "n", scope=(("base_url", "one"),))
        elif change == "moved":
            stage.source("s2", "n", scope=(("base_url", "two"),))
    with pytest.raises((InvalidCursorError, ExpiredCursorError)):
        await _page(stage, cursor)


def _rotating(stage: Any, ask: Any, *, rotation: Sequence[tuple[str, ...]]) -> Any:
    """Give what asks for each page under the next of these keys, the last ones standing."""
    turns = iter(rotation)

    async def page(cursor: str | None) -> Json:
        if (keys := next(turns, None)) is not None:
            stage.turn_keys(*keys)
        answer: Json = await ask(cursor)
        return answer

    return page


# Each key in its time: the first page's is listed until a page has been sealed under the next one.
ROTATIONS = (
    [("old",), ("new", "old")],
    [("old",), ("new", "old"), ("new",)],
    [("old",), ("new", "other", "old"), ("other", "new"), ("other",)],
    [("old", "new"), ("new", "old"), ("old", "new"), ("new", "old")],
)


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("token", [None, "one"])
async def test_an_answer_goes_on_when_the_keys_change(
    make_stage: Any, rotation: list[tuple[str, ...]], token: str | None
) -> None:
    """Whatever key opens it: all pages are the answer at once, nothing comes twice or is asked twice."""
    stage = make_stage()
    site = stage.source("s1", "n", by_caller=token is not None)
    _star(site)
    asked = {"as_": token, "caller": "dashboard", "budget": Budget(max_nodes=2)}
    whole = Folding()
    whole.take(await _page(stage, **(asked | {"budget": Budget()})))
    site.asked()
    page = _rotating(stage, lambda cursor: _page(stage, cursor, **asked), rotation=rotation)
    folding = await follow_slowly(page, most=9)
    assert len(folding.pages) >= len(rotation)
    assert (folding.complete, folding.whole) == (True, whole.whole)
    assert site.asked() == ["n:t:a"]


async def test_what_is_kept_apart_is_told_when_the_keys_change(make_stage: Any) -> None:
    """What a page still owes of its nodes is lost with the old partition, and asked again of the source."""
    stage = make_stage()
    site = stage.source("s1", "n", by_caller=True)
    _star(site)
    for key in "abcdefghi":
        site.labels[f"n:t:{key}"] = f"the label of {key} " * 60
    whole = Folding()
    whole.take(await _page(stage, budget=Budget(), as_="one"))
    stage.turn_keys("old")
    await _page(stage, budget=Budget(), as_="one")
    page = _rotating(stage, lambda cursor: _page(stage, cursor, as_="one"), rotation=ROTATIONS[1])
    folding = await follow_slowly(page, most=9)
    assert (folding.complete, folding.whole) == (True, whole.whole)


async def test_a_change_of_keys_opens_nothing_to_others(make_stage: Any) -> None:
    """Under an older key as well a cursor is of one caller, one credential and one question."""
    stage = make_stage()
    _star(stage.source("s1", "n", by_caller=True))
    cursor = await _cursor(stage, as_="one", caller="dashboard")
    stage.turn_keys("a new key", "a key for tests")
    for other in ({"as_": "two"}, {"as_": {}}, {"caller": "notebook"}, {"hops": 2}):
        with pytest.raises(InvalidCursorError):
            await _page(stage, cursor, **({"as_": "one", "caller": "dashboard"} | other))
    assert await _page(stage, cursor, as_="one", caller="dashboard")


async def test_a_refusal_from_before_a_change_of_keys_closes_it(make_stage: Any) -> None:
    """Who was refused under the old key is not shown by the new one what it fetched before."""
    stage = make_stage()
    site = stage.source("s1", "n", by_caller=True)
    _star(site)
    cursor = await _cursor(stage, as_="one")
    site.refused.add("one")
    await stage.ask("n:t:q", as_="one", require=Require.NONE)
    stage.turn_keys("a new key", "a key for tests")
    stage.revoked = Revoked()
    with pytest.raises(ExpiredCursorError, match="credential"):
        await _page(stage, cursor, as_="one")
