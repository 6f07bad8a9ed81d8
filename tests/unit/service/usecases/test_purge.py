"""A sweep removes what was picked, all of it, and as little else as can be."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import pairwise

import pytest

from connectors.contract import Filter
from connectors.model import Edge, NodeFacts, NodeId, Selection
from connectors.walk import Listing
from connectors.wire import Aspect
from service.cache.codec import encode_facts, encode_listing
from service.cache.frame import Learnt, learnt_of, make_dictionary, unpack, unpack_tailed
from service.cache.hasher import Hasher
from service.cache.key import (
    Kind,
    Question,
    Scope,
    circle_of,
    facts_key,
    learnt_key,
    proof_key,
    refusal_key,
    sheet_key,
)
from service.cache.pick import Pick
from service.usecases.purge import sweep

HASHER = Hasher(["a key for tests"])
MARC, INES = "credential:of-marc", "credential:of-ines"
DOMAIN = NodeId("observable", None, "domain", "acescency.com")
SHORT = NodeId("observable", None, "port", "80")
OTHER = NodeId("observable", None, "domain", "example.com")
ASSET = NodeId("assets", "north", "asset", "2b95ba7a")
NORTH, SOUTH = (Selection("assets", tenant, None) for tenant in ("north-site", "south-site"))


class Keys:
    """A keyspace in memory, whose scans say everything twice."""

    def __init__(self, *entries: tuple[str, bytes]) -> None:
        """Hold these entries."""
        self.kept = dict(entries)

    async def scan(self, pattern: str) -> AsyncIterator[list[str]]:
        """Give the keys that fit, two at a time."""
        fit = [key for key in self.kept if fnmatchcase(key, pattern)] * 2
        for start in range(0, len(fit), 2):
            yield fit[start : start + 2]

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values."""
        return [self.kept.get(key) for key in keys]

    async def remove(self, keys: Sequence[str]) -> None:
        """Forget the keys."""
        for key in keys:
            self.kept.pop(key, None)


def scope(source: str, partition: str = MARC) -> Scope:
    """Give the scope of a source and a partition."""
    return Scope(source, "toy", (), 1, partition)


def listing(
    source: str,
    address: NodeId | Selection,
    *neighbors: NodeId,
    partition: str = MARC,
    filter: Filter = Filter(),  # noqa: B008 - it is frozen
    label: str | None = None,
    told: str | None = None,
    learnt: Learnt | None = None,
) -> tuple[str, bytes]:
    """Give the entry of a listing."""
    seed = address if isinstance(address, NodeId) else NodeId("assets", address.tenant, "asset", "any")
    edges = tuple(Edge(seed, each, "related_to", directed=False) for each in neighbors)
    facts = () if label is None else (NodeFacts(seed, label),)
    facts += () if told is None else (NodeFacts(seed, attributes=(("told", told),)),)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    shown = Listing(address, Aspect.RELATIONS, filter, moment, edges, facts)
    question = Question(scope(source, partition), address.tenant, str(address), Aspect.RELATIONS, filter)
    return question.key(HASHER), encode_listing(shown, inline_up_to=1 << 20, learnt=learnt)[0]


def facts(source: str, node: NodeId, label: str, *, partition: str = MARC) -> tuple[str, bytes]:
    """Give the entry of facts kept apart."""
    key = facts_key(scope(source, partition), tenant=None, node=node, digest=label.encode(), hasher=HASHER)
    return key, encode_facts(NodeFacts(node, label))


def marker(make: object, source: str, credential: str, tenant: str | None = None) -> tuple[str, bytes]:
    """Give a marker's entry."""
    assert callable(make)
    return make(scope(source), tenant=tenant, credential=credential, hasher=HASHER), b"2026"


PAGE = (sheet_key("page", binding=b"b", page=b"p", hasher=HASHER), b"a page")
FORMER = ("rg1:" + HASHER.text("listing", "as it was once made"), b"an entry")
FOREIGN = (
    ("rg1:crosswalk", b"rows"),
    ("rg1:switch:abcdefghijklmno", b"off"),
    (f"rg1:token:{'x' * 22}", b"a token"),
    (f"rg1:crosswalk:{'0' * 16}:0", b"rows"),
)


async def swept(pick: Pick, *entries: tuple[str, bytes]) -> set[tuple[str, bytes]]:
    """Give which of the entries are gone; pages and what is left of earlier versions always are."""
    keys = Keys(*entries, PAGE, FORMER, *FOREIGN)
    counted = await sweep(keys, [(pick, HASHER)], dry_run=True)
    assert len(keys.kept) == len(entries) + 2 + len(FOREIGN)
    assert await sweep(keys, [(pick, HASHER)]) == counted
    assert keys.kept.items().isdisjoint({PAGE, FORMER})
    assert keys.kept.items() >= set(FOREIGN)
    gone = set(entries) - keys.kept.items()
    assert counted.total() == len(gone) + 2
    return gone


async def test_a_source_goes_with_its_proofs_and_without_its_refusals() -> None:
    """A credential that the upstream has refused stays refused."""
    mine = [listing("acc", DOMAIN), facts("acc", OTHER, "a label"), marker(proof_key, "acc", INES, "north")]
    others = [listing("feed", DOMAIN), facts("feed", OTHER, "a"), marker(refusal_key, "acc", INES)]
    assert await swept(Pick(source="acc"), *mine, *others) == set(mine)


async def test_a_credential_goes_with_its_refusals() -> None:
    """What one credential fetched, and every marker of it, at its source only."""
    mine = [listing("acc", DOMAIN), marker(proof_key, "acc", MARC, "north"), marker(refusal_key, "acc", MARC)]
    others = [
        *(listing("acc", DOMAIN, partition=INES), listing("feed", DOMAIN)),
        *(marker(refusal_key, "acc", INES), marker(refusal_key, "feed", MARC)),
    ]
    pick = Pick(source="acc", shared_by=MARC, refusals=True)
    assert await swept(pick, *mine, *others) == set(mine)


async def test_a_tenant_goes_at_every_source_and_wherever_it_is_mentioned() -> None:
    """What was asked about it, and what was told of it where another was asked about."""
    south = NodeId("assets", "south-site", "asset", "1")
    mine = [
        *(listing("acc", SOUTH), listing("other", south), listing("acc", NORTH, south)),
        *(facts("feed", OTHER, "see /south-site/1"), marker(proof_key, "acc", MARC, "south-site")),
    ]
    others = [listing("feed", NORTH, ASSET), marker(proof_key, "acc", MARC, "north-site")]
    assert await swept(Pick(tenant="south-site"), *mine, *others) == set(mine)


async def test_a_node_goes_with_every_listing_that_mentions_it() -> None:
    """As what was asked about, as a neighbor, as the value of a filter, and in the words told of others."""
    mine = [
        *(listing("acc", DOMAIN), listing("feed", OTHER, DOMAIN, partition=INES)),
        *(facts("feed", DOMAIN, "a label"), facts("feed", OTHER, "www.acescency.com")),
        *(listing("acc", OTHER, filter=Filter(with_key=DOMAIN.key)), listing("acc", ASSET, label=DOMAIN.key)),
    ]
    others = [listing("acc", OTHER, ASSET), facts("acc", OTHER, "a"), marker(proof_key, "acc", MARC)]
    assert await swept(Pick(addresses=(DOMAIN,)), *mine, *others) == set(mine)


async def test_a_short_key_is_no_reason_to_empty_the_store() -> None:
    """A key of two letters is looked for as a node only: as text it stands everywhere."""
    mine = [listing("acc", OTHER, SHORT), listing("acc", SHORT)]
    others = [listing("feed", OTHER, label="room 80"), facts("acc", OTHER, "8080")]
    assert await swept(Pick(addresses=(SHORT,)), *mine, *others) == set(mine)


async def test_what_is_packed_is_mentioned_too() -> None:
    """A digest or the address of a host stands in no entry as text, and is found all the same."""
    host, digest = NodeId("observable", None, "ip", "198.51.100.7"), "0a1b" * 16
    for node, shown in ((host, host.key), (NodeId("observable", None, "sha256", digest), digest)):
        mine = listing("acc", OTHER, label=None, told=shown)
        assert shown.encode() not in unpack(mine[1])
        assert await swept(Pick(addresses=(node,)), mine, listing("acc", ASSET)) == {mine}


async def test_what_is_pressed_by_a_dictionary_is_looked_into() -> None:
    """It goes only if it mentions the node; so does the dictionary, and with it what is of its source."""
    nodes = [NodeId("assets", None, "asset", f"asset number {number}") for number in range(400)]
    entries = [listing("acc", node, other) for node, other in pairwise(nodes)]
    data = make_dictionary([unpack_tailed(blob)[0] for _, blob in entries])
    assert data is not None
    learnt = Learnt(data)
    place = learnt_key(circle_of(entries[0][0]), digest=learnt.digest, hasher=HASHER)
    mine = listing("acc", SHORT, ASSET, learnt=learnt)
    others = [listing("acc", OTHER, DOMAIN, learnt=learnt), (place, data)]
    assert learnt_of(mine[1]) == learnt.digest
    assert await swept(Pick(addresses=(ASSET,)), mine, *others) == {mine}
    mentioned = next(node for node in nodes if node.key.encode() in data)
    assert (place, data) in await swept(Pick(addresses=(mentioned,)), *others)
    assert await swept(Pick(source="acc"), mine, *others) == {mine, *others}
    assert await swept(Pick(source="feed"), mine, *others) == set()


async def test_a_selection_is_what_was_asked_about() -> None:
    """Its nodes may have been told elsewhere, and stay there."""
    mine, other = listing("acc", NORTH, ASSET), listing("acc", ASSET)
    assert await swept(Pick(addresses=(NORTH,)), mine, other) == {mine}


async def test_several_conditions_are_all_to_be_met() -> None:
    """A node at one source in one tenant is left alone everywhere else."""
    mine = listing("acc", ASSET, OTHER)
    others = [listing("feed", ASSET), listing("acc", DOMAIN, ASSET), listing("acc", NORTH)]
    pick = Pick(source="acc", tenant="north", addresses=(ASSET,))
    assert await swept(pick, mine, *others) == {mine}


async def test_what_cannot_be_read_goes_with_a_node() -> None:
    """Nobody can say what a damaged entry mentions, and nobody can use it."""
    damaged = (listing("acc", OTHER)[0], b"\x07junk")
    assert await swept(Pick(addresses=(DOMAIN,)), damaged, listing("acc", ASSET)) == {damaged}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_it_is_counted_by_kind(dry_run: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Each entry once, however often the scan says it; what an earlier version left counts as listings."""
    entries = [listing("acc", DOMAIN), facts("acc", OTHER, "a"), marker(proof_key, "acc", MARC)]
    counted = await sweep(Keys(*entries, PAGE, FORMER), [(Pick(source="acc"), HASHER)], dry_run=dry_run)
    assert counted == Counter({Kind.LISTING: 2, Kind.FACTS: 1, Kind.PROOF: 1, Kind.SHEET: 1})


async def test_a_rotated_key_is_no_hiding_place() -> None:
    """Entries whose keys were made with an older secret key are found with that."""
    entry = listing("acc", DOMAIN)
    keys = Keys(entry)
    pick = Pick(source="acc")
    assert not await sweep(keys, [(pick, Hasher(["a newer key"]))])
    assert await sweep(keys, [(pick, Hasher(["a newer key"])), (pick, HASHER)])
    assert not keys.kept
