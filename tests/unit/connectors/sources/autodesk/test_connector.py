"""The connector as the service sees it: its data sheet, and questions walked to their end."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import Connector, Filter, Pace, Want
from connectors.model import Address, NodeId, Outcome, Relation, parse_address
from connectors.sources.autodesk import PLUGIN
from connectors.sources.autodesk.connector import AutodeskConnector
from connectors.walk import Finding, Walk
from connectors.wire import Aspect, Call, Reply

ONE = "f0f4f36a-ac64-687f-b132-8efe04b22454"
TWO = "0e1c5f6a-1111-2222-3333-8efe04b22454"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Make = Callable[..., AutodeskConnector]
Row = dict[str, Any]


def _node(key: str, *, container: str = ONE) -> NodeId:
    return NodeId("autodesk-a", container, "t", key)


def _row(number: int, one: NodeId, other: NodeId) -> Row:
    ends = [{"domain": end.namespace, "type": end.type, "id": end.key} for end in (one, other)]
    return {"id": f"00000000-0000-0000-0000-{number:012x}", "entities": ends}


def _walk(connector: Connector, asked: list[Address], answer: Callable[[Call], Reply]) -> tuple[Finding, ...]:
    walk = Walk(connector, asked, Want())
    waiting = list(walk.start())
    while waiting and not walk.stopped:
        call = waiting.pop(0)
        reply = answer(call)
        waiting.extend(walk.absorb(call, reply, connector.judge(call, reply)))
    return walk.finish(now=NOW)


def _reply(body: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, received_at=NOW, body=json.dumps(body).encode())


def test_the_data_sheet_says_what_the_service_is(make_connector: Make) -> None:
    """Kind, namespaces, the one relation, pace, batches and what depends on the caller."""
    spec = make_connector(region="EMEA", base_url="https://proxy.test/aps/", ttl="1m").spec
    assert spec.kind == PLUGIN.kind == "autodesk"
    assert spec.namespaces == ("autodesk", "autodesk-*")
    assert spec.relations == (Relation("related_to", directed=False),)
    assert spec.scope == (("base_url", "https://proxy.test/aps"), ("region", "EMEA"))
    assert spec.batch_size == 20
    assert (spec.selects, spec.describes, spec.both_ends_list) == (True, False, True)
    assert spec.pace == Pace(requests_per_minute=120)
    assert spec.freshness.ttl == timedelta(minutes=1)
    assert spec.caller_relative == {"is_read_only"}


@pytest.mark.parametrize("containers", [[TWO, ONE], "any"])
def test_the_examples_are_canonical_and_can_be_asked(make_connector: Make, containers: Any) -> None:
    """They carry the first container that is configured, or the documentation's."""
    connector = make_connector(containers=containers)
    assert len(connector.spec.examples) == 4
    for text in connector.spec.examples:
        address = parse_address(text)
        assert address.tenant == (ONE if containers == "any" else TWO)
        assert list(connector.claim(address)) == [address]
        assert connector.accepts(address)
        assert connector.ask([address], Want())


@pytest.mark.parametrize(("region", "sent"), [("EMEA", [("x-ads-region", "EMEA")]), (None, [])])
def test_a_region_that_is_set_goes_with_every_call(
    make_connector: Make, region: Any, sent: list[Any]
) -> None:
    """Searches and intersections carry it, and neither does when none is set."""
    connector = make_connector(region=region)
    for asked in ([_node("1")], [_node("1"), _node("2")]):
        for call in connector.ask(asked, Want()):
            assert [pair for pair in call.headers if pair[0] == "x-ads-region"] == sent


def test_several_nodes_are_intersected_container_by_container(make_connector: Make) -> None:
    """One call for each container, doubles once; a selection among them is searched by itself."""
    connector = make_connector(containers=[ONE, TWO], page_limit=50)
    members = parse_address(f"autodesk-a@{TWO}:t")
    asked = [_node("1"), _node("2", container=TWO), members, _node("3"), _node("1")]
    calls = connector.ask(asked, Want())
    assert [(call.method, call.nodes) for call in calls] == [
        ("GET", (members,)),
        ("POST", (_node("1"), _node("3"))),
        ("POST", (_node("2", container=TWO),)),
    ]
    assert all(("pageLimit", "50") in call.query for call in calls)
    assert all(f"/containers/{call.nodes[0].tenant}/" in call.path for call in calls)


def test_without_intersect_every_node_is_searched(make_connector: Make) -> None:
    """Batches are one node, and should several come, each has its own search with the whole filter."""
    connector = make_connector(intersect=False)
    assert connector.spec.batch_size == 1
    wanted = Filter(created_after=NOW)
    calls = connector.ask([_node("1"), _node("2")], Want(filter=wanted))
    assert [call.method for call in calls] == ["GET", "GET"]
    assert all(("createdAfter", "2026-01-02T03:04:05Z") in call.query for call in calls)
    assert connector.pushed(_node("1"), wanted, batched=True) == wanted


def test_creation_times_are_pushed_for_one_and_not_for_several(make_connector: Make) -> None:
    """A search takes them, an intersection does not; a selection is always searched."""
    connector = make_connector()
    wanted = Filter(created_after=NOW, created_before=NOW + timedelta(days=1))
    assert connector.pushed(_node("1"), wanted, batched=False) == wanted
    assert connector.pushed(_node("1"), wanted, batched=True) == Filter()
    assert connector.pushed(parse_address(f"autodesk-a@{ONE}"), wanted, batched=True) == wanted


def test_nothing_else_is_known_of_a_node(make_connector: Make) -> None:
    """The service describes nothing, has no second name for a node, and needs to resolve none."""
    connector = make_connector()
    assert connector.ask([_node("1")], Want(aspect=Aspect.DESCRIPTION)) == ()
    assert connector.aliases(_node("1")) == ()
    assert connector.unresolved(_node("1")) is False


def test_asking_twice_gives_the_same_calls(make_connector: Make) -> None:
    """`ask` is pure, and no call or repr of the connector holds a credential."""
    connector = make_connector()
    asked = [_node("ü/?#{}"), _node("2")]
    assert connector.ask(asked, Want()) == connector.ask(asked, Want())
    assert "canary" not in f"{connector!r}{connector.ask(asked, Want())!r}"


def test_a_listing_is_walked_to_its_last_page(make_connector: Make) -> None:
    """Pages follow their tokens, and each node of a batch finds its own edges."""
    one, two, three = _node("1"), _node("2"), _node("3")

    def answer(call: Call) -> Reply:
        if "continuationToken" in dict(call.query):
            return _reply({"page": {"syncToken": "s"}, "relationships": [_row(2, two, three)]})
        return _reply({"page": {"continuationToken": "1"}, "relationships": [_row(1, one, three)]})

    first, second = _walk(make_connector(), [one, two], answer)
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
    assert [edge.object for edge in first.listing.edges] == [three]
    assert [edge.subject for edge in second.listing.edges] == [two]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.DENIED),
        (403, Outcome.DENIED),
        (404, Outcome.ABSENT),
        (429, Outcome.THROTTLED),
        (500, Outcome.UNAVAILABLE),
        (400, Outcome.BROKEN),
        (200, Outcome.BROKEN),
    ],
)
def test_each_trouble_has_its_own_word(make_connector: Make, status: int, outcome: Outcome) -> None:
    """An unknown container may be a 403 or a 404; both are told as what they are."""
    (finding,) = _walk(make_connector(), [_node("1")], lambda _: _reply({}, status=status))
    assert finding.outcome is outcome
    assert finding.listing.edges == ()


def test_a_page_lost_in_the_middle_is_no_absence(make_connector: Make) -> None:
    """A 404 for a later page breaks the listing and keeps what was read."""

    def answer(call: Call) -> Reply:
        if not call.opening:
            return _reply({}, status=404)
        return _reply(
            {"page": {"continuationToken": "1"}, "relationships": [_row(1, _node("1"), _node("2"))]}
        )

    (finding,) = _walk(make_connector(), [_node("1")], answer)
    assert finding.outcome is Outcome.BROKEN
    assert len(finding.listing.edges) == 1
