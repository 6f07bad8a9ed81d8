"""How a list goes on, whichever number its first page has."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Connector, Want
from connectors.model import Outcome, parse_address
from connectors.sources.threatwinds.slices import WINDOW, following, is_beyond
from connectors.walk import Finding, Walk
from connectors.wire import Aspect, Call, Reply

Build = Callable[..., Connector]
ASKED = parse_address("threatwinds:threat:expansion on 123@123.com")
OPENING = Call("GET", "/x", (ASKED,), query=(("limit", "10"),))


def crawl(
    connector: Connector,
    reply: Callable[..., Reply],
    rows: list[Any],
    *,
    base: int,
    size: int,
    beyond: int = 202,
) -> tuple[Finding, list[int | None]]:
    """Walk a list served by pages of `size` from `base`, latest call first; give the pages asked for."""
    walk = Walk(connector, (ASKED,), Want(Aspect.RELATIONS))
    calls, pages = list(walk.start()), []
    while calls and not walk.stopped:
        call = calls.pop()
        asked = dict(call.query).get("page")
        pages.append(None if asked is None else int(asked))
        # A number below the base is the first page too, as is none.
        number = max(int(asked or base) - base, 0)
        part = rows[number * size : (number + 1) * size]
        if (number + 1) * size > WINDOW:
            answer = reply(status=400)
        elif part or not number:
            answer = reply({"items": len(rows), "results": part})
        else:
            answer = reply({"items": len(rows), "results": []}, status=beyond)
        calls += walk.absorb(call, answer, connector.judge(call, answer))
    (finding,) = walk.finish(now=answer.received_at)
    return finding, pages


@pytest.mark.parametrize("dialect", ["2023", "2025", "2026"])
@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("beyond", [200, 204, 404])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 20])
def test_every_row_is_found_whatever_the_base(
    *,
    build: Build,
    row: Callable[..., Any],
    reply: Callable[..., Reply],
    dialect: str,
    base: int,
    beyond: int,
    count: int,
) -> None:
    """The list is complete in every dialect, and a right guess makes no call too many."""
    rows = [row("threat", str(number)) for number in range(count)]
    finding, pages = crawl(build(dialect=dialect, limit=2), reply, rows, base=base, size=2, beyond=beyond)
    assert finding.outcome is Outcome.OK
    assert len(finding.listing.edges) == finding.listing.total == count
    guessed = base == (0 if dialect == "2023" else 1)
    assert len(pages) == max(1, -(-count // 2)) + (0 if guessed or count <= 2 else 1)
    assert not [page for page, times in Counter(pages).items() if times > 1]


@pytest.mark.parametrize("dialect", ["2023", "2026"])
@pytest.mark.parametrize("base", [0, 1])
def test_a_full_window_is_read_to_its_end(
    build: Build, row: Callable[..., Any], reply: Callable[..., Reply], dialect: str, base: int
) -> None:
    """All 10 000 rows are found, though a wrong guess makes one call the server refuses; and not more."""
    rows = [row("threat", str(number)) for number in range(WINDOW)]
    finding, _ = crawl(build(dialect=dialect, limit=2500), reply, rows, base=base, size=2500)
    assert finding.outcome is Outcome.PARTIAL
    assert finding.listing.capped
    assert len(finding.listing.edges) == WINDOW


def test_a_server_may_show_less_than_asked(
    build: Build, row: Callable[..., Any], reply: Callable[..., Reply]
) -> None:
    """The rows that came are counted, not those asked for."""
    rows = [row("threat", str(number)) for number in range(11)]
    finding, pages = crawl(build(limit=10_000), reply, rows, base=0, size=4)
    assert (finding.outcome, len(finding.listing.edges), sorted(pages[1:])) == (Outcome.OK, 11, [1, 2])


def test_rows_that_come_twice_are_missed_elsewhere(
    build: Build, row: Callable[..., Any], reply: Callable[..., Reply]
) -> None:
    """Fewer different rows than the source tells of are a partial answer."""
    rows = [row("threat", text) for text in "abbc"]
    finding, _ = crawl(build(limit=2), reply, rows, base=0, size=2)
    assert finding.outcome is Outcome.PARTIAL
    assert finding.detail == "the source told of 4 relations and showed 3"


@given(
    items=st.integers(0, 2**63 - 1),
    shown=st.integers(0, 300) | st.just(20_000),
    base=st.sampled_from([0, 1]),
)
@settings(max_examples=60)
def test_no_number_of_items_leads_out_of_the_window(items: int, shown: int, base: int) -> None:
    """However many items are told of, the slices asked for lie within the first 10 000 rows."""
    calls = following(OPENING, ids=[str(number) for number in range(shown)], items=items, base=base)
    numbers = [int(dict(call.query)["page"]) for call in calls]
    assert all((number + 1 - base) * shown <= WINDOW for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert not any(call.opening for call in calls)


def test_repeated_rows_count_once() -> None:
    """A first slice that shows a row twice does not make the pages look longer."""
    calls = following(OPENING, ids=["a", "b", "b"], items=6, base=1)
    assert [dict(call.query)["page"] for call in calls] == ["2", "3"]


@pytest.mark.parametrize("base", [0, 1])
def test_a_row_that_the_only_slice_repeats_is_no_loss(
    build: Build, row: Callable[..., Any], reply: Callable[..., Reply], base: int
) -> None:
    """All that the source tells of is there: nothing more is asked for, and nothing is held back."""
    rows = [row("threat", text) for text in "abb"]
    finding, calls = crawl(build(limit=5), reply, rows, base=base, size=5)
    assert (finding.outcome, len(finding.listing.edges), finding.listing.total) == (Outcome.OK, 2, 2)
    assert len(calls) == 1


def test_only_later_pages_can_lie_beyond() -> None:
    """404 to an opening call is no empty page, and 400 is one only for the page that probes."""
    first, probe = following(OPENING, ids=["a"], items=3, base=1)
    assert not is_beyond(OPENING, status=404)
    assert is_beyond(first, status=404)
    assert is_beyond(first, status=204)
    assert not is_beyond(first, status=400)
    assert is_beyond(probe, status=400)
    assert not is_beyond(probe, status=500)
