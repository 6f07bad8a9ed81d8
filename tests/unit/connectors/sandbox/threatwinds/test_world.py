"""What the generated world promises."""

import hashlib
import ipaddress
import re
from collections import defaultdict
from functools import cache
from typing import Any

import pytest

from connectors.sandbox.threatwinds.entity import Moment, entity_id
from connectors.sandbox.threatwinds.world import create_world


@cache
def show(seed: int = 7) -> dict[str, Any]:
    """Return the dump of a world."""
    return create_world(seed=seed).show(giant=True)


@cache
def neighbors() -> dict[str, set[str]]:
    """Return who is related to whom, in either direction, from the dump alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for subject, other in show()["relations"]:
        found[subject].add(other)
        found[other].add(subject)
    return found


def test_the_same_seed_gives_the_same_world() -> None:
    """The world is a function of its seed, and another seed gives another one."""
    assert create_world(seed=7).show(giant=True) == show()
    assert show(8)["relations"] != show()["relations"]


def test_its_size() -> None:
    """There are thousands of entities of dozens of types, and every relation joins two of them."""
    ids = {entity["id"] for entity in show()["entities"]}
    assert len(ids) == len(show()["entities"]) >= 5_000
    assert len({entity["type"] for entity in show()["entities"]}) >= 25
    assert all(subject in ids and other in ids and subject != other for subject, other in show()["relations"])


def test_ids_are_hashes_of_values_but_for_the_forgeries() -> None:
    """Every id is made of its value; what is shown differs only where the dump says so."""
    altered = set()
    for entity in show()["entities"]:
        digest = hashlib.sha3_256(entity["value"].encode()).hexdigest()
        assert entity["id"] == f"{entity['type']}-{digest}"
        assert entity["attributes"][entity["type"]] == entity["shown_value"]
        assert entity["altered"] == (str(entity["shown_value"]) != entity["value"])
        if entity["altered"]:
            altered.add(entity["id"])
    assert altered == set(show()["landmarks"]["forgeries"])
    assert len(altered) == 5


def test_rows_stay_within_the_documented_ranges() -> None:
    """Reputation, accuracy, timestamps, groups and addresses look like the upstream's."""
    shapes = set()
    for entity in show()["entities"]:
        assert -3 <= entity["reputation"] <= 3
        assert 0 <= entity["accuracy"] <= 3
        assert entity["groups"]
        assert set(entity["groups"]) <= {"public", "quantfall"}
        if entity["id"] != show()["giant"]["id"]:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,8}[1-9]Z", entity["@timestamp"])
        if entity["type"] == "ip":
            assert ipaddress.ip_address(entity["value"]).is_global
        shapes.add(type(entity.get("tags", "absent")))
    assert shapes == {str, list, type(None)}


def test_hubs_have_exactly_as_many_neighbors_as_promised() -> None:
    """One hub of 2 000 and several of 200 to 600, all of them visible to everybody, whichever direction."""
    groups = {entity["id"]: entity["groups"] for entity in show()["entities"]}
    hubs = show()["landmarks"]["hubs"]
    assert sorted(hubs.values()) == [200, 250, 320, 450, 600, 2000]
    for hub, size in hubs.items():
        assert len(neighbors()[hub]) == size
        assert sum(subject == hub for subject, _ in show()["relations"]) == size
        assert all("public" in groups[other] for other in neighbors()[hub])


def test_islands_and_chains_and_the_deep_component() -> None:
    """Islands have nobody; a chain is a line of eight; the deep component is five hops across, no more."""
    landmarks = show()["landmarks"]
    assert all(island not in neighbors() for island in landmarks["islands"])
    for chain in landmarks["chains"]:
        assert len(chain) == 8
        for number, link in enumerate(chain):
            assert neighbors()[link] == set(
                chain[max(0, number - 1) : number] + chain[number + 1 : number + 2]
            )
    seen = ring = {landmarks["deep"]}
    sizes = []
    while ring:
        sizes.append(len(ring))
        ring = {other for one in ring for other in neighbors()[one]} - seen
        seen = seen | ring
    assert sizes == [1, 3, 6, 12, 12, 12]


def test_the_example_domain_has_one_neighbor_and_that_one_has_more() -> None:
    """The documented domain leads to the documented threat alone, which leads on."""
    landmarks = show()["landmarks"]
    assert neighbors()[landmarks["example"]] == {landmarks["example_threat"]}
    assert len(neighbors()[landmarks["example_threat"]]) == 9


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (1_681_368_583_218_143_362, "2023-04-13T06:49:43.218143362Z"),
        (1_681_368_583_218_143_300, "2023-04-13T06:49:43.2181433Z"),
        (1_681_368_583_000_000_000, "2023-04-13T06:49:43Z"),
    ],
)
def test_a_moment_is_written_as_go_writes_it(nanoseconds: int, text: str) -> None:
    """Nine digits at most, trailing zeros trimmed."""
    assert str(Moment(nanoseconds)) == text


@pytest.mark.parametrize(
    ("type", "value", "digest"),
    [
        ("ip", "8.8.8.8", "ba7fa36bff8d58ee45b973615e83d9aaeb921f1cc477d9c156e8a9cae8cca16e"),
        ("malware", "doc dropper agent", "354f478ccf22fdb49d2c4fd1e112bd05960bd9976f9709cbb46a7b04297d2b5a"),
    ],
)
def test_native_ids_match_published_ones(type: str, value: str, digest: str) -> None:
    """The hash is SHA3-256 of the value alone, as in the upstream's own documents."""
    assert entity_id(type, value) == f"{type}-{digest}"
