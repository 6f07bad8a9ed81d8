"""Loads what an operator asserts where the use cases find it, and writes an answer down whole."""

from collections.abc import Sequence
from typing import Any

from service.cache.crosswalk import Manifest, WrittenRow
from service.usecases.answer.answering import Answer
from service.usecases.crosswalk.crosswalks import Crosswalks

Told = dict[str, Any]


def row(address: str, same_as: str, *visibility: str, source: str = "cmdb", sure: float = 0.9) -> WrittenRow:
    """Write a row of a crosswalk."""
    return WrittenRow(address, same_as, source, sure, visibility)


async def load_rows(stage: Any, rows: Sequence[WrittenRow]) -> Manifest:
    """Load these rows instead of all others, as `relgraph crosswalk load` does."""
    connectors = {source.name: source.connector for source in stage.sources}
    return await Crosswalks(stage.store, connectors=connectors, clock=stage.clock).load(rows)


def lasting(answer: Answer) -> Told:
    """Write down what two answers about the same graph share, whatever each of them cost."""
    amended = answer.page.amended
    return {
        "nodes": answer.page.records.nodes,
        "edges": answer.page.records.edges,
        "amended": None if amended is None else (amended.nodes, amended.edges),
        "seeds": [(str(seed.address), seed.requested, seed.known) for seed in answer.seeds],
        "complete": answer.complete,
        "truncated": answer.truncated,
        "reports": [
            (each.source, each.outcome.value, each.outcomes, each.edges, each.undecided, each.detail)
            for each in answer.reports
        ],
        "more": answer.next_cursor is not None,
        "extra": dict(answer.extra),
    }


def everything(answer: Answer) -> Told:
    """Write down all that an answer tells, but how long it took."""
    spent = answer.spent
    return lasting(answer) | {
        "spent": (spent.hops, spent.nodes, spent.edges, spent.calls),
        "costs": [
            (each.source, each.calls, each.cached, each.age, each.retry_after) for each in answer.reports
        ],
        "store": answer.store_down,
    }
