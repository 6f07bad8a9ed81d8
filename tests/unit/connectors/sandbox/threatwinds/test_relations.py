"""GET /api/search/v1/entity/{id}/relations: rows, pages, order, filters and quirks."""

import json
from typing import Any

import pytest

from connectors.sandbox.threatwinds.account import QUANTFALL_TOKEN

EXAMPLE = "domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"
THREAT = "threat-d8257cec79ed8b20c32decd305c1692391c185ab13d52b3495ea486df5385b27"
# Source: "Get Relations by entity id", the reply to the example call.
DOCUMENTED_REPLY = {
    "pages": 1,
    "items": 1,
    "results": [
        {
            "@timestamp": "2023-04-13T06:49:43.218143362Z",
            "accuracy": 1,
            "attributes": {"threat": "expansion on 123@123.com"},
            "id": THREAT,
            "reputation": -2,
            "tags": None,
            "type": "threat",
        }
    ],
}


def hub_of(world: Any, size: int) -> str:
    """Return the hub with so many neighbors."""
    return str(next(hub for hub, count in world["landmarks"]["hubs"].items() if count == size))


def ids(reply: Any) -> list[str]:
    """Return the native ids of a reply's rows."""
    return [row["id"] for row in reply.json()["results"]]


async def test_the_documented_call_gets_the_documented_reply(ask: Any) -> None:
    """To the letter: status 202 and the one row."""
    reply = await ask(EXAMPLE)
    assert (reply.status_code, reply.json()) == (202, DOCUMENTED_REPLY)
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("dialect", "page_base"), [("2023", 0), ("2025", 1), ("2026", 1)])
async def test_all_pages_together_are_all_neighbors_newest_first(
    ask: Any, turn: Any, world: Any, dialect: str, page_base: int
) -> None:
    """From the dialect's first page on, nothing is lost or repeated, and the totals are told."""
    await turn(dialect=dialect)
    hub = hub_of(world, 250)
    replies = [await ask(hub, limit=60, page=page_base + number) for number in range(5)]
    assert [len(reply.json()["results"]) for reply in replies] == [60, 60, 60, 60, 10]
    assert all((reply.json()["pages"], reply.json()["items"]) == (5, 250) for reply in replies)
    found = [row for reply in replies for row in reply.json()["results"]]
    related = {other for subject, other in world["relations"] if subject == hub}
    assert {row["id"] for row in found} == related
    stamps = [row["@timestamp"][:19] for row in found]
    assert stamps == sorted(stamps, reverse=True)


async def test_the_default_page_is_ten_rows(ask: Any, world: Any) -> None:
    """Without parameters: limit 10 and the dialect's first page."""
    hub = hub_of(world, 2000)
    reply = await ask(hub)
    assert (len(ids(reply)), reply.json()["pages"], reply.json()["items"]) == (10, 200, 2000)
    assert ids(reply) == ids(await ask(hub, page=0, limit=10))


async def test_sorting_is_stable_by_id(ask: Any, world: Any) -> None:
    """Equal values are told apart by id, ascending by default, whichever way the field goes."""
    hub = hub_of(world, 320)
    rows = (await ask(hub, limit=1000, sort="reputation")).json()["results"]
    assert rows == sorted(rows, key=lambda row: (row["reputation"], row["id"]))
    rows = (await ask(hub, limit=1000, sort="type.keyword", order="desc")).json()["results"]
    by_id = sorted(rows, key=lambda row: row["id"])
    assert rows == sorted(by_id, key=lambda row: row["type"], reverse=True)
    rows = (await ask(hub, limit=1000, sort="attributes.domain.keyword")).json()["results"]
    assert [row["type"] for row in rows].index("md5") > 0
    told = [row["attributes"]["domain"] for row in rows if "domain" in row["attributes"]]
    assert told == sorted(told)


async def test_order_without_sort_is_by_time(ask: Any, world: Any) -> None:
    """Oldest first when asked for."""
    rows = (await ask(hub_of(world, 200), limit=200, order="asc")).json()["results"]
    stamps = [row["@timestamp"][:19] for row in rows]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "ten"}, {"limit": "-1"}, {"limit": "0"}, {"limit": ""}, {"limit": "1_0"}, {"page": "x"},
        {"page": "-1"}, {"page": "1.5"}, {"order": "up"}, {"sort": "type"}, {"sort": "nothing"},
        {"limit": "1000", "page": "10"},
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_400(ask: Any, query: dict[str, str]) -> None:
    """Parameters that make no page are refused in the words of 2023."""
    reply = await ask(EXAMPLE, **query)
    assert reply.status_code == 400
    assert set(reply.json()) == {"uuid", "error"}


async def test_past_the_window_the_engines_own_error_is_relayed(ask: Any, world: Any) -> None:
    """Ten thousand rows can be read, the next page is 400 with the engine's JSON inside the text."""
    giant = world["giant"]["id"]
    last = await ask(giant, limit=1000, page=9)
    assert (last.json()["items"], last.json()["pages"], len(ids(last))) == (10_000, 10, 1000)
    refused = await ask(giant, limit=1000, page=10)
    cause = json.loads(refused.json()["error"])["error"]["root_cause"][0]
    assert (refused.status_code, cause["type"]) == (400, "illegal_argument_exception")
    assert "[11000]" in cause["reason"]


async def test_the_giant_is_a_component_of_its_own(ask: Any, turn: Any, world: Any) -> None:
    """Its neighbors lead back to it alone; switched off, none of them is there."""
    giant = world["giant"]["id"]
    (first, *_) = ids(await ask(giant))
    assert ids(await ask(first)) == [giant]
    await turn(giant=False)
    assert (await ask(giant)).status_code == (await ask(first)).status_code == 404


async def test_a_limit_over_the_maximum(ask: Any, turn: Any, world: Any) -> None:
    """It is clamped, or refused if so switched."""
    hub = hub_of(world, 2000)
    clamped = await ask(hub, limit=5000)
    assert (len(ids(clamped)), clamped.json()["pages"]) == (1000, 2)
    await turn(over_limit="reject", max_limit=50)
    assert ((await ask(hub, limit=51)).status_code, (await ask(hub, limit=50)).status_code) == (400, 202)


async def test_page_zero_of_a_server_that_counts_from_one(ask: Any, turn: Any, world: Any) -> None:
    """Refused, unless switched to mean the first page."""
    hub = hub_of(world, 200)
    await turn(page_base=1)
    assert (await ask(hub, page=0)).status_code == 400
    await turn(page_zero_is_one=True)
    assert ids(await ask(hub, page=0)) == ids(await ask(hub, page=1)) == ids(await ask(hub))


async def test_past_the_end(ask: Any, turn: Any) -> None:
    """An empty list with unchanged totals, or the dialect's absent."""
    reply = await ask(EXAMPLE, page=1)
    assert reply.json() == {"pages": 1, "items": 1, "results": []}
    await turn(past_end="absent", dialect="2026")
    assert ((await ask(EXAMPLE, page=2)).status_code, (await ask(EXAMPLE)).status_code) == (404, 200)


async def test_an_island_has_an_empty_list(ask: Any, turn: Any, world: Any) -> None:
    """A known entity without neighbors is not absent, unless so switched."""
    island = world["landmarks"]["islands"][0]
    reply = await ask(island)
    assert (reply.status_code, reply.json()) == (202, {"pages": 0, "items": 0, "results": []})
    await turn(without_neighbors="absent")
    assert (await ask(island)).status_code == 404


async def test_rows_for_a_group_are_shown_to_that_group(ask: Any) -> None:
    """The threat's adversary is quantfall's secret; naming other groups never widens the view."""
    public = set(ids(await ask(THREAT)))
    (secret,) = set(ids(await ask(THREAT, token=QUANTFALL_TOKEN))) - public
    assert secret.startswith("adversary-")
    assert (await ask(secret)).status_code == 404
    assert (await ask(secret, tail="")).status_code == 404
    assert set(ids(await ask(THREAT, token=QUANTFALL_TOKEN, groups="global"))) == public
    as_header = await ask(THREAT, token=QUANTFALL_TOKEN, headers={"groups": "public"})
    assert set(ids(as_header)) == public
    assert set(ids(await ask(THREAT, groups="global,quantfall"))) == public
    assert (await ask(THREAT, groups="quantfall")).status_code == 404


async def test_groups_are_the_gateways_since_2025(ask: Any, turn: Any) -> None:
    """What a client sends is overwritten with its own groups."""
    await turn(dialect="2025")
    narrowed = await ask(THREAT, token=QUANTFALL_TOKEN, groups="public")
    assert ids(narrowed) == ids(await ask(THREAT, token=QUANTFALL_TOKEN))


async def test_types_filter_since_2025(ask: Any, turn: Any) -> None:
    """The 2023 upstream has never heard of `types`."""
    assert len(ids(await ask(THREAT, types="ip,malware"))) == 8
    await turn(dialect="2026")
    rows = (await ask(THREAT, types="ip,malware")).json()["results"]
    assert {row["type"] for row in rows} == {"ip", "malware"}


async def test_directions(ask: Any, turn: Any) -> None:
    """Told both ways by default; switched to `out`, only where a relation starts."""
    assert EXAMPLE in ids(await ask(THREAT))
    await turn(directions="out")
    assert EXAMPLE not in ids(await ask(THREAT))
    assert ids(await ask(EXAMPLE)) == [THREAT]


async def test_shapes_of_a_reply(ask: Any, turn: Any, world: Any) -> None:
    """The list's name, numbers as text, and the status can be turned."""
    await turn(list_name="result", numbers_as_strings=True, success_status=206)
    reply = await ask(EXAMPLE)
    assert (reply.status_code, reply.json()["pages"], reply.json()["items"]) == (206, "1", "1")
    (row,) = reply.json()["result"]
    assert (row["accuracy"], row["reputation"]) == ("1", "-2")


@pytest.mark.parametrize(("form", "shapes"), [("null", {type(None)}), ("list", {list}), ("absent", {str})])
async def test_tags_can_be_told_in_one_form(ask: Any, turn: Any, form: str, shapes: set[type]) -> None:
    """Null, a list or no field for every row alike."""
    await turn(tags_form=form)
    assert {type(row.get("tags", "absent")) for row in (await ask(THREAT)).json()["results"]} == shapes


async def test_shrinking_loses_a_row_between_pages(ask: Any, turn: Any, world: Any) -> None:
    """A client that adds up pages misses what slid over the edge, and the totals fall."""
    hub = hub_of(world, 200)
    whole = ids(await ask(hub, limit=200))
    await turn(shrinking=True)
    pages = [await ask(hub, limit=50, page=number) for number in range(4)]
    assert [page.json()["items"] for page in pages] == [200, 199, 198, 197]
    seen = [row for page in pages for row in ids(page)]
    assert [row for row in whole if row not in seen] == [whole[50], whole[101], whole[152]]


async def test_duplicated_rows_come_twice(ask: Any, turn: Any, world: Any) -> None:
    """Within a page and across two, nothing being lost."""
    hub = hub_of(world, 200)
    whole = ids(await ask(hub, limit=200))
    await turn(duplicated_rows=True)
    pages = [ids(await ask(hub, limit=100, page=number)) for number in range(2)]
    assert pages == [[*whole[:100], whole[99]], [whole[99], *whole[100:], whole[199]]]


async def test_endless_pages(ask: Any, client: Any, world: Any) -> None:
    """Under the fault every page tells of a further one; with same_token all are the first."""
    first = ids(await ask(THREAT))
    await client.put("/_sandbox/faults", json=[{"endless_pages": True}])
    reply = await ask(THREAT, page=5000)
    assert (reply.json()["pages"], reply.json()["items"], len(ids(reply))) == (5002, 50_020, 8)
    await client.put("/_sandbox/faults", json=[{"same_token": True}])
    assert ids(await ask(THREAT, page=7)) == first
