"""Every field of the canonical request keeps answers apart, through the real service, store and upstreams.

Defect 8 (a key that leaves an input out) hunted by property: two requests that differ in one field.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.board import Board
from harness.inside import Inside
from harness.process import Process, start_sandbox
from harness.settings import CONTAINER, autodesk, threatwinds
from harness.store import Store
from harness.telling import Told, bearing, told

SECOND = "0d8e7b64-2f1c-4c3a-9b5e-7a6f10c2d3e4"
ASSET = "asset", "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0"
HUB = "asset", "c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"
ISSUE = "issue", "bd17903c-7d3b-4e56-a79f-4cea00d430db"

# By field of the canonical request, the values it takes here. All of them get a successful answer.
AUTODESK: dict[str, list[Any]] = {
    "source": ["acc", "site"],
    "base_url": ["127.0.0.1", "localhost"],
    "region": [None, "US"],
    "tenant": [CONTAINER, SECOND],
    "credential": ["sandbox-bearer-of-ines", "another-bearer-of-ines", "bearer-of-marc"],
    "node": [ASSET, HUB, ISSUE],
    "filter": [
        {},
        {"deleted": "include"},
        {"deleted": "only"},
        {"created_after": "2020-01-01T00:00:00Z"},
        {"created_after": "2020-01-01T00:00:01Z"},
        {"created_before": "2022-01-01T00:00:00Z"},
        {"with_namespace": "autodesk-bim360-documentmanagement"},
        {"with_namespace": "autodesk-bim360-documentmanagement", "with_type": "documentlineage"},
        {"with_namespace": "autodesk-construction-photo"},
    ],
}
THREATWINDS: dict[str, list[Any]] = {
    "source": ["threatwinds", "feed"],
    "base_url": ["127.0.0.1", "localhost"],
    "groups": ["global", "quantfall"],
    "dialect": ["2023", "2025", "2026"],
    "sort": [None, "lastSeen"],
    "credential": ["sandbox-demo-token", "sandbox-quantfall-token"],
    "node": [
        "observable:domain:acescency.com",
        "threatwinds:threat:expansion on 123@123.com",
        "threatwinds:threat:tax season phishing wave",
    ],
}
Fields = dict[str, Any]
KEYS = ["a secret key of all applications here"]


@st.composite
def pairs(draw: st.DrawFn, values: dict[str, list[Any]], *, name: str) -> tuple[Fields, Fields]:
    """Draw a request, and the same request but for the field called `name`."""
    one = {field: draw(st.sampled_from(choices)) for field, choices in values.items()}
    if name == "groups":
        # In the later dialects a client cannot name groups: there they are no part of the question.
        one["dialect"] = "2023"
    other = draw(st.sampled_from([value for value in values[name] if value != one[name]]))
    return one, one | {name: other}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Run one store under all applications."""
    with Store() as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Process]:
    """Run an Autodesk sandbox where two people have three tokens between them."""
    process = start_sandbox("autodesk")
    people = {
        "another-bearer-of-ines": {"user": "ines", "containers": [CONTAINER, SECOND]},
        "bearer-of-marc": {"user": "marc", "containers": [CONTAINER, SECOND]},
    }
    Board(process.url).turn(requests_per_minute=None, accounts=people)
    yield process
    process.end()


@pytest.fixture(scope="module")
def feed() -> Iterator[Process]:
    """Run a ThreatWinds sandbox."""
    process = start_sandbox("threatwinds")
    yield process
    process.end()


@pytest.fixture
async def inside(store: Store) -> AsyncIterator[Inside]:
    """Open the applications of one test when they are asked for."""
    async with AsyncExitStack() as stack:
        yield Inside(stack, redis_url=store.url, store_timeout="2s", secret_keys=KEYS)


many = settings(
    max_examples=6,
    deadline=None,  # a first example opens an application
    derandomize=True,
    # The store is emptied by each example.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", sorted(AUTODESK))
@many
@given(data=st.data())
async def test_defect_8_autodesk_requests_that_differ_in_one_field_share_nothing(
    inside: Inside, store: Store, site: Process, name: str, data: st.DataObject
) -> None:
    """Whatever the field: the second is asked upstream; the first, asked again, is not.

    A filter is the one field where a wider listing may answer a narrower question, and then the
    answer is what a fresh one would be.
    """
    one, other = data.draw(pairs(AUTODESK, name=name))
    store.empty()
    assert (await ask_autodesk(inside, site, one)).calls > 0
    second = await ask_autodesk(inside, site, other)
    if name != "filter":
        assert (second.calls > 0, second.cached) == (True, 0)
    else:
        fresh = await ask_autodesk(inside, site, other, max_age="0")
        assert second.read_only == fresh.read_only
    again = await ask_autodesk(inside, site, one)
    assert (again.calls, again.cached) == (0, 1)


@pytest.mark.parametrize("name", sorted(THREATWINDS))
@many
@given(data=st.data())
async def test_defect_8_threatwinds_requests_that_differ_in_one_field_share_nothing(
    inside: Inside, store: Store, feed: Process, name: str, data: st.DataObject
) -> None:
    """Groups and dialect among them: the second is asked upstream; the first, asked again, is not."""
    one, other = data.draw(pairs(THREATWINDS, name=name))
    store.empty()
    assert (await ask_threatwinds(inside, feed, one)).calls > 0
    second = await ask_threatwinds(inside, feed, other)
    assert second.calls > 0
    assert second.cached == 0
    again = await ask_threatwinds(inside, feed, one)
    assert again.calls == 0
    assert again.cached == 2


async def test_a_description_is_no_listing(inside: Inside, feed: Process, store: Store) -> None:
    """What was fetched of the node itself does not stand for its relations, and the other way round."""
    store.empty()
    fields = {name: values[0] for name, values in THREATWINDS.items()}
    described = await ask_threatwinds(inside, feed, fields, hops="0")
    assert (described.calls, described.cached, described.edges) == (1, 0, [])
    listed = await ask_threatwinds(inside, feed, fields)
    assert (listed.calls, listed.cached, len(listed.edges)) == (1, 1, 1)


@pytest.mark.parametrize("narrow", AUTODESK["filter"][1:])
async def test_a_narrow_listing_never_answers_a_wider_question(
    inside: Inside, store: Store, site: Process, narrow: dict[str, str]
) -> None:
    """After a question with a filter that the upstream applied, the one without is asked upstream."""
    store.empty()
    fields = {name: values[0] for name, values in AUTODESK.items()}
    assert (await ask_autodesk(inside, site, fields | {"filter": narrow})).calls == 1
    whole = await ask_autodesk(inside, site, fields)
    assert (whole.calls, whole.cached) == (1, 0)
    assert whole.read_only == (await ask_autodesk(inside, site, fields, max_age="0")).read_only


async def test_another_secret_key_shares_nothing(store: Store, site: Process) -> None:
    """A service with another first secret key on the same store finds nothing of the first one's."""
    store.empty()
    fields = {name: values[0] for name, values in AUTODESK.items()}
    async with AsyncExitStack() as stack:
        for number in "12":
            key = f"secret key number {number}, at least so long"
            inside = Inside(stack, redis_url=store.url, store_timeout="2s", secret_keys=[key])
            first = await ask_autodesk(inside, site, fields)
            assert (first.calls, first.cached) == (1, 0)
            assert (await ask_autodesk(inside, site, fields)).cached == 1


async def ask_autodesk(inside: Inside, site: Process, fields: Fields, **more: str) -> Told:
    """Ask for one hop, as the fields say."""
    url = site.url.replace("127.0.0.1", fields["base_url"])
    containers = [CONTAINER, SECOND]
    table = autodesk(url, credentials="caller", region=fields["region"], containers=containers)
    if fields["region"] is None:
        table.pop("region", None)
    name = fields["source"]
    client = await inside.client(sources={name: table})
    kind, key = fields["node"]
    parameters = {
        "node": f"autodesk-bim360-{kind}@{fields['tenant']}:{kind}:{key}",
        **fields["filter"],
        **more,
    }
    reply = await client.get("/graph", params=parameters, headers=bearing(**{name: fields["credential"]}))
    assert reply.status_code == 200, reply.text
    return told(reply, source=name)


async def ask_threatwinds(inside: Inside, feed: Process, fields: Fields, **more: str) -> Told:
    """Ask for one hop, as the fields say."""
    url = feed.url.replace("127.0.0.1", fields["base_url"])
    changes = {"credentials": "caller", "authorization": None, "sort": fields["sort"]}
    table = threatwinds(url, dialect=fields["dialect"], groups=fields["groups"], **changes)
    name = fields["source"]
    client = await inside.client(sources={name: table})
    reply = await client.get(
        "/graph", params={"node": fields["node"], **more}, headers=bearing(**{name: fields["credential"]})
    )
    assert reply.status_code == 200, reply.text
    return told(reply, source=name)
