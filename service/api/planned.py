"""A plan as HTTP: the shape of an answer, without a node."""

from typing import Any

from fastapi import Response

from service.api.about import describe_seed
from service.api.body import encode_json
from service.api.format.media import Format
from service.usecases.plan import Plan, PlannedSource


def respond_with_plan(plan: Plan, *, several: bool) -> Response:
    """Give the plan; with `several` seeds asked for, each is told of in `seeds`."""
    return Response(
        encode_json({"graph": describe_plan(plan, several=several), "nodes": [], "edges": []}),
        headers={
            # By the time it is asked for again, the cache may lead farther.
            "Cache-Control": "no-store",
            "Vary": "Accept, Authorization, X-API-Key, Upstream-Credentials",
        },
        media_type=Format.JSON.content_type,
    )


def describe_plan(plan: Plan, *, several: bool = False) -> dict[str, Any]:
    """Write the object `graph` of a plan."""
    one = None if several else plan.seeds[0]
    about: dict[str, Any] = {
        "seed": None if one is None else str(one.name),
        "requested": None if one is None else one.requested,
        "plan": {
            "calls": plan.calls,
            "sources": [_source(source) for source in plan.sources],
            "within": {"max_calls": plan.max_calls, "cut": plan.cut},
        },
    }
    if several:
        about["seeds"] = [
            # Whether anybody knows it, nobody was asked.
            describe_seed(seed.name, requested=seed.requested) | {"seed_known": None}
            for seed in plan.seeds
        ]
    return about


def _source(source: PlannedSource) -> dict[str, Any]:
    return {
        "name": source.name,
        "calls": source.calls,
        "outcome": None if source.outcome is None else source.outcome.value,
        "hops": [
            {"hop": hop.hop, "nodes": hop.nodes, "calls": hop.calls, "basis": hop.basis.value}
            for hop in source.hops
        ],
    }
