"""Questions: the calls, parameter by parameter, and the part of a filter they apply."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Deleted, Filter
from connectors.model import NodeId, parse_address
from connectors.sources.autodesk.question import intersect, push_filter, search

CONTAINER = "f0f4f36a-ac64-687f-b132-8efe04b22454"
PATH = f"/bim360/relationship/v2/containers/{CONTAINER}/relationships"
DOMAIN = f"autodesk-example-domain@{CONTAINER}"
ID = "b1d1e7d4-f0ed-11e9-81b4-2a2ae2dbcce4"
OTHER_ID = "bd17903c-7d3b-4e56-a79f-4cea00d430db"
ISSUES = ("autodesk-bim360-issue",)

UNICODE = st.characters(exclude_categories=["Cs"])
WORDS = st.sampled_from(["autodesk-a", "autodesk-b", "threatwinds", "autodesk-" + "x" * 120, "", "\ud800"])
FILTERS = st.builds(
    Filter,
    deleted=st.sampled_from(Deleted),
    created_after=st.none() | st.datetimes(timezones=st.just(UTC)),
    created_before=st.none() | st.datetimes(timezones=st.just(UTC)),
    with_namespace=st.lists(WORDS, max_size=5).map(tuple),
    with_type=st.lists(WORDS, max_size=6).map(tuple),
    with_key=st.none() | st.text(max_size=3) | st.just("k" * 513),
)


def _query(address: str, filter: Filter | None = None) -> dict[str, str]:
    call = search(parse_address(address), filter or Filter(), headers=(), page_limit=100)
    assert call.method == "GET"
    assert call.path == f"{PATH}:search"
    assert call.body is None
    query = dict(call.query)
    assert query.pop("pageLimit") == "100"
    return query


FIRST_END = {"domain": "autodesk-example-domain", "type": "example-type", "id": ID}
SEMANTICS = [
    (DOMAIN, Filter(), {"domain": "autodesk-example-domain"}),
    (f"{DOMAIN}:example-type", Filter(), {"domain": "autodesk-example-domain", "type": "example-type"}),
    (f"{DOMAIN}:example-type:{ID}", Filter(), FIRST_END),
    (
        f"{DOMAIN}:example-type:{ID}",
        Filter(with_namespace=ISSUES),
        FIRST_END | {"withDomain": "autodesk-bim360-issue"},
    ),
    (
        f"{DOMAIN}:example-type:{ID}",
        Filter(with_namespace=ISSUES, with_type=("issue",)),
        FIRST_END | {"withDomain": "autodesk-bim360-issue", "withType": "issue"},
    ),
    (
        f"{DOMAIN}:example-type:{ID}",
        Filter(with_namespace=ISSUES, with_type=("issue",), with_key=OTHER_ID),
        FIRST_END | {"withDomain": "autodesk-bim360-issue", "withType": "issue", "withId": OTHER_ID},
    ),
]


@pytest.mark.parametrize(("address", "filter", "expected"), SEMANTICS)
def test_the_six_documented_query_forms(address: str, filter: Filter, expected: dict[str, str]) -> None:
    """Each of the six documented query semantics is one search, with these parameters and no others."""
    assert _query(address, filter) == expected


def test_a_whole_container_is_searched_without_a_condition() -> None:
    """The documentation's first example has no query parameter; ours only the page's size."""
    assert _query(f"autodesk@{CONTAINER}") == {}


def test_the_documented_example_with_all_parameters() -> None:
    """The second example is asked as it is written, but for the values that are ours to choose."""
    documented = (
        "domain=autodesk-example-domain&type=example-type&id=b1d1e7d4-f0ed-11e9-81b4-2a2ae2dbcce4"
        "&createdAfter=2015-10-21T16%3a32%3a21Z&createdBefore=2015-10-21T16%3a30%3a45Z"
        "&withDomain=autodesk-bim360-issue&withType=issue&withId=bd17903c-7d3b-4e56-a79f-4cea00d430db"
        "&includeDeleted=True&onlyDeleted=True&pageLimit=134"
    )
    call = search(
        parse_address(f"{DOMAIN}:example-type:{ID}"),
        Filter(
            deleted=Deleted.ONLY,
            created_after=datetime(2015, 10, 21, 16, 32, 21, tzinfo=UTC),
            created_before=datetime(2015, 10, 21, 16, 30, 45, tzinfo=UTC),
            with_namespace=ISSUES,
            with_type=("issue",),
            with_key=OTHER_ID,
        ),
        headers=(),
        page_limit=100,
    )
    spelled = {"includeDeleted": "true", "onlyDeleted": "true", "pageLimit": "100"}
    expected = [(name, spelled.get(name, value)) for name, value in parse_qsl(documented)]
    assert parse_qsl(urlsplit(call.target).query) == expected


@pytest.mark.parametrize(
    ("deleted", "expected"),
    [
        (Deleted.EXCLUDE, {}),
        (Deleted.INCLUDE, {"includeDeleted": "true"}),
        (Deleted.ONLY, {"includeDeleted": "true", "onlyDeleted": "true"}),
    ],
)
def test_deleted_relations_are_asked_for_by_name(deleted: Deleted, expected: dict[str, str]) -> None:
    """Search and intersect take the same two flags, and onlyDeleted never goes alone."""
    node = parse_address(f"{DOMAIN}:t:1")
    assert isinstance(node, NodeId)
    assert _query(f"{DOMAIN}", Filter(deleted=deleted)) == expected | {"domain": "autodesk-example-domain"}
    call = intersect([node], Filter(deleted=deleted), headers=(), page_limit=7)
    assert dict(call.query) == expected | {"pageLimit": "7"}


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (Filter(with_type=("issue",)), {}),
        (Filter(with_key=OTHER_ID), {}),
        (Filter(with_namespace=("threatwinds",)), {}),
        (Filter(with_namespace=("autodesk-a", "autodesk-b"), with_type=("t",)), {}),
        (Filter(with_namespace=ISSUES, with_key=OTHER_ID), {"withDomain": ISSUES[0]}),
        (Filter(with_namespace=ISSUES, with_type=("a", "b"), with_key="1"), {"withDomain": ISSUES[0]}),
        (
            Filter(with_namespace=ISSUES, with_type=("a",), with_key="k" * 513),
            {"withDomain": ISSUES[0], "withType": "a"},
        ),
        (
            Filter(with_namespace=ISSUES, with_type=("a",), with_key="\ud800"),
            {"withDomain": ISSUES[0], "withType": "a"},
        ),
    ],
)
def test_a_search_tells_only_one_other_end_from_its_domain_down(
    filter: Filter, expected: dict[str, str]
) -> None:
    """Several values, a part without the one above it, or what cannot be said are left to the asker."""
    assert _query(f"{DOMAIN}:t", filter) == expected | {"domain": "autodesk-example-domain", "type": "t"}


def test_a_whole_container_has_no_other_end() -> None:
    """Where no first end is described, none is described as the other."""
    assert _query(f"autodesk@{CONTAINER}", Filter(with_namespace=ISSUES, with_type=("issue",))) == {}


def _nodes(*keys: str) -> list[NodeId]:
    return [NodeId("autodesk-a", CONTAINER, "t", key) for key in keys]


def test_several_nodes_are_one_intersection() -> None:
    """The body lists them whole, in the order asked; no creation time is told."""
    late = Filter(created_after=datetime(2020, 1, 1, tzinfo=UTC))
    call = intersect(_nodes("2", "1"), late, headers=(("accept", "application/json"),), page_limit=100)
    assert (call.method, call.path) == ("POST", f"{PATH}:intersect")
    assert call.query == (("pageLimit", "100"),)
    assert call.headers == (("accept", "application/json"), ("content-type", "application/json"))
    assert call.body == (
        b'{"entities":[{"domain":"autodesk-a","type":"t","id":"2"},{"domain":"autodesk-a","type":"t","id":"1"}]}'
    )
    assert call.nodes == tuple(_nodes("2", "1"))


def _with_entities(**parts: Any) -> Any:
    call = intersect(_nodes("1", "2"), Filter(**parts), headers=(), page_limit=100)
    assert call.body is not None
    return json.loads(call.body).get("withEntities")


def test_an_intersection_tells_every_combination_of_the_other_end() -> None:
    """Two domains with two types each are four descriptions, each with the key."""
    assert _with_entities(
        with_namespace=("autodesk-a", "autodesk-b"), with_type=("t", "u"), with_key="1"
    ) == [
        {"domain": "autodesk-a", "type": "t", "id": "1"},
        {"domain": "autodesk-a", "type": "u", "id": "1"},
        {"domain": "autodesk-b", "type": "t", "id": "1"},
        {"domain": "autodesk-b", "type": "u", "id": "1"},
    ]


def test_an_intersection_tells_at_most_twenty() -> None:
    """Past twenty descriptions it says less: domains without types, or nothing."""
    many = tuple(f"autodesk-{number}" for number in range(20))
    assert len(_with_entities(with_namespace=many, with_type=("t",))) == 20
    assert _with_entities(with_namespace=many, with_type=("t", "u"))[0] == {"domain": "autodesk-0"}
    assert _with_entities(with_namespace=(*many, "autodesk-20")) is None


@given(
    filter=FILTERS,
    address=st.sampled_from([f"autodesk@{CONTAINER}", DOMAIN, f"{DOMAIN}:t:1"]),
    batched=st.booleans(),
)
def test_what_is_pushed_never_asks_for_more_than_the_filter(
    *, filter: Filter, address: str, batched: bool
) -> None:
    """Every part is either the filter's own or no condition, so no wanted relation is lost."""
    pushed = push_filter(filter, address=parse_address(address), intersected=batched)
    default = Filter()
    assert pushed.deleted is filter.deleted
    for name in ("created_after", "created_before", "with_namespace", "with_type", "with_key"):
        assert getattr(pushed, name) in (getattr(filter, name), getattr(default, name))
    assert push_filter(pushed, address=parse_address(address), intersected=batched) == pushed


@given(filter=FILTERS, ends=st.lists(st.tuples(WORDS, WORDS, st.text(UNICODE, max_size=2)), max_size=4))
def test_an_intersection_describes_every_end_that_is_wanted(
    filter: Filter, ends: Sequence[tuple[str, str, str]]
) -> None:
    """Whatever end fits what was pushed, one of the descriptions fits it."""
    call = intersect(_nodes("1", "2"), filter, headers=(), page_limit=100)
    pushed = push_filter(filter, address=_nodes("1")[0], intersected=True)
    assert call.body is not None
    described = json.loads(call.body).get("withEntities", [{}])
    assert 1 <= len(described) <= 20
    for domain, type_, key in ends:
        end = {"domain": domain, "type": type_, "id": key}
        wanted = (
            (not pushed.with_namespace or domain in pushed.with_namespace)
            and (not pushed.with_type or type_ in pushed.with_type)
            and (pushed.with_key is None or key == pushed.with_key)
        )
        assert wanted is any(part.items() <= end.items() for part in described)


@given(key=st.text(UNICODE, min_size=1, max_size=512))
def test_any_key_survives_query_and_body(key: str) -> None:
    """What the service reads from the URL or from the body is the key, to the character."""
    node = _nodes(key)[0]
    target = search(node, Filter(), headers=(), page_limit=100).target
    assert target.isascii()
    sent = parse_qsl(urlsplit(f"https://host.test{target}").query, strict_parsing=True)
    assert dict(sent)["id"] == key
    body = intersect([node, replace(node, key="1")], Filter(), headers=(), page_limit=100).body
    assert body is not None
    assert json.loads(body)["entities"][0]["id"] == key
