"""Tests of what an answer tells of itself: one seed or several, pages, and parts that only some have."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.model import NodeId, Selection
from service.api.about import describe
from service.graph.assemble import Records
from service.usecases.answer.answering import Answer, SeedTold, Spent
from service.usecases.answer.page import Page

NOTHING = Records([], [])
NODE = SeedTold(NodeId("n", None, "t", "a"), "typed", known=True)
SELECTION = SeedTold(Selection("n", None, "t"), "n:t", known=None)
ALWAYS = [
    *("seed", "requested", "selection", "seed_known", "complete", "truncated", "next_cursor", "sources"),
    "spent",
]


def answer(*seeds: SeedTold, amended: Records | None = None, **extra: Any) -> Answer:
    """Give an answer about these seeds."""
    return Answer(
        page=Page(NOTHING, amended),
        seeds=seeds,
        complete=False,
        truncated=("fan_out", "max_nodes"),
        reports=(),
        spent=Spent(1, 2, 3, 4, timedelta(seconds=0.0123456)),
        store_down=False,
        next_cursor="next",
        extra=extra,
        heard_at=0.0,
    )


def test_one_seed_is_told_of_at_the_top() -> None:
    """What the contract lists, in its order, and nothing else."""
    told = describe(answer(NODE))
    assert list(told) == ALWAYS
    assert (told["seed"], told["requested"], told["selection"], told["seed_known"]) == (
        *("n:t:a", "typed"),
        *(False, True),
    )
    assert (told["truncated"], told["next_cursor"]) == (["fan_out", "max_nodes"], "next")
    assert told["spent"] == {"hops": 1, "nodes": 2, "edges": 3, "calls": 4, "milliseconds": 12.346}
    assert describe(answer(SELECTION))["selection"] is True


@pytest.mark.parametrize("seeds", [(NODE,), (NODE, SELECTION, NODE)])
def test_each_of_several_seeds_is_told_of(seeds: tuple[SeedTold, ...]) -> None:
    """In the order sent, also one alone and one that came twice; then none is the seed."""
    told = describe(answer(*seeds), several=True)
    assert list(told) == [*ALWAYS, "seeds"]
    assert (told["seed"], told["requested"], told["selection"], told["seed_known"]) == (
        *(None, None),
        *(False, None),
    )
    assert told["seeds"] == [
        {"seed": str(seed.address), "requested": seed.requested, "seed_known": seed.known} for seed in seeds
    ]


def test_what_a_page_has_changed_is_told() -> None:
    """Also that it is nothing; a first page has changed nothing and does not say so."""
    assert "amended" not in describe(answer(NODE))
    assert describe(answer(NODE, amended=NOTHING))["amended"] == {"nodes": [], "edges": []}
    changed = Records([{"id": "n:t:a"}], [{"id": "e"}])
    told = describe(answer(NODE, amended=changed))
    assert told["amended"] == {"nodes": changed.nodes, "edges": changed.edges}


def test_parts_that_only_some_answers_have_come_last() -> None:
    """As they are."""
    told = describe(answer(NODE, paths=[["n:t:a"]], verdict="found"))
    assert list(told) == [*ALWAYS, "paths", "verdict"]
    assert (told["paths"], told["verdict"]) == ([["n:t:a"]], "found")
