"""What is drawn beyond the cache: exact where it is known, near the mean elsewhere, within the budget."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from service.graph.budget import Budget
from service.usecases.estimate.experience import Lesson, Sample, Share
from service.usecases.estimate.forecast import Basis, Estimate, estimate
from service.usecases.estimate.terrain import Due, Manner, Terrain

KIND = "a:host"
BUDGET = Budget(max_nodes=500, max_edges=2000, fan_out=200, max_calls=200, timeout=timedelta(seconds=10))


def terrain(*due: Due, hops: int = 1, batch_size: int = 1, budget: Budget = BUDGET) -> Terrain:
    """Give a start where the cache knows only of what is due at the first hop."""
    manner = Manner(batch_size, page_size=10)
    return Terrain(hops, {0: due}, Counter(), {0: 1}, {}, {"feed": manner}, budget)


def experienced(*samples: Sample, new: float = 1.0) -> dict[str, Lesson]:
    """Give what answers with these listings have taught, with such a share of new neighbors."""
    lesson = Lesson(new={hop: Share(new * 10_000, 10_000) for hop in range(3)})
    for hop in range(3):
        lesson.add(KIND, samples, hop=hop)
    return {"feed": lesson}


def calls(found: Estimate) -> list[float]:
    """Give the calls of the one source, hop by hop."""
    return [hop.calls for hop in found.hops["feed"]]


def test_what_the_cache_had_is_counted_by_its_pages() -> None:
    """A listing that is at hand but old takes a call for each page, and nothing is left to chance."""
    found = estimate(terrain(Due("feed", KIND, None, rows=31)), {})
    assert calls(found) == [4]
    assert found.hops["feed"][0].basis is Basis.CACHE
    assert (
        estimate(terrain(*[Due("feed", KIND, None, rows=2)] * 7, batch_size=5), {}).hops["feed"][0].calls == 2
    )


def test_before_anything_was_learnt_it_is_called_assumed() -> None:
    """An estimate on nothing says so."""
    found = estimate(terrain(Due("feed", KIND, None), hops=2), {})
    assert [hop.basis for hop in found.hops["feed"]] == [Basis.ASSUMED, Basis.ASSUMED]
    assert calls(found)[0] == 1


@pytest.mark.parametrize("size", [2, 5])
def test_neighborhoods_grow_as_those_that_were_seen(size: int) -> None:
    """With listings of one size the calls of each hop are that size's powers."""
    experience = experienced(Sample(size, ((KIND, size),)))
    found = estimate(terrain(Due("feed", KIND, None), hops=3), experience)
    assert calls(found) == pytest.approx([1, size, size * size], rel=0.05)
    assert found.hops["feed"][2].basis is Basis.LEARNT
    assert not found.cut


def test_nodes_that_the_cache_will_have_take_no_call() -> None:
    """The share of nodes found cached all the same is left out of the calls."""
    experience = experienced(Sample(8, ((KIND, 8),)))
    experience["feed"].cached = Share(5000, 10_000)
    assert calls(estimate(terrain(Due("feed", KIND, None), hops=2), experience))[1] == pytest.approx(
        4, rel=0.1
    )


def test_the_budget_cuts_the_games_and_not_their_mean() -> None:
    """One large neighborhood in ten weighs no more than the calls it is allowed."""
    small, hub = Sample(1, ((KIND, 1),)), Sample(200, ((KIND, 200),))
    experience = experienced(*[small] * 27, *[hub] * 3)
    capped = terrain(Due("feed", KIND, None), hops=2, budget=replace(BUDGET, max_calls=41))
    found = estimate(capped, experience)
    # The hub's own listing has twenty pages, which leaves 21 calls for its neighbors.
    assert sum(calls(found)) == pytest.approx(0.9 * (1 + 0.9 + 0.1 * 20) + 0.1 * 41, rel=0.4)
    assert not found.cut
    hubs = estimate(capped, experienced(hub))
    assert sum(calls(hubs)) == pytest.approx(41)
    assert hubs.cut


def test_fan_out_and_nodes_bound_what_comes_next() -> None:
    """No more neighbors are asked than are kept, and none once the answer is full."""
    hub = experienced(Sample(100, ((KIND, 100),)))
    narrow = terrain(Due("feed", KIND, None), hops=2, budget=replace(BUDGET, fan_out=3))
    assert found_nodes(estimate(narrow, hub)) == [1, 3]
    full = terrain(Due("feed", KIND, None), hops=2, budget=replace(BUDGET, max_nodes=50))
    assert found_nodes(estimate(full, hub)) == [1]


def found_nodes(found: Estimate) -> list[int]:
    """Give how many nodes are asked about, hop by hop."""
    return [round(hop.nodes) for hop in found.hops["feed"]]


def test_of_a_large_neighborhood_the_smallest_addresses_are_followed() -> None:
    """Fan-out keeps the kinds that come first, as an answer does."""
    hub = experienced(*[Sample(9, ((KIND, 2), ("b:file", 7)))] * 12)
    hub["feed"].add("b:file", [Sample(50, ())], hop=1)
    narrow = terrain(Due("feed", KIND, None), hops=2, budget=replace(BUDGET, fan_out=2))
    # A file would take five calls.
    assert calls(estimate(narrow, hub)) == [1, 2]


def test_what_lies_behind_a_node_met_again_was_asked_about() -> None:
    """A hub that everybody meets is cached, and so is what its last visitor has asked about behind it."""
    small = Sample(1, ((KIND, 1),), "s")
    hub = Sample(9, (("b:file", 9),), "h", again=True, cached=True, onward=1.0)
    experience = experienced(small)
    experience["feed"].samples[1] = {KIND: [hub] * 12}
    assert calls(estimate(terrain(Due("feed", KIND, None), hops=3), experience)) == [1, 0, 0]
    experience["feed"].samples[1] = {KIND: [structs.replace(hub, onward=0.0)] * 12}
    assert calls(estimate(terrain(Due("feed", KIND, None), hops=3), experience)) == [1, 0, 9]


def test_nodes_far_out_do_not_keep_nearer_ones_from_being_asked() -> None:
    """A budget is used up hop by hop: what the cache shows beyond a hop is not there yet."""
    experience = experienced(Sample(2, ((KIND, 2),)))
    due = {at: (Due("feed", KIND, None),) * 3 for at in (1, 2)}
    shown = replace(terrain(hops=3), due=due, nodes={0: 1, 1: 3, 2: 9, 3: 487}, edges={0: 3, 1: 9, 2: 600})
    assert found_nodes(estimate(shown, experience)) == [3, 9]
    full = replace(shown, nodes={0: 1, 1: 3, 2: 496})
    assert found_nodes(estimate(full, experience)) == [3]


def test_a_filter_on_the_other_end_leaves_kinds_out() -> None:
    """Only neighbors of a wanted kind are followed."""
    mixed = experienced(Sample(6, ((KIND, 2), ("b:file", 4))))
    start = replace(terrain(Due("feed", KIND, None), hops=2), types=frozenset({"host"}))
    assert found_nodes(estimate(start, mixed)) == [1, 2]


def test_the_same_question_has_the_same_estimate() -> None:
    """The dice begin alike each time."""
    experience = experienced(Sample(3, ((KIND, 3),)), Sample(9, ((KIND, 9),)))
    start = terrain(Due("feed", KIND, None), hops=3)
    assert estimate(start, experience) == estimate(start, experience)
