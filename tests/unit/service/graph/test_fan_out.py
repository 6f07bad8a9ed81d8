"""How many neighbors of one node at one source are followed, which of them, and what becomes of the rest."""

from connectors.model import Edge, NodeId, Outcome
from connectors.walk import Finding
from harness.reference import listing_of
from service.graph.asked import Told
from service.graph.claim import Named, Pool, name_edges
from service.graph.fan_out import FanOut

HUB = NodeId("n", None, "t", "hub")
WORD = Told("s", Finding(Outcome.OK, listing_of(HUB, ())))


def _told(*keys: str, record: str | None = None) -> list[Named]:
    edges = [Edge(HUB, NodeId("n", None, "t", key), "r", directed=False, record=record) for key in keys]
    return name_edges(edges, word=WORD)


def _keys(pool: Pool) -> list[str]:
    return sorted(name[1][-1] for name in pool)


def test_as_many_as_the_limit_are_all_followed() -> None:
    """Parallel relations lead to one neighbor, and take one place."""
    pool: Pool = {}
    fan_out = FanOut(2)
    assert fan_out.follow(HUB.text, "s", [*_told("b", "a"), *_told("b", record="2")], pool=pool)
    assert _keys(pool) == ["a", "b", "b"]
    assert HUB.text not in fan_out


def test_of_more_the_smallest_are_followed_and_the_others_wait() -> None:
    """Page by page, as many each time."""
    fan_out, pages = FanOut(2), []
    pool: Pool = {}
    whole = fan_out.follow(HUB.text, "s", _told("e", "c", "a", "d", "b"), pool=pool)
    while not whole:
        assert HUB.text in fan_out
        pages.append(_keys(pool))
        pool = {}
        whole = fan_out.turn(known=(), pool=pool)
    assert [*pages, _keys(pool)] == [["a", "b"], ["c", "d"], ["e"]]


def test_each_source_has_a_fan_out_of_its_own() -> None:
    """What one has shown takes no place of the other's."""
    fan_out = FanOut(1)
    pool: Pool = {}
    assert fan_out.follow(HUB.text, "s", _told("a"), pool=pool)
    assert fan_out.follow(HUB.text, "other", _told("b"), pool=pool)
    assert _keys(pool) == ["a", "b"]


def test_told_again_on_another_page_those_are_followed_that_were_and_as_many_new_ones() -> None:
    """Whoever was followed keeps the place, whether or not all were told of at first."""
    fan_out = FanOut(2)
    fan_out.follow(HUB.text, "s", _told("c", "d"), pool={})
    fan_out.turn(known=(), pool={})
    pool: Pool = {}
    assert not fan_out.follow(HUB.text, "s", _told("a", "b", "c", "d", "e"), pool=pool)
    assert _keys(pool) == ["a", "b", "c", "d"]


def test_told_again_on_the_same_page_what_waits_goes_on_waiting() -> None:
    """A neighbor's own listing tells of it too; that makes no room, and takes what room there is."""
    fan_out, pool = FanOut(2), {}
    assert not fan_out.follow(HUB.text, "s", _told("b", "c", "d"), pool=pool)
    assert not fan_out.follow(HUB.text, "s", _told("d", "a", "b"), pool=pool)
    assert _keys(pool) == ["b", "c"]
    pool = {}
    assert fan_out.turn(known=(), pool=pool)
    assert _keys(pool) == ["a", "d"]

    assert fan_out.follow(HUB.text, "other", _told("c"), pool=(late := {}))
    assert not fan_out.follow(HUB.text, "other", _told("b", "a"), pool=late)
    assert _keys(late) == ["a", "c"]


def test_what_is_known_by_now_takes_no_room() -> None:
    """Only its word is added."""
    fan_out = FanOut(1)
    fan_out.follow(HUB.text, "s", _told("a", "b", "c"), pool={})
    pool: Pool = {}
    assert fan_out.turn(known=[name for name, _ in _told("b")], pool=pool)
    assert _keys(pool) == ["b", "c"]
