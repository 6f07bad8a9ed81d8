"""Tests of the generated world."""

from collections import Counter
from itertools import chain

import pytest

from connectors.sandbox.autodesk import kind, landmark
from connectors.sandbox.autodesk.container import Container
from connectors.sandbox.autodesk.row import Entity, parse_instant, render_row
from connectors.sandbox.autodesk.world import build_world, describe_world

NOBODY = frozenset[str]()


@pytest.fixture(scope="module")
def demo() -> Container:
    """Build the demo container once for all tests, none of which changes it."""
    return build_world(7)[landmark.DEMO_CONTAINER]


def test_one_seed_gives_one_world() -> None:
    """The same seed generates the same world, another seed another one."""
    assert describe_world(build_world(7)) == describe_world(build_world(7))
    assert describe_world(build_world(7)) != describe_world(build_world(8))


def test_regions_and_sizes() -> None:
    """A large US project stands beside a small EMEA and a small US one."""
    found = [(box.region, len(box) >= 5000, len(box) >= 100) for box in build_world(7).values()]
    assert found == [("US", True, True), ("EMEA", False, True), ("US", False, True)]


def test_example_row_is_kept_to_the_letter(demo: Container) -> None:
    """The row of the reference page's example has exactly its fields and values."""
    row = demo.find("74b70bb8-8802-a1fd-f201-890375a60c8f")
    assert row is not None
    assert render_row(row, read_only_domains=frozenset({"autodesk-bim360-documentmanagement"})) == {
        "id": "74b70bb8-8802-a1fd-f201-890375a60c8f",
        "createdOn": "2015-10-21T16:32:22Z",
        "isReadOnly": True,
        "isService": False,
        "isDeleted": False,
        "entities": [
            {
                "domain": "autodesk-bim360-asset",
                "type": "asset",
                "id": "2b95ba7a-3df5-4e99-a693-9c7cc15ee8c0",
                "createdOn": "2021-07-29T11:39:12+01:00",
            },
            {
                "domain": "autodesk-bim360-documentmanagement",
                "type": "documentlineage",
                "id": "urn:adsk.wipprod:dm.lineage:hC6k4hndRWaeIVhIjvHu8w",
                "createdOn": "2021-07-29T13:39:12+01:00",
            },
        ],
    }


def test_hubs_and_the_demo_issue_have_their_degrees(demo: Container) -> None:
    """One document has over 400 live relationships, one asset about 200, the demo issue a handful."""

    def live(entity: Entity) -> int:
        return sum(not row.is_deleted for row in demo.touching([entity]))

    assert live(landmark.HUB_DOCUMENT) > 400
    assert 180 <= live(landmark.HUB_ASSET) <= 220
    assert 4 <= live(landmark.DEMO_ISSUE) <= 10


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [("is_deleted", 0.06, 0.10), ("is_service", 0.3, 0.5), ("permission", 0.15, 0.35)],
)
def test_shares(demo: Container, share: str, low: float, high: float) -> None:
    """Deleted, service-owned and `permission`-bearing rows have about their intended share."""
    assert low < sum(getattr(row, share) for row in demo) / len(demo) < high


def test_deletions_come_after_creations(demo: Container) -> None:
    """A deleted row was deleted after it was created."""
    deleted = [row for row in demo if row.deleted_on is not None]
    assert deleted
    assert all(parse_instant(row.deleted_on or "") > row.created_at for row in deleted)


def test_same_kind_pairs_in_either_order_and_parallel_rows(demo: Container) -> None:
    """Issue-issue and fileversion-fileversion rows, both orders of a pair, and doubled pairs occur."""
    orders = {tuple(entity.kind for entity in row.entities) for row in demo}
    assert {(kind.ISSUE, kind.ISSUE), (kind.FILE_VERSION, kind.FILE_VERSION)} <= orders
    assert {(kind.ASSET, kind.ISSUE), (kind.ISSUE, kind.ASSET)} <= orders
    pairs = Counter(frozenset(row.entities) for row in demo if not row.is_deleted)
    assert max(pairs.values()) == 2
    assert all(len(pair) == 2 for pair in pairs)


def test_an_issue_and_a_photo_share_one_guid(demo: Container) -> None:
    """Two different things have one id, are related to each other and have neighbors of their own."""
    assert landmark.SHARED_ISSUE.id == landmark.SHARED_PHOTO.id
    assert demo.between(landmark.SHARED_ISSUE, landmark.SHARED_PHOTO)
    assert len(demo.touching([landmark.SHARED_ISSUE])) > 1
    assert len(demo.touching([landmark.SHARED_PHOTO])) > 1


def test_ids_hold_the_awkward_characters(demo: Container) -> None:
    """Ids with a colon, question mark, hash, braces, slash and space all occur."""
    ids = "".join({entity.id for row in demo for entity in row.entities})
    assert set(":?#{}/ ") <= set(ids)


def test_times_are_written_in_the_three_real_forms(demo: Container) -> None:
    """Z, +01:00 and six digits with +00:00 all occur, and some entities tell no date."""
    texts = [row.created_on for row in demo]
    forms = Counter("Z" if t.endswith("Z") else t[-6:] if "." not in t else "micro" + t[-6:] for t in texts)
    assert set(forms) == {"Z", "+01:00", "micro+00:00"}
    dates = [end.created_on for end in chain.from_iterable(row.ends for row in demo)]
    assert 0.1 < dates.count(None) / len(dates) < 0.2


def test_emea_urns() -> None:
    """Documents of the EMEA project carry the region's URN prefix."""
    box = build_world(7)[landmark.EMEA_CONTAINER]
    ids = [entity.id for row in box for entity in row.entities if entity.kind == kind.DOCUMENT]
    assert ids
    assert all(name.startswith("urn:adsk.wipemea:dm.lineage:") for name in ids)
