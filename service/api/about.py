"""What an answer tells of itself: the object `graph` of every format."""

from typing import Any

from connectors.model import Address
from service.api.report import source_record
from service.usecases.answer.answering import Answer


def describe(answer: Answer, *, several: bool = False) -> dict[str, Any]:
    """Write the object; with `several` seeds asked for, each is told of in `seeds`, and none is `seed`."""
    one = None if several else answer.seeds[0]
    about: dict[str, Any] = {
        "seed": None if one is None else str(one.address),
        "requested": None if one is None else one.requested,
        "selection": answer.selection if one is not None else False,
        "seed_known": None if one is None else one.known,
        "complete": answer.complete,
        "truncated": list(answer.truncated),
        "next_cursor": answer.next_cursor,
        "sources": [source_record(report) for report in answer.reports],
        "spent": {
            "hops": answer.spent.hops,
            "nodes": answer.spent.nodes,
            "edges": answer.spent.edges,
            "calls": answer.spent.calls,
            "milliseconds": round(answer.spent.elapsed.total_seconds() * 1000, 3),
        },
    }
    if several:
        about["seeds"] = [
            describe_seed(seed.address, requested=seed.requested) | {"seed_known": seed.known}
            for seed in answer.seeds
        ]
    if answer.page.amended is not None:
        about["amended"] = {"nodes": answer.page.amended.nodes, "edges": answer.page.amended.edges}
    return about | dict(answer.extra)


def describe_seed(address: Address, *, requested: str) -> dict[str, Any]:
    """Write what a seed is called in the answer, and what was sent for it."""
    return {"seed": str(address), "requested": requested}
