"""One side of a search for paths, as its distances change."""

from connectors.model import NodeId, Outcome
from service.graph.asked import Asked
from service.graph.reach import Reach

A, B, C, D, Z = (NodeId("n", None, "t", key) for key in "abcdz")
WHOLE, LOST = Asked(frozenset({Outcome.OK})), Asked(frozenset({Outcome.DENIED}))


def test_a_step_found_late_brings_near_all_that_lies_behind() -> None:
    """Distances, what is due and the radius are those of the shorter way, also of who was asked already."""
    asked: dict[NodeId, Asked] = {}
    side = Reach(A, far_end=Z, asked=asked, cost=lambda _: 1, tells_all=lambda _: True)
    for step in ((A, B), (B, C), (C, D)):
        side.learn(*step)
    side.spread()
    assert side.distance == {A: 0, B: 1, C: 2, D: 3}
    for node, word in ((A, WHOLE), (B, WHOLE), (C, WHOLE), (D, LOST)):
        assert (side.due.nodes, side.radius) == ({node}, side.distance[node])
        asked[node] = word
        side.review(node)
    assert (side.due.nodes, side.radius, side.whole, side.flawed) == (set(), 4, False, {D})
    side.learn(A, C)
    side.spread()
    assert side.distance == {A: 0, B: 1, C: 1, D: 2}
    assert side.radius == 3
    del asked[B], asked[D]
    side.review(B)
    side.review(D)
    assert (side.due.nodes, side.radius, side.flawed) == ({B}, 1, set())


def test_it_sees_as_far_as_everybody_tells_all() -> None:
    """A node that may lack a step bounds the horizon as soon as it is come to; the far end does not."""
    asked = dict.fromkeys((A, B), WHOLE)
    side = Reach(A, far_end=Z, asked=asked, cost=lambda _: 1, tells_all=lambda node: node not in (D, Z))
    for step in ((A, B), (B, C), (C, D), (A, Z)):
        side.learn(*step)
    side.spread()
    assert (side.blind, side.radius, side.horizon) == (3, 2, 2)
    asked[C] = asked[D] = WHOLE
    side.review(C)
    side.review(D)
    assert (side.radius, side.horizon) == (4, 3)
    side.learn(A, D)
    side.spread()
    assert (side.blind, side.horizon) == (1, 1)
