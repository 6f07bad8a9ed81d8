"""Makes the machine that a request needs: an expansion, or a search for paths."""

from collections.abc import Sequence
from functools import partial

from connectors.model import Address, NodeId
from service.graph.expansion import Expansion
from service.graph.path import PathSearch
from service.usecases.answer.naming import Naming
from service.usecases.answer.promise import cost, presumes, tells_all
from service.usecases.request import GraphRequest
from service.usecases.source import Source


def machine_of(
    request: GraphRequest, names: Sequence[Address], *, naming: Naming, sources: Sequence[Source]
) -> Expansion | PathSearch:
    """Make the machine for these seeds, a target last; without any it holds nothing."""
    rule = naming.rule(request.rule)
    if request.to is None or not names:
        return Expansion(*dict.fromkeys(names), hops=request.hops, rule=rule, budget=request.budget)
    seed, target = names
    assert isinstance(seed, NodeId)  # noqa: S101 - the expander has seen to it
    assert isinstance(target, NodeId)  # noqa: S101 - the same
    return PathSearch(
        seed,
        target,
        paths=request.paths,
        longest=request.longest,
        rule=rule,
        budget=request.budget,
        cost=partial(cost, naming=naming),
        tells_all=partial(tells_all, naming=naming),
        presumes=presumes(sources),
    )
