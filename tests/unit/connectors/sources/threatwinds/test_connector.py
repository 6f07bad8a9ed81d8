"""The connector as the service sees it."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import Connector, Deleted, Filter, Want
from connectors.credential import Scheme
from connectors.errors import SourceContractError
from connectors.model import NodeId, parse_address
from connectors.sources.threatwinds import PLUGIN
from connectors.wire import Aspect, Reply

Build = Callable[..., Connector]
ID = "domain-59f5e994104053f590acdd1d2d72071669c839a60fc68291110facfa2fd16396"
PATH = f"/api/search/v1/entity/{ID}"


def node(text: str) -> NodeId:
    """Read the address of a node."""
    address = parse_address(text)
    assert isinstance(address, NodeId)
    return address


DOMAIN = node("observable:domain:acescency.com")


def test_the_plugin_takes_both_schemes() -> None:
    """Callers may bring a bearer token or a key pair."""
    assert PLUGIN.kind == "threatwinds"
    assert PLUGIN.caller_schemes == {Scheme.BEARER, Scheme.KEY_PAIR}


def test_the_spec_says_what_this_source_is(build: Build) -> None:
    """One node a call, described, never selected; its examples are addresses it claims."""
    connector = build()
    spec = connector.spec
    assert spec.namespaces == ("threatwinds", "observable")
    assert [(r.name, r.directed) for r in spec.relations] == [("related_to", False)]
    assert (spec.batch_size, spec.describes, spec.selects, spec.mapping_version) == (1, True, False, 1)
    for example in spec.examples:
        assert [str(address) for address in connector.claim(parse_address(example))] == [example]


@pytest.mark.parametrize(
    "other",
    [
        {"base_url": "https://apis.threatwinds.com"},
        {"dialect": "2026"},
        {"groups": "public"},
        {"groups_in": "header"},
        {"groups_in": "none"},
        {"sort": "reputation"},
        {"order": "desc"},
    ],
)
def test_what_changes_answers_is_in_the_scope(build: Build, other: dict[str, Any]) -> None:
    """Everything that may change what the upstream says parts the cache."""
    assert build(**other).spec.scope != build().spec.scope


def test_what_both_ends_list_is_the_operators_word(build: Build) -> None:
    """Nobody documents it, so nobody knows unless the settings say so; what is cached is the same."""
    promising = build(both_ends_list=True).spec
    assert (build().spec.both_ends_list, promising.both_ends_list) == (None, True)
    assert promising.scope == build().spec.scope


def test_types_part_the_cache(build: Build) -> None:
    """A restricted list is not the whole one; groups that are not sent part nothing."""
    recent = build(dialect="2025").spec.scope
    assert build(dialect="2025", types=["ip"]).spec.scope != recent
    assert build(dialect="2025", groups="public").spec.scope == recent


@pytest.mark.parametrize(
    ("settings", "target", "groups_header"),
    [
        ({}, "limit=1000&groups=global", False),
        ({"groups_in": "header"}, "limit=1000", True),
        ({"groups_in": "none"}, "limit=1000", False),
        ({"dialect": "2026", "limit": 5}, "limit=5", False),
        (
            {"dialect": "2025", "sort": "reputation", "order": "desc", "types": ["ip", "domain"]},
            "limit=1000&sort=reputation&order=desc&types=ip%2Cdomain",
            False,
        ),
    ],
)
def test_relations_open_with_one_call(
    *,
    build: Build,
    settings: dict[str, Any],
    target: str,
    groups_header: bool,
) -> None:
    """The first slice is asked for without a page number, with what the settings say."""
    (call,) = build(**settings).ask((DOMAIN,), Want())
    assert call.target == f"{PATH}/relations?{target}"
    assert (call.method, call.nodes, call.opening, call.body) == ("GET", (DOMAIN,), True, None)
    assert (("groups", "global") in call.headers) is groups_header
    assert ("accept", "application/json") in call.headers


def test_a_description_is_one_call(build: Build) -> None:
    """An entity is read by its id alone."""
    (call,) = build().ask((DOMAIN,), Want(Aspect.DESCRIPTION))
    assert (call.target, call.aspect) == (PATH, Aspect.DESCRIPTION)


def test_a_native_id_is_asked_for_as_it_is(build: Build) -> None:
    """An address that holds the id leads to the same call."""
    (by_id,) = build().ask((node(f"threatwinds:entity:{ID}"),), Want())
    (by_value,) = build().ask((DOMAIN,), Want())
    assert by_id.target == by_value.target


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("observable:domain:acescency.com", True),
        ("observable:ip:10.0.0.1", True),
        ("threatwinds:threat:x", True),
        (f"threatwinds:entity:{ID}", True),
        (f"threatwinds:entity:brand-new-{'a' * 64}", True),
        ("threatwinds:domain:acescency.com", False),
        ("threatwinds:newer-than-this-code:x", True),
        ("threatwinds:Not_A_Type:x", False),
        ("threatwinds:entity:x", False),
        ("observable:threat:x", False),
        ("observable@a:domain:acescency.com", False),
        ("other:domain:x", False),
        ("threatwinds", False),
        ("threatwinds:threat", False),
        ("observable:domain", False),
    ],
)
def test_canonical_nodes_are_accepted(*, build: Build, text: str, accepted: bool) -> None:
    """Nodes that an entity can have are accepted, selections and typed forms are not."""
    assert build().accepts(parse_address(text)) is accepted


def test_aliases_are_the_own_form_and_the_id(build: Build) -> None:
    """A node is known by its native id, an observable also as a ThreatWinds type."""
    connector = build()
    native = f"threatwinds:entity:{ID}"
    assert connector.aliases(DOMAIN) == ("threatwinds:domain:acescency.com", native)
    assert connector.aliases(node("threatwinds:threat:expansion on 123@123.com")) == (
        "threatwinds:entity:threat-d8257cec79ed8b20c32decd305c1692391c185ab13d52b3495ea486df5385b27",
    )
    assert connector.aliases(node(native)) == ()
    assert connector.aliases(node("other:domain:x")) == ()


def test_only_native_ids_are_unresolved(build: Build) -> None:
    """A description is needed to say what an id means, and for nothing else."""
    assert build().unresolved(node(f"threatwinds:entity:{ID}"))
    assert not build().unresolved(DOMAIN)
    assert not build().unresolved(node("other:entity:x"))


def test_no_filter_is_applied_upstream(build: Build) -> None:
    """The endpoint takes no filter, so every relation comes whatever was asked."""
    asked = Filter(deleted=Deleted.ONLY, with_type=("ip",))
    assert build().pushed(DOMAIN, asked, batched=False) == Filter()
    assert build().ask((DOMAIN,), Want(filter=asked)) == build().ask((DOMAIN,), Want())


def test_the_documents_example_is_read(
    build: Build, row: Callable[..., Any], reply: Callable[..., Reply]
) -> None:
    """One relation, undirected, and the facts of the other end."""
    connector = build()
    (call,) = connector.ask((DOMAIN,), Want())
    page = connector.read(
        call, reply({"pages": 1, "items": 1, "results": [row("threat", "expansion on 123@123.com")]})
    )
    (edge,) = page.edges
    assert (edge.subject, str(edge.object)) == (DOMAIN, "threatwinds:threat:expansion on 123@123.com")
    assert page.follow == ()


def test_a_description_is_read(build: Build, row: Callable[..., Any], reply: Callable[..., Reply]) -> None:
    """The facts of the node asked about, and no edges."""
    connector = build()
    (call,) = connector.ask((DOMAIN,), Want(Aspect.DESCRIPTION))
    page = connector.read(call, reply(row("domain", "acescency.com"), status=200))
    assert [facts.node for facts in page.facts] == [DOMAIN]
    assert page.edges == ()


def test_an_unreadable_page_is_refused(build: Build, reply: Callable[..., Reply]) -> None:
    """A page without its rows breaks the contract, and the path says where."""
    connector = build()
    (call,) = connector.ask((DOMAIN,), Want())
    with pytest.raises(SourceContractError) as error:
        connector.read(call, reply({"items": 1}))
    assert error.value.path == "$.results"
