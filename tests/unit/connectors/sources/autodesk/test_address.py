"""Addresses: what belongs here, in which container, and what can mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AmbiguousNodeError, InvalidNodeIdError
from connectors.model import NodeId, parse_address
from connectors.sources.autodesk.address import accepts_address, claim_address
from connectors.sources.autodesk.container import Containers

ONE = "f0f4f36a-ac64-687f-b132-8efe04b22454"
TWO = "0e1c5f6a-1111-2222-3333-8efe04b22454"
ISSUE = "issue:bd17903c-7d3b-4e56-a79f-4cea00d430db"


def _claim(text: str, *, containers: Containers = (ONE,)) -> list[str]:
    return [str(address) for address in claim_address(parse_address(text), containers=containers)]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (f"autodesk-bim360-issue@{ONE}:{ISSUE}", [f"autodesk-bim360-issue@{ONE}:{ISSUE}"]),
        (f"autodesk-bim360-issue@{ONE.upper()}:{ISSUE}", [f"autodesk-bim360-issue@{ONE}:{ISSUE}"]),
        (f"autodesk-bim360-issue:{ISSUE}", [f"autodesk-bim360-issue@{ONE}:{ISSUE}"]),
        ("autodesk-bim360-issue:issue", [f"autodesk-bim360-issue@{ONE}:issue"]),
        ("autodesk-never-heard-of", [f"autodesk-never-heard-of@{ONE}"]),
        ("autodesk", [f"autodesk@{ONE}"]),
        (f"autodesk@{ONE}", [f"autodesk@{ONE}"]),
        (f"autodesk-bim360-issue@{TWO}:{ISSUE}", []),
        (f"autodesk-bim360-issue@b.{ONE}:{ISSUE}", []),
        ("Autodesk-bim360-issue:issue:1", []),
        ("autodeskbim:issue:1", []),
        ("observable:domain:acescency.com", []),
    ],
)
def test_an_address_gets_the_container_that_is_configured(typed: str, canonical: list[str]) -> None:
    """Containers are lower-cased, an unlisted one is not ours, other words are kept as they are."""
    assert _claim(typed) == canonical


def test_without_a_container_several_can_be_meant() -> None:
    """Each configured container is a candidate, in the order of the settings."""
    assert _claim("autodesk-bim360-issue:issue:1", containers=(TWO, ONE)) == [
        f"autodesk-bim360-issue@{TWO}:issue:1",
        f"autodesk-bim360-issue@{ONE}:issue:1",
    ]


def test_any_container_is_taken_if_it_is_one() -> None:
    """With "any", whatever has the shape of a container is canonical in lower case."""
    assert _claim(f"autodesk-x@{TWO.upper()}:t:1", containers="any") == [f"autodesk-x@{TWO}:t:1"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("autodesk-x@project:t:1", "a container is a GUID"),
        (f"autodesk-x@b.{ONE}:t:1", 'leave out the "b."'),
    ],
)
def test_with_any_container_the_address_has_to_name_one(typed: str, told: str) -> None:
    """A misshapen container can mean nothing."""
    with pytest.raises(InvalidNodeIdError, match=told):
        _claim(typed, containers="any")


@pytest.mark.parametrize("typed", ["autodesk-x:t:1", "autodesk"])
def test_with_any_container_one_left_out_is_ambiguous(typed: str) -> None:
    """It could be any, and there is no list to choose from."""
    with pytest.raises(AmbiguousNodeError, match="needs @container") as caught:
        _claim(typed, containers="any")
    assert caught.value.choices == ()


@pytest.mark.parametrize("typed", ["autodesk:issue", f"autodesk@{ONE}:issue:1", f"autodesk@{TWO}:issue"])
def test_nothing_is_named_in_the_namespace_of_a_whole_container(typed: str) -> None:
    """Types and nodes live in the namespace of their own domain."""
    with pytest.raises(InvalidNodeIdError, match="stands for a whole container"):
        _claim(typed)


def test_a_key_is_as_long_as_the_service_takes() -> None:
    """512 characters, counted as characters, are fine; one more is not."""
    longest = f"autodesk-x:t:{'é' * 512}"
    assert len(_claim(longest)) == 1
    with pytest.raises(InvalidNodeIdError, match="at most 512 characters"):
        _claim(longest + "é")


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (f"autodesk-x@{ONE}:t:1", True),
        (f"autodesk-x@{ONE}:t", True),
        (f"autodesk@{ONE}", True),
        (f"autodesk-x@{ONE.upper()}:t:1", False),
        (f"autodesk-x@{TWO}:t:1", False),
        ("autodesk-x:t:1", False),
        ("autodesk:t:1", False),
        (f"threatwinds@{ONE}:t:1", False),
        (f"autodesk-x@{ONE}:t:{'a' * 513}", False),
    ],
)
def test_only_canonical_addresses_are_accepted(text: str, *, accepted: bool) -> None:
    """What `claim` would change, refuse or leave to others is not accepted, and nothing is raised."""
    assert accepts_address(parse_address(text), containers=(ONE,)) is accepted


@given(
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=512),
    containers=st.sampled_from([(ONE, TWO), "any"]),
)
def test_claiming_a_canonical_address_gives_it_back(key: str, containers: Containers) -> None:
    """Whatever the key holds, a claimed address is accepted, and claimed again as itself."""
    node = NodeId("autodesk-x", ONE, "t", key)
    assert list(claim_address(parse_address(str(node)), containers=containers)) == [node]
    assert accepts_address(node, containers=containers)
